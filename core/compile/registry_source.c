#include "core/compile/registry_source.h"

#include "core/base/mem.h"

struct registry_source *registry_source_new(struct str key)
{
    struct registry_source *src = mem_alloc0(1, sizeof(*src));

    arena_init(&src->arena, 256);
    src->key = arena_str(&src->arena, key);
    return src;
}

void registry_source_free(struct registry_source *src)
{
    if (!src)
        return;
    for (uint32_t i = 0; i < src->service_count; i++)
        registry_service_unref(src->services[i]);
    for (uint32_t i = 0; i < src->workload_count; i++)
        registry_workload_unref(src->workloads[i]); /* others may hold it, and must not ask */
    object_unref(src->object);
    arena_deinit(&src->arena);
    mem_free(src);
}

/* Lists grow in the arena by doubling: sizes are powers of two. */
static void *grown(struct registry_source *src, void *list, uint32_t count)
{
    if (count & (count - 1))
        return list;
    return arena_grow(&src->arena, list, count, count ? (size_t)count * 2 : 1, sizeof(void *));
}

void registry_source_give_service(struct registry_source *src, struct registry_service *s)
{
    if (src->object)
        s->object = object_ref(src->object);
    registry_service_seal(s);
    src->services = grown(src, src->services, src->service_count);
    src->services[src->service_count++] = s;
}

void registry_source_give_workload(struct registry_source *src, struct registry_workload *w)
{
    if (src->object)
        w->object = object_ref(src->object);
    w->source = src;
    registry_workload_seal(w);
    src->workloads = grown(src, src->workloads, src->workload_count);
    src->workloads[src->workload_count++] = w;
}

struct registry_member *registry_source_add_member(struct registry_source *src, struct str ns,
                                                   struct str host)
{
    struct registry_member *m = arena_alloc0(&src->arena, 1, sizeof(*m));

    m->source = src;
    m->healthy = true;
    m->service = arena_printf(&src->arena, "%.*s/%.*s", STR_ARG(ns), STR_ARG(host));
    src->members = grown(src, src->members, src->member_count);
    src->members[src->member_count++] = m;
    return m;
}

struct model_source registry_source_of_object(const struct object *o)
{
    return (struct model_source){
        .kind = str_of(o->kind->kind),
        .ns = o->ns,
        .name = o->name,
        .file = str_of(o->file),
        .line = o->line > 0 ? (uint32_t)o->line : 0,
    };
}
