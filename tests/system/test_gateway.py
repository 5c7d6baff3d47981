"""`mesh gateway` run from files: which host and route takes a request, and what is done with it."""

import base64
import hashlib
import math
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

import pytest

from meshtest import CA, free_port, grpc_client, http, http2, raw, until
from meshtest.client import connection
from meshtest.objects import endpoint, gateway, obj, routes, service, to

APP = "app.default.svc.cluster.local"


@pytest.fixture
def front(rig, echo):
    """front(rules..., upstreams=[...]) -> a gateway for host "*" whose rules go to service APP."""
    def start(*rules, upstreams=None, objects=(), args=(), host="*", **options):
        ups = upstreams or [echo.http("v1")]
        port = free_port()
        config = rig.config(
            gateway((port, "HTTP", ["*"], None)), *objects,
            service(APP, (80, "HTTP"), endpoints=[endpoint(u.port, version=u.name) for u in ups]),
            obj("DestinationRule", "app", {"host": APP, "subsets": [
                {"name": u.name, "labels": {"version": u.name}} for u in ups]}),
            *([routes("all", host, *rules)] if rules else []))
        started = rig.gateway(config, *args, **options)
        started.upstreams = ups
        return started
    return start


def servers(gw, count, path="/", **options):
    """Who answered how often."""
    seen = {}
    conn = connection(f"http://127.0.0.1:{gw.port}/")
    for _ in range(count):
        reply = gw.http(path, on=conn, **options)
        name = reply.header("x-echo-server") or str(reply.status)
        seen[name] = seen.get(name, 0) + 1
    conn.close()
    return seen


# ---- hosts ----

def test_host_selection(rig, echo):
    names = ["exact.example.com", "*.example.com", "*.com", "*"]
    ups = {n: echo.http(n) for n in names}
    port = free_port()
    hosts = {n: f"s{i}.default.svc.cluster.local" for i, n in enumerate(names)}
    gw = rig.gateway(rig.config(
        gateway((port, "HTTP", ["*"], None)),
        *[service(hosts[n], (80, "HTTP"), endpoints=[endpoint(ups[n].port)]) for n in names],
        *[routes(f"r{i}", n, {"route": [to(hosts[n])]}) for i, n in enumerate(names)]))

    def who(host):
        return gw.http("/", host=host).header("x-echo-server")
    assert who("exact.example.com") == "exact.example.com"
    assert who("EXACT.Example.COM") == "exact.example.com"
    assert who("exact.example.com:8080") == "exact.example.com"
    assert who("a.example.com") == "*.example.com"
    assert who("a.b.example.com") == "*.example.com"
    assert who("example.com") == "*.com"
    assert who("example.org") == "*"


def test_only_hosts_of_the_gateway(rig, echo):
    v1, port = echo.http("v1"), free_port()
    gw = rig.gateway(rig.config(
        gateway((port, "HTTP", ["*.example.com"], None)), service(APP, (80, "HTTP"), endpoints=[endpoint(v1.port)]),
        routes("in", ["a.example.com", "other.org"], {"route": [to(APP)]}),
        routes("unbound", "b.example.com", {"route": [to(APP)]}, gateways=["another"]),
        routes("mesh", "c.example.com", {"route": [to(APP)]}, gateways=None)), "--access-log", "/dev/stdout")
    assert gw.http("/", host="a.example.com").status == 200
    for host in ("other.org", "b.example.com", "c.example.com"):
        assert gw.http("/", host=host).status == 404, host
    gw.process.wait_line(r'"GET / HTTP/1.1" 404 NR route_not_found')


# ---- matching ----

MATCHES = [
    ({"uri": {"exact": "/a"}}, [("/a", {}), ("/a?x=1", {})], [("/a/", {}), ("/A", {}), ("/ab", {})]),
    ({"uri": {"prefix": "/foo"}}, [("/foo", {}), ("/foobar", {}), ("/foo/x", {})], [("/fo", {}), ("/x/foo", {})]),
    ({"uri": {"regex": "/v[0-9]+/.*"}}, [("/v1/x", {}), ("/v12/", {})], [("/v1", {}), ("/x/v1/y", {})]),
    ({"uri": {"exact": "/Case"}, "ignoreUriCase": True}, [("/case", {}), ("/CASE", {})], [("/cases", {})]),
    ({"headers": {"end-user": {"exact": "jason"}}},
     [("/", {"headers": {"end-user": "jason"}}), ("/", {"headers": {"End-User": "jason"}})],
     [("/", {"headers": {"end-user": "Jason"}}), ("/", {})]),
    ({"headers": {"x-a": {"prefix": "ab"}, "x-b": {"regex": "[0-9]+"}}},
     [("/", {"headers": {"x-a": "abc", "x-b": "12"}})],
     [("/", {"headers": {"x-a": "abc"}}), ("/", {"headers": {"x-a": "abc", "x-b": "12a"}})]),
    ({"headers": {"x-here": {}}}, [("/", {"headers": {"x-here": "any"}})], [("/", {})]),
    ({"withoutHeaders": {"x-no": {"exact": "a"}}},
     [("/", {}), ("/", {"headers": {"x-no": "b"}})], [("/", {"headers": {"x-no": "a"}})]),
    ({"withoutHeaders": {"x-no": {}}}, [("/", {})], [("/", {"headers": {"x-no": "b"}})]),
    ({"queryParams": {"q": {"exact": "1"}}}, [("/?q=1", {}), ("/?a=b&q=1", {})], [("/?q=2", {}), ("/", {})]),
    ({"method": {"exact": "POST"}}, [("/", {"method": "POST", "body": b"x"})], [("/", {})]),
    ({"method": {"regex": "PUT|DELETE"}}, [("/", {"method": "DELETE"})], [("/", {"method": "POST", "body": b""})]),
    ({"authority": {"exact": "one.test"}}, [("/", {"host": "one.test"})], [("/", {"host": "two.test"})]),
    ({"authority": {"prefix": "one."}}, [("/", {"host": "one.two"})], [("/", {"host": "two.one"})]),
    ({"scheme": {"exact": "http"}}, [("/", {})], []),
    ({"scheme": {"exact": "https"}}, [], [("/", {})]),
]


def test_vs_1_matches(rig, echo):
    """One gateway, one host per match: a reply by v2 says it matched."""
    v1, v2 = echo.http("v1"), echo.http("v2")
    port = free_port()
    objects = [gateway((port, "HTTP", ["*"], None)),
               service(APP, (80, "HTTP"), endpoints=[endpoint(v1.port, version="v1"), endpoint(v2.port, version="v2")]),
               obj("DestinationRule", "app", {"host": APP, "subsets": [
                   {"name": "v1", "labels": {"version": "v1"}}, {"name": "v2", "labels": {"version": "v2"}}]})]
    for at, (match, _, _) in enumerate(MATCHES):
        host = "*" if "authority" in match else f"m{at}.test"
        rules = [{"match": [match], "route": [to(APP, subset="v2")]}, {"route": [to(APP, subset="v1")]}]
        if "authority" not in match:
            objects.append(routes(f"m{at}", host, *rules))
    both = [m for m, _, _ in MATCHES if "authority" in m]
    objects.append(routes("authority", "*", {"match": both, "route": [to(APP, subset="v2")]},
                          {"route": [to(APP, subset="v1")]}))
    gw = rig.gateway(rig.config(*objects))
    for at, (match, yes, no) in enumerate(MATCHES):
        for expect, cases in (("v2", yes), ("v1", no)):
            for path, options in cases:
                reply = gw.http(path, **{"host": f"m{at}.test", **options})
                assert reply.header("x-echo-server") == expect, (match, path, options)


def test_vs_5_and_gwb_6_match_port(rig, echo):
    v1, a, b = echo.http("v1"), free_port(), free_port()
    gw = rig.gateway(rig.config(
        gateway((a, "HTTP", ["*"], None), (b, "HTTP", ["*"], None)),
        service(APP, (80, "HTTP"), endpoints=[endpoint(v1.port)]),
        routes("r", "*", {"match": [{"port": a}], "route": [to(APP)]}, {"directResponse": {"status": 418}})))
    assert gw.http("/", port=a).status == 200
    assert gw.http("/", port=b).status == 418


def test_vs_1_first_match_wins_and_blocks_are_or(front):
    gw = front({"match": [{"uri": {"prefix": "/a"}}, {"headers": {"x": {"exact": "1"}}}], "directResponse": {"status": 201}},
               {"match": [{"uri": {"prefix": "/"}}], "directResponse": {"status": 202}},
               {"match": [{"uri": {"exact": "/b"}}], "directResponse": {"status": 203}})
    assert [gw.http(p, headers=h).status for p, h in (("/a", {}), ("/b", {"x": "1"}), ("/b", {}))] == [201, 201, 202]


def test_vs_7_source_labels_never_match_on_a_gateway(front):
    gw = front({"match": [{"sourceLabels": {"app": "gw"}}], "directResponse": {"status": 201}},
               {"directResponse": {"status": 202}})
    assert gw.http("/").status == 202


# ---- destinations ----

@pytest.mark.parametrize("weights", [(90, 10), (50, 50), (1, 3)])
def test_vs_9_weights(front, echo, weights):
    ups = [echo.http("v1"), echo.http("v2")]
    gw = front({"route": [to(APP, subset=u.name, weight=w) for u, w in zip(ups, weights)]}, upstreams=ups)
    count, share = 1000, weights[0] / sum(weights)
    seen = servers(gw, count)
    assert abs(seen.get("v1", 0) - count * share) <= 3.5 * math.sqrt(count * share * (1 - share)), seen
    assert sum(seen.values()) == count and set(seen) <= {"v1", "v2"}


def test_vs_9_weight_zero_gets_nothing(front, echo):
    ups = [echo.http("v1"), echo.http("v2")]
    gw = front({"route": [to(APP, subset="v1", weight=100), to(APP, subset="v2", weight=0)]}, upstreams=ups)
    assert servers(gw, 50) == {"v1": 50}


def test_balancing_over_endpoints(front, echo):
    ups = [echo.http(f"e{i}") for i in range(3)]
    seen = servers(front({"route": [to(APP)]}, upstreams=ups), 60)
    assert set(seen) == {"e0", "e1", "e2"}


# ---- what is done with a request ----

def test_vs_11_rewrite(front):
    gw = front({"match": [{"uri": {"prefix": "/old"}}], "rewrite": {"uri": "/new"}, "route": [to(APP)]},
               {"match": [{"uri": {"exact": "/one"}}], "rewrite": {"uri": "/two", "authority": "inside.test"}, "route": [to(APP)]},
               {"match": [{"uri": {"regex": "/api/(v[0-9])/.*"}}],
                "rewrite": {"uriRegexRewrite": {"match": "/api/(v[0-9])/(.*)", "rewrite": "/\\2/\\1"}}, "route": [to(APP)]})
    seen = gw.http("/old/x?q=1", host="out.test").json()
    assert (seen["target"], seen["authority"]) == ("/new/x?q=1", "out.test")
    assert dict(seen["headers"])["x-envoy-original-path"] == "/old/x?q=1"
    seen = gw.http("/one?a").json()
    assert (seen["target"], seen["authority"]) == ("/two?a", "inside.test")
    assert gw.http("/api/v1/books").json()["target"] == "/books/v1"


def test_vs_14_redirect(front):
    gw = front({"match": [{"uri": {"exact": "/whole"}}], "redirect": {"uri": "/there", "authority": "b.test"}},
               {"match": [{"uri": {"prefix": "/pre"}}], "redirect": {"prefixRewrite": "/post", "redirectCode": 308}},
               {"match": [{"uri": {"exact": "/tls"}}], "redirect": {"scheme": "https", "port": 8443, "redirectCode": 302}},
               {"redirect": {"authority": "c.test"}})

    def where(path):
        reply = gw.http(path, host="a.test")
        return reply.status, reply.header("location")
    assert where("/whole") == (301, "http://b.test/there")
    assert where("/pre/x?q=1") == (308, "http://a.test/post/x?q=1")
    assert where("/tls") == (302, "https://a.test:8443/tls")
    assert where("/else?q=1") == (301, "http://c.test/else?q=1")


def test_vs_20_direct_response(front):
    gw = front({"match": [{"uri": {"exact": "/text"}}], "directResponse": {"status": 503, "body": {"string": "gone fishing"}}},
               {"match": [{"uri": {"exact": "/bytes"}}],
                "directResponse": {"status": 200, "body": {"bytes": base64.b64encode(b"\x00\x01").decode()}}},
               {"directResponse": {"status": 418}})
    reply = gw.http("/text")
    assert (reply.status, reply.body) == (503, b"gone fishing")
    assert gw.http("/bytes").body == b"\x00\x01"
    assert gw.http("/text", method="HEAD").body == b""
    assert gw.http("/teapot").status == 418


def test_vs_13_header_operations(front):
    gw = front({"headers": {"request": {"set": {"x-set": "new"}, "add": {"x-add": "two"}, "remove": ["x-gone"]},
                            "response": {"set": {"x-r": "1"}, "remove": ["x-secret"]}},
                "route": [to(APP, headers={"request": {"set": {"x-dest": "d", "host": "by-header.test"}},
                                           "response": {"add": {"x-r": "2"}}})]})
    reply = gw.http("/", headers=[("x-set", "old"), ("x-add", "one"), ("x-gone", "1"),
                                  ("x-echo-header", "x-secret=s"), ("x-echo-header", "x-r=0")])
    seen = reply.json()
    got = [(n, v) for n, v in seen["headers"] if n in ("x-set", "x-add", "x-gone", "x-dest")]
    assert sorted(got) in ([("x-add", "one"), ("x-add", "two"), ("x-dest", "d"), ("x-set", "new")],
                           [("x-add", "one,two"), ("x-dest", "d"), ("x-set", "new")])
    assert seen["authority"] == "by-header.test"
    assert reply.header("x-secret") is None
    assert [p.strip() for p in reply.header("x-r").split(",")] == ["1", "2"]


def test_forwarding_headers(front):
    seen = front({"route": [to(APP)]}).http("/", headers={
        "x-forwarded-for": "9.9.9.9", "x-envoy-original-path": "/lie", "x-forwarded-client-cert": "By=lie",
        "x-envoy-upstream-rq-timeout-ms": "1", "connection": "x-hop", "x-hop": "1", "keep-alive": "5"})
    headers = dict(seen.json()["headers"])
    assert headers["x-forwarded-for"].replace(" ", "") == "9.9.9.9,127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", headers["x-request-id"])
    for name in ("x-envoy-original-path", "x-forwarded-client-cert", "x-hop", "keep-alive", "x-envoy-upstream-rq-timeout-ms"):
        assert name not in headers, name
    assert seen.header("server") == "istio-envoy"
    assert seen.header("date") and seen.header("x-envoy-upstream-service-time").isdigit()


def test_path_is_normalized(front):
    gw = front({"match": [{"uri": {"prefix": "/admin"}}], "directResponse": {"status": 403}}, {"route": [to(APP)]})
    for path in ("/admin", "/x/../admin", "/./admin", "/%61dmin", "/x/%2e%2e/admin", "/x\\..\\admin"):
        assert gw.http(path).status == 403, path
    assert gw.http("/a/./b/../c?x=../y").json()["target"] == "/a/c?x=../y"
    assert gw.http("/a%2Fb//c").json()["target"] == "/a%2Fb//c"


def test_rt_6_timeout(front):
    gw = front({"timeout": "0.2s", "route": [to(APP)]}, args=["--access-log", "/dev/stdout"])
    began = time.monotonic()
    reply = gw.http("/", headers={"x-echo-delay": "5"})
    assert (reply.status, reply.body) == (504, b"upstream request timeout")
    assert 0.15 < time.monotonic() - began < 2
    gw.process.wait_line(r'"GET / HTTP/1.1" 504 UT (response_timeout|upstream_response_timeout) ')
    assert gw.http("/").json()["server"] == "v1"


def test_rt_4_retries_on_status(front, echo):
    ups = [echo.http("bad", status=503), echo.http("good")]
    gw = front({"retries": {"attempts": 3, "retryOn": "5xx"}, "route": [to(APP)]}, upstreams=ups)
    assert servers(gw, 40) == {"good": 40}
    assert 5 < len(ups[0].requests)
    attempts = [dict(r["headers"])["x-envoy-attempt-count"] for r in ups[1].requests]
    assert set(attempts) == {"1", "2"}


def test_rt_6_retries_end(front, echo):
    bad = echo.http("bad", status=503)
    gw = front({"match": [{"uri": {"exact": "/three"}}],
                "retries": {"attempts": 3, "retryOn": "503", "backoff": "1ms"}, "route": [to(APP)]},
               {"match": [{"uri": {"exact": "/off"}}], "retries": {"attempts": 0}, "route": [to(APP)]},
               {"route": [to(APP)]}, upstreams=[bad], args=["--access-log", "/dev/stdout"])
    for path, tries in (("/three", 4), ("/off", 1), ("/default", 1)):
        before = len(bad.requests)
        assert gw.http(path).status == 503
        assert len(bad.requests) - before == tries, path
    gw.process.wait_line(r'"GET /three HTTP/1.1" 503 URX via_upstream ')


def test_rt_5_retry_repeats_the_body(front, echo):
    ups = [echo.http("bad", status=502), echo.http("good")]
    gw = front({"retries": {"attempts": 2, "retryOn": "gateway-error", "backoff": "1ms"}, "route": [to(APP)]}, upstreams=ups)
    for size in (0, 10, 50_000):
        for _ in range(4):
            seen = gw.http("/", method="POST", body=b"b" * size).json()
            assert (seen["server"], seen["body_bytes"]) == ("good", size)


def test_rt_6_per_try_timeout(front, echo):
    ups = [echo.http("slow", delay=5), echo.http("fast")]
    gw = front({"retries": {"attempts": 2, "perTryTimeout": "150ms", "retryOn": "5xx"}, "route": [to(APP)]}, upstreams=ups)
    assert servers(gw, 6) == {"fast": 6}


def test_rt_1_connect_failure_is_retried(front, echo):
    dead, good = echo.http("dead"), echo.http("good")
    dead.close()
    gw = front({"route": [to(APP)]}, upstreams=[dead, good])
    assert servers(gw, 30) == {"good": 30}


def test_vs_16_fault_abort_and_delay(front):
    gw = front({"match": [{"uri": {"exact": "/all"}}], "fault": {"abort": {"httpStatus": 418, "percentage": {"value": 100}}},
                "route": [to(APP)]},
               {"match": [{"uri": {"exact": "/some"}}], "fault": {"abort": {"httpStatus": 503, "percentage": {"value": 20}}},
                "route": [to(APP)]},
               {"match": [{"uri": {"exact": "/none"}}], "fault": {"abort": {"httpStatus": 503}}, "route": [to(APP)]},
               {"match": [{"uri": {"exact": "/late"}}],
                "fault": {"delay": {"fixedDelay": "0.4s", "percentage": {"value": 100}}}, "timeout": "0.2s", "route": [to(APP)]},
               args=["--access-log", "/dev/stdout"])
    reply = gw.http("/all")
    assert (reply.status, reply.body) == (418, b"fault filter abort")
    seen = servers(gw, 500, "/some")
    assert abs(seen.get("503", 0) - 100) <= 3.5 * math.sqrt(500 * 0.2 * 0.8), seen
    assert servers(gw, 20, "/none") == {"v1": 20}
    began = time.monotonic()
    assert gw.http("/late").status == 200 # the route's timeout begins after the delay
    assert 0.35 < time.monotonic() - began < 2
    gw.process.wait_line(r'"GET /all HTTP/1.1" 418 FI fault_filter_abort ')
    gw.process.wait_line(r'"GET /late HTTP/1.1" 200 DI via_upstream ')


def test_vs_15_mirror(front, echo):
    ups = [echo.http("v1"), echo.http("v2")]
    gw = front({"match": [{"uri": {"exact": "/half"}}], "mirror": {"host": APP, "subset": "v2", "port": {"number": 80}},
                "mirrorPercentage": {"value": 50}, "route": [to(APP, subset="v1")]},
               {"mirror": {"host": APP, "subset": "v2", "port": {"number": 80}}, "route": [to(APP, subset="v1")]},
               upstreams=ups)
    seen = gw.http("/m?x=1", method="POST", body=b"copied", host="a.test")
    assert seen.json()["server"] == "v1"
    copy = until(lambda: ups[1].requests and ups[1].requests[0], "the mirror has it")
    assert (copy["method"], copy["target"], copy["body"], copy["authority"]) == ("POST", "/m?x=1", "copied", "a.test")
    ups[1].requests.clear()
    servers(gw, 200, "/half")
    until(lambda: len(ups[1].requests) > 60, "half are mirrored")
    time.sleep(0.1)
    assert 60 < len(ups[1].requests) < 140


def test_vs_15_a_dead_mirror_is_not_noticed(front, echo):
    ups = [echo.http("v1"), echo.http("v2", delay=30)]
    gw = front({"mirror": {"host": APP, "subset": "v2", "port": {"number": 80}}, "route": [to(APP, subset="v1")]},
               upstreams=ups)
    began = time.monotonic()
    assert servers(gw, 20) == {"v1": 20}
    ups[1].close()
    assert servers(gw, 20) == {"v1": 20}
    assert time.monotonic() - began < 5


def test_vs_17_cors(front):
    gw = front({"corsPolicy": {"allowOrigins": [{"exact": "https://a.test"}, {"regex": "https://.*\\.b\\.test"}],
                               "allowMethods": ["GET", "POST"], "allowHeaders": ["x-one"], "exposeHeaders": ["x-two"],
                               "maxAge": "24h", "allowCredentials": True}, "route": [to(APP)]})
    ask = {"origin": "https://a.test", "access-control-request-method": "POST"}
    reply = gw.http("/", method="OPTIONS", headers=ask)
    assert reply.status == 200 and reply.header("x-echo-server") is None
    assert reply.header("access-control-allow-origin") == "https://a.test"
    assert reply.header("access-control-allow-methods") == "GET,POST"
    assert reply.header("access-control-allow-headers") == "x-one"
    assert reply.header("access-control-max-age") == "86400"
    assert reply.header("access-control-allow-credentials") == "true"
    reply = gw.http("/", headers={"origin": "https://x.b.test"})
    assert reply.json()["server"] == "v1"
    assert reply.header("access-control-allow-origin") == "https://x.b.test"
    assert reply.header("access-control-expose-headers") == "x-two"
    other = gw.http("/", method="OPTIONS", headers={**ask, "origin": "https://evil.test"})
    assert other.header("x-echo-server") == "v1" # not ours to answer: forwarded, without permission
    assert other.header("access-control-allow-origin") is None


# ---- what is not there ----

def test_local_replies(rig, echo):
    port, v1 = free_port(), echo.http("v1")
    dead = free_port()
    names = {k: f"{k}.default.svc.cluster.local" for k in ("up", "none", "dead")}
    gw = rig.gateway(rig.config(
        gateway((port, "HTTP", ["*"], None)),
        service(names["up"], (80, "HTTP"), endpoints=[endpoint(v1.port)]),
        obj("ServiceEntry", "none", {"hosts": [names["none"]], "resolution": "STATIC", "location": "MESH_INTERNAL",
                                     "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
                                     "workloadSelector": {"labels": {"app": "nobody"}}}),
        service(names["dead"], (80, "HTTP"), endpoints=[endpoint(dead)]),
        routes("r", "*", *[{"match": [{"uri": {"exact": f"/{k}"}}], "route": [to(h)]} for k, h in
                           {**names, "unknown": "nowhere.default.svc.cluster.local"}.items()])),
        "--access-log", "/dev/stdout")
    assert gw.http("/up").status == 200
    expected = [("/nothing", 404, "NR", "route_not_found", b""),
                ("/unknown", 503, "NC", "cluster_not_found", b""),
                ("/none", 503, "UH", "no_healthy_upstream", b"no healthy upstream"),
                ("/dead", 503, "UF(,URX)?", r"upstream_reset_before_response_started\{connection_failure", b"upstream connect error or disconnect/reset before headers.")]
    for path, status, flags, details, body in expected:
        reply = gw.http(path)
        assert reply.status == status and reply.body.startswith(body), (path, reply)
        gw.process.wait_line(rf'"GET {path} HTTP/1.1" {status} {flags} {details}')


def test_gateway_without_routes(front):
    assert front().http("/").status == 404


def test_grpc_local_reply(front):
    gw = front({"match": [{"uri": {"prefix": "/meshtest"}}], "route": [to("nowhere.default.svc.cluster.local")]})
    with grpc_client(gw.port) as client:
        outcome = client.unary(b"x")
    assert outcome.code.name == "UNAVAILABLE"


# ---- protocols ----

def test_http2_and_grpc_through_a_gateway(rig, echo):
    grpc_app, h2_app, port = echo.grpc(), echo.http2("h2"), free_port()
    gw = rig.gateway(rig.config(
        gateway((port, "HTTP", ["*"], None)),
        service("g.default.svc.cluster.local", (80, "GRPC"), endpoints=[endpoint(grpc_app.port)]),
        service("h.default.svc.cluster.local", (80, "HTTP2"), endpoints=[endpoint(h2_app.port)]),
        routes("g", "g.test", {"route": [to("g.default.svc.cluster.local")]}),
        routes("h", "h.test", {"route": [to("h.default.svc.cluster.local")]})))
    with grpc_client(gw.port, authority="g.test") as client:
        assert client.unary(b"hi").messages == [b"hi"]
        assert client.bidi([b"a", b"b"]).messages == [b"a", b"b"]
    assert gw.http("/x", host="h.test").json()["version"] == "HTTP/2"
    with http2(gw.port) as client:
        assert client.get("/y", authority="h.test").json()["version"] == "HTTP/2"


def test_tcp_server(rig, echo):
    tcp, port = echo.tcp(greet=b"220 hi\r\n"), free_port()
    gw = rig.gateway(rig.config(
        gateway((port, "TCP", ["*"], None)),
        service(APP, (80, "TCP"), endpoints=[endpoint(tcp.port)]),
        routes("t", "*", {"match": [{"port": port}], "route": [to(APP)]}, kind="tcp")))
    assert raw(gw.port, b"abc", half_close=True) == b"220 hi\r\nabc"


# ---- TLS ----

def secret(name, leaf, ca_pem=None, namespace="default"):
    data = {"tls.crt": leaf.cert, "tls.key": leaf.key, **({"ca.crt": ca_pem} if ca_pem else {})}
    return obj("Secret", name, None, namespace, type="kubernetes.io/tls",
               data={k: base64.b64encode(v).decode() for k, v in data.items()})


def tls_get(gw, ca, name, *, leaf=None, port=None, alpn=(), sni=None):
    return http(f"https://{name}:{port or gw.port}/", to=("127.0.0.1", port or gw.port), sni=sni or name,
                tls=ca.client_context(leaf, check_name=True, alpn=alpn))


def served_serial(port, name):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
        return tls.getpeercert(True)


def test_https_by_sni(rig, echo, ca):
    a, b = ca.leaf(dns=["a.test"]), ca.leaf(dns=["*.b.test"])
    va, vb, port = echo.http("va"), echo.http("vb"), free_port()
    gw = rig.gateway(rig.config(
        gateway((port, "HTTPS", ["a.test"], {"mode": "SIMPLE", "credentialName": "a"}),
                (port, "HTTPS", ["*.b.test"], {"mode": "SIMPLE", "credentialName": "b"})),
        secret("a", a), secret("b", b),
        service("va.default.svc.cluster.local", (80, "HTTP"), endpoints=[endpoint(va.port)]),
        service("vb.default.svc.cluster.local", (80, "HTTP"), endpoints=[endpoint(vb.port)]),
        routes("va", "a.test", {"route": [to("va.default.svc.cluster.local")]}),
        routes("vb", "*.b.test", {"route": [to("vb.default.svc.cluster.local")]})))
    reply = tls_get(gw, ca, "a.test")
    assert reply.json()["server"] == "va"
    assert dict(reply.json()["headers"])["x-forwarded-proto"] == "https"
    assert tls_get(gw, ca, "x.b.test").json()["server"] == "vb"
    with pytest.raises((ssl.SSLError, OSError)):
        tls_get(gw, ca, "other.test")
    assert http(f"https://x.b.test:{port}/", to=("127.0.0.1", port), sni="a.test", tls=ca.client_context()).status in (404, 421)
    with http2(port, tls=ca.client_context(alpn=["h2"]), sni="a.test") as client:
        assert client.get("/", authority="a.test").json()["server"] == "va"
    assert raw(port, b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", limit_s=2).startswith((b"", b"\x15"))


def test_mutual(rig, echo, ca):
    clients = CA("cluster.local", "clients")
    server, good, bad = ca.leaf(dns=["a.test"]), clients.leaf(dns=["me"]), ca.leaf(dns=["me"])
    v1, port = echo.http("v1"), free_port()
    gw = rig.gateway(rig.config(
        gateway((port, "HTTPS", ["a.test"], {"mode": "MUTUAL", "credentialName": "a"})), secret("a", server, clients.pem),
        service(APP, (80, "HTTP"), endpoints=[endpoint(v1.port)]), routes("r", "a.test", {"route": [to(APP)]})))
    seen = tls_get(gw, ca, "a.test", leaf=good).json()
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(good.cert.decode())).hexdigest()
    pem = urllib.parse.quote(good.cert.decode(), safe="")
    assert dict(seen["headers"])["x-forwarded-client-cert"] == f'Hash={digest};Cert="{pem}";Subject="";URI=;DNS=me'
    for leaf in (None, bad):
        with pytest.raises((ssl.SSLError, OSError)):
            tls_get(gw, ca, "a.test", leaf=leaf)
    assert len(v1.requests) == 1


def test_https_redirect(rig, ca):
    plain, port = free_port(), free_port()
    gw = rig.gateway(rig.config(
        gateway((plain, "HTTP", ["a.test"], {"httpsRedirect": True}),
                (port, "HTTPS", ["a.test"], {"mode": "SIMPLE", "credentialName": "a"})),
        secret("a", ca.leaf(dns=["a.test"])),
        routes("r", "a.test", {"directResponse": {"status": 200}})))
    reply = gw.http("/x?q=1", port=plain, host="a.test")
    assert (reply.status, reply.header("location")) == (301, "https://a.test/x?q=1")
    assert tls_get(gw, ca, "a.test", port=port).status == 200


def test_secret_reload_keeps_connections(rig, echo, ca):
    v1, port = echo.http("v1"), free_port()
    config = rig.config(
        gateway((port, "HTTPS", ["a.test"], {"mode": "SIMPLE", "credentialName": "a"})), secret("a", ca.leaf(dns=["a.test"])),
        service(APP, (80, "HTTP"), endpoints=[endpoint(v1.port)]), routes("r", "a.test", {"route": [to(APP)]}))
    gw = rig.gateway(config)
    before = served_serial(port, "a.test")
    conn = connection(f"https://a.test:{port}/", to=("127.0.0.1", port), tls=ca.client_context(check_name=True), sni="a.test")
    http(f"https://a.test:{port}/", on=conn)
    sock = conn.sock
    config.put(secret("a", ca.leaf(dns=["a.test"])))
    until(lambda: served_serial(port, "a.test") != before, "the new certificate is served")
    assert http(f"https://a.test:{port}/", on=conn).status == 200
    assert conn.sock is sock
    conn.close()


def test_a_missing_secret_spoils_nothing_else(rig, echo, ca):
    v1, plain, port = echo.http("v1"), free_port(), free_port()
    config = rig.config(
        gateway((plain, "HTTP", ["*"], None), (port, "HTTPS", ["a.test"], {"mode": "SIMPLE", "credentialName": "later"})),
        service(APP, (80, "HTTP"), endpoints=[endpoint(v1.port)]), routes("r", "*", {"route": [to(APP)]}))
    gw = rig.gateway(config)
    assert gw.http("/", port=plain).status == 200
    config.put(secret("later", ca.leaf(dns=["a.test"])))
    until(lambda: tls_get(gw, ca, "a.test", port=port).status == 200, "HTTPS works once the secret is there")


# ---- reload ----

class Load:
    """Requests by several threads until stopped; .failures are what was not 200."""

    def __init__(self, url, threads=4, **options):
        self.count, self.failures, self._stop = 0, [], threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(url, options), daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self, url, options):
        conn = connection(url)
        while not self._stop.is_set():
            try:
                reply = http(url, on=conn, **options)
                self.count += 1
                if reply.status != 200:
                    self.failures.append(reply)
            except Exception as error:  # noqa: BLE001 - whatever it was is a lost request
                self.failures.append(error)
                conn.close()
        conn.close()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(10)


def test_lc_2_reload_under_load(front, echo):
    ups = [echo.http("v1"), echo.http("v2")]
    gw = front({"route": [to(APP, subset="v1")]}, upstreams=ups)
    load = Load(f"http://127.0.0.1:{gw.port}/")
    for turn in range(20):
        name = ("v2", "v1")[turn % 2]
        gw.config.put(routes("all", "*", {"route": [to(APP, subset=name)], "timeout": f"{turn + 5}s"}))
        until(lambda: gw.http("/").header("x-echo-server") == name, f"{name} answers")
    load.stop()
    assert not load.failures, load.failures[:3]
    assert load.count > 50


def test_lc_2_an_endpoint_that_goes_finishes_its_requests(front, echo):
    v1, v2 = echo.http("v1"), echo.http("v2")
    gw = front({"route": [to(APP)]}, upstreams=[v1])
    replies = []
    thread = threading.Thread(target=lambda: replies.append(gw.http("/", headers={"x-echo-delay": "0.8"})))
    thread.start()
    until(lambda: v1.requests, "the request is at v1")
    gw.config.put(service(APP, (80, "HTTP"), endpoints=[endpoint(v2.port)]))
    until(lambda: gw.http("/").header("x-echo-server") == "v2", "v2 answers")
    thread.join()
    assert replies[0].json()["server"] == "v1"


def test_lc_4_bad_file_keeps_the_old_one(front):
    gw = front({"directResponse": {"status": 201}})
    name = gw.config.file_of(routes("all", "*"))
    with open(os.path.join(gw.config.path, name), encoding="utf-8") as file:
        good = file.read()
    at = len(gw.process.log())
    gw.config.write(name, good.replace("directResponse", "directRespond"))
    line = next(n for n, text in enumerate(good.splitlines(), 1) if "directResponse" in text)
    said = gw.process.wait_line(rf"{re.escape(name)}:{line}\b.*", start=at).group(0)
    assert "directRespond" in said
    assert gw.http("/").status == 201
    gw.config.write(name, good.replace("201", "202"))
    until(lambda: gw.http("/").status == 202, "the mended file counts")


def test_bad_file_at_start(rig, mesh):
    config = rig.config(gateway((free_port(), "HTTP", ["*"], None)))
    config.write("bad.yaml", "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: x}\nspec:\n  hosts: [a]\n  htp: []\n")
    result = mesh.run("gateway", "--config", config.path, "-l", "app=gw", "--admin", "none", "--health", "none",
                      "--metrics", "none", "--metrics-too", "none", status=65)
    assert "bad.yaml" in result.err and "6" in result.err and "htp" in result.err


def test_lc_2_ports_come_and_go(front):
    gw = front({"directResponse": {"status": 200}})
    first, second = gw.port, free_port()
    gw.config.put(gateway((first, "HTTP", ["*"], None), (second, "HTTP", ["*"], None)))
    until(lambda: gw.http("/", port=second).status == 200, "the new port listens")
    gw.config.put(gateway((second, "HTTP", ["*"], None)))

    def refused():
        try:
            socket.create_connection(("127.0.0.1", first), 1).close()
        except ConnectionRefusedError:
            return True
        return False
    until(refused, "the old port is closed")
    assert gw.http("/", port=second).status == 200


@pytest.mark.skipif(not shutil.which("h2load"), reason="no h2load here")
def test_h2load(front, echo):
    gw = front({"route": [to(APP)]})
    done = subprocess.run(["h2load", "-n", "500", "-c", "4", "-m", "25", "-H", ":authority: a.test",
                           f"http://127.0.0.1:{gw.port}/"], capture_output=True, text=True, timeout=30, check=True)
    assert "500 succeeded, 0 failed" in done.stdout, done.stdout
