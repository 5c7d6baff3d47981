/* The Common Expression Language, as far as CRDs' rules and Telemetry's filters use it.
 *
 *     has(self.a) ? self.a.size() <= 3 && self.a.all(x, x.matches('^[a-z]+$')) : true
 *
 * An expression is compiled once and evaluated often, on trees of nodes or on what a caller looks
 * up. Supported: all operators; has(), all, exists, exists_one, map, filter; size, matches,
 * contains, startsWith, endsWith, split, join, substring, replace, trim, indexOf, charAt,
 * lowerAscii, upperAscii; int, uint, double, string, bool, duration, timestamp; isURL, url and its
 * get*; isIP, ip, isCIDR, cidr; format.NAME().validate(); optional members (a.?b.orValue(c)).
 * Not supported: messages made in expressions, bytes, and calendar arithmetic.
 *
 * Work is bounded: by the length of the text, by a cost that every step takes from. */
#ifndef CORE_TEXT_CEL_H
#define CORE_TEXT_CEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/text/node.h"

struct cel; /* opaque; a compiled expression never changes: any thread */
struct cel_value;

enum {
    CEL_MAX_BYTES = 16 * 1024,
    CEL_MAX_DEPTH = 200,   /* of nested expressions */
    CEL_COST = 1000 * 1000 /* a sensible env.cost */
};

enum cel_type {
    CEL_ERROR, /* s says what; absorbed by && and || where the other side decides */
    CEL_NULL,
    CEL_BOOL,
    CEL_INT,
    CEL_UINT,
    CEL_DOUBLE,
    CEL_STRING,
    CEL_DURATION,  /* i, nanoseconds */
    CEL_TIMESTAMP, /* i, nanoseconds since 1970 */
    CEL_NODE,      /* a list or a map of nodes */
    CEL_LIST,
    CEL_MAP, /* items: key, value, key, value...; count of pairs */
    CEL_OBJECT,
    CEL_URL,      /* s */
    CEL_IP,       /* s, checked */
    CEL_CIDR,     /* s, checked */
    CEL_FORMAT,   /* s: its name */
    CEL_OPTIONAL, /* items[0] when count is 1 */
};

/* Something with members that are computed when asked for: request, request.headers. */
struct cel_object_ops {
    const char *name; /* for messages */
    /* Fills *out with the member; false: there is none. Memory in a, or of data. */
    bool (*get)(const void *data, struct str name, struct arena *a, struct cel_value *out);
};

struct cel_value {
    enum cel_type type;
    union {
        bool b;
        int64_t i;
        uint64_t u;
        double d;
        struct str s;
        const struct node *node;
        struct {
            const struct cel_value *items;
            size_t count;
        } list;
        struct {
            const struct cel_object_ops *ops;
            const void *data;
        } object;
    };
};

struct cel_env {
    /* The value of a name; false: unknown. */
    bool (*lookup)(const void *arg, struct str name, struct cel_value *out);
    const void *arg;
    struct arena *arena; /* of results */
    uint64_t cost;       /* what may still be spent */
};

/* Compiles text, which is copied. ERR_INVALID: a mistake in it, ERR_LIMIT: too long or too deep;
 * *why (may be NULL) then says what and where, in a. The caller owns *out. */
int cel_new(struct cel **out, struct str text, struct arena *a, struct str *why);
void cel_free(struct cel *c); /* NULL is allowed */

/* Evaluates. *out may point into the expression, the environment's values and env->arena; its type
 * is CEL_ERROR when something went wrong. ERR_LIMIT: the cost was used up; *out is an error, too.
 */
int cel_eval(const struct cel *c, struct cel_env *env, struct cel_value *out);

/* Calls each for every name that is not a variable of a macro: "self", "request". */
void cel_each_name(const struct cel *c, void (*each)(void *arg, struct str name), void *arg);

/* A node as a value: scalars become values, a null CEL_NULL. */
struct cel_value cel_value_of_node(const struct node *n);
static inline struct cel_value cel_of_str(struct str s)
{
    return (struct cel_value){ .type = CEL_STRING, .s = s };
}

static inline struct cel_value cel_of_int(int64_t i)
{
    return (struct cel_value){ .type = CEL_INT, .i = i };
}

static inline struct cel_value cel_of_bool(bool b)
{
    return (struct cel_value){ .type = CEL_BOOL, .b = b };
}

/* The value as text, as string() has it: "12", "true", "1.5"; lists and maps as JSON-like text. In
 * a, or borrowed. */
struct str cel_value_to_text(const struct cel_value *v, struct arena *a);
/* "string", "list"... */
const char *cel_value_type_name(enum cel_type t);

#endif
