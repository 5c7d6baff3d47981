#include "core/api/istio_gateway.h"

#include <stdio.h>

#include "core/api/api_check.h"
#include "core/api/istio_status.h"
#include "core/api/object_meta.h"
#include "core/base/mem.h"

#define PROTO "istio.networking.v1alpha3."

static const char *const protocols[] = { "HTTP",  "HTTPS",      "GRPC",  "GRPC-WEB",
                                         "HTTP2", "HTTP_PROXY", "MONGO", "TCP",
                                         "TLS",   "MYSQL",      "REDIS", "UDP" };

static const char *const ciphers[] = {
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
    "DES-CBC3-SHA",
};

bool istio_gateway_is_protocol(struct str s)
{
    for (size_t i = 0; i < COUNT_OF(protocols); i++)
        if (str_ieq(s, str_of(protocols[i])))
            return true;
    return false;
}

bool istio_gateway_is_plain_http(struct str p)
{
    return str_ieq(p, STR("HTTP")) || str_ieq(p, STR("HTTP2")) || str_ieq(p, STR("GRPC")) ||
           str_ieq(p, STR("GRPC-WEB")) || str_ieq(p, STR("HTTP_PROXY"));
}

bool istio_gateway_is_tls(struct str p)
{
    return str_ieq(p, STR("HTTPS")) || str_ieq(p, STR("TLS"));
}

/* ---- rows ---- */

static void check_protocol(struct field_check *c, const void *member)
{
    const struct str *s = member;
    const char *near;
    struct diag_item *item;

    if (istio_gateway_is_protocol(*s))
        return;
    item = field_decode_error(c,
                              "\"%.*s\" is not a protocol: HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, "
                              "TCP, TLS, MONGO",
                              STR_ARG(*s));
    near = diag_closest(*s, protocols, COUNT_OF(protocols));
    if (near)
        item->suggestion = str_of(near);
}

/* "[namespace/]host", where namespace may be "*" or ".". */
static void check_host(struct field_check *c, const void *member)
{
    struct str host = *(const struct str *)member, rest = host, ns = str_cut(&rest, '/');

    if (rest.p && !str_is(ns, "*") && !str_is(ns, ".") && !api_check_is_label(ns))
        field_decode_error(c, "\"%.*s\" is not a namespace, \"*\" or \".\"", STR_ARG(ns));
    if (rest.p)
        host = rest;
    if (!api_check_is_wildcard_host(host))
        field_decode_error(c, "\"%.*s\" is not a host name; '*' may only be its first label",
                           STR_ARG(host));
}

static void check_bind(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->len > 0 && !api_check_is_ip(*s) && !str_starts(*s, STR("unix://")))
        field_decode_error(c, "\"%.*s\" is not an IP address or \"unix:///path\"", STR_ARG(*s));
}

/* ---- messages ---- */

static size_t credential_ways(const struct istio_gateway_tls *t)
{
    return (size_t)(t->credential_name.len > 0) + (size_t)(t->credential_names_count > 0) +
           (size_t)(t->certificates_count > 0);
}

static void check_certificates(struct field_check *c, const struct istio_gateway_tls *t,
                               const char *mode)
{
    if (credential_ways(t) > 0)
        return;
    if (t->server_certificate.len == 0)
        field_decode_error_at(c, "credentialName",
                              "%s needs a certificate: credentialName, or "
                              "serverCertificate and privateKey",
                              mode);
    else if (t->private_key.len == 0)
        field_decode_error_at(c, "privateKey", "is required beside serverCertificate");
}

static void check_mode(struct field_check *c, const struct istio_gateway_tls *t)
{
    bool own = t->server_certificate.len > 0 || t->private_key.len > 0 || credential_ways(t) > 0;

    switch (t->mode) {
    case ISTIO_GATEWAY_TLS_SIMPLE:
        check_certificates(c, t, "SIMPLE");
        break;
    case ISTIO_GATEWAY_TLS_MUTUAL:
    case ISTIO_GATEWAY_TLS_OPTIONAL_MUTUAL:
        check_certificates(c, t, "MUTUAL");
        if (credential_ways(t) == 0 && t->server_certificate.len > 0 &&
            t->ca_certificates.len == 0 && t->ca_cert_credential_name.len == 0)
            field_decode_error_at(c, "caCertificates", "is required to verify clients");
        break;
    case ISTIO_GATEWAY_TLS_ISTIO_MUTUAL:
    case ISTIO_GATEWAY_TLS_AUTO_PASSTHROUGH:
        if (own)
            field_decode_error_at(c, "mode", "%s does not take certificates",
                                  t->mode == ISTIO_GATEWAY_TLS_ISTIO_MUTUAL ? "ISTIO_MUTUAL"
                                                                            : "AUTO_PASSTHROUGH");
        break;
    default:
        break;
    }
}

/* As in Istio: what does not exist is left out. */
static void check_ciphers(struct field_check *c, const struct istio_gateway_tls *t)
{
    char where[48];

    for (size_t i = 0; i < t->cipher_suites_count; i++) {
        struct str name = t->cipher_suites[i];
        const char *near;
        struct diag_item *item;
        size_t j = 0;

        while (j < COUNT_OF(ciphers) && !str_is(name, ciphers[j]))
            j++;
        if (j < COUNT_OF(ciphers))
            continue;
        snprintf(where, sizeof(where), "cipherSuites[%zu]", i);
        item = field_decode_warn_at(c, where, "\"%.*s\" is not a cipher suite and left out",
                                    STR_ARG(name));
        near = diag_closest(name, ciphers, COUNT_OF(ciphers));
        if (item && near)
            item->suggestion = str_of(near);
    }
}

static void check_tls(struct field_check *c, const void *message)
{
    const struct istio_gateway_tls *t = message;

    if (credential_ways(t) > 1)
        field_decode_error_at(c,
                              t->credential_names_count > 0 ? "credentialNames" : "tlsCertificates",
                              "only one of credentialName, credentialNames and tlsCertificates may "
                              "be given");
    /* A redirect needs no certificate: there is no TLS on that port (check_server). */
    if (!t->https_redirect)
        check_mode(c, t);
    check_ciphers(c, t);
    if (t->min_version && t->max_version && t->min_version > t->max_version)
        field_decode_error_at(c, "minProtocolVersion", "is above maxProtocolVersion");
    for (size_t i = 0; i < t->certificates_count; i++)
        if (t->certificates[i].server_certificate.len == 0 ||
            t->certificates[i].private_key.len == 0)
            field_decode_error_at(c, "tlsCertificates",
                                  "each needs serverCertificate and "
                                  "privateKey");
}

static void check_server(struct field_check *c, const void *message)
{
    const struct istio_gateway_server *s = message;
    const struct istio_gateway_tls *t = s->tls;

    if (s->port && s->port->number == 0 && !str_starts(s->bind, STR("unix://")))
        field_decode_error_at(c, "port.number", "0 is outside 1..65535");
    if (s->port && istio_gateway_is_tls(s->port->protocol) && !t)
        field_decode_error_at(c, "tls", "is required for protocol %.*s",
                              STR_ARG(s->port->protocol));
    if (s->port && t && istio_gateway_is_tls(s->port->protocol) && t->https_redirect)
        field_decode_warn_at(c, "tls.httpsRedirect", "is for protocol HTTP only, and left out");
    if (s->port && t && istio_gateway_is_plain_http(s->port->protocol) && !t->https_redirect)
        field_decode_error_at(c, "tls", "is not for protocol %.*s, unless httpsRedirect is true",
                              STR_ARG(s->port->protocol));
    if (s->default_endpoint.len > 0 && !str_starts(s->default_endpoint, STR("127.0.0.1:")) &&
        !str_starts(s->default_endpoint, STR("unix://")))
        field_decode_error_at(c, "defaultEndpoint",
                              "is not \"127.0.0.1:port\" or \"unix:///path\"");
}

static void check_gateway(struct field_check *c, const void *message)
{
    const struct istio_gateway *g = message;
    char where[48];

    if (g->servers_count == 0)
        field_decode_error_at(c, "servers", "at least one server is required");
    api_check_labels(c, "selector", g->selector, g->selector_count);
    for (size_t i = 0; i < g->servers_count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct istio_gateway_server *a = &g->servers[i], *b = &g->servers[j];

            if (a->port && b->port && a->port->name.len > 0 &&
                str_eq(a->port->name, b->port->name)) {
                snprintf(where, sizeof(where), "servers[%zu].port.name", i);
                field_decode_error_at(c, where, "two servers' ports are called \"%.*s\"",
                                      STR_ARG(a->port->name));
            }
            if (a->name.len > 0 && str_eq(a->name, b->name)) {
                snprintf(where, sizeof(where), "servers[%zu].name", i);
                field_decode_error_at(c, where, "two servers are called \"%.*s\"",
                                      STR_ARG(a->name));
            }
        }
}

/* clang-format off */
#define T struct istio_gateway_port
static const struct field istio_gateway_port_fields[] = {
    FIELD_UINT32(T, number, "number", .proto = 1, .required = true, .max = 65535, .help = "Port to listen on; 0 with a Unix socket."),
    FIELD_STR(T, protocol, "protocol", .proto = 2, .required = true, .check = check_protocol, .help = "HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TCP, TLS or MONGO."),
    FIELD_STR(T, name, "name", .proto = 3, .required = true, .check = api_check_port_name, .help = "Name, once in each Gateway."),
    FIELD_UINT32(T, target_port, "targetPort", .proto = 4, .max = 65535, .deprecated = true, .enforced = "is ignored, as in Istio", .help = "Not used."),
};
static FIELD_MESSAGE(istio_gateway_port, PROTO "Port", .at = FIELD_AT(T, at), .help = "A port to listen on.");
#undef T

static const struct field_enum_name istio_gateway_tls_mode_names[] = {
    { "PASSTHROUGH", ISTIO_GATEWAY_TLS_PASSTHROUGH, "Choose by SNI, leave TLS alone." },
    { "SIMPLE", ISTIO_GATEWAY_TLS_SIMPLE, "TLS as usual on the web." },
    { "MUTUAL", ISTIO_GATEWAY_TLS_MUTUAL, "Clients must show a certificate, too." },
    { "AUTO_PASSTHROUGH", ISTIO_GATEWAY_TLS_AUTO_PASSTHROUGH, "As PASSTHROUGH, to services by the mesh's own SNI." },
    { "ISTIO_MUTUAL", ISTIO_GATEWAY_TLS_ISTIO_MUTUAL, "mTLS with the mesh's own certificates." },
    { "OPTIONAL_MUTUAL", ISTIO_GATEWAY_TLS_OPTIONAL_MUTUAL, "Clients may show a certificate." },
};
static FIELD_ENUM_TABLE(istio_gateway_tls_mode, PROTO "ServerTLSSettings.TLSmode");

static const struct field_enum_name istio_gateway_tls_version_names[] = {
    { "TLS_AUTO", ISTIO_GATEWAY_TLS_AUTO, "From TLS 1.2 on." },
    { "TLSV1_0", ISTIO_GATEWAY_TLSV1_0, "TLS 1.0." },
    { "TLSV1_1", ISTIO_GATEWAY_TLSV1_1, "TLS 1.1." },
    { "TLSV1_2", ISTIO_GATEWAY_TLSV1_2, "TLS 1.2." },
    { "TLSV1_3", ISTIO_GATEWAY_TLSV1_3, "TLS 1.3." },
};
static FIELD_ENUM_TABLE(istio_gateway_tls_version, PROTO "ServerTLSSettings.TLSProtocol");

#define T struct istio_gateway_certificate
static const struct field istio_gateway_certificate_fields[] = {
    FIELD_STR(T, server_certificate, "serverCertificate", .proto = 1, .help = "File with the certificate."),
    FIELD_STR(T, private_key, "privateKey", .proto = 2, .help = "File with its key."),
    FIELD_STR(T, ca_certificates, "caCertificates", .proto = 3, .help = "File with authorities for clients."),
};
static FIELD_MESSAGE(istio_gateway_certificate, PROTO "ServerTLSSettings.TLSCertificate", .help = "A certificate in files.");
#undef T

#define T struct istio_gateway_tls
static const struct field istio_gateway_tls_fields[] = {
    FIELD_BOOL(T, https_redirect, "httpsRedirect", .proto = 1, .help = "Answer every request with a redirect to https."),
    FIELD_ENUM(T, mode, "mode", istio_gateway_tls_mode, .proto = 2, .help = "How TLS is used."),
    FIELD_STR(T, server_certificate, "serverCertificate", .proto = 3, .help = "File with the certificate."),
    FIELD_STR(T, private_key, "privateKey", .proto = 4, .help = "File with its key."),
    FIELD_STR(T, ca_certificates, "caCertificates", .proto = 5, .help = "File with the authorities that clients' certificates come from."),
    FIELD_STR(T, ca_crl, "caCrl", .proto = 13, .help = "File with revoked certificates."),
    FIELD_STR(T, credential_name, "credentialName", .proto = 10, .help = "Secret with the certificate, key and, for MUTUAL, authorities."),
    FIELD_LIST_STR(T, credential_names, "credentialNames", .proto = 14, .min_items = 1, .max_items = 2, .help = "Secrets, one RSA and one ECDSA."),
    FIELD_STR(T, ca_cert_credential_name, "caCertCredentialName", .proto = 16, .help = "Secret or ConfigMap with the authorities."),
    FIELD_LIST_MSG(T, certificates, "tlsCertificates", istio_gateway_certificate, .proto = 15, .min_items = 1, .max_items = 2, .help = "Certificates in files, one RSA and one ECDSA."),
    FIELD_LIST_STR(T, subject_alt_names, "subjectAltNames", .proto = 6, .help = "Names of which a client's certificate must have one."),
    FIELD_LIST_STR(T, verify_spki, "verifyCertificateSpki", .proto = 11, .help = "Hashes of the keys that clients may have, in base64."),
    FIELD_LIST_STR(T, verify_hash, "verifyCertificateHash", .proto = 12, .help = "Hashes of the certificates that clients may have, in hex."),
    FIELD_ENUM(T, min_version, "minProtocolVersion", istio_gateway_tls_version, .proto = 7, .default_text = "TLSV1_2", .help = "Lowest version of TLS."),
    FIELD_ENUM(T, max_version, "maxProtocolVersion", istio_gateway_tls_version, .proto = 8, .help = "Highest version of TLS."),
    FIELD_LIST_STR(T, cipher_suites, "cipherSuites", .proto = 9, .help = "Cipher suites below TLS 1.3."),
    FIELD_OPT_BOOL(T, insecure_skip_verify, "insecureSkipVerify", .proto = 17, .wrapper = true, .help = "Let clients in whatever certificate they show. Not safe."),
};
FIELD_MESSAGE(istio_gateway_tls, PROTO "ServerTLSSettings", .at = FIELD_AT(T, at), .check = check_tls, .help = "TLS towards clients.");
#undef T

#define T struct istio_gateway_server
static const struct field istio_gateway_server_fields[] = {
    FIELD_MSG(T, port, "port", istio_gateway_port, .proto = 1, .required = true, .help = "Port to listen on."),
    FIELD_STR(T, bind, "bind", .proto = 4, .check = check_bind, .default_text = "all addresses", .help = "Address or Unix socket to listen on."),
    FIELD_LIST_STR(T, hosts, "hosts", .proto = 2, .required = true, .min_items = 1, .check = check_host, .help = "Names served here, each with the namespace of its VirtualServices before a '/', if wanted."),
    FIELD_MSG(T, tls, "tls", istio_gateway_tls, .proto = 3, .help = "TLS towards clients."),
    FIELD_STR(T, default_endpoint, "defaultEndpoint", .proto = 5, .enforced = "does nothing, as in Istio", .help = "Not used by Istio."),
    FIELD_STR(T, name, "name", .proto = 6, .help = "For statistics; once in each Gateway."),
};
static FIELD_MESSAGE(istio_gateway_server, PROTO "Server", .at = FIELD_AT(T, at), .check = check_server, .help = "A port, the hosts served there and their TLS.");
#undef T

#define T struct istio_gateway
static const struct field istio_gateway_fields[] = {
    FIELD_LIST_MSG(T, servers, "servers", istio_gateway_server, .proto = 1, .help = "What to listen on."),
    FIELD_MAP_STR(T, selector, "selector", .proto = 2, .default_text = "all gateways", .help = "Labels of the gateways that do this."),
};
FIELD_MESSAGE(istio_gateway, PROTO "Gateway", .at = FIELD_AT(T, at), .check = check_gateway, .help = "What a gateway listens on, for which hosts.");
#undef T

struct istio_gateway_root {
    OBJECT_META_HEAD;
    struct istio_gateway *spec;
    struct istio_status *status;
};

#define T struct istio_gateway_root
static const struct field istio_gateway_root_fields[] = {
    OBJECT_META_ROWS(T),
    FIELD_MSG(T, spec, "spec", istio_gateway, .help = "What is wanted."),
    FIELD_MSG(T, status, "status", istio_status, .read_only = true, .help = "What is."),
};
FIELD_MESSAGE(istio_gateway_root, "io.istio.networking.v1.Gateway", .at = FIELD_AT(T, at), .help = "What a gateway listens on, for which hosts.");
#undef T
/* clang-format on */
