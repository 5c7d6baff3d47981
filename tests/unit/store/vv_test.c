#include "store/vv.h"

#include "core/base/error.h"
#include "store/hlc.h"
#include "tests/tap.h"

static struct vv vv_of(const struct dot *dots, size_t n)
{
    struct vv v;

    vv_init(&v);
    for (size_t i = 0; i < n; i++)
        vv_raise(&v, dots[i]);
    return v;
}

#define VV(...)                                                                                    \
    vv_of((const struct dot[]){ __VA_ARGS__ },                                                     \
          sizeof((struct dot[]){ __VA_ARGS__ }) / sizeof(struct dot))

static void raise_keeps_the_highest(void)
{
    struct vv v = VV({ 9, 4 }, { 3, 7 }, { 9, 2 }, { 5, 1 });

    EQ_UINT(v.count, 3);
    EQ_UINT(vv_get(&v, 9), 4);
    EQ_UINT(vv_get(&v, 3), 7);
    EQ_UINT(vv_get(&v, 4), 0);
    OK(vv_covers_dot(&v, (struct dot){ 3, 7 }));
    OK(!vv_covers_dot(&v, (struct dot){ 3, 8 }));
    vv_lower(&v, (struct dot){ 3, 5 });
    EQ_UINT(vv_get(&v, 3), 5);
    vv_lower(&v, (struct dot){ 5, 0 });
    EQ_UINT(v.count, 2);
    vv_deinit(&v);
}

static void order_is_partial(void)
{
    struct vv a = VV({ 1, 5 }, { 2, 5 }), b = VV({ 1, 4 }), c = VV({ 1, 4 }, { 3, 1 });

    OK(vv_covers(&a, &b));
    OK(!vv_covers(&b, &a));
    OK(!vv_covers(&a, &c));
    OK(!vv_covers(&c, &a));
    EQ_INT(vv_merge(&a, &c), 0);
    OK(vv_covers(&a, &c));
    OK(!vv_eq(&a, &c));
    vv_copy(&b, &a);
    OK(vv_eq(&a, &b));
    vv_deinit(&a);
    vv_deinit(&b);
    vv_deinit(&c);
}

static void text_round_trips(void)
{
    struct vv v = VV({ 1, 1 }, { 4000000000U, UINT64_MAX }, { 77, 300 }), back;
    struct buf text, bytes;

    vv_init(&back);
    buf_init(&text, 0);
    buf_init(&bytes, 0);
    vv_format(&v, &text);
    OK(buf_str(&text).p[0] == 'x');
    EQ_INT(vv_parse(&back, buf_str(&text)), 0);
    OK(vv_eq(&v, &back));
    vv_encode(&v, &bytes);
    OK(vv_encoded_covers(buf_str(&bytes), (struct dot){ 77, 300 }));
    OK(!vv_encoded_covers(buf_str(&bytes), (struct dot){ 77, 301 }));
    OK(!vv_encoded_covers(buf_str(&bytes), (struct dot){ 78, 1 }));
    OK(!vv_encoded_covers(STR_NONE, (struct dot){ 78, 1 }));
    buf_deinit(&text);
    buf_deinit(&bytes);
    vv_deinit(&v);
    vv_deinit(&back);
}

static void the_empty_vector_has_a_token(void)
{
    struct vv v, back;
    struct buf text;

    vv_init(&v);
    vv_init(&back);
    buf_init(&text, 0);
    vv_format(&v, &text);
    EQ_STRN(buf_str(&text).p, buf_len(&text), "x00");
    EQ_INT(vv_parse(&back, buf_str(&text)), 0);
    EQ_UINT(back.count, 0);
    buf_deinit(&text);
}

static void damage_is_refused(void)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        { "", 0 },
        { "\x01", 1 },                                 /* no entry */
        { "\x01\x05", 2 },                             /* no seq */
        { "\x01\x00\x05", 3 },                         /* origin 0 */
        { "\x01\x05\x00", 3 },                         /* seq 0 */
        { "\x02\x05\x01\x00\x01", 5 },                 /* one origin twice */
        { "\x01\x05\x01\x07", 4 },                     /* more behind */
        { "\x81\x02\x05\x01", 4 },                     /* 257 entries */
        { "\x02\xff\xff\xff\xff\x0f\x01\x01\x01", 9 }, /* origins run over */
    };
    struct vv v;

    vv_init(&v);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!EQ_INT(vv_decode(&v, str_make(rows[i].bytes, rows[i].len)), ERR_INVALID))
            NOTE("row %zu", i);
        EQ_UINT(v.count, 0);
    }
    EQ_INT(vv_parse(&v, STR("")), ERR_INVALID);
    EQ_INT(vv_parse(&v, STR("x")), ERR_INVALID);
    EQ_INT(vv_parse(&v, STR("y00")), ERR_INVALID);
    vv_deinit(&v);
}

static void origins_are_bounded(void)
{
    struct vv v, back;
    struct buf bytes;

    vv_init(&v);
    vv_init(&back);
    buf_init(&bytes, 0);
    for (uint32_t i = 1; i <= VV_ENTRIES_MAX; i++)
        EQ_INT(vv_raise(&v, (struct dot){ i * 1000, UINT64_MAX }), 0);
    EQ_INT(vv_raise(&v, (struct dot){ 1, 1 }), ERR_LIMIT);
    EQ_INT(vv_raise(&v, (struct dot){ 1000, 1 }), 0); /* is there already */
    vv_encode(&v, &bytes);
    EQ_INT(vv_decode(&back, buf_str(&bytes)), 0);
    buf_clear(&bytes);
    vv_format(&v, &bytes);
    EQ_INT(vv_parse(&back, buf_str(&bytes)), 0);
    OK(vv_eq(&v, &back));
    buf_deinit(&bytes);
    vv_deinit(&v);
    vv_deinit(&back);
}

static void the_clock_never_goes_back(void)
{
    uint64_t t = hlc_next(0, 1000);

    EQ_UINT(hlc_to_ms(t), 1000);
    EQ_UINT(hlc_next(t, 1000), t + 1);
    EQ_UINT(hlc_next(t, 10), t + 1); /* the wall clock was set back */
    EQ_UINT(hlc_to_ms(hlc_next(t, 1001)), 1001);
    EQ_UINT(hlc_to_ms(hlc_next(t + 0xffff, 1000)), 1001); /* the counter runs over */
    OK(!hlc_is_too_far(hlc_of_ms(1000 + HLC_AHEAD_MAX_MS), 1000));
    OK(hlc_is_too_far(hlc_of_ms(1001 + HLC_AHEAD_MAX_MS), 1000));
}

static const struct tap_case cases[] = {
    { "raise_keeps_the_highest", raise_keeps_the_highest },
    { "order_is_partial", order_is_partial },
    { "text_round_trips", text_round_trips },
    { "the_empty_vector_has_a_token", the_empty_vector_has_a_token },
    { "damage_is_refused", damage_is_refused },
    { "origins_are_bounded", origins_are_bounded },
    { "the_clock_never_goes_back", the_clock_never_goes_back },
};

TAP_MAIN(cases)
