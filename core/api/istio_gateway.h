/* Istio's Gateway: what a gateway listens on, for which hosts, with which certificates. */
#ifndef CORE_API_ISTIO_GATEWAY_H
#define CORE_API_ISTIO_GATEWAY_H

#include "core/text/field.h"

struct istio_gateway_port {
    struct field_at at;
    int64_t number;
    struct str protocol, name;
    int64_t target_port; /* the old way */
};

enum istio_gateway_tls_mode {
    ISTIO_GATEWAY_TLS_PASSTHROUGH = 0,
    ISTIO_GATEWAY_TLS_SIMPLE = 1,
    ISTIO_GATEWAY_TLS_MUTUAL = 2,
    ISTIO_GATEWAY_TLS_AUTO_PASSTHROUGH = 3,
    ISTIO_GATEWAY_TLS_ISTIO_MUTUAL = 4,
    ISTIO_GATEWAY_TLS_OPTIONAL_MUTUAL = 5,
};

enum istio_gateway_tls_version {
    ISTIO_GATEWAY_TLS_AUTO = 0,
    ISTIO_GATEWAY_TLSV1_0 = 1,
    ISTIO_GATEWAY_TLSV1_1 = 2,
    ISTIO_GATEWAY_TLSV1_2 = 3,
    ISTIO_GATEWAY_TLSV1_3 = 4,
};

struct istio_gateway_certificate {
    struct str server_certificate, private_key, ca_certificates;
};

struct istio_gateway_tls {
    struct field_at at;
    bool https_redirect;
    int mode; /* enum istio_gateway_tls_mode */
    struct str server_certificate, private_key, ca_certificates, ca_crl;
    struct str credential_name;
    struct str *credential_names;
    size_t credential_names_count;
    struct str ca_cert_credential_name;
    struct istio_gateway_certificate *certificates;
    size_t certificates_count;
    struct str *subject_alt_names;
    size_t subject_alt_names_count;
    struct str *verify_spki;
    size_t verify_spki_count;
    struct str *verify_hash;
    size_t verify_hash_count;
    int min_version, max_version; /* enum istio_gateway_tls_version */
    struct str *cipher_suites;
    size_t cipher_suites_count;
    struct field_opt insecure_skip_verify;
};

struct istio_gateway_server {
    struct field_at at;
    struct istio_gateway_port *port;
    struct str bind;
    struct str *hosts; /* "[namespace/]host" */
    size_t hosts_count;
    struct istio_gateway_tls *tls;
    struct str default_endpoint, name;
};

struct istio_gateway { /* the spec */
    struct field_at at;
    struct istio_gateway_server *servers;
    size_t servers_count;
    struct field_pair *selector; /* labels of the gateways it is for */
    size_t selector_count;
};

extern FIELD_DECLARE(istio_gateway);
extern FIELD_DECLARE(istio_gateway_tls);
extern FIELD_DECLARE(istio_gateway_root);

/* "HTTP", "HTTPS", "GRPC"...: what port.protocol may be, any case. */
bool istio_gateway_is_protocol(struct str s);
/* Whether the protocol is HTTP without TLS / brings TLS. */
bool istio_gateway_is_plain_http(struct str protocol);
bool istio_gateway_is_tls(struct str protocol);

#endif
