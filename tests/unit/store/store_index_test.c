#include "store/store_index.h"

#include "core/base/random.h"
#include "store/store_object.h"
#include "tests/tap.h"

#define KEYS 3000

static struct store_object *object_of(uint64_t n)
{
    char name[32];

    snprintf(name, sizeof(name), "o%06llu", (unsigned long long)n);
    return store_object_new(&(struct store_object_init){
        .kind = 1, .ns = STR("ns"), .name = str_of(name), .dot = { 1, n + 1 }, .hlc = 1 });
}

/* Against a plain array: put, replace, remove, find, walk. */
static void behaves_as_a_sorted_set(void)
{
    struct store_object *have[KEYS] = { 0 };
    struct store_index x;
    struct random rng;
    size_t count = 0, walked = 0;

    random_init(&rng, 7);
    store_index_init(&x);
    for (int i = 0; i < 20000; i++) {
        uint64_t n = random_below(&rng, KEYS);
        struct store_object *o = object_of(n), *old;

        if (random_below(&rng, 3) > 0) {
            old = store_index_put(&x, o);
            count += !old;
        } else {
            old = store_index_remove(&x, o->key);
            count -= old != NULL;
            store_object_unref(o);
            o = NULL;
        }
        if (!EQ_PTR(old, have[n]))
            return;
        store_object_unref(old); /* the index's reference */
        store_object_unref(have[n]);
        have[n] = o;
    }
    EQ_UINT(x.count, count);
    for (uint64_t n = 0; n < KEYS; n++) {
        struct store_object *o = object_of(n);

        EQ_PTR(store_index_find(&x, o->key), have[n]);
        store_object_unref(o);
    }
    for (struct store_object *o = store_index_after(&x, STR_NONE), *last = NULL; o;
         last = o, o = store_index_after(&x, o->key)) {
        OK(!last || str_cmp(last->key, o->key) < 0);
        walked++;
    }
    EQ_UINT(walked, count);
    store_index_deinit(&x);
    for (uint64_t n = 0; n < KEYS; n++)
        store_object_unref(have[n]);
}

static void a_sorted_load_fills_leaves(void)
{
    struct store_index x;

    store_index_init(&x);
    for (uint64_t n = 0; n < 2560; n++) {
        struct store_object *o = object_of(n);

        store_index_put(&x, o);
        store_object_unref(o);
    }
    EQ_UINT(x.count, 2560);
    EQ_UINT(x.leaf_count, 10);
    store_index_deinit(&x);
}

static void namespaces_sort_before_names(void)
{
    char a[STORE_KEY_MAX_BYTES], b[STORE_KEY_MAX_BYTES];
    struct str x = str_make(a, store_object_key(1, STR("a"), STR("z"), a));
    struct str y = str_make(b, store_object_key(1, STR("a-b"), STR("a"), b));

    OK(str_cmp(x, y) < 0);
    y = str_make(b, store_object_key(2, STR_NONE, STR("a"), b));
    OK(str_cmp(x, y) < 0);
    OK(store_object_check_key(0, STR("a"), STR("b")) != 0);
    OK(store_object_check_key(STORE_KIND_STATUS, STR("a"), STR("b")) != 0);
    OK(store_object_check_key(1, STR("a\0"), STR("b")) != 0);
    OK(store_object_check_key(1 | STORE_KIND_STATUS, STR_NONE, STR("b")) == 0);
}

static const struct tap_case cases[] = {
    { "behaves_as_a_sorted_set", behaves_as_a_sorted_set },
    { "a_sorted_load_fills_leaves", a_sorted_load_fills_leaves },
    { "namespaces_sort_before_names", namespaces_sort_before_names },
};

TAP_MAIN(cases)
