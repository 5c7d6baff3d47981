/* Socket addresses and networks.
 *
 * An address is an IPv4 or IPv6 address with a port, or a Unix socket path. IPv4-mapped IPv6
 * addresses are turned into IPv4 when they come in, so that one rule on 10.0.0.0/8 means the same
 * on a dual-stack socket. Any thread. */
#ifndef CORE_NET_ADDR_H
#define CORE_NET_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/str.h"

enum addr_family { ADDR_NONE, ADDR_IPV4, ADDR_IPV6, ADDR_UNIX };

struct addr {
    uint8_t family;   /* enum addr_family */
    uint8_t path_len; /* ADDR_UNIX: bytes of path; a first byte 0 means the abstract namespace */
    uint16_t port;    /* host order; 0 for ADDR_UNIX */
    uint32_t scope;   /* IPv6 scope id */
    union {
        uint8_t ip[16]; /* network order; 4 bytes for IPv4 */
        char path[107];
    };
};

#define ADDR_TEXT_MAX 128

/* "10.0.0.1:80", "[::1]:80", "unix:/run/x.sock", "unix:@abstract"; a bare IP gets default_port.
 * ERR_INVALID on anything else (no names: see core/dns). */
int addr_parse(struct str text, uint16_t default_port, struct addr *out);
/* Only an IP, without port or brackets. */
int addr_parse_ip(struct str text, struct addr *out);
/* Writes the text form with port (or without: _ip) and returns out. */
const char *addr_format(const struct addr *a, char out[ADDR_TEXT_MAX]);
const char *addr_format_ip(const struct addr *a, char out[ADDR_TEXT_MAX]);

int addr_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct addr *out);
/* Returns the length to pass to bind or connect. */
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out);

bool addr_eq(const struct addr *a, const struct addr *b);    /* with port */
bool addr_eq_ip(const struct addr *a, const struct addr *b); /* without */
uint64_t addr_hash(const struct addr *a);                    /* with port; keyed */
bool addr_is_loopback(const struct addr *a);
bool addr_is_any(const struct addr *a);

/* A network: "10.0.0.0/8", "fd00::/8", or one address. */
struct addr_net {
    struct addr base;
    uint8_t bits;
};
int addr_net_parse(struct str text, struct addr_net *out);
bool addr_net_has(const struct addr_net *net, const struct addr *a);

#endif
