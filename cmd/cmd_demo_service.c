#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/cli_args.h"
#include "cmd/demo_service.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/http/http_server.h"
#include "core/loop/sigwatch.h"
#include "core/loop/worker.h"
#include "core/net/listener.h"

/* clang-format off */
static const struct cli_flag flags[] = {
    { "version", 0, CLI_FLAG_TEXT, "VERSION", "v1", "Version it plays", "v1|v2|v3" },
    { "listen", 0, CLI_FLAG_TEXT, "ADDR", "0.0.0.0:9080", "Where to listen", NULL },
};
/* clang-format on */

struct server {
    struct worker worker;
    struct demo_service service;
    struct listener *listener;
    struct http_server_config http;
    struct sigwatch term, intr;
};

static void on_request(void *arg, struct http_server_conn *conn, struct http_stream *hs,
                       struct http_msg *head, bool end)
{
    struct server *s = arg;

    (void)conn;
    (void)end;
    demo_service_answer(&s->service, hs, head);
}

static const struct http_server_handler handler = { .on_request = on_request };

static void on_accept(void *arg, struct stream *stream)
{
    struct server *s = arg;
    struct http_server_conn *conn;

    (void)http_server_conn_new(stream, &s->http, &handler, s, &conn);
}

/* It keeps nothing, so it ends at once; the sidecar has told its callers. */
static void on_signal(void *arg, int signo)
{
    struct server *s = arg;

    (void)signo;
    worker_quit(&s->worker);
}

/* "http://127.0.0.1:4711", as programs are told about a proxy; none otherwise. */
static struct addr proxy_from_environment(void)
{
    struct str text = str_of(getenv("http_proxy"));
    struct addr proxy = { 0 };

    if (text.p && str_starts(text, STR("http://")))
        (void)addr_parse(str_skip(text, 7), 80, &proxy);
    return proxy;
}

static int serve(struct server *s, const struct addr *at)
{
    const struct listener_options options = { .fd = -1 };
    struct addr proxy = proxy_from_environment();
    int err = listener_open(&s->worker, at, &options, on_accept, s, &s->listener);
    char text[ADDR_TEXT_MAX];

    if (err)
        return cli_fail(CLI_FAILED, "%s: %s", addr_format(at, text), error_text(err));
    s->service.worker = &s->worker;
    s->service.client = demo_client_new(&s->worker, &proxy);
    if (!s->service.client)
        return cli_fail(CLI_FAILED, "no resolver");
    sigwatch_open(&s->term, &s->worker, SIGTERM, on_signal, s);
    sigwatch_open(&s->intr, &s->worker, SIGINT, on_signal, s);
    printf("%s %s listens on %s\n", s->service.name, s->service.version,
           addr_format(listener_addr(s->listener), text));
    fflush(stdout);
    worker_run(&s->worker);
    return CLI_OK;
}

static int run(const struct cli_args *args)
{
    struct server *s;
    struct addr at;
    int code;

    if (args->word_count != 1 || !demo_service_is_name(args->words[0]))
        return cli_fail(CLI_USAGE, "which: productpage, details, reviews, ratings?");
    if (addr_parse(str_of(cli_args_text(args, "listen")), 0, &at) != 0)
        return cli_fail(CLI_USAGE, "--listen: \"%s\" is no address", cli_args_text(args, "listen"));
    sigwatch_ignore_pipe();
    s = mem_alloc0(1, sizeof(*s));
    s->service.name = args->words[0];
    s->service.version = cli_args_text(args, "version");
    if (worker_init(&s->worker, 0, 1) != 0) {
        mem_free(s);
        return cli_fail(CLI_FAILED, "no event loop");
    }
    code = serve(s, &at);
    exit(code); /* what is in motion ends with the process */
}

extern const struct cli_command cmd_demo_service;
const struct cli_command cmd_demo_service = {
    .name = "demo-service",
    .group = "Run",
    .arguments = "NAME",
    .summary = "One of the services of `mesh demo`",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = 1,
    .run = run,
    .hidden = true,
};
