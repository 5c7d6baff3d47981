/* One app with its sidecar in one process tree: what `mesh run` does. Main thread. */
#ifndef CMD_RUN_APP_H
#define CMD_RUN_APP_H

#include "modes/shared/role.h"

#define RUN_APP_HOST_PORTS_MAX 16

struct run_app_options {
    struct role_options *role; /* name, namespace, labels, app ports are set; the rest of where and
                                  how to listen is filled in here */
    char **argv;               /* NULL-terminated */
    const char *ip;            /* address that peers reach us at; NULL: one of loopback's */
    uint16_t host_ports[RUN_APP_HOST_PORTS_MAX]; /* app ports to show on 127.0.0.1, too */
    uint32_t host_port_count;
    bool no_capture;
    bool verbose;
};

/* Returns the app's exit code (128 + n: ended by signal n; 126, 127: not executable, not found), or
 * CLI_NO_MESH with a message. */
int run_app(const struct run_app_options *options);

#endif
