#include "core/api/mesh_scope.h"

#include <string.h>

#include "core/base/mem.h"

/* All labels of a namespace, its name among them; heap. */
static struct field_pair *complete(const struct mesh_scope_namespace *ns, size_t *count)
{
    struct field_pair *all = mem_alloc0(ns->label_count + 1, sizeof(*all));

    all[0] = (struct field_pair){ STR("kubernetes.io/metadata.name"), ns->name };
    if (ns->label_count)
        memcpy(all + 1, ns->labels, ns->label_count * sizeof(*all));
    *count = ns->label_count + 1;
    return all;
}

bool mesh_scope_has(const struct mesh_config *c, const struct mesh_scope_namespace *ns)
{
    bool fits = c->discovery_selectors_count == 0;
    struct field_pair *labels;
    size_t count;

    if (fits)
        return true;
    labels = complete(ns, &count);
    for (size_t i = 0; !fits && i < c->discovery_selectors_count; i++)
        fits = label_selector_is_match(&c->discovery_selectors[i], labels, count);
    mem_free(labels);
    return fits;
}

static int visibility_of(int value)
{
    return value == MESH_CONFIG_VISIBILITY_VISIBILITY_UNSPECIFIED ? MESH_CONFIG_VISIBILITY_PUBLIC
                                                                  : value;
}

/* A rule without a selector fits nothing: what it was to say is not known. */
static bool policy_fits(const struct mesh_config_visibility_policy *p,
                        const struct field_pair *labels, size_t count)
{
    for (size_t i = 0; i < p->matching_rules_count; i++) {
        const struct label_selector *s = p->matching_rules[i].namespace_selector;

        if (!s || !label_selector_is_match(s, labels, count))
            return false;
    }
    return true;
}

int mesh_scope_visibility(const struct mesh_config *c, const struct mesh_scope_namespace *ns)
{
    const struct mesh_config_entry_visibility *v = c->service_entry_visibility;
    struct field_pair *labels;
    size_t count;
    int found;

    if (!v)
        return MESH_CONFIG_VISIBILITY_PUBLIC;
    found = v->default_visibility;
    labels = complete(ns, &count);
    for (size_t i = 0; i < v->policies_count; i++) {
        if (policy_fits(&v->policies[i], labels, count)) {
            found = v->policies[i].visibility;
            break;
        }
    }
    mem_free(labels);
    return visibility_of(found);
}
