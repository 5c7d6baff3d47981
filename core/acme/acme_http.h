/* Requests to an ACME server (RFC 8555): https only, the server verified, one at a time. Loop
 * thread. */
#ifndef CORE_ACME_ACME_HTTP_H
#define CORE_ACME_ACME_HTTP_H

#include <stdint.h>

#include "core/base/str.h"

struct acme_http;
struct dns_resolver;
struct pki_trust;
struct worker;

/* Borrowed for the callback. */
struct acme_http_answer {
    int err; /* 0, or why there is no answer; the rest is empty then */
    uint16_t status;
    struct str body, nonce, location;
    uint32_t retry_after_s; /* 0: none was said, or a date */
};
typedef void (*acme_http_fn)(void *arg, const struct acme_http_answer *answer);

/* trust: a reference is taken; dns is borrowed. */
struct acme_http *acme_http_new(struct worker *w, struct dns_resolver *dns,
                                struct pki_trust *trust);
void acme_http_free(struct acme_http *h); /* nothing is called back; NULL is allowed */

/* body is signed JSON, empty for GET and HEAD. done runs once, later. ERR_INVALID: no https URL;
 * ERR_EXISTS: the last one is not done. */
int acme_http_send(struct acme_http *h, const char *method, struct str url, struct str body,
                   acme_http_fn done, void *arg);

#endif
