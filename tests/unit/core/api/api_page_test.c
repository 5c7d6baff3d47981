#include "core/api/api_page.h"

#include "tests/tap.h"

static const char *page_of(const char *word, struct buf *out)
{
    buf_init(out, 0);
    EQ_INT(api_page_write(api_kind_by_word(str_of(word)), out), 0);
    buf_add(out, "", 1);
    return out->p + out->start;
}

static void a_page_has_every_field_with_its_state(void)
{
    struct buf out;
    const char *page = page_of("vs", &out);

    HAS_STR(page, "# VirtualService\n");
    HAS_STR(page, "networking.istio.io/v1, v1beta1, v1alpha3; `virtualservices`, `vs`");
    HAS_STR(page, "| `spec.http[].route[].weight` | integer");
    HAS_STR(page, "| `spec.http[].match[].headers.KEY.exact` | string");
    HAS_STR(page, " | enforced |\n");
    HAS_STR(page, " of them not or not wholly enforced.\n");
    OK(!strstr(page, "`metadata`"));
    buf_deinit(&out);
}

static void what_is_not_enforced_says_how(void)
{
    struct buf out;

    HAS_STR(page_of("authorizationpolicy", &out), "`AUDIT` is accepted");
    buf_deinit(&out);
}

static void every_kind_has_a_page_that_the_index_names(void)
{
    struct buf index, out;
    struct arena a;

    arena_init(&a, 1024);
    buf_init(&index, 0);
    EQ_INT(api_page_write_index(&index), 0);
    buf_add(&index, "", 1);
    for (size_t i = 0; i < api_kind_count(); i++) {
        const struct api_kind *k = api_kind_at(i);

        HAS_STR(index.p + index.start, arena_strz(&a, api_page_name(k, &a)));
        buf_init(&out, 0);
        EQ_INT(api_page_write(k, &out), 0);
        buf_deinit(&out);
    }
    buf_deinit(&index);
    arena_deinit(&a);
}

static const struct tap_case cases[] = {
    { "a_page_has_every_field_with_its_state", a_page_has_every_field_with_its_state },
    { "what_is_not_enforced_says_how", what_is_not_enforced_says_how },
    { "every_kind_has_a_page_that_the_index_names", every_kind_has_a_page_that_the_index_names },
};

TAP_MAIN(cases)
