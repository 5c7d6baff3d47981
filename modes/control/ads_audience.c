#include "modes/control/ads_audience.h"

#include "core/api/destination_rule.h"
#include "core/api/service_entry.h"
#include "core/api/virtual_service.h"

struct str ads_audience_exported(const struct str *export_to, size_t count, struct str ns,
                                 struct arena *a)
{
    struct str all = STR(" ");

    if (count == 0)
        return STR_NONE;
    for (size_t i = 0; i < count; i++) {
        struct str one = export_to[i];

        if (str_is(one, "*"))
            return STR_NONE;
        if (str_is(one, "~"))
            continue;
        one = str_is(one, ".") ? ns : one;
        all = arena_printf(a, "%.*s%.*s ", STR_ARG(all), STR_ARG(one));
    }
    return all;
}

struct export_list {
    const struct str *list;
    size_t count;
};

static struct export_list or_default(const struct str *own, size_t own_count, const struct str *def,
                                     size_t def_count)
{
    return own_count ? (struct export_list){ own, own_count }
                     : (struct export_list){ def, def_count };
}

/* Only its own namespace's rules may use a delegate that is for that one; else whoever sees those
 * rules needs it. */
static struct str of_virtual_service(const struct object *o, const struct mesh_config *m,
                                     struct arena *a)
{
    const struct virtual_service *vs = o->spec;
    struct export_list e =
        or_default(vs->export_to, vs->export_to_count, m->default_virtual_service_export_to,
                   m->default_virtual_service_export_to_count);
    struct str audience = ads_audience_exported(e.list, e.count, o->ns, a);

    if (vs->hosts_count || !audience.len)
        return audience;
    return e.count == 1 && str_is(e.list[0], ".") ? audience : STR_NONE;
}

static struct str of_destination_rule(const struct object *o, const struct mesh_config *m,
                                      struct arena *a)
{
    const struct destination_rule *dr = o->spec;
    struct export_list e =
        or_default(dr->export_to, dr->export_to_count, m->default_destination_rule_export_to,
                   m->default_destination_rule_export_to_count);

    return ads_audience_exported(e.list, e.count, o->ns, a);
}

struct str ads_audience_of_service(const struct str *export_to, size_t count, struct str ns,
                                   const struct ads_scope *scope, struct arena *a)
{
    struct export_list e = or_default(export_to, count, scope->config.default_service_export_to,
                                      scope->config.default_service_export_to_count);

    return ads_audience_exported(e.list, e.count, ns, a);
}

static struct str of_namespace(const struct object *o, struct str root_ns, struct arena *a)
{
    static const struct str own = STR_INIT(".");

    return str_eq(o->ns, root_ns) ? STR_NONE : ads_audience_exported(&own, 1, o->ns, a);
}

struct str ads_audience_of(const struct object *o, const struct ads_scope *scope, struct arena *a)
{
    const struct service_entry *se = o->spec;

    switch (o->kind->id) {
    case API_KIND_VIRTUAL_SERVICE:
        return of_virtual_service(o, &scope->config, a);
    case API_KIND_DESTINATION_RULE:
        return of_destination_rule(o, &scope->config, a);
    case API_KIND_SERVICE_ENTRY:
        return ads_audience_of_service(se->export_to, se->export_to_count, o->ns, scope, a);
    case API_KIND_SIDECAR:
    case API_KIND_PROXY_CONFIG:
    case API_KIND_ENVOY_FILTER:
    case API_KIND_AUTHORIZATION_POLICY:
    case API_KIND_REQUEST_AUTHENTICATION:
    case API_KIND_TELEMETRY:
    case API_KIND_WASM_PLUGIN:
    case API_KIND_TRAFFIC_EXTENSION:
        return of_namespace(o, scope->root_ns, a);
    default:
        return STR_NONE;
    }
}

bool ads_audience_has(struct str audience, struct str ns)
{
    if (!audience.len)
        return true;
    while (ns.len && audience.p) {
        if (str_eq(str_cut(&audience, ' '), ns))
            return true;
    }
    return false;
}
