/* What the demo's services show: the reviews as JSON, the page as HTML. Any thread. */
#ifndef CMD_DEMO_PAGE_H
#define CMD_DEMO_PAGE_H

#include "core/base/arena.h"
#include "core/base/buf.h"

struct demo_page {
    struct str user;                    /* logged in; empty: nobody */
    int details_status, reviews_status; /* 0: no answer */
    struct str details, reviews;        /* JSON */
    struct str hops;                    /* "reviews-v2=spiffe://..., ..." */
};

/* HTML; what came from elsewhere is escaped, and shown as unavailable when it is no such JSON. */
void demo_page_write(const struct demo_page *p, struct buf *out);

/* The answer of reviews. ratings: JSON of the ratings service; "": it gave none; NULL: not asked.
 */
struct str demo_page_reviews(struct arena *a, const char *version, const char *color,
                             const char *ratings);

#endif
