/* Rules of a VirtualService that no request reaches. */
#include "core/analyze/analyze_checks.h"
#include "core/analyze/analyze_state.h"

struct rules { /* http, tls or tcp of one object */
    const char *name;
    const struct object *o;
    const struct node *list;
};

static const struct node *matches_of(const struct node *rule)
{
    const struct node *match = node_getz(rule, "match");

    return match && match->kind == NODE_LIST && match->count ? match : NULL;
}

/* The same conditions; a match's name is no condition. */
static bool same_match(const struct node *a, const struct node *b, struct arena *arena)
{
    struct node *x = node_copy(arena, a), *y = node_copy(arena, b);

    node_unset(x, STR("name"));
    node_unset(y, STR("name"));
    return node_equal(x, y);
}

/* The number of the first rule before `end` that has this match; -1: none. */
static int find_match(struct analyze_state *s, const struct rules *r, const struct node *match,
                      const struct node *end)
{
    int number = 0;

    for (const struct node *rule = r->list->first; rule && rule != end; rule = rule->next) {
        const struct node *matches = matches_of(rule);

        for (const struct node *m = matches ? matches->first : NULL; m; m = m->next) {
            if (same_match(m, match, &s->arena))
                return number;
        }
        number++;
    }
    return -1;
}

static void check_matches(struct analyze_state *s, const struct rules *r, const struct node *rule,
                          int number)
{
    const struct node *matches = matches_of(rule);
    size_t used = 0;
    int k = 0;

    for (const struct node *m = matches->first; m; m = m->next, k++) {
        int earlier = find_match(s, r, m, rule);

        if (earlier < 0) {
            used++;
            continue;
        }
        analyze_state_report(s, r->o, DIAG_INFO, "IST0131",
                             arena_printf(&s->arena, "spec.%s[%d].match[%d]", r->name, number, k),
                             "VirtualService rule #%d match #%d is not used (duplicates a match in "
                             "rule #%d).",
                             number, k, earlier);
    }
    if (used == 0)
        analyze_state_report(s, r->o, DIAG_WARNING, "IST0130",
                             arena_printf(&s->arena, "spec.%s[%d]", r->name, number),
                             "VirtualService rule #%d not used (all matches are duplicates of "
                             "earlier rules).",
                             number);
}

static void check_rules(struct analyze_state *s, const struct rules *r)
{
    bool all_taken = false;
    int number = 0;

    for (const struct node *rule = r->list->first; rule; rule = rule->next, number++) {
        if (all_taken)
            analyze_state_report(s, r->o, DIAG_WARNING, "IST0130",
                                 arena_printf(&s->arena, "spec.%s[%d]", r->name, number),
                                 "VirtualService rule #%d not used (only the last rule can have no "
                                 "matches).",
                                 number);
        else if (matches_of(rule))
            check_matches(s, r, rule, number);
        all_taken |= !matches_of(rule);
    }
}

void analyze_match_unreachable(struct analyze_state *s)
{
    static const char *const names[] = { "http", "tls", "tcp" };
    const struct object *o;

    for (size_t at = 0; (o = analyze_state_next_fresh(s, API_KIND_VIRTUAL_SERVICE, &at));) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            const struct node *list = node_getz(node_getz(o->node, "spec"), names[i]);

            if (list && list->kind == NODE_LIST)
                check_rules(s, &(struct rules){ names[i], o, list });
        }
    }
}
