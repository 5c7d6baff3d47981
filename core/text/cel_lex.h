/* The words of an expression. */
#ifndef CORE_TEXT_CEL_LEX_H
#define CORE_TEXT_CEL_LEX_H

#include "core/text/cel.h"

enum cel_lex_kind {
    CEL_LEX_END,
    CEL_LEX_NAME,   /* text */
    CEL_LEX_VALUE,  /* value: a number or string */
    CEL_LEX_SYMBOL, /* text: one or two characters */
    CEL_LEX_BAD,    /* text says why */
};

struct cel_lex {
    struct str rest;
    const char *begin;
    struct arena *arena; /* of strings */
    enum cel_lex_kind kind;
    struct str text;
    struct cel_value value;
    const char *at; /* where the word begins */
};

/* Begins before the first word; cel_lex_next reads one. text must stay. */
void cel_lex_init(struct cel_lex *l, struct str text, struct arena *a);
void cel_lex_next(struct cel_lex *l);
bool cel_lex_is(const struct cel_lex *l, const char *symbol);

#endif
