#include "core/text/field_index.h"

#include "core/base/error.h"
#include "core/base/mem.h"

enum { DENSE_MAX = 256, NAME_MAX_BYTES = 128 };

/* Names are ours and few, so what is looked up can make no chain long: a plain FNV will do. */
static uint32_t hash_name(struct str s)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.p[i]) * 16777619u;
    return h ^ h >> 15;
}

static const struct field_index_name *find_name(const struct field_index *x, struct str name)
{
    for (uint32_t i = hash_name(name) & x->mask; x->slots[i]; i = (i + 1) & x->mask) {
        const struct field_index_name *n = &x->names[x->slots[i] - 1];

        if (str_eq(n->name, name))
            return n;
    }
    return NULL;
}

static void add_name(struct field_index *x, struct str name, uint32_t row)
{
    uint32_t i = hash_name(name) & x->mask;

    ASSERT(!find_name(x, name)); /* one name for two rows */
    x->names[x->names_count++] = (struct field_index_name){ name, (uint16_t)row };
    while (x->slots[i])
        i = (i + 1) & x->mask;
    x->slots[i] = (uint16_t)x->names_count;
}

static void check_row(const struct field *f)
{
    ASSERT(f->name);
    ASSERT(f->type != FIELD_TYPE_MSG ||
           (f->msg && (f->shape == FIELD_SHAPE_MAP || f->msg->size == f->item_bytes)));
    ASSERT(f->type != FIELD_TYPE_ENUM || f->names);
    ASSERT(f->type != FIELD_TYPE_INT_OR_STR || !f->proto); /* Kubernetes' own, text only */
    ASSERT(f->oneof < 32);
}

static void index_rows(const struct field_message *m, struct field_index *x)
{
    for (uint32_t i = 0; i < m->count; i++) {
        const struct field *f = &m->fields[i];

        check_row(f);
        x->spellings[i] = f->name;
        add_name(x, str_of(f->name), i);
        if (f->proto && f->proto < x->dense_count) {
            ASSERT(x->dense[f->proto] == 0); /* one number for two rows */
            x->dense[f->proto] = (uint16_t)(i + 1);
        }
    }
    for (uint32_t i = 0; i < m->count; i++) {
        char snake[NAME_MAX_BYTES];

        /* JSON readers of protobuf take its own names too; Kubernetes' do not have such. */
        if (!m->fields[i].proto)
            continue;
        field_proto_name(&m->fields[i], snake, sizeof(snake));
        if (!find_name(x, str_of(snake)))
            add_name(x, arena_str(&x->arena, str_of(snake)), i);
    }
}

static void index_free(struct field_index *x)
{
    arena_deinit(&x->arena);
    mem_free(x->names);
    mem_free(x->slots);
    mem_free(x->dense);
    mem_free(x->spellings);
    mem_free(x);
}

struct field_index *field_index_build(const struct field_message *m)
{
    struct field_index *x = mem_alloc0(1, sizeof(*x));
    uint32_t cap = 4, top = 0;
    void *none = NULL;

    ASSERT(m->count < UINT16_MAX / 4);
    while (cap < m->count * 4)
        cap *= 2;
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->fields[i].proto < DENSE_MAX && m->fields[i].proto >= top)
            top = m->fields[i].proto + 1;
    }
    arena_init(&x->arena, 256);
    x->mask = cap - 1;
    x->slots = mem_alloc0(cap, sizeof(*x->slots));
    x->names = mem_alloc0((size_t)m->count * 2 + 1, sizeof(*x->names));
    x->spellings = mem_alloc0((size_t)m->count + 1, sizeof(*x->spellings));
    x->dense_count = top;
    x->dense = mem_alloc0((size_t)top + 1, sizeof(*x->dense));
    index_rows(m, x);
    if (atomic_compare_exchange_strong(&m->cache->index, &none, x))
        return x;
    index_free(x); /* another thread was first */
    return none;
}

const struct field *field_index_find(const struct field_message *m, struct str name)
{
    const struct field_index_name *n = find_name(field_index_get(m), name);

    return n ? &m->fields[n->row] : NULL;
}
