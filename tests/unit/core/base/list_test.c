#include "core/base/list.h"

#include "tests/tap.h"

struct item {
    int number;
    struct list link;
};

/* The numbers of head as digits: 1, 2, 3 is 123. */
static int digits(const struct list *head)
{
    int all = 0;

    LIST_FOREACH(it, next, head)
    all = all * 10 + LIST_ITEM(it, struct item, link)->number;
    return all;
}

static void items_keep_their_order(void)
{
    struct item a = { .number = 1 }, b = { .number = 2 }, c = { .number = 3 };
    struct list head;

    list_init(&head);
    OK(list_is_empty(&head));
    OK(!list_is_linked(&a.link));
    list_push(&head, &b.link);
    list_push(&head, &c.link);
    list_push_front(&head, &a.link);
    EQ_INT(digits(&head), 123);
    OK(list_is_linked(&a.link));
    OK(list_pop(&head) == &a.link);
    OK(!list_is_linked(&a.link));
    list_insert(&c.link, &a.link);
    EQ_INT(digits(&head), 213);
}

static void removing_twice_or_unlinked_does_nothing(void)
{
    struct item a = { .number = 1 }, b = { .number = 2 }, zeroed = { 0 };
    struct list head;

    list_init(&head);
    list_push(&head, &a.link);
    list_push(&head, &b.link);
    list_remove(&a.link);
    list_remove(&a.link);
    list_remove(&zeroed.link);
    EQ_INT(digits(&head), 2);
    list_remove(&b.link);
    OK(list_is_empty(&head));
    OK(list_pop(&head) == NULL);
}

static void loop_may_remove_the_current_item(void)
{
    struct item items[5];
    struct list head;

    list_init(&head);
    for (int i = 0; i < 5; i++) {
        items[i] = (struct item){ .number = i + 1 };
        list_push(&head, &items[i].link);
    }
    LIST_FOREACH(it, next, &head)
    {
        if (LIST_ITEM(it, struct item, link)->number % 2)
            list_remove(it);
    }
    EQ_INT(digits(&head), 24);
}

static void splice_moves_all(void)
{
    struct item a = { .number = 1 }, b = { .number = 2 }, c = { .number = 3 };
    struct list to, from;

    list_init(&to);
    list_init(&from);
    list_splice(&to, &from);
    OK(list_is_empty(&to));
    list_push(&from, &b.link);
    list_push(&from, &c.link);
    list_push(&to, &a.link);
    list_splice(&to, &from);
    EQ_INT(digits(&to), 123);
    OK(list_is_empty(&from));
}

static const struct tap_case cases[] = {
    { "items_keep_their_order", items_keep_their_order },
    { "removing_twice_or_unlinked_does_nothing", removing_twice_or_unlinked_does_nothing },
    { "loop_may_remove_the_current_item", loop_may_remove_the_current_item },
    { "splice_moves_all", splice_moves_all },
};

TAP_MAIN(cases)
