/* Filling in what a person left out, in nodes, the way Kubernetes' API does on write. */
#ifndef CORE_API_API_DEFAULT_H
#define CORE_API_API_DEFAULT_H

#include "core/api/api_kind.h"
#include "core/text/node.h"

/* All of them leave alone what is there with another kind than expected: decoding will report it.
 */

/* The map called key, made when it is absent or null; NULL when something else stands there. */
struct node *api_default_map(struct arena *a, struct node *map, const char *key);
/* What the kind fills in on write: its rows' .fill in the spec, then its own set_defaults. */
void api_default_object(const struct api_kind *k, struct arena *a, struct node *object);
void api_default_str(struct arena *a, struct node *map, const char *key, const char *text);
void api_default_int(struct arena *a, struct node *map, const char *key, int64_t value);

#endif
