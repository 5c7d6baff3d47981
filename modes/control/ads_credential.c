#include "modes/control/ads_credential.h"

#include "core/api/destination_rule.h"
#include "core/api/istio_gateway.h"
#include "core/api/k8s_ingress.h"
#include "core/api/workload_selector.h"
#include "core/base/mem.h"
#include "core/text/field_walk.h"

#define CACERT STR("-cacert") /* what stands beside a credential, or alone */

struct user {
    struct arena arena;
    struct str key, ns;
    uint16_t kind;
    struct str *secrets; /* names; in the namespace of the proxy */
    size_t secret_count;
    struct field_pair *labels; /* of the workloads it is for */
    size_t label_count;
    bool has_selector;
};

void ads_credential_init(struct ads_credential *x)
{
    map_init(&x->users);
    multimap_init(&x->by_name);
}

static void user_free(struct user *u)
{
    if (!u)
        return;
    arena_deinit(&u->arena);
    mem_free(u);
}

void ads_credential_deinit(struct ads_credential *x)
{
    struct map_slot *slot;

    for (size_t at = 0; (slot = map_next(&x->users, &at));)
        user_free(slot->value);
    map_deinit(&x->users);
    multimap_deinit(&x->by_name);
}

/* ---- reading ---- */

static void add_secret(struct user *u, struct str name)
{
    if (!name.len)
        return;
    if ((u->secret_count & (u->secret_count - 1)) == 0)
        u->secrets = arena_grow(&u->arena, u->secrets, u->secret_count,
                                u->secret_count ? u->secret_count * 2 : 1, sizeof(*u->secrets));
    u->secrets[u->secret_count++] = arena_str(&u->arena, name);
}

static const void *member_of(const struct field_visit *v)
{
    return (const char *)v->object + v->field->offset;
}

struct list_of_strs {
    struct str *list;
    size_t count;
};

/* Every field of Istio's objects that names a secret, wherever it stands. */
static bool add_credential(const struct field_visit *v, void *arg)
{
    struct str name = str_of(v->field->name);

    if (str_is(name, "credentialName") || str_is(name, "caCertCredentialName"))
        add_secret(arg, *(const struct str *)member_of(v));
    if (str_is(name, "credentialNames")) {
        const struct list_of_strs *l = member_of(v);

        for (size_t i = 0; i < l->count; i++)
            add_secret(arg, l->list[i]);
    }
    return true;
}

static void copy_labels(struct user *u, const struct field_pair *labels, size_t count)
{
    u->labels = arena_alloc0(&u->arena, count, sizeof(*u->labels));
    for (; u->label_count < count; u->label_count++)
        u->labels[u->label_count] =
            (struct field_pair){ arena_str(&u->arena, labels[u->label_count].key),
                                 arena_str(&u->arena, labels[u->label_count].value) };
}

static struct user *user_new(struct str key, const struct object *o)
{
    struct user *u = mem_alloc0(1, sizeof(*u));
    const struct istio_gateway *g = o->spec;
    const struct destination_rule *dr = o->spec;
    const struct k8s_ingress *in = o->spec;

    arena_init(&u->arena, 256);
    u->key = arena_str(&u->arena, key);
    u->ns = arena_str(&u->arena, o->ns);
    u->kind = o->kind->id;
    field_walk(o->kind->spec, o->spec, STR("spec"), add_credential, u);
    if (u->kind == API_KIND_GATEWAY) {
        copy_labels(u, g->selector, g->selector_count);
    } else if (u->kind == API_KIND_INGRESS) {
        for (size_t i = 0; i < in->tls_count; i++)
            add_secret(u, in->tls[i].secret_name);
    } else if (u->kind == API_KIND_DESTINATION_RULE && dr->workload_selector) {
        u->has_selector = true;
        copy_labels(u, dr->workload_selector->labels, dr->workload_selector->labels_count);
    }
    return u;
}

static bool names_secrets(uint16_t kind)
{
    return kind == API_KIND_GATEWAY || kind == API_KIND_DESTINATION_RULE ||
           kind == API_KIND_INGRESS;
}

/* ---- coming and going ---- */

static void enter(struct ads_credential *x, struct user *u, bool add,
                  ads_credential_changed_fn *changed, void *arg)
{
    for (size_t i = 0; i < u->secret_count; i++) {
        struct str name = u->secrets[i];

        if (add)
            multimap_add(&x->by_name, name, u);
        else
            multimap_remove(&x->by_name, name, u);
        changed(arg, name);
    }
}

void ads_credential_put(struct ads_credential *x, struct str key, const struct object *o,
                        ads_credential_changed_fn *changed, void *arg)
{
    struct user *old = map_remove(&x->users, key), *u = NULL;

    if (old)
        enter(x, old, false, changed, arg);
    if (o && names_secrets(o->kind->id))
        u = user_new(key, o);
    if (u && u->secret_count) {
        map_put(&x->users, u->key, u);
        enter(x, u, true, changed, arg);
    } else {
        user_free(u);
    }
    user_free(old);
}

/* ---- asking ---- */

static bool is_for(const struct user *u, const struct ads_credential_node *node)
{
    bool selected =
        workload_selector_is_match(u->labels, u->label_count, node->labels, node->label_count);

    switch (u->kind) {
    case API_KIND_GATEWAY:
        return node->is_gateway && selected;
    default:
        if (u->has_selector)
            return selected && str_eq(u->ns, node->ns);
        return node->is_gateway;
    }
}

static bool is_named(const struct ads_credential *x, const struct ads_credential_node *node,
                     struct str name)
{
    const struct multimap_list *l = multimap_get(&x->by_name, name);

    for (uint32_t i = 0; l && i < l->count; i++) {
        if (is_for(l->items[i], node))
            return true;
    }
    return false;
}

bool ads_credential_may_have(const struct ads_credential *x, const struct ads_credential_node *node,
                             struct str secret_ns, struct str secret_name)
{
    if (!str_eq(secret_ns, node->ns))
        return false;
    if (is_named(x, node, secret_name))
        return true;
    return str_ends(secret_name, CACERT) &&
           is_named(x, node, str_head(secret_name, secret_name.len - CACERT.len));
}
