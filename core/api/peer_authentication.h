/* Istio's PeerAuthentication: whether callers must use mTLS. */
#ifndef CORE_API_PEER_AUTHENTICATION_H
#define CORE_API_PEER_AUTHENTICATION_H

#include "core/api/workload_selector.h"
#include "core/text/field.h"

enum peer_authentication_mode {
    PEER_AUTHENTICATION_UNSET = 0, /* as the next wider policy says */
    PEER_AUTHENTICATION_DISABLE = 1,
    PEER_AUTHENTICATION_PERMISSIVE = 2,
    PEER_AUTHENTICATION_STRICT = 3,
};

struct peer_authentication_mtls {
    struct field_at at;
    int mode; /* enum peer_authentication_mode */
};

struct peer_authentication_port {
    struct str key; /* the port as digits, checked */
    struct peer_authentication_mtls value;
};

struct peer_authentication { /* the spec */
    struct field_at at;
    struct workload_selector *selector;
    struct peer_authentication_mtls *mtls;
    struct peer_authentication_port *ports;
    size_t ports_count;
};

extern FIELD_DECLARE(peer_authentication);
extern FIELD_DECLARE(peer_authentication_root);

#endif
