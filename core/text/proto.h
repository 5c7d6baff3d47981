/* Protobuf by field tables.
 *
 *     record = tag varint (number << 3 | type), then by type
 *       0 varint   1 eight bytes   2 length varint, bytes   5 four bytes   (3, 4: groups, skipped)
 *
 * Decoding accepts packed and unpacked numbers, fields in any order, the last of repeated scalars,
 * merged repeated messages; unknown fields are skipped, or kept where the message has a place for
 * them. Encoding writes backward in one pass, so that no length is computed twice. Any thread. */
#ifndef CORE_TEXT_PROTO_H
#define CORE_TEXT_PROTO_H

#include "core/text/field.h"

enum {
    PROTO_MAX_DEPTH = 64,
    PROTO_MAX_BYTES = 256 * 1024 * 1024,
};

enum {
    PROTO_BORROW = 1, /* strings and bytes point into the input, which must live as long */
};

/* Fills *out (m->size bytes, cleared first). ERR_INVALID: not protobuf, a string that is not UTF-8,
 * or a wire type that does not fit the row. ERR_LIMIT: too deep, too long. *out is then not to be
 * used. Lists and strings are in a. */
int proto_decode(const struct field_message *m, const void *p, size_t len, struct arena *a,
                 unsigned flags, void *out);
/* Appends the encoding of obj. ERR_LIMIT: the buffer's bound, too deep. */
int proto_encode(const struct field_message *m, const void *obj, struct buf *out);
/* The same into an Any whose type_url is "type.googleapis.com/" and the message's name; in a. */
int proto_encode_any(const struct field_message *m, const void *obj, struct arena *a,
                     struct field_any *out);

#endif
