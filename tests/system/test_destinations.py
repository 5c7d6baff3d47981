"""What a DestinationRule says, in a client's sidecar: which endpoint, how many at a time, by what
kind of connection."""

import re
import socket
import threading
from collections import Counter

import pytest

from meshtest import free_port, http2, raw, until
from meshtest.client import connection
from meshtest.hashing import Maglev, Ring
from meshtest.objects import endpoint, gateway, obj, routes, service, to
from meshtest.rig import HOST

RULE = "DestinationRule"
RUN = "outbound|80||" + HOST


def rule(policy, *subsets, host=HOST, **more):
    return obj(RULE, "app", {"host": host, "trafficPolicy": policy, "subsets": list(subsets), **more})


@pytest.fixture
def client(rig):
    """client(upstreams, policy): a sidecar whose service HOST is these upstreams."""
    def start(upstreams, policy, *objects, location="MESH_INTERNAL", protocol="HTTP", labels=None, args=()):
        config = rig.config(
            service(HOST, (80, protocol), location=location,
                    endpoints=[endpoint(u.port, **(labels[i] if labels else {})) for i, u in enumerate(upstreams)]),
            rule(policy), *objects)
        return rig.outbound(config, *args)
    return start


def ask(proxy, n=1, path="/", **options):
    """The names of those who answered."""
    return [proxy.http(path, host=HOST, **options).json()["server"] for _ in range(n)]


# ---- hashing ----

@pytest.mark.parametrize("kind, table", [("ringHash", Ring), ("maglev", Maglev)])
def test_lb_6_header_hash_chooses_as_envoy_would(client, echo, kind, table):
    apps = [echo.http(f"app-{i}") for i in range(5)]
    # Envoy's order of hosts does not matter where all weigh the same.
    expected = table([f"127.0.0.1:{app.port}" for app in apps])
    proxy = client(apps, {"loadBalancer": {"consistentHash": {"httpHeaderName": "x-user", kind: {}}}})
    for n in range(40):
        key = f"user-{n}"
        assert ask(proxy, headers={"x-user": key}) == [f"app-{expected.pick(key)}"], key


def test_lb_6_few_keys_move_when_a_host_leaves(client, echo):
    apps = [echo.http(f"app-{i}") for i in range(4)]
    proxy = client(apps, {"loadBalancer": {"consistentHash": {"httpQueryParameterName": "k"}}})
    keys = [f"key{n}" for n in range(60)]
    before = {key: ask(proxy, path=f"/?k={key}")[0] for key in keys}
    assert len(set(before.values())) == 4
    proxy.config.put(service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port) for app in apps[1:]]))
    until(lambda: "app-0" not in ask(proxy, 8), "app-0 is gone")
    moved = {key for key in keys if ask(proxy, path=f"/?k={key}")[0] != before[key]}
    others = moved - {key for key in keys if before[key] == "app-0"}
    # Those who stay get more points on the ring, which costs some keys a host that is still there.
    assert len(others) <= len(keys) // 3


def test_cookie_is_made_and_followed(client, echo):
    apps = [echo.http(f"app-{i}") for i in range(3)]
    proxy = client(apps, {"loadBalancer": {"consistentHash": {"httpCookie": {
        "name": "session", "path": "/shop", "ttl": "60s", "attributes": [{"name": "SameSite", "value": "Lax"}]}}}})
    reply = proxy.http("/", host=HOST)
    cookie = reply.header("set-cookie")
    assert re.fullmatch(r'session="[0-9a-f]{16}"; Max-Age=60; Path=/shop; SameSite=Lax; HttpOnly', cookie)
    mine = reply.json()["server"]
    reply = proxy.http("/", host=HOST, headers={"cookie": "a=b; " + cookie.split(";")[0]})
    assert reply.json()["server"] == mine and reply.header("set-cookie") is None


def test_lb_7_cookie_without_ttl_is_only_read(client, echo):
    apps = [echo.http(f"app-{i}") for i in range(3)]
    proxy = client(apps, {"loadBalancer": {"consistentHash": {"httpCookie": {"name": "session"}}}})
    assert proxy.http("/", host=HOST).header("set-cookie") is None
    assert len(set(ask(proxy, 10, headers={"cookie": "session=abc"}))) == 1


def test_without_a_rule_several_are_hit(client, echo):
    apps = [echo.http(f"app-{i}") for i in range(2)]
    assert len(set(ask(client(apps, {"tls": {"mode": "DISABLE"}}), 10))) == 2


# ---- localities ----

def places(*addresses):
    """HOST with endpoints (port, locality)."""
    made = service(HOST, (80, "HTTP"), endpoints=[endpoint(port) for port, _ in addresses])
    for e, (_, locality) in zip(made["spec"]["endpoints"], addresses):
        e["locality"] = locality
    return made


HERE = ("-l", "istio-locality=region.zone.subzone")


def test_lb_3_failover_follows_priorities(rig, echo):
    near, far = echo.http("near"), echo.http("far")
    dead = free_port()
    entry = places((dead, "region/zone/subzone"), (near.port, "nearregion/zone/subzone"),
                   (far.port, "notregion/zone/subzone"))
    proxy = rig.outbound(rig.config(entry, rule({
        "loadBalancer": {"localityLbSetting": {"failover": [{"from": "region", "to": "nearregion"}]}},
        "outlierDetection": {"interval": "1s", "baseEjectionTime": "10m", "maxEjectionPercent": 100,
                             "consecutive5xxErrors": 1}})), *HERE)
    # The local one does not answer: the first try ejects it.
    assert Counter(ask(proxy, 20)) == {"near": 20}


def test_lb_5_distribute_by_weight(rig, echo):
    local, near, far = echo.http("local"), echo.http("near"), echo.http("far")
    entry = places((local.port, "region/zone/subzone"), (near.port, "nearregion/zone/subzone"),
                   (far.port, "notregion/zone/subzone"))
    proxy = rig.outbound(rig.config(entry, rule({"loadBalancer": {"localityLbSetting": {"distribute": [
        {"from": "region", "to": {"nearregion": 80, "region": 20}}]}}})), *HERE)
    seen = Counter(ask(proxy, 50))
    assert abs(seen["near"] - 40) <= 3 and abs(seen["local"] - 10) <= 3 and not seen["far"]


@pytest.mark.parametrize("distribution", ["PreferClose", "PreferSameZone", "PreferSameNode"])
def test_lb_2_traffic_distribution_prefers_the_near(rig, echo, distribution):
    local, far = echo.http("local"), echo.http("far")
    entry = places((local.port, "region/zone/subzone"), (far.port, "notregion/zone/subzone"))
    entry["metadata"]["annotations"] = {"networking.istio.io/traffic-distribution": distribution}
    assert Counter(ask(rig.outbound(rig.config(entry), *HERE), 20)) == {"local": 20}


# ---- subsets ----

def test_dr_5_empty_and_unknown_subsets(rig, echo):
    app = echo.http("app")
    v1 = {"name": "v1", "labels": {"version": "v1"}, "trafficPolicy": {"connectionPool": {"http": {
        "maxRequestsPerConnection": 1}}}}
    proxy = rig.outbound(rig.config(
        service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port, version="v1")]),
        rule({"tls": {"mode": "DISABLE"}}, v1, {"name": "v2", "labels": {"version": "v2"}}),
        routes("by-path", HOST, *[{"match": [{"uri": {"prefix": "/" + s}}], "route": [to(HOST, subset=s)]}
                                  for s in ("v1", "v2", "v3")], {"route": [to(HOST)]}, gateways=None)))
    empty, unknown = proxy.http("/v2", host=HOST), proxy.http("/v3", host=HOST)
    assert (empty.status, empty.text()) == (503, "no healthy upstream")
    assert unknown.status == 503
    until(lambda: all(flag in proxy.admin("/decisions").text() for flag in ('"UH"', '"NC"')), "both decisions")
    # What v1 says holds for requests that a route sends there, and for no others.
    for path, connections in (("/v1", 3), ("/", 1)):
        assert len({proxy.http(path, host=HOST).json()["connection"] for _ in range(3)}) == connections


# ---- ejection ----

def test_cb_8_ejected_endpoints_get_nothing(client, echo):
    good, bad = echo.http("good"), echo.http("bad", status=503)
    proxy = client([good, bad], {
        "loadBalancer": {"simple": "ROUND_ROBIN"},
        "outlierDetection": {"consecutive5xxErrors": 2, "interval": "1s", "baseEjectionTime": "60s",
                             "maxEjectionPercent": 50}})
    seen = [proxy.http("/", host=HOST).status for _ in range(12)]
    assert seen.count(503) == 2
    until(lambda: proxy.samples("envoy_cluster_outlier_detection_ejections_active", cluster_name=RUN)[0][1] == 1,
          "the ejection is counted")
    stats = proxy.admin("/stats").text()
    assert f"cluster.{RUN}.outlier_detection.ejections_active: 1" in stats
    assert f"cluster.{RUN}.outlier_detection.ejections_enforced_total: 1" in stats


# ---- limits ----

def test_cb_2_overflow_is_503_with_uo(client, echo):
    slow = echo.http("slow", delay=1)
    proxy = client([slow], {"connectionPool": {"tcp": {"maxConnections": 1}, "http": {"http1MaxPendingRequests": 1}}})
    assert proxy.http("/", host=HOST).status == 200 # the connection is there, so that nobody waits for it
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(proxy.http("/", host=HOST))) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(r.status for r in replies) == [200, 200, 503, 503, 503, 503]
    refused = [r for r in replies if r.status == 503]
    assert all(r.header("x-envoy-overloaded") == "true" for r in refused)
    assert all("reset reason: overflow" in r.text() for r in refused)
    until(lambda: f"cluster.{RUN}.upstream_rq_pending_overflow: 4" in proxy.admin("/stats").text(), "all four are counted")


def test_max_requests_per_connection(client, echo):
    app = echo.http("app")
    proxy = client([app], {"connectionPool": {"http": {"maxRequestsPerConnection": 2}}})
    used = [proxy.http("/", host=HOST).json()["connection"] for _ in range(6)]
    assert len(set(used)) == 3


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
def test_use_client_protocol(client, echo, version):
    app = echo.http2("app") if version == "HTTP/2" else echo.http("app")
    proxy = client([app], {"tls": {"mode": "DISABLE"}, "connectionPool": {"http": {"useClientProtocol": True}}})
    if version == "HTTP/1.1":
        assert proxy.http("/", host=HOST).json()["version"] == version
        return
    with http2(proxy.port) as h2:
        assert h2.get("/", authority=HOST).json()["version"] == version


def test_h2_upgrade(client, echo):
    app = echo.http2("app")
    proxy = client([app], {"tls": {"mode": "DISABLE"}, "connectionPool": {"http": {"h2UpgradePolicy": "UPGRADE"}}})
    assert proxy.http("/", host=HOST).json()["version"] == "HTTP/2"


# ---- TLS ----

@pytest.fixture
def tls(client, echo, ca):
    """tls(settings, client_ca=None): asks a TLS server called app.test by these ClientTLSSettings."""
    def start(settings, client_ca=None, alpn=("http/1.1",)):
        leaf = ca.leaf(dns=["app.test"])
        app = echo.http("app", tls=ca.server_context(leaf, alpn=alpn, client_ca=client_ca))
        proxy = client([app], {"tls": settings}, location="MESH_EXTERNAL")
        return proxy.http("/", host=HOST)
    return start


def test_tls_simple_by_file(tls, ca):
    assert tls({"mode": "SIMPLE", "caCertificates": ca.path, "sni": "app.test"}).json()["server"] == "app"


def test_tls_names_must_fit(tls, ca):
    settings = {"mode": "SIMPLE", "caCertificates": ca.path}
    assert tls({**settings, "subjectAltNames": ["app.test"]}).status == 200
    assert tls({**settings, "subjectAltNames": ["other.test"]}).status == 503
    assert tls(settings).status == 503, "the host's own name is not in the certificate"


def test_tls_roots_must_fit_unless_skipped(tls, ca, tmp_path):
    other = type(ca)("other.local")
    assert tls({"mode": "SIMPLE", "caCertificates": other.path, "sni": "app.test"}).status == 503
    assert tls({"mode": "SIMPLE", "insecureSkipVerify": True}).status == 200


def test_tls_mutual_by_files(tls, ca):
    leaf = ca.leaf(dns=["client.test"])
    files = {"clientCertificate": leaf.cert_path, "privateKey": leaf.key_path, "caCertificates": ca.path,
             "sni": "app.test"}
    assert tls({"mode": "MUTUAL", **files}, client_ca=ca).status == 200
    stranger = type(ca)("other.local").leaf(dns=["client.test"])
    files.update(clientCertificate=stranger.cert_path, privateKey=stranger.key_path)
    assert tls({"mode": "MUTUAL", **files}, client_ca=ca).status == 503


def test_tls_revoked_servers_are_refused(client, echo, ca, tmp_path):
    leaf, well = ca.leaf(dns=["app.test"]), ca.leaf(dns=["app.test"])
    (tmp_path / "crl.pem").write_bytes(ca.crl(leaf))
    settings = {"mode": "SIMPLE", "caCertificates": ca.path, "caCrl": str(tmp_path / "crl.pem"), "sni": "app.test"}
    for server, status in ((leaf, 503), (well, 200)):
        app = echo.http("app", tls=ca.server_context(server))
        proxy = client([app], {"tls": settings}, location="MESH_EXTERNAL")
        assert proxy.http("/", host=HOST).status == status


# ---- through a forward proxy, and to who wants to know the client ----

class ForwardProxy:
    """CONNECT over HTTP/1.1; requests has the heads it got."""

    def __init__(self, target_port):
        self.target_port, self.requests = target_port, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                down, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(down,), daemon=True).start()

    def serve(self, down):
        head = b""
        while b"\r\n\r\n" not in head:
            head += down.recv(4096)
        head, early = head.split(b"\r\n\r\n", 1)
        self.requests.append((head.decode(), early))
        up = socket.create_connection(("127.0.0.1", self.target_port))
        down.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=self.copy, args=(up, down), daemon=True).start()
        self.copy(down, up)

    @staticmethod
    def copy(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def tcp_front(rig, port_of_endpoint, policy):
    """A gateway that carries TCP to HOST by this rule; the port to connect to."""
    port = free_port()
    rig.gateway(rig.config(
        gateway((port, "TCP", ["*"], None)), service(HOST, (80, "TCP"), endpoints=[endpoint(port_of_endpoint)]),
        routes("tcp", "*", {"match": [{"port": port}], "route": [to(HOST)]}, kind="tcp"), rule(policy)))
    return port


def test_tunnel_by_connect(rig, echo):
    app = echo.tcp("app", greet=b"hello ")
    forward = ForwardProxy(app.port)
    port = tcp_front(rig, forward.port, {"tunnel": {"targetHost": "app.example.com", "targetPort": 5432}})
    assert raw(port, b"ping") == b"hello ping"
    head, early = forward.requests[0]
    assert head.startswith("CONNECT app.example.com:5432 HTTP/1.1\r\n")
    assert early == b"", "nothing goes before the proxy agreed"
    forward.socket.close()


@pytest.mark.parametrize("version, start", [("V1", b"PROXY TCP4 127.0.0.1 127.0.0.1 "),
                                            ("V2", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\1\x7f\0\0\1")])
def test_proxy_protocol_to_the_upstream(rig, echo, version, start):
    app = echo.tcp("app")
    port = tcp_front(rig, app.port, {"proxyProtocol": {"version": version}})
    came = raw(port, b"ping")
    assert came.startswith(start) and came.endswith(b"ping")


def test_proxy_protocol_of_http_speaks_for_each_client(rig):
    """Requests of two clients never share a connection that speaks for one of them."""
    heads = []

    def serve(conn):
        with conn, conn.makefile("rb") as lines:
            head = lines.readline()
            while line := lines.readline():
                if line == b"\r\n":
                    heads.append(head)
                    conn.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    def accept():
        try:
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
        except OSError:
            pass

    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    proxy = rig.outbound(rig.config(
        service(HOST, (80, "HTTP"), endpoints=[endpoint(listening.getsockname()[1])]),
        rule({"proxyProtocol": {"version": "V1"}})))
    clients = [connection(f"http://127.0.0.1:{proxy.port}/") for _ in range(2)]
    for _ in range(3):
        for conn in clients:
            assert proxy.http("/", host=HOST, on=conn).status == 200
    ports = [conn.sock.getsockname()[1] for conn in clients]
    assert heads == [f"PROXY TCP4 127.0.0.1 127.0.0.1 {port} {proxy.port}\r\n".encode() for port in ports * 3]
    for conn in clients:
        conn.close()
    listening.close()


def test_max_connection_duration_of_tcp(rig, echo):
    app = echo.tcp("app", greet=b"x")
    port = tcp_front(rig, app.port, {"connectionPool": {"tcp": {"maxConnectionDuration": "0.3s"}}})
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(5)
        assert sock.recv(1) == b"x"
        assert sock.recv(1) == b"", "the proxy ended it"


def test_cb_2_tcp_connections_beyond_the_limit_are_closed(rig, echo):
    app = echo.tcp("app", greet=b"x")
    port = tcp_front(rig, app.port, {"connectionPool": {"tcp": {"maxConnections": 1}}})
    with socket.create_connection(("127.0.0.1", port)) as first:
        assert first.recv(1) == b"x"
        assert raw(port, b"") == b""
    until(lambda: raw(port, b"") == b"x", "there is room again")
