#include "core/api/traffic_policy_check.h"

#include <stdio.h>

#include "core/api/traffic_policy.h"

enum { MAGLEV_MAX = 5000011 };

/* ---- rows ---- */

static bool is_prime(int64_t n)
{
    for (int64_t i = 2; i * i <= n; i++)
        if (n % i == 0)
            return false;
    return n > 1;
}

void traffic_policy_check_table_size(struct field_check *c, const void *member)
{
    int64_t size = *(const int64_t *)member;

    if (size != 0 && (size < 0 || size > MAGLEV_MAX || !is_prime(size)))
        field_decode_error(c, "%lld is not a prime of at most 5000011", (long long)size);
}

void traffic_policy_check_tunnel_protocol(struct field_check *c, const void *member)
{
    const struct str *s = member;

    if (s->len > 0 && !str_is(*s, "CONNECT") && !str_is(*s, "POST"))
        field_decode_error(c, "\"%.*s\" is not CONNECT or POST", STR_ARG(*s));
}

/* ---- load balancing ---- */

void traffic_policy_check_lb(struct field_check *c, const void *message)
{
    const struct traffic_policy_lb *lb = message;
    int64_t simple = lb->simple.set ? lb->simple.value : TRAFFIC_POLICY_LB_UNSPECIFIED;
    bool warms = lb->warmup || lb->warmup_duration.set;

    if (lb->warmup && lb->warmup_duration.set)
        field_decode_error_at(c, "warmupDurationSecs", "cannot stand beside warmup");
    if (lb->locality && lb->zone_aware)
        field_decode_error_at(c, "zoneAwareLbSetting", "cannot stand beside localityLbSetting");
    if (warms && (lb->consistent_hash || simple == TRAFFIC_POLICY_LB_RANDOM ||
                  simple == TRAFFIC_POLICY_LB_PASSTHROUGH))
        field_decode_error_at(c, lb->warmup ? "warmup" : "warmupDurationSecs",
                              "works only with ROUND_ROBIN and LEAST_REQUEST");
}

void traffic_policy_check_hash(struct field_check *c, const void *message)
{
    const struct traffic_policy_hash *h = message;

    if (!h->http_header_name.p && !h->http_cookie && !h->use_source_ip.set &&
        !h->http_query_parameter_name.p)
        field_decode_error_at(c, "httpHeaderName",
                              "a hash needs a key: httpHeaderName, httpCookie, "
                              "useSourceIp or httpQueryParameterName");
}

void traffic_policy_check_locality(struct field_check *c, const void *message)
{
    const struct traffic_policy_locality *l = message;
    char where[48];

    if (l->distribute_count > 0 && (l->failover_count > 0 || l->failover_priority_count > 0))
        field_decode_error_at(c, "distribute", "cannot stand beside failover or failoverPriority");
    for (size_t i = 0; i < l->distribute_count; i++) {
        int64_t total = 0;

        for (size_t j = 0; j < l->distribute[i].to_count; j++)
            total += l->distribute[i].to[j].value;
        snprintf(where, sizeof(where), "distribute[%zu].to", i);
        if (total != 100)
            field_decode_error_at(c, where, "the shares add up to %lld, not 100", (long long)total);
    }
    for (size_t i = 0; i < l->failover_count; i++) {
        snprintf(where, sizeof(where), "failover[%zu].to", i);
        if (l->failover[i].from.len > 0 && str_eq(l->failover[i].from, l->failover[i].to))
            field_decode_error_at(c, where, "is the region that fails");
    }
}

/* ---- connections ---- */

void traffic_policy_check_pool(struct field_check *c, const void *message)
{
    const struct traffic_policy_pool *p = message;

    if (!p->tcp && !p->http)
        field_decode_error_at(c, "tcp", "connectionPool needs tcp or http");
}

void traffic_policy_check_http(struct field_check *c, const void *message)
{
    const struct traffic_policy_http *h = message;

    if (h->use_client_protocol && h->h2_upgrade_policy == TRAFFIC_POLICY_H2_UPGRADE)
        field_decode_error_at(c, "useClientProtocol",
                              "cannot be true with h2UpgradePolicy UPGRADE");
}

void traffic_policy_check_outlier(struct field_check *c, const void *message)
{
    const struct traffic_policy_outlier *o = message;

    if (o->consecutive_local_origin_failures.set && !o->split_external_local_origin_errors)
        field_decode_error_at(c, "consecutiveLocalOriginFailures",
                              "needs splitExternalLocalOriginErrors: true");
}

/* ---- TLS ---- */

static void check_mesh_tls(struct field_check *c, const struct traffic_policy_tls *t)
{
    const struct {
        const char *name;
        struct str value;
    } own[] = {
        { "clientCertificate", t->client_certificate },
        { "privateKey", t->private_key },
        { "caCertificates", t->ca_certificates },
        { "credentialName", t->credential_name },
        { "caCrl", t->ca_crl },
    };

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (own[i].value.len > 0)
            field_decode_error_at(c, own[i].name,
                                  "must not be given with ISTIO_MUTUAL, which uses "
                                  "the mesh's certificates");
}

static void check_mutual_tls(struct field_check *c, const struct traffic_policy_tls *t)
{
    if (t->credential_name.len > 0)
        return;
    if (t->client_certificate.len == 0)
        field_decode_error_at(c, "clientCertificate",
                              "is required with MUTUAL (or credentialName)");
    if (t->private_key.len == 0)
        field_decode_error_at(c, "privateKey", "is required with MUTUAL (or credentialName)");
}

void traffic_policy_check_tls(struct field_check *c, const void *message)
{
    const struct traffic_policy_tls *t = message;

    if (t->mode == TRAFFIC_POLICY_TLS_ISTIO_MUTUAL)
        check_mesh_tls(c, t);
    if (t->mode == TRAFFIC_POLICY_TLS_MUTUAL)
        check_mutual_tls(c, t);
    if (t->credential_name.len > 0 && (t->client_certificate.len > 0 || t->private_key.len > 0 ||
                                       t->ca_certificates.len > 0 || t->ca_crl.len > 0))
        field_decode_error_at(c, "credentialName",
                              "cannot stand beside clientCertificate, "
                              "privateKey, caCertificates or caCrl");
    if (t->insecure_skip_verify.set && t->insecure_skip_verify.value &&
        (t->ca_certificates.len > 0 || t->subject_alt_names_count > 0))
        field_decode_error_at(c, "insecureSkipVerify",
                              "cannot be true beside caCertificates or "
                              "subjectAltNames");
}

/* ---- the whole ---- */

void traffic_policy_check_port(struct field_check *c, const void *message)
{
    const struct traffic_policy_port *p = message;

    if (!p->port || p->port->number == 0)
        field_decode_error_at(c, "port.number", "is required");
    if (!p->lb && !p->pool && !p->outlier && !p->tls)
        field_decode_error_at(c, "loadBalancer", "the settings for a port are empty");
}

static void check_ports_once(struct field_check *c, const struct traffic_policy *p)
{
    for (size_t i = 0; i < p->ports_count; i++)
        for (size_t j = 0; p->ports[i].port && j < i; j++) {
            char where[64];

            if (!p->ports[j].port || p->ports[i].port->number != p->ports[j].port->number)
                continue;
            snprintf(where, sizeof(where), "portLevelSettings[%zu].port", i);
            field_decode_error_at(c, where, "port %lld appears twice",
                                  (long long)p->ports[i].port->number);
            break;
        }
}

void traffic_policy_check_policy(struct field_check *c, const void *message)
{
    const struct traffic_policy *p = message;

    if (!p->lb && !p->pool && !p->outlier && !p->tls && p->ports_count == 0 && !p->tunnel &&
        !p->proxy_protocol && !p->retry_budget)
        field_decode_error_at(c, "loadBalancer", "a traffic policy must not be empty");
    if (p->tunnel && p->proxy_protocol)
        field_decode_error_at(c, "proxyProtocol", "cannot stand beside tunnel");
    check_ports_once(c, p);
}
