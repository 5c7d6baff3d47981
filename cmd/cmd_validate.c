#include <stdio.h>
#include <string.h>

#include "cmd/input.h"
#include "cmd/print.h"
#include "core/base/mem.h"

static const struct cli_flag flags[] = {
    INPUT_FLAGS,
    { "namespace", 'n', CLI_FLAG_TEXT, "NAMESPACE", "default", "For objects that name none", NULL },
    { "output", 'o', CLI_FLAG_TEXT, "FORMAT", "text", "How to print what is wrong",
      "text|short|json" },
    INPUT_COLOR_FLAG,
};

static void print(const struct input *in, const char *format, const struct cli_args *args)
{
    struct buf out;

    buf_init(&out, 0);
    if (strcmp(format, "json") == 0) {
        diag_render_json(&in->diag, &out);
        buf_add_char(&out, '\n');
    } else if (strcmp(format, "short") == 0) {
        diag_render_short(&in->diag, &out);
    } else {
        input_print_diag(&in->diag, args);
    }
    print_flush(&out, stdout);
    buf_deinit(&out);
}

static int run(const struct cli_args *args)
{
    const char *format = cli_args_text(args, "output");
    struct input in;
    int code;

    input_init(&in);
    code = input_read_args(&in, args);
    for (size_t i = 0; i < in.objects.count; i++)
        (void)object_warn_unenforced(in.objects.items[i], &in.diag);
    print(&in, format, args);
    if (code == 0 && in.file_count == 0)
        code = cli_fail(CLI_USAGE, "say which files: mesh validate -f FILE");
    else if (code == 0 && diag_has_errors(&in.diag))
        code = CLI_BAD_INPUT;
    if (code == CLI_BAD_INPUT && strcmp(format, "text") == 0)
        fprintf(stderr, "%zu error%s in %zu file%s\n", in.diag.count[DIAG_ERROR],
                in.diag.count[DIAG_ERROR] == 1 ? "" : "s", in.file_count,
                in.file_count == 1 ? "" : "s");
    else if (code == 0 && strcmp(format, "text") == 0)
        printf("%zu object%s in %zu file%s: valid%s\n", in.objects.count,
               in.objects.count == 1 ? "" : "s", in.file_count, in.file_count == 1 ? "" : "s",
               in.objects.foreign_count ? "; the others are not part of the mesh" : "");
    input_deinit(&in);
    return code;
}

extern const struct cli_command cmd_validate;
const struct cli_command cmd_validate = {
    .name = "validate",
    .aliases = { "v" },
    .group = "Configure",
    .arguments = "[FILE|DIR|-]...",
    .summary = "Check files against the schemas, without a mesh",
    .details =
        "Reads everything, reports every mistake with its place, changes nothing. Exits with "
        "65 when something is wrong.",
    .examples = "  mesh validate -f reviews.yaml\n  mesh validate -R config/ -o short",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .max_args = -1,
    .run = run,
};
