/* Words between a scraper of metrics, us and the app: formats, time limits, ends. Any thread. */
#ifndef MODES_SHARED_SCRAPE_TEXT_H
#define MODES_SHARED_SCRAPE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"

enum scrape_text_format {
    SCRAPE_TEXT_PLAIN,      /* Prometheus text 0.0.4, and what says nothing we know */
    SCRAPE_TEXT_OPEN_001,   /* OpenMetrics 0.0.1 */
    SCRAPE_TEXT_OPEN_100,   /* OpenMetrics 1.0.0 */
    SCRAPE_TEXT_NOT_FOR_US, /* protocol buffers, which cannot be joined with text */
};

/* What a Content-Type says of a body; empty: PLAIN. */
enum scrape_text_format scrape_text_format_of(struct str content_type);
/* The Content-Type to answer with; not for NOT_FOR_US. */
const char *scrape_text_content_type(enum scrape_text_format format);

/* An Accept without the formats that cannot be joined; in a. Empty when none is left. */
struct str scrape_text_accept(struct str accept, struct arena *a);

/* Seconds, as of X-Prometheus-Scrape-Timeout-Seconds ("10", "1.500000"), to the milliseconds that
 * an app may take: a tenth less, so that its silence does not cost the scraper our metrics, and
 * never more than max_ms, which is also what text that is no number gives. */
uint64_t scrape_text_timeout_ms(struct str seconds, uint64_t max_ms);

/* body without the "# EOF" that ends OpenMetrics. */
struct str scrape_text_without_end(struct str body);

/* Where a redirect of http://localhost:port leads, if that is the same place: a path in a; a NULL
 * pointer otherwise. */
struct str scrape_text_redirect(struct str location, uint16_t port, struct arena *a);

#endif
