/* Functions on addresses, URLs and names of Kubernetes. */
#include <arpa/inet.h>

#include "core/base/mem.h"
#include "core/text/cel_expr.h"
#include "core/text/cel_url.h"

/* ---- addresses ---- */

static bool is_ip(struct str s, int *family)
{
    unsigned char bytes[16];
    char z[64];

    if (str_chr(s, 0) >= 0 || !str_copy(s, z, sizeof(z)))
        return false;
    *family = inet_pton(AF_INET, z, bytes) == 1 ? 4 : inet_pton(AF_INET6, z, bytes) == 1 ? 6 : 0;
    return *family != 0;
}

static bool is_cidr(struct str s, int *family, uint64_t *bits)
{
    struct str rest = s, addr = str_cut(&rest, '/');

    return rest.p && is_ip(addr, family) && str_to_u64(rest, *family == 4 ? 32 : 128, bits) == 0;
}

CEL_CALL(call_is_ip)
{
    int family;

    return cel_call_are_texts(a, n) ? cel_of_bool(is_ip(a->s, &family))
                                    : cel_call_no_overload(env, e, a);
}

CEL_CALL(call_ip)
{
    struct cel_value v = { .type = CEL_IP, .s = a->s };
    int family;

    if (!cel_call_are_texts(a, n))
        return cel_call_no_overload(env, e, a);
    return is_ip(a->s, &family) ? v : cel_value_error(env, "not an IP address");
}

CEL_CALL(call_is_cidr)
{
    uint64_t bits;
    int family;

    return cel_call_are_texts(a, n) ? cel_of_bool(is_cidr(a->s, &family, &bits))
                                    : cel_call_no_overload(env, e, a);
}

CEL_CALL(call_cidr)
{
    struct cel_value v = { .type = CEL_CIDR, .s = a->s };
    uint64_t bits;
    int family;

    if (!cel_call_are_texts(a, n))
        return cel_call_no_overload(env, e, a);
    return is_cidr(a->s, &family, &bits) ? v : cel_value_error(env, "not a range of addresses");
}

CEL_CALL(call_family)
{
    int family = 0;

    (void)n;
    if (a->type != CEL_IP || !is_ip(a->s, &family))
        return cel_call_no_overload(env, e, a);
    return cel_of_int(family);
}

static bool has_prefix(struct str cidr, struct str ip)
{
    unsigned char x[16], y[16];
    struct str rest = cidr, addr = str_cut(&rest, '/');
    uint64_t bits = 0;
    char z[64];
    int af;

    (void)str_to_u64(rest, 128, &bits);
    (void)str_copy(addr, z, sizeof(z));
    af = str_chr(addr, ':') >= 0 ? AF_INET6 : AF_INET;
    if (inet_pton(af, z, x) != 1 || !str_copy(ip, z, sizeof(z)) || inet_pton(af, z, y) != 1)
        return false;
    for (uint64_t i = 0; i < bits; i++)
        if ((x[i / 8] ^ y[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

CEL_CALL(call_contains_ip)
{
    (void)n;
    if (a[0].type != CEL_CIDR || (a[1].type != CEL_STRING && a[1].type != CEL_IP))
        return cel_call_no_overload(env, e, a);
    return cel_of_bool(has_prefix(a[0].s, a[1].s));
}

CEL_CALL(call_prefix_length)
{
    uint64_t bits = 0;
    int family;

    (void)n;
    if (a->type != CEL_CIDR || !is_cidr(a->s, &family, &bits))
        return cel_call_no_overload(env, e, a);
    return cel_of_int((int64_t)bits);
}

/* ---- URLs ---- */

CEL_CALL(call_is_url)
{
    struct cel_url u;

    return cel_call_are_texts(a, n) ? cel_of_bool(cel_url_parse(a->s, &u))
                                    : cel_call_no_overload(env, e, a);
}

CEL_CALL(call_url)
{
    struct cel_value v = { .type = CEL_URL, .s = a->s };
    struct cel_url u;

    if (!cel_call_are_texts(a, n))
        return cel_call_no_overload(env, e, a);
    return cel_url_parse(a->s, &u) ? v : cel_value_error(env, "not a URL");
}

CEL_CALL(call_url_part)
{
    struct cel_url u;

    (void)n;
    if (a->type != CEL_URL || !cel_url_parse(a->s, &u))
        return cel_call_no_overload(env, e, a);
    if (str_is(e->name, "getScheme"))
        return cel_of_str(u.scheme);
    if (str_is(e->name, "getHost"))
        return cel_of_str(u.host);
    if (str_is(e->name, "getHostname"))
        return cel_of_str(u.hostname);
    if (str_is(e->name, "getPort"))
        return cel_of_str(u.port);
    return cel_of_str(u.path);
}

/* ---- format.NAME().validate(text): null, or what is wrong ---- */

static const struct {
    const char *name, *pattern, *what;
    size_t max;
} formats[] = {
    { "dns1123Label", "[a-z0-9]([-a-z0-9]*[a-z0-9])?", "a DNS label", 63 },
    { "dns1123Subdomain", "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
      "a DNS name", 253 },
    { "dns1035Label", "[a-z]([-a-z0-9]*[a-z0-9])?", "a DNS label", 63 },
    { "labelValue", "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", "the value of a label", 63 },
};

CEL_CALL(call_format)
{
    (void)n;
    return a->type == CEL_FORMAT && str_is(a->s, "format")
               ? (struct cel_value){ .type = CEL_FORMAT, .s = e->name }
               : cel_call_no_overload(env, e, a);
}

CEL_CALL(call_validate)
{
    struct cel_value v = { .type = CEL_LIST }, item;
    struct regex *r;
    bool ok;

    (void)n;
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (a[0].type != CEL_FORMAT || a[1].type != CEL_STRING || !str_is(a[0].s, formats[i].name))
            continue;
        if (!cel_value_spend(env, 1000 + a[1].s.len) ||
            regex_new(&r, str_of(formats[i].pattern), env->arena, NULL) != 0)
            return cel_value_error_cost(env);
        ok = a[1].s.len <= formats[i].max && regex_is_match(r, a[1].s);
        regex_free(r);
        if (ok)
            return (struct cel_value){ .type = CEL_NULL };
        item = cel_of_str(arena_printf(env->arena, "is not %s", formats[i].what));
        v.list.items = arena_dup(env->arena, &item, sizeof(item));
        v.list.count = 1;
        return v;
    }
    return cel_call_no_overload(env, e, a);
}

/* clang-format off */
const struct cel_function cel_net_functions[] = {
    { "isIP", 1, 1, false, true, call_is_ip },
    { "ip", 1, 1, false, true, call_ip },
    { "family", 1, 1, true, false, call_family },
    { "isCIDR", 1, 1, false, true, call_is_cidr },
    { "cidr", 1, 1, false, true, call_cidr },
    { "containsIP", 2, 2, true, false, call_contains_ip },
    { "prefixLength", 1, 1, true, false, call_prefix_length },
    { "isURL", 1, 1, false, true, call_is_url },
    { "url", 1, 1, false, true, call_url },
    { "getScheme", 1, 1, true, false, call_url_part },
    { "getHost", 1, 1, true, false, call_url_part },
    { "getHostname", 1, 1, true, false, call_url_part },
    { "getPort", 1, 1, true, false, call_url_part },
    { "getEscapedPath", 1, 1, true, false, call_url_part },
    { "dns1123Label", 1, 1, true, false, call_format },
    { "dns1123Subdomain", 1, 1, true, false, call_format },
    { "dns1035Label", 1, 1, true, false, call_format },
    { "labelValue", 1, 1, true, false, call_format },
    { "validate", 2, 2, true, false, call_validate },
    { .name = NULL },
};
/* clang-format on */
