"""`mesh gateway` with Gateways and routes of the Kubernetes Gateway API, run from files."""

import socket
import ssl
import time

import pytest

from meshtest import CA, free_port, grpc_client, http, until
from meshtest.gwapi import (backend, config_map, grant, http_route, k8s_gateway, listener, made, parent,
                            rule, tls_policy)
from meshtest.objects import endpoint, secret, service


REFUSED = (ssl.SSLError, ConnectionError, OSError)


def svc(name, *upstreams, namespace="default", port=80, protocol="HTTP"):
    if not upstreams:
        return made("Service", name, {"clusterIP": "10.96.0.9", "ports": [{"name": "http", "port": port}]}, namespace, "v1")
    return service(f"{name}.{namespace}.svc.cluster.local", (port, protocol), namespace=namespace,
                   endpoints=[endpoint(u.port, number=port) for u in upstreams])


@pytest.fixture
def front(rig, echo):
    """front(routes..., services) -> a gateway with one listener of HTTP; service `app` is upstream v1."""
    def start(*objects, hostname=None, upstreams=("app",), allow="All", args=()):
        ups = {name: echo.http(name) for name in upstreams}
        port = free_port()
        gw = rig.gateway(rig.config(k8s_gateway(listener(port, hostname=hostname, allow=allow)),
                                    *[svc(n, u) for n, u in ups.items()], *objects), *args)
        gw.ups, gw.listener_port = ups, port
        return gw
    return start


def who(gw, path="/", **options):
    reply = gw.http(path, **options)
    return reply.header("x-echo-server") or reply.status


# ---- order and matches ----

def test_gw_1_the_more_specific_match_wins_across_routes(front):
    names = ["exact", "long", "short", "method", "header", "query", "rest"]
    a = http_route("a", rule(backend("rest")), rule(backend("short"), prefix="/a"),
                   rule(backend("exact"), path="/a/b/c"))
    b = http_route("b", rule(backend("long"), prefix="/a/b"),
                   rule(backend("method"), matches=[{"path": {"value": "/m"}, "method": "POST"}]),
                   rule(backend("header"), matches=[{"path": {"value": "/m"}, "headers": [{"name": "X-A", "value": "1"}]}]),
                   rule(backend("query"), matches=[{"path": {"value": "/m"}, "queryParams": [{"name": "q", "value": "1"}]}]))
    gw = front(a, b, upstreams=names)
    assert who(gw, "/a/b/c") == "exact"
    assert who(gw, "/a/b/d") == "long"
    assert who(gw, "/a/c") == "short"
    assert who(gw, "/x") == "rest"
    assert who(gw, "/m?q=1", method="POST", body=b"", headers={"x-a": "1"}) == "method"
    assert who(gw, "/m?q=1", headers={"x-a": "1"}) == "header"
    assert who(gw, "/m?q=1") == "query"
    assert who(gw, "/m") == "rest"


def test_gw_1_ties_go_to_the_older_route_then_to_the_name(front):
    gw = front(http_route("b", rule(backend("first")), hosts=["a.test"], creationTimestamp="2024-01-01T00:00:00Z"),
               http_route("a", rule(backend("second")), hosts=["a.test"], creationTimestamp="2025-01-01T00:00:00Z"),
               http_route("y", rule(backend("second")), hosts=["b.test"]),
               http_route("x", rule(backend("first")), hosts=["b.test"]), upstreams=["first", "second"])
    assert who(gw, host="a.test") == "first"
    assert who(gw, host="b.test") == "first"


def test_gw_2_a_path_prefix_is_whole_segments(front):
    gw = front(http_route("a", rule(backend("app"), prefix="/foo"), rule(backend("app"), prefix="/bar/")))
    for path, want in (("/foo", 200), ("/foo/", 200), ("/foo/x", 200), ("/foobar", 404), ("/foo?x", 200),
                       ("/bar", 200), ("/bar/", 200), ("/barn", 404), ("/", 404)):
        assert gw.http(path).status == want, path


def test_headers_and_parameters_by_regular_expression(front):
    gw = front(http_route("a", rule(backend("app"), matches=[
        {"headers": [{"type": "RegularExpression", "name": "x-v", "value": "v[0-9]"}],
         "queryParams": [{"type": "RegularExpression", "name": "u", "value": "a.*"}],
         "path": {"type": "RegularExpression", "value": "/x/[a-z]+"}}])))
    assert gw.http("/x/ab?u=abc", headers={"x-v": "v1"}).status == 200
    assert gw.http("/x/ab?u=abc", headers={"x-v": "v12"}).status == 404
    assert gw.http("/x/ab?u=b", headers={"x-v": "v1"}).status == 404
    assert gw.http("/x/1?u=abc", headers={"x-v": "v1"}).status == 404


# ---- hosts and listeners ----

def test_gw_5_listener_and_route_hosts_meet(front):
    gw = front(http_route("a", rule(backend("exact")), hosts=["a.example.com", "other.org"]),
               http_route("w", rule(backend("wide")), hosts=["*.com"]),
               http_route("sub", rule(backend("sub")), hosts=["*.sub.example.com"]),
               hostname="*.example.com", upstreams=["exact", "wide", "sub"])
    assert who(gw, host="a.example.com") == "exact"
    assert who(gw, host="b.example.com") == "wide"
    assert who(gw, host="x.sub.example.com") == "sub"
    assert who(gw, host="other.org") == 404
    assert who(gw, host="x.com") == 404
    assert who(gw, host="example.com") == 404


def test_gw_5_a_more_specific_listener_takes_its_hosts_alone(rig, echo):
    port, ups = free_port(), {n: echo.http(n) for n in ("all", "wild", "exact")}
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(port, name="all"), listener(port, hostname="*.example.com", name="wild"),
                    listener(port, hostname="a.example.com", name="exact")),
        *[svc(n, u) for n, u in ups.items()],
        http_route("all", rule(backend("all")), parents=[parent(section="all")]),
        http_route("wild", rule(backend("wild"), prefix="/w"), parents=[parent(section="wild")]),
        http_route("exact", rule(backend("exact"), prefix="/e"), parents=[parent(section="exact")])))
    assert who(gw, "/", host="b.org") == "all"
    assert who(gw, "/w", host="b.example.com") == "wild"
    assert who(gw, "/", host="b.example.com") == 404
    assert who(gw, "/e", host="a.example.com") == "exact"
    assert who(gw, "/w", host="a.example.com") == 404
    assert who(gw, "/", host="a.example.com") == 404


def test_routes_of_other_namespaces_need_the_listeners_leave(rig, echo):
    port, up = free_port(), echo.http("app")
    label = made("Namespace", "other", None, None, "v1", labels={"may": "yes"})
    objects = [svc("app", up, namespace=n) for n in ("default", "other", "third")] + [
        http_route(n, rule(backend("app")), hosts=[f"{n}.test"], parents=[parent(namespace="default")], namespace=n)
        for n in ("default", "other", "third")]

    def statuses(gw):
        return [gw.http("/", host=f"{n}.test").status for n in ("default", "other", "third")]
    gw = rig.gateway(rig.config(k8s_gateway(listener(port)), label, *objects))
    assert statuses(gw) == [200, 404, 404]
    gw.config.put(k8s_gateway(listener(port, allow={"may": "yes"})))
    until(lambda: statuses(gw) == [404, 200, 404], "those with the label")
    gw.config.put(k8s_gateway(listener(port, allow="All")))
    until(lambda: statuses(gw) == [200, 200, 200], "all")


def test_listener_set_adds_listeners(rig, echo):
    first, second, up = free_port(), free_port(), echo.http("app")
    more = made("ListenerSet", "more", {"parentRef": {"name": "gw", "namespace": "default"},
                                        "listeners": [listener(second, name="more")]}, "team")
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(first), allowedListeners={"namespaces": {"from": "All"}}), more,
        svc("app", up, namespace="team"),
        http_route("r", rule(backend("app")), namespace="team",
                   parents=[{"kind": "ListenerSet", "name": "more"}])))
    assert gw.http("/", port=second).status == 200
    assert gw.http("/", port=first).status == 404
    gw.config.put(k8s_gateway(listener(first)))

    def closed():
        try:
            socket.create_connection(("127.0.0.1", second), 1).close()
        except ConnectionRefusedError:
            return True
        return False
    until(closed, "no ListenerSet is allowed")


def test_one_process_serves_the_gateway_that_its_label_names(rig, echo):
    a, b, up = free_port(), free_port(), echo.http("app")
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(a), name="a"), k8s_gateway(listener(b), name="b"), svc("app", up),
        http_route("r", rule(backend("app")), parents=[parent("a"), parent("b")])),
        "--gateway", "b")
    assert gw.http("/", port=b).status == 200
    assert len(gw.ports) == 1


def test_classes_of_others_are_left_alone(rig):
    a, b = free_port(), free_port()
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(a), name="a", class_name="theirs"), k8s_gateway(listener(b), name="b", class_name="ours"),
        made("GatewayClass", "ours", {"controllerName": "istio.io/gateway-controller"}, None),
        made("GatewayClass", "theirs", {"controllerName": "example.com/other"}, None)))
    assert list(gw.ports.values()) == [b]


def test_routes_may_use_default_gateways(rig, echo):
    usual, other, up = free_port(), free_port(), echo.http("app")
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(usual), name="usual", defaultScope="All"), k8s_gateway(listener(other), name="other"),
        svc("app", up), made("HTTPRoute", "r", {"useDefaultGateways": "All", "rules": [rule(backend("app"))]})))
    assert gw.http("/", port=usual).status == 200
    assert gw.http("/", port=other).status == 404


# ---- filters ----

def test_header_filters_of_rule_and_backend(front):
    gw = front(http_route("a", rule(
        {**backend("app"), "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {
            "add": [{"name": "x-backend", "value": "1"}]}}]},
        filters=[{"type": "RequestHeaderModifier", "requestHeaderModifier": {
            "set": [{"name": "X-Set", "value": "50%25"}], "add": [{"name": "x-add", "value": "b"}], "remove": ["x-gone"]}},
            {"type": "ResponseHeaderModifier", "responseHeaderModifier": {
                "set": [{"name": "x-reply", "value": "yes"}]}}])))
    reply = gw.http("/", headers={"x-set": "old", "x-add": "a", "x-gone": "x"})
    seen = {k.lower(): v for k, v in gw.ups["app"].requests[-1]["headers"]}
    assert seen["x-set"] == "50%25" and seen["x-backend"] == "1" and "x-gone" not in seen
    assert sorted(v for k, v in gw.ups["app"].requests[-1]["headers"] if k.lower() == "x-add") == ["a", "b"] or \
        seen["x-add"].replace(" ", "") == "a,b"
    assert reply.header("x-reply") == "yes"


REDIRECTS = [
    ({"hostname": "new.test"}, "http://new.test:PORT/old/x?q=1", 302),
    ({"scheme": "https"}, "https://a.test/old/x?q=1", 302),
    ({"scheme": "https", "port": 443}, "https://a.test/old/x?q=1", 302),
    ({"scheme": "https", "port": 8443, "statusCode": 301}, "https://a.test:8443/old/x?q=1", 301),
    ({"port": 80}, "http://a.test/old/x?q=1", 302),
    ({"path": {"type": "ReplaceFullPath", "replaceFullPath": "/new"}, "statusCode": 308}, "http://a.test:PORT/new?q=1", 308),
    ({"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/new"}, "statusCode": 307},
     "http://a.test:PORT/new/x?q=1", 307),
    ({"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}, "statusCode": 303}, "http://a.test:PORT/x?q=1", 303),
]


def test_gw_8_redirects(front):
    gw = front(*[http_route(f"r{i}", rule(prefix="/old", filters=[{"type": "RequestRedirect", "requestRedirect": r}]),
                            rule(prefix="/", filters=[{"type": "RequestRedirect", "requestRedirect": r}]),
                            hosts=[f"r{i}.test"]) for i, (r, _, _) in enumerate(REDIRECTS)])
    for i, (_, want, status) in enumerate(REDIRECTS):
        reply = gw.http("/old/x?q=1", host=f"r{i}.test")
        want = want.replace("PORT", str(gw.listener_port)).replace("a.test", f"r{i}.test")
        assert (reply.status, reply.header("location")) == (status, want), REDIRECTS[i]


REWRITES = [
    ({"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/new"}}, "/old/x?q=1", "/new/x?q=1"),
    ({"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}, "/old/x", "/x"),
    ({"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}, "/old", "/"),
    ({"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/new/"}}, "/old/x", "/new/x"),
    ({"path": {"type": "ReplaceFullPath", "replaceFullPath": "/all\\1"}}, "/old/x/y?q=1", "/all\\1?q=1"),
    ({"hostname": "inner.test"}, "/old", "/old"),
]


def test_gw_7_rewrites(front):
    gw = front(*[http_route(f"r{i}", rule(backend("app"), prefix="/old", filters=[{"type": "URLRewrite", "urlRewrite": r}]),
                            hosts=[f"r{i}.test"]) for i, (r, _, _) in enumerate(REWRITES)])
    for i, (spec, path, want) in enumerate(REWRITES):
        assert gw.http(path, host=f"r{i}.test").status == 200
        seen = gw.ups["app"].requests[-1]
        assert seen["target"] == want, REWRITES[i]
        assert seen["authority"] == spec.get("hostname", f"r{i}.test")


def test_mirrors_by_share(front):
    def mirror(**share):
        return [{"type": "RequestMirror", "requestMirror": {"backendRef": backend("copy"), **share}}]
    gw = front(http_route("all", rule(backend("app"), prefix="/all", filters=mirror()),
                          rule(backend("app"), prefix="/half", filters=mirror(fraction={"numerator": 1, "denominator": 2})),
                          rule(backend("app"), prefix="/none", filters=mirror(percent=0))), upstreams=["app", "copy"])
    copies = gw.ups["copy"]
    assert gw.http("/all").status == 200
    until(lambda: [r["target"] for r in copies.requests] == ["/all"], "one copy")
    for _ in range(100):
        assert gw.http("/half").status == 200
        assert gw.http("/none").status == 200
    until(lambda: len(copies.requests) > 25, "about half of the copies")
    assert not any(r["target"] == "/none" for r in copies.requests)
    assert len(copies.requests) < 80


def test_external_auth_by_http(front, echo):
    def auth(**more):
        return [{"type": "ExternalAuth", "externalAuth": {"protocol": "HTTP", "backendRef": backend("judge"), **more}}]
    cors = {"type": "CORS", "cors": {"allowOrigins": ["https://a.test"], "allowMethods": ["PUT"]}}
    gw = front(http_route("a", rule(backend("app"), prefix="/open"),
                          rule(backend("app"), prefix="/shut", filters=auth(http={
                              "path": "/check", "allowedHeaders": ["x-echo-status", "x-echo-headers"],
                              "allowedResponseHeaders": ["x-user"]}, forwardBody={"maxSize": 10}) + [cors]),
                          rule(backend("app"), prefix="/gone", filters=[{"type": "ExternalAuth", "externalAuth": {
                              "protocol": "HTTP", "http": {}, "backendRef": backend("nobody")}}])), upstreams=["app", "judge"])
    judge, app = gw.ups["judge"], gw.ups["app"]
    assert gw.http("/open").status == 200 and not judge.requests
    reply = gw.http("/shut/x?q=1", headers={"authorization": "Bearer x", "x-secret": "1"}, method="POST", body=b"12345")
    assert reply.status == 200 and reply.header("x-echo-server") == "app"
    asked = judge.requests[-1]
    headers = dict(asked["headers"])
    assert (asked["method"], asked["target"]) == ("POST", "/check/shut/x?q=1")
    assert headers["authorization"] == "Bearer x" and "x-secret" not in headers and headers["content-length"] == "5"
    before = len(app.requests)
    assert gw.http("/shut", headers={"x-echo-status": "401"}).status == 401
    assert gw.http("/shut", headers={"x-echo-status": "503"}).status == 403 # no answer at all
    assert gw.http("/shut", method="POST", body=b"x" * 11).status == 413
    assert gw.http("/gone").status == 403 # nobody to ask: closed
    assert len(app.requests) == before
    preflight = {"origin": "https://a.test", "access-control-request-method": "PUT", "x-echo-status": "401"}
    assert gw.http("/shut", method="OPTIONS", headers=preflight).header("access-control-allow-origin") == "https://a.test"


def test_cors_of_a_route(front):
    gw = front(http_route("a", rule(backend("app"), filters=[{"type": "CORS", "cors": {
        "allowOrigins": ["https://*.example.com", "http://one.test:8080"], "allowMethods": ["GET", "PUT"],
        "allowHeaders": ["x-a"], "exposeHeaders": ["x-b"], "allowCredentials": True}}])))

    def ask(origin):
        return gw.http("/", method="OPTIONS", headers={"origin": origin, "access-control-request-method": "PUT"})
    good = ask("https://a.b.example.com")
    assert good.status == 200 and good.header("access-control-allow-origin") == "https://a.b.example.com"
    assert good.header("access-control-allow-methods") == "GET,PUT"
    assert good.header("access-control-max-age") == "5"
    assert good.header("access-control-allow-credentials") == "true"
    assert ask("http://one.test:8080").header("access-control-allow-origin")
    for bad in ("https://example.com", "http://a.example.com", "https://a.example.com.evil", "https://xexample.com"):
        assert not ask(bad).header("access-control-allow-origin"), bad
    assert gw.http("/", headers={"origin": "http://one.test:8080"}).header("access-control-expose-headers") == "x-b"


def test_filters_that_cannot_be_done_answer_500(front):
    gw = front(http_route("a", rule(backend("app"), prefix="/ext", filters=[
        {"type": "ExtensionRef", "extensionRef": {"group": "x.test", "kind": "Y", "name": "z"}}]),
        rule({**backend("app"), "filters": [{"type": "URLRewrite", "urlRewrite": {"hostname": "x.test"}}]}, prefix="/back"),
        rule(backend("app"), prefix="/good")))
    assert [gw.http(p).status for p in ("/ext", "/back", "/good")] == [500, 500, 200]
    assert [r["target"] for r in gw.ups["app"].requests] == ["/good"]


# ---- backends ----

def test_gw_3_backends_that_are_not_there_answer_500(front):
    gw = front(http_route("a", rule(prefix="/empty"), rule(backend("nobody"), prefix="/nobody"),
                          rule(backend("app", 81), prefix="/port"),
                          rule(backend("app", weight=0), prefix="/zero"),
                          rule({**backend("x"), "kind": "Thing", "group": "a.test"}, prefix="/kind"),
                          rule(backend("app"), backend("nobody"), prefix="/half")))
    for path in ("/empty", "/nobody", "/port", "/zero", "/kind"):
        assert gw.http(path).status == 500, path
    seen = [gw.http("/half").status for _ in range(60)]
    assert set(seen) == {200, 500} and 10 < seen.count(500) < 50


def test_gw_3_a_service_without_endpoints_answers_503(front):
    gw = front(http_route("a", rule(backend("idle"))), svc("idle"))
    assert gw.http("/").status == 503


def test_nr_6_a_backend_that_comes_later_is_found(front, echo):
    gw = front(http_route("a", rule(backend("late"))))
    assert gw.http("/").status == 500
    late = echo.http("late")
    gw.config.put(svc("late", late))
    until(lambda: who(gw) == "late", "the service is there")


def test_weights(front):
    gw = front(http_route("a", rule(backend("a", weight=3), backend("b", weight=1), backend("c", weight=0))),
               upstreams=["a", "b", "c"])
    seen = [who(gw) for _ in range(300)]
    assert 180 < seen.count("a") < 265 and seen.count("c") == 0


def test_gw_6_backends_of_other_namespaces_need_a_grant(front, echo):
    up = echo.http("there")
    gw = front(http_route("a", rule({**backend("app"), "namespace": "other"})), svc("app", up, namespace="other"),
               grant("other", "GRPCRoute", "default", "Service"), grant("other", "HTTPRoute", "third", "Service"))
    assert gw.http("/").status == 500
    gw.config.put(grant("other", "HTTPRoute", "default", "Service", "app"))
    until(lambda: who(gw) == "there", "the grant counts")
    gw.config.remove(grant("other", "HTTPRoute", "default", "Service", "app"))
    until(lambda: gw.http("/").status == 500, "the grant is gone")


# ---- time ----

def test_timeouts(front):
    gw = front(http_route("a", rule(backend("app"), prefix="/r", timeouts={"request": "200ms"}),
                          rule(backend("app"), prefix="/b", timeouts={"request": "5s", "backendRequest": "200ms"}),
                          rule(backend("app"), prefix="/none", timeouts={"request": "0s"})))
    slow = {"x-echo-delay": "0.8"}
    started = time.monotonic()
    assert gw.http("/r", headers=slow).status == 504
    assert gw.http("/b", headers=slow).status == 504
    assert time.monotonic() - started < 1.6
    assert gw.http("/none", headers=slow).status == 200


def test_retries_on_codes(front):
    gw = front(http_route("a", rule(backend("app"), prefix="/retry", retry={"codes": [418], "attempts": 2, "backoff": "1ms"}),
                          rule(backend("app"), prefix="/plain")))
    assert gw.http("/plain", headers={"x-echo-status": "418"}).status == 418
    assert len(gw.ups["app"].requests) == 1
    assert gw.http("/retry", headers={"x-echo-status": "418"}).status == 418
    assert len(gw.ups["app"].requests) == 4


# ---- TLS ----

def tls(*names, mode="Terminate", **more):
    return {"mode": mode, **({"certificateRefs": [n if isinstance(n, dict) else {"name": n} for n in names]} if names else {}),
            **more}


def tls_route(name, to, *hosts):
    return made("TLSRoute", name, {"parentRefs": [parent()], "hostnames": list(hosts),
                                   "rules": [{"backendRefs": [backend(to)]}]})


def handshake(port, name, ca, leaf=None):
    """The status of one request over TLS; the certificate is verified."""
    return http(f"https://127.0.0.1:{port}/", host=name, sni=name, tls=ca.client_context(leaf, check_name=True)).status


def test_https_listeners_choose_by_name(rig, echo):
    ca, port, up = CA("tls.test"), free_port(), echo.http("app")
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(port, "HTTPS", "a.test", name="a", tls=tls("a")),
                    listener(port, "HTTPS", "*.b.test", name="b", tls=tls("b"))),
        secret("a", ca.leaf(dns=["a.test"])), secret("b", ca.leaf(dns=["*.b.test"])), svc("app", up),
        http_route("r", rule(backend("app")))))
    assert handshake(port, "a.test", ca) == 200
    assert handshake(port, "x.b.test", ca) == 200
    with pytest.raises(REFUSED):
        handshake(port, "c.test", ca)


def test_gwb_5_a_request_for_another_listeners_host_is_misdirected(rig, echo):
    ca, port, up = CA("tls.test"), free_port(), echo.http("app")
    rig.gateway(rig.config(
        k8s_gateway(listener(port, "HTTPS", "*.a.test", name="wide", tls=tls("c")),
                    listener(port, "HTTPS", "x.a.test", name="narrow", tls=tls("c")),
                    listener(port, "HTTPS", "b.test", name="b", tls=tls("c"))),
        secret("c", ca.leaf(dns=["*.a.test", "b.test"])), svc("app", up), http_route("r", rule(backend("app")))))

    def ask(sni, host):
        return http(f"https://127.0.0.1:{port}/", host=host, sni=sni, tls=ca.client_context()).status
    assert ask("y.a.test", "y.a.test") == ask("x.a.test", "x.a.test") == ask("b.test", "b.test") == 200
    assert ask("y.a.test", "x.a.test") == ask("x.a.test", "y.a.test") == ask("b.test", "x.a.test") == 421
    assert ask("b.test", "other.test") == 404


def test_gw_10_app_protocols_of_backends(rig, echo):
    port, h2c, ws = free_port(), echo.http2("h2c"), echo.http("ws")

    def plain(name, upstream, protocol, ip):
        return [made("Service", name, {"clusterIP": ip, "ports": [{"name": "any", "port": 80, "appProtocol": protocol}]}, version="v1"),
                {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                 "metadata": {"name": f"{name}-1", "namespace": "default", "labels": {"kubernetes.io/service-name": name}},
                 "ports": [{"name": "any", "port": upstream.port, "protocol": "TCP"}],
                 "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}]}]
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(port)), *plain("h2c", h2c, "kubernetes.io/h2c", "10.96.0.1"), *plain("ws", ws, "kubernetes.io/ws", "10.96.0.2"),
        http_route("r", rule(backend("h2c"), prefix="/h2c"), rule(backend("ws"), prefix="/ws"))))
    assert who(gw, "/h2c") == "h2c" and h2c.requests[0]["version"].startswith(("2", "HTTP/2"))
    assert who(gw, "/ws") == "ws" and ws.requests[0]["version"].endswith("1.1")


def test_gw_6_certificates_of_other_namespaces_need_a_grant(rig, echo):
    ca, port, up = CA("tls.test"), free_port(), echo.http("app")
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(port, "HTTPS", "a.test", tls=tls({"name": "a", "namespace": "certs"}))),
        secret("a", ca.leaf(dns=["a.test"]), namespace="certs"), svc("app", up),
        grant("certs", "Gateway", "default", "Secret"), http_route("r", rule(backend("app")))))
    assert handshake(port, "a.test", ca) == 200
    gw.config.remove(grant("certs", "Gateway", "default", "Secret"))

    def refused():
        try:
            handshake(port, "a.test", ca)
        except REFUSED:
            return True
        return False
    until(refused, "the grant is gone")


def test_clients_certificates_are_verified(rig, echo):
    ca, clients, others = CA("tls.test"), CA("clients.test"), CA("others.test")
    strict, loose, up = free_port(), free_port(), echo.http("app")

    def validation(**more):
        return {"validation": {"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}], **more}}
    rig.gateway(rig.config(
        k8s_gateway(listener(strict, "HTTPS", "a.test", name="strict", tls=tls("a")),
                    listener(loose, "HTTPS", "a.test", name="loose", tls=tls("a")),
                    tls={"frontend": {"default": validation(), "perPort": [
                        {"port": loose, "tls": validation(mode="AllowInsecureFallback")}]}}),
        config_map("ca", ca_crt=clients.pem), secret("a", ca.leaf(dns=["a.test"])), svc("app", up),
        http_route("r", rule(backend("app")))))
    good, bad = clients.leaf(dns=["c.test"]), others.leaf(dns=["c.test"])
    assert handshake(strict, "a.test", ca, good) == 200
    for leaf in (None, bad):
        with pytest.raises(REFUSED):
            handshake(strict, "a.test", ca, leaf)
    assert [handshake(loose, "a.test", ca, leaf) for leaf in (good, None, bad)] == [200, 200, 200]


def test_clients_of_a_listener_set_are_verified_as_its_gateway_says_by_now(rig, echo):
    ca, clients, others = CA("tls.test"), CA("clients.test"), CA("others.test")
    first, second, up = free_port(), free_port(), echo.http("app")

    def gateway(**validation):
        return k8s_gateway(listener(first), allowedListeners={"namespaces": {"from": "All"}}, tls={"frontend": {"default": {
            "validation": {"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}], **validation}}}})
    more = made("ListenerSet", "more", {"parentRef": {"name": "gw"}, "listeners": [
        listener(second, "HTTPS", "a.test", name="more", tls=tls("a"))]})
    gw = rig.gateway(rig.config(
        gateway(mode="AllowInsecureFallback"), more, config_map("ca", ca_crt=clients.pem),
        secret("a", ca.leaf(dns=["a.test"])), svc("app", up),
        http_route("r", rule(backend("app")), parents=[{"kind": "ListenerSet", "name": "more"}])))
    bad = others.leaf(dns=["c.test"])
    assert handshake(second, "a.test", ca, bad) == 200
    gw.config.put(gateway())

    def refused():
        try:
            handshake(second, "a.test", ca, bad)
        except REFUSED:
            return True
        return False
    until(refused, "the Gateway became stricter")
    assert handshake(second, "a.test", ca, clients.leaf(dns=["c.test"])) == 200


def test_tls_passes_through_or_ends_by_listener(rig, echo):
    ca, port = CA("tls.test"), free_port()
    plain, sealed = echo.http("plain"), echo.http("sealed", tls=ca.server_context(ca.leaf(dns=["*.p.test"])))
    rig.gateway(rig.config(
        k8s_gateway(listener(port, "TLS", "t.test", name="t", tls=tls("t")),
                    listener(port, "TLS", "*.p.test", name="p", tls=tls(mode="Passthrough"))),
        secret("t", ca.leaf(dns=["t.test"])), svc("plain", plain, protocol="TCP"), svc("sealed", sealed, protocol="TCP"),
        tls_route("t", "plain", "t.test"), tls_route("p", "sealed", "a.p.test")))
    assert handshake(port, "t.test", ca) == 200
    assert handshake(port, "a.p.test", ca) == 200
    assert sealed.requests[0]["tls"]["sni"] == "a.p.test"
    for name in ("b.p.test", "other.test"):
        with pytest.raises(REFUSED):
            handshake(port, name, ca)


def test_dr_9_backends_are_spoken_to_with_tls_as_a_policy_says(rig, echo):
    ca, port = CA("tls.test"), free_port()
    up = echo.http("app", tls=ca.server_context(ca.leaf(dns=["auth.example.com"])))
    gw = rig.gateway(rig.config(k8s_gateway(listener(port)), svc("app", up), http_route("r", rule(backend("app"))),
                                config_map("ca", ca_crt=ca.pem), tls_policy("app", "auth.example.com", "ca")))
    assert gw.http("/").status == 200
    assert up.requests[0]["tls"]["sni"] == "auth.example.com"
    for bad in (tls_policy("app", "other.example.com", "ca"), tls_policy("app", "auth.example.com"),
                tls_policy("app", "auth.example.com", "no-such-map"),
                tls_policy("app", "auth.example.com", "ca", subjectAltNames=[{"type": "URI", "uri": "spiffe://x/y"}])):
        gw.config.put(tls_policy("app", "auth.example.com", "ca"))
        until(lambda: gw.http("/").status == 200, "the good one again")
        gw.config.put(bad)
        until(lambda: gw.http("/").status == 503, str(bad["spec"]))
    gw.config.put(tls_policy("app", "sni.example.com", "ca", subjectAltNames=[
        {"type": "Hostname", "hostname": "x.example.com"}, {"type": "Hostname", "hostname": "auth.example.com"}]))
    until(lambda: gw.http("/").status == 200, "one of the names fits")
    assert up.requests[-1]["tls"]["sni"] == "sni.example.com"


def test_a_backend_tls_policy_of_one_port(rig, echo):
    ca, port = CA("tls.test"), free_port()
    sealed, plain = echo.http("sealed", tls=ca.server_context(ca.leaf(dns=["auth.example.com"]))), echo.http("plain")
    entry = service("app.default.svc.cluster.local", (80, "HTTP"), (443, "HTTP"),
                    endpoints=[{"address": "127.0.0.1", "ports": {"p80": plain.port, "p443": sealed.port}}])
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(port)), entry, config_map("ca", ca_crt=ca.pem),
        http_route("r", rule(backend("app", 80), prefix="/http"), rule(backend("app", 443), prefix="/tls")),
        tls_policy("app", "auth.example.com", "ca", section="p443")))
    assert who(gw, "/tls") == "sealed" and who(gw, "/http") == "plain"


# ---- TCP and gRPC ----

def test_tcp_route(rig, echo):
    port, up = free_port(), echo.tcp("db")
    rig.gateway(rig.config(
        k8s_gateway(listener(port, "TCP")), svc("db", up, protocol="TCP"),
        made("TCPRoute", "db", {"parentRefs": [parent()], "rules": [{"backendRefs": [backend("db")]}]})))
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.settimeout(5)
        s.sendall(b"hello\n")
        assert b"hello" in s.recv(1000)


def test_grpc_route_by_method(rig, echo):
    calls, rest, port = echo.grpc("calls"), echo.grpc("rest"), free_port()

    def only(method, to, **more):
        return {"matches": [{"method": method, **more}], "backendRefs": [backend(to)], "filters": [
            {"type": "RequestHeaderModifier", "requestHeaderModifier": {"add": [{"name": "x-added", "value": to}]}}]}
    rig.gateway(rig.config(
        k8s_gateway(listener(port)), svc("calls", calls, protocol="GRPC"), svc("rest", rest, protocol="GRPC"),
        http_route("g", only({"service": "meshtest.Echo"}, "rest", headers=[{"name": "x-v", "value": "1"}]),
                   only({"service": "meshtest.Echo", "method": "Unary"}, "calls"),
                   only({"type": "RegularExpression", "method": "(Client|Server)Stream"}, "rest"), kind="GRPCRoute")))
    with grpc_client(port) as client:
        assert client.unary(b"x").initial["x-echo-server"] == "calls"
        assert calls.requests[0]["metadata"]["x-added"] == "calls"
        assert client.client_stream([b"a", b"b"]).messages == [b"a|b"]
        assert rest.requests[0]["metadata"]["x-added"] == "rest"
        assert client.bidi([b"a"]).code.name == "UNIMPLEMENTED"
        assert client.bidi([b"a"], metadata=(("x-v", "1"),)).messages == [b"a"]
