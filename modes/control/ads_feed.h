/* From the store to what is served: every object as one resource, every service and workload as an
 * address.
 *
 *     store ─cursors─► objects ──────────────► cache of objects
 *                         ├─► registry ──────► cache of addresses
 *                         └─► l4_policy ─────► cache of authorizations
 *
 * Kinds that only describe services and workloads (Service, Pod, ServiceEntry, ...) go out as
 * addresses alone. Main thread. */
#ifndef MODES_CONTROL_ADS_FEED_H
#define MODES_CONTROL_ADS_FEED_H

#include "core/base/buf.h"
#include "core/xds/xds_cache.h"
#include "modes/control/ads.h"

struct ads_credential;
struct ads_feed;
struct registry;

/* changed runs when something new may be served; call ads_feed_drain then. credential_changed:
 * other proxies may have the secrets of that name from now on; also during ads_feed_new. */
int ads_feed_new(const struct ads_options *options, void (*changed)(void *arg),
                 void (*credential_changed)(void *arg, struct str name), void *arg,
                 struct ads_feed **out);
void ads_feed_free(struct ads_feed *f); /* NULL is allowed */

/* Takes over what the store shows now. Whether anything served differs. */
bool ads_feed_drain(struct ads_feed *f);

const struct registry *ads_feed_registry(const struct ads_feed *f);
const struct ads_credential *ads_feed_credentials(const struct ads_feed *f);
const struct xds_clock *ads_feed_clock(const struct ads_feed *f);
/* The cache of a type, or NULL. */
struct xds_cache *ads_feed_cache(struct ads_feed *f, struct str type_url);

/* For tokens that outlive this process: xds_server_ops of the same names. */
void ads_feed_add_position(struct ads_feed *f, const struct xds_cache *c, struct buf *out);
int ads_feed_changed_since(struct ads_feed *f, const struct xds_cache *c, struct str position,
                           void (*each)(void *each_arg, struct str name), void *each_arg);

#endif
