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
    { "virtualservice.IngressSubsets",      "IST0140",         "Rules for subsets hold where they are meant to", false, analyze_ingress_subsets },
    { "virtualservice.UnreachableRules",    "IST0130 IST0131", "Every rule can be reached", false, analyze_match_unreachable },
    { "virtualservice.OverlappingRules",    "IST0131",         "No match is taken by an earlier one", false, analyze_overlap_matches },
    { "destinationrule.Hosts",              "IST0174",         "The host is a service", true, analyze_destination_rule_hosts },
    { "destinationrule.Subsets",            "IST0173",         "Subsets select workloads", false, analyze_destination_rule_subsets },
    { "destinationrule.ServerVerification", "IST0128 IST0129", "TLS checks who the server is", false, analyze_destination_rule_tls },
    { "destinationrule.Levels",             "MSH1060",         "No rule hides what another one says", false, analyze_levels_hidden },
    { "destinationrule.Ejection",           "MSH1061",         "Failing endpoints can be left out", false, analyze_levels_ejection },
    { "gateway.Conflicts",                  "IST0145",         "No two gateways want one port and host", false, analyze_gateway_conflicts },
    { "gateway.Selectors",                  "IST0101",         "Some workload is the gateway", false, analyze_gateway_selectors },
    { "gateway.Credentials",                "IST0101 IST0161", "Certificates exist", true, analyze_gateway_credentials },
    { "service.PortNames",                  "IST0118",         "Port names say the protocol", false, analyze_service_port_names },
    { "serviceentry.Addresses",             "IST0134",         "TCP services have addresses", false, analyze_service_addresses },
    { "policy.Workloads",                   "IST0127",         "Policies select workloads", false, analyze_policy_workloads },
    { "authorization.Namespaces",           "IST0101",         "Namespaces that rules name exist", false, analyze_policy_namespaces },
    { "sidecar.Selectors",                  "IST0101 IST0110 IST0111 IST0167", "One Sidecar for a workload", false, analyze_exclusive_sidecars },
    { "telemetry.Selectors",                "IST0101 IST0159 IST0160", "One Telemetry for a workload", false, analyze_exclusive_telemetries },
    { "telemetry.Providers",                "IST0157",         "Providers have names", false, analyze_entry_providers },
    { "annotations",                        "IST0107 IST0108 IST0125 IST0135 IST0136", "Annotations are known, in place and valid", false, analyze_annotation_all },
    { "injection.Namespaces",               "IST0102 IST0123", "Namespaces say whether pods get a sidecar", false, analyze_injection_namespaces },
    { "injection.Pods",                     "IST0103 IST0144 IST0146 IST0147", "Pods have the sidecar they ask for", false, analyze_injection_pods },
    { "injection.Images",                   "IST0158",         "Sidecars of a namespace are of one version", false, analyze_injection_images },
    { "deployment.Services",                "IST0116 IST0137", "Services of one Deployment agree about ports", false, analyze_deployment_services },
    { "envoyfilter.Patches",                "IST0151 IST0152 IST0153 IST0154 IST0155", "Patches have an effect", false, analyze_envoy_filter_patches },
    { "gateway.SharedCertificates",         "IST0138",         "One certificate, one gateway", false, analyze_gateway_use_certificates },
    { "gateway.ServicePorts",               "IST0162",         "Services in front have the gateway's ports", false, analyze_gateway_use_ports },
    { "virtualservice.Claims",              "IST0149",         "Claims that routes ask for are verified", false, analyze_gateway_use_claims },
    { "virtualservice.GeneratedGateways",   "IST0165",         "Routes name no gateway that is made from another", false, analyze_gateway_use_generated },
    { "policy.GatewaySelectors",            "IST0166",         "Policies of Gateway API gateways use targetRefs", false, analyze_gateway_use_selectors },
    { "serviceentry.Protocols",             "IST0177",         "One host and port, one protocol", false, analyze_entry_protocols },
    { "service.ExternalNames",              "IST0150",         "Ports of ExternalName services are not TCP", false, analyze_service_external_names },
    { "meshnetworks.Registries",            "IST0126",         "Registries that networks name exist", false, analyze_mesh_registries },
    { "authentication.KeyFetches",          "IST0175",         "Keys are fetched from where it is wanted", false, analyze_mesh_key_fetches },
    { "status.Conditions",                  "IST0171",         "Control accepted the object", false, analyze_entry_conditions },
    { "schema.Unenforced",                  "MSH1020",         "Fields that are accepted and not acted on", false, analyze_unenforced_fields },
};

static const struct {
    const char *code, *name;
} codes[] = {
    { "IST0002", "Deprecated" },
    { "IST0101", "ReferencedResourceNotFound" },
    { "IST0102", "NamespaceNotInjected" },
    { "IST0103", "PodMissingProxy" },
    { "IST0106", "SchemaValidationError" },
    { "IST0107", "MisplacedAnnotation" },
    { "IST0108", "UnknownAnnotation" },
    { "IST0109", "ConflictingMeshGatewayVirtualServiceHosts" },
    { "IST0110", "ConflictingSidecarWorkloadSelectors" },
    { "IST0111", "MultipleSidecarsWithoutWorkloadSelectors" },
    { "IST0112", "VirtualServiceDestinationPortSelectorRequired" },
    { "IST0116", "DeploymentAssociatedToMultipleServices" },
    { "IST0118", "PortNameIsNotUnderNamingConvention" },
    { "IST0123", "NamespaceMultipleInjectionLabels" },
    { "IST0125", "InvalidAnnotation" },
    { "IST0126", "UnknownMeshNetworksServiceRegistry" },
    { "IST0127", "NoMatchingWorkloadsFound" },
    { "IST0128", "NoServerCertificateVerificationDestinationLevel" },
    { "IST0129", "NoServerCertificateVerificationPortLevel" },
    { "IST0130", "VirtualServiceUnreachableRule" },
    { "IST0131", "VirtualServiceIneffectiveMatch" },
    { "IST0132", "VirtualServiceHostNotFoundInGateway" },
    { "IST0133", "SchemaWarning" },
    { "IST0134", "ServiceEntryAddressesRequired" },
    { "IST0135", "DeprecatedAnnotation" },
    { "IST0136", "AlphaAnnotation" },
    { "IST0137", "DeploymentConflictingPorts" },
    { "IST0138", "GatewayDuplicateCertificate" },
    { "IST0140", "IngressRouteRulesNotAffected" },
    { "IST0144", "InvalidApplicationUID" },
    { "IST0145", "ConflictingGateways" },
    { "IST0146", "ImageAutoWithoutInjectionWarning" },
    { "IST0147", "ImageAutoWithoutInjectionError" },
    { "IST0149", "JwtClaimBasedRoutingWithoutRequestAuthN" },
    { "IST0150", "ExternalNameServiceTypeInvalidPortName" },
    { "IST0151", "EnvoyFilterUsesRelativeOperation" },
    { "IST0152", "EnvoyFilterUsesReplaceOperationIncorrectly" },
    { "IST0153", "EnvoyFilterUsesAddOperationIncorrectly" },
    { "IST0154", "EnvoyFilterUsesRemoveOperationIncorrectly" },
    { "IST0155", "EnvoyFilterUsesRelativeOperationWithProxyVersion" },
    { "IST0157", "InvalidTelemetryProvider" },
    { "IST0158", "PodsIstioProxyImageMismatchInNamespace" },
    { "IST0159", "ConflictingTelemetryWorkloadSelectors" },
    { "IST0160", "MultipleTelemetriesWithoutWorkloadSelectors" },
    { "IST0161", "InvalidGatewayCredential" },
    { "IST0162", "GatewayPortNotDefinedOnService" },
    { "IST0165", "ReferencedInternalGateway" },
    { "IST0166", "IneffectiveSelector" },
    { "IST0167", "IneffectivePolicy" },
    { "IST0171", "NegativeConditionStatus" },
    { "IST0173", "DestinationRuleSubsetNotSelectPods" },
    { "IST0174", "UnknownDestinationRuleHost" },
    { "IST0175", "JwksUriFetchUnrestricted" },
    { "IST0177", "ConflictingServiceEntryProtocol" },
    { "MSH1020", "FieldNotEnforced" },
    { "MSH1060", "DestinationRuleHidden" },
    { "MSH1061", "NothingEverEjected" },
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
