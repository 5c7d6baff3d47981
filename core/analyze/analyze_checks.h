/* The functions behind the rows of analyze.c, by the file they are in. Internal to core/analyze. */
#ifndef CORE_ANALYZE_ANALYZE_CHECKS_H
#define CORE_ANALYZE_ANALYZE_CHECKS_H

struct analyze_state;

void analyze_virtual_service_destinations(struct analyze_state *s); /* IST0101, IST0112 */
void analyze_virtual_service_subsets(struct analyze_state *s);      /* IST0101 */
void analyze_virtual_service_gateways(struct analyze_state *s);     /* IST0101, IST0132 */
void analyze_virtual_service_conflicts(struct analyze_state *s);    /* IST0109 */

void analyze_match_unreachable(struct analyze_state *s); /* IST0130, IST0131 */

void analyze_destination_rule_hosts(struct analyze_state *s);   /* IST0174 */
void analyze_destination_rule_subsets(struct analyze_state *s); /* IST0173 */
void analyze_destination_rule_tls(struct analyze_state *s);     /* IST0128, IST0129 */

void analyze_gateway_conflicts(struct analyze_state *s);   /* IST0145 */
void analyze_gateway_selectors(struct analyze_state *s);   /* IST0101 */
void analyze_gateway_credentials(struct analyze_state *s); /* IST0101, IST0161 */

void analyze_service_port_names(struct analyze_state *s); /* IST0118 */
void analyze_service_addresses(struct analyze_state *s);  /* IST0134 */

void analyze_policy_workloads(struct analyze_state *s);  /* IST0127 */
void analyze_policy_namespaces(struct analyze_state *s); /* IST0101 */

void analyze_unenforced_fields(struct analyze_state *s); /* MSH1020 */

#endif
