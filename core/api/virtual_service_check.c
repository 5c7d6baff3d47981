#include "core/api/virtual_service_check.h"

#include <stdio.h>

#include "core/api/api_check.h"
#include "core/api/virtual_service.h"
#include "core/base/mem.h"
#include "core/text/duration.h"
#include "core/text/grpc_code.h"
#include "core/text/regex.h"

/* ---- rows ---- */

static const char *const retry_names[] = {
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
};

static bool is_one_of(struct str s, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(s, names[i]))
            return true;
    return false;
}

static void suggest(struct diag_item *item, struct str word, const char *const *names, size_t n)
{
    const char *near = diag_closest(word, names, n);

    if (near)
        item->suggestion = str_of(near);
}

void virtual_service_check_grpc_status(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->len == 0 || grpc_code_of_name(*s) >= 0)
        return;
    suggest(field_decode_error(c, "\"%.*s\" is not the name of a gRPC status", STR_ARG(*s)), *s,
            grpc_code_names, GRPC_CODE_COUNT);
}

static bool is_status_code(struct str s)
{
    uint64_t code;

    return str_to_u64(s, 599, &code) == 0 && code >= 100;
}

void virtual_service_check_retry_on(struct field_check *c, const void *member)
{
    struct str rest = *(const struct str *)member;

    while (rest.len > 0) {
        struct str word = str_trim(str_cut(&rest, ','));

        if (word.len == 0 || is_status_code(word) ||
            is_one_of(word, retry_names, COUNT_OF(retry_names)))
            continue;
        suggest(field_decode_error(c, "\"%.*s\" is neither a retry condition nor a status code",
                                   STR_ARG(word)),
                word, retry_names, COUNT_OF(retry_names));
    }
}

void virtual_service_check_max_age(struct field_check *c, const void *member)
{
    const struct field_opt *age = member;

    if (age->set && age->value % DURATION_S != 0)
        field_decode_error(c, "must be whole seconds");
}

void virtual_service_check_scheme(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->len > 0 && !str_is(*s, "http") && !str_is(*s, "https"))
        field_decode_error(c, "\"%.*s\" is not http or https", STR_ARG(*s));
}

/* ---- parts of a rule ---- */

/* Headers of a match may also name claims of a token: "@request.auth.claims.group". */
static bool is_match_header(struct str s)
{
    if (str_starts(s, STR("@request.auth.claims")))
        return true;
    return api_check_is_header_name(s.len > 0 && s.p[0] == ':' ? str_skip(s, 1) : s);
}

static void check_match_keys(struct field_check *c, const char *name,
                             const struct string_match_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_match_header(entries[i].key))
            field_decode_error_at(c, name, "\"%.*s\" is not a header name",
                                  STR_ARG(entries[i].key));
}

void virtual_service_check_http_match(struct field_check *c, const void *message)
{
    const struct virtual_service_http_match *m = message;

    check_match_keys(c, "headers", m->headers, m->headers_count);
    check_match_keys(c, "withoutHeaders", m->without_headers, m->without_headers_count);
    for (size_t i = 0; i < m->query_params_count; i++)
        if (m->query_params[i].key.len == 0)
            field_decode_error_at(c, "queryParams", "a parameter's name must not be empty");
    api_check_labels(c, "sourceLabels", m->source_labels, m->source_labels_count);
}

static void check_header_keys(struct field_check *c, const char *name,
                              const struct field_pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!api_check_is_header_name(pairs[i].key) && !str_ieq(pairs[i].key, STR(":authority")))
            field_decode_error_at(c, name, "\"%.*s\" is not a header name", STR_ARG(pairs[i].key));
}

void virtual_service_check_header_ops(struct field_check *c, const void *message)
{
    const struct virtual_service_header_ops *h = message;

    check_header_keys(c, "set", h->set, h->set_count);
    check_header_keys(c, "add", h->add, h->add_count);
    for (size_t i = 0; i < h->remove_count; i++)
        if (str_ieq(h->remove[i], STR("host")))
            field_decode_error_at(c, "remove", "the Host header cannot be removed");
}

void virtual_service_check_redirect(struct field_check *c, const void *message)
{
    const struct virtual_service_redirect *r = message;

    if (r->uri.len == 0 && r->prefix_rewrite.len == 0 && r->authority.len == 0 &&
        r->scheme.len == 0 && !r->port.set && !r->derive_port.set)
        field_decode_error_at(c, "uri",
                              "a redirect must change something: uri, prefixRewrite, "
                              "authority, port, derivePort or scheme");
    if (r->uri.len > 0 && r->prefix_rewrite.len > 0)
        field_decode_error_at(c, "prefixRewrite", "cannot stand beside uri");
    if (r->code != 0 && r->code != 301 && r->code != 302 && r->code != 303 && r->code != 307 &&
        r->code != 308)
        field_decode_error_at(c, "redirectCode", "%lld is not 301, 302, 303, 307 or 308",
                              (long long)r->code);
}

void virtual_service_check_regex_rewrite(struct field_check *c, const void *message)
{
    const struct virtual_service_regex_rewrite *r = message;
    struct regex *re;

    if (r->match.len == 0) {
        field_decode_error_at(c, "match", "is required");
        return;
    }
    if (regex_new(&re, r->match, c->scope->arena, NULL) != 0)
        return; /* the row's check has said it */
    if (regex_check_replacement(re, r->rewrite) != 0)
        field_decode_error_at(c, "rewrite", "names a group that match does not have");
    regex_free(re);
}

void virtual_service_check_rewrite(struct field_check *c, const void *message)
{
    const struct virtual_service_rewrite *r = message;

    if (!r->uri.p && !r->authority.p && !r->uri_regex)
        field_decode_error_at(c, "uri", "a rewrite needs uri, uriRegexRewrite or authority");
    if (r->uri.p && r->uri_regex)
        field_decode_error_at(c, "uriRegexRewrite", "cannot stand beside uri");
}

void virtual_service_check_retry(struct field_check *c, const void *message)
{
    const struct virtual_service_retry *r = message;

    if (r->attempts == 0 && (r->per_try_timeout.set || r->retry_on.len > 0 ||
                             r->remote_localities.set || r->backoff.set))
        field_decode_error_at(c, "attempts",
                              "is 0, which switches retries off, but other settings "
                              "for retries are given");
}

void virtual_service_check_fault(struct field_check *c, const void *message)
{
    const struct virtual_service_fault *f = message;

    if (!f->delay && !f->abort)
        field_decode_error_at(c, "delay", "a fault needs delay or abort");
    if (f->delay && !f->delay->fixed.set && !f->delay->exponential.set)
        field_decode_error_at(c, "delay.fixedDelay", "is required");
}

static void check_weights(struct field_check *c, size_t count, uint64_t total)
{
    if (count > 1 && total == 0)
        field_decode_error_at(c, "route", "the weights of %zu destinations add up to 0", count);
    else if (total > UINT32_MAX)
        field_decode_error_at(c, "route", "the weights add up to more than 4294967295");
}

/* ---- rules ---- */

/* A rule does one thing: forward, redirect, answer or delegate. */
static void check_http_action(struct field_check *c, const struct virtual_service_http *h)
{
    bool forwards = h->route_count > 0;

    if (!forwards && !h->redirect && !h->direct_response && !h->delegate)
        field_decode_error_at(c, "route",
                              "a rule needs route, redirect, directResponse or delegate");
    if (h->redirect && forwards)
        field_decode_error_at(c, "redirect", "cannot stand beside route");
    if (h->direct_response && (forwards || h->redirect))
        field_decode_error_at(c, "directResponse", "cannot stand beside %s",
                              forwards ? "route" : "redirect");
    if (h->delegate && (forwards || h->redirect || h->direct_response))
        field_decode_error_at(c, "delegate", "cannot stand beside %s",
                              forwards      ? "route"
                              : h->redirect ? "redirect"
                                            : "directResponse");
    if (h->redirect && h->rewrite)
        field_decode_error_at(c, "rewrite", "cannot stand beside redirect");
    if (h->redirect && h->fault)
        field_decode_error_at(c, "fault", "cannot stand beside redirect");
    if (h->direct_response && h->rewrite)
        field_decode_error_at(c, "rewrite", "cannot stand beside directResponse");
}

static void check_http_delegate(struct field_check *c, const struct virtual_service_http *h)
{
    if (!h->delegate)
        return;
    if (h->delegate->name.len == 0)
        field_decode_error_at(c, "delegate.name", "is required");
    for (size_t i = 0; i < h->match_count; i++) {
        const struct virtual_service_http_match *m = &h->match[i];
        char where[48];

        snprintf(where, sizeof(where), "match[%zu].uri", i);
        if (m->uri && m->uri->regex.p)
            field_decode_error_at(c, where, "a rule that delegates cannot match by regex");
    }
}

void virtual_service_check_http(struct field_check *c, const void *message)
{
    const struct virtual_service_http *h = message;
    uint64_t total = 0;

    check_http_action(c, h);
    check_http_delegate(c, h);
    if (h->mirror && h->mirrors_count > 0)
        field_decode_error_at(c, "mirrors", "cannot stand beside mirror");
    if (!h->mirror && (h->mirror_percentage || h->mirror_percent.set))
        field_decode_warn_at(c, h->mirror_percentage ? "mirrorPercentage" : "mirrorPercent",
                             "means nothing without mirror");
    for (size_t i = 0; i < h->route_count; i++)
        total += (uint64_t)h->route[i].weight;
    check_weights(c, h->route_count, total);
}

static void check_l4_route(struct field_check *c, const struct virtual_service_l4_route *route,
                           size_t n)
{
    uint64_t total = 0;

    if (n == 0)
        field_decode_error_at(c, "route", "at least one destination is required");
    for (size_t i = 0; i < n; i++)
        total += (uint64_t)route[i].weight;
    check_weights(c, n, total);
}

void virtual_service_check_tls(struct field_check *c, const void *message)
{
    const struct virtual_service_tls *t = message;

    check_l4_route(c, t->route, t->route_count);
}

void virtual_service_check_tcp(struct field_check *c, const void *message)
{
    const struct virtual_service_tcp *t = message;

    check_l4_route(c, t->route, t->route_count);
}

/* ---- the whole ---- */

static bool is_for_mesh(const struct virtual_service *v)
{
    for (size_t i = 0; i < v->gateways_count; i++)
        if (str_is(v->gateways[i], "mesh"))
            return true;
    return v->gateways_count == 0;
}

static void check_hosts(struct field_check *c, const struct virtual_service *v)
{
    char where[40];

    for (size_t i = 0; i < v->hosts_count; i++) {
        snprintf(where, sizeof(where), "hosts[%zu]", i);
        if (v->hosts[i].len == 0)
            field_decode_error_at(c, where, "must not be empty");
        if (str_is(v->hosts[i], "*") && is_for_mesh(v))
            field_decode_error_at(c, where,
                                  "\"*\" is only for gateways: it would take over every "
                                  "request in the mesh");
        for (size_t j = 0; j < i; j++)
            if (str_ieq(v->hosts[i], v->hosts[j])) {
                field_decode_error_at(c, where, "\"%.*s\" appears twice", STR_ARG(v->hosts[i]));
                break;
            }
    }
}

/* Without hosts it is a delegate: a part of another one, which says for whom. */
static void check_as_delegate(struct field_check *c, const struct virtual_service *v)
{
    if (v->gateways_count > 0)
        field_decode_error_at(c, "gateways",
                              "a VirtualService without hosts is a delegate and takes "
                              "its gateways from the one that names it");
    if (v->tls_count > 0 || v->tcp_count > 0)
        field_decode_error_at(c, v->tls_count > 0 ? "tls" : "tcp",
                              "a VirtualService without hosts "
                              "is a delegate, for http only");
    for (size_t i = 0; i < v->http_count; i++)
        if (v->http[i].delegate) {
            char where[48];

            snprintf(where, sizeof(where), "http[%zu].delegate", i);
            field_decode_error_at(c, where, "a delegate cannot delegate again");
        }
}

/* sniHosts say which part of hosts a rule is for. */
static bool is_part_of_hosts(const struct virtual_service *v, struct str sni)
{
    for (size_t i = 0; i < v->hosts_count; i++) {
        struct str host = v->hosts[i];

        if (str_is(host, "*") || str_ieq(host, sni))
            return true;
        if (host.len > 1 && host.p[0] == '*' && str_iends(sni, str_skip(host, 1)))
            return true;
    }
    return false;
}

static void check_sni(struct field_check *c, const struct virtual_service *v)
{
    for (size_t i = 0; i < v->tls_count; i++)
        for (size_t j = 0; j < v->tls[i].match_count; j++) {
            const struct virtual_service_tls_match *m = &v->tls[i].match[j];

            for (size_t k = 0; k < m->sni_hosts_count; k++) {
                char where[96];

                if (is_part_of_hosts(v, m->sni_hosts[k]))
                    continue;
                snprintf(where, sizeof(where), "tls[%zu].match[%zu].sniHosts[%zu]", i, j, k);
                field_decode_error_at(c, where, "\"%.*s\" is not among spec.hosts",
                                      STR_ARG(m->sni_hosts[k]));
            }
        }
}

void virtual_service_check_spec(struct field_check *c, const void *message)
{
    const struct virtual_service *v = message;

    if (v->http_count == 0 && v->tls_count == 0 && v->tcp_count == 0)
        field_decode_error_at(c, "http", "at least one rule is required: http, tls or tcp");
    if (v->hosts_count == 0) {
        check_as_delegate(c, v);
        return;
    }
    check_hosts(c, v);
    check_sni(c, v);
}
