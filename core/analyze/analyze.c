#include "core/analyze/analyze.h"

#include <string.h>

#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/base/mem.h"

/* clang-format off */
const struct analyze_check analyze_table[] = {
    { "virtualservice.DestinationHosts",    "IST0101 IST0112", "Hosts and ports that routes go to exist", true, analyze_virtual_service_destinations },
    { "virtualservice.Subsets",             "IST0101",         "Subsets that routes name are defined", true, analyze_virtual_service_subsets },
    { "virtualservice.Gateways",            "IST0101 IST0132", "Gateways exist and have the hosts", true, analyze_virtual_service_gateways },
    { "virtualservice.ConflictingHosts",    "IST0109",         "One VirtualService a host", false, analyze_virtual_service_conflicts },
    { "virtualservice.UnreachableRules",    "IST0130 IST0131", "Every rule can be reached", false, analyze_match_unreachable },
    { "destinationrule.Hosts",              "IST0174",         "The host is a service", true, analyze_destination_rule_hosts },
    { "destinationrule.Subsets",            "IST0173",         "Subsets select workloads", false, analyze_destination_rule_subsets },
    { "destinationrule.ServerVerification", "IST0128 IST0129", "TLS checks who the server is", false, analyze_destination_rule_tls },
    { "gateway.Conflicts",                  "IST0145",         "No two gateways want one port and host", false, analyze_gateway_conflicts },
    { "gateway.Selectors",                  "IST0101",         "Some workload is the gateway", false, analyze_gateway_selectors },
    { "gateway.Credentials",                "IST0101 IST0161", "Certificates exist", true, analyze_gateway_credentials },
    { "service.PortNames",                  "IST0118",         "Port names say the protocol", false, analyze_service_port_names },
    { "serviceentry.Addresses",             "IST0134",         "TCP services have addresses", false, analyze_service_addresses },
    { "policy.Workloads",                   "IST0127",         "Policies select workloads", false, analyze_policy_workloads },
    { "authorization.Namespaces",           "IST0101",         "Namespaces that rules name exist", false, analyze_policy_namespaces },
    { "schema.Unenforced",                  "MSH1020",         "Fields that are accepted and not acted on", false, analyze_unenforced_fields },
};

static const struct {
    const char *code, *name;
} codes[] = {
    { "IST0101", "ReferencedResourceNotFound" },
    { "IST0106", "SchemaValidationError" },
    { "IST0109", "ConflictingMeshGatewayVirtualServiceHosts" },
    { "IST0112", "VirtualServiceDestinationPortSelectorRequired" },
    { "IST0118", "PortNameIsNotUnderNamingConvention" },
    { "IST0127", "NoMatchingWorkloadsFound" },
    { "IST0128", "NoServerCertificateVerificationDestinationLevel" },
    { "IST0129", "NoServerCertificateVerificationPortLevel" },
    { "IST0130", "VirtualServiceUnreachableRule" },
    { "IST0131", "VirtualServiceIneffectiveMatch" },
    { "IST0132", "VirtualServiceHostNotFoundInGateway" },
    { "IST0134", "ServiceEntryAddressesRequired" },
    { "IST0145", "ConflictingGateways" },
    { "IST0161", "InvalidGatewayCredential" },
    { "IST0173", "DestinationRuleSubsetNotSelectPods" },
    { "IST0174", "UnknownDestinationRuleHost" },
    { "MSH1020", "FieldNotEnforced" },
};
/* clang-format on */

const size_t analyze_table_count = COUNT_OF(analyze_table);

void analyze_unenforced_fields(struct analyze_state *s)
{
    for (size_t i = 0; i < s->fresh; i++)
        (void)object_warn_unenforced(s->objects[i], s->diag);
}

void analyze_run(struct object *const *objects, size_t count, const struct analyze_options *opt,
                 struct diag *d)
{
    struct analyze_state s;

    analyze_state_init(&s, objects, count, opt, d);
    for (size_t i = 0; i < analyze_table_count; i++) {
        if (!opt || !opt->referential_only || analyze_table[i].referential)
            analyze_table[i].run(&s);
    }
    analyze_state_deinit(&s);
}

const char *analyze_code_name(const char *code)
{
    for (size_t i = 0; code && i < COUNT_OF(codes); i++) {
        if (strcmp(codes[i].code, code) == 0)
            return codes[i].name;
    }
    return NULL;
}
