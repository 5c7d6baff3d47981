#include "modes/shared/scrape_targets.h"

#include "core/base/error.h"
#include "core/base/mem.h"

#define DEFAULT_PORT 80
#define DEFAULT_PATH STR("/metrics")

/* What the annotations said; NULL pointers: nothing. */
struct said {
    struct str scrape, port, path, targets, merge;
};

/* Ports of a sidecar that show no metrics of an app. */
static const struct {
    uint16_t port;
    const char *use;
} own_ports[] = {
    { 15000, "the admin pages" },
    { 15001, "calls of the app" },
    { 15006, "calls to the app" },
    { 15008, "tunnels" },
    { 15021, "readiness" },
    { 15053, "names" },
    { 15090, "the proxy's own metrics" },
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Whether name is want once all that is no letter or digit is '_', which is how Prometheus sees
 * names of annotations. */
static bool is_like(struct str name, const char *want)
{
    struct str w = str_of(want);

    if (name.len != w.len)
        return false;
    for (size_t i = 0; i < w.len; i++) {
        if ((is_word(name.p[i]) ? name.p[i] : '_') != w.p[i])
            return false;
    }
    return true;
}

static void sort_in(struct said *s, struct str name, struct str value)
{
    if (is_like(name, "prometheus_io_scrape"))
        s->scrape = value;
    else if (is_like(name, "prometheus_io_port"))
        s->port = value;
    else if (is_like(name, "prometheus_io_path"))
        s->path = value;
    else if (str_is(name, "prometheus.istio.io/scrape-targets"))
        s->targets = value;
    else if (str_is(name, "prometheus.istio.io/merge-metrics"))
        s->merge = value;
}

/* The words that Istio takes for a truth value. */
static bool read_bool(struct str text, bool *out)
{
    static const char *const yes[] = { "1", "t", "T", "true", "True", "TRUE" };
    static const char *const no[] = { "0", "f", "F", "false", "False", "FALSE" };

    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        if (str_is(text, yes[i]) || str_is(text, no[i])) {
            *out = str_is(text, yes[i]);
            return true;
        }
    }
    return false;
}

static int bad_bool(struct arena *a, const char *name, struct str value, struct str *why)
{
    *why =
        arena_printf(a, "annotation %s: \"%.*s\" is neither true nor false", name, STR_ARG(value));
    return ERR_INVALID;
}

static int read_target(struct arena *a, const char *name, struct str port, struct str path,
                       struct scrape_target *out, struct str *why)
{
    uint64_t number = DEFAULT_PORT;

    if (port.len && (str_to_u64(port, 65535, &number) != 0 || number == 0)) {
        *why = arena_printf(a, "annotation %s: \"%.*s\" is no port between 1 and 65535", name,
                            STR_ARG(port));
        return ERR_INVALID;
    }
    *out = (struct scrape_target){ (uint16_t)number, path.len ? path : DEFAULT_PATH };
    for (size_t i = 0; i < out->path.len; i++) {
        char c = out->path.p[i];

        if (out->path.p[0] == '/' && (unsigned char)c > ' ' && c != 127 && c != '#')
            continue;
        *why = arena_printf(a, "annotation %s: \"%.*s\" is no path such as /metrics", name,
                            STR_ARG(path));
        return ERR_INVALID;
    }
    return 0;
}

static int refuse_own(struct arena *a, const char *name, uint16_t port, uint16_t status_port,
                      struct str *why)
{
    const char *use = port == status_port ? "this very page" : NULL;

    for (size_t i = 0; i < COUNT_OF(own_ports) && !use; i++) {
        if (own_ports[i].port == port)
            use = own_ports[i].use;
    }
    if (!use)
        return 0;
    *why = arena_printf(a, "annotation %s: port %u is the sidecar's, for %s; name the app's", name,
                        port, use);
    return ERR_INVALID;
}

/* "9080:/metrics, 9081" */
static int read_list(struct said *s, uint16_t status_port, struct arena *a,
                     struct scrape_targets *out, struct str *why)
{
    static const char name[] = "prometheus.istio.io/scrape-targets";
    struct str rest = s->targets;

    while (rest.p) {
        struct str path = str_trim(str_cut(&rest, ',')), port;
        struct scrape_target target;
        int err;

        if (!path.len)
            continue;
        port = str_trim(str_cut(&path, ':'));
        if (!port.len) {
            *why = arena_printf(a, "annotation %s: \":%.*s\" has no port", name, STR_ARG(path));
            return ERR_INVALID;
        }
        err = read_target(a, name, port, str_trim(path), &target, why);
        if (!err)
            err = refuse_own(a, name, target.port, status_port, why);
        if (err)
            return err;
        if (out->count == SCRAPE_TARGETS_MAX) {
            *why = arena_printf(a, "annotation %s: more than %d", name, SCRAPE_TARGETS_MAX);
            return ERR_INVALID;
        }
        out->list[out->count++] = target;
    }
    return 0;
}

static int read_single(const struct said *s, uint16_t status_port, struct arena *a,
                       struct scrape_targets *out, struct str *why)
{
    int err;

    if (!s->scrape.len && !s->port.len && !s->path.len)
        return 0;
    err = read_target(a, "prometheus.io/port", s->port, STR_NONE, &out->list[0], why);
    if (!err)
        err = read_target(a, "prometheus.io/path", STR_NONE, s->path, &out->list[1], why);
    if (err)
        return err;
    out->list[0].path = out->list[1].path;
    out->count = out->list[0].port == status_port ? 0 : 1;
    return 0;
}

int scrape_targets_read(const char *const *annotations, size_t count, uint16_t status_port,
                        struct arena *a, struct scrape_targets *out, struct str *why)
{
    struct scrape_targets found = { .count = 0 };
    bool scrape = true, merge = true;
    struct said said = { 0 };
    int err;

    for (size_t i = 0; i < count; i++) {
        struct str value = arena_str(a, str_of(annotations[i]));
        struct str name = str_cut(&value, '=');

        sort_in(&said, name, value);
    }
    if (said.scrape.len && !read_bool(said.scrape, &scrape))
        return bad_bool(a, "prometheus.io/scrape", said.scrape, why);
    if (said.merge.p && !read_bool(said.merge, &merge))
        return bad_bool(a, "prometheus.istio.io/merge-metrics", said.merge, why);
    found.is_for_sure = said.merge.p && merge;
    err = read_list(&said, status_port, a, &found, why);
    if (!err && !found.count)
        err = read_single(&said, status_port, a, &found, why);
    if (err)
        return err;
    if (!scrape || !merge)
        found.count = 0;
    *out = found;
    return 0;
}
