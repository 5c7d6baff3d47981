/* Whatever a client sends as its session, what is given back has tokens only, no more than there
 * may be, and the newest is found in it. */
#include "core/flow/session_token.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_clean(struct str list)
{
    for (size_t i = 0; i < list.len; i++) {
        char c = list.p[i];

        if (i % (SESSION_TOKEN_LEN + 1) == SESSION_TOKEN_LEN
                ? c != '.'
                : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return (list.len + 1) % (SESSION_TOKEN_LEN + 1) == 0 &&
           list.len < SESSION_TOKEN_MAX * (SESSION_TOKEN_LEN + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str sent = str_make(data, size), list;
    struct session_token t = { .rule = 1 }, found;
    struct arena a;

    arena_init(&a, 0);
    (void)session_token_find(sent, t.rule, &t);
    list = session_token_join(&t, sent, &a);
    if (!is_clean(list) || !session_token_find(list, t.rule, &found) ||
        found.endpoint != t.endpoint || found.backend != t.backend)
        abort();
    arena_deinit(&a);
    return 0;
}
