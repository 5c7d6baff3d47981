#include "cmd/run_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"

#define CONF_MAX ((size_t)8192)

/* The sidecar is the name server; search domains and options stay what they are here. */
static char *inner_resolv_conf(void)
{
    FILE *in = fopen("/etc/resolv.conf", "re");
    char line[1024];
    struct buf out;

    buf_init(&out, CONF_MAX);
    buf_printf(&out, "nameserver 127.0.0.1\n");
    while (in && fgets(line, sizeof(line), in)) {
        if (strncmp(line, "search", 6) == 0 || strncmp(line, "domain", 6) == 0 ||
            strncmp(line, "options", 7) == 0)
            buf_add_str(&out, str_of(line));
    }
    if (in)
        fclose(in);
    return buf_take_strz(&out);
}

static int open_captured(struct run_child *c, const struct run_child_options *o, const char **why)
{
    char *conf = inner_resolv_conf();
    struct capture_netns_options netns = { .argv = o->argv, .resolv_conf = conf };
    int err;

    memcpy(netns.ip, o->ip, sizeof(netns.ip));
    err = capture_netns_open(&netns, &c->netns, why);

    mem_free(conf);
    if (err)
        return err;
    c->captured = true;
    c->pid = c->netns.pid;
    return 0;
}

static void plain_child(char **argv, int go, pid_t parent)
{
    char port[16] = { 0 }, proxy[64];

    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || read(go, port, sizeof(port) - 1) <= 0)
        _exit(125);
    (void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%s", port);
    (void)setenv("http_proxy", proxy, 1);
    (void)setenv("HTTP_PROXY", proxy, 1);
    (void)setenv("no_proxy", "localhost,127.0.0.1", 1);
    (void)setenv("NO_PROXY", "localhost,127.0.0.1", 1);
    execvp(argv[0], argv);
    fprintf(stderr, "mesh: %s: %s\n", argv[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

static int open_plain(struct run_child *c, char **argv, const char **why)
{
    pid_t parent = getpid();
    int go[2], err;

    *why = "no process could be made";
    if (pipe2(go, O_CLOEXEC) != 0)
        return -errno;
    c->pid = fork();
    if (c->pid == 0) {
        close(go[1]);
        plain_child(argv, go[0], parent);
    }
    err = c->pid < 0 ? -errno : 0;
    close(go[0]);
    if (err)
        close(go[1]);
    else
        c->go = go[1];
    return err;
}

int run_child_open(struct run_child *c, const struct run_child_options *options, const char **why)
{
    *c = (struct run_child){ .pid = -1, .go = -1, .netns = { .control = -1, .go = -1 } };
    return options->capture ? open_captured(c, options, why) : open_plain(c, options->argv, why);
}

int run_child_go(struct run_child *c, uint16_t proxy_port)
{
    char text[16];
    int len, err = 0;

    if (c->captured)
        return capture_netns_go(&c->netns);
    len = snprintf(text, sizeof(text), "%u", proxy_port);
    if (write(c->go, text, (size_t)len) != len)
        err = -EPIPE;
    close(c->go);
    c->go = -1;
    return err;
}

void run_child_close(struct run_child *c)
{
    if (c->pid > 0) {
        (void)kill(c->pid, SIGKILL);
        (void)waitpid(c->pid, NULL, 0);
        c->pid = -1;
    }
    if (c->go >= 0)
        close(c->go);
    c->go = -1;
    if (c->captured)
        capture_netns_close(&c->netns);
}
