/* Which objects a list, a watch or a delete of many is about. Main thread. */
#ifndef MODES_CONTROL_REST_FILTER_H
#define MODES_CONTROL_REST_FILTER_H

#include "core/api/api_kind.h"
#include "core/api/api_selector.h"
#include "store/store.h"

struct rest_call;

struct rest_filter {
    struct api_selector labels, fields;
    struct str name; /* of the path, or empty */
};

/* From labelSelector, fieldSelector and the path; in the call's arena. False: it was answered. */
bool rest_filter_read(struct rest_call *call, struct rest_filter *out);
/* Whether the object, as rest_object_node makes it, fits. scratch is used on the way. */
bool rest_filter_fits(const struct rest_filter *f, const struct node *n, struct arena *scratch);

/* As store_next over the objects that people wrote and, for kinds that have such, those that live
 * in the store's live class. */
const struct store_object *rest_filter_next(const struct store *s, const struct api_kind *k,
                                            struct str ns, struct str after_ns,
                                            struct str after_name);
/* As store_find, in both classes. */
const struct store_object *rest_filter_find(const struct store *s, const struct api_kind *k,
                                            struct str ns, struct str name);
/* Whether objects of the kind may be in the live class too. */
bool rest_filter_has_live(const struct api_kind *k);
/* resourceVersion of a list of this kind now; in a. */
struct str rest_filter_token(const struct store *s, const struct api_kind *k, struct arena *a);

#endif
