#include "core/flow/flow_listen.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/flow/flow_conn.h"
#include "core/flow/flow_udp.h"
#include "core/net/listener.h"

static struct log_module log_module = LOG_MODULE("flow");

struct flow_listen *flow_listen_ref(struct flow_listen *l)
{
    l->refs++;
    return l;
}

void flow_listen_unref(struct flow_listen *l)
{
    if (--l->refs > 0)
        return;
    mem_free((char *)(uintptr_t)l->name.p);
    mem_free(l);
}

static void close_one(struct flow_listen *l)
{
    list_remove(&l->link);
    listener_close(l->listener, false);
    l->listener = NULL;
    flow_listen_unref(l);
}

static void on_accept(void *arg, struct stream *s)
{
    flow_conn_accept(arg, s);
}

static int open_one(struct flow_worker *fw, const struct model_listener *m,
                    struct flow_listen **out)
{
    struct flow_listen *l = mem_alloc0(1, sizeof(*l));
    struct listener_options options = {
        .reuse_port = true,
        .fd = flow_worker_take_fd(fw, m->name),
    };
    struct addr at = m->bind;
    int err;

    l->refs = 1;
    l->fw = fw;
    l->name = str_make(str_dup(m->name), m->name.len);
    l->bind = m->bind;
    l->kind = m->kind;
    l->app_port = m->app_port;
    l->proxy_protocol = m->proxy_protocol;
    list_init(&l->link);
    flow_worker_lock_bind(fw, m->name, &at);
    err = listener_open(fw->worker, &at, &options, on_accept, l, &l->listener);
    flow_worker_unlock_bind(fw, m->name, err ? NULL : listener_addr(l->listener));
    if (err) {
        flow_listen_unref(l);
        return err;
    }
    list_push(&fw->listens, &l->link);
    *out = l;
    return 0;
}

void flow_listen_note_failure(struct flow_publish_result *result, const struct model_listener *m,
                              int err)
{
    char text[ADDR_TEXT_MAX];

    log_error("listener %.*s on %s: %s", STR_ARG(m->name), addr_format(&m->bind, text),
              error_text(err));
    if (result->failed++ == 0)
        (void)snprintf(result->message, sizeof(result->message), "listener %.*s on %s: %s",
                       STR_ARG(m->name), addr_format(&m->bind, text), error_text(err));
}

static struct flow_listen *find(struct flow_worker *fw, const struct model_listener *m)
{
    LIST_FOREACH(it, tmp, &fw->listens)
    {
        struct flow_listen *l = LIST_ITEM(it, struct flow_listen, link);

        if (str_eq(l->name, m->name))
            return l;
    }
    return NULL;
}

static bool is_wanted(const struct snapshot *s, const struct flow_listen *l)
{
    for (uint32_t i = 0; i < s->listener_count; i++) {
        if (str_eq(s->listeners[i].name, l->name) && addr_eq(&s->listeners[i].bind, &l->bind))
            return true;
    }
    return false;
}

void flow_listen_follow(struct flow_worker *fw, const struct snapshot *s,
                        struct flow_publish_result *result)
{
    LIST_FOREACH(it, tmp, &fw->listens)
    {
        struct flow_listen *l = LIST_ITEM(it, struct flow_listen, link);

        if (!is_wanted(s, l))
            close_one(l);
    }
    for (uint32_t i = 0; i < s->listener_count && !fw->draining; i++) {
        const struct model_listener *m = &s->listeners[i];
        struct flow_listen *l = find(fw, m);
        int err;

        if (m->kind == MODEL_LISTENER_UDP)
            continue;
        if (l) {
            l->kind = m->kind;
            l->app_port = m->app_port;
            l->proxy_protocol = m->proxy_protocol;
            continue;
        }
        err = open_one(fw, m, &l);
        if (err)
            flow_listen_note_failure(result, m, err);
    }
    flow_udp_follow(fw, s, result);
}

const struct flow_listen *flow_listen_on(const struct flow_worker *fw, uint16_t port)
{
    LIST_FOREACH(it, tmp, &fw->listens)
    {
        const struct flow_listen *l = LIST_ITEM(it, struct flow_listen, link);

        if (listener_addr(l->listener)->port == port)
            return l;
    }
    return NULL;
}

void flow_listen_close_all(struct flow_worker *fw)
{
    LIST_FOREACH(it, tmp, &fw->listens)
    close_one(LIST_ITEM(it, struct flow_listen, link));
    flow_udp_stop_all(fw);
}
