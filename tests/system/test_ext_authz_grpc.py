"""AuthorizationPolicy CUSTOM with gRPC authorizers (envoyExtAuthzGrpc): what is in a CheckRequest, what
a CheckResponse changes, connections, authorizers that are part of the mesh. The messages are made by
protobuf's own library, the service is grpcio's."""

import socket
import threading
import time
import urllib.parse

import grpc
import pytest

from meshtest import free_port, grpc_client, http2, raw, until, websocket_echo
from meshtest.authorizer import (ALLOWED, DENIED, GrpcAuthorizer, HttpAuthorizer, allow, custom, deny, grpc_provider, header,
                                 host_of, http_provider, mesh_config, paths, providers)
from meshtest.envoy_auth import CheckResponse
from meshtest.objects import endpoint, gateway, obj, routes, service, to

LOG = ("--access-log", "/dev/stdout")
ALLOW = {"x-ext-authz": "allow"}
STRICT = obj("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})


@pytest.fixture
def authorizer():
    made = []

    def make(*args, kind=GrpcAuthorizer, **options):
        made.append(kind(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.gate.set()
        one.close()


@pytest.fixture
def guarded(rig, echo, authorizer):
    """guarded(answer, **fields of the provider): a sidecar that asks about everything; .app, .authorizer"""
    def start(*answer, objects=(), rules=(), app=None, protocol="http", **fields):
        asked, app = authorizer(*answer), app or echo.http()
        proxy = rig.inbound(rig.config(*providers(grpc_provider("rpc", asked, **fields)), custom("rpc", *rules), *objects),
                            app.port, protocol, *LOG)
        proxy.authorizer, proxy.app = asked, app
        return proxy
    return start


def always(reply):
    return lambda request, context: reply


def seen(reply):
    return reply.json()["headers"]


def values(pairs, name):
    return [v for n, v in pairs if n == name]


# ---- the question ----

def test_what_it_is_told(guarded):
    proxy = guarded(always(allow()))
    before = time.time()
    reply = proxy.http("/a/b?c=d", method="PUT", host="shop.test:81", body=b"hello",
                       headers={"X-Note": "n", "cookie": "a=b", "authorization": "Basic eDp5"})
    assert reply.status == 200
    (request,) = proxy.authorizer.asked
    http = request.attributes.request.http
    assert (http.method, http.path, http.host, http.scheme, http.protocol) == ("PUT", "/a/b?c=d", "shop.test:81", "http", "HTTP/1.1")
    assert (http.headers["x-note"], http.headers["cookie"], http.headers["authorization"]) == ("n", "a=b", "Basic eDp5")
    assert (http.headers[":method"], http.headers[":path"], http.headers[":authority"]) == ("PUT", "/a/b?c=d", "shop.test:81")
    assert (http.size, http.body, http.raw_body, http.query, http.fragment) == (5, "", b"", "", "")
    assert http.id
    source, destination = request.attributes.source, request.attributes.destination
    assert source.address.socket_address.address == "127.0.0.1" and source.address.socket_address.port_value > 1023
    assert (destination.address.socket_address.address, destination.address.socket_address.port_value) == ("127.0.0.1", proxy.port)
    assert source.principal == ""
    assert before - 5 <= request.attributes.request.time.seconds <= time.time() + 5
    assert proxy.authorizer.metadata[0].get("content-type", "application/grpc").startswith("application/grpc")


def test_a_body_of_unknown_length_has_size_minus_1(guarded):
    proxy = guarded(always(allow()))
    assert proxy.http("/", method="POST", body=iter([b"a", b"b"])).status == 200
    assert proxy.authorizer.asked[0].attributes.request.http.size == -1


def test_lines_of_one_header_are_joined(guarded):
    proxy = guarded(always(allow()))
    proxy.http("/", headers=[("x-many", "a"), ("x-many", "b")])
    assert proxy.authorizer.asked[0].attributes.request.http.headers["x-many"].replace(" ", "") == "a,b"


def test_bytes_that_are_no_text_do_not_spoil_the_message(guarded):
    """protobuf's strings are UTF-8; what is not must not make the question unreadable."""
    proxy = guarded(always(allow()), includeRequestBodyInCheck={"maxRequestBytes": 100})
    got = raw(proxy.port, b"POST /\xff HTTP/1.1\r\nhost: a\r\nx-n\x2do: caf\xe9\r\nconnection: close\r\ncontent-length: 3\r\n\r\n\xff\xfe!", limit_s=3)
    assert got.startswith((b"HTTP/1.1 200", b"HTTP/1.1 400")), got # a path must not be so; a header and a body may
    got = raw(proxy.port, b"POST / HTTP/1.1\r\nhost: a\r\nx-no: caf\xe9\r\nconnection: close\r\ncontent-length: 3\r\n\r\n\xff\xfe!", limit_s=3)
    assert got.startswith(b"HTTP/1.1 200"), got
    assert proxy.authorizer.asked[-1].attributes.request.http.headers["x-no"].startswith("caf")


def test_who_the_client_and_the_server_are(rig, echo, authorizer):
    asked = authorizer(always(allow()))
    pair = rig.pair(echo.http(), objects=[*providers(grpc_provider("rpc", asked)), custom("rpc")])
    assert pair.http("/").status == 200
    attributes = asked.asked[0].attributes
    assert attributes.source.principal == "spiffe://cluster.local/ns/default/sa/client"
    assert attributes.destination.principal == "spiffe://cluster.local/ns/default/sa/server"


def test_what_the_proxy_says_of_the_client_is_not_the_clients_to_say(rig, echo, authorizer, ca):
    asked = authorizer(always(allow()))
    forged = {"x-forwarded-client-cert": "URI=spiffe://cluster.local/ns/default/sa/forged", "x-envoy-original-path": "/forged"}
    server = rig.inbound(rig.config(*providers(grpc_provider("rpc", asked)), custom("rpc")), echo.http().port, "http",
                         certs=rig.certs("server"))
    apps = [dict(seen(server.http("/", headers=forged)))]
    tls = ca.client_context(ca.leaf(spiffe="ns/default/sa/client"), alpn=("istio-http/1.1", "istio", "http/1.1"))
    apps.append(dict(seen(server.http("/", scheme="https", tls=tls, headers=forged))))
    plain, mutual = (request.attributes for request in asked.asked)
    assert plain.source.principal == "" and mutual.source.principal == "spiffe://cluster.local/ns/default/sa/client"
    for app, told in zip(apps, (plain.request.http.headers, mutual.request.http.headers)):
        for name in forged: # the app and the authorizer are told the same
            assert app.get(name) == told.get(name, None), name
    assert "x-forwarded-client-cert" not in plain.request.http.headers


def test_no_policy_believes_a_certificate_header_of_a_client_without_one(rig, echo):
    believing = obj("AuthorizationPolicy", "who", {"action": "ALLOW", "rules": [
        {"when": [{"key": "request.headers[x-forwarded-client-cert]", "values": ["*/sa/forged"]}]}]})
    server = rig.inbound(rig.config(believing), echo.http().port, "http")
    assert server.http("/", headers={"x-forwarded-client-cert": "URI=spiffe://cluster.local/ns/default/sa/forged"}).status == 403


def test_cookies_of_http2_are_one_header(guarded):
    proxy = guarded(always(allow()))
    with http2(proxy.port) as client:
        assert client.get("/", headers=[("cookie", "a=b"), ("cookie", "c=d")]).status == 200
    assert proxy.authorizer.asked[0].attributes.request.http.headers["cookie"] == "a=b; c=d"


@pytest.mark.parametrize("as_bytes", [False, True])
def test_the_body_as_text_or_as_bytes(guarded, as_bytes):
    proxy = guarded(always(allow()), includeRequestBodyInCheck={
        "maxRequestBytes": 8, "allowPartialMessage": True, "packAsBytes": as_bytes})
    reply = proxy.http("/", method="POST", body=b"hello")
    assert reply.status == 200 and reply.json()["body"] == "hello"
    assert proxy.http("/", method="POST", body=b"hello world").json()["body"] == "hello world"
    whole, part = (request.attributes.request.http for request in proxy.authorizer.asked)
    assert (whole.body, whole.raw_body) == (("", b"hello") if as_bytes else ("hello", b""))
    assert (part.body, part.raw_body) == (("", b"hello wo") if as_bytes else ("hello wo", b""))
    assert (whole.headers["x-envoy-auth-partial-body"], part.headers["x-envoy-auth-partial-body"]) == ("false", "true")


def test_a_body_that_is_too_long_is_413(guarded):
    proxy = guarded(always(allow()), includeRequestBodyInCheck={"maxRequestBytes": 8})
    assert proxy.http("/", method="POST", body=b"123456789").status == 413
    assert proxy.http("/", method="POST", body=iter([b"12345", b"6789"])).status == 413
    assert not proxy.authorizer.asked and not proxy.app.requests


def test_bytes_of_any_value_arrive(guarded):
    proxy = guarded(always(allow()), includeRequestBodyInCheck={"maxRequestBytes": 1 << 17, "packAsBytes": True})
    body = bytes(range(256)) * 300
    assert proxy.http("/", method="POST", body=body).status == 200
    assert proxy.authorizer.asked[0].attributes.request.http.raw_body == body


def test_http2_is_said_so(guarded):
    proxy = guarded()
    with http2(proxy.port) as client:
        assert client.get("/x", headers=ALLOW).status == 200
        assert client.get("/x").status == 403
    assert proxy.authorizer.asked[0].attributes.request.http.protocol == "HTTP/2"


# ---- allowing ----

def test_a_plain_ok_allows(guarded):
    for reply in (CheckResponse(status={"code": 0}), CheckResponse(), allow()):
        assert guarded(always(reply)).http("/").status == 200


def test_headers_are_set_appended_and_removed(guarded):
    proxy = guarded(always(allow(
        headers=[header("x-set", "new"), header("X-New", "1"), header("x-append", "b", append=True), header("x-over", "z", append=False)],
        headers_to_remove=["x-remove", "X-Remove-Too", ":method", "host", ":path"])))
    reply = proxy.http("/p", host="h.test", headers=[("x-set", "a"), ("x-set", "b"), ("x-append", "a"), ("x-over", "y"),
                                                     ("x-remove", "1"), ("x-remove-too", "1"), ("x-stay", "1")])
    assert reply.status == 200
    got = seen(reply)
    assert (values(got, "x-set"), values(got, "x-new"), values(got, "x-over"), values(got, "x-stay")) == (["new"], ["1"], ["z"], ["1"])
    assert ",".join(values(got, "x-append")).replace(" ", "") == "a,b"
    assert not values(got, "x-remove") and not values(got, "x-remove-too")
    assert (reply.json()["authority"], reply.json()["target"], reply.json()["method"]) == ("h.test", "/p", "GET")


def test_removal_is_after_setting(guarded):
    proxy = guarded(always(allow(headers=[header("x-both", "1")], headers_to_remove=["x-both"])))
    assert not values(seen(proxy.http("/")), "x-both")


def test_response_headers_by_their_actions(guarded):
    """append_action: 0 append or add, 1 if absent, 2 overwrite or add, 3 overwrite if there is one; append, the
    older field, is heeded where it is set."""
    options = [header("x-a", "new"), header("x-b", "new", append_action=1), header("x-b2", "new", append_action=1),
               header("x-c", "new", append_action=2), header("x-c2", "new", append_action=2), header("x-d", "new", append_action=3),
               header("x-d2", "new", append_action=3), header("x-e", "new", append=True), header("x-f", "new", append=False)]
    proxy = guarded(always(allow(response_headers_to_add=options)))
    reply = proxy.http("/", headers=[("x-echo-header", f"x-{c}=app") for c in "abcdef"])
    got = {name: ",".join(values(reply.headers, name)).replace(" ", "") for name in
           ("x-a", "x-b", "x-b2", "x-c", "x-c2", "x-d", "x-d2", "x-e", "x-f")}
    assert got == {"x-a": "app,new", "x-b": "app", "x-b2": "new", "x-c": "new", "x-c2": "new", "x-d": "new", "x-d2": "",
                   "x-e": "app,new", "x-f": "new"}
    assert not values(seen(reply), "x-c")


def test_cookies_may_be_added_to_the_apps(guarded):
    proxy = guarded(always(allow(response_headers_to_add=[header("set-cookie", "b=2"), header("set-cookie", "c=3")])))
    reply = proxy.http("/", headers={"x-echo-header": "set-cookie=a=1"})
    assert sorted(values(reply.headers, "set-cookie")) == ["a=1", "b=2", "c=3"]


@pytest.mark.parametrize("before, after", [("/p", "/p?a=1&b=2"), ("/p?a=0", "/p?a=1&b=2"), ("/p?x=1&a=0&y=2", None), ("/p?a=0&a=9", "/p?a=1&b=2"),
                                           ("/p?gone=1&b=2", None), ("/p?", None), ("/p?ax=1", None)])
def test_query_parameters_are_set_and_removed(guarded, before, after):
    proxy = guarded(always(allow(query_parameters_to_set=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}],
                                 query_parameters_to_remove=["gone"])))
    target = proxy.http(before).json()["target"]
    old = [pair for pair in urllib.parse.parse_qsl(before.partition("?")[2]) if pair[0] not in ("a", "b", "gone")]
    path, _, query = target.partition("?")
    assert path == "/p" and sorted(urllib.parse.parse_qsl(query)) == sorted([*old, ("a", "1"), ("b", "2")])
    assert after is None or sorted(target.split("?")[1].split("&")) == sorted(after.split("?")[1].split("&"))


def test_removing_all_parameters_leaves_the_path(guarded):
    proxy = guarded(always(allow(query_parameters_to_remove=["a"])))
    assert proxy.http("/p?a=1").json()["target"] in ("/p", "/p?")


def test_path_and_authority_are_headers(guarded):
    proxy = guarded(always(allow(headers=[header(":path", "/other?x=1"), header(":authority", "other.test")])))
    got = proxy.http("/p").json()
    assert (got["target"], got["authority"]) == ("/other?x=1", "other.test")


def test_a_changed_path_is_what_later_policies_see(guarded):
    """DENY and ALLOW come after it."""
    no = obj("AuthorizationPolicy", "no", {"action": "DENY", "rules": [paths("/secret*")]})
    proxy = guarded(always(allow(headers=[header(":path", "/secret/x")])), objects=[no])
    assert proxy.http("/open").status == 403
    assert not proxy.app.requests


def test_headers_it_sets_are_what_later_policies_see(guarded):
    only = obj("AuthorizationPolicy", "only", {"action": "ALLOW", "rules": [{"when": [{"key": "request.headers[x-role]", "values": ["admin"]}]}]})
    proxy = guarded(always(allow(headers=[header("x-role", "user")])), objects=[only])
    assert proxy.http("/", headers={"x-role": "admin"}).status == 403
    proxy.authorizer.answer = always(allow(headers=[header("x-role", "admin")]))
    assert proxy.http("/", headers={"x-role": "user"}).status == 200


def test_what_one_changes_the_next_is_told(rig, echo, authorizer):
    one = authorizer(always(allow(headers=[header("x-user", "joe")])))
    two = authorizer(always(allow(headers=[header("x-role", "admin")])))
    proxy = rig.inbound(rig.config(*providers(grpc_provider("one", one), grpc_provider("two", two)), custom("one"), custom("two")),
                        echo.http().port, "http")
    got = dict(seen(proxy.http("/")))
    assert (got["x-user"], got["x-role"]) == ("joe", "admin")
    told = [a.asked[0].attributes.request.http.headers for a in (one, two)]
    assert ("x-user" in told[1]) != ("x-role" in told[0])


# ---- denying ----

def test_a_denial_with_status_headers_and_body(guarded):
    proxy = guarded(always(deny(302, [header("Location", "/login"), header("set-cookie", "a=1", append=True),
                                      header("set-cookie", "b=2", append=True)], "go there")))
    reply = proxy.http("/")
    assert (reply.status, reply.header("location"), reply.body) == (302, "/login", b"go there")
    assert values(reply.headers, "set-cookie") == ["a=1", "b=2"]
    assert not proxy.app.requests
    proxy.process.wait_line(r'"GET / HTTP/1\.1" 302 UAEX ext_authz_denied ')


@pytest.mark.parametrize("reply", [deny(), CheckResponse(status={"code": 7}), CheckResponse(status={"code": 16, "message": "who?"})])
def test_a_denial_that_says_no_status_is_403(guarded, reply):
    got = guarded(always(reply)).http("/")
    assert (got.status, got.body) == (403, b"")


def test_a_denial_may_be_5xx(guarded):
    assert guarded(always(deny(503, body="later")), failOpen=True).http("/").status == 503


def test_the_sample(guarded):
    proxy = guarded()
    reply = proxy.http("/", headers=ALLOW)
    assert reply.status == 200 and dict(seen(reply))[ALLOWED] == "allowed"
    reply = proxy.http("/")
    assert (reply.status, reply.header(ALLOWED), reply.text()) == (403, "denied", DENIED)


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNIMPLEMENTED])
def test_a_call_that_fails_is_a_failure(guarded, code):
    def fail(_request, context):
        context.abort(code, "no")
    assert guarded(fail).http("/").status == 403
    assert guarded(fail, statusOnError="503").http("/").status == 503
    proxy = guarded(fail, failOpen=True)
    assert proxy.http("/").status == 200
    proxy = guarded(fail)
    proxy.http("/")
    proxy.process.wait_line(r'"GET / HTTP/1\.1" 403 UAEX ext_authz_error ')


# ---- calls, WebSocket ----

def test_grpc_calls(guarded, echo):
    proxy = guarded(app=echo.grpc(), protocol="grpc")
    with grpc_client(proxy.port) as client:
        assert client.unary(b"hi", metadata=[("x-ext-authz", "allow")]).messages == [b"hi"]
        assert client.unary(b"hi").code == grpc.StatusCode.PERMISSION_DENIED
        proxy.authorizer.answer = always(deny(401))
        assert client.unary(b"hi").code == grpc.StatusCode.UNAUTHENTICATED
    assert proxy.authorizer.asked[0].attributes.request.http.path == "/meshtest.Echo/Unary"


def test_a_stream_of_calls_begins_although_its_body_has_no_end(guarded, echo):
    proxy = guarded(app=echo.grpc(), protocol="grpc")
    with grpc_client(proxy.port) as client:
        assert client.bidi([b"a", b"b", b"c"], metadata=[("x-ext-authz", "allow")]).messages == [b"a", b"b", b"c"]


def test_websockets(guarded, echo):
    proxy = guarded(app=echo.websocket())
    assert websocket_echo(f"ws://127.0.0.1:{proxy.port}/chat", ["a", b"b"], headers=ALLOW) == ["a", b"b"]
    with pytest.raises(Exception, match="403"):
        websocket_echo(f"ws://127.0.0.1:{proxy.port}/chat", ["a"])


# ---- connections ----

def test_connections_are_asked_about(guarded, echo):
    proxy = guarded(always(allow()), app=echo.tcp(), protocol="tcp")
    assert raw(proxy.port, b"hello", half_close=True) == b"hello"
    (request,) = proxy.authorizer.asked
    attributes = request.attributes
    assert not attributes.request.HasField("http")
    assert attributes.source.address.socket_address.address == "127.0.0.1"
    assert attributes.destination.address.socket_address.port_value in (proxy.port, proxy.app.port)
    proxy.authorizer.answer = always(deny())
    assert raw(proxy.port, b"hello", half_close=True) == b""
    proxy.process.wait_line(r'"- - -" 0 UAEX ext_authz_denied ')


def test_an_app_that_speaks_first_says_nothing_before_the_answer(guarded, echo):
    proxy = guarded(always(deny()), app=echo.tcp(greet=b"welcome"), protocol="tcp")
    assert raw(proxy.port, b"", limit_s=2) == b""
    proxy.authorizer.answer = always(allow())
    assert raw(proxy.port, b"hello", half_close=True) == b"welcomehello"


def test_bytes_that_come_while_it_thinks_wait(guarded, echo):
    def think(_request, _context):
        proxy.authorizer.wait()
        return allow()
    proxy = guarded(think, app=echo.tcp(), protocol="tcp")
    data = b"x" * 200000
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sender = threading.Thread(target=lambda: (sock.sendall(data), sock.shutdown(socket.SHUT_WR)), daemon=True)
        sender.start()
        until(lambda: proxy.authorizer.asked, "the question")
        assert proxy.app.accepted == 0
        proxy.authorizer.gate.set()
        got = b""
        while part := sock.recv(65536):
            got += part
    assert got == data


@pytest.mark.parametrize("fail_open", [False, True])
def test_connections_when_it_fails(guarded, echo, fail_open):
    def fail(_request, context):
        context.abort(grpc.StatusCode.UNAVAILABLE, "no")
    proxy = guarded(fail, app=echo.tcp(), protocol="tcp", failOpen=fail_open)
    assert raw(proxy.port, b"hello", half_close=True) == (b"hello" if fail_open else b"")


def test_connections_by_account(rig, echo, authorizer):
    """As Istio's sample does: the account a may, others may not."""
    asked = authorizer()
    server = rig.inbound(rig.config(STRICT, *providers(grpc_provider("rpc", asked)), custom("rpc")), echo.tcp().port, "tcp",
                         certs=rig.certs("server"))
    for account, got in (("a", b"hello"), ("b", b"")):
        port = free_port()
        front = rig.gateway(rig.config(
            gateway((port, "TCP", ["*"], None)), service("app.test", (80, "TCP"), endpoints=[endpoint(server.port, hop="mtls")]),
            routes("tcp", "*", {"match": [{"port": port}], "route": [to("app.test")]}, kind="tcp")), certs=rig.certs(account))
        assert raw(front.port, b"hello", half_close=True) == got, account
    assert [r.attributes.source.principal.rpartition("/")[2] for r in asked.asked] == ["a", "b"]


def test_fields_of_http_do_not_narrow_a_rule_for_connections(guarded, echo):
    """AZ-6: as in DENY policies, what cannot be known of a connection counts as matched."""
    proxy = guarded(always(deny()), rules=[paths("/x")], app=echo.tcp(), protocol="tcp")
    assert raw(proxy.port, b"hello", half_close=True) == b""
    assert len(proxy.authorizer.asked) == 1


# ---- where it is ----

def test_at_a_gateway(rig, echo, authorizer):
    port, asked = free_port(), authorizer()
    gw = rig.gateway(rig.config(
        gateway((port, "HTTP", ["*"], None)), service("app.test", (80, "HTTP"), endpoints=[endpoint(echo.http().port)]),
        routes("r", "*", {"route": [to("app.test")]}), *providers(grpc_provider("rpc", asked)), custom("rpc")))
    assert (gw.http("/", headers=ALLOW).status, gw.http("/").status) == (200, 403)
    with http2(gw.port) as client:
        assert (client.get("/", headers=ALLOW).status, client.get("/").status) == (200, 403)


def test_connections_at_a_gateway(rig, echo, authorizer):
    port, asked = free_port(), authorizer(always(allow()))
    gw = rig.gateway(rig.config(
        gateway((port, "TCP", ["*"], None)), service("app.test", (80, "TCP"), endpoints=[endpoint(echo.tcp().port)]),
        routes("r", "*", {"match": [{"port": port}], "route": [to("app.test")]}, kind="tcp"),
        *providers(grpc_provider("rpc", asked)), custom("rpc")))
    assert raw(gw.port, b"hello", half_close=True) == b"hello"
    asked.answer = always(deny())
    assert raw(gw.port, b"hello", half_close=True) == b""
    assert len(asked.asked) == 2 and not asked.asked[0].attributes.request.HasField("http")


def test_websockets_at_a_gateway(rig, echo, authorizer):
    port, asked = free_port(), authorizer()
    gw = rig.gateway(rig.config(
        gateway((port, "HTTP", ["*"], None)), service("app.test", (80, "HTTP"), endpoints=[endpoint(echo.websocket().port)]),
        routes("r", "*", {"route": [to("app.test")]}), *providers(grpc_provider("rpc", asked)), custom("rpc")))
    assert websocket_echo(f"ws://127.0.0.1:{gw.port}/chat", ["a"], headers=ALLOW) == ["a"]
    with pytest.raises(Exception, match="403"):
        websocket_echo(f"ws://127.0.0.1:{gw.port}/chat", ["a"])


@pytest.mark.parametrize("hop", ["mtls", "mesh"])
@pytest.mark.parametrize("kind", ["http", "grpc"])
def test_an_authorizer_in_the_mesh(rig, echo, authorizer, kind, hop):
    """Behind a sidecar of its own, by mutual TLS, which lets in nobody but the server's account."""
    asked = authorizer(kind=HttpAuthorizer if kind == "http" else GrpcAuthorizer)
    only = obj("AuthorizationPolicy", "only", {"action": "ALLOW", "rules": [{"from": [{"source": {"principals": ["cluster.local/ns/default/sa/server"]}}]}]})
    behind = rig.inbound(rig.config(STRICT, only), asked.port, kind, name="auth", certs=rig.certs("auth"))
    fields = {"includeRequestHeadersInCheck": ["x-ext-authz"]} if kind == "http" else {}
    entry, _ = (http_provider if kind == "http" else grpc_provider)("ext", asked, **fields)
    at = service(host_of("ext"), (80, kind.upper()), endpoints=[endpoint(behind.port, hop=hop, account="auth")])
    objects = [mesh_config(entry), at, custom("ext")]
    for account, status in (("server", 200), ("other", 403)):
        proxy = rig.inbound(rig.config(*objects), echo.http().port, "http", certs=rig.certs(account), account=account, name=account)
        assert proxy.http("/", headers=ALLOW).status == status, account
        assert proxy.http("/").status == 403
    assert len(asked.asked) == 2


@pytest.mark.parametrize("kind", ["http", "grpc"])
def test_an_authorizer_by_a_name_of_dns(rig, echo, authorizer, kind):
    asked = authorizer(kind=HttpAuthorizer if kind == "http" else GrpcAuthorizer)
    fields = {"includeRequestHeadersInCheck": ["x-ext-authz"]} if kind == "http" else {}
    entry, _ = (http_provider if kind == "http" else grpc_provider)("ext", asked, **fields)
    at = obj("ServiceEntry", "ext", {"hosts": [host_of("ext")], "resolution": "DNS", "location": "MESH_EXTERNAL",
                                     "ports": [{"number": 80, "name": "p80", "protocol": kind.upper()}],
                                     "endpoints": [{"address": "localhost", "ports": {"p80": asked.port}}]})
    proxy = rig.inbound(rig.config(mesh_config(entry), at, custom("ext")), echo.http().port, "http")
    until(lambda: proxy.http("/", headers=ALLOW).status == 200, "its name is known")
    assert proxy.http("/").status == 403


def test_the_service_may_be_named_with_its_namespace(rig, echo, authorizer):
    """`namespace/host` chooses among services of one name."""
    asked = authorizer()
    entry, at = grpc_provider("ext", asked)
    at["metadata"]["namespace"] = "elsewhere"
    entry["envoyExtAuthzGrpc"]["service"] = "elsewhere/" + host_of("ext")
    proxy = rig.inbound(rig.config(mesh_config(entry), at, custom("ext")), echo.http().port, "http")
    assert (proxy.http("/", headers=ALLOW).status, proxy.http("/").status) == (200, 403)


def test_many_requests_at_once(guarded):
    proxy = guarded()
    with http2(proxy.port) as client:
        ids = [client.send("GET", f"/{i}", headers=ALLOW if i % 3 else {}) for i in range(90)]
        assert [client.reply(i).status for i in ids] == [200 if i % 3 else 403 for i in range(90)]
