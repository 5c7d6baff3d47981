#include "modes/control/rest_discovery.h"

#include "core/api/api_kind.h"
#include "core/base/version.h"
#include "modes/control/rest_call.h"

/* Of Kubernetes: what kubectl compares with its own. */
#define KUBE_MAJOR   "1"
#define KUBE_MINOR   "32"
#define KUBE_VERSION "v1.32.0+mesh"

static const char *const verbs[] = { "create", "delete", "deletecollection", "get",
                                     "list",   "patch",  "update",           "watch" };
static const char *const status_verbs[] = { "get", "patch", "update" };

static void set(struct rest_call *call, struct node *n, const char *key, const char *text)
{
    node_set_str(&call->arena, n, key, str_of(text));
}

static struct node *list_of(struct rest_call *call, const char *const *texts, size_t n)
{
    struct node *list = node_new(&call->arena, NODE_LIST);

    for (size_t i = 0; i < n && texts[i]; i++)
        node_add(list, node_new_str(&call->arena, str_of(texts[i])));
    return list;
}

void rest_discovery_version(struct rest_call *call)
{
    struct node *n = node_new(&call->arena, NODE_MAP);

    set(call, n, "major", KUBE_MAJOR);
    set(call, n, "minor", KUBE_MINOR);
    set(call, n, "gitVersion", KUBE_VERSION);
    set(call, n, "gitCommit", version_string());
    set(call, n, "gitTreeState", "clean");
    set(call, n, "buildDate", "1970-01-01T00:00:00Z");
    set(call, n, "goVersion", "none");
    set(call, n, "compiler", __VERSION__);
    set(call, n, "platform", "linux/amd64");
    set(call, n, "meshVersion", version_string());
    rest_call_reply_node(call, 200, n);
}

/* ---- aggregated: everything in one answer (apidiscovery.k8s.io) ---- */

static struct str aggregated_version(const struct rest_call *call)
{
    if (str_find(call->accept, STR("as=APIGroupDiscoveryList")) < 0)
        return STR_NONE;
    if (str_find(call->accept, STR("v=v2;")) >= 0 || str_ends(call->accept, STR("v=v2")) ||
        str_find(call->accept, STR("v=v2,")) >= 0)
        return STR("v2");
    return str_find(call->accept, STR("v=v2beta1")) >= 0 ? STR("v2beta1") : STR_NONE;
}

static struct node *gvk_of(struct rest_call *call, const struct api_kind *k, const char *version)
{
    struct node *n = node_new(&call->arena, NODE_MAP);

    set(call, n, "group", k->group);
    set(call, n, "version", version);
    set(call, n, "kind", k->kind);
    return n;
}

static struct node *aggregated_resource(struct rest_call *call, const struct api_kind *k,
                                        const char *version)
{
    struct arena *a = &call->arena;
    struct node *n = node_new(a, NODE_MAP), *subs, *sub;

    set(call, n, "resource", k->plural);
    node_set(n, STR("responseKind"), gvk_of(call, k, version));
    set(call, n, "scope", k->namespaced ? "Namespaced" : "Cluster");
    set(call, n, "singularResource", k->singular);
    node_set(n, STR("verbs"), list_of(call, verbs, COUNT_OF(verbs)));
    if (k->short_names[0])
        node_set(n, STR("shortNames"), list_of(call, k->short_names, API_KIND_MAX_NAMES));
    if (k->categories[0])
        node_set(n, STR("categories"), list_of(call, k->categories, API_KIND_MAX_NAMES));
    if (!k->has_status)
        return n;
    subs = node_new(a, NODE_LIST);
    sub = node_new(a, NODE_MAP);
    set(call, sub, "subresource", "status");
    node_set(sub, STR("responseKind"), gvk_of(call, k, version));
    node_set(sub, STR("verbs"), list_of(call, status_verbs, COUNT_OF(status_verbs)));
    node_add(subs, sub);
    node_set(n, STR("subresources"), subs);
    return n;
}

static struct node *aggregated_group(struct rest_call *call, const struct api_kind *first)
{
    struct arena *a = &call->arena;
    struct node *n = node_new(a, NODE_MAP), *meta = node_new(a, NODE_MAP);
    struct node *versions = node_new(a, NODE_LIST);

    set(call, meta, "name", first->group);
    node_set(n, STR("metadata"), meta);
    for (size_t v = 0; v < API_KIND_MAX_VERSIONS && first->versions[v]; v++) {
        struct node *one = node_new(a, NODE_MAP), *list = node_new(a, NODE_LIST);

        set(call, one, "version", first->versions[v]);
        set(call, one, "freshness", "Current");
        for (size_t i = 0; i < api_kind_count(); i++) {
            const struct api_kind *k = api_kind_at(i);

            if (str_is(str_of(k->group), first->group) &&
                api_kind_has_version(k, str_of(first->versions[v])))
                node_add(list, aggregated_resource(call, k, first->versions[v]));
        }
        node_set(one, STR("resources"), list);
        node_add(versions, one);
    }
    node_set(n, STR("versions"), versions);
    return n;
}

static bool is_first_of_group(size_t i)
{
    return i == 0 || !str_is(str_of(api_kind_at(i)->group), api_kind_at(i - 1)->group);
}

static void reply_aggregated(struct rest_call *call, struct str version, bool core)
{
    struct arena *a = &call->arena;
    struct node *n = node_new(a, NODE_MAP), *items = node_new(a, NODE_LIST);
    struct buf out;

    set(call, n, "kind", "APIGroupDiscoveryList");
    node_set_str(a, n, "apiVersion", arena_printf(a, "apidiscovery.k8s.io/%s", version.p));
    node_set(n, STR("metadata"), node_new(a, NODE_MAP));
    for (size_t i = 0; i < api_kind_count(); i++)
        if (is_first_of_group(i) && (api_kind_at(i)->group[0] == 0) == core)
            node_add(items, aggregated_group(call, api_kind_at(i)));
    node_set(n, STR("items"), items);
    buf_init(&out, 0);
    node_write_json(n, &out, 0);
    rest_call_reply(call, 200,
                    arena_printf(a,
                                 "application/json;g=apidiscovery.k8s.io;v=%s;"
                                 "as=APIGroupDiscoveryList",
                                 version.p)
                        .p,
                    buf_str(&out));
    buf_deinit(&out);
}

/* ---- one by one ---- */

void rest_discovery_core(struct rest_call *call)
{
    struct str version = aggregated_version(call);
    struct node *n;

    if (version.p) {
        reply_aggregated(call, version, true);
        return;
    }
    n = node_new(&call->arena, NODE_MAP);
    set(call, n, "kind", "APIVersions");
    node_set(n, STR("versions"), list_of(call, (const char *const[]){ "v1" }, 1));
    node_set(n, STR("serverAddressByClientCIDRs"), node_new(&call->arena, NODE_LIST));
    rest_call_reply_node(call, 200, n);
}

static struct node *version_of(struct rest_call *call, const struct api_kind *k,
                               const char *version)
{
    struct node *n = node_new(&call->arena, NODE_MAP);

    node_set_str(&call->arena, n, "groupVersion",
                 arena_printf(&call->arena, "%s/%s", k->group, version));
    set(call, n, "version", version);
    return n;
}

static struct node *group_of(struct rest_call *call, const struct api_kind *k)
{
    struct arena *a = &call->arena;
    struct node *n = node_new(a, NODE_MAP), *versions = node_new(a, NODE_LIST);

    set(call, n, "name", k->group);
    for (size_t v = 0; v < API_KIND_MAX_VERSIONS && k->versions[v]; v++)
        node_add(versions, version_of(call, k, k->versions[v]));
    node_set(n, STR("versions"), versions);
    node_set(n, STR("preferredVersion"), version_of(call, k, k->versions[0]));
    return n;
}

void rest_discovery_groups(struct rest_call *call)
{
    struct str version = aggregated_version(call);
    struct node *n, *groups;

    if (version.p) {
        reply_aggregated(call, version, false);
        return;
    }
    n = node_new(&call->arena, NODE_MAP);
    groups = node_new(&call->arena, NODE_LIST);
    set(call, n, "kind", "APIGroupList");
    set(call, n, "apiVersion", "v1");
    for (size_t i = 0; i < api_kind_count(); i++)
        if (is_first_of_group(i) && api_kind_at(i)->group[0])
            node_add(groups, group_of(call, api_kind_at(i)));
    node_set(n, STR("groups"), groups);
    rest_call_reply_node(call, 200, n);
}

void rest_discovery_group(struct rest_call *call)
{
    for (size_t i = 0; i < api_kind_count(); i++) {
        if (is_first_of_group(i) && call->group.len && str_is(call->group, api_kind_at(i)->group)) {
            struct node *n = group_of(call, api_kind_at(i));

            set(call, n, "kind", "APIGroup");
            set(call, n, "apiVersion", "v1");
            rest_call_reply_node(call, 200, n);
            return;
        }
    }
    rest_call_fail(call, 404, "NotFound", "there is no API group \"%.*s\"", STR_ARG(call->group));
}

static void add_resource(struct rest_call *call, struct node *list, const struct api_kind *k,
                         bool status)
{
    struct arena *a = &call->arena;
    struct node *n = node_new(a, NODE_MAP);

    node_set_str(a, n, "name",
                 status ? arena_printf(a, "%s/status", k->plural) : str_of(k->plural));
    set(call, n, "singularName", status ? "" : k->singular);
    node_set(n, STR("namespaced"), node_new_bool(a, k->namespaced));
    set(call, n, "kind", k->kind);
    node_set(n, STR("verbs"),
             status ? list_of(call, status_verbs, COUNT_OF(status_verbs))
                    : list_of(call, verbs, COUNT_OF(verbs)));
    if (!status && k->short_names[0])
        node_set(n, STR("shortNames"), list_of(call, k->short_names, API_KIND_MAX_NAMES));
    if (!status && k->categories[0])
        node_set(n, STR("categories"), list_of(call, k->categories, API_KIND_MAX_NAMES));
    node_add(list, n);
}

void rest_discovery_resources(struct rest_call *call)
{
    struct arena *a = &call->arena;
    struct node *n = node_new(a, NODE_MAP), *list = node_new(a, NODE_LIST);

    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);

        if (!str_is(call->group, k->group) || !api_kind_has_version(k, call->version))
            continue;
        add_resource(call, list, k, false);
        if (k->has_status)
            add_resource(call, list, k, true);
    }
    if (list->count == 0) {
        rest_call_fail(call, 404, "NotFound", "there is no API \"%.*s/%.*s\"", STR_ARG(call->group),
                       STR_ARG(call->version));
        return;
    }
    set(call, n, "kind", "APIResourceList");
    set(call, n, "apiVersion", "v1");
    node_set_str(a, n, "groupVersion",
                 call->group.len
                     ? arena_printf(a, "%.*s/%.*s", STR_ARG(call->group), STR_ARG(call->version))
                     : call->version);
    node_set(n, STR("resources"), list);
    rest_call_reply_node(call, 200, n);
}
