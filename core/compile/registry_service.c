#include "core/compile/registry_service.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/compile/digest.h"

/* ---- life ---- */

struct registry_service *registry_service_new(void)
{
    struct registry_service *s = mem_alloc0(1, sizeof(*s));

    s->refs = 1;
    arena_init(&s->arena, 512);
    return s;
}

struct registry_service *registry_service_derive(struct registry_service *s)
{
    struct registry_service *copy = registry_service_new();
    struct arena own = copy->arena;

    *copy = *s;
    copy->refs = 1;
    copy->arena = own;
    copy->object = NULL;
    copy->base = registry_service_ref(s);
    copy->ports = arena_dup(&copy->arena, s->ports, s->port_count * sizeof(*s->ports));
    return copy;
}

struct registry_service *registry_service_ref(const struct registry_service *s)
{
    struct registry_service *own = (struct registry_service *)(uintptr_t)s; /* only the count */

    own->refs++;
    return own;
}

void registry_service_unref(struct registry_service *s)
{
    if (!s || --s->refs > 0)
        return;
    object_unref(s->object);
    registry_service_unref(s->base);
    arena_deinit(&s->arena);
    mem_free(s);
}

static int by_number(const void *a, const void *b)
{
    const struct registry_port *pa = a, *pb = b;

    return (int)pa->port - (int)pb->port;
}

static uint64_t digest_ports(uint64_t h, const struct registry_service *s)
{
    for (uint32_t i = 0; i < s->port_count; i++) {
        const struct registry_port *p = &s->ports[i];

        h = digest_str(h, p->name);
        h = digest_str(h, p->target_name);
        h = digest_u64(h, p->port | (uint64_t)p->target << 16 | (uint64_t)p->protocol << 32 |
                              (uint64_t)p->is_udp << 40);
    }
    return digest_u64(h, s->port_count);
}

static uint64_t digest_addrs(uint64_t h, const struct registry_service *s)
{
    for (uint32_t i = 0; i < s->vip_count; i++)
        h = digest_str(h, str_make(s->vips[i].ip, s->vips[i].family == ADDR_IPV4 ? 4 : 16));
    for (uint32_t i = 0; i < s->net_count; i++) {
        h = digest_str(h, str_make(s->nets[i].base.ip, 16));
        h = digest_u64(h, s->nets[i].bits);
    }
    return digest_u64(h, s->vip_count);
}

void registry_service_seal(struct registry_service *s)
{
    uint64_t h = 0;

    if (s->port_count > 1)
        qsort(s->ports, s->port_count, sizeof(*s->ports), by_number);
    h = digest_str(h, s->host);
    h = digest_str(h, s->ns);
    h = digest_str(h, s->name);
    h = digest_str(h, s->alias_of);
    h = digest_ports(digest_addrs(h, s), s);
    for (uint32_t i = 0; i < s->selector_count; i++)
        h = digest_str(digest_str(h, s->selector[i].key), s->selector[i].value);
    h = digest_strs(h, s->export_to, s->export_to_count);
    h = digest_strs(h, s->sans, s->san_count);
    h = digest_u64(h, (uint64_t)s->created);
    h = digest_u64(h, (uint64_t)s->resolution | (uint64_t)s->external << 8 |
                          (uint64_t)s->headless << 9 | (uint64_t)s->kubernetes << 10 |
                          (uint64_t)s->wants_vip << 11 | (uint64_t)s->vip_allocated << 12 |
                          (uint64_t)s->not_ready_too << 13 | (uint64_t)s->distribution << 16);
    h = digest_str(h, s->source.kind);
    h = digest_str(h, s->source.file);
    s->hash = digest_u64(h, s->source.line);
}

/* ---- questions ---- */

bool registry_service_is_exported(const struct str *export_to, size_t count, struct str ns,
                                  struct str to)
{
    if (count == 0 || to.len == 0)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (str_is(export_to[i], "*") || str_eq(export_to[i], to) ||
            (str_is(export_to[i], ".") && str_eq(ns, to)))
            return true;
    }
    return false;
}

const struct registry_port *registry_service_port(const struct registry_service *s, uint16_t port)
{
    for (uint32_t i = 0; i < s->port_count; i++) {
        if (s->ports[i].port == port)
            return &s->ports[i];
    }
    return NULL;
}

uint8_t registry_service_distribution(struct str name)
{
    static const struct {
        struct str name;
        uint8_t distribution;
    } known[] = {
        { STR_INIT("PreferClose"), REGISTRY_DISTRIBUTION_CLOSE },
        { STR_INIT("PreferSameZone"), REGISTRY_DISTRIBUTION_ZONE },
        { STR_INIT("PreferSameNode"), REGISTRY_DISTRIBUTION_NODE },
    };

    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (str_eq(known[i].name, name))
            return known[i].distribution;
    }
    return REGISTRY_DISTRIBUTION_ANY;
}

/* ---- protocols ---- */

static const struct {
    struct str name;
    uint8_t protocol;
} names[] = {
    /* "grpc-web" before "grpc": a name is its first part up to '-'. */
    { STR_INIT("grpc-web"), MODEL_PROTOCOL_GRPC },
    { STR_INIT("grpc"), MODEL_PROTOCOL_GRPC },
    { STR_INIT("http"), MODEL_PROTOCOL_HTTP },
    { STR_INIT("http2"), MODEL_PROTOCOL_HTTP2 },
    { STR_INIT("https"), MODEL_PROTOCOL_HTTPS },
    { STR_INIT("tcp"), MODEL_PROTOCOL_TCP },
    { STR_INIT("tls"), MODEL_PROTOCOL_TLS },
    { STR_INIT("mongo"), MODEL_PROTOCOL_TCP },
    { STR_INIT("mysql"), MODEL_PROTOCOL_TCP },
    { STR_INIT("redis"), MODEL_PROTOCOL_TCP },
    { STR_INIT("udp"), MODEL_PROTOCOL_TCP },
    { STR_INIT("kubernetes.io/h2c"), MODEL_PROTOCOL_HTTP2 },
    { STR_INIT("kubernetes.io/ws"), MODEL_PROTOCOL_HTTP },
    { STR_INIT("kubernetes.io/wss"), MODEL_PROTOCOL_HTTPS },
};

uint8_t registry_service_protocol_named(struct str protocol)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_ieq(names[i].name, protocol))
            return names[i].protocol;
    }
    return MODEL_PROTOCOL_AUTO;
}

static uint8_t of_port_name(struct str name)
{
    ptrdiff_t dash = str_chr(name, '-');

    if (str_istarts(name, STR("grpc-web")) && (name.len == 8 || name.p[8] == '-'))
        return MODEL_PROTOCOL_GRPC;
    return registry_service_protocol_named(dash < 0 ? name : str_head(name, (size_t)dash));
}

uint8_t registry_service_protocol(struct str app_protocol, struct str port_name, uint16_t port)
{
    static const uint16_t server_first[] = { 25, 53, 3306, 27017 };
    uint8_t found = registry_service_protocol_named(app_protocol);

    if (found == MODEL_PROTOCOL_AUTO)
        found = of_port_name(port_name);
    for (size_t i = 0; found == MODEL_PROTOCOL_AUTO && i < COUNT_OF(server_first); i++) {
        if (server_first[i] == port)
            found = MODEL_PROTOCOL_TCP;
    }
    return found;
}
