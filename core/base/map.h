/* Hash maps: string keys or 64-bit keys to a pointer.
 *
 * Open addressing with linear probing; keys are hashed with a secret of the process, so that
 * a peer who chooses keys cannot choose collisions. Keys are borrowed: they must live as long as
 * their entry (in the value, or in an arena). Iteration order is insertion-independent and may
 * change with any put. */
#ifndef CORE_BASE_MAP_H
#define CORE_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

struct map_slot {
    struct str key; /* p == NULL and hash == 0: free */
    uint64_t hash;
    void *value;
};

struct map {
    struct map_slot *slots;
    size_t cap; /* power of two, or 0 */
    size_t count;
};

void map_init(struct map *m);
void map_deinit(struct map *m); /* values are the caller's */
void map_clear(struct map *m);

/* The value, or NULL. */
void *map_get(const struct map *m, struct str key);
/* The slot, or NULL; for values that may be NULL. Valid until the next put or remove. */
struct map_slot *map_find(const struct map *m, struct str key);
/* Sets the value; returns the value that stood there before, or NULL. The key of an existing entry
 * is replaced too (the old key may be about to go away with the old value). */
void *map_put(struct map *m, struct str key, void *value);
/* Removes and returns the value, or NULL. */
void *map_remove(struct map *m, struct str key);

/* 64-bit keys in the same structure: the key is carried in the slot's key.len. */
void *map_get_u64(const struct map *m, uint64_t key);
void *map_put_u64(struct map *m, uint64_t key, void *value);
void *map_remove_u64(struct map *m, uint64_t key);

/* Next used slot at or after *at (start with 0), or NULL; advances *at. Don't change m meanwhile.
 */
struct map_slot *map_next(const struct map *m, size_t *at);

#endif
