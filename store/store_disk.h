/* The thread that owns one database: commits, reads what is not in memory, and checkpoints when
 * nothing waits, so that no commit pays for it. Jobs are done in order. */
#ifndef STORE_STORE_DISK_H
#define STORE_STORE_DISK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/list.h"
#include "store/store.h"

struct store_batch;
struct store_db;

enum store_job_type { STORE_JOB_COMMIT, STORE_JOB_HISTORY, STORE_JOB_CONFLICTS };

struct store_job {
    struct list link;
    enum store_job_type type;
    const struct store_batch *batch;   /* COMMIT; borrowed until the job is done */
    const struct store_object *object; /* HISTORY: whose; a reference of the job */
    store_history_cb *history_cb;      /* the asker's, of the type that fits the job */
    store_conflicts_cb *conflicts_cb;
    void *arg;
    /* Results. */
    int code;
    char why[256];
    bool is_broken;
    uint64_t us; /* how long a commit took */
    size_t wal_bytes;
    struct arena arena; /* holds these: */
    struct store_revision *revisions;
    struct store_conflict *conflicts;
    size_t count;
};

struct store_job *store_disk_job_new(enum store_job_type type);
void store_disk_job_free(struct store_job *job); /* NULL is allowed */

struct store_disk {
    struct store_db *db;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake;
    struct list queue, done;
    bool stopping, gone;
    void (*notify)(void *arg); /* on the disk thread: there is something done, or it is gone */
    void *arg;
};

/* Takes db. 0 or a negative error; then db is still the caller's. */
int store_disk_start(struct store_disk *d, struct store_db *db, void (*notify)(void *arg),
                     void *arg);
/* Any thread; takes the job. */
void store_disk_push(struct store_disk *d, struct store_job *job);
/* Moves what is done to the end of list. Returns whether the thread has ended (and all is in). */
bool store_disk_take(struct store_disk *d, struct list *list);
/* Does what is queued, closes the database, ends, and notifies. */
void store_disk_stop(struct store_disk *d);
/* After store_disk_take said so. */
void store_disk_join(struct store_disk *d);

#endif
