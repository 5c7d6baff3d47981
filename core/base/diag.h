/* Diagnostics: what is wrong in something a person wrote, where, and how to mend it.
 *
 * A decoder reports all mistakes of one run into one struct diag; the caller renders them as text
 * with a caret under the source line, as one line each, or as JSON. Sources registered by
 * diag_add_source let the renderer quote the line. */
#ifndef CORE_BASE_DIAG_H
#define CORE_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/str.h"

enum diag_severity { DIAG_ERROR, DIAG_WARNING, DIAG_INFO };

/* A place in a source text; line and column count from 1, line 0 means unknown. */
struct diag_pos {
    const char *file; /* name as the person gave it; NULL for none */
    int line, col;
    int end_col; /* one behind the last column of the thing on that line; 0: unknown */
};

struct diag_item {
    enum diag_severity severity;
    const char *code; /* "MSH1002", "IST0101"; a literal */
    struct diag_pos pos;
    struct str object;     /* "VirtualService default/reviews", or empty */
    struct str path;       /* "spec.http[2].route[0].weight", or empty */
    struct str message;    /* "120 is outside 0..100" */
    struct str suggestion; /* a replacement text for the place pointed at, or empty */
    struct str label;      /* said beside the caret when there is no suggestion:
                            * "known subsets: v1, v2"; or empty */
    struct str hint;       /* a sentence: what to do, which command helps; or empty */
    struct diag_item *next;
};

struct diag_source {
    const char *file;
    struct str text;
    struct diag_source *next;
};

struct diag {
    struct arena arena;
    struct diag_item *first, *last;
    struct diag_item *spare; /* what diag_add returns beyond max_items */
    struct diag_source *sources;
    size_t count[3];   /* per severity */
    size_t max_items;  /* further ones are counted, not kept; default 100 */
    struct str object; /* stamped on every item added; set by who decodes an object */
};

void diag_init(struct diag *d);
void diag_deinit(struct diag *d);

static inline bool diag_has_errors(const struct diag *d)
{
    return d->count[DIAG_ERROR] > 0;
}

/* text and file are copied: the renderer may run after both are gone. */
void diag_add_source(struct diag *d, const char *file, struct str text);

/* Adds an item with a formatted message and returns it, so that the caller can set suggestion and
 * hint (in d->arena). path and what pos->file points to are copied; pos and path may be NULL /
 * empty. Never returns NULL. */
struct diag_item *diag_add(struct diag *d, enum diag_severity severity, const char *code,
                           const struct diag_pos *pos, struct str path, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

/* error[MSH1002]: unknown field "retires" in spec.http[0]
 *   --> reviews.yaml:14:5
 *    |
 * 13 |   - route: [{destination: {host: reviews}}]        (only when indented less: its owner)
 * 14 |     retires:
 *    |     ^^^^^^^ did you mean "retries"?
 *    = mesh explain VirtualService.spec.http.retries                        (the hint)
 *
 * The path stands before the message ("spec.http[2].weight: 120 is outside 0..100") unless the
 * message names it, or its parent, itself. Control bytes are shown as '?'. Items are separated by
 * an empty line; without a position the object stands behind the arrow. */
void diag_render_text(const struct diag *d, struct buf *out, bool colour);
/* reviews.yaml:14:5: error: unknown field ... [MSH1002] */
void diag_render_short(const struct diag *d, struct buf *out);
/* {"items":[{"severity","code","message","file","line","col","path","suggestion","label","hint",
 *  "object"}],"errors":1,"warnings":0}; what is empty or unknown is left out. */
void diag_render_json(const struct diag *d, struct buf *out);

/* The closest of names[0..n-1] to word: same after ignoring case, '-' and '_', else within
 * a third of its length by Damerau-Levenshtein distance; NULL when none or when two are equally
 * close. names may hold NULLs, which are skipped. */
const char *diag_closest(struct str word, const char *const *names, size_t n);

#endif
