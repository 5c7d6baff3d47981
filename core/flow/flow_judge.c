#include "core/flow/flow_judge.h"

#include "core/tls/tls_alpn.h"

bool flow_judge_is_http(uint8_t protocol)
{
    return protocol == MODEL_PROTOCOL_HTTP || protocol == MODEL_PROTOCOL_HTTP2 ||
           protocol == MODEL_PROTOCOL_GRPC;
}

enum flow_verdict flow_judge_plain(struct str bytes, bool http10)
{
    enum sniff_answer h1 = http10 ? sniff_http1(bytes) : sniff_http11(bytes);
    enum sniff_answer h2 = sniff_http2(bytes);

    if (h1 == SNIFF_YES || h2 == SNIFF_YES)
        return FLOW_VERDICT_HTTP;
    return h1 == SNIFF_NO && h2 == SNIFF_NO ? FLOW_VERDICT_TCP : FLOW_VERDICT_MORE;
}

uint32_t flow_judge_offered(const struct sniff_hello *hello)
{
    struct str rest = str_make(hello->alpn, hello->alpn_len), name;
    uint32_t offered = 0;

    while (sniff_next_alpn(&rest, &name))
        offered |= tls_alpn_from_name(name);
    return offered;
}

bool flow_judge_ends_own_tls(const struct model_inbound_port *port)
{
    return port->own_tls && port->mtls == MODEL_MTLS_DISABLE;
}

enum flow_verdict flow_judge_inbound_unseen(const struct model_inbound_port *port, bool can_end_tls)
{
    if (port->mtls == MODEL_MTLS_STRICT)
        return can_end_tls ? FLOW_VERDICT_TLS : FLOW_VERDICT_REFUSE;
    if (flow_judge_ends_own_tls(port))
        return port->tls ? FLOW_VERDICT_TLS : FLOW_VERDICT_REFUSE;
    if (port->mtls == MODEL_MTLS_PERMISSIVE || port->protocol == MODEL_PROTOCOL_AUTO)
        return FLOW_VERDICT_MORE;
    return flow_judge_is_http(port->protocol) ? FLOW_VERDICT_HTTP : FLOW_VERDICT_TCP;
}

static enum flow_verdict judge_tls(const struct model_inbound_port *port, bool can_end_tls,
                                   const struct sniff_hello *hello)
{
    if (port->mtls == MODEL_MTLS_STRICT || (flow_judge_offered(hello) & TLS_ALPN_ISTIO_ANY))
        return can_end_tls ? FLOW_VERDICT_TLS : FLOW_VERDICT_REFUSE;
    return flow_judge_is_http(port->protocol) ? FLOW_VERDICT_REFUSE : FLOW_VERDICT_TCP;
}

enum flow_verdict flow_judge_inbound(const struct model_inbound_port *port, bool can_end_tls,
                                     bool http10, struct str bytes, bool last)
{
    enum sniff_answer tls = SNIFF_NO;
    enum flow_verdict plain;
    struct sniff_hello hello;

    if (port->mtls != MODEL_MTLS_DISABLE)
        tls = sniff_tls(bytes, &hello);
    if (tls == SNIFF_YES)
        return judge_tls(port, can_end_tls, &hello);
    if (tls == SNIFF_MORE && !last)
        return FLOW_VERDICT_MORE;
    if (port->mtls == MODEL_MTLS_STRICT)
        return FLOW_VERDICT_REFUSE;
    if (flow_judge_is_http(port->protocol))
        return FLOW_VERDICT_HTTP;
    plain =
        port->protocol == MODEL_PROTOCOL_AUTO ? flow_judge_plain(bytes, http10) : FLOW_VERDICT_TCP;
    return plain == FLOW_VERDICT_MORE && last ? FLOW_VERDICT_TCP : plain;
}

bool flow_judge_inbound_tls_is_http(const struct model_inbound_port *port, uint32_t offered,
                                    uint32_t negotiated)
{
    uint8_t protocol = port->protocol;

    if (flow_judge_ends_own_tls(port))
        return protocol == MODEL_PROTOCOL_HTTPS;
    if (negotiated == TLS_ALPN_MESH || flow_judge_is_http(protocol))
        return true;
    return protocol == MODEL_PROTOCOL_AUTO && (offered & TLS_ALPN_ISTIO_HTTP);
}
