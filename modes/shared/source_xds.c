#include "modes/shared/source_xds.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/tls/tls_identity.h"
#include "core/xds/xds_client.h"
#include "core/xds/xds_token.h"
#include "modes/shared/probe.h"
#include "modes/shared/runtime.h"
#include "modes/shared/xds_cert.h"
#include "modes/shared/xds_link.h"
#include "modes/shared/xds_node.h"
#include "modes/shared/xds_saved.h"

static struct log_module log_module = LOG_MODULE("xds");

enum { TYPE_OBJECT, TYPE_ADDRESS, TYPE_COUNT };

static const char *const type_urls[TYPE_COUNT] = {
    [TYPE_OBJECT] = XDS_MSG_OBJECT_TYPE,
    [TYPE_ADDRESS] = XDS_MSG_ADDRESS_TYPE,
};

enum { REASONS_MAX_BYTES = 64 * 1024, RESPONSE_MAX_BYTES = 64 * 1024 * 1024 };

/* A commit under way: its ack goes out when the workers use it. */
struct commit {
    struct list link;
    struct source_xds *owner; /* NULL: the source is gone */
    int type;                 /* whose response to ack; -1: none */
    char *why;
};

struct source_xds {
    struct runtime *rt;
    struct worker *worker;
    struct source_xds_options options;
    struct arena arena; /* of node */
    struct xds_msg_node node;
    struct xds_saved *saved;
    struct xds_link *link;
    struct xds_cert *cert;
    struct xds_client *client;
    struct xds_link_dial *dial;
    struct grpc_client_call *call;
    struct timer wake;
    struct probe *probe;
    struct list commits;
    bool has_type[TYPE_COUNT]; /* a complete picture, from control or from disk */
    bool is_listening;         /* the first commit is in force: ports are known */
    bool is_told, is_leaving;
    bool is_away; /* control was said to be away; said again when it is back */
};

/* ---- being complete ---- */

static void look_if_synced(struct source_xds *x)
{
    if (x->is_told || !x->is_listening || !x->cert || !xds_cert_is_there(x->cert))
        return;
    for (int i = 0; i < TYPE_COUNT; i++)
        if (!x->has_type[i])
            return;
    x->is_told = true;
    if (x->options.on_synced)
        x->options.on_synced(x->options.on_synced_arg);
}

/* ---- taking resources ---- */

static void register_workload(struct source_xds *x);

/* The group that our workload is of. */
static bool is_our_group(const struct source_xds *x, uint16_t kind, struct str ns, struct str name)
{
    return kind == API_KIND_WORKLOAD_GROUP && !x->options.node->is_gateway &&
           str_eq(ns, x->options.node->ns) && str_eq(name, x->options.node->workload_name);
}

static void follow_group(struct source_xds *x, struct object *group)
{
    bool was_probed = probe_why(x->probe).p != NULL;

    probe_follow(x->probe, group);
    if (was_probed != (probe_why(x->probe).p != NULL))
        register_workload(x); /* health is from now on (no more) a matter */
}

static int take_object(struct source_xds *x, struct str value)
{
    struct object *o;
    int err = object_decode_proto(&o, value.p, value.len);

    if (err)
        return err;
    if (is_our_group(x, o->kind->id, o->ns, o->name))
        follow_group(x, o);
    runtime_put(x->rt, o);
    object_unref(o);
    return 0;
}

/* "virtualservices.networking.istio.io/prod/reviews" */
static void remove_object(struct source_xds *x, struct str resource)
{
    struct str name = resource, plural = str_cut(&name, '/'), ns = str_cut(&name, '/');
    struct str group = plural, short_plural = str_cut(&group, '.');
    const struct api_kind *k = api_kind_by_plural(group, STR(""), short_plural);

    if (k && is_our_group(x, k->id, ns, name))
        follow_group(x, NULL);
    if (k)
        runtime_remove(x->rt, k->id, ns, name);
}

static int take_resource(struct source_xds *x, uint32_t type, struct str name, struct str value)
{
    return type == TYPE_OBJECT ? take_object(x, value) : runtime_put_address(x->rt, name, value);
}

static void take_saved(void *arg, uint32_t type, struct str name, struct str value)
{
    int err = take_resource(arg, type, name, value);

    if (err)
        log_warn("saved %.*s is not used: %s", STR_ARG(name), error_text(err));
}

static void take_removals(struct source_xds *x, const struct xds_client_update *u)
{
    for (size_t i = 0; i < u->removed_count; i++) {
        if (u->type == TYPE_OBJECT)
            remove_object(x, u->removed[i]);
        else
            runtime_remove_address(x->rt, u->removed[i]);
        xds_saved_remove(x->saved, u->type, u->removed[i]);
    }
}

/* What does not decode is told in why and leaves the last good one in force, also on disk. */
static void take_resources(struct source_xds *x, const struct xds_client_update *u, struct buf *why)
{
    for (size_t i = 0; i < u->count; i++) {
        const struct xds_msg_resource *r = &u->resources[i];
        int err =
            r->resource ? take_resource(x, u->type, r->name, r->resource->value) : ERR_INVALID;

        if (err)
            buf_printf(why, "%.*s: %s\n", STR_ARG(r->name), error_text(err));
        else
            xds_saved_put(x->saved, u->type, r->name, r->version, r->resource->value);
    }
}

/* ---- committing ---- */

static void on_committed(void *arg, const struct flow_publish_result *result)
{
    struct commit *c = arg;
    struct source_xds *x = c->owner;

    list_remove(&c->link);
    if (x) {
        if (result->failed)
            log_warn("%s", result->message);
        if (c->type >= 0) {
            x->has_type[c->type] = true;
            xds_client_ack(x->client, (uint32_t)c->type, c->why);
        } else {
            x->is_listening = true;
            register_workload(x);
        }
        look_if_synced(x);
    }
    mem_free(c->why);
    mem_free(c);
}

static void commit(struct source_xds *x, int type, char *why)
{
    struct commit *c = mem_alloc0(1, sizeof(*c));

    c->owner = x;
    c->type = type;
    c->why = why;
    list_push(&x->commits, &c->link);
    runtime_commit(x->rt, NULL, on_committed, c);
}

static void on_update(void *arg, const struct xds_client_update *u)
{
    struct source_xds *x = arg;
    struct buf why;

    if (x->is_away)
        log_warn("control %s is back", xds_link_name(x->link, xds_client_server(x->client)));
    x->is_away = false;
    buf_init(&why, REASONS_MAX_BYTES);
    take_removals(x, u);
    take_resources(x, u, &why);
    if (buf_len(&why))
        log_warn("refused: %.*s", STR_ARG(buf_str(&why)));
    if (u->is_tip)
        xds_saved_set_token(x->saved, u->type, u->token);
    xds_saved_flush(x->saved);
    if (!u->is_tip) {
        char *text = buf_take_strz(&why);

        xds_client_ack(x->client, u->type, text);
        mem_free(text);
    } else {
        log_debug("%s: %zu new, %zu removed", type_urls[u->type], u->count, u->removed_count);
        commit(x, (int)u->type, buf_take_strz(&why));
    }
    buf_deinit(&why);
}

/* ---- the workload ---- */

/* Where peers reach our listener for an app port. */
static int find_listener(struct source_xds *x, const struct compile_app_port *port,
                         struct addr *out)
{
    const struct model_node *node = x->options.node;
    char name[32];

    if (node->addr_count)
        *out = node->addrs[0];
    if (node->addr_count && port->reach_port) {
        out->port = port->reach_port;
        return 0;
    }
    snprintf(name, sizeof(name), "inbound-%u", port->port);
    if (flow_listener_addr(runtime_flow(x->rt), str_of(name), out) == 0)
        return 0;
    if (!node->addr_count)
        return ERR_NOT_FOUND;
    out->port = port->port; /* captured: peers send to the app's own port */
    return 0;
}

static size_t collect_ports(struct source_xds *x, struct xds_node_port *out)
{
    const struct source_xds_options *o = &x->options;
    size_t count = 0;

    for (uint32_t i = 0; i < o->app_port_count; i++) {
        const struct compile_app_port *port = &o->app_ports[i];
        struct xds_node_port *p = &out[count];

        if (find_listener(x, port, &p->address) != 0)
            continue;
        p->port = port->port;
        p->service = port->service_port ? port->service_port : port->port;
        p->protocol = xds_node_protocol(port->protocol);
        count++;
    }
    return count;
}

static void register_workload(struct source_xds *x)
{
    struct xds_msg_node workload;
    struct xds_node_port *ports;
    struct arena a;
    size_t count;

    if (!x->is_listening || x->is_leaving || x->options.node->is_gateway ||
        xds_link_is_plain(x->link, xds_client_server(x->client)) || !xds_client_is_open(x->client))
        return;
    arena_init(&a, 2048);
    ports = arena_alloc0(&a, x->options.app_port_count, sizeof(*ports));
    count = collect_ports(x, ports);
    xds_node_init_workload(&workload, x->options.node, ports, count, probe_why(x->probe), &a);
    xds_client_tell(x->client, XDS_MSG_WORKLOAD_TYPE, &workload, NULL, false);
    arena_deinit(&a);
}

static void on_health(void *arg)
{
    struct source_xds *x = arg;
    struct xds_msg_status status = { .code = GRPC_STATUS_UNAVAILABLE,
                                     .message = probe_why(x->probe) };

    if (!x->is_leaving && status.message.p)
        xds_client_tell(x->client, XDS_MSG_HEALTH_TYPE, NULL, status.message.len ? &status : NULL,
                        false);
}

/* ---- the stream ---- */

static void on_call_message(void *arg, struct str message)
{
    struct source_xds *x = arg;

    xds_client_receive(x->client, message);
}

static void on_call_end(void *arg, enum grpc_status status, struct str message,
                        const struct http_headers *trailers)
{
    struct source_xds *x = arg;

    (void)trailers;
    x->call = NULL;
    log_at(x->is_away ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "stream to control %s ended: %s %.*s",
           xds_link_name(x->link, xds_client_server(x->client)), grpc_status_name((int)status),
           STR_ARG(message));
    x->is_away = !x->is_leaving;
    xds_client_end(x->client);
}

static const struct grpc_client_events call_events = {
    .on_message = on_call_message,
    .on_end = on_call_end,
};

static void on_linked(void *arg, struct grpc_client *client, int err)
{
    struct grpc_client_options options = { .max_message_bytes = RESPONSE_MAX_BYTES };
    struct source_xds *x = arg;

    x->dial = NULL;
    if (err) {
        xds_client_end(x->client);
        return;
    }
    x->call = grpc_client_start(client, XDS_MSG_DELTA_PATH, &options, &call_events, x);
    xds_client_opened(x->client);
}

static void on_open(void *arg, uint32_t n)
{
    struct source_xds *x = arg;

    x->dial = xds_link_prepare(x->link, n, on_linked, x);
}

static void on_send(void *arg, struct str message)
{
    struct source_xds *x = arg;

    if (x->call)
        (void)grpc_client_send(x->call, message);
}

static void on_close(void *arg)
{
    struct source_xds *x = arg;

    xds_link_cancel(x->dial);
    x->dial = NULL;
    if (x->call)
        grpc_client_cancel(x->call);
    x->call = NULL;
}

static void wake_after(void *arg, uint64_t ms)
{
    struct source_xds *x = arg;

    if (!x->is_leaving)
        timer_start(&x->wake, ms);
}

static void on_wake(struct timer *t)
{
    xds_client_wake(CONTAINER_OF(t, struct source_xds, wake)->client);
}

static struct str get_token(void *arg, uint32_t type)
{
    return xds_saved_token(((struct source_xds *)arg)->saved, type);
}

static void each_held(void *arg, uint32_t type,
                      void (*each)(void *each_arg, struct str name, struct str version),
                      void *each_arg)
{
    xds_saved_each(((struct source_xds *)arg)->saved, type, each, each_arg);
}

static void on_opened(void *arg)
{
    register_workload(arg);
}

static const struct xds_client_ops client_ops = {
    .open = on_open,
    .send = on_send,
    .close = on_close,
    .wake_after = wake_after,
    .update = on_update,
    .token = get_token,
    .each_held = each_held,
    .opened = on_opened,
};

/* ---- identity ---- */

/* Over TLS discovery needs a certificate, so it waits for the first one. */
static void start_client(struct source_xds *x)
{
    bool needs_cert = false;

    if (!x->client || x->is_leaving)
        return;
    for (uint32_t i = 0; i < xds_link_count(x->link); i++)
        needs_cert |= xds_link_is_tls(x->link, i);
    if (!needs_cert || (x->cert && xds_cert_is_there(x->cert)))
        xds_client_start(x->client);
}

static void on_identity(void *arg, struct tls_identity *identity, struct pki_trust *trust)
{
    struct source_xds *x = arg;

    if (!x->options.has_identity)
        runtime_set_identity(x->rt, tls_identity_ref(identity), pki_trust_ref(trust));
    look_if_synced(x);
    start_client(x);
}

/* ---- life ---- */

static int open_link(struct source_xds *x)
{
    const struct source_xds_options *o = &x->options;
    struct xds_link_options options = { .control = o->control,
                                        .trust_domain = o->node->trust_domain,
                                        .root_cert = o->root_cert };
    struct xds_token token;

    if (o->token) {
        if (xds_token_parse(str_of(o->token), &token) != 0) {
            fprintf(stderr, "mesh: the token is no join token (mesh1....)\n");
            return ERR_INVALID;
        }
        options.root_sha256 = token.root_sha256;
    }
    return xds_link_new(x->worker, &options, &x->link);
}

static void load_saved(struct source_xds *x)
{
    x->saved = xds_saved_new(x->options.state_dir, x->options.node->id, type_urls, TYPE_COUNT);
    xds_saved_load(x->saved, take_saved, x);
    for (uint32_t i = 0; i < TYPE_COUNT; i++)
        x->has_type[i] = xds_saved_token(x->saved, i).len > 0;
}

static int open_cert(struct source_xds *x)
{
    const struct source_xds_options *o = &x->options;
    struct xds_cert_options options = { .trust_domain = o->node->trust_domain,
                                        .ns = o->node->ns,
                                        .service_account = o->node->service_account,
                                        .token = o->token,
                                        .state_dir = o->state_dir,
                                        .got = on_identity,
                                        .arg = x };

    return xds_cert_new(x->worker, x->link, &options, &x->cert);
}

int source_xds_new(struct runtime *rt, const struct source_xds_options *options,
                   struct source_xds **out)
{
    struct source_xds *x = mem_alloc0(1, sizeof(*x));
    struct probe_options probe = { .dial_app = options->dial_app,
                                   .dial_app_arg = options->dial_app_arg,
                                   .ports = options->app_ports,
                                   .port_count =
                                       options->node->is_gateway ? 0 : options->app_port_count,
                                   .changed = on_health,
                                   .arg = x };
    struct xds_client_options client;

    x->rt = rt;
    x->worker = runtime_main(rt);
    x->options = *options;
    arena_init(&x->arena, 2048);
    list_init(&x->commits);
    x->probe = probe_new(x->worker, &probe);
    timer_init(&x->wake, &x->worker->timers, on_wake);
    xds_node_init(&x->node, options->node, runtime_admin_addr(rt), &x->arena);
    if (open_link(x) != 0) {
        source_xds_free(x);
        return ERR_INVALID;
    }
    client = (struct xds_client_options){ .node = &x->node,
                                          .types = type_urls,
                                          .type_count = TYPE_COUNT,
                                          .server_count = xds_link_count(x->link),
                                          .random = &x->worker->random };
    x->client = xds_client_new(&client, &client_ops, x);
    load_saved(x);
    if (open_cert(x) != 0) {
        source_xds_free(x);
        return ERR_INVALID;
    }
    *out = x;
    if (!probe_why(x->probe).p)
        probe_follow(x->probe, NULL); /* until a group comes */
    /* Opens the listeners, with what was saved or with nothing behind them. */
    commit(x, -1, NULL);
    start_client(x);
    return 0;
}

void source_xds_leave(struct source_xds *x)
{
    if (!x || x->is_leaving)
        return;
    x->is_leaving = true;
    timer_cancel(&x->wake);
    if (!x->options.node->is_gateway)
        xds_client_tell(x->client, XDS_MSG_WORKLOAD_TYPE, NULL, NULL, true);
}

void source_xds_free(struct source_xds *x)
{
    if (!x)
        return;
    timer_cancel(&x->wake);
    probe_free(x->probe);
    on_close(x);
    xds_client_free(x->client);
    xds_cert_free(x->cert);
    xds_link_free(x->link);
    LIST_FOREACH(it, tmp, &x->commits)
    {
        struct commit *c = LIST_ITEM(it, struct commit, link);

        c->owner = NULL;
        list_remove(&c->link);
    }
    if (x->saved)
        xds_saved_flush(x->saved);
    xds_saved_free(x->saved);
    arena_deinit(&x->arena);
    mem_free(x);
}
