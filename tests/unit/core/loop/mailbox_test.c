#include "core/loop/mailbox.h"

#include "core/base/mem.h"
#include "tests/tap.h"

#define SENDERS 4
#define EACH    20000

struct note {
    struct mailbox_message message;
    int sender, number;
};

static struct mailbox box;
static int last[SENDERS], received, out_of_order;

static void on_note(struct mailbox_message *m)
{
    struct note *n = CONTAINER_OF(m, struct note, message);

    if (n->number != last[n->sender] + 1)
        out_of_order++;
    last[n->sender] = n->number;
    mem_free(n);
    if (++received == SENDERS * EACH)
        uv_unref((uv_handle_t *)&box.async); /* ends the loop */
}

static void send_all(void *arg)
{
    for (int i = 1; i <= EACH; i++) {
        struct note *n = mem_alloc0(1, sizeof(*n));

        n->message.fn = on_note;
        n->sender = *(int *)arg;
        n->number = i;
        mailbox_post(&box, &n->message);
    }
}

static void all_arrive_in_each_senders_order(void)
{
    uv_thread_t threads[SENDERS];
    int ids[SENDERS];
    uv_loop_t loop;

    uv_loop_init(&loop);
    if (!EQ_INT(mailbox_init(&box, &loop), 0))
        return;
    for (int i = 0; i < SENDERS; i++) {
        ids[i] = i;
        uv_thread_create(&threads[i], send_all, &ids[i]);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    for (int i = 0; i < SENDERS; i++)
        uv_thread_join(&threads[i]);
    EQ_INT(received, SENDERS * EACH);
    EQ_INT(out_of_order, 0);
    mailbox_close(&box);
    uv_run(&loop, UV_RUN_DEFAULT);
    EQ_INT(uv_loop_close(&loop), 0);
}

static int runs;

static void post_again(struct mailbox_message *m)
{
    if (++runs < 3)
        mailbox_post(&box, m);
}

static void message_may_be_posted_again_from_its_callback(void)
{
    struct mailbox_message m = { .fn = post_again };
    uv_loop_t loop;

    uv_loop_init(&loop);
    mailbox_init(&box, &loop);
    runs = 0;
    mailbox_post(&box, &m);
    EQ_INT(runs, 0); /* never inside the call */
    for (int i = 0; i < 3; i++)
        uv_run(&loop, UV_RUN_ONCE);
    EQ_INT(runs, 3);
    mailbox_close(&box);
    uv_run(&loop, UV_RUN_DEFAULT);
    EQ_INT(uv_loop_close(&loop), 0);
}

static void count_run(struct mailbox_message *m)
{
    (void)m;
    runs++;
}

static void closing_runs_what_has_arrived(void)
{
    struct mailbox_message a = { .fn = count_run }, b = { .fn = count_run };
    uv_loop_t loop;

    uv_loop_init(&loop);
    mailbox_init(&box, &loop);
    runs = 0;
    mailbox_post(&box, &a);
    mailbox_post(&box, &b);
    mailbox_close(&box);
    EQ_INT(runs, 2);
    uv_run(&loop, UV_RUN_DEFAULT);
    EQ_INT(runs, 2);
    EQ_INT(uv_loop_close(&loop), 0);
}

static const struct tap_case cases[] = {
    { "all_arrive_in_each_senders_order", all_arrive_in_each_senders_order },
    { "message_may_be_posted_again_from_its_callback",
      message_may_be_posted_again_from_its_callback },
    { "closing_runs_what_has_arrived", closing_runs_what_has_arrived },
};

TAP_MAIN(cases)
