/* One request to the API, from its head to its answer.
 *
 *     head ─► body collected ─► handler ─┬─► answer ─► gone
 *                                        ├─► a write waits for the disk ─► answer ─► gone
 *                                        └─► a watch: events until an end ─► gone
 *
 * The call owns its arena, in which the answer is built. When the client goes away while a write
 * waits, the call stays until the write is done. Main thread. */
#ifndef MODES_CONTROL_REST_CALL_H
#define MODES_CONTROL_REST_CALL_H

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/list.h"
#include "core/http/http_stream.h"
#include "core/text/node.h"
#include "modes/control/rest_state.h"

struct api_kind;
struct diag;

enum { REST_CALL_MAX_WARNINGS = 20 };

struct rest_call {
    struct list link;
    struct rest *rest;
    struct http_stream *hs; /* NULL: the client is gone */
    struct arena arena;
    uint8_t method; /* enum http_method */
    struct str path, query;
    struct str accept, content_type, user_agent, bearer;
    struct str user; /* who asks, for history; empty: nobody known */
    bool is_admin;   /* may do everything */
    bool local;      /* by the Unix socket */
    struct buf body;
    uint64_t body_bytes; /* also of what was not kept */
    bool waits;          /* a write, or something else, will answer later */
    struct str warnings[REST_CALL_MAX_WARNINGS];
    size_t warning_count;
    struct str proxies; /* value of the header mesh-proxies, or empty */

    /* What the path says; see rest_path.h. */
    const struct api_kind *kind;
    struct str group, version, ns, name, sub;

    /* For answers that are streams: the client is gone; it reads again. The handler calls
     * rest_call_end in on_gone. */
    void (*on_gone)(struct rest_call *call);
    void (*on_writable)(struct rest_call *call);
    void *handler; /* the stream's own state */
};

/* A request's head is there. Takes hs. */
void rest_call_start(struct rest *r, struct http_stream *hs, struct http_msg *head, bool end,
                     bool local);
/* Without an answer: the stream is reset when it was not finished. */
void rest_call_end(struct rest_call *call);

/* The value of a query parameter, percent-decoded; p == NULL: absent. */
struct str rest_call_param(struct rest_call *call, const char *name);
bool rest_call_has_flag(struct rest_call *call, const char *name); /* "true" or "1" */
/* The body as nodes: JSON, or YAML where the content type says so. False: an answer was given. */
bool rest_call_read_body(struct rest_call *call, struct node **out);
/* A text for the header warning; kept in the call. */
void rest_call_warn(struct rest_call *call, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- answers: each ends the call ---- */

void rest_call_reply(struct rest_call *call, int status, const char *type, struct str body);
/* As JSON, or YAML when the client prefers that. */
void rest_call_reply_node(struct rest_call *call, int status, const struct node *n);
/* A Status of failure. reason: "NotFound". */
void rest_call_fail(struct rest_call *call, int status, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same with details (may be NULL): a map in the call's arena. */
void rest_call_fail_details(struct rest_call *call, int status, const char *reason,
                            struct str message, struct node *details);
/* 422 with a cause for each error of d; unknown fields read as kubectl's users know them. */
void rest_call_fail_diag(struct rest_call *call, struct str name, const struct diag *d);
/* 422 about one field of the object or parameter of the request. */
void rest_call_fail_field(struct rest_call *call, const char *field, struct str message);
/* For an error code of the store or a reader. */
void rest_call_fail_code(struct rest_call *call, int code, const char *text);
void rest_call_fail_not_found(struct rest_call *call);
/* Only the head, for a stream; 0, or an error, then on_gone follows. */
int rest_call_begin_stream(struct rest_call *call, const char *type);

/* A Status as a node, for streams. */
struct node *rest_call_status(struct arena *a, int status, const char *reason, struct str message,
                              struct node *details);
/* "virtualservices.networking.istio.io" of the call's kind; in its arena. */
struct str rest_call_resource(struct rest_call *call);
/* {name, group, kind} of what the call is about. */
struct node *rest_call_details(struct rest_call *call, struct str name);

#endif
