#include "core/text/proto_struct.h"

#include "core/base/error.h"
#include "core/text/proto.h"
#include "core/text/proto_wire.h"
#include "core/text/utf8.h"

/* The next field of a message, all of whose fields are numbered 1 to 6; 1: one was read, 0: none is
 * left. Varints land in *number, fixed ones in *real, the rest in *bytes. */
static int next(struct proto_reader *r, uint32_t *field, uint64_t *number, double *real,
                struct str *bytes)
{
    unsigned type;

    while (r->p < r->end) {
        bool ok, known = true;

        if (!proto_wire_tag(r, field, &type))
            return ERR_INVALID;
        if (type == PROTO_WIRE_VARINT) {
            ok = proto_wire_varint(r, number);
        } else if (type == PROTO_WIRE_64) {
            ok = proto_wire_fixed(r, real, sizeof(*real));
        } else if (type == PROTO_WIRE_BYTES) {
            ok = proto_wire_bytes(r, bytes);
        } else {
            ok = proto_wire_skip(r, *field, type);
            known = false;
        }
        if (!ok)
            return ERR_INVALID;
        *field = *field << 3 | type;
        if (known)
            return 1;
    }
    return 0;
}

#define FIELD(number, type) ((uint32_t)(number) << 3 | (type))

static int decode_list(struct str bytes, struct arena *a, int depth, struct node **out)
{
    struct proto_reader r = proto_wire_reader(bytes);
    struct node *list = node_new(a, NODE_LIST), *item;
    uint32_t field;
    uint64_t number;
    double real;
    int rc;

    while ((rc = next(&r, &field, &number, &real, &bytes)) > 0) {
        if (field != FIELD(1, PROTO_WIRE_BYTES))
            continue;
        rc = proto_struct_decode_value(bytes, a, depth + 1, &item);
        if (rc)
            return rc;
        node_add(list, item);
    }
    *out = list;
    return rc;
}

int proto_struct_decode_value(struct str bytes, struct arena *a, int depth, struct node **out)
{
    struct proto_reader r = proto_wire_reader(bytes);
    uint32_t field;
    uint64_t number;
    double real;
    int rc;

    *out = node_new(a, NODE_NULL);
    if (depth > PROTO_MAX_DEPTH)
        return ERR_LIMIT;
    while ((rc = next(&r, &field, &number, &real, &bytes)) > 0) {
        rc = 0;
        if (field == FIELD(2, PROTO_WIRE_64))
            *out = node_new_double(a, real);
        else if (field == FIELD(3, PROTO_WIRE_BYTES) && !utf8_is_valid(bytes))
            rc = ERR_INVALID;
        else if (field == FIELD(3, PROTO_WIRE_BYTES))
            *out = node_new_str(a, arena_str(a, bytes));
        else if (field == FIELD(4, PROTO_WIRE_VARINT))
            *out = node_new_bool(a, number != 0);
        else if (field == FIELD(5, PROTO_WIRE_BYTES))
            rc = proto_struct_decode(bytes, a, depth + 1, out);
        else if (field == FIELD(6, PROTO_WIRE_BYTES))
            rc = decode_list(bytes, a, depth + 1, out);
        if (rc)
            return rc;
    }
    return rc;
}

static int decode_entry(struct str bytes, struct arena *a, int depth, struct node *map)
{
    struct proto_reader r = proto_wire_reader(bytes);
    struct str key = STR(""), value = STR("");
    struct node *n;
    uint32_t field;
    uint64_t number;
    double real;
    int rc;

    while ((rc = next(&r, &field, &number, &real, &bytes)) > 0) {
        if (field == FIELD(1, PROTO_WIRE_BYTES))
            key = bytes;
        else if (field == FIELD(2, PROTO_WIRE_BYTES))
            value = bytes;
    }
    if (rc)
        return rc;
    if (!utf8_is_valid(key))
        return ERR_INVALID;
    rc = proto_struct_decode_value(value, a, depth + 1, &n);
    if (rc)
        return rc;
    if (map->count < 1024) { /* the last of equal keys counts; more of them are nobody's config */
        node_set(map, arena_str(a, key), n);
    } else {
        n->key = arena_str(a, key);
        node_add(map, n);
    }
    return 0;
}

int proto_struct_decode(struct str bytes, struct arena *a, int depth, struct node **out)
{
    struct proto_reader r = proto_wire_reader(bytes);
    struct node *map = node_new(a, NODE_MAP);
    uint32_t field;
    uint64_t number;
    double real;
    int rc;

    if (depth > PROTO_MAX_DEPTH)
        return ERR_LIMIT;
    while ((rc = next(&r, &field, &number, &real, &bytes)) > 0) {
        if (field != FIELD(1, PROTO_WIRE_BYTES))
            continue;
        rc = decode_entry(bytes, a, depth, map);
        if (rc)
            return rc;
    }
    *out = map;
    return rc;
}
