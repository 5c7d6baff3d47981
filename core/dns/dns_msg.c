#include "core/dns/dns_msg.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/base/mem.h"

#define HEAD_BYTES    12
#define LABEL_MAX     63
#define POINTER_MAX   0x3fff
#define OUR_UDP_BYTES 1232 /* fits every path without fragments */

enum { CLASS_IN = 1 };

enum flag {
    FLAG_QR = 0x8000,
    FLAG_OPCODE = 0x7800,
    FLAG_AA = 0x0400,
    FLAG_TC = 0x0200,
    FLAG_RD = 0x0100,
    FLAG_RA = 0x0080,
    FLAG_CD = 0x0010,
    FLAG_RCODE = 0x000f,
};

static uint8_t byte_at(struct str s, size_t i)
{
    return (uint8_t)s.p[i];
}

static uint16_t be16_at(struct str s, size_t i)
{
    return (uint16_t)(byte_at(s, i) << 8 | byte_at(s, i + 1));
}

static uint32_t be32_at(struct str s, size_t i)
{
    return (uint32_t)be16_at(s, i) << 16 | be16_at(s, i + 2);
}

static void add_u16(struct buf *out, unsigned v)
{
    buf_add_char(out, (char)(v >> 8));
    buf_add_char(out, (char)v);
}

static void add_u32(struct buf *out, uint32_t v)
{
    add_u16(out, v >> 16);
    add_u16(out, v & 0xffff);
}

/* ---- names ---- */

static size_t add_label(struct str label, char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < label.len; i++) {
        uint8_t c = byte_at(label, i);

        if (c > 0x20 && c < 0x7f && c != '.' && c != '\\')
            out[len++] = str_lower_char((char)c);
        else
            len += (size_t)snprintf(out + len, 5, "\\%03u", c);
    }
    return len;
}

static bool is_start(const struct dns_msg_reader *r, size_t at)
{
    return r->starts[at / 8] >> (at % 8) & 1;
}

static void note_start(struct dns_msg_reader *r, size_t at)
{
    if (at <= POINTER_MAX)
        r->starts[at / 8] |= (uint8_t)(1U << (at % 8));
}

/* The name at *at; *at moves behind it. A pointer must lead to where a part of an earlier name
 * begins, so that no byte is both name and number. */
static int take_name(struct dns_msg_reader *r, size_t *at, char out[DNS_NAME_TEXT_BYTES],
                     size_t *len)
{
    size_t pos = *at, behind = 0, lowest = *at, wire = 1, n = 0;
    struct str bytes = r->bytes;

    for (;;) {
        uint8_t head;

        if (pos >= bytes.len)
            return ERR_INVALID;
        if (!behind)
            note_start(r, pos);
        head = byte_at(bytes, pos);
        if (head >= 0xc0) {
            if (pos + 2 > bytes.len)
                return ERR_INVALID;
            if (!behind)
                behind = pos + 2;
            pos = be16_at(bytes, pos) & POINTER_MAX;
            /* Each jump goes further back, so that no chain is endless. */
            if (pos >= lowest || !is_start(r, pos))
                return ERR_INVALID;
            lowest = pos;
            continue;
        }
        if (head > LABEL_MAX || bytes.len - pos - 1 < head)
            return ERR_INVALID;
        pos++;
        if (head == 0)
            break;
        wire += head + 1U;
        if (wire > DNS_NAME_MAX_BYTES)
            return ERR_INVALID;
        if (n)
            out[n++] = '.';
        n += add_label(str_make(bytes.p + pos, head), out + n);
        pos += head;
    }
    out[n] = 0;
    *len = n;
    *at = behind ? behind : pos;
    return 0;
}

/* Names in the data of the types that may be pointed to (RFC 3597, section 4). */
static const struct {
    uint16_t type;
    uint8_t before, names, behind; /* bytes, names, bytes */
} with_names[] = {
    { DNS_TYPE_NS, 0, 1, 0 },    { DNS_TYPE_CNAME, 0, 1, 0 }, { DNS_TYPE_SOA, 0, 2, 20 },
    { DNS_TYPE_PTR, 0, 1, 0 },   { DNS_TYPE_MX, 2, 1, 0 },    { DNS_TYPE_SRV, 6, 1, 0 },
    { DNS_TYPE_DNAME, 0, 1, 0 },
};

static int take_data(struct dns_msg_reader *r, const struct dns_msg_record *record)
{
    size_t end = record->data_at + record->data.len, at = record->data_at, len;
    char text[DNS_NAME_TEXT_BYTES];

    for (size_t i = 0; i < COUNT_OF(with_names); i++) {
        if (with_names[i].type != record->type)
            continue;
        at += with_names[i].before;
        for (uint8_t n = 0; n < with_names[i].names; n++) {
            if (at >= end || take_name(r, &at, text, &len) != 0)
                return ERR_INVALID;
        }
        return at + with_names[i].behind == end ? 0 : ERR_INVALID;
    }
    return 0;
}

size_t dns_msg_name_to_wire(struct str name, uint8_t out[DNS_NAME_MAX_BYTES])
{
    size_t n = 0;

    if (str_ends(name, STR(".")))
        name = str_head(name, name.len - 1);
    if (name.len == 0)
        return 0;
    while (name.p) {
        struct str label = str_cut(&name, '.');

        if (label.len == 0 || label.len > LABEL_MAX || n + label.len + 2 > DNS_NAME_MAX_BYTES)
            return 0;
        out[n++] = (uint8_t)label.len;
        memcpy(out + n, label.p, label.len);
        n += label.len;
    }
    out[n++] = 0;
    return n;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Length bytes are at most 63, so no letter. */
void dns_msg_mix_case(const struct dns_msg_query *q, uint64_t random, uint8_t *name)
{
    for (size_t i = 0; i < q->wire_len; i++) {
        name[i] = q->wire[i];
        if (is_letter(name[i]) && (random >> (i % 64) & 1))
            name[i] ^= 0x20;
    }
}

/* ---- queries ---- */

/* The question's name, which nothing can stand before to point to. */
static int take_question(struct dns_msg_reader *r, struct dns_msg_query *q)
{
    char text[DNS_NAME_TEXT_BYTES];
    struct str bytes = r->bytes;
    size_t start = r->at, len;

    for (size_t pos = start; pos < bytes.len && byte_at(bytes, pos);
         pos += byte_at(bytes, pos) + 1U)
        if (byte_at(bytes, pos) > LABEL_MAX)
            return ERR_PROTO;
    if (take_name(r, &r->at, text, &len) != 0 || bytes.len - r->at < 4)
        return ERR_PROTO;
    q->wire_len = (uint8_t)(r->at - start);
    memcpy(q->wire, bytes.p + start, q->wire_len);
    q->type = be16_at(bytes, r->at);
    q->qclass = be16_at(bytes, r->at + 2);
    r->at += 4;
    if (!memchr(text, '\\', len)) {
        memcpy(q->name, text, len + 1);
        q->name_len = (uint8_t)len;
    }
    return 0;
}

/* EDNS: the class is the size, the TTL holds version and flags. */
static int take_edns(const struct dns_msg_record *record, struct dns_msg_query *q)
{
    if (q->has_edns || record->name.len)
        return ERR_PROTO;
    q->has_edns = true;
    q->udp_bytes = record->rclass < DNS_UDP_BYTES ? DNS_UDP_BYTES : record->rclass;
    q->dnssec_ok = record->ttl_s & 0x8000;
    return (record->ttl_s >> 16 & 0xff) ? ERR_LIMIT : 0;
}

static int take_rest(struct dns_msg_reader *r, struct dns_msg_query *q)
{
    struct dns_msg_record record;
    int err, result = 0;

    while ((err = dns_msg_next(r, &record)) == 0) {
        if (record.section != 3)
            return ERR_PROTO;
        if (record.type == DNS_TYPE_OPT)
            err = take_edns(&record, q);
        if (err == ERR_PROTO)
            return err;
        result = err ? err : result;
    }
    return err == ERR_NOT_FOUND ? result : ERR_PROTO;
}

int dns_msg_decode_query(struct str bytes, struct dns_msg_query *out)
{
    struct dns_msg_query q = { .udp_bytes = DNS_UDP_BYTES };
    struct dns_msg_reader r = { .bytes = bytes, .at = HEAD_BYTES };
    unsigned flags;
    int err;

    if (bytes.len < HEAD_BYTES)
        return ERR_INVALID;
    flags = be16_at(bytes, 2);
    if (flags & FLAG_QR)
        return ERR_INVALID; /* answering replies would let two servers talk for ever */
    q.id = be16_at(bytes, 0);
    q.recursion = flags & FLAG_RD;
    q.checking_disabled = flags & FLAG_CD;
    if (flags & FLAG_OPCODE)
        err = ERR_UNSUPPORTED;
    else if ((flags & FLAG_TC) || be16_at(bytes, 4) != 1)
        err = ERR_PROTO;
    else
        err = take_question(&r, &q);
    if (err == 0) {
        for (int i = 1; i < 4; i++)
            r.left[i] = be16_at(bytes, 4 + 2 * (size_t)i);
        err = take_rest(&r, &q);
    }
    *out = q;
    return err;
}

static void add_edns(const struct dns_msg_query *q, unsigned rcode, struct buf *out)
{
    buf_add_char(out, 0);
    add_u16(out, DNS_TYPE_OPT);
    add_u16(out, OUR_UDP_BYTES);
    add_u32(out, (uint32_t)(rcode >> 4) << 24 | (q->dnssec_ok ? 0x8000 : 0));
    add_u16(out, 0);
}

void dns_msg_encode_query(const struct dns_msg_query *q, uint16_t id, const uint8_t *name,
                          struct buf *out)
{
    add_u16(out, id);
    add_u16(out, FLAG_RD | (q->checking_disabled ? FLAG_CD : 0));
    add_u16(out, 1);
    add_u32(out, 0);
    add_u16(out, q->has_edns);
    buf_add(out, name, q->wire_len);
    add_u16(out, q->type);
    add_u16(out, q->qclass);
    if (q->has_edns)
        add_edns(q, 0, out);
}

/* ---- answers ---- */

static void add_record_head(struct buf *out, size_t name_at, unsigned type, uint32_t ttl_s,
                            size_t len)
{
    add_u16(out, 0xc000 | (unsigned)name_at);
    add_u16(out, type);
    add_u16(out, CLASS_IN);
    add_u32(out, ttl_s);
    add_u16(out, (unsigned)len);
}

/* Returns how many records were written. */
static unsigned add_records(const struct dns_msg_query *q, const struct dns_msg_answer *a,
                            size_t start, struct buf *out)
{
    uint8_t family = q->type == DNS_TYPE_A      ? ADDR_IPV4
                     : q->type == DNS_TYPE_AAAA ? ADDR_IPV6
                                                : ADDR_NONE;
    size_t ip_len = family == ADDR_IPV4 ? 4 : 16, name_at = HEAD_BYTES;
    uint8_t wire[DNS_NAME_MAX_BYTES];
    size_t wire_len = dns_msg_name_to_wire(a->cname, wire);
    unsigned count = 0;

    if (wire_len) {
        add_record_head(out, name_at, DNS_TYPE_CNAME, a->ttl_s, wire_len);
        name_at = buf_len(out) - start;
        buf_add(out, wire, wire_len);
        count++;
    }
    for (size_t i = 0; i < a->count; i++) {
        const struct addr *addr = &a->addrs[(a->first + i) % a->count];

        if (family == ADDR_NONE || addr->family != family)
            continue;
        add_record_head(out, name_at, q->type, a->ttl_s, ip_len);
        buf_add(out, addr->ip, ip_len);
        count++;
    }
    return count;
}

static void patch_u16(struct buf *out, size_t at, unsigned v)
{
    out->p[out->start + at] = (char)(v >> 8);
    out->p[out->start + at + 1] = (char)v;
}

void dns_msg_encode_answer(const struct dns_msg_query *q, const struct dns_msg_answer *a,
                           size_t max_bytes, struct buf *out)
{
    unsigned flags = FLAG_QR | FLAG_RA | (q->recursion ? FLAG_RD : 0) |
                     (q->checking_disabled ? FLAG_CD : 0) | ((unsigned)a->rcode & FLAG_RCODE);
    size_t start = buf_len(out), records_at, edns_bytes = q->has_edns ? 11 : 0;
    unsigned count;

    if (a->rcode == DNS_RCODE_OK || a->rcode == DNS_RCODE_NO_NAME)
        flags |= FLAG_AA;
    add_u16(out, q->id);
    add_u16(out, flags);
    add_u16(out, q->wire_len ? 1 : 0);
    add_u32(out, 0);
    add_u16(out, q->has_edns);
    if (q->wire_len) {
        buf_add(out, q->wire, q->wire_len);
        add_u16(out, q->type);
        add_u16(out, q->qclass);
    }
    records_at = buf_len(out);
    count = a->rcode == DNS_RCODE_OK ? add_records(q, a, start, out) : 0;
    if (out->full)
        return;
    if (buf_len(out) - start + edns_bytes > max_bytes) {
        out->end = out->start + records_at;
        count = 0;
        patch_u16(out, start + 2, flags | FLAG_TC);
    }
    patch_u16(out, start + 6, count);
    if (q->has_edns)
        add_edns(q, (unsigned)a->rcode, out);
}

/* ---- replies ---- */

int dns_msg_reader_init(struct dns_msg_reader *r, struct str bytes)
{
    char text[DNS_NAME_TEXT_BYTES];
    size_t len;

    if (bytes.len < HEAD_BYTES || be16_at(bytes, 4) > 1)
        return ERR_INVALID;
    memset(r->starts, 0, sizeof(r->starts));
    r->bytes = bytes;
    r->at = HEAD_BYTES;
    for (size_t i = 0; i < 4; i++)
        r->left[i] = be16_at(bytes, 4 + 2 * i);
    if (r->left[0] == 0)
        return 0;
    if (take_name(r, &r->at, text, &len) != 0 || bytes.len - r->at < 4)
        return ERR_INVALID;
    r->at += 4;
    return 0;
}

int dns_msg_next(struct dns_msg_reader *r, struct dns_msg_record *out)
{
    int section = r->left[1] ? 1 : r->left[2] ? 2 : 3;
    size_t len;

    if (r->left[section] == 0)
        return ERR_NOT_FOUND;
    r->left[section]--;
    out->section = section;
    if (take_name(r, &r->at, out->text, &len) != 0 || r->bytes.len - r->at < 10)
        return ERR_INVALID;
    out->name = str_make(out->text, len);
    out->type = be16_at(r->bytes, r->at);
    out->rclass = be16_at(r->bytes, r->at + 2);
    out->ttl_at = r->at + 4;
    out->ttl_s = be32_at(r->bytes, r->at + 4);
    len = be16_at(r->bytes, r->at + 8);
    r->at += 10;
    if (r->bytes.len - r->at < len)
        return ERR_INVALID;
    out->data_at = r->at;
    out->data = str_make(r->bytes.p + r->at, len);
    r->at += len;
    return take_data(r, out);
}

static bool is_question(struct str bytes, const struct dns_msg_query *q, const uint8_t *name)
{
    size_t end = HEAD_BYTES + (size_t)q->wire_len;

    return be16_at(bytes, 4) == 1 && bytes.len >= end + 4 &&
           memcmp(bytes.p + HEAD_BYTES, name, q->wire_len) == 0 && be16_at(bytes, end) == q->type &&
           be16_at(bytes, end + 2) == q->qclass;
}

/* RFC 2308: a negative answer lives as long as the SOA's minimum says. */
static uint32_t soa_ttl(const struct dns_msg_record *record)
{
    uint32_t minimum = be32_at(record->data, record->data.len - 4); /* checked by take_data */

    return minimum < record->ttl_s ? minimum : record->ttl_s;
}

int dns_msg_decode_reply(struct str bytes, const struct dns_msg_query *q, uint16_t id,
                         const uint8_t *name, struct dns_msg_reply *out)
{
    uint32_t ttl_s = UINT32_MAX, negative_ttl_s = 0;
    struct dns_msg_record record;
    struct dns_msg_reader r;
    unsigned flags;
    int err;

    if (bytes.len < HEAD_BYTES || be16_at(bytes, 0) != id)
        return ERR_INVALID;
    flags = be16_at(bytes, 2);
    if (!(flags & FLAG_QR) || (flags & FLAG_OPCODE) || !is_question(bytes, q, name) ||
        dns_msg_reader_init(&r, bytes) != 0)
        return ERR_INVALID;
    while ((err = dns_msg_next(&r, &record)) == 0) {
        if (record.type == DNS_TYPE_OPT)
            continue;
        if (record.section == 1 && record.ttl_s < ttl_s)
            ttl_s = record.ttl_s > INT32_MAX ? 0 : record.ttl_s;
        if (record.section == 2 && record.type == DNS_TYPE_SOA)
            negative_ttl_s = soa_ttl(&record);
    }
    if (err != ERR_NOT_FOUND)
        return ERR_INVALID;
    out->rcode = (enum dns_rcode)(flags & FLAG_RCODE);
    out->truncated = flags & FLAG_TC;
    out->ttl_s = ttl_s != UINT32_MAX && out->rcode == DNS_RCODE_OK ? ttl_s : negative_ttl_s;
    if (out->truncated || (out->rcode != DNS_RCODE_OK && out->rcode != DNS_RCODE_NO_NAME))
        out->ttl_s = 0;
    return 0;
}

void dns_msg_readdress(char *bytes, size_t len, const struct dns_msg_query *q, uint32_t age_s)
{
    struct dns_msg_record record;
    struct dns_msg_reader r;

    bytes[0] = (char)(q->id >> 8);
    bytes[1] = (char)q->id;
    memcpy(bytes + HEAD_BYTES, q->wire, q->wire_len);
    if (age_s == 0 || dns_msg_reader_init(&r, str_make(bytes, len)) != 0)
        return;
    while (dns_msg_next(&r, &record) == 0) {
        uint32_t left = record.ttl_s > age_s ? record.ttl_s - age_s : 0;

        if (record.type == DNS_TYPE_OPT)
            continue;
        for (size_t i = 0; i < 4; i++)
            bytes[record.ttl_at + i] = (char)(left >> (24 - 8 * i));
    }
}
