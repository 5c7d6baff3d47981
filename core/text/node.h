/* A value as a person wrote it: the tree that YAML and JSON text become.
 *
 * One tree type serves both languages, patches, and fields of arbitrary content. Every value and
 * key keeps its place in the text, so that a mistake found much later can point at it. Scalars keep
 * their text: 1.50 and 10000000000000000000 come out as they went in. Children are linked siblings,
 * which makes insert and remove cheap for patches. Nodes live in an arena and never free alone;
 * a text's bytes are either copied into that arena or are the source's, as the reader says.
 * Building a tree is for one thread; a finished tree may be read from any. */
#ifndef CORE_TEXT_NODE_H
#define CORE_TEXT_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/diag.h"
#include "core/base/str.h"

enum node_kind {
    NODE_NULL,
    NODE_BOOL,
    NODE_INT,   /* decimal digits with an optional minus; any size */
    NODE_FLOAT, /* a JSON number with a fraction or exponent */
    NODE_STRING,
    NODE_LIST,
    NODE_MAP,
};

struct node {
    enum node_kind kind;
    bool quoted;     /* the scalar was written in quotes or as a block */
    struct str key;  /* in a map: its name, unescaped; else p == NULL */
    struct str text; /* scalars: "true", "12", a string's content */
    struct node *next, *prev;
    struct node *first, *last; /* children of lists and maps, in written order */
    size_t count;              /* of children */
    const char *file;          /* as given to the reader, or NULL */
    int line, col, end_col;    /* from 1; 0: made by a program; end_col on the first line */
    int key_line, key_col, key_end_col;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): it is declared here */
#define NODE_EACH(it, parent) for (struct node *it = (parent)->first; it; it = it->next)
/* NOLINTEND(bugprone-macro-parentheses) */

/* Bounds that every reader keeps; past them is ERR_LIMIT. */
enum {
    NODE_MAX_DEPTH = 64,
    NODE_MAX_NODES = 1000000,
    NODE_MAX_BYTES = 16 * 1024 * 1024,
};

/* "string", "list", as messages name it. */
const char *node_kind_name(enum node_kind kind);

/* Makers; the node is in a, text and key are borrowed (use arena_str to copy). */
struct node *node_new(struct arena *a, enum node_kind kind);
struct node *node_new_str(struct arena *a, struct str text);
struct node *node_new_int(struct arena *a, int64_t value);
struct node *node_new_uint(struct arena *a, uint64_t value);
struct node *node_new_double(struct arena *a, double value); /* not finite: the string "NaN"... */
struct node *node_new_bool(struct arena *a, bool value);

/* The member called key of a map, or NULL (also when n is NULL or no map). */
struct node *node_get(const struct node *n, struct str key);
struct node *node_getz(const struct node *n, const char *key);
/* Item i of a list, or NULL. */
struct node *node_item(const struct node *n, size_t i);
/* Follows "spec.http[0].route" ("a.b", "[n]", "['x.y/z']"); NULL when it leads nowhere. */
struct node *node_path(const struct node *n, const char *path);
/* The text of a string member, or the empty slice. */
struct str node_get_str(const struct node *n, const char *key);
/* The value of a bool / an int that fits; false when n is NULL or another kind. */
bool node_is_true(const struct node *n);
bool node_to_int(const struct node *n, int64_t *out);
bool node_to_double(const struct node *n, double *out);

/* Puts value under key, in place of an older one or at the end. value must stand nowhere else. */
void node_set(struct node *map, struct str key, struct node *value);
/* As node_set with a string; text and key are borrowed. */
void node_set_str(struct arena *a, struct node *map, const char *key, struct str text);
/* As node_set_str, but nothing when text is empty. */
void node_set_text(struct arena *a, struct node *map, const char *key, struct str text);
/* At the end of a list / in front of before (NULL: at the end). */
void node_add(struct node *list, struct node *item);
void node_insert(struct node *parent, struct node *before, struct node *item);
/* A new empty node under key of map, which is borrowed / at the end of list. */
struct node *node_set_new(struct arena *a, struct node *map, const char *key, enum node_kind kind);
struct node *node_add_new(struct arena *a, struct node *list, enum node_kind kind);
/* Takes child out of its parent; it may be put elsewhere. */
void node_remove(struct node *parent, struct node *child);
bool node_unset(struct node *map, struct str key); /* whether it was there */
/* Makes *at hold what value holds, keeping its place among its siblings and its key. */
void node_replace(struct node *at, const struct node *value);

/* A deep copy in a, texts included. */
struct node *node_copy(struct arena *a, const struct node *n);
/* Same value: maps regardless of order; numbers by text, or by value when their text differs. */
bool node_equal(const struct node *a, const struct node *b);
/* Nodes in the tree, n included. */
size_t node_count(const struct node *n);

/* Where the value / its key stands, for diag_add. */
struct diag_pos node_pos(const struct node *n);
struct diag_pos node_key_pos(const struct node *n);

enum {
    NODE_SORTED = 1, /* map keys in byte order: equal values give equal bytes */
    NODE_PRETTY = 2, /* indented by two (kubectl's -o json takes four: NODE_PRETTY4) */
    NODE_PRETTY4 = 4,
};
/* Appends JSON. 0 or ERR_LIMIT (the buffer's). Numbers as their text; a NULL n is null. */
int node_write_json(const struct node *n, struct buf *out, unsigned flags);
/* Appends one YAML document, block style as kubectl writes it, ending in a newline. Strings that
 * would read as something else are quoted, several lines become a literal block. */
int node_write_yaml(const struct node *n, struct buf *out, unsigned flags);

#endif
