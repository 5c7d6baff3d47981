/* A network namespace of one's own for an app, without root: what `mesh run` puts its child into.
 *
 *   parent (proxy)  <--- socket pair, SCM_RIGHTS --->  child
 *                                                        unshare user, net, mount namespaces
 *                                                        lo up, any address local, nat rules
 *        <- listening sockets (outbound TCP, DNS) ------ opens them inside
 *                                                        forks: helper | app
 *        -- "a socket, please" ->                        helper: socket() inside, sent back
 *        -- "go" ------------------------------------->  app: exec
 *
 * The helper lives as long as the app; the parent connects the sockets it gets to 127.0.0.1 inside.
 * The user is mapped to itself, so the app sees its own ids and has no capabilities. Blocking calls
 * of some milliseconds; for the start of `mesh run`, not for a proxy's loop, except
 * capture_netns_socket, which takes some 20 us. Main thread. */
#ifndef CORE_CAPTURE_CAPTURE_NETNS_H
#define CORE_CAPTURE_CAPTURE_NETNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct capture_netns {
    pid_t pid; /* of the app, once started */
    pid_t helper;
    int control;     /* our end towards the helper; -1: closed */
    int go;          /* our end towards the app before it runs */
    int outbound_fd; /* listening TCP socket inside; owned by the caller */
    int dns_udp_fd, dns_tcp_fd;
};

struct capture_netns_options {
    char *const *argv;       /* the command */
    char *const *envp;       /* NULL: ours */
    const char *resolv_conf; /* text that replaces /etc/resolv.conf inside; NULL: kept */
    const char *hosts;       /* likewise /etc/hosts */
    const char *cwd;         /* NULL: ours */
    uint8_t ip[4];           /* the app's own address, besides 127.0.0.1; zeros: 192.0.0.8 */
};

/* Makes the namespace and the sockets, and forks; the app does not run before capture_netns_go.
 * On failure 0 is not returned and why, a static text, says which step and what can be done. */
int capture_netns_open(const struct capture_netns_options *options, struct capture_netns *out,
                       const char **why);
/* Lets the app begin. Its exec's failure shows as exit code 126 or 127. */
int capture_netns_go(struct capture_netns *n);
/* A fresh TCP socket (IPv4) inside, not connected, non-blocking; owned by the caller. */
int capture_netns_socket(struct capture_netns *n, int *out);
/* Ends the helper; the namespace goes with its last process. */
void capture_netns_close(struct capture_netns *n);

/* Could it work here? 0, or an error with *why as above, found out by a child that tries. */
int capture_netns_probe(const char **why);

#endif
