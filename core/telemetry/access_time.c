#include "core/telemetry/access_time.h"

#include <inttypes.h>
#include <string.h>

#include "core/text/timestamp.h"

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

struct civil {
    uint32_t year, month, day, hour, minute, second, weekday, us;
};

static struct civil civil_of(uint64_t wall_us)
{
    uint64_t seconds = wall_us / 1000000, total_days = seconds / 86400;
    uint32_t of_day = (uint32_t)(seconds % 86400);
    int64_t year;
    int month, day;

    timestamp_date((int64_t)total_days, &year, &month, &day);
    return (struct civil){
        .year = (uint32_t)year,
        .month = (uint32_t)month,
        .day = (uint32_t)day,
        .hour = of_day / 3600,
        .minute = of_day / 60 % 60,
        .second = of_day % 60,
        .weekday = (uint32_t)((total_days + 4) % 7),
        .us = (uint32_t)(wall_us % 1000000),
    };
}

static void digits(char *p, uint32_t value, int count)
{
    while (count-- > 0) {
        p[count] = (char)('0' + value % 10);
        value /= 10;
    }
}

void access_time_iso(uint64_t wall_us, char out[25])
{
    struct civil c = civil_of(wall_us);

    memcpy(out, "0000-00-00T00:00:00.000Z", 25);
    digits(out, c.year, 4);
    digits(out + 5, c.month, 2);
    digits(out + 8, c.day, 2);
    digits(out + 11, c.hour, 2);
    digits(out + 14, c.minute, 2);
    digits(out + 17, c.second, 2);
    digits(out + 20, c.us / 1000, 3);
}

/* value with count digits, 9 for nanoseconds. */
static void add_fraction(uint32_t us, int count, struct buf *out)
{
    char text[10];

    if (count < 1 || count > 9)
        count = 9;
    digits(text, us, 6);
    memcpy(text + 6, "000", 3);
    buf_add(out, text, (size_t)count);
}

/* One letter; false: not known. */
static bool add_letter(char letter, const struct civil *c, uint64_t wall_us, struct buf *out)
{
    switch (letter) {
    case 'Y':
        return buf_printf(out, "%04u", c->year) == 0;
    case 'y':
        return buf_printf(out, "%02u", c->year % 100) == 0;
    case 'm':
        return buf_printf(out, "%02u", c->month) == 0;
    case 'd':
        return buf_printf(out, "%02u", c->day) == 0;
    case 'e':
        return buf_printf(out, "%2u", c->day) == 0;
    case 'H':
        return buf_printf(out, "%02u", c->hour) == 0;
    case 'M':
        return buf_printf(out, "%02u", c->minute) == 0;
    case 'S':
        return buf_printf(out, "%02u", c->second) == 0;
    case 'F':
        return buf_printf(out, "%04u-%02u-%02u", c->year, c->month, c->day) == 0;
    case 'T':
        return buf_printf(out, "%02u:%02u:%02u", c->hour, c->minute, c->second) == 0;
    case 'b':
        return buf_add_str(out, str_of(months[c->month - 1])) == 0;
    case 'a':
        return buf_add_str(out, str_of(days[c->weekday])) == 0;
    case 's':
        return buf_printf(out, "%" PRIu64, wall_us / 1000000) == 0;
    case 'f':
        add_fraction(c->us, 9, out);
        return true;
    case 'z':
        return buf_add_str(out, STR("+0000")) == 0;
    case 'Z':
        return buf_add_str(out, STR("UTC")) == 0;
    case '%':
        return buf_add_char(out, '%') == 0;
    default:
        return false;
    }
}

/* %3f and %E3S, %E*S; returns the letters used behind the sign, 0: not one of these. */
static size_t add_special(struct str s, const struct civil *c, struct buf *out)
{
    if (s.len >= 2 && s.p[0] >= '1' && s.p[0] <= '9' && s.p[1] == 'f') {
        add_fraction(c->us, s.p[0] - '0', out);
        return 2;
    }
    if (s.len >= 3 && s.p[0] == 'E' && s.p[2] == 'S' &&
        (s.p[1] == '*' || (s.p[1] >= '1' && s.p[1] <= '9'))) {
        buf_printf(out, "%02u.", c->second);
        add_fraction(c->us, s.p[1] == '*' ? 6 : s.p[1] - '0', out);
        return 3;
    }
    return 0;
}

void access_time_write(struct str format, uint64_t wall_us, struct buf *out)
{
    struct civil c = civil_of(wall_us);

    while (format.len) {
        size_t used;

        if (format.p[0] != '%' || format.len == 1) {
            buf_add_char(out, format.p[0]);
            format = str_skip(format, 1);
            continue;
        }
        used = add_special(str_skip(format, 1), &c, out);
        if (used == 0 && add_letter(format.p[1], &c, wall_us, out))
            used = 1;
        if (used == 0)
            buf_add_char(out, '%');
        format = str_skip(format, used + 1);
    }
}
