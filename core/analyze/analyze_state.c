#include "core/analyze/analyze_state.h"

#include <stdarg.h>
#include <string.h>

#include "core/api/k8s_deployment.h"
#include "core/api/k8s_pod.h"
#include "core/api/k8s_service.h"
#include "core/api/mesh_file.h"
#include "core/api/service_entry.h"
#include "core/api/workload_entry.h"
#include "core/api/workload_selector.h"
#include "core/base/mem.h"
#include "core/route/route_host.h"

/* ---- hosts ---- */

static void add_host(struct analyze_state *s, struct str name, const struct object *o)
{
    struct analyze_host *h = arena_alloc(&s->arena, sizeof(*h));

    *h = (struct analyze_host){ .name = name, .object = o, .next = map_get(&s->hosts, name) };
    map_put(&s->hosts, name, h);
    if (name.len && name.p[0] == '*') {
        s->wildcards = arena_grow(&s->arena, s->wildcards, s->wildcard_count, s->wildcard_count + 1,
                                  sizeof(struct analyze_host *));
        s->wildcards[s->wildcard_count++] = h;
    }
}

static void add_hosts_of(struct analyze_state *s, const struct object *o)
{
    const struct service_entry *se = o->spec;

    if (o->kind->id == API_KIND_SERVICE)
        add_host(s,
                 arena_printf(&s->arena, "%.*s.%.*s.svc.%.*s", STR_ARG(o->name), STR_ARG(o->ns),
                              STR_ARG(s->dns_domain)),
                 o);
    for (size_t i = 0; o->kind->id == API_KIND_SERVICE_ENTRY && i < se->hosts_count; i++)
        add_host(s, arena_lower(&s->arena, se->hosts[i]), o);
}

static void index_kinds(struct analyze_state *s)
{
    s->next_of_kind = arena_alloc0(&s->arena, s->count + 1, sizeof(*s->next_of_kind));
    for (size_t i = s->count; i > 0; i--) {
        uint16_t kind = s->objects[i - 1]->kind->id;

        s->next_of_kind[i - 1] = s->first_of_kind[kind];
        s->first_of_kind[kind] = (uint32_t)i;
    }
}

static void read_root(struct analyze_state *s)
{
    const struct str ns = STR("istio-system");
    const struct object *o = analyze_state_find(s, API_KIND_CONFIG_MAP, ns, MESH_FILE_NAME);
    struct mesh_config mesh;

    s->root_ns = ns;
    if (o &&
        mesh_file_read_config(mesh_file_key(o, "mesh"), STR_NONE, &s->arena, NULL, &mesh) == 0 &&
        mesh.root_namespace.len)
        s->root_ns = mesh.root_namespace;
}

void analyze_state_init(struct analyze_state *s, struct object *const *objects, size_t count,
                        const struct analyze_options *opt, struct diag *d)
{
    const struct field_pair *labels;
    size_t n;

    *s = (struct analyze_state){ .objects = objects,
                                 .count = count,
                                 .fresh = opt && opt->fresh ? opt->fresh : count,
                                 .dns_domain = opt && opt->dns_domain.len ? opt->dns_domain
                                                                          : STR("cluster.local"),
                                 .missing = opt && opt->may_come ? DIAG_WARNING : DIAG_ERROR,
                                 .diag = d };
    arena_init(&s->arena, 16384);
    map_init(&s->hosts);
    map_init(&s->full_hosts);
    index_kinds(s);
    read_root(s);
    for (size_t i = 0; i < count; i++) {
        add_hosts_of(s, objects[i]);
        s->workload_count += analyze_state_workload(objects[i], &labels, &n);
    }
}

void analyze_state_deinit(struct analyze_state *s)
{
    map_deinit(&s->hosts);
    map_deinit(&s->full_hosts);
    arena_deinit(&s->arena);
}

static bool is_lower(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] != str_lower_char(s.p[i]))
            return false;
    }
    return true;
}

/* Asked for all pairs of rules: so a name is made once and kept. */
struct str analyze_state_full_host(struct analyze_state *s, struct str host, struct str ns)
{
    char key[640]; /* more is no host */
    struct str *full, text = { key, host.len + 1 + ns.len };

    if ((str_chr(host, '.') >= 0 || str_starts(host, STR("*"))) && is_lower(host))
        return host;
    if (text.len > sizeof(key))
        return arena_lower(&s->arena, host);
    memcpy(key, host.p, host.len);
    key[host.len] = '/';
    if (ns.len)
        memcpy(key + host.len + 1, ns.p, ns.len);
    full = map_get(&s->full_hosts, text);
    if (full)
        return *full;
    full = arena_alloc(&s->arena, sizeof(*full));
    *full = arena_lower(&s->arena, host);
    if (str_chr(host, '.') < 0 && !str_starts(host, STR("*")))
        *full = arena_printf(&s->arena, "%.*s.%.*s.svc.%.*s", STR_ARG(*full), STR_ARG(ns),
                             STR_ARG(s->dns_domain));
    map_put(&s->full_hosts, arena_str(&s->arena, text), full);
    return *full;
}

const struct analyze_host *analyze_state_host(const struct analyze_state *s, struct str full)
{
    const struct analyze_host *h = map_get(&s->hosts, full);
    struct buf b;

    if (h)
        return h;
    buf_init(&b, 0);
    buf_printf(&b, "%.*s.svc.%.*s", STR_ARG(full), STR_ARG(s->dns_domain));
    h = map_get(&s->hosts, buf_str(&b));
    buf_deinit(&b);
    for (size_t i = 0; i < s->wildcard_count && !h; i++) {
        if (route_host_matches(s->wildcards[i]->name, full))
            h = s->wildcards[i];
    }
    return h;
}

/* Whether a Service or ServiceEntry is exported to namespace to; "*": to all. */
static bool is_exported(const struct object *o, struct str to)
{
    const struct service_entry *se = o->spec;
    struct str list = o->kind->id == API_KIND_SERVICE
                          ? object_meta_annotation(o->meta, STR("networking.istio.io/exportTo"))
                          : STR_NONE;
    size_t n = 0;

    for (; list.len; n++) {
        struct str one = str_trim(str_cut(&list, ','));

        if (str_is(one, "*") || str_eq(one, to) || (str_is(one, ".") && str_eq(o->ns, to)))
            return true;
    }
    for (; o->kind->id == API_KIND_SERVICE_ENTRY && n < se->export_to_count; n++) {
        struct str one = se->export_to[n];

        if (str_is(one, "*") || str_eq(one, to) || (str_is(one, ".") && str_eq(o->ns, to)))
            return true;
    }
    return n == 0;
}

const struct analyze_host *analyze_state_visible_host(struct analyze_state *s, struct str full,
                                                      struct str ns, const struct str *export_to,
                                                      size_t count)
{
    const struct analyze_host *first = analyze_state_host(s, full);

    for (const struct analyze_host *h = first; h; h = h->next) {
        bool found = count == 0 && is_exported(h->object, ns);

        for (size_t i = 0; i < count; i++)
            found |= is_exported(h->object, str_is(export_to[i], ".") ? ns : export_to[i]);
        if (found)
            return h;
    }
    for (size_t i = 0; i < s->wildcard_count; i++) {
        if (s->wildcards[i] != first && route_host_matches(s->wildcards[i]->name, full) &&
            is_exported(s->wildcards[i]->object, ns))
            return s->wildcards[i];
    }
    return NULL;
}

const char *analyze_state_near_host(struct analyze_state *s, struct str host, struct str ns)
{
    const char **names = arena_alloc0(&s->arena, s->hosts.count * 2 + 1, sizeof(*names));
    struct map_slot *slot;
    size_t n = 0, at = 0;

    while ((slot = map_next(&s->hosts, &at))) {
        const struct analyze_host *h = slot->value;

        if (h->object->kind->id == API_KIND_SERVICE && str_eq(h->object->ns, ns))
            names[n++] = arena_strz(&s->arena, h->object->name);
        if (str_chr(host, '.') >= 0)
            names[n++] = arena_strz(&s->arena, h->name);
    }
    return diag_closest(host, names, n);
}

size_t analyze_state_ports(const struct object *o, int64_t *out, size_t max)
{
    const struct k8s_service *svc = o->spec;
    const struct service_entry *se = o->spec;
    size_t n = 0;

    if (o->kind->id == API_KIND_SERVICE) {
        for (; n < svc->ports_count && n < max; n++)
            out[n] = svc->ports[n].port;
    } else if (o->kind->id == API_KIND_SERVICE_ENTRY) {
        for (; n < se->ports_count && n < max; n++)
            out[n] = se->ports[n].number;
    }
    return n;
}

bool analyze_state_hosts_overlap(struct str a, struct str b)
{
    bool wild_a = str_starts(a, STR("*")), wild_b = str_starts(b, STR("*"));

    if (wild_a && wild_b)
        return str_ends(str_skip(a, 1), str_skip(b, 1)) || str_ends(str_skip(b, 1), str_skip(a, 1));
    return wild_a ? route_host_matches(a, b) : wild_b ? route_host_matches(b, a) : str_ieq(a, b);
}

/* ---- objects ---- */

static const struct object *next_below(const struct analyze_state *s, uint16_t kind, size_t end,
                                       size_t *at)
{
    size_t next = s->first_of_kind[kind];

    if (*at)
        next = s->next_of_kind[*at - 1];
    *at = next ? next : s->count;
    return next && next <= end ? s->objects[next - 1] : NULL;
}

const struct object *analyze_state_next(const struct analyze_state *s, uint16_t kind, size_t *at)
{
    return next_below(s, kind, s->count, at);
}

const struct object *analyze_state_next_fresh(const struct analyze_state *s, uint16_t kind,
                                              size_t *at)
{
    return next_below(s, kind, s->fresh, at);
}

const struct object *analyze_state_find(const struct analyze_state *s, uint16_t kind, struct str ns,
                                        struct str name)
{
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next(s, kind, &at));) {
        if (str_eq(o->name, name) && str_eq(o->ns, ns))
            return o;
    }
    return NULL;
}

static bool is_title(struct str title, const char *kind, struct str ns, struct str name)
{
    struct str rest = title, of_kind = str_cut(&rest, ' '), of_ns = str_cut(&rest, '/');

    return str_is(of_kind, kind) && str_eq(of_ns, ns) && str_eq(rest, name);
}

bool analyze_state_is_broken(const struct analyze_state *s, const char *kind, struct str ns,
                             struct str name)
{
    for (const struct diag_item *i = s->diag->first; i; i = i->next) {
        /* The checks' own errors are about objects that can be found. */
        if (i->severity == DIAG_ERROR && is_title(i->object, kind, ns, name))
            return true;
    }
    return false;
}

bool analyze_state_is_broken_host(const struct analyze_state *s, struct str full)
{
    struct str ns = full, name = str_cut(&ns, '.'), rest = ns, domain;

    ns = str_cut(&rest, '.');
    domain = rest;
    if (domain.len && (str_cut(&rest, '.'), !str_eq(rest, s->dns_domain)))
        return false; /* "name.ns" or "name.ns.svc.cluster.local" */
    return analyze_state_is_broken(s, "Service", ns, name);
}

/* ---- workloads ---- */

bool analyze_state_workload(const struct object *o, const struct field_pair **labels, size_t *count)
{
    const struct workload_entry *we = o->spec;
    const struct k8s_deployment *d = o->spec;

    switch (o->kind->id) {
    case API_KIND_POD:
        *labels = o->meta->labels;
        *count = o->meta->labels_count;
        return true;
    case API_KIND_WORKLOAD_ENTRY:
        *labels = we->labels;
        *count = we->labels_count;
        return true;
    case API_KIND_DEPLOYMENT:
        *labels = d->template && d->template->metadata ? d->template->metadata->labels : NULL;
        *count = d->template && d->template->metadata ? d->template->metadata->labels_count : 0;
        return true;
    default:
        return false;
    }
}

bool analyze_state_template_annotations(const struct object *o, const struct field_pair **list,
                                        size_t *count)
{
    const struct k8s_deployment *d = o->spec;

    if (!d->template || !d->template->metadata)
        return false;
    *list = d->template->metadata->annotations;
    *count = d->template->metadata->annotations_count;
    return true;
}

bool analyze_state_has_workload(const struct analyze_state *s, struct str ns,
                                const struct field_pair *want, size_t n,
                                const struct field_pair *also, size_t also_n)
{
    const struct field_pair *labels;
    size_t count;

    for (size_t i = 0; i < s->count; i++) {
        if (!analyze_state_workload(s->objects[i], &labels, &count) ||
            (ns.len && !str_eq(ns, s->objects[i]->ns)))
            continue;
        if (workload_selector_is_match(want, n, labels, count) &&
            workload_selector_is_match(also, also_n, labels, count))
            return true;
    }
    return false;
}

struct str analyze_state_label_path(struct analyze_state *s, const char *path,
                                    const struct field_pair *labels, size_t n)
{
    if (n == 0 || str_chr(labels[0].key, '.') >= 0 || str_chr(labels[0].key, '[') >= 0)
        return str_of(path);
    return arena_printf(&s->arena, "%s.%.*s", path, STR_ARG(labels[0].key));
}

struct str analyze_state_labels(struct analyze_state *s, const struct field_pair *labels, size_t n)
{
    struct buf b;
    struct str text;

    buf_init(&b, 0);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%.*s=%.*s", i ? "," : "", STR_ARG(labels[i].key),
                   STR_ARG(labels[i].value));
    text = arena_str(&s->arena, buf_str(&b));
    buf_deinit(&b);
    return text;
}

/* ---- routes ---- */

static void visit(struct analyze_state *s, const struct object *o, struct str path,
                  const struct virtual_service_destination *to, analyze_state_destination_fn *fn)
{
    if (to)
        fn(s, o, path, to);
}

static void each_of_http(struct analyze_state *s, const struct object *o, size_t i,
                         analyze_state_destination_fn *fn)
{
    const struct virtual_service_http *h = &((const struct virtual_service *)o->spec)->http[i];

    for (size_t k = 0; k < h->route_count; k++)
        visit(s, o, arena_printf(&s->arena, "spec.http[%zu].route[%zu].destination", i, k),
              h->route[k].destination, fn);
    visit(s, o, arena_printf(&s->arena, "spec.http[%zu].mirror", i), h->mirror, fn);
    for (size_t k = 0; k < h->mirrors_count; k++)
        visit(s, o, arena_printf(&s->arena, "spec.http[%zu].mirrors[%zu].destination", i, k),
              h->mirrors[k].destination, fn);
}

void analyze_state_each_destination(struct analyze_state *s, const struct object *o,
                                    analyze_state_destination_fn *fn)
{
    const struct virtual_service *vs = o->spec;

    for (size_t i = 0; i < vs->http_count; i++)
        each_of_http(s, o, i, fn);
    for (size_t i = 0; i < vs->tls_count; i++) {
        for (size_t k = 0; k < vs->tls[i].route_count; k++)
            visit(s, o, arena_printf(&s->arena, "spec.tls[%zu].route[%zu].destination", i, k),
                  vs->tls[i].route[k].destination, fn);
    }
    for (size_t i = 0; i < vs->tcp_count; i++) {
        for (size_t k = 0; k < vs->tcp[i].route_count; k++)
            visit(s, o, arena_printf(&s->arena, "spec.tcp[%zu].route[%zu].destination", i, k),
                  vs->tcp[i].route[k].destination, fn);
    }
}

/* ---- reports ---- */

static struct diag_pos place_of(const struct object *o, struct str path, struct arena *a)
{
    while (o->node && path.len) {
        const struct node *n = node_path(o->node, arena_strz(a, path));
        ptrdiff_t dot = str_rchr(path, '.'), bracket = str_rchr(path, '[');
        ptrdiff_t cut = dot > bracket ? dot : bracket;

        if (n && n->line)
            return n->kind == NODE_MAP || n->kind == NODE_LIST
                       ? node_key_pos(n).line ? node_key_pos(n) : node_pos(n)
                       : node_pos(n);
        path = str_head(path, cut < 0 ? 0 : (size_t)cut);
    }
    return (struct diag_pos){ .file = o->file, .line = o->line, .col = o->col };
}

static bool is_unwanted(const struct object *o, const char *code)
{
    struct str rest = object_meta_annotation(o->meta, STR("galley.istio.io/analyze-suppress"));

    while (rest.p) {
        struct str one = str_trim(str_cut(&rest, ','));

        if (str_is(one, code) || str_is(one, "*"))
            return true;
    }
    return false;
}

struct diag_item *analyze_state_report(struct analyze_state *s, const struct object *o,
                                       enum diag_severity severity, const char *code,
                                       struct str path, const char *fmt, ...)
{
    struct diag_pos pos = place_of(o, path, &s->arena);
    struct diag_item *item;
    struct str text;
    va_list ap;

    if (is_unwanted(o, code)) {
        s->ignored = (struct diag_item){ 0 };
        return &s->ignored;
    }
    va_start(ap, fmt);
    text = arena_vprintf(&s->arena, fmt, ap);
    va_end(ap);
    s->diag->object = object_title(o, &s->arena);
    item = diag_add(s->diag, severity, code, &pos, path, "%.*s", STR_ARG(text));
    s->diag->object = STR_NONE;
    return item;
}

struct str analyze_state_id(struct analyze_state *s, const struct object *o)
{
    return o->ns.len ? arena_printf(&s->arena, "%.*s/%.*s", STR_ARG(o->ns), STR_ARG(o->name))
                     : o->name;
}
