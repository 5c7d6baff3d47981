#include "tests/fuzz/http_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rig_serve(data, size, "", 0);
    return 0;
}
