#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/destination_rule.h"
#include "core/api/gateway_api_gateway.h"
#include "core/api/istio_gateway.h"
#include "core/base/mem.h"

enum { MAX_PORTS = 64 };

/* ---- destinations ---- */

static void check_port(struct analyze_state *s, const struct object *o, struct str path,
                       const struct virtual_service_destination *to, const struct object *service)
{
    int64_t ports[MAX_PORTS];
    size_t n = analyze_state_ports(service, ports, MAX_PORTS);
    struct buf list;

    buf_init(&list, 0);
    for (size_t i = 0; i < n; i++)
        buf_printf(&list, "%s%lld", i ? " " : "", (long long)ports[i]);
    if (!to->port && n > 1) {
        analyze_state_report(s, o, s->missing, "IST0112",
                             arena_printf(&s->arena, "%.*s.host", STR_ARG(path)),
                             "This VirtualService routes to a service \"%.*s\" that exposes "
                             "multiple ports [%.*s]. Specifying a port in the destination is "
                             "required to disambiguate.",
                             STR_ARG(to->host), STR_ARG(buf_str(&list)));
    } else if (to->port && n) {
        bool found = false;

        for (size_t i = 0; i < n; i++)
            found |= ports[i] == to->port->number;
        if (!found)
            analyze_state_report(s, o, s->missing, "IST0101",
                                 arena_printf(&s->arena, "%.*s.port.number", STR_ARG(path)),
                                 "Referenced host:port not found: \"%.*s:%lld\"", STR_ARG(to->host),
                                 (long long)to->port->number)
                ->label =
                arena_printf(&s->diag->arena, "ports of this host: %.*s", STR_ARG(buf_str(&list)));
    }
    buf_deinit(&list);
}

static void check_destination(struct analyze_state *s, const struct object *o, struct str path,
                              const struct virtual_service_destination *to)
{
    struct str full = analyze_state_full_host(s, to->host, o->ns);
    const struct virtual_service *vs = o->spec;
    const struct analyze_host *h =
        analyze_state_visible_host(s, full, o->ns, vs->export_to, vs->export_to_count);
    struct diag_item *item;
    const char *near;

    if (h) {
        check_port(s, o, path, to, h->object);
        return;
    }
    if (analyze_state_is_broken_host(s, full))
        return;
    item = analyze_state_report(s, o, s->missing, "IST0101",
                                arena_printf(&s->arena, "%.*s.host", STR_ARG(path)),
                                "Referenced host not found: \"%.*s\"", STR_ARG(to->host));
    h = analyze_state_host(s, full);
    near = h ? NULL : analyze_state_near_host(s, to->host, o->ns);
    if (h)
        item->label = arena_printf(&s->diag->arena, "%.*s is not exported to where this holds",
                                   STR_ARG(object_title(h->object, &s->arena)));
    if (near)
        item->suggestion = arena_str(&s->diag->arena, str_of(near));
}

static void each_virtual_service(struct analyze_state *s, analyze_state_destination_fn *fn)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_VIRTUAL_SERVICE, &at));)
        analyze_state_each_destination(s, o, fn);
}

void analyze_virtual_service_destinations(struct analyze_state *s)
{
    each_virtual_service(s, check_destination);
}

/* ---- subsets ---- */

struct subsets {
    const char *names[64];
    size_t count;
    const struct object *rule; /* the first for the host */
    bool is_fresh;             /* a rule is among those that are reported on */
};

static void add_subsets(struct subsets *known, const struct object *o, bool is_fresh,
                        struct analyze_state *s)
{
    const struct destination_rule *dr = o->spec;

    known->is_fresh |= is_fresh;
    if (!known->rule)
        known->rule = o;
    for (size_t i = 0; i < dr->subsets_count && known->count < COUNT_OF(known->names); i++)
        known->names[known->count++] = arena_strz(&s->arena, dr->subsets[i].name);
}

static void find_subsets(struct analyze_state *s, struct str full, struct subsets *known)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next(s, API_KIND_DESTINATION_RULE, &at));) {
        struct str host =
            analyze_state_full_host(s, ((const struct destination_rule *)o->spec)->host, o->ns);

        if (analyze_state_hosts_overlap(host, full))
            add_subsets(known, o, at <= s->fresh, s);
    }
}

static void explain_subsets(struct analyze_state *s, const struct subsets *known,
                            struct diag_item *item, struct str wanted)
{
    const char *near = diag_closest(wanted, known->names, known->count);
    struct buf b;

    if (!known->rule) {
        item->label = STR("no DestinationRule has this host");
        return;
    }
    buf_init(&b, 0);
    buf_add_str(&b, known->count ? STR("known subsets: ") : STR("no subsets in"));
    for (size_t i = 0; i < known->count; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", known->names[i]);
    buf_printf(&b, known->count ? " (DestinationRule %.*s" : " DestinationRule %.*s",
               STR_ARG(analyze_state_id(s, known->rule)));
    if (known->rule->file)
        buf_printf(&b, ", %s:%d", known->rule->file, known->rule->line);
    if (known->count)
        buf_add_char(&b, ')');
    item->label = arena_str(&s->diag->arena, buf_str(&b));
    if (near)
        item->hint = arena_printf(&s->diag->arena, "did you mean \"%s\"?", near);
    buf_deinit(&b);
}

static void check_subset(struct analyze_state *s, const struct object *o, struct str path,
                         const struct virtual_service_destination *to)
{
    struct subsets known = { .count = 0 };

    if (to->subset.len == 0)
        return;
    find_subsets(s, analyze_state_full_host(s, to->host, o->ns), &known);
    for (size_t i = 0; i < known.count; i++) {
        if (str_is(to->subset, known.names[i]))
            return;
    }
    /* One report is enough for a host that is not there at all. */
    if (!known.rule && s->missing == DIAG_WARNING &&
        !analyze_state_host(s, analyze_state_full_host(s, to->host, o->ns)))
        return;
    /* A rule that is written together with the route should have it; one that is there already may
     * be replaced later. */
    explain_subsets(s, &known,
                    analyze_state_report(s, o, known.is_fresh ? DIAG_ERROR : s->missing, "IST0101",
                                         arena_printf(&s->arena, "%.*s.subset", STR_ARG(path)),
                                         "Referenced host+subset in destinationrule not found: "
                                         "\"%.*s+%.*s\"",
                                         STR_ARG(to->host), STR_ARG(to->subset)),
                    to->subset);
}

void analyze_virtual_service_subsets(struct analyze_state *s)
{
    each_virtual_service(s, check_subset);
}

/* ---- gateways ---- */

static bool server_has_host(const struct istio_gateway_server *server, struct str host,
                            struct str vs_ns, struct str gw_ns)
{
    for (size_t i = 0; i < server->hosts_count; i++) {
        struct str pattern = server->hosts[i];
        ptrdiff_t slash = str_chr(pattern, '/');
        struct str ns = slash < 0 ? STR("*") : str_head(pattern, (size_t)slash);

        if (slash >= 0)
            pattern = str_skip(pattern, (size_t)slash + 1);
        if (!str_is(ns, "*") && !str_eq(str_is(ns, ".") ? gw_ns : ns, vs_ns))
            continue;
        if (analyze_state_hosts_overlap(pattern, host))
            return true;
    }
    return false;
}

static bool gateway_has_any(const struct object *gw, const struct virtual_service *vs,
                            struct str vs_ns)
{
    const struct istio_gateway *spec = gw->spec;

    for (size_t i = 0; i < spec->servers_count; i++) {
        for (size_t k = 0; k < vs->hosts_count; k++) {
            if (server_has_host(&spec->servers[i], vs->hosts[k], vs_ns, gw->ns))
                return true;
        }
    }
    return false;
}

/* The same of the Gateway API's Gateway, whose listeners without a name are for all. */
static bool listeners_have_any(const struct object *gw, const struct virtual_service *vs)
{
    const struct gateway_api_gateway *spec = gw->spec;

    for (size_t i = 0; i < spec->listeners_count; i++) {
        for (size_t k = 0; k < vs->hosts_count; k++) {
            if (!spec->listeners[i].hostname.len ||
                analyze_state_hosts_overlap(spec->listeners[i].hostname, vs->hosts[k]))
                return true;
        }
    }
    return false;
}

static void report_missing_gateway(struct analyze_state *s, const struct object *o, size_t i,
                                   struct str name)
{
    const char **names = arena_alloc0(&s->arena, s->count + 1, sizeof(*names)), *near;
    const struct object *gw;
    struct diag_item *item;
    size_t n = 0;

    item = analyze_state_report(s, o, s->missing, "IST0101",
                                arena_printf(&s->arena, "spec.gateways[%zu]", i),
                                "Referenced gateway not found: \"%.*s\"", STR_ARG(name));
    for (size_t at = 0; (gw = analyze_state_next(s, API_KIND_GATEWAY, &at));)
        names[n++] = str_eq(gw->ns, o->ns) ? arena_strz(&s->arena, gw->name)
                                           : arena_strz(&s->arena, analyze_state_id(s, gw));
    near = diag_closest(name, names, n);
    if (near)
        item->suggestion = arena_str(&s->diag->arena, str_of(near));
}

static void check_gateway(struct analyze_state *s, const struct object *o, size_t i)
{
    const struct virtual_service *vs = o->spec;
    struct str name = vs->gateways[i], rest = name, ns = o->ns;
    const struct object *gw;
    struct buf hosts;
    bool has_any;

    if (str_is(name, "mesh"))
        return;
    if (str_chr(name, '/') >= 0)
        ns = str_cut(&rest, '/');
    gw = analyze_state_find(s, API_KIND_GATEWAY, ns, rest);
    has_any = gw && gateway_has_any(gw, vs, o->ns);
    if (!gw) {
        gw = analyze_state_find(s, API_KIND_K8S_GATEWAY, ns, rest);
        has_any = gw && listeners_have_any(gw, vs);
    }
    if (!gw && !analyze_state_is_broken(s, "Gateway", ns, rest))
        report_missing_gateway(s, o, i, name);
    if (!gw || has_any)
        return;
    buf_init(&hosts, 0);
    for (size_t k = 0; k < vs->hosts_count; k++)
        buf_printf(&hosts, "%s%.*s", k ? " " : "", STR_ARG(vs->hosts[k]));
    analyze_state_report(s, o, DIAG_WARNING, "IST0132",
                         arena_printf(&s->arena, "spec.gateways[%zu]", i),
                         "one or more host [%.*s] defined in VirtualService %.*s not found in "
                         "Gateway %.*s.",
                         STR_ARG(buf_str(&hosts)), STR_ARG(analyze_state_id(s, o)),
                         STR_ARG(analyze_state_id(s, gw)));
    buf_deinit(&hosts);
}

void analyze_virtual_service_gateways(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_VIRTUAL_SERVICE, &at));) {
        for (size_t i = 0; i < ((const struct virtual_service *)o->spec)->gateways_count; i++)
            check_gateway(s, o, i);
    }
}

/* ---- two for one host ---- */

static bool is_for_mesh(const struct virtual_service *vs)
{
    for (size_t i = 0; i < vs->gateways_count; i++) {
        if (str_is(vs->gateways[i], "mesh"))
            return true;
    }
    return vs->gateways_count == 0;
}

static bool is_everywhere(const struct virtual_service *vs)
{
    for (size_t i = 0; i < vs->export_to_count; i++) {
        if (str_is(vs->export_to[i], "*"))
            return true;
    }
    return vs->export_to_count == 0;
}

/* Whether both are exported to some namespace by its name. */
static bool share_scope(const struct object *a, const struct object *b)
{
    const struct virtual_service *va = a->spec, *vb = b->spec;

    for (size_t i = 0; i < va->export_to_count; i++) {
        for (size_t k = 0; k < vb->export_to_count; k++) {
            if (str_eq(str_is(va->export_to[i], ".") ? a->ns : va->export_to[i],
                       str_is(vb->export_to[k], ".") ? b->ns : vb->export_to[k]))
                return true;
        }
    }
    return false;
}

/* Whether proxies of one namespace see both for one name. What is for some namespaces meets what is
 * for all by patterns too. */
static bool meet(const struct object *a, struct str a_host, const struct object *b,
                 struct str b_host)
{
    bool a_all = is_everywhere(a->spec), b_all = is_everywhere(b->spec);

    if (a_all != b_all)
        return analyze_state_hosts_overlap(a_host, b_host);
    return str_eq(a_host, b_host) && (a_all || share_scope(a, b));
}

static void check_conflicts(struct analyze_state *s, const struct object *o, size_t i)
{
    const struct virtual_service *vs = o->spec;
    struct str host = analyze_state_full_host(s, vs->hosts[i], o->ns);
    const struct object *other;
    struct buf names;
    bool found = false;

    buf_init(&names, 0);
    buf_add_str(&names, analyze_state_id(s, o));
    for (size_t at = 0; (other = analyze_state_next(s, API_KIND_VIRTUAL_SERVICE, &at));) {
        const struct virtual_service *w = other->spec;
        bool same = false;

        for (size_t k = 0; k < w->hosts_count; k++)
            same |= meet(o, host, other, analyze_state_full_host(s, w->hosts[k], other->ns));
        if (other == o || !same || !is_for_mesh(w))
            continue;
        buf_printf(&names, ",%.*s", STR_ARG(analyze_state_id(s, other)));
        found = true;
    }
    if (found)
        analyze_state_report(
            s, o, DIAG_ERROR, "IST0109", arena_printf(&s->arena, "spec.hosts[%zu]", i),
            "The VirtualServices %.*s associated with mesh gateway define the same "
            "host %.*s which can lead to undefined behavior. This can be fixed by "
            "merging the conflicting VirtualServices into a single resource.",
            STR_ARG(buf_str(&names)), STR_ARG(host));
    buf_deinit(&names);
}

void analyze_virtual_service_conflicts(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_VIRTUAL_SERVICE, &at));) {
        const struct virtual_service *vs = o->spec;

        for (size_t i = 0; i < vs->hosts_count && is_for_mesh(vs); i++)
            check_conflicts(s, o, i);
    }
}
