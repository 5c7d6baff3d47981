/* Server configs by server name: exact, then the longest wildcard, then the default.
 *
 *     "shop.example.com"   exact (ASCII case ignored)
 *     "*.example.com"      any name that ends in .example.com, of any number of labels (as Envoy's
 *                          filter chain match); "*" or "": the default
 *
 * Immutable and counted. */
#ifndef CORE_TLS_TLS_SNI_H
#define CORE_TLS_TLS_SNI_H

#include <stddef.h>

#include "core/base/str.h"

struct tls_config;
struct tls_hello;
struct tls_sni; /* opaque */

struct tls_sni_row {
    struct str pattern;
    struct tls_config *config; /* a server's; a reference is taken */
};

/* ERR_EXISTS: a pattern twice (*bad_row says which row, may be NULL). Any thread, as all here. */
int tls_sni_new(const struct tls_sni_row *rows, size_t count, struct tls_sni **out,
                size_t *bad_row);
struct tls_sni *tls_sni_ref(struct tls_sni *t);
void tls_sni_unref(struct tls_sni *t);

/* The config for a name (empty: the client sent none), or NULL. Borrowed. */
struct tls_config *tls_sni_find(const struct tls_sni *t, struct str name);
/* For stream_tls_server_choose: arg is the struct tls_sni. */
struct tls_config *tls_sni_choose(void *arg, const struct tls_hello *hello);

#endif
