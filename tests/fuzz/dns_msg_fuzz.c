/* DNS messages: as a query that is answered, and as a reply to a question of ours. */
#include "core/dns/dns_msg.h"

#include <stdlib.h>

#include "core/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(const struct dns_msg_query *q)
{
    struct addr addrs[2] = { { .family = ADDR_IPV4 }, { .family = ADDR_IPV6 } };
    struct dns_msg_answer a = { .addrs = addrs, .count = 2, .ttl_s = 30, .cname = STR("a.b") };
    struct dns_msg_record record;
    struct dns_msg_reply reply;
    struct dns_msg_reader r;
    struct buf out;

    buf_init(&out, 0);
    dns_msg_encode_answer(q, &a, q->udp_bytes, &out);
    if (dns_msg_reader_init(&r, buf_str(&out)) != 0)
        abort();
    while (dns_msg_next(&r, &record) == 0)
        ;
    if (r.at != buf_len(&out) ||
        dns_msg_decode_reply(buf_str(&out), q, q->id, q->wire, &reply) != 0)
        abort();
    buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_msg_query q;
    struct dns_msg_reply reply;
    struct buf copy;

    if (size > DNS_MSG_MAX_BYTES)
        return 0;
    if (dns_msg_decode_query(str_make(data, size), &q) == 0)
        answer(&q);
    if (size < 17 || data[12] > 4)
        return 0;
    /* A question that fits the message: its first label. */
    q = (struct dns_msg_query){ .id = (uint16_t)(data[0] << 8 | data[1]) };
    q.wire_len = (uint8_t)(data[12] + 2);
    if (12U + q.wire_len + 4 > size)
        return 0;
    memcpy(q.wire, data + 12, q.wire_len);
    q.type = (uint16_t)(data[12 + q.wire_len] << 8 | data[13 + q.wire_len]);
    q.qclass = (uint16_t)(data[14 + q.wire_len] << 8 | data[15 + q.wire_len]);
    if (dns_msg_decode_reply(str_make(data, size), &q, q.id, q.wire, &reply) == 0) {
        buf_init(&copy, 0);
        buf_add(&copy, data, size);
        dns_msg_readdress(copy.p, size, &q, 5);
        if (dns_msg_decode_reply(buf_str(&copy), &q, q.id, q.wire, &reply) != 0)
            abort(); /* an aged reply is a reply */
        buf_deinit(&copy);
    }
    return 0;
}
