/* Unit tests: a table of named cases, each a function, reported as TAP.
 *
 *     static void weight_zero_is_refused(void)
 *     {
 *         struct endpoints *set;
 *
 *         if (!EQ_INT(endpoints_new(&set, &(struct endpoint){ .weight = 0 }, 1), ERR_INVALID))
 *             return;
 *     }
 *
 *     static const struct tap_case cases[] = {
 *         { "weight_zero_is_refused", weight_zero_is_refused },
 *     };
 *
 *     TAP_MAIN(cases)
 *
 * A check is an expression: true when it held. One that did not hold is printed with file, line
 * and values and fails its case; nothing jumps away (a longjmp out of a libuv callback breaks the
 * loop and reports leaks that are not there), so the case returns by itself where going on makes
 * no sense. Each check evaluates its arguments once. Checks may be used from any thread as long as
 * the case waits for it.
 *
 * The program runs every case, or those named in its arguments; `-l` lists them. Exit status: 0
 * all held, 1 some did not, 2 an unknown name. Include this once per program, in the file that has
 * TAP_MAIN. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct tap_case {
    const char *name;
    void (*run)(void);
};

static atomic_uint tap_failures;      /* checks that did not hold in this case */
static _Atomic(const char *) tap_why; /* why this case was skipped, or NULL */

/* A line for the reader of a failure, e.g. which row of a table is being looked at. */
#define NOTE(...) tap_note(__VA_ARGS__)

/* Says that the case cannot run here (no such privilege, kernel feature or file) and why, which
 * must be a string that stays. Return after it. */
#define SKIP(why) atomic_store(&tap_why, (why))

#define OK(cond) tap_ok((cond), #cond, __FILE__, __LINE__)

/* Integers, signed: got, want. For unsigned values past INT64_MAX use EQ_UINT. */
#define EQ_INT(got, want)  tap_eq_int((int64_t)(got), (int64_t)(want), #got, __FILE__, __LINE__)
#define EQ_UINT(got, want) tap_eq_uint((uint64_t)(got), (uint64_t)(want), #got, __FILE__, __LINE__)
#define EQ_PTR(got, want)  tap_eq_ptr((got), (want), #got, __FILE__, __LINE__)

/* NUL-terminated strings; NULL equals NULL only. */
#define EQ_STR(got, want) tap_eq_str((got), (want), #got, __FILE__, __LINE__)
/* The bytes got[0..len-1] against the NUL-terminated want. */
#define EQ_STRN(got, len, want)                                                                    \
    tap_eq_mem((got), (len), (want), strlen(want), #got, __FILE__, __LINE__)
/* The bytes got[0..got_len-1] against want[0..want_len-1]. */
#define EQ_MEM(got, got_len, want, want_len)                                                       \
    tap_eq_mem((got), (got_len), (want), (want_len), #got, __FILE__, __LINE__)
/* The NUL-terminated got contains part. */
#define HAS_STR(got, part) tap_has_str((got), (part), #got, __FILE__, __LINE__)

__attribute__((format(printf, 1, 2), unused)) static void tap_note(const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    printf("# ");
    for (const char *c = line; *c; c++) {
        putchar(*c);
        if (*c == '\n')
            printf("# ");
    }
    putchar('\n');
}

__attribute__((unused)) static bool tap_ok(bool held, const char *what, const char *file, int line)
{
    if (!held) {
        atomic_fetch_add(&tap_failures, 1);
        tap_note("%s:%d: does not hold: %s", file, line, what);
    }
    return held;
}

__attribute__((unused)) static bool tap_eq_int(int64_t got, int64_t want, const char *what,
                                               const char *file, int line)
{
    if (got == want)
        return true;
    atomic_fetch_add(&tap_failures, 1);
    tap_note("%s:%d: %s is %" PRId64 ", not %" PRId64, file, line, what, got, want);
    return false;
}

__attribute__((unused)) static bool tap_eq_uint(uint64_t got, uint64_t want, const char *what,
                                                const char *file, int line)
{
    if (got == want)
        return true;
    atomic_fetch_add(&tap_failures, 1);
    tap_note("%s:%d: %s is %" PRIu64 ", not %" PRIu64, file, line, what, got, want);
    return false;
}

__attribute__((unused)) static bool tap_eq_ptr(const void *got, const void *want, const char *what,
                                               const char *file, int line)
{
    if (got == want)
        return true;
    atomic_fetch_add(&tap_failures, 1);
    tap_note("%s:%d: %s is %p, not %p", file, line, what, got, want);
    return false;
}

__attribute__((unused)) static bool tap_eq_str(const char *got, const char *want, const char *what,
                                               const char *file, int line)
{
    if (got == want || (got && want && strcmp(got, want) == 0))
        return true;
    atomic_fetch_add(&tap_failures, 1);
    tap_note("%s:%d: %s is\n  \"%s\", not\n  \"%s\"", file, line, what, got ? got : "(null)",
             want ? want : "(null)");
    return false;
}

__attribute__((unused)) static bool tap_has_str(const char *got, const char *part, const char *what,
                                                const char *file, int line)
{
    if (got && strstr(got, part))
        return true;
    atomic_fetch_add(&tap_failures, 1);
    tap_note("%s:%d: %s is\n  \"%s\", which has no\n  \"%s\"", file, line, what,
             got ? got : "(null)", part);
    return false;
}

/* Prints up to 24 bytes from `from`, unprintable ones as \xHH. */
__attribute__((unused)) static void tap_print_bytes(const char *title, const unsigned char *bytes,
                                                    size_t len, size_t from)
{
    printf("#   %s, %zu bytes, from %zu: \"", title, len, from);
    for (size_t i = from; i < len && i < from + 24; i++) {
        if (bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\\' && bytes[i] != '"')
            putchar(bytes[i]);
        else
            printf("\\x%02x", bytes[i]);
    }
    printf("\"\n");
}

__attribute__((unused)) static bool tap_eq_mem(const void *got, size_t got_len, const void *want,
                                               size_t want_len, const char *what, const char *file,
                                               int line)
{
    const unsigned char *g = got, *w = want;
    size_t at = 0;

    if (got_len == want_len && (got_len == 0 || memcmp(got, want, got_len) == 0))
        return true;
    while (at < got_len && at < want_len && g[at] == w[at])
        at++;
    atomic_fetch_add(&tap_failures, 1);
    tap_note("%s:%d: %s differs at byte %zu", file, line, what, at);
    tap_print_bytes("got ", g, got_len, at > 8 ? at - 8 : 0);
    tap_print_bytes("want", w, want_len, at > 8 ? at - 8 : 0);
    return false;
}

/* Runs one case and prints its line. Returns whether it held. */
static bool tap_run(const struct tap_case *one, size_t number)
{
    const char *why;
    bool held;

    atomic_store(&tap_failures, 0);
    atomic_store(&tap_why, NULL);
    one->run();
    held = atomic_load(&tap_failures) == 0;
    why = atomic_load(&tap_why);
    printf("%s %zu - %s%s%s\n", held ? "ok" : "not ok", number, one->name, why ? " # SKIP " : "",
           why ? why : "");
    return held;
}

static const struct tap_case *tap_find(const struct tap_case *cases, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(cases[i].name, name) == 0)
            return &cases[i];
    }
    return NULL;
}

static int tap_main(const struct tap_case *cases, size_t n, int argc, char **argv)
{
    size_t failed = 0;

    setvbuf(stdout, NULL, _IOLBF, 0); /* a crash must not take lines with it */
    if (argc == 2 && strcmp(argv[1], "-l") == 0) {
        for (size_t i = 0; i < n; i++)
            puts(cases[i].name);
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        if (!tap_find(cases, n, argv[i])) {
            fprintf(stderr, "%s: no case '%s'; -l lists them\n", argv[0], argv[i]);
            return 2;
        }
    }
    printf("1..%zu\n", argc > 1 ? (size_t)argc - 1 : n);
    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            failed += !tap_run(tap_find(cases, n, argv[i]), (size_t)i);
    } else {
        for (size_t i = 0; i < n; i++)
            failed += !tap_run(&cases[i], i + 1);
    }
    return failed ? 1 : 0;
}

#define TAP_MAIN(cases)                                                                            \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return tap_main(cases, sizeof(cases) / sizeof((cases)[0]), argc, argv);                    \
    }

#endif
