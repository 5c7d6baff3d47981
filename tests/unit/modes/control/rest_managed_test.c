#include "modes/control/rest_managed.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"

static struct node *yaml(struct arena *a, const char *text)
{
    struct node *n = NULL;

    OK(node_yaml_read_one(a, str_of(text), NULL, NULL, &n) == 0);
    return n;
}

static const struct api_kind *kind(void)
{
    return api_kind_by_id(API_KIND_VIRTUAL_SERVICE);
}

static struct rest_managed_by by(const char *manager, bool force)
{
    return (struct rest_managed_by){ str_of(manager), STR("networking.istio.io/v1"),
                                     STR("2026-01-01T00:00:00Z"), force };
}

/* The set of manager, or NULL. */
static const struct node *owned(const struct node *n, const char *manager)
{
    const struct node *list = node_getz(node_getz(n, "metadata"), "managedFields");

    NODE_EACH(it, list)
    if (str_is(node_get_str(it, "manager"), manager))
        return node_getz(it, "fieldsV1");
    return NULL;
}

static bool owns(const struct node *n, const char *manager, const char *field)
{
    return node_getz(node_getz(owned(n, manager), "f:spec"), field) != NULL;
}

static struct node *apply(struct arena *a, const struct node *live, const char *config,
                          const char *manager, bool force)
{
    struct rest_managed_by who = by(manager, force);
    struct node *out = NULL, *causes = NULL;

    EQ_INT(rest_managed_apply(a, kind(), live, yaml(a, config), &who, &out, &causes), 0);
    return out;
}

static void what_a_config_no_longer_says_goes(void)
{
    struct arena a;
    struct node *n;

    arena_init(&a, 0);
    n = apply(&a, NULL, "{metadata: {name: x}, spec: {hosts: [a], exportTo: ['.']}}", "one", false);
    OK(owns(n, "one", "f:hosts") && owns(n, "one", "f:exportTo"));
    n = apply(&a, n, "{metadata: {name: x}, spec: {exportTo: ['.']}}", "two", false); /* shared */
    n = apply(&a, n, "{metadata: {name: x}, spec: {hosts: [a]}}", "one", false);
    OK(node_path(n, "spec.exportTo") != NULL);
    OK(!owns(n, "one", "f:exportTo") && owns(n, "two", "f:exportTo"));
    n = apply(&a, n, "{metadata: {name: x}, spec: {}}", "two", false);
    OK(node_path(n, "spec.exportTo") == NULL);
    OK(node_path(n, "spec.hosts") != NULL);
    arena_deinit(&a);
}

static void conflicts_name_manager_and_field(void)
{
    struct rest_managed_by two = by("two", false);
    struct node *n, *out = NULL, *causes = NULL;
    struct arena a;

    arena_init(&a, 0);
    n = apply(&a, NULL, "{metadata: {name: x}, spec: {hosts: [a]}}", "one", false);
    EQ_INT(rest_managed_apply(&a, kind(), n, yaml(&a, "{metadata: {name: x}, spec: {hosts: [b]}}"),
                              &two, &out, &causes),
           ERR_CONFLICT);
    OK(out == NULL);
    if (OK(causes && causes->count == 1)) {
        OK(str_is(node_get_str(causes->first, "field"), ".spec.hosts"));
        OK(str_find(node_get_str(causes->first, "message"), STR("\"one\"")) > 0);
    }
    n = apply(&a, n, "{metadata: {name: x}, spec: {hosts: [b]}}", "two", true);
    OK(!owned(n, "one"));
    OK(owns(n, "two", "f:hosts"));
    OK(str_is(node_path(n, "spec.hosts[0]")->text, "b"));
    arena_deinit(&a);
}

static void an_update_takes_what_it_changes(void)
{
    struct rest_managed_by editor = by("editor", false);
    struct node *n, *next;
    struct arena a;

    arena_init(&a, 0);
    n = apply(&a, NULL, "{metadata: {name: x}, spec: {hosts: [a], exportTo: ['.']}}", "one", false);
    next = yaml(&a, "{metadata: {name: x}, spec: {hosts: [b], exportTo: ['.']}}");
    rest_managed_update(&a, kind(), n, next, &editor);
    OK(owns(next, "editor", "f:hosts") && !owns(next, "editor", "f:exportTo"));
    OK(!owns(next, "one", "f:hosts") && owns(next, "one", "f:exportTo"));
    n = node_copy(&a, next);
    rest_managed_update(&a, kind(), next, n, &editor); /* nothing changed */
    OK(node_equal(n, next));
    arena_deinit(&a);
}

static void updaters_are_bounded(void)
{
    struct node *n, *next;
    struct arena a;
    size_t count;

    arena_init(&a, 0);
    n = yaml(&a, "{metadata: {name: x}, spec: {}}");
    for (int i = 0; i < 30; i++) {
        struct rest_managed_by who = by(arena_printf(&a, "m%d", i).p, false);

        next = node_copy(&a, n);
        node_set_str(&a, node_getz(next, "spec"), arena_printf(&a, "field%d", i).p, STR("x"));
        rest_managed_update(&a, kind(), n, next, &who);
        n = next;
    }
    count = node_path(n, "metadata.managedFields")->count;
    EQ_INT(count, REST_MANAGED_MAX_UPDATERS);
    OK(owns(n, "ancient-changes", "f:field0"));
    OK(owns(n, "m29", "f:field29"));
    arena_deinit(&a);
}

static void a_client_may_mend_or_reset_the_list(void)
{
    struct rest_managed_by who = by("a", false);
    struct node *n, *next;
    struct arena a;

    arena_init(&a, 0);
    n = apply(&a, NULL, "{metadata: {name: x}, spec: {hosts: [a]}}", "one", false);
    next = yaml(&a, "{metadata: {name: x, managedFields: [{}]}, spec: {hosts: [a]}}");
    rest_managed_update(&a, kind(), n, next, &who);
    OK(node_path(next, "metadata.managedFields") == NULL);
    next = yaml(&a, "{metadata: {name: x, managedFields: [{manager: other, operation: Apply, "
                    "apiVersion: v1, fieldsV1: {'f:spec': {'f:hosts': {}}}}, {manager: broken}]}, "
                    "spec: {hosts: [a]}}");
    rest_managed_update(&a, kind(), n, next, &who);
    OK(owns(next, "other", "f:hosts"));
    OK(!owned(next, "one") && !owned(next, "broken"));
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "what_a_config_no_longer_says_goes", what_a_config_no_longer_says_goes },
    { "conflicts_name_manager_and_field", conflicts_name_manager_and_field },
    { "an_update_takes_what_it_changes", an_update_takes_what_it_changes },
    { "updaters_are_bounded", updaters_are_bounded },
    { "a_client_may_mend_or_reset_the_list", a_client_may_mend_or_reset_the_list },
};

TAP_MAIN(cases)
