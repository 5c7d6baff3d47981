/* What a server serves of one type: resources by name, and the order in which they last changed.
 *
 *      oldest change  [r3] - [r1] - [gone r7] - [r2] - [r9]  newest change
 *                              ^ a reader's cursor: everything to the right of it is news
 *
 * A change gives its resource the next number of a counter that all caches of a server share, and
 * moves it to the end; so a slow reader finds each resource once, in its newest form, whatever
 * happened meanwhile, and nothing is queued for it. What was removed stays for a while as a name
 * without content. One thread. */
#ifndef CORE_XDS_XDS_CACHE_H
#define CORE_XDS_XDS_CACHE_H

#include <stdint.h>

#include "core/base/list.h"
#include "core/base/map.h"
#include "core/base/str.h"

#define XDS_CACHE_VERSION_BYTES 17
#define XDS_CACHE_GONE_MAX      10000 /* removed names kept */

struct xds_resource {
    struct list link;
    uint64_t mod;
    struct str name, value; /* value: the bytes in the Any */
    struct str ns;          /* for visibility; may be empty */
    /* Who may know it, and who might have known an earlier form of it: the owner's text. */
    struct str audience, audience_before; /* the latter one behind the other; "*": all */
    uint32_t tag;                         /* the owner's: a kind */
    bool gone;
    char version[XDS_CACHE_VERSION_BYTES]; /* hash of value, hex */
    char data[];
};

/* Shared by the caches of one server. epoch: this life of the server, random. */
struct xds_clock {
    uint64_t mod, epoch;
};

struct xds_cache {
    const char *type_url;
    const char *any_url;
    struct xds_clock *clock;
    struct map by_name;
    struct list log; /* of xds_resource, ascending by mod */
    size_t gone_count;
    uint64_t forgotten; /* mod of the newest removal that is no longer known */
};

/* The texts are borrowed for the cache's life. */
void xds_cache_init(struct xds_cache *c, const char *type_url, const char *any_url,
                    struct xds_clock *clock);
void xds_cache_deinit(struct xds_cache *c);

struct xds_cache_item {
    struct str name, value, ns;
    struct str audience; /* empty: all */
    uint32_t tag;
};
/* Copies; whether it is news. Where the audience of a name changes often, those before are all. */
bool xds_cache_put(struct xds_cache *c, const struct xds_cache_item *item);
bool xds_cache_remove(struct xds_cache *c, struct str name);
/* The live resource, or NULL. Borrowed until it changes, as all below. */
const struct xds_resource *xds_cache_find(const struct xds_cache *c, struct str name);
/* The oldest change after mod, gone ones included; then on with xds_cache_next. NULL: none. */
const struct xds_resource *xds_cache_after(const struct xds_cache *c, uint64_t mod);
const struct xds_resource *xds_cache_next(const struct xds_cache *c, const struct xds_resource *r);
size_t xds_cache_count(const struct xds_cache *c); /* live ones */

#endif
