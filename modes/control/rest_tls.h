/* TLS on the API's TCP port: a certificate of the control's own CA for localhost, renewed in time.
 * kubectl sends its token over TLS only. Main thread. */
#ifndef MODES_CONTROL_REST_TLS_H
#define MODES_CONTROL_REST_TLS_H

struct rest;

/* Makes r->tls, and anew when a third of its life is over. */
int rest_tls_start(struct rest *r);
void rest_tls_stop(struct rest *r);

#endif
