/* x-forwarded-client-cert: what the app behind us is told of the client's certificate, as Envoy
 * writes it. Internal to core/flow; loop thread.
 *
 *   By=SPIFFE-OF-US;Hash=SHA256;Cert="URL-ENCODED PEM";Subject="RFC 2253";URI=...;DNS=...
 *
 *   SANITIZE             removed                    FORWARD_ONLY          kept from mTLS clients
 *   SANITIZE_SET         replaced by ours           APPEND_FORWARD        ours behind theirs
 *   ALWAYS_FORWARD_ONLY  kept from everybody        no client certificate: removed but for this one
 *
 * The text is made once for a connection and snapshot, since a certificate in it is long. */
#ifndef CORE_FLOW_FLOW_XFCC_H
#define CORE_FLOW_FLOW_XFCC_H

#include "core/flow/flow_request.h"

/* On the request's head, which goes upstream. */
void flow_xfcc_apply(struct flow_request *r);

#endif
