/* The library contexts (SSL_CTX) behind a tls_config. */
#ifndef CORE_TLS_TLS_CONTEXT_H
#define CORE_TLS_TLS_CONTEXT_H

#include <stdint.h>

struct ssl_ctx_st;
struct ssl_st;
struct tls_config;
struct worker;

/* What the library asks back during a handshake. The SSL's application data is the struct it is
 * embedded in at its start. */
struct tls_context_hooks {
    /* Server: the ClientHello is there. */
    void (*on_hello)(struct tls_context_hooks *h, const char *sni, uint32_t alpn);
    /* The peer's chain is there: 0, or an error with *alert set. */
    int (*verify)(struct tls_context_hooks *h, struct ssl_st *ssl, uint8_t *alert);
};

/* A context of its own; owned by the caller (SSL_CTX_free). ERR_INVALID with *why when the library
 * refuses the settings. Any thread. */
int tls_context_new(const struct tls_config *c, struct ssl_ctx_st **out, const char **why);

/* The context of c for w. Borrowed while c is held. w's thread. */
struct ssl_ctx_st *tls_context_get(struct tls_config *c, struct worker *w);

#endif
