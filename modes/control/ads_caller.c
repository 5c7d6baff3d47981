#include "modes/control/ads_caller.h"

#include <sys/socket.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/net/stream_tcp.h"
#include "core/tls/stream_tls.h"

static bool is_own_user(struct stream *transport)
{
    struct stream *bottom = stream_find(transport, &stream_tcp_ops);
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return bottom && getsockopt(stream_tcp_fd(bottom), SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

int ads_caller_read(enum ads_trust trust, const struct grpc_server_call *call,
                    struct ads_caller *out, const char **why)
{
    struct stream *transport = grpc_server_transport(call);

    *out = (struct ads_caller){ 0 };
    *why = "the connection is gone";
    if (!transport)
        return ERR_DENIED;
    switch (trust) {
    case ADS_TRUST_LOCAL:
        *why = "this socket is for another user";
        out->is_local = is_own_user(transport);
        return out->is_local ? 0 : ERR_DENIED;
    case ADS_TRUST_TLS:
        out->identity = stream_tls_peer_id(transport);
        return 0;
    case ADS_TRUST_PLAIN:
        break;
    }
    return 0;
}
