#include "core/api/mesh_scope.h"

#include "core/api/mesh_file.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static struct arena arena;

static struct mesh_config read(const char *text)
{
    struct mesh_config c;

    arena_init(&arena, 0);
    EQ_INT(mesh_file_read_config(str_of(text), STR_NONE, &arena, NULL, &c), 0);
    return c;
}

static const struct field_pair gold[] = { { STR_INIT("tier"), STR_INIT("gold") },
                                          { STR_INIT("team"), STR_INIT("x") } };

static const struct mesh_scope_namespace bare = { .name = STR_INIT("bare") };
static const struct mesh_scope_namespace golden = { .name = STR_INIT("golden"),
                                                    .labels = gold,
                                                    .label_count = 2 };

static void without_selectors_all_namespaces_belong(void)
{
    struct mesh_config c = read("{}");

    OK(mesh_scope_has(&c, &bare));
    arena_deinit(&arena);
}

static void one_selector_that_fits_is_enough(void)
{
    struct mesh_config c = read("discoverySelectors:\n"
                                "- matchLabels: {tier: silver}\n"
                                "- matchExpressions: [{key: tier, operator: In, values: [gold]}]\n"
                                "  matchLabels: {team: x}\n");

    OK(mesh_scope_has(&c, &golden));
    OK(!mesh_scope_has(&c, &bare));
    arena_deinit(&arena);
}

static void a_namespace_has_its_name_as_a_label(void)
{
    struct mesh_config c = read("discoverySelectors:\n"
                                "- matchLabels: {kubernetes.io/metadata.name: golden, team: x}\n"
                                "- matchLabels: {kubernetes.io/metadata.name: bare}\n");

    OK(mesh_scope_has(&c, &golden));
    OK(mesh_scope_has(&c, &bare));
    OK(!mesh_scope_has(&c, &(struct mesh_scope_namespace){ .name = STR("other") }));
    arena_deinit(&arena);
}

static void an_absent_label_can_be_asked_for(void)
{
    struct mesh_config c =
        read("discoverySelectors:\n- matchExpressions: [{key: tier, operator: DoesNotExist}]\n");

    OK(mesh_scope_has(&c, &bare));
    OK(!mesh_scope_has(&c, &golden));
    arena_deinit(&arena);
}

static void entries_are_public_when_nothing_is_said(void)
{
    static const char *const texts[] = { "{}", "serviceEntryVisibility: {}" };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct mesh_config c = read(texts[i]);

        EQ_INT(mesh_scope_visibility(&c, &bare), MESH_CONFIG_VISIBILITY_PUBLIC);
        arena_deinit(&arena);
    }
}

static void the_first_policy_that_fits_decides(void)
{
    struct mesh_config c =
        read("serviceEntryVisibility:\n"
             "  defaultVisibility: NAMESPACE\n"
             "  policies:\n"
             "  - visibility: NONE\n"
             "    matchingRules: [{namespaceSelector: {matchLabels: {tier: gold}}},\n"
             "                    {namespaceSelector: {matchLabels: {team: y}}}]\n"
             "  - visibility: PUBLIC\n"
             "    matchingRules: [{namespaceSelector: {matchLabels: {tier: gold}}}]\n"
             "  - {visibility: NONE, matchingRules: [{}]}\n");

    EQ_INT(mesh_scope_visibility(&c, &golden), MESH_CONFIG_VISIBILITY_PUBLIC);
    EQ_INT(mesh_scope_visibility(&c, &bare), MESH_CONFIG_VISIBILITY_NAMESPACE);
    arena_deinit(&arena);
}

static void a_policy_without_rules_fits_all(void)
{
    struct mesh_config c = read("serviceEntryVisibility: {policies: [{visibility: NONE}]}");

    EQ_INT(mesh_scope_visibility(&c, &golden), MESH_CONFIG_VISIBILITY_NONE);
    arena_deinit(&arena);
}

static const struct tap_case cases[] = {
    { "without_selectors_all_namespaces_belong", without_selectors_all_namespaces_belong },
    { "one_selector_that_fits_is_enough", one_selector_that_fits_is_enough },
    { "a_namespace_has_its_name_as_a_label", a_namespace_has_its_name_as_a_label },
    { "an_absent_label_can_be_asked_for", an_absent_label_can_be_asked_for },
    { "entries_are_public_when_nothing_is_said", entries_are_public_when_nothing_is_said },
    { "the_first_policy_that_fits_decides", the_first_policy_that_fits_decides },
    { "a_policy_without_rules_fits_all", a_policy_without_rules_fits_all },
};

TAP_MAIN(cases)
