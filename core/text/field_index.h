/* What is looked up in a message's rows, built at first use and kept for good.
 *
 * Internal to core/text. Building also checks the rows: a name or number used twice, or a
 * sub-struct of another size, ends the process, since that is a mistake in our own tables. */
#ifndef CORE_TEXT_FIELD_INDEX_H
#define CORE_TEXT_FIELD_INDEX_H

#include <stdatomic.h>

#include "core/text/field.h"

struct field_index_name {
    struct str name;
    uint16_t row;
};

struct field_index {
    struct arena arena;             /* of protobuf names */
    struct field_index_name *names; /* JSON names, then protobuf's where those differ */
    uint32_t names_count;
    uint32_t mask; /* of slots, a hash table of positions in names, plus 1 */
    uint16_t *slots;
    uint16_t *dense;        /* protobuf number -> row + 1 */
    uint32_t dense_count;   /* numbers from here on are searched */
    const char **spellings; /* JSON names of all rows, for diag_closest */
};

struct field_index *field_index_build(const struct field_message *m);

/* Any thread. */
static inline const struct field_index *field_index_get(const struct field_message *m)
{
    struct field_index *x = atomic_load_explicit(&m->cache->index, memory_order_acquire);

    return __builtin_expect(x != NULL, 1) ? x : field_index_build(m);
}

/* The row with that protobuf number, or NULL. */
static inline const struct field *field_index_proto(const struct field_message *m,
                                                    const struct field_index *x, uint32_t number)
{
    if (__builtin_expect(number < x->dense_count, 1))
        return x->dense[number] ? &m->fields[x->dense[number] - 1] : NULL;
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->fields[i].proto == number && number)
            return &m->fields[i];
    }
    return NULL;
}

/* The row of that JSON or protobuf name, or NULL. */
const struct field *field_index_find(const struct field_message *m, struct str name);

#endif
