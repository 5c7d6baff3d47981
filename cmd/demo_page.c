#include "cmd/demo_page.h"

#include "core/base/mem.h"
#include "core/text/node_json.h"

static const struct {
    const char *reviewer, *text;
} texts[] = {
    { "Reviewer1", "Two pairs of twins, one long day, and everybody is right about what they saw. "
                   "I laughed on every page." },
    { "Reviewer2",
      "Quick, loud and kind. Not his deepest play, but hardly anything of his is more fun." },
};

struct str demo_page_reviews(struct arena *a, const char *version, const char *color,
                             const char *ratings)
{
    struct node *root = node_new(a, NODE_MAP), *list = node_new(a, NODE_LIST), *given = NULL;
    struct buf out;
    struct str text;

    if (ratings && *ratings)
        (void)node_json_read(a, str_of(ratings), NULL, NULL, &given);
    node_set_str(a, root, "id", STR("0"));
    node_set_str(a, root, "podname", arena_printf(a, "reviews-%s", version));
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct node *item = node_new(a, NODE_MAP), *rating = node_new(a, NODE_MAP);
        struct node *stars = node_getz(node_getz(given, "ratings"), texts[i].reviewer);
        int64_t count;

        node_set_str(a, item, "reviewer", str_of(texts[i].reviewer));
        node_set_str(a, item, "text", str_of(texts[i].text));
        if (ratings)
            node_set(item, STR("rating"), rating);
        if (node_to_int(stars, &count)) {
            node_set(rating, STR("stars"), node_new_int(a, count));
            node_set_str(a, rating, "color", str_of(color));
        } else {
            node_set_str(a, rating, "error", STR("no ratings to be had"));
        }
        node_add(list, item);
    }
    node_set(root, STR("reviews"), list);
    buf_init(&out, 0);
    node_write_json(root, &out, 0);
    text = arena_str(a, buf_str(&out));
    buf_deinit(&out);
    return text;
}

/* ---- HTML ---- */

static void add_escaped(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        switch (s.p[i]) {
        case '<':
            buf_add_str(out, STR("&lt;"));
            break;
        case '>':
            buf_add_str(out, STR("&gt;"));
            break;
        case '&':
            buf_add_str(out, STR("&amp;"));
            break;
        case '"':
            buf_add_str(out, STR("&quot;"));
            break;
        default:
            buf_add_char(out, s.p[i]);
        }
    }
}

static void add_text(struct buf *out, const char *before, struct str s, const char *after)
{
    buf_add_str(out, str_of(before));
    add_escaped(out, s);
    buf_add_str(out, str_of(after));
}

static const char head_text[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>The Comedy of Errors</title>\n<style>\n"
    "body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 "
    "1rem;"
    " color: #222; }\n"
    "header { display: flex; justify-content: space-between; color: #555; }\n"
    "h1 { margin: .3em 0; } h2 { margin-top: 1.6em; font-size: 1.1rem; }\n"
    "blockquote { margin: 1em 0; padding-left: 1em; border-left: 3px solid #ccc; }\n"
    ".black { color: #111; } .red { color: #c62828; } .off { color: #ccc; }\n"
    ".warn { background: #fff3cd; padding: .5em .8em; }\n"
    "table { border-collapse: collapse; } td, th { text-align: left; padding: .15em 1.2em .15em 0; "
    "}\n"
    "code { font-size: .9em; }\n</style></head><body>\n";

static void add_header(struct buf *out, const struct demo_page *p)
{
    buf_add_str(out, str_of(head_text));
    buf_add_str(out, STR("<header><span>mesh demo bookshop</span><span>"));
    if (p->user.len)
        add_text(out, "signed in as <b>", p->user, "</b> · <a href=\"/logout\">sign out</a>");
    else
        buf_add_str(out, STR("<a href=\"/login?username=jason\">sign in as jason</a>"));
    buf_add_str(out, STR("</span></header>\n<h1>The Comedy of Errors</h1>\n"));
}

static void add_unavailable(struct buf *out, const char *what, int status)
{
    if (status)
        buf_printf(out, "<p class=\"warn\">%s: not available right now (status %d).</p>\n", what,
                   status);
    else
        buf_printf(out, "<p class=\"warn\">%s: not available right now (no answer).</p>\n", what);
}

static void add_details(struct buf *out, const struct demo_page *p, struct arena *a)
{
    struct node *root;

    buf_add_str(out, STR("<h2>Book details</h2>\n"));
    if (p->details_status != 200 || node_json_read(a, p->details, NULL, NULL, &root) != 0) {
        add_unavailable(out, "Details", p->details_status);
        return;
    }
    buf_add_str(out, STR("<table>\n"));
    NODE_EACH(field, root)
    {
        add_text(out, "<tr><th>", field->key, "</th>");
        add_text(out, "<td>", field->text, "</td></tr>\n");
    }
    buf_add_str(out, STR("</table>\n"));
}

static void add_stars(struct buf *out, const struct node *rating)
{
    const char *color = str_is(node_get_str(rating, "color"), "red") ? "red" : "black";
    int64_t stars;

    if (!rating)
        return;
    if (!node_to_int(node_getz(rating, "stars"), &stars)) {
        buf_add_str(out, STR("<p class=\"warn\">Ratings are not available right now.</p>\n"));
        return;
    }
    buf_printf(out, "<p class=\"%s\" title=\"%d of 5, %s\">", color, (int)stars, color);
    for (int64_t i = 0; i < 5; i++)
        buf_add_str(out, i < stars ? STR("&#9733;") : STR("&#9734;"));
    buf_add_str(out, STR("</p>\n"));
}

static void add_reviews(struct buf *out, const struct demo_page *p, struct arena *a)
{
    struct node *root, *list;

    buf_add_str(out, STR("<h2>Reviews</h2>\n"));
    if (p->reviews_status != 200 || node_json_read(a, p->reviews, NULL, NULL, &root) != 0) {
        add_unavailable(out, "Reviews", p->reviews_status);
        return;
    }
    list = node_getz(root, "reviews");
    if (list) {
        NODE_EACH(review, list)
        {
            add_text(out, "<blockquote>", node_get_str(review, "text"), "<br>\n");
            add_text(out, "<small>", node_get_str(review, "reviewer"), "</small>\n");
            add_stars(out, node_getz(review, "rating"));
            buf_add_str(out, STR("</blockquote>\n"));
        }
    }
    add_text(out, "<p><small>served by <code>", node_get_str(root, "podname"),
             "</code></small></p>\n");
}

static void add_hops(struct buf *out, struct str hops)
{
    buf_add_str(out,
                STR("<h2>Who asked whom</h2>\n<p>As each service learnt it from its sidecar: the "
                    "identity in the certificate of the caller.</p>\n<table>\n"
                    "<tr><th>service</th><th>called by</th></tr>\n"));
    while (hops.p && hops.len) {
        struct str peer = str_trim(str_cut(&hops, ',')), service = str_cut(&peer, '=');
        bool known = peer.p && !str_is(peer, "-");

        add_text(out, "<tr><td>", service, "</td><td><code>");
        add_text(out, "", known ? peer : STR("no certificate"), "</code></td></tr>\n");
    }
    buf_add_str(out, STR("</table>\n"));
}

void demo_page_write(const struct demo_page *p, struct buf *out)
{
    struct arena a;

    arena_init(&a, 4096);
    add_header(out, p);
    buf_add_str(out,
                STR("<p>Mistaken identity, twice over: twins with the same name meet in Ephesus, "
                    "and so do their servants.</p>\n"));
    add_details(out, p, &a);
    add_reviews(out, p, &a);
    add_hops(out, p->hops);
    buf_add_str(out, STR("</body></html>\n"));
    arena_deinit(&a);
}
