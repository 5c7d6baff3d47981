#include "cmd/demo_hops.h"

#include "cmd/demo_service.h"
#include "tests/tap.h"

#define TD "spiffe://demo.mesh/ns/"
#define PAGE                                                                                       \
    "productpage-v1=" TD "istio-system/sa/istio-ingressgateway-service-account, "                  \
    "details-v1=" TD "default/sa/bookinfo-productpage, "
#define REVIEWS "default/sa/bookinfo-productpage"

static const struct {
    const char *header, *why; /* NULL: right */
    int reviews;
} samples[] = {
    { PAGE "reviews-v1=" TD REVIEWS, NULL, 1 },
    { PAGE "reviews-v2=" TD REVIEWS ", ratings-v1=" TD "default/sa/bookinfo-reviews", NULL, 2 },
    { PAGE "reviews-v3=" TD REVIEWS, "ratings took no part", 3 },
    { PAGE, "reviews took no part", 0 },
    { "", "productpage took no part", 0 },
    { "productpage-v1=-",
      "productpage-v1 was called by \"-\", not " TD
      "istio-system/sa/istio-ingressgateway-service-account",
      0 },
    { PAGE "reviews-v1=" TD "default/sa/other",
      "reviews-v1 was called by \"" TD "default/sa/other\", not " TD REVIEWS, 1 },
};

static void headers_are_judged(void)
{
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct demo_hops hops;
        char why[512] = "";

        demo_hops_read(&hops, str_of(samples[i].header));
        EQ_INT(hops.reviews, samples[i].reviews);
        EQ_INT(demo_hops_check(&hops, "demo.mesh", why, sizeof(why)), samples[i].why == NULL);
        EQ_STR(why, samples[i].why ? samples[i].why : "");
    }
}

static void the_last_client_certificate_counts(void)
{
    static const struct {
        const char *xfcc, *peer;
    } cases[] = {
        { "By=spiffe://a/b;Hash=00;Subject=\"\";URI=spiffe://a/c", "spiffe://a/c" },
        { "By=x;URI=spiffe://forged/d,By=y;Hash=0;URI=spiffe://a/e", "spiffe://a/e" },
        { "By=x;Hash=0", "-" },
        { "", "-" },
        { "URI=", "-" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str peer = demo_service_peer(str_of(cases[i].xfcc));

        OK(str_is(peer, cases[i].peer));
    }
}

static const struct tap_case cases[] = {
    { "headers_are_judged", headers_are_judged },
    { "the_last_client_certificate_counts", the_last_client_certificate_counts },
};

TAP_MAIN(cases)
