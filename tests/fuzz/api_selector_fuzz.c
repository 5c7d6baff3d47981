/* Any text as a selector of labels and of fields. */
#include "core/api/api_selector.h"
#include "core/base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct field_pair labels[] = { { STR_INIT("a"), STR_INIT("b") },
                                                { STR_INIT("n"), STR_INIT("3") } };
    struct api_selector s;
    struct str why = STR_NONE;
    struct arena a;

    arena_init(&a, 0);
    if (api_selector_parse_labels(str_make(data, size), &a, &s, &why) == 0)
        api_selector_has_labels(&s, labels, 2);
    else
        ASSERT(why.len > 0 || size > 256);
    api_selector_parse_fields(str_make(data, size), &a, &s, &why);
    arena_deinit(&a);
    return 0;
}
