#include "modes/shared/source_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/api/mesh_file.h"
#include "core/api/mesh_scope.h"
#include "core/api/object_set.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "modes/shared/dirwatch.h"
#include "modes/shared/jwks.h"
#include "modes/shared/runtime.h"

static struct log_module log_module = LOG_MODULE("files");

#define FILES_MAX      4096
#define FILE_MAX_BYTES ((off_t)64 * 1024 * 1024)

struct source_file {
    char *path;
    struct timespec mtime;
    off_t size;
    ino_t inode;
    struct object_set objects; /* last good content */
};

struct source_files {
    struct runtime *rt;
    char *path;
    bool is_dir;
    struct source_file *files; /* by name */
    size_t count;
    struct map current; /* object_key -> struct object given to the runtime, one reference */
    struct arena keys;  /* of current; rebuilt with it */
    struct dirwatch *watch;
    struct jwks *jwks;
};

/* ---- reading ---- */

static int read_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    int err = 0;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) != 0)
        err = -errno;
    else if (st.st_size > FILE_MAX_BYTES)
        err = ERR_LIMIT;
    while (!err) {
        char *to = buf_reserve(out, 65536);
        ssize_t n = read(fd, to, 65536);

        if (n == 0)
            break;
        if (n < 0)
            err = -errno;
        else
            buf_commit(out, (size_t)n);
    }
    close(fd);
    return err;
}

static bool is_config_name(const char *name)
{
    struct str s = str_of(name);

    return name[0] != '.' &&
           (str_ends(s, STR(".yaml")) || str_ends(s, STR(".yml")) || str_ends(s, STR(".json")));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mem_free(names[i]);
    mem_free(names);
}

static int list_names(const struct source_files *s, char ***out, size_t *count)
{
    char **names = NULL;
    struct dirent *e;
    DIR *dir;

    *count = 0;
    if (!s->is_dir) {
        *out = names = mem_alloc(sizeof(*names));
        names[(*count)++] = mem_strdup(s->path);
        return 0;
    }
    dir = opendir(s->path);
    if (!dir)
        return -errno;
    while ((e = readdir(dir)) != NULL && *count < FILES_MAX) {
        if (!is_config_name(e->d_name))
            continue;
        names = mem_resize(names, *count + 1, sizeof(*names));
        names[(*count)++] = mem_printf("%s/%s", s->path, e->d_name);
    }
    closedir(dir);
    if (*count)
        qsort(names, *count, sizeof(*names), by_name);
    *out = names;
    return 0;
}

static bool is_unchanged(const struct source_file *f, const struct stat *st)
{
    return f->size == st->st_size && f->inode == st->st_ino &&
           f->mtime.tv_sec == st->st_mtim.tv_sec && f->mtime.tv_nsec == st->st_mtim.tv_nsec;
}

/* Fills f from disk. On mistakes f keeps its objects and ERR_INVALID is returned. */
static int load_file(struct source_file *f, const struct stat *st, struct diag *d)
{
    struct object_set set;
    struct buf text;
    int err;

    buf_init(&text, 0);
    object_set_init(&set);
    err = read_file(f->path, &text);
    if (err)
        diag_add(d, DIAG_ERROR, "MSH1001", &(struct diag_pos){ .file = f->path }, STR_NONE,
                 "cannot be read: %s", error_text(err));
    else
        err = object_set_read(&set, buf_str(&text), f->path, d, NULL);
    if (!err) {
        object_set_deinit(&f->objects);
        f->objects = set;
    } else {
        object_set_deinit(&set);
    }
    f->mtime = st->st_mtim;
    f->size = st->st_size;
    f->inode = st->st_ino;
    buf_deinit(&text);
    return err;
}

static struct source_file *find_file(struct source_files *s, const char *path)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->files[i].path && strcmp(s->files[i].path, path) == 0)
            return &s->files[i];
    }
    return NULL;
}

static void free_files(struct source_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!files[i].path)
            continue;
        object_set_deinit(&files[i].objects);
        mem_free(files[i].path);
    }
    mem_free(files);
}

/* Reads what is new or changed. The result of the worst file. */
static int scan(struct source_files *s, struct diag *d)
{
    struct source_file *files;
    char **names = NULL;
    size_t count = 0, kept = 0;
    int worst = list_names(s, &names, &count);

    if (worst)
        return worst;
    files = mem_alloc0(count, sizeof(*files));
    for (size_t i = 0; i < count; i++) {
        struct source_file *old = find_file(s, names[i]), *f = &files[kept];
        struct stat st;
        int err;

        if (stat(names[i], &st) != 0)
            continue; /* gone between listing and here */
        if (old) {
            *f = *old;
            old->path = NULL;
        } else {
            f->path = mem_strdup(names[i]);
            object_set_init(&f->objects);
        }
        kept++;
        if (old && is_unchanged(f, &st))
            continue;
        err = load_file(f, &st, d);
        if (err)
            worst = err;
    }
    free_files(s->files, s->count);
    free_names(names, count);
    s->files = files;
    s->count = kept;
    return worst;
}

/* ---- giving it to the runtime ---- */

/* The object as proxies take it: with the keys of token issuers in it. One reference. */
static struct object *complete(struct source_files *s, struct object *o)
{
    struct object_options options = { .stored = true };
    struct object *made = NULL;
    struct node *copy;
    struct arena a;

    if (o->kind->id != API_KIND_REQUEST_AUTHENTICATION || !o->node || !s->jwks)
        return object_ref(o);
    arena_init(&a, 4096);
    copy = node_copy(&a, o->node);
    jwks_fill(s->jwks, copy, &a);
    if (node_equal(copy, o->node) || object_decode(&made, copy, NULL, &options) != 0)
        made = object_ref(o);
    arena_deinit(&a);
    return made;
}

/* MeshConfig's discoverySelectors, while objects are collected. */
struct discovery {
    struct arena arena;
    struct mesh_config mesh;
    struct map known; /* namespace -> &in or &out */
    char in, out;
};

/* The last one counts. */
static const struct object *find_object(const struct source_files *s, uint16_t kind, struct str ns,
                                        struct str name)
{
    const struct object *found = NULL;

    for (size_t i = 0; i < s->count; i++) {
        for (size_t k = 0; k < s->files[i].objects.count; k++) {
            const struct object *o = s->files[i].objects.items[k];

            if (o->kind->id == kind && str_eq(o->name, name) && str_eq(o->ns, ns))
                found = o;
        }
    }
    return found;
}

static void discovery_init(struct discovery *d, const struct source_files *s)
{
    const struct object *o =
        find_object(s, API_KIND_CONFIG_MAP, STR("istio-system"), MESH_FILE_NAME);

    *d = (struct discovery){ 0 };
    arena_init(&d->arena, 1024);
    map_init(&d->known);
    if (o)
        (void)mesh_file_read_config(mesh_file_key(o, "mesh"), STR_NONE, &d->arena, NULL, &d->mesh);
}

static void discovery_deinit(struct discovery *d)
{
    map_deinit(&d->known);
    arena_deinit(&d->arena);
}

/* Whether the object's namespace is one of the mesh; MeshConfig itself always counts. */
static bool is_discovered(struct discovery *d, const struct source_files *s, const struct object *o)
{
    struct mesh_scope_namespace ns = { .name = o->ns };
    const struct object *of;

    if (!d->mesh.discovery_selectors_count || !o->ns.len ||
        (o->kind->id == API_KIND_CONFIG_MAP && str_eq(o->name, MESH_FILE_NAME) &&
         str_is(o->ns, "istio-system")))
        return true;
    if (!map_get(&d->known, o->ns)) {
        of = find_object(s, API_KIND_NAMESPACE, STR(""), o->ns);
        ns.labels = of ? of->meta->labels : NULL;
        ns.label_count = of ? of->meta->labels_count : 0;
        map_put(&d->known, o->ns, mesh_scope_has(&d->mesh, &ns) ? &d->in : &d->out);
    }
    return map_get(&d->known, o->ns) == &d->in;
}

static void collect(struct source_files *s, struct map *wanted, struct arena *keys)
{
    struct discovery d;

    discovery_init(&d, s);
    for (size_t i = 0; i < s->count; i++) {
        for (size_t k = 0; k < s->files[i].objects.count; k++) {
            struct object *o = s->files[i].objects.items[k], *other = NULL;

            if (is_discovered(&d, s, o))
                other = map_put(wanted, object_key(o, keys), complete(s, o));
            if (!other)
                continue;
            log_warn("%s and %s both hold %s %.*s/%.*s: the latter counts", other->file, o->file,
                     o->kind->kind, STR_ARG(o->ns), STR_ARG(o->name));
            object_unref(other);
        }
    }
    discovery_deinit(&d);
}

/* Returns how many objects came, changed or went. */
static size_t apply(struct source_files *s)
{
    struct arena keys;
    struct map wanted;
    size_t changes = 0, at = 0;

    arena_init(&keys, 4096);
    map_init(&wanted);
    collect(s, &wanted, &keys);
    for (struct map_slot *slot; (slot = map_next(&wanted, &at));) {
        struct object *o = slot->value, *had = map_get(&s->current, slot->key);

        if (had == o || (had && had->content_hash == o->content_hash && had->line == o->line))
            continue;
        runtime_put(s->rt, o);
        changes++;
    }
    at = 0;
    for (struct map_slot *slot; (slot = map_next(&s->current, &at));) {
        struct object *o = slot->value;

        if (!map_get(&wanted, slot->key)) {
            runtime_remove(s->rt, o->kind->id, o->ns, o->name);
            changes++;
        }
        object_unref(o);
    }
    map_deinit(&s->current);
    arena_deinit(&s->keys);
    s->current = wanted;
    s->keys = keys;
    return changes;
}

static void log_mistakes(const struct diag *d)
{
    struct buf text;

    buf_init(&text, 0);
    diag_render_short(d, &text);
    for (struct str rest = buf_str(&text); rest.p;) {
        struct str line = str_cut(&rest, '\n');

        if (line.len)
            log_error("%.*s", STR_ARG(line));
    }
    buf_deinit(&text);
}

static void on_change(void *arg)
{
    struct source_files *s = arg;
    struct diag d;
    size_t changes;

    diag_init(&d);
    if (scan(s, &d) != 0)
        log_mistakes(&d);
    diag_deinit(&d);
    changes = apply(s);
    if (!changes)
        return;
    log_info("%zu objects changed in %s", changes, s->path);
    runtime_commit(s->rt, NULL, NULL, NULL);
}

static void on_keys(void *arg)
{
    struct source_files *s = arg;

    if (apply(s))
        runtime_commit(s->rt, NULL, NULL, NULL);
}

/* ---- life ---- */

int source_files_new(struct runtime *rt, const char *path, struct diag *d,
                     struct source_files **out)
{
    struct source_files *s;
    struct stat st;
    int err;

    if (stat(path, &st) != 0)
        return -errno;
    s = mem_alloc0(1, sizeof(*s));
    s->rt = rt;
    s->path = mem_strdup(path);
    s->is_dir = S_ISDIR(st.st_mode);
    map_init(&s->current);
    arena_init(&s->keys, 0);
    err = scan(s, d);
    if (!err)
        err = jwks_new(runtime_main(rt),
                       &(struct jwks_options){ .blocked = runtime_get_options(rt)->jwks_blocked,
                                               .changed = on_keys,
                                               .arg = s },
                       &s->jwks);
    if (err) {
        source_files_free(s);
        return err;
    }
    apply(s);
    *out = s;
    return 0;
}

int source_files_watch(struct source_files *s)
{
    return dirwatch_new(runtime_main(s->rt), s->path, on_change, s, &s->watch);
}

void source_files_free(struct source_files *s)
{
    size_t at = 0;

    if (!s)
        return;
    dirwatch_free(s->watch);
    jwks_free(s->jwks);
    for (struct map_slot *slot; (slot = map_next(&s->current, &at));)
        object_unref(slot->value);
    map_deinit(&s->current);
    arena_deinit(&s->keys);
    free_files(s->files, s->count);
    mem_free(s->path);
    mem_free(s);
}
