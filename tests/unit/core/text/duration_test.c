#include "core/text/duration.h"

#include "core/base/error.h"
#include "tests/tap.h"

static const struct {
    const char *text;
    int rc;
    int64_t ns;
} rows[] = {
    { "0", 0, 0 },
    { "0s", 0, 0 },
    { "-0", 0, 0 },
    { "5s", 0, 5 * DURATION_S },
    { "+5s", 0, 5 * DURATION_S },
    { "1.5s", 0, 1500 * DURATION_MS },
    { ".5s", 0, 500 * DURATION_MS },
    { "1.s", 0, DURATION_S },
    { "-1.5h", 0, -5400 * DURATION_S },
    { "1h2m3.5s", 0, 3723500 * DURATION_MS },
    { "300ms", 0, 300 * DURATION_MS },
    { "7us", 0, 7000 },
    { "7\xc2\xb5s", 0, 7000 },
    { "7\xce\xbcs", 0, 7000 },
    { "9ns", 0, 9 },
    { "0.9ns", 0, 0 },
    { "0.123456789123456789s", 0, 123456789 },
    { "2562047h47m16.854775807s", 0, INT64_MAX },
    { "2562047h47m16.854775808s", ERR_LIMIT, 0 },
    { "9223372036854775808ns", ERR_LIMIT, 0 },
    { "99999999999999999999h", ERR_LIMIT, 0 },
    { "", ERR_INVALID, 0 },
    { "-", ERR_INVALID, 0 },
    { "5", ERR_INVALID, 0 },
    { "s", ERR_INVALID, 0 },
    { ".s", ERR_INVALID, 0 },
    { "5 s", ERR_INVALID, 0 },
    { "5S", ERR_INVALID, 0 },
    { "5d", ERR_INVALID, 0 },
    { "1s5", ERR_INVALID, 0 },
    { "--1s", ERR_INVALID, 0 },
    { "1.2.3s", ERR_INVALID, 0 },
    { "1e3s", ERR_INVALID, 0 },
};

static void texts_are_read_as_go_reads_them(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ns = 4711;

        if (!EQ_INT(duration_parse(str_of(rows[i].text), &ns), rows[i].rc) ||
            !EQ_INT(ns, rows[i].rc ? 4711 : rows[i].ns))
            NOTE("\"%s\"", rows[i].text);
    }
}

static const struct {
    int64_t ns;
    const char *proto, *go;
} texts[] = {
    { 0, "0s", "0s" },
    { 1, "0.000000001s", "1ns" },
    { 1500, "0.000001500s", "1.5\xc2\xb5s" },
    { 2 * DURATION_US, "0.000002s", "2\xc2\xb5s" },
    { 300 * DURATION_MS, "0.300s", "300ms" },
    { 1500 * DURATION_MS, "1.500s", "1.5s" },
    { 60 * DURATION_S, "60s", "1m0s" },
    { 3723500 * DURATION_MS, "3723.500s", "1h2m3.5s" },
    { -5400 * DURATION_S, "-5400s", "-1h30m0s" },
    { INT64_MIN, "-9223372036.854775808s", "-2562047h47m16.854775808s" },
};

static void texts_are_written_both_ways(void)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char out[DURATION_TEXT_BYTES];

        EQ_UINT(duration_write_proto(texts[i].ns, out), strlen(texts[i].proto));
        EQ_STR(out, texts[i].proto);
        EQ_UINT(duration_write_go(texts[i].ns, out), strlen(texts[i].go));
        EQ_STR(out, texts[i].go);
    }
}

static const struct tap_case cases[] = {
    { "texts_are_read_as_go_reads_them", texts_are_read_as_go_reads_them },
    { "texts_are_written_both_ways", texts_are_written_both_ways },
};

TAP_MAIN(cases)
