/* Checks of configuration as a whole: what each object says may be right, and still name a host
 * that nobody has, a subset that no rule defines, a route that is never reached.
 *
 * A check is a row of one table in analyze.c and a function in a file of this folder. Codes, levels
 * and wording are Istio's (IST####) where Istio has the check; ours are MSH####. Reports go to
 * a struct diag, with the place in the file where there is one. Any thread; no I/O. */
#ifndef CORE_ANALYZE_ANALYZE_H
#define CORE_ANALYZE_ANALYZE_H

#include "core/api/object.h"
#include "core/base/diag.h"

struct analyze_state;

struct analyze_check {
    const char *name;    /* "virtualservice.DestinationHosts" */
    const char *codes;   /* "IST0101 IST0112" */
    const char *summary; /* one line */
    bool referential;    /* about names in other objects: what `apply` asks before it sends */
    void (*run)(struct analyze_state *s);
};

extern const struct analyze_check analyze_table[];
extern const size_t analyze_table_count;

struct analyze_options {
    struct str dns_domain; /* empty: "cluster.local" */
    bool referential_only;
    /* Names that nobody has yet are warnings: who has them may come later. */
    bool may_come;
    /* Only objects[0..fresh-1] are reported on, the others are what they refer to; 0: all. */
    size_t fresh;
};

/* Looks at objects[0..count-1], each key at most once. opt may be NULL. */
void analyze_run(struct object *const *objects, size_t count, const struct analyze_options *opt,
                 struct diag *d);

/* "VirtualServiceDestinationPortSelectorRequired" of "IST0112", as Istio names it; NULL: unknown.
 */
const char *analyze_code_name(const char *code);

#endif
