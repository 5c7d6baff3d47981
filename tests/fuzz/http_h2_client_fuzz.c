#include "tests/fuzz/http_pool_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    client_run(data, size, HTTP_PROTOCOL_H2);
    return 0;
}
