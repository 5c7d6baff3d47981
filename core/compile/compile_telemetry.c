#include "core/compile/compile_telemetry.h"

#include "core/api/istio_telemetry.h"
#include "core/api/workload_selector.h"
#include "core/base/mem.h"
#include "core/compile/compile_mesh.h"
#include "core/compile/compile_provider.h"
#include "core/compile/compile_tracing.h"
#include "core/model/model_telemetry.h"
#include "core/text/cel.h"
#include "core/text/node.h"

#define NAME_LABEL     STR("gateway.networking.k8s.io/gateway-name")
#define NAMES_MAX      16
#define BUILTIN_LOG    "envoy"
#define BUILTIN_METRIC "prometheus"

enum { LEVELS = 3 };

struct build {
    struct compile *c;
    struct arena *a;
    const struct object *levels[LEVELS]; /* the widest first; NULL: none */
    struct model_telemetry *out;
};

/* ---- which objects count ---- */

static struct str own_gateway(const struct compile *c)
{
    for (uint32_t i = 0; i < c->label_count; i++)
        if (str_eq(c->labels[i].key, NAME_LABEL))
            return c->labels[i].value;
    return STR_NONE;
}

static bool targets_us(const struct compile *c, const struct target_ref *refs, size_t n)
{
    struct str name = own_gateway(c);

    for (size_t i = 0; i < n; i++)
        if (str_is(refs[i].kind, "Gateway") && name.len && str_eq(refs[i].name, name))
            return true;
    return false;
}

/* 0 mesh, 1 namespace, 2 workload; -1: not for us. */
static int level_of(const struct compile *c, const struct object *o)
{
    const struct istio_telemetry *t = o->spec;

    if (t->target_ref || t->target_refs_count)
        return str_eq(o->ns, c->node->ns) &&
                       (t->target_ref ? targets_us(c, t->target_ref, 1)
                                      : targets_us(c, t->target_refs, t->target_refs_count))
                   ? 2
                   : -1;
    if (t->selector && t->selector->labels_count)
        return str_eq(o->ns, c->node->ns) &&
                       compile_has_labels(c, t->selector->labels, t->selector->labels_count)
                   ? 2
                   : -1;
    if (str_eq(o->ns, c->root_ns))
        return 0;
    return str_eq(o->ns, c->node->ns) ? 1 : -1;
}

static void pick(void *arg, const struct object *o)
{
    struct build *b = arg;
    int level = level_of(b->c, o);

    if (level >= 0 && (!b->levels[level] || object_compare_age(o, b->levels[level]) < 0))
        b->levels[level] = o;
}

/* mode: enum istio_telemetry_mode of a match, if there is one. */
static bool is_side(int mode, enum model_side side)
{
    return mode == ISTIO_TELEMETRY_CLIENT_AND_SERVER ||
           mode == (side == MODEL_SIDE_CLIENT ? ISTIO_TELEMETRY_CLIENT : ISTIO_TELEMETRY_SERVER);
}

/* ---- providers ---- */

struct names {
    struct str list[NAMES_MAX];
    size_t count;
};

static bool has_name(const struct names *n, struct str name)
{
    for (size_t i = 0; i < n->count; i++)
        if (str_eq(n->list[i], name))
            return true;
    return false;
}

static void add_name(struct names *n, struct str name)
{
    if (n->count < NAMES_MAX && !has_name(n, name))
        n->list[n->count++] = name;
}

static void add_names(struct names *n, const struct str *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_name(n, list[i]);
}

static void add_refs(struct names *n, const struct istio_telemetry_provider *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_name(n, list[i].name);
}

/* An expression that does not compile is told, and not used. */
static struct str checked_cel(struct build *b, const struct object *o, struct field_at at,
                              const char *path, struct str text)
{
    struct str why = STR_NONE;
    struct cel *cel;

    if (text.len == 0)
        return STR_NONE;
    if (cel_new(&cel, text, b->a, &why) != 0) {
        compile_warn(b->c, o, at, "MSH1009", path, "\"%.*s\" is not an expression: %.*s",
                     STR_ARG(text), STR_ARG(why));
        return STR_NONE;
    }
    cel_free(cel);
    return arena_str(b->a, text);
}

/* ---- access logs ---- */

struct log_choice {
    struct str provider, filter;
    bool disabled;
};

struct log_choices {
    struct log_choice list[NAMES_MAX];
    size_t count;
};

static struct log_choice *choice_of(struct log_choices *all, struct str provider)
{
    for (size_t i = 0; i < all->count; i++)
        if (str_eq(all->list[i].provider, provider))
            return &all->list[i];
    if (all->count == NAMES_MAX)
        return NULL;
    all->list[all->count] = (struct log_choice){ .provider = provider };
    return &all->list[all->count++];
}

static void merge_logging(struct build *b, const struct object *o,
                          const struct istio_telemetry_logging *l, struct names *parents,
                          const struct names *wanted, enum model_side side, struct log_choices *all)
{
    struct names own = { .count = 0 };

    add_refs(&own, l->providers, l->providers_count);
    if (own.count)
        *parents = own;
    if (!is_side(l->match ? l->match->mode : 0, side))
        return;
    for (size_t i = 0; i < parents->count; i++) {
        struct log_choice *c =
            has_name(wanted, parents->list[i]) ? choice_of(all, parents->list[i]) : NULL;

        if (!c)
            continue;
        c->disabled = l->disabled.set && l->disabled.value;
        c->filter = l->filter ? checked_cel(b, o, l->filter->at, "spec.accessLogging",
                                            l->filter->expression)
                              : STR_NONE;
    }
}

static struct str labels_text(struct build *b, const struct node *labels)
{
    struct buf text;
    struct str copy;

    buf_init(&text, 0);
    (void)node_write_json(labels, &text, 0);
    copy = arena_str(b->a, buf_str(&text));
    buf_deinit(&text);
    return copy;
}

/* false: it is no log, or one that goes elsewhere than into a file. */
static bool fill_log(struct build *b, const struct log_choice *choice, struct model_access_log *out)
{
    const struct mesh_config *m = &b->c->mesh->config;
    const struct mesh_provider *p = compile_provider_find(b->c, choice->provider);
    const struct mesh_provider_file *f = p ? p->envoy_file_access_log : NULL;

    *out = (struct model_access_log){ .enabled = true, .filter = choice->filter };
    if (!p && str_is(choice->provider, BUILTIN_LOG)) { /* TL-3 */
        out->path = m->access_log_file.len ? m->access_log_file : STR("/dev/stdout");
        out->json = m->access_log_encoding == MESH_CONFIG_ENCODING_JSON;
        out->format = m->access_log_format;
    } else if (f) {
        out->path = f->path;
        out->omit_empty = f->omit_empty_values;
        if (f->log_format && f->log_format->labels) {
            out->json = true;
            out->format = labels_text(b, f->log_format->labels);
        } else if (f->log_format) {
            out->format = f->log_format->text;
        }
    } else {
        return false;
    }
    out->path = arena_str(b->a, out->path);
    out->format = arena_str(b->a, out->format);
    return true;
}

static void build_logs(struct build *b, enum model_side side)
{
    const struct mesh_config_default_providers *def = b->c->mesh->config.default_providers;
    const struct model_access_log *plain = &b->c->mesh->settings.access_log;
    struct model_access_log *out = b->out->logs[side];
    struct log_choices all = { .count = 0 };
    struct names wanted = { .count = 0 }, parents;
    bool is_said = false;
    size_t n = 0;

    if (def)
        add_names(&wanted, def->access_logging, def->access_logging_count);
    parents = wanted;
    for (int i = 0; i < LEVELS; i++) {
        const struct istio_telemetry *t = b->levels[i] ? b->levels[i]->spec : NULL;
        struct names own = { .count = 0 };

        for (size_t k = 0; t && k < t->logging_count; k++)
            if (is_side(t->logging[k].match ? t->logging[k].match->mode : 0, side))
                add_refs(&own, t->logging[k].providers, t->logging[k].providers_count);
        if (own.count)
            wanted = own;
        is_said |= t && t->logging_count;
    }
    if (!is_said && !wanted.count) { /* accessLogFile, or what the process was told */
        out[0] = *plain;
        out[0].path = arena_str(b->a, plain->path);
        out[0].format = arena_str(b->a, plain->format);
        return;
    }
    for (size_t i = 0; i < wanted.count; i++)
        if (has_name(&parents, wanted.list[i]))
            (void)choice_of(&all, wanted.list[i]);
    for (int i = 0; i < LEVELS; i++) {
        const struct istio_telemetry *t = b->levels[i] ? b->levels[i]->spec : NULL;

        for (size_t k = 0; t && k < t->logging_count; k++)
            merge_logging(b, b->levels[i], &t->logging[k], &parents, &wanted, side, &all);
    }
    for (size_t i = 0; i < all.count && n < MODEL_LOGS_MAX; i++)
        if (!all.list[i].disabled)
            n += fill_log(b, &all.list[i], &out[n]);
}

/* ---- metrics ---- */

static void set_tag(struct build *b, const struct object *o, struct model_metric *m,
                    const struct istio_telemetry_tag_override_entry *e)
{
    struct str value = STR_NONE, name = arena_str(b->a, e->key);
    uint32_t i = 0;

    if (e->value.operation == ISTIO_TELEMETRY_UPSERT) {
        value = checked_cel(b, o, e->value.at, "spec.metrics", e->value.value);
        if (!value.p)
            return;
    }
    while (i < m->tag_count && !str_eq(m->tags[i].name, name))
        i++;
    if (i == m->tag_count) {
        m->tags = arena_grow(b->a, m->tags, i, i + 1, sizeof(*m->tags));
        m->tag_count++;
    }
    m->tags[i] = (struct model_metric_tag){ name, value };
}

static void override(struct build *b, const struct object *o,
                     const struct istio_telemetry_override *r, enum model_side side)
{
    const struct istio_telemetry_metric_match *match = r->match;
    int wanted = match && match->metric.set ? (int)match->metric.value : 0;

    if ((match && match->custom_metric.p) || !is_side(match ? match->mode : 0, side))
        return;
    for (int id = 0; id < MODEL_METRICS; id++) {
        struct model_metric *m = &b->out->metrics[side][id];

        if (wanted != ISTIO_TELEMETRY_ALL_METRICS && wanted != id + 1)
            continue;
        if (r->disabled.set)
            m->disabled = r->disabled.value;
        for (size_t i = 0; i < r->tags_count; i++)
            set_tag(b, o, m, &r->tags[i]);
        b->out->has_metric_changes = true;
    }
}

static bool is_prometheus(const struct build *b, const struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct mesh_provider *p = compile_provider_find(b->c, names->list[i]);

        if (p ? p->prometheus != NULL : str_is(names->list[i], BUILTIN_METRIC))
            return true;
    }
    return false;
}

static void build_metrics(struct build *b, enum model_side side)
{
    const struct mesh_config_default_providers *def = b->c->mesh->config.default_providers;
    struct names providers = { .count = 0 };

    if (def)
        add_names(&providers, def->metrics, def->metrics_count);
    if (!providers.count)
        add_name(&providers, STR(BUILTIN_METRIC));
    for (int i = 0; i < LEVELS; i++) {
        const struct istio_telemetry *t = b->levels[i] ? b->levels[i]->spec : NULL;

        for (size_t k = 0; t && k < t->metrics_count; k++) {
            const struct istio_telemetry_metrics *m = &t->metrics[k];

            if (m->providers_count) {
                providers.count = 0;
                add_refs(&providers, m->providers, m->providers_count);
            }
            for (size_t r = 0; is_prometheus(b, &providers) && r < m->overrides_count; r++)
                override(b, b->levels[i], &m->overrides[r], side);
        }
    }
    if (is_prometheus(b, &providers))
        return;
    for (int id = 0; id < MODEL_METRICS; id++)
        b->out->metrics[side][id].disabled = true;
    b->out->has_metric_changes = true;
}

struct compile_part *compile_telemetry_build(struct compile *c)
{
    struct compile_part *part = compile_part_new();
    struct build b = { .c = c, .a = &part->arena };

    b.out = arena_alloc0(b.a, 1, sizeof(*b.out));
    part->data = b.out;
    compile_each_object(c, API_KIND_TELEMETRY, pick, &b);
    for (enum model_side side = 0; side < MODEL_SIDES; side++) {
        build_logs(&b, side);
        build_metrics(&b, side);
        compile_tracing_build(c, b.levels, LEVELS, side, b.a, &b.out->tracing[side]);
    }
    return part;
}
