#include "core/telemetry/telemetry_tags.h"

#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/stats/stats.h"
#include "core/telemetry/telemetry_attrs.h"
#include "core/telemetry/telemetry_labels.h"
#include "core/telemetry/telemetry_metrics.h"

static const char *const names[] = { TELEMETRY_LABEL_NAMES_HTTP };

void telemetry_tags_init(struct telemetry_tags *t)
{
    *t = (struct telemetry_tags){ 0 };
    arena_init(&t->texts, 0);
    arena_init(&t->scratch, 0);
}

static void forget(struct telemetry_tags *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        cel_free(t->list[i].cel);
    t->count = 0;
    t->changes = NULL;
    snapshot_unref(t->snapshot);
    t->snapshot = NULL;
    arena_reset(&t->texts);
}

void telemetry_tags_deinit(struct telemetry_tags *t)
{
    forget(t);
    arena_deinit(&t->texts);
    arena_deinit(&t->scratch);
}

static void add(struct telemetry_tags *t, const struct model_metric *m)
{
    for (uint32_t i = 0; i < m->tag_count && t->count < TELEMETRY_TAGS_MAX; i++) {
        struct telemetry_tag *to = &t->list[t->count];

        to->tag = &m->tags[i];
        if (m->tags[i].value.p && cel_new(&to->cel, m->tags[i].value, &t->texts, NULL) == 0)
            t->count++;
    }
}

void telemetry_tags_follow(struct telemetry_tags *t, const struct snapshot *s)
{
    forget(t);
    if (!s->telemetry || !s->telemetry->has_metric_changes)
        return;
    t->changes = s->telemetry;
    /* A request of an older snapshot may end after this one has gone elsewhere. */
    t->snapshot = snapshot_ref((struct snapshot *)(uintptr_t)s);
    for (size_t side = 0; side < MODEL_SIDES; side++)
        for (size_t i = 0; i < MODEL_METRICS; i++)
            add(t, &s->telemetry->metrics[side][i]);
}

uint64_t telemetry_tags_run(struct telemetry_tags *t, const struct decision *d)
{
    struct access_source source = { d, d->request_head, d->response_head, NULL };
    uint64_t h = 0;

    if (!t->count)
        return 0;
    arena_reset(&t->scratch);
    for (uint32_t i = 0; i < t->count; i++) {
        struct telemetry_tag *tag = &t->list[i];

        tag->value = telemetry_attrs_text(tag->cel, &source, &t->scratch);
        if (!tag->value.p)
            tag->value = STR("unknown");
        h = hash_content_seeded(tag->value.p, tag->value.len, h + i + 1);
    }
    return h;
}

/* The metric's place in the model: as Telemetry lists them. */
static const uint8_t ids[TELEMETRY_METRIC_COUNT] = {
    [TELEMETRY_REQUESTS] = MODEL_METRIC_REQUEST_COUNT,
    [TELEMETRY_REQUEST_DURATION] = MODEL_METRIC_REQUEST_DURATION,
    [TELEMETRY_REQUEST_BYTES] = MODEL_METRIC_REQUEST_SIZE,
    [TELEMETRY_RESPONSE_BYTES] = MODEL_METRIC_RESPONSE_SIZE,
    [TELEMETRY_TCP_OPENED] = MODEL_METRIC_TCP_OPENED,
    [TELEMETRY_TCP_CLOSED] = MODEL_METRIC_TCP_CLOSED,
    [TELEMETRY_TCP_SENT] = MODEL_METRIC_TCP_SENT,
    [TELEMETRY_TCP_RECEIVED] = MODEL_METRIC_TCP_RECEIVED,
};

static struct str value_of(const struct telemetry_tags *t, const struct model_metric_tag *tag)
{
    if (!tag->value.p)
        return STATS_NO_LABEL;
    for (uint32_t i = 0; i < t->count; i++)
        if (t->list[i].tag == tag)
            return t->list[i].value;
    return STR("unknown");
}

static bool is_label_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = str_lower_char(s.p[i]);

        if (!(c >= 'a' && c <= 'z') && c != '_' && !(i && c >= '0' && c <= '9'))
            return false;
    }
    return s.len > 0;
}

bool telemetry_tags_apply(struct telemetry_tags *t, const struct decision *d, int metric,
                          struct str *values)
{
    size_t count = d->is_tcp ? TELEMETRY_TCP_LABELS : TELEMETRY_HTTP_LABELS;
    const struct model_metric *m;
    struct buf more;

    if (!t->changes)
        return true;
    m = &t->changes->metrics[d->inbound ? MODEL_SIDE_SERVER : MODEL_SIDE_CLIENT][ids[metric]];
    if (m->disabled)
        return false;
    buf_init(&more, STATS_MAX_MORE_BYTES);
    for (uint32_t i = 0; i < m->tag_count; i++) {
        struct str value = value_of(t, &m->tags[i]);
        size_t k = 0;

        while (k < count && !str_is(m->tags[i].name, names[k]))
            k++;
        if (k < count)
            values[k] = value;
        else if (m->tags[i].value.p && is_label_name(m->tags[i].name))
            stats_add_label(&more, m->tags[i].name, value);
    }
    values[count] = buf_len(&more) ? arena_str(&t->scratch, buf_str(&more)) : STR("");
    buf_deinit(&more);
    return true;
}
