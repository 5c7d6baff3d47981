#include "core/text/timestamp.h"

#include "core/base/error.h"
#include "tests/tap.h"

#define S INT64_C(1000000000)

static const struct {
    const char *text;
    int rc;
    int64_t ns;
    const char *back; /* NULL: text itself */
} rows[] = {
    { "1970-01-01T00:00:00Z", 0, 0, NULL },
    { "1969-12-31T23:59:59.500Z", 0, -S / 2, NULL },
    { "2024-02-29T12:00:00Z", 0, 1709208000 * S, NULL },
    { "2024-02-29t12:00:00z", 0, 1709208000 * S, "2024-02-29T12:00:00Z" },
    { "2024-02-29T14:00:00+02:00", 0, 1709208000 * S, "2024-02-29T12:00:00Z" },
    { "2024-02-29T06:30:00-05:30", 0, 1709208000 * S, "2024-02-29T12:00:00Z" },
    { "2024-02-29T12:00:00.123456Z", 0, 1709208000 * S + 123456000, NULL },
    { "2024-02-29T12:00:00.123456789Z", 0, 1709208000 * S + 123456789, NULL },
    { "2024-02-29T12:00:00.1Z", 0, 1709208000 * S + 100000000, "2024-02-29T12:00:00.100Z" },
    { "2016-12-31T23:59:60Z", 0, 1483228800 * S, "2017-01-01T00:00:00Z" },
    { "1900-03-01T00:00:00Z", 0, -2203891200 * S, NULL },
    { "2262-04-11T23:47:16.854775807Z", 0, INT64_MAX, NULL },
    { "2262-04-11T23:47:16.854775808Z", ERR_LIMIT, 0, NULL },
    { "9999-12-31T23:59:59Z", ERR_LIMIT, 0, NULL },
    { "", ERR_INVALID, 0, NULL },
    { "2023-02-29T12:00:00Z", ERR_INVALID, 0, NULL },
    { "1900-02-29T12:00:00Z", ERR_INVALID, 0, NULL },
    { "2024-13-01T12:00:00Z", ERR_INVALID, 0, NULL },
    { "2024-00-01T12:00:00Z", ERR_INVALID, 0, NULL },
    { "2024-04-31T12:00:00Z", ERR_INVALID, 0, NULL },
    { "2024-04-30T24:00:00Z", ERR_INVALID, 0, NULL },
    { "2024-04-30T12:60:00Z", ERR_INVALID, 0, NULL },
    { "2024-04-30T12:00:61Z", ERR_INVALID, 0, NULL },
    { "2024-04-30 12:00:00Z", ERR_INVALID, 0, NULL },
    { "2024-04-30T12:00:00", ERR_INVALID, 0, NULL },
    { "2024-04-30T12:00:00.Z", ERR_INVALID, 0, NULL },
    { "2024-04-30T12:00:00.1234567890Z", ERR_INVALID, 0, NULL },
    { "2024-04-30T12:00:00+0200", ERR_INVALID, 0, NULL },
    { "2024-04-30T12:00:00+24:00", ERR_INVALID, 0, NULL },
    { "2024-04-30T12:00:00Zx", ERR_INVALID, 0, NULL },
    { "2024-4-30T12:00:00Z", ERR_INVALID, 0, NULL },
};

static void texts_are_read_and_written(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[TIMESTAMP_TEXT_BYTES];
        int64_t ns = 4711;

        if (!EQ_INT(timestamp_parse(str_of(rows[i].text), &ns), rows[i].rc) ||
            !EQ_INT(ns, rows[i].rc ? 4711 : rows[i].ns))
            NOTE("\"%s\"", rows[i].text);
        if (rows[i].rc)
            continue;
        timestamp_write(ns, out);
        EQ_STR(out, rows[i].back ? rows[i].back : rows[i].text);
    }
}

static void digits_may_be_chosen(void)
{
    char out[TIMESTAMP_TEXT_BYTES];

    EQ_UINT(timestamp_write_digits(999999999, 6, out), 27);
    EQ_STR(out, "1970-01-01T00:00:00.999999Z");
    timestamp_write_digits(999999999, 0, out);
    EQ_STR(out, "1970-01-01T00:00:00Z");
    timestamp_write_digits(1, 9, out);
    EQ_STR(out, "1970-01-01T00:00:00.000000001Z");
    timestamp_write(INT64_MIN, out);
    EQ_STR(out, "1677-09-21T00:12:43.145224192Z");
}

static void days_and_dates_agree(void)
{
    for (int64_t day = -800000; day < 800000; day += 97) {
        int64_t year;
        int month, mday;

        timestamp_date(day, &year, &month, &mday);
        if (!EQ_INT(timestamp_day(year, month, mday), day))
            return;
    }
    EQ_INT(timestamp_day(2000, 3, 1), 11017);
}

static const struct tap_case cases[] = {
    { "texts_are_read_and_written", texts_are_read_and_written },
    { "digits_may_be_chosen", digits_may_be_chosen },
    { "days_and_dates_agree", days_and_dates_agree },
};

TAP_MAIN(cases)
