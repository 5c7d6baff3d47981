/* Tokens and key sets: the first line of the input is a token, the rest a set of keys. Nothing that
 * was made up verifies. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/pki/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_make(data, size), token = str_cut(&rest, '\n');
    struct jwk_set *keys = NULL;
    const char *why;
    struct jwt t;
    struct arena a;

    arena_init(&a, 4096);
    if (rest.p)
        (void)jwk_set_parse(rest, &keys, &why);
    if (jwt_parse(token, &a, &t) == JWT_OK) {
        ASSERT(t.payload);
        (void)jwt_check_times(&t, 1000000, 60);
        (void)jwt_check_audience(&t, &t.issuer, 1);
        (void)jwt_claim(t.payload, t.kid, '.');
        (void)jwt_verify(&t, keys);
    }
    jwk_set_unref(keys);
    arena_deinit(&a);
    return 0;
}
