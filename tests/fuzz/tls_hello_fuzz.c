/* First bytes of a connection, whole and cut short: a prefix never says more than the whole. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/tls/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tls_hello whole, part;
    int err = tls_hello_parse(data, size, &whole);

    ASSERT(err == 0 || err == ERR_AGAIN || err == ERR_TLS || err == ERR_LIMIT);
    if (err)
        return 0;
    ASSERT(whole.sni_len <= TLS_HELLO_SNI_MAX && whole.sni_text[whole.sni_len] == 0);
    for (size_t len = 0; len < size; len += 1 + size / 16) {
        err = tls_hello_parse(data, len, &part);
        ASSERT(err == ERR_AGAIN || err == 0);
    }
    return 0;
}
