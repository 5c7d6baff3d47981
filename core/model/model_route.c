#include "core/model/model_route.h"

#include "core/base/mem.h"

static const struct {
    struct str name;
    uint32_t bit;
} retry_words[] = {
    { STR_INIT("5xx"), MODEL_RETRY_5XX },
    { STR_INIT("gateway-error"), MODEL_RETRY_GATEWAY_ERROR },
    { STR_INIT("reset"), MODEL_RETRY_RESET },
    { STR_INIT("reset-before-request"), MODEL_RETRY_RESET_BEFORE_REQUEST },
    { STR_INIT("connect-failure"), MODEL_RETRY_CONNECT_FAILURE },
    { STR_INIT("retriable-4xx"), MODEL_RETRY_RETRIABLE_4XX },
    { STR_INIT("refused-stream"), MODEL_RETRY_REFUSED_STREAM },
    { STR_INIT("retriable-status-codes"), MODEL_RETRY_STATUS_CODES },
    { STR_INIT("retriable-headers"), MODEL_RETRY_HEADERS },
    { STR_INIT("envoy-ratelimited"), MODEL_RETRY_RATELIMITED },
    { STR_INIT("cancelled"), MODEL_RETRY_GRPC_CANCELLED },
    { STR_INIT("deadline-exceeded"), MODEL_RETRY_GRPC_DEADLINE },
    { STR_INIT("internal"), MODEL_RETRY_GRPC_INTERNAL },
    { STR_INIT("resource-exhausted"), MODEL_RETRY_GRPC_EXHAUSTED },
    { STR_INIT("unavailable"), MODEL_RETRY_GRPC_UNAVAILABLE },
};

uint32_t model_route_retry_bit(struct str word)
{
    for (size_t i = 0; i < COUNT_OF(retry_words); i++) {
        if (str_eq(word, retry_words[i].name))
            return retry_words[i].bit;
    }
    return 0;
}

struct str model_route_retry_text(uint32_t on, struct arena *a)
{
    struct str text = STR("");

    for (size_t i = 0; i < COUNT_OF(retry_words); i++) {
        if (on & retry_words[i].bit)
            text = arena_printf(a, "%.*s%s%.*s", STR_ARG(text), text.len ? "," : "",
                                STR_ARG(retry_words[i].name));
    }
    return text;
}

struct model_route_vhost *model_route_vhost_ref(struct model_route_vhost *v)
{
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

void model_route_vhost_unref(struct model_route_vhost *v)
{
    if (!v || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (v->deinit)
        v->deinit(v);
    arena_deinit(&v->arena);
    mem_free(v);
}

void model_route_names_init(struct model_route_names *n, const struct model_route_names *from)
{
    *n = from ? *from : (struct model_route_names){ 0 };
    if (!from)
        return;
    pmap_copy(&n->exact, &from->exact);
    pmap_copy(&n->suffix, &from->suffix);
}

void model_route_names_deinit(struct model_route_names *n)
{
    pmap_deinit(&n->exact);
    pmap_deinit(&n->suffix);
}

struct model_route_table *model_route_table_ref(struct model_route_table *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void model_route_table_unref(struct model_route_table *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < t->vhost_count; i++)
        model_route_vhost_unref(t->vhosts[i]);
    model_route_names_deinit(&t->names);
    arena_deinit(&t->arena);
    mem_free(t);
}
