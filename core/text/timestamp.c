#include "core/text/timestamp.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/base/error.h"

enum { DAY_S = 86400 };

#define NS_PER_S INT64_C(1000000000)

/* Days are counted in eras of 400 years that start on 1 March, so that the leap day comes last. */
int64_t timestamp_day(int64_t year, int month, int mday)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400, in_era = y - era * 400;
    int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + mday - 1;

    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

void timestamp_date(int64_t day, int64_t *year, int *month, int *mday)
{
    int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097, in_era = z - era * 146097;
    int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * y + y / 4 - y / 100), m = (5 * in_year + 2) / 153;

    *mday = (int)(in_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = y + era * 400 + (*month <= 2);
}

/* Takes exactly n digits, then the character after (0: none). */
static bool take(struct str *s, size_t n, char after, int *out)
{
    uint64_t value;

    if (s->len < n + (after != 0) || str_to_u64(str_head(*s, n), 9999, &value))
        return false;
    if (after && s->p[n] != after)
        return false;
    *s = str_skip(*s, n + (after != 0));
    *out = (int)value;
    return true;
}

static int days_in(int year, int month)
{
    static const char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_fraction(struct str *s, int64_t *ns)
{
    int64_t scale = NS_PER_S;

    *ns = 0;
    if (s->len == 0 || s->p[0] != '.')
        return true;
    *s = str_skip(*s, 1);
    while (s->len && s->p[0] >= '0' && s->p[0] <= '9') {
        scale /= 10;
        if (scale == 0)
            return false;
        *ns += (s->p[0] - '0') * scale;
        *s = str_skip(*s, 1);
    }
    return scale < NS_PER_S;
}

static bool take_zone(struct str *s, int64_t *offset_s)
{
    int hours, minutes;
    bool minus;

    *offset_s = 0;
    if (s->len == 1 && (s->p[0] | 0x20) == 'z')
        return true;
    if (s->len != 6 || (s->p[0] != '+' && s->p[0] != '-'))
        return false;
    minus = s->p[0] == '-';
    *s = str_skip(*s, 1);
    if (!take(s, 2, ':', &hours) || !take(s, 2, 0, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset_s = (hours * 3600 + minutes * 60) * (minus ? -1 : 1);
    return true;
}

int timestamp_parse(struct str s, int64_t *out_ns)
{
    int year, month, mday, hour, minute, second;
    int64_t ns, offset_s, total;

    if (!take(&s, 4, '-', &year) || !take(&s, 2, '-', &month) || !take(&s, 2, 0, &mday) ||
        s.len == 0 || (s.p[0] | 0x20) != 't')
        return ERR_INVALID;
    s = str_skip(s, 1);
    if (!take(&s, 2, ':', &hour) || !take(&s, 2, ':', &minute) || !take(&s, 2, 0, &second) ||
        !take_fraction(&s, &ns) || !take_zone(&s, &offset_s))
        return ERR_INVALID;
    if (month < 1 || month > 12 || mday < 1 || mday > days_in(year, month) || hour > 23 ||
        minute > 59 || second > 60)
        return ERR_INVALID;
    total =
        timestamp_day(year, month, mday) * DAY_S + hour * 3600 + minute * 60 + second - offset_s;
    if (__builtin_mul_overflow(total, NS_PER_S, &total) ||
        __builtin_add_overflow(total, ns, &total))
        return ERR_LIMIT;
    *out_ns = total;
    return 0;
}

size_t timestamp_write_digits(int64_t ns, int digits, char out[TIMESTAMP_TEXT_BYTES])
{
    int64_t s = ns / NS_PER_S, rest = ns % NS_PER_S, day, year;
    int month, mday, len;
    unsigned part;

    if (rest < 0) {
        rest += NS_PER_S;
        s--;
    }
    day = s / DAY_S;
    s %= DAY_S;
    if (s < 0) {
        s += DAY_S;
        day--;
    }
    timestamp_date(day, &year, &month, &mday);
    len = snprintf(out, TIMESTAMP_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d", (int)year, month,
                   mday, (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
    part = (unsigned)rest;
    for (int i = digits; i < 9; i++)
        part /= 10;
    if (digits > 0)
        len += snprintf(out + len, TIMESTAMP_TEXT_BYTES - (size_t)len, ".%0*u", digits, part);
    out[len++] = 'Z';
    out[len] = 0;
    return (size_t)len;
}

size_t timestamp_write(int64_t ns, char out[TIMESTAMP_TEXT_BYTES])
{
    int digits = 0;

    if (ns % 1000 != 0)
        digits = 9;
    else if (ns % 1000000 != 0)
        digits = 6;
    else if (ns % NS_PER_S != 0)
        digits = 3;
    return timestamp_write_digits(ns, digits, out);
}
