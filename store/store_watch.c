#include "store/store_watch.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "store/store_state.h"

#define SCAN_MAX 16384 /* rows or changes looked at in one call */

struct store_watch {
    struct list link;        /* in its side's watches */
    struct list ready_link;  /* while ready is about to be called */
    struct store_side *side; /* NULL: the store is gone */
    uint16_t kind;
    char *ns;            /* empty: all */
    uint64_t mod;        /* of the next change to look at */
    struct vv since;     /* changes covered by it are known to the reader */
    bool is_catching_up; /* the log does not reach back: objects are walked first */
    struct buf walked;   /* key of the last one */
    bool is_waiting;     /* for a call of ready */
    bool is_fresh;       /* which has not happened yet */
    bool is_expired;
    struct store_change change; /* while catching up */
    void (*ready)(void *arg);
    void *arg;
};

/* ---- where to begin ---- */

/* True when the vector of a lone origin and a dot of it say the same. */
static bool is_dot_a_position(const struct store_side *side, struct dot d)
{
    return side->core.vv.count == 1 && side->core.vv.list[0].origin == d.origin;
}

static int begin_at_vector(struct store_watch *w)
{
    const struct store_side *side = w->side;

    if (!vv_covers(&side->core.vv, &w->since))
        return side->core.is_alone ? ERR_LIMIT : ERR_AGAIN; /* of another life; or we are behind */
    if (vv_covers(&w->since, &side->log.base)) {
        w->mod = store_log_first(&side->log);
        return 0;
    }
    if (!vv_covers(&w->since, &side->core.purged_vv))
        return ERR_LIMIT; /* something deleted since is forgotten already */
    w->is_catching_up = true;
    w->mod = side->log.next_mod;
    return 0;
}

/* An object's version: its dot, or two of them; the later one in the log counts. */
static int begin_at_object(struct store_watch *w, struct str version)
{
    struct str rest = version, part = str_cut(&rest, '.');
    struct dot newest = { 0 };

    for (; part.p; part = rest.p ? str_cut(&rest, '.') : STR_NONE) {
        uint64_t mod;
        struct dot d;

        if (dot_parse(part, &d) != 0)
            return ERR_INVALID;
        mod = store_log_after_dot(&w->side->log, d);
        if (mod > w->mod)
            w->mod = mod;
        if (newest.seq < d.seq)
            newest = d;
    }
    if (w->mod > 0)
        return 0;
    if (!is_dot_a_position(w->side, newest))
        return ERR_LIMIT;
    vv_raise(&w->since, newest);
    return begin_at_vector(w);
}

static int begin(struct store_watch *w, struct str from)
{
    if (from.len == 0) {
        w->mod = w->side->log.next_mod;
        return 0;
    }
    if (from.p[0] != 'x')
        return begin_at_object(w, from);
    if (vv_parse(&w->since, from) != 0)
        return ERR_INVALID;
    return begin_at_vector(w);
}

int store_watch_start(struct store *s, const struct store_watch_query *query,
                      void (*ready)(void *arg), void *arg, struct store_watch **out)
{
    struct store_watch *w = mem_alloc0(1, sizeof(*w));
    int rc;

    ASSERT(query->class < STORE_CLASS_COUNT);
    w->side = &s->sides[query->class];
    w->kind = query->kind & (uint16_t)~STORE_KIND_STATUS;
    w->ns = str_dup(query->ns);
    w->ready = ready;
    w->arg = arg;
    w->is_waiting = w->is_fresh = true;
    vv_init(&w->since);
    buf_init(&w->walked, STORE_KEY_MAX_BYTES);
    list_push(&w->side->watches, &w->link);
    rc = begin(w, query->from);
    if (rc != 0) {
        store_watch_stop(w);
        return rc;
    }
    uv_async_send(&s->async);
    *out = w;
    return 0;
}

void store_watch_stop(struct store_watch *w)
{
    if (!w)
        return;
    list_remove(&w->link);
    list_remove(&w->ready_link);
    vv_deinit(&w->since);
    buf_deinit(&w->walked);
    mem_free(w->ns);
    mem_free(w);
}

/* ---- reading ---- */

static bool is_wanted(const struct store_watch *w, const struct store_object *o)
{
    if (w->kind != 0 && (o->kind & ~STORE_KIND_STATUS) != w->kind)
        return false;
    if (w->ns[0] != '\0' && !str_is(o->ns, w->ns))
        return false;
    return !vv_covers_dot(&w->since, o->dot);
}

static int pause_watch(struct store_watch *w, bool is_more)
{
    w->is_waiting = true;
    if (is_more)
        uv_async_send(&w->side->store->async);
    return ERR_AGAIN;
}

/* Walks the objects in key order; each that changed since is told once, as it is now. What changes
 * meanwhile comes again from the log, which is read from where it stood at the start. */
static int next_object(struct store_watch *w, const struct store_change **out)
{
    for (size_t i = 0; i < SCAN_MAX; i++) {
        const struct store_object *o = store_index_after(&w->side->core.index, buf_str(&w->walked));

        if (!o) {
            w->is_catching_up = false;
            return 0;
        }
        buf_clear(&w->walked);
        buf_add_str(&w->walked, o->key);
        if (!is_wanted(w, o))
            continue;
        w->change = (struct store_change){
            .type = o->dead ? STORE_DELETED : STORE_MODIFIED,
            .object = o,
        };
        *out = &w->change;
        return 0;
    }
    return pause_watch(w, true);
}

int store_watch_next(struct store_watch *w, const struct store_change **out)
{
    const struct store_log *log;

    *out = NULL;
    if (!w->side)
        return ERR_CLOSED;
    log = &w->side->log;
    if (w->is_expired || w->mod < store_log_first(log)) {
        w->is_expired = true;
        return ERR_LIMIT;
    }
    if (w->is_catching_up) {
        int rc = next_object(w, out);

        if (rc != 0 || *out)
            return rc;
    }
    for (size_t i = 0; i < SCAN_MAX && w->mod < log->next_mod; i++) {
        const struct store_change *c = store_log_get(log, w->mod++);

        if (is_wanted(w, c->object)) {
            *out = c;
            return 0;
        }
    }
    return pause_watch(w, w->mod < log->next_mod);
}

/* ---- waking ---- */

static bool has_news(const struct store_watch *w)
{
    return w->is_waiting && (w->is_fresh || w->is_catching_up || w->mod < w->side->log.next_mod);
}

void store_watch_wake(struct store_side *side)
{
    struct list ready;

    list_init(&ready);
    LIST_FOREACH(it, next, &side->watches)
    {
        struct store_watch *w = LIST_ITEM(it, struct store_watch, link);

        if (!has_news(w))
            continue;
        w->is_waiting = w->is_fresh = false;
        list_push(&ready, &w->ready_link);
    }
    for (struct list *it = list_pop(&ready); it; it = list_pop(&ready)) {
        struct store_watch *w = LIST_ITEM(it, struct store_watch, ready_link);

        w->ready(w->arg); /* may stop any watch, this one too */
    }
}

void store_watch_detach(struct store_side *side)
{
    for (struct list *it = list_pop(&side->watches); it; it = list_pop(&side->watches)) {
        struct store_watch *w = LIST_ITEM(it, struct store_watch, link);

        list_remove(&w->ready_link);
        w->side = NULL;
    }
}
