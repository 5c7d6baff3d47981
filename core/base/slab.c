#include "core/base/slab.h"

#include <stdint.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/mem.h"

#ifdef __SANITIZE_ADDRESS__
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, len)   ASAN_POISON_MEMORY_REGION(p, len)
#define UNPOISON(p, len) ASAN_UNPOISON_MEMORY_REGION(p, len)
#else
#define POISON(p, len)   ((void)(p), (void)(len))
#define UNPOISON(p, len) ((void)(p), (void)(len))
#endif

/* Pages are aligned to their size, so that an item finds its page by masking its address. Items are
 * carved one by one: what was never handed out is never touched and costs no real memory. */
struct slab_page {
    struct slab_page *next;
    size_t carved;  /* items handed out at least once */
    size_t is_free; /* of these, on the free list; only valid during slab_trim */
};

struct free_item {
    struct free_item *next;
};

#define ALIGN          ((size_t)16)
#define HEAD_BYTES     ((sizeof(struct slab_page) + ALIGN - 1) & ~(ALIGN - 1))
#define PAGE_MIN_BYTES ((size_t)16 * 1024)
#define PAGE_MIN_ITEMS 8

static size_t page_bytes(const struct slab *s)
{
    size_t bytes = PAGE_MIN_BYTES;

    while (bytes < HEAD_BYTES + PAGE_MIN_ITEMS * s->item_bytes)
        bytes *= 2;
    return bytes;
}

static struct slab_page *page_of(const struct slab *s, void *item)
{
    size_t offset = (uintptr_t)item & (page_bytes(s) - 1);

    return (struct slab_page *)(void *)((char *)item - offset);
}

void slab_init(struct slab *s, size_t item_bytes, size_t max_items)
{
    *s = (struct slab){ .item_bytes = (item_bytes + ALIGN - 1) & ~(ALIGN - 1),
                        .max_items = max_items };
    if (s->item_bytes == 0)
        s->item_bytes = ALIGN;
}

static void free_page(const struct slab *s, struct slab_page *page)
{
    UNPOISON(page, page_bytes(s));
    mem_free(page);
}

void slab_deinit(struct slab *s)
{
    ASSERT(s->used == 0);
    while (s->pages) {
        struct slab_page *page = s->pages;

        s->pages = page->next;
        free_page(s, page);
    }
    s->free_list = NULL;
    s->free_count = 0;
}

static void add_page(struct slab *s)
{
    size_t bytes = page_bytes(s);
    struct slab_page *page = mem_alloc_aligned(bytes, bytes);

    *page = (struct slab_page){ .next = s->pages };
    s->pages = page;
    POISON((char *)page + HEAD_BYTES, bytes - HEAD_BYTES);
}

/* Only the newest page can have items left to carve. */
static void *carve(struct slab *s)
{
    size_t per_page = (page_bytes(s) - HEAD_BYTES) / s->item_bytes;

    if (!s->pages || s->pages->carved == per_page)
        add_page(s);
    return (char *)s->pages + HEAD_BYTES + s->pages->carved++ * s->item_bytes;
}

void *slab_alloc(struct slab *s)
{
    struct free_item *item = s->free_list;

    if (s->max_items && s->used == s->max_items)
        return NULL;
    s->used++;
    if (!item) {
        item = carve(s);
        UNPOISON(item, s->item_bytes);
        return item;
    }
    UNPOISON(item, s->item_bytes);
    s->free_list = item->next;
    s->free_count--;
    return item;
}

void slab_free(struct slab *s, void *item)
{
    struct free_item *f = item;

    if (!f)
        return;
    ASSERT(s->used > 0);
    f->next = s->free_list;
    s->free_list = f;
    s->free_count++;
    s->used--;
    POISON(item, s->item_bytes);
}

/* Counts per page what is on the free list, then keeps the list without the items of
 * pages that are wholly free. */
void slab_trim(struct slab *s)
{
    struct free_item *item, *next, *kept = NULL;
    struct slab_page **at = &s->pages;

    if (s->free_count == 0)
        return;
    for (struct slab_page *page = s->pages; page; page = page->next)
        page->is_free = 0;
    for (item = s->free_list; item; item = item->next) {
        UNPOISON(item, sizeof(*item));
        page_of(s, item)->is_free++;
    }
    s->free_count = 0;
    for (item = s->free_list; item; item = next) {
        const struct slab_page *page = page_of(s, item);

        next = item->next;
        if (page->is_free == page->carved)
            continue;
        item->next = kept;
        kept = item;
        s->free_count++;
        POISON(item, s->item_bytes);
    }
    s->free_list = kept;
    while (*at) {
        struct slab_page *page = *at;

        if (page->is_free != page->carved) {
            at = &page->next;
            continue;
        }
        *at = page->next;
        free_page(s, page);
    }
}
