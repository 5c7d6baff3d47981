#include "tests/unit/support/core_rig.h"

#include <stdio.h>

#include "core/base/mem.h"
#include "store/store_object.h"

void core_rig_init(struct core_rig *r, uint32_t origin, bool is_live)
{
    struct store_core_options options = {
        .is_live = is_live,
        .origin = origin,
        .tombstone_ms = 600000,
        .pending_max = 64,
    };

    *r = (struct core_rig){ .now_ms = 1700000000000 };
    random_init(&r->rng, origin);
    store_core_init(&r->core, &options);
}

void core_rig_deinit(struct core_rig *r)
{
    store_core_deinit(&r->core);
}

static void take_reply(struct core_rig *r, struct store_txn *t)
{
    r->replies++;
    r->code = t->code;
    snprintf(r->text, sizeof(r->text), "%s", t->text);
    r->result_count = t->results ? t->op_count : 0;
    for (size_t i = 0; i < r->result_count && i < COUNT_OF(r->results); i++)
        r->results[i] = t->results[i];
    store_txn_free(t);
}

static void feed(struct core_rig *r, const struct store_event *event)
{
    struct store_actions actions = { 0 };

    store_core_step(&r->core, event, r->now_ms, &r->rng, &actions);
    for (size_t i = 0; i < actions.count; i++) {
        const struct store_action *a = &actions.list[i];

        if (a->type == STORE_ACTION_PERSIST) {
            r->persists++;
            r->waiting = a->batch;
        } else if (a->type == STORE_ACTION_CHANGED) {
            r->changed += a->batch->row_count;
        } else {
            take_reply(r, a->txn);
        }
    }
    store_core_actions_deinit(&actions);
}

void core_rig_commit(struct core_rig *r, int code, bool is_broken)
{
    struct store_event e = { .type = STORE_EVENT_COMMITTED, .code = code, .is_broken = is_broken };

    r->waiting = NULL;
    feed(r, &e);
}

static void settle(struct core_rig *r)
{
    while (r->waiting && !r->is_manual) {
        bool is_broken = false;
        int code = r->persist ? r->persist(r->arg, r->waiting, &is_broken) : 0;

        core_rig_commit(r, code, is_broken);
    }
}

void core_rig_event(struct core_rig *r, enum store_event_type type)
{
    struct store_event e = { .type = type };

    feed(r, &e);
    settle(r);
}

int core_rig_write(struct core_rig *r, struct store_txn *t)
{
    struct store_event e = { .type = STORE_EVENT_WRITE, .txn = t };

    feed(r, &e);
    settle(r);
    return r->code;
}

int core_rig_put_at(struct core_rig *r, const char *name, const char *body, const char *version)
{
    struct store_txn *t = store_txn_new();
    struct store_expect expect = { .version = str_of(version) };
    uint16_t kind = r->core.options.is_live ? 1 | STORE_KIND_LIVE : 1;

    store_txn_put(t, kind, STR("ns"), str_of(name), str_of(body), false, &expect);
    return core_rig_write(r, t);
}

int core_rig_put(struct core_rig *r, const char *name, const char *body)
{
    return core_rig_put_at(r, name, body, NULL);
}

int core_rig_delete(struct core_rig *r, const char *name)
{
    struct store_txn *t = store_txn_new();
    uint16_t kind = r->core.options.is_live ? 1 | STORE_KIND_LIVE : 1;

    store_txn_delete(t, kind, STR("ns"), str_of(name), NULL);
    return core_rig_write(r, t);
}

const struct store_object *core_rig_get_kind(struct core_rig *r, uint16_t kind, const char *name)
{
    char key[STORE_KEY_MAX_BYTES];

    return store_index_find(&r->core.index,
                            str_make(key, store_object_key(kind, STR("ns"), str_of(name), key)));
}

const struct store_object *core_rig_get(struct core_rig *r, const char *name)
{
    return core_rig_get_kind(r, r->core.options.is_live ? 1 | STORE_KIND_LIVE : 1, name);
}
