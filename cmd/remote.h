/* Objects and documents of control's API, as commands want them: asked for, checked, decoded.
 * Functions return 0 or an exit code after a message. One thread. */
#ifndef CMD_REMOTE_H
#define CMD_REMOTE_H

#include "cmd/client.h"
#include "core/api/object_set.h"
#include "core/base/arena.h"
#include "core/text/node.h"

/* GET of a JSON document into *out, in a. 0 or an exit code with a message. */
int remote_get(struct client *c, const char *path, const char *subject, struct arena *a,
               struct node **out);
/* "/apis/networking.istio.io/v1/namespaces/NS/virtualservices/NAME"; ns NULL or empty: all, or a
 * kind without; name may be NULL. In a. */
const char *remote_path(const struct api_kind *k, const char *ns, const char *name,
                        struct arena *a);
/* Appends to a path "?" or "&", then key=value with value percent-encoded; in a. */
const char *remote_query(const char *path, const char *key, struct str value, struct arena *a);
/* Lists objects into set: ns NULL for all namespaces, labels may be NULL. 0 or an exit code with
 * a message. */
int remote_list(struct client *c, const struct api_kind *k, const char *ns, const char *labels,
                struct object_set *set);
/* An object as the API shows it. The caller owns one reference. */
int remote_decode(const struct node *n, struct object **out);
/* One object. With missing_ok 404 gives 0 and *out NULL. */
int remote_object(struct client *c, const struct api_kind *k, const char *ns, const char *name,
                  bool missing_ok, struct object **out);

#endif
