"""What a proxy tells: access log, metrics, admin pages; and how it ends."""

import json
import os
import re
import signal
import socket
import threading
import time

import pytest

from meshtest import free_port, grpc_client, http, http2, raw, until
from meshtest.client import connection
from meshtest.objects import endpoint, gateway, obj, routes, service, to
from meshtest.rig import HOST

LOG = ("--access-log", "/dev/stdout")
ADDR = r"127\.0\.0\.1:\d+"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\]"


@pytest.fixture
def gw(rig, echo):
    """gw(rules..., args=()) -> a gateway before one echo server."""
    def start(*rules, args=(), app=None):
        app = app or echo.http("app")
        started = rig.gateway(rig.config(
            gateway((free_port(), "HTTP", ["*"], None)), service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port)]),
            routes("all", "*", *(rules or [{"name": "everything", "route": [to(HOST)]}]))), *args)
        started.app = app
        return started
    return start


# ---- access log ----

def test_default_text(gw):
    proxy = gw(args=LOG)
    proxy.http("/path?q=1", host="a.test", method="POST", body=b"12345", headers={"user-agent": "py", "x-echo-size": "77"})
    line = proxy.process.wait_line(r'^\[.*"POST .*$').group(0)
    assert re.fullmatch(
        rf'{TIME} "POST /path\?q=1 HTTP/1\.1" 200 - via_upstream - "-" 5 77 \d+ \d+ "127\.0\.0\.1" "py" "{UUID}" "a\.test" '
        rf'"127\.0\.0\.1:{proxy.app.port}" outbound\|80\|\|{re.escape(HOST)} {ADDR} 127\.0\.0\.1:{proxy.port} {ADDR} - everything',
        line), line


def test_text_of_local_replies(gw):
    proxy = gw({"match": [{"uri": {"exact": "/a"}}], "name": "direct", "directResponse": {"status": 418}}, args=LOG)
    proxy.http("/nothing", host="a.test", headers={"user-agent": 'q"\\uote'})
    line = proxy.process.wait_line(r'^\[.*"GET /nothing .*$').group(0)
    assert re.fullmatch(rf'{TIME} "GET /nothing HTTP/1\.1" 404 NR route_not_found - "-" 0 0 \d+ - "127\.0\.0\.1" ".*" '
                        rf'"{UUID}" "a\.test" "-" - - 127\.0\.0\.1:{proxy.port} {ADDR} - -', line), line
    proxy.http("/a", host="a.test")
    line = proxy.process.wait_line(r'^\[.*"GET /a .*$').group(0)
    assert re.search(r'" 418 - direct_response - "-" 0 0 ', line) and line.endswith(" direct"), line


def test_log_lines_cannot_be_forged(gw):
    proxy = gw(args=LOG)
    raw(proxy.port, b'GET /x HTTP/1.1\r\nHost: a\r\nUser-Agent: a\tb\xff"\r\nConnection: close\r\n\r\n')
    text = proxy.process.wait_line(r'^\[.*"GET /x .*$').group(0)
    assert all(32 <= ord(c) < 127 for c in text) and r'a\x09b\xff' in text, ascii(text)


def test_default_json(gw):
    proxy = gw(args=[*LOG, "--access-log-format", "json"])
    proxy.http("/j?x=1", host="a.test")
    seen = json.loads(proxy.process.wait_line(r'^\{.*"/j.*$').group(0))
    assert set(seen) == {
        "start_time", "route_name", "method", "path", "protocol", "response_code", "response_flags", "response_code_details",
        "connection_termination_details", "bytes_received", "bytes_sent", "duration", "upstream_service_time",
        "x_forwarded_for", "user_agent", "request_id", "authority", "upstream_host", "upstream_cluster",
        "upstream_local_address", "downstream_local_address", "downstream_remote_address", "requested_server_name",
        "upstream_transport_failure_reason"}
    assert (seen["method"], seen["path"], seen["protocol"], seen["authority"]) == ("GET", "/j?x=1", "HTTP/1.1", "a.test")
    assert (seen["response_code"], seen["bytes_received"], seen["route_name"]) == (200, 0, "everything")
    assert seen["upstream_cluster"] == f"outbound|80||{HOST}"
    assert seen["upstream_host"] == f"127.0.0.1:{proxy.app.port}"
    assert seen["user_agent"] is None and seen["upstream_transport_failure_reason"] is None
    assert isinstance(seen["duration"], int)


def test_own_format(gw):
    proxy = gw(args=[*LOG, "--access-log-format", 'own %REQ(X-A):3% %REQ(NOPE?X-B)% %RESP(X-ECHO-SERVER)% %PROTOCOL% %RESPONSE_FLAGS%'])
    proxy.http("/", headers={"x-a": "abcdef", "x-b": "b"})
    proxy.process.wait_line(r"^own abc b app HTTP/1\.1 -$")


def test_log_of_a_pair(rig, echo):
    pair = rig.pair(echo.http("app"), "http", "mesh", client_args=LOG, server_args=LOG)
    pair.http("/p", headers={"x-request-id": "the-id"})
    outbound = pair.client.process.wait_line(r'^\[.*"GET /p .*$').group(0)
    inbound = pair.server.process.wait_line(r'^\[.*"GET /p .*$').group(0)
    assert f'"the-id" "{HOST}" "127.0.0.1:{pair.server.port}" outbound|80||{HOST} ' in outbound
    assert outbound.endswith(" default")
    assert f'"the-id" "{HOST}" "127.0.0.1:{pair.app.port}" inbound|{pair.app.port}|| ' in inbound
    assert re.search(rf" outbound_\.80_\._\.{re.escape(HOST)} default$", inbound), inbound


def test_log_of_tcp(rig, echo):
    tcp, port = echo.tcp(), free_port()
    proxy = rig.gateway(rig.config(
        gateway((port, "TCP", ["*"], None)), service(HOST, (80, "TCP"), endpoints=[endpoint(tcp.port)]),
        routes("t", "*", {"match": [{"port": port}], "route": [to(HOST)]}, kind="tcp")), *LOG)
    assert raw(port, b"12345", half_close=True) == b"12345"
    line = proxy.process.wait_line(r'^\[.*"- - -" 0 - .*$').group(0)
    assert re.fullmatch(rf'{TIME} "- - -" 0 - - - "-" 5 5 \d+ - "-" "-" "-" "-" "127\.0\.0\.1:{tcp.port}" '
                        rf'outbound\|80\|\|{re.escape(HOST)} {ADDR} 127\.0\.0\.1:{port} {ADDR} - -', line), line


def test_sighup_reopens_the_log(gw, tmp_path):
    path = tmp_path / "access.log"
    proxy = gw(args=["--access-log", str(path)])
    proxy.http("/one")
    until(lambda: "/one" in path.read_text(), "the first line")
    os.rename(path, tmp_path / "access.log.1")
    proxy.process.signal(signal.SIGHUP)

    def is_new():
        proxy.http("/two")
        return path.exists() and "/two" in path.read_text()
    until(is_new, "lines go to a new file", every_s=0.1)


# ---- metrics ----

REQUEST_LABELS = {
    "reporter", "source_workload", "source_workload_namespace", "source_principal", "source_app", "source_version",
    "source_cluster", "source_canonical_service", "source_canonical_revision", "destination_workload",
    "destination_workload_namespace", "destination_principal", "destination_app", "destination_version",
    "destination_cluster", "destination_canonical_service", "destination_canonical_revision", "destination_service",
    "destination_service_name", "destination_service_namespace", "request_protocol", "response_code", "response_flags",
    "grpc_response_status", "connection_security_policy"}
CLIENT = "spiffe://cluster.local/ns/default/sa/client"
SERVER = "spiffe://cluster.local/ns/default/sa/server"


def total(proxy, **labels):
    return sum(n for _, n in proxy.samples("istio_requests_total", **labels))


def test_request_metrics_of_a_pair(rig, echo):
    pair = rig.pair(echo.http("app"), "http", "mesh")
    for _ in range(3):
        pair.http("/", method="POST", body=b"x" * 100)
    pair.http("/", headers={"x-echo-status": "404"})
    until(lambda: total(pair.client) == 4 and total(pair.server) == 4, "all are counted at both ends")
    [(labels, count)] = pair.client.samples("istio_requests_total", response_code="200")
    assert set(labels) == REQUEST_LABELS and count == 3
    common = {"source_workload": "client", "source_workload_namespace": "default", "source_app": "client",
              "source_version": "v1", "source_cluster": "Kubernetes", "source_canonical_service": "client",
              "source_canonical_revision": "v1", "source_principal": CLIENT, "destination_principal": SERVER,
              "request_protocol": "http", "response_flags": "-", "grpc_response_status": ""}
    expected = {"reporter": "source", "connection_security_policy": "unknown", "destination_service": HOST,
                "destination_service_name": HOST, "destination_service_namespace": "default", **common}
    assert {k: labels[k] for k in expected} == expected
    [(labels, count)] = pair.server.samples("istio_requests_total", response_code="200")
    assert set(labels) == REQUEST_LABELS and count == 3
    expected = {"reporter": "destination", "connection_security_policy": "mutual_tls", "source_principal": CLIENT,
                "destination_principal": SERVER, "destination_workload": "server", "destination_workload_namespace": "default",
                "destination_app": "server", "destination_version": "v1", "destination_cluster": "Kubernetes",
                "destination_canonical_service": "server", "destination_canonical_revision": "v1"}
    assert {k: labels[k] for k in expected} == expected
    for proxy in (pair.client, pair.server):
        for name in ("istio_request_duration_milliseconds", "istio_request_bytes", "istio_response_bytes"):
            [(labels, count)] = proxy.samples(name + "_count", response_code="200")
            assert count == 3 and set(labels) == REQUEST_LABELS
            buckets = {l["le"]: n for l, n in proxy.samples(name + "_bucket", response_code="200")}
            assert buckets["+Inf"] == 3
            if "duration" in name:
                assert set(buckets) >= {"0.5", "1", "5", "10", "25", "50", "100", "1000", "3600000", "+Inf"}
        [(_, number)] = proxy.samples("istio_request_bytes_sum", response_code="200")
        assert number >= 300


def test_flags_and_grpc_status(rig, echo):
    app = echo.grpc()
    pair = rig.pair(app, "grpc", "mesh")
    with grpc_client(pair.port, authority=HOST) as client:
        client.unary(b"x")
        client.unary(b"x", metadata=[("x-echo-status", "5")])
        until(lambda: total(pair.client, request_protocol="grpc", grpc_response_status="5") == 1, "the status is counted")
        until(lambda: total(pair.server, request_protocol="grpc", grpc_response_status="0") == 1, "the other one too")
        [(labels, _)] = pair.client.samples("istio_requests_total", grpc_response_status="0")
        assert labels["response_code"] == "200"
    app.close()
    with grpc_client(pair.port, authority=HOST) as client:
        client.unary(b"x")
    until(lambda: [l for l, _ in pair.server.samples("istio_requests_total") if "UF" in l["response_flags"]],
          "a failed connection is counted by its flag")


def test_tcp_metrics(rig, echo):
    tcp, port = echo.tcp(), free_port()
    strict = obj("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})
    server = rig.inbound(rig.config(strict), tcp.port, "tcp", certs=rig.certs("server"))
    front = rig.gateway(rig.config(
        gateway((port, "TCP", ["*"], None)), service(HOST, (80, "TCP"), endpoints=[endpoint(server.port, hop="mtls")]),
        routes("t", "*", {"match": [{"port": port}], "route": [to(HOST)]}, kind="tcp")), certs=rig.certs("gw"))
    assert raw(port, b"x" * 1000, half_close=True) == b"x" * 1000
    for proxy, reporter, policy in ((front, "source", "unknown"), (server, "destination", "mutual_tls")):
        until(lambda: proxy.samples("istio_tcp_connections_closed_total"), "the connection is counted")  # noqa: B023
        for name, number in (("connections_opened_total", 1), ("connections_closed_total", 1),
                             ("sent_bytes_total", 1000), ("received_bytes_total", 1000)):
            [(labels, count)] = proxy.samples("istio_tcp_" + name)
            assert (count, labels["reporter"], labels["request_protocol"]) == (number, reporter, "tcp"), name
            assert labels["connection_security_policy"] == policy
            assert set(labels) == REQUEST_LABELS - {"response_code", "grpc_response_status"}


def test_metrics_ports(rig, echo):
    first, second = free_port(), free_port()
    proxy = rig.mesh("gateway", "--config", rig.config().path, "-l", "app=gw", "--admin", "none", "--health", "none",
                     "--metrics", f"127.0.0.1:{first}", "--metrics-too", f"127.0.0.1:{second}")
    proxy.wait_line("^ready$")
    for port in (first, second):
        reply = http(f"http://127.0.0.1:{port}/stats/prometheus")
        assert reply.status == 200 and reply.header("content-type").startswith("text/plain")
        assert http(f"http://127.0.0.1:{port}/config_dump").status == 404


def test_metrics_are_well_formed(gw):
    proxy = gw()
    proxy.http("/")
    until(lambda: total(proxy) == 1, "the request is counted")
    text = proxy.admin("/stats/prometheus").text()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    assert kinds["istio_requests_total"] == "counter" and kinds["istio_request_bytes"] == "histogram"
    for line in text.splitlines():
        assert line.startswith("# ") or re.fullmatch(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-z_]+="([^"\\]|\\.)*",?)*\})? [0-9.e+-]+', line), line
    assert len(re.findall(r"^# TYPE istio_requests_total ", text, re.M)) == 1


# ---- admin ----

def test_admin_pages(gw):
    proxy = gw()
    proxy.http("/seen", headers={"x-echo-status": "201"})
    assert (proxy.admin("/ready").status, proxy.admin("/ready").text()) == (200, "LIVE\n")
    assert proxy.admin("/healthz/ready").status == 200
    dump = json.loads(proxy.admin("/config_dump").body)
    text = json.dumps(dump)
    assert HOST in text and "virtualservice-default-all.yaml" in text
    assert re.search(r"^\S+: \d+$", proxy.admin("/stats").text(), re.M)
    assert f"outbound|80||{HOST}" in proxy.admin("/clusters").text()
    assert str(proxy.port) in proxy.admin("/listeners").text()
    assert json.loads(proxy.admin("/server_info").body)
    assert proxy.admin("/nope").status == 404
    for page in ("/quitquitquit", "/drain_listeners", "/logging"):
        assert proxy.admin(page).status == 405, page # nothing changes by GET
    assert http(f"http://127.0.0.1:{proxy.admin_port}/config_dump", host="evil.test").status in (400, 403) # rebinding


def test_logging_levels(gw):
    proxy = gw()
    assert "flow" in proxy.admin("/logging?level=flow=debug", "POST").text()
    assert proxy.admin("/logging?level=nonsense", "POST").status == 400
    assert "debug" in proxy.admin("/logging", "POST").text()


def test_decisions(gw):
    proxy = gw()
    proxy.http("/first")
    reply = proxy.http("/second", headers={"x-echo-status": "503"})
    lines = until(lambda: [json.loads(x) for x in proxy.admin("/decisions").text().splitlines()][1:] and
                  [json.loads(x) for x in proxy.admin("/decisions").text().splitlines()], "both are kept")
    text = json.dumps(lines)
    assert "/first" in text and "/second" in text and "VirtualService" in text and HOST in text
    request_id = dict(reply.json()["headers"])["x-request-id"]
    [one] = [json.loads(x) for x in proxy.admin(f"/decisions?id={request_id}").text().splitlines()]
    assert "/second" in json.dumps(one)
    assert len(proxy.admin("/decisions?status=503").text().splitlines()) == 1
    assert len(proxy.admin("/decisions?max=1").text().splitlines()) == 1


def test_certificate_page(rig, echo):
    pair = rig.pair(echo.http("app"), "http", "mesh")
    assert SERVER in pair.server.admin("/certs").text()


def test_admin_must_be_local(mesh, rig):
    for address in ("0.0.0.0:0", "8.8.8.8:1"):
        result = mesh.run("gateway", "--config", rig.config().path, "--admin", address, status=None)
        assert result.status in (64, 78) and "loopback" in result.err


# ---- the end ----

def test_lc_1_drain_finishes_what_runs(gw):
    proxy = gw()
    replies = []
    idle = connection(f"http://127.0.0.1:{proxy.port}/")
    proxy.http("/", on=idle)
    thread = threading.Thread(target=lambda: replies.append(proxy.http("/slow", headers={"x-echo-delay": "1"})))
    thread.start()
    until(lambda: len(proxy.app.requests) == 2, "the slow one is at the app")
    proxy.process.signal(signal.SIGTERM)
    until(lambda: refused(proxy.port), "new connections are refused")
    thread.join()
    assert replies[0].status == 200 and replies[0].header("connection") == "close"
    assert idle.sock.recv(1) == b"" # an idle one is closed
    assert proxy.process.wait() == 0
    idle.close()


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    return False


def test_lc_1_drain_of_http2(rig, echo):
    pair = rig.pair(echo.grpc(), "grpc", "mesh")
    outcomes = []
    with http2(pair.port) as idle, grpc_client(pair.port, authority=HOST) as client:
        assert idle.get("/", authority=HOST).status == 200
        thread = threading.Thread(target=lambda: outcomes.append(client.unary(b"x", metadata=[("x-echo-delay", "0.7")])))
        thread.start()
        until(lambda: len(pair.app.requests) == 1, "the slow one is at the app")
        pair.client.process.signal(signal.SIGTERM)
        idle.wait(lambda: idle.goaway is not None, "GOAWAY")
        thread.join()
    assert outcomes[0].messages == [b"x"]
    assert pair.client.process.wait() == 0


def test_lc_1_drain_of_the_server_side(rig, echo):
    """Requests over the multiplexed hop finish while the app's sidecar drains."""
    pair = rig.pair(echo.http("app"), "http", "mesh")
    assert pair.http("/").status == 200
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(pair.http("/slow", headers={"x-echo-delay": "1"}))) for _ in range(5)]
    for thread in threads:
        thread.start()
    until(lambda: len(pair.app.requests) == 6, "they are at the app")
    pair.server.process.signal(signal.SIGTERM)
    for thread in threads:
        thread.join()
    assert [r.status for r in replies] == [200] * 5
    assert pair.server.process.wait() == 0


def test_lc_1_drain_time_cuts(gw):
    proxy = gw(args=["--drain-time", "300ms"])
    replies = []

    def ask():
        try:
            replies.append(proxy.http("/", headers={"x-echo-delay": "30"}, limit_s=20))
        except Exception as error:  # noqa: BLE001 - cut
            replies.append(error)
    thread = threading.Thread(target=ask)
    thread.start()
    until(lambda: proxy.app.requests, "it is at the app")
    began = time.monotonic()
    proxy.process.signal(signal.SIGTERM)
    assert proxy.process.wait() == 0
    assert 0.2 < time.monotonic() - began < 4
    thread.join()


def test_lc_1_second_sigterm_ends_at_once(gw):
    proxy = gw(args=["--drain-time", "30s"])
    thread = threading.Thread(target=lambda: swallow(proxy.http, "/", headers={"x-echo-delay": "30"}, limit_s=20))
    thread.start()
    until(lambda: proxy.app.requests, "it is at the app")
    proxy.process.signal(signal.SIGTERM)
    until(lambda: refused(proxy.port), "it drains")
    began = time.monotonic()
    proxy.process.signal(signal.SIGTERM)
    proxy.process.wait()
    assert time.monotonic() - began < 4
    thread.join()


def swallow(call, *args, **options):
    try:
        call(*args, **options)
    except Exception:  # noqa: BLE001 - cut
        pass


def test_health_says_no_while_it_still_accepts(rig, echo):
    app, port, health = echo.http("app"), free_port(), free_port()
    proxy = rig.gateway(rig.config(
        gateway((port, "HTTP", ["*"], None)), service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port)]),
        routes("all", "*", {"route": [to(HOST)]})), "--health", f"127.0.0.1:{health}", "--accept-time", "1s")
    assert http(f"http://127.0.0.1:{health}/healthz/ready").status == 200
    proxy.process.signal(signal.SIGTERM)
    until(lambda: http(f"http://127.0.0.1:{health}/healthz/ready").status == 503, "it is not ready any more", every_s=0.05)
    assert proxy.http("/").status == 200
    assert proxy.process.wait() == 0


def test_lc_1_drain_by_admin(gw):
    proxy = gw()
    assert proxy.admin("/drain_listeners", "POST").status == 200
    assert proxy.process.wait() == 0


def test_quit_by_admin(gw):
    proxy = gw()
    assert proxy.admin("/quitquitquit", "POST").status == 200
    assert proxy.process.wait() == 0
