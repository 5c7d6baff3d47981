/* What a person points at with -f: files, folders, standard input; read whole, every mistake of
 * every file reported, before anything is done with it. */
#ifndef CMD_INPUT_H
#define CMD_INPUT_H

#include <stdio.h>

#include "cmd/cli_args.h"
#include "core/api/object_set.h"
#include "core/base/diag.h"

/* The row of -f and of --recursive. */
#define INPUT_FLAGS                                                                                \
    { .name = "filename",                                                                          \
      .letter = 'f',                                                                               \
      .kind = CLI_FLAG_LIST,                                                                       \
      .value = "FILE|DIR|-",                                                                       \
      .help = "What to read: YAML or JSON files, folders of them, - for standard input" },         \
    {                                                                                              \
        .name = "recursive", .letter = 'R', .help = "Also read the folders inside folders"         \
    }

/* The row of --color; used by every command that prints reports. */
#define INPUT_COLOR_FLAG                                                                           \
    {                                                                                              \
        .name = "color", .kind = CLI_FLAG_TEXT, .value = "WHEN", .fallback = "auto",               \
        .help = "Colours on a terminal", .choices = "auto|always|never"                            \
    }

struct input {
    struct object_set objects; /* the good ones, in written order */
    struct diag diag;          /* at most 20 are kept, all are counted */
    size_t file_count;
    bool may_be_empty; /* to be set after input_init: a folder without files is no mistake */
};

struct input_options {
    const char *const *paths;
    size_t path_count;
    bool recursive;
    const char *ns;      /* for objects that name none */
    const char *only_ns; /* objects that name another one are refused; NULL: any */
};

void input_init(struct input *in);
void input_deinit(struct input *in);
/* 0, also when what was read is wrong (look at in->diag); CLI_NO_INPUT or CLI_USAGE when something
 * could not be read at all, with a message printed. */
int input_read(struct input *in, const struct input_options *opt);
/* As the flags -f, -R, -n of args and its words say. */
int input_read_args(struct input *in, const struct cli_args *args);
/* Reads a file, or "-". The text is the caller's, to be freed by mem_free. */
int input_read_file(const char *path, char **text, size_t *len);

/* Whether to paint what goes to out: --color, else NO_COLOR, CLICOLOR_FORCE, TERM, a terminal. */
bool input_wants_colour(const struct cli_args *args, FILE *out);
/* Prints the reports to standard error, with an empty line behind. */
void input_print_diag(const struct diag *d, const struct cli_args *args);

#endif
