/* The result of a normalisation must be stable and free of what it exists to remove. */
#include <stdlib.h>

#include "core/base/error.h"
#include "core/route/route_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(enum route_path_mode mode, struct str in)
{
    struct str out, again, path;
    struct arena a;
    ptrdiff_t query;

    arena_init(&a, 0);
    if (route_path_normalize(mode, in, &a, &out) == 0) {
        query = str_chr(out, '?');
        path = query < 0 ? out : str_head(out, (size_t)query);
        ASSERT(out.len <= in.len && str_chr(out, '#') < 0);
        if (mode != ROUTE_PATH_NONE) {
            ASSERT(str_find(path, STR("/../")) < 0 && str_find(path, STR("/./")) < 0);
            ASSERT(!str_ends(path, STR("/..")) && !str_ends(path, STR("/.")));
            ASSERT(str_chr(path, '\\') < 0);
        }
        if (mode >= ROUTE_PATH_MERGE_SLASHES)
            ASSERT(str_find(path, STR("//")) < 0);
        ASSERT(route_path_normalize(mode, out, &a, &again) == 0 && str_eq(out, again));
    }
    arena_deinit(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int mode = ROUTE_PATH_NONE; mode <= ROUTE_PATH_DECODE_AND_MERGE_SLASHES; mode++)
        check((enum route_path_mode)mode, str_make(data, size));
    return 0;
}
