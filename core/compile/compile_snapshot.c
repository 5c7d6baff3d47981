#include "core/compile/compile_snapshot.h"

#include "core/base/mem.h"
#include "core/compile/compile_gateway.h"
#include "core/compile/compile_inbound.h"
#include "core/compile/compile_mesh.h"
#include "core/compile/compile_outbound.h"
#include "core/compile/compile_part.h"
#include "core/compile/compile_table.h"

enum { PARTS_MAX = 3 + COMPILE_LIST_PARTS };

struct own_snapshot {
    struct snapshot model; /* first: it is freed as a whole */
    struct compile_part *parts[PARTS_MAX];
    uint32_t part_count;
};

static void keep(struct own_snapshot *s, struct compile_part *p)
{
    if (p)
        s->parts[s->part_count++] = compile_part_ref(p);
}

static void deinit(struct snapshot *model)
{
    struct own_snapshot *s = CONTAINER_OF(model, struct own_snapshot, model);

    model->cluster_count = 0; /* held by parts */
    if (model->outbound) {
        model_cluster_unref(model->outbound->passthrough);
        model_cluster_unref(model->outbound->blackhole);
        compile_outbound_deinit(model->outbound);
    }
    for (uint32_t i = 0; i < s->part_count; i++)
        compile_part_unref(s->parts[i]);
}

/* Pointers only: the references are held by the list's parts. */
static void add_clusters(struct compile *c, struct own_snapshot *own)
{
    struct snapshot *s = &own->model;
    struct compile_list *l = &c->clusters;

    compile_list_settle(l);
    s->clusters = arena_dup(&s->arena, l->items, l->count * sizeof(struct model_cluster *));
    s->cluster_count = l->count;
    for (uint32_t i = 0; i < COMPILE_LIST_PARTS; i++)
        keep(own, l->parts[i]);
}

/* ---- the rest ---- */

static void add_tables(struct compile *c, struct snapshot *s)
{
    size_t at = 0;

    s->tables = arena_alloc0(&s->arena, c->tables.count + 1 + compile_gateway_table_count(c),
                             sizeof(struct model_route_table *));
    for (struct map_slot *slot; (slot = map_next(&c->tables, &at));)
        s->tables[s->table_count++] =
            model_route_table_ref(((const struct compile_table *)slot->value)->model);
    if (c->any_port && c->any_port->model)
        s->tables[s->table_count++] = model_route_table_ref(c->any_port->model);
}

static void add_listeners(struct compile *c, struct snapshot *s)
{
    const struct compile_options *o = &c->options;
    uint32_t gateways = compile_gateway_listener_count(c);

    s->listeners = arena_alloc0(&s->arena, o->listener_count + gateways, sizeof(*s->listeners));
    for (uint32_t i = 0; i < o->listener_count; i++) {
        const struct compile_listener *from = &o->listeners[i];

        s->listeners[s->listener_count++] = (struct model_listener){
            .name = arena_str(&s->arena, from->name),
            .bind = from->bind,
            .kind = from->kind,
            .proxy_protocol = from->proxy_protocol,
            .app_port = from->app_port,
        };
    }
    compile_gateway_listeners(c, s);
}

struct snapshot *compile_snapshot_build(struct compile *c)
{
    struct own_snapshot *own = mem_alloc0(1, sizeof(*own));
    struct snapshot *s = &own->model;

    atomic_init(&s->refs, 1);
    arena_init(&s->arena, 4096);
    s->deinit = deinit;
    s->version = ++c->version;
    s->node = c->node;
    s->settings = compile_mesh_copy_settings(&c->mesh->settings, &s->arena);
    keep(own, c->inbound);
    keep(own, c->gateway);
    keep(own, c->telemetry);
    s->telemetry = c->telemetry->data;
    if (!c->node->is_gateway) {
        s->outbound = compile_outbound_build(c, s);
        model_cluster_ref(s->outbound->passthrough);
        model_cluster_ref(s->outbound->blackhole);
        s->inbound = &((struct compile_inbound *)c->inbound->data)->model;
    }
    add_clusters(c, own);
    add_tables(c, s);
    add_listeners(c, s);
    pmap_copy(&s->peers_by_ip, &c->peers.by_ip);
    pmap_copy(&s->peers_by_identity, &c->peers.by_identity);
    return s;
}
