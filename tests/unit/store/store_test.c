/* The store as control uses it: a loop, two files in a folder, threads. */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/base/random.h"
#include "store/vv.h"
#include "tests/tap.h"

#define LIVE   (1 | STORE_KIND_LIVE)
#define STATUS (1 | STORE_KIND_STATUS)
#define NS     STR("ns")

static char dir[64];
static uv_loop_t loop;
static struct store *store;
static char why[300];

static int open_with(const struct store_options *options)
{
    uv_loop_init(&loop);
    return store_open(&store, &loop, dir, options, why, sizeof(why));
}

static void on_closed(void *arg)
{
    *(bool *)arg = true;
}

static void close_store(void)
{
    bool done = false;

    store_close(store, on_closed, &done);
    while (!done)
        uv_run(&loop, UV_RUN_ONCE);
    EQ_INT(uv_loop_close(&loop), 0);
    store = NULL;
}

static bool begin(const struct store_options *options)
{
    snprintf(dir, sizeof(dir), "/tmp/store-test-XXXXXX");
    return OK(mkdtemp(dir)) && EQ_INT(open_with(options), 0);
}

static void remove_dir(void)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    while (d && (e = readdir(d)))
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    rmdir(dir);
}

static void end(void)
{
    close_store();
    remove_dir();
}

static bool reopen(void)
{
    close_store();
    return EQ_INT(open_with(NULL), 0);
}

/* ---- writes that wait ---- */

struct answer {
    bool done;
    int code;
    char token[256];
    char version[DOT_TEXT_BYTES];
};

static void on_answer(void *arg, const struct store_reply *reply)
{
    struct answer *a = arg;

    a->done = true;
    a->code = reply->code;
    snprintf(a->token, sizeof(a->token), "%s", reply->token ? reply->token : "");
    if (reply->count && reply->results[0].object)
        memcpy(a->version, reply->results[0].object->version, sizeof(a->version));
}

static struct answer last;

static int wait_for(struct store_txn *t)
{
    last = (struct answer){ 0 };
    store_write(store, t, on_answer, &last);
    OK(!last.done); /* never from inside the call */
    while (!last.done)
        uv_run(&loop, UV_RUN_ONCE);
    return last.code;
}

static int put(uint16_t kind, const char *name, const char *body)
{
    struct store_txn *t = store_txn_new();

    store_txn_put(t, kind, NS, str_of(name), str_of(body), false, NULL);
    return wait_for(t);
}

static int delete (uint16_t kind, const char *name)
{
    struct store_txn *t = store_txn_new();

    store_txn_delete(t, kind, NS, str_of(name), NULL);
    return wait_for(t);
}

static bool has(uint16_t kind, const char *name, const char *body)
{
    const struct store_object *o = store_find(store, kind, NS, str_of(name));

    return body ? o && str_is(o->body, body) : !o;
}

/* ---- cases ---- */

static void objects_survive_a_restart(void)
{
    char cluster[33];

    if (!begin(NULL))
        return;
    EQ_INT(put(1, "a", "{1}"), 0);
    EQ_INT(put(1, "b", "{1}"), 0);
    EQ_INT(delete (1, "b"), 0);
    EQ_INT(put(LIVE, "w", "{up}"), 0);
    OK(has(1, "a", "{1}"));
    snprintf(cluster, sizeof(cluster), "%s", store_get_cluster_id(store));
    EQ_UINT(strlen(cluster), 32);
    EQ_UINT(strlen(store_get_node_id(store)), 16);
    if (!reopen())
        return;
    EQ_STR(store_get_cluster_id(store), cluster);
    OK(has(1, "a", "{1}") && has(1, "b", NULL) && has(LIVE, "w", "{up}"));
    OK(store_find_row(store, 1, NS, STR("b"))->dead);
    EQ_STR(store_get_health(store, STORE_CLASS_CONFIG)->notice, "");
    end();
}

static void lists_are_in_order_and_paged(void)
{
    const struct store_object *o;
    struct store_txn *t = store_txn_new();
    char seen[64] = "";

    if (!begin(NULL))
        return;
    store_txn_put(t, 1, STR("b"), STR("x"), STR("{}"), false, NULL);
    store_txn_put(t, 1, STR("a"), STR("z"), STR("{}"), false, NULL);
    store_txn_put(t, 1, STR("a"), STR("y"), STR("{}"), false, NULL);
    store_txn_put(t, 1, STR("a-b"), STR("q"), STR("{}"), false, NULL);
    store_txn_put(t, 2, STR_NONE, STR("cluster-wide"), STR("{}"), false, NULL);
    EQ_INT(wait_for(t), 0);
    for (o = store_next(store, 1, STR_NONE, STR_NONE, STR_NONE); o;
         o = store_next(store, 1, STR_NONE, o->ns, o->name)) {
        size_t len = strlen(seen);

        snprintf(seen + len, sizeof(seen) - len, "%.*s/%.*s ", STR_ARG(o->ns), STR_ARG(o->name));
    }
    EQ_STR(seen, "a/y a/z a-b/q b/x ");
    EQ_UINT(store_count(store, 1, STR("a")), 2);
    o = store_next(store, 1, STR("a"), STR("a"), STR("y"));
    OK(o && str_is(o->name, "z"));
    EQ_PTR(store_next(store, 1, STR("a"), STR("a"), STR("z")), NULL);
    OK(store_next(store, 1, STR("a"), STR("a"), STR("deleted-meanwhile")) != NULL);
    EQ_UINT(store_count(store, 2, STR_NONE), 1);
    EQ_UINT(store_count(store, 3, STR_NONE), 0);
    end();
}

static void versions_join_spec_and_status(void)
{
    char version[STORE_VERSION_BYTES];
    const struct store_object *o;
    struct store_txn *t;

    if (!begin(NULL))
        return;
    put(1, "a", "{1}");
    put(STATUS, "a", "{ready}");
    o = store_find(store, 1, NS, STR("a"));
    store_version(o, store_find_status(store, o), version);
    OK(strchr(version, '.') != NULL);
    t = store_txn_new();
    store_txn_put(t, 1, NS, STR("a"), STR("{2}"), false,
                  &(struct store_expect){ .version = str_of(version) });
    EQ_INT(wait_for(t), 0);
    o = store_find(store, 1, NS, STR("a"));
    OK(store_find_status(store, o));
    delete (1, "a");
    put(1, "a", "{3}");
    EQ_PTR(store_find_status(store, store_find(store, 1, NS, STR("a"))), NULL);
    end();
}

/* ---- watches ---- */

struct reader {
    struct store_watch *watch;
    int ready;
    int rc; /* of the last store_watch_next */
    char seen[512];
};

static void read_all(struct reader *r)
{
    static const char types[] = "+~-";
    const struct store_change *c;

    while ((r->rc = store_watch_next(r->watch, &c)) == 0) {
        size_t len = strlen(r->seen);

        snprintf(r->seen + len, sizeof(r->seen) - len, "%c%.*s%s ", types[c->type],
                 STR_ARG(c->object->name), c->object->kind & STORE_KIND_STATUS ? "/s" : "");
    }
}

static void on_ready(void *arg)
{
    struct reader *r = arg;

    r->ready++;
    read_all(r);
}

static int watch(struct reader *r, uint16_t kind, const char *from)
{
    struct store_watch_query q = {
        .class = kind & STORE_KIND_LIVE ? STORE_CLASS_LIVE : STORE_CLASS_CONFIG,
        .kind = kind,
        .ns = NS,
        .from = str_of(from),
    };

    *r = (struct reader){ 0 };
    return store_watch_start(store, &q, on_ready, r, &r->watch);
}

static void turn(void)
{
    for (int i = 0; i < 3; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
}

static void a_watch_tells_what_changes(void)
{
    struct reader all, other;

    if (!begin(NULL))
        return;
    put(1, "before", "{}");
    EQ_INT(watch(&all, 1, NULL), 0);
    EQ_INT(watch(&other, 2, NULL), 0);
    turn();
    EQ_INT(all.ready, 1);
    EQ_INT(all.rc, ERR_AGAIN);
    put(1, "a", "{1}");
    put(1, "a", "{2}");
    put(STATUS, "a", "{s}");
    put(1, "a", "{2}"); /* no change */
    delete (1, "a");
    put(2, "b", "{}");
    turn();
    EQ_STR(all.seen, "+a ~a +a/s -a/s -a ");
    EQ_STR(other.seen, "+b ");
    store_watch_stop(all.watch);
    put(1, "late", "{}");
    EQ_STR(all.seen, "+a ~a +a/s -a/s -a ");
    store_watch_stop(other.watch);
    end();
}

static void a_watch_resumes_from_what_it_saw(void)
{
    char token[64], version[DOT_TEXT_BYTES];
    struct reader r;

    if (!begin(NULL))
        return;
    put(1, "a", "{1}");
    snprintf(token, sizeof(token), "%s", store_token(store, STORE_CLASS_CONFIG));
    EQ_STR(token, last.token);
    memcpy(version, last.version, sizeof(version));
    put(1, "b", "{1}");
    put(1, "a", "{2}");
    EQ_INT(watch(&r, 1, token), 0);
    turn();
    EQ_STR(r.seen, "+b ~a ");
    store_watch_stop(r.watch);
    EQ_INT(watch(&r, 1, version), 0); /* of an object */
    turn();
    EQ_STR(r.seen, "+b ~a ");
    store_watch_stop(r.watch);
    EQ_INT(watch(&r, 1, "rubbish!"), ERR_INVALID);
    EQ_INT(watch(&r, 1, "xrubbish"), ERR_INVALID);
    EQ_INT(watch(&r, 1, "x0404g1"), ERR_INVALID);
    end();
}

/* After a restart the log is empty: objects and tombstones themselves answer. */
static void a_watch_resumes_over_a_restart(void)
{
    char token[64], version[DOT_TEXT_BYTES], now[64];
    struct reader r;

    if (!begin(NULL))
        return;
    put(1, "a", "{1}");
    put(1, "b", "{1}");
    put(1, "c", "{1}");
    snprintf(token, sizeof(token), "%s", store_token(store, STORE_CLASS_CONFIG));
    memcpy(version, last.version, sizeof(version));
    put(1, "a", "{2}");
    delete (1, "b");
    snprintf(now, sizeof(now), "%s", store_token(store, STORE_CLASS_CONFIG));
    if (!reopen())
        return;
    EQ_STR(store_token(store, STORE_CLASS_CONFIG), now);
    EQ_INT(watch(&r, 1, now), 0);
    turn();
    EQ_STR(r.seen, "");
    put(1, "d", "{1}");
    turn();
    EQ_STR(r.seen, "+d ");
    store_watch_stop(r.watch);
    EQ_INT(watch(&r, 1, token), 0);
    turn();
    EQ_STR(r.seen, "~a -b ~d ");
    put(1, "c", "{2}");
    turn();
    EQ_STR(r.seen, "~a -b ~d ~c ");
    store_watch_stop(r.watch);
    EQ_INT(watch(&r, 1, version), 0);
    turn();
    EQ_STR(r.seen, "~a -b ~c ~d ");
    store_watch_stop(r.watch);
    end();
}

static void a_token_of_another_life_is_too_old(void)
{
    struct reader r;
    struct vv v;
    struct buf text;

    if (!begin(NULL))
        return;
    vv_init(&v);
    buf_init(&text, 0);
    vv_raise(&v, (struct dot){ 12345, 1 });
    vv_format(&v, &text);
    buf_add_char(&text, '\0');
    EQ_INT(watch(&r, 1, buf_str(&text).p), ERR_LIMIT);
    buf_deinit(&text);
    vv_deinit(&v);
    end();
}

static void a_slow_reader_is_told_so(void)
{
    const struct store_options options = { .log_changes = 64 };
    const struct store_change *c;
    struct reader r;
    char body[8];

    if (!begin(&options))
        return;
    EQ_INT(watch(&r, 1, NULL), 0);
    turn();
    for (int i = 0; i < 70; i++) {
        struct store_txn *t = store_txn_new();

        snprintf(body, sizeof(body), "{%d}", i % 1000);
        store_txn_put(t, 1, NS, STR("a"), str_of(body), false, NULL);
        store_write(store, t, NULL, NULL);
    }
    put(1, "b", "{}"); /* all in one commit behind the first: more than the ring holds */
    turn();
    OK(r.rc == ERR_LIMIT || r.rc == ERR_AGAIN);
    if (r.rc == ERR_LIMIT)
        EQ_INT(store_watch_next(r.watch, &c), ERR_LIMIT);
    store_watch_stop(r.watch);
    end();
}

static struct reader victim;

static void stop_the_other(void *arg)
{
    (void)arg;
    store_watch_stop(victim.watch);
    victim.watch = NULL;
}

static void a_watch_may_stop_another(void)
{
    struct store_watch_query q = { .class = STORE_CLASS_CONFIG };
    struct store_watch *killer;

    if (!begin(NULL))
        return;
    EQ_INT(store_watch_start(store, &q, stop_the_other, NULL, &killer), 0);
    EQ_INT(watch(&victim, 1, NULL), 0);
    turn();
    EQ_PTR(victim.watch, NULL);
    EQ_INT(victim.ready, 0);
    store_watch_stop(killer);
    end();
}

static void many_watches_see_the_same(void)
{
    static struct reader readers[50];

    if (!begin(NULL))
        return;
    for (size_t i = 0; i < 50; i++)
        EQ_INT(watch(&readers[i], i % 2 ? 1 : 0, NULL), 0);
    for (int i = 0; i < 20; i++) {
        char name[16];

        snprintf(name, sizeof(name), "o%d", i);
        put(1, name, "{}");
    }
    turn();
    for (size_t i = 0; i < 50; i++) {
        EQ_STR(readers[i].seen, readers[0].seen);
        store_watch_stop(readers[i].watch);
    }
    end();
}

static void a_watch_outlives_the_store(void)
{
    const struct store_change *c;
    struct reader r;

    if (!begin(NULL))
        return;
    EQ_INT(watch(&r, 1, NULL), 0);
    close_store();
    EQ_INT(r.ready, 0);
    EQ_INT(store_watch_next(r.watch, &c), ERR_CLOSED);
    store_watch_stop(r.watch);
    remove_dir();
}

/* ---- workloads ---- */

static void a_shard_is_replaced_whole(void)
{
    struct store_txn *t;
    struct reader r;

    if (!begin(NULL))
        return;
    put(LIVE, "w1", "{up}");
    put(LIVE, "w2", "{up}");
    EQ_INT(watch(&r, LIVE, NULL), 0);
    t = store_txn_new();
    store_txn_put(t, LIVE, NS, STR("w2"), STR("{up}"), false, NULL);
    store_txn_put(t, LIVE, NS, STR("w3"), STR("{up}"), false, NULL);
    store_txn_prune(t, LIVE, NS);
    EQ_INT(wait_for(t), 0);
    put(LIVE, "w3", "{down}");
    turn();
    EQ_STR(r.seen, "+w3 -w1 ~w3 ");
    EQ_UINT(store_count(store, LIVE, NS), 2);
    store_watch_stop(r.watch);
    end();
}

static uint32_t origin_of(uint16_t kind, const char *name)
{
    return store_find(store, kind, NS, str_of(name))->dot.origin;
}

/* live.db may be deleted, and after a crash its numbering is not trusted. */
static void workloads_get_a_new_origin_after_a_crash(void)
{
    uint32_t first, config;
    char path[128];
    int status;
    pid_t pid;

    if (!begin(NULL))
        return;
    put(LIVE, "w", "{1}");
    put(1, "a", "{1}");
    first = origin_of(LIVE, "w");
    config = origin_of(1, "a");
    if (!reopen())
        return;
    put(LIVE, "w", "{2}");
    EQ_UINT(origin_of(LIVE, "w"), first); /* it was closed properly */
    close_store();
    pid = fork();
    if (pid == 0) {
        if (open_with(NULL) == 0)
            put(LIVE, "w", "{3}");
        _exit(0); /* as a crash: nothing is closed */
    }
    waitpid(pid, &status, 0);
    if (!EQ_INT(open_with(NULL), 0))
        return;
    OK(has(LIVE, "w", "{3}"));
    put(LIVE, "w", "{4}");
    put(1, "a", "{2}");
    OK(origin_of(LIVE, "w") != first);
    EQ_UINT(origin_of(1, "a"), config);
    close_store();
    snprintf(path, sizeof(path), "%s/live.db", dir);
    unlink(path);
    if (!EQ_INT(open_with(NULL), 0))
        return;
    OK(has(LIVE, "w", NULL) && has(1, "a", "{2}"));
    EQ_INT(put(LIVE, "w", "{5}"), 0);
    end();
}

/* ---- the disk ---- */

static void scribble(const char *file, off_t at)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, file);
    fd = open(path, O_WRONLY);
    if (OK(fd >= 0))
        EQ_INT(pwrite(fd, "this is not what was here before", 32, at), 32);
    close(fd);
}

static void a_damaged_file_is_moved_aside(void)
{
    const struct store_health *h;
    struct dirent *e;
    bool kept = false;
    DIR *d;

    if (!begin(NULL))
        return;
    put(1, "a", "{1}");
    close_store();
    scribble("config.db", 4096);
    if (!EQ_INT(open_with(NULL), 0))
        return;
    h = store_get_health(store, STORE_CLASS_CONFIG);
    HAS_STR(h->notice, "config.db was damaged");
    HAS_STR(h->notice, "config.db.damaged-");
    OK(has(1, "a", NULL));
    EQ_INT(put(1, "a", "{2}"), 0);
    d = opendir(dir);
    while (d && (e = readdir(d)))
        kept |= strncmp(e->d_name, "config.db.damaged-", 18) == 0;
    closedir(d);
    OK(kept);
    if (!reopen())
        return;
    OK(has(1, "a", "{2}"));
    end();
}

static void two_processes_do_not_share(void)
{
    int status = 0;
    pid_t pid;

    if (!begin(NULL))
        return;
    pid = fork();
    if (pid == 0) {
        uv_loop_t other;
        struct store *s;
        int rc;

        uv_loop_init(&other);
        rc = store_open(&s, &other, dir, NULL, why, sizeof(why));
        _exit(rc == UV_EBUSY && strstr(why, "another process") ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    EQ_INT(WEXITSTATUS(status), 0);
    end();
}

static void a_folder_that_cannot_be_made(void)
{
    snprintf(dir, sizeof(dir), "/dev/null/store");
    EQ_INT(open_with(NULL), UV_ENOTDIR);
    HAS_STR(why, "/dev/null");
    EQ_INT(uv_loop_close(&loop), 0);
}

static void closing_answers_everybody(void)
{
    static struct answer answers[30];
    bool done = false;
    int written = 0;

    if (!begin(NULL))
        return;
    for (int i = 0; i < 30; i++) {
        struct store_txn *t = store_txn_new();
        char name[16];

        snprintf(name, sizeof(name), "o%d", i);
        store_txn_put(t, 1, NS, str_of(name), STR("{}"), false, NULL);
        answers[i] = (struct answer){ 0 };
        store_write(store, t, on_answer, &answers[i]);
    }
    store_close(store, on_closed, &done);
    while (!done)
        uv_run(&loop, UV_RUN_ONCE);
    EQ_INT(uv_loop_close(&loop), 0);
    for (int i = 0; i < 30; i++) {
        OK(answers[i].done && (answers[i].code == 0 || answers[i].code == ERR_CLOSED));
        written += answers[i].code == 0;
    }
    if (!EQ_INT(open_with(NULL), 0))
        return;
    EQ_INT(store_count(store, 1, NS), written); /* those that were told so, no others */
    end();
}

struct told {
    bool done;
    int code;
    size_t count;
    char newest[32];
};

static void on_history(void *arg, int code, const struct store_revision *list, size_t count)
{
    struct told *t = arg;

    *t = (struct told){ .done = true, .code = code, .count = count };
    if (count)
        snprintf(t->newest, sizeof(t->newest), "%.*s", STR_ARG(list[0].body));
}

static void on_conflicts(void *arg, int code, const struct store_conflict *list, size_t count)
{
    struct told *t = arg;

    (void)list;
    *t = (struct told){ .done = true, .code = code, .count = count };
}

static void history_is_told(void)
{
    struct told t = { 0 }, none = { 0 }, conflicts = { 0 };

    if (!begin(NULL))
        return;
    put(1, "a", "{1}");
    put(1, "a", "{2}");
    store_history(store, 1, NS, STR("a"), on_history, &t);
    store_history(store, 1, NS, STR(""), on_history, &none);
    store_conflicts(store, on_conflicts, &conflicts);
    while (!t.done || !none.done || !conflicts.done)
        uv_run(&loop, UV_RUN_ONCE);
    EQ_INT(t.code, 0);
    EQ_UINT(t.count, 2);
    EQ_STR(t.newest, "{2}");
    EQ_UINT(none.count + conflicts.count, 0);
    end();
}

/* ---- kill -9 ---- */

struct report {
    uint32_t key, number;
};

static int pipe_out;

static void on_written(void *arg, const struct store_reply *reply)
{
    struct report r = { (uint32_t)((uintptr_t)arg >> 24), (uint32_t)((uintptr_t)arg & 0xffffff) };

    if (reply->code == 0 && write(pipe_out, &r, sizeof(r)) != sizeof(r))
        _exit(2);
}

static void write_until_killed(uint32_t number)
{
    struct random rng;

    random_init_os(&rng);
    if (open_with(NULL) != 0)
        _exit(3);
    for (;; number++) {
        struct store_txn *t = store_txn_new();
        uint32_t key = number % 7;
        char name[16], body[32];

        snprintf(name, sizeof(name), "k%u", key);
        snprintf(body, sizeof(body), "%u", number);
        store_txn_put(t, 1, NS, str_of(name), str_of(body), false, NULL);
        store_write(store, t, on_written, (void *)(uintptr_t)((uint64_t)key << 24 | number));
        uv_run(&loop, random_below(&rng, 3) ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    }
}

/* Reads what was acknowledged until the pipe ends. */
static void collect(int fd, uint32_t acked[7])
{
    struct report r;

    while (read(fd, &r, sizeof(r)) == sizeof(r)) {
        if (r.number > acked[r.key])
            acked[r.key] = r.number;
    }
}

static bool kill_once(uint32_t *number, uint32_t acked[7], struct random *rng)
{
    struct report first;
    int fds[2], status;
    pid_t pid;

    if (!EQ_INT(pipe(fds), 0))
        return false;
    pid = fork();
    if (pid == 0) {
        close(fds[0]);
        pipe_out = fds[1];
        write_until_killed(*number);
    }
    close(fds[1]);
    if (!EQ_INT(read(fds[0], &first, sizeof(first)), sizeof(first))) /* it is at work */
        return false;
    acked[first.key] = first.number;
    usleep((useconds_t)random_below(rng, 60000));
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    if (!OK(WIFSIGNALED(status)))
        NOTE("exit status %d", status);
    collect(fds[0], acked);
    close(fds[0]);
    return true;
}

static void no_kill_loses_what_was_acknowledged(void)
{
    const char *wanted = getenv("STORE_KILLS");
    uint32_t acked[7] = { 0 }, number = 1;
    uint64_t kills = 30, seq = 0;
    struct random rng;

    random_init(&rng, 11);
    if (wanted)
        str_to_u64(str_of(wanted), 100000, &kills);
    snprintf(dir, sizeof(dir), "/tmp/store-test-XXXXXX");
    if (!OK(mkdtemp(dir)))
        return;
    for (uint64_t i = 0; i < kills; i++) {
        if (!kill_once(&number, acked, &rng) || !EQ_INT(open_with(NULL), 0))
            return;
        EQ_STR(store_get_health(store, STORE_CLASS_CONFIG)->notice, "");
        for (uint32_t key = 0; key < 7; key++) {
            const struct store_object *o;
            uint64_t is = 0;
            char name[16];

            snprintf(name, sizeof(name), "k%u", key);
            o = store_find(store, 1, NS, str_of(name));
            if (o)
                str_to_u64(o->body, UINT32_MAX, &is);
            if (!OK(is >= acked[key]))
                NOTE("kill %d: %s is %d, acknowledged %u", (int)i, name, (int)is, acked[key]);
            if (o && o->dot.seq > seq)
                seq = o->dot.seq;
            if (is >= number)
                number = (uint32_t)is + 1;
        }
        close_store();
    }
    OK(number > kills);
    NOTE("%u writes, highest seq %d", number, (int)seq);
    remove_dir();
}

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct tap_case cases[] = {
    CASE(
        no_kill_loses_what_was_acknowledged), /* first: it forks, and threads do not survive that */
    CASE(objects_survive_a_restart),
    CASE(lists_are_in_order_and_paged),
    CASE(versions_join_spec_and_status),
    CASE(a_watch_tells_what_changes),
    CASE(a_watch_resumes_from_what_it_saw),
    CASE(a_watch_resumes_over_a_restart),
    CASE(a_token_of_another_life_is_too_old),
    CASE(a_slow_reader_is_told_so),
    CASE(a_watch_may_stop_another),
    CASE(many_watches_see_the_same),
    CASE(a_watch_outlives_the_store),
    CASE(a_shard_is_replaced_whole),
    CASE(workloads_get_a_new_origin_after_a_crash),
    CASE(a_damaged_file_is_moved_aside),
    CASE(two_processes_do_not_share),
    CASE(a_folder_that_cannot_be_made),
    CASE(closing_answers_everybody),
    CASE(history_is_told),
};

TAP_MAIN(cases)
