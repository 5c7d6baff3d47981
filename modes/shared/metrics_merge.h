/* One page for a scraper: our metrics, and behind them those that the app shows (TL-5).
 *
 *   scraper --GET--> 15020 --GET http://localhost:PORT/PATH--> app     each target, at the same
 * time
 *           <------- ours, then theirs in the order of the annotations
 *
 * Accept, User-Agent and X-Prometheus-Scrape-Timeout-Seconds go on to the app, protocol buffers
 * excepted, which cannot be joined. The page is in the app's format, or in text when targets
 * differ. A target that fails, is slow or says too much costs its own metrics only, and counts in
 * istio_agent_scrape_failures_total. Main thread. */
#ifndef MODES_SHARED_METRICS_MERGE_H
#define MODES_SHARED_METRICS_MERGE_H

#include <stdbool.h>

struct http_msg;
struct http_stream;
struct metrics_merge; /* opaque */
struct runtime;

/* What one target may say, and how long it may take when the scraper names no time. */
#define METRICS_MERGE_MAX_BYTES  ((size_t)10 * 1024 * 1024)
#define METRICS_MERGE_TIMEOUT_MS 10000
/* Scrapes under way at once; more get our metrics alone. */
#define METRICS_MERGE_MAX_SCRAPES 4

/* rt outlives it. */
struct metrics_merge *metrics_merge_new(struct runtime *rt);
/* Scrapes under way are given up, without an answer. NULL is allowed. */
void metrics_merge_free(struct metrics_merge *m);

/* Counts a scrape. True: the app is asked, and hs, which is taken over, is answered and released
 * later. False: there is nothing to ask for, and the caller answers with our metrics. */
bool metrics_merge_answer(struct metrics_merge *m, struct http_stream *hs,
                          const struct http_msg *head);

#endif
