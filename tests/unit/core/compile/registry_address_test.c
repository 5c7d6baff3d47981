#include "core/compile/registry_address.h"

#include "core/base/error.h"
#include "core/compile/registry.h"
#include "core/compile/registry_encode.h"
#include "tests/tap.h"
#include "tests/unit/support/compile_rig.h"

static const char mesh[] =
    "apiVersion: v1\nkind: Service\nmetadata: {name: reviews, namespace: default}\n"
    "spec: {clusterIP: 10.1.0.1, selector: {app: reviews}, trafficDistribution: PreferSameZone, "
    "ports: [{name: http, port: 80, targetPort: 9080}, {name: tcp-x, port: 7000}]}\n---\n"
    "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\n"
    "metadata: {name: reviews-v1, namespace: default}\n"
    "spec: {address: 10.0.1.1, serviceAccount: reviews, weight: 3, locality: r/z/s, "
    "labels: {app: reviews, version: v1, mesh.dev/hop: mesh}}\n---\n"
    "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\n"
    "metadata: {name: reviews-v2, namespace: default}\n"
    "spec: {address: 10.0.1.2, ports: {http: 9999}, labels: {app: reviews, version: v2}}\n---\n"
    "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n"
    "metadata: {name: ext, namespace: default}\n"
    "spec: {hosts: [ext.example.com], resolution: DNS, "
    "ports: [{number: 443, name: tls, protocol: TLS}], subjectAltNames: [ext.example.com]}\n";

static const char rule[] = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
                           "metadata: {name: reviews, namespace: default}\n"
                           "spec: {host: reviews, subsets: [{name: v2, labels: {version: v2}}]}\n";

struct sending {
    struct compile_rig *to;
    const struct registry *from;
};

static void send_service(void *arg, const struct registry_service *s)
{
    struct sending *x = arg;
    struct buf b;
    struct arena a;

    arena_init(&a, 256);
    buf_init(&b, 0);
    EQ_INT(registry_address_encode_service(s, &b), 0);
    EQ_INT(compile_put_address(x->to->compile,
                               arena_printf(&a, "%.*s/%.*s", STR_ARG(s->ns), STR_ARG(s->host)),
                               buf_str(&b)),
           0);
    buf_deinit(&b);
    arena_deinit(&a);
}

static void send_workload(void *arg, const struct registry_workload *w)
{
    struct sending *x = arg;
    struct buf b;

    buf_init(&b, 0);
    EQ_INT(registry_encode_workload(x->from, NULL, w, &b), 0);
    EQ_INT(compile_put_address(x->to->compile, w->uid, buf_str(&b)), 0);
    buf_deinit(&b);
}

static void same_cluster(struct compile_rig *a, struct compile_rig *b, const char *name)
{
    const struct model_cluster *x = compile_rig_cluster(a, name), *y = compile_rig_cluster(b, name);

    NOTE("%s", name);
    if (!OK(x) || !OK(y) || !EQ_INT(y->endpoints->count, x->endpoints->count))
        return;
    EQ_INT(y->config->type, x->config->type);
    EQ_INT(y->config->protocol, x->config->protocol);
    EQ_INT(y->config->tls_mode, x->config->tls_mode);
    EQ_INT(y->config->identity_count, x->config->identity_count);
    EQ_UINT(y->endpoints->group_count, x->endpoints->group_count);
    for (uint32_t i = 0; i < x->endpoints->count; i++) {
        const struct model_endpoint *e = &x->endpoints->list[i], *f = &y->endpoints->list[i];

        OK(addr_eq(&e->addr, &f->addr));
        OK(str_eq(e->hostname, f->hostname));
        OK(str_eq(e->identity, f->identity));
        OK(str_eq(e->locality, f->locality));
        OK(str_eq(e->peer.canonical_service, f->peer.canonical_service));
        EQ_INT(f->hop, e->hop);
        EQ_INT(f->port, e->port);
        EQ_INT(f->weight, e->weight);
    }
}

/* What control sends makes the same clusters as the objects themselves. */
static void messages_say_what_objects_say(void)
{
    struct compile_rig objects, messages;
    struct sending x = { .to = &messages };

    compile_rig_init(&objects);
    compile_rig_init(&messages);
    OK(compile_rig_put(&objects, mesh));
    OK(compile_rig_apply(&objects, rule));
    OK(compile_rig_put(&messages, rule));
    x.from = compile_registry(objects.compile);
    registry_each_service(x.from, send_service, &x);
    registry_each_workload(x.from, send_workload, &x);
    OK(compile_rig_run(&messages));
    same_cluster(&objects, &messages, "outbound|80||reviews.default.svc.cluster.local");
    same_cluster(&objects, &messages, "outbound|80|v2|reviews.default.svc.cluster.local");
    same_cluster(&objects, &messages, "outbound|7000||reviews.default.svc.cluster.local");
    same_cluster(&objects, &messages, "outbound|443||ext.example.com");
    OK(compile_rig_vip(&messages, "10.1.0.1:7000"));
    compile_rig_deinit(&objects);
    compile_rig_deinit(&messages);
}

static void broken_messages_are_refused_and_change_nothing(void)
{
    static const char *const bad[] = { "", "\x0a", "\x0a\x03\x0a\x01", "\x12\x00", "\xff\xff" };
    struct compile_rig rig;

    compile_rig_init(&rig);
    OK(compile_rig_apply(&rig, mesh));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        EQ_INT(compile_put_address(rig.compile, STR("x"), str_of(bad[i])), ERR_INVALID);
    OK(!compile_rig_run(&rig));
    compile_rig_deinit(&rig);
}

static const struct tap_case cases[] = {
    { "messages_say_what_objects_say", messages_say_what_objects_say },
    { "broken_messages_are_refused_and_change_nothing",
      broken_messages_are_refused_and_change_nothing },
};

TAP_MAIN(cases)
