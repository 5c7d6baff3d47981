#include "core/http/http_fetch.h"

#include "core/base/error.h"
#include "core/base/mem.h"
#include "tests/tap.h"

static void urls_in_parts(void)
{
    static const struct {
        const char *url, *host, *path;
        uint16_t port;
    } rows[] = {
        { "https://a.test", "a.test", "/", 443 },
        { "http://a.test/x?y=1", "a.test", "/x?y=1", 80 },
        { "https://a.test:8443/", "a.test", "/", 8443 },
        { "http://[::1]:81/k", "::1", "/k", 81 },
        { "http://[fd00::1]/k", "fd00::1", "/k", 80 },
        { "http://10.0.0.1:5/", "10.0.0.1", "/", 5 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_fetch_url u;

        NOTE("%s", rows[i].url);
        if (!EQ_INT(http_fetch_parse(str_of(rows[i].url), &u), 0))
            continue;
        EQ_STRN(u.host.p, u.host.len, rows[i].host);
        EQ_STRN(u.path.p, u.path.len, rows[i].path);
        EQ_INT(u.port, rows[i].port);
    }
}

static void what_is_no_url_is_refused(void)
{
    static const char *const bad[] = { "",
                                       "ftp://a",
                                       "https://",
                                       "http:///x",
                                       "http://a:0/",
                                       "http://a:99999/",
                                       "http://user@a/",
                                       "http://a/ b",
                                       "http://a/\r\nX: y",
                                       "http://a/#f",
                                       "http://a:x/" };
    struct http_fetch_url u;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        NOTE("%s", bad[i]);
        EQ_INT(http_fetch_parse(str_of(bad[i]), &u), ERR_INVALID);
    }
}

static const struct tap_case cases[] = {
    { "urls_in_parts", urls_in_parts },
    { "what_is_no_url_is_refused", what_is_no_url_is_refused },
};

TAP_MAIN(cases)
