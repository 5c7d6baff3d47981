#include "modes/shared/metrics_merge.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/base/list.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/http/http_fetch.h"
#include "core/http/http_stream.h"
#include "core/model/snapshot.h"
#include "core/net/stream_tcp.h"
#include "core/stats/stats.h"
#include "core/stats/stats_text.h"
#include "modes/shared/runtime.h"
#include "modes/shared/scrape_targets.h"
#include "modes/shared/scrape_text.h"

#define REDIRECTS_MAX  3
#define TIMEOUT_MAX_MS ((uint64_t)60000)
#define TIMEOUT_HEADER STR("x-prometheus-scrape-timeout-seconds")

static struct log_module log_module = LOG_MODULE("metrics");

static const struct stats_def scrapes_def = { .name = "istio_agent_scrapes_total",
                                              .help = "Scrapes of our metrics",
                                              .kind = STATS_COUNTER };
static const struct stats_def failures_def = { .name = "istio_agent_scrape_failures_total",
                                               .help = "Metrics that could not be had for a scrape",
                                               .kind = STATS_COUNTER,
                                               .labels = { "type" } };

struct metrics_merge {
    struct runtime *rt;
    uint32_t scrapes_slot, failures_slot;
    struct list running; /* struct scrape */
    uint32_t running_count;
};

/* One target's share of a scrape. */
struct part {
    struct scrape *scrape;
    struct http_fetch *fetch; /* NULL: ended */
    uint16_t port;
    struct str path;
    uint8_t redirects;
    bool has_text;
    enum scrape_text_format format;
    struct buf text;
};

struct scrape {
    struct list link;
    struct metrics_merge *merge;
    struct http_stream *hs;
    struct arena arena;
    struct http_headers headers; /* for the app */
    bool wants_open;             /* the scraper reads OpenMetrics */
    uint64_t timeout_ms;
    uint32_t waiting; /* for so many parts */
    uint32_t part_count;
    struct part parts[];
};

struct metrics_merge *metrics_merge_new(struct runtime *rt)
{
    struct metrics_merge *m = mem_alloc0(1, sizeof(*m));
    struct stats *stats = runtime_stats(rt);

    m->rt = rt;
    list_init(&m->running);
    m->scrapes_slot = stats_open_series(stats_register(stats, &scrapes_def), NULL);
    m->failures_slot = stats_open_series(stats_register(stats, &failures_def),
                                         (struct str[]){ STR("application") });
    return m;
}

/* Gives up what is under way. */
static void end_scrape(struct scrape *s)
{
    for (uint32_t i = 0; i < s->part_count; i++) {
        http_fetch_cancel(s->parts[i].fetch);
        buf_deinit(&s->parts[i].text);
    }
    list_remove(&s->link);
    s->merge->running_count--;
    http_stream_release(s->hs);
    arena_deinit(&s->arena);
    mem_free(s);
}

void metrics_merge_free(struct metrics_merge *m)
{
    if (!m)
        return;
    LIST_FOREACH(it, tmp, &m->running)
    end_scrape(LIST_ITEM(it, struct scrape, link));
    mem_free(m);
}

/* ---- the answer ---- */

/* That of all parts that came, if they agree; the scraper's choice when none did. */
static enum scrape_text_format format_of(const struct scrape *s)
{
    enum scrape_text_format format = s->wants_open ? SCRAPE_TEXT_OPEN_100 : SCRAPE_TEXT_PLAIN;
    bool is_first = true;

    for (uint32_t i = 0; i < s->part_count; i++) {
        const struct part *p = &s->parts[i];

        if (!p->has_text)
            continue;
        if (!is_first && p->format != format)
            return SCRAPE_TEXT_PLAIN;
        format = p->format;
        is_first = false;
    }
    return format;
}

static void reply(struct scrape *s)
{
    enum scrape_text_format format = format_of(s);
    enum stats_text_format ours =
        format == SCRAPE_TEXT_PLAIN ? STATS_TEXT_PROMETHEUS : STATS_TEXT_OPENMETRICS;
    struct buf out;

    buf_init(&out, 0);
    stats_text_add(runtime_stats(s->merge->rt), ours, &out);
    for (uint32_t i = 0; i < s->part_count; i++) {
        struct str text = buf_str(&s->parts[i].text);

        buf_add_str(&out, text);
        if (text.len && text.p[text.len - 1] != '\n')
            buf_add_char(&out, '\n');
    }
    stats_text_end(ours, &out);
    http_stream_reply(s->hs, 200, scrape_text_content_type(format), buf_str(&out));
    buf_deinit(&out);
    end_scrape(s);
}

/* ---- asking ---- */

static void start_part(struct part *p);

static void on_part_ended(struct part *p)
{
    if (--p->scrape->waiting == 0)
        reply(p->scrape);
}

static void fail_part(struct part *p, const char *why)
{
    struct metrics_merge *m = p->scrape->merge;

    log_warn("metrics of the app at port %u, %.*s: %s", p->port, STR_ARG(p->path), why);
    stats_add(runtime_main_shard(m->rt), m->failures_slot, 1);
    on_part_ended(p);
}

/* Whether the target says that it is elsewhere on itself. */
static bool is_redirected(struct part *p, const struct http_fetch_answer *got)
{
    struct str path;

    if (got->err || got->status < 301 || got->status > 308 || p->redirects == REDIRECTS_MAX)
        return false;
    path = scrape_text_redirect(got->location, p->port, &p->scrape->arena);
    if (!path.p)
        return false;
    p->path = path;
    p->redirects++;
    return true;
}

static void on_answer(void *arg, const struct http_fetch_answer *got)
{
    struct part *p = arg;
    char why[48];

    p->fetch = NULL;
    if (is_redirected(p, got)) {
        start_part(p);
        return;
    }
    if (got->err || got->status != 200) {
        snprintf(why, sizeof(why), "status %u", got->status);
        fail_part(p, got->err ? error_text(got->err) : why);
        return;
    }
    p->format = scrape_text_format_of(got->content_type);
    if (p->format == SCRAPE_TEXT_NOT_FOR_US) {
        fail_part(p, "protocol buffers were not asked for");
        return;
    }
    buf_add_str(&p->text, scrape_text_without_end(got->body));
    p->has_text = true;
    on_part_ended(p);
}

static int dial(void *arg, struct worker *w, const struct addr *to, struct stream **out)
{
    const struct runtime_options *o = runtime_get_options(arg);
    struct stream_tcp_options tcp = { .mark = o->mark };

    return o->dial_app ? o->dial_app(o->dial_app_arg, w, to, out)
                       : stream_tcp_connect(w, to, &tcp, out);
}

/* A workload without IPv4 has its app there neither. */
static struct addr loopback(const struct runtime_options *o, uint16_t port)
{
    bool is_v6 = o->node->addr_count > 0;
    struct addr to;

    for (uint32_t i = 0; i < o->node->addr_count && is_v6; i++)
        is_v6 = o->node->addrs[i].family == ADDR_IPV6;
    (void)addr_parse_ip(is_v6 ? STR("::1") : STR("127.0.0.1"), &to);
    to.port = port;
    return to;
}

static void start_part(struct part *p)
{
    struct scrape *s = p->scrape;
    struct addr to = loopback(runtime_get_options(s->merge->rt), p->port);
    struct http_fetch_request request = {
        .url = arena_printf(&s->arena, "http://localhost:%u%.*s", p->port, STR_ARG(p->path)),
        .to = &to,
        .timeout_ms = s->timeout_ms,
        .max_bytes = METRICS_MERGE_MAX_BYTES,
        .headers = &s->headers,
        .dial = dial,
        .dial_arg = s->merge->rt,
    };

    if (http_fetch_start(runtime_main(s->merge->rt), NULL, &request, on_answer, p, &p->fetch) != 0)
        fail_part(p, "no URL");
}

/* ---- the scraper ---- */

static void on_body(void *arg, const uint8_t *bytes, size_t len, bool end)
{
    (void)arg;
    (void)bytes;
    (void)len;
    (void)end;
}

static void on_trailers(void *arg, struct http_headers *trailers)
{
    (void)arg;
    (void)trailers;
}

static void on_reset(void *arg, const struct http_failure *failure)
{
    (void)failure;
    end_scrape(arg);
}

static const struct http_stream_events events = {
    .on_body = on_body,
    .on_trailers = on_trailers,
    .on_reset = on_reset,
};

static void pass_on(struct scrape *s, const struct http_msg *head)
{
    struct str accept = http_headers_get(&head->headers, HTTP_TOKEN_ACCEPT);
    struct str agent = http_headers_get(&head->headers, HTTP_TOKEN_USER_AGENT);
    struct str seconds = http_headers_get_name(&head->headers, TIMEOUT_HEADER);
    struct str known = scrape_text_accept(accept, &s->arena);

    http_headers_init(&s->headers, &s->arena);
    if (known.len)
        http_headers_add(&s->headers, STR("accept"), known);
    if (agent.len)
        http_headers_add(&s->headers, STR("user-agent"), agent);
    if (seconds.len)
        http_headers_add(&s->headers, TIMEOUT_HEADER, seconds);
    s->wants_open = str_find(accept, STR("application/openmetrics-text")) >= 0;
    s->timeout_ms =
        seconds.len ? scrape_text_timeout_ms(seconds, TIMEOUT_MAX_MS) : METRICS_MERGE_TIMEOUT_MS;
}

/* NULL: the app is not asked. */
static const struct scrape_targets *targets_of(const struct metrics_merge *m)
{
    const struct scrape_targets *t = runtime_get_options(m->rt)->scrape;
    const struct snapshot *s = runtime_snapshot(m->rt);

    if (!t || t->count == 0)
        return NULL;
    return !t->is_for_sure && s && s->settings.metrics_apart ? NULL : t;
}

bool metrics_merge_answer(struct metrics_merge *m, struct http_stream *hs,
                          const struct http_msg *head)
{
    const struct scrape_targets *targets = targets_of(m);
    struct stats_shard *shard = runtime_main_shard(m->rt);
    struct scrape *s;

    stats_add(shard, m->scrapes_slot, 1);
    if (!targets)
        return false;
    if (m->running_count == METRICS_MERGE_MAX_SCRAPES) {
        stats_add(shard, m->failures_slot, 1);
        return false;
    }
    s = mem_alloc_flex(sizeof(*s), targets->count, sizeof(s->parts[0]));
    *s = (struct scrape){ .merge = m, .hs = hs, .waiting = targets->count };
    arena_init(&s->arena, 512);
    list_push(&m->running, &s->link);
    m->running_count++;
    pass_on(s, head);
    http_stream_set_events(hs, &events, s);
    s->part_count = targets->count;
    for (uint32_t i = 0; i < s->part_count; i++) {
        s->parts[i] = (struct part){ .scrape = s,
                                     .port = targets->list[i].port,
                                     .path = targets->list[i].path };
        buf_init(&s->parts[i].text, 0);
    }
    /* An answer never comes from inside of a start, but a refusal of the last may: s may be gone
     * after that, and not before. */
    for (uint32_t i = targets->count; i-- > 0;)
        start_part(&s->parts[i]);
    return true;
}
