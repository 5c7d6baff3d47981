#include "core/stats/stats_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const kind_names[] = {
    [STATS_COUNTER] = "counter",
    [STATS_GAUGE] = "gauge",
    [STATS_HISTOGRAM] = "histogram",
};

struct writer {
    struct buf *out;
    bool is_open; /* OpenMetrics */
    const struct stats_def *last;
};

const char *stats_text_content_type(enum stats_text_format format)
{
    if (format == STATS_TEXT_OPENMETRICS)
        return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    return "text/plain; version=0.0.4; charset=utf-8";
}

/* The fewest digits that read back as the same number. OpenMetrics wants bounds with a point. */
static void add_double(struct buf *out, double value, bool with_point)
{
    char text[40];
    int digits = 15;

    do {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
    } while (digits++ < 17 && strtod(text, NULL) != value);
    buf_add_str(out, str_of(text));
    if (with_point && str_of(text).len == strspn(text, "-0123456789"))
        buf_add_str(out, STR(".0"));
}

/* In OpenMetrics a counter's family has no suffix, only its samples have. */
static struct str family_name(const struct writer *w, const struct stats_def *def)
{
    struct str name = str_of(def->name);

    if (w->is_open && def->kind == STATS_COUNTER && str_ends(name, STR("_total")))
        name.len -= sizeof("_total") - 1;
    return name;
}

static void add_help(const struct writer *w, const char *help)
{
    for (; *help; help++) {
        if (*help == '\n')
            buf_add_str(w->out, STR("\\n"));
        else if (*help == '\\' || (*help == '"' && w->is_open))
            buf_printf(w->out, "\\%c", *help);
        else
            buf_add_char(w->out, *help);
    }
}

static void add_head(struct writer *w, const struct stats_def *def)
{
    struct str name = family_name(w, def);

    buf_printf(w->out, "# HELP %.*s ", STR_ARG(name));
    add_help(w, def->help ? def->help : "");
    buf_printf(w->out, "\n# TYPE %.*s %s\n", STR_ARG(name), kind_names[def->kind]);
    w->last = def;
}

static void add_name(struct buf *out, const struct stats_sample *sample, const char *suffix)
{
    buf_add_str(out, str_of(sample->def->name));
    buf_add_str(out, str_of(suffix));
    if (sample->labels.len) {
        buf_add_char(out, '{');
        buf_add_str(out, sample->labels);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ' ');
}

static void add_histogram(const struct writer *w, const struct stats_sample *sample)
{
    const struct stats_def *def = sample->def;
    uint64_t below = 0;

    for (size_t i = 0; i <= def->bound_count; i++) {
        buf_printf(w->out, "%s_bucket{", def->name);
        buf_add_str(w->out, sample->labels);
        buf_add_str(w->out, sample->labels.len ? STR(",le=\"") : STR("le=\""));
        if (i < def->bound_count)
            add_double(w->out, def->bounds[i], w->is_open);
        else
            buf_add_str(w->out, STR("+Inf"));
        below += sample->buckets[i];
        buf_printf(w->out, "\"} %" PRIu64 "\n", below);
    }
    add_name(w->out, sample, "_sum");
    add_double(w->out, sample->sum, false);
    buf_add_char(w->out, '\n');
    add_name(w->out, sample, "_count");
    buf_printf(w->out, "%" PRIu64 "\n", sample->value);
}

static void add_sample(void *arg, const struct stats_sample *sample)
{
    struct writer *w = arg;

    if (w->last != sample->def)
        add_head(w, sample->def);
    if (sample->def->kind == STATS_HISTOGRAM) {
        add_histogram(w, sample);
        return;
    }
    /* Envoy's names of counters lack the suffix that OpenMetrics asks for. */
    add_name(w->out, sample,
             w->is_open && sample->def->kind == STATS_COUNTER &&
                     !str_ends(str_of(sample->def->name), STR("_total"))
                 ? "_total"
                 : "");
    if (sample->def->kind == STATS_GAUGE)
        buf_printf(w->out, "%" PRId64 "\n", (int64_t)sample->value);
    else
        buf_printf(w->out, "%" PRIu64 "\n", sample->value);
}

void stats_text_add(struct stats *s, enum stats_text_format format, struct buf *out)
{
    struct writer w = { .out = out, .is_open = format == STATS_TEXT_OPENMETRICS };

    stats_visit(s, add_sample, &w);
}

void stats_text_end(enum stats_text_format format, struct buf *out)
{
    if (format == STATS_TEXT_OPENMETRICS)
        buf_add_str(out, STR("# EOF\n"));
}

void stats_text_write(struct stats *s, enum stats_text_format format, struct buf *out)
{
    stats_text_add(s, format, out);
    stats_text_end(format, out);
}
