/* Where mesh keeps things on this machine: the system's places for root, the user's for others. All
 * strings are in the arena. Any thread. */
#ifndef CMD_PATHS_H
#define CMD_PATHS_H

#include "core/base/arena.h"

/* /var/lib/mesh, or $XDG_STATE_HOME/mesh (~/.local/state/mesh); $MESH_STATE_DIR wins. */
const char *paths_state_dir(struct arena *a);
/* /run/mesh, or $XDG_RUNTIME_DIR/mesh; without one: state_dir/run. Sockets live here. */
const char *paths_runtime_dir(struct arena *a);
/* /etc/mesh, or $XDG_CONFIG_HOME/mesh (~/.config/mesh). */
const char *paths_config_dir(struct arena *a);
/* runtime_dir/api.sock, /xds.sock: control's sockets; $MESH_SERVER and $MESH_CONTROL win where they
 * are read (client, run). */
const char *paths_api_socket(struct arena *a);
const char *paths_xds_socket(struct arena *a);

/* mkdir -p with mode 0700. 0 or a libuv code. */
int paths_make(const char *dir);

#endif
