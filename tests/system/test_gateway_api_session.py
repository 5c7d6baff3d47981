"""Session persistence (GEP-1619) at `mesh gateway` and in sidecars, run from files."""

import collections
import contextlib
import json
import re
import socket
import ssl
import threading
import time

import pytest
import yaml

from meshtest import free_port, grpc_client, until
from meshtest.gwapi import backend, http_route, k8s_gateway, listener, made, rule, service_parent
from meshtest.http2 import Http2Client
from meshtest.objects import endpoint, secret, service

TOKEN = re.compile(r"[0-9a-f]{43}")


def svc(name, *upstreams, protocol="HTTP"):
    return service(f"{name}.default.svc.cluster.local", (80, protocol), endpoints=[endpoint(u.port) for u in upstreams])


def cookie(name="sid", **more):
    """sessionPersistence by a cookie of that name; more: of the cookie, absoluteTimeout beside it."""
    timeout = more.pop("absoluteTimeout", None)
    return {"type": "Cookie", "cookie": {"name": name, **more}, **({"absoluteTimeout": timeout} if timeout else {})}


def header(name, **more):
    return {"type": "Header", "header": {"name": name}, **more}


def policy(name, session, *services):
    return made("XBackendTrafficPolicy", name, {
        "targetRefs": [{"group": "", "kind": "Service", "name": s} for s in services],
        "sessionPersistence": session}, version="gateway.networking.x-k8s.io/v1alpha1")


@pytest.fixture
def front(rig):
    """front(objects...) -> a gateway with one listener of HTTP; no worker shares what another has seen."""
    def start(*objects, **options):
        return rig.gateway(rig.config(k8s_gateway(listener(free_port(), **options)), *objects), "--workers", "3")
    return start


class Client:
    """Keeps cookies as a browser does, whatever their path."""

    def __init__(self, gw, **cookies):
        self.gw, self.cookies, self.told = gw, cookies, []

    def who(self, path="/", **headers):
        if self.cookies:
            headers["cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        reply = self.gw.http(path, headers=headers)
        self.told = [v for n, v in reply.headers if n == "set-cookie"]
        for line in self.told:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return reply.header("x-echo-server") or reply.status

    def stays(self, where, path="/", times=12):
        for _ in range(times):
            assert self.who(path) == where
            assert self.told == []


def spread(gw, path="/", times=40):
    return collections.Counter(gw.http(path).header("x-echo-server") for _ in range(times))


def four(echo, first="e"):
    return [echo.http(f"{first}{i}") for i in range(4)]


def test_a_cookie_keeps_a_client_with_its_endpoint(front, echo):
    gw = front(svc("app", *four(echo)), http_route("r", rule(backend("app"), sessionPersistence=cookie())))
    assert len(spread(gw)) == 4, "without a cookie requests are balanced"
    for _ in range(6):
        client = Client(gw)
        where = client.who()
        assert TOKEN.fullmatch(client.cookies["sid"])
        assert client.told == [f"sid={client.cookies['sid']}; Path=/; HttpOnly; SameSite=Strict"]
        client.stays(where)


def test_cookies_attributes(front, echo):
    gw = front(svc("app", echo.http("app")),
               http_route("r", rule(backend("app"), path="/permanent", sessionPersistence=cookie(
                   "p", lifetimeType="Permanent", absoluteTimeout="1h30m", path="/x y")),
                          rule(backend("app"), path="/session", sessionPersistence=cookie("s", absoluteTimeout="1h")),
                          rule(backend("app"), path="/unnamed", name="one", sessionPersistence={"type": "Cookie", "cookie": {}}),
                          rule(backend("app"), path="/unnamed2", name="two", sessionPersistence={"type": "Cookie", "cookie": {}})))

    def told(path):
        client = Client(gw)
        client.who(path)
        return re.sub(TOKEN, "T", client.told[0])
    assert told("/permanent") == "p=T; Path=/x y; Max-Age=5400; HttpOnly; SameSite=Strict"
    assert told("/session") == "s=T; Path=/; HttpOnly; SameSite=Strict"
    one, two = told("/unnamed"), told("/unnamed2")
    assert re.fullmatch(r"mesh-session-[0-9a-f]{8}=T; Path=/; HttpOnly; SameSite=Strict", one)
    assert one.partition("=")[0] != two.partition("=")[0]


def test_cookie_is_for_tls_where_the_listener_is(rig, echo, ca):
    port, leaf = free_port(), ca.leaf(dns=("a.test",))
    tls = {"mode": "Terminate", "certificateRefs": [{"name": "cert"}]}
    gw = rig.gateway(rig.config(k8s_gateway(listener(port, "HTTPS", tls=tls)), secret("cert", leaf), svc("app", echo.http("app")),
                                http_route("r", rule(backend("app"), sessionPersistence=cookie()))))
    context = ssl.create_default_context(cadata=ca.pem.decode())
    reply = gw.http("/", scheme="https", tls=context, sni="a.test", host="a.test")
    assert reply.header("set-cookie").endswith("; HttpOnly; SameSite=Strict; Secure")


def test_a_header_keeps_a_client_with_its_endpoint(front, echo):
    gw = front(svc("app", *four(echo)), http_route("r", rule(backend("app"), sessionPersistence=header("X-Session"))))
    first = gw.http("/")
    token, where = first.header("x-session"), first.header("x-echo-server")
    assert TOKEN.fullmatch(token) and first.header("set-cookie") is None
    for _ in range(12):
        reply = gw.http("/", headers={"X-Session": token})
        assert reply.header("x-echo-server") == where
        assert reply.header("x-session") is None, "it knows"


def test_an_endpoint_that_leaves_is_replaced_once(front, echo):
    ups = four(echo)
    gw = front(svc("app", *ups), http_route("r", rule(backend("app"), sessionPersistence=cookie())))
    clients = [Client(gw) for _ in range(8)]
    places = [c.who() for c in clients]
    gone = places[0]
    gw.config.put(svc("app", *[u for u in ups if u.name != gone]))
    until(lambda: gone not in spread(gw, times=12), "the endpoint is gone")
    for client, place in zip(clients, places):
        if place != gone:
            client.stays(place, times=4)
            continue
        now = client.who()
        assert now != gone and len(client.told) == 1
        client.stays(now, times=6)
    gw.config.put(svc("app", *ups))
    until(lambda: gone in spread(gw, times=12), "the endpoint is back")
    clients[0].stays(clients[0].who(), times=4)
    assert clients[0].who() != gone, "what was told stays"


def test_an_endpoint_that_refuses_is_left_for_another(front, echo):
    ups = four(echo)
    gw = front(svc("app", *ups), http_route("r", rule(backend("app"), sessionPersistence=cookie())))
    client = Client(gw)
    where = client.who()
    next(u for u in ups if u.name == where).close()
    now = client.who()
    assert now in {u.name for u in ups} - {where} and len(client.told) == 1
    client.stays(now)


class OneEach(threading.Thread):
    """An HTTP/1.1 server that answers the first request of a connection and hangs up at the second, as
    one does whose idle limit has just passed."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.name, self.hung_up = name, 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                conn = self.server.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=[conn], daemon=True).start()

    def serve(self, conn):
        with conn, contextlib.suppress(OSError):
            if conn.recv(65536):
                conn.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Echo-Server: {self.name}\r\n\r\n".encode())
                self.hung_up += bool(conn.recv(65536))


def test_a_connection_that_died_unread_does_not_move_the_session(rig):
    ups = [OneEach(f"e{i}") for i in range(4)]
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(free_port())), svc("app", *ups),
        http_route("r", rule(backend("app"), sessionPersistence=cookie()))), "--workers", "1")
    client = Client(gw)
    client.stays(client.who(), times=6)
    assert sum(u.hung_up for u in ups) >= 3, "every second request met a connection of before"
    for up in ups:
        up.server.close()


@pytest.mark.parametrize("bad", [
    "", "x", "0" * 43, "f" * 43, "0" * 42, "127.0.0.1:1", "MTI3LjAuMC4xOjE=", "." * 5000, "0" * 4000, "%s", "\"" + "0" * 43 + "\""])
def test_made_up_values_are_as_none(front, echo, bad):
    gw = front(svc("app", *four(echo)), http_route("r", rule(backend("app"), sessionPersistence=cookie())))
    client = Client(gw, sid=bad)
    where = client.who()
    assert where.startswith("e") and len(client.told) == 1
    assert re.fullmatch(r"[0-9a-f]{43}(\.(0{43}|f{43}))?", client.cookies["sid"]), "of another rule, for all one knows"
    client.stays(where, times=3)


def test_a_token_leads_nowhere_but_to_the_rules_endpoints(front, echo):
    gw = front(svc("app", *four(echo)), svc("other", *four(echo, "o")),
               http_route("r", rule(backend("app"), path="/app", name="x", sessionPersistence=cookie()),
                          rule(backend("other"), path="/other", sessionPersistence=cookie("sid2"))))
    of_other = Client(gw)
    of_other.who("/other")
    token = of_other.cookies["sid2"]
    of_app = Client(gw)
    of_app.who("/app")
    rule_id = of_app.cookies["sid"][:8]
    forged = rule_id + token[8:] # the right rule, the other's backend and endpoint
    mixed = of_app.cookies["sid"][:16] + token[16:] # the right backend, the other's endpoint
    for made_up in (token, forged, mixed):
        client = Client(gw, sid=made_up)
        assert client.who("/app").startswith("e") and len(client.told) == 1


def test_sessions_of_two_rules_are_their_own_under_one_name(front, echo):
    """GEP-1619: rules must not share a session, though they lead to one Service by one cookie."""
    gw = front(svc("app", *four(echo)),
               http_route("r", *[rule(backend("app"), path=f"/{p}", sessionPersistence=cookie()) for p in "abc"]))
    seen = set()
    for _ in range(12):
        client = Client(gw)
        places = {p: client.who(f"/{p}") for p in "abc"}
        seen.add(len(set(places.values())))
        for p, where in places.items():
            client.stays(where, f"/{p}", times=2)
    assert seen != {1}, "each rule chose for itself"


def test_absolute_timeout_ends_a_session(front, echo):
    gw = front(svc("app", *four(echo)),
               http_route("r", rule(backend("app"), sessionPersistence=cookie(absoluteTimeout="500ms"))))
    client = Client(gw)
    client.who()
    token, since = client.cookies["sid"], time.monotonic()
    until(lambda: client.who() and client.cookies["sid"] != token, "a new session")
    assert time.monotonic() - since >= 0.4, "not before its time"
    assert token[:32] + f"{int(token[32:], 16) + 3600_000:011x}" != client.cookies["sid"]
    ahead = Client(gw, sid=token[:32] + f"{int(token[32:], 16) + 3600_000:011x}")
    ahead.who()
    assert len(ahead.told) == 1, "one from the future does not hold"


def weighted(v1, v2, **more):
    return http_route("r", rule(backend("v1", weight=v1), backend("v2", weight=v2), **more))


def test_a_session_stays_with_its_backend_whatever_the_weights(front, echo):
    ups = four(echo, "a")
    gw = front(svc("v1", *ups), svc("v2", *four(echo, "b")), weighted(1, 1, sessionPersistence=cookie()))
    clients = [Client(gw) for _ in range(12)]
    places = [c.who() for c in clients]
    assert {p[0] for p in places} == {"a", "b"}
    for client, where in zip(clients, places):
        client.stays(where, times=4)
    gw.config.put(weighted(0, 1, sessionPersistence=cookie()))
    until(lambda: all(who.startswith("b") for who in spread(gw, times=12)), "new ones go to v2")
    for client, where in zip(clients, places):
        client.stays(where, times=2)
    # Of weight 0 and without that endpoint: there is nobody to stay with.
    gone = next(p for p in places if p.startswith("a"))
    gw.config.put(svc("v1", *[u for u in ups if u.name != gone]))

    def moved():
        one = Client(gw, **clients[places.index(gone)].cookies)
        return one.who().startswith("b")
    until(moved, "the session has moved to v2")


def test_a_backend_without_endpoints_gives_its_sessions_away(front, echo):
    gw = front(svc("v1", *four(echo, "a")), svc("v2", *four(echo, "b")), weighted(1, 1, sessionPersistence=cookie()))
    client = next(c for c in (Client(gw) for _ in range(100)) if c.who().startswith("a"))
    empty = svc("v1")
    del empty["spec"]["endpoints"]
    gw.config.put({**empty, "spec": {**empty["spec"], "workloadSelector": {"labels": {"app": "nobody"}}}})
    until(lambda: str(client.who()).startswith("b"), "the session is v2's")
    client.stays(client.who())


def test_policy_of_a_service_and_the_rules_own(front, echo):
    """The rule's goes before the backend's; a backend's is for all routes that lead there."""
    gw = front(svc("app", *four(echo)), svc("free", *four(echo, "f")),
               policy("p", cookie("of-service"), "app"),
               http_route("r", rule(backend("app"), path="/own", sessionPersistence=cookie("of-rule")),
                          rule(backend("app"), path="/plain"), rule(backend("free"), path="/free"),
                          rule(backend("app", weight=1), backend("free", weight=1), path="/both")))
    own, plain, free, both = (Client(gw) for _ in range(4))
    own.stays(own.who("/own"), "/own", times=4)
    assert list(own.cookies) == ["of-rule"]
    plain.stays(plain.who("/plain"), "/plain", times=4)
    assert list(plain.cookies) == ["of-service"]
    free.who("/free")
    assert not free.cookies
    until(lambda: both.who("/both").startswith("e"), "the backend that keeps sessions")
    both.stays(both.who("/both"), "/both", times=6)
    gw.config.put(policy("p", header("x-sid"), "app"))
    until(lambda: gw.http("/plain").header("x-sid"), "a change of the policy")


def test_policy_of_a_service_in_a_sidecar(rig, echo):
    """Of every client of the Service in the mesh, with a route of its own or without."""
    ups = four(echo)
    client = rig.outbound(rig.config(svc("app", *ups), policy("p", cookie(), "app")))

    def get(token=None):
        return client.http("/", host="app.default.svc.cluster.local", headers={"cookie": f"sid={token}"} if token else {})

    def stays():
        first = get()
        assert first.header("set-cookie").endswith("; Path=/; HttpOnly; SameSite=Strict")
        token = TOKEN.search(first.header("set-cookie"))[0]
        for _ in range(8):
            again = get(token)
            assert again.header("x-echo-server") == first.header("x-echo-server")
            assert again.header("set-cookie") is None
    stays()
    client.config.put(http_route("r", rule(backend("app")), parents=[service_parent("app")]))
    stays()
    client.config.put(http_route("r", rule(backend("app"), sessionPersistence=header("x-sid")), parents=[service_parent("app")]))
    until(lambda: get().header("x-sid"), "the rule's own")


def test_over_http2_with_cookies_in_crumbs(front, echo):
    gw = front(svc("app", *four(echo)), http_route("r", rule(backend("app"), sessionPersistence=cookie())))
    with Http2Client(gw.port) as client:
        first = client.get("/")
        token = TOKEN.search(first.header("set-cookie"))[0]
        for _ in range(10):
            again = client.get("/", headers=[("cookie", "a=1"), ("cookie", f"sid={token}"), ("cookie", "b=2")])
            assert again.header("x-echo-server") == first.header("x-echo-server")
            assert again.header("set-cookie") is None
        assert token in first.header("set-cookie")


def test_grpc_route(front, echo):
    ups = [echo.grpc(f"g{i}") for i in range(4)]
    gw = front(svc("calls", *ups, protocol="GRPC"),
               http_route("g", {"backendRefs": [backend("calls")], "sessionPersistence": header("x-sid")},  kind="GRPCRoute"))
    with grpc_client(gw.port) as client:
        first = client.unary(b"x").initial
        assert TOKEN.fullmatch(first["x-sid"])
        for _ in range(10):
            again = client.unary(b"x", metadata=(("x-sid", first["x-sid"]),)).initial
            assert again["x-echo-server"] == first["x-echo-server"] and "x-sid" not in again
        assert len({client.unary(b"x").initial["x-echo-server"] for _ in range(30)}) > 1


def test_mesh_route_tells_of_it(mesh, tmp_path, echo):
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all([
        svc("app", echo.http()), http_route("r", rule(backend("app"), sessionPersistence=cookie(absoluteTimeout="2s")),
                                            parents=[service_parent("app")])]))
    said = json.loads(mesh.run("route", "default/client", "app/", "-f", tmp_path / "all.yaml", "-o", "json").out)
    assert said["policies"]["session"] == {"cookie": "sid", "lifetimeMs": 2000}
    assert "kept by cookie sid" in mesh.run("route", "default/client", "app/", "-f", tmp_path / "all.yaml").out


def test_a_cookie_path_that_would_end_the_header_is_refused(mesh, tmp_path):
    file = tmp_path / "r.yaml"
    file.write_text("""
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: default}
spec:
  rules:
  - sessionPersistence: {type: Cookie, cookie: {name: sid, path: "/; Domain=evil.test"}}
""")
    said = mesh.run("validate", "-f", file, status=65).err
    assert "spec.rules[0].sessionPersistence.cookie.path" in said and "is not a path for a cookie" in said
    assert f"{file}:7" in said
