"""The edge of the mesh by MeshConfig: paths, proxies in front, client certificates, headers of ours.

Cases of Istio's own suite have its row's id in their name (norm_, gw_, hdr_)."""

import base64
import hashlib
import re
import socket
import ssl
import urllib.parse

import pytest
import yaml

from meshtest import free_port, grpc_client, http, http2, raw, until, websocket_echo
from meshtest.objects import endpoint, gateway, obj, routes, secret, service, to
from meshtest.rig import HOST

APP = "app.default.svc.cluster.local"
UNARY = "/meshtest.Echo/Unary"


def mesh_config(config, **settings):
    """Puts MeshConfig into a configuration, as a document of its own."""
    if settings:
        config.write("mesh.yaml", yaml.safe_dump(settings))


def topology(**settings):
    return {"defaultConfig": {"gatewayTopology": settings}}


def headers_of(**settings):
    return {"defaultConfig": {"proxyHeaders": settings}}


@pytest.fixture
def front(rig, echo):
    """front(settings) -> a plain gateway for all hosts in front of an app."""
    def start(settings=None, *objects, app=None, protocol="HTTP"):
        app, port = app or echo.http("v1"), free_port()
        config = rig.config(gateway((port, "HTTP", ["*"], None)), *objects,
                            service(APP, (80, protocol), endpoints=[endpoint(app.port)]),
                            routes("all", "*", {"route": [to(APP)]}))
        mesh_config(config, **(settings or {}))
        gw = rig.gateway(config, "--access-log", "/dev/stdout")
        gw.app, gw.port = app, port
        return gw
    return start


def seen(reply):
    return dict(reply.json()["headers"])


def get_raw(port, target, host=HOST):
    """The path that the app saw, of a request line that no client would send."""
    got = raw(port, f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1"))
    found = re.search(rb'"target": "((?:[^"\\]|\\.)*)"', got)
    return found.group(1).decode().replace("\\\\", "\\") if found else got.split(b"\r\n", 1)[0].decode()


# ---- paths ----

PATHS = {
    "NONE": [("/app#foo", "/app"), ("/app//", "/app//"), ("/xyz%30..//abc", "/xyz%30..//abc"), ("/app//../../admin", "/app//../../admin")],
    "BASE": [("/app#foo", "/app"), ("/app//", "/app//"), ("/app/%2f", "/app/%2f"), ("/xyz%30..//abc", "/xyz0..//abc"),
             ("/app\\admin", "/app/admin"), ("/app//../../admin", "/admin")],
    "MERGE_SLASHES": [("/", "/"), ("/app%2f/", "/app%2f/"), ("/app/\\/\\/\\admin", "/app/admin")],
    "DECODE_AND_MERGE_SLASHES": [("/app/../admin", "/admin"), ("/app%2f/", "/app/"), ("/app/%2E./admin", "/admin"),
                                 ("/%252e%252e%252fadmin", "/%252e%252e%252fadmin"), ("/admin;a=b/xyz", "/admin;a=b/xyz")],
}


@pytest.mark.parametrize("mode", PATHS)
def test_pn_2_gateways_and_sidecars_change_paths_alike(rig, echo, mode):
    """On the client's side, on the server's, at a gateway: the app sees the same path, and so do policies."""
    app, port = echo.http("v1"), free_port()
    deny = obj("AuthorizationPolicy", "deny", {"action": "DENY", "rules": [{"to": [{"operation": {"paths": ["/admin"]}}]}]})
    settings = {"pathNormalization": {"normalization": mode}}
    gw_config = rig.config(gateway((port, "HTTP", ["*"], None)), service(APP, (80, "HTTP"), endpoints=[endpoint(app.port)]),
                           routes("all", "*", {"route": [to(APP)]}), deny)
    inbound_config = rig.config(deny)
    for config in (gw_config, inbound_config):
        mesh_config(config, **settings)
    gw = rig.gateway(gw_config)
    inbound = rig.inbound(inbound_config, app.port, "http")
    outbound_config = rig.config(service(HOST, (80, "HTTP"), endpoints=[endpoint(inbound.port)]))
    mesh_config(outbound_config, **settings)
    outbound = rig.outbound(outbound_config)
    assert gw.process and inbound.process
    for side in (port, inbound.port, outbound.port):
        for sent, want in PATHS[mode]:
            got = get_raw(side, sent)
            assert got == ("HTTP/1.1 403 Forbidden" if want == "/admin" else want), (side, sent)


def test_modes_change_while_serving(front):
    gw = front()
    assert get_raw(gw.port, "/a%2F//b") == "/a%2F//b"
    mesh_config(gw.config, pathNormalization={"normalization": "DECODE_AND_MERGE_SLASHES"})
    until(lambda: get_raw(gw.port, "/a%2F//b") == "/a/b", "the new mode counts")


# ---- who asks ----

def test_gw_xff_trusted2(front):
    policy = obj("AuthorizationPolicy", "deny", {"action": "DENY", "rules": [
        {"from": [{"source": {"remoteIpBlocks": ["72.9.5.0/24"]}}], "to": [{"operation": {"paths": ["/no"]}}]}]})
    gw = front(topology(numTrustedProxies=2), policy)
    ask = {"x-forwarded-for": "56.5.6.7, 72.9.5.6, 98.1.2.3", "x-forwarded-proto": "https"}
    headers = seen(gw.http("/", headers=ask))
    assert headers["x-envoy-external-address"] == "72.9.5.6"
    entries = [e.strip() for e in headers["x-forwarded-for"].split(",")]
    assert len(entries) == 4 and entries[1] == "72.9.5.6"
    assert headers["x-forwarded-proto"] == "https" # the trusted proxy ended TLS
    gw.process.wait_line(r'"GET / HTTP/1.1" 200 .* 72\.9\.5\.6:0 ')
    assert gw.http("/no", headers=ask).status == 403 # policies see the same client
    assert gw.http("/no", headers={"x-forwarded-for": "72.9.5.6, 98.1.2.3, 1.1.1.1"}).status == 200


def test_gwb_7_without_trust_nothing_is_believed(front):
    headers = seen(front().http("/", headers={"x-forwarded-for": "72.9.5.6", "x-forwarded-proto": "https",
                                              "x-envoy-external-address": "9.9.9.9"}))
    assert (headers["x-envoy-external-address"], headers["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert headers["x-forwarded-for"].replace(" ", "") == "72.9.5.6,127.0.0.1"


def test_redirects_to_https_believe_trusted_proxies(rig):
    """Behind a balancer that ends TLS a redirect must not go in circles."""
    port = free_port()
    config = rig.config(gateway((port, "HTTP", ["*"], {"httpsRedirect": True})), routes("all", "*", {"directResponse": {"status": 200}}))
    mesh_config(config, **topology(numTrustedProxies=1))
    gw = rig.gateway(config)
    assert gw.http("/", headers={"x-forwarded-proto": "https"}).status == 200
    assert gw.http("/", headers={"x-forwarded-proto": "http"}).status == 301
    assert gw.http("/").status == 301


def test_gw_proxyproto_in(rig, echo):
    lines, port, web = echo.tcp(), free_port(), free_port()
    config = rig.config(
        gateway((port, "TCP", ["*"], None), (web, "HTTP", ["*"], None)),
        service(APP, (80, "TCP"), endpoints=[endpoint(lines.port)]),
        routes("t", "*", {"match": [{"port": port}], "route": [to(APP)]}, kind="tcp"),
        routes("w", "*", {"directResponse": {"status": 200}}))
    mesh_config(config, **topology(numTrustedProxies=1, proxyProtocol={}))
    gw = rig.gateway(config, "--access-log", "/dev/stdout")
    line = b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n"
    assert raw(port, line + b"hello\n", half_close=True) == b"hello\n"
    assert raw(web, line + b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    gw.process.wait_line(r'"GET / HTTP/1.1" 200 .* 203\.0\.113\.7:4711 ')
    assert raw(web, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == b"" # not from the balancer


# ---- client certificates ----

def entry(leaf, gateway_form, by=None, names="URI=;DNS=me"):
    der = ssl.PEM_cert_to_DER_cert(leaf.cert.decode())
    cert = f'Cert="{urllib.parse.quote(leaf.cert.decode(), safe="")}";' if gateway_form else ""
    return f'{f"By={by};" if by else ""}Hash={hashlib.sha256(der).hexdigest()};{cert}Subject="";{names}'


XFCC = {"SANITIZE": (None, None), "FORWARD_ONLY": ("By=theirs", None), "APPEND_FORWARD": ("By=theirs,{}", None),
        "SANITIZE_SET": ("{}", None), "UNDEFINED": ("{}", None), "ALWAYS_FORWARD_ONLY": ("By=theirs", "By=theirs")}


@pytest.mark.parametrize("mode", XFCC)
def test_xfcc_at_gateways(rig, echo, ca, mode):
    """With a client certificate, and without one."""
    app, port = echo.http("v1"), free_port()
    config = rig.config(
        gateway((port, "HTTPS", ["a.test"], {"mode": "OPTIONAL_MUTUAL", "credentialName": "a"})),
        secret("a", ca.leaf(dns=["a.test"]), ca.pem), service(APP, (80, "HTTP"), endpoints=[endpoint(app.port)]),
        routes("all", "*", {"route": [to(APP)]}))
    mesh_config(config, **topology(forwardClientCertDetails=mode))
    rig.gateway(config)
    leaf = ca.leaf(dns=["me"])
    for shown, want in ((leaf, XFCC[mode][0]), (None, XFCC[mode][1])):
        reply = http(f"https://a.test:{port}/", to=("127.0.0.1", port), tls=ca.client_context(shown),
                     headers={"x-forwarded-client-cert": "By=theirs"})
        assert seen(reply).get("x-forwarded-client-cert") == (want and want.format(entry(leaf, True))), shown


def test_xfcc_between_sidecars(rig, echo, ca):
    """APPEND_FORWARD with both ids; what the client's app says about itself does not leave its sidecar."""
    app = echo.http("v1")
    server = rig.inbound(rig.config(obj("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})), app.port, "http",
                         certs=rig.certs("server"))
    client_uri, server_uri = (f"spiffe://cluster.local/ns/default/sa/{n}" for n in ("client", "server"))
    leaf = ca.leaf(spiffe="ns/default/sa/client", dns=["extra.test"])
    context = ca.client_context(leaf, alpn=["istio-http/1.1"])
    names = f"URI={client_uri};DNS=extra.test"
    for before in (None, "By=before"):
        reply = http(f"https://127.0.0.1:{server.port}/", host=HOST, tls=context, headers={"x-forwarded-client-cert": before} if before else {})
        want = entry(leaf, False, server_uri, names)
        assert seen(reply)["x-forwarded-client-cert"] == (f"{before},{want}" if before else want)
    pair = rig.pair(echo.http("v2"))
    got = seen(pair.http("/", headers={"x-forwarded-client-cert": "By=forged"}))["x-forwarded-client-cert"]
    assert "forged" not in got and f"By={server_uri};" in got and f"URI={client_uri}" in got


@pytest.mark.parametrize("settings, want", [
    ({"forwardedClientCert": "SANITIZE"}, None),
    ({"forwardedClientCert": "FORWARD_ONLY"}, "By=before"),
    ({"setCurrentClientCertDetails": {"subject": False, "dns": False, "uri": True}}, "By=before,By={server};Hash={hash};URI={client}"),
    ({"forwardedClientCert": "SANITIZE_SET", "setCurrentClientCertDetails": {"cert": True}},
     'By={server};Hash={hash};Cert="{cert}";Subject="";URI={client}')])
def test_xfcc_of_a_sidecar_as_told(rig, echo, ca, settings, want):
    app = echo.http("v1")
    config = rig.config(obj("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}}))
    mesh_config(config, **headers_of(**settings))
    server = rig.inbound(config, app.port, "http", certs=rig.certs("server"))
    leaf = ca.leaf(spiffe="ns/default/sa/client")
    reply = http(f"https://127.0.0.1:{server.port}/", host=HOST, tls=ca.client_context(leaf, alpn=["istio-http/1.1"]),
                 headers={"x-forwarded-client-cert": "By=before"})
    facts = {"hash": hashlib.sha256(ssl.PEM_cert_to_DER_cert(leaf.cert.decode())).hexdigest(),
             "cert": urllib.parse.quote(leaf.cert.decode(), safe=""),
             **{n: f"spiffe://cluster.local/ns/default/sa/{n}" for n in ("client", "server")}}
    assert seen(reply).get("x-forwarded-client-cert") == (want and want.format(**facts))


# ---- headers of ours ----

def test_hdr_none_out(rig, echo):
    """From an app to a naked service: nothing of the proxy but x-forwarded-proto."""
    app = echo.http("v1")
    off = {"disabled": True}
    config = rig.config(service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port)], location="MESH_EXTERNAL"))
    mesh_config(config, **headers_of(forwardedClientCert="SANITIZE", server=off, requestId=off, attemptCount=off,
                                     envoyDebugHeaders=off, metadataExchangeHeaders={"mode": "IN_MESH"}))
    client = rig.outbound(config)
    reply = client.http("/", host=HOST)
    assert [n for n in seen(reply) if n.startswith("x-")] == ["x-forwarded-proto"]
    assert [n for n, _ in reply.headers if n.startswith("x-envoy")] == []
    assert reply.header("server") is None # the app has none of its own


def test_hdr_server_value(front):
    assert front(headers_of(server={"value": "shop"})).http("/").header("server") == "shop"


def test_x_forwarded_host_and_port_when_asked_for(front):
    gw = front(headers_of(xForwardedHost={"enabled": True}, xForwardedPort={"enabled": True}))
    gw.config.put(routes("all", "*", {"rewrite": {"authority": "inside.test"}, "route": [to(APP)]}))
    until(lambda: gw.http("/", host="a.test").json()["authority"] == "inside.test", "the host is rewritten")
    headers = seen(gw.http("/", host="a.test"))
    assert (headers["x-forwarded-host"], headers["x-forwarded-port"]) == ("a.test", str(gw.port))


# ---- limits, hosts and versions ----

def test_gw_wildcard_port80(rig, echo):
    """The port in Host is not looked at."""
    app, port = echo.http("v1"), free_port()
    rig.gateway(rig.config(gateway((port, "HTTP", ["*.example.com"], None)), service(APP, (80, "HTTP"), endpoints=[endpoint(app.port)]),
                           routes("r", "*.example.com", {"route": [to(APP)]})))
    with http2(port) as client:
        assert client.get("/", authority="foo.example.com:80").status == 200
        assert client.get("/", authority="example.com:80").status == 404


def test_ht_1_the_host_is_kept(front):
    assert front().http("/", host="Shop.Example.com:8080").json()["authority"] == "Shop.Example.com:8080"


def test_ht_2_http10_is_served_when_asked_for(front):
    gw = front()
    assert raw(gw.port, b"GET / HTTP/1.0\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 426 ")
    mesh_config(gw.config, defaultConfig={"proxyMetadata": {"ISTIO_META_HTTP10": "1"}})
    until(lambda: b" 200 OK" in raw(gw.port, b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"), "HTTP/1.0 is served")
    got = raw(gw.port, b"GET /x HTTP/1.0\r\nHost: a\r\n\r\n") # the connection ends: raw returned
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower() and b'"target": "/x"' in body
    assert raw(gw.port, b"GET /\r\n\r\n")[:12] in (b"", b"HTTP/1.1 400") # never HTTP/0.9


def test_limits_of_heads(front):
    gw = front()
    for head, status in ((b"x: " + b"a" * 62000, 431), (b"x: " + b"a" * 50000, 200), (b"\r\n".join(b"x-%d: y" % n for n in range(101)), 431),
                         (b"\r\n".join(b"x-%d: y" % n for n in range(90)), 200)):
        got = raw(gw.port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + head + b"\r\n\r\n")
        assert got.startswith(b"HTTP/1.1 %d " % status), (got[:60], len(head))
    with http2(gw.port) as client:
        assert client.get("/", authority="a", headers={"x": "a" * 15000}).status == 200
        reply = client.get("/", authority="a", headers={f"x-{n}": "a" * 7000 for n in range(10)})
        assert reply.status == 431 or reply.reset is not None


def test_edge_profile(front):
    gw = front({"defaultConfig": {"connectionSettings": {"profile": "EDGE"}}})
    assert gw.http("/", headers={"x_user": "1"}).status == 400
    assert get_raw(gw.port, "/a//b") == "/a/b"
    reply = gw.http("/a%2Fb?c=d")
    assert (reply.status, reply.header("location")) == (307, "/a/b?c=d")


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
def test_gw_useclient_http(front, echo, version):
    """useClientProtocol: the app gets what the client speaks."""
    app = echo.http("v1") if version == "HTTP/1.1" else echo.http2("v1")
    gw = front(None, obj("DestinationRule", "app", {"host": APP, "trafficPolicy": {
        "tls": {"mode": "DISABLE"}, "connectionPool": {"http": {"useClientProtocol": True}}}}), app=app)
    if version == "HTTP/1.1":
        body = gw.http("/").json()
    else:
        with http2(gw.port) as client:
            body = client.get("/", authority="a").json()
    assert body["version"] == version
    assert "x-envoy-peer-metadata" not in dict(body["headers"])


def test_slow_heads_do_not_hold_connections(front):
    gw = front({"defaultConfig": {"connectionSettings": {"httpRequestHeadersTimeout": "1s"}}})
    with socket.create_connection(("127.0.0.1", gw.port), 5) as sock:
        sock.settimeout(4)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        assert sock.recv(100)[:12] in (b"", b"HTTP/1.1 408")


# ---- what a gateway serves at all ----

def test_sim_gw_hosts_and_ports(rig):
    """sim-gw-novs, sim-gw-noport, sim-gw-host."""
    port, other = free_port(), free_port()
    gw = rig.gateway(rig.config(gateway((port, "HTTP", ["foo.bar"], None))))
    assert gw.http("/", host="foo.bar").status == 404
    with pytest.raises(ConnectionRefusedError):
        gw.http("/", port=other)
    gw.config.put(routes("r", "foo.bar", {"directResponse": {"status": 200}}))
    until(lambda: gw.http("/", host="foo.bar").status == 200, "the route counts")
    assert gw.http("/", host="bad.bar").status == 404


def test_sim_gw_httpsredirect_https(rig, ca):
    """A redirect to https on an HTTPS server is left out."""
    port = free_port()
    gw = rig.gateway(rig.config(
        gateway((port, "HTTPS", ["a.test"], {"mode": "SIMPLE", "credentialName": "a", "httpsRedirect": True})),
        secret("a", ca.leaf(dns=["a.test"])), routes("r", "a.test", {"directResponse": {"status": 200}})))
    assert http(f"https://a.test:{port}/", to=("127.0.0.1", port), tls=ca.client_context(check_name=True)).status == 200
    assert gw.process


def test_sim_gw_collision(rig, echo):
    """Two TCP servers on a port: the first has it, and its lack of routes."""
    port, lines = free_port(), echo.tcp()
    config = rig.config(
        gateway((port, "TCP", ["*"], None), namespace="a"), gateway((port, "TCP", ["*"], None), namespace="b"),
        service(APP, (80, "TCP"), endpoints=[endpoint(lines.port)]),
        routes("t", "*", {"match": [{"port": port}], "route": [to(APP)]}, kind="tcp", gateways=["b/gw"]))
    rig.gateway(config)
    assert raw(port, b"hello", half_close=True) == b""


def test_sim_gw_dupvs(rig, echo, ca):
    """The same TLS route twice: the first counts."""
    port = free_port()
    context = ca.server_context(ca.leaf(dns=["mysite.test"]))
    first, second = echo.http("first", tls=context), echo.http("second", tls=context)
    hosts = {"a": "first.default.svc.cluster.local", "b": "second.default.svc.cluster.local"}
    rig.gateway(rig.config(
        gateway((port, "TLS", ["mysite.test"], {"mode": "PASSTHROUGH"})),
        *[service(hosts[ns], (80, "TCP"), endpoints=[endpoint(up.port)]) for ns, up in (("a", first), ("b", second))],
        *[routes("r", "mysite.test", {"match": [{"port": port, "sniHosts": ["mysite.test"]}], "route": [to(hosts[ns])]}, kind="tls",
                 gateways=["default/gw"], namespace=ns) for ns in ("a", "b")]))
    for _ in range(3):
        reply = http(f"https://mysite.test:{port}/", to=("127.0.0.1", port), tls=ca.client_context(check_name=True))
        assert reply.json()["server"] == "first"


# ---- section 2.15: versions and protocols ----

def test_ht_3_websockets_pass_and_other_upgrades_do_not_tunnel(rig, echo):
    app, port = echo.websocket(), free_port()
    rig.gateway(rig.config(gateway((port, "HTTP", ["*"], None)), service(APP, (80, "HTTP"), endpoints=[endpoint(app.port)]),
                           routes("r", "*", {"timeout": "0.2s", "route": [to(APP)]})))
    with_pauses = [b"one", "two"]
    assert websocket_echo(f"ws://127.0.0.1:{port}/", with_pauses) == with_pauses # the timeout is for answers, not for these


def test_ht_4_grpc_denied_and_unavailable(front, echo):
    deny = obj("AuthorizationPolicy", "deny", {"action": "DENY", "rules": [{"to": [{"operation": {"ports": ["1"]}}]}]})
    gw = front(None, deny, app=echo.grpc(), protocol="GRPC")
    with grpc_client(gw.port) as client:
        assert client.unary(b"x").messages == [b"x"]
    gw.config.put(obj("AuthorizationPolicy", "deny", {"action": "DENY", "rules": [{}]}))
    ask = {"content-type": "application/grpc", "te": "trailers"}

    def denied():
        with http2(gw.port) as client:
            reply = client.reply(client.send("POST", "/meshtest.Echo/Unary", authority="a", headers=ask))
            return reply if reply.header("grpc-status") == "7" else None
    reply = until(denied, "the policy counts")
    assert reply.status == 200 and "RBAC" in reply.header("grpc-message")


def test_ht_6_the_app_is_asked_in_its_ports_protocol(rig, echo):
    h1, h2, port = echo.http("h1"), echo.http2("h2"), free_port()
    names = {p: f"{p.lower()}.default.svc.cluster.local" for p in ("HTTP", "HTTP2", "GRPC")}
    gw = rig.gateway(rig.config(
        gateway((port, "HTTP", ["*"], None)),
        *[service(h, (80, p), endpoints=[endpoint((h1 if p == "HTTP" else h2).port)]) for p, h in names.items()],
        *[routes(p.lower(), f"{p.lower()}.test", {"route": [to(h)]}) for p, h in names.items()]))
    for protocol, version in (("HTTP", "HTTP/1.1"), ("HTTP2", "HTTP/2"), ("GRPC", "HTTP/2")):
        assert gw.http("/", host=f"{protocol.lower()}.test").json()["version"] == version
        with http2(port) as client:
            assert client.get("/", authority=f"{protocol.lower()}.test").json()["version"] == version


def test_ht_7_a_gateway_is_no_open_proxy(front):
    gw = front()
    got = raw(gw.port, f"CONNECT 127.0.0.1:{gw.app.port} HTTP/1.1\r\nHost: 127.0.0.1:{gw.app.port}\r\n\r\n".encode(), limit_s=2)
    assert re.match(rb"HTTP/1.1 4\d\d ", got), got
    assert not gw.app.requests


def test_ht_8_local_replies_are_plain_text(front, echo):
    app = echo.http("gone")
    app.close()
    reply = front(app=app).http("/")
    assert (reply.status, reply.header("content-type")) == (503, "text/plain")
    assert reply.text().startswith("upstream connect error or disconnect/reset before headers. ")
    assert "reset reason: " in reply.text()


# ---- gRPC-Web ----

def web_frames(body):
    """[(flags, payload)] of a gRPC-Web body."""
    found = []
    while body:
        flags, size = body[0], int.from_bytes(body[1:5], "big")
        found.append((flags, body[5:5 + size]))
        body = body[5 + size:]
    return found


def message(payload):
    return b"\0" + len(payload).to_bytes(4, "big") + payload


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
@pytest.mark.parametrize("text", [False, True])
def test_ht_5_grpc_web_is_translated_at_gateways(rig, echo, version, text):
    app, port = echo.grpc(), free_port()
    gw = rig.gateway(rig.config(
        gateway((port, "GRPC-WEB", ["*"], None)), service(APP, (80, "GRPC"), endpoints=[endpoint(app.port)]),
        routes("r", "*", {"match": [{"uri": {"prefix": "/nowhere"}}], "route": [to("nowhere.default.svc.cluster.local")]},
               {"route": [to(APP)]})))
    kind = "application/grpc-web-text+proto" if text else "application/grpc-web+proto"
    headers = {"content-type": kind, "x-grpc-web": "1", "accept": kind}

    def call(path, payload):
        body = base64.b64encode(message(payload)) if text else message(payload)
        if version == "HTTP/1.1":
            reply = gw.http(path, method="POST", headers=headers, body=body)
        else:
            with http2(port) as client:
                reply = client.reply(client.send("POST", path, authority="a", headers=headers, body=body))
        assert reply.status == 200 and reply.header("content-type") == kind
        groups = re.findall(rb"[A-Za-z0-9+/]+=*", reply.body) # several texts, each with an end of its own
        return reply, web_frames(b"".join(map(base64.b64decode, groups)) if text else reply.body)
    for size in (0, 1, 2, 3, 100_000):
        reply, frames = call(UNARY, b"x" * size)
        assert frames[0] == (0, b"x" * size), size
        flags, trailers = frames[1]
        assert flags == 0x80 and b"grpc-status: 0\r\n" in trailers and len(frames) == 2
    reply, frames = call("/nowhere/x", b"x") # an answer of the gateway's own
    assert reply.header("grpc-status") == "14" and frames == []
    with grpc_client(port) as client: # what is gRPC already stays so
        assert client.unary(b"hi").messages == [b"hi"]


def test_grpc_web_text_that_is_none_is_refused(rig, echo):
    app, port = echo.grpc(), free_port()
    gw = rig.gateway(rig.config(gateway((port, "GRPC-WEB", ["*"], None)), service(APP, (80, "GRPC"), endpoints=[endpoint(app.port)]),
                                routes("r", "*", {"route": [to(APP)]})))
    for body in (b"!!!!", b"AAAAA", b"AA==="):
        got = raw(port, b"POST " + UNARY.encode() + b" HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc-web-text\r\n"
                  b"Content-Length: %d\r\n\r\n" % len(body) + body, limit_s=2)
        assert not got.startswith(b"HTTP/1.1 200"), got
    with grpc_client(gw.port) as client:
        assert client.unary(b"hi").messages == [b"hi"]
