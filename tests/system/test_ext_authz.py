"""AuthorizationPolicy CUSTOM with HTTP authorizers (envoyExtAuthzHttp): AZ-1, AZ-16, AZ-18.

What Istio says of the fields and Envoy of its filter: 200 allows, 5xx is a failure, any other status
denies and is the client's answer. gRPC authorizers are in test_ext_authz_grpc.py, bad ones in
test_ext_authz_bad.py."""

import hashlib
import socket

import grpc
import pytest

from meshtest import free_port, grpc_client, http2, raw, until, websocket_echo
from meshtest.authorizer import HttpAuthorizer, custom, http_provider, mesh_config, paths, providers
from meshtest.client import connection, http
from meshtest.objects import endpoint, gateway, obj, routes, service, to
from meshtest.tokens import Keys

LOG = ("--access-log", "/dev/stdout")
ALLOW = {"x-ext-authz": "allow"}


@pytest.fixture
def authorizer():
    made = []

    def make(*args, **options):
        made.append(HttpAuthorizer(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.gate.set()
        one.close()


@pytest.fixture
def side(rig, echo):
    """side(objects...) -> the sidecar of an app, .app."""
    def start(*objects, app=None, protocol="http"):
        app = app or echo.http()
        proxy = rig.inbound(rig.config(*objects), app.port, protocol, *LOG)
        proxy.app = app
        return proxy
    return start


@pytest.fixture
def guarded(side, authorizer):
    """guarded(answer, **fields of the provider): a sidecar that asks about everything; .authorizer"""
    def start(*answer, objects=(), app=None, protocol="http", **fields):
        fields.setdefault("includeRequestHeadersInCheck", ["x-ext-authz"])
        asked = authorizer(*answer)
        proxy = side(*providers(http_provider("web", asked, **fields)), custom("web"), *objects, app=app, protocol=protocol)
        proxy.authorizer = asked
        return proxy
    return start


def seen(reply):
    return dict(reply.json()["headers"])


def answering(status=200, headers=(), body=b""):
    return lambda asked: (status, list(headers.items()) if isinstance(headers, dict) else list(headers), body)


def policy(name, action, *rules):
    return obj("AuthorizationPolicy", name, {"action": action, "rules": list(rules)})


# ---- what it is asked ----

def test_it_is_asked_with_method_path_and_host(guarded):
    proxy = guarded(answering())
    assert proxy.http("/a/b?c=d&e=%20", method="DELETE", host="shop.test:81", headers={"cookie": "a=b", "x-note": "n"}).status == 200
    (asked,) = proxy.authorizer.asked
    assert (asked.method, asked.path, asked.headers["host"]) == ("DELETE", "/a/b?c=d&e=%20", "shop.test:81")
    assert asked.headers.get("content-length", "0") == "0" and asked.body == b""
    assert "cookie" not in asked.headers and "x-note" not in asked.headers


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "PURGE"])
def test_any_method_is_asked_about(guarded, method):
    proxy = guarded()
    assert proxy.http("/", method=method).status == 403
    assert proxy.http("/", method=method, headers=ALLOW).status == 200
    assert [asked.method for asked in proxy.authorizer.asked] == [method, method]


def test_headers_that_it_gets_are_named_by_whole_name_beginning_and_end(guarded):
    proxy = guarded(answering(), includeRequestHeadersInCheck=["X-One", "x-a-*", "*-id"])
    proxy.http("/", headers={"x-one": "1", "x-one-more": "2", "x-a-b": "3", "x-a-": "4", "user-id": "5", "user-idx": "6", "x-b": "7"})
    got = proxy.authorizer.asked[0].headers
    assert {k: got.get(k) for k in ("x-one", "x-one-more", "x-a-b", "x-a-", "user-id", "user-idx", "x-b")} == {
        "x-one": "1", "x-one-more": None, "x-a-b": "3", "x-a-": "4", "user-id": "5", "user-idx": None, "x-b": None}


def test_authorization_is_always_among_them(guarded):
    """Envoy's documentation of allowed_headers: Host, Method, Path, Content-Length and Authorization."""
    proxy = guarded(answering(), includeRequestHeadersInCheck=["x-other"])
    proxy.http("/", headers={"authorization": "Basic eDp5", "proxy-authorization": "Basic eDp6"})
    got = proxy.authorizer.asked[0].headers
    assert got.get("authorization") == "Basic eDp5" and "proxy-authorization" not in got


def test_the_old_field_for_headers_still_counts(guarded):
    proxy = guarded(answering(), includeRequestHeadersInCheck=None, includeHeadersInCheck=["x-old"])
    proxy.http("/", headers={"x-old": "1", "x-new": "2"})
    got = proxy.authorizer.asked[0].headers
    assert got.get("x-old") == "1" and "x-new" not in got


def test_fixed_headers_override_the_clients(guarded):
    proxy = guarded(answering(), includeRequestHeadersInCheck=["x-two", "x-three"],
                    includeAdditionalHeadersInCheck={"x-one": "fixed", "X-Two": "fixed too"})
    reply = proxy.http("/", headers={"x-one": "client", "x-two": "client", "x-three": "client"})
    asked = proxy.authorizer.asked[0]
    assert (asked.headers["x-one"], asked.headers["x-two"], asked.headers["x-three"]) == ("fixed", "fixed too", "client")
    assert asked.names.count("x-two") == 1
    assert seen(reply)["x-one"] == "client" # the app's request is another one


def test_a_header_of_several_lines_arrives_whole(guarded):
    proxy = guarded(answering(), includeRequestHeadersInCheck=["x-many"])
    proxy.http("/", headers=[("x-many", "a"), ("x-many", "b")])
    asked = proxy.authorizer.asked[0]
    assert asked.names.count("x-many") == 2 or asked.headers["x-many"].replace(" ", "") == "a,b"


@pytest.mark.parametrize("prefix, path", [("/check", "/check/a?b=c"), ("/check/", "/check//a?b=c"), ("/x?path=", "/x?path=/a?b=c")])
def test_path_prefix_stands_before_the_path(guarded, prefix, path):
    proxy = guarded(answering(), pathPrefix=prefix)
    assert proxy.http("/a?b=c").json()["target"] == "/a?b=c"
    assert proxy.authorizer.asked[0].path == path


# ---- what it answers ----

def test_200_allows_and_the_sample_authorizer_denies(guarded):
    proxy = guarded()
    reply = proxy.http("/x", headers=ALLOW)
    assert reply.status == 200 and reply.json()["target"] == "/x"
    reply = proxy.http("/x", headers={"x-ext-authz": "deny"})
    assert (reply.status, reply.text()) == (403, "denied by ext_authz for not found header `x-ext-authz: allow` in the request")
    assert reply.header("x-ext-authz-check-result") == "denied"
    assert len(proxy.app.requests) == 1
    proxy.process.wait_line(r'"GET /x HTTP/1\.1" 403 UAEX ext_authz_denied ')


@pytest.mark.parametrize("status", [201, 202, 204, 302, 304, 400, 401, 404, 429, 451])
def test_any_other_status_denies_and_goes_to_the_client(guarded, status):
    proxy = guarded(answering(status, {"location": "/login", "x-why": "because"}, b"" if status == 304 else b"sorry"))
    reply = proxy.http("/")
    assert (reply.status, reply.header("location"), reply.header("x-why")) == (status, "/login", "because")
    assert reply.body == (b"" if status in (204, 304) else b"sorry")
    assert not proxy.app.requests


def test_head_gets_the_denial_without_its_body(guarded):
    proxy = guarded(answering(401, {"www-authenticate": "Basic"}, b""))
    conn = connection(f"http://127.0.0.1:{proxy.port}/")
    for _ in range(3): # bytes of a body would be taken for the next reply
        reply = http(f"http://127.0.0.1:{proxy.port}/", method="HEAD", on=conn)
        assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize("status", [500, 503, 599])
def test_5xx_is_a_failure_and_failures_are_403(guarded, status):
    proxy = guarded(answering(status, {"x-why": "secret"}, b"stack trace"))
    reply = proxy.http("/")
    assert (reply.status, reply.body, reply.header("x-why")) == (403, b"", None)
    assert not proxy.app.requests
    proxy.process.wait_line(r'"GET / HTTP/1\.1" 403 UAEX ext_authz_error ')


def test_status_on_error(guarded):
    assert guarded(answering(500), statusOnError="503").http("/").status == 503


def test_fail_open_lets_pass_what_failed_and_nothing_else(guarded):
    status = [500]
    proxy = guarded(lambda asked: (status[0], {"x-user": "eve"}, b""), failOpen=True, statusOnError="503",
                    headersToUpstreamOnAllow=["x-user"])
    reply = proxy.http("/")
    assert reply.status == 200 and "x-user" not in seen(reply)
    status[0] = 403
    assert proxy.http("/").status == 403
    proxy.authorizer.close()
    assert proxy.http("/").status == 200 # nobody is there


def test_nobody_there_is_a_failure(guarded):
    proxy = guarded(statusOnError="502")
    proxy.authorizer.close()
    assert proxy.http("/", headers=ALLOW).status == 502
    assert not proxy.app.requests


# ---- headers of the answer ----

def test_no_header_of_an_allowing_answer_travels_unasked(guarded):
    proxy = guarded(answering(200, {"x-user": "joe", "set-cookie": "a=b"}))
    reply = proxy.http("/")
    assert "x-user" not in seen(reply) and "set-cookie" not in seen(reply)
    assert reply.header("x-user") is None and reply.header("set-cookie") is None


def test_headers_to_upstream_replace_the_clients(guarded):
    proxy = guarded(answering(200, {"X-User": "joe", "x-auth-role": "admin", "my-id": "7", "x-else": "no"}),
                    headersToUpstreamOnAllow=["x-user", "x-auth-*", "*-id"])
    reply = proxy.http("/", headers=[("x-user", "root"), ("x-user", "daemon"), ("x-else", "client")])
    got = seen(reply)
    assert (got["x-auth-role"], got["my-id"], got["x-else"]) == ("admin", "7", "client")
    assert [v for n, v in reply.json()["headers"] if n == "x-user"] == ["joe"]
    assert reply.header("x-user") is None


def test_headers_to_be_removed_are_named_in_a_header(guarded):
    """Envoy's x-envoy-auth-headers-to-remove; pseudo-headers and Host stay."""
    proxy = guarded(answering(200, {"x-envoy-auth-headers-to-remove": "x-token, X-Other,host,:path"}))
    reply = proxy.http("/p", host="h.test", headers={"x-token": "secret", "x-other": "2", "x-third": "3"})
    got = seen(reply)
    assert reply.status == 200 and "x-token" not in got and "x-other" not in got and got["x-third"] == "3"
    assert (reply.json()["authority"], reply.json()["target"]) == ("h.test", "/p")
    assert "x-envoy-auth-headers-to-remove" not in got


def test_headers_to_the_client_on_allow_stand_beside_the_apps(guarded):
    """Istio's page says they override; the Envoy behind it adds them."""
    proxy = guarded(answering(200, {"x-note": "authorizer", "x-else": "no"}), headersToDownstreamOnAllow=["x-note"])
    reply = proxy.http("/", headers={"x-echo-header": "x-note=app"})
    assert reply.status == 200 and reply.header("x-note") == "app, authorizer" and reply.header("x-else") is None
    assert "x-note" not in seen(reply)


def test_headers_to_the_client_on_allow_reach_answers_of_the_proxy_too(guarded):
    proxy = guarded(answering(200, {"x-note": "authorizer"}), headersToDownstreamOnAllow=["x-note"],
                    objects=[policy("no", "DENY", paths("/no"))])
    reply = proxy.http("/no")
    assert (reply.status, reply.header("x-note")) == (403, "authorizer")


def test_headers_to_the_client_on_deny(guarded):
    answer = answering(401, {"x-why": "because", "x-else": "no", "www-authenticate": "Basic realm=x", "location": "/l"}, b"sorry")
    every = guarded(answer).http("/")
    assert (every.header("x-why"), every.header("x-else"), every.header("www-authenticate")) == ("because", "no", "Basic realm=x")
    some = guarded(answer, headersToDownstreamOnDeny=["x-why"]).http("/")
    assert (some.header("x-why"), some.header("x-else"), some.header("www-authenticate"), some.header("location")) == (
        "because", None, "Basic realm=x", "/l")
    assert (some.status, some.body, some.header("content-length")) == (401, b"sorry", "5")


def test_a_cookie_of_several_lines_reaches_the_client(guarded):
    proxy = guarded(answering(302, [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("location", "/login")]),
                    headersToDownstreamOnDeny=["set-cookie"])
    reply = proxy.http("/")
    assert [v for n, v in reply.headers if n == "set-cookie"] == ["a=1", "b=2"]


# ---- the request's body ----

def with_body(bytes_, partial=False):
    return {"includeRequestBodyInCheck": {"maxRequestBytes": bytes_, "allowPartialMessage": partial}}


@pytest.mark.parametrize("chunked", [False, True])
def test_it_gets_the_body_and_so_does_the_app(guarded, chunked):
    proxy = guarded(answering(), **with_body(100))
    reply = proxy.http("/", method="POST", body=iter([b"hello ", b"world"]) if chunked else b"hello world")
    (asked,) = proxy.authorizer.asked
    assert (asked.body, asked.headers["content-length"]) == (b"hello world", "11")
    assert reply.status == 200 and reply.json()["body"] == "hello world"


def test_without_that_setting_it_gets_none_of_it(guarded):
    proxy = guarded(answering())
    reply = proxy.http("/", method="POST", body=b"x" * 300000)
    (asked,) = proxy.authorizer.asked
    assert asked.body == b"" and asked.headers.get("content-length", "0") == "0"
    assert "transfer-encoding" not in asked.headers and "x-envoy-auth-partial-body" not in asked.headers
    assert reply.json()["body_bytes"] == 300000


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_long_is_413(guarded, chunked):
    proxy = guarded(answering(), **with_body(10))
    assert proxy.http("/", method="POST", body=b"x" * 10).status == 200
    body = b"x" * 11
    assert proxy.http("/", method="POST", body=iter([body[:5], body[5:]]) if chunked else body).status == 413
    assert len(proxy.authorizer.asked) == len(proxy.app.requests) == 1


def test_it_may_get_the_beginning_alone(guarded):
    proxy = guarded(answering(), **with_body(1000, True))
    body = bytes(i % 251 for i in range(1 << 20))
    reply = proxy.http("/", method="POST", body=body, headers={"x-envoy-auth-partial-body": "forged"})
    (asked,) = proxy.authorizer.asked
    assert (asked.body, asked.headers["content-length"], asked.headers["x-envoy-auth-partial-body"]) == (body[:1000], "1000", "true")
    assert asked.names.count("x-envoy-auth-partial-body") == 1
    assert reply.status == 200 and reply.json()["body_bytes"] == len(body)
    assert reply.json()["body_sha256"] == hashlib.sha256(body).hexdigest()
    assert proxy.http("/", method="POST", body=b"all").status == 200
    assert (proxy.authorizer.asked[1].body, proxy.authorizer.asked[1].headers["x-envoy-auth-partial-body"]) == (b"all", "false")


def test_half_a_body_is_waited_for(guarded):
    """Under the limit the whole body is needed, however slowly it comes."""
    proxy = guarded(answering(), **with_body(1000, True))
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello")
        assert http(f"http://127.0.0.1:{proxy.port}/").status == 200 # the proxy has read that and goes on
        assert [asked.method for asked in proxy.authorizer.asked] == ["GET"]
        sock.sendall(b"world")
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
    assert proxy.authorizer.asked[1].body == b"helloworld"


def test_who_waits_for_100_is_told_to_go_on(guarded):
    proxy = guarded(answering(), **with_body(1000))
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 100")
        sock.sendall(b"hello")
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
    assert proxy.authorizer.asked[0].body == b"hello"


def test_a_body_behind_a_denial_is_not_the_next_request(guarded):
    proxy = guarded()
    inner = b"GET /inner HTTP/1.1\r\nhost: a\r\nx-ext-authz: allow\r\n\r\n"
    outer = b"POST /outer HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % len(inner)
    last = b"GET /last HTTP/1.1\r\nhost: a\r\nx-ext-authz: allow\r\nconnection: close\r\n\r\n"
    got = raw(proxy.port, outer + inner + last, limit_s=2)
    assert got.startswith(b"HTTP/1.1 403")
    assert [r["target"] for r in proxy.app.requests] in ([], ["/last"])
    assert "/inner" not in [asked.path for asked in proxy.authorizer.asked]


def test_a_denial_does_not_wait_for_the_rest_of_a_body(guarded):
    proxy = guarded()
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10000000\r\n\r\nhello")
        assert sock.recv(100).startswith(b"HTTP/1.1 403")


def test_a_long_upload_by_http2_waits_and_arrives(guarded):
    proxy = guarded(answering(), **with_body(1000, True))
    body = bytes(i % 253 for i in range(1 << 20))
    with http2(proxy.port) as client:
        reply = client.reply(client.send("POST", "/", body=body, trailers={"x-end": "1"}))
    assert reply.json()["body_sha256"] == hashlib.sha256(body).hexdigest()
    assert reply.json()["trailers"] == [["x-end", "1"]]
    assert proxy.authorizer.asked[0].body == body[:1000]


def test_each_provider_gets_as_much_as_it_wants(side, authorizer):
    one, two, three = authorizer(answering()), authorizer(answering()), authorizer(answering())
    proxy = side(*providers(http_provider("one", one, **with_body(4, True)), http_provider("two", two, **with_body(100)),
                            http_provider("three", three)), custom("one"), custom("two"), custom("three"))
    assert proxy.http("/", method="POST", body=b"hello").json()["body"] == "hello"
    assert [a.asked[0].body for a in (one, two, three)] == [b"hell", b"hello", b""]
    assert proxy.http("/", method="POST", body=b"x" * 101).status == 413
    assert len(proxy.app.requests) == 1


# ---- other protocols ----

def test_http2_streams_are_asked_about_one_by_one(guarded):
    proxy = guarded(**with_body(100000))
    with http2(proxy.port) as client:
        ids = [client.send("POST", f"/{i}", headers=ALLOW if i % 2 else {}, body=b"x" * 1000) for i in range(60)]
        replies = [client.reply(i) for i in ids]
    assert [r.status for r in replies] == [403, 200] * 30
    assert len(proxy.app.requests) == 30 and all(r["body_bytes"] == 1000 for r in proxy.app.requests)
    assert all(len(asked.body) == 1000 for asked in proxy.authorizer.asked)


def test_grpc_calls_are_answered_in_their_way(guarded, echo):
    proxy = guarded(app=echo.grpc(), protocol="grpc")
    with grpc_client(proxy.port) as client:
        assert client.unary(b"hi", metadata=[("x-ext-authz", "allow")]).messages == [b"hi"]
        assert client.bidi([b"a", b"b"], metadata=[("x-ext-authz", "allow")]).messages == [b"a", b"b"]
        denied = client.unary(b"hi")
        assert denied.code == grpc.StatusCode.PERMISSION_DENIED and denied.details.startswith("denied by ext_authz")
    assert proxy.authorizer.asked[0].path == "/meshtest.Echo/Unary" and proxy.authorizer.asked[0].method == "POST"


def test_websockets_are_asked_about_before_they_open(guarded, echo):
    app = echo.websocket()
    proxy = guarded(app=app)
    assert websocket_echo(f"ws://127.0.0.1:{proxy.port}/chat", ["a", b"b"], headers=ALLOW) == ["a", b"b"]
    assert (proxy.authorizer.asked[0].method, proxy.authorizer.asked[0].path) == ("GET", "/chat")
    assert "upgrade" not in proxy.authorizer.asked[0].headers
    with pytest.raises(Exception, match="403"):
        websocket_echo(f"ws://127.0.0.1:{proxy.port}/chat", ["a"])
    assert len(app.requests) == 1


def test_a_websocket_with_a_body_to_check_does_not_hang(guarded, echo):
    proxy = guarded(app=echo.websocket(), **with_body(1000, True))
    assert websocket_echo(f"ws://127.0.0.1:{proxy.port}/chat", ["a"], headers=ALLOW, limit_s=5) == ["a"]


def test_http_authorizers_play_no_part_for_connections(guarded, echo):
    proxy = guarded(answering(403), app=echo.tcp(), protocol="tcp")
    assert raw(proxy.port, b"hello", half_close=True) == b"hello"
    assert not proxy.authorizer.asked


def test_at_a_gateway(rig, echo, authorizer):
    port, app, web = free_port(), echo.http(), authorizer(answering(200, {"x-user": "joe"}))
    gw = rig.gateway(rig.config(
        gateway((port, "HTTP", ["*"], None)), service("app.test", (80, "HTTP"), endpoints=[endpoint(app.port)]),
        routes("r", "*", {"match": [{"uri": {"prefix": "/free"}}], "route": [to("app.test")]},
               {"match": [{"uri": {"prefix": "/old"}}], "rewrite": {"uri": "/new"}, "route": [to("app.test")]}),
        *providers(http_provider("web", web, headersToUpstreamOnAllow=["x-user"])),
        custom("web", {"to": [{"operation": {"notPaths": ["/free*"]}}]}, selector={"matchLabels": {"app": "gw"}})), *LOG)
    assert "x-user" not in seen(gw.http("/free"))
    assert seen(gw.http("/old/x"))["x-user"] == "joe"
    assert [asked.path for asked in web.asked] == ["/old/x"] # as the client said it
    web.answer = answering(401, {}, b"sorry")
    reply = gw.http("/nowhere") # denied before it is known that there is no route
    assert (reply.status, reply.body) == (401, b"sorry")
    gw.process.wait_line(r'" 401 UAEX ext_authz_denied ')


def test_clear_route_cache_lets_headers_choose_the_route(rig, echo, authorizer):
    for clear, server in ((False, "two"), (True, "one")):
        port, one, two, web = free_port(), echo.http("one"), echo.http("two"), authorizer(answering(200, {"x-pick": "1"}))
        gw = rig.gateway(rig.config(
            gateway((port, "HTTP", ["*"], None)), service("one.test", (80, "HTTP"), endpoints=[endpoint(one.port)]),
            service("two.test", (80, "HTTP"), endpoints=[endpoint(two.port)]),
            routes("r", "*", {"match": [{"headers": {"x-pick": {"exact": "1"}}}], "route": [to("one.test")]}, {"route": [to("two.test")]}),
            *providers(http_provider("web", web, headersToUpstreamOnAllow=["x-pick"], clearRouteCache=clear)), custom("web")))
        assert gw.http("/").json()["server"] == server, clear


# ---- with other policies ----

def test_it_comes_before_tokens_and_may_bring_one(guarded):
    keys = Keys("https://one.test", 1)
    need = [obj("RequestAuthentication", "jwt", {"jwtRules": [{"issuer": keys.issuer, "jwks": keys.jwks, "forwardOriginalToken": True}]}),
            policy("who", "ALLOW", {"from": [{"source": {"requestPrincipals": [f"{keys.issuer}/ann"]}}]})]
    proxy = guarded(answering(200, {"authorization": f"Bearer {keys.token(sub='ann')}"}), objects=need,
                    headersToUpstreamOnAllow=["authorization"])
    assert proxy.http("/").status == 200
    proxy.authorizer.answer = answering(200)
    assert proxy.http("/").status == 403
    proxy.authorizer.answer = answering(200, {"authorization": "Bearer a.b.c"})
    assert proxy.http("/").status == 401
    assert proxy.http("/", headers={"authorization": f"Bearer {keys.token(sub='ann')}"}).status == 401 # it was replaced
    proxy.authorizer.answer = answering(418, {}, b"")
    assert proxy.http("/", headers={"authorization": "Bearer a.b.c"}).status == 418 # asked before the token is looked at


def test_it_comes_before_deny_and_allow(guarded):
    proxy = guarded(objects=[policy("deny", "DENY", paths("/deny*")), policy("allow", "ALLOW", paths("/deny*", "/allow*"))])
    for path, allowed, status, body in [("/deny", False, 403, "denied by ext_authz"), ("/deny", True, 403, "RBAC: access denied"),
                                        ("/allow", True, 200, ""), ("/other", True, 403, "RBAC: access denied"),
                                        ("/other", False, 403, "denied by ext_authz")]:
        reply = proxy.http(path, headers=ALLOW if allowed else {})
        assert (reply.status, reply.text().startswith(body)) == (status, True), (path, allowed)
    assert len(proxy.authorizer.asked) == 5


def test_it_comes_before_cors_and_faults(side, rig, echo, authorizer):
    port, app, web = free_port(), echo.http(), authorizer()
    gw = rig.gateway(rig.config(
        gateway((port, "HTTP", ["*"], None)), service("app.test", (80, "HTTP"), endpoints=[endpoint(app.port)]),
        routes("r", "*", {"corsPolicy": {"allowOrigins": [{"exact": "http://o.test"}], "allowMethods": ["GET"]},
                          "fault": {"abort": {"percentage": {"value": 100}, "httpStatus": 418}}, "route": [to("app.test")]}),
        *providers(http_provider("web", web)), custom("web")))
    preflight = {"origin": "http://o.test", "access-control-request-method": "GET"}
    assert gw.http("/", method="OPTIONS", headers=preflight).status == 403
    assert gw.http("/").status == 403
    assert [asked.method for asked in web.asked] == ["OPTIONS", "GET"]


def test_only_what_a_rule_matches_is_asked_about(side, authorizer):
    web = authorizer(answering(403))
    proxy = side(*providers(http_provider("web", web)), custom("web", {
        "to": [{"operation": {"paths": ["/custom*"], "methods": ["GET"], "notPaths": ["/custom/free"]}}],
        "when": [{"key": "request.headers[x-ask]", "values": ["yes"]}]}))
    for path, headers, method, status in [("/custom", {"x-ask": "yes"}, "GET", 403), ("/custom", {"x-ask": "no"}, "GET", 200),
                                          ("/custom", {"x-ask": "yes"}, "POST", 200), ("/health", {"x-ask": "yes"}, "GET", 200),
                                          ("/custom/free", {"x-ask": "yes"}, "GET", 200)]:
        assert proxy.http(path, headers=headers, method=method).status == status, (path, headers, method)
    assert len(web.asked) == 1


def test_paths_are_matched_after_normalization(side, authorizer):
    """What the app would take for /custom is asked about, however it is spelt."""
    web = authorizer(answering(403))
    proxy = side(*providers(http_provider("web", web)), custom("web", paths("/custom*")))
    for path in ("/custom", "/./custom", "/a/../custom", "/a/%2e%2e/custom"):
        assert proxy.http(path).status == 403, path
    assert {asked.path for asked in web.asked} == {"/custom"}
    assert not proxy.app.requests


# ---- several of them ----

def test_all_providers_must_agree(side, authorizer):
    one, two = authorizer(), authorizer(lambda asked: (200 if asked.headers.get("x-two") else 401, {}, b"two"))
    proxy = side(*providers(http_provider("one", one, includeRequestHeadersInCheck=["x-ext-authz"]),
                            http_provider("two", two, includeRequestHeadersInCheck=["x-two"])),
                 custom("one", paths("/api/*")), custom("two", paths("/api/admin*", "/admin*")))
    both = {**ALLOW, "x-two": "1"}
    for path, headers, status in [("/api/data", ALLOW, 200), ("/api/data", {}, 403), ("/admin/x", {"x-two": "1"}, 200),
                                  ("/admin/x", ALLOW, 401), ("/api/admin/u", both, 200), ("/public", {}, 200)]:
        assert proxy.http(path, headers=headers).status == status, (path, headers)
    assert proxy.http("/api/admin/u", headers=ALLOW).status == 401
    assert proxy.http("/api/admin/u", headers={"x-two": "1"}).status == 403
    assert proxy.http("/api/admin/u").status in (401, 403)


def test_several_policies_of_one_provider_are_one_question(side, authorizer):
    web = authorizer(answering())
    proxy = side(*providers(http_provider("web", web)), custom("web", paths("/a*"), name="first"),
                 custom("web", paths("*"), name="second"))
    assert proxy.http("/a").status == 200
    assert len(web.asked) == 1
    assert proxy.http("/b").status == 200 and len(web.asked) == 2


def test_a_provider_that_is_not_there_denies_what_matches(side, authorizer):
    web = authorizer(answering())
    proxy = side(*providers(http_provider("web", web)), custom("web", paths("/valid/*")), custom("ghost", paths("/invalid/*")))
    assert proxy.http("/valid/x").status == 200
    assert proxy.http("/invalid/x").status == 403
    assert proxy.http("/other").status == 200
    assert len(web.asked) == 1


def test_a_service_that_is_not_there_denies_what_matches(side):
    entry = {"name": "web", "envoyExtAuthzHttp": {"service": "nowhere.test", "port": 80}}
    proxy = side(mesh_config(entry), custom("web", paths("/x*")))
    assert proxy.http("/x").status == 403
    assert proxy.http("/y").status == 200
    assert not [r for r in proxy.app.requests if r["target"] == "/x"]


def test_a_provider_of_another_kind_denies_what_matches(side):
    entry = {"name": "web", "prometheus": {}}
    proxy = side(mesh_config(entry), custom("web", paths("/x*")))
    assert proxy.http("/x").status == 403
    assert proxy.http("/y").status == 200


# ---- while things change ----

def test_a_provider_may_be_added_changed_and_removed(side, authorizer):
    first, second = authorizer(answering(401)), authorizer(answering(402))
    proxy = side()
    assert proxy.http("/").status == 200
    proxy.config.put(*providers(http_provider("web", first)), custom("web"))
    until(lambda: proxy.http("/").status == 401, "the first")
    proxy.config.put(*providers(http_provider("web", second)))
    until(lambda: proxy.http("/").status == 402, "the second")
    proxy.config.put(mesh_config())
    until(lambda: proxy.http("/").status == 403, "none: all is denied")
    proxy.config.remove(custom("web"))
    until(lambda: proxy.http("/").status == 200, "no policy")


def test_its_connections_are_used_again_and_may_end(side, authorizer):
    closing = authorizer(version="HTTP/1.0")
    proxy = side(*providers(http_provider("web", closing, includeRequestHeadersInCheck=["x-ext-authz"])), custom("web"))
    assert [proxy.http("/", headers=ALLOW).status for _ in range(20)] == [200] * 20


def test_its_statistics_name_it(guarded):
    """Calls are requests of its cluster: they are not counted as the app's."""
    proxy = guarded()
    for _ in range(3):
        proxy.http("/", headers=ALLOW)
    until(lambda: sum(n for _, n in proxy.samples("istio_requests_total", reporter="destination")) == 3, "three requests")
    assert not proxy.samples("istio_requests_total", reporter="source")


def test_a_denied_request_is_counted_with_its_flag(guarded):
    proxy = guarded()
    proxy.http("/")
    until(lambda: proxy.samples("istio_requests_total", response_code="403", response_flags="UAEX"), "the count")
    assert proxy.samples("istio_requests_total", response_code="403")[0][1] == 1
