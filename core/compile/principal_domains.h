/* Trust domains of the principals that policies name (AZ-10): one that is of the mesh's own trust
 * domain or of an alias stands for the same account in all of them, and "cluster.local" for the
 * mesh's own domain, whatever it is called. */
#ifndef CORE_COMPILE_PRINCIPAL_DOMAINS_H
#define CORE_COMPILE_PRINCIPAL_DOMAINS_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/str.h"

struct principal_domains {
    struct str own;
    const struct str *aliases;
    size_t alias_count;
};

/* Writes what text, a principal as policies write it ("TD/ns/NS/sa/SA", "*SUFFIX", "PREFIX*"),
 * stands for to out, which has room for alias_count + 2: itself first, then what is in a. Returns
 * how many. Any thread. */
size_t principal_domains_expand(const struct principal_domains *d, struct str text, struct arena *a,
                                struct str *out);

#endif
