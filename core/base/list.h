/* Intrusive doubly linked lists. A list head is a link whose both ends meet; links are embedded in
 * the items. Removing an unlinked item does nothing, so an item can be removed twice. */
#ifndef CORE_BASE_LIST_H
#define CORE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/mem.h"

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
    return l->next == l;
}

/* True while the item is in some list; a zeroed link counts as unlinked. */
static inline bool list_is_linked(const struct list *l)
{
    return l->next && l->next != l;
}

static inline void list_insert(struct list *before, struct list *item)
{
    item->prev = before->prev;
    item->next = before;
    before->prev->next = item;
    before->prev = item;
}

static inline void list_push(struct list *head, struct list *item) /* at the end */
{
    list_insert(head, item);
}

static inline void list_push_front(struct list *head, struct list *item)
{
    list_insert(head->next, item);
}

static inline void list_remove(struct list *item)
{
    if (!item->next)
        return;
    item->prev->next = item->next;
    item->next->prev = item->prev;
    list_init(item);
}

/* Moves all items of from to the end of to; from is empty afterwards. */
static inline void list_splice(struct list *to, struct list *from)
{
    if (list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

static inline struct list *list_pop(struct list *head) /* the first, or NULL */
{
    struct list *item = head->next;

    if (item == head)
        return NULL;
    list_remove(item);
    return item;
}

#define LIST_ITEM(link, type, member) CONTAINER_OF(link, type, member)
/* The loop body may remove the current item. */
/* NOLINTBEGIN(bugprone-macro-parentheses): it and tmp are declared here */
#define LIST_FOREACH(it, tmp, head)                                                                \
    for (struct list *it = (head)->next, *tmp = it->next; it != (head); it = tmp, tmp = it->next)
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
