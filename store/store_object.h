/* One stored object as it was at one moment: an immutable snapshot with a count of references.
 *
 * A write makes a new snapshot; who holds the old one goes on reading it. The store never looks
 * into the body: kinds are numbers that the API layer allots, the body is the canonical JSON it
 * wrote, without what the store knows itself (uid, resourceVersion, generation, creationTimestamp).
 *
 * The dot (origin, seq) names the write that made this snapshot, in the whole cluster, for ever;
 * the resourceVersion people see is its text. A deleted object stays as a tombstone (dead, no body)
 * until nobody can bring it back. Any thread may read, ref and unref. */
#ifndef STORE_STORE_OBJECT_H
#define STORE_STORE_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"
#include "store/dot.h"

/* Kinds are 1..STORE_KIND_MAX; two bits above say where a row lives. The status of an object is a
 * row of its own, same namespace, name and uid, so that a controller writing status and a person
 * writing spec never conflict. Kinds with the live bit are workloads: they live in live.db, have
 * their own numbering, and may be lost with the machine. */
#define STORE_KIND_STATUS 0x8000
#define STORE_KIND_LIVE   0x4000
#define STORE_KIND_MAX    0x3fff

#define STORE_NS_MAX_BYTES   253
#define STORE_NAME_MAX_BYTES 1024
#define STORE_BODY_MAX_BYTES (1000 * 1000) /* a record must fit a frame of 1 MiB */
#define STORE_KEY_MAX_BYTES  (2 + STORE_NS_MAX_BYTES + 1 + STORE_NAME_MAX_BYTES)

struct store_object {
    atomic_uint refs;
    uint16_t kind;
    bool dead;   /* a tombstone: body is empty */
    bool sealed; /* encrypted where it is stored; body here is plain */
    struct dot dot;
    uint64_t hlc;        /* hlc.h; the order of writes */
    uint64_t generation; /* from 1; for people, never for order */
    int64_t created_ms;  /* since 1970 */
    uint8_t uid[16];
    struct str key; /* 2 bytes kind, namespace, 0, name: the index's order */
    struct str ns, name;
    struct str body;
    struct str deps;              /* version vector of the writer (vv_encode); empty: none */
    char version[DOT_TEXT_BYTES]; /* the dot as text */
};

/* What a new snapshot is made of; all slices are copied. */
struct store_object_init {
    uint16_t kind;
    struct str ns, name, body, deps;
    bool dead, sealed;
    struct dot dot;
    uint64_t hlc, generation;
    int64_t created_ms;
    uint8_t uid[16];
};

/* One reference, owned by the caller. Limits are the caller's to check (store_object_check_key). */
struct store_object *store_object_new(const struct store_object_init *init);
struct store_object *store_object_ref(const struct store_object *o);
void store_object_unref(const struct store_object *o); /* NULL is allowed */

/* Writes the index key of (kind, ns, name) and returns its length. */
size_t store_object_key(uint16_t kind, struct str ns, struct str name,
                        char out[STORE_KEY_MAX_BYTES]);
/* 0, or ERR_INVALID: a byte 0, an empty name, a kind outside its range; ERR_LIMIT: too long. */
int store_object_check_key(uint16_t kind, struct str ns, struct str name);

/* Order of two writes of one object: larger (hlc, origin) wins. True when a is the winner. */
bool store_object_beats(const struct store_object *a, const struct store_object *b);

/* "0b6c1f6e-....": 36 characters and a zero. */
#define STORE_OBJECT_UID_TEXT 37
void store_object_uid_text(const struct store_object *o, char out[STORE_OBJECT_UID_TEXT]);

/* A hash of key, dot, order and body; the sum of it over all rows is the store's digest. */
uint64_t store_object_digest(const struct store_object *o);

#endif
