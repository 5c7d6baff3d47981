/* PROXY protocol headers, version 1 (text) and 2 (binary): who a connection came from, told by the
 * balancer in front. Any thread.
 *
 *   v1: PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\r\n          at most 107 bytes
 *   v2: 0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A | ver+cmd | family | length (2) | addresses | TLVs */
#ifndef CORE_NET_PROXY_HEADER_H
#define CORE_NET_PROXY_HEADER_H

#include <stdbool.h>

#include "core/net/addr.h"

/* Longest header taken: TLVs beyond that are nobody's honest need. */
#define PROXY_HEADER_MAX_BYTES ((size_t)4096)
/* Longest header written. */
#define PROXY_HEADER_OUT_BYTES ((size_t)256)

struct proxy_header {
    int version;          /* 1 or 2 */
    bool is_local;        /* sent for itself (LOCAL, UNKNOWN): use the socket's addresses */
    struct addr src, dst; /* ADDR_NONE when is_local */
    struct str tlvs;      /* v2, raw; borrowed from the input */
};

/* 0 and how many bytes it took; ERR_AGAIN: not whole yet; ERR_INVALID: not a header, or a broken
 * one. */
int proxy_header_decode(struct str bytes, struct proxy_header *out, size_t *used);
/* The value of the first TLV of that type; false when there is none. */
bool proxy_header_find_tlv(const struct proxy_header *h, uint8_t type, struct str *value);

/* Returns the length. src or dst without IP, or of two families: UNKNOWN / LOCAL. */
size_t proxy_header_encode(int version, const struct addr *src, const struct addr *dst,
                           uint8_t out[PROXY_HEADER_OUT_BYTES]);

#endif
