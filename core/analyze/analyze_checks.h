/* The functions behind the rows of analyze.c, by the file they are in. Internal to core/analyze. */
#ifndef CORE_ANALYZE_ANALYZE_CHECKS_H
#define CORE_ANALYZE_ANALYZE_CHECKS_H

#include <stdbool.h>

struct analyze_state;
struct object;

void analyze_virtual_service_destinations(struct analyze_state *s); /* IST0101, IST0112 */
void analyze_virtual_service_subsets(struct analyze_state *s);      /* IST0101 */
void analyze_virtual_service_gateways(struct analyze_state *s);     /* IST0101, IST0132 */
void analyze_virtual_service_conflicts(struct analyze_state *s);    /* IST0109 */
void analyze_ingress_subsets(struct analyze_state *s);              /* IST0140 */

void analyze_match_unreachable(struct analyze_state *s); /* IST0130, IST0131 */
void analyze_overlap_matches(struct analyze_state *s);   /* IST0131 */

void analyze_destination_rule_hosts(struct analyze_state *s);   /* IST0174 */
void analyze_destination_rule_subsets(struct analyze_state *s); /* IST0173 */
void analyze_destination_rule_tls(struct analyze_state *s);     /* IST0128, IST0129 */

void analyze_levels_hidden(struct analyze_state *s);   /* MSH1060 */
void analyze_levels_ejection(struct analyze_state *s); /* MSH1061 */

void analyze_gateway_conflicts(struct analyze_state *s);   /* IST0145 */
void analyze_gateway_selectors(struct analyze_state *s);   /* IST0101 */
void analyze_gateway_credentials(struct analyze_state *s); /* IST0101, IST0161 */

void analyze_service_port_names(struct analyze_state *s);     /* IST0118 */
void analyze_service_external_names(struct analyze_state *s); /* IST0150 */
void analyze_service_addresses(struct analyze_state *s);      /* IST0134 */

void analyze_policy_workloads(struct analyze_state *s);  /* IST0127 */
void analyze_policy_namespaces(struct analyze_state *s); /* IST0101 */

void analyze_exclusive_sidecars(struct analyze_state *s);    /* IST0101, 0110, 0111, 0167 */
void analyze_exclusive_telemetries(struct analyze_state *s); /* IST0101, 0159, 0160 */

void analyze_mesh_registries(struct analyze_state *s);  /* IST0126 */
void analyze_mesh_key_fetches(struct analyze_state *s); /* IST0175 */

void analyze_annotation_all(struct analyze_state *s); /* IST0107, 0108, 0125, 0135, 0136 */

/* Whether a pod, or what makes pods, certainly has no sidecar and is not captured otherwise. */
bool analyze_injection_is_out(const struct analyze_state *s, const struct object *o);
void analyze_injection_namespaces(struct analyze_state *s); /* IST0102, IST0123 */
void analyze_injection_pods(struct analyze_state *s);       /* IST0103, 0144, 0146, 0147 */
void analyze_injection_images(struct analyze_state *s);     /* IST0158 */

void analyze_deployment_services(struct analyze_state *s); /* IST0116, IST0137 */

void analyze_envoy_filter_patches(struct analyze_state *s); /* IST0151 to IST0155 */

void analyze_gateway_use_certificates(struct analyze_state *s); /* IST0138 */
void analyze_gateway_use_ports(struct analyze_state *s);        /* IST0162 */
void analyze_gateway_use_claims(struct analyze_state *s);       /* IST0149 */
void analyze_gateway_use_generated(struct analyze_state *s);    /* IST0165 */
void analyze_gateway_use_selectors(struct analyze_state *s);    /* IST0166 */

void analyze_entry_protocols(struct analyze_state *s);  /* IST0177 */
void analyze_entry_providers(struct analyze_state *s);  /* IST0157 */
void analyze_entry_conditions(struct analyze_state *s); /* IST0171 */

void analyze_unenforced_fields(struct analyze_state *s); /* MSH1020 */

#endif
