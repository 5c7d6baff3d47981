/* Questions passed on to other DNS servers, with a cache of what they said.
 *
 * Servers are asked one after the other until one answers. Each question has a socket of its own (a
 * random source port), a random id and letters in random case, so that nobody who cannot see the
 * question can answer it. Loop thread. */
#ifndef CORE_DNS_DNS_FORWARD_H
#define CORE_DNS_DNS_FORWARD_H

#include "core/dns/dns_msg.h"

struct dns_forward;
struct dns_forward_ask;
struct worker;

#define DNS_FORWARD_SERVERS 8

struct dns_forward_options {
    struct addr servers[DNS_FORWARD_SERVERS];
    size_t server_count;  /* 0: every question fails */
    uint32_t timeout_ms;  /* for each server; 0: 5000 */
    uint32_t pending_max; /* 0: 512 */
    uint32_t cache_max;   /* replies kept; 0: 1024 */
    uint32_t ttl_max_s;   /* 0: 3600 */
    uint32_t mark;        /* SO_MARK of the sockets; 0: none */
    bool keep_case;       /* for servers that don't repeat the case of letters */
};

struct dns_forward *dns_forward_new(struct worker *w, const struct dns_forward_options *options);
/* Questions under way are dropped without a call. NULL is allowed. */
void dns_forward_free(struct dns_forward *f);

/* err 0: reply is a whole message for the asker, borrowed. ERR_TIMEOUT: no server answered;
 * ERR_OVERLOAD: pending_max. */
typedef void (*dns_forward_fn)(void *arg, int err, struct str reply);

/* Calls done later, never inside. By TCP when the asker came by TCP (is_tcp): then replies are
 * whole, else they may have TC set. */
struct dns_forward_ask *dns_forward_start(struct dns_forward *f, const struct dns_msg_query *q,
                                          bool is_tcp, dns_forward_fn done, void *arg);
void dns_forward_cancel(struct dns_forward_ask *ask);

/* Reads the servers and search domains of a resolv.conf; lines it does not know are skipped. search
 * gets at most search_max heap strings, owned by the caller. Returns how many; an unreadable file
 * has none. */
size_t dns_forward_read_conf(const char *path, struct dns_forward_options *out, char **search,
                             size_t search_max);

#endif
