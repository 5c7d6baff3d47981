#include "store/store_disk.h"

#include <time.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "store/store_db.h"
#include "store/store_object.h"

#define CHECKPOINT_BYTES (1024 * 1024)      /* worth it when idle */
#define CHECKPOINT_MUST  (64 * 1024 * 1024) /* even when others wait */

static struct log_module log_module = LOG_MODULE("store");

struct store_job *store_disk_job_new(enum store_job_type type)
{
    struct store_job *job = mem_alloc0(1, sizeof(*job));

    job->type = type;
    arena_init(&job->arena, 0);
    return job;
}

void store_disk_job_free(struct store_job *job)
{
    if (!job)
        return;
    store_object_unref(job->object);
    arena_deinit(&job->arena);
    mem_free(job);
}

static uint64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void run(struct store_disk *d, struct store_job *job)
{
    uint64_t start = now_us();

    switch (job->type) {
    case STORE_JOB_COMMIT:
        job->code = store_db_commit(d->db, job->batch, job->why);
        job->is_broken = store_db_is_broken(d->db);
        break;
    case STORE_JOB_HISTORY:
        job->code = store_db_history(d->db, job->object, &job->arena, &job->revisions, &job->count);
        break;
    case STORE_JOB_CONFLICTS:
        job->code = store_db_conflicts(d->db, &job->arena, &job->conflicts, &job->count);
        break;
    }
    job->us = now_us() - start;
    job->wal_bytes = store_db_wal_bytes(d->db);
}

static void checkpoint(struct store_disk *d)
{
    char why[256];

    if (store_db_checkpoint(d->db, why) != 0)
        log_warn("the write-ahead log could not be merged: %s", why);
}

/* Waits for a job; NULL when there is none and the thread is to end. The lock is held. */
static struct store_job *next_job(struct store_disk *d)
{
    bool tried = false; /* a checkpoint that failed is tried again after the next commit */

    for (;;) {
        struct list *it = list_pop(&d->queue);

        if (it)
            return LIST_ITEM(it, struct store_job, link);
        if (d->stopping)
            return NULL;
        if (!tried && !store_db_is_broken(d->db) && store_db_wal_bytes(d->db) >= CHECKPOINT_BYTES) {
            pthread_mutex_unlock(&d->lock);
            checkpoint(d);
            tried = true;
            pthread_mutex_lock(&d->lock);
        } else {
            pthread_cond_wait(&d->wake, &d->lock);
        }
    }
}

static void *work(void *arg)
{
    struct store_disk *d = arg;
    struct store_job *job;

    pthread_mutex_lock(&d->lock);
    while ((job = next_job(d))) {
        pthread_mutex_unlock(&d->lock);
        run(d, job);
        pthread_mutex_lock(&d->lock);
        list_push(&d->done, &job->link);
        d->notify(d->arg);
        if (!store_db_is_broken(d->db) && store_db_wal_bytes(d->db) >= CHECKPOINT_MUST) {
            pthread_mutex_unlock(&d->lock);
            checkpoint(d);
            pthread_mutex_lock(&d->lock);
        }
    }
    pthread_mutex_unlock(&d->lock);
    store_db_close(d->db);
    pthread_mutex_lock(&d->lock);
    d->gone = true;
    d->notify(d->arg); /* with the lock held: who sees gone may free d after joining */
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

int store_disk_start(struct store_disk *d, struct store_db *db, void (*notify)(void *arg),
                     void *arg)
{
    *d = (struct store_disk){ .db = db, .notify = notify, .arg = arg };
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->wake, NULL);
    list_init(&d->queue);
    list_init(&d->done);
    if (pthread_create(&d->thread, NULL, work, d) == 0)
        return 0;
    pthread_cond_destroy(&d->wake);
    pthread_mutex_destroy(&d->lock);
    return ERR_LIMIT;
}

void store_disk_push(struct store_disk *d, struct store_job *job)
{
    pthread_mutex_lock(&d->lock);
    list_push(&d->queue, &job->link);
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->lock);
}

bool store_disk_take(struct store_disk *d, struct list *list)
{
    bool gone;

    pthread_mutex_lock(&d->lock);
    list_splice(list, &d->done);
    gone = d->gone;
    pthread_mutex_unlock(&d->lock);
    return gone;
}

void store_disk_stop(struct store_disk *d)
{
    pthread_mutex_lock(&d->lock);
    d->stopping = true;
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->lock);
}

void store_disk_join(struct store_disk *d)
{
    pthread_join(d->thread, NULL);
    pthread_cond_destroy(&d->wake);
    pthread_mutex_destroy(&d->lock);
}
