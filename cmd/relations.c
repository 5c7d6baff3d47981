#include "cmd/relations.h"

#include "core/analyze/analyze_state.h"
#include "core/api/authorization_policy.h"
#include "core/api/destination_rule.h"
#include "core/api/istio_gateway.h"
#include "core/api/k8s_pod.h"
#include "core/api/k8s_service.h"
#include "core/api/peer_authentication.h"
#include "core/api/service_entry.h"
#include "core/api/workload_entry.h"
#include "core/api/workload_selector.h"
#include "core/base/mem.h"

struct relations {
    const struct object *o;
    struct analyze_state state;
    struct buf *out;
    const char *heading; /* of the section that has no line yet */
    struct str host;     /* what note_destination looks for, and whether it was there */
    bool found;
};

static void line(struct relations *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A section shows up with its first line. */
static void line(struct relations *r, const char *fmt, ...)
{
    va_list ap;

    if (r->heading)
        buf_printf(r->out, "%s:\n", r->heading);
    r->heading = NULL;
    buf_add_str(r->out, STR("  "));
    va_start(ap, fmt);
    buf_vprintf(r->out, fmt, ap);
    va_end(ap);
    buf_add_char(r->out, '\n');
}

/* "VirtualService default/reviews"; in the state's arena. */
static struct str title(struct relations *r, const struct object *o)
{
    return object_title(o, &r->state.arena);
}

/* ---- workloads ---- */

static struct str address_of(const struct object *o)
{
    const struct workload_entry *we = o->spec;
    const struct k8s_pod_status *status = o->status;

    if (o->kind->id == API_KIND_WORKLOAD_ENTRY)
        return we->address;
    return o->kind->id == API_KIND_POD && status
               ? node_get_str(node_getz(o->node, "status"), "podIP")
               : STR_NONE;
}

static void list_workloads(struct relations *r, struct str ns, const struct field_pair *want,
                           size_t n)
{
    const struct field_pair *labels;
    size_t count;

    for (size_t i = 0; i < r->state.count; i++) {
        const struct object *w = r->state.objects[i];

        if (!analyze_state_workload(w, &labels, &count) || (ns.len && !str_eq(ns, w->ns)) ||
            !workload_selector_is_match(want, n, labels, count))
            continue;
        line(r, "%.*s  %.*s  %.*s", STR_ARG(title(r, w)), STR_ARG(address_of(w)),
             STR_ARG(analyze_state_labels(&r->state, labels, count)));
    }
}

/* ---- policies that hold for labels in a namespace ---- */

static const struct workload_selector *selector_of(const struct object *o)
{
    const struct peer_authentication *pa = o->spec;
    const struct authorization_policy *ap = o->spec;

    return o->kind->id == API_KIND_PEER_AUTHENTICATION    ? pa->selector
           : o->kind->id == API_KIND_AUTHORIZATION_POLICY ? ap->selector
                                                          : NULL;
}

static void policy_line(struct relations *r, const struct object *o)
{
    static const char *const modes[] = { "UNSET", "DISABLE", "PERMISSIVE", "STRICT" };
    static const char *const actions[] = { "ALLOW", "DENY", "AUDIT", "CUSTOM" };
    const struct peer_authentication *pa = o->spec;
    const struct authorization_policy *ap = o->spec;

    if (o->kind->id == API_KIND_PEER_AUTHENTICATION)
        line(r, "%.*s  mTLS %s", STR_ARG(title(r, o)), pa->mtls ? modes[pa->mtls->mode] : "UNSET");
    else
        line(r, "%.*s  %s, %zu rule%s", STR_ARG(title(r, o)), actions[ap->action], ap->rules_count,
             ap->rules_count == 1 ? "" : "s");
}

/* Policies of the root namespace hold everywhere. */
static void list_policies(struct relations *r, struct str ns, const struct field_pair *labels,
                          size_t count)
{
    r->heading = "Policies";
    for (size_t i = 0; i < r->state.count; i++) {
        const struct object *p = r->state.objects[i];
        const struct workload_selector *s = selector_of(p);

        if (p->kind->id != API_KIND_PEER_AUTHENTICATION &&
            p->kind->id != API_KIND_AUTHORIZATION_POLICY)
            continue;
        if (!str_eq(p->ns, ns) && !str_eq(p->ns, r->state.root_ns))
            continue;
        if (!s || workload_selector_is_match(s->labels, s->labels_count, labels, count))
            policy_line(r, p);
    }
}

/* ---- services ---- */

static void note_destination(struct analyze_state *s, const struct object *o, struct str path,
                             const struct virtual_service_destination *to)
{
    struct relations *r = CONTAINER_OF(s, struct relations, state);

    (void)path;
    r->found |= str_eq(analyze_state_full_host(s, to->host, o->ns), r->host);
}

static bool has_host(struct relations *r, const struct object *vs, struct str host)
{
    const struct virtual_service *spec = vs->spec;

    for (size_t i = 0; i < spec->hosts_count; i++) {
        if (analyze_state_hosts_overlap(analyze_state_full_host(&r->state, spec->hosts[i], vs->ns),
                                        host))
            return true;
    }
    return false;
}

static void list_routes(struct relations *r, struct str host)
{
    const struct object *o;

    r->heading = "Routes";
    for (size_t at = 0; (o = analyze_state_next(&r->state, API_KIND_VIRTUAL_SERVICE, &at));) {
        const struct virtual_service *vs = o->spec;

        r->host = host;
        r->found = false;
        analyze_state_each_destination(&r->state, o, note_destination);
        if (has_host(r, o, host))
            line(r, "%.*s  decides where requests for it go (%zu http, %zu tls, %zu tcp rules)",
                 STR_ARG(title(r, o)), vs->http_count, vs->tls_count, vs->tcp_count);
        else if (r->found)
            line(r, "%.*s  sends requests for other hosts here", STR_ARG(title(r, o)));
    }
}

static void list_rules(struct relations *r, struct str host)
{
    const struct object *o;

    r->heading = "Traffic policy";
    for (size_t at = 0; (o = analyze_state_next(&r->state, API_KIND_DESTINATION_RULE, &at));) {
        const struct destination_rule *dr = o->spec;

        if (!analyze_state_hosts_overlap(analyze_state_full_host(&r->state, dr->host, o->ns), host))
            continue;
        line(r, "%.*s", STR_ARG(title(r, o)));
        for (size_t i = 0; i < dr->subsets_count; i++)
            line(r, "  subset %.*s  %.*s", STR_ARG(dr->subsets[i].name),
                 STR_ARG(analyze_state_labels(&r->state, dr->subsets[i].labels,
                                              dr->subsets[i].labels_count)));
    }
}

static void about_service(struct relations *r)
{
    const struct k8s_service *svc = r->o->spec;
    struct str host = analyze_state_full_host(&r->state, r->o->name, r->o->ns);

    r->heading = "Workloads";
    if (svc->selector_count)
        list_workloads(r, r->o->ns, svc->selector, svc->selector_count);
    if (r->heading)
        line(r, "none");
    list_routes(r, host);
    list_rules(r, host);
    list_policies(r, r->o->ns, svc->selector, svc->selector_count);
}

static void about_service_entry(struct relations *r)
{
    const struct service_entry *se = r->o->spec;

    if (se->workload_selector) {
        r->heading = "Workloads";
        list_workloads(r, r->o->ns, se->workload_selector->labels,
                       se->workload_selector->labels_count);
    }
    for (size_t i = 0; i < se->hosts_count; i++) {
        struct str host = analyze_state_full_host(&r->state, se->hosts[i], r->o->ns);

        list_routes(r, host);
        list_rules(r, host);
    }
}

/* ---- the others ---- */

static void about_workload(struct relations *r)
{
    const struct field_pair *labels;
    const struct object *o;
    size_t count;

    (void)analyze_state_workload(r->o, &labels, &count);
    r->heading = "Services";
    for (size_t at = 0; (o = analyze_state_next(&r->state, API_KIND_SERVICE, &at));) {
        const struct k8s_service *svc = o->spec;

        if (svc->selector_count && str_eq(o->ns, r->o->ns) &&
            workload_selector_is_match(svc->selector, svc->selector_count, labels, count))
            line(r, "%.*s", STR_ARG(title(r, o)));
    }
    list_policies(r, r->o->ns, labels, count);
}

static void about_policy(struct relations *r)
{
    const struct workload_selector *s = selector_of(r->o);
    bool is_root = str_eq(r->o->ns, r->state.root_ns);

    r->heading = "Holds for";
    list_workloads(r, is_root ? STR_NONE : r->o->ns, s ? s->labels : NULL, s ? s->labels_count : 0);
    if (r->heading)
        line(r, "no workload that is known now");
}

static void about_gateway(struct relations *r)
{
    const struct istio_gateway *gw = r->o->spec;
    const struct object *o;

    r->heading = "Served by";
    list_workloads(r, STR_NONE, gw->selector, gw->selector_count);
    r->heading = "Routes";
    for (size_t at = 0; (o = analyze_state_next(&r->state, API_KIND_VIRTUAL_SERVICE, &at));) {
        const struct virtual_service *vs = o->spec;

        for (size_t i = 0; i < vs->gateways_count; i++) {
            struct str name = vs->gateways[i], ns = o->ns;

            if (str_chr(name, '/') >= 0)
                ns = str_cut(&name, '/');
            if (str_eq(name, r->o->name) && str_eq(ns, r->o->ns))
                line(r, "%.*s", STR_ARG(title(r, o)));
        }
    }
}

static void destination_line(struct analyze_state *s, const struct object *o, struct str path,
                             const struct virtual_service_destination *to)
{
    struct relations *r = CONTAINER_OF(s, struct relations, state);
    bool known = analyze_state_host(s, analyze_state_full_host(s, to->host, o->ns)) != NULL;

    line(r, "%.*s%s%.*s%s   (%.*s)", STR_ARG(to->host), to->subset.len ? " subset " : "",
         STR_ARG(to->subset), known ? "" : "   not known", STR_ARG(path));
}

static void about_virtual_service(struct relations *r)
{
    r->heading = "Sends to";
    analyze_state_each_destination(&r->state, r->o, destination_line);
}

static void about_destination_rule(struct relations *r)
{
    const struct destination_rule *dr = r->o->spec;
    struct str full = analyze_state_full_host(&r->state, dr->host, r->o->ns);
    const struct analyze_host *h = analyze_state_host(&r->state, full);

    r->heading = "Host";
    if (h)
        line(r, "%.*s", STR_ARG(title(r, h->object)));
    else
        line(r, "%.*s   not known", STR_ARG(full));
    for (size_t i = 0; h && i < dr->subsets_count; i++) {
        const struct destination_rule_subset *s = &dr->subsets[i];

        buf_printf(r->out, "Subset %.*s:\n", STR_ARG(s->name));
        r->heading = NULL;
        list_workloads(r, h->object->ns, s->labels, s->labels_count);
    }
    list_routes(r, full);
}

static const struct {
    uint16_t kind;
    void (*about)(struct relations *r);
} kinds[] = {
    { API_KIND_SERVICE, about_service },
    { API_KIND_SERVICE_ENTRY, about_service_entry },
    { API_KIND_WORKLOAD_ENTRY, about_workload },
    { API_KIND_POD, about_workload },
    { API_KIND_DEPLOYMENT, about_workload },
    { API_KIND_PEER_AUTHENTICATION, about_policy },
    { API_KIND_AUTHORIZATION_POLICY, about_policy },
    { API_KIND_GATEWAY, about_gateway },
    { API_KIND_VIRTUAL_SERVICE, about_virtual_service },
    { API_KIND_DESTINATION_RULE, about_destination_rule },
};

void relations_write(const struct object *o, const struct object_set *world, struct buf *out)
{
    struct relations r = { .o = o, .out = out };

    analyze_state_init(&r.state, world->items, world->count, NULL, NULL);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (kinds[i].kind == o->kind->id)
            kinds[i].about(&r);
    }
    analyze_state_deinit(&r.state);
}
