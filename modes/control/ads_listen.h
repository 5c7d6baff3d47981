/* The ports that proxies connect to: discovery and certificates over gRPC.
 *
 *     Unix socket       our own user, proven by the kernel     ADS and CA
 *     plain, loopback   nothing is proven                      ADS without secrets
 *     TLS               join token, then certificate           ADS and CA
 *
 * The certificate of the TLS port is made here and renewed. Main thread. */
#ifndef MODES_CONTROL_ADS_LISTEN_H
#define MODES_CONTROL_ADS_LISTEN_H

#include "core/net/addr.h"

struct ads;
struct ads_listen;
struct ca;
struct store;
struct worker;

struct ads_listen_options {
    struct ads *ads;
    struct ca *ca;
    struct store *store;
    const char *socket_path; /* NULL: none */
    struct addr plain, tls;  /* ADDR_NONE: none */
};

/* *why says which port and what to do; it lives as long as options' text, or is constant. */
int ads_listen_open(struct worker *w, const struct ads_listen_options *options,
                    struct ads_listen **out, const char **why);
/* Accepts no more and ends the connections; done(arg) when the last one is gone. */
void ads_listen_close(struct ads_listen *l, void (*done)(void *arg), void *arg);
void ads_listen_free(struct ads_listen *l); /* NULL is allowed */

/* As bound; ADDR_NONE: not open. */
const struct addr *ads_listen_plain_addr(const struct ads_listen *l);
const struct addr *ads_listen_tls_addr(const struct ads_listen *l);

#endif
