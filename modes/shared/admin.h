/* The admin pages of a proxying role: health, metrics, dumps, log levels, drain.
 *
 * Paths are rows of one table in admin_pages.c. The full set binds to loopback only; requests whose
 * Host is not a loopback name or IP address are refused (DNS rebinding), and changes need POST.
 * Main thread. */
#ifndef MODES_SHARED_ADMIN_H
#define MODES_SHARED_ADMIN_H

#include "core/base/buf.h"
#include "core/http/http_stream.h"
#include "core/net/addr.h"

struct admin;
struct runtime;

enum admin_pages {
    ADMIN_PAGES_HEALTH = 1,
    ADMIN_PAGES_METRICS = 2,
    ADMIN_PAGES_ALL = 7,
    ADMIN_PAGES_APP = 8, /* with ADMIN_PAGES_METRICS: and those of the app, where it has any */
};

/* pages: bits of enum admin_pages. */
int admin_new(struct runtime *rt, const struct addr *at, unsigned int pages, struct admin **out);
void admin_free(struct admin *a); /* NULL is allowed */
/* As bound; an all-zero address for NULL. */
const struct addr *admin_addr(const struct admin *a);

/* One request to a page. */
struct admin_call {
    struct runtime *rt;
    const struct http_msg *head;
    struct str query; /* without '?' */
    struct buf out;   /* the body to send */
    const char *type; /* content type; default text/plain */
    int status;       /* default 200 */
};

/* A value of the query, percent-decoded, in a; p == NULL when absent. */
struct str admin_query(const struct admin_call *call, const char *name, struct arena *a);

struct admin_page {
    const char *path;
    const char *help;
    bool needs_post;
    uint8_t pages; /* enum admin_pages bits it belongs to */
    void (*answer)(struct admin_call *call);
};

extern const struct admin_page admin_pages_table[];
extern const size_t admin_pages_count;

#endif
