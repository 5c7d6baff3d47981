/* The spelling half of diag.h: which known name was probably meant. */
#include <string.h>

#include "core/base/diag.h"

#define WORD_MAX 64 /* longer words are only compared as a whole */

struct word {
    char p[WORD_MAX];
    size_t len;
};

/* Case, '-' and '_' are how people spell one name differently. False when it is too long. */
static bool normalise(struct str s, struct word *out)
{
    out->len = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '-' || s.p[i] == '_')
            continue;
        if (out->len == WORD_MAX)
            return false;
        out->p[out->len++] = str_lower_char(s.p[i]);
    }
    return true;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* Insertions, deletions, changes and swaps of neighbours that lead from a to b. Three rows of the
 * table are enough: a swap looks back by two. */
static size_t distance(const struct word *a, const struct word *b)
{
    size_t rows[3][WORD_MAX + 1], *old = rows[0], *last = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b->len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a->len; i++) {
        size_t *spare = old;

        row[0] = i;
        for (size_t j = 1; j <= b->len; j++) {
            size_t change = a->p[i - 1] != b->p[j - 1];

            row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + change);
            if (i > 1 && j > 1 && a->p[i - 1] == b->p[j - 2] && a->p[i - 2] == b->p[j - 1] &&
                old[j - 2] + 1 < row[j])
                row[j] = old[j - 2] + 1;
        }
        old = last;
        last = row;
        row = spare;
    }
    return last[b->len];
}

const char *diag_closest(struct str word, const char *const *names, size_t n)
{
    struct word want, have;
    size_t best, d;
    const char *found = NULL;

    if (!normalise(word, &want))
        return NULL;
    best = want.len / 3 + 1; /* nothing at this distance or beyond counts */
    for (size_t i = 0; i < n; i++) {
        if (!names[i] || !normalise(str_of(names[i]), &have))
            continue;
        d = distance(&want, &have);
        if (d < best) {
            best = d;
            found = names[i];
        } else if (d == best && found && strcmp(found, names[i]) != 0)
            found = NULL; /* a tie so far; a closer one may still come */
    }
    return found;
}
