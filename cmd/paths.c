#include "cmd/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"

static const char *env(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static const char *home(void)
{
    const char *h = env("HOME");

    return h ? h : "/tmp";
}

const char *paths_state_dir(struct arena *a)
{
    const char *dir = env("MESH_STATE_DIR");

    if (dir)
        return dir;
    dir = env("XDG_STATE_HOME");
    if (dir)
        return arena_printf(a, "%s/mesh", dir).p;
    if (geteuid() == 0)
        return "/var/lib/mesh";
    return arena_printf(a, "%s/.local/state/mesh", home()).p;
}

const char *paths_runtime_dir(struct arena *a)
{
    const char *dir = env("MESH_RUNTIME_DIR");

    if (dir)
        return dir;
    dir = env("XDG_RUNTIME_DIR");
    if (dir)
        return arena_printf(a, "%s/mesh", dir).p;
    if (geteuid() == 0 && !env("MESH_STATE_DIR") && !env("XDG_STATE_HOME"))
        return "/run/mesh";
    return arena_printf(a, "%s/run", paths_state_dir(a)).p;
}

const char *paths_config_dir(struct arena *a)
{
    const char *dir = env("XDG_CONFIG_HOME");

    if (dir)
        return arena_printf(a, "%s/mesh", dir).p;
    if (geteuid() == 0)
        return "/etc/mesh";
    return arena_printf(a, "%s/.config/mesh", home()).p;
}

const char *paths_api_socket(struct arena *a)
{
    return arena_printf(a, "%s/api.sock", paths_runtime_dir(a)).p;
}

const char *paths_xds_socket(struct arena *a)
{
    return arena_printf(a, "%s/xds.sock", paths_runtime_dir(a)).p;
}

int paths_make(const char *dir)
{
    char *path = mem_strdup(dir);
    int err = 0;

    for (char *p = path + 1; !err; p++) {
        char was = *p;

        if (was != '/' && was != '\0')
            continue;
        *p = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            err = -errno;
        *p = was;
        if (was == '\0')
            break;
    }
    mem_free(path);
    return err;
}
