#include "core/xds/xds_cache.h"

#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"

void xds_cache_init(struct xds_cache *c, const char *type_url, const char *any_url,
                    struct xds_clock *clock)
{
    *c = (struct xds_cache){ .type_url = type_url, .any_url = any_url, .clock = clock };
    map_init(&c->by_name);
    list_init(&c->log);
}

void xds_cache_deinit(struct xds_cache *c)
{
    LIST_FOREACH(it, tmp, &c->log)
    mem_free(LIST_ITEM(it, struct xds_resource, link));
    map_deinit(&c->by_name);
}

enum { AUDIENCES_MAX = 512 }; /* bytes */

static struct str copy(char **at, struct str text)
{
    struct str to = str_make(*at, text.len);

    if (text.len)
        memcpy(*at, text.p, text.len);
    *at += text.len;
    return to;
}

/* old: of the same name, or NULL. What stood there before counts from its removal on, too. */
static struct xds_resource *make(const struct xds_cache_item *item, const struct xds_resource *old)
{
    struct str audience = old && !old->gone ? old->audience : STR_NONE;
    struct str before = old ? old->audience_before : STR_NONE;
    bool all_before = old && ((!old->gone && !audience.len) ||
                              audience.len + before.len > AUDIENCES_MAX || str_is(before, "*"));
    struct xds_resource *r;
    char *p;

    if (all_before) {
        before = STR("*");
        audience = STR_NONE;
    }
    r = mem_alloc_flex(sizeof(*r),
                       item->name.len + item->ns.len + item->value.len + item->audience.len +
                           audience.len + before.len,
                       1);
    p = r->data;
    r->name = copy(&p, item->name);
    r->ns = copy(&p, item->ns);
    r->value = copy(&p, item->value);
    r->audience = copy(&p, item->audience);
    r->audience_before = copy(&p, audience);
    r->audience_before.len += copy(&p, before).len;
    r->tag = item->tag;
    return r;
}

/* Puts r where the old one of its name was. */
static void enter(struct xds_cache *c, struct xds_resource *r)
{
    struct xds_resource *old = map_put(&c->by_name, r->name, r);

    if (old) {
        c->gone_count -= old->gone;
        list_remove(&old->link);
        mem_free(old);
    }
    r->mod = ++c->clock->mod;
    list_push(&c->log, &r->link);
}

bool xds_cache_put(struct xds_cache *c, const struct xds_cache_item *item)
{
    struct xds_resource *old = map_get(&c->by_name, item->name), *r;

    if (old && !old->gone && str_eq(old->value, item->value) && old->tag == item->tag &&
        str_eq(old->audience, item->audience))
        return false;
    r = make(item, old);
    snprintf(r->version, sizeof(r->version), "%016llx",
             (unsigned long long)hash_content(r->value.p, r->value.len));
    enter(c, r);
    return true;
}

/* Forgets the oldest removals. Readers that were not told by then must start over. */
static void forget(struct xds_cache *c)
{
    LIST_FOREACH(it, tmp, &c->log)
    {
        struct xds_resource *r = LIST_ITEM(it, struct xds_resource, link);

        if (c->gone_count <= XDS_CACHE_GONE_MAX / 2)
            return;
        if (!r->gone)
            continue;
        c->forgotten = r->mod;
        c->gone_count--;
        map_remove(&c->by_name, r->name);
        list_remove(&r->link);
        mem_free(r);
    }
}

bool xds_cache_remove(struct xds_cache *c, struct str name)
{
    const struct xds_resource *old = xds_cache_find(c, name);
    struct xds_resource *r;

    if (!old)
        return false;
    r = make(&(struct xds_cache_item){ .name = old->name, .ns = old->ns, .tag = old->tag }, old);
    r->gone = true;
    enter(c, r);
    if (++c->gone_count > XDS_CACHE_GONE_MAX)
        forget(c);
    return true;
}

const struct xds_resource *xds_cache_find(const struct xds_cache *c, struct str name)
{
    const struct xds_resource *r = map_get(&c->by_name, name);

    return r && !r->gone ? r : NULL;
}

const struct xds_resource *xds_cache_after(const struct xds_cache *c, uint64_t mod)
{
    struct list *it = c->log.prev;

    while (it != &c->log && LIST_ITEM(it, struct xds_resource, link)->mod > mod)
        it = it->prev;
    return it->next == &c->log ? NULL : LIST_ITEM(it->next, struct xds_resource, link);
}

const struct xds_resource *xds_cache_next(const struct xds_cache *c, const struct xds_resource *r)
{
    return r->link.next == &c->log ? NULL : LIST_ITEM(r->link.next, struct xds_resource, link);
}

size_t xds_cache_count(const struct xds_cache *c)
{
    return c->by_name.count - c->gone_count;
}
