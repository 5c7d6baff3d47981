/* Our tables of the Gateway API against its CRDs, where they are at hand: names, versions, columns,
 * fields, bounds, defaults, and what the patterns accept. */
#include "core/api/api_column.h"
#include "core/api/api_kind.h"
#include "core/base/mem.h"
#include "core/text/field_decode.h"
#include "core/text/node_json.h"
#include "core/text/node_yaml.h"
#include "core/text/regex.h"
#include "tests/tap.h"
#include "tests/unit/support/api_files.h"

static const char *const folders[] = { "../shared/data/crds", "../../shared/data/crds" };

static struct arena arena;
static const struct node *crds[32];
static size_t crd_count;

static void load_file(const char *path)
{
    struct node **docs;
    size_t len, n = 0;
    char *text = strstr(path, "gateway.networking") ? api_files_read(path, &len) : NULL;

    if (!text)
        return;
    if (EQ_INT(node_yaml_read(&arena, str_make(text, len), NULL, NULL, &docs, &n), 0))
        for (size_t i = 0; i < n && crd_count < COUNT_OF(crds); i++)
            if (str_is(node_get_str(docs[i], "kind"), "CustomResourceDefinition"))
                crds[crd_count++] = node_getz(docs[i], "spec");
    mem_free(text);
}

static bool load(void)
{
    arena_init(&arena, 1 << 16);
    crd_count = 0;
    for (size_t i = 0; i < COUNT_OF(folders) && crd_count == 0; i++)
        api_files_each(folders[i], load_file);
    if (crd_count == 0)
        SKIP("the CRDs are not here");
    return crd_count > 0;
}

static const struct api_kind *kind_of(const struct node *crd)
{
    return api_kind_by_gvk(node_get_str(crd, "group"), STR_NONE,
                           node_get_str(node_getz(crd, "names"), "kind"));
}

/* ---- one field ---- */

/* v1 of the stream routes is stricter than the table, which serves all versions; a check of the
 * whole object makes up for it (gateway_api_rules_test). */
static bool is_stricter_in_v1(const struct field_message *m, const struct field *f)
{
    return (str_is(str_of(f->name), "rules") || str_is(str_of(f->name), "hostnames")) &&
           (str_ends(str_of(m->name), STR("TCPRouteSpec")) ||
            str_ends(str_of(m->name), STR("TLSRouteSpec")));
}

static int64_t number(const struct node *schema, const char *key)
{
    int64_t n = 0;

    (void)node_to_int(node_getz(schema, key), &n);
    return n;
}

static void compare_bounds(const struct field *f, const struct node *property,
                           const struct node *value)
{
    bool is_map = f->shape == FIELD_SHAPE_MAP;

    EQ_INT(f->min_items, number(property, is_map ? "minProperties" : "minItems"));
    EQ_INT(f->max_items, number(property, is_map ? "maxProperties" : "maxItems"));
    if (f->type == FIELD_TYPE_INT && !node_getz(value, "enum")) {
        EQ_INT(f->min, number(value, "minimum"));
        if (node_getz(value, "maximum"))
            EQ_INT(f->max, number(value, "maximum"));
    }
    if (f->type == FIELD_TYPE_STR)
        EQ_INT(f->max_len, number(value, "maxLength"));
}

static void compare_enum(const struct field *f, const struct node *names)
{
    size_t n = 0;

    if (f->type != FIELD_TYPE_ENUM)
        return; /* compare_samples tries its values */
    NODE_EACH(value, names)
    {
        int number_of;

        n++;
        if (!OK(field_enum_number(f->names, value->text, &number_of)))
            NOTE("%.*s", STR_ARG(value->text));
    }
    EQ_UINT(f->names->count, n);
}

static void compare_default(const struct field *f, const struct node *wanted)
{
    struct node *ours = NULL;

    if (!EQ_INT(f->fill != NULL, wanted != NULL))
        return;
    if (f->fill && EQ_INT(node_json_read(&arena, str_of(f->fill), NULL, NULL, &ours), 0))
        OK(node_equal(ours, wanted));
}

static void compare_keys(const struct field *f, const struct node *property)
{
    const struct node *keys = node_getz(property, "x-kubernetes-list-map-keys");
    struct str type = node_get_str(property, "x-kubernetes-list-type"), rest;

    if (str_is(type, "set"))
        EQ_STR(f->merge_key, "");
    else if (!keys)
        EQ_PTR(f->merge_key, NULL);
    if (!keys || !OK(f->merge_key != NULL))
        return;
    rest = str_of(f->merge_key);
    NODE_EACH(key, keys)
    OK(str_eq(str_cut(&rest, ','), key->text));
    OK(rest.p == NULL);
}

/* ---- patterns: the row's check and the CRD's expression agree on these ---- */

static const char *const samples[] = {
    "",
    "a",
    "A",
    "0",
    "a.b",
    "a-b",
    "-a",
    "a-",
    "a..b",
    ".a",
    "a.",
    "A.b",
    "*",
    "*.a",
    "*.a.b",
    "*a.b",
    "a.*.b",
    "example.com/x",
    "example.com/X_y-1.2~%41",
    "example.com/",
    "/x",
    "x/y/z",
    "Example.com/x",
    "foo bar",
    "foo  bar",
    " foo",
    "foo ",
    "tab\tx",
    "Foo",
    "1abc",
    "a_b",
    "a_",
    "10.0.0.1",
    "X-Header",
    "x:y",
    "x:",
    "Re,as:on_x",
    "1s",
    "1h30m",
    "1.5s",
    "100000s",
    "1h1m1s1ms",
    "1h1m1s1ms1s",
    "1d",
    "s",
    "http://a",
    "https://*.a.b:8443",
    "https://*",
    "https://a:",
    "https://a:123456",
    "https://a..b",
    "http://*a",
    "ftp://a",
    "https://",
    "System",
    "Systems",
    "/a/b%41",
    "/a%4",
    "/a/%zz",
    "/a?b",
    "GET",
    "get",
    "CONNECT",
    "http",
    "https",
    "\xc3\xa4",
};

/* Not anchored in the CRD, so that it accepts more than it means to. */
static bool is_loose(const struct field *f)
{
    return f->check && (f->max_len == 255 || (str_is(str_of(f->name), "type") && f->fill) ||
                        str_is(str_of(f->name), "uri"));
}

static bool accepts(const struct field_message *m, const struct field *f, const char *sample)
{
    struct str text = str_of(sample);
    struct diag d;
    struct node node = { .kind = NODE_STRING, .text = text };
    struct field_scope scope = { .arena = &arena, .diag = &d, .root = m };
    struct field_check c = { .scope = &scope, .message = m, .field = f, .node = &node };
    bool ok;

    diag_init(&d);
    f->check(&c, &text);
    ok = d.count[DIAG_ERROR] == 0;
    diag_deinit(&d);
    return ok;
}

static bool is_listed(const struct node *names, struct str text)
{
    NODE_EACH(name, names)
    if (str_eq(name->text, text))
        return true;
    return false;
}

static void compare_samples(const struct field_message *m, const struct field *f,
                            const struct node *value)
{
    struct str pattern = node_get_str(value, "pattern");
    const struct node *names = node_getz(value, "enum");
    struct regex *r = NULL;

    if (pattern.len == 0 && !names && number(value, "minLength") == 0)
        return;
    if ((f->type != FIELD_TYPE_STR && f->type != FIELD_TYPE_DURATION) || !OK(f->check != NULL))
        return;
    if (pattern.len > 0 && !EQ_INT(regex_new(&r, pattern, &arena, NULL), 0))
        return;
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct str s = str_of(samples[i]);
        bool theirs = (!r || regex_find(r, s, NULL, 0)) && (!names || is_listed(names, s)) &&
                      (int64_t)s.len >= number(value, "minLength");
        bool ours = accepts(m, f, samples[i]);

        if (!OK(is_loose(f) ? !ours || theirs : ours == theirs))
            NOTE("%s.%s: \"%s\" is %s by us only", m->name, f->name, samples[i],
                 ours ? "accepted" : "refused");
    }
    regex_free(r);
}

/* ---- all fields ---- */

static size_t compared;

static void compare(const struct field_message *m, const struct node *schema, struct str at,
                    bool is_status)
{
    const struct node *properties = node_getz(schema, "properties");

    if (!properties || str_ends(at, STR("elector"))) /* Kubernetes' own: see label_selector */
        return;
    NODE_EACH(property, properties)
    {
        const struct field *f = field_find(m, property->key);
        const struct node *value = property;
        struct str path;
        unsigned before = atomic_load(&tap_failures);

        if (!OK(f != NULL)) {
            NOTE("%.*s.%.*s is in the CRD only", STR_ARG(at), STR_ARG(property->key));
            continue;
        }
        compared++;
        path = arena_printf(&arena, "%.*s.%s", STR_ARG(at), f->name);
        if (node_getz(value, "items"))
            value = node_getz(value, "items");
        else if (node_getz(value, "additionalProperties"))
            value = node_getz(value, "additionalProperties");
        if (!is_stricter_in_v1(m, f))
            compare_bounds(f, property, value);
        compare_keys(f, property);
        if (!is_status)
            compare_default(f, node_getz(property, "default"));
        if (node_getz(value, "enum"))
            compare_enum(f, node_getz(value, "enum"));
        compare_samples(m, f, value);
        if (f->msg)
            compare(f->msg, value, path, is_status);
        if (atomic_load(&tap_failures) > before)
            NOTE("at %.*s", STR_ARG(path));
    }
    for (uint32_t i = 0; i < m->count; i++) {
        const struct field *f = &m->fields[i];
        bool required = node_getz(schema, "required") &&
                        is_listed(node_getz(schema, "required"), str_of(f->name));

        if (!OK(node_getz(properties, f->name) != NULL))
            NOTE("%.*s.%s is in our table only", STR_ARG(at), f->name);
        if (!is_stricter_in_v1(m, f) && !EQ_INT(f->required, required))
            NOTE("%.*s.%s", STR_ARG(at), f->name);
    }
}

static void fields_are_those_of_the_crds(void)
{
    if (!load())
        return;
    compared = 0;
    for (size_t i = 0; i < crd_count; i++) {
        const struct api_kind *k = kind_of(crds[i]);
        size_t versions = 0;

        if (!OK(k != NULL))
            continue;
        NODE_EACH(version, node_getz(crds[i], "versions"))
        {
            const struct node *top = node_path(version, "schema.openAPIV3Schema.properties");

            versions++;
            OK(api_kind_has_version(k, node_get_str(version, "name")));
            compare(k->spec, node_getz(top, "spec"), arena_printf(&arena, "%s.spec", k->kind),
                    false);
            if (OK((k->status != NULL) == (node_getz(top, "status") != NULL)) && k->status)
                compare(k->status, node_getz(top, "status"),
                        arena_printf(&arena, "%s.status", k->kind), true);
            if (node_is_true(node_getz(version, "storage")))
                EQ_STR(k->versions[0], arena_strz(&arena, node_get_str(version, "name")));
        }
        OK(versions == API_KIND_MAX_VERSIONS || k->versions[versions] == NULL);
    }
    EQ_UINT(crd_count, 13);
    OK(compared > 1000);
    arena_deinit(&arena);
}

static void compare_columns(const struct api_kind *k, const struct node *columns)
{
    size_t n = 0;

    NODE_EACH(c, columns)
    {
        const struct api_kind_column *ours = &k->columns->items[n++];
        int64_t priority = 0;

        if (!OK(n <= k->columns->count))
            return;
        (void)node_to_int(node_getz(c, "priority"), &priority);
        OK(str_ieq(node_get_str(c, "name"), str_of(ours->header)));
        OK(str_is(node_get_str(c, "jsonPath"), ours->path));
        OK(str_is(node_get_str(c, "type"), ours->type));
        EQ_INT(ours->priority, priority);
    }
    EQ_UINT(k->columns->count, n);
}

static void names_are_those_of_the_crds(void)
{
    if (!load())
        return;
    for (size_t i = 0; i < crd_count; i++) {
        const struct api_kind *k = kind_of(crds[i]);
        const struct node *names = node_getz(crds[i], "names"), *name;

        if (!OK(k != NULL))
            continue;
        OK(str_is(node_get_str(names, "plural"), k->plural));
        OK(str_is(node_get_str(names, "singular"), k->singular));
        name = node_path(names, "shortNames[0]");
        OK(name ? str_is(name->text, k->short_names[0]) : k->short_names[0] == NULL);
        EQ_INT(k->namespaced, str_is(node_get_str(crds[i], "scope"), "Namespaced"));
        NODE_EACH(category, node_getz(names, "categories"))
        OK(api_kind_has_category(k, category->text));
        NODE_EACH(version, node_getz(crds[i], "versions"))
        {
            EQ_INT(k->has_status, node_path(version, "subresources.status") != NULL);
            compare_columns(k, node_getz(version, "additionalPrinterColumns"));
            break; /* TLSRoute's older versions have the same; some have none at all */
        }
    }
    arena_deinit(&arena);
}

static const struct tap_case cases[] = {
    { "fields_are_those_of_the_crds", fields_are_those_of_the_crds },
    { "names_are_those_of_the_crds", names_are_those_of_the_crds },
};

TAP_MAIN(cases)
