"""A client's sidecar and an app's sidecar with mutual TLS between them: every protocol, by both
kinds of hop (multiplexed between two mesh proxies; as Istio's sidecars do it)."""

import asyncio
import hashlib
import os
import re
import socket
import struct
import threading
import time

import grpc
import pytest
import websockets

from meshtest import grpc_client, http, http2, raw, until, websocket_echo
from meshtest.client import connection
from meshtest.loop import call
from meshtest.objects import endpoint, obj, service
from meshtest.rig import HOST

HOPS = ["mesh", "mtls"]
# Of the big bodies: MESH_TEST_BODY_MIB=1024 is what the issue asks for.
BODY_BYTES = int(os.environ.get("MESH_TEST_BODY_MIB", "128")) << 20
# The address sanitizer pads blocks and keeps some that were freed.
SLACK_KB = 64 * 1024 if "asan" in os.environ.get("MESH_BIN", "asan") else 24 * 1024

hops = pytest.mark.parametrize("hop", HOPS)


@pytest.fixture
def http_pair(rig, echo):
    def start(hop="mesh", app=None, **options):
        return rig.pair(app or echo.http("app"), "http", hop, **options)
    return start


@pytest.fixture
def peak(rig):
    """peak(pair) -> a function that returns by how much memory of either proxy has grown since, at most."""
    rig.keep_no_freed_memory()
    stop, threads = threading.Event(), []

    def watch(pair):
        before = [p.memory_kb() for p in (pair.client, pair.server)]
        most = [0, 0]

        def poll():
            while not stop.wait(0.05):
                for at, proxy in enumerate((pair.client, pair.server)):
                    most[at] = max(most[at], proxy.memory_kb() - before[at])
        threads.append(threading.Thread(target=poll, daemon=True))
        threads[-1].start()
        return lambda: max(most)
    yield watch
    stop.set()
    for thread in threads:
        thread.join()


# ---- HTTP/1.1 ----

@hops
def test_http1(http_pair, hop):
    pair = http_pair(hop)
    conn = connection(f"http://127.0.0.1:{pair.port}/")
    for n in range(20):
        body = bytes([n]) * n * 1000
        seen = pair.http(f"/x?n={n}", method="POST", body=body, headers={"x-n": str(n)}, on=conn).json()
        assert (seen["target"], seen["authority"], seen["version"]) == (f"/x?n={n}", HOST, "HTTP/1.1")
        assert seen["body_sha256"] == hashlib.sha256(body).hexdigest()
        assert dict(seen["headers"])["x-n"] == str(n)
    conn.close()
    xfcc = dict(seen["headers"])["x-forwarded-client-cert"]
    assert "By=spiffe://cluster.local/ns/default/sa/server;" in xfcc
    assert xfcc.endswith(";URI=spiffe://cluster.local/ns/default/sa/client")
    for name in dict(seen["headers"]):
        assert not name.startswith(("x-mesh", "mesh-")), name # of the hop, not of the app


@hops
@pytest.mark.parametrize("protocol", ["http", "http2", "auto"])
def test_short_host_names_and_ports(rig, echo, hop, protocol):
    app = echo.http2("app") if protocol == "http2" else echo.http("app")
    pair = rig.pair(app, protocol, hop, declared="HTTP2" if protocol == "http2" else "HTTP")
    for host in (HOST, HOST + ":80", HOST.upper()):
        assert pair.http("/", host=host).json()["version"] == ("HTTP/2" if protocol == "http2" else "HTTP/1.1")


@hops
def test_bodiless_replies(http_pair, hop):
    pair = http_pair(hop)
    conn = connection(f"http://127.0.0.1:{pair.port}/")
    reply = pair.http("/", method="HEAD", headers={"x-echo-size": "12345"}, on=conn)
    assert (reply.status, reply.body, reply.header("content-length")) == (200, b"", "12345")
    for status in (204, 304):
        reply = pair.http("/", headers={"x-echo-status": str(status)}, on=conn)
        assert (reply.status, reply.body) == (status, b"")
    assert pair.http("/", on=conn).status == 200 # framing held
    conn.close()


@hops
def test_methods(http_pair, hop):
    pair = http_pair(hop)
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
        assert pair.http("/", method=method, body=b"b" if method in ("PUT", "PATCH", "DELETE") else None).json()["method"] == method


@hops
def test_chunked_and_trailers(http_pair, hop):
    pair = http_pair(hop)
    seen = pair.http("/", method="POST", body=iter([b"a" * 10, b"b" * 70000, b"c"])).json()
    assert seen["body_bytes"] == 70011
    data = raw(pair.port, f"GET / HTTP/1.1\r\nHost: {HOST}\r\nTE: trailers\r\nx-echo-trailer: t=1\r\nConnection: close\r\n\r\n".encode())
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200") and body.endswith(b"\r\n0\r\nt: 1\r\n\r\n"), data[-200:]
    data = raw(pair.port, f"POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\nConnection: close\r\n\r\n"
                          "3\r\nabc\r\n0\r\nx-t: v\r\n\r\n".encode())
    assert b'"body": "abc"' in data


@hops
def test_pipelined_requests_keep_their_order(http_pair, hop):
    pair = http_pair(hop)
    asked = b"".join(f"GET /{n} HTTP/1.1\r\nHost: {HOST}\r\n{'Connection: close' + chr(13) + chr(10) if n == 9 else ''}"
                     f"x-echo-delay: {0.1 if n == 0 else 0}\r\n\r\n".encode() for n in range(10))
    data = raw(pair.port, asked)
    assert re.findall(rb'"target": "/(\d)"', data) == [b"%d" % n for n in range(10)]


@hops
def test_continue(http_pair, hop):
    pair = http_pair(hop)
    with socket.create_connection(("127.0.0.1", pair.port), 5) as sock:
        sock.sendall(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n".encode())
        assert sock.recv(100).startswith(b"HTTP/1.1 100 ")
        sock.sendall(b"body")
        data = b""
        while part := sock.recv(65536):
            data += part
    assert b"HTTP/1.1 200" in data and b'"body": "body"' in data


@hops
def test_early_hints(http_pair, hop):
    pair = http_pair(hop)
    data = raw(pair.port, f"GET / HTTP/1.1\r\nHost: {HOST}\r\nx-echo-hints: 1\r\nConnection: close\r\n\r\n".encode())
    assert data.startswith(b"HTTP/1.1 103 ") and b"link: </style.css>" in data and b"HTTP/1.1 200" in data


@hops
def test_http10_is_refused(http_pair, hop):
    pair = http_pair(hop)
    assert raw(pair.port, f"GET / HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode()).startswith(b"HTTP/1.1 426")
    assert not pair.app.requests


@hops
@pytest.mark.parametrize("header_bytes, count", [(1000, 70), (20000, 4), (10, 150)])
def test_big_heads(http_pair, hop, header_bytes, count):
    pair = http_pair(hop)
    reply = pair.http("/", headers=[(f"x-{n}", "v" * header_bytes) for n in range(count)])
    assert reply.status == 431
    assert not pair.app.requests
    assert pair.http("/", headers=[(f"x-{n}", "v" * 1000) for n in range(30)]).status == 200


@hops
def test_upstream_resets_midway(http_pair, hop):
    pair = http_pair(hop)
    data = raw(pair.port, f"GET / HTTP/1.1\r\nHost: {HOST}\r\nx-echo-size: 100000\r\nx-echo-reset: 5000\r\n\r\n".encode())
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200") and len(body) <= 5000 # cut, not ended as if whole
    data = raw(pair.port, f"GET / HTTP/1.1\r\nHost: {HOST}\r\nx-echo-chunked: 1\r\nx-echo-size: 100000\r\nx-echo-reset: 5000\r\n\r\n".encode())
    assert not data.endswith(b"0\r\n\r\n")
    with http2(pair.port) as client:
        reply = client.get("/", authority=HOST, headers={"x-echo-size": "100000", "x-echo-reset": "5000"})
        assert reply.reset is not None and len(reply.body) <= 5000
        assert client.get("/", authority=HOST).status == 200 # other streams go on
    assert pair.http("/").status == 200


@hops
def test_upstream_ends_without_an_answer(http_pair, hop):
    pair = http_pair(hop, app=closing_app())
    reply = pair.http("/", method="POST", body=b"x")
    assert reply.status == 503
    pair.app.close()


def closing_app(answers=0, answer=b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", delay_s=0.0):
    """An app that answers so many requests of a connection and then closes it."""
    listener = socket.create_server(("127.0.0.1", 0))

    class App:
        port = listener.getsockname()[1]
        accepted = 0

        @staticmethod
        def close():
            listener.close()

    def serve(sock):
        with sock:
            for _ in range(answers):
                data = b""
                while b"\r\n\r\n" not in data:
                    part = sock.recv(65536)
                    if not part:
                        return
                    data += part
                sock.sendall(answer)
            if not answers:
                sock.recv(65536)
            time.sleep(delay_s)

    def accept():
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            App.accepted += 1
            threading.Thread(target=serve, args=(sock,), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return App


@hops
def test_keep_alive_race(http_pair, hop):
    """The app closes each connection after one reply without having said so: no GET may fail."""
    pair = http_pair(hop, app=closing_app(answers=1))
    for _ in range(150):
        assert pair.http("/").status == 200
    pair.app.close()


@hops
def test_upstream_answers_early(http_pair, hop):
    """A reply before the body has come: it reaches the client, and nothing waits for the rest."""
    app = closing_app(answers=1, answer=b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig", delay_s=1)
    pair = http_pair(hop, app=app)
    with socket.create_connection(("127.0.0.1", pair.port), 5) as sock:
        sock.sendall(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000000\r\n\r\n".encode() + b"x" * 1000)
        assert sock.recv(65536).startswith(b"HTTP/1.1 413")
    with http2(pair.port) as client:
        stream = client.send("POST", "/", authority=HOST, body=b"x" * 1000, end=False)
        client.wait(lambda: client.replies[stream].status == 413, "the early reply")
    app.close()


@hops
def test_client_goes_away(http_pair, hop):
    """Work behind us ends when the client is gone, on both sides of the hop."""
    log = ("--access-log", "/dev/stdout")
    pair = http_pair(hop, client_args=log, server_args=log)
    socks = [socket.create_connection(("127.0.0.1", pair.port), 5) for _ in range(20)]
    for sock in socks:
        sock.sendall(f"GET /gone HTTP/1.1\r\nHost: {HOST}\r\nx-echo-delay: 3\r\n\r\n".encode())
    until(lambda: len(pair.app.requests) == 20, "all are at the app")
    for sock in socks:
        sock.close()
    for proxy in (pair.client, pair.server):
        until(lambda: len(re.findall(r'"GET /gone HTTP/\S+" 0 (DC|DR|DC,DR) ', proxy.process.out())) == 20, "all were given up")  # noqa: B023
    assert pair.http("/").status == 200


# ---- HTTP/2 and gRPC ----

@hops
def test_http2_100_streams(rig, echo, hop):
    pair = rig.pair(echo.http2("app"), "http2", hop)
    with http2(pair.port) as client:
        ids = [client.send("POST" if n % 2 else "GET", f"/{n}", authority=HOST, body=b"b" * n * 100 if n % 2 else None,
                           headers={"x-echo-delay": "0.1"}) for n in range(100)]
        replies = [client.reply(i) for i in ids]
    assert [r.json()["target"] for r in replies] == [f"/{n}" for n in range(100)]
    assert [r.json()["body_bytes"] for r in replies] == [n * 100 if n % 2 else 0 for n in range(100)]
    assert pair.app.accepted <= 4 # multiplexed all the way


@hops
def test_http2_client_http1_app(http_pair, hop):
    pair = http_pair(hop)
    with http2(pair.port) as client:
        ids = [client.send("GET", f"/{n}", authority=HOST) for n in range(50)]
        seen = [client.reply(i).json() for i in ids]
    assert [s["target"] for s in seen] == [f"/{n}" for n in range(50)]
    assert {s["version"] for s in seen} == {"HTTP/1.1"}


@hops
def test_http2_trailers_and_reset(rig, echo, hop):
    pair = rig.pair(echo.http2("app"), "http2", hop)
    with http2(pair.port) as client:
        reply = client.post("/", b"x", authority=HOST, headers={"x-echo-trailer": "t=1"}, trailers={"up": "2"})
        assert (reply.json()["trailers"], reply.trailers) == ([["up", "2"]], [("t", "1")])
        stream = client.send("GET", "/", authority=HOST, headers={"x-echo-delay": "20"})
        until(lambda: len(pair.app.requests) == 2, "the app has it")
        client.reset(stream)
        assert client.get("/", authority=HOST).status == 200


@hops
def test_grpc(rig, echo, hop):
    pair = rig.pair(echo.grpc(), "grpc", hop)
    with grpc_client(pair.port, authority=HOST) as client:
        reply = client.unary(b"hello", metadata=[("a", "b"), ("bin-bin", b"\x00\xff")])
        assert (reply.messages, reply.code) == ([b"hello"], grpc.StatusCode.OK)
        assert (reply.initial["x-echo-server"], reply.trailing["x-echo-trailer"]) == ("grpc", "end")
        assert pair.app.requests[0]["metadata"]["a"] == "b"
        assert pair.app.requests[0]["metadata"]["bin-bin"] == b"\x00\xff"
        assert client.server_stream(b"x", 100).messages == [b"x"] * 100
        assert client.client_stream([b"a"] * 50).messages == [b"|".join([b"a"] * 50)]
        assert client.bidi([b"%d" % n for n in range(50)]).messages == [b"%d" % n for n in range(50)]
        big = b"z" * (8 << 20)
        assert client.unary(big).messages == [big]
        assert client.unary(b"").messages == [b""]
        for code in (1, 5, 14, 16):
            reply = client.unary(b"", metadata=[("x-echo-status", str(code))])
            assert (reply.code.value[0], reply.details) == (code, "asked for")
        reply = client.unary(b"", metadata=[("x-echo-delay", "3")], limit_s=0.3)
        assert reply.code == grpc.StatusCode.DEADLINE_EXCEEDED


@hops
def test_grpc_bidi_is_not_held_back(rig, echo, hop):
    """Each message must be there before the next is sent; and a cancel reaches the app."""
    pair = rig.pair(echo.grpc(), "grpc", hop)
    channel = grpc.insecure_channel(f"127.0.0.1:{pair.port}", [("grpc.enable_http_proxy", 0), ("grpc.default_authority", HOST)])
    go, more = [threading.Event() for _ in range(5)], threading.Event()

    def messages():
        for n, event in enumerate(go):
            event.wait(10)
            yield b"%d" % n
        more.wait(10)
    calls = channel.stream_stream("/meshtest.Echo/Bidi")(messages(), timeout=20)
    for n, event in enumerate(go):
        event.set()
        assert next(calls) == b"%d" % n
    calls.cancel()
    more.set()
    assert calls.code() == grpc.StatusCode.CANCELLED
    channel.close()


@hops
def test_grpc_app_is_away(rig, echo, hop):
    app = echo.grpc()
    pair = rig.pair(app, "grpc", hop)
    app.close()
    with grpc_client(pair.port, authority=HOST) as client:
        assert client.unary(b"x").code == grpc.StatusCode.UNAVAILABLE


# ---- WebSocket ----

@hops
def test_websocket(rig, echo, hop):
    pair = rig.pair(echo.websocket(), "http", hop)
    messages = ["text", b"\x00\x01\xff", "ü" * 70000, b"z" * (2 << 20), "", "end"]
    assert websocket_echo(f"ws://{HOST}/chat?x=1", messages, to=("127.0.0.1", pair.port)) == messages
    assert pair.app.requests[0]["target"] == "/chat?x=1"


@hops
def test_websocket_closes_both_ways(rig, hop):
    codes = []

    async def serve(sock):
        if sock.path == "/server":
            await sock.close(4001, "server's wish")
        else:
            await sock.wait_closed()
            codes.append((sock.close_code, sock.close_reason))

    server = call(_listen(serve))

    class App:
        port = server.sockets[0].getsockname()[1]
    pair = rig.pair(App, "http", hop)

    async def by_client():
        async with websockets.connect(f"ws://{HOST}/client", host="127.0.0.1", port=pair.port) as sock:
            await sock.close(4000, "client's wish")

    async def by_server():
        async with websockets.connect(f"ws://{HOST}/server", host="127.0.0.1", port=pair.port) as sock:
            await sock.wait_closed()
            return sock.close_code, sock.close_reason
    call(asyncio.wait_for(by_client(), 10))
    until(lambda: codes == [(4000, "client's wish")], "the server has seen the client's close")
    assert call(asyncio.wait_for(by_server(), 10)) == (4001, "server's wish")
    call(_close(server))


async def _listen(serve):
    return await websockets.serve(serve, "127.0.0.1", 0)


async def _close(server):
    server.close()
    await server.wait_closed()


@hops
def test_refused_upgrade(http_pair, hop):
    """An app that does not want the upgrade answers as to any request."""
    pair = http_pair(hop)
    reply = pair.http("/", headers={"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
                                    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="})
    assert reply.status == 200 and reply.json()["server"] == "app"


# ---- big bodies, slow readers ----

@hops
@pytest.mark.limit(120)
def test_big_upload(peak, http_pair, hop):
    pair = http_pair(hop)
    pair.http("/")
    grown = peak(pair)
    block, sha = b"u" * (1 << 20), hashlib.sha256()
    for _ in range(BODY_BYTES >> 20):
        sha.update(block)
    seen = pair.http("/", method="POST", body=(block for _ in range(BODY_BYTES >> 20)), limit_s=100).json()
    assert (seen["body_bytes"], seen["body_sha256"]) == (BODY_BYTES, sha.hexdigest())
    assert grown() < SLACK_KB


@hops
@pytest.mark.limit(120)
def test_big_download(peak, http_pair, hop):
    pair = http_pair(hop)
    pair.http("/")
    grown = peak(pair)
    with socket.create_connection(("127.0.0.1", pair.port), 60) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nx-echo-size: {BODY_BYTES}\r\nConnection: close\r\n\r\n".encode())
        got = 0
        while part := sock.recv(1 << 20):
            got += len(part)
    assert BODY_BYTES < got < BODY_BYTES + 2000
    assert grown() < SLACK_KB


@hops
def test_slow_reader(peak, http_pair, hop):
    """A client that stops reading costs a bounded amount of memory and holds up nobody else."""
    pair = http_pair(hop)
    pair.http("/")
    grown = peak(pair)
    with socket.create_connection(("127.0.0.1", pair.port), 5) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nx-echo-size: {BODY_BYTES}\r\n\r\n".encode())
        assert sock.recv(100)
        began = time.monotonic()
        for _ in range(100):
            assert pair.http("/", headers={"x-echo-size": "20000"}).status == 200
        assert time.monotonic() - began < 10
        assert grown() < SLACK_KB
        for _ in range(200): # and it can go on
            assert sock.recv(65536)


@hops
def test_slow_http2_reader(rig, echo, peak, hop):
    """One stream of a connection is not read: the others go on."""
    pair = rig.pair(echo.http2("app"), "http2", hop)
    with http2(pair.port, window_bytes=8 << 20) as client:
        client.get("/", authority=HOST)
        grown = peak(pair)
        acknowledge = client.h2.acknowledge_received_data
        stuck = client.send("GET", "/big", authority=HOST, headers={"x-echo-size": str(BODY_BYTES)})
        client.h2.acknowledge_received_data = lambda n, stream: None if stream == stuck else acknowledge(n, stream)
        for _ in range(50):
            assert len(client.get("/", authority=HOST, headers={"x-echo-size": "20000"}).body) == 20000
        assert grown() < SLACK_KB
        client.h2.acknowledge_received_data = acknowledge
        client.reset(stuck)
        assert client.get("/", authority=HOST).status == 200


@hops
def test_slow_upload(rig, echo, peak, hop):
    """An app that does not read its request makes the client wait, and no memory grow."""
    listener = socket.create_server(("127.0.0.1", 0))

    class App:
        port = listener.getsockname()[1]
    pair = rig.pair(App, "http", hop)
    grown = peak(pair)
    with socket.create_connection(("127.0.0.1", pair.port), 5) as sock:
        sock.sendall(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {BODY_BYTES}\r\n\r\n".encode())
        sock.settimeout(1)
        sent = 0
        try:
            while sent < BODY_BYTES:
                sent += sock.send(b"x" * 65536)
        except TimeoutError:
            pass
        assert sent < BODY_BYTES
        assert grown() < SLACK_KB
    listener.close()


@hops
@pytest.mark.limit(90)
def test_many_slow_readers(peak, http_pair, hop):
    """MESH_TEST_SLOW_READERS=1000 with the release binary stays below 64 MB in all."""
    count = int(os.environ.get("MESH_TEST_SLOW_READERS", "100"))
    pair = http_pair(hop)
    pair.http("/")
    grown = peak(pair)
    socks = []
    for _ in range(count):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(30)
        sock.connect(("127.0.0.1", pair.port))
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nx-echo-size: {1 << 30}\r\n\r\n".encode())
        socks.append(sock)
    until(lambda: len(pair.app.requests) == count + 1, "all are at the app", limit_s=40)
    for sock in socks[::10]:
        assert sock.recv(1)
    time.sleep(1)
    assert grown() < 16 * 1024 + count * 48 # the address sanitizer needs some 10 MB of its own
    if "asan" not in os.environ.get("MESH_BIN", "asan"):
        assert max(pair.client.memory_kb(), pair.server.memory_kb()) < 64 * 1024
    assert pair.http("/").status == 200
    for sock in socks:
        sock.close()


# ---- TCP ----

@pytest.fixture
def tcp_pair(rig, echo):
    return lambda hop, app=None: rig.tcp_pair(app or echo.tcp(), hop)


@hops
def test_tcp(tcp_pair, hop):
    front = tcp_pair(hop)
    assert raw(front.port, b"hello", half_close=True) == b"hello"
    assert raw(front.port, b"GET / HTTP/1.1\r\n\r\n", half_close=True) == b"GET / HTTP/1.1\r\n\r\n" # bytes, not HTTP
    assert raw(front.port, b"", half_close=True) == b""


@hops
def test_tcp_server_first(tcp_pair, echo, hop):
    front = tcp_pair(hop, echo.tcp(greet=b"220 ready\r\n"))
    with socket.create_connection(("127.0.0.1", front.port), 5) as sock:
        assert sock.recv(100) == b"220 ready\r\n"
        sock.sendall(b"QUIT")
        assert sock.recv(100) == b"QUIT"


@hops
def test_tcp_large(tcp_pair, hop):
    front = tcp_pair(hop)
    size, sha, back = 32 << 20, hashlib.sha256(), hashlib.sha256()
    block = os.urandom(1 << 16)
    with socket.create_connection(("127.0.0.1", front.port), 20) as sock:
        def send():
            for _ in range(size >> 16):
                sha.update(block)
                sock.sendall(block)
            sock.shutdown(socket.SHUT_WR)
        thread = threading.Thread(target=send)
        thread.start()
        while part := sock.recv(1 << 20):
            back.update(part)
        thread.join()
    assert back.digest() == sha.digest()


@hops
def test_tc_2_tcp_half_close_by_the_app(tcp_pair, hop):
    """The app says its last word first; what the client says then still arrives."""
    listener = socket.create_server(("127.0.0.1", 0))
    got = []

    def serve():
        sock, _ = listener.accept()
        with sock:
            sock.sendall(b"bye")
            sock.shutdown(socket.SHUT_WR)
            while part := sock.recv(65536):
                got.append(part)

    class App:
        port = listener.getsockname()[1]
    front = tcp_pair(hop, App)
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with socket.create_connection(("127.0.0.1", front.port), 5) as sock:
        data = b""
        while part := sock.recv(100):
            data += part
        assert data == b"bye"
        sock.sendall(b"thanks")
    thread.join(5)
    assert b"".join(got) == b"thanks"
    listener.close()


@hops
def test_tcp_reset_and_refusal(tcp_pair, echo, hop):
    app = echo.tcp()
    front = tcp_pair(hop, app)
    with socket.create_connection(("127.0.0.1", front.port), 5) as sock:
        sock.sendall(b"x")
        assert sock.recv(10) == b"x"
        app.close()
        try:
            assert sock.recv(10) == b""
        except ConnectionResetError:
            pass
    assert raw(front.port, b"x") == b""


@hops
def test_tcp_client_resets(tcp_pair, hop):
    front = tcp_pair(hop)
    sock = socket.create_connection(("127.0.0.1", front.port), 5)
    sock.sendall(b"x")
    assert sock.recv(10) == b"x"
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    until(lambda: front.app.open == 0, "the app's connection has ended")


# ---- the hop itself ----

def test_the_hop_is_multiplexed(http_pair):
    """Whatever the app speaks, requests of many clients share a connection between the proxies."""
    pair = http_pair("mesh")
    threads = [threading.Thread(target=pair.http, args=("/",), kwargs={"headers": {"x-echo-delay": "0.3"}}) for _ in range(20)]
    for thread in threads:
        thread.start()
    until(lambda: len(pair.app.requests) == 20, "all are at the app")
    with open("/proc/net/tcp", encoding="ascii") as file:
        lines = [line.split() for line in file.read().splitlines()[1:]]
    at = f"{pair.server.port:04X}"
    assert 1 <= sum(1 for line in lines if line[1].endswith(":" + at) and line[3] == "01") <= 4
    for thread in threads:
        thread.join()


@hops
def test_server_sidecar_restarts(rig, echo, hop):
    """The client's sidecar finds the new one; requests in between fail as 503, none hangs."""
    app = echo.http("app")
    strict = obj("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})
    config, certs = rig.config(strict), rig.certs("server")
    server = rig.inbound(config, app.port, "http", certs=certs)
    client = rig.outbound(rig.config(service(HOST, (80, "HTTP"), endpoints=[endpoint(server.port, hop=hop)])), certs=rig.certs("client"))
    assert client.http("/", host=HOST).status == 200
    server.process.kill()
    assert client.http("/", host=HOST).status == 503
    rig.sidecar(config, "--inbound", f"127.0.0.1:{server.port}={app.port}:http", name="server", certs=certs)
    until(lambda: client.http("/", host=HOST).status == 200, "requests are served again")


def test_unknown_destinations(rig, echo):
    client = rig.outbound(rig.config(), "--outbound-policy", "REGISTRY_ONLY")
    assert client.http("/", host="nowhere.test").status == 502


def test_plain_upstream_without_certificates(rig, echo):
    app = echo.http("app")
    client = rig.outbound(rig.config(service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port)])))
    assert client.http("/", host=HOST).json()["server"] == "app"


def test_mesh_routes_of_a_sidecar(rig, echo):
    """VirtualService of the mesh: subsets by header, by source labels, and a fault."""
    from meshtest.objects import routes, to
    v1, v2 = echo.http("v1"), echo.http("v2")
    client = rig.outbound(rig.config(
        service(HOST, (80, "HTTP"), endpoints=[endpoint(v1.port, version="v1"), endpoint(v2.port, version="v2")]),
        obj("DestinationRule", "app", {"host": HOST, "subsets": [
            {"name": "v1", "labels": {"version": "v1"}}, {"name": "v2", "labels": {"version": "v2"}}]}),
        routes("app", HOST,
               {"match": [{"headers": {"end-user": {"exact": "jason"}}}], "route": [to(HOST, subset="v2")]},
               {"match": [{"sourceLabels": {"app": "other"}}], "directResponse": {"status": 500}},
               {"match": [{"uri": {"exact": "/abort"}, "sourceLabels": {"app": "client"}}],
                "fault": {"abort": {"httpStatus": 418, "percentage": {"value": 100}}}, "route": [to(HOST, subset="v1")]},
               {"route": [to(HOST, subset="v1")]}, gateways=None)))
    assert client.http("/", host=HOST).json()["server"] == "v1"
    assert client.http("/", host=HOST, headers={"end-user": "jason"}).json()["server"] == "v2"
    assert client.http("/abort", host=HOST).status == 418


def test_xff_is_left_alone_by_sidecars(http_pair):
    seen = http_pair("mesh").http("/", headers={"x-forwarded-for": "9.9.9.9", "x-request-id": "kept"}).json()
    headers = dict(seen["headers"])
    assert (headers["x-forwarded-for"], headers["x-request-id"]) == ("9.9.9.9", "kept")


def test_curl(http_pair):
    import subprocess
    pair = http_pair("mesh")
    for extra in ([], ["--http2-prior-knowledge"]):
        done = subprocess.run(["curl", "-sS", "-m", "10", *extra, "-H", f"Host: {HOST}", "-w", "%{http_code}", "-d", "a=b",
                               f"http://127.0.0.1:{pair.port}/curl"], capture_output=True, text=True, check=True)
        assert done.stdout.endswith("200") and '"body": "a=b"' in done.stdout


def test_http_helper_closes(http_pair):
    """A reply to Connection: close ends the client's connection, too."""
    pair = http_pair("mesh")
    reply = http(f"http://127.0.0.1:{pair.port}/", host=HOST, headers={"connection": "close"})
    assert reply.header("connection") == "close"
