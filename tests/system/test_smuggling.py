"""Bytes that two readers could understand differently: none of them reaches the app, the answer is
an error, and the connection ends. Against a gateway, a sidecar's two sides, and from bad upstreams."""

import re
import socket
import threading

import pytest

from meshtest import free_port, http, http2, raw
from meshtest.objects import endpoint, gateway, obj, routes, service, to
from meshtest.rig import HOST

NEXT = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"


def post(headers, body=b"", version=b"1.1", line=None):
    return (line or b"POST /first HTTP/" + version) + b"\r\nHost: h\r\n" + headers + b"\r\n\r\n" + body


def get(headers=b"", line=b"GET /first HTTP/1.1", host=b"Host: h\r\n"):
    return line + b"\r\n" + host + headers + (b"\r\n" if headers else b"") + b"\r\n"


CHUNKS = b"1\r\na\r\n0\r\n\r\n"

# Name -> bytes. Each is one message that must be answered 400; what may be a 431, 426 or 501 is below.
BAD = {
    "cl and te": post(b"Content-Length: 4\r\nTransfer-Encoding: chunked", CHUNKS),
    "te and cl": post(b"Transfer-Encoding: chunked\r\nContent-Length: 4", CHUNKS),
    "two cl": post(b"Content-Length: 1\r\nContent-Length: 2", b"ab"),
    "two equal cl": post(b"Content-Length: 1\r\nContent-Length: 1", b"a"),
    "cl list": post(b"Content-Length: 1,1", b"a"),
    "cl plus": post(b"Content-Length: +1", b"a"),
    "cl minus": post(b"Content-Length: -1", b"a"),
    "cl hex": post(b"Content-Length: 0x1", b"a"),
    "cl octal": post(b"Content-Length: 010", b"0123456789"),
    "cl empty": post(b"Content-Length: ", b""),
    "cl overflow": post(b"Content-Length: 18446744073709551617", b"a"),
    "cl big": post(b"Content-Length: 99999999999999999999", b"a"),
    "cl words": post(b"Content-Length: 1 2", b"a"),
    "cl space colon": post(b"Content-Length : 1", b"a"),
    "te space colon": post(b"Transfer-Encoding : chunked", CHUNKS),
    "te identity": post(b"Transfer-Encoding: identity", b""),
    "te x": post(b"Transfer-Encoding: xchunked", CHUNKS),
    "te quoted": post(b"Transfer-Encoding: \"chunked\"", CHUNKS),
    "te vt": post(b"Transfer-Encoding: \x0bchunked", CHUNKS),
    "te comma": post(b"Transfer-Encoding: ,chunked", CHUNKS),
    "te comma after": post(b"Transfer-Encoding: chunked,", CHUNKS),
    "te gzip chunked": post(b"Transfer-Encoding: gzip, chunked", CHUNKS),
    "te chunked identity": post(b"Transfer-Encoding: chunked, identity", CHUNKS),
    "te twice": post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", CHUNKS),
    "te two": post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", CHUNKS),
    "te folded": post(b"Transfer-Encoding:\r\n chunked", CHUNKS),
    "te bare cr": post(b"Transfer-Encoding: chunked\rX: y", CHUNKS),
    "fold": get(b"X-A: b\r\n c"),
    "leading fold": b"GET /first HTTP/1.1\r\n X: y\r\nHost: h\r\n\r\n",
    "bare lf": b"GET /first HTTP/1.1\nHost: h\n\n",
    "bare lf header": b"GET /first HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
    "bare lf end": b"GET /first HTTP/1.1\r\nHost: h\r\n\n",
    "bare cr": get(b"X: a\rb"),
    "cr end": b"GET /first HTTP/1.1\r\nHost: h\r\n\rX",
    "nul value": get(b"X: a\x00b"),
    "ctl value": get(b"X: a\x01b"),
    "empty name": get(b": x"),
    "no colon": get(b"Xy"),
    "space name": get(b"X y: z"),
    "tab name": get(b"X\t: z"),
    "8 bit name": get(b"X\xe9: z"),
    "two hosts": get(b"Host: other"),
    "two equal hosts": get(b"Host: h"),
    "no host": get(host=b""),
    "empty host": get(host=b"Host: \r\n"),
    "host space": get(host=b"Host: a b\r\n"),
    "host path": get(host=b"Host: a/../c\r\n"),
    "host user": get(host=b"Host: c@d\r\n"),
    "host port": get(host=b"Host: a:99999\r\n"),
    "host port text": get(host=b"Host: a:b\r\n"),
    "target no slash": get(line=b"GET first HTTP/1.1"),
    "target at": get(line=b"GET @evil/ HTTP/1.1"),
    "target userinfo": get(line=b"GET http://u@h/ HTTP/1.1"),
    "target fragment 8 bit": get(line=b"GET /a#\xe9 HTTP/1.1"),
    "target fragment first": get(line=b"GET #/a HTTP/1.1"),
    "target 8 bit": get(line=b"GET /\xe9 HTTP/1.1"),
    "target nul": get(line=b"GET /\x00 HTTP/1.1"),
    "target tab": get(line=b"GET /a\tb HTTP/1.1"),
    "target star": get(line=b"GET * HTTP/1.1"),
    "target space": get(line=b"GET /a b HTTP/1.1"),
    "two spaces": get(line=b"GET  /first HTTP/1.1"),
    "space after version": get(line=b"GET /first HTTP/1.1 "),
    "tab in line": get(line=b"GET\t/first HTTP/1.1"),
    "version 2.0": get(line=b"GET /first HTTP/2.0"),
    "version 1.2": get(line=b"GET /first HTTP/1.2"),
    "version lower": get(line=b"GET /first http/1.1"),
    "version long": get(line=b"GET /first HTTP/1.10"),
    "http 0.9": b"GET /first\r\n\r\n",
    "method space": get(line=b" GET /first HTTP/1.1"),
    "method ctl": get(line=b"GE\x01T /first HTTP/1.1"),
    "method lower": get(line=b"get /first HTTP/1.1"),
    "chunk space": post(b"Transfer-Encoding: chunked", b"1 \r\na\r\n0\r\n\r\n"),
    "chunk plus": post(b"Transfer-Encoding: chunked", b"+1\r\na\r\n0\r\n\r\n"),
    "chunk 0x": post(b"Transfer-Encoding: chunked", b"0x1\r\na\r\n0\r\n\r\n"),
    "chunk minus": post(b"Transfer-Encoding: chunked", b"-1\r\na\r\n0\r\n\r\n"),
    "chunk overflow": post(b"Transfer-Encoding: chunked", b"10000000000000001\r\na\r\n0\r\n\r\n"),
    "chunk bare lf": post(b"Transfer-Encoding: chunked", b"1\na\r\n0\r\n\r\n"),
    "chunk lf after": post(b"Transfer-Encoding: chunked", b"1\r\na\n0\r\n\r\n"),
    "chunk ext lf": post(b"Transfer-Encoding: chunked", b"1;a\nb\r\na\r\n0\r\n\r\n"),
    "chunk ext long": post(b"Transfer-Encoding: chunked", b"1;" + b"e" * 5000 + b"\r\na\r\n0\r\n\r\n"),
    "chunk zeros": post(b"Transfer-Encoding: chunked", b"0" * 3000 + b"1\r\na\r\n0\r\n\r\n"),
    "chunk no size": post(b"Transfer-Encoding: chunked", b"\r\na\r\n0\r\n\r\n"),
    "chunk longer": post(b"Transfer-Encoding: chunked", b"1\r\nab\r\n0\r\n\r\n"),
    "chunk end cr": post(b"Transfer-Encoding: chunked", b"1\r\na\r\n0\r\n\rX"),
    "trailer cl": post(b"Transfer-Encoding: chunked", b"1\r\na\r\n0\r\nContent-Length: 3\r\n\r\n"),
    "trailer te": post(b"Transfer-Encoding: chunked", b"1\r\na\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "trailer nul": post(b"Transfer-Encoding: chunked", b"1\r\na\r\n0\r\nX: \x00\r\n\r\n"),
    "te on 1.0": post(b"Transfer-Encoding: chunked\r\nConnection: keep-alive", CHUNKS, version=b"1.0"),
    "connection names host": get(b"Connection: host"),
    "connection names cl": post(b"Content-Length: 1\r\nConnection: content-length", b"a"),
    "connection names xff": get(b"X-Forwarded-For: 1.1.1.1\r\nConnection: X-Forwarded-For"),
    "garbage": b"\x00\x01\x02\x03" * 20 + b"\r\n\r\n",
    "leading lf": b"\n" * 3 + get(),
    "many leading crlf": b"\r\n" * 1000 + get(),
}

# Errors of other statuses. Those of the head come as the only answer.
OTHER = {
    "http 1.0": (get(line=b"GET /first HTTP/1.0"), (426,)),
    "long target": (get(line=b"GET /" + b"a" * 70000 + b" HTTP/1.1"), (400, 414, 431)),
    "long value": (get(b"X: " + b"a" * 70000), (400, 431)),
    "many fields": (get(b"\r\n".join(b"X-%d: y" % n for n in range(1000))), (400, 431)),
    "long name": (get(b"X" * 70000 + b": y"), (400, 431)),
    "unknown te": (post(b"Transfer-Encoding: br", b""), (400, 501)),
    "connect": (get(line=b"CONNECT h:80 HTTP/1.1"), (400, 403, 404, 405, 501)),
    "connect path": (get(line=b"CONNECT /first HTTP/1.1"), (400, 404, 405, 501)),
    "unknown expectation": (post(b"Content-Length: 1\r\nExpect: something", b"a"), (400, 417)),
}

# What must not be refused, and how the app must see it: target, body bytes.
GOOD = {
    "plain": (get(), "/first", 0),
    "one leading crlf": (b"\r\n" + get(), "/first", 0),
    "absolute form": (get(line=b"GET http://h/abs?x HTTP/1.1"), "/abs?x", 0),
    "value whitespace": (get(b"X:   a  "), "/first", 0),
    "chunk extension": (post(b"Transfer-Encoding: chunked", b"1;a=b\r\na\r\n0\r\n\r\n"), "/first", 1),
    "upper case te": (post(b"TRANSFER-ENCODING: CHUNKED", CHUNKS), "/first", 1),
    "get with body": (get(b"Content-Length: 1") + b"a", "/first", 1),
    "cl zero": (post(b"Content-Length: 0"), "/first", 0),
    "options star": (get(line=b"OPTIONS * HTTP/1.1"), "*", 0),
    "cl spaces": (post(b"Content-Length:  1 ", b"a"), "/first", 1),
}


@pytest.fixture(scope="module")
def sides(request, tmp_path_factory):
    """{"gateway": proxy, "inbound": proxy, "outbound": proxy}, all before one app, for all cases."""
    from conftest import Mesh
    from meshtest import CA, Echo
    from meshtest.rig import Rig
    echo, ca = Echo(), CA("cluster.local", folder=str(tmp_path_factory.mktemp("ca")))
    mesh = Mesh(tmp_path_factory.mktemp("mesh"), request.node)
    rig = Rig(mesh, ca, tmp_path_factory.mktemp("rig"))
    app, port = echo.http("app"), free_port()
    to_app = service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port)])
    everything = routes("all", "*", {"route": [to(HOST)]})
    started = {
        "gateway": rig.gateway(rig.config(gateway((port, "HTTP", ["*"], None)), to_app, everything)),
        "inbound": rig.inbound(rig.config(), app.port, "http"),
        "outbound": rig.outbound(rig.config(service("h", (80, "HTTP"), endpoints=[endpoint(app.port)]))),
    }
    started["app"] = app
    yield started
    wrong = mesh.finish()
    echo.close()
    if wrong:
        pytest.fail("; ".join(wrong), pytrace=False)


SIDES = ["gateway", "inbound", "outbound"]


def statuses(data):
    return [int(s) for s in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]


def closed_reply(port, data, limit_s=3):
    """Sends and returns what came; fails when the peer keeps the connection open."""
    with socket.create_connection(("127.0.0.1", port), limit_s) as sock:
        sock.settimeout(limit_s)
        got = b""
        try:
            sock.sendall(data)
        except OSError:
            pass
        try:
            while part := sock.recv(65536):
                got += part
        except TimeoutError:
            return got, False
        except ConnectionError:
            pass
        return got, True


@pytest.mark.parametrize("side", SIDES)
def test_bad_requests(sides, side):
    port, app = sides[side].port, sides["app"]
    wrong = []
    for name, data in BAD.items():
        app.requests.clear()
        got, closed = closed_reply(port, data + NEXT)
        seen = [r["target"] for r in app.requests]
        # What does not begin like HTTP is not taken for it where any protocol may come: just closed.
        allowed = ([], [400]) if side == "outbound" or name in ("garbage", "http 0.9") else ([400],)
        # A body that turns out bad comes after a good head: the app may have seen the head alone.
        if statuses(got) not in allowed or not closed or seen:
            wrong.append(f"{name}: statuses {statuses(got)}, {'closed' if closed else 'OPEN'}, the app saw {seen}: {got[:120]!r}")
    assert not wrong, "\n" + "\n".join(wrong)
    assert not [r for r in app.requests if r["target"] == "/smuggled"]


@pytest.mark.parametrize("side", SIDES)
def test_other_errors(sides, side):
    port, app = sides[side].port, sides["app"]
    wrong = []
    for name, (data, allowed) in OTHER.items():
        app.requests.clear()
        got, closed = closed_reply(port, data + NEXT)
        seen = [r["target"] for r in app.requests]
        answered = len(statuses(got)) == 1 and statuses(got)[0] in allowed
        if not (answered or side == "outbound" and not got) or seen or not closed:
            wrong.append(f"{name}: statuses {statuses(got)}, {'closed' if closed else 'OPEN'}, the app saw {seen}: {got[:120]!r}")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("side", SIDES)
def test_good_requests(sides, side):
    port, app = sides[side].port, sides["app"]
    wrong = []
    for name, (data, target, body_bytes) in GOOD.items():
        app.requests.clear()
        got = raw(port, data + NEXT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n").replace(b"smuggled", b"second"))
        seen = [(r["target"], r["body_bytes"]) for r in app.requests]
        if statuses(got) != [200, 200] or seen != [(target, body_bytes), ("/second", 0)]:
            wrong.append(f"{name}: statuses {statuses(got)}, the app saw {seen}: {got[:200]!r}")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("side", SIDES)
def test_byte_by_byte(sides, side):
    """How the bytes are cut into packets changes nothing."""
    port, app = sides[side].port, sides["app"]
    for name in ("cl and te", "te vt", "chunk lf after", "bare lf header", "two hosts", "cr end"):
        app.requests.clear()
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            got = b""
            try:
                for byte in BAD[name] + NEXT:
                    sock.send(bytes([byte]))
                while part := sock.recv(65536):
                    got += part
            except OSError:
                pass
        assert statuses(got) in ([400], []), name
        assert not app.requests, name


@pytest.mark.parametrize("side", SIDES)
def test_absolute_form_replaces_host(sides, side):
    sides["app"].requests.clear()
    raw(sides[side].port, b"GET http://h/x HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n")
    assert [r["authority"] for r in sides["app"].requests] == ["h"]


@pytest.mark.parametrize("side", SIDES)
def test_underscores(sides, side):
    """Allowed, as by Istio: another name, never a length."""
    sides["app"].requests.clear()
    got = raw(sides[side].port, get(b"Content_Length: 5\r\nConnection: close"))
    assert statuses(got) == [200]
    assert ["content_length", "5"] in sides["app"].requests[0]["headers"]


@pytest.mark.parametrize("side", SIDES)
def test_h2c_upgrade_is_ignored(sides, side):
    sides["app"].requests.clear()
    got = raw(sides[side].port, get(b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__"))
    assert statuses(got) == [200]
    names = {n for n, _ in sides["app"].requests[0]["headers"]}
    assert not names & {"upgrade", "http2-settings"}


@pytest.mark.parametrize("side", SIDES)
def test_bytes_after_an_upgrade_wait(sides, side):
    """What follows a request for an upgrade is no second request, and reaches the app only after 101."""
    sides["app"].requests.clear()
    got = raw(sides[side].port, get(b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==") + NEXT, limit_s=2)
    assert statuses(got)[0] == 200
    targets = [r["target"] for r in sides["app"].requests]
    assert targets[0] == "/first" and targets[1:] in ([], ["/smuggled"]) # answered as a request of its own, or not at all
    assert len(statuses(got)) == len(targets)


H2_BAD = {
    "connection field": [("connection", "close")],
    "te gzip": [("te", "gzip")],
    "transfer-encoding": [("transfer-encoding", "chunked")],
    "host differs": [("host", "other")],
    "upper case": [("X-Up", "1")],
    "lf in value": [("x", "a\nb: c")],
    "cr in value": [("x", "a\rb")],
    "nul in value": [("x", "a\x00b")],
    "space in name": [("x y", "1")],
    "colon in name": [("x:y", "1")],
    "cl without body": [("content-length", "5")],
    "two cl": [("content-length", "0"), ("content-length", "1")],
    "unknown pseudo": [(":x", "1")],
}


@pytest.mark.parametrize("side", SIDES)
def test_bad_http2_requests(sides, side):
    wrong = []
    for name, headers in H2_BAD.items():
        sides["app"].requests.clear()
        with lenient_h2(sides[side].port) as client:
            try:
                reply = client.get("/h2", authority="h", headers=headers)
                if reply.reset is None and reply.status not in (400, 431):
                    wrong.append(f"{name}: {reply}")
            except (EOFError, ConnectionError):
                pass
        if sides["app"].requests:
            wrong.append(f"{name}: reached the app: {sides['app'].requests}")
    assert not wrong, "\n" + "\n".join(wrong)


H2_PATHS = ["no-slash", "", "/a b", "/a\r\nx: y", "http://h/x", "#/a", "*"]


@pytest.mark.parametrize("side", SIDES)
def test_bad_http2_paths(sides, side):
    wrong = []
    for path in H2_PATHS:
        sides["app"].requests.clear()
        with lenient_h2(sides[side].port) as client:
            try:
                reply = client.get(path, authority="h")
                if reply.reset is None and reply.status != 400:
                    wrong.append(f"{path!r}: {reply}")
            except (EOFError, ConnectionError):
                pass
        if sides["app"].requests:
            wrong.append(f"{path!r}: reached the app: {sides['app'].requests[0]['target']!r}")
    assert not wrong, "\n" + "\n".join(wrong)


def lenient_h2(port):
    import h2.config
    client = http2(port, limit_s=3)
    client.h2.config = h2.config.H2Configuration(header_encoding="utf-8", validate_outbound_headers=False,
                                                 normalize_outbound_headers=False)
    return client


# ---- bad upstreams ----

BAD_RESPONSES = {
    "two cl": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "cl and te": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "te x": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n" + CHUNKS,
    "status 000": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "status 99": b"HTTP/1.1 99 OK\r\nContent-Length: 0\r\n\r\n",
    "status 2000": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "version": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "bare lf": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "nul": b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "unasked 101": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "100 storm": b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "big head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200000 + b"\r\nContent-Length: 0\r\n\r\n",
    "garbage": b"SSH-2.0-OpenSSH\r\n",
    "fold": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
}


def scripted(reply):
    """An app that answers every request with these bytes."""
    listener = socket.create_server(("127.0.0.1", 0))
    state = {"connections": 0}

    def serve(sock):
        with sock:
            try:
                while sock.recv(65536):
                    sock.sendall(reply() if callable(reply) else reply)
            except OSError:
                pass

    def accept():
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            state["connections"] += 1
            threading.Thread(target=serve, args=(sock,), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return listener, state


def test_bad_responses(rig):
    made = {name: scripted(data) for name, data in BAD_RESPONSES.items()}
    port = free_port()
    objects = []
    for at, (name, (listener, _)) in enumerate(made.items()):
        host = f"s{at}.default.svc.cluster.local"
        objects += [service(host, (80, "HTTP"), endpoints=[endpoint(listener.getsockname()[1])]),
                    routes(f"r{at}", f"h{at}.test", {"route": [to(host)], "retries": {"attempts": 0}})]
    gw = rig.gateway(rig.config(gateway((port, "HTTP", ["*"], None)), *objects))
    wrong = []
    for at, name in enumerate(made):
        try:
            reply = gw.http("/", host=f"h{at}.test", limit_s=3)
        except OSError as error:
            wrong.append(f"{name}: {error!r}")
            continue
        if reply.status not in (502, 503):
            wrong.append(f"{name}: {reply}")
    for listener, _ in made.values():
        listener.close()
    assert not wrong, "\n" + "\n".join(wrong)


def test_bytes_behind_a_response_spoil_its_connection(rig):
    """A second response that nobody asked for must not answer the next request."""
    listener, state = scripted(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                               b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    port = free_port()
    gw = rig.gateway(rig.config(gateway((port, "HTTP", ["*"], None)),
                                service(HOST, (80, "HTTP"), endpoints=[endpoint(listener.getsockname()[1])]),
                                routes("r", "*", {"route": [to(HOST)]})))
    for _ in range(10):
        assert gw.http("/").body == b"ok"
    assert state["connections"] == 10
    listener.close()


def test_early_local_reply_leaves_no_body_behind(rig, echo):
    """A refused request's body is never read as the next request."""
    app, port = echo.http("app"), free_port()
    gw = rig.gateway(rig.config(
        gateway((port, "HTTP", ["*"], None)), service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port)]),
        routes("r", "*", {"match": [{"uri": {"exact": "/no"}}], "directResponse": {"status": 403}}, {"route": [to(HOST)]})))
    body = NEXT
    got = raw(port, b"POST /no HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body) + body, limit_s=2)
    assert statuses(got) == [403]
    got = raw(port, b"POST /no HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body) + body +
              b"GET /after HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", limit_s=2)
    assert statuses(got) in ([403], [403, 200])
    assert [r["target"] for r in app.requests] in ([], ["/after"])


def test_upgrade_only_by_101(rig):
    """A 200 to an upgrade is an ordinary reply; a 101 without the header is none."""
    ask = get(b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    for reply, expect in ((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", (200,)),
                          (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", (502, 503))):
        listener, _ = scripted(reply)
        port = free_port()
        gw = rig.gateway(rig.config(gateway((port, "HTTP", ["*"], None)),
                                    service(HOST, (80, "HTTP"), endpoints=[endpoint(listener.getsockname()[1])]),
                                    routes("r", "*", {"route": [to(HOST)]})))
        got = raw(port, ask, limit_s=1.5)
        assert statuses(got) and statuses(got)[0] in expect, got[:200]
        listener.close()


def test_smuggling_through_a_pair(rig, echo):
    """The same lists against the client's sidecar with the multiplexed hop behind it."""
    pair = rig.pair(echo.http("app"), "http", "mesh")
    host = HOST.encode()
    wrong = []
    for name, data in BAD.items():
        got, closed = closed_reply(pair.port, data.replace(b"Host: h\r\n", b"Host: " + host + b"\r\n") + NEXT)
        if pair.app.requests or not closed or [s for s in statuses(got) if s != 400]:
            wrong.append(f"{name}: {statuses(got)} {closed} {[r['target'] for r in pair.app.requests]}")
        pair.app.requests.clear()
    assert not wrong, "\n" + "\n".join(wrong)
    assert http(f"http://127.0.0.1:{pair.port}/", host=HOST).status == 200


def test_http2_only_keys_are_cleaned(rig, echo):
    """The hop's own field cannot be set by a client."""
    pair = rig.pair(echo.http("app"), "http", "mesh", objects=[obj("AuthorizationPolicy", "a", {"rules": [{}]})])
    seen = pair.http("/", headers={"x-mesh-proto": "2", "mesh-proto": "2"}).json()
    assert seen["version"] == "HTTP/1.1"
