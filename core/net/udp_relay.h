/* Datagrams of many clients, each passed on to a server of its own and back.
 *
 *     client A ─┐              ┌─ socket, connected ── server 1
 *     client B ─┼─ one socket ─┤
 *     client C ─┘              └─ socket, connected ── server 2
 *
 * What one client address sends is a session. Its owner says where a new one goes; from then on
 * datagrams pass both ways, whole and in their order, until nothing has passed for the idle time or
 * the server's machine says that nobody listens. Nothing is queued: what the kernel does not take
 * is lost, as datagrams may be. Several are read and written at a time. Loop thread. */
#ifndef CORE_NET_UDP_RELAY_H
#define CORE_NET_UDP_RELAY_H

#include "core/loop/worker.h"
#include "core/net/addr.h"

struct udp_relay;

enum udp_relay_count {
    UDP_RELAY_SESSIONS,     /* begun */
    UDP_RELAY_NO_ROUTE,     /* datagrams of clients that the owner had no server for */
    UDP_RELAY_OVERFLOW,     /* the same: there were too many sessions or descriptors */
    UDP_RELAY_IDLE,         /* sessions ended by idleness */
    UDP_RELAY_RX_DATAGRAMS, /* of clients */
    UDP_RELAY_RX_BYTES,
    UDP_RELAY_RX_ERRORS,    /* errors of reading, and datagrams that servers could not be sent */
    UDP_RELAY_TX_DATAGRAMS, /* to clients */
    UDP_RELAY_TX_BYTES,
    UDP_RELAY_TX_ERRORS,
    UDP_RELAY_COUNT_COUNT,
};

struct udp_relay_options {
    bool reuse_port;
    uint32_t session_max; /* 0: 65536 */
    uint32_t idle_ms;     /* 0: 60000 */
};

/* Called from inside reading; none may close the relay. */
struct udp_relay_events {
    /* Where datagrams of a new client go: true, *to and *session; or false: nowhere. */
    bool (*open)(void *arg, const struct addr *client, struct addr *to, void **session);
    void (*close)(void *arg, void *session); /* what open gave; once */
    void (*count)(void *arg, enum udp_relay_count what, uint64_t by);
};

/* An error is what binding said. events must outlive the relay. */
int udp_relay_open(struct worker *w, const struct addr *at, const struct udp_relay_options *options,
                   const struct udp_relay_events *events, void *arg, struct udp_relay **out);
/* Ends all sessions, then itself; NULL is allowed. */
void udp_relay_close(struct udp_relay *r);
/* Sessions go on, new ones don't begin. */
void udp_relay_stop(struct udp_relay *r);
/* Ends the sessions that `keep` is false for. */
void udp_relay_review(struct udp_relay *r, bool (*keep)(void *arg, void *session));

const struct addr *udp_relay_addr(const struct udp_relay *r);
uint32_t udp_relay_sessions(const struct udp_relay *r);

#endif
