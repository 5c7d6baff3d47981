#include "core/xds/xds_token.h"

#include "core/base/error.h"
#include "tests/tap.h"

#define HASH   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SECRET "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void parts_are_found(void)
{
    struct xds_token t;

    if (!EQ_INT(xds_token_parse(STR("mesh1.ab12." HASH "." SECRET ".0f"), &t), 0))
        return;
    OK(str_is(t.cluster, "ab12"));
    OK(str_is(t.root_sha256, HASH));
    OK(str_is(t.secret, SECRET));
    OK(str_is(t.issuer, "0f"));
}

static void others_are_refused(void)
{
    static const char *const bad[] = {
        "",
        "mesh1",
        "mesh2.ab12." HASH "." SECRET ".0f",
        "mesh1.ab12." HASH "." SECRET,
        "mesh1.ab12." HASH "." SECRET ".",
        "mesh1.ab12." HASH "." SECRET ".0f.1",
        "mesh1.AB12." HASH "." SECRET ".0f",
        "mesh1.ab12.0011." SECRET ".0f",
        "mesh1.ab12." HASH ".short.0f",
        "mesh1.ab12." HASH ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAA.0f",
        " mesh1.ab12." HASH "." SECRET ".0f",
    };
    struct xds_token t;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        NOTE("%s", bad[i]);
        EQ_INT(xds_token_parse(str_of(bad[i]), &t), ERR_INVALID);
    }
}

static const struct tap_case cases[] = {
    { "parts_are_found", parts_are_found },
    { "others_are_refused", others_are_refused },
};

TAP_MAIN(cases)
