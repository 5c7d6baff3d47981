/* Persistent hash maps: text to a pointer, in versions that share what they have in common.
 *
 *   version 1 --> root ----------.            a put or remove copies the nodes on its path
 *                  |              \           (a few hundred bytes), the rest stays shared
 *   version 2 --> root' --> node'  node
 *
 * A node is a bitmap of the 32 values of five bits of the hash, entries first, then deeper nodes
 * (Bagwell's trie, as Steindorfer lays it out). A map that shares nothing is changed in place, so
 * that filling one costs what a plain map costs. What a map holds goes with the last version that
 * holds it. Keys are copied and hashed with a secret of the process.
 *
 * One version: one writer. Readers of other versions, and their end: any thread. */
#ifndef CORE_BASE_PMAP_H
#define CORE_BASE_PMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

struct pmap_node;

typedef void pmap_drop_fn(void *value);

struct pmap {
    struct pmap_node *root; /* NULL: empty */
    size_t count;
    pmap_drop_fn *drop; /* called once per value, by whoever lets go of it last; or NULL */
};

void pmap_init(struct pmap *m, pmap_drop_fn *drop);
/* Lets go of this version. */
void pmap_deinit(struct pmap *m);
/* to: another version with the same content, in its own right. Takes no time. */
void pmap_copy(struct pmap *to, const struct pmap *from);

/* The value, or NULL. */
void *pmap_get(const struct pmap *m, struct str key);
/* Sets the value, which is the map's from then on. */
void pmap_put(struct pmap *m, struct str key, void *value);
/* Returns whether the key was there. */
bool pmap_remove(struct pmap *m, struct str key);

/* Calls each(arg, key, value) for every entry, in no order. */
void pmap_each(const struct pmap *m, void (*each)(void *arg, struct str key, void *value),
               void *arg);

/* The same with the key's hash given. */
void *pmap_get_hashed(const struct pmap *m, uint64_t hash, struct str key);
void pmap_put_hashed(struct pmap *m, uint64_t hash, struct str key, void *value);
bool pmap_remove_hashed(struct pmap *m, uint64_t hash, struct str key);

#endif
