"""The multiplexed hop between two proxies: what runs inside it, and what each may do to the others."""

import signal
import socket
import struct
import threading
import time

import pytest

from meshtest import http2, raw, until
from meshtest.objects import endpoint, obj, service
from meshtest.rig import HOST


def connections_to(port):
    """Established TCP connections whose server end is this port."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        lines = [line.split() for line in file.read().splitlines()[1:]]
    return sum(1 for line in lines if line[1].endswith(f":{port:04X}") and line[3] == "01")


def connect(port):
    return socket.create_connection(("127.0.0.1", port), 10)


def policy(action, *rules):
    return obj("AuthorizationPolicy", "p", {"action": action, "rules": list(rules)})


class Deaf:
    """An app that takes connections, says what it has to say, and reads nothing until told to."""

    def __init__(self, greet=b""):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self.socks, self.greet = [], greet
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.sendall(self.greet)
            self.socks.append(sock)

    def close(self):
        self.listener.close()
        for sock in self.socks:
            sock.close()


def fill(sock, enough=64 << 20, still_s=1.0):
    """Writes until nothing is taken any more; returns how much was."""
    sock.settimeout(still_s)
    block, sent = bytes(1 << 16), 0
    try:
        while sent < enough:
            sent += sock.send(block)
    except TimeoutError:
        pass
    return sent


# ---- raw TCP ----

def test_tcp_connections_share_the_hop(rig, echo):
    pair = rig.tcp_pair(echo.tcp())
    socks = [connect(pair.port) for _ in range(50)]
    for number, sock in enumerate(socks):
        sock.sendall(b"%d" % number)
    for number, sock in enumerate(socks):
        assert sock.recv(100) == b"%d" % number
    assert pair.app.open == 50
    until(lambda: connections_to(pair.server.port) == 1, "1 connection(s) between the proxies")
    for sock in socks:
        sock.close()
    until(lambda: pair.app.open == 0, "all have ended at the app")
    until(lambda: connections_to(pair.server.port) == 1, "1 connection(s) between the proxies")


def test_to_istios_sidecars_each_has_its_own(rig, echo):
    pair = rig.tcp_pair(echo.tcp(), "mtls")
    socks = [connect(pair.port) for _ in range(5)]
    for sock in socks:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
    until(lambda: connections_to(pair.server.port) == 5, "5 connection(s) between the proxies")


def test_a_stopped_reader_stops_nobody_else(rig, echo, request):
    """Connections whose app does not read fill up and stop; others on the same hop go on."""
    app = Deaf(greet=b"hi")
    request.addfinalizer(app.close)
    rig.keep_no_freed_memory()
    pair = rig.tcp_pair(app)
    before = pair.memory_kb()
    stuck = [connect(pair.port) for _ in range(20)]
    until(lambda: len(app.socks) == 20, "all are at the app", limit_s=30)
    threads = [threading.Thread(target=fill, args=(sock,)) for sock in stuck]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connect(pair.port) as sock:
        assert sock.recv(2) == b"hi"
        until(lambda: len(app.socks) == 21, "it is at the app", limit_s=30)
        sock.sendall(b"passes")
        app.socks[-1].settimeout(20)
        assert app.socks[-1].recv(100) == b"passes"
    until(lambda: connections_to(pair.server.port) == 1, "1 connection(s) between the proxies")
    assert pair.memory_kb() - before < 40 * 1024


def test_a_stopped_client_stops_nobody_else(rig, echo):
    pair = rig.tcp_pair(echo.tcp(greet=bytes(8 << 20)))
    stuck = [connect(pair.port) for _ in range(8)]
    until(lambda: pair.app.open == 8, "all are at the app")
    with connect(pair.port) as sock:
        got = 0
        while got < 8 << 20:
            got += len(sock.recv(1 << 20))
        sock.sendall(b"ping")
        assert sock.recv(4) == b"ping"
    for sock in stuck:
        sock.close()


def test_a_reset_of_the_app_reaches_the_client(rig, request):
    app = Deaf()
    request.addfinalizer(app.close)
    pair = rig.tcp_pair(app)
    with connect(pair.port) as sock:
        sock.sendall(b"x")
        until(lambda: app.socks, "it is at the app")
        app.socks[0].recv(1)
        app.socks[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        app.socks[0].close()
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_a_reset_of_the_client_reaches_the_app(rig, request):
    app = Deaf()
    request.addfinalizer(app.close)
    pair = rig.tcp_pair(app)
    sock = connect(pair.port)
    sock.sendall(b"x")
    until(lambda: app.socks, "it is at the app")
    assert app.socks[0].recv(1) == b"x"
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    with pytest.raises(ConnectionResetError):
        app.socks[0].recv(1)


def test_a_killed_sidecar_resets(rig, echo):
    pair = rig.tcp_pair(echo.tcp())
    with connect(pair.port) as sock:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
        pair.server.process.kill()
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_policies_count_for_each_connection_inside(rig, echo):
    mine = {"from": [{"source": {"principals": ["cluster.local/ns/default/sa/client"]}}]}
    app = echo.tcp(greet=b"hi")
    pair = rig.tcp_pair(app, objects=[policy("ALLOW", mine)], server_args=("--access-log", "/dev/stdout"))
    assert raw(pair.port, b"x", half_close=True) == b"hix"
    pair.server.config.put(policy("DENY", mine))
    until(lambda: raw(pair.port, b"x", half_close=True) == b"", "denied on the connection that is open")
    accepted = app.accepted
    assert raw(pair.port, b"x", half_close=True) == b""
    assert app.accepted == accepted
    pair.server.process.wait_line(r"rbac_access_denied_matched_policy")
    pair.server.config.put(policy("DENY", {**mine, "to": [{"operation": {"ports": ["1"]}}]}))
    until(lambda: raw(pair.port, b"x", half_close=True) == b"hix", "the port is that of the app")
    pair.server.config.put(policy("DENY", {**mine, "to": [{"operation": {"ports": [str(app.port)]}}]}))
    until(lambda: raw(pair.port, b"x", half_close=True) == b"", "the port is that of the app")


@pytest.mark.parametrize("hop", ["mesh", "mtls"])
def test_metrics_and_logs_of_both_sides(rig, echo, hop):
    log = ("--access-log", "/dev/stdout")
    pair = rig.tcp_pair(echo.tcp(), hop, client_args=log, server_args=log)
    assert raw(pair.port, b"x" * 1000, half_close=True) == b"x" * 1000
    for proxy, reporter, policies in ((pair.client, "source", "unknown"), (pair.server, "destination", "mutual_tls")):
        until(lambda: proxy.samples("istio_tcp_connections_closed_total"), "the connection is counted")  # noqa: B023
        for name, number in (("connections_opened_total", 1), ("connections_closed_total", 1),
                             ("sent_bytes_total", 1000), ("received_bytes_total", 1000)):
            [(labels, count)] = proxy.samples("istio_tcp_" + name)
            assert (count, labels["reporter"]) == (number, reporter), name
            assert labels["connection_security_policy"] == policies
            assert labels["response_flags"] == "-"
        assert labels["source_principal"] == "spiffe://cluster.local/ns/default/sa/client" or reporter == "source"
        proxy.process.wait_line(r'" 0 - - - "-" 1000 1000 ')
        assert not proxy.samples("istio_requests_total")


def test_app_away_is_told(rig, echo):
    app = echo.tcp()
    pair = rig.tcp_pair(app, client_args=("--access-log", "/dev/stdout"))
    app.close()
    assert raw(pair.port, b"x") == b""
    pair.client.process.wait_line(r'" 0 UF ')


# ---- features of TCP, by whatever hop ----

hops = pytest.mark.parametrize("hop", ["mesh", "mtls", "plain"])


def dr_tcp(**tcp):
    return obj("DestinationRule", "d", {"host": HOST, "trafficPolicy": {"connectionPool": {"tcp": tcp}}})


@hops
def test_tc_1_idle_connections_end(rig, echo, hop):
    pair = rig.tcp_pair(echo.tcp(), hop, mode="PERMISSIVE", client_objects=[dr_tcp(idleTimeout="1s")],
                        client_args=("--access-log", "/dev/stdout"))
    with connect(pair.port) as sock:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
        assert sock.recv(1) == b"" # when it had been idle for so long
    until(lambda: pair.app.open == 0, "it has ended at the app")
    pair.client.process.wait_line(r'" 0 SI ')


@hops
def test_tc_2_the_client_ends_first(rig, echo, hop):
    pair = rig.tcp_pair(echo.tcp(), hop, mode="PERMISSIVE")
    with connect(pair.port) as sock:
        sock.sendall(b"all of it")
        sock.shutdown(socket.SHUT_WR)
        got = b""
        while part := sock.recv(100):
            got += part
    assert got == b"all of it"


@hops
@pytest.mark.parametrize("side", ["client", "server"])
def test_tc_2_a_drain_cuts_long_connections(rig, echo, hop, side):
    times = ("--drain-time", "300ms")
    pair = rig.tcp_pair(echo.tcp(), hop, mode="PERMISSIVE", client_args=times, server_args=times)
    with connect(pair.port) as sock:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
        process = getattr(pair, side).process
        began = time.monotonic()
        process.signal(signal.SIGTERM)
        time.sleep(0.1)
        sock.sendall(b"y") # it lives on while there is time
        assert sock.recv(1) == b"y"
        assert process.wait() == 0
        assert 0.2 < time.monotonic() - began < 4
        try:
            assert sock.recv(1) == b""
        except ConnectionResetError:
            pass


@hops
def test_tc_3_the_app_sees_its_sidecar(rig, hop, request):
    app = Deaf(greet=b"hi")
    request.addfinalizer(app.close)
    pair = rig.tcp_pair(app, hop, mode="PERMISSIVE")
    with connect(pair.port) as sock:
        assert sock.recv(2) == b"hi"
        assert app.socks[0].getpeername()[0] == "127.0.0.6"


# ---- by other clients of the hop ----

@pytest.fixture
def hop_client(ca):
    """hop_client(server, account="a") -> an HTTP/2 client on a hop to this sidecar, as a mesh proxy is."""
    made = []

    def start(server, **options):
        tls = ca.client_context(ca.leaf(spiffe="ns/default/sa/client"), alpn=("mesh-h2",))
        made.append(http2(server.port, tls=tls, **options))
        assert made[-1].sock.selected_alpn_protocol() == "mesh-h2"
        return made[-1]
    yield start
    for client in made:
        client.close()


def inbound(rig, app, *objects, protocol="tcp", mode="STRICT", args=()):
    mtls = obj("PeerAuthentication", "default", {"mtls": {"mode": mode}})
    return rig.inbound(rig.config(mtls, *objects), app.port, protocol, *args, certs=rig.certs("server"))


def tunnel(client, authority, data=b"", end=True):
    stream = client.send("CONNECT", None, authority=authority, end=False)
    client.wait(lambda: client.replies[stream].status, "an answer")
    if client.replies[stream].status == 200:
        client.data(stream, data, end=end)
    return stream


def test_connect_to_the_port(rig, echo, hop_client):
    side = inbound(rig, echo.tcp())
    client = hop_client(side)
    reply = client.reply(tunnel(client, f"127.0.0.1:{side.port}", b"abc"))
    assert (reply.status, reply.body, reply.reset) == (200, b"abc", None)


def test_connect_elsewhere_is_400(rig, echo, hop_client):
    side = inbound(rig, echo.tcp())
    client = hop_client(side)
    for authority in ("127.0.0.1:1", "127.0.0.1:0", "example.com:80", "127.0.0.1"):
        reply = client.reply(tunnel(client, authority))
        assert reply.status == 400, authority
    assert side.config and client.reply(tunnel(client, f"127.0.0.1:{side.port}", b"a")).body == b"a"


def test_connect_without_the_app_is_503(rig, echo, hop_client):
    app = echo.tcp()
    side = inbound(rig, app)
    app.close()
    client = hop_client(side)
    assert client.reply(tunnel(client, f"127.0.0.1:{side.port}")).status == 503


def test_connect_denied_is_401(rig, echo, hop_client):
    side = inbound(rig, echo.tcp(), policy("DENY", {"from": [{"source": {"namespaces": ["default"]}}]}))
    client = hop_client(side)
    assert client.reply(tunnel(client, f"127.0.0.1:{side.port}")).status == 401


def test_a_tunnel_is_no_way_around_http_policies(rig, echo, hop_client):
    """On a port that speaks HTTP what comes in a tunnel is HTTP too."""
    app = echo.http("app")
    side = inbound(rig, app, policy("DENY", {"to": [{"operation": {"paths": ["/secret"]}}]}), protocol="http")
    client = hop_client(side)
    for path, status in (("/secret", b"403"), ("/open", b"200")):
        ask = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
        stream = client.send("CONNECT", None, authority=f"127.0.0.1:{side.port}", end=False)
        client.data(stream, ask)
        assert client.reply(stream).body.startswith(b"HTTP/1.1 " + status)
    assert [r["target"] for r in app.requests] == ["/open"]


def test_only_the_hop_takes_connect(rig, echo, ca):
    app = echo.http("app")
    side = inbound(rig, app, protocol="http")
    tls = ca.client_context(ca.leaf(spiffe="ns/default/sa/client"), alpn=("istio-h2", "h2"))
    with http2(side.port, tls=tls) as client:
        assert client.reply(tunnel(client, f"127.0.0.1:{side.port}")).status == 405


# ---- a peer taken for one of ours that is none ----

def test_tcp_to_a_peer_that_does_not_choose_the_hop(rig, echo, ca):
    tls = ca.server_context(ca.leaf(spiffe="ns/default/sa/server"), alpn=("h2", "http/1.1"), client_ca=ca)
    app = echo.tcp(tls=tls)
    front = rig.tcp_front(endpoint(app.port, hop="mesh"))
    for _ in range(3):
        assert raw(front.port, b"abc", limit_s=1).startswith(b"abc")


def test_http_to_a_peer_that_does_not_choose_the_hop(rig, echo, ca):
    tls = ca.server_context(ca.leaf(spiffe="ns/default/sa/server"), alpn=("http/1.1",), client_ca=ca)
    app = echo.http("app", tls=tls)
    client = rig.outbound(rig.config(service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port, hop="mesh")])),
                          certs=rig.certs("client"))
    for _ in range(3):
        assert client.http("/", host=HOST).status == 200
    assert len(app.requests) == 3


# ---- uploads ----

def test_stuck_uploads_stop_no_other(rig, hop_client, echo, request):
    """Many uploads whose app does not read fill their own windows, not the connection's."""
    deaf = Deaf()
    request.addfinalizer(deaf.close)
    rig.keep_no_freed_memory()
    side = inbound(rig, deaf, protocol="http")
    client = hop_client(side, window_bytes=1 << 20)
    streams = [client.send("POST", f"/{n}", authority=HOST, headers={"content-length": str(1 << 30)}, end=False)
               for n in range(40)]
    still = time.monotonic()
    while time.monotonic() - still < 1.0: # until nothing is taken any more
        for stream in streams:
            room = min(client.h2.local_flow_control_window(stream), client.h2.max_outbound_frame_size)
            if room > 0:
                client.h2.send_data(stream, bytes(room))
                still = time.monotonic()
        client._flush()
        try:
            client.sock.settimeout(0.05)
            for event in client.h2.receive_data(client.sock.recv(65536)):
                client._on_event(event)
        except TimeoutError:
            pass
    assert client.h2.outbound_flow_control_window > 1 << 16, "the connection has window left"
    assert side.memory_kb() < 96 * 1024
    until(lambda: len(deaf.socks) == 40, "all are at the app")
    last = client.send("POST", "/last", authority=HOST, body=b"x" * 100000)
    until(lambda: len(deaf.socks) == 41, "the last one is at the app")
    sock, got = deaf.socks[-1], b""
    sock.settimeout(5)
    while not got.endswith(b"0\r\n\r\n"):
        got += sock.recv(65536)
    sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    assert client.reply(last).body == b"ok"
