#include "core/tls/tls_sni.h"

#include <stdatomic.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/tls/tls_config.h"
#include "core/tls/tls_hello.h"

struct tls_sni {
    atomic_uint refs;
    struct arena arena;       /* of the keys */
    struct map exact;         /* name -> config */
    struct map suffixes;      /* ".example.com" -> config */
    struct tls_config *other; /* or NULL */
};

static int add_row(struct tls_sni *t, const struct tls_sni_row *row)
{
    struct str pattern = arena_lower(&t->arena, row->pattern);
    struct map *map = &t->exact;

    if (pattern.len == 0 || str_is(pattern, "*")) {
        if (t->other)
            return ERR_EXISTS;
        t->other = tls_config_ref(row->config);
        return 0;
    }
    if (str_starts(pattern, STR("*."))) {
        pattern = str_skip(pattern, 1);
        map = &t->suffixes;
    }
    if (map_get(map, pattern))
        return ERR_EXISTS;
    map_put(map, pattern, tls_config_ref(row->config));
    return 0;
}

int tls_sni_new(const struct tls_sni_row *rows, size_t count, struct tls_sni **out, size_t *bad_row)
{
    struct tls_sni *t = mem_alloc0(1, sizeof(*t));

    atomic_init(&t->refs, 1);
    arena_init(&t->arena, 0);
    map_init(&t->exact);
    map_init(&t->suffixes);
    for (size_t i = 0; i < count; i++) {
        int err = add_row(t, &rows[i]);

        if (err) {
            if (bad_row)
                *bad_row = i;
            tls_sni_unref(t);
            return err;
        }
    }
    *out = t;
    return 0;
}

struct tls_sni *tls_sni_ref(struct tls_sni *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

static void free_map(struct map *m)
{
    struct map_slot *slot;
    size_t at = 0;

    while ((slot = map_next(m, &at)))
        tls_config_unref(slot->value);
    map_deinit(m);
}

void tls_sni_unref(struct tls_sni *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    free_map(&t->exact);
    free_map(&t->suffixes);
    tls_config_unref(t->other);
    arena_deinit(&t->arena);
    mem_free(t);
}

struct tls_config *tls_sni_find(const struct tls_sni *t, struct str name)
{
    char lower[TLS_HELLO_SNI_MAX + 1];
    struct tls_config *c;
    struct str rest;
    ptrdiff_t dot;

    if (name.len == 0 || name.len > TLS_HELLO_SNI_MAX)
        return t->other;
    for (size_t i = 0; i < name.len; i++)
        lower[i] = str_lower_char(name.p[i]);
    rest = str_make(lower, name.len);
    c = map_get(&t->exact, rest);
    /* From the second label on: "*.x.y" does not cover "x.y" itself. */
    while (!c && (dot = str_chr(rest, '.')) >= 0) {
        rest = str_skip(rest, (size_t)dot);
        c = rest.p > lower ? map_get(&t->suffixes, rest) : NULL;
        rest = str_skip(rest, 1);
    }
    return c ? c : t->other;
}

struct tls_config *tls_sni_choose(void *arg, const struct tls_hello *hello)
{
    return tls_sni_find(arg, tls_hello_sni(hello));
}
