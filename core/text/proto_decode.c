/* The reading half of proto.h. */
#include "core/base/error.h"
#include "core/text/field_index.h"
#include "core/text/proto.h"
#include "core/text/proto_struct.h"
#include "core/text/proto_wire.h"
#include "core/text/utf8.h"

enum {
    FIRST_UNKNOWN = 64,   /* bytes kept of unknown fields; they double */
    FIRST_ITEMS = 4,      /* room a list starts with; it doubles */
    SEARCHED_KEYS = 1024, /* in a map of more entries, equal keys are all kept */
    MAX_ITEMS = 16 * 1024 * 1024,
};

struct decoder {
    struct arena *arena;
    bool borrow;
    int depth;
};

static int decode_message(struct decoder *d, const struct field_message *m, struct str bytes,
                          void *out);

static int take_str(struct decoder *d, struct str bytes, struct str *out)
{
    if (bytes.len == 0)
        *out = STR("");
    else
        *out = d->borrow ? bytes : arena_str(d->arena, bytes);
    return 0;
}

/* Seconds and nanoseconds of a Duration or Timestamp, to nanoseconds; what does not fit is held at
 * the end of the range. */
static int decode_time(struct str bytes, int64_t *out)
{
    struct proto_reader r = proto_wire_reader(bytes);
    int64_t s = 0, ns = 0;
    uint32_t number;
    unsigned type;
    __int128 all;

    while (r.p < r.end) {
        uint64_t value;

        if (!proto_wire_tag(&r, &number, &type))
            return ERR_INVALID;
        if (number > 2 || type != PROTO_WIRE_VARINT) {
            if (!proto_wire_skip(&r, number, type))
                return ERR_INVALID;
            continue;
        }
        if (!proto_wire_varint(&r, &value))
            return ERR_INVALID;
        if (number == 1)
            s = (int64_t)value;
        else
            ns = (int32_t)value;
    }
    all = (__int128)s * 1000000000 + ns;
    if (all > INT64_MAX)
        all = INT64_MAX;
    else if (all < INT64_MIN)
        all = INT64_MIN;
    *out = (int64_t)all;
    return 0;
}

/* A number as the varint or fixed value that carries it. */
static int64_t to_number(const struct field *f, uint64_t raw, unsigned type)
{
    bool is_signed = f->width == FIELD_INT64 || f->width == FIELD_INT32;

    if (f->type == FIELD_TYPE_BOOL)
        return raw != 0;
    if (f->wire == FIELD_WIRE_ZIGZAG)
        return proto_wire_unzigzag(raw);
    if (f->type == FIELD_TYPE_ENUM || f->width == FIELD_INT32 || type == PROTO_WIRE_32)
        return is_signed || f->type == FIELD_TYPE_ENUM ? (int64_t)(int32_t)raw
                                                       : (int64_t)(uint32_t)raw;
    return f->width == FIELD_UINT32 ? (int64_t)(uint32_t)raw : (int64_t)raw;
}

static double to_double(uint64_t raw, unsigned type)
{
    uint32_t half = (uint32_t)raw;
    double d;
    float f;

    if (type == PROTO_WIRE_32) {
        memcpy(&f, &half, sizeof(f));
        return (double)f;
    }
    memcpy(&d, &raw, sizeof(d));
    return d;
}

/* The wire type of the row's values when they are not packed. */
static unsigned wire_of(const struct field *f)
{
    switch ((enum field_type)f->type) {
    case FIELD_TYPE_DOUBLE:
        return f->wire == FIELD_WIRE_FLOAT ? PROTO_WIRE_32 : PROTO_WIRE_64;
    case FIELD_TYPE_INT:
        if (f->wire == FIELD_WIRE_FIXED)
            return f->width == FIELD_INT32 || f->width == FIELD_UINT32 ? PROTO_WIRE_32
                                                                       : PROTO_WIRE_64;
        return PROTO_WIRE_VARINT;
    case FIELD_TYPE_BOOL:
    case FIELD_TYPE_ENUM:
        return PROTO_WIRE_VARINT;
    default:
        return PROTO_WIRE_BYTES;
    }
}

static bool read_raw(struct proto_reader *r, unsigned type, uint64_t *raw)
{
    *raw = 0;
    if (type == PROTO_WIRE_VARINT)
        return proto_wire_varint(r, raw);
    return proto_wire_fixed(r, raw, type == PROTO_WIRE_64 ? 8 : 4);
}

/* Stores a scalar into a member, or into a list's item. */
static void store_raw(const struct field *f, uint64_t raw, unsigned type, void *to)
{
    if (f->type == FIELD_TYPE_DOUBLE)
        *(double *)to = to_double(raw, type);
    else if (f->type == FIELD_TYPE_BOOL)
        *(bool *)to = raw != 0;
    else if (f->type == FIELD_TYPE_ENUM)
        *(int *)to = (int)to_number(f, raw, type);
    else
        *(int64_t *)to = to_number(f, raw, type);
}

static int store_bytes(struct decoder *d, const struct field *f, struct str bytes, void *to)
{
    struct node *n;
    int rc;

    switch ((enum field_type)f->type) {
    case FIELD_TYPE_STR:
    case FIELD_TYPE_QUANTITY:
        return utf8_is_valid(bytes) ? take_str(d, bytes, to) : ERR_INVALID;
    case FIELD_TYPE_BYTES:
        return take_str(d, bytes, to);
    case FIELD_TYPE_MSG:
        return decode_message(d, f->msg, bytes, to);
    case FIELD_TYPE_DURATION:
    case FIELD_TYPE_TIMESTAMP:
        return decode_time(bytes, to);
    case FIELD_TYPE_JSON:
        rc = f->json_value ? proto_struct_decode_value(bytes, d->arena, d->depth, &n)
                           : proto_struct_decode(bytes, d->arena, d->depth, &n);
        if (rc == 0)
            *(const struct node **)to = n;
        return rc;
    default:
        return ERR_INVALID;
    }
}

/* The next free item of a list or map, zeroed. Its room is 0, 4, 8, 16 ..., so that the count alone
 * says when it is full. */
static void *add_item(struct decoder *d, const struct field *f, void *obj)
{
    char **items = (char **)(void *)((char *)obj + f->offset), *item;
    size_t *count = (size_t *)(void *)((char *)obj + f->count_offset), n = *count;

    if (n == 0)
        *items = arena_alloc(d->arena, FIRST_ITEMS * (size_t)f->item_bytes);
    else if (n >= FIRST_ITEMS && (n & (n - 1)) == 0)
        *items = arena_grow(d->arena, *items, n, n * 2, f->item_bytes);
    item = *items + n * f->item_bytes;
    memset(item, 0, f->item_bytes);
    *count = n + 1;
    return item;
}

static int decode_packed(struct decoder *d, const struct field *f, struct str bytes, void *obj)
{
    struct proto_reader r = proto_wire_reader(bytes);
    unsigned type = wire_of(f);
    uint64_t raw;

    while (r.p < r.end) {
        if (field_items(f, obj) >= MAX_ITEMS)
            return ERR_LIMIT;
        if (!read_raw(&r, type, &raw))
            return ERR_INVALID;
        store_raw(f, raw, type, add_item(d, f, obj));
    }
    return 0;
}

static int decode_item(struct decoder *d, const struct field *f, struct proto_reader *r,
                       unsigned type, void *obj)
{
    unsigned want = wire_of(f);
    struct str bytes;
    uint64_t raw;

    if (field_items(f, obj) >= MAX_ITEMS)
        return ERR_LIMIT;
    if (type == PROTO_WIRE_BYTES) {
        if (!proto_wire_bytes(r, &bytes))
            return ERR_INVALID;
        if (want != PROTO_WIRE_BYTES)
            return decode_packed(d, f, bytes, obj);
        return store_bytes(d, f, bytes, add_item(d, f, obj));
    }
    if (type != want || !read_raw(r, type, &raw))
        return ERR_INVALID;
    store_raw(f, raw, type, add_item(d, f, obj));
    return 0;
}

/* The entry with that key, or a new one. */
static void *map_entry(struct decoder *d, const struct field *f, struct str key, void *obj)
{
    char *items = *(char **)(void *)((char *)obj + f->offset), *item;
    size_t count = field_items(f, obj);

    for (size_t i = 0; i < count && count <= SEARCHED_KEYS; i++) {
        item = items + i * f->item_bytes;
        if (str_eq(*(struct str *)(void *)item, key)) {
            memset(item, 0, f->item_bytes);
            *(struct str *)(void *)item = key;
            return item;
        }
    }
    item = add_item(d, f, obj);
    *(struct str *)(void *)item = key;
    return item;
}

/* A map's entry is a message: key 1, value 2. */
static int decode_entry(struct decoder *d, const struct field *f, struct str bytes, void *obj)
{
    struct proto_reader r = proto_wire_reader(bytes), value = { NULL, NULL };
    struct str key = STR(""), part = STR("");
    unsigned type, want = wire_of(f);
    uint64_t raw = 0;
    uint32_t number;
    char *to;

    while (r.p < r.end) {
        if (!proto_wire_tag(&r, &number, &type))
            return ERR_INVALID;
        if (number == 1 && f->key_int && type == PROTO_WIRE_VARINT) {
            if (!proto_wire_varint(&r, &raw))
                return ERR_INVALID;
            key = arena_printf(d->arena, "%lld", (long long)raw);
        } else if (number == 1 && !f->key_int && type == PROTO_WIRE_BYTES) {
            if (!proto_wire_bytes(&r, &key) || !utf8_is_valid(key))
                return ERR_INVALID;
        } else if (number == 2 && type == want) {
            value = r;
            if (!proto_wire_skip(&r, number, type))
                return ERR_INVALID;
        } else if (!proto_wire_skip(&r, number, type)) {
            return ERR_INVALID;
        }
    }
    if (field_items(f, obj) >= MAX_ITEMS)
        return ERR_LIMIT;
    take_str(d, key, &key);
    to = (char *)map_entry(d, f, key, obj) + f->value_offset;
    if (want == PROTO_WIRE_BYTES) {
        if (value.p)
            proto_wire_bytes(&value, &part); /* it was read before */
        return store_bytes(d, f, part, to);
    }
    raw = 0;
    if (value.p)
        read_raw(&value, want, &raw);
    store_raw(f, raw, want, to);
    return 0;
}

/* google.protobuf.Int64Value and so on: the value is field 1; absent means 0. */
static int unwrap(const struct field *f, struct str bytes, uint64_t *raw, unsigned *type)
{
    struct proto_reader r = proto_wire_reader(bytes);
    uint32_t number;

    *raw = 0;
    while (r.p < r.end) {
        if (!proto_wire_tag(&r, &number, type))
            return ERR_INVALID;
        if (number == 1 && *type == wire_of(f)) {
            if (!read_raw(&r, *type, raw))
                return ERR_INVALID;
        } else if (!proto_wire_skip(&r, number, *type)) {
            return ERR_INVALID;
        }
    }
    *type = wire_of(f);
    return 0;
}

static int decode_opt(const struct field *f, struct proto_reader *r, unsigned type, void *member)
{
    bool is_time = f->type == FIELD_TYPE_DURATION || f->type == FIELD_TYPE_TIMESTAMP;
    struct field_opt *opt = member;
    struct str bytes;
    uint64_t raw;
    int rc = 0;

    if (type != (f->wrapper || is_time ? PROTO_WIRE_BYTES : wire_of(f)))
        return ERR_INVALID;
    if (type == PROTO_WIRE_BYTES) {
        if (!proto_wire_bytes(r, &bytes))
            return ERR_INVALID;
        if (is_time) {
            opt->set = true;
            return decode_time(bytes, &opt->value);
        }
        rc = unwrap(f, bytes, &raw, &type);
    } else if (!read_raw(r, type, &raw)) {
        rc = ERR_INVALID;
    }
    if (rc)
        return rc;
    if (f->type == FIELD_TYPE_DOUBLE)
        *(struct field_opt_double *)member =
            (struct field_opt_double){ true, to_double(raw, type) };
    else
        *opt = (struct field_opt){ true, to_number(f, raw, type) };
    return 0;
}

static int decode_one(struct decoder *d, const struct field *f, struct proto_reader *r,
                      unsigned type, void *member)
{
    struct str bytes;
    uint64_t raw;

    if (type != wire_of(f))
        return ERR_INVALID;
    if (type == PROTO_WIRE_BYTES)
        return proto_wire_bytes(r, &bytes) ? store_bytes(d, f, bytes, member) : ERR_INVALID;
    if (!read_raw(r, type, &raw))
        return ERR_INVALID;
    store_raw(f, raw, type, member);
    return 0;
}

static int decode_ptr(struct decoder *d, const struct field *f, struct proto_reader *r,
                      unsigned type, void *member)
{
    void **sub = member;
    struct str bytes;

    if (type != PROTO_WIRE_BYTES || !proto_wire_bytes(r, &bytes))
        return ERR_INVALID;
    if (!*sub)
        *sub = arena_alloc0(d->arena, 1, f->item_bytes);
    return decode_message(d, f->msg, bytes, *sub);
}

/* The last member of a oneof on the wire is the one that counts. */
static void clear_others(const struct field_message *m, const struct field *f, void *obj)
{
    for (uint32_t i = 0; i < m->count; i++) {
        const struct field *other = &m->fields[i];
        char *member = (char *)obj + other->offset;

        if (other->oneof != f->oneof || other == f || other->offset == f->offset)
            continue;
        if (other->shape == FIELD_SHAPE_OPT)
            *(bool *)member = false;
        else if (other->shape == FIELD_SHAPE_PTR || other->type == FIELD_TYPE_JSON)
            *(void **)(void *)member = NULL;
        else if (other->shape == FIELD_SHAPE_ONE && wire_of(other) == PROTO_WIRE_BYTES &&
                 other->type != FIELD_TYPE_MSG)
            *(struct str *)(void *)member = STR_NONE;
    }
}

static int decode_field(struct decoder *d, const struct field_message *m, const struct field *f,
                        struct proto_reader *r, unsigned type, void *obj)
{
    void *member = (char *)obj + f->offset;
    struct str bytes;

    if (f->oneof)
        clear_others(m, f, obj);
    switch ((enum field_shape)f->shape) {
    case FIELD_SHAPE_ONE:
        return decode_one(d, f, r, type, member);
    case FIELD_SHAPE_OPT:
        return decode_opt(f, r, type, member);
    case FIELD_SHAPE_PTR:
        return decode_ptr(d, f, r, type, member);
    case FIELD_SHAPE_LIST:
        return decode_item(d, f, r, type, obj);
    case FIELD_SHAPE_MAP:
        break;
    }
    if (type != PROTO_WIRE_BYTES || !proto_wire_bytes(r, &bytes))
        return ERR_INVALID;
    return decode_entry(d, f, bytes, obj);
}

/* What no row reads is kept as it came, tag included, one behind the other. Its room is the power
 * of two at or above its length, so that many small pieces do not copy each other over and over. */
static void keep_unknown(struct decoder *d, const struct field_message *m, const void *from,
                         size_t len, void *obj)
{
    struct str *kept = (struct str *)(void *)((char *)obj + m->unknown - 1);
    size_t had = kept->len ? FIRST_UNKNOWN : 0, need = FIRST_UNKNOWN;
    char *all;

    while (had && had < kept->len)
        had *= 2;
    while (need < kept->len + len)
        need *= 2;
    if (need > had) {
        all = arena_alloc(d->arena, need);
        if (kept->len)
            memcpy(all, kept->p, kept->len);
    } else {
        memcpy(&all, &kept->p, sizeof(all)); /* not const: this decoder allocated it */
    }
    memcpy(all + kept->len, from, len);
    *kept = str_make(all, kept->len + len);
}

/* The usual field, which takes a short way. */
static inline bool is_text(const struct field *f)
{
    return (f->type == FIELD_TYPE_STR || f->type == FIELD_TYPE_BYTES) &&
           f->shape == FIELD_SHAPE_ONE && !f->oneof;
}

static inline int decode_text(struct decoder *d, const struct field *f, struct proto_reader *r,
                              void *member)
{
    struct str bytes;

    if (!proto_wire_bytes(r, &bytes) || (f->type == FIELD_TYPE_STR && !utf8_is_valid(bytes)))
        return ERR_INVALID;
    return take_str(d, bytes, member);
}

static int decode_message(struct decoder *d, const struct field_message *m, struct str bytes,
                          void *out)
{
    const struct field_index *x = field_index_get(m);
    struct proto_reader r = proto_wire_reader(bytes);
    int rc = 0;

    if (++d->depth > PROTO_MAX_DEPTH)
        return ERR_LIMIT;
    while (r.p < r.end && rc == 0) {
        const unsigned char *start = r.p;
        const struct field *f;
        uint32_t number;
        unsigned type;

        if (!proto_wire_tag(&r, &number, &type))
            return ERR_INVALID;
        f = field_index_proto(m, x, number);
        if (f && is_text(f) && type == PROTO_WIRE_BYTES)
            rc = decode_text(d, f, &r, (char *)out + f->offset);
        else if (f)
            rc = decode_field(d, m, f, &r, type, out);
        else if (!proto_wire_skip(&r, number, type))
            rc = ERR_INVALID;
        else if (m->unknown)
            keep_unknown(d, m, start, (size_t)(r.p - start), out);
    }
    d->depth--;
    return rc;
}

int proto_decode(const struct field_message *m, const void *p, size_t len, struct arena *a,
                 unsigned flags, void *out)
{
    struct decoder d = { .arena = a, .borrow = flags & PROTO_BORROW };

    memset(out, 0, m->size);
    if (len > PROTO_MAX_BYTES)
        return ERR_LIMIT;
    return decode_message(&d, m, str_make(p, len), out);
}
