#include "core/loop/mailbox.h"

#include "core/base/mem.h"

/* The list is newest first, as pushing makes it; what is taken at once is turned round. */
static struct mailbox_message *take_all(struct mailbox *box)
{
    struct mailbox_message *m = atomic_exchange_explicit(&box->newest, NULL, memory_order_acquire);
    struct mailbox_message *oldest = NULL;

    while (m) {
        struct mailbox_message *older = m->next;

        m->next = oldest;
        oldest = m;
        m = older;
    }
    return oldest;
}

void mailbox_run(struct mailbox *box)
{
    struct mailbox_message *m = take_all(box);

    while (m) {
        struct mailbox_message *next = m->next;

        m->fn(m); /* m may be gone or posted again */
        m = next;
    }
}

static void on_async(uv_async_t *async)
{
    mailbox_run(CONTAINER_OF(async, struct mailbox, async));
}

int mailbox_init(struct mailbox *box, uv_loop_t *loop)
{
    atomic_init(&box->newest, NULL);
    return uv_async_init(loop, &box->async, on_async);
}

void mailbox_close(struct mailbox *box)
{
    mailbox_run(box);
    uv_close((uv_handle_t *)&box->async, NULL);
}

/* Only what was pushed matters to the taker, so release here and acquire there are enough. */
void mailbox_post(struct mailbox *box, struct mailbox_message *m)
{
    struct mailbox_message *old = atomic_load_explicit(&box->newest, memory_order_relaxed);

    do {
        m->next = old;
    } while (!atomic_compare_exchange_weak_explicit(&box->newest, &old, m, memory_order_release,
                                                    memory_order_relaxed));
    if (!old)
        uv_async_send(&box->async);
}
