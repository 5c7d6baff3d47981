#include "core/dns/dns_hosts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/map.h"
#include "core/base/mem.h"

#define FILE_MAX_BYTES ((size_t)1024 * 1024)
#define LOOK_EVERY_MS  5000
#define NAME_ADDRS_MAX 64

struct host {
    size_t count;
    struct addr *list; /* in the arena */
};

struct dns_hosts {
    char *path;
    struct arena arena; /* hosts, names and addresses of the last reading */
    struct map by_name;
    uint64_t look_again_ms;
    struct timespec changed;
    off_t size;
};

struct dns_hosts *dns_hosts_new(const char *path)
{
    struct dns_hosts *h = mem_alloc0(1, sizeof(*h));

    h->path = mem_strdup(path);
    arena_init(&h->arena, 0);
    map_init(&h->by_name);
    return h;
}

void dns_hosts_free(struct dns_hosts *h)
{
    if (!h)
        return;
    map_deinit(&h->by_name);
    arena_deinit(&h->arena);
    mem_free(h->path);
    mem_free(h);
}

static void add(struct dns_hosts *h, struct str name, const struct addr *a)
{
    struct host *host;

    if (str_ends(name, STR(".")))
        name = str_head(name, name.len - 1);
    name = arena_lower(&h->arena, name);
    host = map_get(&h->by_name, name);
    if (!host) {
        host = arena_alloc0(&h->arena, 1, sizeof(*host));
        map_put(&h->by_name, name, host);
    }
    if (host->count == NAME_ADDRS_MAX)
        return;
    host->list =
        arena_grow(&h->arena, host->list, host->count, host->count + 1, sizeof(host->list[0]));
    host->list[host->count++] = *a;
}

/* 10.0.0.1  name alias ...   # comment */
static void read_line(struct dns_hosts *h, struct str line)
{
    struct str word, rest = str_cut(&line, '#');
    struct addr a = { 0 };

    while (rest.p) {
        word = str_trim(str_cut(&rest, ' '));
        while (word.p && word.len) {
            struct str part = str_trim(str_cut(&word, '\t'));

            if (part.len == 0)
                continue;
            if (a.family != ADDR_NONE)
                add(h, part, &a);
            else if (addr_parse_ip(part, &a) != 0)
                return;
        }
    }
}

static size_t read_file(int fd, char *out, size_t max)
{
    size_t len = 0;
    ssize_t n;

    while (len < max && (n = read(fd, out + len, max - len)) > 0)
        len += (size_t)n;
    return len;
}

static void reload(struct dns_hosts *h)
{
    int fd = open(h->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st = { 0 };
    struct str text;
    char *copy;

    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)))
        st = (struct stat){ 0 };
    if (st.st_size == h->size && st.st_mtim.tv_sec == h->changed.tv_sec &&
        st.st_mtim.tv_nsec == h->changed.tv_nsec) {
        if (fd >= 0)
            close(fd);
        return;
    }
    h->size = st.st_size;
    h->changed = st.st_mtim;
    map_clear(&h->by_name);
    arena_reset(&h->arena);
    if (fd < 0)
        return;
    copy = mem_alloc(FILE_MAX_BYTES);
    text = str_make(copy, st.st_size ? read_file(fd, copy, FILE_MAX_BYTES) : 0);
    close(fd);
    while (text.len)
        read_line(h, str_cut(&text, '\n'));
    mem_free(copy);
}

static size_t find_localhost(struct str name, const struct addr **out)
{
    static const struct addr both[2] = {
        { .family = ADDR_IPV4, .ip = { 127, 0, 0, 1 } },
        { .family = ADDR_IPV6, .ip = { [15] = 1 } },
    };

    if (!str_is(name, "localhost") && !str_ends(name, STR(".localhost")))
        return 0;
    *out = both;
    return 2;
}

size_t dns_hosts_find(struct dns_hosts *h, struct str name, uint64_t now_ms,
                      const struct addr **out)
{
    const struct host *host;

    if (now_ms >= h->look_again_ms) {
        h->look_again_ms = now_ms + LOOK_EVERY_MS;
        reload(h);
    }
    host = map_get(&h->by_name, name);
    if (!host)
        return find_localhost(name, out);
    *out = host->list;
    return host->count;
}
