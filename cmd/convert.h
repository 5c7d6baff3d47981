/* From Istio's Gateway and VirtualService to the Gateway API, and back.
 *
 * What has no counterpart is left out with a warning at its line; what means almost the same is
 * converted with one. The result is a list of object nodes, in the order of what they come from. */
#ifndef CMD_CONVERT_H
#define CMD_CONVERT_H

#include "core/api/object_set.h"
#include "core/base/diag.h"
#include "core/text/node.h"

struct convert {
    struct arena arena;
    const struct object_set *in;
    struct diag *diag;
    const struct object *object; /* the one at hand, for warnings */
    struct node *out;            /* list */
};

/* in and diag are borrowed. */
void convert_init(struct convert *c, const struct object_set *in, struct diag *diag);
void convert_deinit(struct convert *c);

/* Converts every object that has a counterpart. Returns how many had. */
size_t convert_to_gateway_api(struct convert *c);
size_t convert_istio(struct convert *c);

/* ---- for the two directions ---- */

/* One kind each, of c->object. */
void convert_gateway(struct convert *c);
void convert_routes(struct convert *c);

void convert_warn(struct convert *c, struct field_at at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A new object with apiVersion, kind, name and namespace, put into out; returns its spec. */
struct node *convert_object(struct convert *c, const char *api_version, const char *kind,
                            struct str name, struct str ns);
/* A new map or list under key of map / at the end of list. */
struct node *convert_map(struct convert *c, struct node *map, const char *key);
struct node *convert_list(struct convert *c, struct node *map, const char *key);
struct node *convert_item(struct convert *c, struct node *list);
/* Nothing when text is empty. */
void convert_text(struct convert *c, struct node *map, const char *key, struct str text);
void convert_int(struct convert *c, struct node *map, const char *key, int64_t value);
/* "1.5s" */
void convert_time(struct convert *c, struct node *map, const char *key, int64_t ns);
/* Under key the list of that key's node, made when it is not there. */
struct node *convert_list_of(struct convert *c, struct node *map, const char *key);

#endif
