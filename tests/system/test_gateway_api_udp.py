"""UDPRoute at `mesh gateway`, run from files."""

import collections
import concurrent.futures
import contextlib
import socket
import threading

import pytest

from meshtest import free_port, until
from meshtest.gwapi import backend, http_route, k8s_gateway, listener, made, parent, rule
from meshtest.objects import endpoint, service


class UdpEcho(threading.Thread):
    """Answers each datagram with its own name and what came."""

    def __init__(self, name, host="127.0.0.1"):
        super().__init__(daemon=True)
        self.name = name
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((host, 0))
        self.port = self.sock.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                data, peer = self.sock.recvfrom(65536)
                if peer is None: # shut down
                    return
                self.sock.sendto(self.name.encode() + b":" + data, peer)
            except OSError:
                return

    def close(self):
        """Wakes the thread, which else holds the socket open in recvfrom."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.join(5)


class Client:
    def __init__(self, port, host="127.0.0.1"):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((host, 0))
        self.sock.connect(("127.0.0.1", port))
        self.sock.settimeout(1)

    def ask(self, data=b"x"):
        """Which server answered; None: nobody did."""
        try:
            self.sock.send(data)
            name, _, rest = self.sock.recv(65536).partition(b":")
        except (TimeoutError, ConnectionRefusedError):
            return None
        assert rest == data
        return name.decode()


@pytest.fixture
def udp():
    made_ = []

    def start(name):
        made_.append(UdpEcho(name))
        return made_[-1]
    yield start
    for u in made_:
        u.close()


def svc(name, *upstreams):
    return service(f"{name}.default.svc.cluster.local", (53, "UDP"), endpoints=[endpoint(u.port, number=53) for u in upstreams])


def udp_route(*backends, name="r", **meta):
    return http_route(name, {"backendRefs": list(backends)}, kind="UDPRoute", **meta)


@pytest.fixture
def front(rig):
    def start(*objects, args=()):
        port = free_port()
        gw = rig.gateway(rig.config(k8s_gateway(listener(port, "UDP")), *objects), "--workers", "3", *args)
        gw.udp_port = port
        return gw
    return start


def counted(gw, name):
    return sum(n for _, n in gw.samples(f"envoy_udp_{name}"))


def test_datagrams_go_to_the_backend_and_back(front, udp):
    app = udp("app")
    gw = front(svc("dns", app), udp_route(backend("dns", 53)))
    client = Client(gw.udp_port)
    for data in (b"a", b"b" * 1400, b"c" * 60000):
        assert client.ask(data) == "app"
    assert counted(gw, "downstream_sess_total") == 1
    assert counted(gw, "downstream_sess_active") == 1
    assert counted(gw, "downstream_sess_rx_datagrams") == counted(gw, "downstream_sess_tx_datagrams") == 3
    assert counted(gw, "downstream_sess_rx_bytes") == 61401
    assert counted(gw, "downstream_sess_tx_bytes") == 61401 + 3 * len("app:")
    assert {"udp_prefix": f"udp.0.0.0.0_{gw.udp_port}"} in [labels for labels, _ in gw.samples("envoy_udp_downstream_sess_total")]


def test_a_client_stays_and_others_are_balanced_by_weight(front, udp):
    gw = front(svc("v1", udp("a0"), udp("a1")), svc("v2", udp("b0")), svc("v3", udp("c0")),
               udp_route(backend("v1", 53, weight=3), backend("v2", 53, weight=1), backend("v3", 53, weight=0)))
    clients = [Client(gw.udp_port) for _ in range(120)]
    places = [c.ask() for c in clients]
    assert [c.ask() for c in clients] == places
    share = collections.Counter(p[0] for p in places)
    assert set(share) == {"a", "b"} and 60 <= share["a"] <= 112, share
    assert {"a0", "a1"} <= set(places)


def test_changes_of_route_and_endpoints_reach_sessions(front, udp):
    ups = [udp("a0"), udp("a1")]
    gw = front(svc("v1", *ups), svc("v2", udp("b0")), udp_route(backend("v1", 53)))
    clients = [Client(gw.udp_port) for _ in range(12)]
    places = [c.ask() for c in clients]
    assert set(places) == {"a0", "a1"}
    gw.config.put(svc("v1", ups[1]))
    until(lambda: [c.ask() for c in clients] == ["a1"] * 12, "the endpoint that left has no sessions")
    gw.config.put(udp_route(backend("v2", 53)))
    until(lambda: [c.ask() for c in clients] == ["b0"] * 12, "nor has the backend")
    gw.config.remove(udp_route())
    until(lambda: clients[0].ask() is None, "nobody to send to")
    assert counted(gw, "downstream_sess_no_route") > 0
    assert counted(gw, "downstream_sess_active") == 0


def test_an_endpoint_that_is_gone_is_left(front, udp):
    ups = [udp("a0"), udp("a1")]
    gw = front(svc("v1", *ups), udp_route(backend("v1", 53)))
    client = Client(gw.udp_port)
    where = client.ask()
    gone = next(u for u in ups if u.name == where)
    gone.close()
    until(lambda: client.ask() not in (None, where), "the other one answers")


def test_udp_and_tcp_of_one_port_are_apart(rig, echo, udp):
    port, tcp = free_port(), echo.tcp()
    both = service("dns.default.svc.cluster.local", (53, "TCP"), endpoints=[endpoint(tcp.port, number=53)])
    app = udp("app")
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(port, "TCP", name="t"), listener(port, "UDP", name="u")), both, svc("other", app),
        made("TCPRoute", "t", {"parentRefs": [parent(section="t")], "rules": [{"backendRefs": [backend("dns", 53)]}]}),
        made("UDPRoute", "u", {"parentRefs": [parent(section="u")], "rules": [{"backendRefs": [backend("other", 53)]}]}),
        http_route("unrelated", rule(backend("dns", 53)), parents=[parent(section="t")])))
    assert Client(port).ask() == "app"
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.settimeout(5)
        s.sendall(b"hello\n")
        assert s.recv(100) == b"hello\n"
    assert f"udp.0.0.0.0_{port}" in gw.process.out()


def test_one_port_number_for_tcp_and_udp_of_one_service(rig, echo, udp):
    """As DNS has it: each route finds the port of its own kind."""
    tcp_port, udp_port, tcp, app = free_port(), free_port(), echo.tcp(), udp("app")
    ports = [{"name": "dns-tcp", "port": 53, "protocol": "TCP"}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    slice_ports = [{"name": "dns-tcp", "port": tcp.port, "protocol": "TCP"}, {"name": "dns", "port": app.port, "protocol": "UDP"}]
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(tcp_port, "TCP", name="t"), listener(udp_port, "UDP", name="u")),
        made("Service", "dns", {"clusterIP": "10.96.0.10", "ports": ports}, version="v1"),
        {**made("EndpointSlice", "dns-1", None, version="discovery.k8s.io/v1", labels={"kubernetes.io/service-name": "dns"}),
         "addressType": "IPv4", "ports": slice_ports, "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}]},
        made("TCPRoute", "t", {"parentRefs": [parent(section="t")], "rules": [{"backendRefs": [backend("dns", 53)]}]}),
        udp_route(backend("dns", 53), parents=[parent(section="u")])))
    assert Client(udp_port).ask() == "app"
    with socket.create_connection(("127.0.0.1", tcp_port), 5) as s:
        s.settimeout(5)
        s.sendall(b"hello\n")
        assert s.recv(100) == b"hello\n"
    names = {c["name"] for c in gw.admin("/config_dump").json()["clusters"]}
    assert {"outbound|53||dns.default.svc.cluster.local", "outbound-udp|53||dns.default.svc.cluster.local"} <= names


def test_a_port_of_tcp_is_no_backend_of_datagrams(front, echo, udp):
    tcp = service("web.default.svc.cluster.local", (53, "TCP"), endpoints=[endpoint(echo.tcp().port, number=53)])
    gw = front(tcp, svc("dns", udp("app")), udp_route(backend("web", 53)))
    assert Client(gw.udp_port).ask() is None
    assert counted(gw, "downstream_sess_no_route") == 1
    gw.config.put(udp_route(backend("dns", 53)))
    until(lambda: Client(gw.udp_port).ask() == "app", "the right one")


def test_listeners_come_and_go(front, udp):
    gw = front(svc("dns", udp("app")), udp_route(backend("dns", 53)))
    assert Client(gw.udp_port).ask() == "app"
    other = free_port()
    gw.config.put(k8s_gateway(listener(other, "UDP")))
    until(lambda: Client(other).ask() == "app", "the new port")
    until(lambda: Client(gw.udp_port).ask() is None, "the old one is closed")


def test_drain_keeps_sessions_but_takes_no_new_ones(rig, echo, udp):
    """As long as something else holds the process: sessions have no end to wait for."""
    http_port, udp_port, slow = free_port(), free_port(), echo.http("slow", delay=4)
    gw = rig.gateway(rig.config(
        k8s_gateway(listener(http_port), listener(udp_port, "UDP")), svc("dns", udp("app")), udp_route(backend("dns", 53)),
        service("slow.default.svc.cluster.local", (80, "HTTP"), endpoints=[endpoint(slow.port)]),
        http_route("h", rule(backend("slow")))), "--workers", "1")
    client = Client(udp_port)
    assert client.ask() == "app"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(gw.http, "/", port=http_port)
        until(lambda: slow.requests, "the request is on its way")
        assert gw.admin("/drain", "POST").status == 200

        def is_closed():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", http_port)) != 0
        until(is_closed, "it takes no connections")
        assert client.ask() == "app"
        assert Client(udp_port).ask() is None
        assert running.result().status == 200
    assert gw.process.wait() == 0
