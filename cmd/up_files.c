#include "cmd/up_files.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/self_exec.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "modes/shared/dirwatch.h"

static struct log_module log_module = LOG_MODULE("up");

/* One apply at a time; a change while it runs is another one behind it. */
struct up_files {
    struct worker *worker;
    char *path;
    char *owner; /* of what is applied: what goes from the path is deleted from the mesh */
    struct dirwatch *watch;
    struct self_exec *apply; /* running */
    bool again;
};

static void apply(struct up_files *f);

static void on_applied(void *arg, int code)
{
    struct up_files *f = arg;

    f->apply = NULL;
    if (code)
        fprintf(stderr,
                "mesh up: %s was not applied (exit code %d); it is tried again when it "
                "changes\n",
                f->path, code);
    if (f->again)
        apply(f);
}

static void apply(struct up_files *f)
{
    const char *argv[] = { "apply", "-f", f->path, "--prune", f->owner, NULL };
    const struct self_exec_options options = { .argv = argv,
                                               .output = STDOUT_FILENO,
                                               .error = STDERR_FILENO };
    int err;

    f->again = f->apply != NULL;
    if (f->again)
        return;
    err = self_exec_start(f->worker, &options, on_applied, f, &f->apply);
    if (err)
        log_error("mesh apply cannot be started: %s", error_text(err));
}

static void on_change(void *arg)
{
    apply(arg);
}

/* The path as it is everywhere: two meshes of one state folder, or one started elsewhere, may be
 * given other files, which are not each other's. */
static char *owner_of(const char *path)
{
    char whole[PATH_MAX], *owner;
    const char *name = realpath(path, whole) ? whole : path;
    size_t size = strlen(name) + sizeof("up:");

    owner = mem_alloc(size);
    (void)snprintf(owner, size, "up:%s", name);
    return owner;
}

struct up_files *up_files_new(struct worker *w, const char *path)
{
    struct up_files *f = mem_alloc0(1, sizeof(*f));
    int err;

    f->worker = w;
    f->path = mem_strdup(path);
    f->owner = owner_of(path);
    apply(f);
    err = dirwatch_new(w, path, on_change, f, &f->watch);
    if (err)
        log_warn("%s is not watched for changes: %s", path, error_text(err));
    return f;
}

void up_files_free(struct up_files *f)
{
    if (!f)
        return;
    dirwatch_free(f->watch);
    self_exec_forget(f->apply);
    mem_free(f->owner);
    mem_free(f->path);
    mem_free(f);
}
