#include "core/compile/compile_gwapi_condition.h"

#include "core/text/timestamp.h"

struct compile_gwapi_condition_list compile_gwapi_condition_begin(struct node *parent,
                                                                  const struct node *old,
                                                                  int64_t generation,
                                                                  int64_t now_ns, struct arena *a)
{
    struct compile_gwapi_condition_list l = { .arena = a,
                                              .items = node_new(a, NODE_LIST),
                                              .old = old ? node_getz(old, "conditions") : NULL,
                                              .generation = generation,
                                              .now_ns = now_ns };

    node_set(parent, STR("conditions"), l.items);
    return l;
}

static const struct node *find(const struct node *list, const char *type)
{
    if (list && list->kind == NODE_LIST)
        NODE_EACH(item, list)
    if (str_is(node_get_str(item, "type"), type))
        return item;
    return NULL;
}

void compile_gwapi_condition_add(struct compile_gwapi_condition_list *l, const char *type,
                                 bool holds, const char *reason, struct str message)
{
    const struct node *old = find(l->old, type);
    struct node *c = node_new(l->arena, NODE_MAP);
    const char *status = holds ? "True" : "False";
    char now[TIMESTAMP_TEXT_BYTES];
    struct str when;

    if (old && str_is(node_get_str(old, "status"), status) &&
        node_get_str(old, "lastTransitionTime").len)
        when = node_get_str(old, "lastTransitionTime");
    else
        when = str_make(now, timestamp_write(l->now_ns / 1000000000 * 1000000000, now));
    node_set_str(l->arena, c, "type", str_of(type));
    node_set_str(l->arena, c, "status", str_of(status));
    node_set(c, STR("observedGeneration"), node_new_int(l->arena, l->generation));
    node_set_str(l->arena, c, "lastTransitionTime", arena_str(l->arena, when));
    node_set_str(l->arena, c, "reason", str_of(reason));
    node_set_str(l->arena, c, "message", arena_str(l->arena, message));
    node_add(l->items, c);
}

void compile_gwapi_condition_judge(struct compile_gwapi_condition_list *l, const char *type,
                                   const struct compile_gwapi_fault *f, const char *good,
                                   const char *message)
{
    if (f->reason)
        compile_gwapi_condition_add(l, type, false, f->reason, f->message);
    else
        compile_gwapi_condition_add(l, type, true, good, str_of(message));
}
