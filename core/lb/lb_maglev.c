#include "core/lb/lb_maglev.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"

#define NOBODY UINT32_MAX

struct entry {
    char key[ADDR_TEXT_MAX];
    uint32_t at; /* the host */
    uint64_t offset, skip, next;
    double share, target;
};

/* Turns are taken in the order of addresses, so that the order of hosts does not matter. */
static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

static struct entry *entries_of(const struct lb_view *view, double *most)
{
    uint64_t size = view->config->hash_by.table_size;
    struct entry *list = mem_alloc0(view->count, sizeof(*list));

    *most = 0;
    for (uint32_t i = 0; i < view->count; i++) {
        struct entry *e = &list[i];
        size_t len = strlen(addr_format(lb_policy_host(view, i)->addr, e->key));

        e->at = i;
        e->offset = hash_content(e->key, len) % size;
        e->skip = hash_content_seeded(e->key, len, 1) % (size - 1) + 1;
        e->share = view->shares[i];
        *most = e->share > *most ? e->share : *most;
    }
    qsort(list, view->count, sizeof(*list), by_key);
    return list;
}

/* The size is a prime, so each entry's walk visits every place. */
static void take_next(struct entry *e, uint32_t *table, uint64_t size)
{
    uint64_t place;

    do
        place = (e->offset + e->skip * e->next++) % size;
    while (table[place] != NOBODY);
    table[place] = e->at;
}

static void *build(const struct lb_view *view)
{
    uint64_t size = view->config->hash_by.table_size, filled = 0;
    uint32_t *table = mem_alloc0(size, sizeof(*table));
    double most;
    struct entry *list = entries_of(view, &most);

    memset(table, 0xff, size * sizeof(*table));
    for (uint32_t round = 1; filled < size; round++) {
        for (uint32_t i = 0; i < view->count && filled < size; i++) {
            struct entry *e = &list[i];

            if (round * e->share < e->target)
                continue;
            e->target += most;
            take_next(e, table, size);
            filled++;
        }
    }
    mem_free(list);
    return table;
}

static uint32_t pick(void *state, const struct lb_view *view)
{
    const uint32_t *table = state;

    return table[view->hash % view->config->hash_by.table_size];
}

const struct lb_policy lb_maglev = {
    .name = "MAGLEV", .by_hash = true, .build = build, .pick = pick
};
