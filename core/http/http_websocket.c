#include "core/http/http_websocket.h"

#include <openssl/sha.h>
#include <string.h>

#include "core/base/encode.h"

bool http_websocket_is(struct str upgrade)
{
    return str_ieq(upgrade, STR("websocket"));
}

static struct str base64(struct arena *a, const void *p, size_t len)
{
    struct str copy;
    struct buf b;

    buf_init(&b, 0);
    (void)encode_base64(&b, str_make(p, len)); /* no limit to reach */
    copy = arena_str(a, buf_str(&b));
    buf_deinit(&b);
    return copy;
}

struct str http_websocket_key(struct arena *a, struct random *r)
{
    uint64_t nonce[2] = { random_next(r), random_next(r) };

    return base64(a, nonce, sizeof(nonce));
}

struct str http_websocket_accept(struct arena *a, struct str key)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t digest[SHA_DIGEST_LENGTH];
    SHA_CTX ctx;

    SHA1_Init(&ctx);
    SHA1_Update(&ctx, key.p, key.len);
    SHA1_Update(&ctx, guid, sizeof(guid) - 1);
    SHA1_Final(digest, &ctx);
    return base64(a, digest, sizeof(digest));
}

void http_websocket_answer(struct http_msg *m, const struct http_msg *request, struct arena *a)
{
    struct str key = http_headers_get(&request->headers, HTTP_TOKEN_SEC_WEBSOCKET_KEY);
    struct http_headers with;

    if (!key.len || http_headers_get(&m->headers, HTTP_TOKEN_SEC_WEBSOCKET_ACCEPT).p)
        return;
    http_headers_init(&with, a);
    http_headers_copy(&with, &m->headers, false);
    http_headers_add_token(&with, HTTP_TOKEN_SEC_WEBSOCKET_ACCEPT, http_websocket_accept(a, key));
    m->headers = with;
}
