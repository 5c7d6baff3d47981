/* Cells of tables. */
#include "core/api/api_column.h"

#include "core/api/object_set.h"
#include "core/base/mem.h"
#include "tests/tap.h"
#include "tests/unit/support/api_files.h"

static void ages_are_as_kubectl_shows_them(void)
{
    static const struct {
        int64_t s;
        const char *text;
    } rows[] = {
        { -5, "0s" },
        { 0, "0s" },
        { 119, "119s" },
        { 120, "2m" },
        { 125, "2m5s" },
        { 600, "10m" },
        { 10000, "166m" },
        { 10800, "3h" },
        { 11000, "3h3m" },
        { 28800, "8h" },
        { 172799, "47h" },
        { 172800, "2d" },
        { 180000, "2d2h" },
        { 8 * 86400, "8d" },
        { 729 * 86400, "729d" },
        { 730 * 86400, "2y" },
        { 740 * 86400, "2y10d" },
        { 3650 * 86400, "10y" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf b;

        buf_init(&b, 0);
        api_column_write_age(rows[i].s * 1000000000, &b);
        EQ_STRN(buf_str(&b).p, buf_len(&b), rows[i].text);
        buf_deinit(&b);
    }
}

/* Cells of the object, with a '|' behind each. */
static void expect_row(const struct object_set *set, const char *kind, const char *name,
                       const char *want)
{
    const struct object *o = NULL;
    struct buf b;

    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->items[i]->kind->kind, kind) == 0 && str_is(set->items[i]->name, name))
            o = set->items[i];
    if (!OK(o != NULL))
        return;
    buf_init(&b, 0);
    for (size_t i = 0; i < o->kind->columns->count; i++) {
        api_column_cell(o, &o->kind->columns->items[i], 0, &b);
        buf_add_char(&b, '|');
    }
    EQ_STRN(buf_str(&b).p, buf_len(&b), want);
    buf_deinit(&b);
}

static void rows_are_as_kubectl_shows_them(void)
{
    static const char *const files[] = { "testdata/api/core.yaml", "testdata/api/security.yaml",
                                         "testdata/api/virtual_service.yaml",
                                         "testdata/api/service_entry.yaml" };
    struct object_set set;
    struct diag d;

    diag_init(&d);
    object_set_init(&set);
    for (size_t i = 0; i < COUNT_OF(files); i++)
        EQ_INT(api_files_load(&set, files[i], &d), 0);
    expect_row(&set, "Service", "shop",
               "ClusterIP|10.96.0.10|<none>|80/TCP,81:30081/TCP|<unknown>|app=shop|");
    expect_row(&set, "Service", "headless", "ClusterIP|None|<none>|<none>|<unknown>|app=x|");
    expect_row(&set, "Endpoints", "shop",
               "10.0.0.1:8080,10.0.0.2:8080,10.0.0.1:8081 + 1 more...|<unknown>|");
    expect_row(&set, "EndpointSlice", "shop-abc", "IPv4|8080|10.0.0.1|<unknown>|");
    expect_row(&set, "Namespace", "prod", "Active|<unknown>|");
    expect_row(&set, "ServiceAccount", "shop", "1|<unknown>|");
    expect_row(&set, "Secret", "shop-cert", "kubernetes.io/tls|2|<unknown>|");
    expect_row(&set, "ConfigMap", "settings", "2|<unknown>|");
    expect_row(&set, "Pod", "shop-0", "1/1|Running|2|<unknown>|10.0.0.1||");
    expect_row(&set, "Deployment", "shop", "0/2|0|0|<unknown>|");
    expect_row(&set, "Event", "shop.1", "0s|Normal|Started|pod/shop-0|started|");
    expect_row(&set, "Lease", "leader", "a|<unknown>|");
    expect_row(&set, "Ingress", "shop",
               "istio|shop.example.com,*.shops.example.com|192.0.2.1|80, 443|<unknown>|");
    expect_row(&set, "IngressClass", "istio", "istio.io/ingress-controller||<unknown>|");
    expect_row(
        &set, "VirtualService", "shop",
        "[\"prod/edge\",\"mesh\"]|[\"shop.example.com\",\"*.shops.example.com\"]|<unknown>|");
    expect_row(&set, "ServiceEntry", "db", "[\"db.example.com\"]|MESH_INTERNAL|STATIC|<unknown>|");
    expect_row(&set, "PeerAuthentication", "default", "STRICT|<unknown>|");
    expect_row(&set, "AuthorizationPolicy", "allow-nothing", "|<unknown>|");
    object_set_deinit(&set);
    diag_deinit(&d);
}

static const struct tap_case cases[] = {
    { "ages_are_as_kubectl_shows_them", ages_are_as_kubectl_shows_them },
    { "rows_are_as_kubectl_shows_them", rows_are_as_kubectl_shows_them },
};

TAP_MAIN(cases)
