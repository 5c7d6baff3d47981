/* One HTTP request and its whole answer, over a pool: for tools, agents, REST clients, and what a
 * proxy asks on its own behalf. Requests that pass through use http_pool and http_stream. Loop
 * thread. */
#ifndef CORE_HTTP_HTTP_CLIENT_H
#define CORE_HTTP_HTTP_CLIENT_H

#include "core/http/http_pool.h"

struct http_client_call;

struct http_client_request {
    const char *method; /* NULL: GET */
    struct str scheme;  /* empty: http */
    struct str authority, path;
    const struct http_headers *headers; /* NULL: none */
    struct str body;
    const char *content_type; /* of the body; NULL: none */
    uint64_t timeout_ms;      /* for all of it; 0: none */
    size_t max_body_bytes;    /* of a collected answer; 0: 16 MiB */
    /* The body of an answer below 300 as it comes, instead of being collected: for watches. It may
     * cancel the call. NULL: collect. */
    void (*on_piece)(void *arg, struct str piece);
};

/* All is borrowed and valid during the callback. */
struct http_client_answer {
    int err; /* 0, or why there is no (whole) answer: ERR_TIMEOUT, ERR_LIMIT, a connect failure ...
              */
    const struct http_msg *head; /* NULL when none came */
    struct str body;
    const struct http_headers *trailers; /* NULL when none came */
};
typedef void (*http_client_fn)(void *arg, const struct http_client_answer *answer);

/* Copies what request points to. done runs once, never inside this call, unless cancelled. w is the
 * pool's worker. */
struct http_client_call *http_client_send(struct worker *w, struct http_pool *pool,
                                          const struct http_client_request *request,
                                          http_client_fn done, void *arg);
/* No callback follows; call is gone. */
void http_client_cancel(struct http_client_call *call);

#endif
