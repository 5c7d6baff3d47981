/* Where a workload lives on this machine: a name, an address and a folder of its own.
 *
 * Instances of one workload take the first free slot of NS/NAME (a lock file tells), so that one
 * that is started again finds its certificate, its last configuration and its address:
 *
 *     STATE/workloads/default/reviews-v1.0/lock      127.100.7.31   "reviews-v1"
 *     STATE/workloads/default/reviews-v1.1/lock      127.81.250.4   "reviews-v1-1"
 *
 * The address is loopback's, from 127.64.0.0 to 127.255.255.255, and follows from the slot's
 * folder; peers connect to it on the app's own ports. Main thread. */
#ifndef CMD_RUN_PLACE_H
#define CMD_RUN_PLACE_H

#include "core/base/arena.h"
#include "modes/shared/role.h"

struct run_place {
    const char *name; /* unique among the running instances */
    const char *state_dir;
    struct addr ip;
    int lock_fd;
};

/* 0, or a libuv code (the folder cannot be made; ERR_LIMIT: 100 instances run). Text is in a. */
int run_place_take(struct run_place *p, const char *ns, const char *name, struct arena *a);
void run_place_leave(struct run_place *p);

/* Whether an earlier run left something in the folder. */
bool run_place_has_state(const char *state_dir);

/* Opens a listener for each of o's app ports on the place's address and adds them and their
 * descriptors to o. same_port: on the app's own number where that is possible, else on any. Unless
 * fixed_ip, another address is taken when one of the ports is in use there. A libuv code when
 * nothing could be had. */
int run_place_listen(struct run_place *p, struct role_options *o, bool same_port, bool fixed_ip,
                     struct arena *a);

#endif
