#include "store/store_object.h"

#include <stdio.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/mem.h"

#define UNCONST(o) ((struct store_object *)(uintptr_t)(o)) /* only the count changes */

size_t store_object_key(uint16_t kind, struct str ns, struct str name,
                        char out[STORE_KEY_MAX_BYTES])
{
    size_t len = 0;

    ASSERT(ns.len <= STORE_NS_MAX_BYTES && name.len <= STORE_NAME_MAX_BYTES);
    out[len++] = (char)(kind >> 8);
    out[len++] = (char)(kind & 0xff);
    if (ns.len)
        memcpy(out + len, ns.p, ns.len);
    len += ns.len;
    out[len++] = '\0';
    if (name.len)
        memcpy(out + len, name.p, name.len);
    return len + name.len;
}

int store_object_check_key(uint16_t kind, struct str ns, struct str name)
{
    if ((kind & STORE_KIND_MAX) == 0 || name.len == 0)
        return ERR_INVALID;
    if (ns.len > STORE_NS_MAX_BYTES || name.len > STORE_NAME_MAX_BYTES)
        return ERR_LIMIT;
    if ((ns.len && memchr(ns.p, 0, ns.len)) || memchr(name.p, 0, name.len))
        return ERR_INVALID;
    return 0;
}

/* Copies s to *at, moves *at behind it and returns the copy. */
static struct str place(char **at, struct str s)
{
    struct str copy = str_make(*at, s.len);

    if (s.len)
        memcpy(*at, s.p, s.len);
    *at += s.len;
    return copy;
}

struct store_object *store_object_new(const struct store_object_init *init)
{
    size_t key_len = 2 + init->ns.len + 1 + init->name.len;
    size_t tail = key_len + init->body.len + init->deps.len;
    struct store_object *o = mem_alloc(sizeof(*o) + tail);
    char *at = (char *)(o + 1);

    atomic_init(&o->refs, 1);
    o->kind = init->kind;
    o->dead = init->dead;
    o->sealed = init->sealed;
    o->dot = init->dot;
    o->hlc = init->hlc;
    o->generation = init->generation;
    o->created_ms = init->created_ms;
    memcpy(o->uid, init->uid, sizeof(o->uid));
    store_object_key(init->kind, init->ns, init->name, at);
    o->key = str_make(at, key_len);
    o->ns = str_make(at + 2, init->ns.len);
    o->name = str_make(at + 2 + init->ns.len + 1, init->name.len);
    at += key_len;
    o->body = place(&at, init->body);
    o->deps = place(&at, init->deps);
    dot_format(o->dot, o->version);
    return o;
}

struct store_object *store_object_ref(const struct store_object *o)
{
    atomic_fetch_add_explicit(&UNCONST(o)->refs, 1, memory_order_relaxed);
    return UNCONST(o);
}

void store_object_unref(const struct store_object *o)
{
    if (!o || atomic_fetch_sub_explicit(&UNCONST(o)->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (o->sealed)
        mem_wipe(UNCONST(o) + 1, o->key.len + o->body.len);
    mem_free(UNCONST(o));
}

bool store_object_beats(const struct store_object *a, const struct store_object *b)
{
    return a->hlc != b->hlc ? a->hlc > b->hlc : a->dot.origin > b->dot.origin;
}

void store_object_uid_text(const struct store_object *o, char out[STORE_OBJECT_UID_TEXT])
{
    const uint8_t *u = o->uid;

    snprintf(out, STORE_OBJECT_UID_TEXT,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
             u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
             u[15]);
}

uint64_t store_object_digest(const struct store_object *o)
{
    uint64_t h = hash_content(o->key.p, o->key.len);

    h = hash_content_seeded(o->body.p, o->body.len, h);
    h = hash_mix(h ^ o->dot.seq);
    h = hash_mix(h ^ o->hlc);
    h = hash_mix(h ^ o->generation);
    return hash_mix(h ^ ((uint64_t)o->dot.origin << 2 | (uint64_t)o->dead << 1 | o->sealed));
}
