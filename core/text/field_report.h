/* How mistakes that field_decode finds are worded and placed. Internal to core/text. */
#ifndef CORE_TEXT_FIELD_REPORT_H
#define CORE_TEXT_FIELD_REPORT_H

#include <stdarg.h>

#include "core/text/field_decode.h"

struct field_check_path {
    const struct field_check_path *up; /* NULL: the scope's path */
    struct str name;                   /* a member's name or a map's key */
    size_t index;                      /* of a list item; SIZE_MAX: name counts */
};

/* An error at the value c looks at, under c->path. */
struct diag_item *field_report(struct field_check *c, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, pointing at the value's key. */
struct diag_item *field_report_key(struct field_check *c, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
struct diag_item *field_report_warn(struct field_check *c, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A key that is no field: with what was probably meant, or where it belongs. */
void field_report_unknown(struct field_check *c);
/* A text that is none of e's names. */
void field_report_enum(struct field_check *c, const struct field_enum *e);
/* Of the group of the message, nothing was written. */
void field_report_oneof(struct field_check *c, unsigned group);

/* For checks: at the member called name, or for "" at the value c looks at. */
struct diag_item *field_report_at(struct field_check *c, enum diag_severity severity,
                                  const char *name, const char *fmt, va_list ap)
    __attribute__((format(printf, 4, 0)));

#endif
