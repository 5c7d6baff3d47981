/* DNS messages (RFC 1035, EDNS0 of RFC 6891): queries read, answers built, replies of other servers
 * checked. Strict: what breaks the format is refused as a whole. Any thread.
 *
 *   id (2) | QR opcode AA TC RD | RA Z AD CD rcode | counts of question, answer, authority,
 * additional question: name | type | class        record: name | type | class | TTL (4) | length |
 * data
 *
 * A name is a run of labels behind a length byte each, ended by 0 or by a pointer (11xxxxxx x) to
 * an earlier name: to a place where a name of this message, or the rest of one, begins. */
#ifndef CORE_DNS_DNS_MSG_H
#define CORE_DNS_DNS_MSG_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/net/addr.h"

enum dns_type {
    DNS_TYPE_A = 1,
    DNS_TYPE_NS = 2,
    DNS_TYPE_CNAME = 5,
    DNS_TYPE_SOA = 6,
    DNS_TYPE_PTR = 12,
    DNS_TYPE_MX = 15,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_SRV = 33,
    DNS_TYPE_DNAME = 39,
    DNS_TYPE_OPT = 41,
};

enum dns_rcode {
    DNS_RCODE_OK = 0,
    DNS_RCODE_FORMAT = 1,
    DNS_RCODE_SERVER = 2,
    DNS_RCODE_NO_NAME = 3,
    DNS_RCODE_NOT_IMPLEMENTED = 4,
    DNS_RCODE_REFUSED = 5,
    DNS_RCODE_VERSION = 16,
};

#define DNS_MSG_MAX_BYTES   ((size_t)65535)
#define DNS_NAME_MAX_BYTES  255                          /* on the wire */
#define DNS_NAME_TEXT_BYTES (DNS_NAME_MAX_BYTES * 4 + 1) /* odd bytes are \DDD */
#define DNS_UDP_BYTES       512                          /* what a client without EDNS takes */

struct dns_msg_query {
    uint16_t id, type, qclass;
    bool recursion, checking_disabled;
    bool has_edns, dnssec_ok;
    uint16_t udp_bytes;               /* how much the asker takes by UDP, at least 512 */
    uint8_t wire[DNS_NAME_MAX_BYTES]; /* the name as asked */
    uint8_t wire_len;
    uint8_t name_len;                  /* 0: the root, or a name with bytes that no host name has */
    char name[DNS_NAME_MAX_BYTES + 1]; /* lower case, without the last dot, terminated */
};

/* 0; ERR_INVALID: not even an answer is due; else *out holds what an error answer needs: ERR_PROTO
 * (DNS_RCODE_FORMAT), ERR_UNSUPPORTED (DNS_RCODE_NOT_IMPLEMENTED), ERR_LIMIT (DNS_RCODE_VERSION).
 */
int dns_msg_decode_query(struct str bytes, struct dns_msg_query *out);

struct dns_msg_answer {
    enum dns_rcode rcode;
    uint32_t ttl_s;
    struct str cname;         /* what the name is another name of; empty: nothing */
    const struct addr *addrs; /* both families; those of the asked type are told */
    size_t count;
    size_t first; /* where in addrs to begin, so that answers take turns */
};

/* Writes the answer to out, with TC and without records when it is longer than max_bytes. */
void dns_msg_encode_answer(const struct dns_msg_query *q, const struct dns_msg_answer *a,
                           size_t max_bytes, struct buf *out);

/* A query of our own for the same: with this id, and the case of letters in name (wire_len bytes,
 * see dns_msg_mix_case) instead of q's. */
void dns_msg_encode_query(const struct dns_msg_query *q, uint16_t id, const uint8_t *name,
                          struct buf *out);
/* The name with letters' case chosen by the bits of random: a reply must repeat it, which an
 * attacker who does not see the query cannot. */
void dns_msg_mix_case(const struct dns_msg_query *q, uint64_t random, uint8_t *name);

struct dns_msg_reply {
    enum dns_rcode rcode;
    bool truncated;
    uint32_t ttl_s; /* how long it may be kept; 0: not at all */
};

/* Whether bytes are a well-formed reply to dns_msg_encode_query(q, id, name): 0 or ERR_INVALID. */
int dns_msg_decode_reply(struct str bytes, const struct dns_msg_query *q, uint16_t id,
                         const uint8_t *name, struct dns_msg_reply *out);
/* Makes a checked reply one to q: its id and its name's case, and TTLs age_s smaller. */
void dns_msg_readdress(char *bytes, size_t len, const struct dns_msg_query *q, uint32_t age_s);

/* Records one by one. */
struct dns_msg_record {
    uint16_t type, rclass;
    uint32_t ttl_s;
    size_t ttl_at;   /* offset of the TTL in the message */
    struct str name; /* text form, in text */
    struct str data;
    size_t data_at;
    int section; /* 1 answer, 2 authority, 3 additional */
    char text[DNS_NAME_TEXT_BYTES];
};
struct dns_msg_reader {
    struct str bytes;
    size_t at;
    uint16_t left[4];           /* records of each section; [0]: questions */
    uint8_t starts[0x4000 / 8]; /* bits: where pointers may lead */
};
/* ERR_INVALID: no message with at most one question. */
int dns_msg_reader_init(struct dns_msg_reader *r, struct str bytes);
/* 0; ERR_NOT_FOUND at the end; ERR_INVALID. */
int dns_msg_next(struct dns_msg_reader *r, struct dns_msg_record *out);
/* Turns "a.b.c" into its wire form; 0 when it is no name. */
size_t dns_msg_name_to_wire(struct str name, uint8_t out[DNS_NAME_MAX_BYTES]);

#endif
