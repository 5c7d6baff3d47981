/* One policy object as a message of layer 4; see l4_policy.h. Any thread. */
#ifndef CORE_COMPILE_L4_CONVERT_H
#define CORE_COMPILE_L4_CONVERT_H

#include "core/api/authorization_policy.h"
#include "core/api/object.h"
#include "core/api/peer_authentication.h"
#include "core/compile/security_msg.h"

struct l4_convert {
    struct str root_ns, trust_domain;
    struct arena *a; /* for all that is made; text is borrowed from the object */
};

/* Whether something of it can be said there: not of CUSTOM, AUDIT, and what targetRefs bind. */
bool l4_convert_has_form(const struct authorization_policy *spec);

/* false: l4_convert_has_form says so. */
bool l4_convert_authorization(const struct l4_convert *c, const struct object *o,
                              struct security_msg_authorization *out);

/* The ports of a PeerAuthentication whose mode differs from what holds for the others. strict: what
 * holds where it says nothing. false: none do. */
bool l4_convert_ports(const struct l4_convert *c, const struct object *o, bool strict,
                      struct security_msg_authorization *out);
/* The policy that refuses callers without identity. */
void l4_convert_strict(const struct l4_convert *c, struct security_msg_authorization *out);
#define L4_CONVERT_STRICT_NAME "istio_converted_static_strict"
#define L4_CONVERT_PORTS_NAME  "converted_peer_authentication_"

#endif
