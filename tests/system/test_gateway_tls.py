"""TLS of `mesh gateway`: modes, certificates and where they come from, who may come in, server names.

Cases of Istio's own suite have its row's id in their name (igtls_, gw_, sim_gw_, autopt_)."""

import base64
import hashlib
import os
import shutil
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from meshtest import CA, free_port, http, http2, raw, until
from meshtest.objects import endpoint, gateway, obj, routes, secret, service, to
from meshtest.rig import HOST

APP = "app.default.svc.cluster.local"
FAILED = (ssl.SSLError, OSError)


def simple(name, **more):
    return {"mode": "SIMPLE", "credentialName": name, **more}


def mutual(name, **more):
    return {"mode": "MUTUAL", "credentialName": name, **more}


def get(port, name, ca, leaf=None, *, sni=None, path="/", host=None, **limits):
    context = ca.client_context(leaf, check_name=True)
    for key, value in limits.items():
        if key == "ciphers":
            context.set_ciphers(value)
        else:
            setattr(context, key, value)
    return http(f"https://{name}:{port}{path}", to=("127.0.0.1", port), sni=sni or name, tls=context, host=host)


def refused(*args, **options):
    try:
        get(*args, **options)
    except FAILED as error:
        return str(error) or type(error).__name__
    return None


@pytest.fixture
def front(rig, echo):
    """front(tls, *objects) -> a gateway of a.test on one HTTPS port, whose requests go to an app."""
    def start(tls, *objects, hosts=("a.test",), protocol="HTTPS", args=()):
        app, port = echo.http("v1"), free_port()
        config = rig.config(gateway((port, protocol, hosts, tls)), *objects,
                            service(APP, (80, "HTTP"), endpoints=[endpoint(app.port)]),
                            routes("all", "*", {"route": [to(APP)]}))
        started = rig.gateway(config, *args)
        started.app, started.port = app, port
        return started
    return start


# ---- certificates ----

def test_igtls_simple_rotate(front):
    one, two = CA(name="A"), CA(name="B")
    gw = front(simple("a"), secret("a", one.leaf(dns=["a.test"])))
    assert get(gw.port, "a.test", one).status == 200
    gw.config.put(secret("a", two.leaf(dns=["a.test"])))
    until(lambda: refused(gw.port, "a.test", one), "the old certificate is gone")
    assert get(gw.port, "a.test", two).status == 200


def test_igtls_compound_rotates_the_ca_in_a_secret_of_its_own(front, ca):
    one, two = CA(name="A"), CA(name="B")
    a, b = one.leaf(dns=["me"]), two.leaf(dns=["me"])
    gw = front(mutual("a"), secret("a", ca.leaf(dns=["a.test"])), secret("a-cacert", cacert=one.pem))
    assert get(gw.port, "a.test", ca, a).status == 200
    gw.config.put(secret("a-cacert", **{"ca.crt": two.pem}))
    until(lambda: refused(gw.port, "a.test", ca, a), "the old CA is gone")
    assert get(gw.port, "a.test", ca, b).status == 200


def test_igtls_multi_simple(rig, ca):
    port, names = free_port(), [f"bookinfo{n}.test" for n in range(1, 6)]
    rig.gateway(rig.config(
        gateway(*[(port, "HTTPS", [n], simple(n.partition(".")[0])) for n in names]),
        *[secret(n.partition(".")[0], ca.leaf(dns=[n])) for n in names],
        routes("all", "*", {"directResponse": {"status": 200}})))
    for name in names: # the client checks that the certificate is for that name
        assert get(port, name, ca).status == 200


@pytest.mark.parametrize("bad", ["invalid-key", "invalid-cert", "key-and-cert-do-not-match", "no-cert", "no-key"])
def test_igtls_bad(rig, ca, bad):
    """A credential of no use fails its own server's handshakes and nobody else's."""
    good, other, port = ca.leaf(dns=["a.test"]), ca.leaf(dns=["a.test"]), free_port()
    data = {"invalid-key": {"tls.crt": good.cert, "tls.key": b"invalid"},
            "invalid-cert": {"tls.crt": b"invalid", "tls.key": good.key},
            "key-and-cert-do-not-match": {"tls.crt": good.cert, "tls.key": other.key},
            "no-cert": {"tls.key": good.key}, "no-key": {"tls.crt": good.cert}}[bad]
    config = rig.config(
        gateway((port, "HTTPS", ["a.test"], simple("bad")), (port, "HTTPS", ["b.test"], simple("good"))),
        secret("bad", **data), secret("good", ca.leaf(dns=["b.test"])),
        routes("all", "*", {"directResponse": {"status": 200}}))
    gw = rig.gateway(config)
    assert refused(port, "a.test", ca)
    assert get(port, "b.test", ca).status == 200
    gw.process.wait_line("certificate of|private key")
    config.put(secret("bad", good))
    until(lambda: not refused(port, "a.test", ca), "a good credential is taken")


@pytest.mark.parametrize("bad", ["invalid-CA", "mismatched-CA", "no-CA"])
def test_igtls_mbad(front, ca, bad):
    client = CA(name="client CA").leaf(dns=["me"])
    roots = {"invalid-CA": b"invalid", "mismatched-CA": CA(name="another").pem, "no-CA": None}[bad]
    gw = front(mutual("a"), secret("a", ca.leaf(dns=["a.test"]), roots))
    assert refused(gw.port, "a.test", ca, client)
    assert not gw.app.requests


def test_a_credential_that_went_bad_leaves_the_old_one(front, ca):
    gw = front(simple("a"), secret("a", ca.leaf(dns=["a.test"])))
    assert get(gw.port, "a.test", ca).status == 200
    one, two = ca.leaf(dns=["a.test"]), ca.leaf(dns=["a.test"])
    gw.config.put(secret("a", one._replace(key=two.key)))
    gw.process.wait_line("key does not belong to the certificate")
    gw.process.wait_line("goes on with the certificate it had")
    assert get(gw.port, "a.test", ca).status == 200
    gw.config.put(gateway((gw.port, "HTTPS", ["a.test"], mutual("a")))) # stricter settings are not held back
    until(lambda: refused(gw.port, "a.test", ca), "the new mode counts")


def test_a_handshake_may_fail_after_the_configuration_changed(front, ca):
    """It began under a configuration that nobody else uses any more."""
    gw = front(simple("a"), secret("a", ca.leaf(dns=["a.test"])), args=["--workers", "1", "--access-log", "/dev/stdout"])
    hello, answer = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ca.client_context().wrap_bio(answer, hello, server_hostname="a.test")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    with socket.create_connection(("127.0.0.1", gw.port), 5) as sock:
        sock.sendall(hello.read())
        assert sock.recv(1) # it is taken, and looked at
        gw.config.put(routes("all", "*", {"directResponse": {"status": 299}}))
        until(lambda: get(gw.port, "a.test", ca).status == 299, "the change counts")
        sock.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
        gw.process.wait_line(r'"- - -" 0 ')
    assert get(gw.port, "a.test", ca).status == 299


def served(port, name, ca, **limits):
    """The certificate that a client with these limits is shown."""
    context = ca.client_context()
    context.maximum_version = limits.get("maximum_version", ssl.TLSVersion.TLSv1_3)
    if "ciphers" in limits:
        context.set_ciphers(limits["ciphers"])
    with socket.create_connection(("127.0.0.1", port), 5) as plain, \
            context.wrap_socket(plain, server_hostname=name) as tls:
        return tls.getpeercert(True)


@pytest.mark.parametrize("order", [("ec", "rsa"), ("rsa", "ec")])
@pytest.mark.parametrize("source", ["credentialNames", "tlsCertificates"])
def test_rsa_and_ecdsa_by_what_the_client_can(front, ca, order, source):
    leaves = {kind: ca.leaf(dns=["a.test"], key_type=kind) for kind in order}
    ders = {kind: x509.load_pem_x509_certificate(leaf.cert).public_bytes(serialization.Encoding.DER)
            for kind, leaf in leaves.items()}
    if source == "credentialNames":
        tls = {"mode": "SIMPLE", "credentialNames": list(order)}
    else:
        tls = {"mode": "SIMPLE", "tlsCertificates": [
            {"serverCertificate": leaves[k].cert_path, "privateKey": leaves[k].key_path} for k in order]}
    gw = front(tls, *[secret(kind, leaf) for kind, leaf in leaves.items()])
    assert served(gw.port, "a.test", ca) == ders["ec"]
    old = {"maximum_version": ssl.TLSVersion.TLSv1_2}
    assert served(gw.port, "a.test", ca, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256", **old) == ders["ec"]
    assert served(gw.port, "a.test", ca, ciphers="ECDHE-RSA-AES128-GCM-SHA256", **old) == ders["rsa"]
    assert served(gw.port, "a.test", ca, ciphers="AES128-GCM-SHA256", **old) == ders["rsa"]


def test_files_are_watched(front, ca, tmp_path):
    one, two = CA(name="A"), CA(name="B")
    names = {k: str(tmp_path / k) for k in ("cert", "key", "ca")}

    def write(leaf, roots):
        for name, data in (("ca", roots), ("key", leaf.key), ("cert", leaf.cert)):
            (tmp_path / "new").write_bytes(data)
            os.rename(tmp_path / "new", names[name])
    write(one.leaf(dns=["a.test"]), ca.pem)
    gw = front({"mode": "MUTUAL", "serverCertificate": names["cert"], "privateKey": names["key"],
                "caCertificates": names["ca"]})
    me = {k: k.leaf(dns=["me"]) for k in (ca, two)}
    assert get(gw.port, "a.test", one, me[ca]).status == 200
    write(two.leaf(dns=["a.test"]), two.pem)
    until(lambda: not refused(gw.port, "a.test", two, me[two]), "the new files count")
    assert refused(gw.port, "a.test", two, me[ca])
    (tmp_path / "key").write_bytes(b"nonsense")
    gw.process.wait_line("private key")
    assert get(gw.port, "a.test", two, me[two]).status == 200


def test_files_behind_a_swapped_link_are_watched(front, ca, tmp_path):
    """As Kubernetes projects a Secret: ..data is a link to a folder that is replaced whole."""
    def project(name, leaf):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tls.crt").write_bytes(leaf.cert)
        (tmp_path / name / "tls.key").write_bytes(leaf.key)
        (tmp_path / "..next").symlink_to(name)
        os.rename(tmp_path / "..next", tmp_path / "..data")
    project("..1", ca.leaf(dns=["a.test"]))
    for name in ("tls.crt", "tls.key"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    gw = front({"mode": "SIMPLE", "serverCertificate": str(tmp_path / "tls.crt"), "privateKey": str(tmp_path / "tls.key")})
    before = served(gw.port, "a.test", ca)
    project("..2", ca.leaf(dns=["a.test"]))
    shutil.rmtree(tmp_path / "..1")
    until(lambda: served(gw.port, "a.test", ca) != before, "the new certificate is served")


def test_gwb_3_credentials_are_those_of_the_workloads_namespace(front, ca):
    leaf = ca.leaf(dns=["a.test"])
    gw = front(simple("a"), secret("a", leaf, namespace="other"))
    assert refused(gw.port, "a.test", ca)
    gw.config.put(gateway((gw.port, "HTTPS", ["a.test"], simple("kubernetes://other/a"))))
    gw.process.wait_line("gateway's own namespace")
    at = len(gw.process.log())
    gw.config.put(gateway((gw.port, "HTTPS", ["a.test"], simple("kubernetes-gateway://other/a"))))
    gw.process.wait_line("gateway's own namespace", start=at)
    assert refused(gw.port, "a.test", ca)
    gw.config.put(secret("a", leaf), gateway((gw.port, "HTTPS", ["a.test"], simple("kubernetes://a"))))
    until(lambda: not refused(gw.port, "a.test", ca), "its own namespace's is taken")


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap", "configmap://"])
def test_ca_by_a_name_of_its_own_wins(front, ca, kind):
    clients, others = CA(name="clients"), CA(name="others")
    own = (secret("roots", **{"ca.crt": clients.pem}) if kind == "Secret" else
           obj("ConfigMap", "roots", None, data={"ca.crt": clients.pem.decode()}))
    name = "configmap://roots" if "://" in kind else "roots"
    gw = front(mutual("a", caCertCredentialName=name), secret("a", ca.leaf(dns=["a.test"]), others.pem), own)
    assert get(gw.port, "a.test", ca, clients.leaf(dns=["me"])).status == 200
    assert refused(gw.port, "a.test", ca, others.leaf(dns=["me"]))


# ---- who may come in ----

def test_igtls_optional(front, ca):
    """Also gw-optional-mtls: without a certificate, with a good one; a bad one is refused."""
    clients = CA(name="clients")
    gw = front({"mode": "OPTIONAL_MUTUAL", "credentialName": "a"}, secret("a", ca.leaf(dns=["a.test"]), clients.pem))
    assert "x-forwarded-client-cert" not in dict(get(gw.port, "a.test", ca).json()["headers"])
    assert "DNS=me" in dict(get(gw.port, "a.test", ca, clients.leaf(dns=["me"])).json()["headers"])["x-forwarded-client-cert"]
    assert refused(gw.port, "a.test", ca, ca.leaf(dns=["me"]))


def test_names_of_clients(front, ca):
    gw = front(mutual("a", subjectAltNames=["good.test", "spiffe://x/ns/a/sa/b"]), secret("a", ca.leaf(dns=["a.test"]), ca.pem))
    assert get(gw.port, "a.test", ca, ca.leaf(dns=["good.test"])).status == 200
    assert get(gw.port, "a.test", ca, ca.leaf(uris=["spiffe://x/ns/a/sa/b"])).status == 200
    assert refused(gw.port, "a.test", ca, ca.leaf(dns=["other.test"]))


def pins(leaf):
    cert = x509.load_pem_x509_certificate(leaf.cert)
    spki = cert.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.sha256(cert.public_bytes(serialization.Encoding.DER)).hexdigest()
    return digest, base64.b64encode(hashlib.sha256(spki).digest()).decode()


def test_pinned_clients(front, ca):
    one, two, three = (ca.leaf(dns=["me"]) for _ in range(3))
    digest = pins(one)[0].upper()
    colons = ":".join(digest[i:i + 2] for i in range(0, 64, 2))
    gw = front(mutual("a", verifyCertificateHash=[colons], verifyCertificateSpki=[pins(two)[1]]),
               secret("a", ca.leaf(dns=["a.test"]), ca.pem))
    assert get(gw.port, "a.test", ca, one).status == 200
    assert get(gw.port, "a.test", ca, two).status == 200
    assert refused(gw.port, "a.test", ca, three)
    gw.config.put(gateway((gw.port, "HTTPS", ["a.test"], mutual("a", verifyCertificateHash=["12:34"]))))
    gw.process.wait_line("is not a SHA-256 in hex")
    assert refused(gw.port, "a.test", ca, one) # not checked would be worse than not served


def test_untrusted_clients_may_be_let_in_but_are_nobody(front, ca):
    gw = front(mutual("a", insecureSkipVerify=True), secret("a", ca.leaf(dns=["a.test"]), CA(name="clients").pem),
               obj("AuthorizationPolicy", "deny", {"action": "DENY", "rules": [
                   {"from": [{"source": {"principals": ["*"]}}]}]}))
    stranger = CA(name="nobody").leaf(spiffe="ns/default/sa/admin")
    assert get(gw.port, "a.test", ca, stranger).status == 200 # with a principal it would be denied
    assert refused(gw.port, "a.test", ca)


CRLS = {"none-a": lambda a, b, other: None, "notrevoked": lambda a, b, other: "A",
        "dummy": lambda a, b, other: "dummy", "otherca": lambda a, b, other: "other"}


@pytest.mark.parametrize("where", ["secret", "cacert", "file"])
def test_igtls_crl(front, ca, where, tmp_path):
    clients, other = CA(name="clients"), CA(name="other")
    a, b = clients.leaf(dns=["a"]), clients.leaf(dns=["b"])
    server, path = ca.leaf(dns=["a.test"]), tmp_path / "crl.pem"
    path.write_bytes(clients.crl())
    tls = mutual("a", caCrl=str(path)) if where == "file" else mutual("a")

    def put(crl):
        if where == "file":
            (tmp_path / "new").write_bytes(crl)
            os.rename(tmp_path / "new", path)
        elif where == "secret":
            gw.config.put(secret("a", server, clients.pem, ca_crl=crl))
        else:
            gw.config.put(secret("a-cacert", cacert=clients.pem, crl=crl))
    gw = front(tls, secret("a", server, clients.pem))
    assert get(gw.port, "a.test", ca, a).status == get(gw.port, "a.test", ca, b).status == 200
    put(clients.crl(a))
    said = until(lambda: refused(gw.port, "a.test", ca, a), "A is revoked")
    assert "REVOKED" in said.upper()
    assert get(gw.port, "a.test", ca, b).status == 200
    put(clients.crl(serials=[4711]))
    until(lambda: not refused(gw.port, "a.test", ca, a), "an unrelated serial revokes nobody")
    put(other.crl())
    said = until(lambda: refused(gw.port, "a.test", ca, b), "a list of another CA is none of this one's")
    assert "UNKNOWN_CA" in said.upper() or "UNKNOWN CA" in said.upper()
    put(clients.crl(hours=-1, ago=600))
    until(lambda: "EXPIRED" in (refused(gw.port, "a.test", ca, b) or "").upper(), "a list out of date is no list")


# ---- versions and suites ----

def handshake(port, name, low, high, ciphers="DEFAULT:@SECLEVEL=0"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(ciphers)
    context.minimum_version, context.maximum_version = low, high
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as plain, \
                context.wrap_socket(plain, server_hostname=name) as tls:
            return tls.version(), tls.cipher()[0]
    except FAILED:
        return None


V = ssl.TLSVersion


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("low, high, served_by", [
    (None, None, "TLSv1.2 TLSv1.3"), ("TLSV1_3", None, "TLSv1.3"), (None, "TLSV1_2", "TLSv1.2"),
    ("TLSV1_2", "TLSV1_2", "TLSv1.2"), ("TLSV1_0", "TLSV1_1", "TLSv1 TLSv1.1"), ("TLS_AUTO", "TLS_AUTO", "TLSv1.2 TLSv1.3")])
def test_versions(front, ca, low, high, served_by):
    limits = {**({"minProtocolVersion": low} if low else {}), **({"maxProtocolVersion": high} if high else {})}
    if high == "TLSV1_1": # below 1.2 there are only suites that must be asked for by name
        limits["cipherSuites"] = ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA"]
    gw = front(simple("a", **limits), secret("a", ca.leaf(dns=["a.test"])))
    for name, version in (("TLSv1", V.TLSv1), ("TLSv1.1", V.TLSv1_1), ("TLSv1.2", V.TLSv1_2), ("TLSv1.3", V.TLSv1_3)):
        got = handshake(gw.port, "a.test", version, version)
        assert (got[0] if got else None) == (name if name in served_by.split() else None), name


def test_gw_ciphers(front, ca):
    gw = front(simple("a", cipherSuites=["ECDHE-RSA-AES256-GCM-SHA384", "fake", "ECDHE-ECDSA-AES256-GCM-SHA384"]),
               secret("a", ca.leaf(dns=["a.test"])))
    assert get(gw.port, "a.test", ca).status == 200
    assert handshake(gw.port, "a.test", V.TLSv1_2, V.TLSv1_2) == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")
    assert not handshake(gw.port, "a.test", V.TLSv1_2, V.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256")
    gw.process.wait_line("fake")


# ---- server names ----

def test_gwb_2_and_5_names_lead_to_servers_one_by_one(rig, ca):
    """The most specific name of all servers counts, not the best one of each server."""
    port = free_port()
    blocks = {"one": ["x.example.com", "*.com"], "two": ["*.example.com"], "three": ["*.deep.example.com", "plain.org"]}
    rig.gateway(rig.config(
        *[gateway((port, "HTTPS", hosts, simple(name)), name=name) for name, hosts in blocks.items()],
        *[secret(name, ca.leaf(dns=hosts, name=name)) for name, hosts in blocks.items()]))

    def who(name):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
            der = tls.getpeercert(True)
        return x509.load_der_x509_certificate(der).subject.rfc4514_string()
    assert who("x.example.com") == who("X.EXAMPLE.com") == "CN=one"
    assert who("y.example.com") == "CN=two"
    assert who("a.deep.example.com") == who("b.a.deep.example.com") == who("plain.org") == "CN=three"
    assert who("example.com") == who("other.com") == "CN=one"
    for name in ("sub.plain.org", "org", None): # GWB-5: nobody's name
        with pytest.raises(FAILED):
            who(name)


def test_gwb_5_a_connection_for_another_name_is_misdirected(rig, ca):
    """One certificate for two gateways, and a client that reuses its connection: 421 makes it open another."""
    port = free_port()
    both = ca.leaf(dns=["*.example.com"])
    rig.gateway(rig.config(
        gateway((port, "HTTPS", ["a.example.com"], simple("c")), name="one"),
        gateway((port, "HTTPS", ["b.example.com"], simple("c")), name="two"), secret("c", both),
        routes("a", "a.example.com", {"directResponse": {"status": 201}}, gateways=["one"]),
        routes("b", "b.example.com", {"directResponse": {"status": 202}}, gateways=["two"])))
    with http2(port, tls=ca.client_context(alpn=["h2"]), sni="a.example.com") as client:
        assert client.get("/", authority="a.example.com").status == 201
        assert client.get("/", authority="b.example.com").status == 421
        assert client.get("/", authority="B.example.com:443").status == 421
        assert client.get("/", authority="c.example.com").status == 404 # nobody's name
        assert client.get("/", authority="a.example.com").status == 201
    assert get(port, "b.example.com", ca).status == 202


def test_gwb_2_conflicts_are_dropped_and_said(rig, ca):
    port, tcp = free_port(), free_port()
    config = rig.config(
        gateway((port, "HTTPS", ["a.test"], simple("one")), name="a-first"),
        gateway((port, "HTTPS", ["a.test"], simple("two")), name="b-same-name"),
        gateway((port, "HTTP", ["*"], None), name="c-plain"),
        gateway((tcp, "HTTP", ["*"], None), name="d-http"), gateway((tcp, "TCP", ["*"], None), name="e-tcp"),
        secret("one", ca.leaf(dns=["a.test"], name="one")), secret("two", CA().leaf(dns=["a.test"])),
        routes("all", "*", {"directResponse": {"status": 200}}, gateways=["a-first"]))
    gw = rig.gateway(config)
    assert get(port, "a.test", ca).status == 200
    for name in ("b-same-name", "c-plain", "e-tcp"):
        until(lambda: any(name in line and "left out" in line for line in gw.process.log().splitlines()), name)  # noqa: B023
    assert gw.http("/", port=tcp).status == 404 # sim-gw-proto-httpfirst: HTTP takes the port


def test_http_and_https_of_one_gateway(rig, ca):
    plain, port = free_port(), free_port()
    gw = rig.gateway(rig.config(
        gateway((plain, "HTTP", ["a.test"], None), (port, "HTTPS", ["a.test"], simple("a"))), secret("a", ca.leaf(dns=["a.test"])),
        routes("r", "a.test", {"match": [{"port": plain}], "directResponse": {"status": 201}},
               {"match": [{"scheme": {"exact": "https"}}], "directResponse": {"status": 202}})))
    assert gw.http("/", port=plain, host="a.test").status == 201
    assert get(port, "a.test", ca).status == 202


def test_gwb_4_redirect_counts_whatever_the_routes_say(rig):
    """Also sim-gw-httpsredirect-routes and, with no VirtualService, GWB-4."""
    port = free_port()
    gw = rig.gateway(rig.config(gateway((port, "HTTP", ["a.test", "*.b.test"], {"httpsRedirect": True})),
                                routes("r", "a.test", {"directResponse": {"status": 200}})))
    for host in ("a.test", "x.b.test"):
        reply = gw.http("/p?q", host=host)
        assert (reply.status, reply.header("location")) == (301, f"https://{host}/p?q")
    assert gw.http("/", host="c.test").status == 404


def test_gwb_1_namespaces_before_hosts(rig, ca):
    port = free_port()
    gw = rig.gateway(rig.config(
        gateway((port, "HTTPS", ["./a.test", "team/b.test", "*/c.test"], simple("a"))), secret("a", ca.leaf(dns=["a.test", "b.test", "c.test"])),
        *[routes(f"in-{ns}", ["a.test", "b.test", "c.test"], {"directResponse": {"status": status}}, gateways=["default/gw"], namespace=ns)
          for ns, status in (("default", 201), ("team", 202))]))
    assert gw.port == port
    assert get(port, "a.test", ca).status == 201
    assert get(port, "b.test", ca).status == 202
    assert get(port, "c.test", ca).status in (201, 202)


def test_gwb_2_bind_keeps_listeners_apart(rig, tmp_path):
    port, path = free_port(), str(tmp_path / "gw.sock")

    def server(bind, name):
        return obj("Gateway", name, {"selector": {"app": "gw"}, "servers": [
            {"port": {"number": 0 if "unix" in bind else port, "name": "http", "protocol": "HTTP"}, "hosts": ["*"], "bind": bind}]})
    rig.gateway(rig.config(
        server("127.0.0.1", "one"), server("127.0.0.2", "two"), server(f"unix://{path}", "three"),
        *[routes(name, "*", {"directResponse": {"status": status}}, gateways=[name])
          for name, status in (("one", 201), ("two", 202), ("three", 203))]))
    assert http(f"http://127.0.0.1:{port}/").status == 201
    assert http(f"http://127.0.0.2:{port}/").status == 202
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(path)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 203 ")


# ---- mesh ----

def test_istio_mutual(rig, echo, ca):
    """The gateway's own mesh certificate; clients are members, and policies know them."""
    app, port, tcp = echo.http("v1"), free_port(), free_port()
    lines = echo.tcp()
    gw = rig.gateway(rig.config(
        gateway((port, "HTTPS", ["a.test"], {"mode": "ISTIO_MUTUAL"}), (tcp, "TLS", ["*"], {"mode": "ISTIO_MUTUAL"})),
        service(APP, (80, "HTTP"), endpoints=[endpoint(app.port)]),
        service("lines.default.svc.cluster.local", (80, "TCP"), endpoints=[endpoint(lines.port)]),
        routes("r", "a.test", {"route": [to(APP)]}),
        routes("t", "*", {"match": [{"port": tcp}], "route": [to("lines.default.svc.cluster.local")]}, kind="tcp"),
        obj("AuthorizationPolicy", "deny", {"action": "DENY", "rules": [
            {"from": [{"source": {"principals": ["cluster.local/ns/default/sa/bad"]}}]}]})), certs=rig.certs("gw"))
    assert gw.process

    def ask(account):
        leaf = ca.leaf(spiffe=f"ns/default/sa/{account}") if account else None
        return http(f"https://a.test:{port}/", to=("127.0.0.1", port), sni="a.test", tls=ca.client_context(leaf))
    assert "URI=spiffe://cluster.local/ns/default/sa/good" in dict(ask("good").json()["headers"])["x-forwarded-client-cert"]
    assert ask("bad").status == 403
    with pytest.raises(FAILED):
        ask(None)
    leaf = ca.leaf(spiffe="ns/default/sa/good")
    assert raw(tcp, b"abc", tls=ca.client_context(leaf), half_close=False, limit_s=1) == b"abc"


AUTO = {"mode": "AUTO_PASSTHROUGH"}
ALPNS = ["istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2", None]


def tls_to(port, sni, alpn, context):
    if alpn:
        context.set_alpn_protocols(alpn if isinstance(alpn, list) else [alpn])
    return raw(port, f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode(), tls=context, sni=sni, limit_s=2)


def test_autopt_permissive(rig, echo, ca):
    """Names of meshed and of naked services, by everybody without a mesh certificate: never."""
    app, naked = echo.http("v1"), echo.http("naked")
    side = rig.inbound(rig.config(obj("PeerAuthentication", "default", {"mtls": {"mode": "PERMISSIVE"}})), app.port, "http",
                       certs=rig.certs("server"))
    port = free_port()
    rig.gateway(rig.config(
        gateway((port, "TLS", ["*.local"], AUTO)),
        service(HOST, (80, "HTTP"), (9443, "HTTPS"), endpoints=[endpoint(side.port, hop="mtls")]),
        service("naked.default.svc.cluster.local", (80, "HTTP"), (9443, "HTTPS"), endpoints=[endpoint(naked.port)])))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name in (HOST, "naked.default.svc.cluster.local"):
        for number in (80, 9443):
            for sni in (f"outbound_.{number}_._.{name}", f"outbound|{number}||{name}"):
                for alpn in ALPNS:
                    context.set_alpn_protocols([alpn] if alpn else ["none"])
                    try:
                        got = tls_to(port, sni, None, context)
                    except (*FAILED, ValueError):
                        continue
                    assert got == b"", (sni, alpn, got)
    assert not app.requests and not naked.requests


def test_gwb_9_members_pass_to_members_by_name(rig, echo, ca):
    app, naked, port = echo.http("v1"), echo.http("naked"), free_port()
    side = rig.inbound(rig.config(obj("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})), app.port, "http",
                       certs=rig.certs("server"))
    rig.gateway(rig.config(
        gateway((port, "TLS", ["*.svc.cluster.local"], AUTO)),
        service(HOST, (80, "HTTP"), endpoints=[endpoint(naked.port, version="v0"), endpoint(side.port, hop="mtls", version="v1")]),
        service("outside.test", (80, "HTTP"), endpoints=[endpoint(side.port, hop="mtls")], location="MESH_EXTERNAL"),
        obj("DestinationRule", "app", {"host": HOST, "subsets": [{"name": v, "labels": {"version": v}} for v in ("v0", "v1")]})))
    leaf = ca.leaf(spiffe="ns/default/sa/client")

    def ask(sni, alpn=("istio-http/1.1", "istio")):
        try:
            return tls_to(port, sni, list(alpn), ca.client_context(leaf))
        except FAILED:
            return b""
    for _ in range(6): # never the endpoint without a proxy
        assert ask(f"outbound_.80_._.{HOST}").startswith(b"HTTP/1.1 200")
    assert ask(f"outbound_.80_.v1_.{HOST}").startswith(b"HTTP/1.1 200")
    assert len(app.requests) == 7 and not naked.requests
    for sni in (f"outbound_.80_.v0_.{HOST}", f"outbound_.81_._.{HOST}", f"outbound_.80_.v2_.{HOST}", HOST,
                "outbound_.80_._.outside.test", "outbound_.80_._.nobody.default.svc.cluster.local"):
        assert ask(sni) == b"", sni
    assert ask(f"outbound_.80_._.{HOST}", alpn=("http/1.1",)) == b""
    assert len(app.requests) == 7


def test_passthrough_by_name_beside_termination(rig, echo, ca):
    port, app = free_port(), echo.http("v1")
    inner = echo.http("inner", tls=CA(name="inner").server_context(ca.leaf(dns=["p.test"])))
    rig.gateway(rig.config(
        gateway((port, "TLS", ["p.test"], {"mode": "PASSTHROUGH"}), (port, "HTTPS", ["a.test"], simple("a"))),
        secret("a", ca.leaf(dns=["a.test"])),
        service(APP, (80, "HTTP"), endpoints=[endpoint(app.port)]),
        service("p.default.svc.cluster.local", (80, "TCP"), endpoints=[endpoint(inner.port)]),
        routes("p", "p.test", {"match": [{"port": port, "sniHosts": ["p.test"]}], "route": [to("p.default.svc.cluster.local")]}, kind="tls"),
        routes("a", "a.test", {"route": [to(APP)]})))
    assert get(port, "p.test", ca).json()["server"] == "inner"
    assert get(port, "a.test", ca).json()["server"] == "v1"
    assert refused(port, "other.test", ca)


# ---- the mesh's defaults ----

def test_tls_defaults_of_the_mesh(front, ca):
    """Curves count everywhere, suites where a server names none."""
    gw = front(simple("a"), secret("a", ca.leaf(dns=["a.test"])))
    old = (V.TLSv1_2, V.TLSv1_2)
    assert handshake(gw.port, "a.test", *old, "ECDHE-ECDSA-AES128-GCM-SHA256")
    gw.config.write("mesh.yaml", "tlsDefaults: {ecdhCurves: [P-384, nonsense], cipherSuites: [ECDHE-ECDSA-AES256-GCM-SHA384]}\n")
    until(lambda: not handshake(gw.port, "a.test", *old, "ECDHE-ECDSA-AES128-GCM-SHA256"), "the mesh's suites count")
    assert handshake(gw.port, "a.test", *old) == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")

    def with_curve(name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ecdh_curve(name)
        with socket.create_connection(("127.0.0.1", gw.port), 5) as plain, context.wrap_socket(plain, server_hostname="a.test") as tls:
            return tls.version()
    assert with_curve("secp384r1") == "TLSv1.3"
    with pytest.raises(FAILED):
        with_curve("prime256v1")
    gw.config.write("mesh.yaml", "tlsDefaults: {minProtocolVersion: TLSV1_3}\n")
    until(lambda: not handshake(gw.port, "a.test", *old), "the mesh's lowest version counts")
    assert handshake(gw.port, "a.test", V.TLSv1_3, V.TLSv1_3)[0] == "TLSv1.3"
