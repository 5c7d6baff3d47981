#include "tests/unit/support/api_files.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "core/base/mem.h"

static void (*each_fn)(const char *path);
static size_t each_count;

char *api_files_read(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *text = NULL;
    long size;

    if (!f)
        return NULL;
    if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
        text = mem_alloc((size_t)size + 1);
        *len = fread(text, 1, (size_t)size, f);
        text[*len] = 0;
    }
    fclose(f);
    return text;
}

static char *render(const struct diag *d)
{
    struct buf b;

    buf_init(&b, 0);
    diag_render_short(d, &b);
    return buf_take_strz(&b);
}

int api_files_load(struct object_set *set, const char *path, struct diag *d)
{
    size_t len;
    char *text = api_files_read(path, &len), *said;
    int err;

    if (!text)
        return ERR_NOT_FOUND;
    err = object_set_read(set, str_make(text, len), path, d, NULL);
    if (diag_has_errors(d)) {
        said = render(d);
        printf("# %s\n", said);
        mem_free(said);
    }
    mem_free(text);
    return err;
}

char *api_files_complain(const char *text, struct object_set *set)
{
    struct diag d;
    char *said;

    diag_init(&d);
    object_set_read(set, str_of(text), "test.yaml", &d, NULL);
    said = render(&d);
    diag_deinit(&d);
    return said;
}

char *api_files_complain_spec(const char *api_version, const char *kind, const char *spec)
{
    char *text = mem_printf("apiVersion: %s\nkind: %s\nmetadata: {name: x}\nspec: %s\n",
                            api_version, kind, spec);
    struct object_set set;
    char *said;

    object_set_init(&set);
    said = api_files_complain(text, &set);
    object_set_deinit(&set);
    mem_free(text);
    return said;
}

static int visit(const char *path, const struct stat *st, int type)
{
    size_t len = strlen(path);

    (void)st;
    if (type == FTW_F && len > 5 && strcmp(path + len - 5, ".yaml") == 0) {
        each_count++;
        each_fn(path);
    }
    return 0;
}

size_t api_files_each(const char *folder, void (*fn)(const char *path))
{
    each_fn = fn;
    each_count = 0;
    if (ftw(folder, visit, 16) != 0)
        return 0;
    return each_count;
}
