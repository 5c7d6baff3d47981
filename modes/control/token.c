#include "modes/control/token.h"

#include <stdio.h>
#include <string.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/mem.h"
#include "core/base/random.h"
#include "core/loop/clock.h"
#include "core/pki/pki_hash.h"
#include "core/text/node.h"
#include "core/text/node_json.h"
#include "core/xds/xds_token.h"

#define SECRET_BYTES 32

/* ---- the stored form ---- */

/* A stored token's name is the beginning of its secret's hash, its body has all of it. */
static void hash_secret(struct str secret, char hex[PKI_SHA256_HEX_SIZE])
{
    pki_hash_sha256_hex(secret.p, secret.len, hex);
}

static int read_body(const struct store_object *o, struct arena *a, struct token_info *out,
                     struct str *hash)
{
    struct node *n;
    int64_t uses = 0;
    int err = node_json_read(a, o->body, NULL, NULL, &n);

    if (err)
        return err;
    *out = (struct token_info){ .id = arena_str(a, o->name), .created_ms = o->created_ms };
    out->ns = node_get_str(n, "namespace");
    out->sa = node_get_str(n, "serviceAccount");
    *hash = node_get_str(n, "hash");
    if (!node_to_int(node_getz(n, "expiresMs"), &out->expires_ms) ||
        !node_to_int(node_getz(n, "uses"), &uses) || uses < 0)
        return ERR_CORRUPT;
    out->uses_left = (uint32_t)uses;
    return 0;
}

static void write_body(const struct token_info *info, struct str hash, struct arena *a,
                       struct buf *out)
{
    struct node *n = node_new(a, NODE_MAP);

    node_set_str(a, n, "namespace", info->ns);
    node_set_str(a, n, "serviceAccount", info->sa);
    node_set_str(a, n, "hash", hash);
    node_set(n, STR("expiresMs"), node_new_int(a, info->expires_ms));
    node_set(n, STR("uses"), node_new_int(a, info->uses_left));
    (void)node_write_json(n, out, 0);
}

/* ---- creating ---- */

struct creation {
    token_created_fn cb;
    void *arg;
    char *text;
    char id[TOKEN_ID_BYTES];
};

static void on_created(void *arg, const struct store_reply *reply)
{
    struct creation *c = arg;

    if (reply->code)
        c->cb(c->arg, reply->code, STR_NONE, STR_NONE);
    else
        c->cb(c->arg, 0, str_of(c->text), str_of(c->id));
    mem_wipe(c->text, strlen(c->text));
    mem_free(c->text);
    mem_free(c);
}

static char *make_text(struct store *s, const uint8_t *root, char hash[PKI_SHA256_HEX_SIZE])
{
    uint8_t secret[SECRET_BYTES];
    struct buf out;
    size_t at;
    char *text;

    random_bytes(secret, sizeof(secret));
    buf_init(&out, 0);
    buf_printf(&out, "mesh1.%s.", store_get_cluster_id(s));
    encode_hex(&out, str_make(root, PKI_SHA256_BYTES));
    buf_add_char(&out, '.');
    at = buf_len(&out);
    encode_base64url(&out, str_make(secret, sizeof(secret)));
    hash_secret(str_skip(buf_str(&out), at), hash);
    buf_printf(&out, ".%s", store_get_node_id(s));
    text = buf_take_strz(&out);
    mem_wipe(secret, sizeof(secret));
    buf_deinit(&out);
    return text;
}

void token_create(struct store *s, const struct token_want *want, token_created_fn cb, void *arg)
{
    struct creation *c = mem_alloc0(1, sizeof(*c));
    struct store_expect absent = { .absent = true };
    struct store_txn *t = store_txn_new();
    int64_t ttl = want->ttl_s > 0 ? want->ttl_s : 86400;
    struct token_info info = { .ns = want->ns,
                               .sa = want->sa.len ? want->sa : STR("default"),
                               .uses_left = want->uses ? want->uses : 1 };
    char hash[PKI_SHA256_HEX_SIZE];
    struct arena a;
    struct buf body;

    info.expires_ms = clock_wall_ms() + (ttl < TOKEN_TTL_MAX_S ? ttl : TOKEN_TTL_MAX_S) * 1000;
    c->cb = cb;
    c->arg = arg;
    c->text = make_text(s, want->root_spki_sha256, hash);
    memcpy(c->id, hash, TOKEN_ID_BYTES - 1);
    arena_init(&a, 0);
    buf_init(&body, 0);
    write_body(&info, str_of(hash), &a, &body);
    store_txn_put(t, TOKEN_STORE_KIND, STR(""), str_of(c->id), buf_str(&body), false, &absent);
    buf_deinit(&body);
    arena_deinit(&a);
    store_write(s, t, on_created, c);
}

/* ---- looking ---- */

void token_each(struct store *s, void (*each)(void *arg, const struct token_info *info), void *arg)
{
    const struct store_object *o = store_next(s, TOKEN_STORE_KIND, STR(""), STR_NONE, STR_NONE);

    for (; o; o = store_next(s, TOKEN_STORE_KIND, STR(""), o->ns, o->name)) {
        struct token_info info;
        struct arena a;
        struct str hash;

        arena_init(&a, 0);
        if (read_body(o, &a, &info, &hash) == 0)
            each(arg, &info);
        arena_deinit(&a);
    }
}

int token_check(struct store *s, struct str text, int64_t now_ms, struct arena *a,
                struct token_info *out, const char **why)
{
    char hash[PKI_SHA256_HEX_SIZE];
    const struct store_object *o;
    struct str stored;
    struct xds_token t;

    *why = "that is no join token";
    if (xds_token_parse(text, &t) != 0)
        return ERR_DENIED;
    *why = "the token is of another mesh";
    if (!str_is(t.cluster, store_get_cluster_id(s)))
        return ERR_DENIED;
    hash_secret(t.secret, hash);
    *why = "the token is unknown, used up or revoked";
    o = store_find(s, TOKEN_STORE_KIND, STR(""), str_make(hash, TOKEN_ID_BYTES - 1));
    if (!o || read_body(o, a, out, &stored) != 0 || stored.len != sizeof(hash) - 1 ||
        !pki_hash_is_equal(stored.p, hash, stored.len) || out->uses_left == 0)
        return ERR_DENIED;
    *why = "the token has expired";
    return now_ms > out->expires_ms ? ERR_DENIED : 0;
}

/* ---- using up ---- */

struct change {
    void (*cb)(void *arg, int code);
    void *arg;
    bool is_use;
};

static void on_changed(void *arg, const struct store_reply *reply)
{
    struct change *c = arg;
    int code = reply->code;

    if (c->is_use && (code == ERR_CONFLICT || code == ERR_NOT_FOUND))
        code = ERR_DENIED;
    if (c->cb)
        c->cb(c->arg, code);
    mem_free(c);
}

static struct change *new_change(void (*cb)(void *arg, int code), void *arg, bool is_use)
{
    struct change *c = mem_alloc0(1, sizeof(*c));

    *c = (struct change){ cb, arg, is_use };
    return c;
}

void token_revoke(struct store *s, struct str id, void (*cb)(void *arg, int code), void *arg)
{
    struct store_txn *t = store_txn_new();

    store_txn_delete(t, TOKEN_STORE_KIND, STR(""), id, NULL);
    store_write(s, t, on_changed, new_change(cb, arg, false));
}

void token_use(struct store *s, struct str id, void (*cb)(void *arg, int code), void *arg)
{
    const struct store_object *o = store_find(s, TOKEN_STORE_KIND, STR(""), id);
    struct store_txn *t = store_txn_new();
    struct store_expect expect = { .exists = true };
    struct token_info info = { 0 };
    struct str hash;
    struct arena a;
    struct buf body;

    arena_init(&a, 0);
    buf_init(&body, 0);
    if (o && read_body(o, &a, &info, &hash) == 0 && info.uses_left > 1) {
        expect.version = str_of(o->version);
        info.uses_left--;
        write_body(&info, hash, &a, &body);
        store_txn_put(t, TOKEN_STORE_KIND, STR(""), id, buf_str(&body), false, &expect);
    } else {
        if (o)
            expect.version = str_of(o->version);
        store_txn_delete(t, TOKEN_STORE_KIND, STR(""), id, &expect);
    }
    store_write(s, t, on_changed, new_change(cb, arg, true));
    buf_deinit(&body);
    arena_deinit(&a);
}
