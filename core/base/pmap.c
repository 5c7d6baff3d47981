#include "core/base/pmap.h"

#include <stdatomic.h>

#include "core/base/hash.h"
#include "core/base/mem.h"

enum { BITS = 5, HASH_BITS = 64 };

struct entry {
    atomic_uint refs; /* nodes that point here */
    uint32_t key_len;
    uint64_t hash;
    void *value;
    char key[];
};

/* slots: entries in order of their bits, then nodes in order of theirs. Where the hash has no bits
 * left, has_entry counts entries whose hashes are equal, and there are no nodes. */
struct pmap_node {
    atomic_uint refs;
    uint32_t has_entry, has_node;
    void *slots[];
};

static bool is_list(unsigned shift)
{
    return shift >= HASH_BITS;
}

static uint32_t bit_of(uint64_t hash, unsigned shift)
{
    return (uint32_t)1 << (hash >> shift & 31);
}

static uint32_t count_bits(uint32_t bits)
{
    return (uint32_t)__builtin_popcount(bits);
}

static uint32_t entry_count(const struct pmap_node *n, unsigned shift)
{
    return is_list(shift) ? n->has_entry : count_bits(n->has_entry);
}

static uint32_t entry_place(const struct pmap_node *n, uint32_t bit)
{
    return count_bits(n->has_entry & (bit - 1));
}

static uint32_t node_place(const struct pmap_node *n, uint32_t bit)
{
    return count_bits(n->has_entry) + count_bits(n->has_node & (bit - 1));
}

/* ---- references ---- */

static void entry_ref(struct entry *e)
{
    atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
}

static void entry_unref(struct entry *e, pmap_drop_fn *drop)
{
    if (atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (drop)
        drop(e->value);
    mem_free(e);
}

static struct entry *entry_new(uint64_t hash, struct str key, void *value)
{
    struct entry *e = mem_alloc_flex(sizeof(*e), key.len, 1);

    atomic_init(&e->refs, 1);
    e->hash = hash;
    e->value = value;
    e->key_len = (uint32_t)key.len;
    if (key.len)
        memcpy(e->key, key.p, key.len);
    return e;
}

static bool is_key(const struct entry *e, uint64_t hash, struct str key)
{
    return e->hash == hash && str_eq(str_make(e->key, e->key_len), key);
}

static struct pmap_node *node_new(uint32_t slots)
{
    struct pmap_node *n = mem_alloc_flex(sizeof(*n), slots, sizeof(n->slots[0]));

    atomic_init(&n->refs, 1);
    n->has_entry = n->has_node = 0;
    return n;
}

static void node_unref(struct pmap_node *n, unsigned shift, pmap_drop_fn *drop)
{
    uint32_t entries, nodes;

    if (!n || atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) != 1)
        return;
    entries = entry_count(n, shift);
    nodes = count_bits(n->has_node);
    for (uint32_t i = 0; i < entries; i++)
        entry_unref(n->slots[i], drop);
    for (uint32_t i = 0; i < nodes; i++)
        node_unref(n->slots[entries + i], shift + BITS, drop);
    mem_free(n);
}

/* ---- nodes in change ---- */

/* A node like n that is the caller's alone, with room for one slot at `at` (grow 1), or without the
 * slot there (grow -1), or as it is (grow 0); the bitmaps are n's. Takes over the caller's
 * reference to n. */
static struct pmap_node *remake(struct pmap_node *n, unsigned shift, uint32_t at, int grow,
                                pmap_drop_fn *drop)
{
    uint32_t entries = entry_count(n, shift), count = entries + count_bits(n->has_node), j = 0;
    bool is_own = atomic_load_explicit(&n->refs, memory_order_acquire) == 1;
    struct pmap_node *to;

    if (is_own && !grow)
        return n;
    to = node_new(count + (grow > 0));
    to->has_entry = n->has_entry;
    to->has_node = n->has_node;
    for (uint32_t i = 0; i < count; i++) {
        if (i == at && grow < 0) {
            if (is_own)
                entry_unref(n->slots[i], drop);
            continue;
        }
        j += i == at && grow > 0;
        to->slots[j++] = n->slots[i];
        if (!is_own && i < entries)
            entry_ref(n->slots[i]);
        else if (!is_own)
            atomic_fetch_add_explicit(&((struct pmap_node *)n->slots[i])->refs, 1,
                                      memory_order_relaxed);
    }
    if (is_own)
        mem_free(n);
    else
        node_unref(n, shift, drop); /* the others may have gone meanwhile */
    return to;
}

static struct pmap_node *put(struct pmap_node *n, unsigned shift, struct entry *e,
                             pmap_drop_fn *drop);

/* The entry at a bit and e, which share it, go one node deeper together. */
static struct pmap_node *split(struct pmap_node *n, unsigned shift, struct entry *e,
                               pmap_drop_fn *drop)
{
    uint32_t bit = bit_of(e->hash, shift), from = entry_place(n, bit), to;
    struct entry *old = n->slots[from];
    struct pmap_node *child = put(NULL, shift + BITS, old, drop);

    child = put(child, shift + BITS, e, drop);
    n->has_entry &= ~bit;
    to = node_place(n, bit);
    memmove(&n->slots[from], &n->slots[from + 1], (to - from) * sizeof(n->slots[0]));
    n->slots[to] = child;
    n->has_node |= bit;
    return n;
}

static struct pmap_node *put_entry(struct pmap_node *n, unsigned shift, uint32_t at,
                                   struct entry *e, pmap_drop_fn *drop)
{
    n = remake(n, shift, at, 0, drop);
    entry_unref(n->slots[at], drop);
    n->slots[at] = e;
    return n;
}

static struct pmap_node *put_in_list(struct pmap_node *n, unsigned shift, struct entry *e,
                                     pmap_drop_fn *drop)
{
    for (uint32_t i = 0; i < n->has_entry; i++) {
        const struct entry *other = n->slots[i];

        if (is_key(other, e->hash, str_make(e->key, e->key_len)))
            return put_entry(n, shift, i, e, drop);
    }
    n = remake(n, shift, n->has_entry, 1, drop);
    n->slots[n->has_entry++] = e;
    return n;
}

/* Takes over the references to n and e. */
static struct pmap_node *put(struct pmap_node *n, unsigned shift, struct entry *e,
                             pmap_drop_fn *drop)
{
    uint32_t bit, at;

    if (!n) {
        n = node_new(1);
        n->slots[0] = e;
        n->has_entry = is_list(shift) ? 1 : bit_of(e->hash, shift);
        return n;
    }
    if (is_list(shift))
        return put_in_list(n, shift, e, drop);
    bit = bit_of(e->hash, shift);
    if (n->has_node & bit) {
        n = remake(n, shift, 0, 0, drop);
        at = node_place(n, bit);
        n->slots[at] = put(n->slots[at], shift + BITS, e, drop);
        return n;
    }
    at = entry_place(n, bit);
    if (!(n->has_entry & bit)) {
        n = remake(n, shift, at, 1, drop);
        n->slots[at] = e;
        n->has_entry |= bit;
        return n;
    }
    if (is_key(n->slots[at], e->hash, str_make(e->key, e->key_len)))
        return put_entry(n, shift, at, e, drop);
    return split(remake(n, shift, 0, 0, drop), shift, e, drop);
}

/* A node with one entry gives way to it, so that the shape depends on the content alone. */
static void pull_up(struct pmap_node *n, unsigned shift, uint32_t bit, pmap_drop_fn *drop)
{
    uint32_t from = node_place(n, bit), to = entry_place(n, bit);
    struct pmap_node *child = n->slots[from];
    struct entry *e = child->slots[0];

    if (child->has_node || entry_count(child, shift + BITS) != 1)
        return;
    entry_ref(e);
    node_unref(child, shift + BITS, drop);
    memmove(&n->slots[to + 1], &n->slots[to], (from - to) * sizeof(n->slots[0]));
    n->slots[to] = e;
    n->has_node &= ~bit;
    n->has_entry |= bit;
}

/* The key is there. Takes over the reference to n; NULL: it was the last one. */
static struct pmap_node *drop_key(struct pmap_node *n, unsigned shift, uint64_t hash,
                                  struct str key, pmap_drop_fn *drop)
{
    uint32_t bit, at = 0;

    if (is_list(shift)) {
        while (!is_key(n->slots[at], hash, key))
            at++;
        n = remake(n, shift, at, -1, drop);
        n->has_entry--;
        return n;
    }
    bit = bit_of(hash, shift);
    if (n->has_node & bit) {
        n = remake(n, shift, 0, 0, drop);
        at = node_place(n, bit);
        n->slots[at] = drop_key(n->slots[at], shift + BITS, hash, key, drop);
        pull_up(n, shift, bit, drop);
        return n;
    }
    n = remake(n, shift, entry_place(n, bit), -1, drop);
    n->has_entry &= ~bit;
    if (n->has_entry || n->has_node)
        return n;
    mem_free(n);
    return NULL;
}

static struct entry *find(const struct pmap_node *n, uint64_t hash, struct str key)
{
    unsigned shift = 0;

    for (; n && !is_list(shift); shift += BITS) {
        uint32_t bit = bit_of(hash, shift);

        if (n->has_entry & bit) {
            struct entry *e = n->slots[entry_place(n, bit)];

            return is_key(e, hash, key) ? e : NULL;
        }
        n = n->has_node & bit ? n->slots[node_place(n, bit)] : NULL;
    }
    for (uint32_t i = 0; n && i < n->has_entry; i++) {
        if (is_key(n->slots[i], hash, key))
            return n->slots[i];
    }
    return NULL;
}

/* ---- maps ---- */

void pmap_init(struct pmap *m, pmap_drop_fn *drop)
{
    *m = (struct pmap){ .drop = drop };
}

void pmap_deinit(struct pmap *m)
{
    node_unref(m->root, 0, m->drop);
    pmap_init(m, m->drop);
}

void pmap_copy(struct pmap *to, const struct pmap *from)
{
    *to = *from;
    if (to->root)
        atomic_fetch_add_explicit(&to->root->refs, 1, memory_order_relaxed);
}

void *pmap_get_hashed(const struct pmap *m, uint64_t hash, struct str key)
{
    const struct entry *e = find(m->root, hash, key);

    return e ? e->value : NULL;
}

void pmap_put_hashed(struct pmap *m, uint64_t hash, struct str key, void *value)
{
    m->count += find(m->root, hash, key) == NULL;
    m->root = put(m->root, 0, entry_new(hash, key, value), m->drop);
}

bool pmap_remove_hashed(struct pmap *m, uint64_t hash, struct str key)
{
    if (!find(m->root, hash, key))
        return false;
    m->root = drop_key(m->root, 0, hash, key, m->drop);
    m->count--;
    return true;
}

void *pmap_get(const struct pmap *m, struct str key)
{
    return m->root ? pmap_get_hashed(m, hash_keyed(key.p, key.len), key) : NULL;
}

void pmap_put(struct pmap *m, struct str key, void *value)
{
    pmap_put_hashed(m, hash_keyed(key.p, key.len), key, value);
}

bool pmap_remove(struct pmap *m, struct str key)
{
    return pmap_remove_hashed(m, hash_keyed(key.p, key.len), key);
}

static void each_below(const struct pmap_node *n, unsigned shift,
                       void (*each)(void *arg, struct str key, void *value), void *arg)
{
    uint32_t entries = entry_count(n, shift), nodes = count_bits(n->has_node);

    for (uint32_t i = 0; i < entries; i++) {
        const struct entry *e = n->slots[i];

        each(arg, str_make(e->key, e->key_len), e->value);
    }
    for (uint32_t i = 0; i < nodes; i++)
        each_below(n->slots[entries + i], shift + BITS, each, arg);
}

void pmap_each(const struct pmap *m, void (*each)(void *arg, struct str key, void *value),
               void *arg)
{
    if (m->root)
        each_below(m->root, 0, each, arg);
}
