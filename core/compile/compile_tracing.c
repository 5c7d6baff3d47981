#include "core/compile/compile_tracing.h"

#include <stdlib.h>

#include "core/api/istio_telemetry.h"
#include "core/base/mem.h"
#include "core/compile/compile_cluster.h"
#include "core/compile/compile_mesh.h"
#include "core/compile/compile_provider.h"
#include "core/text/duration.h"

#define DEFAULT_MAX_TAG 256
#define DEFAULT_TIMEOUT 3000

/* What the levels came to. */
struct choice {
    struct str provider;
    double sampling; /* percent; below 0: nobody said */
    bool no_report, no_istio_tags, no_propagation;
    const struct istio_telemetry_tag_entry *tags;
    size_t tag_count;
};

static bool is_side(int mode, enum model_side side)
{
    return mode == ISTIO_TELEMETRY_CLIENT_AND_SERVER ||
           mode == (side == MODEL_SIDE_CLIENT ? ISTIO_TELEMETRY_CLIENT : ISTIO_TELEMETRY_SERVER);
}

static void set_flag(bool *to, const struct field_opt *from, bool when)
{
    if (from->set)
        *to = (from->value != 0) == when;
}

static void merge(struct choice *to, const struct istio_telemetry_tracing *t)
{
    if (t->providers_count)
        to->provider = t->providers[0].name;
    if (t->sampling.set)
        to->sampling = t->sampling.value;
    set_flag(&to->no_report, &t->disable_reporting, true);
    set_flag(&to->no_istio_tags, &t->istio_tags, false);
    set_flag(&to->no_propagation, &t->disable_propagation, true);
    if (t->tags_count) { /* TL-2: they replace those of the wider level */
        to->tags = t->tags;
        to->tag_count = t->tags_count;
    }
}

/* ---- tags ---- */

static struct str from_environment(struct str name, struct str absent, struct arena *a)
{
    const char *value = getenv(arena_strz(a, name));

    return value ? arena_str(a, str_of(value)) : arena_str(a, absent);
}

static void add_tag(struct model_tracing *out, const struct istio_telemetry_tag_entry *e,
                    struct arena *a)
{
    const struct istio_telemetry_tag *t = &e->value;
    struct model_trace_tag *to = &out->tags[out->tag_count];

    to->name = arena_str(a, e->key);
    if (t->literal) {
        to->value = arena_str(a, t->literal->value);
    } else if (t->environment) {
        to->value = from_environment(t->environment->name, t->environment->default_value, a);
    } else if (t->header) {
        to->kind = MODEL_TRACE_TAG_HEADER;
        to->value = arena_lower(a, t->header->name);
        to->absent = arena_str(a, t->header->default_value);
    } else {
        return; /* a formatter: not yet */
    }
    out->tag_count++;
}

/* ---- the provider ---- */

static void add_headers(struct model_trace_export *to, const struct mesh_provider_header *list,
                        size_t n, struct arena *a)
{
    to->headers = arena_alloc0(a, n, sizeof(*to->headers));
    for (size_t i = 0; i < n; i++)
        to->headers[to->header_count++] = (struct model_trace_header){
            .name = arena_lower(a, list[i].name),
            .value = list[i].env_name.len ? from_environment(list[i].env_name, STR(""), a)
                                          : arena_str(a, list[i].value),
        };
}

static uint32_t ms_of(const struct field_opt *d)
{
    return d->set && d->value >= DURATION_MS ? (uint32_t)(d->value / DURATION_MS) : DEFAULT_TIMEOUT;
}

static const struct model_trace_export *
export_of(const struct compile *c, const struct mesh_provider_otel *p, struct arena *a)
{
    struct model_trace_export *to = arena_alloc0(a, 1, sizeof(*to));
    struct str host = compile_provider_host(c, p->service, a);

    to->authority = arena_printf(a, "%.*s:%lld", STR_ARG(host), (long long)p->port);
    to->cluster = compile_cluster_name((uint16_t)p->port, STR_NONE, host, a);
    to->is_grpc = p->http == NULL;
    to->timeout_ms = DEFAULT_TIMEOUT;
    if (p->http) {
        to->path = p->http->path.len ? arena_str(a, p->http->path) : STR("/v1/traces");
        to->timeout_ms = ms_of(&p->http->timeout);
        add_headers(to, p->http->headers, p->http->headers_count, a);
    } else if (p->grpc) {
        to->timeout_ms = ms_of(&p->grpc->timeout);
        add_headers(to, p->grpc->initial_metadata, p->grpc->initial_metadata_count, a);
    }
    return to;
}

static void use_provider(const struct compile *c, const struct mesh_provider *p, bool report,
                         struct arena *a, struct model_tracing *out)
{
    int64_t max_tag = 0;

    if (p->opentelemetry) {
        out->headers = MODEL_TRACE_W3C;
        max_tag = p->opentelemetry->max_tag_length;
        out->to = report ? export_of(c, p->opentelemetry, a) : NULL;
    } else if (p->zipkin) { /* headers only: its collector is not spoken to */
        out->headers = MODEL_TRACE_B3;
        if (p->zipkin->trace_context_option == MESH_PROVIDER_CONTEXT_USE_B3_WITH_W3C_PROPAGATION)
            out->headers |= MODEL_TRACE_W3C;
        max_tag = p->zipkin->max_tag_length;
    } else {
        return;
    }
    out->enabled = true;
    out->max_tag_bytes = max_tag ? (uint32_t)max_tag : DEFAULT_MAX_TAG;
}

static struct str service_name(const struct compile *c, struct arena *a)
{
    const struct model_node *n = c->node;
    struct str app = n->app.len                 ? n->app
                     : n->canonical_service.len ? n->canonical_service
                                                : n->workload_name;

    return arena_printf(a, "%.*s.%.*s", STR_ARG(app), STR_ARG(n->ns));
}

void compile_tracing_build(struct compile *c, const struct object *const *levels, size_t count,
                           enum model_side side, struct arena *a, struct model_tracing *out)
{
    const struct mesh_config *m = &c->mesh->config;
    const struct mesh_proxy_config_tracing *old = c->mesh->proxy.tracing;
    struct choice choice = { .sampling = -1 };
    const struct mesh_provider *p;

    if (m->default_providers && m->default_providers->tracing_count)
        choice.provider = m->default_providers->tracing[0];
    for (size_t i = 0; i < count; i++) {
        const struct istio_telemetry *t = levels[i] ? levels[i]->spec : NULL;

        for (size_t k = 0; t && k < t->tracing_count; k++)
            if (is_side(t->tracing[k].match ? t->tracing[k].match->mode : 0, side))
                merge(&choice, &t->tracing[k]);
    }
    p = compile_provider_find(c, choice.provider);
    if (!p || (m->enable_tracing.set && !m->enable_tracing.value))
        return;
    use_provider(c, p, !choice.no_report, a, out);
    if (choice.sampling < 0)
        choice.sampling = old && old->sampling.set ? old->sampling.value : 1;
    out->sampling = (uint32_t)(choice.sampling * 100 + 0.5);
    out->propagate = !choice.no_propagation;
    out->istio_tags = !choice.no_istio_tags;
    out->service_name = service_name(c, a);
    out->tags = arena_alloc0(a, choice.tag_count, sizeof(*out->tags));
    for (size_t i = 0; i < choice.tag_count; i++)
        add_tag(out, &choice.tags[i], a);
}
