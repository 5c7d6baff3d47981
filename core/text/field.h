/* Field tables: one row a field, and everything that can be done with a message follows from it.
 *
 * A message is a C struct and a table of rows. The rows read YAML and JSON with the place of every
 * mistake (field_decode.h), write them (field_encode.h), read and write protobuf (proto.h), explain
 * (field_explain.h), make JSON Schema and OpenAPI (field_schema.h) and are walked (field_walk.h).
 *
 *     struct http_retry {
 *         struct field_at at;
 *         int64_t attempts;
 *         struct field_opt per_try_timeout;       // nanoseconds
 *         struct str retry_on;
 *         struct header_match *headers;           // items inline
 *         size_t headers_count;
 *     };
 *
 *     #define T struct http_retry
 *     static const struct field http_retry_fields[] = {
 *         FIELD_INT32(T, attempts, "attempts", .proto = 1, .max = 100, .help = "How often."),
 *         FIELD_DURATION(T, per_try_timeout, "perTryTimeout", .proto = 2, .min = 1000000),
 *         FIELD_STR(T, retry_on, "retryOn", .proto = 3, .check = check_retry_on),
 *         FIELD_LIST_MSG(T, headers, "headers", header_match, .proto = 4),
 *     };
 *     FIELD_MESSAGE(http_retry, "istio.networking.v1alpha3.HTTPRetry",
 *                   .at = FIELD_AT(T, at), .help = "When and how to try again.");
 *     #undef T
 *
 * The descriptor of `struct x` is `x_message`, its rows `x_fields`; an enum's names are `x_enum`.
 * A member of another type than the row says does not compile.
 *
 * | row                    | member                                             | absent |
 * |------------------------|----------------------------------------------------|-------------------|
 * | STR BYTES QUANTITY     | struct str                                         | p == NULL | |
 * BOOL, INT*, DOUBLE     | bool, int64_t, double                              | false, 0          |
 * | ENUM                   | int or the enum                                    | 0 | |
 * OPT_BOOL/INT../ENUM    | struct field_opt                                   | !set              |
 * | OPT_DOUBLE             | struct field_opt_double                            | !set | | DURATION
 * | struct field_opt, nanoseconds                      | !set              | | TIMESTAMP | struct
 * field_opt, nanoseconds since 1970           | !set              | | INT_OR_STR             |
 * struct field_int_or_str                            | !set              | | JSON | const struct
 * node * (Struct, Value, RawExtension)  | NULL              | | MSG                    | struct x *
 * | NULL              | | INLINE                 | struct x | all of it absent  | | LIST_STR/BYTES
 * | struct str *m; size_t m_count                      | NULL              | |
 * LIST_INT/DOUBLE/ENUM.. | int64_t *, double *, int * (or the enum) and count | NULL              |
 * | LIST_MSG               | struct x *m (items inline) and count               | NULL | |
 * LIST_JSON              | const struct node **m and count                    | NULL              |
 * | MAP_STR/BYTES          | struct field_pair * and count                      | NULL | | MAP_INT
 * | struct field_pair_int * and count                  | NULL              | | MAP_MSG | struct {
 * struct str key; struct x value; } *, count| NULL              |
 *
 * A list or map that was written empty has a pointer and count 0; an empty string that was written
 * has a pointer and len 0. All of it lives in the arena given to the decoder (or in its input,
 * where that is asked for). Tables are constant; all functions here may be called from any thread.
 */
#ifndef CORE_TEXT_FIELD_H
#define CORE_TEXT_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"
#include "core/text/node.h"

struct field_at { /* where an object was written; 0: by a program */
    int line, col;
};

struct field_opt {
    bool set;
    int64_t value;
};

struct field_opt_double {
    bool set;
    double value;
};

struct field_int_or_str {
    bool set;
    bool is_text; /* then text counts, else number */
    int64_t number;
    struct str text;
};

struct field_pair {
    struct str key, value;
};

struct field_pair_int {
    struct str key;
    int64_t value;
};

enum field_type {
    FIELD_TYPE_BOOL,
    FIELD_TYPE_INT,
    FIELD_TYPE_DOUBLE,
    FIELD_TYPE_STR,
    FIELD_TYPE_BYTES,
    FIELD_TYPE_QUANTITY, /* kept as its text, which was checked */
    FIELD_TYPE_ENUM,
    FIELD_TYPE_DURATION,
    FIELD_TYPE_TIMESTAMP,
    FIELD_TYPE_INT_OR_STR,
    FIELD_TYPE_JSON,
    FIELD_TYPE_MSG,
};

enum field_shape {
    FIELD_SHAPE_ONE, /* the member itself */
    FIELD_SHAPE_OPT, /* field_opt or field_opt_double around a scalar */
    FIELD_SHAPE_PTR, /* a message by pointer */
    FIELD_SHAPE_LIST,
    FIELD_SHAPE_MAP,
};

/* Range of an int, on the wire and in text. */
enum field_width { FIELD_INT64, FIELD_INT32, FIELD_UINT32, FIELD_UINT64 };

/* Protobuf encoding of a number where it is not the usual one for its type. */
enum field_wire {
    FIELD_WIRE_AUTO,   /* varint; doubles 64 bits fixed; the rest by length */
    FIELD_WIRE_ZIGZAG, /* sint32, sint64 */
    FIELD_WIRE_FIXED,  /* fixed32 .. sfixed64, by width */
    FIELD_WIRE_FLOAT,  /* a double that travels as 32 bits */
};

struct field_message;
struct field_check;

/* Judges one value: member points at it (one item of a list, one value of a map), or at the whole
 * struct for a message's check. Calls field_decode_error for what is wrong. */
typedef void field_check_fn(struct field_check *c, const void *member);

struct field_enum_name {
    const char *name; /* as in JSON */
    int number;
    const char *help;
};

struct field_enum {
    const char *name; /* "istio.networking.v1alpha3.ClientTLSSettings.TLSmode" */
    const struct field_enum_name *values; /* several names of one number: the first is written */
    size_t count;
};

struct field {
    const char *name;                /* in JSON: "perTryTimeout" */
    const struct field_message *msg; /* of messages */
    const struct field_enum *names;  /* of enums */
    const char *help;                /* one line */
    const char *default_text;        /* what absence means, for people: "5s", "all ports" */
    const char *fill;                /* what a write puts in place of absence, as JSON; or NULL */
    const char *enforced;            /* FIELD_ENFORCED, or what is not done about it yet */
    const char *proto_name;          /* only where it is not name in snake_case */
    const char *merge_key; /* what tells a list's items apart, patchMergeKey first: "name",
                            * "port,protocol"; "": a set of scalars */
    field_check_fn *check;
    int64_t min, max;      /* numbers, durations in ns; both 0: none; max 0 with min > 0: no max */
    uint32_t offset;       /* of the member */
    uint32_t count_offset; /* of member_count: lists and maps */
    uint32_t item_bytes;   /* of one list item or map entry; of a message by pointer its struct */
    uint32_t value_offset; /* of value in a map's entry */
    uint32_t proto;        /* protobuf number; 0: not on the wire */
    uint32_t max_len;      /* bytes of a string; 0: no own limit */
    uint32_t min_items, max_items;    /* of a list or map; 0: none */
    uint8_t type, shape, width, wire; /* enums above */
    uint8_t oneof;    /* fields with the same number, not 0: at most one of them is set */
    bool required;    /* must be written */
    bool deprecated;  /* a warning when written */
    bool keep;        /* written to JSON also when absent, false, 0 or empty */
    bool presence;    /* proto3 `optional` string: empty differs from absent on the wire */
    bool wrapper;     /* OPT_*: travels as google.protobuf.BoolValue and so on */
    bool key_int;     /* map keys are integers on the wire */
    bool read_only;   /* set by the system: explain and schema say so */
    bool json_string; /* an int that JSON carries as a string (protobuf's int64) */
    bool unpacked;    /* a repeated number sent one by one */
    bool json_value;  /* JSON: google.protobuf.Value on the wire, else Struct */
};

#define FIELD_ENFORCED     NULL
#define FIELD_NOT_ENFORCED "is accepted, but nothing acts on it yet"

struct field_cache { /* filled at first use; see field.c */
    _Atomic(void *) index;
};

struct field_message {
    const char *name; /* "istio.networking.v1alpha3.HTTPRoute" */
    const char *help;
    const struct field *fields;
    field_check_fn *check; /* across fields, after all of them were read */
    struct field_cache *cache;
    uint32_t count;
    uint32_t size;
    uint32_t at;      /* FIELD_AT, or 0 */
    uint32_t unknown; /* FIELD_UNKNOWN: unread protobuf fields are kept there; or 0: skipped */
    uint32_t oneof_required; /* bit n: of oneof group n (1..31) one must be set */
};

/* ---- writing tables ---- */

/* NOLINTBEGIN(bugprone-macro-parentheses): the arguments are members, types and tags */

#define FIELD_MESSAGE(tag, message_name, ...)                                                      \
    const struct field_message tag##_message = { .name = message_name,                             \
                                                 .fields = tag##_fields,                           \
                                                 .count = sizeof(tag##_fields) /                   \
                                                          sizeof(tag##_fields[0]),                 \
                                                 .size = sizeof(struct tag),                       \
                                                 .cache = &(struct field_cache){ NULL },           \
                                                 __VA_ARGS__ }
/* A message without fields; the struct needs some member all the same. */
#define FIELD_MESSAGE_EMPTY(tag, message_name, ...)                                                \
    const struct field_message tag##_message = { .name = message_name,                             \
                                                 .size = sizeof(struct tag),                       \
                                                 .cache = &(struct field_cache){ NULL },           \
                                                 __VA_ARGS__ }
/* For headers, and before the rows of a message that contains itself. A message for one file only:
 * put `static` in front of both. */
#define FIELD_DECLARE(tag) const struct field_message tag##_message

#define FIELD_ENUM_TABLE(tag, enum_name)                                                           \
    const struct field_enum tag##_enum = { enum_name, tag##_names,                                 \
                                           sizeof(tag##_names) / sizeof(tag##_names[0]) }

#define FIELD_AT(T, m)      _Generic(((T *)0)->m, struct field_at : (uint32_t)offsetof(T, m) + 1)
#define FIELD_UNKNOWN(T, m) _Generic(((T *)0)->m, struct str : (uint32_t)offsetof(T, m) + 1)

#define FIELD_OF(T, m, ctype) .offset = _Generic(((T *)0)->m, ctype : (uint32_t)offsetof(T, m))
#define FIELD_LIST_OF(T, m, ctype)                                                                 \
    .shape = FIELD_SHAPE_LIST,                                                                     \
    .offset = _Generic(((T *)0)->m, ctype *: (uint32_t)offsetof(T, m),                             \
                       const ctype *: (uint32_t)offsetof(T, m)),                                   \
    .count_offset = _Generic(((T *)0)->m##_count, size_t: (uint32_t)offsetof(T, m##_count)),       \
    .item_bytes = sizeof(ctype)
#define FIELD_MAP_OF(T, m, etype)                                                                  \
    .shape = FIELD_SHAPE_MAP,                                                                      \
    .offset = _Generic(((T *)0)->m, etype *: (uint32_t)offsetof(T, m),                             \
                       const etype *: (uint32_t)offsetof(T, m)),                                   \
    .count_offset = _Generic(((T *)0)->m##_count, size_t: (uint32_t)offsetof(T, m##_count)),       \
    .item_bytes = sizeof(etype), .value_offset = offsetof(etype, value)

/* clang-format off */
#define FIELD_STR(T, m, n, ...) { .name = n, .type = FIELD_TYPE_STR, FIELD_OF(T, m, struct str), __VA_ARGS__ }
#define FIELD_BYTES(T, m, n, ...) { .name = n, .type = FIELD_TYPE_BYTES, FIELD_OF(T, m, struct str), __VA_ARGS__ }
#define FIELD_QUANTITY(T, m, n, ...) { .name = n, .type = FIELD_TYPE_QUANTITY, FIELD_OF(T, m, struct str), __VA_ARGS__ }
#define FIELD_BOOL(T, m, n, ...) { .name = n, .type = FIELD_TYPE_BOOL, FIELD_OF(T, m, bool), __VA_ARGS__ }
#define FIELD_DOUBLE(T, m, n, ...) { .name = n, .type = FIELD_TYPE_DOUBLE, FIELD_OF(T, m, double), __VA_ARGS__ }
#define FIELD_INT_W(T, m, n, w, ...) { .name = n, .type = FIELD_TYPE_INT, .width = w, FIELD_OF(T, m, int64_t), __VA_ARGS__ }
#define FIELD_INT(T, m, n, ...) FIELD_INT_W(T, m, n, FIELD_INT64, __VA_ARGS__)
#define FIELD_INT32(T, m, n, ...) FIELD_INT_W(T, m, n, FIELD_INT32, __VA_ARGS__)
#define FIELD_UINT32(T, m, n, ...) FIELD_INT_W(T, m, n, FIELD_UINT32, __VA_ARGS__)
#define FIELD_UINT64(T, m, n, ...) FIELD_INT_W(T, m, n, FIELD_UINT64, __VA_ARGS__)
/* tag: names are in tag_enum. An enum type without negative members is an unsigned int to gcc and clang. */
#define FIELD_ENUM(T, m, n, tag, ...) { .name = n, .type = FIELD_TYPE_ENUM, .names = &tag##_enum, \
    .offset = _Generic(((T *)0)->m, int: (uint32_t)offsetof(T, m), unsigned: (uint32_t)offsetof(T, m)), __VA_ARGS__ }

#define FIELD_OPT_W(T, m, n, t, w, ...) { .name = n, .type = t, .shape = FIELD_SHAPE_OPT, .width = w, FIELD_OF(T, m, struct field_opt), __VA_ARGS__ }
#define FIELD_OPT_BOOL(T, m, n, ...) FIELD_OPT_W(T, m, n, FIELD_TYPE_BOOL, 0, __VA_ARGS__)
#define FIELD_OPT_INT(T, m, n, ...) FIELD_OPT_W(T, m, n, FIELD_TYPE_INT, FIELD_INT64, __VA_ARGS__)
#define FIELD_OPT_INT32(T, m, n, ...) FIELD_OPT_W(T, m, n, FIELD_TYPE_INT, FIELD_INT32, __VA_ARGS__)
#define FIELD_OPT_UINT32(T, m, n, ...) FIELD_OPT_W(T, m, n, FIELD_TYPE_INT, FIELD_UINT32, __VA_ARGS__)
#define FIELD_OPT_UINT64(T, m, n, ...) FIELD_OPT_W(T, m, n, FIELD_TYPE_INT, FIELD_UINT64, __VA_ARGS__)
#define FIELD_OPT_ENUM(T, m, n, tag, ...) FIELD_OPT_W(T, m, n, FIELD_TYPE_ENUM, 0, .names = &tag##_enum, __VA_ARGS__)
#define FIELD_OPT_DOUBLE(T, m, n, ...) { .name = n, .type = FIELD_TYPE_DOUBLE, .shape = FIELD_SHAPE_OPT, FIELD_OF(T, m, struct field_opt_double), __VA_ARGS__ }
#define FIELD_DURATION(T, m, n, ...) FIELD_OPT_W(T, m, n, FIELD_TYPE_DURATION, 0, __VA_ARGS__)
#define FIELD_TIMESTAMP(T, m, n, ...) FIELD_OPT_W(T, m, n, FIELD_TYPE_TIMESTAMP, 0, __VA_ARGS__)
#define FIELD_INT_OR_STRING(T, m, n, ...) { .name = n, .type = FIELD_TYPE_INT_OR_STR, FIELD_OF(T, m, struct field_int_or_str), __VA_ARGS__ }
#define FIELD_JSON(T, m, n, ...) { .name = n, .type = FIELD_TYPE_JSON, FIELD_OF(T, m, const struct node *), __VA_ARGS__ }

/* tag: the member is a struct tag, whose rows are in tag_message. */
#define FIELD_MSG(T, m, n, tag, ...) { .name = n, .type = FIELD_TYPE_MSG, .shape = FIELD_SHAPE_PTR, .msg = &tag##_message, .item_bytes = sizeof(struct tag), \
    .offset = _Generic(((T *)0)->m, struct tag *: (uint32_t)offsetof(T, m), const struct tag *: (uint32_t)offsetof(T, m)), __VA_ARGS__ }
#define FIELD_INLINE(T, m, n, tag, ...) { .name = n, .type = FIELD_TYPE_MSG, .msg = &tag##_message, .item_bytes = sizeof(struct tag), FIELD_OF(T, m, struct tag), __VA_ARGS__ }

#define FIELD_LIST_STR(T, m, n, ...) { .name = n, .type = FIELD_TYPE_STR, FIELD_LIST_OF(T, m, struct str), __VA_ARGS__ }
#define FIELD_LIST_BYTES(T, m, n, ...) { .name = n, .type = FIELD_TYPE_BYTES, FIELD_LIST_OF(T, m, struct str), __VA_ARGS__ }
#define FIELD_LIST_INT_W(T, m, n, w, ...) { .name = n, .type = FIELD_TYPE_INT, .width = w, FIELD_LIST_OF(T, m, int64_t), __VA_ARGS__ }
#define FIELD_LIST_INT(T, m, n, ...) FIELD_LIST_INT_W(T, m, n, FIELD_INT64, __VA_ARGS__)
#define FIELD_LIST_INT32(T, m, n, ...) FIELD_LIST_INT_W(T, m, n, FIELD_INT32, __VA_ARGS__)
#define FIELD_LIST_UINT32(T, m, n, ...) FIELD_LIST_INT_W(T, m, n, FIELD_UINT32, __VA_ARGS__)
#define FIELD_LIST_UINT64(T, m, n, ...) FIELD_LIST_INT_W(T, m, n, FIELD_UINT64, __VA_ARGS__)
#define FIELD_LIST_DOUBLE(T, m, n, ...) { .name = n, .type = FIELD_TYPE_DOUBLE, FIELD_LIST_OF(T, m, double), __VA_ARGS__ }
#define FIELD_LIST_BOOL(T, m, n, ...) { .name = n, .type = FIELD_TYPE_BOOL, FIELD_LIST_OF(T, m, bool), __VA_ARGS__ }
#define FIELD_LIST_ENUM(T, m, n, tag, ...) { .name = n, .type = FIELD_TYPE_ENUM, .names = &tag##_enum, .shape = FIELD_SHAPE_LIST, .item_bytes = sizeof(int), \
    .offset = _Generic(((T *)0)->m, int *: (uint32_t)offsetof(T, m), unsigned *: (uint32_t)offsetof(T, m)), \
    .count_offset = _Generic(((T *)0)->m##_count, size_t: (uint32_t)offsetof(T, m##_count)), __VA_ARGS__ }
#define FIELD_LIST_DURATION(T, m, n, ...) { .name = n, .type = FIELD_TYPE_DURATION, FIELD_LIST_OF(T, m, int64_t), __VA_ARGS__ }
#define FIELD_LIST_INT_OR_STRING(T, m, n, ...) { .name = n, .type = FIELD_TYPE_INT_OR_STR, FIELD_LIST_OF(T, m, struct field_int_or_str), __VA_ARGS__ }
#define FIELD_LIST_MSG(T, m, n, tag, ...) { .name = n, .type = FIELD_TYPE_MSG, .msg = &tag##_message, FIELD_LIST_OF(T, m, struct tag), __VA_ARGS__ }
#define FIELD_LIST_JSON(T, m, n, ...) { .name = n, .type = FIELD_TYPE_JSON, .shape = FIELD_SHAPE_LIST, .item_bytes = sizeof(const struct node *), \
    FIELD_OF(T, m, const struct node **), .count_offset = _Generic(((T *)0)->m##_count, size_t: (uint32_t)offsetof(T, m##_count)), __VA_ARGS__ }

#define FIELD_MAP_STR(T, m, n, ...) { .name = n, .type = FIELD_TYPE_STR, FIELD_MAP_OF(T, m, struct field_pair), __VA_ARGS__ }
#define FIELD_MAP_BYTES(T, m, n, ...) { .name = n, .type = FIELD_TYPE_BYTES, FIELD_MAP_OF(T, m, struct field_pair), __VA_ARGS__ }
#define FIELD_MAP_QUANTITY(T, m, n, ...) { .name = n, .type = FIELD_TYPE_QUANTITY, FIELD_MAP_OF(T, m, struct field_pair), __VA_ARGS__ }
#define FIELD_MAP_INT(T, m, n, ...) { .name = n, .type = FIELD_TYPE_INT, FIELD_MAP_OF(T, m, struct field_pair_int), __VA_ARGS__ }
/* entry is the struct tag of { struct str key; struct tag value; }. */
#define FIELD_MAP_MSG(T, m, n, entry, tag, ...) { .name = n, .type = FIELD_TYPE_MSG, .msg = &tag##_message, \
    .shape = FIELD_SHAPE_MAP + 0 * sizeof(char[_Generic(((struct entry *)0)->value, struct tag: 1) * (offsetof(struct entry, key) == 0 ? 1 : -1)]), \
    .offset = _Generic(((T *)0)->m, struct entry *: (uint32_t)offsetof(T, m), const struct entry *: (uint32_t)offsetof(T, m)), \
    .count_offset = _Generic(((T *)0)->m##_count, size_t: (uint32_t)offsetof(T, m##_count)), \
    .item_bytes = sizeof(struct entry), .value_offset = offsetof(struct entry, value), __VA_ARGS__ }
/* clang-format on */
/* NOLINTEND(bugprone-macro-parentheses) */

/* ---- asking tables ---- */

/* The row of that JSON name, or of that protobuf name ("per_try_timeout"); NULL when none. */
const struct field *field_find(const struct field_message *m, struct str name);
/* The row with that protobuf number, or NULL. */
const struct field *field_find_proto(const struct field_message *m, uint32_t number);
/* Follows "spec.http.route" (list and map steps may have "[...]", which is skipped) from m; sets
 * *owner (may be NULL) to the message that has the row. NULL when it leads nowhere. */
const struct field *field_find_path(const struct field_message *m, struct str path,
                                    const struct field_message **owner);
/* Writes the row's snake_case protobuf name, cut to size. */
void field_proto_name(const struct field *f, char *out, size_t size);
/* "string", "integer", "[]Object", "map[string]string" as kubectl explain writes types. */
void field_type_name(const struct field *f, char *out, size_t size);
/* The name of an enum's number, or NULL; the number of a name, false when there is none. */
const char *field_enum_name(const struct field_enum *e, int number);
bool field_enum_number(const struct field_enum *e, struct str name, int *out);
/* Whether the row's member of obj is set: not absent, and for plain scalars not 0. */
bool field_is_set(const struct field *f, const void *obj);
/* Pointers into an object, for those who walk it by rows. */
static inline const void *field_member(const struct field *f, const void *obj)
{
    return (const char *)obj + f->offset;
}

static inline size_t field_items(const struct field *f, const void *obj)
{
    return *(const size_t *)(const void *)((const char *)obj + f->count_offset);
}
/* Where obj was written; zeros when the message keeps no place. */
struct field_at field_place(const struct field_message *m, const void *obj);

/* google.protobuf.Any as type and bytes; in JSON {"@type", "value" in base64}. */
struct field_any {
    struct str type_url, value;
};
extern FIELD_DECLARE(field_any);

#endif
