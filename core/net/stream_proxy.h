/* A layer that takes a PROXY header off the front of an accepted connection.
 *
 * It becomes ready when the header is there; from then on it is transparent, and stream_peer,
 * stream_local and stream_original_dst tell what the header said. A header that is missing, broken
 * or late is on_error (ERR_PROTO, ERR_TIMEOUT). Use it only where the other end is known to be a
 * balancer: anybody can write such a header. Loop thread. */
#ifndef CORE_NET_STREAM_PROXY_H
#define CORE_NET_STREAM_PROXY_H

#include "core/net/proxy_header.h"
#include "core/net/stream.h"

extern const struct stream_ops stream_proxy_ops;

struct stream_proxy_options {
    uint32_t timeout_ms; /* 0: 5000 */
    bool optional;       /* a connection without header is taken as it is */
};

/* Owns lower from here on; never fails. It reads by itself until the header is whole. options may
 * be NULL. */
struct stream *stream_proxy_new(struct stream *lower, const struct stream_proxy_options *options);
/* What it said; NULL when there was none. s is the layer itself (stream_find). tlvs are copies that
 * live as long as the stream. */
const struct proxy_header *stream_proxy_header(const struct stream *s);

/* Writes a header as the first bytes of a connection to somebody who expects one. */
int stream_proxy_write(struct stream *s, int version, const struct addr *src,
                       const struct addr *dst);

#endif
