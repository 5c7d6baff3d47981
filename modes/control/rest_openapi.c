#include "modes/control/rest_openapi.h"

#include "core/api/api_kind.h"
#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/base/version.h"
#include "core/text/field_schema.h"
#include "modes/control/rest_call.h"
#include "modes/control/rest_openapi_proto.h"

/* What kubectl asks for; as an answer Go's own reader refuses the '@'. */
#define ASKED_V2_PROTO    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
#define ANSWERED_V2_PROTO "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

enum { MAX_GROUPS = 32 };

/* Texts, as they are sent; of the group in its version. */
struct rest_docs {
    struct buf v2_json, v2_proto;
    struct {
        const char *group, *version;
        struct buf json;
    } v3[MAX_GROUPS];
    size_t v3_count;
};

/* What is being made. */
struct making {
    struct arena *arena;
    enum field_schema_kind kind;
    struct node *paths, *schemas;
};

static bool is_v2(const struct making *m)
{
    return m->kind == FIELD_SCHEMA_OPENAPI_V2;
}

static void set(struct making *m, struct node *n, const char *key, const char *text)
{
    node_set_str(m->arena, n, key, str_of(text));
}

static struct node *gvk_node(struct making *m, const struct api_kind *k, const char *version)
{
    struct node *n = node_new(m->arena, NODE_MAP);

    set(m, n, "group", k->group);
    set(m, n, "kind", k->kind);
    set(m, n, "version", version);
    return n;
}

/* ---- paths ---- */

static void add_parameter(struct making *m, struct node *list, const char *name, const char *type,
                          const char *help)
{
    struct node *n = node_new(m->arena, NODE_MAP), *schema;

    set(m, n, "name", name);
    set(m, n, "in", "query");
    set(m, n, "description", help);
    if (is_v2(m)) {
        set(m, n, "type", type);
    } else {
        schema = node_new(m->arena, NODE_MAP);
        set(m, schema, "type", type);
        node_set(n, STR("schema"), schema);
    }
    node_add(list, n);
}

static struct node *texts(struct making *m, const char *const *list, size_t n)
{
    struct node *out = node_new(m->arena, NODE_LIST);

    for (size_t i = 0; i < n; i++)
        node_add(out, node_new_str(m->arena, str_of(list[i])));
    return out;
}

static const char *const patch_types[] = {
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
    "application/strategic-merge-patch+json",
};
static const char *const body_types[] = { "application/json", "application/yaml" };

static void add_body(struct making *m, struct node *op, const struct api_kind *k, bool patch)
{
    const char *const *types = patch ? patch_types : body_types;
    size_t count = patch ? COUNT_OF(patch_types) - (k->strict ? 1 : 0) : COUNT_OF(body_types);
    struct node *body, *content;

    if (is_v2(m)) {
        node_set(op, STR("consumes"), texts(m, types, count));
        return;
    }
    body = node_new(m->arena, NODE_MAP);
    content = node_new(m->arena, NODE_MAP);
    for (size_t i = 0; i < count; i++) {
        struct node *type = node_new(m->arena, NODE_MAP);

        node_set(type, STR("schema"), field_schema_ref(k->root, m->kind, m->arena));
        node_set(content, str_of(types[i]), type);
    }
    node_set(body, STR("content"), content);
    node_set(op, STR("requestBody"), body);
}

static void add_operation(struct making *m, struct node *path, const struct api_kind *k,
                          const char *version, const char *method, const char *action)
{
    struct node *op = node_new(m->arena, NODE_MAP), *list = node_new(m->arena, NODE_LIST);
    struct node *responses = node_new(m->arena, NODE_MAP), *ok = node_new(m->arena, NODE_MAP);
    bool writes = str_is(str_of(action), "post") || str_is(str_of(action), "put") ||
                  str_is(str_of(action), "patch");

    node_set_str(m->arena, op, "operationId",
                 arena_printf(m->arena, "%s-%s-%s-%s", action, k->group, version, k->plural));
    set(m, op, "x-kubernetes-action", action);
    node_set(op, STR("x-kubernetes-group-version-kind"), gvk_node(m, k, version));
    if (writes) {
        add_parameter(m, list, "dryRun", "string", "All: nothing is written.");
        add_parameter(m, list, "fieldManager", "string", "Who writes.");
        add_parameter(m, list, "fieldValidation", "string", "Strict, Warn or Ignore.");
        add_body(m, op, k, str_is(str_of(action), "patch"));
    }
    if (list->count)
        node_set(op, STR("parameters"), list);
    set(m, ok, "description", "OK");
    node_set(responses, STR("200"), ok);
    node_set(op, STR("responses"), responses);
    node_set(path, str_of(method), op);
}

static void add_paths(struct making *m, const struct api_kind *k, const char *version)
{
    struct node *all = node_new(m->arena, NODE_MAP), *one = node_new(m->arena, NODE_MAP);
    struct str base =
        arena_printf(m->arena, "%s%s/%s%s/%s", k->group[0] ? "/apis/" : "/api", k->group, version,
                     k->namespaced ? "/namespaces/{namespace}" : "", k->plural);

    add_operation(m, all, k, version, "get", "list");
    add_operation(m, all, k, version, "post", "post");
    add_operation(m, all, k, version, "delete", "deletecollection");
    node_set(m->paths, base, all);
    add_operation(m, one, k, version, "get", "get");
    add_operation(m, one, k, version, "put", "put");
    add_operation(m, one, k, version, "patch", "patch");
    add_operation(m, one, k, version, "delete", "delete");
    node_set(m->paths, arena_printf(m->arena, "%.*s/{name}", STR_ARG(base)), one);
}

/* ---- documents ---- */

/* Our rows know a part of what pods say. kubectl that validates by v2 would refuse the rest, and
 * skips kinds that the document does not name. */
static bool is_partial(const struct api_kind *k)
{
    return k->id == API_KIND_POD || k->id == API_KIND_DEPLOYMENT || k->id == API_KIND_EVENT;
}

static void add_schema(struct making *m, const struct api_kind *k, const char *version)
{
    struct node *schema, *list;

    field_schema_add(k->root, m->kind, m->arena, m->schemas);
    if (is_v2(m) && is_partial(k))
        return;
    schema = node_getz(m->schemas, k->root->name);
    list = node_getz(schema, "x-kubernetes-group-version-kind");
    if (!list) {
        list = node_new(m->arena, NODE_LIST);
        node_set(schema, STR("x-kubernetes-group-version-kind"), list);
    }
    node_add(list, gvk_node(m, k, version));
}

static void add_kind(struct making *m, const struct api_kind *k, const char *version)
{
    add_paths(m, k, version);
    add_schema(m, k, version);
}

static struct node *start_doc(struct making *m, struct arena *a, enum field_schema_kind kind)
{
    struct node *doc = node_new(a, NODE_MAP), *info = node_new(a, NODE_MAP);

    *m = (struct making){ a, kind, node_new(a, NODE_MAP), node_new(a, NODE_MAP) };
    if (is_v2(m))
        set(m, doc, "swagger", "2.0");
    else
        set(m, doc, "openapi", "3.0.0");
    set(m, info, "title", "mesh");
    set(m, info, "version", version_string());
    node_set(doc, STR("info"), info);
    node_set(doc, STR("paths"), m->paths);
    return doc;
}

static void make_v2(struct rest_docs *docs)
{
    struct making m;
    struct arena a;
    struct node *doc;

    arena_init(&a, 65536);
    doc = start_doc(&m, &a, FIELD_SCHEMA_OPENAPI_V2);
    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);

        for (size_t v = 0; v < API_KIND_MAX_VERSIONS && k->versions[v]; v++)
            add_kind(&m, k, k->versions[v]);
    }
    node_set(doc, STR("definitions"), m.schemas);
    node_write_json(doc, &docs->v2_json, 0);
    rest_openapi_proto_encode(doc, &docs->v2_proto);
    arena_deinit(&a);
}

static void make_v3(struct buf *out, const char *group, const char *version)
{
    struct making m;
    struct arena a;
    struct node *doc, *components;

    arena_init(&a, 65536);
    doc = start_doc(&m, &a, FIELD_SCHEMA_OPENAPI_V3);
    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);

        if (str_is(str_of(group), k->group) && api_kind_has_version(k, str_of(version)))
            add_kind(&m, k, version);
    }
    components = node_new(&a, NODE_MAP);
    node_set(components, STR("schemas"), m.schemas);
    node_set(doc, STR("components"), components);
    node_write_json(doc, out, 0);
    arena_deinit(&a);
}

static void make_groups(struct rest_docs *docs)
{
    const char *last = NULL;

    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);

        if (last && str_is(str_of(last), k->group))
            continue;
        last = k->group;
        for (size_t v = 0; v < API_KIND_MAX_VERSIONS && k->versions[v]; v++) {
            if (docs->v3_count == MAX_GROUPS)
                return;
            docs->v3[docs->v3_count].group = k->group;
            docs->v3[docs->v3_count].version = k->versions[v];
            buf_init(&docs->v3[docs->v3_count].json, 0);
            make_v3(&docs->v3[docs->v3_count++].json, k->group, k->versions[v]);
        }
    }
}

static const struct rest_docs *docs_of(struct rest *r)
{
    if (!r->docs) {
        r->docs = mem_alloc0(1, sizeof(*r->docs));
        buf_init(&r->docs->v2_json, 0);
        buf_init(&r->docs->v2_proto, 0);
        make_v2(r->docs);
        make_groups(r->docs);
    }
    return r->docs;
}

void rest_openapi_free(struct rest_docs *docs)
{
    if (!docs)
        return;
    buf_deinit(&docs->v2_json);
    buf_deinit(&docs->v2_proto);
    for (size_t i = 0; i < docs->v3_count; i++)
        buf_deinit(&docs->v3[i].json);
    mem_free(docs);
}

/* ---- answers ---- */

/* kubectl asks for protobuf alone; who also takes JSON gets that. */
void rest_openapi_v2(struct rest_call *call)
{
    const struct rest_docs *docs = docs_of(call->rest);
    bool proto = str_find(call->accept, STR(ASKED_V2_PROTO)) >= 0;
    bool json = str_find(call->accept, STR("json")) >= 0 ||
                str_find(call->accept, STR("*/*")) >= 0 || call->accept.len == 0;

    if (json)
        rest_call_reply(call, 200, "application/json", buf_str(&docs->v2_json));
    else if (proto)
        rest_call_reply(call, 200, ANSWERED_V2_PROTO, buf_str(&docs->v2_proto));
    else
        rest_call_fail(call, 406, "NotAcceptable", "JSON and %s are served here", ASKED_V2_PROTO);
}

static struct str group_path(struct rest_call *call, const char *group, const char *version)
{
    return arena_printf(&call->arena, "%s%s/%s", group[0] ? "apis/" : "api", group, version);
}

void rest_openapi_v3(struct rest_call *call)
{
    const struct rest_docs *docs = docs_of(call->rest);
    struct arena *a = &call->arena;
    struct node *n = node_new(a, NODE_MAP), *paths = node_new(a, NODE_MAP);

    for (size_t i = 0; i < docs->v3_count; i++) {
        struct str path = group_path(call, docs->v3[i].group, docs->v3[i].version);
        struct str text = buf_str(&docs->v3[i].json);
        struct node *one = node_new(a, NODE_MAP);

        node_set_str(a, one, "serverRelativeURL",
                     arena_printf(a, "/openapi/v3/%.*s?hash=%016llX", STR_ARG(path),
                                  (unsigned long long)hash_content(text.p, text.len)));
        node_set(paths, path, one);
    }
    node_set(n, STR("paths"), paths);
    rest_call_reply_node(call, 200, n);
}

void rest_openapi_v3_group(struct rest_call *call)
{
    const struct rest_docs *docs = docs_of(call->rest);
    struct str path = str_skip(call->path, sizeof("/openapi/v3/") - 1);

    for (size_t i = 0; i < docs->v3_count; i++) {
        if (str_eq(path, group_path(call, docs->v3[i].group, docs->v3[i].version))) {
            rest_call_reply(call, 200, "application/json", buf_str(&docs->v3[i].json));
            return;
        }
    }
    rest_call_fail(call, 404, "NotFound", "there is no document %.*s", STR_ARG(path));
}
