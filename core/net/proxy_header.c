#include "core/net/proxy_header.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/net/sniff.h"

#define V1_MAX_BYTES  107
#define V2_HEAD_BYTES 16

enum { TLV_CRC32C = 3 };

static const uint8_t signature[12] = { 13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10 };

static size_t be16(const uint8_t *p)
{
    return (size_t)p[0] << 8 | p[1];
}

/* ---- version 1 ---- */

static int parse_port(struct str text, uint16_t *out)
{
    uint64_t port;

    if (text.len > 5 || (text.len > 1 && text.p[0] == '0') || str_to_u64(text, 65535, &port) != 0)
        return ERR_INVALID;
    *out = (uint16_t)port;
    return 0;
}

static int decode_v1_line(struct str line, struct proxy_header *out)
{
    struct str rest = line, family, src, dst, src_port;
    uint8_t want;

    str_cut(&rest, ' ');
    family = str_cut(&rest, ' ');
    if (str_is(family, "UNKNOWN")) {
        out->is_local = true;
        return 0;
    }
    want = str_is(family, "TCP4") ? ADDR_IPV4 : str_is(family, "TCP6") ? ADDR_IPV6 : ADDR_NONE;
    src = str_cut(&rest, ' ');
    dst = str_cut(&rest, ' ');
    src_port = str_cut(&rest, ' ');
    if (want == ADDR_NONE || !rest.p || addr_parse_ip(src, &out->src) != 0 ||
        addr_parse_ip(dst, &out->dst) != 0)
        return ERR_INVALID;
    /* TCP6 may carry mapped addresses, which are IPv4 here. */
    if ((str_chr(src, ':') >= 0) != (want == ADDR_IPV6) ||
        (str_chr(dst, ':') >= 0) != (want == ADDR_IPV6))
        return ERR_INVALID;
    if (parse_port(src_port, &out->src.port) != 0)
        return ERR_INVALID;
    return parse_port(rest, &out->dst.port);
}

static int decode_v1(struct str bytes, struct proxy_header *out, size_t *used)
{
    ptrdiff_t end = str_find(str_head(bytes, V1_MAX_BYTES), STR("\r\n"));

    if (end < 0)
        return bytes.len < V1_MAX_BYTES ? ERR_AGAIN : ERR_INVALID;
    out->version = 1;
    *used = (size_t)end + 2;
    return decode_v1_line(str_head(bytes, (size_t)end), out);
}

/* ---- version 2 ----
 *
 *   signature (12) | 2 (high) command (low) | family (high) transport (low) | length (2)
 *   source, destination, source port, destination port | TLVs: type, length (2), value */

static uint32_t crc32c(uint32_t crc, const uint8_t *p, size_t len)
{
    while (len--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
    }
    return crc;
}

/* The checksum is taken over the header with zeros in the checksum's own place. */
static bool checksum_holds(struct str header, struct str value)
{
    static const uint8_t zeros[4];
    const uint8_t *v = (const uint8_t *)value.p, *h = (const uint8_t *)header.p;
    size_t before = (size_t)(value.p - header.p);
    uint32_t crc = crc32c(0xffffffffU, h, before);

    crc = crc32c(crc, zeros, 4);
    crc = ~crc32c(crc, v + 4, header.len - before - 4);
    return crc == ((uint32_t)be16(v) << 16 | (uint32_t)be16(v + 2));
}

static bool next_tlv(struct str *rest, uint8_t *type, struct str *value)
{
    const uint8_t *p = (const uint8_t *)rest->p;
    size_t len;

    if (rest->len < 3)
        return false;
    len = be16(p + 1);
    if (rest->len - 3 < len)
        return false;
    *type = p[0];
    *value = str_make(rest->p + 3, len);
    *rest = str_skip(*rest, 3 + len);
    return true;
}

static int check_tlvs(struct str header, struct str tlvs)
{
    struct str value;
    uint8_t type;

    while (tlvs.len) {
        if (!next_tlv(&tlvs, &type, &value))
            return ERR_INVALID;
        if (type == TLV_CRC32C && (value.len != 4 || !checksum_holds(header, value)))
            return ERR_INVALID;
    }
    return 0;
}

static void set_ip(struct addr *a, const uint8_t *ip, size_t len, size_t port)
{
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

    if (len == 4) {
        *a = (struct addr){ .family = ADDR_IPV4 };
        memcpy(a->ip, ip, 4);
    } else { /* mapped addresses become IPv4 there */
        memcpy(&in6.sin6_addr, ip, 16);
        (void)addr_from_sockaddr((const struct sockaddr *)&in6, sizeof(in6), a);
    }
    a->port = (uint16_t)port;
}

static int decode_v2_addrs(uint8_t family, struct str *body, struct proxy_header *out)
{
    const uint8_t *p = (const uint8_t *)body->p;
    size_t ip = family == 0x11 ? 4 : 16;

    switch (family) {
    case 0x11: /* TCP over IPv4 */
    case 0x21: /* TCP over IPv6 */
        if (body->len < 2 * ip + 4)
            return ERR_INVALID;
        set_ip(&out->src, p, ip, be16(p + 2 * ip));
        set_ip(&out->dst, p + ip, ip, be16(p + 2 * ip + 2));
        *body = str_skip(*body, 2 * ip + 4);
        return 0;
    case 0x31: /* a Unix stream: nothing that a policy could use */
        if (body->len < 216)
            return ERR_INVALID;
        *body = str_skip(*body, 216);
        out->is_local = true;
        return 0;
    case 0x00: /* unspecified: the whole body is skipped */
        *body = STR_NONE;
        out->is_local = true;
        return 0;
    default:
        return ERR_INVALID;
    }
}

static int decode_v2(struct str bytes, struct proxy_header *out, size_t *used)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    struct str header, body;
    int err;

    if (bytes.len < V2_HEAD_BYTES)
        return ERR_AGAIN;
    if (p[12] != 0x20 && p[12] != 0x21)
        return ERR_INVALID;
    *used = V2_HEAD_BYTES + be16(p + 14);
    if (*used > PROXY_HEADER_MAX_BYTES)
        return ERR_INVALID;
    if (bytes.len < *used)
        return ERR_AGAIN;
    out->version = 2;
    header = str_head(bytes, *used);
    body = str_skip(header, V2_HEAD_BYTES);
    if (p[12] == 0x20) { /* LOCAL: whatever the body says is ignored */
        out->is_local = true;
        return 0;
    }
    err = decode_v2_addrs(p[13], &body, out);
    out->tlvs = body;
    return err ? err : check_tlvs(header, body);
}

int proxy_header_decode(struct str bytes, struct proxy_header *out, size_t *used)
{
    struct proxy_header h = { 0 };
    size_t len = 0;
    int err;

    switch (sniff_proxy(bytes)) {
    case SNIFF_NO:
        return ERR_INVALID;
    case SNIFF_MORE:
        return ERR_AGAIN;
    case SNIFF_YES:
        break;
    }
    err = bytes.p[0] == 'P' ? decode_v1(bytes, &h, &len) : decode_v2(bytes, &h, &len);
    if (err == 0) {
        *out = h;
        *used = len;
    }
    return err;
}

bool proxy_header_find_tlv(const struct proxy_header *h, uint8_t type, struct str *value)
{
    struct str rest = h->tlvs;
    uint8_t found;

    while (next_tlv(&rest, &found, value)) {
        if (found == type)
            return true;
    }
    return false;
}

/* ---- writing ---- */

static size_t encode_v1(const struct addr *src, const struct addr *dst, bool is_known, uint8_t *out)
{
    char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];
    struct addr from = *src, to = *dst;
    int len;

    from.scope = to.scope = 0; /* means nothing elsewhere */
    if (!is_known)
        len = snprintf((char *)out, PROXY_HEADER_OUT_BYTES, "PROXY UNKNOWN\r\n");
    else
        len = snprintf((char *)out, PROXY_HEADER_OUT_BYTES, "PROXY TCP%c %.45s %.45s %u %u\r\n",
                       src->family == ADDR_IPV4 ? '4' : '6', addr_format_ip(&from, a),
                       addr_format_ip(&to, b), src->port, dst->port);
    return (size_t)len;
}

static size_t encode_v2(const struct addr *src, const struct addr *dst, bool is_known, uint8_t *out)
{
    size_t ip = src->family == ADDR_IPV4 ? 4 : 16, body = is_known ? 2 * ip + 4 : 0;
    uint8_t *p = out + V2_HEAD_BYTES;

    memcpy(out, signature, sizeof(signature));
    out[12] = is_known ? 0x21 : 0x20;
    out[13] = !is_known ? 0 : ip == 4 ? 0x11 : 0x21;
    out[14] = 0;
    out[15] = (uint8_t)body;
    if (!is_known)
        return V2_HEAD_BYTES;
    memcpy(p, src->ip, ip);
    memcpy(p + ip, dst->ip, ip);
    p += 2 * ip;
    p[0] = (uint8_t)(src->port >> 8);
    p[1] = (uint8_t)src->port;
    p[2] = (uint8_t)(dst->port >> 8);
    p[3] = (uint8_t)dst->port;
    return V2_HEAD_BYTES + body;
}

size_t proxy_header_encode(int version, const struct addr *src, const struct addr *dst,
                           uint8_t out[PROXY_HEADER_OUT_BYTES])
{
    bool is_known =
        (src->family == ADDR_IPV4 || src->family == ADDR_IPV6) && src->family == dst->family;

    return version == 1 ? encode_v1(src, dst, is_known, out) : encode_v2(src, dst, is_known, out);
}
