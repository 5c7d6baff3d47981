"""What VirtualServices do to requests, retries and timeouts, changes under load: by a client's sidecar."""

import json
import socket
import subprocess
import threading
import time

import pytest

from meshtest import until
from meshtest.objects import endpoint, obj, routes, service, to
from test_gateway import Load

APP = "app.default.svc.cluster.local"


@pytest.fixture
def way(rig, echo):
    """way(rules..., upstreams=[...]) -> a sidecar whose requests to APP follow these rules."""
    def start(*rules, upstreams=None, objects=(), args=()):
        ups = upstreams or [echo.http("v1")]
        config = rig.config(
            *objects, service(APP, (80, "HTTP"), endpoints=[endpoint(u.port, version=u.name) for u in ups]),
            obj("DestinationRule", "app", {"host": APP, "subsets": [
                {"name": u.name, "labels": {"version": u.name}} for u in ups]}),
            *([routes("app", APP, *rules, gateways=None)] if rules else []))
        started = rig.outbound(config, *args)
        started.upstreams = ups
        started.ask = lambda path="/", **options: started.http(path, **{"host": APP, **options})
        return started
    return start


def seen_headers(reply):
    return dict(reply.json()["headers"])


# ---- headers ----

def test_vs_12_the_routes_authority_wins(way):
    two = [to(APP, subset="v1", weight=1, headers={"request": {"set": {":authority": "destination.test"}}}),
           to(APP, weight=1, headers={"request": {"set": {"host": "destination.test"}}})]
    proxy = way({"match": [{"uri": {"exact": "/route"}}], "headers": {"request": {"set": {":authority": "route.test"}}}, "route": two},
                {"match": [{"uri": {"exact": "/rewrite"}}], "rewrite": {"authority": "rewrite.test"},
                 "headers": {"request": {"set": {":authority": "route.test"}}}, "route": two},
                {"match": [{"uri": {"exact": "/one"}}], "headers": {"request": {"set": {":authority": "route.test"}}},
                 "route": two[:1]},
                {"route": two})
    for path, want in (("/route", "route.test"), ("/rewrite", "rewrite.test"), ("/one", "route.test"), ("/", "destination.test")):
        reply = proxy.ask(path)
        assert reply.json()["authority"] == want, path
        assert seen_headers(reply)["x-envoy-original-host"] == APP


def test_vs_13_values_have_operators_and_own_answers_have_headers_too(way):
    proxy = way({"match": [{"uri": {"prefix": "/own"}}], "headers": {"response": {"set": {"x-by": "mesh"}}},
                 "directResponse": {"status": 200, "body": {"string": "hi"}}},
                {"match": [{"uri": {"prefix": "/fault"}}], "headers": {"response": {"add": {"x-by": "mesh"}}},
                 "fault": {"abort": {"httpStatus": 418, "percentage": {"value": 100}}}, "route": [to(APP)]},
                {"headers": {"request": {"set": {"x-peer": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "x-in": "<%REQ(x-a)%>",
                                                 "x-full": "100%%"}},
                             "response": {"set": {"x-code": "%RESPONSE_CODE%"}}}, "route": [to(APP)]})
    reply = proxy.ask("/", headers={"x-a": "b"})
    assert {k: v for k, v in seen_headers(reply).items() if k in ("x-peer", "x-in", "x-full")} == {
        "x-peer": "127.0.0.1", "x-in": "<b>", "x-full": "100%"}
    assert reply.header("x-code") == "200"
    assert (proxy.ask("/own").body, proxy.ask("/own").header("x-by")) == (b"hi", "mesh")
    assert (proxy.ask("/fault").status, proxy.ask("/fault").header("x-by")) == (418, "mesh")


def test_vs_13_routes_headers_come_after_those_of_one_of_several_destinations(way):
    weighted = [to(APP, weight=1, headers={"request": {"set": {"x": "destination"}}}), to(APP, subset="v1", weight=0)]
    proxy = way({"match": [{"uri": {"exact": "/several"}}], "headers": {"request": {"set": {"x": "route"}}}, "route": weighted},
                {"headers": {"request": {"set": {"x": "route"}}}, "route": weighted[:1]})
    assert seen_headers(proxy.ask("/several"))["x"] == "route"
    assert seen_headers(proxy.ask("/"))["x"] == "destination"


# ---- answers of the route itself ----

def test_vs_14_redirects_keep_an_explicit_port(way):
    proxy = way({"match": [{"uri": {"exact": "/port"}}], "redirect": {"derivePort": "FROM_REQUEST_PORT", "scheme": "https"}},
                {"match": [{"uri": {"exact": "/same"}}], "redirect": {"derivePort": "FROM_REQUEST_PORT"}},
                {"match": [{"uri": {"prefix": "/foo/"}}], "redirect": {"prefixRewrite": "/new/", "redirectCode": 308}},
                {"route": [to(APP)]})

    def where(path, **options):
        reply = proxy.ask(path, **options)
        return reply.status, reply.header("location")
    port = proxy.port
    status, location = where("/port")
    assert status == 301 and location.startswith(f"https://{APP}") and location.endswith("/port")
    assert where("/same", host=f"{APP}:80")[1] in (f"http://{APP}:80/same", f"http://{APP}:{port}/same")
    assert where("/foo/bar?q=1") == (308, f"http://{APP}/new/bar?q=1")


def test_vs_20_a_direct_response_has_at_most_1_mib(way, mesh, tmp_path):
    body = "x" * (1 << 20)
    proxy = way({"directResponse": {"status": 200, "body": {"string": body}}})
    reply = proxy.ask("/")
    assert (reply.status, len(reply.body)) == (200, 1 << 20)
    more = routes("big", APP, {"directResponse": {"status": 200, "body": {"string": body + "x"}}}, gateways=None)
    (tmp_path / "big.json").write_text(json.dumps(more))
    assert "1048576" in mesh.run("validate", "-f", tmp_path / "big.json", status=65).err


# ---- mirrors, faults, CORS ----

def test_vs_15_mirrors_get_what_the_destination_gets(way, echo):
    ups = [echo.http("v1"), echo.http("v2"), echo.http("v3")]
    proxy = way({"mirrors": [{"destination": to(APP, subset=n)["destination"]} for n in ("v2", "v3")],
                 "rewrite": {"uri": "/new"}, "match": [{"uri": {"prefix": "/old"}}],
                 "headers": {"request": {"set": {"x": "y"}}}, "route": [to(APP, subset="v1")]}, upstreams=ups)
    assert proxy.ask("/old/x", method="POST", body=b"b" * 40_000).json()["server"] == "v1"
    for up in ups[1:]:
        copy = until(lambda: up.requests and up.requests[0], f"{up.name} has it")
        assert (copy["target"], copy["authority"], copy["body_bytes"]) == ("/new/x", APP, 40_000)
        assert dict(copy["headers"])["x"] == "y"


def test_vs_16_grpc_calls_are_ended_with_a_grpc_status(way):
    proxy = way({"match": [{"uri": {"prefix": "/grpc"}}],
                 "fault": {"abort": {"grpcStatus": "RESOURCE_EXHAUSTED", "percentage": {"value": 100}}}, "route": [to(APP)]},
                {"fault": {"abort": {"httpStatus": 503, "percentage": {"value": 100}}}, "route": [to(APP)]})
    call = {"method": "POST", "body": b"", "headers": {"content-type": "application/grpc"}}
    assert (proxy.ask("/grpc", **call).status, proxy.ask("/grpc", **call).header("grpc-status")) == (200, "8")
    assert proxy.ask("/", **call).header("grpc-status") == "14"
    assert proxy.ask("/grpc").status == 429


def test_vs_17_any_origin_and_preflights_that_do_not_match(way):
    proxy = way({"match": [{"uri": {"prefix": "/any"}}], "corsPolicy": {"allowOrigins": [{"exact": "*"}]}, "route": [to(APP)]},
                {"corsPolicy": {"allowOrigins": [{"prefix": "https://a."}], "unmatchedPreflights": "IGNORE",
                                "allowMethods": ["GET"]}, "route": [to(APP)]})
    ask = {"origin": "https://b.test", "access-control-request-method": "GET"}
    assert proxy.ask("/any", headers=ask).header("access-control-allow-origin") == "https://b.test"
    reply = proxy.ask("/", method="OPTIONS", headers=ask)
    assert (reply.status, reply.header("x-echo-server"), reply.header("access-control-allow-origin")) == (200, None, None)
    reply = proxy.ask("/", method="OPTIONS", headers={**ask, "origin": "https://a.test"})
    assert reply.header("access-control-allow-methods") == "GET"
    assert proxy.ask("/", method="OPTIONS", headers={"origin": "https://a.test"}).json()["server"] == "v1"
    assert proxy.ask("/").header("access-control-allow-origin") is None


def test_routes_with_a_stat_prefix_are_counted(way, echo):
    proxy = way({"match": [{"uri": {"prefix": "/a"}, "statPrefix": "mine"}], "retries": {"attempts": 1, "retryOn": "5xx"},
                 "route": [to(APP)]}, {"route": [to(APP)]})
    for path, status in (("/a", 200), ("/a", 503), ("/b", 200)):
        proxy.ask(path, headers={"x-echo-status": str(status)})
    labels = {"envoy_virtual_host": f"{APP}:80", "envoy_route": "mine"}
    until(lambda: [n for _, n in proxy.samples("envoy_vhost_route_upstream_rq_total", **labels)] == [2], "both are counted")
    assert {got["envoy_response_code_class"]: n for got, n in proxy.samples("envoy_vhost_route_upstream_rq_xx", **labels)} \
        == {"2": 1, "5": 1}
    assert [n for _, n in proxy.samples("envoy_vhost_route_upstream_rq_retry", **labels)] == [1]


# ---- retries and time ----

def test_rt_5_bodies_up_to_1_mib_are_sent_again(way, echo):
    bad = echo.http("bad", status=503)
    proxy = way({"retries": {"attempts": 2, "retryOn": "5xx", "backoff": "1ms"}, "route": [to(APP)]}, upstreams=[bad])
    for size, tries in ((1_000_000, 3), (1_100_000, 1)):
        bad.requests.clear()
        assert proxy.ask("/", method="POST", body=b"x" * size, limit_s=20).status == 503
        assert [r["body_bytes"] for r in bad.requests] == [size] * tries


def test_rt_6_a_slow_try_is_repeated_only_on_conditions_that_have_it(way, echo):
    slow = echo.http("slow", delay=3)
    proxy = way({"match": [{"uri": {"exact": "/default"}}], "retries": {"attempts": 2, "perTryTimeout": "100ms"}, "route": [to(APP)]},
                {"retries": {"attempts": 2, "perTryTimeout": "100ms", "retryOn": "gateway-error", "backoff": "1ms"}, "route": [to(APP)]},
                upstreams=[slow], args=["--access-log", "/dev/stdout"])
    for path, tries in (("/default", 1), ("/", 3)):
        before = slow.accepted
        assert proxy.ask(path).status == 504
        until(lambda: slow.accepted - before == tries, f"{path}: {tries} were tried")  # noqa: B023
    proxy.process.wait_line(r'"GET /default HTTP/1.1" 504 UT upstream_per_try_timeout ')


def test_rt_7_grpc_timeout_is_kept(way, echo):
    slow = echo.http("slow", delay=3)
    proxy = way({"match": [{"uri": {"exact": "/bounded"}}], "timeout": "0.2s", "route": [to(APP)]}, {"route": [to(APP)]}, upstreams=[slow])
    call = {"method": "POST", "body": b"", "headers": {"content-type": "application/grpc", "grpc-timeout": "100m"}}
    began = time.monotonic()
    assert proxy.ask("/", **call).header("grpc-status") == "14"
    call["headers"]["grpc-timeout"] = "60S"
    assert proxy.ask("/bounded", **call).header("grpc-status") == "14"
    assert time.monotonic() - began < 2


def test_rt_11_an_apps_headers_override_its_route(way, echo):
    bad = echo.http("bad", status=503)
    proxy = way({"retries": {"attempts": 0}, "route": [to(APP)]}, upstreams=[bad])
    asked = {"x-envoy-retry-on": "5xx", "x-envoy-max-retries": "3"}
    assert proxy.ask("/", headers=asked).status == 503
    assert len(bad.requests) == 4
    last = dict(bad.requests[-1]["headers"])
    assert last["x-envoy-attempt-count"] == "4" and not set(asked) & set(last)
    bad.requests.clear()
    assert proxy.ask("/", headers={"x-envoy-upstream-rq-timeout-ms": "150", "x-echo-delay": "3"}).status == 504
    until(lambda: bad.requests, "it was asked")
    assert dict(bad.requests[0]["headers"])["x-envoy-expected-rq-timeout-ms"] == "150"


@pytest.mark.parametrize("remote", [True, False])
def test_rt_6_later_tries_may_go_to_other_localities(rig, echo, remote):
    near, far = echo.http("near", status=503), echo.http("far")
    places = [{**endpoint(u.port), "locality": where} for u, where in ((near, "r1/z1/s"), (far, "r2/z2/s"))]
    proxy = rig.outbound(rig.config(
        service(APP, (80, "HTTP"), endpoints=places),
        obj("DestinationRule", "app", {"host": APP, "trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 1000}}}),
        routes("app", APP, {"retries": {"attempts": 4, "retryOn": "5xx", "backoff": "1ms", "retryRemoteLocalities": remote},
                            "route": [to(APP)]}, gateways=None)), "-l", "istio-locality=r1.z1.s")
    assert proxy.http("/", host=APP).status == (200 if remote else 503)
    assert (len(near.requests), len(far.requests)) == ((2, 1) if remote else (5, 0))


class Hangup:
    """An HTTP/1.1 server that answers the first request of each connection and closes at the second
    one without a word, as one does whose idle timeout has just run out."""

    def __init__(self, extra=b""):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.requests, self.connections, self.extra = self.socket.getsockname()[1], [], 0, extra
        self.name = "v1"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        with conn:
            for nth in range(2):
                data = b""
                while b"\r\n\r\n" not in data:
                    more = conn.recv(65536)
                    if not more:
                        return
                    data += more
                self.requests.append(data)
                if nth == 0:
                    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + self.extra + b"\r\nok")


def test_rt_5_a_connection_that_closed_as_it_was_used_again_is_not_noticed(way):
    app = Hangup()
    proxy = way(upstreams=[app], args=["--access-log", "/dev/stdout"])
    for _ in range(6):
        assert proxy.ask("/").status == 200
    assert len(app.requests) > 6
    # A POST may have been acted on: it is not repeated without a word of the route.
    assert proxy.ask("/", method="POST", body=b"x").status == 503
    proxy.process.wait_line(r'"POST / HTTP/1.1" 503 UC upstream_reset_before_response_started\{connection_termination\} ')


def test_rt_8_the_apps_own_proxy_repeats_it_too(rig):
    app = Hangup()
    server = rig.inbound(rig.config(), app.port, "http")
    for _ in range(4):
        assert server.http("/", host="app").status == 200


def test_an_idle_limit_that_the_upstream_tells_is_kept(way):
    app = Hangup(b"Keep-Alive: timeout=0\r\n")
    proxy = way(upstreams=[app])
    for n in range(1, 5):
        assert proxy.ask("/", method="POST", body=b"x").status == 200
        assert (app.connections, len(app.requests)) == (n, n)


def test_early_answers_and_interim_ones_come_through(way):
    proxy = way()
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as conn:
        conn.sendall(f"POST / HTTP/1.1\r\nHost: {APP}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n".encode())
        assert conn.recv(4096).startswith(b"HTTP/1.1 100 ")
        conn.sendall(b"body")
        data = b""
        while b'"body": "body"' not in data:
            more = conn.recv(65536)
            assert more, data
            data += more
    early = Early()
    proxy = way(upstreams=[early])
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as conn:
        conn.sendall(f"POST / HTTP/1.1\r\nHost: {APP}\r\nContent-Length: 1000000\r\n\r\nbegin".encode())
        assert conn.recv(4096).startswith(b"HTTP/1.1 413 ") # long before the body's end


class Early(Hangup):
    def _serve(self, conn):
        with conn:
            conn.recv(65536)
            conn.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            while conn.recv(65536):
                pass


# ---- changes ----

def test_lc_2_many_changes_under_load_lose_nothing(rig, echo):
    """A pair of sidecars; the client's routes, rules and endpoints and the server's policies change
    all the time while HTTP/1 and HTTP/2 clients ask."""
    app = echo.http("app")
    pair = rig.pair(app)
    config, server = pair.client.config, pair.server.config
    one = service(APP, (80, "HTTP"), endpoints=[endpoint(pair.server.port, hop="mesh")])
    load = Load(f"http://127.0.0.1:{pair.port}/", threads=3, host=APP)
    h2 = subprocess.Popen(["h2load", "-D", "3", "-c", "2", "-m", "4", "-H", f":authority: {APP}",
                           f"http://127.0.0.1:{pair.port}/"], stdout=subprocess.PIPE, text=True)
    turns = 0
    while h2.poll() is None:
        turns += 1
        config.put(routes("app", APP, {"timeout": f"{10 + turns % 7}s", "retries": {"attempts": turns % 3 + 1},
                                       "headers": {"request": {"set": {"x-turn": str(turns)}}}, "route": [to(APP)]}, gateways=None))
        if turns % 3 == 0:
            config.put(obj("DestinationRule", "app", {"host": APP, "trafficPolicy": {"loadBalancer": {
                "simple": ("RANDOM", "ROUND_ROBIN")[turns % 2]}, "connectionPool": {"tcp": {"connectTimeout": f"{3 + turns % 5}s"}}}}))
        if turns % 5 == 0:
            dead = endpoint(pair.server.port, hop="mesh", address="127.0.0.2") # the same proxy by another address
            config.put(one if turns % 2 else service(APP, (80, "HTTP"), endpoints=[endpoint(pair.server.port, hop="mesh"), dead]))
        if turns % 4 == 0:
            server.put(obj("AuthorizationPolicy", "p", {"rules": [{"to": [{"operation": {"notPaths": [f"/{turns}"]}}]}]}))
        if turns % 7 == 0:
            config.remove(routes("app", APP, gateways=None))
        time.sleep(0.02)
    out = h2.communicate(timeout=10)[0]
    load.stop()
    assert not load.failures, load.failures[:3]
    assert load.count > 50 and turns > 20
    assert " 0 failed, 0 errored, 0 timeout" in out and "status codes:" in out and "0 5xx" in out, out
    config.put(routes("app", APP, {"headers": {"request": {"set": {"x-turn": "last"}}}, "route": [to(APP)]}, gateways=None))
    until(lambda: dict(pair.http("/").json()["headers"]).get("x-turn") == "last", "the last is in force")
