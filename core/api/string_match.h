/* How Istio compares strings: exactly, by prefix or by a regular expression over the whole. */
#ifndef CORE_API_STRING_MATCH_H
#define CORE_API_STRING_MATCH_H

#include "core/text/field.h"

/* At most one is present; none of them means that there must be some value. */
struct string_match {
    struct field_at at;
    struct str exact, prefix, regex;
};

struct string_match_entry { /* of a map */
    struct str key;
    struct string_match value;
};

extern FIELD_DECLARE(string_match);

static inline bool string_match_is_presence(const struct string_match *m)
{
    return !m->exact.p && !m->prefix.p && !m->regex.p;
}

#endif
