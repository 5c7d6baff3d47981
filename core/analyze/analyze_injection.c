/* Namespaces and pods that ask for a sidecar, or seem to have forgotten to. All of it concerns
 * pods: what `mesh run` starts has its proxy in any case. */
#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"
#include "core/api/k8s_deployment.h"
#include "core/api/k8s_pod.h"
#include "core/base/mem.h"

#define PROXY_UID "1337"

static bool is_system(struct str ns)
{
    static const char *const names[] = { "kube-system", "kube-public", "kube-node-lease",
                                         "local-path-storage", "istio-system" };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_is(ns, names[i]))
            return true;
    }
    return false;
}

static bool is_ambient(const struct object_meta *m)
{
    return str_is(object_meta_label(m, STR("istio.io/dataplane-mode")), "ambient");
}

/* Whether pods of the namespace get a sidecar when they say nothing themselves. */
static bool is_injected_namespace(const struct analyze_state *s, struct str ns)
{
    const struct object *o = analyze_state_find(s, API_KIND_NAMESPACE, STR_NONE, ns);
    struct str label = o ? object_meta_label(o->meta, STR("istio-injection")) : STR_NONE;

    if (!o)
        return false;
    return label.p ? str_is(label, "enabled") : object_meta_label(o->meta, STR("istio.io/rev")).len;
}

static bool has_pods(const struct analyze_state *s, struct str ns)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct object *o = s->objects[i];

        if ((o->kind->id == API_KIND_POD || o->kind->id == API_KIND_DEPLOYMENT) &&
            str_eq(o->ns, ns))
            return true;
    }
    return false;
}

/* "[istio-injection=enabled istio.io/rev=x]": what asks for sidecars or their absence, and how many
 * do; a namespace that says it is not injected may have any other label. */
static size_t wishes(struct analyze_state *s, const struct object *o, struct str *text)
{
    static const char *const others[] = { "istio.io/rev", "istio.io/dataplane-mode" };
    struct str label = object_meta_label(o->meta, STR("istio-injection"));
    struct buf b;
    size_t n = 0;

    buf_init(&b, 0);
    if (label.p)
        buf_printf(&b, "%sistio-injection=%.*s", n++ ? " " : "[", STR_ARG(label));
    for (size_t i = 0; i < COUNT_OF(others) && (!label.p || str_is(label, "enabled")); i++) {
        struct str other = object_meta_label(o->meta, str_of(others[i]));

        if (other.p)
            buf_printf(&b, "%s%s=%.*s", n++ ? " " : "[", others[i], STR_ARG(other));
    }
    buf_add_char(&b, ']');
    *text = arena_str(&s->arena, buf_str(&b));
    buf_deinit(&b);
    return n;
}

void analyze_injection_namespaces(struct analyze_state *s)
{
    const struct object *o;
    struct str list;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_NAMESPACE, &at));) {
        if (is_system(o->name))
            continue;
        if (wishes(s, o, &list) > 1)
            analyze_state_report(s, o, DIAG_WARNING, "IST0123", STR("metadata.labels"),
                                 "The namespace has more than one type of injection labels %.*s, "
                                 "which may lead to undefined behavior. Make sure only one "
                                 "injection label exists.",
                                 STR_ARG(list));
        if (!is_ambient(o->meta) && !object_meta_label(o->meta, STR("istio-injection")).len &&
            !object_meta_label(o->meta, STR("istio.io/rev")).p && has_pods(s, o->name))
            analyze_state_report(
                s, o, DIAG_INFO, "IST0102", STR("metadata.name"),
                "The namespace is not enabled for injection, and there are pods in "
                "it. Run 'kubectl label namespace %.*s istio-injection=enabled' to "
                "enable it, or 'kubectl label namespace %.*s "
                "istio-injection=disabled' to say that it needs none.",
                STR_ARG(o->name), STR_ARG(o->name));
    }
}

/* ---- pods ---- */

struct pod {
    const struct object *object;
    const struct k8s_pod *spec;
    const struct field_pair *labels;
    size_t label_count;
    const struct field_pair *annotations;
    size_t annotation_count;
    const char *path; /* of the spec */
};

static bool read_pod(const struct object *o, struct pod *p)
{
    const struct k8s_deployment *d = o->spec;

    *p = (struct pod){ .object = o };
    if (!analyze_state_workload(o, &p->labels, &p->label_count))
        return false;
    if (o->kind->id == API_KIND_POD) {
        p->spec = o->spec;
        p->annotations = o->meta->annotations;
        p->annotation_count = o->meta->annotations_count;
        p->path = "spec";
    } else if (o->kind->id == API_KIND_DEPLOYMENT && d->template) {
        p->spec = d->template->spec;
        (void)analyze_state_template_annotations(o, &p->annotations, &p->annotation_count);
        p->path = "spec.template.spec";
    }
    return p->spec != NULL;
}

static struct str value_of(const struct field_pair *list, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(list[i].key, key))
            return list[i].value;
    }
    return STR_NONE;
}

/* By its label, or by the annotation that was used before; to want a sidecar in a namespace that
 * has none takes the label. */
static bool is_refused(const struct pod *p)
{
    struct str own = value_of(p->labels, p->label_count, "sidecar.istio.io/inject");

    if (!own.p)
        own = value_of(p->annotations, p->annotation_count, "sidecar.istio.io/inject");
    return str_is(own, "false");
}

static bool is_injected(const struct analyze_state *s, const struct pod *p)
{
    struct str own = value_of(p->labels, p->label_count, "sidecar.istio.io/inject");

    if (own.p)
        return str_is(own, "true");
    if (is_refused(p))
        return false;
    return value_of(p->labels, p->label_count, "istio.io/rev").len ||
           is_injected_namespace(s, p->object->ns);
}

static const struct k8s_pod_container *find_proxy(const struct k8s_pod *spec)
{
    for (size_t i = 0; i < spec->containers_count; i++) {
        if (str_is(spec->containers[i].name, "istio-proxy"))
            return &spec->containers[i];
    }
    for (size_t i = 0; i < spec->init_containers_count; i++) {
        if (str_is(spec->init_containers[i].name, "istio-proxy"))
            return &spec->init_containers[i];
    }
    return NULL;
}

bool analyze_injection_is_out(const struct analyze_state *s, const struct object *o)
{
    const struct object *ns = analyze_state_find(s, API_KIND_NAMESPACE, STR_NONE, o->ns);
    struct pod p;

    if (!read_pod(o, &p) || find_proxy(p.spec))
        return false;
    if (is_refused(&p))
        return true;
    if (str_is(value_of(p.annotations, p.annotation_count, "ambient.istio.io/redirection"),
               "enabled"))
        return false;
    /* Of a namespace that is not among the objects nothing is known. */
    return ns && !is_ambient(ns->meta) && !is_injected(s, &p);
}

static void check_missing(struct analyze_state *s, const struct pod *p)
{
    const struct object *o = p->object;

    if (o->kind->id != API_KIND_POD || is_system(o->ns) || p->spec->host_network ||
        !is_injected(s, p) || find_proxy(p->spec))
        return;
    analyze_state_report(s, o, DIAG_WARNING, "IST0103", STR("metadata.name"),
                         "The pod %.*s is missing the Istio proxy. This can often be resolved by "
                         "restarting or redeploying the workload.",
                         STR_ARG(analyze_state_id(s, o)));
}

/* `image: auto` is for the injector to fill in. */
static void check_auto(struct analyze_state *s, const struct pod *p)
{
    bool is_pod = p->object->kind->id == API_KIND_POD;

    for (size_t i = 0; i < p->spec->containers_count; i++) {
        if (!str_is(p->spec->containers[i].name, "istio-proxy") ||
            !str_is(p->spec->containers[i].image, "auto") || is_injected(s, p))
            continue;
        analyze_state_report(s, p->object, is_pod ? DIAG_ERROR : DIAG_WARNING,
                             is_pod ? "IST0147" : "IST0146",
                             arena_printf(&s->arena, "%s.containers[%zu].image", p->path, i),
                             "%s %.*s contains `image: auto` but does not match any injection "
                             "webhook selectors.",
                             p->object->kind->kind, STR_ARG(p->object->name));
    }
}

static bool has_proxy_uid(const struct node *where)
{
    const struct node *n = where ? node_path(where, "securityContext.runAsUser") : NULL;

    return n && str_is(n->text, PROXY_UID);
}

/* What runs under the proxy's own user id is not captured. */
static void check_uid(struct analyze_state *s, const struct pod *p)
{
    const struct node *spec = p->object->node ? node_path(p->object->node, p->path) : NULL;

    if (has_proxy_uid(spec)) {
        analyze_state_report(s, p->object, DIAG_WARNING, "IST0144",
                             arena_printf(&s->arena, "%s.securityContext.runAsUser", p->path),
                             "User ID (UID) 1337 is reserved for the sidecar proxy.");
        return;
    }
    for (size_t i = 0; spec && i < p->spec->containers_count; i++) {
        struct str path = arena_printf(&s->arena, "containers[%zu]", i);

        if (!str_is(p->spec->containers[i].name, "istio-proxy") &&
            has_proxy_uid(node_path(spec, arena_strz(&s->arena, path))))
            analyze_state_report(s, p->object, DIAG_WARNING, "IST0144",
                                 arena_printf(&s->arena, "%s.%.*s.securityContext.runAsUser",
                                              p->path, STR_ARG(path)),
                                 "User ID (UID) 1337 is reserved for the sidecar proxy.");
    }
}

void analyze_injection_pods(struct analyze_state *s)
{
    for (size_t i = 0; i < s->fresh; i++) {
        struct pod p;

        if (!read_pod(s->objects[i], &p))
            continue;
        check_missing(s, &p);
        check_auto(s, &p);
        check_uid(s, &p);
    }
}

/* ---- one image for all ---- */

struct image {
    struct str name;
    size_t count; /* of a namespace's pods that have it */
};

/* The image that most pods of each namespace have, of those with a proxy; by namespace. */
static void find_usual(struct analyze_state *s, struct map *usual)
{
    const struct object *o;
    struct map images; /* "NS IMAGE" -> struct image */

    map_init(&images);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t at = 0; (o = analyze_state_next(s, API_KIND_POD, &at));) {
            const struct k8s_pod_container *proxy = find_proxy(o->spec);
            const struct image *best = map_get(usual, o->ns);
            struct image *image;
            struct str key;

            if (!proxy)
                continue;
            key = arena_printf(&s->arena, "%.*s %.*s", STR_ARG(o->ns), STR_ARG(proxy->image));
            image = map_get(&images, key);
            if (!image) {
                image = arena_alloc0(&s->arena, 1, sizeof(*image));
                image->name = proxy->image;
                map_put(&images, key, image);
            }
            if (pass == 0)
                image->count++;
            else if (!best || image->count > best->count)
                map_put(usual, o->ns, image);
        }
    }
    map_deinit(&images);
}

void analyze_injection_images(struct analyze_state *s)
{
    const struct object *o;
    struct map usual; /* namespace -> struct image */

    map_init(&usual);
    find_usual(s, &usual);
    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_POD, &at));) {
        const struct k8s_pod_container *proxy = find_proxy(o->spec);
        const struct image *image = proxy ? map_get(&usual, o->ns) : NULL;

        if (image && !str_eq(proxy->image, image->name))
            analyze_state_report(s, o, DIAG_WARNING, "IST0158", STR("spec.containers"),
                                 "The Istio proxy images of the pods running in the namespace do "
                                 "not match (pod names: [%.*s], which has %.*s instead of %.*s). "
                                 "This often happens after upgrading and can be fixed by "
                                 "redeploying the pods.",
                                 STR_ARG(o->name), STR_ARG(proxy->image), STR_ARG(image->name));
    }
    map_deinit(&usual);
}
