/* Expressions, a line each: on a document called self, and what comes out. */
#include "core/text/cel.h"

#include "core/base/error.h"
#include "core/text/node_yaml.h"
#include "tests/tap.h"

static const char document[] =
    "{name: shop, n: 3, big: 1.5, on: true, nothing: null, list: [1, 2, 3], words: [a, b, b],\n"
    " map: {x: 1, y: 2}, nested: {namespace: prod, a-b: 1}, empty: [], d: 90s,\n"
    " refs: [{kind: A, port: 1}, {kind: B}], url: 'https://u@h.example:8443/p?q', ip: '10.1.2.3'}";

static struct arena arena;
static struct node *doc;

static bool lookup(const void *arg, struct str name, struct cel_value *out)
{
    (void)arg;
    if (!str_is(name, "self"))
        return false;
    *out = cel_value_of_node(doc);
    return true;
}

/* The result as text; errors as "error: ...". */
static struct str result_of(const char *text, uint64_t cost)
{
    struct cel_env env = { .lookup = lookup, .arena = &arena, .cost = cost };
    struct cel_value v;
    struct str why = STR_NONE;
    struct cel *c;

    if (cel_new(&c, str_of(text), &arena, &why) != 0)
        return arena_printf(&arena, "mistake: %.*s", STR_ARG(why));
    (void)cel_eval(c, &env, &v);
    why = arena_str(&arena, cel_value_to_text(&v, &arena));
    cel_free(c);
    return v.type == CEL_ERROR ? arena_printf(&arena, "error: %.*s", STR_ARG(why)) : why;
}

static void begin(void)
{
    arena_init(&arena, 4096);
    EQ_INT(node_yaml_read_one(&arena, str_of(document), NULL, NULL, &doc), 0);
}

struct row {
    const char *text, *result;
};

static void try_rows(const struct row *rows, size_t n)
{
    begin();
    for (size_t i = 0; i < n; i++) {
        struct str got = result_of(rows[i].text, CEL_COST);
        size_t len = strlen(rows[i].result);
        bool is_prefix = rows[i].result[0] && rows[i].result[len - 1] == '~';

        if (!OK(is_prefix ? str_starts(got, str_make(rows[i].result, len - 1))
                          : str_is(got, rows[i].result)))
            NOTE("%s gives %.*s, not %s", rows[i].text, STR_ARG(got), rows[i].result);
    }
    arena_deinit(&arena);
}

static const struct row operators[] = {
    { "1 + 2 * 3", "7" },
    { "(1 + 2) * 3", "9" },
    { "7 / 2", "3" },
    { "-7 % 3", "-1" },
    { "1 - 2 - 3", "-4" },
    { "--1", "1" },
    { "!!true", "true" },
    { "1 / 0", "error: division by zero" },
    { "9223372036854775807 + 1", "error: a number is too large" },
    { "2u * 3u", "6" },
    { "1u - 2u", "error: a number is too large" },
    { "0x10", "16" },
    { "1.5 + 0.5", "2" },
    { "1e3", "1000" },
    { ".5 < 1.0", "true" },
    { "1 + 1u", "error: no such operation on int and uint" },
    { "1 == 1u && 1 == 1.0 && 2 > 1u && -1 < 1u", "true" },
    { "'a' + \"b\"", "ab" },
    { "[1] + [2, 3]", "[1, 2, 3]" },
    { "'a' < 'b' && 'b' >= 'b'", "true" },
    { "1 == 'a'", "false" },
    { "1 < 'a'", "error: int and string cannot be compared" },
    { "[1, [2]] == [1, [2]]", "true" },
    { "{'a': 1, 'b': 2} == {'b': 2, 'a': 1}", "true" },
    { "{'a': 1} == {'a': 2}", "false" },
    { "{'a': 1}['a'] + {'b': 2}.b", "3" },
    { "2 in [1, 2] && !(3 in [1, 2]) && 'a' in {'a': 1}", "true" },
    { "true ? 1 : 1 / 0", "1" },
    { "1 ? 2 : 3", "error: a condition is a int, not a bool" },
    { "false && 1 / 0 == 1", "false" },
    { "1 / 0 == 1 && false", "false" },
    { "1 / 0 == 1 || true", "true" },
    { "1 / 0 == 1 || false", "error: division by zero" },
    { "null == null", "true" },
    { "duration('1h') > duration('59m') && duration('1h') - duration('1s') == duration('3599s')",
      "true" },
    { "timestamp('2024-01-01T00:00:00Z') + duration('1s')", "2024-01-01T00:00:01Z" },
    { "timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z')", "86400s" },
};

static const struct row texts[] = {
    { "'a\\'b\\n\\x41\\u00e4\\101'", "a'b\nA\xc3\xa4"
                                     "A" },
    { "r'a\\b'", "a\\b" },
    { "'''a'b'''", "a'b" },
    { "r\"\"\"^\\d+$\"\"\"", "^\\d+$" },
    { "'abc'.size() + size('\xc3\xa4')", "4" },
    { "'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c')", "true" },
    { "'abc'.matches('^a.c$') && !'abc'.matches('^b')", "true" },
    { "'abc'.matches('a' + '.')", "true" },
    { "'a,b,c'.split(',')", "[a, b, c]" },
    { "'a,b,c'.split(',', 2)", "[a, b,c]" },
    { "'abc'.split('')", "[a, b, c]" },
    { "['a', 'b'].join('-')", "a-b" },
    { "'unix:///x'.substring(7, 8)", "/" },
    { "'a'.substring(2)", "error: substring() reaches beyond the text" },
    { "'abcb'.indexOf('b') * 10 + 'abcb'.lastIndexOf('b')", "13" },
    { "'aXbX'.replace('X', '--')", "a--b--" },
    { "'aXbX'.replace('X', '', 1)", "abX" },
    { "' aB '.trim().lowerAscii() + 'c'.upperAscii()", "abC" },
    { "'abc'.charAt(1)", "b" },
    { "string(12) + string(true) + string(1.5)", "12true1.5" },
    { "int('12') + int(3.9) + int(2u)", "17" },
    { "int('x')", "error: \"x\" is not a number" },
    { "double('1.5') + double(1)", "2.5" },
    { "duration('x')", "error: \"x\" is not a duration" },
};

static const struct row members[] = {
    { "self.name", "shop" },
    { "self['name']", "shop" },
    { "self.n + 1", "4" },
    { "has(self.name) && !has(self.nothing) && !has(self.other)", "true" },
    { "has(self.nested.namespace)", "true" },
    { "self.nested.__namespace__", "prod" },
    { "self.nested.a__dash__b", "1" },
    { "self.other", "error: no such member: other" },
    { "self.list[1]", "2" },
    { "self.list[3]", "error: no such item in a list or map" },
    { "self.list.size() == 3 && size(self.map) == 2", "true" },
    { "self.list == [1, 2, 3]", "true" },
    { "self.map == {'y': 2, 'x': 1}", "true" },
    { "self == self", "true" },
    { "other", "error: no such name: other" },
    { "self.?other.orValue(5)", "5" },
    { "self.?n.orValue(5)", "3" },
    { "self.?other.deep.hasValue()", "false" },
    { "self.list[?9].hasValue()", "false" },
    { "optional.of(1).value() + optional.none().orValue(2)", "3" },
    { "self.refs.exists(r, has(r.port) && r.port == 1)", "true" },
};

static const struct row macros[] = {
    { "self.list.all(x, x > 0)", "true" },
    { "self.list.all(x, x > 1)", "false" },
    { "self.list.exists(x, x == 2) && !self.list.exists(x, x == 9)", "true" },
    { "self.words.exists_one(x, x == 'a') && !self.words.exists_one(x, x == 'b')", "true" },
    { "self.list.filter(x, x != 2)", "[1, 3]" },
    { "self.list.map(x, x * x)", "[1, 4, 9]" },
    { "self.list.map(x, x > 1, x * 10)", "[20, 30]" },
    { "self.map.all(k, k in ['x', 'y'])", "true" },
    { "self.empty.all(x, false)", "true" },
    { "self.list.all(x, self.list.exists_one(y, y == x))", "true" },
    { "self.refs.exists(x, x.port == 1)", "true" },
    { "self.refs.all(x, x.port == 1)", "error: no such member: port" },
    { "self.refs.all(x, x.port == 2)", "false" },
    { "self.name.all(x, true)", "error: a macro goes through lists and maps, not a string" },
};

static const struct row addresses[] = {
    { "url(self.url).getScheme()", "https" },
    { "url(self.url).getHost()", "h.example:8443" },
    { "url(self.url).getHostname() + url(self.url).getPort()", "h.example8443" },
    { "url(self.url).getEscapedPath()", "/p" },
    { "isURL('/path') && isURL('http://[::1]:80/') && isURL('mailto:a')", "true" },
    { "isURL('a b') || isURL('a') || isURL(':a') || isURL('http://a:b/')", "false" },
    { "url('a')", "error: not a URL" },
    { "isIP('10.0.0.1') && isIP('::1') && !isIP('10.0.0') && !isIP('x')", "true" },
    { "ip('::1').family() * 10 + ip('1.2.3.4').family()", "64" },
    { "isCIDR('10.0.0.0/8') && !isCIDR('10.0.0.0/33') && !isCIDR('10.0.0.0')", "true" },
    { "cidr('10.0.0.0/8').containsIP('10.9.9.9') && !cidr('10.0.0.0/8').containsIP('11.0.0.1')",
      "true" },
    { "cidr('10.0.0.0/8').prefixLength()", "8" },
    { "format.dns1123Label().validate('a-b') == null", "true" },
    { "format.dns1123Label().validate('A_b') == null", "false" },
    { "format.dns1123Subdomain().validate('a.b').hasValue()", "false" },
};

static const struct row mistakes[] = {
    { "", "mistake: at character 1: it ends too early" },
    { "1 +", "mistake: at character 4: it ends too early" },
    { "(1", "mistake: at character 3: expected \")\"" },
    { "1 2", "mistake: at character 3: not expected here~" },
    { "'a", "mistake: at character 1: a string does not end" },
    { "'\\q'", "mistake: at character 1: no such escape in a string" },
    { "self.foo(1)", "mistake: at character 12: no such function: \"foo\"" },
    { "size(1, 2)", "mistake: at character 11: wrong number of arguments for \"size\"" },
    { "has(self)", "mistake: at character 10: has() needs a member~" },
    { "'a'.matches('(')", "mistake: at character 17: not a regular expression~" },
    { "self.all(1, true)", "mistake: at character 18: the first argument must be a name" },
    { "99999999999999999999", "mistake: at character 1: a number is too large" },
    { "1 = 2", "mistake: at character 3: not expected here: \"=\"" },
    { "a ? b", "mistake: at character 6: expected \":\"" },
};

#define ROWS(name, table)                                                                          \
    static void name(void)                                                                         \
    {                                                                                              \
        try_rows(table, sizeof(table) / sizeof(table[0]));                                         \
    }

ROWS(operators_work, operators)
ROWS(texts_and_numbers_are_converted, texts)
ROWS(members_are_found, members)
ROWS(macros_go_through_lists_and_maps, macros)
ROWS(addresses_and_urls_are_taken_apart, addresses)
ROWS(mistakes_are_told_with_their_place, mistakes)

static void cost_is_bounded(void)
{
    begin();
    OK(str_starts(
        result_of("self.list.all(x, self.list.all(y, self.list.all(z, x + y + z > 0)))", 100),
        STR("error: it costs too much")));
    OK(str_is(result_of("1 + 1", 100), "2"));
    arena_deinit(&arena);
}

static void nesting_and_length_are_bounded(void)
{
    char *deep = arena_alloc((arena_init(&arena, 4096), &arena), 40001);
    struct cel *c;

    memset(deep, '(', 20000);
    EQ_INT(cel_new(&c, str_make(deep, 20000), &arena, NULL), ERR_LIMIT);
    EQ_INT(cel_new(&c, str_make(deep, 1000), &arena, NULL), ERR_LIMIT);
    memset(deep, '!', 1000);
    EQ_INT(cel_new(&c, str_make(deep, 1000), &arena, NULL), ERR_LIMIT);
    for (size_t i = 0; i < 1000; i++)
        memcpy(deep + 2 * i, "1+", 2);
    deep[2000] = '1';
    EQ_INT(cel_new(&c, str_make(deep, 2001), &arena, NULL), ERR_LIMIT);
    arena_deinit(&arena);
}

static void collect(void *arg, struct str name)
{
    struct str *all = arg;

    *all = arena_printf(&arena, "%.*s %.*s", STR_ARG(*all), STR_ARG(name));
}

static void names_are_told_without_variables(void)
{
    struct str all = STR("");
    struct cel *c;

    arena_init(&arena, 1024);
    EQ_INT(cel_new(&c, STR("self.all(x, x == y) || request.code > response.code"), &arena, NULL),
           0);
    cel_each_name(c, collect, &all);
    OK(str_is(all, " self y request response"));
    cel_free(c);
    arena_deinit(&arena);
}

static const struct tap_case cases[] = {
    { "operators_work", operators_work },
    { "texts_and_numbers_are_converted", texts_and_numbers_are_converted },
    { "members_are_found", members_are_found },
    { "macros_go_through_lists_and_maps", macros_go_through_lists_and_maps },
    { "addresses_and_urls_are_taken_apart", addresses_and_urls_are_taken_apart },
    { "mistakes_are_told_with_their_place", mistakes_are_told_with_their_place },
    { "cost_is_bounded", cost_is_bounded },
    { "nesting_and_length_are_bounded", nesting_and_length_are_bounded },
    { "names_are_told_without_variables", names_are_told_without_variables },
};

TAP_MAIN(cases)
