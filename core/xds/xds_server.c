#include "core/xds/xds_server.h"

#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/text/proto.h"

/* What a client subscribed to of one type. */
struct sub {
    char *url;
    struct xds_cache *cache; /* NULL: type not served */
    bool wildcard;
    bool tokens;      /* the client knows mesh.resume/1 */
    bool rebasing;    /* it was told that its token is unknown; names and versions come next */
    bool must_answer; /* a subscription is answered even when there is nothing */
    bool waiting;     /* a response is out */
    bool refused;     /* the last response was */
    uint64_t cursor;  /* of changes sent */
    uint64_t fresh;   /* removals up to here are no news: the client never had those */
    uint64_t acked, answered;
    uint64_t nonce;
    struct map names; /* subscribed by name; keys are owned */
    struct map held;  /* name -> version told by the client; owned; until the tip is reached */
    struct map owed;  /* names to be answered whether they changed or not; owned */
};

struct xds_server {
    const struct xds_server_ops *ops;
    void *arg;
    const struct xds_clock *clock;
    struct sub *subs[XDS_SERVER_TYPES_MAX];
    size_t count;
    uint64_t nonces;
};

/* ---- sets of owned names ---- */

static void set_clear(struct map *m, bool values)
{
    struct map_slot *slot;

    for (size_t at = 0; (slot = map_next(m, &at));) {
        if (values)
            mem_free(slot->value);
        mem_free((void *)(uintptr_t)slot->key.p); /* made by str_dup */
    }
    map_clear(m);
}

static void set_add(struct map *m, struct str name, char *value)
{
    char *key;

    if (map_find(m, name)) {
        mem_free(value);
        return;
    }
    key = str_dup(name);
    map_put(m, str_make(key, name.len), value);
}

static void set_remove(struct map *m, struct str name)
{
    struct map_slot *slot = map_find(m, name);
    char *key;

    if (!slot)
        return;
    key = (char *)(uintptr_t)slot->key.p; /* made by str_dup */
    map_remove(m, name);
    mem_free(key);
}

/* ---- life ---- */

struct xds_server *xds_server_new(const struct xds_server_ops *ops, void *arg,
                                  const struct xds_clock *clock)
{
    struct xds_server *s = mem_alloc0(1, sizeof(*s));

    s->ops = ops;
    s->arg = arg;
    s->clock = clock;
    return s;
}

static void sub_free(struct sub *sub)
{
    set_clear(&sub->names, false);
    set_clear(&sub->owed, false);
    set_clear(&sub->held, true);
    map_deinit(&sub->names);
    map_deinit(&sub->owed);
    map_deinit(&sub->held);
    mem_free(sub->url);
    mem_free(sub);
}

void xds_server_free(struct xds_server *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        sub_free(s->subs[i]);
    mem_free(s);
}

static struct sub *find_sub(const struct xds_server *s, struct str url)
{
    for (size_t i = 0; i < s->count; i++)
        if (str_is(url, s->subs[i]->url))
            return s->subs[i];
    return NULL;
}

static struct sub *add_sub(struct xds_server *s, struct str url)
{
    struct sub *sub = mem_alloc0(1, sizeof(*sub));

    sub->url = str_dup(url);
    sub->cache = s->ops->find_cache(s->arg, url);
    map_init(&sub->names);
    map_init(&sub->held);
    map_init(&sub->owed);
    s->subs[s->count++] = sub;
    return sub;
}

static bool is_visible(const struct xds_server *s, const struct xds_resource *r)
{
    return !s->ops->is_visible || s->ops->is_visible(s->arg, r);
}

static bool was_visible(const struct xds_server *s, const struct xds_resource *r)
{
    return s->ops->was_visible ? s->ops->was_visible(s->arg, r) : r->gone;
}

/* ---- requests ---- */

static void owe(void *arg, struct str name)
{
    struct sub *sub = arg;
    struct map_slot *slot = map_find(&sub->owed, name);

    if (slot)
        slot->value = NULL;
    else if (sub->owed.count < XDS_SERVER_NAMES_MAX)
        set_add(&sub->owed, name, NULL);
}

/* EPOCH '.' MOD ['.' POSITION]; see format_token. */
static bool resume(struct xds_server *s, struct sub *sub, struct str token)
{
    struct str rest = token, epoch = str_cut(&rest, '.'), mod_text = str_cut(&rest, '.');
    char mine[24];
    uint64_t mod;

    if (!sub->cache)
        return true;
    snprintf(mine, sizeof(mine), "%016llx", (unsigned long long)s->clock->epoch);
    if (str_is(epoch, mine) && str_to_u64(mod_text, s->clock->mod, &mod) == 0 &&
        mod >= sub->cache->forgotten) {
        sub->cursor = mod;
        return true;
    }
    if (!s->ops->changed_since || rest.len == 0 ||
        s->ops->changed_since(s->arg, sub->cache, rest, owe, sub) != 0) {
        set_clear(&sub->owed, false);
        return false;
    }
    sub->cursor = s->clock->mod;
    return true;
}

/* Names and versions the client holds: what is gone is owed, what is equal is spared. */
static int take_held(struct xds_server *s, struct sub *sub, const struct xds_msg_request *q)
{
    if (q->initial_count > XDS_SERVER_NAMES_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; sub->cache && i < q->initial_count; i++) {
        struct str name = q->initial[i].key;
        const struct xds_resource *r = xds_cache_find(sub->cache, name);

        if (str_is(name, XDS_MSG_RESUME))
            continue;
        if (r && is_visible(s, r))
            set_add(&sub->held, name, str_dup(q->initial[i].value));
        else
            owe(sub, name);
    }
    sub->cursor = 0;
    sub->fresh = s->clock->mod;
    return 0;
}

static int start_position(struct xds_server *s, struct sub *sub, const struct xds_msg_request *q)
{
    struct str token = STR_NONE;

    sub->fresh = s->clock->mod;
    for (size_t i = 0; i < q->initial_count; i++) {
        if (!str_is(q->initial[i].key, XDS_MSG_RESUME))
            continue;
        sub->tokens = true;
        token = q->initial[i].value;
    }
    if (q->initial_count > (sub->tokens ? 1U : 0U))
        return take_held(s, sub, q);
    if (token.len == 0)
        return 0;
    if (resume(s, sub, token))
        sub->fresh = 0;
    else
        sub->rebasing = true;
    return 0;
}

static int subscribe(struct xds_server *s, struct sub *sub, const struct xds_msg_request *q,
                     bool first)
{
    bool had_wildcard = sub->wildcard;

    if (first && q->subscribe_count == 0)
        sub->wildcard = true;
    for (size_t i = 0; i < q->subscribe_count; i++) {
        if (str_is(q->subscribe[i], "*")) {
            sub->wildcard = true;
            continue;
        }
        if (sub->names.count >= XDS_SERVER_NAMES_MAX)
            return ERR_LIMIT;
        set_add(&sub->names, q->subscribe[i], NULL);
        owe(sub, q->subscribe[i]);
    }
    for (size_t i = 0; i < q->unsubscribe_count; i++) {
        if (str_is(q->unsubscribe[i], "*")) {
            sub->wildcard = false;
            continue;
        }
        set_remove(&sub->names, q->unsubscribe[i]);
        set_remove(&sub->owed, q->unsubscribe[i]);
    }
    if (sub->wildcard && !had_wildcard && !first) { /* from names to everything */
        sub->cursor = 0;
        sub->fresh = s->clock->mod;
    }
    if (!sub->wildcard && (first || had_wildcard))
        sub->cursor = s->clock->mod;
    sub->must_answer |= first || q->subscribe_count > 0;
    return 0;
}

static void take_ack(struct xds_server *s, struct sub *sub, const struct xds_msg_request *q)
{
    uint64_t nonce;

    if (!sub->waiting || str_to_u64(q->nonce, UINT64_MAX, &nonce) != 0 || nonce != sub->nonce)
        return; /* of a response that is no longer the last one */
    sub->waiting = false;
    sub->answered = sub->cursor;
    sub->refused = q->error != NULL;
    if (!sub->refused)
        sub->acked = sub->cursor;
    if (s->ops->on_ack)
        s->ops->on_ack(s->arg, str_of(sub->url), sub->cursor,
                       q->error ? (q->error->message.len ? q->error->message : STR("refused"))
                                : STR_NONE);
}

int xds_server_receive(struct xds_server *s, const struct xds_msg_request *q, const char **why)
{
    struct sub *sub = find_sub(s, q->type_url);
    bool first = !sub;
    int err = 0;

    if (first) {
        if (s->count == XDS_SERVER_TYPES_MAX) {
            *why = "too many types on one stream";
            return ERR_LIMIT;
        }
        sub = add_sub(s, q->type_url);
        err = start_position(s, sub, q);
    } else {
        if (q->nonce.len)
            take_ack(s, sub, q);
        if (sub->rebasing && !sub->waiting) {
            sub->rebasing = false;
            sub->must_answer = true;
            err = take_held(s, sub, q);
        }
    }
    if (!err)
        err = subscribe(s, sub, q, first);
    if (err)
        *why = "too many names in one type";
    return err;
}

/* ---- responses ---- */

/* A response being put together. */
struct draft {
    struct arena arena;
    struct xds_msg_resource *resources;
    struct str *removed;
    size_t count, cap, removed_count, removed_cap, bytes;
};

static void add_removed(struct draft *d, struct str name)
{
    if (d->removed_count == d->removed_cap) {
        size_t cap = d->removed_cap ? 2 * d->removed_cap : 16;

        d->removed = arena_grow(&d->arena, d->removed, d->removed_count, cap, sizeof(*d->removed));
        d->removed_cap = cap;
    }
    d->removed[d->removed_count++] = arena_str(&d->arena, name);
    d->bytes += name.len + 4;
}

static struct xds_msg_resource *add_resource(struct draft *d, struct str name, struct str version)
{
    struct xds_msg_resource *out;

    if (d->count == d->cap) {
        size_t cap = d->cap ? 2 * d->cap : 16;

        d->resources = arena_grow(&d->arena, d->resources, d->count, cap, sizeof(*d->resources));
        d->cap = cap;
    }
    out = &d->resources[d->count++];
    *out = (struct xds_msg_resource){ .name = name, .version = version };
    d->bytes += name.len + 64;
    return out;
}

static void add_cached(struct draft *d, const struct xds_cache *c, const struct xds_resource *r)
{
    struct xds_msg_resource *out = add_resource(d, r->name, str_of(r->version));

    out->resource = arena_alloc0(&d->arena, 1, sizeof(*out->resource));
    out->resource->type_url = str_of(c->any_url);
    out->resource->value = r->value;
    d->bytes += r->value.len;
}

static bool is_wanted(const struct sub *sub, struct str name)
{
    return sub->wildcard || map_find(&sub->names, name);
}

static void draft_live(struct sub *sub, struct draft *d, const struct xds_resource *r)
{
    const char *version = map_get(&sub->held, r->name);

    if (!version || strcmp(version, r->version) != 0)
        add_cached(d, sub->cache, r);
}

/* Answers owed names; whether all of them fitted. Those answered carry a value until the set is
 * emptied as a whole. */
static bool draft_owed(struct xds_server *s, struct sub *sub, struct draft *d)
{
    struct map_slot *slot;

    for (size_t at = 0; (slot = map_next(&sub->owed, &at));) {
        const struct xds_resource *r;

        if (slot->value)
            continue;
        if (d->bytes >= XDS_SERVER_RESPONSE_BYTES)
            return false;
        r = xds_cache_find(sub->cache, slot->key);
        if (r && is_visible(s, r))
            draft_live(sub, d, r);
        else
            add_removed(d, slot->key);
        slot->value = sub;
    }
    set_clear(&sub->owed, false);
    return true;
}

static void draft_one(struct xds_server *s, struct sub *sub, struct draft *d,
                      const struct xds_resource *r)
{
    if (!is_wanted(sub, r->name))
        return;
    if (!r->gone && is_visible(s, r))
        draft_live(sub, d, r);
    else if (r->mod > sub->fresh && was_visible(s, r))
        add_removed(d, r->name);
}

/* Takes changes after the cursor; whether the newest one was reached. */
static bool draft_changes(struct xds_server *s, struct sub *sub, struct draft *d)
{
    const struct xds_resource *r = xds_cache_after(sub->cache, sub->cursor);

    for (; r; r = xds_cache_next(sub->cache, r)) {
        if (d->bytes >= XDS_SERVER_RESPONSE_BYTES)
            return false;
        draft_one(s, sub, d, r);
        sub->cursor = r->mod;
    }
    sub->cursor = s->clock->mod;
    set_clear(&sub->held, true);
    return true;
}

static void add_token(struct xds_server *s, struct sub *sub, struct draft *d)
{
    struct buf text;

    buf_init(&text, 4096);
    buf_printf(&text, "%016llx.%llu", (unsigned long long)s->clock->epoch,
               (unsigned long long)sub->cursor);
    if (s->ops->add_position) {
        buf_add_char(&text, '.');
        s->ops->add_position(s->arg, sub->cache, &text);
    }
    add_resource(d, STR(XDS_MSG_RESUME), arena_str(&d->arena, buf_str(&text)));
    buf_deinit(&text);
}

static void send_draft(struct xds_server *s, struct sub *sub, struct draft *d)
{
    char nonce[24];
    struct xds_msg_response m = {
        .resources = d->resources,
        .resources_count = d->count,
        .type_url = str_of(sub->url),
        .removed = d->removed,
        .removed_count = d->removed_count,
    };
    struct buf out;

    sub->nonce = ++s->nonces;
    snprintf(nonce, sizeof(nonce), "%llu", (unsigned long long)sub->nonce);
    m.nonce = str_of(nonce);
    buf_init(&out, 0);
    if (proto_encode(&xds_msg_response_message, &m, &out) == 0) {
        sub->waiting = true;
        sub->must_answer = false;
        s->ops->send(s->arg, buf_str(&out));
    }
    buf_deinit(&out);
}

static int pump(struct xds_server *s, struct sub *sub)
{
    struct draft d = { 0 };
    bool tip = true;

    if (sub->waiting)
        return 0;
    if (sub->cache && sub->cache->forgotten > sub->cursor && sub->cache->forgotten > sub->fresh)
        return ERR_AGAIN;
    arena_init(&d.arena, 4096);
    if (sub->rebasing)
        add_removed(&d, STR(XDS_MSG_RESUME));
    else if (sub->cache)
        tip = draft_owed(s, sub, &d) && draft_changes(s, sub, &d);
    if (d.count || d.removed_count || sub->must_answer) {
        if (tip && sub->tokens && !sub->rebasing && sub->cache)
            add_token(s, sub, &d);
        send_draft(s, sub, &d);
    } else {
        sub->answered = sub->cursor; /* nothing of it concerned this client */
        if (!sub->refused)
            sub->acked = sub->cursor;
    }
    arena_deinit(&d.arena);
    return 0;
}

void xds_server_reconsider(struct xds_server *s, struct str type_url, struct str name)
{
    for (size_t i = 0; i < s->count; i++) {
        struct sub *sub = s->subs[i];

        if (sub->cache && str_is(type_url, sub->url) && is_wanted(sub, name))
            owe(sub, name);
    }
}

int xds_server_pump(struct xds_server *s)
{
    int err = 0;

    for (size_t i = 0; i < s->count && !err; i++)
        err = pump(s, s->subs[i]);
    return err;
}

bool xds_server_is_used(const struct xds_server *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->subs[i]->cache)
            return true;
    return false;
}

/* A type that is not served holds nobody up. */
static uint64_t lowest(const struct xds_server *s, bool answered)
{
    uint64_t low = UINT64_MAX;

    for (size_t i = 0; i < s->count; i++) {
        uint64_t at = answered ? s->subs[i]->answered : s->subs[i]->acked;

        if (s->subs[i]->cache && at < low)
            low = at;
    }
    return low == UINT64_MAX ? 0 : low;
}

uint64_t xds_server_acked(const struct xds_server *s)
{
    return lowest(s, false);
}

uint64_t xds_server_answered(const struct xds_server *s)
{
    return lowest(s, true);
}
