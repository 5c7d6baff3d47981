#include "cmd/input.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/mem.h"

enum { MAX_REPORTS = 20, MAX_FOLDERS = 16 };

void input_init(struct input *in)
{
    object_set_init(&in->objects);
    diag_init(&in->diag);
    in->diag.max_items = MAX_REPORTS;
    in->file_count = 0;
    in->may_be_empty = false;
}

void input_deinit(struct input *in)
{
    object_set_deinit(&in->objects);
    diag_deinit(&in->diag);
}

static int read_stream(FILE *f, const char *path, char **text, size_t *len)
{
    struct buf b;
    char *room;
    size_t n;

    buf_init(&b, NODE_MAX_BYTES);
    while ((room = buf_reserve(&b, 65536)) && (n = fread(room, 1, 65536, f)) > 0)
        buf_commit(&b, n);
    if (!room || ferror(f)) {
        buf_deinit(&b);
        return cli_fail(room ? CLI_NO_INPUT : CLI_BAD_INPUT, "%s: %s", path,
                        room ? strerror(errno) : "more than 16 MiB");
    }
    *len = buf_len(&b);
    *text = buf_take_strz(&b);
    return 0;
}

int input_read_file(const char *path, char **text, size_t *len)
{
    FILE *f;
    int err;

    if (strcmp(path, "-") == 0)
        return read_stream(stdin, "standard input", text, len);
    f = fopen(path, "re");
    if (!f)
        return cli_fail(CLI_NO_INPUT, "%s: %s", path, strerror(errno));
    err = read_stream(f, path, text, len);
    fclose(f);
    return err;
}

/* An object that says another namespace than -n is a mistake of one of the two. */
static void check_namespaces(struct input *in, size_t from, const char *only_ns)
{
    struct arena a;

    arena_init(&a, 0);
    for (size_t i = from; only_ns && i < in->objects.count; i++) {
        const struct object *o = in->objects.items[i];
        const struct node *n = node_path(o->node, "metadata.namespace");
        struct diag_pos pos;

        if (!o->kind->namespaced || str_is(o->ns, only_ns))
            continue;
        pos = n ? node_pos(n) : (struct diag_pos){ .file = o->file, .line = o->line };
        in->diag.object = object_title(o, &a);
        diag_add(&in->diag, DIAG_ERROR, "MSH1013", &pos, STR("metadata.namespace"),
                 "\"%.*s\" is not the namespace given by -n: \"%s\"", STR_ARG(o->ns), only_ns);
    }
    in->diag.object = STR_NONE;
    arena_deinit(&a);
}

static int read_one(struct input *in, const char *path, const struct input_options *opt)
{
    struct object_options how = { .ns = str_of(opt->ns) };
    const char *shown = strcmp(path, "-") == 0 ? "<stdin>" : path;
    size_t from = in->objects.count;
    char *text = NULL;
    size_t len = 0;
    int err = input_read_file(path, &text, &len);

    if (err)
        return err;
    in->file_count++;
    /* What is wrong is in the report; the rest of the files is read all the same. */
    (void)object_set_read(&in->objects, str_make(text, len), shown, &in->diag, &how);
    check_namespaces(in, from, opt->only_ns);
    mem_free(text);
    return 0;
}

static bool has_yaml_name(const char *name)
{
    struct str s = str_of(name);

    return name[0] != '.' &&
           (str_ends(s, STR(".yaml")) || str_ends(s, STR(".yml")) || str_ends(s, STR(".json")));
}

static int read_folder(struct input *in, const char *path, const struct input_options *opt,
                       int depth);

static int read_entry(struct input *in, const char *path, const char *name,
                      const struct input_options *opt, int depth)
{
    char *whole = mem_printf("%s/%s", path, name);
    struct stat st;
    int err = 0;

    if (stat(whole, &st) == 0 && S_ISDIR(st.st_mode))
        err = opt->recursive ? read_folder(in, whole, opt, depth + 1) : 0;
    else if (has_yaml_name(name))
        err = read_one(in, whole, opt);
    mem_free(whole);
    return err;
}

static int read_folder(struct input *in, const char *path, const struct input_options *opt,
                       int depth)
{
    struct dirent **names;
    size_t before = in->file_count;
    int n, err = 0;

    if (depth > MAX_FOLDERS)
        return cli_fail(CLI_NO_INPUT, "%s: folders are nested more than %d deep", path,
                        MAX_FOLDERS);
    n = scandir(path, &names, NULL, alphasort);
    if (n < 0)
        return cli_fail(CLI_NO_INPUT, "%s: %s", path, strerror(errno));
    for (int i = 0; i < n; i++) {
        if (!err && names[i]->d_name[0] != '.')
            err = read_entry(in, path, names[i]->d_name, opt, depth);
        free(names[i]); /* scandir's own */
    }
    free(names);
    if (!err && depth == 0 && in->file_count == before && !in->may_be_empty)
        return cli_fail(CLI_NO_INPUT, "%s: no .yaml, .yml or .json file in this folder%s", path,
                        opt->recursive ? "" : " (-R also looks into folders)");
    return err;
}

static int read_path(struct input *in, const char *path, const struct input_options *opt)
{
    struct stat st;

    if (strstr(path, "://"))
        return cli_fail(CLI_USAGE,
                        "%s: nothing is fetched from the network; 'curl -fsS %s | mesh "
                        "COMMAND -f -' does it",
                        path, path);
    if (strcmp(path, "-") == 0)
        return read_one(in, path, opt);
    if (stat(path, &st) != 0)
        return cli_fail(CLI_NO_INPUT, "%s: %s", path, strerror(errno));
    return S_ISDIR(st.st_mode) ? read_folder(in, path, opt, 0) : read_one(in, path, opt);
}

int input_read(struct input *in, const struct input_options *opt)
{
    int err = 0;

    for (size_t i = 0; i < opt->path_count && !err; i++)
        err = read_path(in, opt->paths[i], opt);
    return err;
}

int input_read_args(struct input *in, const struct cli_args *args)
{
    struct input_options opt = { .recursive = cli_args_bool(args, "recursive"),
                                 .ns = cli_args_text(args, "namespace") };
    const char *const *files;
    const char **all;
    size_t count;
    int err;

    files = cli_args_list(args, "filename", &count);
    all = mem_alloc0(count + (size_t)args->word_count + 1, sizeof(*all));
    for (size_t i = 0; i < count; i++)
        all[opt.path_count++] = files[i];
    for (int i = 0; i < args->word_count; i++)
        all[opt.path_count++] = args->words[i];
    opt.paths = all;
    if (cli_args_is_set(args, "namespace"))
        opt.only_ns = opt.ns;
    err = input_read(in, &opt);
    mem_free(all);
    return err;
}

bool input_wants_colour(const struct cli_args *args, FILE *out)
{
    const char *when = cli_args_text(args, "color"), *force = getenv("CLICOLOR_FORCE"),
               *term = getenv("TERM");

    if (strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    if (getenv("NO_COLOR"))
        return false;
    if (force && *force && strcmp(force, "0") != 0)
        return true;
    return isatty(fileno(out)) && (!term || strcmp(term, "dumb") != 0);
}

void input_print_diag(const struct diag *d, const struct cli_args *args)
{
    struct buf out;

    if (!d->first)
        return;
    buf_init(&out, 0);
    diag_render_text(d, &out, input_wants_colour(args, stderr));
    fwrite(buf_str(&out).p, 1, buf_len(&out), stderr);
    fputc('\n', stderr);
    buf_deinit(&out);
}
