/* Every field of the samples, spoiled in every way that fits it: each must give an error that names
 * the field and its line. */
#include "core/api/object.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"
#include "tests/unit/support/api_files.h"

static const char *const files[] = {
    "testdata/api/virtual_service.yaml", "testdata/api/destination_rule.yaml",
    "testdata/api/gateway.yaml",         "testdata/api/service_entry.yaml",
    "testdata/api/workload.yaml",        "testdata/api/security.yaml",
    "testdata/api/sidecar.yaml",         "testdata/api/telemetry.yaml",
    "testdata/api/gateway_api.yaml",
};

static struct node *doc; /* the whole object, spoiled in one place at a time */
static size_t mutations;
static struct arena arena;

/* The doc must be refused, with an error on line (0: any) whose path or message has word. */
static void expect_error(const char *what, int line, struct str word)
{
    struct object *o = NULL;
    struct diag d;
    bool found = false;

    mutations++;
    diag_init(&d);
    if (EQ_INT(object_decode(&o, doc, &d, NULL), ERR_INVALID)) {
        for (const struct diag_item *i = d.first; i; i = i->next)
            if (i->severity == DIAG_ERROR && i->pos.line > 0 &&
                (line == 0 || i->pos.line == line) &&
                (str_find(i->path, word) >= 0 || str_find(i->message, word) >= 0))
                found = true;
        OK(found);
    }
    if (!found) {
        struct buf b;

        buf_init(&b, 0);
        diag_render_short(&d, &b);
        NOTE("%s of %.*s at line %d: %.*s", what, STR_ARG(word), line, STR_ARG(buf_str(&b)));
        buf_deinit(&b);
    }
    object_unref(o);
    diag_deinit(&d);
}

static void try_value(const char *what, struct node *at, enum node_kind kind, const char *text)
{
    struct node old = *at;

    at->kind = kind;
    at->text = str_of(text);
    at->first = at->last = NULL;
    at->count = 0;
    expect_error(what, at->line, at->key.p ? at->key : STR(""));
    *at = old;
}

static void spoil_scalar(const struct field *f, struct node *value)
{
    switch (f->type) {
    case FIELD_TYPE_ENUM:
        try_value("unknown name", value, NODE_STRING, "NO_SUCH_NAME");
        break;
    case FIELD_TYPE_DURATION:
        try_value("bad duration", value, NODE_STRING, "5 parsecs");
        if (f->min > 0)
            try_value("short duration", value, NODE_STRING, "1us");
        break;
    case FIELD_TYPE_INT:
        try_value("text as a number", value, NODE_STRING, "many");
        try_value("huge number", value, NODE_INT, "123456789012345678901234567890");
        if (f->min >= 0 && f->width != FIELD_INT64)
            try_value("negative number", value, NODE_INT, "-1");
        break;
    case FIELD_TYPE_BOOL:
        try_value("text as a bool", value, NODE_STRING, "perhaps");
        break;
    case FIELD_TYPE_DOUBLE:
        try_value("text as a number", value, NODE_STRING, "half");
        break;
    default:
        break;
    }
}

static void spoil(const struct field_message *m, struct node *n);

static void spoil_value(const struct field *f, struct node *value)
{
    bool is_one = f->shape != FIELD_SHAPE_LIST && f->shape != FIELD_SHAPE_MAP;

    if (f->type == FIELD_TYPE_JSON)
        return;
    if (!is_one) {
        try_value("a text instead of many", value, NODE_STRING, "x");
        NODE_EACH(item, value)
        if (f->msg)
            spoil(f->msg, item);
        else
            spoil_scalar(f, item);
        return;
    }
    try_value("a list instead of one", value, NODE_LIST, NULL);
    if (f->msg)
        spoil(f->msg, value);
    else
        spoil_scalar(f, value);
}

static void spoil(const struct field_message *m, struct node *n)
{
    if (n->kind != NODE_MAP)
        return;
    NODE_EACH(child, n)
    {
        const struct field *f = field_find(m, child->key);
        struct str key = child->key;

        if (!OK(f != NULL))
            continue;
        child->key = arena_printf(&arena, "%.*sx", STR_ARG(key));
        expect_error("unknown field", child->key_line, child->key);
        child->key = key;
        spoil_value(f, child);
    }
    for (uint32_t i = 0; i < m->count; i++) {
        const struct field *f = &m->fields[i];
        struct node *child = f->required ? node_getz(n, f->name) : NULL;
        struct node old;

        if (!child)
            continue;
        old = *child;
        child->kind = NODE_NULL;
        expect_error("missing field", 0, str_of(f->name));
        *child = old;
    }
}

static void every_field_spoiled_is_an_error(void)
{
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct node **docs = NULL;
        size_t len, count = 0;
        char *text = api_files_read(files[i], &len);

        if (!OK(text != NULL))
            return;
        arena_init(&arena, 1 << 16);
        EQ_INT(node_yaml_read(&arena, str_make(text, len), files[i], NULL, &docs, &count), 0);
        for (size_t j = 0; j < count; j++) {
            const struct api_kind *k = api_kind_by_api_version(node_get_str(docs[j], "apiVersion"),
                                                               node_get_str(docs[j], "kind"));
            struct node *spec = node_getz(docs[j], "spec");

            doc = docs[j];
            if (OK(k && spec))
                spoil(k->spec, spec);
        }
        mem_free(text);
        arena_deinit(&arena);
    }
    OK(mutations > 1000);
    NOTE("%zu mutations", mutations);
}

static const struct tap_case cases[] = {
    { "every_field_spoiled_is_an_error", every_field_spoiled_is_an_error },
};

TAP_MAIN(cases)
