#include "modes/control/rest_openapi_proto.h"

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/text/node.h"
#include "core/text/proto_wire.h"

/* A member of a JSON object and the field that it becomes. */
struct member {
    const char *name;
    unsigned number;
    void (*put)(struct buf *out, unsigned number, const struct node *value);
};

struct message {
    const struct member *members;
    size_t count;
    unsigned extensions; /* number of vendor_extension; 0: none */
};

static void put_text(struct buf *out, unsigned number, const struct node *v)
{
    proto_wire_put_bytes(out, number, v->text);
}

static void put_texts(struct buf *out, unsigned number, const struct node *v)
{
    NODE_EACH(it, v)
    proto_wire_put_bytes(out, number, it->text);
}

static void put_bool(struct buf *out, unsigned number, const struct node *v)
{
    proto_wire_put_tag(out, number, PROTO_WIRE_VARINT);
    proto_wire_put_varint(out, node_is_true(v));
}

static void put_int(struct buf *out, unsigned number, const struct node *v)
{
    int64_t i = 0;

    node_to_int(v, &i);
    proto_wire_put_tag(out, number, PROTO_WIRE_VARINT);
    proto_wire_put_varint(out, (uint64_t)i);
}

static void put_double(struct buf *out, unsigned number, const struct node *v)
{
    double d = 0;

    node_to_double(v, &d);
    proto_wire_put_tag(out, number, PROTO_WIRE_64);
    buf_add(out, &d, sizeof(d)); /* little-endian, as this machine is */
}

/* Any { yaml = 2 } with JSON, which is YAML. */
static void put_any(struct buf *out, unsigned number, const struct node *v)
{
    struct buf json, any;

    buf_init(&json, 0);
    buf_init(&any, 0);
    node_write_json(v, &json, 0);
    proto_wire_put_bytes(&any, 2, buf_str(&json));
    proto_wire_put_bytes(out, number, buf_str(&any));
    buf_deinit(&any);
    buf_deinit(&json);
}

static void put_anys(struct buf *out, unsigned number, const struct node *v)
{
    NODE_EACH(it, v)
    put_any(out, number, it);
}

static void put_extension(struct buf *out, unsigned number, const struct node *v)
{
    struct buf named;

    buf_init(&named, 0);
    proto_wire_put_bytes(&named, 1, v->key);
    put_any(&named, 2, v);
    proto_wire_put_bytes(out, number, buf_str(&named));
    buf_deinit(&named);
}

static void put_message(struct buf *out, const struct message *m, const struct node *n)
{
    NODE_EACH(it, n)
    {
        if (m->extensions && str_starts(it->key, STR("x-")))
            put_extension(out, m->extensions, it);
        for (size_t i = 0; i < m->count; i++)
            if (str_is(it->key, m->members[i].name))
                m->members[i].put(out, m->members[i].number, it);
    }
}

static void put_nested(struct buf *out, unsigned number, const struct message *m,
                       const struct node *n)
{
    struct buf inner;

    buf_init(&inner, 0);
    put_message(&inner, m, n);
    proto_wire_put_bytes(out, number, buf_str(&inner));
    buf_deinit(&inner);
}

/* Entries {name = 1, value = 2} at entry inside the message at number. */
static void put_named(struct buf *out, unsigned number, unsigned entry, const struct message *m,
                      const struct node *n)
{
    struct buf all, one;

    buf_init(&all, 0);
    buf_init(&one, 0);
    NODE_EACH(it, n)
    {
        buf_clear(&one);
        proto_wire_put_bytes(&one, 1, it->key);
        put_nested(&one, 2, m, it);
        proto_wire_put_bytes(&all, entry, buf_str(&one));
    }
    proto_wire_put_bytes(out, number, buf_str(&all));
    buf_deinit(&one);
    buf_deinit(&all);
}

/* ---- schemas ---- */

static const struct message schema;

/* A message that holds one schema at 1: items, additionalProperties. */
static void put_boxed_schema(struct buf *out, unsigned number, const struct node *v)
{
    struct buf box;

    buf_init(&box, 0);
    if (v->kind == NODE_BOOL)
        put_bool(&box, 2, v);
    else
        put_nested(&box, 1, &schema, v);
    proto_wire_put_bytes(out, number, buf_str(&box));
    buf_deinit(&box);
}

static void put_type(struct buf *out, unsigned number, const struct node *v)
{
    struct buf box;

    buf_init(&box, 0);
    put_text(&box, 1, v);
    proto_wire_put_bytes(out, number, buf_str(&box));
    buf_deinit(&box);
}

static void put_schemas(struct buf *out, unsigned number, const struct node *v)
{
    NODE_EACH(it, v)
    put_nested(out, number, &schema, it);
}

static void put_properties(struct buf *out, unsigned number, const struct node *v)
{
    put_named(out, number, 1, &schema, v);
}

static const struct member schema_members[] = {
    { "$ref", 1, put_text },          { "format", 2, put_text },
    { "title", 3, put_text },         { "description", 4, put_text },
    { "maximum", 7, put_double },     { "minimum", 9, put_double },
    { "maxLength", 11, put_int },     { "maxItems", 14, put_int },
    { "minItems", 15, put_int },      { "maxProperties", 17, put_int },
    { "minProperties", 18, put_int }, { "required", 19, put_texts },
    { "enum", 20, put_anys },         { "additionalProperties", 21, put_boxed_schema },
    { "type", 22, put_type },         { "items", 23, put_boxed_schema },
    { "allOf", 24, put_schemas },     { "properties", 25, put_properties },
    { "readOnly", 27, put_bool },
};
static const struct message schema = { schema_members, COUNT_OF(schema_members), 31 };

/* ---- paths ---- */

static const struct member query_members[] = {
    { "in", 2, put_text },
    { "description", 3, put_text },
    { "name", 4, put_text },
    { "type", 6, put_text },
};
static const struct message query = { query_members, COUNT_OF(query_members), 23 };

/* ParametersItem { Parameter { NonBodyParameter { QueryParameterSubSchema } } } */
static void put_parameters(struct buf *out, unsigned number, const struct node *v)
{
    NODE_EACH(it, v)
    {
        struct buf a, b, c;

        buf_init(&a, 0);
        buf_init(&b, 0);
        buf_init(&c, 0);
        put_nested(&a, 3, &query, it);
        proto_wire_put_bytes(&b, 2, buf_str(&a));
        proto_wire_put_bytes(&c, 1, buf_str(&b));
        proto_wire_put_bytes(out, number, buf_str(&c));
        buf_deinit(&c);
        buf_deinit(&b);
        buf_deinit(&a);
    }
}

static const struct member response_members[] = {
    { "description", 1, put_text },
};
static const struct message response = { response_members, COUNT_OF(response_members), 5 };

static void put_response(struct buf *out, unsigned number, const struct node *v)
{
    put_nested(out, number, &response, v);
}

/* ResponseValue { Response }: the map node stands for itself. */
static void put_responses(struct buf *out, unsigned number, const struct node *v)
{
    struct buf all, one, value;

    buf_init(&all, 0);
    buf_init(&one, 0);
    buf_init(&value, 0);
    NODE_EACH(it, v)
    {
        buf_clear(&one);
        buf_clear(&value);
        proto_wire_put_bytes(&one, 1, it->key);
        put_response(&value, 1, it);
        proto_wire_put_bytes(&one, 2, buf_str(&value));
        proto_wire_put_bytes(&all, 1, buf_str(&one));
    }
    proto_wire_put_bytes(out, number, buf_str(&all));
    buf_deinit(&value);
    buf_deinit(&one);
    buf_deinit(&all);
}

static const struct member operation_members[] = {
    { "description", 3, put_text },      { "operationId", 5, put_text },
    { "produces", 6, put_texts },        { "consumes", 7, put_texts },
    { "parameters", 8, put_parameters }, { "responses", 9, put_responses },
};
static const struct message operation = { operation_members, COUNT_OF(operation_members), 13 };

static void put_operation(struct buf *out, unsigned number, const struct node *v)
{
    put_nested(out, number, &operation, v);
}

static const struct member path_members[] = {
    { "get", 2, put_operation },    { "put", 3, put_operation },   { "post", 4, put_operation },
    { "delete", 5, put_operation }, { "patch", 8, put_operation },
};
static const struct message path_item = { path_members, COUNT_OF(path_members), 10 };

static void put_paths(struct buf *out, unsigned number, const struct node *v)
{
    put_named(out, number, 2, &path_item, v);
}

/* ---- the document ---- */

static const struct member info_members[] = {
    { "title", 1, put_text },
    { "version", 2, put_text },
};
static const struct message info = { info_members, COUNT_OF(info_members), 7 };

static void put_info(struct buf *out, unsigned number, const struct node *v)
{
    put_nested(out, number, &info, v);
}

static const struct member document_members[] = {
    { "swagger", 1, put_text },
    { "info", 2, put_info },
    { "paths", 8, put_paths },
    { "definitions", 9, put_properties },
};
static const struct message document = { document_members, COUNT_OF(document_members), 16 };

void rest_openapi_proto_encode(const struct node *doc, struct buf *out)
{
    put_message(out, &document, doc);
}
