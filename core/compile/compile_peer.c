#include "core/compile/compile_peer.h"

#include "core/api/peer_authentication.h"
#include "core/api/workload_selector.h"

static const uint8_t modes[] = {
    [PEER_AUTHENTICATION_UNSET] = MODEL_MTLS_PERMISSIVE,
    [PEER_AUTHENTICATION_DISABLE] = MODEL_MTLS_DISABLE,
    [PEER_AUTHENTICATION_PERMISSIVE] = MODEL_MTLS_PERMISSIVE,
    [PEER_AUTHENTICATION_STRICT] = MODEL_MTLS_STRICT,
};

static bool has_selector(const struct peer_authentication *pa)
{
    return pa->selector && pa->selector->labels_count;
}

/* The oldest of a namespace: with a selector that fits the labels, or without one. */
static const struct peer_authentication *oldest(const struct compile *c, struct str ns,
                                                bool with_selector, const struct field_pair *labels,
                                                size_t label_count)
{
    const struct multimap_list *l = multimap_get(&c->peer_auths, ns);
    const struct object *best = NULL;

    for (uint32_t i = 0; l && i < l->count; i++) {
        const struct object *o = l->items[i];
        const struct peer_authentication *pa = o->spec;

        if (has_selector(pa) != with_selector ||
            (with_selector &&
             !workload_selector_is_match(pa->selector->labels, pa->selector->labels_count, labels,
                                         label_count)))
            continue;
        if (!best || object_compare_age(o, best) < 0)
            best = o;
    }
    return best ? best->spec : NULL;
}

static int mode_of(const struct peer_authentication *pa)
{
    return pa && pa->mtls ? pa->mtls->mode : PEER_AUTHENTICATION_UNSET;
}

static int port_mode(const struct peer_authentication *pa, uint16_t port)
{
    for (size_t i = 0; pa && i < pa->ports_count; i++) {
        uint64_t number;

        if (str_to_u64(pa->ports[i].key, 65535, &number) == 0 && number == port)
            return pa->ports[i].value.mode;
    }
    return PEER_AUTHENTICATION_UNSET;
}

const struct peer_authentication *compile_peer_own(const struct compile *c, struct str ns,
                                                   const struct field_pair *labels,
                                                   size_t label_count)
{
    return str_eq(ns, c->root_ns) ? NULL : oldest(c, ns, true, labels, label_count);
}

uint8_t compile_peer_mode(const struct compile *c, struct str ns, const struct field_pair *labels,
                          size_t label_count, uint16_t port)
{
    const struct peer_authentication *own;
    int mode;

    if (c->peer_auths.map.count == 0)
        return MODEL_MTLS_PERMISSIVE;
    own = compile_peer_own(c, ns, labels, label_count);
    mode = port_mode(own, port);
    if (mode == PEER_AUTHENTICATION_UNSET)
        mode = mode_of(own);
    if (mode == PEER_AUTHENTICATION_UNSET)
        mode = mode_of(oldest(c, ns, false, labels, label_count));
    if (mode == PEER_AUTHENTICATION_UNSET)
        mode = mode_of(oldest(c, c->root_ns, false, labels, label_count));
    return modes[mode];
}
