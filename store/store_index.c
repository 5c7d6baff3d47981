#include "store/store_index.h"

#include "core/base/mem.h"
#include "store/store_object.h"

#define LEAF_ROWS 256

struct store_index_leaf {
    size_t count;
    struct store_object *rows[LEAF_ROWS];
};

void store_index_init(struct store_index *x)
{
    *x = (struct store_index){ 0 };
}

void store_index_deinit(struct store_index *x)
{
    for (size_t i = 0; i < x->leaf_count; i++) {
        for (size_t j = 0; j < x->leaves[i]->count; j++)
            store_object_unref(x->leaves[i]->rows[j]);
        mem_free(x->leaves[i]);
    }
    mem_free(x->leaves);
    store_index_init(x);
}

/* The leaf where key is or would be: the last one that begins at or below it, else the first. */
static size_t leaf_of(const struct store_index *x, struct str key)
{
    size_t low = 0, high = x->leaf_count;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (str_cmp(x->leaves[mid]->rows[0]->key, key) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 ? low - 1 : 0;
}

/* The first row in the leaf that is not below key; *same tells whether it is that key's. */
static size_t row_of(const struct store_index_leaf *leaf, struct str key, bool *same)
{
    size_t low = 0, high = leaf->count;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (str_cmp(leaf->rows[mid]->key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *same = low < leaf->count && str_eq(leaf->rows[low]->key, key);
    return low;
}

struct store_object *store_index_find(const struct store_index *x, struct str key)
{
    const struct store_index_leaf *leaf;
    bool same;
    size_t at;

    if (x->leaf_count == 0)
        return NULL;
    leaf = x->leaves[leaf_of(x, key)];
    at = row_of(leaf, key, &same);
    return same ? leaf->rows[at] : NULL;
}

struct store_object *store_index_after(const struct store_index *x, struct str key)
{
    size_t i, at;
    bool same;

    if (x->leaf_count == 0)
        return NULL;
    i = leaf_of(x, key);
    at = row_of(x->leaves[i], key, &same);
    if (same)
        at++;
    if (at < x->leaves[i]->count)
        return x->leaves[i]->rows[at];
    return i + 1 < x->leaf_count ? x->leaves[i + 1]->rows[0] : NULL;
}

static struct store_index_leaf *add_leaf(struct store_index *x, size_t at)
{
    struct store_index_leaf *leaf = mem_alloc(sizeof(*leaf));

    if (x->leaf_count == x->leaf_cap) {
        x->leaf_cap = x->leaf_cap ? x->leaf_cap * 2 : 8;
        x->leaves = mem_resize(x->leaves, x->leaf_cap, sizeof(struct store_index_leaf *));
    }
    memmove(&x->leaves[at + 1], &x->leaves[at],
            (x->leaf_count - at) * sizeof(struct store_index_leaf *));
    x->leaves[at] = leaf;
    x->leaf_count++;
    leaf->count = 0;
    return leaf;
}

/* Makes room in leaf i for a row at *at; returns the leaf to use and corrects *at. A full leaf is
 * halved, but for an append at the very end, so that a sorted load fills leaves. */
static struct store_index_leaf *make_room(struct store_index *x, size_t i, size_t *at)
{
    struct store_index_leaf *leaf = x->leaves[i], *next;
    size_t keep = LEAF_ROWS / 2;

    if (leaf->count < LEAF_ROWS)
        return leaf;
    if (i + 1 == x->leaf_count && *at == LEAF_ROWS)
        keep = LEAF_ROWS;
    next = add_leaf(x, i + 1);
    next->count = LEAF_ROWS - keep;
    memcpy(next->rows, &leaf->rows[keep], next->count * sizeof(leaf->rows[0]));
    leaf->count = keep;
    if (*at <= keep && keep < LEAF_ROWS)
        return leaf;
    *at -= keep;
    return next;
}

struct store_object *store_index_put(struct store_index *x, const struct store_object *o)
{
    struct store_object *row = store_object_ref(o), *old;
    struct store_index_leaf *leaf;
    size_t i, at;
    bool same;

    if (x->leaf_count == 0)
        add_leaf(x, 0);
    i = x->count == 0 ? 0 : leaf_of(x, o->key);
    leaf = x->leaves[i];
    at = row_of(leaf, o->key, &same);
    if (same) {
        old = leaf->rows[at];
        leaf->rows[at] = row;
        return old;
    }
    leaf = make_room(x, i, &at);
    memmove(&leaf->rows[at + 1], &leaf->rows[at], (leaf->count - at) * sizeof(leaf->rows[0]));
    leaf->rows[at] = row;
    leaf->count++;
    x->count++;
    return NULL;
}

struct store_object *store_index_remove(struct store_index *x, struct str key)
{
    struct store_index_leaf *leaf;
    struct store_object *row;
    size_t i, at;
    bool same;

    if (x->leaf_count == 0)
        return NULL;
    i = leaf_of(x, key);
    leaf = x->leaves[i];
    at = row_of(leaf, key, &same);
    if (!same)
        return NULL;
    row = leaf->rows[at];
    memmove(&leaf->rows[at], &leaf->rows[at + 1], (leaf->count - at - 1) * sizeof(leaf->rows[0]));
    leaf->count--;
    x->count--;
    if (leaf->count == 0) {
        memmove(&x->leaves[i], &x->leaves[i + 1],
                (x->leaf_count - i - 1) * sizeof(struct store_index_leaf *));
        x->leaf_count--;
        mem_free(leaf);
    }
    return row;
}
