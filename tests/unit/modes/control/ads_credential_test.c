#include "modes/control/ads_credential.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/api/object_set.h"
#include "core/base/mem.h"
#include "modes/control/ads_audience.h"
#include "modes/control/ads_scope.h"
#include "tests/tap.h"
#include "tests/unit/support/api_files.h"

static struct ads_credential index_;
static struct object_set objects;
static int changes;

static void on_changed(void *arg, struct str name)
{
    (void)arg;
    (void)name;
    changes++;
}

/* Enters the objects of a text under their names; "not there" for those that do not decode. */
static bool begin(const char *yaml)
{
    char *said;

    ads_credential_init(&index_);
    object_set_init(&objects);
    changes = 0;
    said = api_files_complain(yaml, &objects);
    EQ_STR(said, "");
    mem_free(said);
    for (size_t i = 0; i < objects.count; i++)
        ads_credential_put(&index_, objects.items[i]->name, objects.items[i], on_changed, NULL);
    return OK(objects.count > 0);
}

static void finish(void)
{
    ads_credential_deinit(&index_);
    object_set_deinit(&objects);
}

static bool may(const char *ns, const char *app, bool is_gateway, const char *secret_ns,
                const char *secret)
{
    const struct field_pair labels[] = { { STR("app"), str_of(app) }, { STR("x"), STR("y") } };
    const struct ads_credential_node node = {
        .ns = str_of(ns), .labels = labels, .label_count = 2, .is_gateway = is_gateway
    };

    return ads_credential_may_have(&index_, &node, str_of(secret_ns), str_of(secret));
}

#define GATEWAY                                                                                    \
    "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g, namespace: shop}\n"    \
    "spec:\n  selector: {app: edge}\n  servers:\n"                                                 \
    "  - {port: {number: 443, name: https, protocol: HTTPS}, hosts: ['a.com'], "                   \
    "tls: {mode: MUTUAL, credentialName: a-cert}}\n"

static void a_gateway_has_what_its_gateways_name(void)
{
    if (begin(GATEWAY)) {
        OK(may("ingress", "edge", true, "ingress", "a-cert"));
        OK(may("ingress", "edge", true, "ingress", "a-cert-cacert"));
        OK(!may("ingress", "edge", true, "ingress", "b-cert"));
        OK(!may("ingress", "edge", true, "shop", "a-cert")); /* not its own namespace */
        OK(!may("ingress", "other", true, "ingress", "a-cert"));
        OK(!may("ingress", "edge", false, "ingress", "a-cert"));
    }
    finish();
}

static void what_goes_takes_its_secrets_along(void)
{
    if (begin(GATEWAY)) {
        EQ_INT(changes, 1);
        ads_credential_put(&index_, STR("g"), NULL, on_changed, NULL);
        EQ_INT(changes, 2);
        OK(!may("ingress", "edge", true, "ingress", "a-cert"));
    }
    finish();
}

static void a_rule_gives_to_gateways_or_to_whom_it_selects(void)
{
    if (begin("apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
              "metadata: {name: all, namespace: shop}\n"
              "spec: {host: x.com, trafficPolicy: {portLevelSettings: [{port: {number: 443}, "
              "tls: {mode: SIMPLE, credentialName: x-ca}}]}}\n"
              "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
              "metadata: {name: some, namespace: shop}\n"
              "spec: {host: y.com, workloadSelector: {matchLabels: {app: client}}, "
              "trafficPolicy: {tls: {mode: MUTUAL, credentialName: y-cert}}}\n")) {
        OK(may("egress", "any", true, "egress", "x-ca"));
        OK(!may("shop", "client", false, "shop", "x-ca"));
        OK(may("shop", "client", false, "shop", "y-cert"));
        OK(!may("shop", "other", false, "shop", "y-cert"));
        OK(!may("bank", "client", false, "bank", "y-cert"));
    }
    finish();
}

/* Of the first object; mesh: a MeshConfig, or NULL. */
static const char *audience_in(const char *mesh, const char *yaml)
{
    static char out[256];
    struct object_set config;
    struct ads_scope scope;
    struct arena a;
    struct str s;

    if (!begin(yaml))
        return "";
    arena_init(&a, 256);
    object_set_init(&config);
    ads_scope_init(&scope, NULL);
    if (mesh && EQ_INT(object_set_read(&config, str_of(mesh), "mesh.yaml", NULL, NULL), 0))
        OK(ads_scope_read(&scope, config.items[0]));
    s = ads_audience_of(objects.items[0], &scope, &a);
    (void)snprintf(out, sizeof(out), "%.*s", STR_ARG(s));
    ads_scope_deinit(&scope);
    object_set_deinit(&config);
    arena_deinit(&a);
    finish();
    return out;
}

static const char *audience_of(const char *yaml)
{
    return audience_in(NULL, yaml);
}

#define VS(export)                                                                                 \
    "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"                                   \
    "metadata: {name: v, namespace: shop}\n"                                                       \
    "spec: {hosts: [a], exportTo: " export ", http: [{route: [{destination: {host: a}}]}]}\n"

static void h_4_an_object_is_told_to_whom_it_is_exported(void)
{
    EQ_STR(audience_of(VS("[]")), "");
    EQ_STR(audience_of(VS("['*']")), "");
    EQ_STR(audience_of(VS("['.']")), " shop ");
    EQ_STR(audience_of(VS("['bank', '.']")), " bank shop ");
    EQ_STR(audience_of("apiVersion: networking.istio.io/v1\nkind: Sidecar\n"
                       "metadata: {name: s, namespace: shop}\n"
                       "spec: {egress: [{hosts: ['./*']}]}\n"),
           " shop ");
    EQ_STR(audience_of("apiVersion: networking.istio.io/v1\nkind: Sidecar\n"
                       "metadata: {name: s, namespace: istio-system}\n"
                       "spec: {egress: [{hosts: ['./*']}]}\n"),
           "");
    OK(ads_audience_has(STR(""), STR("any")));
    OK(ads_audience_has(STR(" bank shop "), STR("shop")));
    OK(!ads_audience_has(STR(" bank shop "), STR("sho")));
    OK(!ads_audience_has(STR(" bank shop "), STR("")));
    OK(!ads_audience_has(STR(" "), STR("shop")));
}

#define SIDECAR(ns)                                                                                \
    "apiVersion: networking.istio.io/v1\nkind: Sidecar\n"                                          \
    "metadata: {name: s, namespace: " ns "}\nspec: {egress: [{hosts: ['./*']}]}\n"

static void policies_of_the_root_namespace_are_for_all(void)
{
    EQ_STR(audience_in("rootNamespace: admin", SIDECAR("admin")), "");
    EQ_STR(audience_in("rootNamespace: admin", SIDECAR("istio-system")), " istio-system ");
}

static void h_4_what_does_not_say_follows_the_mesh(void)
{
    static const char mesh[] = "defaultVirtualServiceExportTo: ['.']\n"
                               "defaultDestinationRuleExportTo: [bank]\n"
                               "defaultServiceExportTo: ['~']\n";

    EQ_STR(audience_in(mesh, VS("[]")), " shop ");
    EQ_STR(audience_in(mesh, VS("['*']")), "");
    EQ_STR(audience_in(mesh, "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
                             "metadata: {name: r, namespace: shop}\nspec: {host: a}\n"),
           " bank ");
    EQ_STR(audience_in(mesh, "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
                             "metadata: {name: e, namespace: shop}\n"
                             "spec: {hosts: [a.com], resolution: DNS, location: MESH_EXTERNAL,\n"
                             "  ports: [{number: 80, name: http, protocol: HTTP}]}\n"),
           " ");
}

static const struct tap_case cases[] = {
    { "policies_of_the_root_namespace_are_for_all", policies_of_the_root_namespace_are_for_all },
    { "h_4_what_does_not_say_follows_the_mesh", h_4_what_does_not_say_follows_the_mesh },
    { "a_gateway_has_what_its_gateways_name", a_gateway_has_what_its_gateways_name },
    { "what_goes_takes_its_secrets_along", what_goes_takes_its_secrets_along },
    { "a_rule_gives_to_gateways_or_to_whom_it_selects",
      a_rule_gives_to_gateways_or_to_whom_it_selects },
    { "h_4_an_object_is_told_to_whom_it_is_exported",
      h_4_an_object_is_told_to_whom_it_is_exported },
};

TAP_MAIN(cases)
