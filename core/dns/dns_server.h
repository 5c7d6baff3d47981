/* A DNS server for one workload, by UDP and TCP on the same port: answers the names that its owner
 * knows and passes all other questions on.
 *
 * What Istio's agent does (spec/features.md §2.17): A and AAAA of known names with a TTL of 30 s,
 * in changing order; a known name without an address of the family asked for is an empty answer, no
 * failure; a name that is known without one of the search domains behind it is answered through a
 * CNAME. Loop thread. */
#ifndef CORE_DNS_DNS_SERVER_H
#define CORE_DNS_DNS_SERVER_H

#include "core/dns/dns_forward.h"

struct dns_server;

enum dns_server_verdict {
    DNS_SERVER_UNKNOWN, /* ask the other servers */
    DNS_SERVER_KNOWN,
    DNS_SERVER_NO_NAME, /* known not to exist */
    DNS_SERVER_REFUSED,
};

struct dns_server_found {
    const struct addr *addrs; /* both families; borrowed until the callback's next call */
    size_t count;
    uint32_t ttl_s; /* preset to 30 */
};

/* name: lower case, without a trailing dot. */
typedef enum dns_server_verdict (*dns_server_fn)(void *arg, struct str name,
                                                 struct dns_server_found *out);

struct dns_server_options {
    struct addr at; /* not a wildcard address: replies leave from the address that was asked */
    /* Sockets already bound (in another network namespace, where the system turns replies around)
     * and, TCP, listening; used instead of at, owned from the call on. */
    bool use_fds;
    int udp_fd, tcp_fd;
    struct dns_forward_options forward;
    const char *resolv_conf; /* servers and search domains; NULL: /etc/resolv.conf; "": forward and
                                search below are used instead */
    const char *const *search; /* "default.svc.cluster.local", ... */
    size_t search_count;
    uint32_t tcp_max;     /* connections; 0: 256 */
    uint32_t tcp_idle_ms; /* 0: 10,000 */
};

/* The error says what bind said. */
int dns_server_open(struct worker *w, const struct dns_server_options *options, dns_server_fn fn,
                    void *arg, struct dns_server **out);
/* NULL is allowed. Not from inside fn. */
void dns_server_close(struct dns_server *s);
/* With the port the system chose. */
const struct addr *dns_server_addr(const struct dns_server *s);

struct dns_server_counts {
    uint64_t queries, answered, forwarded, failed, dropped;
};
void dns_server_get_counts(const struct dns_server *s, struct dns_server_counts *out);

#endif
