#include "core/tls/tls_alpn.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/mem.h"

static const struct {
    enum tls_alpn id;
    struct str name;
} table[] = {
    { TLS_ALPN_H2, STR_INIT("h2") },
    { TLS_ALPN_HTTP11, STR_INIT("http/1.1") },
    { TLS_ALPN_HTTP10, STR_INIT("http/1.0") },
    { TLS_ALPN_ISTIO, STR_INIT("istio") },
    { TLS_ALPN_ISTIO_H2, STR_INIT("istio-h2") },
    { TLS_ALPN_ISTIO_HTTP11, STR_INIT("istio-http/1.1") },
    { TLS_ALPN_ISTIO_HTTP10, STR_INIT("istio-http/1.0") },
    { TLS_ALPN_ISTIO_EXCHANGE, STR_INIT("istio-peer-exchange") },
    { TLS_ALPN_MESH, STR_INIT("mesh-h2") },
    { TLS_ALPN_MESH_PEER, STR_INIT("mesh-peer/1") },
    { TLS_ALPN_ACME, STR_INIT("acme-tls/1") },
};

enum tls_alpn tls_alpn_from_name(struct str name)
{
    if (name.len == 0)
        return TLS_ALPN_NONE;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        if (str_eq(table[i].name, name))
            return table[i].id;
    }
    return TLS_ALPN_OTHER;
}

struct str tls_alpn_name(enum tls_alpn one)
{
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        if (table[i].id == one)
            return table[i].name;
    }
    return STR_NONE;
}

uint32_t tls_alpn_set_of_wire(const uint8_t *wire, size_t len)
{
    uint32_t set = 0;

    while (len > 0 && wire[0] > 0 && wire[0] < len) {
        set |= tls_alpn_from_name(str_make(wire + 1, wire[0]));
        len -= (size_t)wire[0] + 1;
        wire += wire[0] + 1;
    }
    return set;
}

int tls_alpn_to_wire(const struct str *names, size_t count, uint8_t wire[TLS_ALPN_WIRE_MAX])
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        if (names[i].len == 0 || names[i].len > UINT8_MAX)
            return ERR_INVALID;
        if (names[i].len + 1 > TLS_ALPN_WIRE_MAX - len)
            return ERR_LIMIT;
        wire[len] = (uint8_t)names[i].len;
        memcpy(wire + len + 1, names[i].p, names[i].len);
        len += names[i].len + 1;
    }
    return (int)len;
}
