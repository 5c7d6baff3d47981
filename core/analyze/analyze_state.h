/* What the checks share: the objects, an index of hosts, reports. For the checks, and for
 * what asks the same questions (mesh describe). */
#ifndef CORE_ANALYZE_ANALYZE_STATE_H
#define CORE_ANALYZE_ANALYZE_STATE_H

#include "core/analyze/analyze.h"
#include "core/api/virtual_service.h"
#include "core/base/map.h"

struct analyze_host { /* a name that a Service or ServiceEntry gives */
    struct str name;  /* full, lower case; may start with "*." */
    const struct object *object;
    struct analyze_host *next; /* others of the same name */
};

struct analyze_state {
    struct arena arena;
    struct object *const *objects;
    size_t count, fresh;
    /* Position plus one of the next object of the same kind, by position, and of the first one by
     * kind; 0: none. */
    uint32_t *next_of_kind, first_of_kind[API_KIND_ID_END];
    struct str dns_domain;
    struct str root_ns;              /* what is said there is for all; by MeshConfig */
    struct map hosts;                /* struct analyze_host by name */
    struct map full_hosts;           /* struct str by "host/namespace" */
    struct analyze_host **wildcards; /* those that start with "*." or are "*" */
    size_t wildcard_count;
    enum diag_severity missing; /* how bad a name is that nobody has */
    size_t workload_count;      /* Pods, WorkloadEntries, Deployments */
    struct diag *diag;
    struct diag_item ignored; /* stands for what an object wants unsaid */
};

void analyze_state_init(struct analyze_state *s, struct object *const *objects, size_t count,
                        const struct analyze_options *opt, struct diag *d);
void analyze_state_deinit(struct analyze_state *s);

/* Next object of that kind, or NULL. *at: 0 for the first, else as it was left by the same
 * question; it is then the position behind the object. */
const struct object *analyze_state_next(const struct analyze_state *s, uint16_t kind, size_t *at);
/* The same among those that are reported on. */
const struct object *analyze_state_next_fresh(const struct analyze_state *s, uint16_t kind,
                                              size_t *at);
const struct object *analyze_state_find(const struct analyze_state *s, uint16_t kind, struct str ns,
                                        struct str name);

/* ---- hosts ---- */

/* A host as ns means it: without a dot it is a Service there. Lower case; as long as s. */
struct str analyze_state_full_host(struct analyze_state *s, struct str host, struct str ns);
/* Who gives that full name, also by a wildcard; NULL: nobody. "reviews.default" finds the Service
 * "reviews" of "default" too. */
const struct analyze_host *analyze_state_host(const struct analyze_state *s, struct str full);
/* The same for who is in namespace ns, or (export_to not empty) in those it names: what is not
 * exported there is not found. */
const struct analyze_host *analyze_state_visible_host(struct analyze_state *s, struct str full,
                                                      struct str ns, const struct str *export_to,
                                                      size_t count);
/* The nearest name that a person could have meant, as short as ns allows; NULL: none. */
const char *analyze_state_near_host(struct analyze_state *s, struct str host, struct str ns);
/* Port numbers of a Service or ServiceEntry. */
size_t analyze_state_ports(const struct object *o, int64_t *out, size_t max);
/* Whether two host patterns ("*", "*.a.b", "x.a.b") can stand for one name. */
bool analyze_state_hosts_overlap(struct str a, struct str b);

/* Whether an object was written that does not hold by itself, which was reported before: it is
 * there, and one report of it is enough. */
bool analyze_state_is_broken(const struct analyze_state *s, const char *kind, struct str ns,
                             struct str name);
/* The same of the Service that gives a full host. */
bool analyze_state_is_broken_host(const struct analyze_state *s, struct str full);

/* ---- workloads ---- */

/* Labels of a Pod, WorkloadEntry or Deployment's template; false: o is none of them. */
bool analyze_state_workload(const struct object *o, const struct field_pair **labels,
                            size_t *count);
/* Annotations of a Deployment's template; false: it has none. */
bool analyze_state_template_annotations(const struct object *o, const struct field_pair **list,
                                        size_t *count);
/* Whether a workload of ns (empty: any) has all these labels. */
bool analyze_state_has_workload(const struct analyze_state *s, struct str ns,
                                const struct field_pair *want, size_t n,
                                const struct field_pair *also, size_t also_n);
/* The path of the first of these labels, whose map is at path; of the map where a label's name
 * would read as several steps, or there is none. In the arena. */
struct str analyze_state_label_path(struct analyze_state *s, const char *path,
                                    const struct field_pair *labels, size_t n);
/* "app=web,version=v1"; in the arena. */
struct str analyze_state_labels(struct analyze_state *s, const struct field_pair *labels, size_t n);

/* ---- routes ---- */

/* Calls fn for every destination of a VirtualService, with its path in the object. */
typedef void analyze_state_destination_fn(struct analyze_state *s, const struct object *o,
                                          struct str path,
                                          const struct virtual_service_destination *to);
void analyze_state_each_destination(struct analyze_state *s, const struct object *o,
                                    analyze_state_destination_fn *fn);

/* ---- reports ---- */

/* About path of o, unless its annotation galley.istio.io/analyze-suppress lists the code or "*";
 * the place is that of path, or of the nearest part of it that was written. Returns the item, for
 * suggestion, label and hint. */
struct diag_item *analyze_state_report(struct analyze_state *s, const struct object *o,
                                       enum diag_severity severity, const char *code,
                                       struct str path, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* "default/reviews" */
struct str analyze_state_id(struct analyze_state *s, const struct object *o);

#endif
