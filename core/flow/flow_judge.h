/* What the first bytes of a connection lead to. Pure decisions over what the snapshot says of the
 * port; nothing is read or kept. Internal to core/flow; any thread.
 *
 * Inbound, PERMISSIVE (STRICT: everything but TLS is refused; DISABLE: no TLS is ended):
 *
 *   first bytes                        | auto port  | HTTP port  | TCP, TLS, HTTPS port
 *   TLS offering istio-http/x, -h2     | mTLS, HTTP | mTLS, HTTP | mTLS, bytes
 *   TLS offering istio, peer-exchange  | mTLS, bytes| mTLS, HTTP | mTLS, bytes
 *   TLS choosing mesh-h2               | the hop: requests as such, bytes in CONNECT
 *   other TLS                          | bytes      | refused    | bytes
 *   HTTP/1.1, h2c preface              | HTTP       | HTTP       | bytes
 *   anything else, HTTP/1.0            | bytes      | HTTP (400) | bytes
 */
#ifndef CORE_FLOW_FLOW_JUDGE_H
#define CORE_FLOW_FLOW_JUDGE_H

#include "core/model/model.h"
#include "core/net/sniff.h"

enum flow_verdict {
    FLOW_VERDICT_MORE, /* the next bytes tell */
    FLOW_VERDICT_HTTP,
    FLOW_VERDICT_TCP,
    FLOW_VERDICT_TLS, /* ends here: mesh mTLS, or a gateway server's */
    FLOW_VERDICT_REFUSE,
};

bool flow_judge_is_http(uint8_t protocol); /* enum model_protocol */

/* HTTP/1.1, HTTP/2 or bytes. http10: HTTP/1.0 is HTTP as well (PS-3: else it passes as bytes). */
enum flow_verdict flow_judge_plain(struct str bytes, bool http10);

/* An inbound port before anything came; MORE: the first bytes are needed. can_end_tls: we have a
 * certificate. */
enum flow_verdict flow_judge_inbound_unseen(const struct model_inbound_port *port,
                                            bool can_end_tls);
/* bytes: all so far; last: no more will be looked at. */
enum flow_verdict flow_judge_inbound(const struct model_inbound_port *port, bool can_end_tls,
                                     bool http10, struct str bytes, bool last);
/* Is the TLS that is ended on this port the port's own (a Sidecar's), not the mesh's? */
bool flow_judge_ends_own_tls(const struct model_inbound_port *port);
/* After TLS was ended: HTTP or bytes? offered, negotiated: of enum tls_alpn. In mesh mTLS what was
 * offered tells, not what was negotiated (spec interop.md section 2.3). */
bool flow_judge_inbound_tls_is_http(const struct model_inbound_port *port, uint32_t offered,
                                    uint32_t negotiated);

/* The protocols that a ClientHello offers, as a set of enum tls_alpn. */
uint32_t flow_judge_offered(const struct sniff_hello *hello);

#endif
