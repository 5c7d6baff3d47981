/* The challenges that this process answers: its own order's, and those that another gateway has put
 * into the folder. A line each: "http-01 NAME TOKEN KEY-AUTHORIZATION". Main thread. */
#ifndef MODES_SHARED_ACME_SERVE_H
#define MODES_SHARED_ACME_SERVE_H

#include "core/acme/acme_order.h"

struct acme_store;
struct flow_challenge;

struct acme_serve {
    struct flow_challenge *table; /* borrowed */
};

void acme_serve_init(struct acme_serve *s, struct flow_challenge *table);
/* Answers it from now on, and tells the other gateways. */
void acme_serve_add(struct acme_serve *s, const struct acme_challenge *c, struct acme_store *store);
/* Answers what the folder says. */
void acme_serve_read(struct acme_serve *s, struct acme_store *store);
/* Nothing is answered any more, here and elsewhere. */
void acme_serve_clear(struct acme_serve *s, struct acme_store *store);

#endif
