/* VirtualServices by what they are bound to. */
#ifndef CORE_COMPILE_COMPILE_VS_H
#define CORE_COMPILE_COMPILE_VS_H

#include "core/compile/compile_route.h"
#include "core/compile/compile_state.h"

struct compile_vs {
    struct object *object; /* one reference */
    const struct virtual_service *spec;
    struct arena arena;
    struct str key;    /* "NS/NAME" */
    struct str *hosts; /* full, lower case */
    uint32_t host_count;
    struct str *gateways; /* "NS/NAME" */
    uint32_t gateway_count;
    bool is_mesh;          /* bound to sidecars, and visible to this one */
    bool is_visible;       /* by exportTo */
    struct str *delegates; /* "NS/NAME" its rules name */
    uint32_t delegate_count;
    /* Its http rules, delegates put in; made when first asked for after a change. */
    struct compile_route_rule *rules;
    uint32_t rule_count;
    bool has_rules;
    struct arena rule_arena;
    struct object **held; /* delegates that rules point into; one reference each */
    uint32_t held_count;
};

void compile_vs_put(struct compile *c, struct object *o);
void compile_vs_remove(struct compile *c, struct str ns, struct str name);
/* The mesh's default for exportTo may be another one. */
void compile_vs_reread(struct compile *c);
void compile_vs_free_all(struct compile *c);

/* The one for a host of the mesh: the oldest of those naming the host itself, else of those with
 * the longest fitting wildcard (H-3, H-5); or NULL. */
struct compile_vs *compile_vs_find_mesh(const struct compile *c, struct str host);
/* Those bound to a Gateway ("NS/NAME"), oldest first; in a. Returns how many. */
uint32_t compile_vs_of_gateway(const struct compile *c, struct str gateway, struct arena *a,
                               struct compile_vs ***out);
struct compile_vs *compile_vs_find(const struct compile *c, struct str key);
/* Whether it names the host itself. */
bool compile_vs_has_host(const struct compile_vs *vs, struct str host);
/* Fills rules. */
void compile_vs_resolve(struct compile *c, struct compile_vs *vs);

#endif
