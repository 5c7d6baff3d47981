#include "core/net/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/mem.h"

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static size_t ip_len(const struct addr *a)
{
    return a->family == ADDR_IPV4 ? 4 : 16;
}

static void set_ipv6(struct addr *out, const uint8_t ip[16], uint32_t scope)
{
    if (memcmp(ip, mapped_prefix, sizeof(mapped_prefix)) == 0) {
        out->family = ADDR_IPV4;
        memcpy(out->ip, ip + 12, 4);
        return;
    }
    out->family = ADDR_IPV6;
    out->scope = scope;
    memcpy(out->ip, ip, 16);
}

/* "3" or "eth0", what stands behind the % of a link-local address. */
static int parse_scope(struct str text, uint32_t *out)
{
    char name[IF_NAMESIZE];
    uint64_t number;

    if (str_to_u64(text, UINT32_MAX, &number) == 0) {
        *out = (uint32_t)number;
        return 0;
    }
    if (str_is_empty(text) || !str_copy(text, name, sizeof(name)))
        return ERR_INVALID;
    *out = if_nametoindex(name);
    return *out ? 0 : ERR_INVALID;
}

int addr_parse_ip(struct str text, struct addr *out)
{
    struct addr a = { 0 };
    uint32_t scope = 0;
    char z[INET6_ADDRSTRLEN];
    uint8_t ip[16];
    ptrdiff_t percent = str_chr(text, '%');

    if (percent >= 0) {
        if (parse_scope(str_skip(text, (size_t)percent + 1), &scope) != 0)
            return ERR_INVALID;
        text = str_head(text, (size_t)percent);
    }
    if (memchr(text.p ? text.p : "", 0, text.len) || !str_copy(text, z, sizeof(z)))
        return ERR_INVALID;
    if (inet_pton(AF_INET6, z, ip) == 1) {
        set_ipv6(&a, ip, scope);
    } else if (percent < 0 && inet_pton(AF_INET, z, ip) == 1) {
        a.family = ADDR_IPV4;
        memcpy(a.ip, ip, 4);
    } else {
        return ERR_INVALID;
    }
    *out = a;
    return 0;
}

static int parse_unix(struct str path, struct addr *out)
{
    struct addr a = { .family = ADDR_UNIX };

    if (str_is_empty(path) || path.len > sizeof(a.path) || memchr(path.p, 0, path.len))
        return ERR_INVALID;
    memcpy(a.path, path.p, path.len);
    if (a.path[0] == '@')
        a.path[0] = 0;
    a.path_len = (uint8_t)path.len;
    *out = a;
    return 0;
}

int addr_parse(struct str text, uint16_t default_port, struct addr *out)
{
    struct str host = text, port = STR_NONE;
    struct addr a;
    uint64_t number = default_port;
    ptrdiff_t at;

    if (str_starts(text, STR("unix:")))
        return parse_unix(str_skip(text, 5), out);
    if (str_starts(text, STR("["))) {
        at = str_chr(text, ']');
        if (at < 0)
            return ERR_INVALID;
        host = str_make(text.p + 1, (size_t)at - 1);
        port = str_skip(text, (size_t)at + 1);
        if (str_chr(host, ':') < 0 || (!str_is_empty(port) && port.p[0] != ':'))
            return ERR_INVALID;
    } else if ((at = str_chr(text, ':')) >= 0 && at == str_rchr(text, ':')) {
        host = str_head(text, (size_t)at);
        port = str_skip(text, (size_t)at);
    }
    if (!str_is_empty(port) && (port.len > 6 || str_to_u64(str_skip(port, 1), 65535, &number) != 0))
        return ERR_INVALID;
    if (addr_parse_ip(host, &a) != 0)
        return ERR_INVALID;
    a.port = (uint16_t)number;
    *out = a;
    return 0;
}

static const char *format_unix(const struct addr *a, char out[ADDR_TEXT_MAX])
{
    struct str path = str_make(a->path, a->path_len);
    bool abstract = path.len > 0 && path.p[0] == 0;

    snprintf(out, ADDR_TEXT_MAX, "unix:%s%.*s", abstract ? "@" : "",
             (int)(path.len - (abstract ? 1 : 0)), path.p + (abstract ? 1 : 0));
    return out;
}

const char *addr_format_ip(const struct addr *a, char out[ADDR_TEXT_MAX])
{
    size_t len;

    if (a->family == ADDR_UNIX)
        return format_unix(a, out);
    if (a->family == ADDR_NONE) {
        out[0] = '-';
        out[1] = 0;
        return out;
    }
    inet_ntop(a->family == ADDR_IPV4 ? AF_INET : AF_INET6, a->ip, out, ADDR_TEXT_MAX);
    if (a->family == ADDR_IPV6 && a->scope) {
        len = strlen(out);
        snprintf(out + len, ADDR_TEXT_MAX - len, "%%%u", a->scope);
    }
    return out;
}

const char *addr_format(const struct addr *a, char out[ADDR_TEXT_MAX])
{
    char ip[ADDR_TEXT_MAX];

    if (a->family != ADDR_IPV4 && a->family != ADDR_IPV6)
        return addr_format_ip(a, out);
    addr_format_ip(a, ip);
    /* An IP with scope has at most 56 characters. */
    snprintf(out, ADDR_TEXT_MAX, a->family == ADDR_IPV4 ? "%.64s:%u" : "[%.64s]:%u", ip, a->port);
    return out;
}

int addr_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct addr *out)
{
    struct addr a = { 0 };

    if (len < sizeof(sa->sa_family))
        return ERR_INVALID;
    if (sa->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        const struct sockaddr_in *in = (const void *)sa;

        a.family = ADDR_IPV4;
        a.port = ntohs(in->sin_port);
        memcpy(a.ip, &in->sin_addr, 4);
    } else if (sa->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
        const struct sockaddr_in6 *in6 = (const void *)sa;

        a.port = ntohs(in6->sin6_port);
        set_ipv6(&a, in6->sin6_addr.s6_addr, in6->sin6_scope_id);
    } else if (sa->sa_family == AF_UNIX) {
        const struct sockaddr_un *un = (const void *)sa;
        size_t path_len = len - offsetof(struct sockaddr_un, sun_path);

        a.family = ADDR_UNIX;
        if (path_len > sizeof(a.path))
            path_len = sizeof(a.path);
        /* The kernel counts the terminating zero of a path, but not one of an abstract name. */
        if (path_len > 0 && un->sun_path[0])
            path_len = strnlen(un->sun_path, path_len);
        memcpy(a.path, un->sun_path, path_len);
        a.path_len = (uint8_t)path_len;
    } else {
        return ERR_INVALID;
    }
    *out = a;
    return 0;
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (a->family == ADDR_IPV4) {
        struct sockaddr_in *in = (void *)out;

        in->sin_family = AF_INET;
        in->sin_port = htons(a->port);
        memcpy(&in->sin_addr, a->ip, 4);
        return sizeof(*in);
    }
    if (a->family == ADDR_IPV6) {
        struct sockaddr_in6 *in6 = (void *)out;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(a->port);
        in6->sin6_scope_id = a->scope;
        memcpy(&in6->sin6_addr, a->ip, 16);
        return sizeof(*in6);
    }
    if (a->family == ADDR_UNIX) {
        struct sockaddr_un *un = (void *)out;
        bool abstract = a->path_len > 0 && a->path[0] == 0;

        un->sun_family = AF_UNIX;
        memcpy(un->sun_path, a->path, a->path_len);
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + a->path_len +
                           (abstract ? 0 : 1));
    }
    return 0;
}

bool addr_eq_ip(const struct addr *a, const struct addr *b)
{
    if (a->family != b->family)
        return false;
    if (a->family == ADDR_UNIX)
        return a->path_len == b->path_len && memcmp(a->path, b->path, a->path_len) == 0;
    if (a->family == ADDR_NONE)
        return true;
    return a->scope == b->scope && memcmp(a->ip, b->ip, ip_len(a)) == 0;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
    return a->port == b->port && addr_eq_ip(a, b);
}

uint64_t addr_hash(const struct addr *a)
{
    struct {
        uint8_t ip[16];
        uint32_t scope;
        uint16_t port;
        uint16_t family;
    } key = { .scope = a->scope, .port = a->port, .family = a->family };

    if (a->family == ADDR_UNIX)
        return hash_keyed(a->path, a->path_len);
    if (a->family != ADDR_NONE)
        memcpy(key.ip, a->ip, ip_len(a));
    return hash_keyed(&key, sizeof(key));
}

bool addr_is_loopback(const struct addr *a)
{
    static const uint8_t one[16] = { [15] = 1 };

    if (a->family == ADDR_IPV4)
        return a->ip[0] == 127;
    return a->family == ADDR_IPV6 && memcmp(a->ip, one, 16) == 0;
}

bool addr_is_any(const struct addr *a)
{
    static const uint8_t zero[16];

    return (a->family == ADDR_IPV4 || a->family == ADDR_IPV6) &&
           memcmp(a->ip, zero, ip_len(a)) == 0;
}

/* Clears what the network's length does not cover. */
static void mask_base(struct addr_net *net)
{
    size_t len = ip_len(&net->base), whole = net->bits / 8;

    if (whole >= len)
        return;
    net->base.ip[whole] &= (uint8_t) ~(0xff >> (net->bits % 8));
    memset(net->base.ip + whole + 1, 0, len - whole - 1);
}

int addr_net_parse(struct str text, struct addr_net *out)
{
    ptrdiff_t slash = str_chr(text, '/');
    struct str ip = slash < 0 ? text : str_head(text, (size_t)slash);
    struct addr_net net = { 0 };
    uint64_t bits;
    size_t max;

    if (addr_parse_ip(ip, &net.base) != 0)
        return ERR_INVALID;
    max = ip_len(&net.base) * 8;
    bits = max;
    if (slash >= 0) {
        bool mapped = net.base.family == ADDR_IPV4 && str_chr(ip, ':') >= 0;
        struct str digits = str_skip(text, (size_t)slash + 1);

        if (digits.len > 3 || str_to_u64(digits, mapped ? 128 : max, &bits) != 0)
            return ERR_INVALID;
        if (mapped) {
            if (bits < 96)
                return ERR_INVALID;
            bits -= 96;
        }
    }
    net.bits = (uint8_t)bits;
    mask_base(&net);
    *out = net;
    return 0;
}

bool addr_net_has(const struct addr_net *net, const struct addr *a)
{
    size_t whole = net->bits / 8;
    uint8_t mask = (uint8_t) ~(0xff >> (net->bits % 8));

    if (net->base.family != a->family || (a->family != ADDR_IPV4 && a->family != ADDR_IPV6))
        return false;
    if (memcmp(net->base.ip, a->ip, whole) != 0)
        return false;
    return net->bits % 8 == 0 || (a->ip[whole] & mask) == net->base.ip[whole];
}
