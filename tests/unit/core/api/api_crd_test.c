/* Our tables against the CRDs that Istio publishes, where they are at hand: the same kinds, names
 * and versions, no field missing, none of our own. */
#include "core/api/api_column.h"
#include "core/api/api_kind.h"
#include "core/base/mem.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"
#include "tests/unit/support/api_files.h"

static const char *const paths[] = { "../shared/data/crds/istio.yaml",
                                     "../../shared/data/crds/istio.yaml" };

/* There the CRD does not list everything: the address of a ServiceEntry's status. */
static const char open_schema[] = "x-kubernetes-preserve-unknown-fields";

static struct arena arena;
static struct node **docs;
static size_t doc_count;

static bool load(void)
{
    size_t len;
    char *text = api_files_read(paths[0], &len);

    if (!text)
        text = api_files_read(paths[1], &len);
    if (!text) {
        SKIP("the CRDs are not here");
        return false;
    }
    arena_init(&arena, 1 << 16);
    EQ_INT(node_yaml_read(&arena, str_make(text, len), "istio.yaml", NULL, &docs, &doc_count), 0);
    mem_free(text);
    return true;
}

static bool is_istio(const struct api_kind *k)
{
    return str_ends(str_of(k->group), STR(".istio.io"));
}

static const struct node *find_crd(const struct api_kind *k)
{
    for (size_t i = 0; i < doc_count; i++) {
        const struct node *spec = node_getz(docs[i], "spec");

        if (str_is(node_get_str(spec, "group"), k->group) &&
            str_is(node_get_str(node_getz(spec, "names"), "kind"), k->kind))
            return spec;
    }
    return NULL;
}

static bool number_of(const struct node *schema, const char *key, int64_t *out)
{
    return node_getz(schema, key) && node_to_int(node_getz(schema, key), out);
}

/* Bounds of one value: ours may be tighter, and a check may stand for a shortest length or a
 * pattern. schema: of the value; items: whether it is one of many. */
static void compare_bounds(const struct field *f, const struct node *schema, struct str at)
{
    bool is_many = f->shape == FIELD_SHAPE_LIST || f->shape == FIELD_SHAPE_MAP;
    const struct node *inner = node_getz(schema, "items");
    int64_t n;
    bool ok = true;

    if (number_of(schema, "minItems", &n))
        ok &= OK(f->min_items >= (uint32_t)n);
    if (number_of(schema, "maxProperties", &n))
        ok &= OK(f->max_items == (uint32_t)n);
    if (!inner)
        inner = node_getz(schema, "additionalProperties");
    if (is_many && inner)
        schema = inner;
    if (number_of(schema, "maxLength", &n) && f->type == FIELD_TYPE_STR)
        ok &= OK((f->max_len && f->max_len <= (uint32_t)n) || f->check != NULL);
    if (number_of(schema, "minLength", &n) && n > 0 && f->type == FIELD_TYPE_STR)
        ok &= OK(f->check != NULL);
    if (node_getz(schema, "pattern") && f->type == FIELD_TYPE_STR)
        ok &= OK(f->check != NULL);
    if (number_of(schema, "minimum", &n) && f->type == FIELD_TYPE_INT)
        ok &= OK(f->min >= n);
    if (number_of(schema, "maximum", &n) && f->type == FIELD_TYPE_INT)
        ok &= OK((f->max && f->max <= n) || (f->width == FIELD_UINT32 && n == UINT32_MAX));
    if (!ok)
        NOTE("%.*s.%s", STR_ARG(at), f->name);
}

/* Schemas that say no more than "object" or "any" end the comparison. */
static void compare(const struct field_message *m, const struct node *schema, struct str at)
{
    const struct node *properties = node_getz(schema, "properties");

    if (!properties)
        return;
    NODE_EACH(property, properties)
    {
        const struct field *f = field_find(m, property->key);
        const struct node *inner = property;

        if (!OK(f != NULL)) {
            NOTE("%.*s.%.*s is in the CRD only", STR_ARG(at), STR_ARG(property->key));
            continue;
        }
        compare_bounds(f, property, at);
        if (node_getz(inner, "items"))
            inner = node_getz(inner, "items");
        else if (node_getz(inner, "additionalProperties"))
            inner = node_getz(inner, "additionalProperties");
        if (f->msg)
            compare(f->msg, inner, arena_printf(&arena, "%.*s.%s", STR_ARG(at), f->name));
        if (node_getz(property, "maxItems")) {
            int64_t max;

            if (OK(node_to_int(node_getz(property, "maxItems"), &max)) &&
                !EQ_UINT(f->max_items, (uint64_t)max))
                NOTE("%.*s.%s", STR_ARG(at), f->name);
        }
        if (node_getz(inner, "enum") && OK(f->names != NULL))
            NODE_EACH(value, node_getz(inner, "enum"))
            {
                int number;

                if (!OK(field_enum_number(f->names, value->text, &number)))
                    NOTE("%.*s.%s: %.*s", STR_ARG(at), f->name, STR_ARG(value->text));
            }
    }
    for (uint32_t i = 0; i < m->count && !node_getz(schema, open_schema); i++)
        if (!OK(node_getz(properties, m->fields[i].name) != NULL))
            NOTE("%.*s.%s is in our table only", STR_ARG(at), m->fields[i].name);
    if (node_getz(schema, "required"))
        NODE_EACH(name, node_getz(schema, "required"))
    if (!OK(field_find(m, name->text) && field_find(m, name->text)->required))
        NOTE("%.*s.%.*s is required", STR_ARG(at), STR_ARG(name->text));
}

static void fields_are_those_of_the_crds(void)
{
    size_t compared = 0;

    if (!load())
        return;
    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);
        const struct node *crd;

        if (!is_istio(k) || !OK((crd = find_crd(k)) != NULL))
            continue;
        NODE_EACH(version, node_getz(crd, "versions"))
        {
            const struct node *top = node_path(version, "schema.openAPIV3Schema.properties");

            OK(api_kind_has_version(k, node_get_str(version, "name")));
            compare(k->spec, node_getz(top, "spec"), arena_printf(&arena, "%s.spec", k->kind));
            compare(k->status, node_getz(top, "status"),
                    arena_printf(&arena, "%s.status", k->kind));
            if (node_is_true(node_getz(version, "storage")))
                EQ_STR(k->versions[0], arena_strz(&arena, node_get_str(version, "name")));
            compared++;
        }
    }
    EQ_INT(compared, 7 * 3 + 3 * 2 + 1 * 2 + 4);
    arena_deinit(&arena);
}

static void names_are_those_of_the_crds(void)
{
    if (!load())
        return;
    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);
        const struct node *crd = is_istio(k) ? find_crd(k) : NULL, *names = node_getz(crd, "names");
        const struct node *columns;
        size_t n = 0;

        if (!crd)
            continue;
        OK(str_is(node_get_str(names, "plural"), k->plural));
        OK(str_is(node_get_str(names, "singular"), k->singular));
        if (node_path(names, "shortNames[0]"))
            OK(str_is(node_path(names, "shortNames[0]")->text, k->short_names[0]));
        else
            OK(k->short_names[0] == NULL);
        NODE_EACH(category, node_getz(names, "categories"))
        OK(api_kind_has_category(k, category->text));
        columns = node_path(crd, "versions[0].additionalPrinterColumns");
        for (const struct node *c = columns ? columns->first : NULL; c; c = c->next, n++) {
            const struct api_kind_column *ours = &k->columns->items[n];

            if (!OK(n < k->columns->count))
                break;
            OK(str_ieq(node_get_str(c, "name"), str_of(ours->header)));
            OK(str_is(node_get_str(c, "jsonPath"), ours->path));
            OK(str_is(node_get_str(c, "type"), ours->type));
        }
    }
    arena_deinit(&arena);
}

static const struct tap_case cases[] = {
    { "fields_are_those_of_the_crds", fields_are_those_of_the_crds },
    { "names_are_those_of_the_crds", names_are_those_of_the_crds },
};

TAP_MAIN(cases)
