/* Control and proxies in one process: what is written reaches the snapshots, and what happens when
 * control goes away. */
#include "modes/control/control.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/loop/worker.h"
#include "core/model/snapshot.h"
#include "core/tls/tls_identity.h"
#include "modes/control/ads.h"
#include "modes/control/ca.h"
#include "modes/control/token.h"
#include "modes/shared/role.h"
#include "modes/shared/runtime.h"
#include "store/store.h"
#include "tests/tap.h"

#define WAIT_MS 10000

struct peer {
    struct role_options options;
    struct role *role;
    bool ready, stopped;
    const char *labels[1];
    char state[96];
};

struct rig {
    struct worker w;
    char dir[64], socket[96], control_dir[96];
    struct control *control;
    struct peer web, cli;
    char token[512];
    size_t total, acked;
    uint64_t version;
    bool done;
};

static bool is_true(void *arg)
{
    return *(bool *)arg;
}

static bool wait_for(struct rig *r, bool *what)
{
    return worker_run_until(&r->w, is_true, what, WAIT_MS) == 0;
}

static void set_true(void *arg)
{
    *(bool *)arg = true;
}

/* ---- control ---- */

static bool start_control(struct rig *r)
{
    struct control_options o = { .state_dir = r->control_dir, .xds_socket_path = r->socket };

    (void)addr_parse(STR("127.0.0.1:0"), 0, &o.xds);
    return OK(control_start(&r->w, &o, &r->control) == 0);
}

static void stop_control(struct rig *r)
{
    bool done = false;

    control_stop(r->control, set_true, &done);
    OK(wait_for(r, &done));
    control_free(r->control);
    r->control = NULL;
}

static void on_written(void *arg, const struct store_reply *reply)
{
    struct rig *r = arg;

    EQ_INT(reply->code, 0);
    r->done = true;
}

static void write_object(struct rig *r, uint16_t kind, const char *name, const char *body)
{
    struct store_txn *t = store_txn_new();

    if (body)
        store_txn_put(t, kind, STR("default"), str_of(name), str_of(body), false, NULL);
    else
        store_txn_delete(t, kind, STR("default"), str_of(name), NULL);
    r->done = false;
    store_write(control_store(r->control), t, on_written, r);
    OK(wait_for(r, &r->done));
}

static void on_acked(void *arg, const struct ads_wait_result *result)
{
    struct rig *r = arg;

    r->total = result->total;
    r->acked = result->acked;
    r->done = true;
}

/* All proxies answered to all that is written; how many there are. */
static size_t wait_acked(struct rig *r)
{
    struct ads *ads = control_ads(r->control);

    r->done = false;
    ads_wait_acked(ads, ads_revision(ads), WAIT_MS / 2, on_acked, r);
    OK(wait_for(r, &r->done));
    EQ_INT(r->acked, r->total);
    return r->total;
}

/* ---- proxies ---- */

static void on_ready(void *arg, struct runtime *rt)
{
    struct peer *p = arg;

    (void)rt;
    p->ready = true;
}

static void start_peer(struct rig *r, struct peer *p, const char *name, const char *control)
{
    struct role_options *o = &p->options;

    memset(p, 0, sizeof(*p));
    snprintf(p->state, sizeof(p->state), "%s/%s", r->dir, name);
    p->labels[0] = str_is(str_of(name), "web") ? "app=web" : "app=cli";
    o->name = o->service_account = name;
    o->labels = p->labels;
    o->label_count = 1;
    o->addrs = (const char *const[]){ "127.0.0.1" };
    o->addr_count = 1;
    o->control = control;
    o->state_dir = p->state;
    o->token = r->token[0] ? r->token : NULL;
    o->quiet = true;
    o->on_ready = on_ready;
    o->on_ready_arg = p;
    o->drain_ms = 100;
    o->listeners[0] =
        (struct compile_listener){ .name = STR("outbound-0"), .kind = MODEL_LISTENER_OUTBOUND };
    (void)addr_parse(STR("127.0.0.1:0"), 0, &o->listeners[0].bind);
    o->listener_count = 1;
    if (str_is(str_of(name), "web")) {
        o->listeners[1] = (struct compile_listener){ .name = STR("inbound-9080"),
                                                     .bind = o->listeners[0].bind,
                                                     .kind = MODEL_LISTENER_INBOUND_PORT,
                                                     .app_port = 9080 };
        o->listener_count = 2;
        o->app_ports[0] =
            (struct compile_app_port){ .port = 9080, .protocol = MODEL_PROTOCOL_HTTP };
        o->app_port_count = 1;
    }
    OK(role_start(&r->w, o, &p->role) == 0);
}

static void stop_peer(struct rig *r, struct peer *p)
{
    role_stop(p->role, set_true, &p->stopped);
    OK(wait_for(r, &p->stopped));
    role_free(p->role);
    p->role = NULL;
}

static struct snapshot *snapshot_of(struct peer *p)
{
    return runtime_snapshot(role_runtime(p->role));
}

static bool has_port(struct peer *p, uint16_t port)
{
    struct snapshot *s = snapshot_of(p);

    return s && s->outbound && map_get_u64(&s->outbound->by_port, port) != NULL;
}

struct port_wait {
    struct peer *peer;
    uint16_t port;
};

static bool is_port_there(void *arg)
{
    const struct port_wait *wait = arg;

    return has_port(wait->peer, wait->port);
}

static bool wait_port(struct rig *r, struct peer *p, uint16_t port)
{
    struct port_wait wait = { p, port };

    return worker_run_until(&r->w, is_port_there, &wait, WAIT_MS) == 0;
}

/* ---- the rig ---- */

static bool init(struct rig *r)
{
    memset(r, 0, sizeof(*r));
    snprintf(r->dir, sizeof(r->dir), "/tmp/control-xds-XXXXXX");
    if (!OK(mkdtemp(r->dir) != NULL) || !OK(worker_init(&r->w, 0, 1) == 0))
        return false;
    snprintf(r->socket, sizeof(r->socket), "%s/x.sock", r->dir);
    snprintf(r->control_dir, sizeof(r->control_dir), "%s/c", r->dir);
    return start_control(r);
}

static void deinit(struct rig *r)
{
    char command[128];

    if (r->control)
        stop_control(r);
    worker_deinit(&r->w);
    snprintf(command, sizeof(command), "rm -rf %s", r->dir);
    EQ_INT(system(command), 0);
}

static const char *const service_7000 =
    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"late\",\"namespace\":"
    "\"default\"},\"spec\":{\"clusterIP\":\"10.1.2.3\",\"ports\":[{\"name\":\"http\",\"port\":7000,"
    "\"targetPort\":7000}],\"selector\":{\"app\":\"late\"}}}";

static void write_route(char *out, size_t size, int timeout_s)
{
    (void)snprintf(
        out, size,
        "{\"apiVersion\":\"networking.istio.io/"
        "v1\",\"kind\":\"VirtualService\",\"metadata\":{\"name\":"
        "\"late\",\"namespace\":\"default\"},\"spec\":{\"hosts\":[\"late\"],\"http\":[{\"timeout\":"
        "\"%ds\",\"route\":[{\"destination\":{\"host\":\"late\"}}]}]}}",
        timeout_s);
}

static void start_both(struct rig *r)
{
    char control[128];

    snprintf(control, sizeof(control), "unix:%s", r->socket);
    start_peer(r, &r->web, "web", control);
    start_peer(r, &r->cli, "cli", control);
    OK(wait_for(r, &r->web.ready));
    OK(wait_for(r, &r->cli.ready));
}

static void changes_reach_all_snapshots(void)
{
    struct rig r;
    char body[512];
    uint64_t before;

    if (!init(&r))
        return;
    start_both(&r);
    OK(runtime_identity(role_runtime(r.cli.role)) != NULL);
    write_object(&r, API_KIND_SERVICE, "late", service_7000);
    EQ_INT(wait_acked(&r), 2);
    OK(has_port(&r.cli, 7000));
    OK(has_port(&r.web, 7000));
    before = snapshot_of(&r.cli)->version;
    write_route(body, sizeof(body), 3);
    write_object(&r, API_KIND_VIRTUAL_SERVICE, "late", body);
    EQ_INT(wait_acked(&r), 2);
    OK(snapshot_of(&r.cli)->version > before);
    write_object(&r, API_KIND_VIRTUAL_SERVICE, "late", NULL);
    write_object(&r, API_KIND_SERVICE, "late", NULL);
    EQ_INT(wait_acked(&r), 2);
    OK(!has_port(&r.cli, 7000));
    stop_peer(&r, &r.web);
    stop_peer(&r, &r.cli);
    deinit(&r);
}

static size_t count_workloads(struct rig *r)
{
    return store_count(control_store(r->control), STORE_KIND_LIVE | API_KIND_WORKLOAD_ENTRY,
                       STR("default"));
}

static bool is_one_workload(void *arg)
{
    return count_workloads(arg) == 1;
}

static bool is_two_workloads(void *arg)
{
    return count_workloads(arg) == 2;
}

static void registered_app_gets_a_service_and_leaves(void)
{
    struct rig r;

    if (!init(&r))
        return;
    start_both(&r);
    OK(wait_port(&r, &r.cli, 9080));
    OK(store_find(control_store(r.control), API_KIND_SERVICE, STR("default"), STR("web")) != NULL);
    OK(store_find(control_store(r.control), API_KIND_SERVICE, STR("default"), STR("cli")) == NULL);
    EQ_INT(worker_run_until(&r.w, is_two_workloads, &r, WAIT_MS), 0); /* in any order */
    stop_peer(&r, &r.web);
    EQ_INT(worker_run_until(&r.w, is_one_workload, &r, WAIT_MS), 0);
    stop_peer(&r, &r.cli);
    deinit(&r);
}

static bool is_newer(void *arg)
{
    struct rig *r = arg;

    return snapshot_of(&r->cli)->version > r->version;
}

static void restart_without_control_serves_what_was_saved(void)
{
    struct rig r;
    char control[128];
    uint64_t start;

    if (!init(&r))
        return;
    start_both(&r);
    write_object(&r, API_KIND_SERVICE, "late", service_7000);
    wait_acked(&r);
    stop_control(&r);
    stop_peer(&r, &r.cli);
    snprintf(control, sizeof(control), "unix:%s", r.socket);
    start = clock_ms();
    start_peer(&r, &r.cli, "cli", control);
    OK(wait_for(&r, &r.cli.ready));
    NOTE("ready after %d ms", (int)(clock_ms() - start));
    OK(clock_ms() - start < 2000);
    OK(has_port(&r.cli, 7000));
    OK(runtime_identity(role_runtime(r.cli.role)) != NULL);

    /* And with control back, what happened meanwhile comes. */
    if (start_control(&r)) {
        char body[512];
        uint64_t before = snapshot_of(&r.cli)->version;

        write_route(body, sizeof(body), 4);
        write_object(&r, API_KIND_VIRTUAL_SERVICE, "late", body);
        r.version = before;
        EQ_INT(worker_run_until(&r.w, is_newer, &r, WAIT_MS), 0);
    }
    stop_peer(&r, &r.web);
    stop_peer(&r, &r.cli);
    deinit(&r);
}

static void on_token(void *arg, int code, struct str text, struct str id)
{
    struct rig *r = arg;

    (void)id;
    EQ_INT(code, 0);
    str_copy(text, r->token, sizeof(r->token));
    r->done = true;
}

static void make_token(struct rig *r, const char *sa)
{
    struct token_want want = { .ns = STR("default"),
                               .sa = str_of(sa),
                               .root_spki_sha256 = ca_root_spki_sha256(control_ca(r->control)) };

    r->done = false;
    token_create(control_store(r->control), &want, on_token, r);
    OK(wait_for(r, &r->done));
}

static void over_tls_a_token_brings_the_first_certificate(void)
{
    struct rig r;
    char control[ADDR_TEXT_MAX];

    if (!init(&r))
        return;
    make_token(&r, "cli");
    (void)addr_format(control_xds_addr(r.control), control);
    start_peer(&r, &r.cli, "cli", control);
    OK(wait_for(&r, &r.cli.ready));
    OK(str_is(tls_identity_spiffe(runtime_identity(role_runtime(r.cli.role)))->id,
              "spiffe://cluster.local/ns/default/sa/cli"));
    EQ_INT(wait_acked(&r), 1);
    stop_peer(&r, &r.cli);

    /* The token is used up; the certificate that was kept is enough from now on. */
    start_peer(&r, &r.cli, "cli", control);
    OK(wait_for(&r, &r.cli.ready));
    write_object(&r, API_KIND_SERVICE, "late", service_7000);
    OK(wait_port(&r, &r.cli, 7000));
    stop_peer(&r, &r.cli);
    deinit(&r);
}

static void token_for_another_identity_is_refused(void)
{
    struct rig r;
    char control[ADDR_TEXT_MAX];

    if (!init(&r))
        return;
    make_token(&r, "someone-else");
    (void)addr_format(control_xds_addr(r.control), control);
    start_peer(&r, &r.cli, "cli", control);
    EQ_INT(worker_run_until(&r.w, is_true, &r.cli.ready, 1000), ERR_TIMEOUT);
    OK(runtime_identity(role_runtime(r.cli.role)) == NULL);
    stop_peer(&r, &r.cli);
    deinit(&r);
}

static void token_of_another_root_keeps_its_secret(void)
{
    struct rig r;
    char control[ADDR_TEXT_MAX];
    char *hash;

    if (!init(&r))
        return;
    make_token(&r, "cli");
    hash = strchr(strchr(r.token, '.') + 1, '.') + 1;
    *hash = *hash == '0' ? '1' : '0';
    (void)addr_format(control_xds_addr(r.control), control);
    start_peer(&r, &r.cli, "cli", control);
    EQ_INT(worker_run_until(&r.w, is_true, &r.cli.ready, 700), ERR_TIMEOUT);
    /* Still unused: it was not shown. */
    EQ_INT(store_count(control_store(r.control), TOKEN_STORE_KIND, STR("")), 1);
    stop_peer(&r, &r.cli);
    deinit(&r);
}

static void count_client(void *arg, const struct ads_client *c)
{
    size_t *count = arg;

    OK(c->acked > 0);
    EQ_INT(c->refused_count, 0);
    OK(str_is(c->ns, "default"));
    ++*count;
}

static void clients_are_listed(void)
{
    struct rig r;
    size_t count = 0;

    if (!init(&r))
        return;
    start_both(&r);
    wait_acked(&r);
    wait_acked(&r);
    ads_each_client(control_ads(r.control), count_client, &count);
    EQ_INT(count, 2);
    stop_peer(&r, &r.web);
    stop_peer(&r, &r.cli);
    deinit(&r);
}

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct tap_case cases[] = {
    CASE(changes_reach_all_snapshots),
    CASE(registered_app_gets_a_service_and_leaves),
    CASE(restart_without_control_serves_what_was_saved),
    CASE(over_tls_a_token_brings_the_first_certificate),
    CASE(token_for_another_identity_is_refused),
    CASE(token_of_another_root_keeps_its_secret),
    CASE(clients_are_listed),
};

TAP_MAIN(cases)
