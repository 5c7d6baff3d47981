#include "core/compile/compile_policy.h"

#define GATEWAY_NAME "gateway.networking.k8s.io/gateway-name"

/* Workloads of a Gateway of the Gateway API carry its name as a label. */
static bool names_our_gateway(const struct compile *c, const struct object *o,
                              const struct target_ref *ref)
{
    const struct field_pair name = { .key = STR(GATEWAY_NAME), .value = ref->name };

    return str_is(ref->kind, "Gateway") && str_is(ref->group, "gateway.networking.k8s.io") &&
           str_eq(o->ns, c->node->ns) && compile_has_labels(c, &name, 1);
}

bool compile_policy_is_for_us(const struct compile *c, const struct object *o,
                              const struct compile_policy_scope *scope)
{
    if (scope->ref || scope->ref_count) {
        bool named = scope->ref && names_our_gateway(c, o, scope->ref);

        for (size_t i = 0; i < scope->ref_count && !named; i++)
            named = names_our_gateway(c, o, &scope->refs[i]);
        return named;
    }
    if (!str_eq(o->ns, c->root_ns) && !str_eq(o->ns, c->node->ns))
        return false;
    return !scope->selector ||
           compile_has_labels(c, scope->selector->labels, scope->selector->labels_count);
}
