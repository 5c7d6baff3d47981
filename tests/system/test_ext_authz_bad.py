"""External authorizers that lie, stutter, hang or vanish, and clients that do: nothing passes that
nobody allowed, nothing breaks the framing of what passes, and the proxy goes on."""

import random
import socket
import threading
import time

import h2.config
import h2.connection
import h2.events
import pytest

from meshtest import http2, raw, until
from meshtest.authorizer import (GrpcAuthorizer, HttpAuthorizer, RawAuthorizer, allow, custom, deny, grpc_provider, header,
                                 http_provider, mesh_config, providers)
from meshtest.client import connection, http

LOG = ("--access-log", "/dev/stdout")
FRAMING = [("transfer-encoding", "chunked"), ("content-length", "1"), ("connection", "close"), ("keep-alive", "timeout=1"),
           ("upgrade", "websocket"), ("te", "gzip"), ("proxy-connection", "keep-alive"), ("http2-settings", "AAMAAABk")]
BROKEN = [("", "v"), (" ", "v"), ("a b", "v"), ("a:b", "v"), ("a\r\nevil", "v"), ("a\0", "v"), ("é", "v"), ("x-v1", "a\r\nevil: 1"),
          ("x-v2", "a\nevil: 1"), ("x-v3", "a\rb"), ("x-v4", "a\0b"), (":method", "DELETE"), (":scheme", "ftp"), (":status", "299"),
          (":evil", "1"), ("::", "1")]


@pytest.fixture
def start(rig, echo):
    """start(authorizer, **fields of the provider): a sidecar that asks about everything; .app, .authorizer"""
    made = []

    def begin(authorizer, *, is_grpc=None, app=None, protocol="http", objects=(), **fields):
        made.append(authorizer)
        is_grpc = isinstance(authorizer, GrpcAuthorizer) if is_grpc is None else is_grpc
        pair = (grpc_provider if is_grpc else http_provider)("ext", authorizer, **fields)
        app = app or echo.http()
        proxy = rig.inbound(rig.config(*providers(pair), custom("ext"), *objects), app.port, protocol, *LOG)
        proxy.app, proxy.authorizer = app, authorizer
        return proxy

    yield begin
    for one in made:
        one.gate.set()
        one.close()


def says(data, *, then=None):
    """A server that reads a request's head and says this."""
    def serve(sock):
        got = b""
        while b"\r\n\r\n" not in got:
            part = sock.recv(65536)
            if not part:
                return
            got += part
        sock.sendall(data)
        if then:
            then(sock)
    return RawAuthorizer(serve)


class Http2Answer:
    """RawAuthorizer(Http2Answer(act)): act(connection, stream) once a call has been read whole."""

    def __init__(self, act):
        self.act = act

    def __call__(self, sock):
        conn = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, validate_outbound_headers=False, normalize_outbound_headers=False))
        conn.initiate_connection()
        sock.sendall(conn.data_to_send())
        while data := sock.recv(65536):
            for event in conn.receive_data(data):
                if isinstance(event, h2.events.StreamEnded):
                    self.act(conn, event.stream_id)
            sock.sendall(conn.data_to_send())


def frame(message, *, flag=0, length=None):
    return bytes([flag]) + (len(message) if length is None else length).to_bytes(4, "big") + message


OK_HEAD = [(":status", "200"), ("content-type", "application/grpc")]
OK_BODY = frame(allow().SerializeToString())


def answers(head=OK_HEAD, data=OK_BODY, trailers=(("grpc-status", "0"),)):
    def act(conn, stream):
        conn.send_headers(stream, list(head), end_stream=not data and not trailers)
        if data:
            conn.send_data(stream, data, end_stream=not trailers)
        if trailers:
            conn.send_headers(stream, list(trailers), end_stream=True)
    return RawAuthorizer(Http2Answer(act))


def think(authorizer_of, answer):
    """An answer that waits for the gate."""
    def wait(*_):
        authorizer_of().wait()
        return answer
    return wait


# ---- HTTP ----

@pytest.mark.parametrize("data", [
    b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc", b"garbage\r\n\r\n", b"\x16\x03\x01\x00\x05hello",
    b"HTTP/1.1 200 OK\r\nbad name: 1\r\ncontent-length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 000 Zero\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n"])
def test_what_is_no_answer_of_http_is_a_failure(start, data):
    proxy = start(says(data), statusOnError="502")
    assert proxy.http("/").status == 502
    assert not proxy.app.requests


def test_interim_answers_do_not_decide(start):
    ok = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    assert start(says(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + ok)).http("/").status == 200


@pytest.mark.parametrize("status", [200, 401])
def test_an_answer_without_end_is_cut(start, status):
    def flood(sock):
        for _ in range(4096):
            sock.sendall(b"x" * 65536)
    proxy = start(says(b"HTTP/1.1 %d X\r\n\r\n" % status, then=flood))
    before = proxy.memory_kb()
    reply = proxy.http("/", limit_s=20)
    assert reply.status == 403 and len(reply.body) < 4 << 20
    until(lambda: proxy.authorizer.gone, "it was hung up on")
    assert not proxy.app.requests
    assert proxy.memory_kb() - before < 100 << 10


def test_a_denial_of_2_mib_is_not_an_allowance(start):
    proxy = start(HttpAuthorizer(lambda asked: (401, {"x-why": "big"}, b"x" * (2 << 20))))
    for _ in range(5):
        reply = proxy.http("/")
        assert (reply.status, len(reply.body)) in ((401, 2 << 20), (403, 0))
    assert not proxy.app.requests


def test_a_denial_of_half_a_mib_arrives(start):
    body = bytes(i % 251 for i in range(1 << 19))
    proxy = start(HttpAuthorizer(lambda asked: (401, {}, body)))
    assert proxy.http("/").body == body
    with http2(proxy.port) as client:
        assert client.get("/").body == body


def test_headers_of_framing_do_not_travel_with_a_denial(start):
    proxy = start(says(b"HTTP/1.1 401 No\r\ntransfer-encoding: chunked\r\nconnection: x-hop, close\r\nx-hop: 1\r\nkeep-alive: timeout=1\r\n"
                       b"proxy-connection: close\r\nupgrade: h2c\r\ntrailer: x-t\r\nserver: mine\r\ndate: then\r\n\r\n"
                       b"5\r\nsorry\r\n0\r\nx-t: 1\r\n\r\n"))
    conn = connection(f"http://127.0.0.1:{proxy.port}/")
    for _ in range(2):
        reply = http(f"http://127.0.0.1:{proxy.port}/", on=conn)
        names = [n for n, _ in reply.headers]
        assert (reply.status, reply.body, reply.header("content-length")) == (401, b"sorry", "5")
        assert not {"transfer-encoding", "connection", "keep-alive", "proxy-connection", "upgrade"} & set(names)
        assert names.count("date") == 1 and names.count("server") == 1
    with http2(proxy.port) as client:
        reply = client.get("/")
        assert (reply.status, reply.body, reply.reset) == (401, b"sorry", None)


def test_naming_all_headers_does_not_break_the_apps_request(start):
    """They bring those of the answer's own framing, too."""
    names = ["t*", "c*", "e*", "x-*", "h*", "k*"]
    answer = [("transfer-encoding", "identity"), ("connection", "close"), ("te", "trailers"), ("expect", "100-continue"), ("x-user", "joe"),
              ("host", "evil.test"), ("keep-alive", "timeout=5")]
    proxy = start(HttpAuthorizer(lambda asked: (200, answer[4:] if asked.path == "/plain" else answer[1:], b"ok")),
                  headersToUpstreamOnAllow=names, headersToDownstreamOnAllow=names)
    for path in ("/plain", "/all"):
        reply = proxy.http(path, method="POST", body=b"hello", headers={"x-echo-size": "7"})
        assert (reply.status, reply.body) == (200, b"x" * 7)
        (seen,) = [r for r in proxy.app.requests if r["target"] == path]
        assert seen["body"] == "hello" and dict(seen["headers"])["x-user"] == "joe"
        assert not {"transfer-encoding", "keep-alive"} & {n for n, _ in seen["headers"]}


# ---- gRPC ----

@pytest.mark.parametrize("authorizer", [
    lambda: GrpcAuthorizer(lambda *_: b"\xff\xff\xff not protobuf"),
    lambda: GrpcAuthorizer(lambda *_: b"\x0a\x7f"), # a message longer than its message
    lambda: answers(data=frame(allow().SerializeToString(), flag=1)), # compressed, it says
    lambda: answers(data=frame(b"", flag=1)),
    lambda: answers(head=[*OK_HEAD, ("grpc-encoding", "gzip")], data=frame(b"\x1f\x8b\x08", flag=1)),
    lambda: answers(data=frame(allow().SerializeToString(), length=100)),
    lambda: answers(data=frame(b"", length=0xffffffff)),
    lambda: answers(data=b"\0\0"),
    lambda: answers(trailers=()), # no grpc-status
    lambda: answers(trailers=[("x-other", "1")]),
    lambda: answers(trailers=[("grpc-status", "abc")]),
    lambda: answers(trailers=[("grpc-status", "")]),
    lambda: answers(trailers=[("grpc-status", "7")]), # a message that allows, a status that does not
    lambda: answers(data=b""), # no message
    lambda: answers(head=[*OK_HEAD, ("grpc-status", "0")], data=b"", trailers=()),
    lambda: answers(head=[*OK_HEAD, ("grpc-status", "7")], data=b"", trailers=()),
    lambda: answers(head=[(":status", "503"), ("content-type", "application/grpc")]),
    lambda: answers(head=[(":status", "200"), ("content-type", "text/html")], data=b"<html>", trailers=()),
    lambda: RawAuthorizer(Http2Answer(lambda conn, stream: conn.reset_stream(stream, 8))),
    lambda: RawAuthorizer(Http2Answer(lambda conn, stream: conn.close_connection(2, last_stream_id=0))),
    lambda: says(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    lambda: says(b""),
], ids=range(22))
def test_what_is_no_answer_of_grpc_is_a_failure(start, authorizer):
    proxy = start(authorizer(), is_grpc=True, statusOnError="502")
    assert proxy.http("/").status == 502
    assert proxy.http("/").status == 502
    assert not proxy.app.requests


def test_a_good_answer_by_hand_allows(start):
    """So that the failures above are of what is wrong in them."""
    assert start(answers(), is_grpc=True).http("/").status == 200


@pytest.mark.parametrize("code, status", [(99, 403), (100, 403), (101, 403), (199, 403), (600, 403), (99999, 403), (-1, 403), (65736, 403),
                                          (200, 200), (204, 204), (304, 304), (599, 599)])
def test_a_denials_status_is_one_that_a_client_can_take(start, code, status):
    proxy = start(GrpcAuthorizer(lambda *_: deny(code, [header("x-why", "because")], "sorry")))
    conn = connection(f"http://127.0.0.1:{proxy.port}/")
    for _ in range(2):
        reply = http(f"http://127.0.0.1:{proxy.port}/", on=conn)
        assert reply.status == status
        assert reply.body in ((b"",) if status in (204, 304) else (b"sorry", b"") if status == 403 else (b"sorry",))
    with http2(proxy.port) as client:
        assert client.get("/").status == status
    assert not proxy.app.requests


def test_a_denial_with_an_odd_status_is_no_failure_to_be_forgiven(start):
    proxy = start(GrpcAuthorizer(lambda *_: deny(99)), failOpen=True)
    assert proxy.http("/").status == 403
    assert not proxy.app.requests


def test_a_denial_with_an_odd_header_is_no_failure_to_be_forgiven(start):
    proxy = start(GrpcAuthorizer(lambda *_: deny(401, [header("a b", "v"), header("x", "a\r\nb")])), failOpen=True)
    assert proxy.http("/").status in (401, 403)
    assert not proxy.app.requests


def bad_headers(some, **more):
    return [header(name, value, **more) for name, value in some]


@pytest.mark.parametrize("append", [True, False, None])
@pytest.mark.parametrize("some", [FRAMING, BROKEN, [("host", "evil.test")]], ids=["framing", "broken", "host"])
def test_bad_headers_do_not_reach_the_app(start, some, append):
    more = {} if append is None else {"append": append}
    proxy = start(GrpcAuthorizer(lambda *_: allow(headers=[header("x-good", "1"), *bad_headers(some, **more)])))
    conn = connection(f"http://127.0.0.1:{proxy.port}/")
    for n in range(2):
        reply = http(f"http://127.0.0.1:{proxy.port}/{n}", method="POST", body=b"hello", on=conn)
        assert reply.status == 200 or some is BROKEN and reply.status in (403, 500), reply
        assert reply.header("x-echo-malformed") is None
    for seen in proxy.app.requests:
        headers = dict(seen["headers"])
        assert (seen["method"], seen["body"], headers["content-length"]) == ("POST", "hello", "5")
        assert not {"transfer-encoding", "keep-alive", "proxy-connection", "http2-settings", "evil"} & set(headers)
        assert not [n for n in headers if n in ("", "a b", "a", "x-v1", "x-v2", "x-v3", "x-v4") or n.startswith(":")]
        assert headers.get("te") != "gzip" and headers.get("upgrade") is None
        assert sum(n == "host" for n, _ in seen["headers"]) == 1


@pytest.mark.parametrize("some", [FRAMING, BROKEN], ids=["framing", "broken"])
@pytest.mark.parametrize("denied", [True, False])
def test_bad_headers_do_not_reach_the_client(start, some, denied):
    reply = deny(401, [header("x-good", "1"), *bad_headers(some)], "sorry") if denied else allow(
        response_headers_to_add=[header("x-good", "1"), *bad_headers(some), *bad_headers(some, append_action=2)])
    proxy = start(GrpcAuthorizer(lambda *_: reply))
    conn = connection(f"http://127.0.0.1:{proxy.port}/")
    for _ in range(2):
        got = http(f"http://127.0.0.1:{proxy.port}/", headers={"x-echo-size": "5"}, on=conn)
        assert got.status == (401 if denied else 200) or some is BROKEN and got.status in (403, 500)
        assert got.body in (b"sorry", b"xxxxx", b"") and (got.body or some is BROKEN)
        names = [n for n, _ in got.headers]
        assert names.count("content-length") == 1 and got.header("content-length") == str(len(got.body))
        assert not {"transfer-encoding", "keep-alive", "upgrade", "evil", "", "a b", "a", "x-v1", "x-v2", "x-v3", "x-v4"} & set(names)
        assert not [n for n in names if n.startswith(":")]
    with http2(proxy.port) as client:
        got = client.get("/", headers={"x-echo-size": "5"}) # the h2 library is strict in what it takes
        assert got.reset is None and got.status in (401, 200, 403, 500)


@pytest.mark.parametrize("path", ["", "other", "/a b", "/a HTTP/1.1\r\nevil: 1\r\n\r\nGET /smuggled", "/a\r\nevil: 1", "/a\0", "http://evil.test/", "*", "/ü"])
def test_a_path_that_is_none_does_not_reach_the_app(start, path):
    proxy = start(GrpcAuthorizer(lambda *_: allow(headers=[header(":path", path)])))
    reply = proxy.http("/mine")
    assert reply.header("x-echo-malformed") is None and reply.status in (200, 400, 403, 500)
    for seen in proxy.app.requests:
        assert seen["target"].startswith("/") and "smuggled" not in seen["target"] and "evil" not in dict(seen["headers"])
        assert not set(seen["target"]) & set(" \r\n\0")


@pytest.mark.parametrize("authority", ["", "a b", "a\r\nevil: 1", "a/b", "a\0", "a,b@c"])
def test_an_authority_that_is_none_does_not_reach_the_app(start, authority):
    proxy = start(GrpcAuthorizer(lambda *_: allow(headers=[header(":authority", authority)])))
    reply = proxy.http("/mine", host="mine.test")
    assert reply.header("x-echo-malformed") is None and reply.status in (200, 400, 403, 500)
    for seen in proxy.app.requests:
        assert "evil" not in dict(seen["headers"]) and not set(seen["authority"] or "") & set(" \r\n\0/")


@pytest.mark.parametrize("key, value", [("a\r\nevil", "1"), ("a", "1 HTTP/1.1\r\nevil: 1\r\n\r\n"), ("a b", "c d"), ("a", "\0"), ("a", "x#y"), ("", "1")])
def test_query_parameters_do_not_split_the_request(start, key, value):
    proxy = start(GrpcAuthorizer(lambda *_: allow(query_parameters_to_set=[{"key": key, "value": value}])))
    reply = proxy.http("/mine?x=1")
    assert reply.header("x-echo-malformed") is None and reply.status in (200, 400, 403, 500)
    for seen in proxy.app.requests:
        assert seen["target"].startswith("/mine?x=1") and not set(seen["target"]) & set(" \r\n\0#")
        assert "evil" not in dict(seen["headers"])


def test_what_frames_the_body_is_not_removed(start):
    proxy = start(GrpcAuthorizer(lambda *_: allow(headers_to_remove=["content-length", "transfer-encoding", "host", ":path", "", "a b"])))
    for body in (b"hello", iter([b"hel", b"lo"])):
        reply = proxy.http("/", method="POST", body=body, host="h.test")
        assert reply.status == 200 and (reply.json()["body"], reply.json()["authority"]) == ("hello", "h.test")


@pytest.mark.parametrize("count", [2000, 20000])
def test_thousands_of_headers_have_an_end(start, count):
    """Envoy takes 100 in a request and answers in the place of the app when there are more."""
    many = [header(f"x-{n}", "v" * 20) for n in range(count)]
    proxy = start(GrpcAuthorizer(lambda *_: allow(headers=many)))
    begun = time.monotonic()
    assert proxy.http("/").status in (403, 431, 500)
    assert time.monotonic() - begun < 2 # one loop serves everybody
    assert not proxy.app.requests
    proxy.authorizer.answer = lambda *_: allow()
    assert proxy.http("/").status == 200


@pytest.mark.parametrize("count", [50, 2000, 20000])
def test_a_client_gets_an_answer_however_many_headers_a_denial_has(start, count):
    many = [header(f"x-{n}", "v" * 20) for n in range(count)]
    proxy = start(GrpcAuthorizer(lambda *_: deny(401, many, "sorry")))
    got = raw(proxy.port, b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    assert got.startswith((b"HTTP/1.1 401", b"HTTP/1.1 403", b"HTTP/1.1 500"))
    with http2(proxy.port) as client:
        reply = client.get("/") # or its stream is reset
        assert reply.reset is not None or reply.status in (401, 403, 500)


@pytest.mark.parametrize("is_denial", [True, False])
def test_a_message_of_2_mib_is_a_failure_or_whole(start, is_denial):
    big = deny(401, body="x" * (2 << 20)) if is_denial else allow(headers=[header("x-big", "x" * (2 << 20))])
    proxy = start(GrpcAuthorizer(lambda *_: big))
    reply = proxy.http("/")
    assert (reply.status, len(reply.body)) in ((403, 0), (401, 2 << 20) if is_denial else (403, 0))
    assert not proxy.app.requests


# ---- slowness ----

@pytest.mark.parametrize("kind, no", [(HttpAuthorizer, (200, {}, b"")), (GrpcAuthorizer, allow())], ids=["http", "grpc"])
@pytest.mark.parametrize("fail_open", [False, True])
def test_an_answer_after_the_timeout_is_none(start, kind, no, fail_open):
    proxy = start(kind(think(lambda: proxy.authorizer, no)), timeout="0.3s", statusOnError="504", failOpen=fail_open)
    begun = time.monotonic()
    assert proxy.http("/").status == (200 if fail_open else 504)
    assert 0.25 <= time.monotonic() - begun < 5
    proxy.authorizer.gate.set()
    assert proxy.http("/").status == 200 # it keeps working
    assert len(proxy.app.requests) == (2 if fail_open else 1)


def test_a_grpc_call_is_given_up_at_the_timeout(start):
    proxy = start(GrpcAuthorizer(think(lambda: proxy.authorizer, allow())), timeout="0.3s")
    assert proxy.http("/").status == 403
    until(lambda: proxy.authorizer.gone, "the call was cancelled")


def test_the_timeout_is_for_the_whole_answer(start):
    def drip(sock):
        for _ in range(100):
            sock.sendall(b"x")
            time.sleep(0.05)
    proxy = start(says(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", then=drip), timeout="0.5s")
    begun = time.monotonic()
    assert proxy.http("/").status == 403
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize("protocol", ["http", "tcp"])
def test_it_may_think_for_a_while(start, echo, protocol):
    proxy = start(GrpcAuthorizer(think(lambda: proxy.authorizer, allow())), protocol=protocol, app=echo.http() if protocol == "http" else echo.tcp())
    threading.Timer(1.5, proxy.authorizer.gate.set).start()
    begun = time.monotonic()
    if protocol == "http":
        assert proxy.http("/").status == 200
    else:
        assert raw(proxy.port, b"hello", half_close=True) == b"hello"
    assert time.monotonic() - begun > 1


def test_one_that_hangs_does_not_hold_the_others(start):
    proxy = start(HttpAuthorizer(lambda asked: (proxy.authorizer.wait() if asked.path == "/slow" else None, (200, {}, b""))[1]))
    with http2(proxy.port) as client:
        slow = [client.send("GET", "/slow") for _ in range(20)]
        until(lambda: len(proxy.authorizer.asked) == 20, "twenty questions")
        assert [client.get(f"/{n}").status for n in range(20)] == [200] * 20
        proxy.authorizer.gate.set()
        assert [client.reply(n).status for n in slow] == [200] * 20


def test_pipelined_requests_are_answered_in_their_order(start):
    proxy = start(HttpAuthorizer(lambda asked: (200 if "yes" in asked.path else 403, {}, b"")))
    lines = b"".join(b"GET /%s HTTP/1.1\r\nhost: a\r\n%s\r\n" % (p, b"connection: close\r\n" if p == b"yes3" else b"")
                     for p in (b"no1", b"yes1", b"no2", b"yes2", b"yes3"))
    got = raw(proxy.port, lines)
    assert [part[:3] for part in got.split(b"HTTP/1.1 ")[1:]] == [b"403", b"200", b"403", b"200", b"200"]
    assert [r["target"] for r in proxy.app.requests] == ["/yes1", "/yes2", "/yes3"]


# ---- who goes away ----

@pytest.mark.parametrize("kind, yes", [(HttpAuthorizer, (200, {}, b"")), (GrpcAuthorizer, allow())], ids=["http", "grpc"])
def test_a_client_that_leaves_while_it_thinks(start, kind, yes):
    proxy = start(kind(think(lambda: proxy.authorizer, yes)))
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sock.sendall(b"GET /gone HTTP/1.1\r\nhost: a\r\n\r\n")
        until(lambda: proxy.authorizer.asked, "the question")
    proxy.process.wait_line(r'"GET /gone HTTP/1\.1" 0 DC ')
    with http2(proxy.port) as client:
        stream = client.send("GET", "/reset")
        until(lambda: len(proxy.authorizer.asked) == 2, "the question")
        client.reset(stream)
        proxy.process.wait_line(r'"GET /reset HTTP/2" 0 (DC|DR) ')
        proxy.authorizer.gate.set()
        assert client.get("/stays").status == 200
    assert [r["target"] for r in proxy.app.requests] == ["/stays"]


def test_a_client_that_leaves_in_the_middle_of_a_body_to_check(start):
    proxy = start(HttpAuthorizer(lambda asked: (200, {}, b"")), includeRequestBodyInCheck={"maxRequestBytes": 1000})
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sock.sendall(b"POST /gone HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhello")
        assert proxy.http("/").status == 200
    proxy.process.wait_line(r'"POST /gone HTTP/1\.1" 0 DC ')
    assert [asked.path for asked in proxy.authorizer.asked] == ["/"]


def test_a_connection_that_ends_while_it_thinks(start, echo):
    proxy = start(GrpcAuthorizer(think(lambda: proxy.authorizer, allow())), app=echo.tcp(), protocol="tcp")
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sock.sendall(b"hello")
        until(lambda: proxy.authorizer.asked, "the question")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    proxy.authorizer.gate.set()
    assert raw(proxy.port, b"again", half_close=True) == b"again"


def test_the_authorizer_goes_and_comes_back(start):
    proxy = start(HttpAuthorizer(lambda asked: (200, {}, b"")))
    assert proxy.http("/").status == 200
    port = proxy.authorizer.port
    proxy.authorizer.close()
    assert proxy.http("/").status == 403
    ok = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    with socket.create_server(("127.0.0.1", port)) as listener:
        def serve():
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                with sock:
                    sock.recv(65536)
                    sock.sendall(ok)
        threading.Thread(target=serve, daemon=True).start()
        until(lambda: proxy.http("/").status == 200, "it is asked again")
        listener.shutdown(socket.SHUT_RDWR)


# ---- what changes while it thinks ----

@pytest.mark.parametrize("change", ["policy", "provider", "service"])
@pytest.mark.parametrize("kind, yes", [(HttpAuthorizer, (200, {"x-by": "old"}, b"")), (GrpcAuthorizer, allow(headers=[header("x-by", "old")]))],
                         ids=["http", "grpc"])
def test_configuration_changes_while_it_thinks(start, rig, kind, yes, change):
    fields = {"headersToUpstreamOnAllow": ["x-by"]} if kind is HttpAuthorizer else {}
    proxy = start(kind(think(lambda: proxy.authorizer, yes)), **fields)
    replies = []
    thread = threading.Thread(target=lambda: replies.append(proxy.http("/old", limit_s=20)), daemon=True)
    thread.start()
    until(lambda: proxy.authorizer.asked, "the question")
    pair = (http_provider if kind is HttpAuthorizer else grpc_provider)("ext", proxy.authorizer)
    if change == "policy":
        proxy.config.remove(custom("ext"))
        until(lambda: proxy.http("/new", limit_s=1).status == 200, "nobody is asked")
    elif change == "provider":
        proxy.config.put(mesh_config())
        until(lambda: proxy.http("/new", limit_s=1).status == 403, "nobody is known")
    else:
        proxy.config.remove(pair[1])
        until(lambda: proxy.http("/new", limit_s=1).status == 403, "nobody is there")
    proxy.authorizer.gate.set()
    thread.join(20)
    assert replies[0].status == 200 and dict(replies[0].json()["headers"])["x-by"] == "old"


def test_connections_while_configuration_changes(start, echo):
    proxy = start(GrpcAuthorizer(think(lambda: proxy.authorizer, allow())), app=echo.tcp(), protocol="tcp")
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sock.sendall(b"hello")
        until(lambda: proxy.authorizer.asked, "the question")
        proxy.config.remove(custom("ext"))
        until(lambda: raw(proxy.port, b"other", half_close=True, limit_s=1) == b"other", "nobody is asked")
        proxy.authorizer.gate.set()
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100) == b"hello"


def test_the_proxy_ends_while_it_thinks(start, echo):
    proxy = start(GrpcAuthorizer(think(lambda: proxy.authorizer, allow())))
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        until(lambda: proxy.authorizer.asked, "the question")
        assert proxy.process.stop() == 0


def test_nothing_is_kept_of_requests_that_are_over(start, rig):
    rig.keep_no_freed_memory()
    proxy = start(GrpcAuthorizer(lambda request, _: deny(401, [header("x-n", "v" * 1000)], "x" * 50000) if "no" in request.attributes.request.http.path
                                 else allow(headers=[header("x-n", "v" * 1000)])))

    def round_():
        with http2(proxy.port) as client:
            for _ in range(6):
                ids = [client.send("GET", "/no" if n % 2 else "/yes") for n in range(40)]
                assert {client.reply(n).status for n in ids} == {200, 401}
        return proxy.memory_kb()
    round_()
    first = round_()
    assert min(round_() for _ in range(3)) - first < 8192


@pytest.mark.parametrize("kind, yes, no", [(HttpAuthorizer, (200, {}, b""), (403, {}, b"no")), (GrpcAuthorizer, allow(), deny(403, body="no"))],
                         ids=["http", "grpc"])
def test_clients_that_come_and_go_while_configuration_changes(start, kind, yes, no):
    """Every end of a question against every other: early, late, refused, forgotten."""
    dice = random.Random(7)
    delays = [dice.choice([0, 0, 0.001, 0.003, 0.2]) for _ in range(5000)]
    def answer(asked, *_):
        path = asked.path if kind is HttpAuthorizer else asked.attributes.request.http.path
        time.sleep(delays[len(proxy.authorizer.asked) % len(delays)])
        return yes if path == "/yes" else no
    proxy = start(kind(answer), timeout="0.1s", includeRequestBodyInCheck={"maxRequestBytes": 100, "allowPartialMessage": True})
    ends, wrong = time.monotonic() + 5, []

    def visit(seed):
        mine = random.Random(seed)
        while time.monotonic() < ends:
            path = mine.choice(["/yes", "/no"])
            body = b"x" * mine.choice([0, 10, 1000, 100000])
            with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
                sock.settimeout(5)
                sock.sendall(b"POST %s HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % (path.encode(), len(body)) + body[:50])
                if mine.random() < 0.3: # it has enough
                    time.sleep(mine.choice([0, 0.001, 0.01]))
                    continue
                try:
                    sock.sendall(body[50:])
                    got = sock.recv(12)
                except OSError:
                    continue # refused before all was sent
                if path == "/no" and got == b"HTTP/1.1 200":
                    wrong.append(got)
    threads = [threading.Thread(target=visit, args=(n,), daemon=True) for n in range(8)]
    for thread in threads:
        thread.start()
    pair = (http_provider if kind is HttpAuthorizer else grpc_provider)("ext", proxy.authorizer, timeout="0.15s")
    while time.monotonic() < ends:
        time.sleep(0.1) # the pace of changes
        proxy.config.put(*providers(pair))
        pair[0][next(k for k in pair[0] if k != "name")]["timeout"] = f"0.{dice.randrange(5, 20):02d}s"
    for thread in threads:
        thread.join(10)
    assert not wrong and not [r for r in proxy.app.requests if r["target"] == "/no"]
    assert [r for r in proxy.app.requests if r["target"] == "/yes"]
    proxy.config.remove(custom("ext"))
    until(lambda: proxy.http("/no").status == 200, "nobody is asked")
