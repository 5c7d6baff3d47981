/* A whole mesh's centre in one process: a control plane and a gateway, on the caller's loop.
 *
 *     start ──► control (store, CA, API, ADS) ──► gateway, which connects to it by its Unix socket
 *     stop  ──► gateway drains ──► control ──► done
 *
 * Main thread. */
#ifndef CMD_UP_PLANE_H
#define CMD_UP_PLANE_H

#include "modes/control/control.h"
#include "modes/shared/role.h"

struct up_plane; /* opaque */

struct up_plane_options {
    const char *state_dir;          /* control's and the gateway's */
    const char *runtime_dir;        /* api.sock, xds.sock */
    struct addr api, xds;           /* ADDR_NONE: only the sockets */
    struct addr bind;               /* of the gateway's ports */
    uint16_t http_port, https_port; /* where 80 and 443 of Gateways are */
    uint32_t workers;               /* of the gateway */
    const char *access_log;         /* of the gateway; NULL: none */
    struct addr admin;              /* of the gateway; ADDR_NONE: none */
    /* The gateway has its certificate and its configuration; once. */
    void (*on_ready)(void *arg, struct up_plane *plane);
    void *on_ready_arg;
};

/* 0, or an exit code with a message on standard error. */
int up_plane_start(struct worker *w, const struct up_plane_options *options, struct up_plane **out);
/* done(arg) once all has ended; then up_plane_free. */
void up_plane_stop(struct up_plane *p, void (*done)(void *arg), void *arg);
void up_plane_free(struct up_plane *p); /* NULL is allowed */

struct control *up_plane_control(struct up_plane *p);
struct runtime *up_plane_gateway(struct up_plane *p);

/* Keeps others from running with the same state: a locked file. *out is closed to let go. An exit
 * code with a message when somebody has it. */
int up_plane_lock(const char *state_dir, int *out);

#endif
