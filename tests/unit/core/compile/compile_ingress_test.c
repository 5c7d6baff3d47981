#include "core/compile/compile_ingress.h"

#include "core/route/route.h"
#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

#define CLASS(name, controller)                                                                    \
    "apiVersion: networking.k8s.io/v1\nkind: IngressClass\n"                                       \
    "metadata: {name: " name "}\nspec: {controller: " controller "}\n---\n"
#define ISTIO CLASS("istio", "istio.io/ingress-controller")
#define META(name, meta, spec)                                                                     \
    "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"                                            \
    "metadata: {name: " name ", namespace: default" meta "}\nspec:\n" spec "---\n"
#define INGRESS(name, spec)    META(name, "", "  ingressClassName: istio\n" spec)
#define BACKEND(service, port) "backend: {service: {name: " service ", port: {" port "}}}"
#define PATH(path, type, service)                                                                  \
    "{path: '" path "', pathType: " type ", " BACKEND(service, "number: 80") "}"
#define RULE(host, paths) "  - {host: '" host "', http: {paths: [" paths "]}}\n"
#define SVC(name)                                                                                  \
    "apiVersion: v1\nkind: Service\nmetadata: {name: " name ", namespace: default}\n"              \
    "spec: {clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]}\n---\n"
#define MESH(settings)                                                                             \
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"          \
    "data: {mesh: '" settings "'}\n---\n"
#define A "outbound|80||a.default.svc.cluster.local"
#define B "outbound|80||b.default.svc.cluster.local"

static struct compile_rig rig;

#define BEGIN(yaml) OK(compile_rig_begin_gateway(&rig, yaml))

static const char *target(const char *host, const char *path)
{
    const struct model_gateway_server *s = compile_rig_server(&rig, "0.0.0.0_80", NULL);

    return s ? compile_rig_target(compile_rig_route_in(&rig, s->http, host, path, NULL))
             : "no server";
}

static void paths_are_compared_as_their_type_says(void)
{
    if (BEGIN(ISTIO SVC("a") INGRESS(
            "in", "  rules:\n" RULE("x.com", PATH("/exact", "Exact", "a"))
                      RULE("y.com", PATH("/pre/fix/", "Prefix", "a")) RULE(
                          "z.com", PATH("/star*", "ImplementationSpecific", "a") ", " PATH(
                                       "/dot/.*", "ImplementationSpecific",
                                       "a") ", " PATH("/whole", "ImplementationSpecific", "a"))))) {
        EQ_STR(target("x.com", "/exact"), A);
        EQ_STR(target("x.com", "/exact/"), "");
        EQ_STR(target("y.com", "/pre/fix"), A);
        EQ_STR(target("y.com", "/pre/fix/"), A);
        EQ_STR(target("y.com", "/pre/fix/more"), A);
        EQ_STR(target("y.com", "/pre/fixed"), "");
        EQ_STR(target("z.com", "/starry"), A);
        EQ_STR(target("z.com", "/dot/x"), A);
        EQ_STR(target("z.com", "/whole"), A);
        EQ_STR(target("z.com", "/whole/x"), "");
    }
    compile_rig_deinit(&rig);
}

static void longest_path_of_all_ingresses_counts_and_defaults_come_last(void)
{
    if (BEGIN(ISTIO SVC("a") SVC("b") INGRESS(
            "one", "  defaultBackend: {service: {name: b, port: {name: http}}}\n"
                   "  rules:\n" RULE("x.com", PATH("/a", "Prefix", "a")))
                  INGRESS("two", "  rules:\n" RULE("x.com", PATH("/a/b", "Prefix", "b") ", " PATH(
                                                                "/a/b", "Exact", "a"))))) {
        EQ_STR(target("x.com", "/a/c"), A);
        EQ_STR(target("x.com", "/a/b"), A);
        EQ_STR(target("x.com", "/a/b/c"), B);
        EQ_STR(target("x.com", "/"), B);
        EQ_STR(target("other.com", "/"), B);
    }
    compile_rig_deinit(&rig);
}

static void class_decides_and_its_change_takes_effect(void)
{
    if (BEGIN(ISTIO CLASS("other", "example.com/other") SVC("a")
                  INGRESS("in", "  rules:\n" RULE("x.com", PATH("/", "Prefix", "a"))))) {
        EQ_STR(target("x.com", "/"), A);
        OK(compile_rig_apply(&rig, META("in", "",
                                        "  ingressClassName: other\n  rules:\n" RULE(
                                            "x.com", PATH("/", "Prefix", "a")))));
        EQ_STR(target("x.com", "/"), "no server");
        OK(compile_rig_apply(&rig, CLASS("other", "istio.io/ingress-controller")));
        EQ_STR(target("x.com", "/"), A);
        compile_rig_remove(&rig, "IngressClass", "", "other");
        OK(compile_rig_run(&rig));
        EQ_STR(target("x.com", "/"), "no server");
    }
    compile_rig_deinit(&rig);
}

static void annotation_and_settings_of_the_mesh_decide_too(void)
{
    static const char *const none =
        SVC("a") META("in", "", "  rules:\n" RULE("x.com", PATH("/", "Prefix", "a")));

    if (BEGIN(SVC("a") META("in", ", annotations: {kubernetes.io/ingress.class: mine}",
                            "  rules:\n" RULE("x.com", PATH("/", "Prefix", "a"))))) {
        EQ_STR(target("x.com", "/"), "no server");
        OK(compile_rig_apply(&rig, MESH("ingressClass: mine")));
        EQ_STR(target("x.com", "/"), A);
        OK(compile_rig_apply(&rig, MESH("{ingressClass: mine, ingressSelector: elsewhere}")));
        EQ_STR(target("x.com", "/"), "no server");
        OK(compile_rig_apply(&rig, MESH("ingressClass: mine")));
        EQ_STR(target("x.com", "/"), A);
        OK(compile_rig_apply(&rig, MESH("{ingressClass: mine, ingressControllerMode: \"OFF\"}")));
        EQ_STR(target("x.com", "/"), "no server");
    }
    compile_rig_deinit(&rig);
    if (BEGIN(none)) {
        EQ_STR(target("x.com", "/"), "no server");
        OK(compile_rig_apply(&rig, MESH("ingressControllerMode: DEFAULT")));
        EQ_STR(target("x.com", "/"), A);
    }
    compile_rig_deinit(&rig);
}

static void port_by_name_follows_the_service(void)
{
    if (BEGIN(ISTIO INGRESS("in",
                            "  rules:\n"
                            "  - {host: x.com, http: {paths: [{path: /, pathType: Prefix, " BACKEND(
                                "a", "name: http") "}]}}\n"))) {
        EQ_STR(target("x.com", "/"), "NC");
        OK(compile_rig_apply(&rig, SVC("a")));
        EQ_STR(target("x.com", "/"), A);
    }
    compile_rig_deinit(&rig);
}

static void secret_of_no_other_namespace_can_be_named(void)
{
    struct compile_ingress in;
    struct arena a;

    if (BEGIN(ISTIO SVC("a") INGRESS(
            "in", "  tls: [{hosts: [x.com], secretName: good}, {hosts: [x.com, y.com], "
                  "secretName: better}]\n  rules:\n" RULE("x.com", PATH("/", "Prefix", "a"))))) {
        arena_init(&a, 0);
        compile_ingress_build(rig.compile, &a, &in);
        /* Port 80, and one for each certificate; what the first has the second has not. */
        if (EQ_INT(in.server_count, 3)) {
            EQ_STR(in.servers[1].spec.tls->credential_name.p, "good");
            EQ_INT(in.servers[2].spec.hosts_count, 1);
            OK(str_is(in.servers[2].spec.hosts[0], "y.com"));
        }
        arena_deinit(&a);
    }
    compile_rig_deinit(&rig);
    compile_rig_init_gateway(&rig);
    OK(!compile_rig_put(&rig, ISTIO INGRESS("in", "  tls: [{secretName: "
                                                  "'kubernetes-gateway://kube-system/key'}]\n"
                                                  "  rules: [{host: x.com}]\n")));
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "paths_are_compared_as_their_type_says", paths_are_compared_as_their_type_says },
    { "longest_path_of_all_ingresses_counts_and_defaults_come_last",
      longest_path_of_all_ingresses_counts_and_defaults_come_last },
    { "class_decides_and_its_change_takes_effect", class_decides_and_its_change_takes_effect },
    { "annotation_and_settings_of_the_mesh_decide_too",
      annotation_and_settings_of_the_mesh_decide_too },
    { "port_by_name_follows_the_service", port_by_name_follows_the_service },
    { "secret_of_no_other_namespace_can_be_named", secret_of_no_other_namespace_can_be_named },
};

TAP_MAIN(cases)
