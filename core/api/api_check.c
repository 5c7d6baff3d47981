#include "core/api/api_check.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/api/object_meta.h"
#include "core/base/mem.h"
#include "core/text/regex.h"

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool api_check_is_label(struct str s)
{
    if (s.len == 0 || s.len > 63 || s.p[0] == '-' || s.p[s.len - 1] == '-')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_lower_alnum(s.p[i]) && s.p[i] != '-')
            return false;
    return true;
}

bool api_check_is_subdomain(struct str s)
{
    if (s.len == 0 || s.len > 253)
        return false;
    for (bool more = true; more;) {
        more = str_chr(s, '.') >= 0;
        if (!api_check_is_label(str_cut(&s, '.')))
            return false;
    }
    return true;
}

/* One label of a host: letters of either case, digits, '-' and '_' inside, as DNS names in use have
 * them. */
static bool is_host_label(struct str s)
{
    if (s.len == 0 || s.len > 63 || s.p[0] == '-' || s.p[s.len - 1] == '-')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
            return false;
    return true;
}

bool api_check_is_ip(struct str s)
{
    unsigned char bytes[16];
    char z[64];

    return str_chr(s, 0) < 0 && str_copy(s, z, sizeof(z)) &&
           (inet_pton(AF_INET, z, bytes) == 1 || inet_pton(AF_INET6, z, bytes) == 1);
}

bool api_check_is_cidr(struct str s)
{
    struct str rest = s, ip = str_cut(&rest, '/');
    uint64_t bits;

    return rest.p && api_check_is_ip(ip) &&
           str_to_u64(rest, str_chr(ip, ':') >= 0 ? 128 : 32, &bits) == 0;
}

bool api_check_is_host(struct str s)
{
    if (api_check_is_ip(s))
        return true;
    if (s.len > 1 && s.p[s.len - 1] == '.')
        s.len--;
    if (s.len == 0 || s.len > 255)
        return false;
    for (bool more = true; more;) {
        more = str_chr(s, '.') >= 0;
        if (!is_host_label(str_cut(&s, '.')))
            return false;
    }
    return true;
}

/* "*", "*.example.com", and as Istio allows "*-x.example.com". */
bool api_check_is_wildcard_host(struct str s)
{
    struct str rest = s, first;

    if (s.len == 0 || s.p[0] != '*')
        return api_check_is_host(s);
    if (s.len == 1)
        return true;
    first = str_skip(str_cut(&rest, '.'), 1);
    if (first.len > 0 && (first.p[0] != '-' || !is_host_label(str_skip(first, 1))))
        return false;
    return rest.p ? api_check_is_host(rest) && !api_check_is_ip(rest) : first.len > 0;
}

static bool is_qualified_name(struct str s)
{
    if (s.len == 0 || s.len > 63 || !is_alnum(s.p[0]) || !is_alnum(s.p[s.len - 1]))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.')
            return false;
    return true;
}

bool api_check_is_label_key(struct str s)
{
    struct str rest = s, prefix = str_cut(&rest, '/');

    return rest.p ? api_check_is_subdomain(prefix) && is_qualified_name(rest)
                  : is_qualified_name(s);
}

bool api_check_is_label_value(struct str s)
{
    return s.len == 0 || is_qualified_name(s);
}

bool api_check_is_header_name(struct str s)
{
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] == 0 || (!is_alnum(s.p[i]) && !strchr("!#$%&'*+-.^_`|~", s.p[i])))
            return false;
    return true;
}

/* ---- rows ---- */

static bool is_valid_or_absent(const struct str *s, bool (*is_ok)(struct str))
{
    return s->len == 0 || is_ok(*s);
}

void api_check_label(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!is_valid_or_absent(s, api_check_is_label))
        field_decode_error(c,
                           "\"%.*s\" is not a DNS label: lower case letters, digits and '-', "
                           "at most 63, no '-' at the ends",
                           STR_ARG(*s));
}

void api_check_subdomain(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!is_valid_or_absent(s, api_check_is_subdomain))
        field_decode_error(c, "\"%.*s\" is not a DNS name: lower case letters, digits, '-' and '.'",
                           STR_ARG(*s));
}

void api_check_host(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->len > 0 && s->p[0] == '*')
        field_decode_error(c, "\"%.*s\": a wildcard is not allowed here", STR_ARG(*s));
    else if (!is_valid_or_absent(s, api_check_is_host))
        field_decode_error(c, "\"%.*s\" is not a host name or IP address", STR_ARG(*s));
}

void api_check_wildcard_host(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!is_valid_or_absent(s, api_check_is_wildcard_host))
        field_decode_error(c, "\"%.*s\" is not a host name; '*' may only be its first label",
                           STR_ARG(*s));
}

void api_check_export_to(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!str_is(*s, ".") && !str_is(*s, "*") && !str_is(*s, "~") && !api_check_is_label(*s))
        field_decode_error(c,
                           "\"%.*s\" is not a namespace, \".\" (its own), \"*\" (all) or \"~\" "
                           "(none)",
                           STR_ARG(*s));
}

void api_check_gateway_name(struct field_check *c, const void *member)
{
    const struct str *s = member;
    struct str rest = *s, first = str_cut(&rest, '/');
    bool ok =
        rest.p ? (api_check_is_label(first) || str_is(first, ".")) && api_check_is_subdomain(rest)
               : api_check_is_host(first);

    if (!ok)
        field_decode_error(c,
                           "\"%.*s\" is not the name of a gateway: \"name\", \"namespace/name\" "
                           "or \"mesh\"",
                           STR_ARG(*s));
}

void api_check_ip(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!is_valid_or_absent(s, api_check_is_ip))
        field_decode_error(c, "\"%.*s\" is not an IP address", STR_ARG(*s));
}

void api_check_ip_or_cidr(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!api_check_is_ip(*s) && !api_check_is_cidr(*s))
        field_decode_error(c, "\"%.*s\" is not an IP address or range such as \"10.0.0.0/8\"",
                           STR_ARG(*s));
}

void api_check_regex(struct field_check *c, const void *member)
{
    const struct str *s = member;
    struct str why = STR_NONE;
    struct regex *r;

    if (!s->p)
        return;
    if (s->len == 0) {
        field_decode_error(c, "an empty regular expression; leave the field out to match all");
        return;
    }
    if (regex_new(&r, *s, c->scope->arena, &why) != 0)
        field_decode_error(c, "regular expression: %.*s", STR_ARG(why));
    else
        regex_free(r);
}

void api_check_header_name(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!api_check_is_header_name(*s))
        field_decode_error(c, "\"%.*s\" is not a header name", STR_ARG(*s));
}

void api_check_method(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!api_check_is_header_name(*s))
        field_decode_error(c, "\"%.*s\" is not an HTTP method", STR_ARG(*s));
}

void api_check_port_text(struct field_check *c, const void *member)
{
    const struct str *s = member;
    uint64_t port;

    if (str_to_u64(*s, 65535, &port) != 0 || port == 0)
        field_decode_error(c, "\"%.*s\" is not a port (1..65535)", STR_ARG(*s));
}

void api_check_not_empty(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->p && s->len == 0)
        field_decode_error(c, "must not be empty");
}

void api_check_label_value(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!api_check_is_label_value(*s))
        field_decode_error(c,
                           "\"%.*s\" is not a label value: letters, digits, '-', '_' and '.', at "
                           "most 63",
                           STR_ARG(*s));
}

void api_check_port_name(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->len > 0 && !is_host_label(*s))
        field_decode_error(c, "\"%.*s\" is not a port name: letters, digits and '-', at most 63",
                           STR_ARG(*s));
}

void api_check_not_negative(struct field_check *c, const void *member)
{
    const struct field_opt *d = member;

    if (d->set && d->value < 0)
        field_decode_error(c, "a duration must not be negative");
}

/* ---- messages ---- */

void api_check_keys(struct field_check *c, const char *name, const struct field_pair *pairs,
                    size_t n, bool (*is_ok)(struct str), const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (!is_ok(pairs[i].key))
            field_decode_error_at(c, name, "\"%.*s\" is not %s", STR_ARG(pairs[i].key), what);
}

void api_check_labels(struct field_check *c, const char *name, const struct field_pair *pairs,
                      size_t n)
{
    api_check_keys(c, name, pairs, n, api_check_is_label_key, "a label's name: [prefix/]name");
    for (size_t i = 0; i < n; i++)
        if (!api_check_is_label_value(pairs[i].value))
            field_decode_error_at(c, name,
                                  "\"%.*s\" of %.*s is not a label value: letters, digits, "
                                  "'-', '_' and '.', at most 63",
                                  STR_ARG(pairs[i].value), STR_ARG(pairs[i].key));
}

void api_check_meta(struct field_check *c, const void *meta)
{
    const struct object_meta *m = meta;

    api_check_labels(c, "labels", m->labels, m->labels_count);
    api_check_keys(c, "annotations", m->annotations, m->annotations_count, api_check_is_label_key,
                   "an annotation's name: [prefix/]name");
}
