#include "core/text/duration.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/error.h"

struct unit {
    struct str name;
    int64_t ns;
};

/* Go also knows both signs for micro. */
static const struct unit units[] = {
    { STR_INIT("ns"), 1 },
    { STR_INIT("us"), DURATION_US },
    { STR_INIT("\xc2\xb5s"), DURATION_US },
    { STR_INIT("\xce\xbcs"), DURATION_US },
    { STR_INIT("ms"), DURATION_MS },
    { STR_INIT("s"), DURATION_S },
    { STR_INIT("m"), 60 * DURATION_S },
    { STR_INIT("h"), 3600 * DURATION_S },
};

static bool is_digit(struct str s)
{
    return s.len && s.p[0] >= '0' && s.p[0] <= '9';
}

/* The unit at the start of *s, which moves behind it; NULL when there is none. */
static const struct unit *take_unit(struct str *s)
{
    size_t len = 0;

    while (len < s->len && s->p[len] != '.' && !(s->p[len] >= '0' && s->p[len] <= '9'))
        len++;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (str_eq(str_head(*s, len), units[i].name)) {
            *s = str_skip(*s, len);
            return &units[i];
        }
    }
    return NULL;
}

/* One "1.5h" at the start of *s, in ns; digits past what a nanosecond holds are dropped. */
static int take_part(struct str *s, uint64_t *out)
{
    uint64_t whole = 0, part = 0, scale = 1, ns;
    const struct unit *unit;
    bool any = false;

    for (; is_digit(*s); *s = str_skip(*s, 1), any = true) {
        if (whole > (uint64_t)INT64_MAX / 10)
            return ERR_LIMIT;
        whole = whole * 10 + (uint64_t)(s->p[0] - '0');
    }
    if (s->len && s->p[0] == '.') {
        for (*s = str_skip(*s, 1); is_digit(*s); *s = str_skip(*s, 1), any = true) {
            if (scale < 1000000000000000ULL) {
                part = part * 10 + (uint64_t)(s->p[0] - '0');
                scale *= 10;
            }
        }
    }
    if (!any)
        return ERR_INVALID;
    unit = take_unit(s);
    if (!unit)
        return ERR_INVALID;
    ns = (uint64_t)unit->ns;
    if (whole > (uint64_t)INT64_MAX / ns)
        return ERR_LIMIT;
    *out = whole * ns + (uint64_t)((unsigned __int128)part * ns / scale);
    return *out > (uint64_t)INT64_MAX ? ERR_LIMIT : 0;
}

int duration_parse(struct str s, int64_t *out)
{
    uint64_t sum = 0, part;
    bool negative = s.len && s.p[0] == '-';

    if (s.len && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_skip(s, 1);
    if (str_eq(s, STR("0"))) {
        *out = 0;
        return 0;
    }
    if (s.len == 0)
        return ERR_INVALID;
    while (s.len) {
        int rc = take_part(&s, &part);

        if (rc)
            return rc;
        sum += part;
        if (sum > (uint64_t)INT64_MAX)
            return ERR_LIMIT;
    }
    *out = negative ? -(int64_t)sum : (int64_t)sum;
    return 0;
}

/* The magnitude, also of INT64_MIN. */
static uint64_t magnitude(int64_t ns)
{
    return ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
}

size_t duration_write_proto(int64_t ns, char out[DURATION_TEXT_BYTES])
{
    uint64_t all = magnitude(ns), s = all / 1000000000, rest = all % 1000000000;
    const char *sign = ns < 0 ? "-" : "";
    int len;

    if (rest == 0)
        len = snprintf(out, DURATION_TEXT_BYTES, "%s%" PRIu64 "s", sign, s);
    else if (rest % 1000000 == 0)
        len = snprintf(out, DURATION_TEXT_BYTES, "%s%" PRIu64 ".%03" PRIu64 "s", sign, s,
                       rest / 1000000);
    else if (rest % 1000 == 0)
        len = snprintf(out, DURATION_TEXT_BYTES, "%s%" PRIu64 ".%06" PRIu64 "s", sign, s,
                       rest / 1000);
    else
        len = snprintf(out, DURATION_TEXT_BYTES, "%s%" PRIu64 ".%09" PRIu64 "s", sign, s, rest);
    return (size_t)len;
}

/* "12.5" from value / scale, without zeros at the end. */
static size_t write_fraction(char *out, size_t size, uint64_t value, uint64_t scale)
{
    uint64_t rest = value - value / scale * scale;
    size_t len = (size_t)snprintf(out, size, "%" PRIu64, value / scale);

    if (rest)
        out[len++] = '.';
    for (; rest; rest = rest * 10 % scale)
        out[len++] = (char)('0' + rest * 10 / scale);
    out[len] = 0;
    return len;
}

size_t duration_write_go(int64_t ns, char out[DURATION_TEXT_BYTES])
{
    uint64_t all = magnitude(ns), scale = 1;
    const char *unit = "ns";
    size_t len = 0;

    if (ns < 0)
        out[len++] = '-';
    if (all == 0) {
        unit = "s";
    } else if (all >= 1000000000) {
        uint64_t minutes = all / 60000000000;

        if (minutes >= 60)
            len += (size_t)snprintf(out + len, DURATION_TEXT_BYTES - len, "%" PRIu64 "h",
                                    minutes / 60);
        if (minutes)
            len += (size_t)snprintf(out + len, DURATION_TEXT_BYTES - len, "%" PRIu64 "m",
                                    minutes % 60);
        all %= 60000000000;
        scale = 1000000000;
        unit = "s";
    } else if (all >= 1000000) {
        scale = 1000000;
        unit = "ms";
    } else if (all >= 1000) {
        scale = 1000;
        unit = "\xc2\xb5s";
    }
    len += write_fraction(out + len, DURATION_TEXT_BYTES - len, all, scale);
    len += (size_t)snprintf(out + len, DURATION_TEXT_BYTES - len, "%s", unit);
    return len;
}
