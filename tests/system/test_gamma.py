"""Routes of the Gateway API that are bound to Services, in a client's sidecar run from files."""

import pytest

from meshtest import grpc_client, until
from meshtest.gwapi import backend, grant, http_route, made, rule, service_parent
from meshtest.objects import endpoint, routes, service, to

HOST = "app.default.svc.cluster.local"


def svc(name, upstream, namespace="default", protocol="HTTP"):
    return service(f"{name}.{namespace}.svc.cluster.local", (80, protocol), namespace=namespace,
                   endpoints=[endpoint(upstream.port)])


@pytest.fixture
def client(rig, echo):
    """client(objects...) -> a sidecar; services app, v2 and other/far have an upstream each."""
    def start(*objects):
        ups = {name: echo.http(name) for name in ("app", "v2", "far")}
        sidecar = rig.outbound(rig.config(svc("app", ups["app"]), svc("v2", ups["v2"]), svc("far", ups["far"], "other"),
                                          *objects))
        sidecar.ups = ups
        return sidecar
    return start


def add(name, value):
    return [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"add": [{"name": name, "value": value}]}}]


def who(sidecar, path="/", host=HOST, **options):
    reply = sidecar.http(path, host=host, **options)
    return reply.header("x-echo-server") or reply.status


def test_gw_4_a_route_bound_to_a_service_is_used_by_clients(client):
    c = client(http_route("a", rule(backend("app"), prefix="/path", filters=add("my-added-header", "added-value")),
                          parents=[service_parent("app")]))
    assert who(c, "/path") == "app"
    assert ["my-added-header", "added-value"] in c.ups["app"].requests[-1]["headers"]
    assert who(c, "/other") == 404
    assert who(c, host="v2.default.svc.cluster.local") == "v2"


def test_gw_4_consumers_routes_count_instead_of_producers(client):
    producer = http_route("p", rule(backend("far"), filters=add("x-by", "producer")), namespace="other",
                          parents=[service_parent("far")])
    consumer = http_route("c", rule({**backend("far"), "namespace": "other"}, filters=add("x-by", "consumer")),
                          parents=[service_parent("far", "other")])
    strangers = http_route("s", rule(backend("far"), filters=add("x-by", "stranger")), namespace="third",
                           parents=[service_parent("far", "other")])
    host = "far.other.svc.cluster.local"
    c = client(producer, strangers, grant("other", "HTTPRoute", "default", "Service"))

    def by():
        assert who(c, host=host) == "far"
        return dict(map(tuple, c.ups["far"].requests[-1]["headers"])).get("x-by")
    assert by() == "producer"
    c.config.put(consumer)
    until(lambda: by() == "consumer", "the consumer's route")
    c.config.remove(consumer)
    until(lambda: by() == "producer", "the producer's again")


def test_gw_4_a_parents_port_limits_the_route(client):
    c = client(http_route("a", rule(backend("v2")), parents=[service_parent("app", port=81)]))
    assert who(c) == "app"
    c.config.put(http_route("a", rule(backend("v2")), parents=[service_parent("app", port=80)]))
    until(lambda: who(c) == "v2", "the route of the port")


def test_gw_9_a_virtual_service_goes_before_a_route(client):
    vs = routes("app", HOST, {"route": [to(HOST)]}, gateways=None)
    c = client(http_route("a", rule(backend("v2")), parents=[service_parent("app")]), vs)
    assert who(c) == "app"
    c.config.remove(vs)
    until(lambda: who(c) == "v2", "the route")


def test_gw_3_backends_that_are_not_there_answer_500_in_the_mesh(client):
    c = client(http_route("a", rule(backend("nobody"), prefix="/no"), rule({**backend("far"), "namespace": "other"}, prefix="/far"),
                          parents=[service_parent("app")]))
    assert who(c, "/no") == 500
    assert who(c, "/far") == 500
    c.config.put(grant("other", "HTTPRoute", "default", "Service"))
    until(lambda: who(c, "/far") == "far", "the grant")


def test_split_between_services(client):
    c = client(http_route("a", rule(backend("app", weight=1), backend("v2", weight=3)), parents=[service_parent("app")]))
    seen = [who(c) for _ in range(200)]
    assert 105 < seen.count("v2") < 190 and seen.count("app") + seen.count("v2") == 200


def test_grpc_route_bound_to_a_service(rig, echo):
    calls = echo.grpc("calls")
    sidecar = rig.outbound(rig.config(
        svc("calls", calls, protocol="GRPC"),
        made("GRPCRoute", "g", {"parentRefs": [service_parent("calls")], "rules": [{
            "matches": [{"method": {"service": "meshtest.Echo", "method": "Unary"}}],
            "filters": add("my-added-header", "added-value"), "backendRefs": [backend("calls")]}]})))
    with grpc_client(sidecar.port, authority="calls.default.svc.cluster.local") as client:
        assert client.unary(b"x").messages == [b"x"]
        assert calls.requests[0]["metadata"]["my-added-header"] == "added-value"
        assert client.bidi([b"a"]).code.name == "UNIMPLEMENTED"
