"""Names of the mesh: what `mesh up` tells the machine, what a sidecar tells its app."""

import json
import socket
import struct
import sys

import pytest

from meshtest import until

A, AAAA, TXT = 1, 28, 16
SERVICES = """
apiVersion: v1
kind: Namespace
metadata: {name: other}
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: default}
spec: {clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: ratings, namespace: other}
spec: {clusterIP: 10.1.0.2, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: default}
spec: {clusterIP: None, selector: {app: db}, ports: [{name: tcp, port: 5432}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: db-1, namespace: default}
spec: {address: 10.2.0.1, labels: {app: db}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: auto, namespace: default}
spec: {hosts: [auto.example.com], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: wild, namespace: default}
spec: {hosts: ['*.wild.example.com'], addresses: [10.3.0.1], ports: [{number: 80, name: http, protocol: HTTP}]}
"""


def query(name, kind):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
    return struct.pack("!6H", 77, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)


def read(reply, question):
    """(rcode, addresses); our answers have the question's name as a pointer, or an alias before."""
    ident, flags, _, answers, _, _ = struct.unpack("!6H", reply[:12])
    assert ident == 77 and flags & 0x8000
    at, found = len(question), []
    for _ in range(answers):
        kind, _, ttl, length = struct.unpack("!2HIH", reply[at + 2:at + 12])
        data = reply[at + 12:at + 12 + length]
        if kind in (A, AAAA):
            found.append((socket.inet_ntop(socket.AF_INET if kind == A else socket.AF_INET6, data), ttl))
        at += 12 + length
    return flags & 15, sorted(found)


def ask_udp(port, name, kind=A):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(8)
        s.connect(("127.0.0.1", port))
        s.send(query(name, kind))
        return read(s.recv(4096), query(name, kind))


def ask_tcp(port, name, kind=A):
    q = query(name, kind)
    with socket.create_connection(("127.0.0.1", port), 8) as s:
        s.sendall(struct.pack("!H", len(q)) + q)
        reply = s.makefile("rb")
        return read(reply.read(struct.unpack("!H", reply.read(2))[0]), q)


@pytest.fixture
def up(local_mesh, tmp_path):
    """(mesh, DNS port)"""
    local = local_mesh()
    process = local.up("--dns", "127.0.0.1:0")
    port = int(process.wait_line(r"names +at 127\.0\.0\.1:(\d+)").group(1))
    objects = tmp_path / "services.yaml"
    objects.write_text(SERVICES)
    local.mesh("apply", "-f", str(objects))
    return local, port


def test_dn_1_the_machine_is_told_names_by_udp_and_tcp(up):
    _, port = up
    for ask in (ask_udp, ask_tcp):
        for name in ("reviews.default.svc.cluster.local", "reviews.default.svc", "reviews.default", "reviews"):
            assert ask(port, name) == (0, [("10.1.0.1", 30)]), name
        assert ask(port, "ratings.other") == (0, [("10.1.0.2", 30)])
        # known, without an address of this family: no failure
        assert ask(port, "reviews.default", AAAA) == (0, [])


def test_dn_2_allocated_addresses_of_both_families(up):
    _, port = up
    rcode, four = ask_udp(port, "auto.example.com")
    assert rcode == 0 and four[0][0].startswith("240.240.")
    rcode, six = ask_udp(port, "auto.example.com", AAAA)
    assert rcode == 0 and six[0][0].startswith("2001:2::")


def test_dn_3_headless_is_its_members(up):
    _, port = up
    assert ask_udp(port, "db.default") == (0, [("10.2.0.1", 30)])


def test_dn_5_wildcards_with_an_address(up):
    _, port = up
    assert ask_udp(port, "a.wild.example.com") == (0, [("10.3.0.1", 30)])
    assert ask_udp(port, "a.b.wild.example.com") == (0, [("10.3.0.1", 30)])


def test_a_change_is_told_at_once(up, tmp_path):
    local, port = up
    changed = tmp_path / "changed.yaml"
    changed.write_text(SERVICES.replace("addresses: [10.3.0.1]", "addresses: [10.3.0.9]"))
    local.mesh("apply", "-f", str(changed))
    until(lambda: ask_udp(port, "a.wild.example.com") == (0, [("10.3.0.9", 30)]), "the new address is told")


RESOLVE = ("import socket, sys\n"
           "for name in sys.argv[1:]:\n"
           "    try: print(name, *sorted({a[4][0] for a in socket.getaddrinfo(name, 80, socket.AF_INET)}))\n"
           "    except OSError as e: print(name, 'error')\n")


def test_dn_1_an_app_is_told_names_by_its_sidecar(up):
    local, _ = up
    local.needs_namespaces()
    names = ["reviews", "ratings.other", "ratings", "db", "a.wild.example.com", "auto.example.com"]
    result = local.run(sys.executable, "-c", RESOLVE, *names, flags=["--name", "client"])
    told = dict(line.split(" ", 1) for line in result.out.splitlines())
    assert told["reviews"] == "10.1.0.1"
    assert told["ratings.other"] == "10.1.0.2"
    assert told["ratings"] == "error", "another namespace's short name"
    assert told["db"] == "10.2.0.1"
    assert told["a.wild.example.com"] == "10.3.0.1"
    assert told["auto.example.com"].startswith("240.240.")


def test_dn_2_addresses_are_written_to_the_status(up, tmp_path):
    local, port = up

    def given():
        entry = json.loads(local.mesh("get", "serviceentry", "auto", "-o", "json").out)
        return [(a["host"], a["value"]) for a in entry.get("status", {}).get("addresses", [])]
    addresses = until(lambda: sorted(given()), "the status has addresses")
    assert [host for host, _ in addresses] == ["auto.example.com"] * 2
    told = ask_udp(port, "auto.example.com")[1] + ask_udp(port, "auto.example.com", AAAA)[1]
    assert sorted(a for _, a in addresses) == sorted(a for a, _ in told)
    # One that has its own address is not given any, and loses those it was given.
    changed = tmp_path / "own.yaml"
    changed.write_text(SERVICES.replace("hosts: [auto.example.com]", "hosts: [auto.example.com], addresses: [10.3.0.5]"))
    local.mesh("apply", "-f", str(changed))
    until(lambda: given() == [], "the status has none any more")
    until(lambda: ask_udp(port, "auto.example.com") == (0, [("10.3.0.5", 30)]), "its own is told")


@pytest.fixture
def config_of_names(rig):
    config = rig.config()
    config.write("services.yaml", SERVICES)
    return config


def test_a_sidecar_tells_names_where_it_is_asked_to(rig, config_of_names):
    """Files alone, no control: names as the workload sees them."""
    side = rig.outbound(config_of_names, "--dns", "127.0.0.1:0")
    for ask in ask_udp, ask_tcp:
        assert ask(side.dns_port, "reviews.default.svc.cluster.local") == (0, [("10.1.0.1", 30)])
        assert ask(side.dns_port, "ratings.other") == (0, [("10.1.0.2", 30)])
        assert ask(side.dns_port, "a.wild.example.com") == (0, [("10.3.0.1", 30)])


@pytest.mark.parametrize("at", ["0.0.0.0:0", "unix:/tmp/dns", "53"])
def test_an_address_that_cannot_answer_is_refused(rig, config_of_names, at):
    process = rig.mesh("proxy", "--config", config_of_names.path, "--outbound", "127.0.0.1:0", "--dns", at,
                       expect_exit=64)
    assert process.wait() == 64
    assert "--dns:" in process.err() and at in process.err()


def test_an_address_in_use_is_said(rig, config_of_names):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        process = rig.mesh("proxy", "--config", config_of_names.path, "--outbound", "127.0.0.1:0", "--dns", at,
                           expect_exit=78)
        assert process.wait() == 78
    assert f"--dns {at}: " in process.err()
