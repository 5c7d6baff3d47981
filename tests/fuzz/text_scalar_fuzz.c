/* Durations, times, quantities, regular expressions: no text may harm, and what is read and written
 * reads back as the same. */
#include <stdint.h>

#include "core/base/error.h"
#include "core/text/duration.h"
#include "core/text/quantity.h"
#include "core/text/regex.h"
#include "core/text/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_regex(struct arena *a, struct str s)
{
    struct str groups[REGEX_MAX_CAPTURES + 1], pattern = str_cut(&s, '\n'), out;
    struct regex *r;

    if (regex_new(&r, pattern, a, NULL))
        return;
    regex_is_match(r, s);
    if (regex_find(r, s, groups, REGEX_MAX_CAPTURES + 1) && groups[0].len)
        ASSERT(groups[0].p >= s.p && groups[0].p + groups[0].len <= s.p + s.len);
    regex_replace(r, s, STR("<\\0>"), 65536, a, &out, NULL);
    regex_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = str_make(data, size);
    char text[DURATION_TEXT_BYTES];
    int64_t value, back;
    struct arena a;

    arena_init(&a, 0);
    if (duration_parse(s, &value) == 0) {
        ASSERT(duration_parse(str_make(text, duration_write_proto(value, text)), &back) == 0);
        ASSERT(back == value);
        ASSERT(duration_parse(str_make(text, duration_write_go(value, text)), &back) == 0);
        ASSERT(back == value);
    }
    if (timestamp_parse(s, &value) == 0) {
        ASSERT(timestamp_parse(str_make(text, timestamp_write(value, text)), &back) == 0);
        ASSERT(back == value);
    }
    if (quantity_parse_milli(s, &value) == 0)
        ASSERT(quantity_check(s) == 0);
    try_regex(&a, s);
    arena_deinit(&a);
    return 0;
}
