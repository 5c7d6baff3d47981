#include "modes/shared/mesh_dns.h"

#include "core/base/mem.h"
#include "core/model/model.h"
#include "tests/tap.h"

/* The names there are, each with one address: its place in the list plus 1. */
static const char *const known[] = {
    "reviews.default.svc.cluster.local",
    "ratings.other.svc.cluster.local",
    "db-0.db.default.svc.cluster.local",
    "db-0.db.other.svc.cluster.local",
    "*.example.com",
    "*.a.example.com",
    "x.example.com",
    "db.other.svc.cluster.local",
};

static const struct model_dns_name *find(void *arg, struct str host)
{
    static struct model_dns_name found;

    (void)arg;
    for (uint32_t i = 0; i < COUNT_OF(known); i++) {
        if (str_is(host, known[i])) {
            found.count = i + 1;
            return &found;
        }
    }
    return NULL;
}

static void h_7_forms_of_names(void)
{
    static const struct {
        const char *name;
        uint32_t place; /* 0: unknown */
    } rows[] = {
        { "reviews.default.svc.cluster.local", 1 },
        { "reviews.default.svc", 1 },
        { "reviews.default", 1 },
        { "reviews", 1 },
        { "ratings", 0 }, /* of another namespace */
        { "ratings.other", 2 },
        { "ratings.other.svc", 2 },
        { "db-0.db", 3 },
        { "db-0.db.default", 3 },
        { "db-0.db.other", 4 },
        { "db-0.db.other.svc", 4 },
        { "db.other", 8 }, /* a service before a member of "other" */
        { "y.example.com", 5 },
        { "b.y.example.com", 5 },
        { "b.a.example.com", 6 },
        { "x.example.com", 7 },
        { "example.com", 0 },
        { "svc", 0 },
        { "", 0 },
        { "a.b.c.d.e.f", 0 },
    };
    const struct mesh_dns_options o = { .find = find,
                                        .ns = STR("default"),
                                        .dns_domain = STR("cluster.local") };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct model_dns_name *found = mesh_dns_find(&o, str_of(rows[i].name));

        if (!EQ_INT(found ? found->count : 0, rows[i].place))
            NOTE("%s", rows[i].name);
    }
}

static const struct tap_case cases[] = {
    { "h_7_forms_of_names", h_7_forms_of_names },
};

TAP_MAIN(cases)
