/* Our rows of rules against the CRDs, where they are at hand: the same rules at the same fields,
 * and each of them compiles. With API_RULE_PRINT=istio or gateway the rows are printed as they
 * should stand in the table. */
#include "core/api/api_rule.h"

#include <stdlib.h>

#include "core/api/api_kind.h"
#include "core/api/object.h"
#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/text/cel.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"
#include "tests/unit/support/api_files.h"

static const char *const folders[] = { "../shared/data/crds", "../../shared/data/crds" };

static struct arena arena;
static struct map wanted; /* "MESSAGE\nFIELD\neach\nRULE\nSAID" -> itself */
static size_t crd_count;

static struct str row_key(const char *message, const char *field, bool each, struct str rule,
                          struct str said)
{
    return arena_printf(&arena, "%s\n%s\n%d\n%.*s\n%.*s", message, field, each, STR_ARG(rule),
                        STR_ARG(said));
}

static void want(const struct field_message *m, const struct field *f, bool each,
                 const struct node *schema)
{
    const struct node *rules = node_getz(schema, "x-kubernetes-validations");

    for (const struct node *r = rules ? rules->first : NULL; r; r = r->next) {
        struct str key =
            row_key(m->name, f->name, each, node_get_str(r, "rule"), node_get_str(r, "message"));

        map_put(&wanted, key, &wanted);
    }
}

static void collect(const struct field_message *m, const struct node *schema);

static void collect_field(const struct field_message *m, const struct field *f,
                          const struct node *schema)
{
    const struct node *inner = node_getz(schema, "items");

    want(m, f, false, schema);
    if (!inner)
        inner = node_getz(schema, "additionalProperties");
    if (inner)
        want(m, f, true, inner);
    if (f->msg)
        collect(f->msg, inner ? inner : schema);
}

static void collect(const struct field_message *m, const struct node *schema)
{
    const struct node *properties = node_getz(schema, "properties");

    for (const struct node *p = properties ? properties->first : NULL; p; p = p->next) {
        const struct field *f = field_find(m, p->key);

        if (f)
            collect_field(m, f, p);
    }
}

static bool is_gateway(const char *message)
{
    return str_find(str_of(message), STR("gateway.networking")) >= 0 ||
           str_find(str_of(message), STR("GatewayApi")) >= 0 ||
           (str_find(str_of(message), STR("istio.")) < 0);
}

static void load_file(const char *path)
{
    struct node **docs;
    size_t len, n = 0;
    char *text = api_files_read(path, &len);

    if (!text)
        return;
    (void)node_yaml_read(&arena, str_make(text, len), NULL, NULL, &docs, &n);
    for (size_t i = 0; i < n; i++) {
        const struct node *spec = node_getz(docs[i], "spec");
        const struct api_kind *k =
            str_is(node_get_str(docs[i], "kind"), "CustomResourceDefinition")
                ? api_kind_by_gvk(node_get_str(spec, "group"), STR_NONE,
                                  node_get_str(node_getz(spec, "names"), "kind"))
                : NULL;

        if (!k)
            continue;
        crd_count++;
        NODE_EACH(version, node_getz(spec, "versions"))
        {
            const struct node *schema = node_path(version, "schema.openAPIV3Schema");

            if (api_kind_has_version(k, node_get_str(version, "name")))
                collect(k->root, schema);
        }
    }
    mem_free(text);
}

static bool load(void)
{
    arena_init(&arena, 1 << 16);
    map_init(&wanted);
    crd_count = 0;
    for (size_t i = 0; i < COUNT_OF(folders) && crd_count == 0; i++)
        api_files_each(folders[i], load_file);
    if (crd_count == 0)
        SKIP("the CRDs are not here");
    return crd_count > 0;
}

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void print_c(struct str s)
{
    putchar('"');
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] == '\n')
            fputs("\\n", stdout);
        else if (s.p[i] == '"' || s.p[i] == '\\')
            printf("\\%c", s.p[i]);
        else
            putchar(s.p[i]);
    putchar('"');
}

static void print_rows(bool gateway)
{
    struct str *all = arena_alloc0(&arena, wanted.count, sizeof(*all));
    size_t n = 0, at = 0;

    for (struct map_slot *s; (s = map_next(&wanted, &at));)
        all[n++] = s->key;
    qsort(all, n, sizeof(*all), by_text);
    for (size_t i = 0; i < n; i++) {
        struct str rest = all[i], m = str_cut(&rest, '\n'), f = str_cut(&rest, '\n'),
                   each = str_cut(&rest, '\n');
        ptrdiff_t end = str_rchr(rest, '\n');

        if (is_gateway(arena_strz(&arena, m)) != gateway)
            continue;
        printf("    { \"%.*s\", \"%.*s\", %s, ", STR_ARG(m), STR_ARG(f),
               str_is(each, "1") ? "true" : "false");
        print_c(str_head(rest, (size_t)end));
        printf(", ");
        print_c(str_skip(rest, (size_t)end + 1));
        printf(" },\n");
    }
}

static size_t take_rows(const struct api_rule *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct str key = row_key(rows[i].message, rows[i].field, rows[i].each, str_of(rows[i].rule),
                                 str_of(rows[i].said));

        if (!OK(map_remove(&wanted, key) != NULL))
            NOTE("in our rows only: %s.%s: %s", rows[i].message, rows[i].field, rows[i].rule);
    }
    return n;
}

static void rows_are_the_rules_of_the_crds(void)
{
    const char *print = getenv("API_RULE_PRINT");
    size_t at = 0, n = 0;

    if (!load())
        return;
    if (print) {
        print_rows(strcmp(print, "gateway") == 0);
    } else {
        n += take_rows(api_rule_istio, api_rule_istio_count);
        n += take_rows(api_rule_gateway, api_rule_gateway_count);
        OK(n > 200);
        for (struct map_slot *s; (s = map_next(&wanted, &at));) {
            OK(false);
            NOTE("in the CRDs only: %.*s", STR_ARG(s->key));
        }
    }
    map_deinit(&wanted);
    arena_deinit(&arena);
}

static void each_row_compiles(void)
{
    const struct api_rule *tables[] = { api_rule_istio, api_rule_gateway };
    size_t counts[] = { api_rule_istio_count, api_rule_gateway_count };
    struct str why = STR_NONE;
    struct cel *c;

    arena_init(&arena, 4096);
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < counts[t]; i++) {
            if (EQ_INT(cel_new(&c, str_of(tables[t][i].rule), &arena, &why), 0))
                cel_free(c);
            else
                NOTE("%s: %.*s", tables[t][i].rule, STR_ARG(why));
        }
    arena_deinit(&arena);
}

struct sample {
    const char *text, *said; /* "": it is good */
};

#define ROUTE(rules)                                                                               \
    "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: "      \
    "{parentRefs: [{name: g}], rules: [" rules "]}}"
#define ISTIO(kind, spec)                                                                          \
    "{apiVersion: networking.istio.io/v1, kind: " kind ", metadata: {name: r}, spec: " spec "}"

static const struct sample samples[] = {
    { ROUTE("{backendRefs: [{name: b, port: 80}]}"), "" },
    { ROUTE("{matches: [{path: {type: PathPrefix, value: /a//b}}], backendRefs: [{name: b, port: "
            "80}]}"),
      "must not contain '//'" },
    { ROUTE("{filters: [{type: RequestRedirect, requestRedirect: {}}], backendRefs: [{name: b, "
            "port: 80}]}"),
      "RequestRedirect filter must not be used together with backendRefs" },
    { ROUTE("{filters: [{type: RequestMirror}]}"), "requestMirror" },
    { ROUTE("{timeouts: {request: 1s, backendRequest: 2s}}"), "backendRequest timeout cannot be" },
    { ISTIO("ServiceEntry", "{hosts: [a.com], resolution: DNS_ROUND_ROBIN, endpoints: [{address: "
                            "a}, {address: b}], ports: [{number: 80, name: a, protocol: HTTP}]}"),
      "DNS_ROUND_ROBIN" },
    { ISTIO("Sidecar", "{egress: [{hosts: ['*/*']}], workloadSelector: {labels: {a: '*'}}}"),
      "wildcard" },
};

static void what_breaks_a_rule_is_refused_with_its_message(void)
{
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct object_set set;
        char *said;

        object_set_init(&set);
        said = api_files_complain(samples[i].text, &set);
        if (!(samples[i].said[0] ? HAS_STR(said, samples[i].said) && HAS_STR(said, "error")
                                 : OK(!strstr(said, "error"))))
            NOTE("%s: %s", samples[i].text, said);
        mem_free(said);
        object_set_deinit(&set);
    }
}

static void rules_compare_with_the_old_version(void)
{
    static const char was[] = "{spec: {controllerName: a.com/b, parametersRef: null}}",
                      now[] = "{spec:\n {controllerName: a.com/c}}";
    const struct api_kind *k =
        api_kind_by_gvk(STR("gateway.networking.k8s.io"), STR_NONE, STR("GatewayClass"));
    struct node *old, *new;
    struct diag d;

    if (!OK(k != NULL))
        return;
    arena_init(&arena, 4096);
    diag_init(&d);
    EQ_INT(node_yaml_read_one(&arena, str_of(was), NULL, NULL, &old), 0);
    EQ_INT(node_yaml_read_one(&arena, str_of(now), "x.yaml", NULL, &new), 0);
    EQ_UINT(api_rule_check_change(k->root, new, old, &d), 1);
    OK(d.first && str_is(d.first->path, "spec.controllerName") && d.first->pos.line == 2);
    EQ_UINT(api_rule_check_change(k->root, old, old, &d), 0);
    EQ_UINT(api_rule_check(k->root, new, NULL, &d), 0);
    diag_deinit(&d);
    arena_deinit(&arena);
}

static const struct tap_case cases[] = {
    { "rows_are_the_rules_of_the_crds", rows_are_the_rules_of_the_crds },
    { "each_row_compiles", each_row_compiles },
    { "what_breaks_a_rule_is_refused_with_its_message",
      what_breaks_a_rule_is_refused_with_its_message },
    { "rules_compare_with_the_old_version", rules_compare_with_the_old_version },
};

TAP_MAIN(cases)
