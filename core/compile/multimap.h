/* From a text to several pointers: the indexes of the registry and the compiler. Keys are copied;
 * an entry goes with its last pointer. One thread. */
#ifndef CORE_COMPILE_MULTIMAP_H
#define CORE_COMPILE_MULTIMAP_H

#include "core/base/map.h"
#include "core/base/str.h"

struct multimap {
    struct map map; /* -> struct multimap_list */
};

struct multimap_list {
    struct str key;
    void **items; /* in the order they came, holes closed */
    uint32_t count, cap;
};

void multimap_init(struct multimap *m);
void multimap_deinit(struct multimap *m); /* pointers are the caller's */
/* Adds value under key; one that is there already stays once. Returns whether it is new. */
bool multimap_add(struct multimap *m, struct str key, void *value);
/* Returns whether it was there. */
bool multimap_remove(struct multimap *m, struct str key, void *value);
/* The list, or NULL. Borrowed until the next add or remove of that key. */
const struct multimap_list *multimap_get(const struct multimap *m, struct str key);

#endif
