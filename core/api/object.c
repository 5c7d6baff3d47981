#include "core/api/object.h"

#include "core/api/api_check.h"
#include "core/api/api_default.h"
#include "core/api/api_enforced.h"
#include "core/api/api_rule.h"
#include "core/api/object_kind.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/mem.h"
#include "core/text/field_decode.h"
#include "core/text/field_encode.h"
#include "core/text/field_walk.h"
#include "core/text/node_json.h"
#include "core/text/proto.h"

static const struct object_options no_options;

static struct object *object_new(const struct api_kind *kind)
{
    struct object *o = mem_alloc0(1, sizeof(*o));

    atomic_init(&o->refs, 1);
    o->kind = kind;
    arena_init(&o->arena, 2048);
    return o;
}

struct object *object_ref(struct object *o)
{
    atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
    return o;
}

void object_unref(struct object *o)
{
    if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
        return;
    arena_deinit(&o->arena);
    mem_free(o);
}

/* ---- decoding ---- */

static void set_file(struct node *n, const char *file)
{
    n->file = file;
    NODE_EACH(child, n)
    set_file(child, file);
}

/* Points the member called name of the root at p. */
static void set_member(const struct object *o, void *root, const char *name, void *p)
{
    const struct field *f = field_find(o->kind->root, str_of(name));

    if (f)
        *(void **)(void *)((char *)root + f->offset) = p;
}

static void *get_member(const struct object *o, const void *root, const char *name)
{
    const struct field *f = field_find(o->kind->root, str_of(name));

    return f ? *(void *const *)field_member(f, root) : NULL;
}

static void set_namespace(struct object *o, struct node *n, const struct object_options *opt)
{
    struct node *meta = node_getz(n, "metadata"), *ns;

    if (!o->kind->namespaced || !meta || meta->kind != NODE_MAP)
        return;
    ns = node_getz(meta, "namespace");
    if (!ns || ns->kind == NODE_NULL || (ns->kind == NODE_STRING && ns->text.len == 0))
        node_set(meta, STR("namespace"),
                 node_new_str(&o->arena,
                              opt->ns.len > 0 ? arena_str(&o->arena, opt->ns) : STR("default")));
}

static void check_names(const struct object *o, const struct node *n, struct diag *d,
                        const struct object_options *opt)
{
    const struct node *meta = node_getz(n, "metadata"), *name = node_getz(meta, "name");
    struct diag_pos pos = node_pos(name ? name : meta ? meta : n);

    if (o->name.len == 0) {
        if (!opt->allow_no_name || o->meta->generate_name.len == 0)
            diag_add(d, DIAG_ERROR, "MSH1006", &pos, STR("metadata.name"), "is required");
    } else if (o->kind->name_label ? !api_check_is_label(o->name)
                                   : !api_check_is_subdomain(o->name)) {
        diag_add(
            d, DIAG_ERROR, "MSH1008", &pos, STR("metadata.name"),
            "\"%.*s\" is not a name: lower case letters, digits%s, at most %d, with a letter or "
            "digit at both ends",
            STR_ARG(o->name), o->kind->name_label ? " and '-'" : ", '-' and '.'",
            o->kind->name_label ? 63 : 253);
    }
    if (!o->kind->namespaced && o->meta->ns.len > 0) {
        pos = node_pos(node_getz(meta, "namespace"));
        diag_add(d, DIAG_ERROR, "MSH1008", &pos, STR("metadata.namespace"),
                 "must be left out: a %s is in no namespace", o->kind->kind);
    }
}

/* Everything that says what the object means; not what the system adds while it lives. */
static uint64_t hash_of(const struct object *o, const struct node *n)
{
    static const char *const skipped[] = { "apiVersion", "kind", "metadata", "status" };
    const struct node *meta = node_getz(n, "metadata");
    struct arena scratch;
    struct node *all;
    struct buf b;
    uint64_t hash;

    arena_init(&scratch, 1024);
    buf_init(&b, 0); /* bounded by the nodes */
    all = node_new(&scratch, NODE_MAP);
    NODE_EACH(child, n)
    {
        bool skip = false;

        for (size_t i = 0; i < COUNT_OF(skipped); i++)
            skip = skip || str_is(child->key, skipped[i]);
        if (!skip) /* a copy of the node itself, whose children are shared */
            node_set(all, child->key, arena_dup(&scratch, child, sizeof(*child)));
    }
    buf_printf(&b, "%u/%.*s/%.*s", o->kind->id, STR_ARG(o->ns), STR_ARG(o->name));
    node_write_json(all, &b, NODE_SORTED);
    node_write_json(node_getz(meta, "labels"), &b, NODE_SORTED);
    node_write_json(node_getz(meta, "annotations"), &b, NODE_SORTED);
    hash = hash_content(buf_str(&b).p, buf_len(&b));
    buf_deinit(&b);
    arena_deinit(&scratch);
    return hash;
}

static enum field_decode_unknown unknown_mode(const struct api_kind *k,
                                              const struct object_options *opt)
{
    if (opt->stored)
        return FIELD_DECODE_IGNORE;
    if (opt->unknown == OBJECT_UNKNOWN_BY_KIND)
        return k->strict ? FIELD_DECODE_REFUSE : FIELD_DECODE_IGNORE;
    return opt->unknown == OBJECT_UNKNOWN_REFUSE ? FIELD_DECODE_REFUSE : FIELD_DECODE_WARN;
}

static void finish(struct object *o, void *root)
{
    const struct object_meta_head *head = root;

    o->root = root;
    o->meta = head->metadata ? head->metadata : arena_alloc0(&o->arena, 1, sizeof(*o->meta));
    o->name = o->meta->name;
    o->ns = o->kind->namespaced ? o->meta->ns : STR("");
    o->status = o->kind->status ? get_member(o, root, "status") : NULL;
    o->spec = root;
    if (!o->kind->spec)
        return;
    o->spec = get_member(o, root, "spec");
    if (!o->spec)
        o->spec = arena_alloc0(&o->arena, 1, o->kind->spec->size);
}

/* The system writes status and may say more there than our rows know, so it is read by itself. */
static int decode_root(struct object *o, struct node *n, struct diag *d,
                       const struct object_options *opt)
{
    struct field_scope scope = { .arena = &o->arena,
                                 .diag = d,
                                 .kind = o->kind->kind,
                                 .root = o->kind->root,
                                 .unknown = unknown_mode(o->kind, opt) };
    struct node *status = o->kind->status ? node_getz(n, "status") : NULL;
    void *root = arena_alloc0(&o->arena, 1, o->kind->root->size), *read = NULL;
    int err, status_err = 0;

    if (status)
        node_remove(n, status);
    err = field_decode(o->kind->root, n, &scope, root);
    if (status && status->kind != NODE_NULL) {
        scope.path = STR("status");
        scope.unknown = FIELD_DECODE_IGNORE;
        read = arena_alloc0(&o->arena, 1, o->kind->status->size);
        status_err = field_decode(o->kind->status, status, &scope, read);
    }
    if (status)
        node_add(n, status);
    if (read)
        set_member(o, root, "status", read);
    finish(o, root);
    return err ? err : status_err;
}

static int decode(struct object *o, struct node *n, struct diag *d,
                  const struct object_options *opt)
{
    size_t errors = d->count[DIAG_ERROR];
    int err;

    set_namespace(o, n, opt);
    api_default_object(o->kind, &o->arena, n);
    err = decode_root(o, n, d, opt);
    if (opt->stored) {
        err = o->name.len > 0 ? 0 : ERR_INVALID;
    } else {
        check_names(o, n, d, opt);
        if (d->count[DIAG_ERROR] == errors)
            (void)api_rule_check(o->kind->root, n, NULL, d);
    }
    if (err == 0 && !opt->stored && d->count[DIAG_ERROR] > errors)
        err = ERR_INVALID;
    return err;
}

/* "VirtualService default/reviews" before anything was decoded. */
static struct str early_title(const struct api_kind *k, const struct node *n,
                              const struct object_options *opt, struct arena *a)
{
    const struct node *meta = node_getz(n, "metadata");
    struct str ns = node_get_str(meta, "namespace"), name = node_get_str(meta, "name");

    if (ns.len == 0)
        ns = opt->ns.len > 0 ? opt->ns : STR("default");
    if (!k->namespaced || name.len == 0)
        return arena_printf(a, "%s %.*s", k->kind, STR_ARG(name));
    return arena_printf(a, "%s %.*s/%.*s", k->kind, STR_ARG(ns), STR_ARG(name));
}

static int decode_reported(struct object **out, const struct node *n, struct diag *d,
                           const struct object_options *opt)
{
    struct str version = STR_NONE, object = d->object;
    const struct api_kind *kind = object_kind_find(n, d, &version);
    struct object *o;
    struct node *own;
    int err;

    if (!kind)
        return n->kind == NODE_MAP && node_get_str(n, "kind").len > 0 ? ERR_UNSUPPORTED
                                                                      : ERR_INVALID;
    o = object_new(kind);
    d->object = early_title(kind, n, opt, &d->arena);
    own = node_copy(&o->arena, n);
    if (n->file)
        o->file = arena_strz(&o->arena, str_of(n->file));
    set_file(own, o->file);
    o->version = arena_str(&o->arena, version);
    o->line = n->line;
    o->col = n->col;
    o->node = own;
    err = decode(o, own, d, opt);
    d->object = object;
    if (err) {
        object_unref(o);
        return err;
    }
    o->content_hash = hash_of(o, own);
    *out = o;
    return 0;
}

int object_decode(struct object **out, const struct node *n, struct diag *d,
                  const struct object_options *opt)
{
    struct diag own;
    int err;

    if (!opt)
        opt = &no_options;
    if (d && !opt->stored)
        return decode_reported(out, n, d, opt);
    diag_init(&own); /* nobody listens, or complaints of stricter rules do not count */
    err = decode_reported(out, n, &own, opt);
    diag_deinit(&own);
    return err;
}

int object_decode_json(struct object **out, struct str json, const char *file, struct diag *d,
                       const struct object_options *opt)
{
    struct arena scratch;
    struct node *n;
    int err;

    if (json.len > OBJECT_MAX_BYTES) {
        if (d)
            diag_add(d, DIAG_ERROR, "MSH1004", &(struct diag_pos){ .file = file }, STR_NONE,
                     "an object of %zu bytes is longer than %d", json.len, OBJECT_MAX_BYTES);
        return ERR_LIMIT;
    }
    arena_init(&scratch, 16384);
    err = node_json_read(&scratch, json, file, d, &n);
    if (err == 0)
        err = object_decode(out, n, d, opt);
    arena_deinit(&scratch);
    return err;
}

/* ---- names ---- */

struct str object_title(const struct object *o, struct arena *a)
{
    if (o->kind->namespaced)
        return arena_printf(a, "%s %.*s/%.*s", o->kind->kind, STR_ARG(o->ns), STR_ARG(o->name));
    return arena_printf(a, "%s %.*s", o->kind->kind, STR_ARG(o->name));
}

struct str object_key_of(const struct api_kind *k, struct str ns, struct str name, struct arena *a)
{
    size_t len = 2 + ns.len + 1 + name.len;
    char *p = arena_alloc(a, len + 1);

    p[0] = (char)(k->id >> 8);
    p[1] = (char)(k->id & 0xff);
    if (ns.len > 0)
        memcpy(p + 2, ns.p, ns.len);
    p[2 + ns.len] = 0;
    if (name.len > 0)
        memcpy(p + 3 + ns.len, name.p, name.len);
    p[len] = 0;
    return str_make(p, len);
}

struct str object_key(const struct object *o, struct arena *a)
{
    return object_key_of(o->kind, o->ns, o->name, a);
}

int object_compare_age(const struct object *a, const struct object *b)
{
    int64_t ta = a->meta->created.value, tb = b->meta->created.value;
    int order;

    if (ta != tb)
        return ta < tb ? -1 : 1;
    order = str_cmp(a->ns, b->ns);
    if (order == 0)
        order = str_cmp(a->name, b->name);
    return order ? order : (int)a->kind->id - (int)b->kind->id;
}

int object_by_age(const void *a, const void *b)
{
    return object_compare_age(*(const struct object *const *)a, *(const struct object *const *)b);
}

/* ---- as nodes and text ---- */

const struct node *object_to_node(const struct object *o, struct str api_version, struct arena *a)
{
    struct node *n;

    if (o->node &&
        (api_version.len == 0 || str_eq(api_version, node_get_str(o->node, "apiVersion"))))
        return o->node;
    n = o->node ? node_copy(a, o->node) : field_encode_node(o->kind->root, o->root, a);
    if (api_version.len > 0)
        node_set(n, STR("apiVersion"), node_new_str(a, arena_str(a, api_version)));
    return n;
}

int object_to_json(const struct object *o, struct buf *out)
{
    struct arena scratch;
    int err;

    arena_init(&scratch, 4096);
    err = node_write_json(object_to_node(o, STR_NONE, &scratch), out, NODE_SORTED);
    arena_deinit(&scratch);
    return err;
}

/* ---- protobuf ---- */

struct mcp_meta {
    struct str name, version;
    struct field_opt created;
    struct field_pair *labels;
    size_t labels_count;
    struct field_pair *annotations;
    size_t annotations_count;
};

struct mcp_resource {
    struct mcp_meta *metadata;
    struct field_any *body;
};

/* clang-format off */
#define T struct mcp_meta
static const struct field mcp_meta_fields[] = {
    FIELD_STR(T, name, "name", .proto = 1, .help = "namespace/name."),
    FIELD_TIMESTAMP(T, created, "createTime", .proto = 2, .help = "When the object was created."),
    FIELD_STR(T, version, "version", .proto = 3, .help = "Its resourceVersion."),
    FIELD_MAP_STR(T, labels, "labels", .proto = 4, .help = "Its labels."),
    FIELD_MAP_STR(T, annotations, "annotations", .proto = 5, .help = "Its annotations."),
};
static FIELD_MESSAGE(mcp_meta, "istio.mcp.v1alpha1.Metadata", .help = "Metadata of an object.");
#undef T

#define T struct mcp_resource
static const struct field mcp_resource_fields[] = {
    FIELD_MSG(T, metadata, "metadata", mcp_meta, .proto = 1, .help = "Metadata."),
    FIELD_MSG(T, body, "body", field_any, .proto = 2, .help = "The spec."),
};
static FIELD_MESSAGE(mcp_resource, "istio.mcp.v1alpha1.Resource", .help = "An object on the wire.");
#undef T
/* clang-format on */

static const char google[] = "type.googleapis.com/", json_type[] = "mesh.dev/json/";

/* Istio's kinds have protobuf numbers; the Gateway API's and Kubernetes' travel as JSON. */
static bool is_proto_kind(const struct api_kind *k)
{
    return k->strict && k->spec && k->spec->count > 0 && k->spec->fields[0].proto > 0;
}

/* Without what proxies don't read and what would send the object anew when it alone changes. */
static int write_wire_json(const struct object *o, struct arena *a, struct buf *out)
{
    const struct node *all = object_to_node(o, STR_NONE, a);
    struct node *copy, *meta;

    if (!o->kind->strict)
        return node_write_json(all, out, NODE_SORTED);
    copy = node_copy(a, all);
    meta = node_getz(copy, "metadata");
    node_unset(copy, STR("status"));
    node_unset(meta, STR("managedFields"));
    return node_write_json(copy, out, NODE_SORTED);
}

int object_encode_proto(const struct object *o, struct buf *out)
{
    const struct object_meta *m = o->meta;
    struct mcp_meta meta = { .version = m->resource_version,
                             .created = m->created,
                             .labels = m->labels,
                             .labels_count = m->labels_count,
                             .annotations = m->annotations,
                             .annotations_count = m->annotations_count };
    struct field_any body = { STR_NONE, STR_NONE };
    struct mcp_resource resource = { &meta, &body };
    struct arena scratch;
    struct buf json;
    int err;

    arena_init(&scratch, 4096);
    buf_init(&json, OBJECT_MAX_BYTES);
    meta.name = o->ns.len > 0
                    ? arena_printf(&scratch, "%.*s/%.*s", STR_ARG(o->ns), STR_ARG(o->name))
                    : o->name;
    if (is_proto_kind(o->kind)) {
        err = proto_encode_any(o->kind->spec, o->spec, &scratch, &body);
    } else {
        err = write_wire_json(o, &scratch, &json);
        body.type_url = arena_printf(&scratch, "%s%s/%s", json_type, o->kind->group, o->kind->kind);
        body.value = buf_str(&json);
    }
    if (err == 0)
        err = proto_encode(&mcp_resource_message, &resource, out);
    buf_deinit(&json);
    arena_deinit(&scratch);
    return err;
}

static void set_meta(struct object *o, struct object_meta *m, const struct mcp_meta *from)
{
    struct str rest = from->name, first = str_cut(&rest, '/');

    m->name = rest.p ? rest : first;
    m->ns = rest.p ? first : STR_NONE;
    m->resource_version = from->version;
    m->created = from->created;
    m->labels = from->labels;
    m->labels_count = from->labels_count;
    m->annotations = from->annotations;
    m->annotations_count = from->annotations_count;
    o->version = str_of(o->kind->versions[0]);
}

/* r lives in the arena that o shall own. */
static int fill_from_resource(struct object *o, const struct mcp_resource *r, size_t bytes)
{
    struct object_meta *meta = arena_alloc0(&o->arena, 1, sizeof(*meta));
    struct object_meta_head *head = arena_alloc0(&o->arena, 1, o->kind->root->size);
    void *spec = arena_alloc0(&o->arena, 1, o->kind->spec->size);

    if (proto_decode(o->kind->spec, r->body->value.p, r->body->value.len, &o->arena, 0, spec) != 0)
        return ERR_INVALID;
    set_meta(o, meta, r->metadata);
    head->api_version = api_kind_api_version(o->kind, STR_NONE, &o->arena);
    head->kind = str_of(o->kind->kind);
    head->metadata = meta;
    set_member(o, head, "spec", spec);
    finish(o, head);
    o->content_hash = hash_content_seeded(r->body->value.p, r->body->value.len,
                                          hash_content(o->name.p, o->name.len)) ^
                      bytes;
    return o->name.len > 0 ? 0 : ERR_INVALID;
}

int object_decode_proto(struct object **out, const void *p, size_t len)
{
    struct object_options stored = { .stored = true };
    struct mcp_resource r;
    struct str type;
    struct object *o = object_new(NULL);
    int err = proto_decode(&mcp_resource_message, p, len, &o->arena, 0, &r);

    if (err || !r.metadata || !r.body) {
        object_unref(o);
        return ERR_INVALID;
    }
    type = r.body->type_url;
    if (str_starts(type, str_of(json_type))) {
        err = object_decode_json(out, r.body->value, NULL, NULL, &stored);
        object_unref(o);
        return err;
    }
    if (str_starts(type, str_of(google)))
        type = str_skip(type, sizeof(google) - 1);
    o->kind = api_kind_by_proto(type);
    err = o->kind && is_proto_kind(o->kind) ? fill_from_resource(o, &r, len) : ERR_UNSUPPORTED;
    if (err) {
        object_unref(o);
        return err;
    }
    *out = o;
    return 0;
}

/* ---- what is not enforced ---- */

struct unenforced {
    const struct object *o;
    struct diag *d;
    size_t count;
};

static bool add_unenforced(const struct field_visit *v, void *arg)
{
    const char *note = api_enforced_note(v);
    struct unenforced *u = arg;
    const struct node *n = NULL;
    struct diag_pos pos = { .file = u->o->file, .line = v->at.line, .col = v->at.col };
    char path[512];

    if (!note)
        return true;
    if (u->o->node && str_copy(v->path, path, sizeof(path)))
        n = node_path(u->o->node, path);
    if (n)
        pos = n->key.p ? node_key_pos(n) : node_pos(n);
    diag_add(u->d, DIAG_WARNING, "MSH1020", &pos, v->path, "%s", note);
    u->count++;
    return false; /* what is below has nothing to add */
}

size_t object_warn_unenforced(const struct object *o, struct diag *d)
{
    struct unenforced u = { o, d, 0 };
    struct str object = d->object;

    d->object = object_title(o, &d->arena);
    field_walk(o->kind->spec ? o->kind->spec : o->kind->root, o->spec,
               o->kind->spec ? STR("spec") : STR(""), add_unenforced, &u);
    d->object = object;
    return u.count;
}
