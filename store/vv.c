#include "store/vv.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "store/packing.h"

#define VV_ENCODED_MAX_BYTES (2 + VV_ENTRIES_MAX * (5 + PACKING_U64_MAX_BYTES))

void vv_init(struct vv *v)
{
    *v = (struct vv){ 0 };
}

void vv_deinit(struct vv *v)
{
    mem_free(v->list);
    vv_init(v);
}

void vv_copy(struct vv *to, const struct vv *from)
{
    if (to->cap < from->count) {
        to->list = mem_resize(to->list, from->count, sizeof(*to->list));
        to->cap = from->count;
    }
    if (from->count)
        memcpy(to->list, from->list, from->count * sizeof(*to->list));
    to->count = from->count;
}

/* Index of the first entry whose origin is not below. */
static size_t lower_bound(const struct vv *v, uint32_t origin)
{
    size_t low = 0, high = v->count;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (v->list[mid].origin < origin)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

uint64_t vv_get(const struct vv *v, uint32_t origin)
{
    size_t i = lower_bound(v, origin);

    return i < v->count && v->list[i].origin == origin ? v->list[i].seq : 0;
}

int vv_raise(struct vv *v, struct dot d)
{
    size_t i = lower_bound(v, d.origin);

    if (d.seq == 0)
        return 0;
    if (i < v->count && v->list[i].origin == d.origin) {
        if (v->list[i].seq < d.seq)
            v->list[i].seq = d.seq;
        return 0;
    }
    if (v->count == VV_ENTRIES_MAX)
        return ERR_LIMIT;
    if (v->count == v->cap) {
        v->cap = v->cap ? v->cap * 2 : 4;
        v->list = mem_resize(v->list, v->cap, sizeof(*v->list));
    }
    memmove(&v->list[i + 1], &v->list[i], (v->count - i) * sizeof(*v->list));
    v->list[i] = d;
    v->count++;
    return 0;
}

void vv_lower(struct vv *v, struct dot d)
{
    size_t i = lower_bound(v, d.origin);

    if (i == v->count || v->list[i].origin != d.origin)
        return;
    if (d.seq > 0) {
        v->list[i].seq = d.seq;
        return;
    }
    v->count--;
    memmove(&v->list[i], &v->list[i + 1], (v->count - i) * sizeof(*v->list));
}

int vv_merge(struct vv *v, const struct vv *from)
{
    for (size_t i = 0; i < from->count; i++) {
        int rc = vv_raise(v, from->list[i]);

        if (rc != 0)
            return rc;
    }
    return 0;
}

bool vv_covers(const struct vv *a, const struct vv *b)
{
    for (size_t i = 0; i < b->count; i++) {
        if (!vv_covers_dot(a, b->list[i]))
            return false;
    }
    return true;
}

bool vv_eq(const struct vv *a, const struct vv *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!dot_eq(a->list[i], b->list[i]))
            return false;
    }
    return true;
}

void vv_encode(const struct vv *v, struct buf *out)
{
    uint32_t previous = 0;

    packing_put_u64(out, v->count);
    for (size_t i = 0; i < v->count; i++) {
        packing_put_u64(out, v->list[i].origin - previous);
        packing_put_u64(out, v->list[i].seq);
        previous = v->list[i].origin;
    }
}

/* Reads one entry behind origin `previous`; a dot with seq 0 once the input is bad. */
static struct dot get_entry(struct packing_in *in, uint32_t previous)
{
    uint64_t step = packing_get_u64(in, UINT32_MAX - previous);
    uint64_t seq = packing_get_u64(in, UINT64_MAX);

    if (step == 0 || seq == 0)
        in->bad = true;
    return (struct dot){ previous + (uint32_t)step, in->bad ? 0 : seq };
}

int vv_decode(struct vv *v, struct str bytes)
{
    struct packing_in in = packing_in_of(bytes);
    uint64_t count = packing_get_u64(&in, VV_ENTRIES_MAX);
    uint32_t previous = 0;

    v->count = 0;
    for (uint64_t i = 0; i < count && !in.bad; i++) {
        struct dot d = get_entry(&in, previous);

        vv_raise(v, d);
        previous = d.origin;
    }
    if (in.bad || packing_left(&in) > 0) {
        v->count = 0;
        return ERR_INVALID;
    }
    return 0;
}

bool vv_encoded_covers(struct str bytes, struct dot d)
{
    struct packing_in in = packing_in_of(bytes);
    uint64_t count;
    uint32_t previous = 0;

    if (bytes.len == 0)
        return false;
    count = packing_get_u64(&in, VV_ENTRIES_MAX);
    for (uint64_t i = 0; i < count && !in.bad; i++) {
        struct dot have = get_entry(&in, previous);

        if (have.origin >= d.origin)
            return have.origin == d.origin && have.seq >= d.seq;
        previous = have.origin;
    }
    return false;
}

void vv_format(const struct vv *v, struct buf *out)
{
    struct buf bytes;
    char *text;

    buf_init(&bytes, 0);
    vv_encode(v, &bytes);
    buf_add_char(out, 'x');
    text = buf_reserve(out, PACKING_TEXT_LEN(buf_len(&bytes)));
    if (text)
        buf_commit(out, packing_write_text(buf_str(&bytes), text));
    buf_deinit(&bytes);
}

int vv_parse(struct vv *v, struct str text)
{
    uint8_t bytes[VV_ENCODED_MAX_BYTES];
    size_t len;

    v->count = 0;
    if (text.len < 2 || text.p[0] != 'x')
        return ERR_INVALID;
    if (packing_undo_text(str_skip(text, 1), bytes, sizeof(bytes), &len) != 0)
        return ERR_INVALID;
    return vv_decode(v, str_make(bytes, len));
}
