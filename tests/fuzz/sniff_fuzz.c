/* The classifiers of first bytes: more bytes never take an answer back. */
#include "core/net/sniff.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(enum sniff_answer (*sniff)(struct str bytes), struct str all)
{
    enum sniff_answer last = SNIFF_MORE, now;

    for (size_t len = 0; len <= all.len && len < 600; len++) {
        now = sniff(str_head(all, len));
        if (last != SNIFF_MORE && now != last)
            abort();
        last = now;
    }
}

static enum sniff_answer sniff_hello(struct str bytes)
{
    struct sniff_hello hello;
    enum sniff_answer answer = sniff_tls(bytes, &hello);
    struct str rest, name;

    if (answer == SNIFF_YES) {
        rest = str_make(hello.alpn, hello.alpn_len);
        while (sniff_next_alpn(&rest, &name))
            if (name.len == 0)
                abort();
        if (rest.len || strlen(hello.sni) != hello.sni_len)
            abort();
    }
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str all = str_make(data, size);

    check(sniff_hello, all);
    check(sniff_http1, all);
    check(sniff_http2, all);
    check(sniff_proxy, all);
    sniff_hello(all);
    return 0;
}
