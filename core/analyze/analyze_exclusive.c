/* Kinds of which one object at most may be for a workload: which of several counts is not said. */
#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/istio_telemetry.h"
#include "core/api/sidecar.h"
#include "core/api/workload_selector.h"
#include "core/base/mem.h"

struct exclusive {
    uint16_t kind;
    const char *plural; /* "Sidecars" */
    const char *selector_path;
    const char *both, *bare; /* codes: same workload selected; several without a selector */
    /* The labels selected by; false: o is not for workloads (bound by targetRefs). */
    bool (*labels)(const struct object *o, const struct field_pair **list, size_t *count);
};

static bool sidecar_labels(const struct object *o, const struct field_pair **list, size_t *count)
{
    const struct workload_selector_labels *s = ((const struct sidecar *)o->spec)->selector;

    *list = s ? s->labels : NULL;
    *count = s ? s->labels_count : 0;
    return true;
}

static bool telemetry_labels(const struct object *o, const struct field_pair **list, size_t *count)
{
    const struct istio_telemetry *t = o->spec;

    *list = t->selector ? t->selector->labels : NULL;
    *count = t->selector ? t->selector->labels_count : 0;
    return !t->target_ref && t->target_refs_count == 0;
}

static const struct exclusive sidecars = { API_KIND_SIDECAR, "Sidecars", "spec.workloadSelector",
                                           "IST0110",        "IST0111",  sidecar_labels };
static const struct exclusive telemetries = { API_KIND_TELEMETRY, "Telemetries", "spec.selector",
                                              "IST0159",          "IST0160",     telemetry_labels };

/* "[a b]": o and all others of its namespace for which is_one holds; their number. */
static size_t names(struct analyze_state *s, const struct exclusive *x, const struct object *o,
                    bool (*is_one)(const struct exclusive *x, const struct object *o,
                                   const void *arg),
                    const void *arg, struct str *text)
{
    const struct object *other;
    struct buf b;
    size_t n = 0;

    buf_init(&b, 0);
    for (size_t at = 0; (other = analyze_state_next(s, x->kind, &at));) {
        if (str_eq(other->ns, o->ns) && is_one(x, other, arg))
            buf_printf(&b, "%s%.*s", n++ ? " " : "[", STR_ARG(other->name));
    }
    buf_add_str(&b, STR("]"));
    *text = arena_str(&s->arena, buf_str(&b));
    buf_deinit(&b);
    return n;
}

static bool is_bare(const struct exclusive *x, const struct object *o, const void *arg)
{
    const struct field_pair *list;
    size_t count;

    (void)arg;
    return x->labels(o, &list, &count) && count == 0;
}

/* arg: a workload. */
static bool selects(const struct exclusive *x, const struct object *o, const void *arg)
{
    const struct field_pair *want, *labels;
    size_t want_count, count;

    return x->labels(o, &want, &want_count) && want_count &&
           analyze_state_workload(arg, &labels, &count) &&
           workload_selector_is_match(want, want_count, labels, count);
}

static void check_bare(struct analyze_state *s, const struct exclusive *x, const struct object *o)
{
    struct str list;

    if (is_bare(x, o, NULL) && names(s, x, o, is_bare, NULL, &list) > 1)
        analyze_state_report(s, o, DIAG_ERROR, x->bare, STR("metadata.name"),
                             "The %s %.*s in namespace \"%.*s\" have no workload selector, which "
                             "can lead to undefined behavior.",
                             x->plural, STR_ARG(list), STR_ARG(o->ns));
}

static void check_selected(struct analyze_state *s, const struct exclusive *x,
                           const struct object *o)
{
    struct str list;

    for (size_t i = 0; i < s->count; i++) {
        const struct object *w = s->objects[i];

        if (!str_eq(w->ns, o->ns) || !selects(x, o, w) || names(s, x, o, selects, w, &list) < 2)
            continue;
        analyze_state_report(s, o, DIAG_ERROR, x->both, str_of(x->selector_path),
                             "The %s %.*s in namespace \"%.*s\" select the same workload pod "
                             "\"%.*s\", which can lead to undefined behavior.",
                             x->plural, STR_ARG(list), STR_ARG(o->ns), STR_ARG(w->name));
        return; /* the first workload shows it */
    }
}

static void check(struct analyze_state *s, const struct exclusive *x)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, x->kind, &at));) {
        check_bare(s, x, o);
        check_selected(s, x, o);
    }
}

void analyze_exclusive_sidecars(struct analyze_state *s)
{
    check(s, &sidecars);
}

void analyze_exclusive_telemetries(struct analyze_state *s)
{
    check(s, &telemetries);
}
