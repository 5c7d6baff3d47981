#include "modes/shared/scrape_text.h"

#include "core/base/buf.h"
#include "core/stats/stats_text.h"

#define OPEN_TYPE "application/openmetrics-text"

/* The value of a parameter of a media type, without quotes. */
static struct str parameter(struct str type, const char *name)
{
    struct str rest = type;

    str_cut(&rest, ';');
    while (rest.p) {
        struct str value = str_cut(&rest, ';');
        struct str key = str_trim(str_cut(&value, '='));

        value = str_trim(value);
        if (!str_ieq(key, str_of(name)))
            continue;
        if (value.len >= 2 && value.p[0] == '"' && value.p[value.len - 1] == '"')
            value = str_make(value.p + 1, value.len - 2);
        return value;
    }
    return STR("");
}

enum scrape_text_format scrape_text_format_of(struct str content_type)
{
    struct str rest = content_type, type = str_trim(str_cut(&rest, ';'));
    struct str version;

    if (str_ieq(type, STR("application/vnd.google.protobuf")))
        return SCRAPE_TEXT_NOT_FOR_US;
    if (!str_ieq(type, STR(OPEN_TYPE)))
        return SCRAPE_TEXT_PLAIN;
    version = parameter(content_type, "version");
    if (str_is(version, "1.0.0"))
        return SCRAPE_TEXT_OPEN_100;
    return !version.len || str_is(version, "0.0.1") ? SCRAPE_TEXT_OPEN_001 : SCRAPE_TEXT_PLAIN;
}

const char *scrape_text_content_type(enum scrape_text_format format)
{
    if (format == SCRAPE_TEXT_OPEN_001)
        return OPEN_TYPE "; version=0.0.1; charset=utf-8";
    return stats_text_content_type(format == SCRAPE_TEXT_OPEN_100 ? STATS_TEXT_OPENMETRICS
                                                                  : STATS_TEXT_PROMETHEUS);
}

struct str scrape_text_accept(struct str accept, struct arena *a)
{
    struct str rest = accept, kept = STR("");

    while (rest.p) {
        struct str one = str_trim(str_cut(&rest, ','));

        if (!one.len || scrape_text_format_of(one) == SCRAPE_TEXT_NOT_FOR_US)
            continue;
        kept = kept.len ? arena_printf(a, "%.*s,%.*s", STR_ARG(kept), STR_ARG(one)) : one;
    }
    return kept;
}

uint64_t scrape_text_timeout_ms(struct str seconds, uint64_t max_ms)
{
    struct str fraction = seconds, whole = str_cut(&fraction, '.');
    uint64_t ms, thousandths = 0;
    struct str digits;

    if (str_to_u64(whole, UINT32_MAX, &ms) != 0)
        return max_ms;
    ms *= 1000;
    digits = str_head(fraction, 3);
    if (digits.len && str_to_u64(digits, 999, &thousandths) != 0)
        return max_ms;
    for (size_t i = digits.len; i < 3; i++)
        thousandths *= 10;
    ms = (ms + thousandths) / 10 * 9;
    return ms == 0 || ms > max_ms ? max_ms : ms;
}

struct str scrape_text_without_end(struct str body)
{
    struct str text = str_trim(body);
    size_t len;

    if (!str_ends(text, STR("# EOF")))
        return body;
    len = (size_t)(text.p - body.p) + text.len - (sizeof("# EOF") - 1);
    return len == 0 || body.p[len - 1] == '\n' ? str_head(body, len) : body;
}

struct str scrape_text_redirect(struct str location, uint16_t port, struct arena *a)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };

    if (str_starts(location, STR("/")) && !str_starts(location, STR("//")))
        return arena_str(a, location);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct str origin = arena_printf(a, "http://%s:%u/", names[i], port);

        if (str_istarts(location, origin))
            return arena_str(a, str_skip(location, origin.len - 1));
    }
    return STR_NONE;
}
