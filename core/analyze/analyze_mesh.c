/* What is said for the mesh as a whole: networks by ConfigMap "istio", the control plane's own
 * Deployment. */
#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/k8s_secret.h"
#include "core/api/mesh_file.h"
#include "core/api/request_authentication.h"
#include "core/base/mem.h"

/* ---- registries that networks name ---- */

static bool has_key(const struct field_pair *list, size_t count, struct str key)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(list[i].key, key))
            return true;
    }
    return false;
}

/* Istio's own registries, and clusters by the Secrets that give access to them. */
static bool is_registry(const struct analyze_state *s, struct str name)
{
    static const char *const own[] = { "Kubernetes", "External", "Mock" };
    const struct object *o;

    for (size_t i = 0; i < COUNT_OF(own); i++) {
        if (str_is(name, own[i]))
            return true;
    }
    for (size_t at = 0; (o = analyze_state_next(s, API_KIND_SECRET, &at));) {
        const struct k8s_secret *secret = o->spec;

        if (str_is(object_meta_label(o->meta, STR("istio/multiCluster")), "true") &&
            (has_key(secret->data, secret->data_count, name) ||
             has_key(secret->string_data, secret->string_data_count, name)))
            return true;
    }
    return false;
}

static void check_network(struct analyze_state *s, const struct object *o,
                          const struct mesh_network_entry *network)
{
    for (size_t i = 0; i < network->value.endpoints_count; i++) {
        struct str name = network->value.endpoints[i].from_registry;

        if (name.len && !is_registry(s, name))
            analyze_state_report(s, o, DIAG_ERROR, "IST0126", STR("data.meshNetworks"),
                                 "Unknown service registry %.*s in network %.*s", STR_ARG(name),
                                 STR_ARG(network->key));
    }
}

void analyze_mesh_registries(struct analyze_state *s)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_CONFIG_MAP, &at));) {
        struct mesh_networks all;

        /* What of the text cannot be read was told when the object was. */
        if (!str_eq(o->name, MESH_FILE_NAME) ||
            mesh_file_read_networks(mesh_file_key(o, "meshNetworks"), &s->arena, NULL, &all) != 0)
            continue;
        for (size_t i = 0; i < all.networks_count; i++)
            check_network(s, o, &all.networks[i]);
    }
}

/* ---- where istiod may fetch keys from ---- */

enum { MAX_NAMES = 5 };

static bool restricts_fetches(const struct object *deployment)
{
    const struct node *list =
        deployment->node ? node_path(deployment->node, "spec.template.spec.containers") : NULL;

    if (!list || list->kind != NODE_LIST)
        return false;
    NODE_EACH(container, list)
    {
        const struct node *env = node_getz(container, "env");

        if (!env || env->kind != NODE_LIST)
            continue;
        NODE_EACH(variable, env)
        {
            if (str_is(node_get_str(variable, "name"), "BLOCKED_CIDRS_IN_JWKS_URIS") &&
                node_get_str(variable, "value").len)
                return true;
        }
    }
    return false;
}

/* "default/a, default/b, and 3 more"; *count: how many there are. */
static struct str authentications(struct analyze_state *s, size_t *count)
{
    const struct object *o;
    struct str text;
    struct buf b;

    buf_init(&b, 0);
    *count = 0;
    for (size_t at = 0; (o = analyze_state_next(s, API_KIND_REQUEST_AUTHENTICATION, &at));) {
        if (++*count <= MAX_NAMES)
            buf_printf(&b, "%s%.*s", *count > 1 ? ", " : "", STR_ARG(analyze_state_id(s, o)));
    }
    if (*count > MAX_NAMES)
        buf_printf(&b, ", and %zu more", *count - MAX_NAMES);
    text = arena_str(&s->arena, buf_str(&b));
    buf_deinit(&b);
    return text;
}

/* Of files that hold Istio's own control plane. */
void analyze_mesh_key_fetches(struct analyze_state *s)
{
    size_t count;
    struct str names = authentications(s, &count);
    const struct object *o;

    for (size_t at = 0; count && (o = analyze_state_next_fresh(s, API_KIND_DEPLOYMENT, &at));) {
        if (!str_is(object_meta_label(o->meta, STR("app")), "istiod") || restricts_fetches(o))
            continue;
        analyze_state_report(s, o, DIAG_WARNING, "IST0175", STR("metadata.name"),
                             "BLOCKED_CIDRS_IN_JWKS_URIS is not configured but %zu "
                             "RequestAuthentication resource(s) exist (%.*s). Consider configuring "
                             "it to restrict JWKS URI fetches to trusted networks.",
                             count, STR_ARG(names));
    }
}
