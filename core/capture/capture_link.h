/* The few things a new network namespace needs, straight over netlink: no `ip`, no `nft`, because
 * the capabilities of a user namespace vanish at exec. The calling thread's namespace is meant.
 * Blocking; for a helper process before it serves. All return 0 or a negative errno. */
#ifndef CORE_CAPTURE_CAPTURE_LINK_H
#define CORE_CAPTURE_CAPTURE_LINK_H

#include <stdint.h>

/* Sets the loopback interface up. */
int capture_link_up(void);
/* Gives lo one more IPv4 address. With 127.0.0.1 alone getaddrinfo takes the machine for one
 * without IPv4 and finds nothing (AI_ADDRCONFIG). */
int capture_link_address(const uint8_t ip[4]);
/* Makes every IPv4 (family 4) or IPv6 (6) address local to lo, so that connections to anywhere are
 * made inside the namespace ("AnyIP": ip route add local default dev lo). */
int capture_link_any_ip(int family);

struct capture_rules {
    uint16_t tcp_port;  /* outbound TCP goes here */
    uint16_t dns_port;  /* UDP and TCP to port 53 go here; 0: not captured */
    uint32_t skip_mark; /* sockets with this mark are left alone; 0: none */
};

/* The nat rules of the output hook, in a table of our own called "mesh":
 *
 *     meta mark SKIP return
 *     udp dport 53 redirect to :DNS
 *     tcp dport 53 redirect to :DNS
 *     ip daddr 127.0.0.0/10 return         (ip6: ::1)
 *     meta l4proto tcp redirect to :TCP
 *
 * for IPv4 and IPv6. -EOPNOTSUPP or -ENOENT: the kernel has no nf_tables nat. */
int capture_link_redirect(const struct capture_rules *rules);
/* Takes the table away again (for who set it up in a namespace that lives on). */
int capture_link_clear(void);

#endif
