/* Application protocols negotiated by TLS (ALPN). */
#ifndef CORE_TLS_TLS_ALPN_H
#define CORE_TLS_TLS_ALPN_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

/* Those we know, as bits of a set. */
enum tls_alpn {
    TLS_ALPN_NONE = 0,
    TLS_ALPN_H2 = 1 << 0,             /* h2 */
    TLS_ALPN_HTTP11 = 1 << 1,         /* http/1.1 */
    TLS_ALPN_HTTP10 = 1 << 2,         /* http/1.0 */
    TLS_ALPN_ISTIO = 1 << 3,          /* istio */
    TLS_ALPN_ISTIO_H2 = 1 << 4,       /* istio-h2 */
    TLS_ALPN_ISTIO_HTTP11 = 1 << 5,   /* istio-http/1.1 */
    TLS_ALPN_ISTIO_HTTP10 = 1 << 6,   /* istio-http/1.0 */
    TLS_ALPN_ISTIO_EXCHANGE = 1 << 7, /* istio-peer-exchange; never answered */
    TLS_ALPN_MESH = 1 << 8,           /* mesh-h2: the multiplexed hop between two mesh proxies */
    TLS_ALPN_MESH_PEER = 1 << 9,      /* mesh-peer/1: between controls */
    TLS_ALPN_ACME = 1 << 10,          /* acme-tls/1: a certificate authority looks (RFC 8737) */
    TLS_ALPN_OTHER = 1 << 15,
};

/* The offers by which Istio's sidecars tell mesh mTLS that carries HTTP, and any mesh mTLS. */
#define TLS_ALPN_ISTIO_HTTP (TLS_ALPN_ISTIO_H2 | TLS_ALPN_ISTIO_HTTP11 | TLS_ALPN_ISTIO_HTTP10)
#define TLS_ALPN_ISTIO_ANY                                                                         \
    (TLS_ALPN_ISTIO_HTTP | TLS_ALPN_ISTIO | TLS_ALPN_ISTIO_EXCHANGE | TLS_ALPN_MESH)

/* TLS_ALPN_OTHER for a name not listed; TLS_ALPN_NONE for the empty one. Any thread, as all here.
 */
enum tls_alpn tls_alpn_from_name(struct str name);
/* The name of one bit; empty for NONE and OTHER. */
struct str tls_alpn_name(enum tls_alpn one);
/* The set of a list in wire format (length byte, name, ...); what is malformed ends the list. */
uint32_t tls_alpn_set_of_wire(const uint8_t *wire, size_t len);

#define TLS_ALPN_WIRE_MAX 128
/* Writes names[0..count-1] in wire format. Returns its length; ERR_INVALID: a name is empty or
 * longer than 255; ERR_LIMIT: more than TLS_ALPN_WIRE_MAX bytes. */
int tls_alpn_to_wire(const struct str *names, size_t count, uint8_t wire[TLS_ALPN_WIRE_MAX]);

#endif
