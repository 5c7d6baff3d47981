/* An object of the API, decoded: immutable, counted, readable from any thread.
 *
 * What a person wrote (or a client sent) becomes nodes, nodes become the structs of the kind, and
 * all of it lives in the object's own arena. Nodes are kept because they are what the API shows and
 * stores: fields that our tables do not know survive in them. An object that came as protobuf has
 * no nodes until it is asked for some. */
#ifndef CORE_API_OBJECT_H
#define CORE_API_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/api/api_kind.h"
#include "core/api/object_meta.h"
#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/diag.h"
#include "core/text/node.h"

struct object {
    atomic_uint refs;
    const struct api_kind *kind;
    const struct object_meta *meta; /* never NULL */
    struct str name, ns;            /* of meta; ns empty for kinds that are in no namespace */
    struct str version;             /* "v1", as written */
    /* The struct of the kind's module: `struct virtual_service` (the spec; all absent when none was
     * written), or the whole object where the content stands at the top (`struct k8s_secret`). */
    const void *spec;
    const void *status; /* NULL when none was written, or the kind has none */
    const void *root;   /* struct of kind->root; its first members are struct object_meta_head */
    const struct node *node; /* the object as it is shown and stored; NULL: came as protobuf */
    uint64_t content_hash;   /* of kind, name, labels, annotations and content; not of status,
                              * resourceVersion, generation, managedFields. Of an object that came
                              * as protobuf it is another one: compare within one source only */
    const char *file;        /* where it was written, or NULL */
    int line, col;           /* of its document there */
    struct arena arena;
};

enum {
    OBJECT_MAX_BYTES = 3 * 1024 * 1024, /* of the JSON of one object */
};

struct object_options {
    struct str ns;      /* for namespaced kinds that name none; empty: "default" */
    bool allow_no_name; /* generateName is enough: the caller will set a name and decode again */
    /* Unknown fields: as the kind's row says (0), all refused, or all kept and warned about
     * (kubectl's --validate=strict, warn). */
    enum { OBJECT_UNKNOWN_BY_KIND, OBJECT_UNKNOWN_REFUSE, OBJECT_UNKNOWN_WARN } unknown;
    /* Objects that were accepted once, from the store: only what keeps them from being read is an
     * error, since rules may have become stricter since. */
    bool stored;
};

/* Decodes one object from a map node, which is copied. Reports all mistakes to d (may be NULL) and
 * returns ERR_INVALID; *out is then untouched. ERR_UNSUPPORTED: no such kind or version (also
 * reported). On success the caller owns one reference. opt may be NULL. Any thread. */
int object_decode(struct object **out, const struct node *n, struct diag *d,
                  const struct object_options *opt);
/* The same from the JSON of one object. file may be NULL. */
int object_decode_json(struct object **out, struct str json, const char *file, struct diag *d,
                       const struct object_options *opt);

struct object *object_ref(struct object *o);
void object_unref(struct object *o); /* NULL is allowed */

/* The object as nodes: its own (borrowed; as long as o), or made in a. Not to be changed: node_copy
 * it. With api_version not empty the copy in a says that version. */
const struct node *object_to_node(const struct object *o, struct str api_version, struct arena *a);
/* Appends JSON with sorted keys: equal objects give equal bytes. 0 or ERR_LIMIT. */
int object_to_json(const struct object *o, struct buf *out);

/* "VirtualService default/reviews", "Namespace prod"; in a. */
struct str object_title(const struct object *o, struct arena *a);
/* The store's key, unique over all objects: two bytes id (big endian), namespace, 0, name; in a. */
struct str object_key(const struct object *o, struct arena *a);
struct str object_key_of(const struct api_kind *k, struct str ns, struct str name, struct arena *a);

/* Which of several counts: the older one, else by namespace, name and kind. Below 0: a. */
int object_compare_age(const struct object *a, const struct object *b);
/* The same for qsort over `const struct object *`. */
int object_by_age(const void *a, const void *b);

/* ---- protobuf: istio.mcp.v1alpha1.Resource ----
 *
 * metadata.name is "namespace/name", version the resourceVersion, body an Any with the spec under
 * its Istio type. Kinds without protobuf numbers travel as their JSON in an Any of type
 * "mesh.dev/json/" GROUP "/" KIND. */
int object_encode_proto(const struct object *o, struct buf *out); /* 0 or ERR_LIMIT */
/* ERR_INVALID: not such a message, or an object that does not decode; ERR_UNSUPPORTED: a type that
 * this program does not know. Validation is not repeated: the sender did it. */
int object_decode_proto(struct object **out, const void *p, size_t len);

/* ---- what the spec has that nothing acts on ---- */

/* Adds a warning (MSH1020) to d for every set field that is not enforced, as api_enforced.h says.
 * Returns how many. */
size_t object_warn_unenforced(const struct object *o, struct diag *d);

#endif
