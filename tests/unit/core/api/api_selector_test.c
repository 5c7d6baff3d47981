/* Selectors: what they accept, what fits. */
#include "core/api/api_selector.h"

#include "core/api/object.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static const struct field_pair labels[] = {
    { STR_INIT("app"), STR_INIT("web") },
    { STR_INIT("env"), STR_INIT("prod") },
    { STR_INIT("example.com/tier"), STR_INIT("3") },
    { STR_INIT("empty"), STR_INIT("") },
};

static const struct {
    const char *text;
    bool fits;
} good[] = {
    { "", true },
    { " ", true },
    { "app", true },
    { "none", false },
    { "!app", false },
    { "!none", true },
    { "app=web", true },
    { "app==web", true },
    { "app = web , env=prod", true },
    { "app=web,env=test", false },
    { "app!=web", false },
    { "none!=web", true },
    { "none=web", false },
    { "empty=", true },
    { "app=", false },
    { "app in (a, web)", true },
    { "app in(web)", true },
    { "app in (a,b)", false },
    { "app notin (a,b)", true },
    { "none notin (a)", true },
    { "app notin (a,web),env", false },
    { "example.com/tier>2", true },
    { "example.com/tier>3", false },
    { "example.com/tier<4", true },
    { "app>1", false },
    { "in in (in)", false },
};

static const char *const bad[] = {
    ",",          "app,", "=a", "app=web env", "app in", "app in (", "app in (a", "app in a",
    "app on (a)", "a b",  "!",  "app=a b",     "a>x",    "-a",       "app=(",     "a=b,,c",
};

static void labels_are_matched(void)
{
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct api_selector s;
        struct str why = STR_NONE;
        struct arena a;

        arena_init(&a, 0);
        if (!EQ_INT(api_selector_parse_labels(str_of(good[i].text), &a, &s, &why), 0) ||
            !OK(api_selector_has_labels(&s, labels, COUNT_OF(labels)) == good[i].fits))
            NOTE("%s (%.*s)", good[i].text, STR_ARG(why));
        arena_deinit(&a);
    }
}

static void mistakes_are_explained(void)
{
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct api_selector s;
        struct str why = STR_NONE;
        struct arena a;

        arena_init(&a, 0);
        if (!EQ_INT(api_selector_parse_labels(str_of(bad[i]), &a, &s, &why), ERR_INVALID) ||
            !OK(why.len > 0))
            NOTE("%s", bad[i]);
        arena_deinit(&a);
    }
}

static void fields_are_matched(void)
{
    static const struct {
        const char *text;
        bool fits;
    } rows[] = {
        { "metadata.name=shop-0", true },
        { "metadata.name!=shop-0", false },
        { "metadata.namespace=prod,status.phase=Running", true },
        { "status.phase!=Running", false },
        { "status.phase!=Failed", true },
        { "spec.nodeName=", true },
        { "spec.nodeName=n1", false },
    };
    static const char json[] = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":"
                               "\"shop-0\",\"namespace\":\"prod\"},\"spec\":{\"containers\":[]},"
                               "\"status\":{\"phase\":\"Running\"}}";
    struct object *o = NULL;

    if (!EQ_INT(object_decode_json(&o, str_of(json), NULL, NULL, NULL), 0))
        return;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct api_selector s;
        struct str why = STR_NONE;
        struct arena a;

        arena_init(&a, 0);
        if (!EQ_INT(api_selector_parse_fields(str_of(rows[i].text), &a, &s, &why), 0) ||
            !OK(api_selector_has_fields(&s, o) == rows[i].fits))
            NOTE("%s", rows[i].text);
        EQ_INT(api_selector_parse_fields(STR("metadata.name"), &a, &s, &why), ERR_INVALID);
        EQ_INT(api_selector_parse_fields(STR("a in (b)"), &a, &s, &why), ERR_INVALID);
        arena_deinit(&a);
    }
    object_unref(o);
}

static void size_is_limited(void)
{
    static char text[API_SELECTOR_MAX_BYTES + 2];
    struct api_selector s;
    struct str why;
    struct arena a;

    arena_init(&a, 0);
    memset(text, 'a', sizeof(text));
    EQ_INT(api_selector_parse_labels(str_make(text, sizeof(text)), &a, &s, &why), ERR_LIMIT);
    for (size_t i = 1; i < 1200; i += 2)
        text[i] = ',';
    EQ_INT(api_selector_parse_labels(str_make(text, 1201), &a, &s, &why), ERR_LIMIT);
    arena_deinit(&a);
}

static void selectors_in_objects(void)
{
    struct str values[] = { STR("web"), STR("x") };
    struct field_pair match[] = { { STR("env"), STR("prod") } };
    struct label_selector_rule rule = {
        .key = STR("app"), .op = STR("In"), .values = values, .values_count = 2
    };
    struct label_selector s = {
        .match_labels = match, .match_labels_count = 1, .rules = &rule, .rules_count = 1
    };

    OK(label_selector_is_match(&s, labels, COUNT_OF(labels)));
    rule.op = STR("NotIn");
    OK(!label_selector_is_match(&s, labels, COUNT_OF(labels)));
    rule.op = STR("Exists");
    OK(label_selector_is_match(&s, labels, COUNT_OF(labels)));
    rule.op = STR("DoesNotExist");
    OK(!label_selector_is_match(&s, labels, COUNT_OF(labels)));
    s.rules_count = 0;
    match[0].value = STR("test");
    OK(!label_selector_is_match(&s, labels, COUNT_OF(labels)));
    s.match_labels_count = 0;
    OK(label_selector_is_match(&s, NULL, 0));
}

static const struct tap_case cases[] = {
    { "labels_are_matched", labels_are_matched },
    { "mistakes_are_explained", mistakes_are_explained },
    { "fields_are_matched", fields_are_matched },
    { "size_is_limited", size_is_limited },
    { "selectors_in_objects", selectors_in_objects },
};

TAP_MAIN(cases)
