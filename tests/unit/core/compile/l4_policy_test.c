#include "core/compile/l4_policy.h"

#include "core/api/object_set.h"
#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/compile/security_msg.h"
#include "core/text/field_encode.h"
#include "core/text/proto.h"
#include "tests/tap.h"

#define AP                                                                                         \
    "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"                           \
    "metadata: {name: p, namespace: prod}\nspec: "
#define PA "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"

struct rig {
    struct l4_policy *policies;
    struct buf told; /* "NS/NAME" and what it is as JSON, a line each; "-NS/NAME"; "~NS" */
};

static void open_rig(struct rig *r)
{
    r->policies = l4_policy_new(STR("istio-system"), STR("corp.example"));
    buf_init(&r->told, 0);
}

static void close_rig(struct rig *r)
{
    l4_policy_free(r->policies);
    buf_deinit(&r->told);
}

static void on_policy(void *arg, struct str name, struct str ns, struct str bytes)
{
    struct rig *r = arg;
    struct security_msg_authorization m;
    struct arena a;

    (void)ns;
    if (!bytes.len) {
        buf_printf(&r->told, "-%.*s\n", STR_ARG(name));
        return;
    }
    arena_init(&a, 1024);
    if (EQ_INT(proto_decode(&security_msg_authorization_message, bytes.p, bytes.len, &a, 0, &m),
               0)) {
        buf_printf(&r->told, "%.*s ", STR_ARG(name));
        EQ_INT(field_encode_json(&security_msg_authorization_message, &m, &r->told, 0), 0);
        buf_add_str(&r->told, STR("\n"));
    }
    arena_deinit(&a);
}

static void on_workloads(void *arg, struct str ns)
{
    struct rig *r = arg;

    buf_printf(&r->told, "~%.*s\n", STR_ARG(ns));
}

static const char *run(struct rig *r)
{
    static const struct l4_policy_changes changes = { on_policy, on_workloads };

    buf_clear(&r->told);
    l4_policy_run(r->policies, &changes, r);
    buf_add(&r->told, "", 1);
    return r->told.p + r->told.start;
}

/* How many policies a workload of the namespace has to name. */
static size_t count_of(const struct rig *r, const char *ns)
{
    struct arena a;
    struct str *list;
    size_t count;

    arena_init(&a, 256);
    count = l4_policy_of(r->policies, str_of(ns), NULL, 0, &a, &list);
    arena_deinit(&a);
    return count;
}

static const char *put(struct rig *r, const char *yaml)
{
    struct object_set set;

    object_set_init(&set);
    EQ_INT(object_set_read(&set, str_of(yaml), "test.yaml", NULL, NULL), 0);
    for (size_t i = 0; i < set.count; i++)
        l4_policy_put(r->policies, set.items[i]);
    object_set_deinit(&set);
    return run(r);
}

/* What one policy becomes. */
static void becomes(const char *spec, const char *rules)
{
    struct rig r;
    char yaml[2048];

    open_rig(&r);
    snprintf(yaml, sizeof(yaml), AP "%s\n", spec);
    NOTE("%s", spec);
    HAS_STR(put(&r, yaml), rules);
    close_rig(&r);
}

static void names_of(struct rig *r, const char *ns, const char *app, const char *want)
{
    struct field_pair label = { .key = STR("app"), .value = str_of(app) };
    struct str *names;
    struct buf text;
    struct arena a;

    arena_init(&a, 256);
    buf_init(&text, 0);
    for (size_t i = 0, n = l4_policy_of(r->policies, str_of(ns), &label, 1, &a, &names); i < n; i++)
        buf_printf(&text, "%s%.*s", i ? " " : "", STR_ARG(names[i]));
    EQ_STRN(buf_str(&text).p, buf_len(&text), want);
    buf_deinit(&text);
    arena_deinit(&a);
}

static void rules_become_clauses(void)
{
    becomes("{rules: [{from: [{source: {principals: ['*/ns/a/sa/b', 'x*', '*', 'y']}}], "
            "to: [{operation: {ports: ['80'], notPorts: ['81']}}]}]}",
            "\"rules\":[{\"clauses\":[{\"matches\":[{\"destinationPorts\":[80],"
            "\"notDestinationPorts\":[81]}]},{\"matches\":[{\"principals\":["
            "{\"suffix\":\"/ns/a/sa/b\"},{\"prefix\":\"x\"},{\"presence\":{}},"
            "{\"exact\":\"y\"}]}]}]}]");
    becomes("{rules: [{from: [{source: {serviceAccounts: [a, b/c], ipBlocks: [10.0.0.0/8]}}]}]}",
            "{\"sourceIps\":[{\"address\":\"CgAAAA==\","
            "\"length\":8}],\"serviceAccounts\":[{\"namespace\":\"prod\",\"serviceAccount\":"
            "\"a\"},{\"namespace\":\"b\",\"serviceAccount\":\"c\"}]}");
    becomes("{rules: [{when: [{key: destination.port, values: ['9']}, "
            "{key: source.namespace, notValues: [m]}]}]}",
            "\"clauses\":[{\"matches\":[{\"destinationPorts\":[9]}]},{\"matches\":["
            "{\"notNamespaces\":[{\"exact\":\"m\"}]}]}]");
}

static void az_10_cluster_local_is_the_own_domain(void)
{
    becomes("{rules: [{from: [{source: {principals: [cluster.local/ns/a/sa/b]}}]}]}",
            "[{\"exact\":\"cluster.local/ns/a/sa/b\"},{\"exact\":\"corp.example/ns/a/sa/b\"}]");
}

static void nothing_is_allowed_by_no_rule_and_all_by_an_empty_one(void)
{
    becomes("{}", "prod/p {\"name\":\"p\",\"namespace\":\"prod\",\"scope\":\"NAMESPACE\"}\n");
    becomes("{rules: [{}]}", "\"rules\":[{}]");
}

/* Bytes have no path: an ALLOW rule never matches them, a DENY rule refuses more. */
static void az_19_http_conditions_refuse_more(void)
{
    becomes("{rules: [{to: [{operation: {paths: [/x]}}]}, {to: [{operation: {ports: ['1']}}]}]}",
            "\"rules\":[{\"clauses\":[{\"matches\":[{\"destinationPorts\":[1]}]}]}]");
    becomes("{rules: [{when: [{key: 'request.headers[x]', values: [y]}]}]}",
            "\"scope\":\"NAMESPACE\"}\n");
    becomes("{action: DENY, rules: [{from: [{source: {namespaces: [n]}}], "
            "to: [{operation: {paths: [/x]}}]}]}",
            "\"rules\":[{\"clauses\":[{\"matches\":[{\"namespaces\":[{\"exact\":\"n\"}]}]}]}]");
    becomes("{action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}", "\"rules\":[{}]");
}

static void what_has_no_form_is_not_served(void)
{
    struct rig r;

    open_rig(&r);
    EQ_STR(put(&r, AP "{action: AUDIT, rules: [{}]}"), "");
    EQ_STR(put(&r, AP "{action: CUSTOM, provider: {name: x}, rules: [{}]}"), "");
    EQ_STR(put(&r, AP "{targetRefs: [{kind: Service, name: x}], rules: [{}]}"), "");
    close_rig(&r);
}

static void scope_follows_namespace_and_selector(void)
{
    struct rig r;

    open_rig(&r);
    HAS_STR(put(&r, AP "{selector: {matchLabels: {app: web}}}"), "\"WORKLOAD_SELECTOR\"");
    names_of(&r, "prod", "web", "prod/p");
    names_of(&r, "prod", "db", "");
    names_of(&r, "test", "web", "");
    HAS_STR(put(&r, "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
                    "metadata: {name: all, namespace: istio-system}\n"
                    "spec: {selector: {matchLabels: {app: web}}}\n"),
            "~\n");
    names_of(&r, "test", "web", "istio-system/all");
    names_of(&r, "prod", "web", "istio-system/all prod/p");
    HAS_STR(put(&r, AP "{}"),
            "prod/p {\"name\":\"p\",\"namespace\":\"prod\",\"scope\":\"NAMESPACE\"}\n~prod\n");
    names_of(&r, "prod", "web", "istio-system/all");
    close_rig(&r);
}

static void a_change_is_told_once_and_a_removal_too(void)
{
    struct rig r;

    open_rig(&r);
    HAS_STR(put(&r, AP "{rules: [{}]}"), "prod/p {");
    EQ_STR(run(&r), "");
    EQ_STR(put(&r, AP "{rules: [{}]}"), "");
    l4_policy_remove(r.policies, API_KIND_AUTHORIZATION_POLICY, STR("prod"), STR("p"));
    EQ_STR(run(&r), "-prod/p\n");
    close_rig(&r);
}

static void strict_refuses_callers_without_identity(void)
{
    struct rig r;

    open_rig(&r);
    HAS_STR(
        put(&r, PA "metadata: {name: default, namespace: istio-system}\n"
                   "spec: {mtls: {mode: STRICT}}\n"),
        "istio-system/istio_converted_static_strict {\"name\":\"istio_converted_static_strict\","
        "\"namespace\":\"istio-system\",\"scope\":\"WORKLOAD_SELECTOR\",\"action\":\"DENY\","
        "\"rules\":[{\"clauses\":[{\"matches\":[{\"notPrincipals\":[{\"presence\":{}}]}]}]}]}");
    names_of(&r, "prod", "web", "istio-system/istio_converted_static_strict");
    put(&r, PA "metadata: {name: default, namespace: prod}\nspec: {mtls: {mode: PERMISSIVE}}\n");
    names_of(&r, "prod", "web", "");
    names_of(&r, "test", "web", "istio-system/istio_converted_static_strict");
    close_rig(&r);
}

static void ports_that_differ_have_a_policy_of_their_own(void)
{
    struct rig r;

    open_rig(&r);
    HAS_STR(put(&r, PA "metadata: {name: web, namespace: prod}\n"
                       "spec: {selector: {matchLabels: {app: web}}, mtls: {mode: STRICT}, "
                       "portLevelMtls: {8080: {mode: PERMISSIVE}, 81: {mode: STRICT}}}\n"),
            "\"rules\":[{\"clauses\":[{\"matches\":[{\"notPrincipals\":[{\"presence\":{}}]}]},"
            "{\"matches\":[{\"notDestinationPorts\":[8080]}]}]}]");
    names_of(&r, "prod", "web", "prod/converted_peer_authentication_web");
    names_of(&r, "prod", "db", "");
    HAS_STR(put(&r, PA "metadata: {name: web, namespace: prod}\n"
                       "spec: {selector: {matchLabels: {app: web}}, "
                       "portLevelMtls: {8080: {mode: STRICT}}}\n"),
            "{\"matches\":[{\"destinationPorts\":[8080]}]}");
    /* The namespace becomes strict: there is nothing left in which the port differs. */
    HAS_STR(
        put(&r, PA "metadata: {name: default, namespace: prod}\nspec: {mtls: {mode: STRICT}}\n"),
        "-prod/converted_peer_authentication_web");
    names_of(&r, "prod", "web", "istio-system/istio_converted_static_strict");
    close_rig(&r);
}

static void another_root_namespace_has_other_policies_for_all(void)
{
    struct rig r;

    open_rig(&r);
    (void)put(&r, PA "metadata: {name: default, namespace: admin}\nspec: {mtls: {mode: STRICT}}\n");
    EQ_UINT(count_of(&r, "prod"), 0);
    l4_policy_set_root(r.policies, STR("admin"));
    OK(str_find(str_of(run(&r)), STR("~\n")) >= 0);
    EQ_UINT(count_of(&r, "prod"), 1);
    l4_policy_set_root(r.policies, STR("admin"));
    EQ_STR(run(&r), "");
    close_rig(&r);
}

static const struct tap_case cases[] = {
    { "another_root_namespace_has_other_policies_for_all",
      another_root_namespace_has_other_policies_for_all },
    { "rules_become_clauses", rules_become_clauses },
    { "az_10_cluster_local_is_the_own_domain", az_10_cluster_local_is_the_own_domain },
    { "nothing_is_allowed_by_no_rule_and_all_by_an_empty_one",
      nothing_is_allowed_by_no_rule_and_all_by_an_empty_one },
    { "az_19_http_conditions_refuse_more", az_19_http_conditions_refuse_more },
    { "what_has_no_form_is_not_served", what_has_no_form_is_not_served },
    { "scope_follows_namespace_and_selector", scope_follows_namespace_and_selector },
    { "a_change_is_told_once_and_a_removal_too", a_change_is_told_once_and_a_removal_too },
    { "strict_refuses_callers_without_identity", strict_refuses_callers_without_identity },
    { "ports_that_differ_have_a_policy_of_their_own",
      ports_that_differ_have_a_policy_of_their_own },
};

TAP_MAIN(cases)
