#include "core/compile/compile_gateway_tcp.h"

#include "core/compile/compile_gateway_host.h"
#include "core/compile/compile_tcp.h"
#include "core/compile/compile_vs.h"

static void ignore_use(void *arg, struct str host)
{
    (void)arg;
    (void)host;
}

static bool is_bound(const struct compile_vs *vs, const struct object *gateway,
                     const struct istio_gateway_server *server, struct arena *a)
{
    for (uint32_t i = 0; i < vs->host_count; i++) {
        for (size_t j = 0; j < server->hosts_count; j++) {
            if (compile_gateway_host_meet(server->hosts[j], gateway->ns, vs->hosts[i],
                                          vs->object->ns, a)
                    .p)
                return true;
        }
    }
    return false;
}

void compile_gateway_tcp_build(struct compile *c, struct compile_part *part,
                               const struct object *gateway, struct str gateway_key,
                               const struct istio_gateway_server *server, uint16_t port,
                               bool passthrough, struct model_gateway_server *to)
{
    struct compile_route_place place = {
        .c = c, .port = port, .gateway = gateway_key, .on_use = ignore_use
    };
    struct compile_vs **list;
    uint32_t count, room = 0;
    struct arena a;

    arena_init(&a, 1024);
    count = compile_vs_of_gateway(c, gateway_key, &a, &list);
    for (uint32_t i = 0; i < count; i++)
        room += compile_tcp_room(list[i]);
    to->tcp = arena_alloc0(&part->arena, room, sizeof(*to->tcp));
    for (uint32_t i = 0; i < count; i++) {
        if (!is_bound(list[i], gateway, server, &a))
            continue;
        if (passthrough)
            to->tcp_count = compile_tcp_tls_rules(&place, list[i], part, to->tcp, to->tcp_count);
        else
            to->tcp_count = compile_tcp_tcp_rules(&place, list[i], part, to->tcp, to->tcp_count);
    }
    arena_deinit(&a);
}
