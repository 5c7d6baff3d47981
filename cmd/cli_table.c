#include "cmd/cli.h"

#include "core/base/mem.h"

/* One line a command; the file cmd/cmd_NAME.c defines it. */
#define COMMANDS(X)                                                                                \
    X(proxy)                                                                                       \
    X(run)                                                                                         \
    X(demo)                                                                                        \
    X(up)                                                                                          \
    X(demo_service)                                                                                \
    X(control)                                                                                     \
    X(gateway)                                                                                     \
    X(validate)                                                                                    \
    X(apply)                                                                                       \
    X(get)                                                                                         \
    X(describe)                                                                                    \
    X(delete)                                                                                      \
    X(analyze)                                                                                     \
    X(convert)                                                                                     \
    X(proxy_status)                                                                                \
    X(proxy_config)                                                                                \
    X(status)                                                                                      \
    X(token)                                                                                       \
    X(diff)                                                                                        \
    X(route)                                                                                       \
    X(why)                                                                                         \
    X(logs)                                                                                        \
    X(explain)                                                                                     \
    X(version)                                                                                     \
    X(completion)

#define X(name) extern const struct cli_command cmd_##name;
COMMANDS(X)
#undef X

#define X(name) &cmd_##name,
const struct cli_command *const cli_table[] = { COMMANDS(X) };
#undef X

const size_t cli_table_count = COUNT_OF(cli_table);
