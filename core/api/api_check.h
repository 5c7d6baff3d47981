/* Checks that rows of several kinds share: names, hosts, addresses, patterns.
 *
 * The api_check_* functions go into the .check of a row of strings (or of a list or map of them)
 * and report with a reason; the api_is_* questions below are what they ask. An empty or absent
 * string passes every row check, since required and min_items speak about that. */
#ifndef CORE_API_API_CHECK_H
#define CORE_API_API_CHECK_H

#include <stdbool.h>

#include "core/text/field_decode.h"

/* Rows of strings. */
void api_check_label(struct field_check *c, const void *member);         /* DNS label, RFC 1123 */
void api_check_subdomain(struct field_check *c, const void *member);     /* DNS subdomain */
void api_check_host(struct field_check *c, const void *member);          /* service, FQDN or IP */
void api_check_wildcard_host(struct field_check *c, const void *member); /* also "*", "*.x" */
void api_check_export_to(struct field_check *c, const void *member); /* ".", "*", "~", namespace */
void api_check_gateway_name(struct field_check *c, const void *member); /* "name", "ns/name" */
void api_check_ip(struct field_check *c, const void *member);
void api_check_ip_or_cidr(struct field_check *c, const void *member);
void api_check_regex(struct field_check *c, const void *member); /* RE2 */
void api_check_header_name(struct field_check *c, const void *member);
void api_check_method(struct field_check *c, const void *member);      /* an HTTP token */
void api_check_port_text(struct field_check *c, const void *member);   /* "1".."65535" */
void api_check_not_empty(struct field_check *c, const void *member);   /* written, but "" */
void api_check_label_value(struct field_check *c, const void *member); /* of a Kubernetes label */
void api_check_port_name(struct field_check *c, const void *member);
/* A duration that is not negative. */
void api_check_not_negative(struct field_check *c, const void *member);
/* Of struct object_meta. */
void api_check_meta(struct field_check *c, const void *meta);

/* Whether every key of the map called name holds for is_ok; reports those that do not as
 * "KEY is not WHAT". For a message's check. */
void api_check_keys(struct field_check *c, const char *name, const struct field_pair *pairs,
                    size_t n, bool (*is_ok)(struct str), const char *what);
/* Labels as Kubernetes has them: keys and values. */
void api_check_labels(struct field_check *c, const char *name, const struct field_pair *pairs,
                      size_t n);

bool api_check_is_label(struct str s);
bool api_check_is_subdomain(struct str s);
bool api_check_is_host(struct str s);          /* FQDN, short name or IP */
bool api_check_is_wildcard_host(struct str s); /* or with a first label of "*" */
bool api_check_is_label_key(struct str s);     /* [prefix/]name */
bool api_check_is_label_value(struct str s);
bool api_check_is_ip(struct str s);
bool api_check_is_cidr(struct str s);
bool api_check_is_header_name(struct str s);

#endif
