#include "core/compile/compile_gwapi_world.h"

#include "core/base/mem.h"

static void each(void *arg, uint16_t kind, void (*fn)(void *fn_arg, const struct object *o),
                 void *fn_arg)
{
    compile_each_object(arg, kind, fn, fn_arg);
}

static const struct object *find(void *arg, uint16_t kind, struct str ns, struct str name)
{
    return compile_find_object(arg, kind, ns, name);
}

static bool has_port(const struct registry_service *s, uint16_t port, bool is_udp)
{
    for (uint32_t i = 0; i < s->port_count; i++) {
        if (s->ports[i].port == port && s->ports[i].is_udp == is_udp)
            return true;
    }
    return port == 0;
}

static bool has_service(void *arg, struct str ns, struct str name, uint16_t port, bool is_udp)
{
    struct compile *c = arg;
    const struct registry_service *s;
    struct arena a;

    arena_init(&a, 256);
    s = registry_find(c->registry, arena_printf(&a, "%.*s.%.*s.svc.%.*s", STR_ARG(name),
                                                STR_ARG(ns), STR_ARG(c->dns_domain)));
    arena_deinit(&a);
    return s && has_port(s, port, is_udp);
}

struct compile_gwapi_world compile_gwapi_world_of(struct compile *c)
{
    return (struct compile_gwapi_world){ .arg = c,
                                         .each = each,
                                         .find = find,
                                         .has_service = has_service,
                                         .dns_domain = c->dns_domain };
}
