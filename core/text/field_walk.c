#include "core/text/field_walk.h"

#include "core/text/proto.h"

struct walk {
    struct buf path;
    field_walk_fn *fn;
    void *arg;
    struct field_at at;
    const struct field_message *inside[PROTO_MAX_DEPTH]; /* for rows: what is being entered */
    int depth;
};

static void init(struct walk *w, struct str path, field_walk_fn *fn, void *arg)
{
    *w = (struct walk){ .fn = fn, .arg = arg };
    buf_init(&w->path, 0);
    buf_add_str(&w->path, path);
}

/* Cuts the path back to what it was. */
static void cut(struct walk *w, size_t len)
{
    w->path.end = w->path.start + len;
}

static void add_name(struct walk *w, const char *name)
{
    if (buf_len(&w->path))
        buf_add_char(&w->path, '.');
    buf_add_str(&w->path, str_of(name));
}

static void add_key(struct walk *w, struct str key)
{
    bool simple = key.len > 0;

    for (size_t i = 0; i < key.len; i++) {
        char c = str_lower_char(key.p[i]);

        simple =
            simple && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_');
    }
    if (simple)
        buf_printf(&w->path, ".%.*s", STR_ARG(key));
    else
        buf_printf(&w->path, "['%.*s']", STR_ARG(key));
}

static bool call(struct walk *w, const struct field_message *m, const struct field *f,
                 const void *obj)
{
    struct field_visit v = { buf_str(&w->path), m, f, obj, w->at };

    return w->fn(&v, w->arg);
}

static void walk_message(struct walk *w, const struct field_message *m, const void *obj);

static void walk_below(struct walk *w, const struct field *f, const void *obj)
{
    const char *member = field_member(f, obj);
    size_t count = 1, len = buf_len(&w->path);

    if (f->shape == FIELD_SHAPE_PTR) {
        member = *(const char *const *)(const void *)member;
    } else if (f->shape == FIELD_SHAPE_LIST || f->shape == FIELD_SHAPE_MAP) {
        member = *(const char *const *)(const void *)member;
        count = field_items(f, obj);
    }
    for (size_t i = 0; i < count; i++, member += f->item_bytes) {
        if (f->shape == FIELD_SHAPE_LIST)
            buf_printf(&w->path, "[%zu]", i);
        else if (f->shape == FIELD_SHAPE_MAP)
            add_key(w, *(const struct str *)(const void *)member);
        walk_message(w, f->msg, member + f->value_offset);
        cut(w, len);
    }
}

static void walk_message(struct walk *w, const struct field_message *m, const void *obj)
{
    struct field_at outer = w->at;
    size_t len = buf_len(&w->path);

    if (m->at && field_place(m, obj).line)
        w->at = field_place(m, obj);
    for (uint32_t i = 0; i < m->count; i++) {
        const struct field *f = &m->fields[i];

        if (!field_is_set(f, obj))
            continue;
        add_name(w, f->name);
        if (call(w, m, f, obj) && f->type == FIELD_TYPE_MSG)
            walk_below(w, f, obj);
        cut(w, len);
    }
    w->at = outer;
}

void field_walk(const struct field_message *m, const void *obj, struct str path, field_walk_fn *fn,
                void *arg)
{
    struct walk w;

    init(&w, path, fn, arg);
    walk_message(&w, m, obj);
    buf_deinit(&w.path);
}

static bool is_inside(const struct walk *w, const struct field_message *m)
{
    for (int i = 0; i < w->depth; i++) {
        if (w->inside[i] == m)
            return true;
    }
    return false;
}

static void walk_rows(struct walk *w, const struct field_message *m)
{
    size_t len = buf_len(&w->path);

    if (w->depth == PROTO_MAX_DEPTH)
        return;
    w->inside[w->depth++] = m;
    for (uint32_t i = 0; i < m->count; i++) {
        const struct field *f = &m->fields[i];

        add_name(w, f->name);
        if (call(w, m, f, NULL) && f->type == FIELD_TYPE_MSG && !is_inside(w, f->msg)) {
            if (f->shape == FIELD_SHAPE_LIST)
                buf_add_str(&w->path, STR("[]"));
            else if (f->shape == FIELD_SHAPE_MAP)
                buf_add_str(&w->path, STR(".*"));
            walk_rows(w, f->msg);
        }
        cut(w, len);
    }
    w->depth--;
}

void field_walk_rows(const struct field_message *m, struct str path, field_walk_fn *fn, void *arg)
{
    struct walk w;

    init(&w, path, fn, arg);
    walk_rows(&w, m);
    buf_deinit(&w.path);
}

struct unenforced {
    field_walk_fn *fn;
    void *arg;
};

static bool on_unenforced(const struct field_visit *v, void *arg)
{
    struct unenforced *u = arg;

    return v->field->enforced ? u->fn(v, u->arg) : true;
}

void field_walk_unenforced(const struct field_message *m, const void *obj, struct str path,
                           field_walk_fn *fn, void *arg)
{
    struct unenforced u = { fn, arg };

    field_walk(m, obj, path, on_unenforced, &u);
}
