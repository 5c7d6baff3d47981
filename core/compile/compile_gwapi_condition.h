/* Conditions as nodes, and what of an older status stays. Part of compile_gwapi_status. */
#ifndef CORE_COMPILE_COMPILE_GWAPI_CONDITION_H
#define CORE_COMPILE_COMPILE_GWAPI_CONDITION_H

#include "core/compile/compile_gwapi.h"

/* Where conditions of one thing go. */
struct compile_gwapi_condition_list {
    struct arena *arena;
    struct node *items;     /* a list */
    const struct node *old; /* the list as it was; or NULL */
    int64_t generation, now_ns;
};

/* A list under "conditions" of parent; old: the same parent as it was, or NULL. */
struct compile_gwapi_condition_list compile_gwapi_condition_begin(struct node *parent,
                                                                  const struct node *old,
                                                                  int64_t generation,
                                                                  int64_t now_ns, struct arena *a);
void compile_gwapi_condition_add(struct compile_gwapi_condition_list *l, const char *type,
                                 bool holds, const char *reason, struct str message);
/* "TYPE is false for REASON" when there is a fault, else "TYPE is true for GOOD". */
void compile_gwapi_condition_judge(struct compile_gwapi_condition_list *l, const char *type,
                                   const struct compile_gwapi_fault *f, const char *good,
                                   const char *message);

#endif
