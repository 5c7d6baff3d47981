/* Flags that `mesh proxy` and `mesh gateway` share, and what they mean. */
#ifndef CMD_ROLE_FLAGS_H
#define CMD_ROLE_FLAGS_H

#include "cmd/cli_args.h"
#include "modes/shared/role.h"

/* Rows for the tables of both commands. */
/* clang-format off */
#define ROLE_FLAGS \
    { "config", 'f', CLI_FLAG_TEXT, "PATH", NULL, "Configuration from this directory or file, reloaded on change", NULL }, \
    { "control", 0, CLI_FLAG_TEXT, "ADDR", NULL, "Configuration from a control plane: host:15012 or unix:PATH", NULL }, \
    { "token", 0, CLI_FLAG_TEXT, "TOKEN", NULL, "Join token for the first certificate", NULL }, \
    { "root-cert", 0, CLI_FLAG_TEXT, "FILE", NULL, "Root certificate that control must have", NULL }, \
    { "mesh-config", 0, CLI_FLAG_TEXT, "FILE", NULL, "MeshConfig, in place of the ConfigMap istio", NULL }, \
    { "jwks-blocked", 0, CLI_FLAG_TEXT, "CIDRS", NULL, "With --config: addresses that keys of tokens are not fetched from", NULL }, \
    { "cert-dir", 0, CLI_FLAG_TEXT, "DIR", NULL, "cert-chain.pem, key.pem and root-cert.pem of this workload", NULL }, \
    { "state-dir", 0, CLI_FLAG_TEXT, "DIR", NULL, "Where the last good configuration and certificate are kept", NULL }, \
    { "name", 0, CLI_FLAG_TEXT, "NAME", NULL, "Name of this workload [host name]", NULL }, \
    { "namespace", 'n', CLI_FLAG_TEXT, "NAMESPACE", NULL, "Namespace of this workload", NULL }, \
    { "service-account", 0, CLI_FLAG_TEXT, "NAME", NULL, "Service account, for the SPIFFE identity [default]", NULL }, \
    { "label", 'l', CLI_FLAG_LIST, "NAME=VALUE", NULL, "Label of this workload; repeatable", NULL }, \
    { "annotation", 0, CLI_FLAG_LIST, "NAME=VALUE", NULL, "Annotation of this workload; proxy.istio.io/config and Prometheus' are followed; repeatable", NULL }, \
    { "ip", 0, CLI_FLAG_LIST, "IP", NULL, "Own address; repeatable [those of the interfaces]", NULL }, \
    { "trust-domain", 0, CLI_FLAG_TEXT, "DOMAIN", "cluster.local", "Trust domain of the mesh", NULL }, \
    { "dns-domain", 0, CLI_FLAG_TEXT, "DOMAIN", "cluster.local", "Domain of service names", NULL }, \
    { "cluster-id", 0, CLI_FLAG_TEXT, "ID", "Kubernetes", "Cluster name in metrics", NULL }, \
    { "workers", 0, CLI_FLAG_NUMBER, "N", NULL, "Worker threads", NULL }, \
    { "admin", 0, CLI_FLAG_TEXT, "ADDR", "127.0.0.1:15000", "Admin pages, or \"none\"", NULL }, \
    { "metrics", 0, CLI_FLAG_TEXT, "ADDR", "0.0.0.0:15020", "Metrics, with the app's as annotations say, or \"none\"", NULL }, \
    { "metrics-too", 0, CLI_FLAG_TEXT, "ADDR", "0.0.0.0:15090", "Metrics on Envoy's port, or \"none\"", NULL }, \
    { "health", 0, CLI_FLAG_TEXT, "ADDR", "0.0.0.0:15021", "Readiness, or \"none\"", NULL }, \
    { "access-log", 0, CLI_FLAG_TEXT, "PATH", NULL, "Write an access log; /dev/stdout for the standard output", NULL }, \
    { "access-log-format", 0, CLI_FLAG_TEXT, "FORMAT", "text", "text, json, or a format string with %OPERATORS%", NULL }, \
    { "accept-time", 0, CLI_FLAG_DURATION, "TIME", "0s", "At the end: how long to keep accepting while unready", NULL }, \
    { "drain-time", 0, CLI_FLAG_DURATION, "TIME", NULL, "At the end: how long requests may take [as the mesh says, or 5s]", NULL }, \
    { "mark", 0, CLI_FLAG_NUMBER, "N", "0", "SO_MARK of our own connections (1337 exempts them from capture)", NULL }, \
    { "log", 0, CLI_FLAG_TEXT, "LEVELS", "warn", "Log levels, e.g. info,http=debug", NULL }, \
    { "log-format", 0, CLI_FLAG_TEXT, "FORMAT", "text", "How the log is written", "text|json" }
/* clang-format on */

/* Fills options from the flags above. 0 or an exit code with a message printed. All text is
 * borrowed from args. */
int role_flags_read(const struct cli_args *args, struct role_options *out);

/* "ADDR" or "none". */
int role_flags_addr(const struct cli_args *args, const char *flag, struct addr *out);
/* "http", "http2", "grpc", "tcp", "auto" -> enum model_protocol; ERR_INVALID. */
int role_flags_protocol(struct str text, uint8_t *out);

#endif
