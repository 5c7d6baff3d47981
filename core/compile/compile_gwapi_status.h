/* Status of the Gateway API's objects, as a function of the objects: who computes it twice gets the
 * same. What others wrote (another controller's part of a route's status) stays, and a condition
 * whose status is as before keeps its time. */
#ifndef CORE_COMPILE_COMPILE_GWAPI_STATUS_H
#define CORE_COMPILE_COMPILE_GWAPI_STATUS_H

#include "core/compile/compile_gwapi.h"

struct compile_gwapi_status_input {
    const struct compile_gwapi_world *world;
    int64_t now_ns; /* of conditions that change, since 1970 */
    /* Calls add for every address where a Gateway can be reached, besides those of its spec; NULL:
     * none. type: "IPAddress" or "Hostname". */
    void (*addresses)(void *arg, const struct object *gateway,
                      void (*add)(void *add_arg, const char *type, struct str value),
                      void *add_arg);
    void *addresses_arg;
    /* Told of every object that has a status of ours; status is in a. */
    void (*emit)(void *arg, const struct object *o, struct node *status);
    void *emit_arg;
};

void compile_gwapi_status_run(const struct compile_gwapi_status_input *in, struct arena *a);

#endif
