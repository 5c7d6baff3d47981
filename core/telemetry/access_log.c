#include "core/telemetry/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/telemetry/telemetry_attrs.h"
#include "core/text/node_json.h"

static struct log_module log_module = LOG_MODULE("access");

#define RETRY_MS       100
#define MAX_LINE_BYTES ((size_t)32 * 1024)

/* The bytes of these are a contract with who parses Istio's logs. */
static const char default_text[] =
    "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" "
    "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
    "\"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% "
    "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" "
    "\"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% "
    "%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
    "%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

static const struct {
    const char *key, *format;
} default_json[] = {
    { "start_time", "%START_TIME%" },
    { "route_name", "%ROUTE_NAME%" },
    { "method", "%REQ(:METHOD)%" },
    { "path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%" },
    { "protocol", "%PROTOCOL%" },
    { "response_code", "%RESPONSE_CODE%" },
    { "response_flags", "%RESPONSE_FLAGS%" },
    { "response_code_details", "%RESPONSE_CODE_DETAILS%" },
    { "connection_termination_details", "%CONNECTION_TERMINATION_DETAILS%" },
    { "bytes_received", "%BYTES_RECEIVED%" },
    { "bytes_sent", "%BYTES_SENT%" },
    { "duration", "%DURATION%" },
    { "upstream_service_time", "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%" },
    { "x_forwarded_for", "%REQ(X-FORWARDED-FOR)%" },
    { "user_agent", "%REQ(USER-AGENT)%" },
    { "request_id", "%REQ(X-REQUEST-ID)%" },
    { "authority", "%REQ(:AUTHORITY)%" },
    { "upstream_host", "%UPSTREAM_HOST%" },
    { "upstream_cluster", "%UPSTREAM_CLUSTER_RAW%" },
    { "upstream_local_address", "%UPSTREAM_LOCAL_ADDRESS%" },
    { "downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%" },
    { "downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%" },
    { "requested_server_name", "%REQUESTED_SERVER_NAME%" },
    { "upstream_transport_failure_reason", "%UPSTREAM_TRANSPORT_FAILURE_REASON%" },
};

struct member {
    struct str key;
    struct access_format format;
};

struct access_log {
    struct worker *worker;
    const atomic_uint *generation;
    unsigned opened_generation;
    int fd;            /* -1: not open */
    bool is_file;      /* a write to it does not wait for a reader */
    bool is_shared_fd; /* the process's stdout or stderr: not ours to close */
    bool is_flushing;  /* the task is due */
    bool has_told;     /* that the file cannot be opened */
    struct worker_task task;
    struct timer retry;
    struct buf out, line;
    uint64_t dropped;

    /* What the settings of snapshot `version` came to; texts in arena. */
    uint64_t version;
    struct arena arena;
    bool json, omit_empty;
    struct str path, format_text, filter_text;
    struct cel *filter; /* NULL: all lines */
    struct arena scratch;
    struct access_format text;
    struct member *members;
    uint32_t member_count;
};

/* ---- settings ---- */

static void use_default_json(struct access_log *log)
{
    log->member_count = COUNT_OF(default_json);
    log->members = arena_alloc0(&log->arena, log->member_count, sizeof(*log->members));
    for (uint32_t i = 0; i < log->member_count; i++) {
        log->members[i].key = str_of(default_json[i].key);
        access_format_parse(&log->members[i].format, str_of(default_json[i].format), &log->arena,
                            NULL);
    }
}

/* An object of keys and formats; members that are not texts are left out. */
static int parse_json(struct access_log *log, struct str text, struct str *why)
{
    struct node *root;
    int err = node_json_read(&log->arena, text, NULL, NULL, &root);

    *why = STR("not a JSON object of texts");
    if (err || root->kind != NODE_MAP)
        return ERR_INVALID;
    log->member_count = 0;
    log->members = arena_alloc0(&log->arena, root->count, sizeof(*log->members));
    NODE_EACH(child, root)
    {
        struct member *m = &log->members[log->member_count];

        if (child->kind != NODE_STRING)
            continue;
        m->key = child->key;
        err = access_format_parse(&m->format, child->text, &log->arena, why);
        if (err)
            return err;
        log->member_count++;
    }
    return 0;
}

static void parse_settings(struct access_log *log)
{
    struct str why;
    int err = 0;

    if (log->json && log->format_text.len)
        err = parse_json(log, log->format_text, &why);
    else if (log->format_text.len)
        err = access_format_parse(&log->text, log->format_text, &log->arena, &why);
    if (err)
        log_warn("access log: the default format is used, because the one given is wrong: %.*s",
                 STR_ARG(why));
    if (log->json && (err || !log->format_text.len))
        use_default_json(log);
    else if (!log->json && (err || !log->format_text.len))
        access_format_parse(&log->text, str_of(default_text), &log->arena, NULL);
}

static void close_file(struct access_log *log)
{
    if (log->fd >= 0 && !log->is_shared_fd)
        close(log->fd);
    log->fd = -1;
}

/* ---- the file ---- */

static bool open_file(struct access_log *log)
{
    unsigned generation = atomic_load_explicit(log->generation, memory_order_relaxed);
    struct stat st;

    if (generation != log->opened_generation)
        close_file(log);
    if (log->fd >= 0)
        return true;
    log->opened_generation = generation;
    log->is_shared_fd = true;
    if (str_is(log->path, "/dev/stdout") || log->path.len == 0) {
        log->fd = STDOUT_FILENO;
    } else if (str_is(log->path, "/dev/stderr")) {
        log->fd = STDERR_FILENO;
    } else {
        log->is_shared_fd = false;
        log->fd = open(log->path.p, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
    }
    if (log->fd < 0) {
        if (!log->has_told)
            log_warn("access log %.*s: %s", STR_ARG(log->path), error_text(-errno));
        log->has_told = true;
        return false;
    }
    log->has_told = false;
    log->is_file = fstat(log->fd, &st) == 0 && S_ISREG(st.st_mode);
    return true;
}

/* How much may be written without waiting: a pipe that polls writable takes PIPE_BUF bytes. Whole
 * lines when there are any, since writers to one pipe are then not mixed up. */
static size_t writable_bytes(const struct access_log *log, struct str text)
{
    struct pollfd p = { .fd = log->fd, .events = POLLOUT };
    ptrdiff_t end;

    if (log->is_file)
        return text.len;
    if (poll(&p, 1, 0) != 1 || p.revents != POLLOUT)
        return 0; /* full, or nobody reads any more */
    if (text.len <= PIPE_BUF)
        return text.len;
    end = str_rchr(str_head(text, PIPE_BUF), '\n');
    return end < 0 ? PIPE_BUF : (size_t)end + 1;
}

static void flush(struct access_log *log)
{
    while (buf_len(&log->out)) {
        struct str text = buf_str(&log->out);
        size_t len = open_file(log) ? writable_bytes(log, text) : 0;
        ssize_t n;

        if (len == 0)
            return;
        n = write(log->fd, text.p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        buf_consume(&log->out, (size_t)n);
    }
}

static void flush_or_retry(struct access_log *log)
{
    flush(log);
    if (buf_len(&log->out) && !timer_is_running(&log->retry))
        timer_start(&log->retry, RETRY_MS);
}

static void on_task(struct worker_task *task)
{
    struct access_log *log = CONTAINER_OF(task, struct access_log, task);

    log->is_flushing = false;
    flush_or_retry(log);
}

static void on_retry(struct timer *timer)
{
    flush_or_retry(CONTAINER_OF(timer, struct access_log, retry));
}

static void follow(struct access_log *log, const struct snapshot *s,
                   const struct model_access_log *want)
{
    if (s->version <= log->version)
        return;
    log->version = s->version;
    if (log->json == want->json && str_eq(log->path, want->path) &&
        str_eq(log->format_text, want->format) && str_eq(log->filter_text, want->filter) &&
        log->omit_empty == want->omit_empty && (log->text.count || log->member_count))
        return;
    if (!str_eq(log->path, want->path)) {
        flush(log);
        close_file(log);
    }
    arena_reset(&log->arena);
    log->text = (struct access_format){ 0 };
    log->member_count = 0;
    log->json = want->json;
    log->path = arena_str(&log->arena, want->path);
    log->format_text = arena_str(&log->arena, want->format);
    log->filter_text = arena_str(&log->arena, want->filter);
    log->omit_empty = want->omit_empty;
    cel_free(log->filter);
    log->filter = NULL;
    if (want->filter.len) /* compile_telemetry made sure that it compiles */
        (void)cel_new(&log->filter, want->filter, &log->arena, NULL);
    parse_settings(log);
}

/* ---- lines ---- */

static void write_json(struct access_log *log, const struct access_source *source)
{
    bool is_first = true;

    for (uint32_t i = 0; i < log->member_count; i++) {
        size_t before = buf_len(&log->line), value;

        buf_add_char(&log->line, is_first ? '{' : ',');
        encode_json(&log->line, log->members[i].key);
        buf_add_char(&log->line, ':');
        value = buf_len(&log->line);
        access_format_write_json(&log->members[i].format, source, &log->line);
        if (log->omit_empty && str_is(str_skip(buf_str(&log->line), value), "null"))
            log->line.end = log->line.start + before;
        else
            is_first = false;
    }
    buf_add_str(&log->line, is_first ? STR("{}\n") : STR("}\n"));
}

static void write_text(struct access_log *log, const struct access_source *source)
{
    access_format_write(&log->text, source, ACCESS_FORMAT_DASH, &log->line);
    if (!str_ends(buf_str(&log->line), STR("\n")))
        buf_add_char(&log->line, '\n');
}

static void add_line(struct access_log *log)
{
    struct str line = buf_str(&log->line);

    if (buf_len(&log->out) + line.len > ACCESS_LOG_BUFFER_BYTES)
        flush_or_retry(log);
    if (log->line.full || buf_add_str(&log->out, line))
        log->dropped++;
}

static bool is_wanted(struct access_log *log, const struct access_source *source)
{
    bool holds;

    if (!log->filter_text.len)
        return true;
    holds = log->filter && telemetry_attrs_holds(log->filter, source, &log->scratch);
    arena_reset(&log->scratch);
    return holds;
}

void access_log_add(struct access_log *log, const struct model_access_log *want,
                    const struct access_source *source)
{
    follow(log, source->decision->snapshot, want);
    if (!is_wanted(log, source))
        return;
    buf_clear(&log->line);
    if (log->json)
        write_json(log, source);
    else
        write_text(log, source);
    add_line(log);
    if (!log->is_flushing && !timer_is_running(&log->retry)) {
        log->is_flushing = true;
        worker_defer(log->worker, &log->task);
    }
}

struct access_log *access_log_new(struct worker *w, const atomic_uint *generation)
{
    struct access_log *log = mem_alloc0(1, sizeof(*log));

    log->worker = w;
    log->generation = generation;
    log->fd = -1;
    arena_init(&log->arena, 0);
    arena_init(&log->scratch, 1024);
    buf_init(&log->out, ACCESS_LOG_BUFFER_BYTES);
    buf_init(&log->line, MAX_LINE_BYTES);
    worker_task_init(&log->task, on_task);
    timer_init(&log->retry, &w->timers, on_retry);
    return log;
}

void access_log_free(struct access_log *log)
{
    if (!log)
        return;
    flush(log);
    close_file(log);
    buf_deinit(&log->out);
    buf_deinit(&log->line);
    arena_deinit(&log->arena);
    arena_deinit(&log->scratch);
    cel_free(log->filter);
    mem_free(log);
}

uint64_t access_log_dropped(const struct access_log *log)
{
    return log->dropped;
}
