/* What control told us, kept on disk, so that a start without control serves what was served.
 *
 *     STATE/xds.saved:   "MESHXDS1"  frame*
 *     frame:             length(4, LE) hash(8, LE: xxhash64 of the record) record
 *     record:            protobuf {op, type, name, version, value}
 *
 * Changes are appended, the position of a type after what it covers; reading stops at the first
 * frame that does not check out, so a crash costs at most what was not yet covered by a position.
 * When most of the file is old it is written anew beside and renamed. In memory are only names,
 * versions and places in the file. Main thread; blocks on the disk. */
#ifndef MODES_SHARED_XDS_SAVED_H
#define MODES_SHARED_XDS_SAVED_H

#include <stdint.h>

#include "core/base/str.h"

struct xds_saved;

#define XDS_SAVED_MAX_BYTES ((size_t)1024 * 1024 * 1024)

/* dir is there already; NULL: nothing is on disk. owner (a node's id) must be the one that wrote
 * the file, or it is begun anew. types are borrowed. A file that cannot be read or written is
 * logged and done without. */
struct xds_saved *xds_saved_new(const char *dir, struct str owner, const char *const *types,
                                uint32_t type_count);
void xds_saved_free(struct xds_saved *s); /* NULL is allowed */

/* Calls each(arg, type, name, value) for every resource on disk. */
void xds_saved_load(struct xds_saved *s,
                    void (*each)(void *arg, uint32_t type, struct str name, struct str value),
                    void *arg);

/* On disk after xds_saved_flush. */
void xds_saved_put(struct xds_saved *s, uint32_t type, struct str name, struct str version,
                   struct str value);
void xds_saved_remove(struct xds_saved *s, uint32_t type, struct str name);
void xds_saved_set_token(struct xds_saved *s, uint32_t type, struct str token);
void xds_saved_flush(struct xds_saved *s);

/* Empty: no position yet. Borrowed until set. */
struct str xds_saved_token(const struct xds_saved *s, uint32_t type);
void xds_saved_each(const struct xds_saved *s, uint32_t type,
                    void (*each)(void *each_arg, struct str name, struct str version),
                    void *each_arg);
size_t xds_saved_count(const struct xds_saved *s, uint32_t type);

/* For fuzzing: reads frames of p[0..len-1] as if they were a file. */
void xds_saved_scan(const uint8_t *p, size_t len);

#endif
