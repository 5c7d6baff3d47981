/* Watches the folders of files that objects name (certificates, keys, revocation lists), so that a
 * renewed one is served without anybody touching an object. Main thread. */
#ifndef MODES_SHARED_CERT_WATCH_H
#define MODES_SHARED_CERT_WATCH_H

#include "core/base/str.h"

struct cert_watch;
struct worker;

/* changed(arg) runs when something in one of the folders did, once per burst. */
struct cert_watch *cert_watch_new(struct worker *w, void (*changed)(void *arg), void *arg);
void cert_watch_free(struct cert_watch *c); /* NULL is allowed */

/* From now on path's folder is watched too. A folder that does not exist is asked for again with
 * the next call. */
void cert_watch_add(struct cert_watch *c, struct str path);

#endif
