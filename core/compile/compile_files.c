#include "core/compile/compile_files.h"

#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/compile/compile_host.h"
#include "core/compile/digest.h"

struct compile_file {
    uint64_t stamp;
    struct str path; /* behind the struct */
};

uint64_t compile_files_stamp(struct str path)
{
    struct stat st;
    struct arena a;
    uint64_t h = digest_str(1, path);

    arena_init(&a, 256);
    if (stat(arena_strz(&a, path), &st) == 0) {
        h = digest_u64(h, (uint64_t)st.st_mtim.tv_sec ^ (uint64_t)st.st_mtim.tv_nsec << 32);
        h = digest_u64(digest_u64(h, (uint64_t)st.st_size), (uint64_t)st.st_ino);
    }
    arena_deinit(&a);
    return h;
}

void compile_files_note(struct compile *c, struct str path)
{
    struct compile_file *f = map_get(&c->files, path);

    if (!f) {
        f = mem_alloc_flex(sizeof(*f), path.len + 1, 1);
        memcpy(f + 1, path.p, path.len);
        f->path = str_make(f + 1, path.len);
        map_put(&c->files, f->path, f);
    }
    f->stamp = compile_files_stamp(path);
}

void compile_files_free(struct compile *c)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->files, &at));)
        mem_free(s->value);
    map_deinit(&c->files);
}

void compile_files_each(const struct compile *c, void (*each)(void *arg, struct str path),
                        void *arg)
{
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->files, &at));)
        each(arg, s->key);
}

bool compile_files_changed(struct compile *c)
{
    const struct multimap_list *l = multimap_get(&c->secret_users, STR(COMPILE_FILES_USER));
    bool changed = false;
    size_t at = 0;

    for (struct map_slot *s; (s = map_next(&c->files, &at));) {
        struct compile_file *f = s->value;
        uint64_t stamp = compile_files_stamp(f->path);

        changed |= stamp != f->stamp;
        f->stamp = stamp;
    }
    if (!changed)
        return false;
    for (uint32_t i = 0; l && i < l->count; i++)
        compile_host_mark(c, ((const struct compile_host *)l->items[i])->name,
                          COMPILE_DIRTY_CLUSTERS);
    if (c->node->is_gateway)
        c->dirty |= COMPILE_PART_GATEWAY;
    return true;
}
