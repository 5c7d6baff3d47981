/* What a name stood for at a time: shared and immutable. Any thread. */
#ifndef CORE_DNS_DNS_ADDRS_H
#define CORE_DNS_DNS_ADDRS_H

#include "core/net/addr.h"

struct dns_addrs {
    uint32_t ttl_s;     /* of the shortest-lived record, when it was fetched */
    size_t count;       /* 1 or more */
    struct addr list[]; /* port 0 */
};

/* NULL may be unref'd. */
const struct dns_addrs *dns_addrs_ref(const struct dns_addrs *addrs);
void dns_addrs_unref(const struct dns_addrs *addrs);

/* For who fills one in: room for max addresses, count 0, one reference. */
struct dns_addrs *dns_addrs_new(size_t max);
/* Gives back the room that was not needed; returns where it is now. Before anybody else has it. */
struct dns_addrs *dns_addrs_shrink(struct dns_addrs *addrs);

#endif
