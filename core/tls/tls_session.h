/* One TLS connection without its transport: the library's SSL over a tls_bio, what it has learnt
 * about the peer, and what went wrong. stream_tls puts it between two streams. Loop thread. */
#ifndef CORE_TLS_TLS_SESSION_H
#define CORE_TLS_TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/tls/stream_tls.h"
#include "core/tls/tls_bio.h"
#include "core/tls/tls_context.h"

struct tls_session {
    struct tls_context_hooks hooks; /* first: it is what the SSL points at */
    struct ssl_st *ssl;             /* NULL until tls_session_start */
    struct tls_config *config;      /* reference; NULL when the handshake is done */
    struct tls_bio bio;
    struct tls_peer *peer; /* reference; NULL: no certificate was shown */
    char *sni;             /* or NULL */
    uint32_t alpn_offered;
    bool got_notify;  /* the peer's close_notify came */
    bool sent_notify; /* ours left */
    int code;         /* of the first error; 0: none */
    char *error;      /* its text, or NULL */
};

/* output: the stream that records go to; borrowed. */
void tls_session_init(struct tls_session *s, struct worker *w, struct stream *output);
void tls_session_deinit(struct tls_session *s);
/* Once; takes a reference of config. */
void tls_session_start(struct tls_session *s, struct tls_config *config);

/* Goes on with what input there is. 0: done; ERR_AGAIN: needs more input; else the error. */
int tls_session_handshake(struct tls_session *s);

/* Decrypts into out until less than a record has room or the input is used up; *len is what came,
 * also with an error. 0: there may be more; ERR_AGAIN: needs more input, or got_notify. */
int tls_session_read(struct tls_session *s, uint8_t *out, size_t size, size_t *len);
/* Has the library decrypted bytes that were not read yet? */
bool tls_session_has_read(const struct tls_session *s);
int tls_session_write(struct tls_session *s, const struct iovec *iov, int count);
/* Sends close_notify, once. */
void tls_session_notify(struct tls_session *s);

/* Remembers the first reason; text is copied. Returns code. */
int tls_session_fail(struct tls_session *s, int code, const char *text);
void tls_session_get_info(const struct tls_session *s, struct stream_tls_info *out);

#endif
