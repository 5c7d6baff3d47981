/* The log of a process: one line an event, on standard error, as text or JSON.
 *
 * A message belongs to a module (its name is a string literal: "http", "xds"); levels are set per
 * module at start or at run time (admin /logging). A message that is off costs one comparison.
 * Repeated messages of one call site beyond 50 a second are counted and reported once. Control
 * bytes in a message are escaped. Any thread.
 *
 *   2026-03-01T12:00:00.123456Z<tab>info<tab>http<tab>message
 *   {"level":"info","time":"2026-03-01T12:00:00.123456Z","scope":"http","msg":"message"} */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

enum log_level { LOG_LEVEL_NONE, LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct buf;

/* spec: "info,http=debug"; applied on top of what is set, from left to right. A level without a
 * module is for all of them and takes back what was set by name. ERR_INVALID: nothing is changed.
 * Modules not known yet are remembered. */
int log_set_levels(const char *spec);
void log_set_json(bool json);
/* "http: debug\n..." for admin. */
void log_list_levels(struct buf *out);

/* One per module and file: static struct log_module LOG = LOG_MODULE("http"); */
struct log_module {
    const char *name;
    atomic_int level; /* -1: not yet resolved */
    struct log_module *next;
};
#define LOG_MODULE(literal)                                                                        \
    {                                                                                              \
        .name = (literal), .level = -1                                                             \
    }

bool log_is_on_slow(struct log_module *m, enum log_level level);
void log_write(struct log_module *m, enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static inline bool log_is_on(struct log_module *m, enum log_level level)
{
    int have = atomic_load_explicit(&m->level, memory_order_relaxed);

    return have < 0 ? log_is_on_slow(m, level) : (int)level <= have;
}

/* The file defines: static struct log_module log_module = LOG_MODULE("x"); */
#define log_at(level, ...)                                                                         \
    do {                                                                                           \
        if (log_is_on(&log_module, level))                                                         \
            log_write(&log_module, level, __VA_ARGS__);                                            \
    } while (0)
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
