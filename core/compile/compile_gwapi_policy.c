#include "core/compile/compile_gwapi_policy.h"

#include "core/api/gateway_api_policy.h"
#include "core/base/mem.h"
#include "core/compile/compile_gwapi.h"
#include "core/compile/compile_host.h"

/* ---- what concerns whom ---- */

static void follow_one(struct compile *c, struct object *o, const struct gateway_api_ref *ref,
                       bool add)
{
    struct arena a;
    struct str host;

    if (!compile_gwapi_is_ref(ref, "", "Service"))
        return;
    arena_init(&a, 256);
    host = arena_printf(&a, "%.*s.%.*s.svc.%.*s", STR_ARG(ref->name), STR_ARG(o->ns),
                        STR_ARG(c->dns_domain));
    if (add)
        multimap_add(&c->service_policies, host, o);
    else
        multimap_remove(&c->service_policies, host, o);
    compile_host_mark(c, host, COMPILE_DIRTY_CLUSTERS);
    arena_deinit(&a);
}

void compile_gwapi_policy_follow(struct compile *c, struct object *o, bool add)
{
    if (o->kind->id == API_KIND_BACKEND_TLS_POLICY) {
        const struct gateway_api_policy_tls_policy *p = o->spec;

        for (size_t i = 0; i < p->targets_count; i++)
            follow_one(c, o, GATEWAY_API_REF(&p->targets[i]), add);
    } else if (o->kind->id == API_KIND_XBACKEND_TRAFFIC_POLICY) {
        const struct gateway_api_policy_traffic_policy *p = o->spec;

        for (size_t i = 0; i < p->targets_count; i++)
            follow_one(c, o, GATEWAY_API_REF(&p->targets[i]), add);
    }
}

/* ---- TLS ---- */

/* 0: not for the port; else how closely it is. */
static int closeness(const struct object *o, struct str service, const struct registry_port *port)
{
    const struct gateway_api_policy_tls_policy *p = o->spec;
    int best = 0;

    for (size_t i = 0; i < p->targets_count; i++) {
        const struct gateway_api_ref_target_ref *t = &p->targets[i];

        if (!compile_gwapi_is_ref(GATEWAY_API_REF(t), "", "Service") || !str_eq(t->name, service))
            continue;
        if (t->section.len == 0)
            best = best > 1 ? best : 1;
        else if (str_eq(t->section, port->name))
            best = 2;
    }
    return best;
}

/* The first of the ConfigMaps that is there: without one, connections fail rather than pass. */
static struct str ca_of(const struct compile *c, const struct object *o,
                        const struct gateway_api_backend_validation *v, struct arena *a)
{
    struct str name = v->cas[0].name;

    for (size_t i = v->cas_count; i-- > 0;)
        if (compile_gwapi_is_ref(GATEWAY_API_REF(&v->cas[i]), "", "ConfigMap") &&
            compile_find_object(c, API_KIND_CONFIG_MAP, o->ns, v->cas[i].name))
            name = v->cas[i].name;
    return arena_printf(a, "configmap-gateway://%.*s/%.*s", STR_ARG(o->ns), STR_ARG(name));
}

static struct traffic_policy_tls *make_tls(const struct compile *c, const struct object *o,
                                           struct arena *a)
{
    const struct gateway_api_policy_tls_policy *p = o->spec;
    const struct gateway_api_backend_validation *v = p->validation;
    struct traffic_policy_tls *tls = arena_alloc0(a, 1, sizeof(*tls));

    tls->at = v->at;
    tls->mode = TRAFFIC_POLICY_TLS_SIMPLE;
    tls->sni = v->hostname;
    if (v->cas_count)
        tls->credential_name = ca_of(c, o, v, a);
    tls->subject_alt_names = arena_alloc0(a, v->sans_count + 1, sizeof(*tls->subject_alt_names));
    for (size_t i = 0; i < v->sans_count; i++)
        tls->subject_alt_names[tls->subject_alt_names_count++] =
            v->sans[i].type == GATEWAY_API_SAN_URI ? v->sans[i].uri : v->sans[i].hostname;
    if (v->sans_count == 0)
        tls->subject_alt_names[tls->subject_alt_names_count++] = v->hostname;
    return tls;
}

const struct object *compile_gwapi_policy_fill(const struct compile *c,
                                               const struct registry_service *s,
                                               const struct registry_port *port, struct arena *a,
                                               struct compile_dr_policy *policy)
{
    const struct multimap_list *l = multimap_get(&c->service_policies, s->host);
    const struct object *tls = NULL, *traffic = NULL;
    struct str rest = s->host, name = str_cut(&rest, '.');
    int best = 0;

    for (uint32_t i = 0; l && i < l->count; i++) {
        const struct object *o = l->items[i];
        int close;

        if (o->kind->id == API_KIND_XBACKEND_TRAFFIC_POLICY) {
            if (!traffic || object_compare_age(o, traffic) < 0)
                traffic = o;
            continue;
        }
        close = closeness(o, name, port);
        if (close > best || (close && close == best && object_compare_age(o, tls) < 0)) {
            best = close;
            tls = o;
        }
    }
    if (traffic) {
        const struct gateway_api_policy_traffic_policy *p = traffic->spec;

        policy->retry_constraint = policy->retry_budget ? NULL : p->retry;
        policy->session_owner = p->session ? traffic : NULL;
    }
    if (!tls || policy->tls)
        return NULL;
    policy->tls = make_tls(c, tls, a);
    return tls;
}
