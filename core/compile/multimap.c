#include "core/compile/multimap.h"

#include <string.h>

#include "core/base/mem.h"

void multimap_init(struct multimap *m)
{
    map_init(&m->map);
}

static void list_free(struct multimap_list *l)
{
    mem_free(l->items);
    mem_free(l); /* the key stands behind it in the same memory */
}

void multimap_deinit(struct multimap *m)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&m->map, &at));)
        list_free(s->value);
    map_deinit(&m->map);
}

static struct multimap_list *list_new(struct multimap *m, struct str key)
{
    struct multimap_list *l = mem_alloc_flex(sizeof(*l), key.len + 1, 1);
    char *text = (char *)(l + 1);

    if (key.len)
        memcpy(text, key.p, key.len);
    l->key = str_make(text, key.len);
    map_put(&m->map, l->key, l);
    return l;
}

bool multimap_add(struct multimap *m, struct str key, void *value)
{
    struct multimap_list *l = map_get(&m->map, key);

    if (!l)
        l = list_new(m, key);
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->items[i] == value)
            return false;
    }
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 2;
        l->items = mem_resize(l->items, l->cap, sizeof(void *));
    }
    l->items[l->count++] = value;
    return true;
}

bool multimap_remove(struct multimap *m, struct str key, void *value)
{
    struct multimap_list *l = map_get(&m->map, key);
    uint32_t i;

    for (i = 0; l && i < l->count && l->items[i] != value; i++)
        ;
    if (!l || i == l->count)
        return false;
    memmove(l->items + i, l->items + i + 1, (l->count - i - 1) * sizeof(void *));
    if (--l->count == 0) {
        map_remove(&m->map, l->key);
        list_free(l);
    }
    return true;
}

const struct multimap_list *multimap_get(const struct multimap *m, struct str key)
{
    return map_get(&m->map, key);
}
