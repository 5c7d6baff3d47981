#include "core/compile/compile_action.h"

#include <inttypes.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/http_token.h"
#include "core/text/duration.h"
#include "core/text/grpc_code.h"
#include "core/text/regex.h"

static uint64_t ms_of(const struct field_opt *d)
{
    return d->set && d->value > 0 ? (uint64_t)(d->value / DURATION_MS) : 0;
}

/* ---- redirect, rewrite ---- */

struct model_redirect *compile_action_redirect(const struct virtual_service_redirect *from,
                                               struct arena *a)
{
    struct model_redirect *r = arena_alloc0(a, 1, sizeof(*r));

    r->status = from->code ? (uint16_t)from->code : 301;
    r->scheme = arena_str(a, from->scheme);
    r->authority = arena_str(a, from->authority);
    r->path = arena_str(a, from->uri);
    r->path_prefix = arena_str(a, from->prefix_rewrite);
    if (from->port.set) {
        r->has_port = true;
        r->port = (uint16_t)from->port.value;
    }
    if (from->derive_port.set) {
        r->port_from_request = from->derive_port.value == VIRTUAL_SERVICE_FROM_REQUEST_PORT;
        r->port_from_protocol = !r->port_from_request;
    }
    return r;
}

int compile_action_rewrite(const struct compile_match_keeper *k,
                           const struct virtual_service_rewrite *from, struct model_rewrite **out,
                           struct str *why)
{
    struct model_rewrite *w = arena_alloc0(k->arena, 1, sizeof(*w));

    w->authority = arena_str(k->arena, from->authority);
    w->has_path = from->uri.len > 0;
    w->path = arena_str(k->arena, from->uri);
    *out = w;
    if (from->uri_regex) {
        struct regex *r;

        if (regex_new(&r, from->uri_regex->match, k->arena, why) != 0)
            return ERR_INVALID;
        k->keep(k->arg, r);
        w->regex = r;
        w->substitution = arena_str(k->arena, from->uri_regex->rewrite);
    }
    return 0;
}

/* ---- retries ---- */

#define RETRY_DEFAULT                                                                              \
    (MODEL_RETRY_CONNECT_FAILURE | MODEL_RETRY_REFUSED_STREAM | MODEL_RETRY_GRPC_UNAVAILABLE |     \
     MODEL_RETRY_GRPC_CANCELLED | MODEL_RETRY_STATUS_CODES)

enum { RETRY_DEFAULT_ATTEMPTS = 2, BACKOFF_BASE_MS = 25, BACKOFF_FACTOR = 10 };

static void read_retry_on(struct model_retry *r, struct str rest, struct arena *a)
{
    r->status_codes = arena_alloc0(a, rest.len / 2 + 1, sizeof(*r->status_codes));
    while (rest.p) {
        struct str word = str_trim(str_cut(&rest, ','));
        uint64_t code;

        if (str_to_u64(word, 599, &code) == 0) { /* RT-4 */
            r->status_codes[r->status_code_count++] = (uint16_t)code;
            r->on |= MODEL_RETRY_STATUS_CODES;
        }
        r->on |= model_route_retry_bit(word);
    }
}

struct model_retry *compile_action_retry(const struct virtual_service_retry *from, struct arena *a)
{
    struct model_retry *r;

    if (from && from->attempts <= 0)
        return NULL;
    r = arena_alloc0(a, 1, sizeof(*r));
    r->attempts = from ? (uint32_t)from->attempts : RETRY_DEFAULT_ATTEMPTS;
    r->avoid_previous_hosts =
        !from || !from->ignore_previous_hosts.set || from->ignore_previous_hosts.value;
    r->remote_localities = from && from->remote_localities.set && from->remote_localities.value;
    r->backoff_base_ms = BACKOFF_BASE_MS;
    if (from) {
        r->per_try_timeout_ms = ms_of(&from->per_try_timeout);
        if (ms_of(&from->backoff))
            r->backoff_base_ms = ms_of(&from->backoff);
        read_retry_on(r, from->retry_on, a);
    }
    if (!from || from->retry_on.len == 0)
        r->on = RETRY_DEFAULT;
    r->backoff_max_ms = r->backoff_base_ms * BACKOFF_FACTOR;
    return r;
}

struct model_retry *compile_action_retry_inbound(const struct virtual_service_retry *from,
                                                 struct arena *a)
{
    struct model_retry *r = compile_action_retry(from, a);

    if (!r)
        return NULL;
    if (!from || from->retry_on.len == 0)
        r->on = MODEL_RETRY_RESET_BEFORE_REQUEST;
    r->per_try_timeout_ms = 0;
    r->avoid_previous_hosts = r->remote_localities = false; /* there is one */
    return r;
}

/* ---- faults ---- */

/* VS-16: without a share nothing is injected. */
struct model_fault *compile_action_fault(const struct virtual_service_fault *from, struct arena *a)
{
    struct model_fault *f = arena_alloc0(a, 1, sizeof(*f));

    f->abort_grpc = -1;
    if (from->delay && from->delay->fixed.set) {
        f->delay_ms = ms_of(&from->delay->fixed);
        f->delay_pct =
            from->delay->percentage ? from->delay->percentage->value : (double)from->delay->percent;
    }
    if (from->abort) {
        f->abort_pct = from->abort->percentage ? from->abort->percentage->value : 0;
        if (from->abort->http_status.set)
            f->abort_status = (uint16_t)from->abort->http_status.value;
        else
            f->abort_grpc = (int16_t)grpc_code_of_name(from->abort->grpc_status);
        if (!f->abort_status && f->abort_grpc < 0)
            f->abort_pct = 0; /* http2Error is accepted and not done, as in Istio */
    }
    return f->delay_pct > 0 || f->abort_pct > 0 ? f : NULL;
}

/* ---- CORS ---- */

static struct str join(struct arena *a, const struct str *list, size_t count)
{
    struct buf b;
    struct str out;

    buf_init(&b, 0);
    for (size_t i = 0; i < count; i++)
        buf_printf(&b, "%s%.*s", i ? "," : "", STR_ARG(list[i]));
    out = arena_str(a, buf_str(&b));
    buf_deinit(&b);
    return out;
}

/* "*" is no origin that a browser sends, but every one, as in Envoy. */
static int add_origin(const struct compile_match_keeper *k, struct string_match m,
                      struct model_cors *c, struct str *why)
{
    if (str_is(m.exact, "*"))
        m.exact = STR_NONE;
    return compile_match_string(k, &m, false, &c->origins[c->origin_count++], why);
}

static int add_origins(const struct compile_match_keeper *k,
                       const struct virtual_service_cors *from, struct model_cors *c,
                       struct str *why)
{
    bool has_new = from->allow_origins_count > 0; /* then the old list is not looked at */

    c->origins = arena_alloc0(k->arena, from->allow_origin_count + from->allow_origins_count,
                              sizeof(*c->origins));
    for (size_t i = 0; i < from->allow_origins_count; i++) {
        if (add_origin(k, from->allow_origins[i], c, why) != 0)
            return ERR_INVALID;
    }
    for (size_t i = 0; !has_new && i < from->allow_origin_count; i++)
        (void)add_origin(k, (struct string_match){ .exact = from->allow_origin[i] }, c, why);
    return 0;
}

int compile_action_cors(const struct compile_match_keeper *k,
                        const struct virtual_service_cors *from, struct model_cors **out,
                        struct str *why)
{
    struct model_cors *c = arena_alloc0(k->arena, 1, sizeof(*c));

    c->methods = join(k->arena, from->allow_methods, from->allow_methods_count);
    c->headers = join(k->arena, from->allow_headers, from->allow_headers_count);
    c->expose = join(k->arena, from->expose_headers, from->expose_headers_count);
    if (from->max_age.set)
        c->max_age = arena_printf(k->arena, "%" PRId64, from->max_age.value / DURATION_S);
    c->credentials = (int8_t)(from->allow_credentials.set ? from->allow_credentials.value : -1);
    c->forward_unmatched = from->unmatched_preflights != VIRTUAL_SERVICE_PREFLIGHTS_IGNORE;
    *out = c;
    return add_origins(k, from, c, why);
}

/* ---- headers ---- */

static void add_op(struct model_header_ops *ops, struct arena *a, enum model_header_op_kind op,
                   struct str name, struct str value)
{
    struct model_header_op *o = &ops->items[ops->count];

    *o = (struct model_header_op){ .name = arena_lower(a, name), .value = arena_str(a, value) };
    o->op = op;
    if (o->name.len && o->name.p[0] == ':' && !str_is(o->name, ":authority"))
        return; /* VS-12: pseudo-headers are dropped */
    if (op == MODEL_HEADER_REMOVE && (str_is(o->name, "host") || str_is(o->name, ":authority")))
        return;
    o->token = (uint16_t)http_token_of(o->name);
    o->has_operators = str_chr(value, '%') >= 0;
    ops->count++;
}

void compile_action_headers(const struct virtual_service_header_ops *from, struct arena *a,
                            struct model_header_ops *out)
{
    if (!from)
        return;
    out->items = arena_grow(a, out->items, out->count,
                            out->count + from->set_count + from->add_count + from->remove_count,
                            sizeof(*out->items));
    for (size_t i = 0; i < from->remove_count; i++)
        add_op(out, a, MODEL_HEADER_REMOVE, from->remove[i], STR_NONE);
    for (size_t i = 0; i < from->set_count; i++)
        add_op(out, a, MODEL_HEADER_SET, from->set[i].key, from->set[i].value);
    for (size_t i = 0; i < from->add_count; i++)
        add_op(out, a, MODEL_HEADER_ADD, from->add[i].key, from->add[i].value);
}
