/* Looks into a ClientHello without answering it: server name and protocols offered. BoringSSL does
 * the parsing, so what is seen here is what a handshake would see. */
#ifndef CORE_TLS_TLS_HELLO_H
#define CORE_TLS_TLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

/* A ClientHello may come in several records; more than this is refused. */
#define TLS_HELLO_MAX_BYTES ((size_t)16 * 1024 + 256)
#define TLS_HELLO_SNI_MAX   255

struct tls_hello {
    char sni_text[TLS_HELLO_SNI_MAX + 1]; /* lower case */
    size_t sni_len;                       /* 0: none was sent */
    uint32_t alpn;                        /* set of enum tls_alpn */
};

static inline struct str tls_hello_sni(const struct tls_hello *h)
{
    return str_make(h->sni_text, h->sni_len);
}

/* Can these first bytes be TLS? ERR_AGAIN: too few to say (at most 3 are needed). 0: yes.
 * ERR_PROTO: no. Any thread. */
int tls_hello_sniff(const uint8_t *p, size_t len);

/* p[0..len-1] is all the client sent so far, from its first byte. ERR_AGAIN: more is needed;
 * ERR_TLS: not a ClientHello; ERR_LIMIT: too long. Any thread. */
int tls_hello_parse(const uint8_t *p, size_t len, struct tls_hello *out);

#endif
