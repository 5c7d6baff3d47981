/* Objects: decoding, what they carry, round trips, protobuf, complaints. */
#include "core/api/object_set.h"

#include "core/api/k8s_pod.h"
#include "core/api/k8s_secret.h"
#include "core/api/k8s_service.h"
#include "core/api/peer_authentication.h"
#include "core/api/virtual_service.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/field_encode.h"
#include "tests/tap.h"
#include "tests/unit/support/api_files.h"

static const char *const files[] = {
    "testdata/api/virtual_service.yaml",
    "testdata/api/destination_rule.yaml",
    "testdata/api/gateway.yaml",
    "testdata/api/service_entry.yaml",
    "testdata/api/workload.yaml",
    "testdata/api/security.yaml",
    "testdata/api/core.yaml",
    "testdata/api/sidecar.yaml",
    "testdata/api/telemetry.yaml",
};

static struct object *find(const struct object_set *set, const char *kind, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->items[i]->kind->kind, kind) == 0 && str_is(set->items[i]->name, name))
            return set->items[i];
    OK(false); /* no such object */
    return NULL;
}

/* One object of text, which must be fine. */
static struct object *one(const char *text)
{
    struct object_set set;
    struct object *o = NULL;
    char *said;

    object_set_init(&set);
    said = api_files_complain(text, &set);
    if (!EQ_STR(said, "") || !EQ_INT(set.count, 1))
        NOTE("%s", text);
    else
        o = object_ref(set.items[0]);
    mem_free(said);
    object_set_deinit(&set);
    return o;
}

static void json_comes_out_as_it_went_in(const struct object *o)
{
    struct object *back = NULL;
    struct buf a, b;

    buf_init(&a, 0);
    buf_init(&b, 0);
    EQ_INT(object_to_json(o, &a), 0);
    if (EQ_INT(object_decode_json(&back, buf_str(&a), NULL, NULL, NULL), 0)) {
        EQ_INT(object_to_json(back, &b), 0);
        EQ_MEM(buf_str(&b).p, buf_len(&b), buf_str(&a).p, buf_len(&a));
        EQ_UINT(back->content_hash, o->content_hash);
    }
    object_unref(back);
    buf_deinit(&a);
    buf_deinit(&b);
}

/* The spec through protobuf, compared as JSON made from the structs on both sides. */
static void proto_comes_out_as_it_went_in(const struct object *o)
{
    struct object *back = NULL;
    struct buf wire, a, b;

    buf_init(&wire, 0);
    buf_init(&a, 0);
    buf_init(&b, 0);
    EQ_INT(object_encode_proto(o, &wire), 0);
    if (EQ_INT(object_decode_proto(&back, buf_str(&wire).p, buf_len(&wire)), 0)) {
        EQ_PTR(back->kind, o->kind);
        OK(str_eq(back->name, o->name) && str_eq(back->ns, o->ns));
        if (o->kind->spec) {
            field_encode_json(o->kind->spec, o->spec, &a, NODE_SORTED);
            field_encode_json(o->kind->spec, back->spec, &b, NODE_SORTED);
            if (!EQ_MEM(buf_str(&b).p, buf_len(&b), buf_str(&a).p, buf_len(&a)))
                NOTE("in %s %.*s", o->kind->kind, STR_ARG(o->name));
        }
    }
    object_unref(back);
    buf_deinit(&wire);
    buf_deinit(&a);
    buf_deinit(&b);
}

static void every_sample_makes_the_round_trip(void)
{
    for (size_t f = 0; f < COUNT_OF(files); f++) {
        struct object_set set;
        struct diag d;

        diag_init(&d);
        object_set_init(&set);
        EQ_INT(api_files_load(&set, files[f], &d), 0);
        OK(set.count > 0);
        for (size_t i = 0; i < set.count; i++) {
            json_comes_out_as_it_went_in(set.items[i]);
            proto_comes_out_as_it_went_in(set.items[i]);
        }
        object_set_deinit(&set);
        diag_deinit(&d);
    }
}

/* What the tables decoded, encoded again, is what was written: nothing lost on the way in. */
static void structs_say_what_was_written(void)
{
    static const size_t strict_files = 6;

    for (size_t f = 0; f < strict_files; f++) {
        struct object_set set;
        struct arena a;
        struct diag d;

        diag_init(&d);
        arena_init(&a, 0);
        object_set_init(&set);
        EQ_INT(api_files_load(&set, files[f], &d), 0);
        for (size_t i = 0; i < set.count; i++) {
            const struct object *o = set.items[i];
            const struct node *spec = node_getz(o->node, "spec");
            struct node *made = field_encode_node(o->kind->spec, o->spec, &a);
            struct object *back = NULL;
            struct node *whole = node_copy(&a, o->node);

            /* Through a second decoding, since "0s" or "24h" may be written in several ways. */
            node_set(whole, STR("spec"), made);
            if (!EQ_INT(object_decode(&back, whole, NULL, NULL), 0))
                continue;
            OK(node_equal(made, field_encode_node(o->kind->spec, back->spec, &a)));
            OK(node_count(made) <= node_count(spec) && node_count(made) + 8 >= node_count(spec));
            object_unref(back);
        }
        object_set_deinit(&set);
        arena_deinit(&a);
        diag_deinit(&d);
    }
}

static void virtual_service_is_read_in_full(void)
{
    const struct virtual_service *v;
    struct object_set set;
    struct object *o;
    struct diag d;

    diag_init(&d);
    object_set_init(&set);
    api_files_load(&set, files[0], &d);
    o = find(&set, "VirtualService", "shop");
    if (o) {
        v = o->spec;
        EQ_STR(o->file, "testdata/api/virtual_service.yaml");
        EQ_INT(o->line, 1);
        OK(str_is(o->ns, "prod") && str_is(o->version, "v1"));
        OK(str_is(object_meta_label(o->meta, STR("tier")), "front"));
        OK(!object_meta_label(o->meta, STR("none")).p);
        EQ_INT(v->http_count, 7);
        EQ_INT(v->http[0].route[0].weight, 90);
        EQ_INT(v->http[0].route[0].at.line, 38);
        EQ_INT(v->http[0].timeout.value, INT64_C(5000000000));
        OK(string_match_is_presence(&v->http[0].match[0].headers[1].value));
        OK(str_is(v->http[4].direct_response->body->bytes, "hello"));
        EQ_INT(v->tcp[0].match[0].port, 3306);
        EQ_INT(object_warn_unenforced(o, &d), 0);
    }
    object_set_deinit(&set);
    diag_deinit(&d);
}

static const struct {
    const char *kind, *spec;
    size_t notes;
} unenforced[] = {
    { "DestinationRule", "{host: a, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}", 0 },
    { "DestinationRule", "{host: a, trafficPolicy: {tls: {mode: SIMPLE}}}", 0 },
    { "DestinationRule", "{host: a, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}}", 0 },
    { "DestinationRule", "{host: a, trafficPolicy: {loadBalancer: {simple: RANDOM}}}", 0 },
    { "DestinationRule", "{host: a, trafficPolicy: {outlierDetection: {interval: 1s}}}", 0 },
    { "Gateway", "{servers: [{port: {number: 80, name: a, protocol: http}, hosts: [a]}]}", 0 },
    { "Gateway", "{servers: [{port: {number: 80, name: a, protocol: mongo}, hosts: [a]}]}", 1 },
};

static void what_is_not_enforced_is_told(void)
{
    for (size_t i = 0; i < COUNT_OF(unenforced); i++) {
        char *text =
            mem_printf("{apiVersion: networking.istio.io/v1, kind: %s, metadata: {name: a}, "
                       "spec: %s}",
                       unenforced[i].kind, unenforced[i].spec);
        struct object *o = one(text);
        struct diag d;

        diag_init(&d);
        if (o && !EQ_UINT(object_warn_unenforced(o, &d), unenforced[i].notes))
            NOTE("%s", unenforced[i].spec);
        EQ_UINT(d.count[DIAG_WARNING], unenforced[i].notes);
        diag_deinit(&d);
        object_unref(o);
        mem_free(text);
    }
}

static void core_kinds_are_filled_in_and_keep_the_unknown(void)
{
    struct object_set set;
    struct object *o;
    struct diag d;

    diag_init(&d);
    object_set_init(&set);
    api_files_load(&set, files[6], &d);
    o = find(&set, "Service", "shop");
    if (o) {
        const struct k8s_service *s = o->spec;

        OK(str_is(s->type, "ClusterIP") && str_is(s->ports[0].protocol, "TCP"));
        OK(s->ports[0].target_port.is_text && str_is(s->ports[0].target_port.text, "web"));
        EQ_INT(s->ports[1].target_port.number, 8081);
        OK(node_path(o->node, "spec.somethingNew.a[1]") != NULL);
    }
    o = find(&set, "Secret", "words");
    if (o) {
        const struct k8s_secret *s = o->spec;

        OK(str_is(s->type, "Opaque"));
        OK(str_is(k8s_secret_find(s, STR("password")), "hunter2"));
        OK(!node_getz(o->node, "stringData"));
    }
    o = find(&set, "Pod", "shop-0");
    if (o)
        OK(k8s_pod_is_ready(o->status));
    o = find(&set, "Namespace", "prod");
    if (o) {
        EQ_UINT(o->ns.len, 0);
        OK(str_is(node_path(o->node, "status.phase")->text, "Active"));
    }
    o = find(&set, "ConfigMap", "listed");
    if (o)
        OK(str_is(o->ns, "default"));
    object_set_deinit(&set);
    diag_deinit(&d);
}

static void names_and_keys(void)
{
    struct object *o = one("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}");
    struct arena a;
    struct str key;

    if (!o)
        return;
    arena_init(&a, 0);
    key = object_key(o, &a);
    EQ_MEM(key.p, key.len, "\0\7b\0a", 5);
    EQ_STR(object_title(o, &a).p, "ConfigMap b/a");
    object_unref(o);
    arena_deinit(&a);
}

static void hash_sees_content_only(void)
{
    struct object *a =
        one("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: '1'}}");
    struct object *b =
        one("{kind: ConfigMap, data: {x: \"1\"}, apiVersion: v1, metadata: {name: a, "
            "resourceVersion: '7', generation: 3}}");
    struct object *c =
        one("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: '2'}}");

    if (a && b && c) {
        EQ_UINT(a->content_hash, b->content_hash);
        OK(a->content_hash != c->content_hash);
    }
    object_unref(a);
    object_unref(b);
    object_unref(c);
}

static void other_versions_are_shown_on_request(void)
{
    struct object *o = one("{apiVersion: security.istio.io/v1beta1, kind: PeerAuthentication, "
                           "metadata: {name: a}, spec: {mtls: {mode: STRICT}}}");
    struct arena a;

    if (!o)
        return;
    arena_init(&a, 0);
    EQ_PTR(object_to_node(o, STR_NONE, &a), o->node);
    EQ_STR(node_get_str(object_to_node(o, STR("security.istio.io/v1"), &a), "apiVersion").p,
           "security.istio.io/v1");
    EQ_STR(node_get_str(o->node, "apiVersion").p, "security.istio.io/v1beta1");
    object_unref(o);
    arena_deinit(&a);
}

static void spec_is_never_null(void)
{
    struct object *o = one("{apiVersion: security.istio.io/v1, kind: PeerAuthentication, "
                           "metadata: {name: a}}");

    if (o)
        OK(o->spec && !((const struct peer_authentication *)o->spec)->mtls);
    object_unref(o);
}

/* text, and what must be said about it */
static const struct {
    const char *text, *said;
} bad[] = {
    { "a: 1", "apiVersion: is required" },
    { "[1]", "must be a map" },
    { "{apiVersion: v1, kind: Servise, metadata: {name: a}}", "unknown kind \"Servise\"" },
    { "{apiVersion: networking.istio.io/v9, kind: VirtualService}", "no version \"v9\"" },
    { "{apiVersion: v1, kind: ConfigMap, metadata: {}}", "metadata.name: is required" },
    { "{apiVersion: v1, kind: ConfigMap}", "metadata" },
    { "{apiVersion: v1, kind: ConfigMap, metadata: {name: A_b}}", "is not a name" },
    { "{apiVersion: v1, kind: Service, metadata: {name: a.b}, spec: {ports: [{port: 1}]}}",
      "is not a name" },
    { "{apiVersion: v1, kind: Namespace, metadata: {name: a, namespace: b}}", "in no namespace" },
    { "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: B}}", "DNS label" },
    { "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {'!': b}}}", "label's name" },
    { "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {a: 'b c'}}}",
      "not a label value" },
    { "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: 1}}", "data" },
    { "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: '?'}}", "base64" },
    { "{apiVersion: v1, kind: Secret, metadata: {name: a}, type: kubernetes.io/tls}", "tls.crt" },
    { "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 70000}]}}",
      "70000" },
    { "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: X, ports: [{port: 1}]}}",
      "ClusterIP, NodePort" },
    { "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 1}, {port: 2}]}}",
      "several ports" },
};

static void mistakes_are_reported(void)
{
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct object_set set;
        char *said;

        object_set_init(&set);
        said = api_files_complain(bad[i].text, &set);
        if (!HAS_STR(said, bad[i].said) || !HAS_STR(said, "test.yaml:1:"))
            NOTE("%s", bad[i].text);
        EQ_INT(set.count, 0);
        mem_free(said);
        object_set_deinit(&set);
    }
}

static void good_documents_are_kept_beside_bad_ones(void)
{
    struct object_set set;
    char *said;

    object_set_init(&set);
    said = api_files_complain("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n---\n"
                              "{apiVersion: v1, kind: ConfigMap, metadata: {name: '?'}}\n---\n"
                              "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n",
                              &set);
    HAS_STR(said, "test.yaml:3:");
    EQ_INT(set.count, 2);
    mem_free(said);
    object_set_deinit(&set);
}

static void stored_objects_are_read_whatever_the_rules_say_now(void)
{
    static const char json[] = "{\"apiVersion\":\"networking.istio.io/v1\",\"kind\":\"Gateway\","
                               "\"metadata\":{\"name\":\"a\"},\"spec\":{\"gone\":1}}";
    struct object_options stored = { .stored = true };
    struct object *o = NULL;

    EQ_INT(object_decode_json(&o, str_of(json), NULL, NULL, NULL), ERR_INVALID);
    if (EQ_INT(object_decode_json(&o, str_of(json), NULL, NULL, &stored), 0))
        OK(str_is(o->name, "a"));
    object_unref(o);
}

static void protobuf_that_is_none_is_refused(void)
{
    struct object *o = NULL;

    EQ_INT(object_decode_proto(&o, "\377\377\377", 3), ERR_INVALID);
    EQ_INT(object_decode_proto(&o, "", 0), ERR_INVALID);
    EQ_INT(object_decode_proto(&o, "\12\3\12\1a\22\6\12\4what", 13), ERR_UNSUPPORTED);
}

static const struct tap_case cases[] = {
    { "every_sample_makes_the_round_trip", every_sample_makes_the_round_trip },
    { "structs_say_what_was_written", structs_say_what_was_written },
    { "virtual_service_is_read_in_full", virtual_service_is_read_in_full },
    { "what_is_not_enforced_is_told", what_is_not_enforced_is_told },
    { "core_kinds_are_filled_in_and_keep_the_unknown",
      core_kinds_are_filled_in_and_keep_the_unknown },
    { "names_and_keys", names_and_keys },
    { "hash_sees_content_only", hash_sees_content_only },
    { "other_versions_are_shown_on_request", other_versions_are_shown_on_request },
    { "spec_is_never_null", spec_is_never_null },
    { "mistakes_are_reported", mistakes_are_reported },
    { "good_documents_are_kept_beside_bad_ones", good_documents_are_kept_beside_bad_ones },
    { "stored_objects_are_read_whatever_the_rules_say_now",
      stored_objects_are_read_whatever_the_rules_say_now },
    { "protobuf_that_is_none_is_refused", protobuf_that_is_none_is_refused },
};

TAP_MAIN(cases)
