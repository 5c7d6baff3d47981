#include "core/base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/base/str.h"

#define LINE_MAX_BYTES ((size_t)8 * 1024)
#define SITES          256
#define SITE_PER_S     50

static const char *const level_names[] = { "none", "error", "warn", "info", "debug" };

/* What was asked for a module by name; level -1 follows the default. Modules of the same name (one
 * per file) share it. */
struct setting {
    struct setting *next;
    char *name;
    int level;
};

/* One call site of this second, known by its format string. Two sites whose strings hash alike
 * share an entry in turns, which only makes the limit milder. */
struct site {
    const char *fmt;
    struct log_module *module;
    enum log_level level;
    time_t second;
    unsigned count, dropped;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int default_level = LOG_LEVEL_INFO;
static struct setting *settings;
static struct log_module *modules; /* those that logged */
static atomic_bool use_json;
static struct site sites[SITES];
static time_t swept; /* the second in which sites were last looked through */

static int level_of(struct str s)
{
    for (size_t i = 0; i < COUNT_OF(level_names); i++) {
        if (str_is(s, level_names[i]))
            return (int)i;
    }
    return str_is(s, "warning") ? LOG_LEVEL_WARN : -1;
}

static struct setting *find_setting(struct str name)
{
    for (struct setting *s = settings; s; s = s->next) {
        if (str_is(name, s->name))
            return s;
    }
    return NULL;
}

static struct setting *need_setting(struct str name)
{
    struct setting *s = find_setting(name);

    if (s)
        return s;
    s = mem_alloc0(1, sizeof(*s));
    s->name = str_dup(name);
    s->level = -1;
    s->next = settings;
    settings = s;
    return s;
}

static int effective(const char *name)
{
    const struct setting *s = find_setting(str_of(name));

    return s && s->level >= 0 ? s->level : default_level;
}

/* Splits "http=debug" or "info"; the name of the latter is empty. -1 when neither. */
static int parse_item(struct str item, struct str *name)
{
    ptrdiff_t at = str_chr(item, '=');

    *name = at < 0 ? STR_NONE : str_trim(str_head(item, (size_t)at));
    if (at == 0 || (at > 0 && str_is_empty(*name)))
        return -1;
    return level_of(str_trim(at < 0 ? item : str_skip(item, (size_t)at + 1)));
}

static bool is_valid(struct str spec)
{
    struct str name;

    while (spec.p) {
        if (parse_item(str_trim(str_cut(&spec, ',')), &name) < 0)
            return false;
    }
    return true;
}

/* A level without a name is for all modules, so it takes back what was set by name before it. */
static void apply_item(struct str item)
{
    struct str name;
    int level = parse_item(item, &name);

    if (!str_is_empty(name)) {
        need_setting(name)->level = level;
        return;
    }
    default_level = level;
    for (struct setting *s = settings; s; s = s->next)
        s->level = -1;
}

int log_set_levels(const char *spec)
{
    struct str rest = str_of(spec);

    if (!spec || !is_valid(rest))
        return ERR_INVALID;
    pthread_mutex_lock(&lock);
    while (rest.p)
        apply_item(str_trim(str_cut(&rest, ',')));
    for (struct log_module *m = modules; m; m = m->next)
        atomic_store_explicit(&m->level, effective(m->name), memory_order_relaxed);
    pthread_mutex_unlock(&lock);
    return 0;
}

void log_set_json(bool json)
{
    atomic_store(&use_json, json);
}

void log_list_levels(struct buf *out)
{
    pthread_mutex_lock(&lock);
    for (const struct setting *s = settings; s; s = s->next)
        buf_printf(out, "%s: %s\n", s->name, level_names[effective(s->name)]);
    pthread_mutex_unlock(&lock);
}

bool log_is_on_slow(struct log_module *m, enum log_level level)
{
    int have;

    pthread_mutex_lock(&lock);
    have = atomic_load_explicit(&m->level, memory_order_relaxed);
    if (have < 0) { /* another thread may have come first */
        need_setting(str_of(m->name));
        have = effective(m->name);
        m->next = modules;
        modules = m;
        atomic_store_explicit(&m->level, have, memory_order_relaxed);
    }
    pthread_mutex_unlock(&lock);
    return (int)level <= have;
}

static void add_time(struct buf *line, const struct timespec *ts)
{
    struct tm tm;

    gmtime_r(&ts->tv_sec, &tm);
    buf_printf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ", tm.tm_year + 1900, tm.tm_mon + 1,
               tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ts->tv_nsec / 1000);
}

/* A message may carry what a peer sent: control bytes must not forge a line or drive a terminal. */
static void add_visible(struct buf *line, struct str message)
{
    for (size_t i = 0; i < message.len; i++) {
        uint8_t c = (uint8_t)message.p[i];

        if (c == '\n')
            buf_add_str(line, STR("\\n"));
        else if (c < 0x20 || c == 0x7f)
            buf_printf(line, "\\x%02x", c);
        else
            buf_add_char(line, (char)c);
    }
}

static void add_line(struct buf *line, const struct log_module *m, enum log_level level,
                     const struct timespec *ts, struct str message)
{
    if (!atomic_load_explicit(&use_json, memory_order_relaxed)) {
        add_time(line, ts);
        buf_printf(line, "\t%s\t%s\t", level_names[level], m->name);
        add_visible(line, message);
    } else {
        buf_printf(line, "{\"level\":\"%s\",\"time\":\"", level_names[level]);
        add_time(line, ts);
        buf_printf(line, "\",\"scope\":\"%s\",\"msg\":", m->name);
        encode_json(line, message);
        buf_add_char(line, '}');
    }
    buf_add_char(line, '\n');
}

/* One write a line, so that lines of several threads and processes do not mix. */
static void emit(const struct log_module *m, enum log_level level, const struct timespec *ts,
                 struct str message)
{
    struct buf line;

    buf_init(&line, 0);
    add_line(&line, m, level, ts, message);
    if (write(STDERR_FILENO, line.p, buf_len(&line)) < 0) {
        /* Standard error is gone: there is no better place to say so. */
    }
    buf_deinit(&line);
}

static void report_dropped(struct site *s, const struct timespec *ts)
{
    char text[128];
    int len = snprintf(text, sizeof(text), "%u more messages like \"%.60s\" were dropped",
                       s->dropped, s->fmt);

    s->dropped = 0;
    emit(s->module, s->level, ts, str_make(text, len < 0 ? 0 : strnlen(text, sizeof(text))));
}

/* Once a second, at the first message in it, so that drops are told even when their site is silent
 * from then on. */
static void sweep(const struct timespec *ts)
{
    if (swept == ts->tv_sec)
        return;
    swept = ts->tv_sec;
    for (size_t i = 0; i < SITES; i++) {
        if (sites[i].dropped && sites[i].second != ts->tv_sec)
            report_dropped(&sites[i], ts);
    }
}

static bool may_write(struct log_module *m, enum log_level level, const char *fmt,
                      const struct timespec *ts)
{
    struct site *s = &sites[((uintptr_t)fmt * 0x9e3779b97f4a7c15ULL) >> 56];

    sweep(ts);
    if (s->fmt != fmt || s->second != ts->tv_sec) {
        if (s->dropped)
            report_dropped(s, ts);
        *s = (struct site){ .fmt = fmt, .module = m, .level = level, .second = ts->tv_sec };
    }
    if (s->count >= SITE_PER_S) {
        s->dropped++;
        return false;
    }
    s->count++;
    return true;
}

void log_write(struct log_module *m, enum log_level level, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    struct timespec ts;
    va_list ap;
    bool ok;
    int len;

    clock_gettime(CLOCK_REALTIME, &ts);
    pthread_mutex_lock(&lock);
    ok = may_write(m, level, fmt, &ts);
    pthread_mutex_unlock(&lock);
    if (!ok)
        return;
    va_start(ap, fmt);
    len = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (len < 0)
        return;
    if ((size_t)len >= sizeof(text))
        memcpy(text + sizeof(text) - 4, "...", 4);
    emit(m, level, &ts, str_of(text));
}
