#include "core/api/object_kind.h"

#include "core/base/mem.h"

static void report_kind(const struct node *n, struct str group, struct str version, struct str kind,
                        struct diag *d)
{
    const struct node *said = node_getz(n, "kind");
    const struct api_kind *other = api_kind_by_gvk(group, STR_NONE, kind);
    struct diag_pos pos = node_pos(said ? said : n);
    struct diag_item *item;
    const char *near;

    if (other) {
        pos = node_pos(node_getz(n, "apiVersion"));
        item = diag_add(d, DIAG_ERROR, "MSH1012", &pos, STR("apiVersion"),
                        "%s has no version \"%.*s\"", other->kind, STR_ARG(version));
        item->suggestion = api_kind_api_version(other, STR_NONE, &d->arena);
        return;
    }
    item = diag_add(d, DIAG_ERROR, "MSH1012", &pos, STR("kind"),
                    "unknown kind \"%.*s\" in group \"%.*s\"", STR_ARG(kind), STR_ARG(group));
    near = api_kind_closest(kind);
    if (near && !str_is(kind, near))
        item->suggestion = str_of(near);
    item->hint = STR("mesh api-resources lists the kinds there are");
}

const struct api_kind *object_kind_find(const struct node *n, struct diag *d, struct str *version)
{
    struct str api_version = node_get_str(n, "apiVersion"), kind = node_get_str(n, "kind"), group;
    const struct api_kind *k;
    struct diag_pos pos = node_pos(n);

    if (n->kind != NODE_MAP) {
        diag_add(d, DIAG_ERROR, "MSH1003", &pos, STR_NONE, "an object must be a map, not a %s",
                 node_kind_name(n->kind));
        return NULL;
    }
    if (api_version.len == 0)
        diag_add(d, DIAG_ERROR, "MSH1006", &pos, STR("apiVersion"), "is required");
    if (kind.len == 0)
        diag_add(d, DIAG_ERROR, "MSH1006", &pos, STR("kind"), "is required");
    if (api_version.len == 0 || kind.len == 0)
        return NULL;
    api_kind_cut_api_version(api_version, &group, version);
    k = api_kind_by_api_version(api_version, kind);
    if (!k)
        report_kind(n, group, *version, kind, d);
    return k;
}

/* ---- kinds of others ---- */

/* Groups in which an unknown kind is a mistake, since the kinds in them are ours. */
static bool is_our_group(struct str group)
{
    return str_ends(group, STR("istio.io")) || str_ends(group, STR("mesh.dev")) ||
           str_starts(group, STR("gateway.networking."));
}

/* "Sevice" in the core group is a mistake, "PersistentVolume" is not. */
static bool is_typing_error(struct str group, struct str kind)
{
    const char *names[64];
    size_t n = 0;

    for (size_t i = 0; i < api_kind_count() && n < COUNT_OF(names); i++)
        if (str_is(group, api_kind_at(i)->group))
            names[n++] = api_kind_at(i)->kind;
    return diag_closest(kind, names, n) != NULL;
}

bool object_kind_is_foreign(const struct node *n)
{
    struct str api_version = node_get_str(n, "apiVersion"), kind = node_get_str(n, "kind"), group,
               version;

    if (n->kind != NODE_MAP || api_version.len == 0 || kind.len == 0)
        return false;
    api_kind_cut_api_version(api_version, &group, &version);
    return !api_kind_by_gvk(group, STR_NONE, kind) &&
           (!is_our_group(group) || str_is(kind, "IstioOperator")) && !is_typing_error(group, kind);
}
