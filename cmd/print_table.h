/* A table on standard output: columns as wide as they need, as kubectl and istioctl lay them out.
 */
#ifndef CMD_PRINT_TABLE_H
#define CMD_PRINT_TABLE_H

#include "core/base/arena.h"
#include "core/base/buf.h"

struct print_table {
    struct arena arena;
    struct str *cells; /* row by row; the first row is the header */
    size_t count, columns;
};

/* headers: column names with '|' between, "NAME|AGE". */
void print_table_init(struct print_table *t, const char *headers);
void print_table_deinit(struct print_table *t);
/* The next cell, copied; rows fill up from left to right. */
void print_table_add(struct print_table *t, struct str cell);
void print_table_addf(struct print_table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Rows beside the header. */
size_t print_table_rows(const struct print_table *t);
/* Sorts the rows by their texts, from the first column on. */
void print_table_sort(struct print_table *t);
/* Columns are padded with three blanks, the last one with none; empty cells of others stay empty.
 */
void print_table_write(const struct print_table *t, bool with_header, struct buf *out);

#endif
