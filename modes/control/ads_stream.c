#include "modes/control/ads_stream.h"

#include "core/api/api_kind.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/clock.h"
#include "core/net/stream.h"
#include "core/pki/pki_spiffe.h"
#include "modes/control/ads_audience.h"
#include "modes/control/ads_credential.h"
#include "modes/control/ads_feed.h"
#include "modes/control/workload.h"

static struct log_module log_module = LOG_MODULE("ads");

struct ads_refusal {
    char *name, *reason, *type_url;
    uint64_t mod; /* of the resource as it was refused; 0: not one resource */
};

/* ---- refusals ---- */

static void refusal_free(struct ads_refusal *r)
{
    if (!r)
        return;
    mem_free(r->name);
    mem_free(r->reason);
    mem_free(r->type_url);
    mem_free(r);
}

/* Forgets refusals of what has been replaced by something newer that is answered for now. */
static void forget_refusals(struct ads_stream *s, struct str type_url, uint64_t mod)
{
    struct xds_cache *c = ads_feed_cache(s->ads->feed, type_url);
    struct map_slot *slot;

    for (size_t at = 0; (slot = map_next(&s->refused, &at));) {
        struct ads_refusal *r = slot->value;
        const struct xds_resource *now = c ? xds_cache_find(c, str_of(r->name)) : NULL;

        if (!str_is(type_url, r->type_url) || (now && (now->mod == r->mod || now->mod > mod)))
            continue;
        map_remove(&s->refused, str_of(r->name));
        refusal_free(r);
        at = 0; /* removing may have moved slots */
    }
}

static void add_refusal(struct ads_stream *s, struct str type_url, struct str name,
                        struct str reason)
{
    struct xds_cache *c = ads_feed_cache(s->ads->feed, type_url);
    const struct xds_resource *now = c ? xds_cache_find(c, name) : NULL;
    struct ads_refusal *r;

    if (s->refused.count >= ADS_STREAM_REFUSED_MAX)
        return;
    log_warn("%s refuses %.*s: %.*s", s->id, STR_ARG(name), STR_ARG(reason));
    r = mem_alloc0(1, sizeof(*r));
    r->name = str_dup(name);
    r->reason = str_dup(reason);
    r->type_url = str_dup(type_url);
    r->mod = now ? now->mod : 0;
    refusal_free(map_put(&s->refused, str_of(r->name), r));
}

/* Lines "NAME: REASON"; what is not of that form stands for the whole type. */
static void on_ack(void *arg, struct str type_url, uint64_t mod, struct str why)
{
    struct ads_stream *s = arg;
    struct xds_cache *c = ads_feed_cache(s->ads->feed, type_url);

    forget_refusals(s, type_url, mod);
    for (struct str rest = str_head(why, 65536); rest.len;) {
        struct str line = str_cut(&rest, '\n');
        ptrdiff_t at = str_find(line, STR(": "));
        struct str name = at > 0 ? str_head(line, (size_t)at) : STR_NONE;

        if (!line.len)
            continue;
        if (name.len && c && xds_cache_find(c, name))
            add_refusal(s, type_url, name, str_skip(line, (size_t)at + 2));
        else
            add_refusal(s, type_url, type_url, line);
    }
}

/* ---- what the state machine asks ---- */

static void on_send(void *arg, struct str message)
{
    struct ads_stream *s = arg;

    /* An error: the peer is gone, and on_cancel says so. */
    (void)grpc_server_send(s->call, message);
}

static struct xds_cache *find_cache(void *arg, struct str type_url)
{
    struct ads_stream *s = arg;

    return ads_feed_cache(s->ads->feed, type_url);
}

/* "secrets/NS/NAME": a Gateway of the Gateway API may name it. */
static bool is_shared(const struct ads_stream *s, struct str name)
{
    struct str rest = name;

    (void)str_cut(&rest, '/');
    return s->is_gateway && rest.p && map_find(&s->ads->shared, rest);
}

/* Secrets are for those whom an object that is for them gives them, and never on a port without a
 * proven peer. */
static bool may_have_secret(const struct ads_stream *s, const struct xds_resource *r)
{
    const struct ads_credential_node node = { .ns = str_of(s->ns),
                                              .labels = s->labels,
                                              .label_count = s->label_count,
                                              .is_gateway = s->is_gateway };

    return s->trust != ADS_TRUST_PLAIN && s->ns &&
           (is_shared(s, r->name) ||
            ads_credential_may_have(ads_feed_credentials(s->ads->feed), &node, r->ns,
                                    str_skip(r->name, (size_t)str_rchr(r->name, '/') + 1)));
}

static bool is_visible(void *arg, const struct xds_resource *r)
{
    const struct ads_stream *s = arg;

    if (r->tag == API_KIND_SECRET)
        return may_have_secret(s, r);
    if (r->tag == API_KIND_WORKLOAD_GROUP) /* says how the workloads of its namespace are probed */
        return s->ns && str_is(r->ns, s->ns);
    return s->sees_all || ads_audience_has(r->audience, str_of(s->ns));
}

static bool was_visible(void *arg, const struct xds_resource *r)
{
    const struct ads_stream *s = arg;

    if (r->tag ==
        API_KIND_SECRET) /* whether it might is not known: of its own namespace it may be */
        return s->is_gateway && s->ns && (str_is(r->ns, s->ns) || is_shared(s, r->name));
    if (s->sees_all || str_is(r->audience_before, "*"))
        return true;
    return r->audience_before.len && ads_audience_has(r->audience_before, str_of(s->ns));
}

void ads_stream_reconsider(struct ads_stream *s, struct str name)
{
    struct arena a;

    if (!s->ns)
        return;
    arena_init(&a, 512);
    xds_server_reconsider(s->xds, STR(XDS_MSG_OBJECT_TYPE),
                          arena_printf(&a, "secrets/%s/%.*s", s->ns, STR_ARG(name)));
    xds_server_reconsider(s->xds, STR(XDS_MSG_OBJECT_TYPE),
                          arena_printf(&a, "secrets/%s/%.*s-cacert", s->ns, STR_ARG(name)));
    arena_deinit(&a);
}

void ads_stream_reconsider_secret(struct ads_stream *s, struct str pair)
{
    struct arena a;

    arena_init(&a, 512);
    if (s->ns && s->is_gateway)
        xds_server_reconsider(s->xds, STR(XDS_MSG_OBJECT_TYPE),
                              arena_printf(&a, "secrets/%.*s", STR_ARG(pair)));
    arena_deinit(&a);
}

static void add_position(void *arg, const struct xds_cache *c, struct buf *out)
{
    struct ads_stream *s = arg;

    ads_feed_add_position(s->ads->feed, c, out);
}

static int changed_since(void *arg, const struct xds_cache *c, struct str position,
                         void (*each)(void *each_arg, struct str name), void *each_arg)
{
    struct ads_stream *s = arg;

    return ads_feed_changed_since(s->ads->feed, c, position, each, each_arg);
}

static const struct xds_server_ops server_ops = {
    .send = on_send,
    .find_cache = find_cache,
    .is_visible = is_visible,
    .was_visible = was_visible,
    .on_ack = on_ack,
    .add_position = add_position,
    .changed_since = changed_since,
};

/* ---- life ---- */

struct ads_stream *ads_stream_new(struct ads *a, struct grpc_server_call *call,
                                  enum ads_trust trust, struct str identity)
{
    struct ads_stream *s = mem_alloc0(1, sizeof(*s));

    s->ads = a;
    s->call = call;
    s->trust = trust;
    s->number = ++a->stream_number;
    s->since_ms = clock_wall_ms();
    if (identity.len)
        s->identity = str_dup(identity);
    s->xds = xds_server_new(&server_ops, s, ads_feed_clock(a->feed));
    map_init(&s->refused);
    arena_init(&s->arena, 256);
    list_push(&a->streams, &s->link);
    return s;
}

void ads_stream_free(struct ads_stream *s)
{
    struct map_slot *slot;

    list_remove(&s->link);
    xds_server_free(s->xds);
    for (size_t at = 0; (slot = map_next(&s->refused, &at));)
        refusal_free(slot->value);
    map_deinit(&s->refused);
    arena_deinit(&s->arena);
    mem_free(s->identity);
    mem_free(s->id);
    mem_free(s->name);
    mem_free(s->ns);
    mem_free(s->version);
    mem_free(s->admin);
    mem_free(s);
}

/* ---- requests ---- */

/* What a node says of itself must be what its certificate says. */
static bool is_true_to(struct str identity, struct str ns, struct str sa)
{
    struct pki_spiffe id;

    return pki_spiffe_parse(identity, &id) == 0 && str_eq(id.ns, ns) &&
           (!sa.len || str_eq(id.sa, sa));
}

static void take_labels(struct ads_stream *s, const struct node *labels)
{
    if (!labels || labels->kind != NODE_MAP)
        return;
    s->labels = arena_alloc0(&s->arena, labels->count, sizeof(*s->labels));
    for (const struct node *n = labels->first; n; n = n->next)
        s->labels[s->label_count++] =
            (struct field_pair){ arena_str(&s->arena, n->key), arena_str(&s->arena, n->text) };
}

static int take_node(struct ads_stream *s, const struct xds_msg_node *node,
                     enum grpc_status *status, const char **why)
{
    struct str ns = node_get_str(node->metadata, "NAMESPACE");
    struct str sa = node_get_str(node->metadata, "SERVICE_ACCOUNT");

    if (!node->id.len) {
        *why = "the first request has no node id";
        return ERR_INVALID;
    }
    if (s->identity && !is_true_to(str_of(s->identity), ns, sa)) {
        *status = GRPC_STATUS_PERMISSION_DENIED;
        *why = "namespace or service account differ from those of the certificate";
        return ERR_DENIED;
    }
    s->id = str_dup(str_head(node->id, 512));
    s->name = str_dup(node_get_str(node->metadata, "NAME"));
    s->ns = str_dup(ns);
    s->version = str_dup(node_get_str(node->metadata, "ISTIO_VERSION"));
    s->admin = str_dup(node_get_str(node->metadata, "MESH_ADMIN"));
    s->is_gateway = str_starts(node->id, STR("router~"));
    s->sees_all = str_starts(node->id, STR("ztunnel~")) || str_starts(node->id, STR("waypoint~"));
    take_labels(s, node_getz(node->metadata, "LABELS"));
    log_info("%s connected", s->id);
    return 0;
}

static int take_workload(struct ads_stream *s, const struct xds_msg_request *q,
                         enum grpc_status *status, const char **why)
{
    int err;

    if (s->trust == ADS_TRUST_PLAIN) { /* loopback is no identity */
        *status = GRPC_STATUS_PERMISSION_DENIED;
        *why = "workloads register over the Unix socket or TLS";
        return ERR_DENIED;
    }
    if (q->unsubscribe_count) {
        workload_leave(s->ads->workload, s);
        return 0;
    }
    *why = "a workload without a description";
    if (!q->node)
        return ERR_INVALID;
    err = workload_register(s->ads->workload, s, str_of(s->identity), q->node, why);
    if (err == ERR_DENIED)
        *status = GRPC_STATUS_PERMISSION_DENIED;
    return err;
}

int ads_stream_receive(struct ads_stream *s, const struct xds_msg_request *q,
                       enum grpc_status *status, const char **why)
{
    int err = 0;

    if (str_is(q->type_url, XDS_MSG_HEALTH_TYPE)) { /* may come before the node is known */
        workload_set_health(s->ads->workload, s,
                            !q->error               ? STR_NONE
                            : q->error->message.len ? q->error->message
                                                    : STR("unhealthy"));
        return 0;
    }
    *why = "the first request has no node";
    if (!s->id)
        err = q->node ? take_node(s, q->node, status, why) : ERR_INVALID;
    if (err)
        return err;
    if (str_is(q->type_url, XDS_MSG_WORKLOAD_TYPE))
        return take_workload(s, q, status, why);
    *why = "a request without a type";
    if (!q->type_url.len)
        return ERR_INVALID;
    err = xds_server_receive(s->xds, q, why);
    if (!err) {
        *why = "too far behind; come again";
        *status = GRPC_STATUS_ABORTED;
        err = xds_server_pump(s->xds);
    } else {
        *status = GRPC_STATUS_RESOURCE_EXHAUSTED;
    }
    return err;
}

/* ---- telling ---- */

static struct str refusal_text(const struct ads_refusal *r, const char *node, struct arena *mem)
{
    if (node)
        return arena_printf(mem, "%s: %s: %s", node, r->name, r->reason);
    return arena_printf(mem, "%s: %s", r->name, r->reason);
}

bool ads_stream_describe(const struct ads_stream *s, uint64_t newest, struct arena *mem,
                         struct ads_client *out)
{
    struct stream *transport = grpc_server_transport(s->call);
    char address[ADDR_TEXT_MAX] = "";
    struct str *list = arena_alloc0(mem, s->refused.count + 1, sizeof(*list));
    struct map_slot *slot;

    if (!s->id)
        return false;
    if (transport && stream_peer(transport)->family != ADDR_NONE)
        (void)addr_format(stream_peer(transport), address);
    *out = (struct ads_client){ .id = str_of(s->id),
                                .name = str_of(s->name),
                                .ns = str_of(s->ns),
                                .identity = str_of(s->identity),
                                .version = str_of(s->version),
                                .admin = str_of(s->admin),
                                .address = arena_str(mem, str_of(address)),
                                .since_ms = s->since_ms,
                                .acked = xds_server_acked(s->xds),
                                .refused = list };
    out->is_synced = out->acked >= newest;
    for (size_t at = 0; (slot = map_next(&s->refused, &at));)
        list[out->refused_count++] = refusal_text(slot->value, NULL, mem);
    return true;
}

void ads_stream_errors(const struct ads_stream *s, struct arena *mem, struct str **list,
                       size_t *count, size_t *cap)
{
    struct map_slot *slot;

    for (size_t at = 0; (slot = map_next(&s->refused, &at));) {
        if (*count == *cap) {
            size_t more = *cap ? 2 * *cap : 8;

            *list = arena_grow(mem, *list, *count, more, sizeof(**list));
            *cap = more;
        }
        (*list)[(*count)++] = refusal_text(slot->value, s->id, mem);
    }
}
