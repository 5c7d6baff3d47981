#include "core/text/field_schema.h"

#include "tests/tap.h"
#include "tests/unit/support/field_sample.h"

static void expect(const struct node *n, const char *want)
{
    struct buf b;

    buf_init(&b, 0);
    node_write_json(n, &b, 0);
    EQ_STRN(buf_str(&b).p, buf_len(&b), want);
    buf_deinit(&b);
}

static void every_message_is_there_once(void)
{
    struct node *defs;
    struct arena a;

    arena_init(&a, 0);
    defs = node_new(&a, NODE_MAP);
    field_schema_add(&field_sample_message, FIELD_SCHEMA_OPENAPI_V2, &a, defs);
    EQ_UINT(defs->count, 6);
    expect(node_getz(defs, "test.Match"),
           "{\"type\":\"object\",\"properties\":{\"exact\":{\"type\":\"string\"},"
           "\"prefix\":{\"type\":\"string\"},\"not\":{\"$ref\":\"#/definitions/test.Match\"}}}");
    expect(node_getz(defs, "test.Destination"),
           "{\"type\":\"object\",\"description\":\"One destination.\",\"properties\":{"
           "\"host\":{\"type\":\"string\",\"maxLength\":253,\"description\":\"Where to send it.\"},"
           "\"subset\":{\"type\":\"string\",\"description\":\"Which versions of it.\"},"
           "\"weight\":{\"type\":\"integer\",\"format\":\"int32\",\"minimum\":0,\"maximum\":100,"
           "\"description\":\"Default: 100.\"},"
           "\"portNumber\":{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1,"
           "\"maximum\":65535}},\"required\":[\"host\"]}");
    arena_deinit(&a);
}

static void dialects_differ(void)
{
    struct node *v2, *v3, *json;
    struct arena a;

    arena_init(&a, 0);
    v2 = node_new(&a, NODE_MAP);
    v3 = node_new(&a, NODE_MAP);
    field_schema_add(&field_sample_spec_message, FIELD_SCHEMA_OPENAPI_V2, &a, v2);
    field_schema_add(&field_sample_spec_message, FIELD_SCHEMA_OPENAPI_V3, &a, v3);
    json = field_schema_document(&field_sample_spec_message, &a);
    expect(node_path(v2, "['test.Spec'].properties.targetPort"),
           "{\"type\":\"string\",\"format\":\"int-or-string\"}");
    expect(node_path(v3, "['test.Spec'].properties.targetPort"),
           "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}],"
           "\"x-kubernetes-int-or-string\":true}");
    expect(node_path(v3, "['test.Spec'].properties.fallback"),
           "{\"allOf\":[{\"$ref\":\"#/components/schemas/test.Destination\"}]}");
    expect(node_path(v3, "['test.Spec'].properties.labels"),
           "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}");
    expect(node_path(v3, "['test.Route'].properties.route"),
           "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/test.Destination\"},"
           "\"minItems\":1,\"x-kubernetes-list-type\":\"map\","
           "\"x-kubernetes-patch-merge-key\":\"host\",\"x-kubernetes-patch-strategy\":\"merge\","
           "\"x-kubernetes-list-map-keys\":[\"host\"],\"description\":\"Where requests go.\"}");
    expect(node_path(json, "['$ref']"), "\"#/$defs/test.Spec\"");
    expect(node_path(json, "['$defs']['test.Spec'].additionalProperties"), "false");
    expect(node_path(json, "['$defs']['test.Spec'].properties.config"), "{}");
    expect(node_path(json, "['$defs']['test.Spec'].properties.mode"),
           "{\"type\":\"string\",\"enum\":[\"UNSET\",\"STRICT\",\"PERMISSIVE\"]}");
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "every_message_is_there_once", every_message_is_there_once },
    { "dialects_differ", dialects_differ },
};

TAP_MAIN(cases)
