#include "core/compile/compile_list.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"

/* From this share of changes on, sorting all is cheaper than moving for each. */
enum { SORT_SHARE = 64 };

static uint32_t part_of(const struct model_cluster *c)
{
    return (uint32_t)(hash_mix(c->id) % COMPILE_LIST_PARTS);
}

void compile_list_deinit(struct compile_list *l)
{
    for (uint32_t i = 0; i < l->change_count; i++) {
        model_cluster_unref(l->changes[i].cluster);
        mem_free((char *)(uintptr_t)l->changes[i].name.p);
    }
    for (uint32_t i = 0; i < COMPILE_LIST_PARTS; i++)
        compile_part_unref(l->parts[i]);
    mem_free(l->items);
    mem_free(l->changes);
}

/* ---- noting ---- */

static struct compile_list_change *add_change(struct compile_list *l)
{
    if (l->change_count == l->change_cap) {
        l->change_cap = l->change_cap ? l->change_cap * 2 : 64;
        l->changes = mem_resize(l->changes, l->change_cap, sizeof(*l->changes));
    }
    return &l->changes[l->change_count++];
}

void compile_list_put(struct compile_list *l, struct model_cluster *cluster)
{
    *add_change(l) = (struct compile_list_change){ .cluster = model_cluster_ref(cluster) };
}

void compile_list_remove(struct compile_list *l, struct str name)
{
    *add_change(l) = (struct compile_list_change){ .name = str_make(str_dup(name), name.len) };
}

/* ---- settling ---- */

static uint32_t place_of(const struct compile_list *l, struct str name, bool *found)
{
    uint32_t low = 0, high = l->count;

    *found = false;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = str_cmp(l->items[mid]->config->name, name);

        if (order == 0) {
            *found = true;
            return mid;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void make_room(struct compile_list *l, uint32_t more)
{
    if (l->count + more <= l->cap)
        return;
    l->cap = (l->count + more) * 2;
    l->items = mem_resize(l->items, l->cap, sizeof(struct model_cluster *));
}

static void apply_one(struct compile_list *l, const struct compile_list_change *change,
                      bool touched[COMPILE_LIST_PARTS])
{
    struct str name = change->cluster ? change->cluster->config->name : change->name;
    bool found;
    uint32_t at = place_of(l, name, &found);

    if (found)
        touched[part_of(l->items[at])] = true;
    if (change->cluster) {
        touched[part_of(change->cluster)] = true;
        if (!found) {
            make_room(l, 1);
            memmove(&l->items[at + 1], &l->items[at],
                    (l->count - at) * sizeof(struct model_cluster *));
            l->count++;
        }
        l->items[at] = change->cluster;
    } else if (found) {
        memmove(&l->items[at], &l->items[at + 1],
                (l->count - at - 1) * sizeof(struct model_cluster *));
        l->count--;
    }
}

struct sorted {
    struct str name;
    struct model_cluster *cluster; /* NULL: gone */
    uint32_t order;                /* later ones count */
};

static int by_name(const void *a, const void *b)
{
    const struct sorted *sa = a, *sb = b;
    int order = str_cmp(sa->name, sb->name);

    return order ? order : sa->order < sb->order ? -1 : sa->order > sb->order;
}

/* Old and changed ones together, sorted; of each name the last. */
static void apply_all(struct compile_list *l)
{
    size_t most = (size_t)l->count + l->change_count;
    struct sorted *all = mem_alloc0(most, sizeof(*all));
    uint32_t n = 0;

    for (uint32_t i = 0; i < l->count; i++, n++)
        all[n] = (struct sorted){ l->items[i]->config->name, l->items[i], n };
    for (uint32_t i = 0; i < l->change_count; i++, n++) {
        const struct compile_list_change *ch = &l->changes[i];

        all[n] =
            (struct sorted){ ch->cluster ? ch->cluster->config->name : ch->name, ch->cluster, n };
    }
    qsort(all, n, sizeof(*all), by_name);
    make_room(l, l->change_count);
    l->count = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (all[i].cluster && (i + 1 == n || !str_eq(all[i].name, all[i + 1].name)))
            l->items[l->count++] = all[i].cluster;
    }
    mem_free(all);
}

/* References first, then the old parts may go. */
static void renew_parts(struct compile_list *l, const bool touched[COMPILE_LIST_PARTS])
{
    struct compile_part *fresh[COMPILE_LIST_PARTS] = { NULL };

    for (uint32_t i = 0; i < l->count; i++) {
        uint32_t p = part_of(l->items[i]);

        if (!touched[p])
            continue;
        if (!fresh[p])
            fresh[p] = compile_part_new();
        compile_part_cluster(fresh[p], l->items[i]);
    }
    for (uint32_t p = 0; p < COMPILE_LIST_PARTS; p++) {
        if (!touched[p])
            continue;
        compile_part_unref(l->parts[p]);
        l->parts[p] = fresh[p];
    }
}

void compile_list_settle(struct compile_list *l)
{
    bool touched[COMPILE_LIST_PARTS] = { false };

    if (!l->change_count)
        return;
    if (l->change_count > l->count / SORT_SHARE) {
        apply_all(l);
        memset(touched, true, sizeof(touched));
    } else {
        for (uint32_t i = 0; i < l->change_count; i++)
            apply_one(l, &l->changes[i], touched);
    }
    renew_parts(l, touched);
    for (uint32_t i = 0; i < l->change_count; i++) {
        model_cluster_unref(l->changes[i].cluster);
        mem_free((char *)(uintptr_t)l->changes[i].name.p);
    }
    l->change_count = 0;
}
