/* Messages found must not depend on where the input is cut. */
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/http/grpc_frame.h"

static size_t read_all(const uint8_t *data, size_t size, size_t piece, int *err)
{
    struct grpc_frame f;
    size_t total = 0;

    grpc_frame_init(&f, 4096);
    *err = 0;
    for (size_t at = 0; at < size && !*err; at += piece) {
        const uint8_t *p = data + at;
        size_t len = size - at < piece ? size - at : piece;
        struct str message;
        int got;

        while ((got = grpc_frame_next(&f, &p, &len, &message)) == 0) {
            for (size_t i = 0; i < message.len; i++)
                total = total * 31 + (uint8_t)message.p[i];
            total = total * 31 + message.len + 1;
        }
        if (got != ERR_AGAIN)
            *err = got;
    }
    grpc_frame_deinit(&f);
    return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t piece = size ? (size_t)data[0] % 16 + 1 : 1;
    int whole_err, cut_err;
    size_t whole = read_all(data, size, size + 1, &whole_err);
    size_t cut = read_all(data, size, piece, &cut_err);

    if (whole != cut || whole_err != cut_err)
        abort();
    return 0;
}
