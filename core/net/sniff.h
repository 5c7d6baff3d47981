/* What protocol a connection's first bytes speak. Pure functions over the bytes seen so far; each
 * answers no at the first byte that rules the protocol out. Nothing is consumed. Any thread. */
#ifndef CORE_NET_SNIFF_H
#define CORE_NET_SNIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/str.h"

enum sniff_answer { SNIFF_NO, SNIFF_YES, SNIFF_MORE };

/* No classifier wants to see more than this. */
#define SNIFF_MAX_BYTES ((size_t)16 * 1024)

/* What a TLS ClientHello says. Copies: the message may be spread over several records. */
struct sniff_hello {
    uint8_t sni_len; /* 0: none */
    char sni[256];   /* lower case, terminated */
    uint16_t alpn_len;
    uint8_t alpn[512]; /* as on the wire: a length byte before each name; whole names only */
};

/* YES when the ClientHello is complete; *out is filled then (may be NULL). A server name that is no
 * host name is left out. */
enum sniff_answer sniff_tls(struct str bytes, struct sniff_hello *out);
/* Takes the next name off *rest (start with alpn, alpn_len); false at the end. */
bool sniff_next_alpn(struct str *rest, struct str *name);
bool sniff_has_alpn(const struct sniff_hello *hello, struct str name);

/* A request line up to its version: METHOD SP target SP HTTP/1.x. */
enum sniff_answer sniff_http1(struct str bytes);
/* The same, but HTTP/1.0 is none. */
enum sniff_answer sniff_http11(struct str bytes);
/* The HTTP/2 client preface. */
enum sniff_answer sniff_http2(struct str bytes);
/* The start of a PROXY header, v1 or v2 (proxy_header.h reads it). */
enum sniff_answer sniff_proxy(struct str bytes);

#endif
