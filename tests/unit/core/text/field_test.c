#include "core/text/field.h"

#include <pthread.h>

#include "tests/tap.h"
#include "tests/unit/support/field_sample.h"

static void rows_are_found_by_either_name(void)
{
    const struct field_message *m = &field_sample_dest_message;

    OK(field_find(m, STR("portNumber")) == &m->fields[3]);
    OK(field_find(m, STR("port_number")) == &m->fields[3]);
    OK(field_find(m, STR("host")) == &m->fields[0]);
    OK(!field_find(m, STR("portnumber")));
    OK(!field_find(m, STR("")));
    OK(field_find(&field_sample_message, STR("version")) == &field_sample_message.fields[0]);
    OK(!field_find(&field_sample_message, STR("api_version")));
    /* Kubernetes' own fields have no number, and no second name either. */
    OK(field_find(&field_sample_spec_message, STR("targetPort")) != NULL);
    OK(!field_find(&field_sample_spec_message, STR("target_port")));
}

static void rows_are_found_by_number(void)
{
    OK(field_find_proto(&field_sample_dest_message, 4) == &field_sample_dest_message.fields[3]);
    OK(!field_find_proto(&field_sample_dest_message, 5));
    OK(!field_find_proto(&field_sample_dest_message, 0));
    EQ_STR(field_find_proto(&field_sample_spec_message, 300)->name, "extension");
    OK(!field_find_proto(&field_sample_spec_message, 301));
}

static void paths_are_followed(void)
{
    static const struct {
        const char *path, *name, *owner;
    } rows[] = {
        { "spec", "spec", "test.Sample" },
        { "spec.http.timeout", "timeout", "test.Route" },
        { "spec.http[3].route[0].weight", "weight", "test.Destination" },
        { "spec.http.headers.x-user.exact", "exact", "test.Match" },
        { "spec.http.headers.exact", "exact", "test.Match" },
        { "spec.http.headers.x-user", "headers", "test.Route" },
        { "spec.labels.app", "labels", "test.Spec" },
        { "spec.http.headers.x.not.not.prefix", "prefix", "test.Match" },
        { "spec.none", NULL, NULL },
        { "spec.flag.x", NULL, NULL },
        { "spec..http", NULL, NULL },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct field_message *owner = NULL;
        const struct field *f =
            field_find_path(&field_sample_message, str_of(rows[i].path), &owner);

        NOTE("%s", rows[i].path);
        EQ_STR(f ? f->name : NULL, rows[i].name);
        if (f)
            EQ_STR(owner->name, rows[i].owner);
    }
}

static void types_have_names(void)
{
    static const struct {
        const char *field, *type;
    } rows[] = {
        { "hosts", "[]string" }, { "http", "[]Object" },
        { "mode", "enum" },      { "labels", "map[string]string" },
        { "on", "boolean" },     { "ports", "[]integer" },
        { "cpu", "Quantity" },   { "targetPort", "IntOrString" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char type[32];

        field_type_name(field_find(&field_sample_spec_message, str_of(rows[i].field)), type,
                        sizeof(type));
        EQ_STR(type, rows[i].type);
    }
}

static void names_turn_into_snake_case(void)
{
    char name[64];

    field_proto_name(field_find(&field_sample_spec_message, STR("anyValue")), name, sizeof(name));
    EQ_STR(name, "any_value");
    field_proto_name(&field_sample_message.fields[0], name, sizeof(name));
    EQ_STR(name, "version");
    field_proto_name(field_find(&field_sample_spec_message, STR("anyValue")), name, 6);
    OK(strlen(name) < 6);
}

static void enums_map_both_ways(void)
{
    const struct field_enum *e = field_find(&field_sample_spec_message, STR("mode"))->names;
    int number = -1;

    EQ_STR(field_enum_name(e, 1), "STRICT");
    OK(field_enum_name(e, 9) == NULL);
    OK(field_enum_number(e, STR("PERMISSIVE"), &number));
    EQ_INT(number, 2);
    OK(!field_enum_number(e, STR("strict"), &number));
}

static void what_is_set_is_known(void)
{
    static const char *const unset[] = { "hosts",  "mode",      "flag",     "i64",        "real",
                                         "raw",    "on",        "ratio",    "targetPort", "config",
                                         "labels", "extension", "fallback", "created" };
    struct field_sample_spec s = { 0 };

    for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++)
        OK(!field_is_set(field_find(&field_sample_spec_message, str_of(unset[i])), &s));
    s.on.set = true;
    s.text = STR("");
    s.fallback.weight = 1;
    s.real = -0.0;
    OK(field_is_set(field_find(&field_sample_spec_message, STR("on")), &s));
    OK(field_is_set(field_find(&field_sample_spec_message, STR("text")), &s));
    OK(field_is_set(field_find(&field_sample_spec_message, STR("fallback")), &s));
    OK(field_is_set(field_find(&field_sample_spec_message, STR("real")), &s));
}

static void *look_up(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++) {
        if (!field_find(&field_sample_route_message, STR("timeout")))
            return NULL;
    }
    return (void *)(uintptr_t)&field_sample_route_message;
}

static void first_use_may_be_in_many_threads(void)
{
    pthread_t threads[8];
    void *result;

    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, look_up, NULL);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], &result);
        OK(result != NULL);
    }
}

static const struct tap_case cases[] = {
    { "rows_are_found_by_either_name", rows_are_found_by_either_name },
    { "rows_are_found_by_number", rows_are_found_by_number },
    { "paths_are_followed", paths_are_followed },
    { "types_have_names", types_have_names },
    { "names_turn_into_snake_case", names_turn_into_snake_case },
    { "enums_map_both_ways", enums_map_both_ways },
    { "what_is_set_is_known", what_is_set_is_known },
    { "first_use_may_be_in_many_threads", first_use_may_be_in_many_threads },
};

TAP_MAIN(cases)
