#include "store/store_start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "store/store_state.h"

#define PENDING_MAX        4096
#define LIVE_TOMBSTONE_MS  (10 * 60 * 1000)
#define LIVE_TOMBSTONE_MAX 200000
#define LIVE_ORIGINS_MAX   (VV_ENTRIES_MAX - 6) /* room for the lives to come */

static struct log_module log_module = LOG_MODULE("store");

int store_start_dir(const char *dir, char *why, size_t why_size)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path)) {
        snprintf(why, why_size, "%s: the path is too long", dir);
        return ERR_LIMIT;
    }
    for (char *at = path + 1;; at++) {
        char was = *at;

        if (was != '/' && was != '\0')
            continue;
        *at = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            int code = -errno;

            snprintf(why, why_size, "%s: %s", path, error_text(code));
            return code;
        }
        if (was == '\0')
            return 0;
        *at = was;
    }
}

/* A new file's name must survive a power cut as its content does. */
static void sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (fsync(fd) != 0)
        log_warn("%s: %s", dir, error_text(-errno));
    close(fd);
}

/* ---- damaged files ---- */

/* Renames path and its log to names that tell when; nothing is ever repaired in place. */
static int move_aside(struct store_side *side, const char *path, uint64_t now_ms, const char *why)
{
    static const char *const suffixes[] = { "", "-wal", "-journal" };
    time_t now = (time_t)(now_ms / 1000);
    char from[PATH_MAX + 16], to[PATH_MAX + 64], stamp[32];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        snprintf(from, sizeof(from), "%s%s", path, suffixes[i]);
        snprintf(to, sizeof(to), "%s.damaged-%s%s", path, stamp, suffixes[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            return -errno;
    }
    snprintf(side->health.notice, sizeof(side->health.notice),
             "%s %.200s: kept as %s.damaged-%s, an empty one was begun", side->file, why,
             side->file, stamp);
    log_error("%s", side->health.notice);
    return 0;
}

/* ---- loading ---- */

static void on_row(void *arg, const struct store_object *row)
{
    struct store_side *side = arg;

    store_core_load(&side->core, row);
}

static void begin_core(struct store_side *side, uint32_t origin)
{
    const struct store_options *o = &side->store->options;
    struct store_core_options options = {
        .is_live = side->is_live,
        .origin = origin,
        .can_seal = o->seal != NULL,
        .same_spec = o->same_spec,
        .same_spec_arg = o->same_spec_arg,
        .tombstone_ms = side->is_live ? LIVE_TOMBSTONE_MS : o->tombstone_ms,
        .tombstone_max = side->is_live ? LIVE_TOMBSTONE_MAX : 0,
        .pending_max = PENDING_MAX,
    };

    store_core_init(&side->core, &options);
}

/* Opens the file and loads the core once. ERR_CORRUPT: both are to be thrown away. */
static int try_load(struct store_side *side, const char *path, struct store_db_meta *meta,
                    struct store_db **out, char *why, size_t why_size)
{
    const struct store_options *o = &side->store->options;
    struct store_db_options options = { side->is_live, o->vfs, o->seal };
    int rc;

    *meta = (struct store_db_meta){ 0 };
    rc = store_db_open(out, path, &options, why, why_size);
    if (rc != 0)
        return rc;
    begin_core(side, 1); /* the real origin comes with what is loaded */
    rc = store_db_load(*out, meta, on_row, side, why, why_size);
    if (rc == 0) {
        rc = store_core_load_end(&side->core, &meta->vv, &meta->purged_vv, meta->hlc, meta->digest);
        if (rc != 0)
            snprintf(why, why_size, "its rows do not add up to the digest kept with them");
    }
    if (rc != 0) {
        store_core_deinit(&side->core);
        store_db_close(*out);
    }
    return rc;
}

/* Origins of former lives that own nothing any more are forgotten, so that the vector of workloads
 * does not grow with each crash. */
static void drop_dead_lives(struct store_side *side, struct store_db_meta *meta)
{
    struct vv rest, purged;

    vv_init(&rest);
    vv_init(&purged);
    for (const struct store_object *o = store_index_after(&side->core.index, STR_NONE); o;
         o = store_index_after(&side->core.index, o->key))
        vv_raise(&rest, (struct dot){ o->dot.origin, vv_get(&meta->vv, o->dot.origin) });
    for (size_t i = 0; i < meta->purged_vv.count; i++) {
        if (vv_get(&rest, meta->purged_vv.list[i].origin) > 0)
            vv_raise(&purged, meta->purged_vv.list[i]);
    }
    vv_copy(&meta->vv, &rest);
    vv_copy(&meta->purged_vv, &purged);
    vv_copy(&side->core.vv, &rest);
    vv_copy(&side->core.purged_vv, &purged);
    vv_deinit(&rest);
    vv_deinit(&purged);
}

/* R1. config.db is durable with each answer, so what is there is the last we wrote. live.db may
 * have lost its end with the machine: unless it was closed properly, its origin is not used again.
 */
static void take_origin(struct store_side *side, struct store_db_meta *meta, uint64_t now_ms)
{
    bool is_ours = meta->origin != 0 && (!side->is_live || meta->is_clean);

    if (!is_ours) {
        if (side->is_live)
            drop_dead_lives(side, meta);
        do {
            random_bytes(&meta->origin, sizeof(meta->origin));
        } while (meta->origin == 0 || vv_get(&meta->vv, meta->origin) > 0);
        meta->inc = (int64_t)now_ms; /* later lives are larger, also when the file was lost */
    }
    side->core.options.origin = meta->origin;
}

static bool is_zero(const uint8_t *p, size_t len)
{
    while (len > 0 && *p == 0) {
        p++;
        len--;
    }
    return len == 0;
}

/* live.db of another cluster or node is of no use: it is begun anew. */
static bool is_foreign(const struct store_db_meta *meta, const struct store_db_meta *known)
{
    return meta->origin != 0 && !is_zero(known->node_id, sizeof(known->node_id)) &&
           (memcmp(meta->cluster_id, known->cluster_id, sizeof(known->cluster_id)) != 0 ||
            memcmp(meta->node_id, known->node_id, sizeof(known->node_id)) != 0);
}

static int load(struct store_side *side, const char *path, uint64_t now_ms,
                const struct store_db_meta *known, struct store_db_meta *meta,
                struct store_db **out, char *why, size_t why_size)
{
    bool is_old = false;
    char what[400];

    for (int tries = 0;; tries++) {
        int rc = try_load(side, path, meta, out, why, why_size);

        if (rc == 0 && tries == 0 && side->is_live &&
            (is_foreign(meta, known) || meta->vv.count > LIVE_ORIGINS_MAX)) {
            store_core_deinit(&side->core);
            store_db_close(*out);
            snprintf(why, why_size, "belongs to another life of this control");
            is_old = true;
            rc = ERR_CORRUPT;
        }
        if (rc != ERR_CORRUPT || tries == 1)
            return rc;
        store_db_meta_deinit(meta);
        snprintf(what, sizeof(what), is_old ? "%s" : "was damaged (%s)", why);
        rc = move_aside(side, path, now_ms, what);
        if (rc != 0) {
            snprintf(why, why_size, "it is damaged and cannot be moved aside: %s", error_text(rc));
            return rc;
        }
    }
}

static void take_ids(struct store_db_meta *meta, const struct store_db_meta *known)
{
    if (!is_zero(known->node_id, sizeof(known->node_id))) {
        memcpy(meta->cluster_id, known->cluster_id, sizeof(meta->cluster_id));
        memcpy(meta->node_id, known->node_id, sizeof(meta->node_id));
    } else if (meta->origin == 0) {
        random_bytes(meta->cluster_id, sizeof(meta->cluster_id));
        random_bytes(meta->node_id, sizeof(meta->node_id));
    }
}

int store_start_side(struct store_side *side, const char *dir, uint64_t now_ms,
                     struct store_db_meta *meta, struct store_db **out, char *why, size_t why_size)
{
    struct store_db_meta mine = { 0 };
    char path[PATH_MAX + 16], inner[300] = "";
    int rc;

    snprintf(path, sizeof(path), "%s/%s", dir, side->file);
    rc = load(side, path, now_ms, meta, &mine, out, inner, sizeof(inner));
    if (rc == 0) {
        sync_dir(dir);
        take_ids(&mine, meta);
        take_origin(side, &mine, now_ms);
        store_log_set_base(&side->log, &mine.vv);
        rc = store_db_begin(*out, &mine, inner, sizeof(inner));
        if (rc != 0) {
            store_db_close(*out);
            store_core_deinit(&side->core);
        }
    }
    if (rc == 0) {
        memcpy(meta->cluster_id, mine.cluster_id, sizeof(meta->cluster_id));
        memcpy(meta->node_id, mine.node_id, sizeof(meta->node_id));
    } else {
        snprintf(why, why_size, "%s/%s: %s", dir, side->file, inner);
    }
    store_db_meta_deinit(&mine);
    return rc;
}
