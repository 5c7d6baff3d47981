/* Raw bytes inside an HTTP CONNECT, as a stream: TCP connections that share one hop.
 *
 *     stream_tunnel_ask ────CONNECT 10.0.0.7:5432───► stream_tunnel_serve
 *        ready            ◄─────────200────────────── stream_tunnel_accept
 *        on_error         ◄─────────503────────────── stream_tunnel_refuse, or closed unanswered
 *                         ◄─────DATA, both ways─────►
 *     stream_shutdown     ──────END_STREAM──────────► on_eof
 *     reset_on_close      ──RST_STREAM CONNECT_ERROR► on_error UV_ECONNRESET
 *
 * This is what HBONE carries too. Over HTTP/2 a tunnel is held back by the window of its own stream
 * only: bytes count as taken when they were handed to a user who reads, so one that stopped keeps
 * at most that window here and nobody else waits. What is written before the answer goes along with
 * the request. A peer that gives up its stream with CANCEL or NO_ERROR just ended, as a FIN would.
 *
 * The stream owns the http_stream. Addresses are those of the connection it runs on. Loop thread.
 */
#ifndef CORE_HTTP_STREAM_TUNNEL_H
#define CORE_HTTP_STREAM_TUNNEL_H

#include "core/http/http_stream.h"
#include "core/net/stream.h"

extern const struct stream_ops stream_tunnel_ops;

/* The asking end: sends head, a CONNECT, over a client's stream. on_ready follows a 2xx; on_error
 * otherwise: ERR_DENIED (401, 403), UV_ECONNREFUSED (any other answer), UV_ECONNRESET or ERR_CLOSED
 * (none came). An error returned: hs is released and nothing was made. */
int stream_tunnel_ask(struct http_stream *hs, struct http_msg *head, struct stream **out);

/* The serving end of a CONNECT that came; end as on_request told. It is ready at once. */
struct stream *stream_tunnel_serve(struct http_stream *hs, bool end);
/* Answers 200, unless it was answered; the first write does so too. */
void stream_tunnel_accept(struct stream *s);
/* What an unanswered tunnel is told when it is closed; 503 if never said. */
void stream_tunnel_refuse(struct stream *s, int status);

#endif
