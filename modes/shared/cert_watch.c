#include "modes/shared/cert_watch.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "modes/shared/dirwatch.h"

static struct log_module log_module = LOG_MODULE("files");

/* Objects are written by people, not peers; this is against a mistake. */
#define FOLDERS_MAX 256

struct folder {
    struct dirwatch *watch;
    char *path;
};

struct cert_watch {
    struct worker *worker;
    struct map folders; /* path -> struct folder */
    void (*changed)(void *arg);
    void *arg;
};

struct cert_watch *cert_watch_new(struct worker *w, void (*changed)(void *arg), void *arg)
{
    struct cert_watch *c = mem_alloc0(1, sizeof(*c));

    c->worker = w;
    c->changed = changed;
    c->arg = arg;
    map_init(&c->folders);
    return c;
}

void cert_watch_free(struct cert_watch *c)
{
    size_t at = 0;

    if (!c)
        return;
    for (struct map_slot *s; (s = map_next(&c->folders, &at));) {
        struct folder *f = s->value;

        dirwatch_free(f->watch);
        mem_free(f->path);
        mem_free(f);
    }
    map_deinit(&c->folders);
    mem_free(c);
}

static struct str folder_of(struct str path)
{
    size_t end = path.len;

    while (end > 0 && path.p[end - 1] != '/')
        end--;
    if (end == 0)
        return STR(".");
    return str_head(path, end > 1 ? end - 1 : 1);
}

void cert_watch_add(struct cert_watch *c, struct str path)
{
    struct str name = folder_of(path);
    struct folder *f;
    int err;

    if (map_get(&c->folders, name) || c->folders.count >= FOLDERS_MAX)
        return;
    f = mem_alloc0(1, sizeof(*f));
    f->path = str_dup(name);
    err = dirwatch_new(c->worker, f->path, c->changed, c->arg, &f->watch);
    if (err) {
        log_debug("%s is not watched: %s", f->path, error_text(err));
        mem_free(f->path);
        mem_free(f);
        return;
    }
    map_put(&c->folders, str_make(f->path, name.len), f);
}
