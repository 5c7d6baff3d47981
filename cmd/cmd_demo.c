#include "cmd/cli_args.h"
#include "cmd/demo_tour.h"
#include "core/base/log.h"
#include "core/base/mem.h"

/* clang-format off */
static const struct cli_flag flags[] = {
    { "http-port", 0, CLI_FLAG_NUMBER, "PORT", "8080", "Where the page is shown; another one when it is taken", NULL },
    { "seconds", 0, CLI_FLAG_NUMBER, "N", NULL, "End after so many seconds; exit code 0 when every page was right", NULL },
    { "no-capture", 0, CLI_FLAG_BOOL, NULL, "false", "No namespaces: the services use HTTP_PROXY", NULL },
    { "log", 0, CLI_FLAG_TEXT, "LEVELS", "error", "Log levels, e.g. info,http=debug", NULL },
};
/* clang-format on */

static int run(const struct cli_args *args)
{
    const struct demo_tour_options options = {
        .http_port = (uint16_t)cli_args_number(args, "http-port"),
        .seconds = (uint64_t)cli_args_number(args, "seconds"),
        .no_capture = cli_args_bool(args, "no-capture"),
    };

    if (log_set_levels(cli_args_text(args, "log")) != 0)
        return cli_fail(CLI_USAGE, "--log: no list of levels such as info,http=debug");
    return demo_tour_run(&options);
}

extern const struct cli_command cmd_demo;
const struct cli_command cmd_demo = {
    .name = "demo",
    .group = "Run",
    .arguments = "",
    .summary = "See a mesh at work: six services, a gateway, a page to look at",
    .details =
        "Starts a control plane, a gateway and the services of a small bookshop, each behind a\n"
        "sidecar of its own as `mesh run` makes it, and sends a little traffic. All of it lives\n"
        "in a temporary folder and goes away at the end.",
    .examples = "  mesh demo\n"
                "  mesh demo --seconds 20",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .run = run,
};
