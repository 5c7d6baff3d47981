/* Rules of the CRDs in CEL (x-kubernetes-validations), as rows beside the field tables.
 *
 * A row belongs to a field of a message: it judges the field's value, or each item of its list or
 * map. Rows are in api_rule_istio.c and api_rule_gateway.c; api_rule_test compares them with the
 * CRDs. They are compiled on first use. Checks in C stand beside them where more is to be said; an
 * object that fails those is not judged by rules any more. */
#ifndef CORE_API_API_RULE_H
#define CORE_API_API_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/diag.h"
#include "core/text/field.h"

struct api_rule {
    const char *message, *field; /* "istio.networking.v1alpha3.Gateway", "servers" */
    bool each;                   /* of each item, not of the list or map */
    const char *rule, *said;     /* what must hold, and what is said when it does not */
};

extern const struct api_rule api_rule_istio[], api_rule_gateway[];
extern const size_t api_rule_istio_count, api_rule_gateway_count;

/* Judges an object by the rules of its kind's whole message; old (may be NULL) is the version that
 * it replaces, for rules that compare with it. Every rule that does not hold is an error (MSH1013)
 * with file, line and field. Returns how many. Any thread. */
size_t api_rule_check(const struct field_message *root, const struct node *object,
                      const struct node *old, struct diag *d);
/* Only the rules that compare with the old version. */
size_t api_rule_check_change(const struct field_message *root, const struct node *object,
                             const struct node *old, struct diag *d);

/* Rules of a field, in the order of the rows: calls each(arg, rule) for every one. */
void api_rule_each(const struct field_message *m, const struct field *f,
                   void (*each)(void *arg, const struct api_rule *r), void *arg);

#endif
