/* From nodes to structs: reads what a person wrote and reports every mistake with its place.
 *
 * Codes of the reports:
 *   MSH1001 text that is no YAML or JSON       MSH1006 a required field is missing
 *   MSH1002 unknown field                      MSH1007 two fields that exclude each other
 *   MSH1003 wrong type                         MSH1008 a check of one value failed
 *   MSH1004 outside its bounds                 MSH1009 a check across fields failed
 *   MSH1005 no such name (enum)                MSH1010 deprecated (warning)
 *   MSH1011 bad duration, time, base64, quantity */
#ifndef CORE_TEXT_FIELD_DECODE_H
#define CORE_TEXT_FIELD_DECODE_H

#include "core/text/field.h"

enum field_decode_unknown { FIELD_DECODE_REFUSE, FIELD_DECODE_WARN, FIELD_DECODE_IGNORE };

struct field_scope {
    struct arena *arena; /* of the result; strings of the nodes are shared, not copied */
    struct diag *diag;
    const char *kind;                 /* "VirtualService", for hints; may be NULL */
    struct str path;                  /* where the node stands in the object: empty, or "spec" */
    const struct field_message *root; /* the kind's whole message, to find where a misplaced name
                                         belongs; NULL: the message decoded */
    struct str root_path;             /* where root stands; usually empty */
    enum field_decode_unknown unknown;
};

/* Fills *out (m->size bytes, cleared first) from n, a map; null is an empty map. All mistakes are
 * reported; 0, or ERR_INVALID when there was an error (*out then holds what could be read).
 * The struct refers to the nodes' texts and JSON fields to the nodes themselves: both must live as
 * long. Any thread. */
int field_decode(const struct field_message *m, const struct node *n, const struct field_scope *s,
                 void *out);

struct field_check_path; /* internal */

/* What a check may look at. */
struct field_check {
    const struct field_scope *scope;
    const struct field_message *message; /* of the struct that the row belongs to */
    const struct field *field;           /* the row; NULL in a message's check */
    const struct node *node;             /* the value, or the message's map */
    const void *object;                  /* the struct that holds the member, as far as read */
    const struct field_check_path *path;
};

/* Reports a mistake in the value looked at. Returns the item, for suggestion and hint. */
struct diag_item *field_decode_error(struct field_check *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* In a message's check: reports a mistake in the member called name ("weight", or
 * "route[1].weight"); at the message when it was not written. */
struct diag_item *field_decode_error_at(struct field_check *c, const char *name, const char *fmt,
                                        ...) __attribute__((format(printf, 3, 4)));
struct diag_item *field_decode_warn_at(struct field_check *c, const char *name, const char *fmt,
                                       ...) __attribute__((format(printf, 3, 4)));

#endif
