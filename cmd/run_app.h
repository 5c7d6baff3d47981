/* One app with its sidecar in one process tree: what `mesh run` does. Main thread. */
#ifndef CMD_RUN_APP_H
#define CMD_RUN_APP_H

#include "modes/shared/role.h"

struct run_app_options {
    struct role_options *role; /* listeners, descriptors and dialling are filled in here */
    char **argv;               /* NULL-terminated */
    bool no_capture;
    bool verbose;
};

/* Returns the app's exit code (128 + n: ended by signal n; 126, 127: not executable, not found), or
 * CLI_NO_MESH with a message. */
int run_app(const struct run_app_options *options);

#endif
