/* What a page's x-demo-hops header says, checked: every service that took part, called by whom.
 *
 * The identities come from the certificates that the sidecars verified; a demo without mutual TLS,
 * or with the wrong identity anywhere, is not right. Any thread. */
#ifndef CMD_DEMO_HOPS_H
#define CMD_DEMO_HOPS_H

#include "core/base/buf.h"

#define DEMO_HOPS_MAX 8

struct demo_hops {
    struct demo_hop {
        struct str service; /* "reviews-v2" */
        struct str peer;    /* "spiffe://..." or "-" */
    } list[DEMO_HOPS_MAX];
    int count;
    int reviews; /* version that took part: 1, 2, 3; 0: none */
};

/* Slices of header. */
void demo_hops_read(struct demo_hops *h, struct str header);
/* All that a page takes, each called by the identity expected; else why, a line, is filled. */
bool demo_hops_check(const struct demo_hops *h, const char *trust_domain, char *why, size_t size);

#endif
