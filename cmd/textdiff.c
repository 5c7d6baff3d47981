#include "cmd/textdiff.h"

#include <string.h>

#include "core/base/mem.h"

struct lines {
    struct str *list;
    int count;
};

/* A step of the script: a kept line, one of a that goes, one of b that comes. */
struct step {
    char sign; /* ' ', '-', '+' */
    int a, b;  /* line numbers before the step, from 0 */
};

struct script {
    struct step *steps;
    int count, cap;
};

static void cut_lines(struct str text, struct lines *out)
{
    *out = (struct lines){ NULL, 0 };
    while (text.len) {
        struct str line = str_cut(&text, '\n');

        out->list = mem_resize(out->list, (size_t)out->count + 1, sizeof(*out->list));
        out->list[out->count++] = line;
    }
}

static void push(struct script *s, char sign, int a, int b)
{
    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 64;
        s->steps = mem_resize(s->steps, (size_t)s->cap, sizeof(*s->steps));
    }
    s->steps[s->count++] = (struct step){ sign, a, b };
}

static void replace_all(const struct lines *a, const struct lines *b, struct script *s)
{
    for (int i = 0; i < a->count; i++)
        push(s, '-', i, 0);
    for (int i = 0; i < b->count; i++)
        push(s, '+', a->count, i);
}

/* Myers' greedy search: v[k] is the furthest x on diagonal k = x - y after d edits. A copy of v is
 * kept for every d, from which the way back is read. */
struct search {
    const struct lines *a, *b;
    int **kept; /* kept[d][k + d] */
    int edits;  /* found with that many; -1: too many */
};

static int advance(const struct search *s, int k, int x)
{
    while (x < s->a->count && x - k < s->b->count && str_eq(s->a->list[x], s->b->list[x - k]))
        x++;
    return x;
}

static int best_before(const int *v, int d, int k)
{
    /* v holds diagonals -(d-1)..d-1 of the round before. */
    if (k == -d || (k != d && v[k - 1 + d - 1] < v[k + 1 + d - 1]))
        return v[k + 1 + d - 1];
    return v[k - 1 + d - 1] + 1;
}

static void find_edits(struct search *s)
{
    int max = s->a->count + s->b->count;

    if (max > TEXTDIFF_MAX_EDITS)
        max = TEXTDIFF_MAX_EDITS;
    s->kept = mem_alloc0((size_t)max + 1, sizeof(*s->kept));
    s->edits = -1;
    for (int d = 0; d <= max; d++) {
        int *v = mem_alloc0((size_t)d * 2 + 1, sizeof(*v));

        s->kept[d] = v;
        for (int k = -d; k <= d; k += 2) {
            int x = advance(s, k, d ? best_before(s->kept[d - 1], d, k) : 0);

            v[k + d] = x;
            if (x >= s->a->count && x - k >= s->b->count) {
                s->edits = d;
                return;
            }
        }
    }
}

static void walk_back(const struct search *s, struct script *out)
{
    int x = s->a->count, y = s->b->count;

    for (int d = s->edits; d >= 0; d--) {
        int k = x - y, from_x, from_k;

        if (d == 0) {
            while (x > 0)
                push(out, ' ', --x, --y);
            break;
        }
        from_k =
            k == -d || (k != d && s->kept[d - 1][k - 1 + d - 1] < s->kept[d - 1][k + 1 + d - 1])
                ? k + 1
                : k - 1;
        from_x = s->kept[d - 1][from_k + d - 1];
        /* The edit leads to (from_x + 1, y) or (x, from_y + 1); equal lines follow it. */
        while (x > from_x + (from_k < k))
            push(out, ' ', --x, --y);
        if (from_k < k)
            push(out, '-', --x, y);
        else
            push(out, '+', x, --y);
    }
    for (int i = 0, k = out->count - 1; i < k; i++, k--) {
        struct step t = out->steps[i];

        out->steps[i] = out->steps[k];
        out->steps[k] = t;
    }
}

static void make_script(const struct lines *a, const struct lines *b, struct script *out)
{
    struct search s = { .a = a, .b = b };

    find_edits(&s);
    if (s.edits < 0)
        replace_all(a, b, out);
    else
        walk_back(&s, out);
    for (int d = 0; d <= TEXTDIFF_MAX_EDITS && d <= a->count + b->count && s.kept[d]; d++)
        mem_free(s.kept[d]);
    mem_free(s.kept);
}

/* ---- hunks ---- */

static const char *paint(char sign, bool colour)
{
    return !colour ? "" : sign == '-' ? "\033[31m" : sign == '+' ? "\033[32m" : "";
}

static void write_hunk(const struct script *s, int from, int to, const struct lines *a,
                       const struct lines *b, bool colour, struct buf *out)
{
    int a_count = 0, b_count = 0;

    for (int i = from; i < to; i++) {
        a_count += s->steps[i].sign != '+';
        b_count += s->steps[i].sign != '-';
    }
    buf_printf(out, "%s@@ -%d,%d +%d,%d @@%s\n", colour ? "\033[36m" : "",
               s->steps[from].a + (a_count > 0), a_count, s->steps[from].b + (b_count > 0), b_count,
               colour ? "\033[0m" : "");
    for (int i = from; i < to; i++) {
        const struct step *t = &s->steps[i];
        struct str line = t->sign == '+' ? b->list[t->b] : a->list[t->a];
        bool painted = colour && t->sign != ' ';

        buf_printf(out, "%s%c", painted ? paint(t->sign, colour) : "", t->sign);
        buf_add_str(out, line);
        buf_add_str(out, painted ? STR("\033[0m\n") : STR("\n"));
    }
}

/* Index of the next change at or after i, or count. */
static int next_change(const struct script *s, int i)
{
    while (i < s->count && s->steps[i].sign == ' ')
        i++;
    return i;
}

static void write_hunks(const struct script *s, const struct lines *a, const struct lines *b,
                        bool colour, struct buf *out)
{
    int i = next_change(s, 0);

    while (i < s->count) {
        int from = i > TEXTDIFF_CONTEXT ? i - TEXTDIFF_CONTEXT : 0, to = i, next;

        for (;;) {
            while (to < s->count && s->steps[to].sign != ' ')
                to++;
            next = next_change(s, to);
            if (next == s->count || next - to > 2 * TEXTDIFF_CONTEXT)
                break;
            to = next;
        }
        i = next;
        to = to + TEXTDIFF_CONTEXT < s->count ? to + TEXTDIFF_CONTEXT : s->count;
        write_hunk(s, from, to, a, b, colour, out);
    }
}

bool textdiff_write(struct str a, struct str b, const char *name_a, const char *name_b, bool colour,
                    struct buf *out)
{
    struct lines x, y;
    struct script s = { NULL, 0, 0 };

    if (str_eq(a, b))
        return false;
    cut_lines(a, &x);
    cut_lines(b, &y);
    make_script(&x, &y, &s);
    buf_printf(out, "--- %s\n+++ %s\n", name_a, name_b);
    write_hunks(&s, &x, &y, colour, out);
    mem_free(s.steps);
    mem_free(x.list);
    mem_free(y.list);
    return true;
}
