"""What speaks on a port nobody declared: HTTP, bytes, TLS of the app's own, servers that speak first."""

import socket
import ssl
import time

import pytest

from meshtest import http, http2, raw, until
from meshtest.objects import obj
from meshtest.rig import HOST


@pytest.fixture
def side(rig):
    """side(app, protocol, mode) -> the sidecar of an app."""
    def start(app, protocol="auto", mode="PERMISSIVE", *objects, args=()):
        mtls = obj("PeerAuthentication", "default", {"mtls": {"mode": mode}})
        started = rig.inbound(rig.config(mtls, *objects), app.port, protocol, *args, certs=rig.certs("server"))
        started.app = app
        return started
    return start


def mesh_tls(ca, *alpn):
    return ca.client_context(ca.leaf(spiffe="ns/a/sa/b"), alpn=alpn)


def greeting(port, limit_s=5):
    with socket.create_connection(("127.0.0.1", port), limit_s) as sock:
        return sock.recv(100)


# ---- who speaks first ----

@pytest.mark.parametrize("protocol,mode", [("auto", "PERMISSIVE"), ("auto", "DISABLE"), ("tcp", "PERMISSIVE")])
def test_ps_3_a_server_may_speak_first(side, echo, protocol, mode):
    proxy = side(echo.tcp(greet=b"220 ready\r\n"), protocol, mode)
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
            assert sock.recv(100) == b"220 ready\r\n"
            sock.sendall(b"QUIT")
            assert sock.recv(100) == b"QUIT"
    until(lambda: proxy.app.open == 0, "the app's connections have ended")
    assert proxy.app.accepted == 3
    until(lambda: [n for _, n in proxy.samples("istio_tcp_connections_closed_total")] == [3], "all are counted, alike")


@pytest.mark.parametrize("mode,alpn", [("PERMISSIVE", "istio"), ("STRICT", "istio"), ("PERMISSIVE", "mesh")])
def test_ps_3_a_server_may_speak_first_in_tls(side, rig, echo, ca, mode, alpn):
    if alpn == "mesh":
        pair = rig.tcp_pair(echo.tcp(greet=b"hi"), protocol="auto", mode=mode)
        assert greeting(pair.port) == b"hi"
        return
    proxy = side(echo.tcp(greet=b"hi"), "auto", mode)
    assert raw(proxy.port, b"", tls=mesh_tls(ca, alpn), sni=HOST, limit_s=1) == b"hi"


def test_ps_3_a_client_may_take_its_time(side, echo):
    """Silence is not held against it: HTTP is still HTTP, and nothing of the look ahead is told."""
    proxy = side(echo.http("app"), args=("--access-log", "/dev/stdout"))
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        until(lambda: proxy.app.accepted == 1, "its server was asked whether it speaks")
        sock.sendall(b"GET /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
    assert [r["target"] for r in proxy.app.requests] == ["/late"]
    proxy.process.wait_line(r'"GET /late HTTP/1.1" 200 ')
    until(lambda: proxy.samples("istio_requests_total"), "it is counted")
    assert not proxy.samples("istio_tcp_connections_opened_total")


def test_ps_3_late_bytes_go_by_the_open_connection(side, echo):
    proxy = side(echo.tcp())
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        until(lambda: proxy.app.accepted == 1, "its server was asked whether it speaks")
        sock.sendall(b"\x01\x02")
        assert sock.recv(100) == b"\x01\x02"
        assert proxy.app.accepted == 1


def test_ps_3_late_mesh_tls_is_mesh_tls(side, echo, ca):
    proxy = side(echo.http("app"))
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as plain:
        until(lambda: proxy.app.accepted == 1, "its server was asked whether it speaks")
        with mesh_tls(ca, "istio-http/1.1", "istio").wrap_socket(plain, server_hostname=HOST) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert sock.recv(100).startswith(b"HTTP/1.1 200")


def test_ps_3_quiet_servers_are_left_alone(side, echo):
    proxy = side(echo.http("app"))
    for number in range(1, 4):
        with socket.create_connection(("127.0.0.1", proxy.port), 5):
            until(lambda: proxy.app.accepted == number, "the server is asked")  # noqa: B023
        until(lambda: proxy.app.open == 0, "and let go when the client has gone")
    socks = [socket.create_connection(("127.0.0.1", proxy.port), 5) for _ in range(5)]
    until(lambda: proxy.app.accepted == 4, "once a minute it is asked again")
    for sock in socks:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
        sock.close()
    assert proxy.app.accepted <= 4 + 5


def test_ps_3_policies_come_before_the_look(side, echo):
    deny = obj("AuthorizationPolicy", "p", {"action": "DENY", "rules": [{"from": [{"source": {"notPrincipals": ["*"]}}]}]})
    proxy = side(echo.tcp(greet=b"hi"), "auto", "PERMISSIVE", deny)
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(1)
    assert proxy.app.accepted == 0


# ---- what the first bytes are ----

def app_tls(ca):
    return ca.server_context(ca.leaf(dns=["app.test"]))


def trusting(ca, *alpn):
    return ca.client_context(alpn=alpn)


@pytest.mark.parametrize("mode", ["PERMISSIVE", "DISABLE"])
def test_ps_3_http_on_an_auto_port(side, echo, mode):
    proxy = side(echo.http("app"), "auto", mode)
    assert http(f"http://127.0.0.1:{proxy.port}/", host=HOST).header("server") == "istio-envoy"
    until(lambda: proxy.samples("istio_requests_total"), "it is counted as HTTP")


@pytest.mark.parametrize("mode", ["PERMISSIVE", "DISABLE"])
def test_ps_4_http2_on_an_auto_port_stays_http2(side, echo, mode):
    proxy = side(echo.http2("app"), "auto", mode)
    with http2(proxy.port) as client:
        reply = client.get("/", authority=HOST)
        assert (reply.status, reply.json()["version"]) == (200, "HTTP/2")


@pytest.mark.parametrize("mode", ["PERMISSIVE", "DISABLE"])
def test_ps_3_http10_on_an_auto_port_is_bytes(side, mode, echo):
    proxy = side(echo.tcp(), "auto", mode)
    assert raw(proxy.port, b"GET / HTTP/1.0\r\n\r\n", half_close=True) == b"GET / HTTP/1.0\r\n\r\n"


@pytest.mark.parametrize("protocol", ["auto", "tcp", "tls", "https"])
@pytest.mark.parametrize("mode", ["PERMISSIVE", "DISABLE"])
def test_mt_1_tls_of_the_app_passes(side, echo, ca, protocol, mode):
    proxy = side(echo.tcp(tls=app_tls(ca)), protocol, mode)
    for alpn in ((), ("h2", "http/1.1")):
        assert raw(proxy.port, b"abc", tls=trusting(ca, *alpn), sni="app.test", limit_s=1) == b"abc"


def test_mt_1_tls_of_the_app_is_refused_on_an_http_port(side, echo, ca):
    proxy = side(echo.http("app"), "http")
    for alpn in ((), ("h2", "http/1.1")):
        with pytest.raises((ssl.SSLError, ConnectionError, OSError)):
            raw(proxy.port, b"abc", tls=trusting(ca, *alpn), sni="app.test")
    assert proxy.app.accepted == 0


def test_mt_2_disable_ends_no_tls(side, echo, ca):
    """Mesh TLS to such a port reaches the app as it is."""
    proxy = side(echo.tcp(tls=app_tls(ca)), "tcp", "DISABLE")
    assert raw(proxy.port, b"abc", tls=mesh_tls(ca, "istio"), sni="app.test", limit_s=1) == b"abc"


@pytest.mark.parametrize("mode", ["PERMISSIVE", "STRICT"])
def test_mt_3_alpn_tells_http_from_bytes(side, echo, ca, mode):
    """On an auto port: istio-http/1.1 and istio-h2 are HTTP, istio alone is bytes."""
    proxy = side(echo.http("app"), "auto", mode)
    ask = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    for alpn, is_http in ((("istio-http/1.1", "istio", "http/1.1"), True), (("istio-http/1.0", "istio"), True),
                          (("istio",), False), (("istio-peer-exchange", "istio"), False)):
        got = raw(proxy.port, ask, tls=mesh_tls(ca, *alpn), sni=HOST, limit_s=2)
        assert got.startswith(b"HTTP/1.1 200"), alpn
        assert (b"istio-envoy" in got) == is_http, alpn


@pytest.mark.parametrize("mode", ["PERMISSIVE", "STRICT"])
def test_mt_3_istio_h2_is_http2(side, echo, ca, mode):
    proxy = side(echo.http2("app"), "auto", mode)
    with http2(proxy.port, tls=mesh_tls(ca, "istio-h2", "istio", "h2")) as client:
        assert client.sock.selected_alpn_protocol() == "h2"
        assert client.get("/", authority=HOST).status == 200


@pytest.mark.parametrize("protocol", ["tcp", "tls"])
def test_mt_3_a_tcp_port_is_bytes_whatever_is_offered(side, echo, ca, protocol):
    proxy = side(echo.tcp(), protocol, "STRICT")
    for alpn in (("istio",), ("istio-http/1.1", "istio", "http/1.1")):
        assert raw(proxy.port, b"GET / HTTP/1.1\r\n\r\n", tls=mesh_tls(ca, *alpn), sni=HOST,
                   limit_s=1) == b"GET / HTTP/1.1\r\n\r\n"


def test_mt_7_the_exchange_is_never_chosen(side, echo, ca):
    proxy = side(echo.tcp(), "tcp", "STRICT")
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as plain, \
            mesh_tls(ca, "istio-peer-exchange", "istio").wrap_socket(plain, server_hostname=HOST) as sock:
        assert sock.selected_alpn_protocol() in (None, "istio")


def test_strict_says_nothing_to_plaintext(side, echo):
    proxy = side(echo.tcp(greet=b"hi"), "auto", "STRICT")
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.settimeout(5)
        sock.sendall(b"plain")
        begun = time.monotonic()
        try:
            assert sock.recv(100)[:1] in (b"", b"\x15")
        except ConnectionResetError:
            pass
        assert time.monotonic() - begun < 4
    assert proxy.app.accepted == 0
