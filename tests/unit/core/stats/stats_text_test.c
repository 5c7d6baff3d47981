#include "core/stats/stats_text.h"

#include "core/base/mem.h"
#include "tests/tap.h"

static const double bounds[] = { 0.5, 1, 2500 };
static const struct stats_def requests = {
    .name = "istio_requests_total",
    .help = "Requests by \"code\", in \\ and\nout",
    .kind = STATS_COUNTER,
    .labels = { "source", "code" },
};
static const struct stats_def duration = {
    .name = "istio_request_duration_milliseconds",
    .help = "Time",
    .kind = STATS_HISTOGRAM,
    .labels = { "code" },
    .bounds = bounds,
    .bound_count = COUNT_OF(bounds),
};
static const struct stats_def workers = { .name = "workers",
                                          .help = "Workers",
                                          .kind = STATS_GAUGE };
static const struct stats_def unused = { .name = "unused", .help = "", .kind = STATS_GAUGE };
static const struct stats_def plain = {
    .name = "plain",
    .help = "No labels",
    .kind = STATS_HISTOGRAM,
    .bounds = bounds,
    .bound_count = 1,
};

static struct stats *sample_stats(void)
{
    struct stats *s = stats_new(1);
    struct stats_shard *shard = stats_get_shard(s, 0);
    uint32_t slot;

    slot =
        stats_open_series(stats_register(s, &requests), (struct str[]){ STR("a\"\n"), STR("200") });
    stats_add(shard, slot, 18446744073709551615U);
    stats_register(s, &unused);
    slot = stats_open_series(stats_register(s, &duration), (struct str[]){ STR("200") });
    stats_observe(shard, &duration, slot, 0.25);
    stats_observe(shard, &duration, slot, 1000);
    stats_observe(shard, &duration, slot, 9000.1);
    slot = stats_open_series(stats_register(s, &workers), NULL);
    stats_set(shard, slot, -2);
    slot = stats_open_series(stats_register(s, &plain), NULL);
    stats_observe(shard, &plain, slot, 0.1);
    return s;
}

static void check(enum stats_text_format format, const char *want)
{
    struct stats *s = sample_stats();
    struct buf out;

    buf_init(&out, 0);
    stats_text_write(s, format, &out);
    EQ_STRN(out.p, buf_len(&out), want);
    buf_deinit(&out);
    stats_free(s);
}

static void prometheus_page(void)
{
    check(STATS_TEXT_PROMETHEUS,
          "# HELP istio_requests_total Requests by \"code\", in \\\\ and\\nout\n"
          "# TYPE istio_requests_total counter\n"
          "istio_requests_total{source=\"a\\\"\\n\",code=\"200\"} 18446744073709551615\n"
          "# HELP istio_request_duration_milliseconds Time\n"
          "# TYPE istio_request_duration_milliseconds histogram\n"
          "istio_request_duration_milliseconds_bucket{code=\"200\",le=\"0.5\"} 1\n"
          "istio_request_duration_milliseconds_bucket{code=\"200\",le=\"1\"} 1\n"
          "istio_request_duration_milliseconds_bucket{code=\"200\",le=\"2500\"} 2\n"
          "istio_request_duration_milliseconds_bucket{code=\"200\",le=\"+Inf\"} 3\n"
          "istio_request_duration_milliseconds_sum{code=\"200\"} 10000.35\n"
          "istio_request_duration_milliseconds_count{code=\"200\"} 3\n"
          "# HELP workers Workers\n"
          "# TYPE workers gauge\n"
          "workers -2\n"
          "# HELP plain No labels\n"
          "# TYPE plain histogram\n"
          "plain_bucket{le=\"0.5\"} 1\n"
          "plain_bucket{le=\"+Inf\"} 1\n"
          "plain_sum 0.1\n"
          "plain_count 1\n");
}

static void openmetrics_page(void)
{
    check(STATS_TEXT_OPENMETRICS,
          "# HELP istio_requests Requests by \\\"code\\\", in \\\\ and\\nout\n"
          "# TYPE istio_requests counter\n"
          "istio_requests_total{source=\"a\\\"\\n\",code=\"200\"} 18446744073709551615\n"
          "# HELP istio_request_duration_milliseconds Time\n"
          "# TYPE istio_request_duration_milliseconds histogram\n"
          "istio_request_duration_milliseconds_bucket{code=\"200\",le=\"0.5\"} 1\n"
          "istio_request_duration_milliseconds_bucket{code=\"200\",le=\"1.0\"} 1\n"
          "istio_request_duration_milliseconds_bucket{code=\"200\",le=\"2500.0\"} 2\n"
          "istio_request_duration_milliseconds_bucket{code=\"200\",le=\"+Inf\"} 3\n"
          "istio_request_duration_milliseconds_sum{code=\"200\"} 10000.35\n"
          "istio_request_duration_milliseconds_count{code=\"200\"} 3\n"
          "# HELP workers Workers\n"
          "# TYPE workers gauge\n"
          "workers -2\n"
          "# HELP plain No labels\n"
          "# TYPE plain histogram\n"
          "plain_bucket{le=\"0.5\"} 1\n"
          "plain_bucket{le=\"+Inf\"} 1\n"
          "plain_sum 0.1\n"
          "plain_count 1\n"
          "# EOF\n");
}

static void istio_bounds_are_written_without_exponent(void)
{
    static const struct stats_def ms = { .name = "ms",
                                         .help = "",
                                         .kind = STATS_HISTOGRAM,
                                         .bounds = stats_bounds_ms,
                                         .bound_count = STATS_BOUNDS_MS_COUNT };
    struct stats *s = stats_new(1);
    struct buf out;

    stats_open_series(stats_register(s, &ms), NULL);
    buf_init(&out, 0);
    stats_text_write(s, STATS_TEXT_PROMETHEUS, &out);
    buf_add_char(&out, '\0');
    HAS_STR(buf_str(&out).p, "le=\"0.5\"");
    HAS_STR(buf_str(&out).p, "le=\"300000\"");
    HAS_STR(buf_str(&out).p, "le=\"3600000\"");
    buf_deinit(&out);
    stats_free(s);
}

static void content_type_names_the_format(void)
{
    HAS_STR(stats_text_content_type(STATS_TEXT_PROMETHEUS), "version=0.0.4");
    HAS_STR(stats_text_content_type(STATS_TEXT_OPENMETRICS), "openmetrics-text");
}

static const struct tap_case cases[] = {
    { "prometheus_page", prometheus_page },
    { "openmetrics_page", openmetrics_page },
    { "istio_bounds_are_written_without_exponent", istio_bounds_are_written_without_exponent },
    { "content_type_names_the_format", content_type_names_the_format },
};

TAP_MAIN(cases)
