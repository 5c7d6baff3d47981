/* Selectors as people and clients write them: labels ("-l app=web,env in (a,b),!old") and fields
 * ("metadata.name=x,status.phase!=Running"). */
#ifndef CORE_API_API_SELECTOR_H
#define CORE_API_API_SELECTOR_H

#include "core/api/label_selector.h"
#include "core/base/arena.h"

struct object;

enum { API_SELECTOR_MAX_RULES = 256, API_SELECTOR_MAX_BYTES = 16 * 1024 };

enum api_selector_op {
    API_SELECTOR_IN,     /* has one of the values; also = and == */
    API_SELECTOR_NOT_IN, /* has not, or has no such label; also != */
    API_SELECTOR_EXISTS,
    API_SELECTOR_NOT_EXISTS,
    API_SELECTOR_ABOVE, /* an integer above values[0] */
    API_SELECTOR_BELOW,
};

struct api_selector_rule {
    struct str key;
    enum api_selector_op op;
    struct str *values;
    size_t values_count;
};

struct api_selector {
    struct api_selector_rule *rules; /* all must hold; none: everything fits */
    size_t count;
};

/* Reads Kubernetes' syntax for labels. Everything is in a; text may go. ERR_INVALID: a mistake,
 * *why says what; ERR_LIMIT. */
int api_selector_parse_labels(struct str text, struct arena *a, struct api_selector *out,
                              struct str *why);
/* The same for fields: only =, == and !=. */
int api_selector_parse_fields(struct str text, struct arena *a, struct api_selector *out,
                              struct str *why);

bool api_selector_has_labels(const struct api_selector *s, const struct field_pair *labels,
                             size_t n);
/* Fields are looked up in the object's nodes; one that is absent is the empty text. */
bool api_selector_has_fields(const struct api_selector *s, const struct object *o);

#endif
