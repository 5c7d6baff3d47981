#include "core/api/gateway_api_check.h"

#include <string.h>

#include "core/api/api_check.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
    return is_letter(c) || is_digit(c);
}

static bool consists_of(struct str s, const char *more)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] == 0 || (!is_alnum(s.p[i]) && !strchr(more, s.p[i])))
            return false;
    return true;
}

/* A DNS name as the CRDs have it: labels have no length of their own. */
static bool is_domain(struct str s)
{
    if (s.len == 0)
        return false;
    for (bool more = true; more;) {
        struct str label;

        more = str_chr(s, '.') >= 0;
        label = str_cut(&s, '.');
        if (label.len == 0 || label.p[0] == '-' || label.p[label.len - 1] == '-')
            return false;
        for (size_t i = 0; i < label.len; i++)
            if (label.p[i] != '-' && !is_digit(label.p[i]) &&
                !(label.p[i] >= 'a' && label.p[i] <= 'z'))
                return false;
    }
    return true;
}

/* A word of letters and digits with '-' inside. */
static bool is_word(struct str s)
{
    return s.len > 0 && is_alnum(s.p[0]) && is_alnum(s.p[s.len - 1]) && consists_of(s, "-");
}

static bool is_qualified(struct str s)
{
    return s.len > 0 && is_alnum(s.p[0]) && is_alnum(s.p[s.len - 1]) && consists_of(s, "-_.");
}

bool gateway_api_check_is_kind(struct str s)
{
    return is_word(s) && is_letter(s.p[0]);
}

bool gateway_api_check_is_hostname(struct str s)
{
    return is_domain(str_starts(s, STR("*.")) ? str_skip(s, 2) : s);
}

/* "domain/path", of letters, digits and what more has. */
static bool is_domain_path(struct str s, const char *more)
{
    struct str rest = s, domain = str_cut(&rest, '/');

    return rest.p && is_domain(domain) && rest.len > 0 && consists_of(rest, more);
}

static const char path_chars[] = "/-._~%!$&'()*+,;=:";

/* ---- names ---- */

void gateway_api_check_group(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->len > 0 && !is_domain(*s))
        field_decode_error(c, "\"%.*s\" is not an API group: a DNS name, or \"\" for the core's",
                           STR_ARG(*s));
}

void gateway_api_check_kind(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!gateway_api_check_is_kind(*s))
        field_decode_error(c, "\"%.*s\" is not the name of a kind", STR_ARG(*s));
}

void gateway_api_check_namespace(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!api_check_is_label(*s))
        field_decode_error(c, "\"%.*s\" is not a namespace: lower case letters, digits and '-'",
                           STR_ARG(*s));
}

void gateway_api_check_section(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!is_domain(*s))
        field_decode_error(c, "\"%.*s\" is not a name: lower case letters, digits, '-' and '.'",
                           STR_ARG(*s));
}

void gateway_api_check_hostname(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!gateway_api_check_is_hostname(*s))
        field_decode_error(c,
                           "\"%.*s\" is not a host name in lower case; only its first label may "
                           "be '*'",
                           STR_ARG(*s));
}

void gateway_api_check_precise_hostname(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!is_domain(*s))
        field_decode_error(c, "\"%.*s\" is not a host name in lower case, without '*'",
                           STR_ARG(*s));
}

void gateway_api_check_controller(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!is_domain_path(*s, path_chars))
        field_decode_error(c, "\"%.*s\" is not a controller's name, as \"example.com/name\"",
                           STR_ARG(*s));
}

void gateway_api_check_reason(struct field_check *c, const void *member)
{
    const struct str *s = member;
    char last = s->len > 0 ? s->p[s->len - 1] : ',';

    if (s->len == 0 || !is_letter(s->p[0]) || !consists_of(*s, "_,:") || last == ',' || last == ':')
        field_decode_error(c, "\"%.*s\" is not a reason: one word", STR_ARG(*s));
}

void gateway_api_check_condition(struct field_check *c, const void *member)
{
    struct str s = *(const struct str *)member, rest = s, domain = str_cut(&rest, '/');

    if (rest.p ? !is_domain(domain) || !is_qualified(rest) : !is_qualified(s))
        field_decode_error(c, "\"%.*s\" is not a condition's type: [domain/]Name", STR_ARG(s));
}

void gateway_api_check_label_value(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->len > 0 && !is_qualified(*s))
        field_decode_error(c, "\"%.*s\" is not a label value: letters, digits, '-', '_' and '.'",
                           STR_ARG(*s));
}

/* ---- what is spoken ---- */

void gateway_api_check_protocol(struct field_check *c, const void *member)
{
    const struct str *s = member;

    /* The CRD's second form is not anchored in front: anything may stand before the domain. */
    if (!is_word(*s) && !is_domain_path(*s, ""))
        field_decode_error(c,
                           "\"%.*s\" is not a protocol: HTTP, HTTPS, TLS, TCP, UDP or "
                           "\"example.com/name\"",
                           STR_ARG(*s));
}

void gateway_api_check_address_type(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!str_is(*s, "Hostname") && !str_is(*s, "IPAddress") && !str_is(*s, "NamedAddress") &&
        !is_domain_path(*s, path_chars))
        field_decode_error(c,
                           "\"%.*s\" is not a type of address: IPAddress, Hostname or "
                           "\"example.com/name\"",
                           STR_ARG(*s));
}

void gateway_api_check_header_name(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!api_check_is_header_name(*s))
        field_decode_error(c, "\"%.*s\" is not a header name", STR_ARG(*s));
}

/* Visible characters, with single blanks between them. */
void gateway_api_check_header_value(struct field_check *c, const void *member)
{
    const struct str *s = member;
    bool ok = s->len > 0, blank = true;

    for (size_t i = 0; ok && i < s->len; i++) {
        bool is_blank = s->p[i] == ' ' || s->p[i] == '\t';

        ok = is_blank ? !blank : s->p[i] >= '!' && s->p[i] <= '~';
        blank = is_blank;
    }
    if (!ok || blank)
        field_decode_error(c,
                           "\"%.*s\" is not a header value: visible characters with single "
                           "blanks between them",
                           STR_ARG(*s));
}

static bool is_origin(struct str s)
{
    struct str rest, host;

    if (str_is(s, "*"))
        return true;
    if (!str_starts(s, STR("http://")) && !str_starts(s, STR("https://")))
        return false;
    rest = str_skip(s, str_starts(s, STR("https")) ? 8 : 7);
    host = str_cut(&rest, ':');
    if (rest.p) {
        if (rest.len == 0 || rest.len > 5)
            return false;
        for (size_t i = 0; i < rest.len; i++)
            if (!is_digit(rest.p[i]))
                return false;
    }
    if (str_is(host, "*"))
        return true;
    if (str_starts(host, STR("*.")))
        host = str_skip(host, 2);
    for (bool more = true; more;) {
        struct str label;

        more = str_chr(host, '.') >= 0;
        label = str_cut(&host, '.');
        if (label.len == 0 || !consists_of(label, "-"))
            return false;
    }
    return true;
}

void gateway_api_check_origin(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (!is_origin(*s))
        field_decode_error(c,
                           "\"%.*s\" is not an origin: \"*\" or \"https://host[:port]\", where "
                           "the host's first label may be '*'",
                           STR_ARG(*s));
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

void gateway_api_check_auth_path(struct field_check *c, const void *member)
{
    const struct str *s = member;
    bool ok = s->len > 0;

    for (size_t i = 0; ok && i < s->len; i++) {
        if (s->p[i] == '%') {
            ok = i + 2 < s->len && is_hex(s->p[i + 1]) && is_hex(s->p[i + 2]);
            i += 2;
        } else {
            ok = consists_of(str_make(s->p + i, 1), "/-._~!$&'()*+,;=:@");
        }
    }
    if (!ok)
        field_decode_error(c, "\"%.*s\" is not a path", STR_ARG(*s));
}

/* What would end the attribute, or the header (RFC 6265 section 4.1.1). */
void gateway_api_check_cookie_path(struct field_check *c, const void *member)
{
    const struct str *s = member;

    for (size_t i = 0; i < s->len; i++) {
        unsigned char byte = (unsigned char)s->p[i];

        if (byte < 0x20 || byte > 0x7e || byte == ';') {
            field_decode_error(c,
                               "\"%.*s\" is not a path for a cookie, which has visible characters "
                               "of ASCII other than ';'",
                               STR_ARG(*s));
            return;
        }
    }
}

/* scheme://... */
void gateway_api_check_uri(struct field_check *c, const void *member)
{
    struct str s = *(const struct str *)member;
    ptrdiff_t colon = str_chr(s, ':');

    if (colon <= 0 || !str_starts(str_skip(s, (size_t)colon + 1), STR("//")) ||
        !consists_of(str_make(s.p, (size_t)colon), "+-."))
        field_decode_error(c, "\"%.*s\" is not a URI, as \"spiffe://mesh/ns/a/sa/b\"", STR_ARG(s));
}

void gateway_api_check_well_known(struct field_check *c, const void *member)
{
    struct str s = *(const struct str *)member, rest = s, domain = str_cut(&rest, '/');

    if (!str_is(s, "System") && (!rest.p || !is_domain(domain) || !is_qualified(rest)))
        field_decode_error(c, "\"%.*s\" is not a set of certificates: System", STR_ARG(s));
}

/* ---- time ---- */

static bool take_part(struct str *s)
{
    size_t digits = 0;

    while (digits < s->len && is_digit(s->p[digits]))
        digits++;
    if (digits == 0 || digits > 5)
        return false;
    *s = str_skip(*s, digits);
    if (str_starts(*s, STR("ms"))) {
        *s = str_skip(*s, 2);
        return true;
    }
    if (s->len == 0 || !strchr("hms", s->p[0]))
        return false;
    *s = str_skip(*s, 1);
    return true;
}

void gateway_api_check_duration(struct field_check *c, const void *member)
{
    struct str rest = c->node->text;
    int parts = 0;

    (void)member; /* "1.5s" was read as a duration, too: the text decides */
    while (rest.len > 0 && take_part(&rest))
        parts++;
    if (rest.len > 0 || parts < 1 || parts > 4)
        field_decode_error(c,
                           "\"%.*s\" is not a duration of the Gateway API: whole numbers with h, "
                           "m, s or ms, as \"1h30m\" or \"500ms\"",
                           STR_ARG(c->node->text));
}
