/* Several Services for the pods of one Deployment: they must agree about its ports. */
#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/k8s_service.h"
#include "core/api/workload_selector.h"

/* Whether the Service o selects the Deployment's pods. */
static bool is_for(const struct object *o, const struct object *deployment)
{
    const struct k8s_service *svc = o->spec;
    const struct field_pair *labels;
    size_t count;

    return str_eq(o->ns, deployment->ns) && svc->selector_count &&
           analyze_state_workload(deployment, &labels, &count) &&
           workload_selector_is_match(svc->selector, svc->selector_count, labels, count);
}

/* "http" of "http-web", or the text of appProtocol. */
static struct str protocol_of(const struct k8s_service_port *p)
{
    struct str rest = p->name;

    return p->app_protocol.len ? p->app_protocol : str_cut(&rest, '-');
}

static bool is_udp(const struct k8s_service_port *p)
{
    return p->protocol.len && !str_is(p->protocol, "TCP");
}

static struct str target_of(struct analyze_state *s, const struct k8s_service_port *p)
{
    if (p->target_port.is_text)
        return p->target_port.text;
    return arena_printf(&s->arena, "%lld",
                        (long long)(p->target_port.set ? p->target_port.number : p->port));
}

/* Reports about the Deployment what port p of Service a says otherwise than port q of Service b. */
static void compare_ports(struct analyze_state *s, const struct object *d, const struct object *a,
                          const struct k8s_service_port *p, const struct object *b,
                          const struct k8s_service_port *q)
{
    if (is_udp(p) || is_udp(q))
        return;
    if (p->port == q->port && !str_ieq(protocol_of(p), protocol_of(q)))
        analyze_state_report(s, d, DIAG_WARNING, "IST0116", STR("metadata.name"),
                             "This deployment %.*s is associated with multiple services using "
                             "port %lld but different protocols: [%.*s %.*s]",
                             STR_ARG(d->name), (long long)p->port, STR_ARG(a->name),
                             STR_ARG(b->name));
    if (p->port != q->port && str_eq(target_of(s, p), target_of(s, q)))
        analyze_state_report(s, d, DIAG_WARNING, "IST0137", STR("metadata.name"),
                             "This deployment %.*s is associated with multiple services "
                             "[%.*s %.*s] using targetPort \"%.*s\" but different ports: "
                             "[%lld %lld].",
                             STR_ARG(d->name), STR_ARG(a->name), STR_ARG(b->name),
                             STR_ARG(target_of(s, p)), (long long)p->port, (long long)q->port);
}

static void compare(struct analyze_state *s, const struct object *d, const struct object *a,
                    const struct k8s_service_port *p, const struct object *b)
{
    const struct k8s_service *svc = b->spec;

    for (size_t i = 0; i < svc->ports_count; i++)
        compare_ports(s, d, a, p, b, &svc->ports[i]);
}

/* The Services behind the one that stands at position at, each pair once. */
static void compare_with_later(struct analyze_state *s, const struct object *d,
                               const struct object *a, size_t at)
{
    const struct k8s_service *svc = a->spec;
    const struct object *b;

    while ((b = analyze_state_next(s, API_KIND_SERVICE, &at))) {
        for (size_t i = 0; is_for(b, d) && i < svc->ports_count; i++)
            compare(s, d, a, &svc->ports[i], b);
    }
}

void analyze_deployment_services(struct analyze_state *s)
{
    const struct object *d, *a;

    for (size_t at = 0; (d = analyze_state_next_fresh(s, API_KIND_DEPLOYMENT, &at));) {
        bool is_out = analyze_injection_is_out(s, d);

        for (size_t from = 0; (a = analyze_state_next(s, API_KIND_SERVICE, &from));) {
            if (!is_out && is_for(a, d))
                compare_with_later(s, d, a, from);
        }
    }
}
