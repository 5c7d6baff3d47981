/* What a command asks of control's API: one request after the other, each with a deadline.
 *
 *     where      --server, MESH_SERVER: unix:/path, http://host:port; else this machine's socket
 *     who        the socket's peer credentials; over TCP a token: --token, MESH_TOKEN, and towards
 *                loopback the file admin.token in the state folder
 *
 * The calls block: a command has nothing else to do. They run a loop of their own on core/http.
 * Messages about what went wrong, with what to do, are printed here, so that commands only pass the
 * exit code on. One thread. */
#ifndef CMD_CLIENT_H
#define CMD_CLIENT_H

#include "cmd/cli_args.h"
#include "core/base/buf.h"

struct client;

#define CLIENT_FLAGS                                                                               \
    { .name = "server",                                                                            \
      .kind = CLI_FLAG_TEXT,                                                                       \
      .value = "ADDRESS",                                                                          \
      .help = "Control's API: unix:/path or http://host:port [this machine's]" },                  \
        { .name = "token",                                                                         \
          .kind = CLI_FLAG_TEXT,                                                                   \
          .value = "TOKEN",                                                                        \
          .help = "For an API over TCP" },                                                         \
    {                                                                                              \
        .name = "request-timeout", .kind = CLI_FLAG_DURATION, .value = "TIME", .fallback = "30s",  \
        .help = "How long one answer may take"                                                     \
    }
#define CLIENT_NAMESPACE_FLAG                                                                      \
    {                                                                                              \
        .name = "namespace", .letter = 'n', .kind = CLI_FLAG_TEXT, .value = "NAMESPACE",           \
        .fallback = "default", .help = "Which namespace"                                           \
    }

struct client_reply {
    int status;      /* of HTTP */
    struct buf body; /* released by client_reply_deinit */
};

/* 0, or an exit code with a message. Nothing is connected yet. */
int client_open(struct client **out, const struct cli_args *args);
/* To any HTTP address ("127.0.0.1:15000", "http://..."), without a token: an admin port. */
int client_open_admin(struct client **out, const char *address, uint64_t timeout_ms);
void client_close(struct client *c); /* NULL is allowed */
const char *client_where(const struct client *c);
/* Adds to the deadline of the calls that follow: the server was asked to wait that long. */
void client_allow_ms(struct client *c, uint64_t ms);

/* Asks and takes the whole answer, whatever its status. 0; CLI_UNREACHABLE or CLI_TIMED_OUT with
 * a message. type and body may be empty. r is initialised here, also when it fails. */
int client_call(struct client *c, const char *method, const char *path, const char *type,
                struct str body, struct client_reply *r);
void client_reply_deinit(struct client_reply *r);
/* Prints what an answer of 400 or more says and returns the exit code for it. subject: what was
 * tried, "virtualservice \"x\"". */
int client_refused(const struct client_reply *r, const char *subject);
/* GET that stays open: line(arg, text) for every line that comes, until it returns false, or the
 * server ends it. 0 or an exit code with a message. */
int client_watch(struct client *c, const char *path, bool (*line)(void *arg, struct str text),
                 void *arg);

#endif
