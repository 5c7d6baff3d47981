/* Messages from any thread to one loop.
 *
 * A message is embedded in what it carries: the sender fills in fn and posts; fn runs once on the
 * loop's thread and may free or reuse the memory. Messages of one sender arrive in their order. No
 * lock: senders push on a list, the loop takes the whole list at once; only the sender that finds
 * it empty wakes the loop. */
#ifndef CORE_LOOP_MAILBOX_H
#define CORE_LOOP_MAILBOX_H

#include <stdatomic.h>
#include <uv.h>

struct mailbox_message {
    struct mailbox_message *next;
    void (*fn)(struct mailbox_message *m);
};

struct mailbox {
    _Atomic(struct mailbox_message *) newest;
    uv_async_t async;
};

/* 0 or libuv's error. */
int mailbox_init(struct mailbox *box, uv_loop_t *loop);
/* Runs what has arrived, as the loop does by itself. Loop thread. */
void mailbox_run(struct mailbox *box);
/* Runs what has arrived, then starts closing; the memory must stay until the loop has run once
 * more. Nobody may post any more. */
void mailbox_close(struct mailbox *box);

/* m belongs to the mailbox until m->fn runs. Any thread. */
void mailbox_post(struct mailbox *box, struct mailbox_message *m);

#endif
