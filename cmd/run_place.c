#include "cmd/run_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <uv.h>

#include "cmd/paths.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/net/sock.h"

#define SLOTS_MAX     100
#define ADDRESS_TRIES 16

/* 127.64.0.1 .. 127.255.255.254: below is loopback for the apps themselves. */
static void choose_ip(struct run_place *p, unsigned int attempt)
{
    uint64_t h = hash_content_seeded(p->state_dir, strlen(p->state_dir), attempt);

    p->ip = (struct addr){ .family = ADDR_IPV4 };
    p->ip.ip[0] = 127;
    p->ip.ip[1] = (uint8_t)(64 + h % 192);
    p->ip.ip[2] = (uint8_t)(h >> 16);
    p->ip.ip[3] = (uint8_t)(1 + (h >> 32) % 254);
}

static int lock_slot(const char *dir, int *out)
{
    char path[4096];
    int fd, err = paths_make(dir);

    if (err)
        return err;
    if ((size_t)snprintf(path, sizeof(path), "%s/lock", dir) >= sizeof(path))
        return UV_ENAMETOOLONG;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err = -errno;
        close(fd);
        return err;
    }
    *out = fd;
    return 0;
}

int run_place_take(struct run_place *p, const char *ns, const char *name, struct arena *a)
{
    const char *root = paths_state_dir(a);

    for (int slot = 0; slot < SLOTS_MAX; slot++) {
        int err;

        p->state_dir = arena_printf(a, "%s/workloads/%s/%s.%d", root, ns, name, slot).p;
        err = lock_slot(p->state_dir, &p->lock_fd);
        if (err == -EWOULDBLOCK)
            continue;
        if (err)
            return err;
        p->name = slot ? arena_printf(a, "%s-%d", name, slot).p : name;
        choose_ip(p, 0);
        return 0;
    }
    p->lock_fd = -1;
    return ERR_LIMIT;
}

void run_place_leave(struct run_place *p)
{
    sock_close(p->lock_fd);
    p->lock_fd = -1;
}

bool run_place_has_state(const char *state_dir)
{
    DIR *dir = opendir(state_dir);
    const struct dirent *e;
    bool found = false;

    while (dir && !found && (e = readdir(dir)) != NULL)
        found = e->d_name[0] != '.' && strcmp(e->d_name, "lock") != 0;
    if (dir)
        closedir(dir);
    return found;
}

/* Ports below 1024 are root's: then any other does, since peers are told which. */
static int listen_one(struct run_place *p, struct compile_app_port *port, bool same_port, int *fd)
{
    const struct sock_bind_options options = { .reuse_port = false };
    struct addr at = p->ip, bound;
    int err;

    at.port = same_port ? port->port : 0;
    err = sock_listen(&at, &options, 0, fd);
    if (err == UV_EACCES) {
        at.port = 0;
        err = sock_listen(&at, &options, 0, fd);
    }
    if (!err)
        err = sock_local(*fd, &bound);
    if (!err)
        port->reach_port = bound.port;
    return err;
}

static int listen_all(struct run_place *p, struct role_options *o, bool same_port, int *fds)
{
    for (uint32_t i = 0; i < o->app_port_count; i++) {
        int err = listen_one(p, &o->app_ports[i], same_port, &fds[i]);

        if (err) {
            while (i-- > 0)
                sock_close(fds[i]);
            return err;
        }
    }
    return 0;
}

int run_place_listen(struct run_place *p, struct role_options *o, bool same_port, bool fixed_ip,
                     struct arena *a)
{
    int fds[ROLE_LISTENERS_MAX], err = 0;

    for (unsigned int attempt = 0; attempt < ADDRESS_TRIES; attempt++) {
        if (!fixed_ip)
            choose_ip(p, attempt);
        err = listen_all(p, o, same_port, fds);
        if (err != UV_EADDRINUSE || fixed_ip)
            break;
    }
    if (err)
        return err;
    for (uint32_t i = 0; i < o->app_port_count; i++) {
        const struct compile_app_port *port = &o->app_ports[i];
        const char *name = arena_printf(a, "inbound-%u", port->port).p;
        struct compile_listener *l = &o->listeners[o->listener_count++];

        *l = (struct compile_listener){ .name = str_of(name),
                                        .bind = p->ip,
                                        .kind = MODEL_LISTENER_INBOUND_PORT,
                                        .app_port = port->port };
        l->bind.port = port->reach_port;
        o->fds[o->fd_count].name = name;
        o->fds[o->fd_count++].fd = fds[i];
    }
    return 0;
}
