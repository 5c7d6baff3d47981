#include "core/flow/flow_trace.h"

#include "core/base/random.h"

#define HEADERS   (&r->filter.head->headers)
#define TRACE     (&r->decision.trace)
#define B3_SPAN   STR("x-b3-spanid")
#define B3_PARENT STR("x-b3-parentspanid")
#define B3_TAKEN  STR("x-b3-sampled")
#define B3_FLAGS  STR("x-b3-flags")

/* 16 digits or fewer; false: other characters, or all zero. */
static bool read_hex(struct str s, uint64_t *out)
{
    *out = 0;
    if (s.len == 0 || s.len > 16)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = str_lower_char(s.p[i]);
        int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (v < 0)
            return false;
        *out = *out << 4 | (uint64_t)v;
    }
    return true;
}

static char *put_hex(char *p, uint64_t v, int digits)
{
    for (int i = digits; i-- > 0; v >>= 4)
        p[i] = "0123456789abcdef"[v & 15];
    return p + digits;
}

/* 32 digits, or 16 for the lower half. */
static bool read_trace(struct str s, uint64_t *high, uint64_t *low)
{
    *high = 0;
    if (s.len == 32 && !read_hex(str_head(s, 16), high))
        return false;
    return (s.len == 32 || s.len == 16) && read_hex(str_skip(s, s.len - 16), low) &&
           (*high || *low);
}

/* "00-TRACE-SPAN-FLAGS". */
static bool read_w3c(struct flow_request *r)
{
    struct str s = http_headers_get(HEADERS, HTTP_TOKEN_TRACEPARENT);
    uint64_t version, flags;

    if (s.len < 55 || s.p[2] != '-' || s.p[35] != '-' || s.p[52] != '-' ||
        !read_hex(str_head(s, 2), &version) || version == 255 || (version == 0 && s.len != 55) ||
        !read_trace(str_make(s.p + 3, 32), &TRACE->trace_high, &TRACE->trace_low) ||
        !read_hex(str_make(s.p + 36, 16), &TRACE->parent) || !TRACE->parent ||
        !read_hex(str_make(s.p + 53, 2), &flags))
        return false;
    TRACE->sampled = flags & 1;
    return true;
}

/* The headers one by one, as Zipkin's. sampled: 1, 0, -1: nothing was said. */
static bool read_b3(struct flow_request *r, int *sampled)
{
    struct str taken = http_headers_get_name(HEADERS, B3_TAKEN);

    if (str_is(http_headers_get_name(HEADERS, B3_FLAGS), "1") || str_is(taken, "1") ||
        str_is(taken, "true"))
        *sampled = 1;
    else if (taken.len)
        *sampled = 0;
    return read_trace(http_headers_get(HEADERS, HTTP_TOKEN_X_B3_TRACEID), &TRACE->trace_high,
                      &TRACE->trace_low) &&
           read_hex(http_headers_get_name(HEADERS, B3_SPAN), &TRACE->parent);
}

static uint64_t new_id(struct flow_request *r)
{
    return random_next(&r->fw->worker->random) | 1; /* never 0 */
}

static bool take_chance(struct flow_request *r, const struct model_tracing *t)
{
    return random_below(&r->fw->worker->random, 10000) < t->sampling;
}

static void read_context(struct flow_request *r, const struct model_tracing *t)
{
    int sampled = -1;

    if (t->headers & MODEL_TRACE_W3C && read_w3c(r))
        return;
    if (t->headers & MODEL_TRACE_B3 && read_b3(r, &sampled)) {
        TRACE->sampled = sampled >= 0 ? sampled : take_chance(r, t);
        return;
    }
    TRACE->trace_high = new_id(r);
    TRACE->trace_low = new_id(r);
    TRACE->parent = 0;
    TRACE->sampled = sampled >= 0 ? sampled : take_chance(r, t);
}

static struct str hex_text(struct flow_request *r, uint64_t high, uint64_t low)
{
    char *text = arena_alloc(r->filter.arena, 32), *p = text;

    if (high)
        p = put_hex(p, high, 16);
    p = put_hex(p, low, 16);
    return str_make(text, (size_t)(p - text));
}

static void write_w3c(struct flow_request *r)
{
    char *text = arena_alloc(r->filter.arena, 55), *p = text;

    memcpy(p, "00-", 3);
    p = put_hex(p + 3, TRACE->trace_high, 16);
    p = put_hex(p, TRACE->trace_low, 16);
    *p++ = '-';
    p = put_hex(p, TRACE->span, 16);
    *p++ = '-';
    *p++ = '0';
    *p++ = TRACE->sampled ? '1' : '0';
    http_headers_set_token(HEADERS, HTTP_TOKEN_TRACEPARENT, str_make(text, 55));
}

static void write_b3(struct flow_request *r)
{
    http_headers_set_token(HEADERS, HTTP_TOKEN_X_B3_TRACEID,
                           hex_text(r, TRACE->trace_high, TRACE->trace_low));
    http_headers_set(HEADERS, B3_SPAN, hex_text(r, 0, TRACE->span));
    if (TRACE->parent)
        http_headers_set(HEADERS, B3_PARENT, hex_text(r, 0, TRACE->parent));
    http_headers_set(HEADERS, B3_TAKEN, TRACE->sampled ? STR("1") : STR("0"));
}

static void remove_all(struct flow_request *r)
{
    http_headers_remove_token(HEADERS, HTTP_TOKEN_TRACEPARENT);
    http_headers_remove_token(HEADERS, HTTP_TOKEN_TRACESTATE);
    http_headers_remove_token(HEADERS, HTTP_TOKEN_X_B3_TRACEID);
    http_headers_remove(HEADERS, B3_SPAN);
    http_headers_remove(HEADERS, B3_PARENT);
    http_headers_remove(HEADERS, B3_TAKEN);
    http_headers_remove(HEADERS, B3_FLAGS);
}

void flow_trace_arrive(struct flow_request *r)
{
    const struct model_telemetry *all = r->lease->snapshot->telemetry;
    const struct model_tracing *t =
        all ? &all->tracing[r->decision.inbound ? MODEL_SIDE_SERVER : MODEL_SIDE_CLIENT] : NULL;

    if (!t || !t->enabled)
        return;
    read_context(r, t);
    TRACE->is_on = true;
    TRACE->span = new_id(r);
    if (!t->propagate) {
        remove_all(r);
        return;
    }
    if (t->headers & MODEL_TRACE_W3C)
        write_w3c(r);
    if (t->headers & MODEL_TRACE_B3)
        write_b3(r);
}
