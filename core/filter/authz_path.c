#include "core/filter/authz_path.h"

bool authz_path_matches(struct str pattern, struct str path)
{
    while (pattern.len) {
        if (str_starts(pattern, STR("{**}"))) {
            pattern = str_skip(pattern, 4);
            return str_ends(path, pattern);
        }
        if (str_starts(pattern, STR("{*}"))) {
            ptrdiff_t end = str_chr(path, '/');
            size_t len = end < 0 ? path.len : (size_t)end;

            if (len == 0)
                return false;
            pattern = str_skip(pattern, 3);
            path = str_skip(path, len);
            continue;
        }
        if (path.len == 0 || path.p[0] != pattern.p[0])
            return false;
        pattern = str_skip(pattern, 1);
        path = str_skip(path, 1);
    }
    return path.len == 0;
}
