#include <re2/re2.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern "C" { /* our headers are C; those they need are above */
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/text/regex.h"
}

struct regex {
    re2::RE2 re;

    regex(const re2::StringPiece &pattern, const re2::RE2::Options &options) : re(pattern, options)
    {
    }
};

static re2::StringPiece piece(struct str s)
{
    return re2::StringPiece(s.p ? s.p : "", s.len);
}

static int fail(int code, struct arena *a, struct str *why, const char *text)
{
    if (why)
        *why = arena_printf(a, "%s", text);
    return code;
}

int regex_new(struct regex **out, struct str pattern, struct arena *a, struct str *why)
{
    re2::RE2::Options options;

    if (pattern.len > REGEX_MAX_BYTES)
        return fail(ERR_LIMIT, a, why, "the expression is longer than 1024 bytes");
    options.set_log_errors(false);
    options.set_max_mem(REGEX_MEMORY_BYTES);

    regex *r = new regex(piece(pattern), options);
    if (!r->re.ok()) {
        bool big = r->re.error_code() == re2::RE2::ErrorPatternTooLarge;
        int code = fail(big ? ERR_LIMIT : ERR_INVALID, a, why, r->re.error().c_str());

        delete r;
        return code;
    }
    if (r->re.ProgramSize() > REGEX_MAX_PROGRAM) {
        delete r;
        return fail(ERR_LIMIT, a, why,
                    "the expression is too complex; use smaller repetition counts");
    }
    if (r->re.NumberOfCapturingGroups() > REGEX_MAX_CAPTURES) {
        delete r;
        return fail(ERR_LIMIT, a, why, "the expression has more than 16 groups");
    }
    *out = r;
    return 0;
}

void regex_free(struct regex *r)
{
    delete r;
}

int regex_captures(const struct regex *r)
{
    return r->re.NumberOfCapturingGroups();
}

static bool match(const struct regex *r, struct str s, size_t from, re2::RE2::Anchor anchor,
                  struct str *groups, size_t n)
{
    re2::StringPiece found[REGEX_MAX_CAPTURES + 1];

    if (n > REGEX_MAX_CAPTURES + 1)
        n = REGEX_MAX_CAPTURES + 1;
    if (!r->re.Match(piece(s), from, s.len, anchor, found, static_cast<int>(n)))
        return false;
    for (size_t i = 0; i < n; i++)
        groups[i] = str_make(found[i].data(), found[i].size());
    return true;
}

bool regex_is_match(const struct regex *r, struct str s)
{
    return match(r, s, 0, re2::RE2::ANCHOR_BOTH, nullptr, 0);
}

bool regex_find(const struct regex *r, struct str s, struct str *groups, size_t n)
{
    return match(r, s, 0, re2::RE2::UNANCHORED, groups, n);
}

bool regex_full(const struct regex *r, struct str s, struct str *groups, size_t n)
{
    return match(r, s, 0, re2::RE2::ANCHOR_BOTH, groups, n);
}

int regex_check_replacement(const struct regex *r, struct str with)
{
    for (size_t i = 0; i < with.len; i++) {
        if (with.p[i] != '\\')
            continue;
        if (++i == with.len)
            return ERR_INVALID;
        if (with.p[i] == '\\')
            continue;
        if (with.p[i] < '0' || with.p[i] > '9' || with.p[i] - '0' > regex_captures(r))
            return ERR_INVALID;
    }
    return 0;
}

/* Appends with, groups filled in; with was checked. */
static void add_replacement(struct buf *out, struct str with, const struct str *groups)
{
    for (size_t i = 0; i < with.len; i++) {
        if (with.p[i] != '\\') {
            buf_add_char(out, with.p[i]);
        } else if (with.p[++i] == '\\') {
            buf_add_char(out, '\\');
        } else {
            buf_add_str(out, groups[with.p[i] - '0']);
        }
    }
}

int regex_replace(const struct regex *r, struct str s, struct str with, size_t max_bytes,
                  struct arena *a, struct str *out, size_t *count)
{
    struct str groups[10];
    struct buf result;
    size_t at = 0, copied = 0, n = 0;
    int rc = regex_check_replacement(r, with);

    if (rc)
        return rc;
    if (!s.p)
        s = str_make("", 0);
    buf_init(&result, max_bytes);
    while (at <= s.len && !result.full && match(r, s, at, re2::RE2::UNANCHORED, groups, 10)) {
        size_t start = static_cast<size_t>(groups[0].p - s.p), len = groups[0].len;

        if (len == 0 && n > 0 && start == copied && start > 0) {
            /* An empty match right behind the last one is not another one. */
            at = start + 1;
            continue;
        }
        buf_add(&result, s.p + copied, start - copied);
        add_replacement(&result, with, groups);
        n++;
        copied = start + len;
        at = len ? copied : copied + 1;
    }
    buf_add(&result, s.p + copied, s.len - copied);
    if (result.full)
        rc = ERR_LIMIT;
    else
        *out = arena_str(a, buf_str(&result));
    buf_deinit(&result);
    if (count)
        *count = n;
    return rc;
}
