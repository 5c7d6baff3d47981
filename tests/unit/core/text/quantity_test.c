#include "core/text/quantity.h"

#include "core/base/error.h"
#include "tests/tap.h"

static const struct {
    const char *text;
    int rc;
    int64_t milli;
} rows[] = {
    { "0", 0, 0 },
    { "1", 0, 1000 },
    { "100m", 0, 100 },
    { "-100m", 0, -100 },
    { "+2", 0, 2000 },
    { "0.5", 0, 500 },
    { ".5", 0, 500 },
    { "5.", 0, 5000 },
    { "1.5Gi", 0, INT64_C(1610612736000) },
    { "1Ki", 0, 1024000 },
    { "1k", 0, 1000000 },
    { "2e3", 0, 2000000 },
    { "2E3", 0, 2000000 },
    { "2e-3", 0, 2 },
    { "1u", 0, 1 }, /* rounded up */
    { "1n", 0, 1 },
    { "-1n", 0, -1 },
    { "1001u", 0, 2 },
    { "1.1Ki", 0, 1126400 },
    { "0.0000000000000000000001", 0, 1 },
    { "9223372036854775.807", 0, INT64_MAX },
    { "1E", ERR_LIMIT, 0 },
    { "10Ei", ERR_LIMIT, 0 },
    { "1e400", ERR_LIMIT, 0 },
    { "0e400", 0, 0 },
    { "", ERR_INVALID, 0 },
    { "m", ERR_INVALID, 0 },
    { ".", ERR_INVALID, 0 },
    { "1K", ERR_INVALID, 0 },
    { "1 Gi", ERR_INVALID, 0 },
    { "1gi", ERR_INVALID, 0 },
    { "1e", ERR_INVALID, 0 },
    { "1e3.5", ERR_INVALID, 0 },
    { "1.2.3", ERR_INVALID, 0 },
    { "--1", ERR_INVALID, 0 },
    { "1e9999", ERR_INVALID, 0 },
};

static void texts_are_read_in_thousandths(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t milli = 4711;

        if (!EQ_INT(quantity_parse_milli(str_of(rows[i].text), &milli), rows[i].rc) ||
            !EQ_INT(milli, rows[i].rc ? 4711 : rows[i].milli))
            NOTE("\"%s\"", rows[i].text);
        EQ_INT(quantity_check(str_of(rows[i].text)), rows[i].rc == ERR_LIMIT ? 0 : rows[i].rc);
    }
}

static void whole_units_round_away_from_zero(void)
{
    int64_t v;

    EQ_INT(quantity_parse(STR("100m"), &v), 0);
    EQ_INT(v, 1);
    EQ_INT(quantity_parse(STR("-1500m"), &v), 0);
    EQ_INT(v, -2);
    EQ_INT(quantity_parse(STR("7Ei"), &v), 0);
    EQ_INT(v, INT64_C(7) << 60);
    EQ_INT(quantity_parse(STR("8Ei"), &v), ERR_LIMIT);
}

static const struct tap_case cases[] = {
    { "texts_are_read_in_thousandths", texts_are_read_in_thousandths },
    { "whole_units_round_away_from_zero", whole_units_round_away_from_zero },
};

TAP_MAIN(cases)
