#include "core/text/node_yaml.h"

#include <yaml.h>

#include "core/base/error.h"
#include "core/base/map.h"
#include "core/text/node_json.h"
#include "core/text/node_yaml_scalar.h"

enum {
    SEARCHED_KEYS = 16, /* up to here duplicates are found by looking at every sibling */
    MAX_ANCHORS = 10000,
};

struct anchor {
    struct str name;
    struct node *node;
    bool open; /* its node is being read: an alias to it would contain itself */
    struct anchor *older;
};

struct reader {
    struct arena *arena;
    struct diag *diag;
    const char *file;
    struct str text;
    yaml_parser_t yaml;
    struct anchor *anchors; /* of this document, newest first */
    size_t anchor_count, nodes, aliased;
    int depth;
    int error;
};

/* ---- events ---- */

static struct diag_pos pos_of(const struct reader *r, const yaml_mark_t *start,
                              const yaml_mark_t *end)
{
    return (struct diag_pos){ r->file, (int)start->line + 1, (int)start->column + 1,
                              end && end->line == start->line ? (int)end->column + 1 : 0 };
}

static int fail_at(struct reader *r, int code, const struct diag_pos *pos, const char *what)
{
    if (!r->error && r->diag)
        diag_add(r->diag, DIAG_ERROR, "MSH1001", pos, STR_NONE, "%s", what);
    if (!r->error)
        r->error = code;
    return r->error;
}

static int fail_event(struct reader *r, int code, const yaml_event_t *e, const char *what)
{
    struct diag_pos pos = pos_of(r, &e->start_mark, &e->end_mark);

    return fail_at(r, code, &pos, what);
}

/* libyaml's words are for who knows its grammar; the usual mistakes get our own. */
static const char *explain_problem(const yaml_parser_t *y)
{
    static const struct {
        const char *problem, *ours;
    } known[] = {
        { "found character that cannot start any token",
          "a character that cannot start a value here (a tab, '@' or '`'?)" },
        { "did not find expected key", "expected a key here: is the indentation right?" },
        { "did not find expected '-' indicator", "expected '-' here: is the indentation right?" },
        { "mapping values are not allowed in this context",
          "':' starts a map where none may stand: is the indentation right, or a value unquoted?" },
        { "could not find expected ':'", "expected ':' behind a key" },
        { "found unexpected end of stream", "the text ends inside quotes" },
        { "control characters are not allowed", "control characters are not allowed" },
        { "found undefined tag handle", "a tag (!) that means nothing here" },
    };

    for (size_t i = 0; y->problem && i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(y->problem, known[i].problem) == 0)
            return known[i].ours;
    }
    return y->problem ? y->problem : "not YAML";
}

static struct diag_pos pos_at_offset(const struct reader *r, size_t offset)
{
    struct diag_pos pos = { .file = r->file, .line = 1, .col = 1 };

    for (size_t i = 0; i < offset && i < r->text.len; i++) {
        pos.col++;
        if (r->text.p[i] == '\n') {
            pos.line++;
            pos.col = 1;
        }
    }
    return pos;
}

static int next_event(struct reader *r, yaml_event_t *e)
{
    struct diag_pos pos;

    if (yaml_parser_parse(&r->yaml, e))
        return 0;
    memset(e, 0, sizeof(*e));
    pos = pos_of(r, &r->yaml.problem_mark, NULL);
    if (r->yaml.error == YAML_READER_ERROR) /* then there is no mark, only an offset */
        pos = pos_at_offset(r, r->yaml.problem_offset);
    return fail_at(r, ERR_INVALID, &pos, explain_problem(&r->yaml));
}

static struct str copy_text(struct reader *r, const yaml_char_t *p, size_t len)
{
    return arena_str(r->arena, str_make(p, len));
}

static struct node *make_node(struct reader *r, enum node_kind kind, const yaml_event_t *e)
{
    struct node *n = node_new(r->arena, kind);
    struct diag_pos pos = pos_of(r, &e->start_mark, &e->end_mark);

    n->file = r->file;
    n->line = pos.line;
    n->col = pos.col;
    n->end_col = kind == NODE_LIST || kind == NODE_MAP ? 0 : pos.end_col;
    return n;
}

/* Puts an anchor in force; its node is set when it has been read. */
static int add_anchor(struct reader *r, const yaml_char_t *name, const yaml_event_t *e,
                      struct anchor **out)
{
    struct anchor *a;

    *out = NULL;
    if (!name)
        return 0;
    if (++r->anchor_count > MAX_ANCHORS)
        return fail_event(r, ERR_LIMIT, e, "more than 10000 anchors");
    a = arena_alloc0(r->arena, 1, sizeof(*a));
    a->name = copy_text(r, name, strlen((const char *)name));
    a->open = true;
    a->older = r->anchors;
    r->anchors = *out = a;
    return 0;
}

static void close_anchor(struct anchor *a, struct node *n)
{
    if (a) {
        a->node = n;
        a->open = false;
    }
}

static int read_alias(struct reader *r, const yaml_event_t *e, struct node **out)
{
    struct str name = str_of((const char *)e->data.alias.anchor);
    struct anchor *a = r->anchors;

    while (a && !str_eq(a->name, name))
        a = a->older;
    if (!a)
        return fail_event(r, ERR_INVALID, e, "an alias without an anchor of that name before it");
    if (a->open)
        return fail_event(r, ERR_INVALID, e, "an alias to what it stands in");
    r->aliased += node_count(a->node);
    if (r->aliased > NODE_YAML_MAX_ALIASED)
        return fail_event(r, ERR_LIMIT, e, "aliases expand to more than 100000 values");
    *out = node_copy(r->arena, a->node);
    (*out)->key = STR_NONE;
    return 0;
}

static int read_scalar(struct reader *r, const yaml_event_t *e, struct node **out)
{
    struct node *n = make_node(r, NODE_STRING, e);
    const char *tag = (const char *)e->data.scalar.tag;
    struct str text = copy_text(r, e->data.scalar.value, e->data.scalar.length);
    enum node_kind want;

    n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    n->text = text;
    *out = n;
    if (!tag && !n->quoted)
        node_yaml_scalar_resolve(r->arena, text, n);
    if (!tag || strcmp(tag, YAML_STR_TAG) == 0 || strcmp(tag, "!") == 0)
        return 0;
    node_yaml_scalar_resolve(r->arena, text, n);
    if (strcmp(tag, YAML_NULL_TAG) == 0)
        want = NODE_NULL;
    else if (strcmp(tag, YAML_BOOL_TAG) == 0)
        want = NODE_BOOL;
    else if (strcmp(tag, YAML_INT_TAG) == 0)
        want = NODE_INT;
    else if (strcmp(tag, YAML_FLOAT_TAG) == 0)
        want = NODE_FLOAT;
    else
        return fail_event(r, ERR_INVALID, e, "a tag (!) that means nothing here");
    if (want == NODE_FLOAT && n->kind == NODE_INT)
        n->kind = NODE_FLOAT;
    if (n->kind != want)
        return fail_event(r, ERR_INVALID, e, "the value does not fit its tag");
    return 0;
}

static int read_node(struct reader *r, yaml_event_t *e, struct node **out);

static bool is_duplicate(const struct node *map, struct map *keys, struct node *child)
{
    if (map->count <= SEARCHED_KEYS)
        return node_get(map, child->key) != NULL;
    if (keys->count == 0) {
        NODE_EACH(it, map)
        map_put(keys, it->key, it);
    }
    return map_put(keys, child->key, child) != NULL;
}

/* Gives map what from has under names that map has not. */
static void merge_one(struct node *map, struct map *keys, struct node *from)
{
    struct node *next;

    for (struct node *it = from->first; it; it = next) {
        next = it->next;
        node_remove(from, it);
        if (!is_duplicate(map, keys, it))
            node_add(map, it);
    }
}

/* merges: what stood behind "<<" keys, in order; each a map or a list of maps. */
static int merge_all(struct reader *r, struct node *map, struct map *keys, struct node *merges)
{
    NODE_EACH(it, merges)
    {
        struct diag_pos pos = node_pos(it);

        if (it->kind == NODE_MAP) {
            merge_one(map, keys, it);
            continue;
        }
        if (it->kind != NODE_LIST)
            return fail_at(r, ERR_INVALID, &pos, "'<<' takes a map or a list of maps");
        NODE_EACH(one, it)
        {
            if (one->kind != NODE_MAP)
                return fail_at(r, ERR_INVALID, &pos, "'<<' takes a map or a list of maps");
            merge_one(map, keys, one);
        }
    }
    return 0;
}

/* The key in e and the value behind it. */
static int read_member(struct reader *r, yaml_event_t *e, struct node *map, struct map *keys,
                       struct node *merges)
{
    struct diag_pos pos = pos_of(r, &e->start_mark, &e->end_mark);
    struct node *child = NULL;
    yaml_event_t value;
    bool is_merge;
    struct str key;
    int rc;

    if (e->type == YAML_ALIAS_EVENT) {
        struct node *name;

        if (read_alias(r, e, &name))
            return r->error;
        if (name->kind == NODE_LIST || name->kind == NODE_MAP)
            return fail_at(r, ERR_INVALID, &pos, "a key must be a string");
        key = name->text;
        is_merge = false;
    } else if (e->type == YAML_SCALAR_EVENT) {
        struct anchor *anchor;

        key = copy_text(r, e->data.scalar.value, e->data.scalar.length);
        is_merge = e->data.scalar.plain_implicit && str_eq(key, STR("<<"));
        if (add_anchor(r, e->data.scalar.anchor, e, &anchor))
            return r->error;
        close_anchor(anchor, anchor ? node_new_str(r->arena, key) : NULL);
    } else {
        return fail_at(r, ERR_INVALID, &pos, "a key must be a string");
    }
    if (next_event(r, &value))
        return r->error;
    rc = read_node(r, &value, &child);
    yaml_event_delete(&value);
    if (rc)
        return rc;
    if (is_merge) {
        node_add(merges, child);
        return 0;
    }
    child->key = key;
    child->key_line = pos.line;
    child->key_col = pos.col;
    child->key_end_col = pos.end_col;
    if (is_duplicate(map, keys, child)) {
        if (!r->error && r->diag)
            diag_add(r->diag, DIAG_ERROR, "MSH1001", &pos, STR_NONE,
                     "\"%.*s\" is written twice in one map", STR_ARG(key));
        return r->error = ERR_INVALID;
    }
    node_add(map, child);
    return 0;
}

static int read_children(struct reader *r, struct node *n, struct map *keys, struct node *merges)
{
    yaml_event_type_t end = n->kind == NODE_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;

    for (;;) {
        struct node *item = NULL;
        yaml_event_t e;
        int rc;

        if (next_event(r, &e))
            return r->error;
        if (e.type == end) {
            yaml_event_delete(&e);
            return n->kind == NODE_MAP ? merge_all(r, n, keys, merges) : 0;
        }
        if (n->kind == NODE_MAP)
            rc = read_member(r, &e, n, keys, merges);
        else
            rc = read_node(r, &e, &item);
        yaml_event_delete(&e);
        if (rc)
            return rc;
        if (item)
            node_add(n, item);
    }
}

static int read_collection(struct reader *r, const yaml_event_t *e, struct node *n)
{
    struct node merges = { .kind = NODE_LIST };
    const char *tag = n->kind == NODE_MAP ? (const char *)e->data.mapping_start.tag
                                          : (const char *)e->data.sequence_start.tag;
    struct map keys;
    int rc;

    if (tag && strcmp(tag, n->kind == NODE_MAP ? YAML_MAP_TAG : YAML_SEQ_TAG) != 0)
        return fail_event(r, ERR_INVALID, e, "a tag (!) that means nothing here");
    if (r->depth == NODE_MAX_DEPTH)
        return fail_event(r, ERR_LIMIT, e, "lists and maps are nested deeper than 64");
    r->depth++;
    map_init(&keys);
    rc = read_children(r, n, &keys, &merges);
    map_deinit(&keys);
    r->depth--;
    return rc;
}

/* The node that starts with e, whose end is read too. e stays the caller's to delete. */
static int read_node(struct reader *r, yaml_event_t *e, struct node **out)
{
    const yaml_char_t *name = NULL;
    struct anchor *anchor;
    int rc;

    if (++r->nodes > NODE_MAX_NODES)
        return fail_event(r, ERR_LIMIT, e, "more than a million values");
    if (e->type == YAML_ALIAS_EVENT)
        return read_alias(r, e, out);
    if (e->type == YAML_SCALAR_EVENT)
        name = e->data.scalar.anchor;
    else if (e->type == YAML_MAPPING_START_EVENT)
        name = e->data.mapping_start.anchor;
    else if (e->type == YAML_SEQUENCE_START_EVENT)
        name = e->data.sequence_start.anchor;
    else
        return fail_event(r, ERR_INVALID, e, "not a value");
    if (add_anchor(r, name, e, &anchor))
        return r->error;
    if (e->type == YAML_SCALAR_EVENT) {
        rc = read_scalar(r, e, out);
    } else {
        *out = make_node(r, e->type == YAML_MAPPING_START_EVENT ? NODE_MAP : NODE_LIST, e);
        rc = read_collection(r, e, *out);
    }
    close_anchor(anchor, *out);
    return rc;
}

/* ---- documents ---- */

struct documents {
    struct node **list;
    size_t count, cap;
};

static int add_document(struct reader *r, struct documents *docs, struct node *n,
                        const yaml_event_t *e)
{
    if (n->kind == NODE_NULL)
        return 0; /* between two "---" */
    if (docs->count == NODE_YAML_MAX_DOCS)
        return fail_event(r, ERR_LIMIT, e, "more than 10000 documents");
    if (docs->count == docs->cap) {
        size_t cap = docs->cap ? docs->cap * 2 : 8;

        docs->list = arena_grow(r->arena, docs->list, docs->count, cap, sizeof(struct node *));
        docs->cap = cap;
    }
    docs->list[docs->count++] = n;
    return 0;
}

static int read_stream(struct reader *r, struct documents *docs)
{
    bool done = false;

    while (!done) {
        struct node *n = NULL;
        yaml_event_t e;
        int rc = 0;

        if (next_event(r, &e))
            return r->error;
        if (e.type == YAML_STREAM_END_EVENT)
            done = true;
        else if (e.type == YAML_DOCUMENT_START_EVENT)
            r->anchors = NULL;
        else if (e.type != YAML_STREAM_START_EVENT && e.type != YAML_DOCUMENT_END_EVENT)
            rc = read_node(r, &e, &n);
        if (rc == 0 && n)
            rc = add_document(r, docs, n, &e);
        yaml_event_delete(&e);
        if (rc)
            return rc;
    }
    return 0;
}

/* JSON proper is read as such: libyaml does not know \ud83d\ude00, and is slower. */
static bool read_as_json(struct reader *r, struct str text, struct documents *docs)
{
    struct str s = str_trim(text);
    struct node *n;

    if (s.len == 0 || (s.p[0] != '{' && s.p[0] != '['))
        return false;
    if (node_json_read(r->arena, text, r->file, NULL, &n))
        return false;
    return add_document(r, docs, n, &(yaml_event_t){ .type = YAML_NO_EVENT }) == 0;
}

int node_yaml_read(struct arena *a, struct str text, const char *file, struct diag *d,
                   struct node ***docs, size_t *count)
{
    struct reader r = { .arena = a, .diag = d, .file = file, .text = text };
    struct diag_pos top = { .file = file, .line = 1, .col = 1 };
    struct documents read = { 0 };

    if (text.len > NODE_MAX_BYTES) {
        fail_at(&r, ERR_LIMIT, &top, "the text is longer than 16 MiB");
    } else if (!read_as_json(&r, text, &read)) {
        if (!yaml_parser_initialize(&r.yaml))
            return fail_at(&r, ERR_INTERNAL, &top, "libyaml does not start");
        yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&r.yaml, (const unsigned char *)(text.p ? text.p : ""),
                                     text.len);
        read_stream(&r, &read);
        yaml_parser_delete(&r.yaml);
    }
    *docs = read.list;
    *count = read.count;
    return r.error;
}

int node_yaml_read_one(struct arena *a, struct str text, const char *file, struct diag *d,
                       struct node **out)
{
    struct node **docs;
    size_t count;
    int rc = node_yaml_read(a, text, file, d, &docs, &count);

    if (rc)
        return rc;
    if (count > 1) {
        struct diag_pos pos = node_pos(docs[1]);

        if (d)
            diag_add(d, DIAG_ERROR, "MSH1001", &pos, STR_NONE, "only one document may stand here");
        return ERR_INVALID;
    }
    *out = count ? docs[0] : node_new(a, NODE_NULL);
    return 0;
}

bool node_yaml_needs_quotes(struct str s)
{
    return node_yaml_scalar_is_doubtful(s);
}
