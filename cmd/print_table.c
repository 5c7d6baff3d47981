#include "cmd/print_table.h"

#include "core/base/mem.h"
#include <stdlib.h>

enum { GAP = 3 };

void print_table_init(struct print_table *t, const char *headers)
{
    struct str rest = str_of(headers);

    *t = (struct print_table){ .columns = 1 };
    arena_init(&t->arena, 4096);
    for (size_t i = 0; i < rest.len; i++)
        t->columns += rest.p[i] == '|';
    while (rest.p)
        print_table_add(t, str_cut(&rest, '|'));
}

void print_table_deinit(struct print_table *t)
{
    arena_deinit(&t->arena);
    mem_free(t->cells);
}

void print_table_add(struct print_table *t, struct str cell)
{
    if ((t->count & (t->count - 1)) == 0)
        t->cells = mem_resize(t->cells, t->count ? t->count * 2 : 1, sizeof(*t->cells));
    t->cells[t->count++] = arena_str(&t->arena, cell);
}

void print_table_addf(struct print_table *t, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print_table_add(t, arena_vprintf(&t->arena, fmt, ap));
    va_end(ap);
}

size_t print_table_rows(const struct print_table *t)
{
    return t->count / t->columns - 1;
}

/* qsort_r's third argument: the number of columns. */
static int compare_rows(const void *a, const void *b, void *arg)
{
    const struct str *x = a, *y = b;

    for (size_t i = 0; i < *(const size_t *)arg; i++) {
        int order = str_cmp(x[i], y[i]);

        if (order)
            return order;
    }
    return 0;
}

void print_table_sort(struct print_table *t)
{
    qsort_r(t->cells + t->columns, print_table_rows(t), t->columns * sizeof(*t->cells),
            compare_rows, &t->columns);
}

/* Characters, as far as every one takes one column. */
static size_t width_of(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

/* What objects say goes to a terminal: no escape sequences, no forged lines. */
static void add_cell(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];

        buf_add_char(out, c < 0x20 || c == 0x7f ? ' ' : (char)c);
    }
}

static void add_row(const struct print_table *t, size_t row, const size_t *widths, struct buf *out)
{
    const struct str *cells = t->cells + row * t->columns;
    size_t last = t->columns;

    while (last > 1 && cells[last - 1].len == 0)
        last--;
    for (size_t i = 0; i < last; i++) {
        add_cell(out, cells[i]);
        if (i + 1 < last)
            buf_printf(out, "%*s", (int)(widths[i] - width_of(cells[i]) + GAP), "");
    }
    buf_add_char(out, '\n');
}

void print_table_write(const struct print_table *t, bool with_header, struct buf *out)
{
    size_t rows = t->count / t->columns, *widths = mem_alloc0(t->columns, sizeof(*widths));

    for (size_t i = with_header ? 0 : t->columns; i < rows * t->columns; i++) {
        size_t width = width_of(t->cells[i]);

        if (width > widths[i % t->columns])
            widths[i % t->columns] = width;
    }
    for (size_t row = with_header ? 0 : 1; row < rows; row++)
        add_row(t, row, widths, out);
    mem_free(widths);
}
