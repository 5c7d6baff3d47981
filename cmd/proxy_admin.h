/* The admin pages of a proxy, found by address or by the proxy's name. */
#ifndef CMD_PROXY_ADMIN_H
#define CMD_PROXY_ADMIN_H

#include "cmd/remote.h"

#define PROXY_ADMIN_FLAG                                                                           \
    {                                                                                              \
        .name = "admin", .kind = CLI_FLAG_TEXT, .value = "ADDRESS",                                \
        .help = "The proxy's admin pages, as 127.0.0.1:15000 or unix:/path"                        \
    }

/* By --admin; else by name, as control was told; else 127.0.0.1:15000. 0 or an exit code with
 * a message. name may be NULL. */
int proxy_admin_open(struct client **out, const struct cli_args *args, const char *name);
/* The JSON document at path. 0 or an exit code with a message. */
int proxy_admin_get(struct client *c, const char *path, struct arena *a, struct node **out);
/* Every line of JSON at path: line(arg, document, its text); the document is valid during the
 * call. */
int proxy_admin_lines(struct client *c, const char *path,
                      void (*line)(void *arg, const struct node *n, struct str text), void *arg);

/* The entry of /mesh/v1/proxies that a person means by "reviews-v1", "reviews-v1.default" or the
 * node's id; NULL: none. */
const struct node *proxy_admin_find(const struct node *proxies, struct str name);
/* The list of proxies, in a. */
int proxy_admin_proxies(struct client *c, struct arena *a, const struct node **out);

#endif
