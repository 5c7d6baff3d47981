/* Join tokens in a real store. */
#include "modes/control/token.h"

#include <stdlib.h>

#include "core/base/error.h"
#include "core/loop/worker.h"
#include "core/xds/xds_token.h"
#include "tests/tap.h"

struct rig {
    struct worker w;
    char dir[64];
    struct store *store;
    char text[512], id[32];
    int code;
    size_t seen;
    bool done;
};

static bool is_done(void *arg)
{
    return ((struct rig *)arg)->done;
}

static void wait_done(struct rig *r)
{
    EQ_INT(worker_run_until(&r->w, is_done, r, 30000), 0);
    r->done = false;
}

static void on_created(void *arg, int code, struct str text, struct str id)
{
    struct rig *r = arg;

    EQ_INT(code, 0);
    str_copy(text, r->text, sizeof(r->text));
    str_copy(id, r->id, sizeof(r->id));
    r->done = true;
}

static void on_code(void *arg, int code)
{
    struct rig *r = arg;

    r->code = code;
    r->done = true;
}

static void on_closed(void *arg)
{
    ((struct rig *)arg)->done = true;
}

static bool init(struct rig *r, uint32_t uses, int64_t ttl_s)
{
    static const uint8_t root[32] = { 1, 2, 3 };
    struct store_options options = { 0 };
    struct token_want want = {
        .ns = STR("a"), .ttl_s = ttl_s, .uses = uses, .root_spki_sha256 = root
    };
    char why[256];

    memset(r, 0, sizeof(*r));
    snprintf(r->dir, sizeof(r->dir), "/tmp/token-test-XXXXXX");
    if (!OK(mkdtemp(r->dir) != NULL) || !OK(worker_init(&r->w, 0, 1) == 0) ||
        !EQ_INT(store_open(&r->store, &r->w.loop, r->dir, &options, why, sizeof(why)), 0))
        return false;
    token_create(r->store, &want, on_created, r);
    wait_done(r);
    return true;
}

static void deinit(struct rig *r)
{
    char command[96];

    store_close(r->store, on_closed, r);
    wait_done(r);
    worker_deinit(&r->w);
    snprintf(command, sizeof(command), "rm -rf %s", r->dir);
    EQ_INT(system(command), 0);
}

static int check(struct rig *r, const char *text, int64_t now_ms)
{
    struct token_info info;
    struct arena a;
    const char *why;
    int err;

    arena_init(&a, 0);
    err = token_check(r->store, str_of(text), now_ms, &a, &info, &why);
    if (!err) {
        OK(str_is(info.ns, "a"));
        OK(str_is(info.sa, "default"));
        OK(str_is(info.id, r->id));
    }
    arena_deinit(&a);
    return err;
}

static int use(struct rig *r)
{
    token_use(r->store, str_of(r->id), on_code, r);
    wait_done(r);
    return r->code;
}

static void is_good_for_its_uses(void)
{
    struct rig r;

    if (!init(&r, 2, 0))
        return;
    EQ_INT(check(&r, r.text, clock_wall_ms()), 0);
    EQ_INT(use(&r), 0);
    EQ_INT(check(&r, r.text, clock_wall_ms()), 0);
    EQ_INT(use(&r), 0);
    EQ_INT(check(&r, r.text, clock_wall_ms()), ERR_DENIED);
    EQ_INT(use(&r), ERR_DENIED);
    deinit(&r);
}

static void the_faster_one_wins(void)
{
    struct rig r, other;

    if (!init(&r, 1, 0))
        return;
    memset(&other, 0, sizeof(other));
    token_use(r.store, str_of(r.id), on_code, &other);
    token_use(r.store, str_of(r.id), on_code, &r);
    wait_done(&r);
    EQ_INT(other.code, 0);
    EQ_INT(r.code, ERR_DENIED);
    deinit(&r);
}

static void ends_with_its_time(void)
{
    struct rig r;

    if (!init(&r, 1, 60))
        return;
    EQ_INT(check(&r, r.text, clock_wall_ms() + 59000), 0);
    EQ_INT(check(&r, r.text, clock_wall_ms() + 61000), ERR_DENIED);
    deinit(&r);
}

static void another_secret_is_refused(void)
{
    struct rig r;
    struct xds_token t;
    char *secret;

    if (!init(&r, 1, 0))
        return;
    if (EQ_INT(xds_token_parse(str_of(r.text), &t), 0)) {
        secret = r.text + (t.secret.p - r.text);
        *secret = *secret == 'A' ? 'B' : 'A';
        EQ_INT(check(&r, r.text, clock_wall_ms()), ERR_DENIED);
    }
    EQ_INT(check(&r, "", clock_wall_ms()), ERR_DENIED);
    deinit(&r);
}

static void see(void *arg, const struct token_info *info)
{
    struct rig *r = arg;

    r->seen++;
    EQ_INT(info->uses_left, 1);
}

static void the_secret_is_not_stored(void)
{
    struct rig r;
    struct xds_token t;
    const struct store_object *o;

    if (!init(&r, 1, 0))
        return;
    o = store_find(r.store, TOKEN_STORE_KIND, STR(""), str_of(r.id));
    if (OK(o != NULL) && EQ_INT(xds_token_parse(str_of(r.text), &t), 0))
        OK(str_find(o->body, t.secret) < 0);
    token_each(r.store, see, &r);
    EQ_INT(r.seen, 1);
    token_revoke(r.store, str_of(r.id), on_code, &r);
    wait_done(&r);
    EQ_INT(r.code, 0);
    EQ_INT(check(&r, r.text, clock_wall_ms()), ERR_DENIED);
    deinit(&r);
}

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct tap_case cases[] = {
    CASE(is_good_for_its_uses),      CASE(the_faster_one_wins),      CASE(ends_with_its_time),
    CASE(another_secret_is_refused), CASE(the_secret_is_not_stored),
};

TAP_MAIN(cases)
