/* TLS as a layer of a stream stack.
 *
 *      lower.on_read(cipher) -> SSL_read* -> on_read(plain: a slice of the worker's scratch)
 *      stream_write(plain)   -> SSL_write* -> lower.write(records sealed together, one call)
 *
 * on_ready follows the handshake; then the results below are there. The handshake runs whether or
 * not the user reads. Idle, a connection owns no buffer; what verifying found out is shared by all
 * connections of one peer (tls_peer.h). Errors: ERR_CERT when we refused the peer's certificate,
 * ERR_TLS for everything else TLS, ERR_TIMEOUT for a slow handshake, ERR_CLOSED when the peer hung
 * up before its end; stream_tls_error says more. In TLS 1.3 a client is ready before the server has
 * looked at its certificate: a refusal is an error after on_ready.
 *
 * Loop thread. */
#ifndef CORE_TLS_STREAM_TLS_H
#define CORE_TLS_STREAM_TLS_H

#include "core/net/stream.h"
#include "core/tls/tls_alpn.h"
#include "core/tls/tls_config.h"
#include "core/tls/tls_hello.h"

extern const struct stream_ops stream_tls_ops;

/* lower is owned from the call on, also on failure: ERR_INVALID for a config of the other end, or
 * the error of the first write. A reference to config is kept until the handshake is over. */
int stream_tls_server(struct stream *lower, struct tls_config *config, struct stream **out);
int stream_tls_client(struct stream *lower, struct tls_config *config, struct stream **out);

/* As stream_tls_server with a config chosen by the ClientHello; NULL refuses the connection
 * (unrecognized_name). choose runs at most once, and not after the stream was closed; arg must live
 * until then or until on_ready. The config returned is borrowed for the call. */
typedef struct tls_config *(*stream_tls_choose_fn)(void *arg, const struct tls_hello *hello);
int stream_tls_server_choose(struct stream *lower, stream_tls_choose_fn choose, void *arg,
                             struct stream **out);

struct stream_tls_info {
    struct tls_peer *peer; /* NULL: it showed no certificate. Borrowed */
    struct str sni;        /* sent (client) or asked for (server); empty: none */
    struct str alpn;       /* negotiated; empty: none */
    enum tls_alpn alpn_id; /* the same as one bit */
    uint32_t alpn_offered; /* server: set of enum tls_alpn in the ClientHello */
    const char *version;   /* "TLSv1.3" */
    const char *cipher;    /* "TLS_AES_128_GCM_SHA256" (IANA names) */
};

/* The TLS layer of the stack whose top is s; false when it has none or its handshake is not done.
 * The slices live as long as the stream. */
bool stream_tls_get_info(struct stream *s, struct stream_tls_info *out);
/* The peer's SPIFFE id, or empty. A short cut. */
struct str stream_tls_peer_id(struct stream *s);

/* What went wrong, for logs: "certificate expired", "peer sent alert: unknown ca"; "" for nothing.
 * Valid as long as the stream, also in and after on_error. */
const char *stream_tls_error(const struct stream *s);

#endif
