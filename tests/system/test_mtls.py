"""Identity and policy at an app's sidecar: who gets in, what the app is told, what is refused how."""

import datetime
import re
import socket
import ssl
import threading

import grpc
import pytest
import yaml

from meshtest import CA, free_port, grpc_client, http, http2, raw, until
from meshtest.client import connection
from meshtest.objects import endpoint, gateway, obj, routes, service, to
from meshtest.rig import HOST, cert_dir

STRICT = obj("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})
PERMISSIVE = obj("PeerAuthentication", "default", {"mtls": {"mode": "PERMISSIVE"}})
DISABLE = obj("PeerAuthentication", "default", {"mtls": {"mode": "DISABLE"}})
DENIED = b"RBAC: access denied"
ALPNS = ("istio-http/1.1", "istio", "http/1.1") # what Istio's sidecars offer


@pytest.fixture
def server(rig, echo):
    """server(objects..., app=None, protocol="http") -> the sidecar of an app in default/server."""
    def start(*objects, app=None, protocol="http", args=()):
        app = app or echo.http("app")
        started = rig.inbound(rig.config(*objects), app.port, protocol, *args, certs=rig.certs("server"))
        started.app = app
        return started
    return start


def tls_get(server, ca, leaf, path="/", *, alpn=ALPNS, limit_s=5, **options):
    """One HTTP/1.1 request with mutual TLS, as a peer would send it."""
    return http(f"https://{HOST}{path}", to=("127.0.0.1", server.port), tls=ca.client_context(leaf, alpn=alpn),
                limit_s=limit_s, **options)


def plain_get(server, path="/", **options):
    return http(f"http://127.0.0.1:{server.port}{path}", host=HOST, **options)


def assert_refused(call):
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError, OSError, http_errors())):
        call()


def http_errors():
    import http.client
    return http.client.HTTPException


def ago(**delta):
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(**delta)


def policy(name, action, *rules, **spec):
    return obj("AuthorizationPolicy", name, {"action": action, "rules": list(rules), **spec})


# ---- modes ----

def test_mt_2_strict_refuses_plaintext(server, ca):
    side = server(STRICT)
    assert_refused(lambda: plain_get(side))
    assert raw(side.port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", limit_s=2).startswith((b"", b"\x15"))
    assert_refused(lambda: http2(side.port, limit_s=2).get("/"))
    assert tls_get(side, ca, ca.leaf(spiffe="ns/a/sa/b")).status == 200
    assert len(side.app.requests) == 1


def test_a_handshake_may_fail_under_other_configuration_than_it_began(server, ca):
    side = server(STRICT, args=["--access-log", "/dev/stdout"])
    context = ca.client_context(None, alpn=ALPNS)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=HOST)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    with socket.create_connection(("127.0.0.1", side.port), 5) as sock:
        sock.sendall(outgoing.read())
        incoming.write(sock.recv(65536)) # the server is in the middle of it now
        side.config.put(PERMISSIVE)
        until(lambda: plain_get(side).status == 200, "the other configuration")
        try:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    incoming.write(sock.recv(65536))
            sock.sendall(outgoing.read()) # without a certificate
        except ssl.SSLError:
            pass
        side.process.wait_line("peer sent no certificate")
    assert plain_get(side).status == 200


def test_tl_4_connections_that_nothing_serves_are_logged(server, ca):
    side = server(STRICT, args=["--access-log", "/dev/stdout"])
    assert_refused(lambda: plain_get(side))
    side.process.wait_line(r'"- - -" 0 - - peer spoke plain HTTP')
    side.config.put(PERMISSIVE)

    def is_logged(): # TLS of an app at a port of HTTP
        assert_refused(lambda: http(f"https://{HOST}/", to=("127.0.0.1", side.port), tls=ca.client_context(None, alpn=("h2",)), limit_s=2))
        return '"- - -" 0 NR filter_chain_not_found -' in side.process.log()
    until(is_logged, "the line of a connection that fits nothing")
    assert not side.samples("istio_tcp_connections_closed_total") # none was opened


def test_mt_1_permissive_takes_both(server, ca):
    side = server(PERMISSIVE)
    assert "x-forwarded-client-cert" not in dict(plain_get(side).json()["headers"])
    seen = tls_get(side, ca, ca.leaf(spiffe="ns/a/sa/b")).json()
    assert dict(seen["headers"])["x-forwarded-client-cert"].endswith("URI=spiffe://cluster.local/ns/a/sa/b")
    with http2(side.port) as client:
        assert client.get("/", authority=HOST).status == 200


def test_mt_8_permissive_is_the_default(server, ca):
    side = server()
    assert plain_get(side).status == 200
    assert tls_get(side, ca, ca.leaf(spiffe="ns/a/sa/b")).status == 200


def test_permissive_still_wants_a_certificate_in_mesh_tls(server, ca):
    side = server(PERMISSIVE)
    assert_refused(lambda: tls_get(side, ca, None))
    assert_refused(lambda: tls_get(side, CA("cluster.local"), None))


def test_mt_2_disable_is_plain_only(server, ca):
    side = server(DISABLE)
    assert plain_get(side).status == 200
    assert_refused(lambda: tls_get(side, ca, ca.leaf(spiffe="ns/a/sa/b")))


def test_mode_changes_while_running(server, ca):
    side = server(PERMISSIVE)
    assert plain_get(side).status == 200
    side.config.put(STRICT)

    def refused():
        try:
            return plain_get(side, limit_s=2) and False
        except (OSError, EOFError, http_errors()):
            return True
    until(refused, "plaintext is refused")
    assert tls_get(side, ca, ca.leaf(spiffe="ns/a/sa/b")).status == 200


def test_mt_8_workload_policy_before_namespace(server):
    side = server(STRICT, obj("PeerAuthentication", "mine", {
        "selector": {"matchLabels": {"app": "server"}}, "mtls": {"mode": "PERMISSIVE"}}))
    assert plain_get(side).status == 200


def test_mt_9_port_level_mode(server):
    def mine(port, mode):
        return obj("PeerAuthentication", "mine", {"selector": {"matchLabels": {"app": "server"}}, "mtls": {"mode": "STRICT"},
                                                  "portLevelMtls": {port: {"mode": mode}}})
    side = server()
    side.config.put(mine(side.app.port, "DISABLE"))
    assert plain_get(side).status == 200
    side.config.put(mine(1, "DISABLE"))

    def refused():
        try:
            return plain_get(side, limit_s=2) and False
        except (OSError, EOFError, http_errors()):
            return True
    until(refused, "the mode of another port does not count here")


def test_mt_10_gateways_are_not_asked_for_their_mode(rig, echo):
    """A gateway's servers say themselves what TLS they want."""
    app, port = echo.http("app"), free_port()
    gw = rig.gateway(rig.config(STRICT, gateway((port, "HTTP", ["*"], None)), service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port)]),
                                routes("r", "*", {"route": [to(HOST)]})))
    assert gw.http("/", port=port, host=HOST).status == 200


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"])
def test_mt_6_suites_of_tls_1_2(server, ca, cipher):
    side = server(STRICT)
    context = ca.client_context(ca.leaf(spiffe="ns/a/sa/b"), alpn=ALPNS)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(cipher)
    assert http(f"https://{HOST}/", to=("127.0.0.1", side.port), tls=context).status == 200


def test_mt_6_weak_suites_are_refused(server, ca):
    side = server(STRICT)
    context = ca.client_context(ca.leaf(spiffe="ns/a/sa/b"), alpn=ALPNS)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0")
    assert_refused(lambda: http(f"https://{HOST}/", to=("127.0.0.1", side.port), tls=context))


@pytest.mark.parametrize("declared", ["HTTP", "TCP"])
def test_mt_3_mt_4_what_a_client_offers(rig, echo, ca, declared):
    """Server name and ALPN towards Istio's sidecars, as they see them."""
    seen = []
    context = ca.server_context(ca.leaf(spiffe="ns/default/sa/server"), alpn=("http/1.1", "istio"), client_ca=ca)
    app = echo.http("app", tls=context) if declared == "HTTP" else echo.tcp(tls=context)
    context.sni_callback = lambda _sock, name, _context: seen.append(name)
    if declared == "HTTP":
        client = rig.outbound(rig.config(service(HOST, (80, "HTTP"), endpoints=[endpoint(app.port, hop="mtls")])),
                              certs=rig.certs("client"))
        assert client.http("/", host=HOST).status == 200
        assert app.requests[0]["tls"]["alpn"] == "http/1.1"
    else:
        front = rig.tcp_front(endpoint(app.port, hop="mtls"))
        assert raw(front.port, b"abc", limit_s=1) == b"abc"
    assert seen[0] == f"outbound_.80_._.{HOST}"


# ---- certificates ----

def test_mt_2_bad_certificates_are_refused(server, ca):
    side = server(STRICT)
    other = CA("other.domain")
    good = ca.leaf(spiffe="ns/a/sa/b")
    bad = {
        "of another root": CA("cluster.local").leaf(spiffe="ns/a/sa/b"),
        "of another trust domain, our root": ca.leaf(spiffe="spiffe://other.domain/ns/a/sa/b"),
        "of another trust domain and root": other.leaf(spiffe="ns/a/sa/b"),
        "expired": ca.leaf(spiffe="ns/a/sa/b", not_before=ago(days=3), not_after=ago(days=1)),
        "not valid yet": ca.leaf(spiffe="ns/a/sa/b", not_before=ago(days=-1), not_after=ago(days=-2)),
        "without a SPIFFE id": ca.leaf(dns=["a.test"]),
        "with two ids": ca.leaf(uris=["spiffe://cluster.local/ns/a/sa/b", "spiffe://cluster.local/ns/a/sa/c"]),
        "with a strange id": ca.leaf(spiffe="spiffe://cluster.local/ns/a/../sa/b"),
        "with no path": ca.leaf(spiffe="spiffe://cluster.local"),
    }
    for what, leaf in [*bad.items(), ("none at all", None)]:
        try:
            reply = tls_get(side, ca, leaf)
        except (OSError, EOFError, http_errors()):
            continue
        pytest.fail(f"a certificate {what} was let in: {reply}")
    assert not side.app.requests
    assert tls_get(side, ca, good).status == 200


def test_intermediates(server, ca):
    side = server(STRICT)
    assert tls_get(side, ca, ca.intermediate().leaf(spiffe="ns/a/sa/b")).status == 200
    lone = ca.intermediate().leaf(spiffe="ns/a/sa/b")
    cut = lone._replace(cert_path=lone.cert_path + ".cut")
    with open(cut.cert_path, "wb") as file:
        file.write(lone.cert.split(b"-----END CERTIFICATE-----")[0] + b"-----END CERTIFICATE-----\n")
    assert_refused(lambda: tls_get(side, ca, cut))


def test_mt_6_old_tls_is_refused(server, ca):
    side = server(STRICT)
    context = ca.client_context(ca.leaf(spiffe="ns/a/sa/b"), alpn=ALPNS)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert_refused(lambda: http(f"https://{HOST}/", to=("127.0.0.1", side.port), tls=context))
    context = ca.client_context(ca.leaf(spiffe="ns/a/sa/b"), alpn=ALPNS)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert http(f"https://{HOST}/", to=("127.0.0.1", side.port), tls=context).status == 200


def test_mesh_mtls_of_the_mesh_config(server, ca):
    """meshMTLS: the lowest version and the suites of TLS 1.2 that servers take; the last set counts."""
    side = server(STRICT)
    leaf = ca.leaf(spiffe="ns/a/sa/b")

    def status(version, suites=None):
        context = ca.client_context(leaf, alpn=ALPNS)
        context.minimum_version = context.maximum_version = version
        if suites:
            context.set_ciphers(suites)
        try:
            return http(f"https://{HOST}/", to=("127.0.0.1", side.port), tls=context).status
        except (OSError, EOFError, http_errors()):
            return None
    v12, v13, weak, strong = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3, "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"
    assert [status(v12, weak), status(v12, strong), status(v13)] == [200, 200, 200]
    side.config.put(mesh_of(meshMTLS={"minProtocolVersion": "TLSV1_3"}))
    until(lambda: not status(v12), "TLS 1.2 is too old now")
    assert status(v13) == 200
    side.config.put(mesh_of(meshMTLS={"cipherSuites": [strong]}))
    until(lambda: status(v12, strong) == 200, "it is not any more")
    assert [status(v12, weak), status(v13)] == [None, 200]


def test_no_resumption_past_the_checks(server, ca):
    """A session of one certificate must not admit another peer: sessions are not resumed at all."""
    side = server(STRICT)
    context = ca.client_context(ca.leaf(spiffe="ns/a/sa/b"), alpn=ALPNS)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def connect(session=None):
        with socket.create_connection(("127.0.0.1", side.port), 5) as plain, \
                context.wrap_socket(plain, server_hostname=HOST, session=session) as tls:
            tls.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            tls.recv(100)
            return tls.session_reused, tls.session
    _, session = connect()
    assert connect(session)[0] is False


@pytest.mark.parametrize("hop", ["mesh", "mtls"])
def test_mt_4_client_checks_the_server(rig, echo, ca, hop):
    """A server that is not who it should be gets no request: 503 UF."""
    app = echo.http("app")
    bad = {
        "another account": rig.certs("impostor"),
        "another namespace": rig.certs("server", namespace="elsewhere"),
        "another root": cert_dir(rig.path("other"), ca, CA("cluster.local").leaf(spiffe="ns/default/sa/server")),
        "expired": rig.certs("server", not_before=ago(days=3), not_after=ago(days=1)),
    }
    client_certs = rig.certs("client")
    for what, certs in bad.items():
        side = rig.inbound(rig.config(STRICT), app.port, "http", certs=certs)
        client = rig.outbound(rig.config(service(HOST, (80, "HTTP"), endpoints=[endpoint(side.port, hop=hop)])),
                              "--access-log", "/dev/stdout", certs=client_certs)
        reply = client.http("/", host=HOST)
        assert reply.status == 503, (what, reply)
        client.process.wait_line(r'"GET / HTTP/1.1" 503 (UF|URX,UF|UF,URX) ')
        for started in (client, side):
            started.process.stop()
    assert not app.requests


def mesh_of(**settings):
    return obj("ConfigMap", "istio", None, "istio-system", data={"mesh": yaml.safe_dump(settings)})


def test_trust_domain_aliases_let_peers_in(server, ca):
    """MeshConfig trustDomainAliases: while a domain is one, its peers are believed by our roots."""
    alias = mesh_of(trustDomainAliases=["foo"])
    side = server(STRICT, alias)
    leaf = ca.leaf(spiffe="spiffe://foo/ns/a/sa/b")
    assert tls_get(side, ca, leaf).status == 200
    assert_refused(lambda: tls_get(side, ca, ca.leaf(spiffe="spiffe://bar/ns/a/sa/b")))
    assert_refused(lambda: tls_get(side, ca, CA("foo").leaf(spiffe="ns/a/sa/b")))

    def refused():
        try:
            return tls_get(side, ca, leaf) and False
        except (OSError, EOFError, http_errors()):
            return True
    side.config.remove(alias)
    until(refused, "the domain is no alias any more")
    side.config.put(alias)
    until(lambda: not refused(), "it is one again")


@pytest.mark.parametrize("hop", ["mesh", "mtls"])
def test_trust_domain_aliases_of_servers(rig, echo, ca, hop):
    """A server may have its account in an alias, and no other account."""
    app = echo.http("app")
    alias = mesh_of(trustDomainAliases=["foo"])
    old = rig.certs("server", spiffe="spiffe://foo/ns/default/sa/server")
    side = rig.inbound(rig.config(STRICT, mesh_of(trustDomain="foo", trustDomainAliases=["cluster.local"])), app.port,
                       "http", certs=old)
    entry = service(HOST, (80, "HTTP"), endpoints=[endpoint(side.port, hop=hop)])
    assert rig.outbound(rig.config(entry, alias), certs=rig.certs("client")).http("/", host=HOST).status == 200
    assert rig.outbound(rig.config(entry), certs=rig.certs("client")).http("/", host=HOST).status == 503
    other = rig.inbound(rig.config(STRICT, alias), app.port, "http", certs=rig.certs("server", spiffe="spiffe://foo/ns/default/sa/other"))
    entry = service(HOST, (80, "HTTP"), endpoints=[endpoint(other.port, hop=hop)])
    assert rig.outbound(rig.config(entry, alias), certs=rig.certs("client")).http("/", host=HOST).status == 503


def test_az_10_principals_of_aliases(server, ca):
    alias = mesh_of(trustDomainAliases=["foo"])
    old, new, other = (ca.leaf(spiffe=f"spiffe://{who}") for who in
                       ("foo/ns/a/sa/b", "cluster.local/ns/a/sa/b", "foo/ns/a/sa/c"))
    for principal in ("cluster.local/ns/a/sa/b", "foo/ns/a/sa/b"):
        side = server(STRICT, alias, policy("p", "ALLOW", {"from": [{"source": {"principals": [principal]}}]}))
        assert [tls_get(side, ca, leaf).status for leaf in (old, new, other)] == [200, 200, 403]
    side = server(STRICT, alias, policy("p", "DENY", {"when": [{"key": "source.principal", "values": ["foo/ns/a/sa/b"]}]}))
    assert [tls_get(side, ca, leaf).status for leaf in (old, new, other)] == [403, 403, 200]


# ---- what the app is told ----

def test_xfcc(server, ca):
    side = server(STRICT)
    leaf = ca.leaf(spiffe="ns/a/sa/b", name="peer name")
    der = ssl.PEM_cert_to_DER_cert(leaf.cert.decode())
    import hashlib
    ours = (f"By=spiffe://cluster.local/ns/default/sa/server;Hash={hashlib.sha256(der).hexdigest()};"
            f'Subject="CN=peer name";URI=spiffe://cluster.local/ns/a/sa/b')
    assert dict(tls_get(side, ca, leaf).json()["headers"])["x-forwarded-client-cert"] == ours
    seen = tls_get(side, ca, leaf, headers={"x-forwarded-client-cert": "By=front;URI=x"}).json()
    assert [v for n, v in seen["headers"] if n == "x-forwarded-client-cert"] == ["By=front;URI=x," + ours]


def test_az_8_plaintext_cannot_claim_an_identity(server):
    side = server(PERMISSIVE, policy("p", "ALLOW", {"from": [{"source": {"principals": ["cluster.local/ns/a/sa/b"]}}]}))
    reply = plain_get(side, headers={"x-forwarded-client-cert": "By=x;Hash=00;URI=spiffe://cluster.local/ns/a/sa/b"})
    assert (reply.status, reply.body) == (403, DENIED)


# ---- AuthorizationPolicy ----

def test_by_principal_and_namespace(server, ca):
    a, b, c = (ca.leaf(spiffe=f"ns/{ns}/sa/{sa}") for ns, sa in (("one", "a"), ("one", "b"), ("two", "a")))
    side = server(STRICT, policy("p", "ALLOW", {"from": [{"source": {"principals": ["cluster.local/ns/one/sa/a"]}}]}))
    assert tls_get(side, ca, a).status == 200
    for leaf in (b, c):
        reply = tls_get(side, ca, leaf)
        assert (reply.status, reply.body, reply.header("content-type")) == (403, DENIED, "text/plain")
    side.config.put(policy("p", "ALLOW", {"from": [{"source": {"namespaces": ["one"]}}]}))
    until(lambda: tls_get(side, ca, b).status == 200, "the namespace rule is in force")
    assert tls_get(side, ca, c).status == 403
    side.config.put(policy("p", "ALLOW", {"from": [{"source": {"principals": ["*/sa/a"]}}]}))
    until(lambda: tls_get(side, ca, c).status == 200, "the suffix is in force")
    assert tls_get(side, ca, b).status == 403


def test_az_13_and_az_7_by_path_method_and_port(server):
    side = server(PERMISSIVE, policy("p", "ALLOW",
                                     {"to": [{"operation": {"paths": ["/public/*", "/exact"], "methods": ["GET"]}}]},
                                     {"to": [{"operation": {"paths": ["*.html"]}}]}))
    for path, method, status in (("/public/x", "GET", 200), ("/public/x", "PUT", 403), ("/exact", "GET", 200),
                                 ("/exact?q=/public/", "GET", 200), ("/exact/more", "GET", 403),
                                 ("/private?x=/public/", "GET", 403), ("/public/../private", "GET", 403),
                                 ("/%70ublic/x", "GET", 200), ("/a/b.html", "PUT", 200), ("/a/b.html?x", "PUT", 200),
                                 ("/public/%2e%2e/private", "GET", 403), ("/public\\..\\private", "GET", 403)):
        assert plain_get(side, path, method=method).status == status, (path, method)
    side.config.put(policy("p", "ALLOW", {"to": [{"operation": {"ports": [str(side.app.port)]}}]}))
    until(lambda: plain_get(side, "/private").status == 200, "the app's port is allowed")
    side.config.put(policy("p", "ALLOW", {"to": [{"operation": {"ports": ["1"]}}]}))
    until(lambda: plain_get(side, "/private").status == 403, "another port is not")


def test_by_header_and_host(server):
    side = server(PERMISSIVE, policy("p", "DENY", {"when": [{"key": "request.headers[x-bad]", "values": ["yes"]}]},
                                     {"to": [{"operation": {"hosts": ["secret.test", "secret.test:*"]}}]}))
    assert plain_get(side).status == 200
    assert plain_get(side, headers={"x-bad": "yes"}).status == 403
    assert plain_get(side, headers=[("x-bad", "no"), ("x-bad", "yes")]).status == 403 # any of them
    for host in ("secret.test", "SECRET.test", "secret.test:80"):
        assert http(f"http://127.0.0.1:{side.port}/", host=host).status == 403, host


def test_az_1_deny_before_allow(server, ca):
    leaf = ca.leaf(spiffe="ns/one/sa/a")
    side = server(STRICT, policy("allow", "ALLOW", {"from": [{"source": {"principals": ["*"]}}]}),
                  policy("deny", "DENY", {"from": [{"source": {"namespaces": ["one"]}}],
                                          "to": [{"operation": {"paths": ["/no*"]}}]}),
                  args=["--access-log", "/dev/stdout"])
    assert tls_get(side, ca, leaf, "/yes").status == 200
    assert tls_get(side, ca, leaf, "/no").body == DENIED
    side.process.wait_line(r'"GET /no HTTP/1.1" 403 - rbac_access_denied_matched_policy\[ns\[default\]-policy\[deny\]-rule\[0\]\]')


def test_nothing_and_everything(server):
    side = server(PERMISSIVE, obj("AuthorizationPolicy", "none", {}))
    assert plain_get(side).status == 403 # ALLOW without rules: nothing
    side.config.put(obj("AuthorizationPolicy", "none", {"rules": [{}]}))
    until(lambda: plain_get(side).status == 200, "one empty rule allows all")
    side.config.put(obj("AuthorizationPolicy", "none", {"action": "DENY"}))
    until(lambda: plain_get(side).status == 200, "DENY without rules matches nothing")


def test_selector_and_namespace_of_a_policy(server):
    side = server(PERMISSIVE,
                  policy("other", "DENY", {}, selector={"matchLabels": {"app": "other"}}),
                  obj("AuthorizationPolicy", "elsewhere", {"action": "DENY", "rules": [{}]}, "elsewhere"))
    assert plain_get(side).status == 200
    side.config.put(obj("AuthorizationPolicy", "mesh", {"action": "DENY", "rules": [{}]}, "istio-system"))
    until(lambda: plain_get(side).status == 403, "the root namespace's policy counts everywhere")


def test_grpc_denial(server, echo):
    side = server(PERMISSIVE, policy("p", "DENY", {"to": [{"operation": {"paths": ["/meshtest.Echo/Unary"]}}]}),
                  app=echo.grpc(), protocol="grpc")
    with grpc_client(side.port, authority=HOST) as client:
        outcome = client.unary(b"x")
        assert (outcome.code, outcome.details) == (grpc.StatusCode.PERMISSION_DENIED, "RBAC: access denied")
        assert client.bidi([b"a"]).messages == [b"a"]


def test_tcp_denial(server, echo, ca):
    side = server(STRICT, policy("p", "DENY", {"from": [{"source": {"principals": ["cluster.local/ns/a/sa/bad"]}}]}),
                  app=echo.tcp(greet=b"hi"), protocol="tcp")

    def talk(account):
        return raw(side.port, b"x", tls=ca.client_context(ca.leaf(spiffe=f"ns/a/sa/{account}"), alpn=("istio",)), sni=HOST,
                   limit_s=2)
    assert talk("good") == b"hix"
    assert talk("bad") == b""
    until(lambda: side.app.open == 0, "connections to the app have ended")
    assert side.app.accepted == 1


def test_az_6_http_rules_on_a_tcp_port(server, echo):
    """ALLOW rules with HTTP fields match no bytes; DENY rules lose those fields."""
    side = server(PERMISSIVE, policy("p", "ALLOW", {"to": [{"operation": {"methods": ["GET"]}}]}), app=echo.tcp(), protocol="tcp")
    assert raw(side.port, b"GET / HTTP/1.1\r\n\r\n", limit_s=2) == b""
    side.config.put(policy("p", "DENY", {"to": [{"operation": {"methods": ["GET"], "ports": ["1"]}}]}))
    until(lambda: raw(side.port, b"x", half_close=True, limit_s=2) == b"x", "another port's rule denies nothing")
    side.config.put(policy("p", "DENY", {"to": [{"operation": {"methods": ["PUT"]}}]}))
    until(lambda: raw(side.port, b"x", half_close=True, limit_s=2) == b"", "a DENY of a method denies bytes")


def test_policy_through_the_multiplexed_hop(rig, echo, ca):
    """The client's identity, not the connection, is asked about each request."""
    app = echo.http("app")
    pair = rig.pair(app, "http", "mesh", objects=[
        policy("p", "ALLOW", {"from": [{"source": {"principals": ["cluster.local/ns/default/sa/client"]}}],
                              "to": [{"operation": {"paths": ["/ok"]}}]})])
    assert pair.http("/ok").status == 200
    reply = pair.http("/no")
    assert (reply.status, reply.body) == (403, DENIED)
    pair.server.config.put(policy("p", "DENY", {"to": [{"operation": {"paths": ["/ok"]}}]}))
    until(lambda: pair.http("/ok").status == 403, "a change counts for connections that are open")
    assert pair.http("/no").status == 200


# ---- rotation ----

@pytest.mark.parametrize("hop", ["mesh", "mtls"])
def test_rotation_under_load(rig, echo, ca, hop):
    """New certificates in the files: no request is lost, and new connections show the new one."""
    app = echo.http("app")
    client_certs, server_certs = rig.certs("client"), rig.certs("server")
    side = rig.inbound(rig.config(STRICT), app.port, "http", certs=server_certs)
    client = rig.outbound(rig.config(service(HOST, (80, "HTTP"), endpoints=[endpoint(side.port, hop=hop)])), certs=client_certs)
    failures, stop, hashes = [], threading.Event(), set()

    def load():
        conn = connection(f"http://127.0.0.1:{client.port}/")
        while not stop.is_set():
            try:
                reply = client.http("/", host=HOST, on=conn)
                if reply.status != 200:
                    failures.append(reply)
                else:
                    hashes.add(re.search(r"Hash=([0-9a-f]+)", dict(reply.json()["headers"])["x-forwarded-client-cert"]).group(1))
            except Exception as error:  # noqa: BLE001 - whatever it was is a lost request
                failures.append(error)
                conn.close()
        conn.close()
    threads = [threading.Thread(target=load, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()

    def served():
        context = ca.client_context(ca.leaf(spiffe="ns/a/sa/b"), alpn=ALPNS)
        with socket.create_connection(("127.0.0.1", side.port), 5) as plain, context.wrap_socket(plain, server_hostname=HOST) as tls:
            return tls.getpeercert(True)
    for turn in range(3):
        before, known = served(), len(hashes)
        cert_dir(server_certs, ca, ca.leaf(spiffe="ns/default/sa/server"))
        cert_dir(client_certs, ca, ca.leaf(spiffe="ns/default/sa/client"))
        until(lambda: served() != before, "the server shows its new certificate")
        until(lambda: len(hashes) > max(known, turn + 1), "the client shows its new certificate")
    stop.set()
    for thread in threads:
        thread.join(10)
    assert not failures, failures[:3]


def test_a_bad_certificate_file_keeps_the_old_one(rig, echo, ca):
    app, certs = echo.http("app"), rig.certs("server")
    side = rig.inbound(rig.config(STRICT), app.port, "http", certs=certs)
    leaf = ca.leaf(spiffe="ns/a/sa/b")
    at = len(side.process.log())
    for name in ("cert-chain.pem", "key.pem"):
        with open(f"{certs}/{name}", "w", encoding="ascii") as file:
            file.write("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")
    side.process.wait_line(r"(cert|key|\.pem)", start=at)
    assert tls_get(side, ca, leaf).status == 200


def test_new_root_by_file(rig, echo, ca):
    """Both roots trusted, then only the new one: peers of the old root are refused from then on."""
    app, certs, new = echo.http("app"), rig.certs("server"), CA("cluster.local", "new root")
    side = rig.inbound(rig.config(STRICT), app.port, "http", certs=certs)
    own, old_peer, new_peer = ca.leaf(spiffe="ns/default/sa/server"), ca.leaf(spiffe="ns/a/sa/b"), new.leaf(spiffe="ns/a/sa/b")

    def get(leaf, root):
        context = root.client_context(leaf, alpn=ALPNS)
        return http(f"https://{HOST}/", to=("127.0.0.1", side.port), tls=context, limit_s=3).status
    assert_refused(lambda: get(new_peer, ca))
    cert_dir(certs, ca, own, roots=[ca, new])
    until(lambda: get(new_peer, ca) == 200, "the new root is trusted")
    assert get(old_peer, ca) == 200
    cert_dir(certs, ca, new.leaf(spiffe="ns/default/sa/server"), roots=[new])
    until(lambda: get(new_peer, new) == 200, "the new certificate is shown")

    def refused():
        try:
            return get(old_peer, new) and False
        except (OSError, EOFError, http_errors()):
            return True
    until(refused, "the old root is not trusted any more")
