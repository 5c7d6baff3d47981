/* Patches on nodes: RFC 7386 merge patch, RFC 6902 JSON patch with RFC 6901 pointers. */
#ifndef CORE_TEXT_NODE_PATCH_H
#define CORE_TEXT_NODE_PATCH_H

#include "core/text/node.h"

enum { NODE_PATCH_MAX_OPS = 10000 };

/* Both return a new tree in a: target and patch are untouched (texts are shared with them, so they
 * must live as long as the result). On failure *out is untouched and *why (may be NULL) says what,
 * in a: "operation 2 (remove /spec/x): no such member". ERR_INVALID: the patch is malformed.
 * ERR_NOT_FOUND: a path leads nowhere. ERR_CONFLICT: a test did not hold. ERR_LIMIT: the result
 * outgrew node.h's bounds. */
int node_patch_merge(struct arena *a, const struct node *target, const struct node *patch,
                     struct node **out, struct str *why);
int node_patch_json(struct arena *a, const struct node *target, const struct node *ops,
                    struct node **out, struct str *why);
/* Follows a JSON pointer ("", "/spec/http/0"); NULL when it leads nowhere or is malformed. */
struct node *node_patch_find(struct node *root, struct str pointer);

#endif
