#include "modes/shared/scrape_targets.h"

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

#define STATUS_PORT 15020

/* "80/metrics 9/x", with '!' in front when it is for sure; "ERROR why". */
static void check(const char *const *annotations, const char *want)
{
    struct scrape_targets t = { .count = 0 };
    size_t count = 0;
    struct str why = STR("");
    struct arena a;
    struct buf got;

    arena_init(&a, 256);
    buf_init(&got, 0);
    while (annotations[count])
        count++;
    if (scrape_targets_read(annotations, count, STATUS_PORT, &a, &t, &why) != 0)
        buf_printf(&got, "ERROR %.*s", STR_ARG(why));
    else if (t.is_for_sure)
        buf_add_char(&got, '!');
    for (uint32_t i = 0; i < t.count; i++)
        buf_printf(&got, "%s%u%.*s", i ? " " : "", t.list[i].port, STR_ARG(t.list[i].path));
    NOTE("%s", count ? annotations[0] : "none");
    EQ_STRN(buf_str(&got).p, buf_len(&got), want);
    buf_deinit(&got);
    arena_deinit(&a);
}

#define SAYS(want, ...) check((const char *const[]){ __VA_ARGS__, NULL }, want)

static void one_annotation_is_enough(void)
{
    SAYS("", "other=x");
    SAYS("80/metrics", "prometheus.io/scrape=true");
    SAYS("9090/metrics", "prometheus.io/port=9090");
    SAYS("80/m?x=1", "prometheus.io/path=/m?x=1");
    SAYS("9090/m", "prometheus.io/path=/m", "prometheus.io/scrape=T", "prometheus.io/port=9090");
}

static void names_are_known_as_prometheus_knows_them(void)
{
    SAYS("9090/metrics", "prometheus.io.port=9090");
    SAYS("9090/m", "prometheus-io/port=9090", "prometheus_io_path=/m");
    SAYS("", "prometheus.io/portal=9090");
    SAYS("", "xprometheus.io/port=9090");
}

static void what_is_not_to_be_scraped_or_joined_is_not(void)
{
    SAYS("", "prometheus.io/scrape=false", "prometheus.io/port=9090");
    SAYS("", "prometheus.istio.io/merge-metrics=false", "prometheus.io/port=9090");
    SAYS("!9090/metrics", "prometheus.istio.io/merge-metrics=true", "prometheus.io/port=9090");
    SAYS("!", "prometheus.istio.io/merge-metrics=true");
    SAYS("", "prometheus.io/scrape=0", "prometheus.istio.io/scrape-targets=1,2");
}

/* Whoever injects a sidecar points Prometheus to the sidecar's page. */
static void annotations_about_our_own_page_name_no_app(void)
{
    SAYS("", "prometheus.io/port=15020", "prometheus.io/path=/stats/prometheus",
         "prometheus.io/scrape=true");
}

static void several_targets_in_their_order(void)
{
    SAYS("9080/a 9081/metrics 80/b:c",
         "prometheus.istio.io/scrape-targets= 9080:/a, 9081,,80:/b:c");
    SAYS("1/metrics", "prometheus.istio.io/scrape-targets=1", "prometheus.io/port=9090");
    SAYS("9090/metrics", "prometheus.istio.io/scrape-targets= , ", "prometheus.io/port=9090");
}

static void what_is_wrong_is_told(void)
{
    SAYS("ERROR annotation prometheus.io/port: \"http\" is no port between 1 and 65535",
         "prometheus.io/port=http");
    SAYS("ERROR annotation prometheus.io/port: \"65536\" is no port between 1 and 65535",
         "prometheus.io/port=65536");
    SAYS("ERROR annotation prometheus.io/path: \"metrics\" is no path such as /metrics",
         "prometheus.io/path=metrics");
    SAYS("ERROR annotation prometheus.io/path: \"/a b\" is no path such as /metrics",
         "prometheus.io/path=/a b");
    SAYS("ERROR annotation prometheus.io/scrape: \"yes\" is neither true nor false",
         "prometheus.io/scrape=yes");
    SAYS("ERROR annotation prometheus.istio.io/merge-metrics: \"\" is neither true nor false",
         "prometheus.istio.io/merge-metrics=");
    SAYS("ERROR annotation prometheus.istio.io/scrape-targets: \":/x\" has no port",
         "prometheus.istio.io/scrape-targets=80,:/x");
    SAYS("ERROR annotation prometheus.istio.io/scrape-targets: port 15020 is the sidecar's, for "
         "this very page; name the app's",
         "prometheus.istio.io/scrape-targets=15020");
    SAYS("ERROR annotation prometheus.istio.io/scrape-targets: port 15090 is the sidecar's, for "
         "the proxy's own metrics; name the app's",
         "prometheus.istio.io/scrape-targets=80,15090:/stats/prometheus");
    SAYS("ERROR annotation prometheus.istio.io/scrape-targets: more than 16",
         "prometheus.istio.io/scrape-targets=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17");
}

static const struct tap_case cases[] = {
    { "one_annotation_is_enough", one_annotation_is_enough },
    { "names_are_known_as_prometheus_knows_them", names_are_known_as_prometheus_knows_them },
    { "what_is_not_to_be_scraped_or_joined_is_not", what_is_not_to_be_scraped_or_joined_is_not },
    { "annotations_about_our_own_page_name_no_app", annotations_about_our_own_page_name_no_app },
    { "several_targets_in_their_order", several_targets_in_their_order },
    { "what_is_wrong_is_told", what_is_wrong_is_told },
};

TAP_MAIN(cases)
