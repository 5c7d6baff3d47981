/* How long an idle connection to one upstream may lie before it is used again.
 *
 * Servers close idle connections: who sends a request at that moment gets no answer. Most of such
 * meetings are avoided by knowing when the other side closes: it says so (Keep-Alive: timeout=5),
 * or it is seen to. One close says little, since a server that restarts closes everything it has;
 * two closes at the same age of connections that became idle at different times are its limit. What
 * was seen is forgotten after a while, so that a changed limit is found. Loop thread. */
#ifndef CORE_HTTP_HTTP_IDLE_H
#define CORE_HTTP_HTTP_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#define HTTP_IDLE_FORGET_MS ((uint64_t)10 * 60 * 1000)

struct http_idle {
    uint64_t told_ms;     /* limit from Keep-Alive; UINT64_MAX: none */
    uint64_t seen_ms;     /* limit from closes; UINT64_MAX: none */
    uint64_t seen_until;  /* when that is forgotten */
    uint64_t last_age_ms; /* of the last close that was seen; UINT64_MAX: none */
    uint64_t last_since_ms;
};

void http_idle_init(struct http_idle *i);
/* A response said that the server keeps idle connections for so many seconds. */
void http_idle_told(struct http_idle *i, uint32_t seconds);
/* The peer closed a connection that had been idle since then. Times are of worker_now_ms. */
void http_idle_closed(struct http_idle *i, uint64_t since_ms, uint64_t now_ms);
/* The age from which an idle connection is not used; UINT64_MAX: nothing is known. */
uint64_t http_idle_limit_ms(const struct http_idle *i, uint64_t now_ms);

#endif
