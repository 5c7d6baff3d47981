#include "modes/control/rest_auth.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include "core/base/encode.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "core/net/stream_tcp.h"
#include "core/pki/pki_file.h"
#include "modes/control/rest_call.h"

static struct log_module log_module = LOG_MODULE("api");

static const char *const open_paths[] = { "/healthz", "/readyz", "/livez", "/version" };

static int read_token(struct rest *r)
{
    struct buf b;
    int err;

    buf_init(&b, REST_TOKEN_BYTES - 1);
    err = pki_file_read(r->token_path, &b);
    if (err == 0 &&
        (buf_len(&b) < 32 || !str_copy(str_trim(buf_str(&b)), r->token, sizeof(r->token))))
        err = ERR_CORRUPT;
    buf_deinit(&b);
    return err;
}

static int make_token(struct rest *r)
{
    uint8_t secret[16];
    struct buf b;
    int err;

    random_bytes(secret, sizeof(secret));
    buf_init(&b, 0);
    buf_add_str(&b, STR("mesh-admin-"));
    encode_hex(&b, str_make(secret, sizeof(secret)));
    str_copy(buf_str(&b), r->token, sizeof(r->token));
    buf_add_char(&b, '\n');
    err = pki_file_write(r->token_path, buf_str(&b), 0600);
    buf_deinit(&b);
    return err;
}

int rest_auth_open(struct rest *r, const char *state_dir)
{
    int err;

    snprintf(r->token_path, sizeof(r->token_path), "%s/admin.token", state_dir);
    snprintf(r->kubeconfig_path, sizeof(r->kubeconfig_path), "%s/kubeconfig", state_dir);
    err = read_token(r);
    if (err == UV_ENOENT)
        err = make_token(r);
    if (err)
        snprintf(r->why, sizeof(r->why), "%s: %s", r->token_path,
                 err == ERR_CORRUPT || err == ERR_LIMIT
                     ? "holds no token; remove it and a new one is made"
                     : error_text(err));
    return err;
}

int rest_auth_write_kubeconfig(struct rest *r, struct str root_pem)
{
    struct buf b;
    int err;

    buf_init(&b, 0);
    buf_printf(&b, "apiVersion: v1\nkind: Config\nclusters:\n- name: mesh\n  cluster:\n");
    if (root_pem.len) {
        buf_printf(&b,
                   "    server: https://127.0.0.1:%u\n    tls-server-name: localhost\n"
                   "    certificate-authority-data: ",
                   r->addr.port);
        encode_base64(&b, root_pem);
        buf_add_char(&b, '\n');
    } else {
        buf_printf(&b, "    server: http://127.0.0.1:%u\n", r->addr.port);
    }
    buf_printf(&b,
               "users:\n- name: admin\n  user:\n    token: %s\n"
               "contexts:\n- name: mesh\n  context:\n    cluster: mesh\n    user: admin\n"
               "    namespace: default\ncurrent-context: mesh\n",
               r->token);
    err = pki_file_write(r->kubeconfig_path, buf_str(&b), 0600);
    if (err)
        log_warn("%s: %s", r->kubeconfig_path, error_text(err));
    buf_deinit(&b);
    return err;
}

bool rest_auth_is_own_peer(struct stream *s)
{
    struct stream *tcp = stream_find(s, &stream_tcp_ops);
    struct ucred cred;
    socklen_t len = sizeof(cred);

    return tcp && getsockopt(stream_tcp_fd(tcp), SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
           (cred.uid == 0 || cred.uid == geteuid());
}

/* In a time that does not tell how much of it was right. */
static bool is_same_secret(struct str a, struct str b)
{
    unsigned diff = a.len != b.len;

    for (size_t i = 0; i < a.len; i++)
        diff |= (unsigned)(a.p[i] ^ b.p[b.len ? i % b.len : 0]);
    return diff == 0;
}

bool rest_auth_check(struct rest_call *call)
{
    if (call->local) {
        call->user = STR("local");
        call->is_admin = true;
        return true;
    }
    if (call->bearer.len) {
        if (is_same_secret(call->bearer, str_of(call->rest->token))) {
            call->user = STR("admin");
            call->is_admin = true;
            return true;
        }
        rest_call_fail(call, 401, "Unauthorized", "this token is not known here");
        return false;
    }
    for (size_t i = 0; i < sizeof(open_paths) / sizeof(open_paths[0]); i++)
        if (str_is(call->path, open_paths[i]))
            return true;
    rest_call_fail(call, 401, "Unauthorized",
                   "a bearer token is needed here, as in %s (kubectl --kubeconfig %s)",
                   "admin.token", "kubeconfig of the state directory");
    return false;
}
