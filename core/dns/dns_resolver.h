/* Names to addresses for one worker: /etc/hosts and the system's servers by c-ares, with a cache.
 *
 * Answers are kept for their time to live, failures for a short while; callers who ask for the same
 * name at the same time share one query. A result never changes once handed out. Loop thread. */
#ifndef CORE_DNS_DNS_RESOLVER_H
#define CORE_DNS_DNS_RESOLVER_H

#include "core/base/str.h"
#include "core/dns/dns_addrs.h"

struct dns_resolver;
struct dns_lookup;
struct worker;

enum dns_family { DNS_FAMILY_ANY, DNS_FAMILY_IPV4, DNS_FAMILY_IPV6 };

struct dns_resolver_options {
    const char *servers;           /* "10.0.0.10:53,[fd00::10]"; NULL: /etc/resolv.conf */
    const char *hosts_file;        /* NULL: /etc/hosts; "": none */
    uint32_t timeout_ms;           /* of one try; 0: 2000 */
    uint32_t tries;                /* 0: 3 */
    uint32_t cache_max;            /* names kept; 0: 4096 */
    uint32_t pending_max;          /* names asked for at a time; 0: 1024 */
    uint32_t ttl_min_s, ttl_max_s; /* what a TTL is bounded by; max 0: 3600 */
    uint32_t failure_ttl_s;        /* 0: 5 */
};

/* options may be NULL. 0, or ERR_INVALID for servers that are none, or ERR_INTERNAL from c-ares. */
int dns_resolver_new(struct worker *w, const struct dns_resolver_options *options,
                     struct dns_resolver **out);
/* Callers that still wait are not called back. NULL is allowed. */
void dns_resolver_free(struct dns_resolver *r);

/* err 0: addrs, borrowed (ref to keep); else NULL. ERR_NOT_FOUND: no such name, or no address of
 * that family; ERR_TIMEOUT; ERR_OVERLOAD: pending_max is reached; ERR_INVALID: no name at all. */
typedef void (*dns_lookup_fn)(void *arg, int err, const struct dns_addrs *addrs);

/* Calls done later, also when the answer is known already. An IP address stands for itself. The
 * handle is for dns_resolver_cancel and dies with the callback. */
struct dns_lookup *dns_resolver_start(struct dns_resolver *r, struct str name,
                                      enum dns_family family, dns_lookup_fn done, void *arg);
/* done is not called. NULL is allowed. */
void dns_resolver_cancel(struct dns_lookup *lookup);

/* What the cache knows right now, without asking anybody; NULL when it does not. Borrowed until the
 * loop turns. */
const struct dns_addrs *dns_resolver_peek(struct dns_resolver *r, struct str name,
                                          enum dns_family family);
/* Forgets everything cached. */
void dns_resolver_flush(struct dns_resolver *r);

#endif
