#include "core/compile/compile_outbound.h"

#include "core/compile/compile_mesh.h"
#include "core/compile/compile_sidecar.h"
#include "core/compile/compile_table.h"

struct model_outbound *compile_outbound_build(struct compile *c, struct snapshot *s)
{
    struct model_outbound *out = arena_alloc0(&s->arena, 1, sizeof(*out));
    size_t at = 0;

    pmap_copy(&out->by_vip, &c->vips.by_vip);
    pmap_copy(&out->tcp_by_port, &c->vips.by_port);
    pmap_copy(&out->names, &c->vips.names);
    for (struct map_slot *slot; (slot = map_next(&c->tables, &at));) {
        const struct compile_table *t = slot->value;

        map_put_u64(&out->by_port, t->port, t->model);
    }
    out->any_port = c->any_port ? c->any_port->model : NULL;
    out->policy = compile_sidecar_outbound_policy(c);
    out->passthrough = compile_sidecar_egress_proxy(c);
    if (!out->passthrough)
        out->passthrough = c->passthrough;
    out->blackhole = c->blackhole;
    if (out->policy == MODEL_ALLOW_ANY_DYNAMIC)
        out->by_name = c->by_name;
    return out;
}

void compile_outbound_deinit(struct model_outbound *out)
{
    pmap_deinit(&out->by_vip);
    pmap_deinit(&out->tcp_by_port);
    pmap_deinit(&out->names);
    map_deinit(&out->by_port);
}
