/* The writing half of proto.h: from the end to the front, so that a length is known when it is
 * written and no message is measured twice. */
#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/proto.h"
#include "core/text/proto_wire.h"

enum { FIRST_BYTES = 2048, NUMBER_BYTES = 64 };

struct encoder {
    char *start, *at, *end; /* written: at..end */
    char *heap;             /* what to free, or NULL */
    int depth;
    int error;
};

static void encode_message(struct encoder *e, const struct field_message *m, const void *obj);

/* Doubles the memory; what is written moves to its end. */
static __attribute__((noinline)) void grow(struct encoder *e, size_t len)
{
    size_t used = (size_t)(e->end - e->at), cap = (size_t)(e->end - e->start);
    char *bigger;

    while (cap - used < len)
        cap *= 2;
    bigger = mem_alloc(cap);
    memcpy(bigger + cap - used, e->at, used);
    mem_free(e->heap);
    e->heap = e->start = bigger;
    e->end = bigger + cap;
    e->at = e->end - used;
}

static inline char *room(struct encoder *e, size_t len)
{
    if (__builtin_expect((size_t)(e->at - e->start) < len, 0))
        grow(e, len);
    return e->at -= len;
}

static inline void put_varint(struct encoder *e, uint64_t v)
{
    size_t len;
    char *p;

    if (__builtin_expect(v < 0x80, 1)) {
        *room(e, 1) = (char)v;
        return;
    }
    len = (size_t)(63 - __builtin_clzll(v)) / 7 + 1;
    p = room(e, len);
    for (; v >= 0x80; v >>= 7)
        *p++ = (char)(v | 0x80);
    *p = (char)v;
}

static inline void put_tag(struct encoder *e, uint32_t number, unsigned type)
{
    put_varint(e, (uint64_t)number << 3 | type);
}

static inline void put_bytes(struct encoder *e, struct str s)
{
    if (s.len)
        memcpy(room(e, s.len), s.p, s.len);
}

/* Everything written since mark becomes the payload of a length-delimited field. Marks count from
 * the end, since growing moves what is written. */
static inline size_t mark(const struct encoder *e)
{
    return (size_t)(e->end - e->at);
}

static inline void close_bytes(struct encoder *e, size_t from, uint32_t number)
{
    put_varint(e, mark(e) - from);
    put_tag(e, number, PROTO_WIRE_BYTES);
}

/* ---- scalars ---- */

/* Writes a number without its tag; returns its wire type. */
static unsigned put_number(struct encoder *e, const struct field *f, int64_t value)
{
    bool narrow = f->width == FIELD_INT32 || f->width == FIELD_UINT32;

    if (f->type == FIELD_TYPE_INT && f->wire == FIELD_WIRE_FIXED) {
        memcpy(room(e, narrow ? 4 : 8), &value, narrow ? 4 : 8); /* little-endian: the low bytes */
        return narrow ? PROTO_WIRE_32 : PROTO_WIRE_64;
    }
    if (f->type == FIELD_TYPE_INT && f->wire == FIELD_WIRE_ZIGZAG)
        put_varint(e, proto_wire_zigzag(value));
    else
        put_varint(e, (uint64_t)value);
    return PROTO_WIRE_VARINT;
}

static unsigned put_double(struct encoder *e, const struct field *f, double value)
{
    float half = (float)value;

    if (f->wire == FIELD_WIRE_FLOAT) {
        memcpy(room(e, sizeof(half)), &half, sizeof(half));
        return PROTO_WIRE_32;
    }
    memcpy(room(e, sizeof(value)), &value, sizeof(value));
    return PROTO_WIRE_64;
}

/* Duration and Timestamp; of the latter the nanoseconds are never negative. */
static void put_time(struct encoder *e, const struct field *f, int64_t value)
{
    int64_t s = value / 1000000000, ns = value % 1000000000;

    if (f->type == FIELD_TYPE_TIMESTAMP && ns < 0) {
        ns += 1000000000;
        s--;
    }
    if (ns) {
        put_varint(e, (uint64_t)ns);
        put_tag(e, 2, PROTO_WIRE_VARINT);
    }
    if (s) {
        put_varint(e, (uint64_t)s);
        put_tag(e, 1, PROTO_WIRE_VARINT);
    }
}

/* ---- google.protobuf.Struct ---- */

static void put_value(struct encoder *e, const struct node *n);

static void put_struct(struct encoder *e, const struct node *map)
{
    for (const struct node *it = map->last; it; it = it->prev) {
        size_t entry = mark(e), value = entry;

        put_value(e, it);
        close_bytes(e, value, 2);
        value = mark(e);
        put_bytes(e, it->key);
        close_bytes(e, value, 1);
        close_bytes(e, entry, 1);
    }
}

static void put_json_number(struct encoder *e, const struct node *n)
{
    double d = 0;

    if (!node_to_double(n, &d))
        e->error = ERR_INVALID; /* 1e999, or hundreds of digits */
    memcpy(room(e, sizeof(d)), &d, sizeof(d));
    put_tag(e, 2, PROTO_WIRE_64);
}

static void put_value(struct encoder *e, const struct node *n)
{
    size_t from = mark(e);

    if (++e->depth > PROTO_MAX_DEPTH) {
        e->error = ERR_LIMIT;
        return;
    }
    switch (n->kind) {
    case NODE_NULL:
        put_varint(e, 0);
        put_tag(e, 1, PROTO_WIRE_VARINT);
        break;
    case NODE_INT:
    case NODE_FLOAT:
        put_json_number(e, n);
        break;
    case NODE_STRING:
        put_bytes(e, n->text);
        close_bytes(e, from, 3);
        break;
    case NODE_BOOL:
        put_varint(e, node_is_true(n));
        put_tag(e, 4, PROTO_WIRE_VARINT);
        break;
    case NODE_MAP:
        put_struct(e, n);
        close_bytes(e, from, 5);
        break;
    case NODE_LIST:
        for (const struct node *it = n->last; it; it = it->prev) {
            size_t item = mark(e);

            put_value(e, it);
            close_bytes(e, item, 1);
        }
        close_bytes(e, from, 6);
        break;
    }
    e->depth--;
}

static void put_json(struct encoder *e, const struct field *f, const struct node *n)
{
    if (f->json_value && n)
        put_value(e, n);
    else if (n && n->kind == NODE_MAP)
        put_struct(e, n);
    else if (n && n->kind != NODE_NULL)
        e->error = ERR_INVALID; /* a Struct can only be a map */
}

/* ---- fields ---- */

/* The value at member with the tag number before it; member is the field itself, an item of its
 * list or a value of its map. */
static void put_one(struct encoder *e, const struct field *f, uint32_t number, const void *member)
{
    size_t from = mark(e);

    switch ((enum field_type)f->type) {
    case FIELD_TYPE_BOOL:
        put_varint(e, *(const bool *)member);
        put_tag(e, number, PROTO_WIRE_VARINT);
        return;
    case FIELD_TYPE_ENUM:
        put_tag(e, number, put_number(e, f, *(const int *)member));
        return;
    case FIELD_TYPE_INT:
        put_tag(e, number, put_number(e, f, *(const int64_t *)member));
        return;
    case FIELD_TYPE_DOUBLE:
        put_tag(e, number, put_double(e, f, *(const double *)member));
        return;
    case FIELD_TYPE_STR:
    case FIELD_TYPE_BYTES:
    case FIELD_TYPE_QUANTITY:
        put_bytes(e, *(const struct str *)member);
        break;
    case FIELD_TYPE_DURATION:
    case FIELD_TYPE_TIMESTAMP:
        put_time(e, f, *(const int64_t *)member);
        break;
    case FIELD_TYPE_JSON:
        put_json(e, f, *(const struct node *const *)member);
        break;
    case FIELD_TYPE_MSG:
        encode_message(e, f->msg, member);
        break;
    case FIELD_TYPE_INT_OR_STR:
        return; /* field_index refuses such rows */
    }
    close_bytes(e, from, number);
}

/* field_opt and field_opt_double, in a wrapper message where the row says so. */
static void put_opt(struct encoder *e, const struct field *f, const void *member)
{
    const struct field_opt *opt = member;
    size_t from = mark(e);
    unsigned type;

    if (f->type == FIELD_TYPE_DURATION || f->type == FIELD_TYPE_TIMESTAMP) {
        put_time(e, f, opt->value);
        close_bytes(e, from, f->proto);
        return;
    }
    if (f->type == FIELD_TYPE_DOUBLE) {
        double value = ((const struct field_opt_double *)member)->value;

        if (f->wrapper && value == 0) {
            close_bytes(e, from, f->proto);
            return;
        }
        type = put_double(e, f, value);
    } else {
        if (f->wrapper && opt->value == 0) {
            close_bytes(e, from, f->proto);
            return;
        }
        type = put_number(e, f, opt->value);
    }
    if (!f->wrapper) {
        put_tag(e, f->proto, type);
        return;
    }
    put_tag(e, 1, type);
    close_bytes(e, from, f->proto);
}

static bool is_packed(const struct field *f)
{
    return !f->unpacked && (f->type == FIELD_TYPE_INT || f->type == FIELD_TYPE_ENUM ||
                            f->type == FIELD_TYPE_BOOL || f->type == FIELD_TYPE_DOUBLE);
}

static void put_list(struct encoder *e, const struct field *f, const void *obj)
{
    const char *items = *(const char *const *)field_member(f, obj);
    size_t count = field_items(f, obj), from = mark(e);

    if (count == 0)
        return;
    if (!is_packed(f)) {
        while (count-- > 0 && !e->error)
            put_one(e, f, f->proto, items + count * f->item_bytes);
        return;
    }
    while (count-- > 0) {
        const void *item = items + count * f->item_bytes;

        if (f->type == FIELD_TYPE_DOUBLE)
            put_double(e, f, *(const double *)item);
        else if (f->type == FIELD_TYPE_BOOL)
            put_varint(e, *(const bool *)item);
        else
            put_number(e, f,
                       f->type == FIELD_TYPE_ENUM ? *(const int *)item : *(const int64_t *)item);
    }
    close_bytes(e, from, f->proto);
}

static void put_map(struct encoder *e, const struct field *f, const void *obj)
{
    const char *items = *(const char *const *)field_member(f, obj);

    for (size_t i = field_items(f, obj); i-- > 0 && !e->error;) {
        const char *item = items + i * f->item_bytes;
        struct str key = *(const struct str *)(const void *)item;
        size_t entry = mark(e);

        put_one(e, f, 2, item + f->value_offset);
        if (f->key_int) {
            char digits[NUMBER_BYTES];

            str_copy(key, digits, sizeof(digits));
            put_varint(e, (uint64_t)strtoll(digits, NULL, 10));
            put_tag(e, 1, PROTO_WIRE_VARINT);
        } else {
            size_t from = mark(e);

            put_bytes(e, key);
            close_bytes(e, from, 1);
        }
        close_bytes(e, entry, f->proto);
    }
}

/* Text that is there but empty travels only where that differs from absent. */
static inline bool is_sent(const struct field *f, const void *obj)
{
    const void *member = field_member(f, obj);

    if (!f->proto)
        return false;
    if (f->shape == FIELD_SHAPE_ONE && (f->type == FIELD_TYPE_STR || f->type == FIELD_TYPE_BYTES)) {
        const struct str *s = member;

        return s->len > 0 || (s->p && (f->oneof || f->presence));
    }
    if (f->shape == FIELD_SHAPE_PTR || f->shape == FIELD_SHAPE_LIST || f->shape == FIELD_SHAPE_MAP)
        return *(const void *const *)member != NULL;
    return field_is_set(f, obj);
}

static void encode_message(struct encoder *e, const struct field_message *m, const void *obj)
{
    if (e->error || ++e->depth > PROTO_MAX_DEPTH) {
        if (!e->error)
            e->error = ERR_LIMIT;
        return;
    }
    if (m->unknown)
        put_bytes(e, *(const struct str *)(const void *)((const char *)obj + m->unknown - 1));
    for (uint32_t i = m->count; i-- > 0;) {
        const struct field *f = &m->fields[i];
        const void *member = field_member(f, obj);

        if (!is_sent(f, obj))
            continue;
        if (f->shape == FIELD_SHAPE_ONE)
            put_one(e, f, f->proto, member);
        else if (f->shape == FIELD_SHAPE_OPT)
            put_opt(e, f, member);
        else if (f->shape == FIELD_SHAPE_PTR)
            put_one(e, f, f->proto, *(const void *const *)member);
        else if (f->shape == FIELD_SHAPE_LIST)
            put_list(e, f, obj);
        else
            put_map(e, f, obj);
    }
    e->depth--;
}

int proto_encode(const struct field_message *m, const void *obj, struct buf *out)
{
    char first[FIRST_BYTES];
    struct encoder e = { .start = first,
                         .at = first + sizeof(first),
                         .end = first + sizeof(first) };

    encode_message(&e, m, obj);
    if (!e.error && mark(&e) > PROTO_MAX_BYTES)
        e.error = ERR_LIMIT;
    if (!e.error)
        e.error = buf_add(out, e.at, mark(&e));
    mem_free(e.heap);
    return e.error;
}

int proto_encode_any(const struct field_message *m, const void *obj, struct arena *a,
                     struct field_any *out)
{
    struct buf b;
    int rc;

    buf_init(&b, PROTO_MAX_BYTES);
    rc = proto_encode(m, obj, &b);
    if (rc == 0) {
        out->type_url = arena_printf(a, "type.googleapis.com/%s", m->name);
        out->value = arena_str(a, buf_str(&b));
    }
    buf_deinit(&b);
    return rc;
}
