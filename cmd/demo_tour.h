/* `mesh demo` in motion: starts a mesh of its own and the shop's services in it, asks for pages,
 * and checks each answer. Main thread.
 *
 *     control, gateway ──┐
 *     workloads ─────────┼──► first page ──► traffic ──► stop
 *     objects ───────────┘
 */
#ifndef CMD_DEMO_TOUR_H
#define CMD_DEMO_TOUR_H

#include <stdbool.h>
#include <stdint.h>

struct demo_tour_options {
    uint16_t http_port; /* tried first; another one when it is taken */
    uint64_t seconds;   /* 0: until a signal */
    bool no_capture;
};

/* An exit code: CLI_OK when every page was right. */
int demo_tour_run(const struct demo_tour_options *options);

#endif
