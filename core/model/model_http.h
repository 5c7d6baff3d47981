/* How connections that carry HTTP are treated, mesh-wide: MeshConfig's pathNormalization and the
 * ProxyConfig's gatewayTopology, proxyHeaders and connectionSettings (features.md 1.15, 1.16). All
 * zero is Istio's default. Part of struct model_settings. */
#ifndef CORE_MODEL_MODEL_HTTP_H
#define CORE_MODEL_MODEL_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/str.h"

enum model_path_normalization {
    MODEL_PATH_DEFAULT, /* BASE */
    MODEL_PATH_NONE,
    MODEL_PATH_BASE,
    MODEL_PATH_MERGE_SLASHES,
    MODEL_PATH_DECODE_AND_MERGE_SLASHES,
};

/* connectionSettings.httpPathWithEscapedSlashesAction: %2F and %5C. */
enum model_escaped_slashes {
    MODEL_ESCAPED_SLASHES_KEEP,
    MODEL_ESCAPED_SLASHES_REJECT, /* 400 */
    MODEL_ESCAPED_SLASHES_UNESCAPE_AND_REDIRECT,
    MODEL_ESCAPED_SLASHES_UNESCAPE_AND_FORWARD,
};

/* connectionSettings.httpHeadersWithUnderscoresAction. */
enum model_underscores {
    MODEL_UNDERSCORES_ALLOW,
    MODEL_UNDERSCORES_REJECT,
    MODEL_UNDERSCORES_DROP
};

/* x-forwarded-client-cert: what becomes of the client's, and whether ours is added. */
enum model_xfcc {
    MODEL_XFCC_DEFAULT, /* sidecars APPEND_FORWARD, gateways SANITIZE_SET */
    MODEL_XFCC_SANITIZE,
    MODEL_XFCC_FORWARD_ONLY,
    MODEL_XFCC_APPEND_FORWARD,
    MODEL_XFCC_SANITIZE_SET,
    MODEL_XFCC_ALWAYS_FORWARD_ONLY,
};

struct model_http_settings {
    uint8_t path_normalization; /* enum model_path_normalization */
    uint8_t escaped_slashes;    /* enum model_escaped_slashes */
    bool merge_slashes;         /* connectionSettings.httpMergeSlashes, beside path_normalization */
    uint8_t underscores;        /* enum model_underscores */
    bool accept_http10;         /* HTTP/1.0 is served; else 426 (HT-2) */

    uint32_t trusted_proxies; /* gatewayTopology.numTrustedProxies */
    bool proxy_protocol;      /* gatewayTopology.proxyProtocol: gateways expect a PROXY header */
    uint8_t gateway_xfcc;     /* gatewayTopology.forwardClientCertDetails; enum model_xfcc */

    uint8_t xfcc; /* proxyHeaders.forwardedClientCert, both kinds of proxy; enum model_xfcc */
    /* proxyHeaders.setCurrentClientCertDetails; by default subject, dns and uri. */
    struct {
        bool set, subject, cert, chain, dns, uri;
    } xfcc_details;
    bool no_request_id, no_attempt_count, no_debug_headers; /* proxyHeaders.*.disabled */
    bool no_server;                                         /* the app's own `server` stays */
    struct str server;                                      /* empty: "istio-envoy" */
    bool add_forwarded_host, add_forwarded_port;
    bool keep_header_case; /* proxyHeaders.preserveHttp1HeaderCase */

    /* connectionSettings; 0: the default of core/http. */
    uint32_t max_streams, stream_window_bytes, connection_window_bytes;
    uint64_t idle_timeout_ms, head_timeout_ms;
};

#endif
