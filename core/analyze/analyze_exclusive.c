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
    const char *selector_path, *labels_path;
    const char *both, *bare; /* codes: same workload selected; several without a selector */
    bool is_for_sidecars;    /* without meaning where there are none */
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

static const struct exclusive sidecars = { .kind = API_KIND_SIDECAR,
                                           .plural = "Sidecars",
                                           .selector_path = "spec.workloadSelector",
                                           .labels_path = "spec.workloadSelector.labels",
                                           .both = "IST0110",
                                           .bare = "IST0111",
                                           .is_for_sidecars = true,
                                           .labels = sidecar_labels };
static const struct exclusive telemetries = { .kind = API_KIND_TELEMETRY,
                                              .plural = "Telemetries",
                                              .selector_path = "spec.selector",
                                              .labels_path = "spec.selector.matchLabels",
                                              .both = "IST0159",
                                              .bare = "IST0160",
                                              .labels = telemetry_labels };

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

static void report_no_sidecar(struct analyze_state *s, const struct object *o, const char *path,
                              const char *what)
{
    analyze_state_report(s, o, DIAG_WARNING, "IST0167", str_of(path),
                         "The policy has no impact: %s is in ambient mode.", what);
}

/* ---- objects without a selector ---- */

/* Namespaces whose pods are captured without a sidecar; a label for sidecars wins over that. */
static bool is_ambient_namespace(const struct analyze_state *s, struct str ns)
{
    const struct object *o = analyze_state_find(s, API_KIND_NAMESPACE, STR_NONE, ns);

    return o && str_is(object_meta_label(o->meta, STR("istio.io/dataplane-mode")), "ambient") &&
           !str_is(object_meta_label(o->meta, STR("istio-injection")), "enabled") &&
           object_meta_label(o->meta, STR("istio.io/rev")).len == 0;
}

static void check_bare(struct analyze_state *s, const struct exclusive *x, const struct object *o)
{
    struct str list;

    if (x->is_for_sidecars && is_ambient_namespace(s, o->ns))
        report_no_sidecar(s, o, "metadata.name", "namespace");
    else if (names(s, x, o, is_bare, NULL, &list) > 1)
        analyze_state_report(s, o, DIAG_ERROR, x->bare, STR("metadata.name"),
                             "The %s %.*s in namespace \"%.*s\" have no workload selector, which "
                             "can lead to undefined behavior.",
                             x->plural, STR_ARG(list), STR_ARG(o->ns));
}

/* ---- objects with one ---- */

static bool is_ambient_pod(const struct object *w)
{
    return w->kind->id == API_KIND_POD &&
           str_is(object_meta_annotation(w->meta, STR("ambient.istio.io/redirection")), "enabled");
}

/* Of the workloads of o's namespace that it selects: is one ambient, the first that another one
 * selects too (NULL: none). Returns whether there is any. */
static bool find_selected(struct analyze_state *s, const struct exclusive *x,
                          const struct object *o, bool *ambient, const struct object **shared,
                          struct str *list)
{
    bool any = false;

    *ambient = false;
    *shared = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const struct object *w = s->objects[i];

        if (!str_eq(w->ns, o->ns) || !selects(x, o, w))
            continue;
        any = true;
        if (x->is_for_sidecars && is_ambient_pod(w))
            *ambient = true;
        else if (!*shared && names(s, x, o, selects, w, list) > 1)
            *shared = w; /* the first shows it */
    }
    return any;
}

static void check_selected(struct analyze_state *s, const struct exclusive *x,
                           const struct object *o, const struct field_pair *want, size_t count)
{
    const struct object *shared;
    struct str list;
    bool ambient;

    if (!find_selected(s, x, o, &ambient, &shared, &list)) {
        analyze_state_report(s, o, DIAG_ERROR, "IST0101",
                             analyze_state_label_path(s, x->labels_path, want, count),
                             "Referenced selector not found: \"%.*s\"",
                             STR_ARG(analyze_state_labels(s, want, count)));
        return;
    }
    if (ambient)
        report_no_sidecar(s, o, x->selector_path, "selected workload");
    if (shared)
        analyze_state_report(s, o, DIAG_ERROR, x->both, str_of(x->selector_path),
                             "The %s %.*s in namespace \"%.*s\" select the same workload pod "
                             "\"%.*s\", which can lead to undefined behavior.",
                             x->plural, STR_ARG(list), STR_ARG(o->ns), STR_ARG(shared->name));
}

static void check(struct analyze_state *s, const struct exclusive *x)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, x->kind, &at));) {
        const struct field_pair *want;
        size_t count;

        if (!x->labels(o, &want, &count))
            continue;
        if (count == 0)
            check_bare(s, x, o);
        else if (s->workload_count) /* with none known at all, nothing can be said about them */
            check_selected(s, x, o, want, count);
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
