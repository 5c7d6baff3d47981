"""Fields of MeshConfig that no namespace of a case can show; tests/cases/mesh-config.yaml has the others."""

import json
import socket

import pytest

from meshtest import http, until
from meshtest.objects import endpoint, obj, routes, service

HOST = "app.default.svc.cluster.local"


def mesh_config(**settings):
    return obj("ConfigMap", "istio", namespace="istio-system", data={"mesh": json.dumps(settings)})


def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def test_discovery_selectors_hold_for_files_too(rig, echo):
    app = echo.http("app")
    config = rig.config(
        mesh_config(discoverySelectors=[{"matchLabels": {"mesh": "on"}},
                                        {"matchLabels": {"kubernetes.io/metadata.name": "default"}}]),
        service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port)]),
        routes("teapot", HOST, {"directResponse": {"status": 418}}, gateways=None, namespace="other"))
    proxy = rig.outbound(config)
    assert proxy.http("/", host=HOST).status == 200
    config.put(namespace("other", mesh="on"))
    until(lambda: proxy.http("/", host=HOST).status == 418, "the namespace belongs to the mesh")
    config.put(namespace("other", mesh="off"))
    until(lambda: proxy.http("/", host=HOST).status == 200, "it belongs no more")


# ---- protocolDetectionTimeout ----

def inbound(rig, app, mode, mesh, *args):
    mtls = obj("PeerAuthentication", "default", {"mtls": {"mode": mode}})
    return rig.inbound(rig.config(mtls, mesh), app.port, "auto", "--access-log", "/dev/stdout", *args,
                       certs=rig.certs("server"))


def test_who_says_nothing_for_long_speaks_bytes(rig, echo):
    app = echo.http("app")
    proxy = inbound(rig, app, "PERMISSIVE", mesh_config(protocolDetectionTimeout="0.2s"))
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        until(lambda: app.accepted == 1, "its server was asked whether it speaks")
        until(lambda: proxy.samples("istio_tcp_connections_opened_total"), "it is a connection of bytes")
        sock.sendall(b"GET /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
    assert not proxy.samples("istio_requests_total")
    assert http(f"http://127.0.0.1:{proxy.port}/").status == 200 # who speaks at once is looked at
    until(lambda: proxy.samples("istio_requests_total"), "this is a request")


def test_who_says_nothing_for_long_is_refused_where_tls_is_required(rig, echo):
    proxy = inbound(rig, echo.http("app"), "STRICT", mesh_config(protocolDetectionTimeout="0.2s"))
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sock.settimeout(5)
        assert sock.recv(1) == b""


# ---- disableEnvoyListenerLog ----

@pytest.mark.parametrize("disabled", [False, True])
def test_refused_connections_are_told_unless_that_is_off(rig, echo, disabled):
    proxy = inbound(rig, echo.http("app"), "STRICT", mesh_config(disableEnvoyListenerLog=disabled))
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert sock.recv(1) == b""
    line = '"- - -" 0 - - peer spoke plain HTTP'
    if not disabled:
        until(lambda: proxy.process.log().count(line) == 2, "both are told")
    proxy.process.stop()
    assert (line in proxy.process.log()) is not disabled


# ---- defaultInboundHttpRetryPolicy ----

def test_the_app_is_asked_again_as_the_mesh_says(rig, echo):
    app = echo.http("app")
    config = rig.config(mesh_config(defaultInboundHttpRetryPolicy={"attempts": 2, "retryOn": "503", "backoff": "1ms"}),
                        obj("PeerAuthentication", "default", {"mtls": {"mode": "DISABLE"}}))
    proxy = rig.inbound(config, app.port, "http")
    assert proxy.http("/", headers={"x-echo-status": "503"}).status == 503
    assert len(app.requests) == 3
    config.put(mesh_config(defaultInboundHttpRetryPolicy={"attempts": 0}))
    until(lambda: asks(proxy, app) == 1, "no retries")
    config.put(mesh_config())
    until(lambda: asks(proxy, app, status="500") == 1, "only what it cannot have seen")


def asks(proxy, app, status="503"):
    before = len(app.requests)
    assert proxy.http("/", headers={"x-echo-status": status}).status == int(status)
    return len(app.requests) - before
