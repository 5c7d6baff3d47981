/* JSONPath as kubectl knows it: templates of text and paths in braces.
 *
 *     {.items[*].metadata.name}          every name, separated by a blank
 *     {range .items[*]}{.kind}{"\n"}{end}
 *     {.spec.ports[?(@.name=="http")].port}   {.a['b.c']}  {..image}  {.a[0,2]}  {.a[-1:]}  {$}
 *
 * A template without braces is one path. Members that are not there yield nothing, as with
 * `kubectl get`. Scalars are written as their text, lists and maps as JSON. The template is read
 * while it is evaluated: it is short, runs once and needs no tree of its own. Any thread. */
#ifndef CORE_TEXT_NODE_JSONPATH_H
#define CORE_TEXT_NODE_JSONPATH_H

#include "core/text/node.h"

enum {
    NODE_JSONPATH_MAX_VISITS = 4000000, /* nodes looked at in one evaluation */
    NODE_JSONPATH_MAX_DEPTH = 16,       /* of ranges, and of paths in filters */
};

struct node_jsonpath_list {
    const struct node **items; /* in the arena; borrowed nodes */
    size_t count;
};

/* Appends what the template says about root. ERR_INVALID: a mistake in it, *why (in a) says what;
 * ERR_LIMIT: past a bound above or the buffer's. out may then hold a part. */
int node_jsonpath_write(const struct node *root, struct str text, struct arena *a, struct buf *out,
                        struct str *why);
/* The nodes that one path (".spec.x", "{.spec.x}") leads to, in written order. */
int node_jsonpath_find(const struct node *root, struct str path, struct arena *a,
                       struct node_jsonpath_list *out, struct str *why);

#endif
