#include "cmd/route_client.h"

#include "core/api/istio_gateway.h"
#include "core/api/k8s_deployment.h"
#include "core/api/k8s_pod.h"
#include "core/api/workload_entry.h"
#include "core/api/workload_group.h"
#include "core/base/error.h"
#include "core/base/mem.h"

/* What an object says of the workload it describes. */
struct described {
    const struct field_pair *labels[2];
    size_t label_counts[2];
    struct str account;
};

static void add_labels(struct described *d, int at, const struct field_pair *list, size_t count)
{
    d->labels[at] = list;
    d->label_counts[at] = count;
}

static void of_pod(const struct object *o, struct described *d)
{
    const struct k8s_pod *p = o->spec;

    add_labels(d, 0, o->meta->labels, o->meta->labels_count);
    d->account = p ? p->service_account : STR_NONE;
}

static void of_entry(const struct object *o, struct described *d)
{
    const struct workload_entry *e = o->spec;

    add_labels(d, 0, o->meta->labels, o->meta->labels_count);
    add_labels(d, 1, e->labels, e->labels_count);
    d->account = e->service_account;
}

static void of_deployment(const struct object *o, struct described *d)
{
    const struct k8s_deployment *p = o->spec;

    if (!p->template)
        return;
    if (p->template->metadata)
        add_labels(d, 0, p->template->metadata->labels, p->template->metadata->labels_count);
    if (p->template->spec)
        d->account = p->template->spec->service_account;
}

static void of_group(const struct object *o, struct described *d)
{
    const struct workload_group *g = o->spec;

    if (g->metadata)
        add_labels(d, 0, g->metadata->labels, g->metadata->labels_count);
    if (g->template)
        d->account = g->template->service_account;
}

static const struct {
    uint16_t kind;
    void (*describe)(const struct object *o, struct described *d);
} sources[] = {
    { API_KIND_POD, of_pod },
    { API_KIND_WORKLOAD_ENTRY, of_entry },
    { API_KIND_DEPLOYMENT, of_deployment },
    { API_KIND_WORKLOAD_GROUP, of_group },
};

static bool describe(const struct object *o, struct described *d)
{
    *d = (struct described){ 0 };
    for (size_t i = 0; i < COUNT_OF(sources); i++) {
        if (o->kind->id != sources[i].kind || !o->spec)
            continue;
        sources[i].describe(o, d);
        return true;
    }
    return false;
}

static struct str label_of(const struct described *d, const char *key)
{
    for (int l = 0; l < 2; l++) {
        for (size_t i = 0; i < d->label_counts[l]; i++) {
            if (str_is(d->labels[l][i].key, key))
                return d->labels[l][i].value;
        }
    }
    return STR_NONE;
}

static void take(struct route_client *out, const struct object *o, const struct described *d,
                 struct arena *a)
{
    struct model_node *n = &out->node;

    n->labels = arena_alloc0(a, d->label_counts[0] + d->label_counts[1], sizeof(*n->labels));
    for (int l = 0; l < 2; l++) {
        for (size_t i = 0; i < d->label_counts[l]; i++)
            n->labels[n->label_count++] =
                (struct model_label){ d->labels[l][i].key, d->labels[l][i].value };
    }
    n->name = n->workload_name = o->name;
    n->ns = o->ns;
    n->service_account = d->account.len ? d->account : STR("default");
    n->app = label_of(d, "app");
    n->version = label_of(d, "version");
    out->object = object_title(o, a);
}

/* A pod of a Deployment has the workload's name and more behind it. */
static bool is_named(const struct object *o, struct str name)
{
    return str_eq(o->name, name) || (o->kind->id == API_KIND_POD && str_starts(o->name, name) &&
                                     o->name.len > name.len && o->name.p[name.len] == '-');
}

static bool find_workload(struct route_client *out, const struct object_set *set, struct str name,
                          struct str ns, struct arena *a)
{
    for (int by_app = 0; by_app < 2; by_app++) {
        for (size_t i = 0; i < set->count; i++) {
            const struct object *o = set->items[i];
            struct described d;

            if (!str_eq(o->ns, ns) || !describe(o, &d) ||
                !(by_app ? str_eq(label_of(&d, "app"), name) : is_named(o, name)))
                continue;
            take(out, o, &d, a);
            return true;
        }
    }
    return false;
}

static int find_gateway(struct route_client *out, const struct object_set *set, struct str name,
                        struct str ns, struct arena *a)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct object *o = set->items[i];
        const struct istio_gateway *g = o->spec;
        struct described d = { 0 };

        if (o->kind->id != API_KIND_GATEWAY || !str_eq(o->name, name) || !str_eq(o->ns, ns))
            continue;
        add_labels(&d, 0, g->selector, g->selector_count);
        take(out, o, &d, a);
        out->node.is_gateway = true;
        return 0;
    }
    return ERR_NOT_FOUND;
}

/* "NS/NAME", "NAME.NS", "NAME". */
static struct str split(struct str from, struct str *ns)
{
    struct str rest = from, first;
    ptrdiff_t at = str_chr(from, '/');

    if (at >= 0) {
        first = str_cut(&rest, '/');
        *ns = first;
        return rest;
    }
    first = str_cut(&rest, '.');
    if (rest.len)
        *ns = str_cut(&rest, '.');
    return first;
}

int route_client_find(struct route_client *out, const struct object_set *set, struct str from,
                      struct str ns, struct arena *a)
{
    bool is_gateway = str_starts(from, STR("gateway/"));
    struct str name = split(is_gateway ? str_skip(from, sizeof("gateway/") - 1) : from, &ns);

    *out = (struct route_client){ .node = { .trust_domain = STR("cluster.local"),
                                            .dns_domain = STR("cluster.local"),
                                            .cluster_id = STR("Kubernetes") } };
    if (is_gateway && find_gateway(out, set, name, ns, a) != 0)
        return ERR_NOT_FOUND;
    if (!is_gateway && !find_workload(out, set, name, ns, a)) {
        out->node.labels = arena_alloc0(a, 1, sizeof(*out->node.labels));
        out->node.labels[out->node.label_count++] = (struct model_label){ STR("app"), name };
        out->node.name = out->node.workload_name = out->node.app = name;
        out->node.ns = ns;
        out->node.service_account = name;
    }
    out->node.id = arena_printf(a, "%s~0.0.0.0~%.*s.%.*s~%.*s.svc.cluster.local",
                                is_gateway ? "router" : "sidecar", STR_ARG(out->node.name),
                                STR_ARG(out->node.ns), STR_ARG(out->node.ns));
    return 0;
}
