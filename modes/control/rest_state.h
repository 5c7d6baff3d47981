/* What the files of the API share. Internal to rest_*. */
#ifndef MODES_CONTROL_REST_STATE_H
#define MODES_CONTROL_REST_STATE_H

#include "core/base/list.h"
#include "core/http/http_server.h"
#include "core/loop/timer.h"
#include "core/net/addr.h"
#include "modes/control/control.h"
#include "modes/control/rest.h"

enum {
    REST_MAX_BODY_BYTES = 3 * 1024 * 1024,
    REST_MAX_ANSWER_BYTES = 64 * 1024 * 1024,
    REST_MAX_WATCHES = 1024,
    REST_MAX_CONNS = 1024,
    REST_TOKEN_BYTES = 64, /* "mesh-admin-" and 32 hex digits, and a zero */
};

struct rest_docs; /* rest_openapi.c */
struct listener;
struct tls_config;

struct rest {
    struct control *control;
    struct worker *worker;
    struct store *store;
    struct listener *unix_listener, *tcp_listener;
    struct tls_config *tls; /* NULL: TCP is plain only */
    struct timer renew;     /* of tls */
    struct addr addr;
    struct http_server_config http;
    struct list conns; /* struct rest_conn */
    struct list calls; /* struct rest_call */
    size_t conn_count, watch_count;
    char token[REST_TOKEN_BYTES];
    char token_path[512], kubeconfig_path[512];
    struct rest_docs *docs; /* OpenAPI, made when first asked for */
    char why[1024];
    int64_t started_ms;
    bool stopping;
};

#endif
