#include "modes/control/rest_read.h"

#include "core/base/encode.h"
#include "core/base/error.h"
#include "modes/control/rest_call.h"
#include "modes/control/rest_filter.h"
#include "modes/control/rest_object.h"
#include "modes/control/rest_table.h"

enum { MAX_LIMIT = 100000 };

void rest_read_get(struct rest_call *call)
{
    struct store *s = call->rest->store;
    const struct store_object *o = rest_filter_find(s, call->kind, call->ns, call->name);
    struct rest_table table;
    struct node *n, *head;

    if (!o) {
        rest_call_fail_not_found(call);
        return;
    }
    n = rest_object_node(call->kind, call->version, o, store_find_status(s, o), &call->arena);
    rest_table_init(&table, call);
    if (rest_table_is_wanted(&table)) {
        head = rest_table_head(&table, true, &call->arena);
        node_set(
            node_getz(head, "metadata"), STR("resourceVersion"),
            node_new_str(&call->arena, node_get_str(node_getz(n, "metadata"), "resourceVersion")));
        node_add(node_getz(head, "rows"), rest_table_row(&table, n, &call->arena));
        n = head;
    }
    rest_call_reply_node(call, 200, n);
}

/* ---- lists ---- */

struct page {
    uint64_t limit; /* 0: all */
    struct str after_ns, after_name;
    struct str token; /* of the list's first page */
};

/* continue: base64url of TOKEN 0 NAMESPACE 0 NAME. */
static bool read_page(struct rest_call *call, struct page *p)
{
    struct str limit = rest_call_param(call, "limit"), text = rest_call_param(call, "continue");
    struct str rest;

    *p = (struct page){ .token = rest_filter_token(call->rest->store, call->kind, &call->arena) };
    if (limit.len && str_to_u64(limit, MAX_LIMIT, &p->limit) != 0) {
        rest_call_fail(call, 400, "BadRequest", "limit: \"%.*s\" is no number up to %d",
                       STR_ARG(limit), MAX_LIMIT);
        return false;
    }
    if (text.len == 0)
        return true;
    if (encode_undo_base64url(&call->arena, text, &rest) == 0) {
        p->token = str_cut(&rest, 0);
        p->after_ns = str_cut(&rest, 0);
        p->after_name = rest;
    }
    if (p->after_name.len == 0) {
        rest_call_fail(call, 400, "BadRequest", "continue: this token is not from here");
        return false;
    }
    return true;
}

/* resourceVersionMatch=Exact asks for the past, which is kept as changes only. */
static bool check_version(struct rest_call *call, const struct page *p)
{
    struct str match = rest_call_param(call, "resourceVersionMatch");
    struct str version = rest_call_param(call, "resourceVersion");

    if (!str_is(match, "Exact") || str_eq(version, p->token))
        return true;
    rest_call_fail(call, 410, "Expired", "the resourceVersion for the provided list is too old");
    return false;
}

static struct str continue_token(struct rest_call *call, const struct page *p,
                                 const struct store_object *last)
{
    struct buf raw, text;
    struct str out;

    buf_init(&raw, 0);
    buf_init(&text, 0);
    buf_add_str(&raw, p->token);
    buf_add_char(&raw, 0);
    buf_add_str(&raw, last->ns);
    buf_add_char(&raw, 0);
    buf_add_str(&raw, last->name);
    encode_base64url(&text, buf_str(&raw));
    out = arena_str(&call->arena, buf_str(&text));
    buf_deinit(&raw);
    buf_deinit(&text);
    return out;
}

static struct node *list_head(struct rest_call *call, const struct rest_table *table)
{
    struct arena *a = &call->arena;
    struct node *n;

    if (rest_table_is_wanted(table))
        return rest_table_head(table, true, a);
    n = node_new(a, NODE_MAP);
    node_set_str(a, n, "kind", arena_printf(a, "%sList", call->kind->kind));
    node_set_str(a, n, "apiVersion", api_kind_api_version(call->kind, call->version, a));
    node_set(n, STR("metadata"), node_new(a, NODE_MAP));
    node_set(n, STR("items"), node_new(a, NODE_LIST));
    return n;
}

void rest_read_list(struct rest_call *call)
{
    const struct store *s = call->rest->store;
    const struct store_object *o, *last = NULL;
    struct arena *a = &call->arena;
    struct rest_filter filter;
    struct rest_table table;
    struct node *head, *list, *meta;
    struct page page;

    if (!rest_filter_read(call, &filter) || !read_page(call, &page) || !check_version(call, &page))
        return;
    rest_table_init(&table, call);
    head = list_head(call, &table);
    meta = node_getz(head, "metadata");
    list = node_getz(head, rest_table_is_wanted(&table) ? "rows" : "items");
    o = rest_filter_next(s, call->kind, call->ns, page.after_ns, page.after_name);
    while (o) {
        struct node *n = rest_object_node(call->kind, call->version, o, store_find_status(s, o), a);

        if (rest_filter_fits(&filter, n, a)) {
            if (page.limit && list->count == page.limit)
                break;
            if (a->used_bytes > 8 * (size_t)REST_MAX_ANSWER_BYTES) {
                rest_call_fail(call, 413, "RequestEntityTooLarge",
                               "too many objects for one answer: ask for pages by limit=500");
                return;
            }
            node_add(list, rest_table_is_wanted(&table) ? rest_table_row(&table, n, a) : n);
            last = o;
        }
        o = rest_filter_next(s, call->kind, call->ns, o->ns, o->name);
    }
    node_set_str(a, meta, "resourceVersion", page.token);
    if (o && last)
        node_set_str(a, meta, "continue", continue_token(call, &page, last));
    rest_call_reply_node(call, 200, head);
}
