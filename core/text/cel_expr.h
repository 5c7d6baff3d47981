/* The inside of an expression: what cel_parse makes and cel_eval walks. */
#ifndef CORE_TEXT_CEL_EXPR_H
#define CORE_TEXT_CEL_EXPR_H

#include "core/text/cel.h"
#include "core/text/regex.h"

enum cel_op {
    CEL_OP_CONST,  /* value */
    CEL_OP_NAME,   /* name */
    CEL_OP_SELECT, /* args[0].name; is_optional: args[0].?name */
    CEL_OP_HAS,    /* has(args[0].name) */
    CEL_OP_INDEX,  /* args[0][args[1]] */
    CEL_OP_CALL,   /* function(args...); has_target: args[0].function(...) */
    CEL_OP_LIST,
    CEL_OP_MAP, /* key, value, ... */
    CEL_OP_COND,
    CEL_OP_AND,
    CEL_OP_OR,
    CEL_OP_NOT,
    CEL_OP_NEG,
    CEL_OP_EQ,
    CEL_OP_NE,
    CEL_OP_LT,
    CEL_OP_LE,
    CEL_OP_GT,
    CEL_OP_GE,
    CEL_OP_IN,
    CEL_OP_ADD,
    CEL_OP_SUB,
    CEL_OP_MUL,
    CEL_OP_DIV,
    CEL_OP_MOD,
    /* Macros: args[0] is gone through, name the variable, args[1] what is asked of it. */
    CEL_OP_ALL,
    CEL_OP_EXISTS,
    CEL_OP_EXISTS_ONE,
    CEL_OP_FILTER,
    CEL_OP_TRANSFORM, /* args[1], where args[2] (if there is one) holds */
};

enum { CEL_MAX_ARGS = 64 };

struct cel_function;

struct cel_expr {
    uint8_t op; /* enum cel_op */
    bool has_target, is_optional;
    uint16_t depth;
    uint32_t count; /* of args */
    struct cel_expr **args;
    struct str name;
    struct cel_value value;
    const struct cel_function *function;
    struct regex *regex; /* of matches() with a constant; owned by the list below */
};

struct cel {
    struct arena arena;
    struct cel_expr *root;
    struct regex **regexes; /* in heap memory */
    size_t regex_count;
};

/* Parses text (in c->arena) into c->root. */
int cel_parse(struct cel *c, struct str text, struct arena *a, struct str *why);

/* ---- functions, cel_call.c ---- */

typedef struct cel_value cel_call_fn(struct cel_env *env, const struct cel_expr *e,
                                     const struct cel_value *args, size_t n);

struct cel_function {
    const char *name;
    uint8_t min_args, max_args; /* the target counts */
    bool as_member, as_global;  /* a.f(), f(a) */
    cel_call_fn *call;
};

/* The head of a cel_call_fn. */
#define CEL_CALL(f)                                                                                \
    static struct cel_value f(struct cel_env *env, const struct cel_expr *e,                       \
                              const struct cel_value *a, size_t n)

/* "e() is not for a TYPE OF a". */
struct cel_value cel_call_no_overload(struct cel_env *env, const struct cel_expr *e,
                                      const struct cel_value *a);
bool cel_call_are_texts(const struct cel_value *a, size_t n);

/* Of cel_net.c; the last one has no name. */
extern const struct cel_function cel_net_functions[];

const struct cel_function *cel_call_find(struct str name, bool has_target, size_t args);
/* Whether there is one of that name at all. */
bool cel_call_is_known(struct str name);

/* ---- values, cel_value.c ---- */

struct cel_value cel_value_error(struct cel_env *env, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* What is said when cel_value_spend returns false. */
struct cel_value cel_value_error_cost(struct cel_env *env);
/* An optional of *v; of nothing when v is NULL. */
struct cel_value cel_value_optional(struct cel_env *env, const struct cel_value *v);
bool cel_value_equal(struct cel_env *env, const struct cel_value *a, const struct cel_value *b);
/* -1, 0, 1; false: they cannot be compared. */
bool cel_value_compare(const struct cel_value *a, const struct cel_value *b, int *out);
bool cel_value_is_number(const struct cel_value *v);
/* Items of a list or map, keys of a map. false: v is neither. */
bool cel_value_size(const struct cel_value *v, size_t *out);
/* Item i of a list; of a map its key i. */
struct cel_value cel_value_item(const struct cel_value *v, size_t i);
bool cel_value_is_list(const struct cel_value *v);
bool cel_value_is_map(const struct cel_value *v);
/* Member of a map or object; false: none. */
bool cel_value_member(struct cel_env *env, const struct cel_value *v, struct str name,
                      struct cel_value *out);
/* Takes n from the cost; false: it is used up. */
bool cel_value_spend(struct cel_env *env, size_t n);

#endif
