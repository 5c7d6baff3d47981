"""Certificates that `mesh gateway` orders by ACME, from pebble, the test server of Let's Encrypt."""

import datetime
import os
import shutil
import socket
import ssl

import pytest
from cryptography import x509

from meshtest import CA, free_port, http, until
from meshtest.acme import Pebble
from meshtest.objects import gateway, routes, secret

pytestmark = pytest.mark.skipif(not shutil.which("pebble"), reason="no pebble here")


@pytest.fixture
def pebble(tmp_path, ca):
    started = []

    def start(**options):
        started.append(Pebble(tmp_path, ca, **options))
        return started[-1]
    yield start
    for server in started:
        server.close()


def asking(pebble, *servers, name="gw", **annotations):
    made = gateway(*servers, name=name)
    made["metadata"]["annotations"] = {
        "mesh.dev/acme": pebble.directory, **{f"mesh.dev/acme-{k}": v for k, v in annotations.items()}}
    return made


def https(*hosts):
    return {"mode": "SIMPLE", "credentialName": "web"}, list(hosts)


def get(port, name, context):
    return http(f"https://{name}:{port}/", to=("127.0.0.1", port), tls=context)


def shown(port, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
        return x509.load_der_x509_certificate(tls.getpeercert(True))


def start(rig, pebble, folder, *objects, **options):
    return rig.gateway(rig.config(*objects, routes("all", "*", {"directResponse": {"status": 200}})),
                       "--acme-dir", folder, "--acme-ca", pebble.ca, "--log", "info", **options)


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_a_certificate_is_ordered(rig, pebble, tmp_path, challenge):
    """Nonces are refused now and then, as big servers do; redirects and policies stay out of the way."""
    plain, port = free_port(), free_port()
    server = pebble(**({"http_port": plain} if challenge == "http-01" else {"tls_port": port}), reject_pct=15)
    folder = tmp_path / "acme"
    tls, hosts = {"mode": "SIMPLE", "credentialName": "web"}, ["a.example.com", "b.example.com"]
    servers = [(port, "HTTPS", hosts, tls)]
    if challenge == "http-01":
        servers.append((plain, "HTTP", hosts, {"httpsRedirect": True}))
    gw = start(rig, server, folder, asking(server, *servers, email="ops@example.com"))
    until(lambda: get(port, "a.example.com", server.client_context()).status == 200, "HTTPS works", limit_s=30)
    assert get(port, "b.example.com", server.client_context()).status == 200
    names = shown(port, "a.example.com").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(names.get_values_for_type(x509.DNSName)) == hosts
    assert oct((folder / "web.pem").stat().st_mode)[-3:] == "600"
    until(lambda: (folder / "challenges").read_text() == "", "nothing is answered any more")
    if challenge == "http-01":
        assert gw.http("/.well-known/acme-challenge/abc", port=plain, host="a.example.com").status == 301
    # Again from the same folder: nothing is ordered, and the certificate is there at once.
    orders = server.orders()
    gw.process.stop()
    again = start(rig, server, folder, asking(server, *servers))
    assert until(lambda: get(port, "a.example.com", server.client_context()).status == 200, "HTTPS works")
    assert server.orders() == orders and again.process


def test_of_two_gateways_one_orders_and_both_answer(rig, pebble, tmp_path):
    """They share a folder; the server looks at one of them for the challenge, whoever ordered."""
    plain = [free_port(), free_port()]
    ports = [free_port(), free_port()]
    server = pebble(http_port=plain[1], tls_port=ports[1])
    both = [start(rig, server, tmp_path / "acme", asking(
        server, (ports[n], "HTTPS", ["a.example.com"], {"mode": "SIMPLE", "credentialName": "web"}),
        (plain[n], "HTTP", ["*"], None))) for n in range(2)]
    for port in ports:
        until(lambda: get(port, "a.example.com", server.client_context()).status == 200, "HTTPS works", limit_s=30)
    assert shown(ports[0], "a.example.com") == shown(ports[1], "a.example.com")
    assert server.orders() == 1 and len(both) == 2


def test_a_certificate_near_its_end_is_renewed(rig, pebble, tmp_path, ca):
    plain, port = free_port(), free_port()
    server = pebble(http_port=plain)
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    old = CA(name="old").leaf(dns=["a.example.com"], not_before=now - datetime.timedelta(days=61),
                              not_after=now + datetime.timedelta(days=28))
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "web.pem").write_bytes(old.key + old.cert)
    config = asking(server, (port, "HTTPS", ["a.example.com"], {"mode": "SIMPLE", "credentialName": "web"}), (plain, "HTTP", ["*"], None))
    start(rig, server, tmp_path / "acme", config)
    until(lambda: get(port, "a.example.com", server.client_context()).status == 200, "the new one is served", limit_s=30)
    assert server.orders() == 1


def test_a_certificate_with_life_left_is_kept(rig, pebble, tmp_path):
    port, now = free_port(), datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    server = pebble()
    old = CA(name="old").leaf(dns=["a.example.com"], not_before=now - datetime.timedelta(days=40),
                              not_after=now + datetime.timedelta(days=50))
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "web.pem").write_bytes(old.key + old.cert)
    tls = {"mode": "SIMPLE", "credentialName": "web"}
    gw = start(rig, server, tmp_path / "acme", asking(server, (port, "HTTPS", ["a.example.com"], tls)))
    serial = x509.load_pem_x509_certificate(old.cert).serial_number
    until(lambda: shown(port, "a.example.com").serial_number == serial, "it is served")
    assert server.orders() == 0
    gw.config.put(asking(server, (port, "HTTPS", ["a.example.com", "b.example.com"], tls))) # one more name
    until(lambda: server.orders() == 1, "another one is ordered")


def test_a_failure_is_waited_out(rig, pebble, tmp_path):
    """Nobody answers the challenge: one try, said, and remembered over a restart."""
    port = free_port()
    server = pebble() # looks at ports that nobody has
    config = asking(server, (port, "HTTPS", ["a.example.com"], {"mode": "SIMPLE", "credentialName": "web"}), challenge="http-01")
    gw = start(rig, server, tmp_path / "acme", config)
    gw.process.wait_line(r"web: no certificate from .*could not verify a.example.com.*; next try in (6|7)\d s", limit_s=20)
    assert (tmp_path / "acme" / "web.try").read_text().startswith("1 ")
    assert server.orders() == 1
    gw.process.stop()
    start(rig, server, tmp_path / "acme", config)
    with pytest.raises((ssl.SSLError, OSError)):
        shown(port, "a.example.com")
    assert server.orders() == 1


def test_a_secret_of_somebody_else_is_left_alone(rig, pebble, tmp_path, ca):
    port = free_port()
    server = pebble()
    start(rig, server, tmp_path / "acme", asking(server, (port, "HTTPS", ["a.example.com"], {"mode": "SIMPLE", "credentialName": "web"})),
          secret("web", ca.leaf(dns=["a.example.com"])))
    assert get(port, "a.example.com", ca.client_context(check_name=True)).status == 200
    assert server.orders() == 0 and os.listdir(tmp_path / "acme") in ([], ["challenges"])


def test_a_server_that_is_not_believed_gets_nothing(rig, pebble, tmp_path):
    port = free_port()
    server = pebble()
    server.ca = CA(name="another").path
    gw = start(rig, server, tmp_path / "acme",
               asking(server, (port, "HTTPS", ["a.example.com"], {"mode": "SIMPLE", "credentialName": "web"})))
    gw.process.wait_line(r"web: no certificate from .*next try in")
    assert server.orders() == 0
