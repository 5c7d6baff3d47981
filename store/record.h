/* One write, and one transaction of them, as they stand on the wire and in live.db.
 *
 *      rec  = kind, ns, name, uid 16 bytes, flags, generation, created, hlc, origin, seq, schema,
 *             [deps, with flag 4], body
 *      txn  = origin, first, count, deps, count x rec       seqs first, first + 1, ...
 *
 * Numbers and strings as in packing.h; flags: 1 dead, 2 sealed, 4 deps follow; schema is 0 and
 * other values are refused until somebody knows what they mean. Decoding is strict and bounded: one
 * form of everything, keys and bodies within the limits of store_object.h. Any thread. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/str.h"
#include "store/packing.h"
#include "store/store_object.h"

#define RECORD_TXN_MAX 65536 /* records in one transaction */

/* deps are written when r->deps is not empty. */
void record_encode(const struct store_object_init *r, struct buf *out);
/* Slices of *out are borrowed from the input. ERR_INVALID sets in->bad. */
int record_decode(struct packing_in *in, struct store_object_init *out);
/* The same fields of an object; slices are borrowed from it. */
struct store_object_init record_of(const struct store_object *o);

struct record_txn {
    uint32_t origin;
    uint64_t first, last;
    struct str deps;                /* what its writer had seen; may be empty */
    struct store_object_init *list; /* each with the transaction's deps */
    size_t count;                   /* last - first + 1 */
};

void record_txn_encode(const struct record_txn *t, struct buf *out);
/* The list is in the arena, slices are borrowed from bytes. ERR_INVALID leaves *out alone. */
int record_txn_decode(struct record_txn *out, struct str bytes, struct arena *arena);

#endif
