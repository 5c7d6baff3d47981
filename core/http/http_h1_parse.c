#include "core/http/http_h1_parse.h"

#include <llhttp.h>
#include <string.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/http/http_spelling.h"

void http_h1_parse_init(struct http_h1_parse *p, const struct http_h1_limits *limits,
                        bool is_response)
{
    *p = (struct http_h1_parse){ .limits = limits, .is_response = is_response, .status = 400 };
    buf_init(&p->held, 0);
}

void http_h1_parse_deinit(struct http_h1_parse *p)
{
    buf_deinit(&p->held);
}

void http_h1_parse_next(struct http_h1_parse *p)
{
    ASSERT(p->state == HTTP_H1_DONE);
    p->state = HTTP_H1_HEAD;
    p->started = false;
}

void http_h1_parse_raw(struct http_h1_parse *p)
{
    p->state = HTTP_H1_RAW;
}

/* ---- line structure ---- */

/* Looks at the lines of p[*line..len-1]: each ends in CRLF and has no other CR, none is folded.
 * 0 and *end: behind the empty line that ends the section. ERR_AGAIN: *line is where the unfinished
 * line begins. What llhttp says about lone CR and LF changed from version to version; this does
 * not. */
static int find_end(const char *p, size_t len, size_t *line, size_t *end)
{
    size_t at = *line;

    while (at < len) {
        const char *lf = memchr(p + at, '\n', len - at);
        size_t stop;

        if (!lf)
            break;
        stop = (size_t)(lf - p);
        if (stop == at || p[stop - 1] != '\r' || memchr(p + at, '\r', stop - 1 - at))
            return ERR_PROTO;
        if (stop == at + 1) {
            *end = stop + 1;
            return 0;
        }
        if (p[at] == ' ' || p[at] == '\t')
            return ERR_PROTO; /* folded; a first line does not begin so either */
        at = stop + 1;
    }
    *line = at;
    return ERR_AGAIN;
}

/* ---- llhttp ---- */

/* One run of llhttp over a complete section. */
struct cut {
    struct http_msg *m;
    struct str target;
    struct str name, value; /* of the header being read */
    bool bad, too_many, keep_case;
    uint32_t max_headers;
};

/* llhttp may report a slice in parts; they lie next to each other. */
static void extend(struct cut *c, struct str *s, const char *at, size_t len)
{
    if (!s->p)
        *s = str_make(at, len);
    else if (s->p + s->len == at)
        s->len += len;
    else
        c->bad = true;
}

static void finish_header(struct cut *c)
{
    struct str value = c->value;
    char *name;

    if (!c->name.p)
        return;
    while (value.len && (value.p[value.len - 1] == ' ' || value.p[value.len - 1] == '\t'))
        value.len--;
    /* The head is ours, in the arena: lower-casing in place is a plain write. */
    name = c->keep_case ? http_spelling_twice(c->name, c->m->headers.arena)
                        : (char *)(uintptr_t)c->name.p;
    if (!http_gate_lower_name(name, c->name.len) || !http_headers_is_value(value)) {
        c->bad = true;
    } else if (c->m->headers.count >= c->max_headers) {
        c->too_many = true;
    } else {
        if (value.len == 0)
            value.p = "";
        if (c->keep_case)
            http_headers_add_spelt(&c->m->headers, name, c->name.len, value);
        else
            http_headers_add(&c->m->headers, c->name, value);
    }
    c->name = c->value = STR_NONE;
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
    struct cut *c = parser->data;

    extend(c, &c->target, at, len);
    return 0;
}

static int on_field(llhttp_t *parser, const char *at, size_t len)
{
    struct cut *c = parser->data;

    extend(c, &c->name, at, len);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    struct cut *c = parser->data;

    extend(c, &c->value, at, len);
    return 0;
}

static int on_value_complete(llhttp_t *parser)
{
    finish_header(parser->data);
    return 0;
}

static int on_head(llhttp_t *parser)
{
    (void)parser;
    return 2; /* the head is all we ask llhttp for: bodies are cut below */
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_head,
};

/* True when llhttp read exactly this section, which ends in an empty line, and liked it. */
static bool run_llhttp(llhttp_t *parser, struct cut *c, const char *p, size_t len)
{
    llhttp_errno_t err = llhttp_execute(parser, p, len);

    return err == HPE_PAUSED_UPGRADE && !c->bad && llhttp_get_error_pos(parser) == p + len;
}

/* ---- heads ---- */

/* "METHOD target HTTP/1.x" with exactly two spaces; llhttp would also take RTSP, ICE and others. */
static bool is_request_line(const char *p, size_t len, struct http_msg *m)
{
    const char *end = memchr(p, '\r', len);
    const char *first = memchr(p, ' ', len);
    const char *version;

    if (!end || !first || end - p < 14)
        return false;
    version = end - 8;
    if (first >= version - 1)
        return false;
    if (memchr(first + 1, ' ', (size_t)(version - first) - 1) != version - 1)
        return false;
    if (memcmp(version, "HTTP/1.", 7) != 0 || (version[7] != '0' && version[7] != '1'))
        return false;
    m->version = version[7] == '1' ? HTTP_VERSION_11 : HTTP_VERSION_10;
    http_msg_set_method(m, str_make(p, (size_t)(first - p)));
    return true;
}

/* "HTTP/1.x NNN" and then the end or a space and a reason, which we do not keep. */
static bool is_status_line(const char *p, size_t len, struct http_msg *m)
{
    const char *end = memchr(p, '\r', len);

    if (!end || end - p < 12 || memcmp(p, "HTTP/1.", 7) != 0 || (p[7] != '0' && p[7] != '1') ||
        p[8] != ' ')
        return false;
    for (int i = 9; i < 12; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        m->status = (uint16_t)(m->status * 10 + (p[i] - '0'));
    }
    if (end - p > 12 &&
        (p[12] != ' ' || !http_headers_is_value(str_make(p + 12, (size_t)(end - p) - 12))))
        return false;
    m->version = p[7] == '1' ? HTTP_VERSION_11 : HTTP_VERSION_10;
    return true;
}

static int refuse(struct http_h1_parse *p, uint16_t status, int err)
{
    p->status = status;
    return err;
}

/* After the head of a request: the body is by length, in chunks, or not there. */
static void expect_request_body(struct http_h1_parse *p, const struct http_msg *m)
{
    if (p->framing.chunked) {
        p->state = HTTP_H1_CHUNK_FIRST;
    } else if (m->content_length > 0) {
        p->state = HTTP_H1_LENGTH;
        p->left = (uint64_t)m->content_length;
    } else {
        p->state = HTTP_H1_DONE;
    }
}

/* Judges a complete head that lies in memory of ours. */
static int read_head(struct http_h1_parse *p, char *head, size_t len, struct arena *arena,
                     struct http_msg *m)
{
    struct cut c = { .m = m, .max_headers = p->limits->max_headers, .keep_case = p->keep_case };
    llhttp_t parser;
    int err;

    http_msg_init(m, arena);
    m->is_response = p->is_response;
    if (p->is_response ? !is_status_line(head, len, m) : !is_request_line(head, len, m))
        return ERR_PROTO;
    llhttp_init(&parser, p->is_response ? HTTP_RESPONSE : HTTP_REQUEST, &settings);
    parser.data = &c;
    if (!run_llhttp(&parser, &c, head, len))
        return ERR_PROTO;
    if (c.too_many)
        return refuse(p, 431, ERR_LIMIT);
    if (c.target.len > p->limits->max_path_bytes)
        return refuse(p, 414, ERR_LIMIT);
    if (p->keep_case)
        http_spelling_read(m);
    if (p->is_response)
        return http_gate_h1_response(m, &p->framing);
    err = http_gate_h1_request(m, c.target, &p->framing);
    if (!err)
        expect_request_body(p, m);
    return err;
}

/* RFC 9112 section 2.2: one empty line before a request is a habit of old clients. */
static size_t skip_blank(struct http_h1_parse *p, const uint8_t *in, size_t len)
{
    size_t n = 0;

    while (n < len && p->blank < 2 && in[n] == (uint8_t) "\r\n"[p->blank]) {
        p->blank++;
        n++;
    }
    return n;
}

/* The section lies complete in head[0..size-1], or err says why it does not. */
static int end_head(struct http_h1_parse *p, int err, const char *head, size_t size,
                    struct arena *arena, struct http_msg *m)
{
    size_t max = p->limits->max_header_bytes;

    if (err == 0 && size <= max)
        err = read_head(p, arena_dup(arena, head, size), size, arena, m);
    else if (err != ERR_PROTO) /* too long: the first line alone, or all of it */
        err = refuse(p, memchr(head, '\n', size) || p->is_response ? 431 : 414, ERR_LIMIT);
    buf_deinit(&p->held);
    p->line = 0;
    p->blank = 0;
    p->started = false;
    return err;
}

int http_h1_parse_head(struct http_h1_parse *p, const uint8_t *in, size_t len, size_t *used,
                       struct arena *arena, struct http_msg *m)
{
    size_t before = buf_len(&p->held), max = p->limits->max_header_bytes;
    size_t skipped = !p->is_response && before == 0 ? skip_blank(p, in, len) : 0;
    const char *head = (const char *)in + skipped;
    size_t size = len - skipped, end = 0;
    int err;

    ASSERT(p->state == HTTP_H1_HEAD);
    p->status = 400;
    *used = len;
    if (size == 0)
        return ERR_AGAIN;
    if (p->blank == 1)
        return ERR_PROTO;
    p->started = true;
    if (size > max + 1 - before)
        size = max + 1 - before;
    if (before) {
        buf_add(&p->held, head, size);
        head = p->held.p + p->held.start;
        size += before;
    }
    err = find_end(head, size, &p->line, &end);
    /* What does not begin as a response will never be one, however long we wait for its end. */
    if (err == ERR_AGAIN && p->is_response && memcmp(head, "HTTP/1.", size < 7 ? size : 7) != 0)
        err = refuse(p, 400, ERR_PROTO);
    if (err == ERR_AGAIN && size <= max) {
        if (!before)
            buf_add(&p->held, head, size);
        return ERR_AGAIN;
    }
    if (err == 0)
        *used = skipped + end - before;
    return end_head(p, err, head, err ? size : end, arena, m);
}

void http_h1_parse_response_body(struct http_h1_parse *p, const struct http_msg *response,
                                 enum http_method asked)
{
    uint16_t status = response->status;

    if (status == 101 || (asked == HTTP_METHOD_CONNECT && status >= 200 && status < 300))
        p->state = HTTP_H1_RAW;
    else if (status < 200)
        p->state = HTTP_H1_HEAD; /* another head follows */
    else if (asked == HTTP_METHOD_HEAD || status == 204 || status == 304)
        p->state = HTTP_H1_DONE;
    else if (p->framing.chunked || response->content_length >= 0)
        expect_request_body(p, response);
    else
        p->state = HTTP_H1_UNTIL_EOF;
}

/* ---- bodies ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int expect_char(struct http_h1_parse *p, uint8_t c, uint8_t want, enum http_h1_state next)
{
    if (c != want)
        return ERR_PROTO;
    p->state = (uint8_t)next;
    return 0;
}

static int size_char(struct http_h1_parse *p, uint8_t c)
{
    int digit = hex_digit(c);

    if (digit >= 0) {
        if (p->left >> 59) /* sizes stay below 2^63 */
            return ERR_PROTO;
        p->left = p->left << 4 | (uint64_t)digit;
        p->state = HTTP_H1_CHUNK_SIZE;
        return 0;
    }
    if (p->state == HTTP_H1_CHUNK_FIRST)
        return ERR_PROTO;
    if (c == ';') {
        p->state = HTTP_H1_CHUNK_EXTENSION;
        return 0;
    }
    return expect_char(p, c, '\r', HTTP_H1_CHUNK_SIZE_LF);
}

/* One byte of what stands between the chunks. */
static int chunk_char(struct http_h1_parse *p, uint8_t c)
{
    switch (p->state) {
    case HTTP_H1_CHUNK_FIRST:
        p->left = 0;
        p->line_bytes = 0;
        return size_char(p, c);
    case HTTP_H1_CHUNK_SIZE:
        if (++p->line_bytes > HTTP_H1_CHUNK_LINE_BYTES)
            return ERR_LIMIT;
        return size_char(p, c);
    case HTTP_H1_CHUNK_EXTENSION: /* dropped: never forwarded */
        if (++p->line_bytes > HTTP_H1_CHUNK_LINE_BYTES)
            return ERR_LIMIT;
        if (c == '\r')
            p->state = HTTP_H1_CHUNK_SIZE_LF;
        else if ((c < 0x20 && c != '\t') || c == 0x7f)
            return ERR_PROTO;
        return 0;
    case HTTP_H1_CHUNK_SIZE_LF:
        p->line = 0;
        return expect_char(p, c, '\n', p->left ? HTTP_H1_CHUNK_DATA : HTTP_H1_TRAILER);
    case HTTP_H1_CHUNK_DATA_CR:
        return expect_char(p, c, '\r', HTTP_H1_CHUNK_DATA_LF);
    default: /* HTTP_H1_CHUNK_DATA_LF */
        return expect_char(p, c, '\n', HTTP_H1_CHUNK_FIRST);
    }
}

/* llhttp reads a trailer section as the headers of a message whose first line we provide. */
static int read_trailers(const struct http_h1_parse *p, char *section, size_t len,
                         struct arena *arena, struct http_h1_piece *out)
{
    static const char line[] = "HTTP/1.1 200 OK\r\n";
    struct http_msg *m = arena_alloc(arena, sizeof(*m));
    struct cut c = { .m = m, .max_headers = HTTP_H1_TRAILERS, .keep_case = p->keep_case };
    llhttp_t parser;

    http_msg_init(m, arena);
    llhttp_init(&parser, HTTP_RESPONSE, &settings);
    parser.data = &c;
    if (llhttp_execute(&parser, line, sizeof(line) - 1) != HPE_OK ||
        !run_llhttp(&parser, &c, section, len))
        return ERR_PROTO;
    if (c.too_many)
        return ERR_LIMIT;
    out->trailers = &m->headers;
    return http_gate_trailers(&m->headers);
}

/* Collects until the empty line. */
static ssize_t trailer_bytes(struct http_h1_parse *p, const uint8_t *in, size_t len,
                             struct arena *arena, struct http_h1_piece *out)
{
    size_t before = buf_len(&p->held), end;
    const char *section;
    int err;

    if (before == 0 && len >= 2 && in[0] == '\r' && in[1] == '\n') {
        p->state = HTTP_H1_DONE;
        out->end = true;
        return 2;
    }
    if (len > HTTP_H1_TRAILER_BYTES + 1 - before)
        len = HTTP_H1_TRAILER_BYTES + 1 - before;
    buf_add(&p->held, in, len);
    section = p->held.p + p->held.start;
    err = find_end(section, before + len, &p->line, &end);
    if (err == ERR_AGAIN && before + len <= HTTP_H1_TRAILER_BYTES)
        return (ssize_t)len;
    if (err == ERR_AGAIN || (err == 0 && end > HTTP_H1_TRAILER_BYTES))
        err = ERR_LIMIT;
    if (err == 0 && end > 2)
        err = read_trailers(p, arena_dup(arena, section, end), end, arena, out);
    buf_deinit(&p->held);
    p->line = 0;
    if (err)
        return err;
    p->state = HTTP_H1_DONE;
    out->end = true;
    return (ssize_t)(end - before);
}

/* Hands out what of in[0..len-1] belongs to the body or chunk. */
static size_t take_left(struct http_h1_parse *p, const uint8_t *in, size_t len,
                        struct http_h1_piece *out)
{
    size_t n = len < p->left ? len : (size_t)p->left;

    out->p = in;
    out->len = n;
    p->left -= n;
    return n;
}

/* A chunk ends at in; when the body's last line follows at once, the piece is the last. This spares
 * the user an empty one, and a forwarder a write. */
static size_t look_for_end(struct http_h1_parse *p, const uint8_t *in, size_t len,
                           struct http_h1_piece *out)
{
    static const char last[] = "\r\n0\r\n\r\n";

    p->state = HTTP_H1_CHUNK_DATA_CR;
    if (len < sizeof(last) - 1 || memcmp(in, last, sizeof(last) - 1) != 0)
        return 0;
    p->state = HTTP_H1_DONE;
    out->end = true;
    return sizeof(last) - 1;
}

ssize_t http_h1_parse_body(struct http_h1_parse *p, const uint8_t *in, size_t len,
                           struct arena *arena, struct http_h1_piece *out)
{
    size_t at = 0;

    ASSERT(p->state != HTTP_H1_HEAD && p->state != HTTP_H1_DONE);
    *out = (struct http_h1_piece){ 0 };
    while (at < len && !out->len && !out->end) {
        int err;

        switch (p->state) {
        case HTTP_H1_LENGTH:
            at += take_left(p, in + at, len - at, out);
            out->end = p->left == 0;
            if (out->end)
                p->state = HTTP_H1_DONE;
            break;
        case HTTP_H1_CHUNK_DATA:
            at += take_left(p, in + at, len - at, out);
            if (p->left == 0)
                at += look_for_end(p, in + at, len - at, out);
            break;
        case HTTP_H1_TRAILER: {
            ssize_t n = trailer_bytes(p, in + at, len - at, arena, out);

            if (n < 0)
                return n;
            at += (size_t)n;
            break;
        }
        case HTTP_H1_UNTIL_EOF:
        case HTTP_H1_RAW:
            out->p = in + at;
            out->len = len - at;
            at = len;
            break;
        default:
            err = chunk_char(p, in[at++]);
            if (err)
                return err;
        }
    }
    return (ssize_t)at;
}

int http_h1_parse_eof(struct http_h1_parse *p)
{
    if (p->state != HTTP_H1_UNTIL_EOF && p->state != HTTP_H1_RAW)
        return ERR_CLOSED;
    p->state = HTTP_H1_DONE;
    return 0;
}
