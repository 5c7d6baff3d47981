/* Challenges of an ACME server that gateways answer: HTTP-01 (a path on plain HTTP) and TLS-ALPN-01
 * (a certificate for clients that offer acme-tls/1). One table for the process, empty but for the
 * seconds in which a certificate is being ordered; who serves looks at one flag then. */
#ifndef CORE_FLOW_FLOW_CHALLENGE_H
#define CORE_FLOW_FLOW_CHALLENGE_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/str.h"

struct flow_challenge; /* the table */
struct flow_request;
struct tls_config;

struct flow_challenge *flow_challenge_new(void);
void flow_challenge_free(struct flow_challenge *t); /* NULL is allowed */

/* HTTP-01: "/.well-known/acme-challenge/TOKEN" is answered with the text, whatever the host.
 * TLS-ALPN-01: the server name gets this certificate. Any thread, as all here. */
void flow_challenge_add_token(struct flow_challenge *t, struct str token, struct str text);
void flow_challenge_add_tls(struct flow_challenge *t, struct str name, struct tls_config *tls);
void flow_challenge_clear(struct flow_challenge *t);

bool flow_challenge_is_empty(const struct flow_challenge *t); /* NULL is empty */
/* A reference for the caller, or NULL. */
struct tls_config *flow_challenge_find_tls(struct flow_challenge *t, struct str name);
/* In a; p == NULL: it is not one of ours. */
struct str flow_challenge_find_text(struct flow_challenge *t, struct str path, struct arena *a);

#endif
