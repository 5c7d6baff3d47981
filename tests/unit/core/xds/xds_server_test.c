/* The server's state machine by requests and responses, without a stream. */
#include "core/xds/xds_server.h"

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/text/proto.h"
#include "tests/tap.h"

#define TYPE "test/Thing"

struct rig {
    struct xds_clock clock;
    struct xds_cache cache;
    struct xds_server *server;
    struct arena arena;
    struct xds_msg_response last;
    size_t sent, acks, refusals;
    bool hide_b;
    struct str changed; /* what changed_since reports */
};

static void on_send(void *arg, struct str message)
{
    struct rig *r = arg;

    r->sent++;
    message = arena_str(&r->arena, message);
    EQ_INT(proto_decode(&xds_msg_response_message, message.p, message.len, &r->arena, 0, &r->last),
           0);
}

static struct xds_cache *find_cache(void *arg, struct str url)
{
    struct rig *r = arg;

    return str_is(url, TYPE) ? &r->cache : NULL;
}

static bool is_visible(void *arg, const struct xds_resource *res)
{
    struct rig *r = arg;

    return !res->audience.len && !(r->hide_b && str_is(res->name, "b"));
}

static void on_ack(void *arg, struct str url, uint64_t mod, struct str why)
{
    struct rig *r = arg;

    (void)url;
    (void)mod;
    if (why.len)
        r->refusals++;
    else
        r->acks++;
}

static void add_position(void *arg, const struct xds_cache *c, struct buf *out)
{
    (void)arg;
    (void)c;
    buf_add_str(out, STR("xpos"));
}

static int changed_since(void *arg, const struct xds_cache *c, struct str position,
                         void (*each)(void *each_arg, struct str name), void *each_arg)
{
    struct rig *r = arg;

    (void)c;
    if (!r->changed.p || !str_is(position, "xpos"))
        return ERR_LIMIT;
    each(each_arg, r->changed);
    return 0;
}

/* Audiences here: empty, or "none". */
static bool was_visible(void *arg, const struct xds_resource *res)
{
    (void)arg;
    return str_is(res->audience_before, "*");
}

static const struct xds_server_ops ops = { on_send, find_cache,   is_visible,   was_visible,
                                           on_ack,  add_position, changed_since };

static void put(struct rig *r, const char *name, const char *value)
{
    struct xds_cache_item item = { .name = str_of(name), .value = str_of(value) };

    xds_cache_put(&r->cache, &item);
}

static void init(struct rig *r)
{
    *r = (struct rig){ .clock = { .epoch = 77 } };
    arena_init(&r->arena, 0);
    xds_cache_init(&r->cache, TYPE, "type.googleapis.com/x", &r->clock);
    r->server = xds_server_new(&ops, r, &r->clock);
    put(r, "a", "1");
    put(r, "b", "1");
}

static void deinit(struct rig *r)
{
    xds_server_free(r->server);
    xds_cache_deinit(&r->cache);
    arena_deinit(&r->arena);
}

static void reconnect(struct rig *r)
{
    xds_server_free(r->server);
    r->server = xds_server_new(&ops, r, &r->clock);
}

static void ask(struct rig *r, struct xds_msg_request q)
{
    const char *why = NULL;

    if (!q.type_url.len)
        q.type_url = STR(TYPE);
    EQ_INT(xds_server_receive(r->server, &q, &why), 0);
    EQ_INT(xds_server_pump(r->server), 0);
}

static void ack(struct rig *r)
{
    ask(r, (struct xds_msg_request){ .nonce = r->last.nonce });
}

/* "a b -c" */
static const char *last(struct rig *r)
{
    struct buf b;

    buf_init(&b, 0);
    for (size_t i = 0; i < r->last.resources_count; i++)
        buf_printf(&b, "%s%.*s", buf_len(&b) ? " " : "", STR_ARG(r->last.resources[i].name));
    for (size_t i = 0; i < r->last.removed_count; i++)
        buf_printf(&b, "%s-%.*s", buf_len(&b) ? " " : "", STR_ARG(r->last.removed[i]));
    {
        const char *text = arena_strz(&r->arena, buf_str(&b));

        buf_deinit(&b);
        return text;
    }
}

static struct str token_of(struct rig *r)
{
    for (size_t i = 0; i < r->last.resources_count; i++)
        if (str_is(r->last.resources[i].name, XDS_MSG_RESUME))
            return r->last.resources[i].version;
    return STR_NONE;
}

static void wildcard_gets_all_then_changes(void)
{
    struct rig r;

    init(&r);
    ask(&r, (struct xds_msg_request){ 0 });
    EQ_STR(last(&r), "a b");
    EQ_INT(r.last.resources[0].version.len, 16);
    ack(&r);
    EQ_INT(r.acks, 1);
    EQ_INT(xds_server_acked(r.server), r.clock.mod);
    put(&r, "b", "2");
    xds_cache_remove(&r.cache, STR("a"));
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_STR(last(&r), "b -a");
    deinit(&r);
}

static void one_response_at_a_time_and_coalesced(void)
{
    struct rig r;

    init(&r);
    ask(&r, (struct xds_msg_request){ 0 });
    put(&r, "a", "2");
    put(&r, "a", "3");
    put(&r, "c", "1");
    xds_cache_remove(&r.cache, STR("c"));
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_INT(r.sent, 1);
    EQ_INT(xds_server_acked(r.server), 0);
    ack(&r);
    EQ_INT(r.sent, 2);
    EQ_STR(last(&r), "a -c");
    EQ_STR(arena_strz(&r.arena, r.last.resources[0].resource->value), "3");
    deinit(&r);
}

static void equal_content_is_no_news(void)
{
    struct rig r;

    init(&r);
    ask(&r, (struct xds_msg_request){ 0 });
    ack(&r);
    put(&r, "a", "1");
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_INT(r.sent, 1);
    deinit(&r);
}

static void refusal_is_recorded_and_not_sent_again(void)
{
    struct rig r;
    struct xds_msg_status error = { 3, STR("a: bad") };
    uint64_t before;

    init(&r);
    ask(&r, (struct xds_msg_request){ 0 });
    ack(&r);
    before = r.clock.mod;
    put(&r, "a", "2");
    EQ_INT(xds_server_pump(r.server), 0);
    ask(&r, (struct xds_msg_request){ .nonce = r.last.nonce, .error = &error });
    EQ_INT(r.refusals, 1);
    EQ_INT(r.sent, 2);
    EQ_INT(xds_server_acked(r.server), before);
    EQ_INT(xds_server_answered(r.server), r.clock.mod);
    put(&r, "a", "3");
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_STR(last(&r), "a");
    ack(&r);
    EQ_INT(xds_server_acked(r.server), r.clock.mod);
    deinit(&r);
}

static void stale_nonce_is_ignored(void)
{
    struct rig r;

    init(&r);
    ask(&r, (struct xds_msg_request){ 0 });
    ask(&r, (struct xds_msg_request){ .nonce = STR("999") });
    EQ_INT(r.acks, 0);
    deinit(&r);
}

static void subscribe_and_unsubscribe_star_is_on_demand(void)
{
    struct str star = STR("*"), names[] = { STR("b"), STR("nope") };
    struct rig r;

    init(&r);
    ask(&r, (struct xds_msg_request){ .subscribe = &star,
                                      .subscribe_count = 1,
                                      .unsubscribe = &star,
                                      .unsubscribe_count = 1 });
    EQ_INT(r.sent, 1);
    EQ_STR(last(&r), "");
    ack(&r);
    ask(&r, (struct xds_msg_request){ .subscribe = names, .subscribe_count = 2 });
    OK(!strcmp(last(&r), "b -nope") || !strcmp(last(&r), "-nope b"));
    ack(&r);
    put(&r, "a", "9");
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_INT(r.sent, 2);
    put(&r, "nope", "9");
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_STR(last(&r), "nope");
    ack(&r);
    ask(&r, (struct xds_msg_request){ .unsubscribe = names, .unsubscribe_count = 1 });
    put(&r, "b", "9");
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_INT(r.sent, 3);
    deinit(&r);
}

static void unknown_type_is_answered_with_nothing(void)
{
    struct rig r;

    init(&r);
    ask(&r, (struct xds_msg_request){ .type_url = STR("other") });
    EQ_INT(r.sent, 1);
    EQ_STR(last(&r), "");
    deinit(&r);
}

static void invisible_ones_are_not_sent(void)
{
    struct str b = STR("b");
    struct rig r;

    init(&r);
    r.hide_b = true;
    ask(&r, (struct xds_msg_request){ 0 });
    EQ_STR(last(&r), "a");
    ack(&r);
    ask(&r, (struct xds_msg_request){ .subscribe = &b, .subscribe_count = 1 });
    EQ_STR(last(&r), "-b");
    deinit(&r);
}

static void put_for_nobody(struct rig *r, const char *name, const char *value)
{
    struct xds_cache_item item = { .name = str_of(name),
                                   .value = str_of(value),
                                   .audience = STR("none") };

    xds_cache_put(&r->cache, &item);
}

static void who_may_not_have_it_any_more_is_told_that_it_is_gone(void)
{
    struct rig r;
    size_t sent;

    init(&r);
    ask(&r, (struct xds_msg_request){ 0 });
    ack(&r);
    put_for_nobody(&r, "b", "1"); /* the same content */
    put_for_nobody(&r, "c", "1"); /* never was to be had */
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_STR(last(&r), "-b");
    ack(&r);
    sent = r.sent;
    put_for_nobody(&r, "c", "2");
    xds_cache_remove(&r.cache, STR("c"));
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_INT(r.sent, sent);
    put(&r, "b", "1");
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_STR(last(&r), "b");
    deinit(&r);
}

static void what_may_be_had_now_is_sent_when_asked_again(void)
{
    struct rig r;

    init(&r);
    r.hide_b = true;
    ask(&r, (struct xds_msg_request){ 0 });
    EQ_STR(last(&r), "a");
    ack(&r);
    r.hide_b = false;
    xds_server_reconsider(r.server, STR(TYPE), STR("b"));
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_STR(last(&r), "b");
    ack(&r);
    r.hide_b = true;
    xds_server_reconsider(r.server, STR(TYPE), STR("b"));
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_STR(last(&r), "-b");
    deinit(&r);
}

static void held_versions_spare_what_is_equal(void)
{
    struct rig r;
    struct field_pair held[3] = { { .key = STR("a") },
                                  { .key = STR("b"), .value = STR("old") },
                                  { .key = STR("z"), .value = STR("1") } };

    init(&r);
    held[0].value = str_of(xds_cache_find(&r.cache, STR("a"))->version);
    ask(&r, (struct xds_msg_request){ .initial = held, .initial_count = 3 });
    EQ_STR(last(&r), "b -z");
    ack(&r);
    put(&r, "a", "2");
    EQ_INT(xds_server_pump(r.server), 0);
    EQ_STR(last(&r), "a");
    deinit(&r);
}

static void token_resumes_with_the_change_only(void)
{
    struct field_pair token = { STR(XDS_MSG_RESUME), STR("") };
    struct rig r;

    init(&r);
    ask(&r, (struct xds_msg_request){ .initial = &token, .initial_count = 1 });
    EQ_STR(last(&r), "a b mesh.resume/1");
    token.value = token_of(&r);
    ack(&r);
    reconnect(&r);
    put(&r, "c", "1");
    xds_cache_remove(&r.cache, STR("a"));
    ask(&r, (struct xds_msg_request){ .initial = &token, .initial_count = 1 });
    EQ_STR(last(&r), "c mesh.resume/1 -a");
    deinit(&r);
}

static void token_of_another_life_leads_to_names_and_versions(void)
{
    struct field_pair token = { STR(XDS_MSG_RESUME), STR("00000000000000ff.5.xpos") };
    struct field_pair held[2] = { { .key = STR("a") }, { .key = STR("gone"), .value = STR("1") } };
    struct rig r;

    init(&r);
    ask(&r, (struct xds_msg_request){ .initial = &token, .initial_count = 1 });
    EQ_STR(last(&r), "-mesh.resume/1");
    held[0].value = str_of(xds_cache_find(&r.cache, STR("a"))->version);
    ask(&r, (struct xds_msg_request){ .nonce = r.last.nonce, .initial = held, .initial_count = 2 });
    EQ_STR(last(&r), "b mesh.resume/1 -gone");
    deinit(&r);
}

static void position_resumes_in_another_life(void)
{
    struct field_pair token = { STR(XDS_MSG_RESUME), STR("00000000000000ff.5.xpos") };
    struct rig r;

    init(&r);
    r.changed = STR("b");
    ask(&r, (struct xds_msg_request){ .initial = &token, .initial_count = 1 });
    EQ_STR(last(&r), "b mesh.resume/1");
    deinit(&r);
}

static void large_pictures_come_in_pages(void)
{
    struct field_pair token = { STR(XDS_MSG_RESUME), STR("") };
    static char value[300 * 1024];
    struct rig r;
    size_t got = 0;

    init(&r);
    memset(value, 'x', sizeof(value) - 1);
    for (int i = 0; i < 8; i++) {
        char name[16];

        snprintf(name, sizeof(name), "n%d", i);
        value[0] = (char)('0' + i);
        put(&r, name, value);
    }
    ask(&r, (struct xds_msg_request){ .initial = &token, .initial_count = 1 });
    for (size_t pages = 0; pages < 10; pages++) {
        got += r.last.resources_count;
        if (token_of(&r).p)
            break;
        OK(r.last.resources_count <= 6);
        ack(&r);
    }
    EQ_INT(got, 11);
    EQ_INT(r.sent, 2);
    deinit(&r);
}

static void too_slow_readers_must_come_again(void)
{
    struct rig r;

    init(&r);
    ask(&r, (struct xds_msg_request){ 0 });
    for (int i = 0; i <= XDS_CACHE_GONE_MAX; i++) {
        char name[16];

        snprintf(name, sizeof(name), "t%d", i);
        put(&r, name, "1");
        xds_cache_remove(&r.cache, str_of(name));
    }
    OK(r.cache.forgotten > 0);
    EQ_INT(xds_cache_count(&r.cache), 2);
    EQ_INT(xds_server_receive(
               r.server, &(struct xds_msg_request){ .type_url = STR(TYPE), .nonce = r.last.nonce },
               &(const char *){ NULL }),
           0);
    EQ_INT(xds_server_pump(r.server), ERR_AGAIN);
    reconnect(&r);
    ask(&r, (struct xds_msg_request){ 0 });
    EQ_STR(last(&r), "a b");
    deinit(&r);
}

static void types_have_a_limit(void)
{
    const char *why = NULL;
    struct rig r;

    init(&r);
    for (int i = 0; i < XDS_SERVER_TYPES_MAX; i++) {
        char name[16];

        snprintf(name, sizeof(name), "t%d", i);
        ask(&r, (struct xds_msg_request){ .type_url = str_of(name) });
    }
    EQ_INT(xds_server_receive(r.server, &(struct xds_msg_request){ .type_url = STR("more") }, &why),
           ERR_LIMIT);
    OK(why != NULL);
    deinit(&r);
}

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct tap_case cases[] = {
    CASE(wildcard_gets_all_then_changes),
    CASE(one_response_at_a_time_and_coalesced),
    CASE(equal_content_is_no_news),
    CASE(refusal_is_recorded_and_not_sent_again),
    CASE(stale_nonce_is_ignored),
    CASE(subscribe_and_unsubscribe_star_is_on_demand),
    CASE(unknown_type_is_answered_with_nothing),
    CASE(invisible_ones_are_not_sent),
    CASE(who_may_not_have_it_any_more_is_told_that_it_is_gone),
    CASE(what_may_be_had_now_is_sent_when_asked_again),
    CASE(held_versions_spare_what_is_equal),
    CASE(token_resumes_with_the_change_only),
    CASE(token_of_another_life_leads_to_names_and_versions),
    CASE(position_resumes_in_another_life),
    CASE(large_pictures_come_in_pages),
    CASE(too_slow_readers_must_come_again),
    CASE(types_have_a_limit),
};

TAP_MAIN(cases)
