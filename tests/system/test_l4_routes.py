"""TLS and TCP rules of VirtualServices for captured connections, in a mesh on this machine."""

import pytest
import yaml

from meshtest.objects import obj, routes


def entry(name, port, protocol, up, **spec):
    return obj("ServiceEntry", name, {
        "hosts": [f"{name}.l4.test"], "resolution": "STATIC", "location": "MESH_EXTERNAL", **spec,
        "ports": [{"number": port, "name": f"p{port}", "protocol": protocol}],
        "endpoints": [{"address": "127.0.0.1", "ports": {f"p{port}": up.port}}]})


def towards(name, port):
    return {"destination": {"host": f"{name}.l4.test", "port": {"number": port}}}


@pytest.fixture
def local(echo, ca, tmp_path, local_mesh):
    tls = ca.server_context(ca.leaf(dns=["one.l4.test", "two.l4.test", "three.l4.test"]))
    ups = {n: echo.http(n, tls=tls) for n in ("one", "two", "three")}
    plain = {n: echo.http(n) for n in ("four", "five")}
    objects = [
        *[entry(n, 8443, "TLS", up) for n, up in ups.items()],
        entry("four", 7000, "TCP", plain["four"], addresses=["10.99.0.1", "10.99.0.2"]),
        entry("five", 7000, "TCP", plain["five"], addresses=["10.99.0.5"]),
        # The names two and three are given to each other; one is left as it is.
        routes("tls", ["two.l4.test"], {"match": [{"sniHosts": ["two.l4.test"], "port": 8443}], "route": [towards("three", 8443)]},
               gateways=None, kind="tls"),
        routes("tls3", ["three.l4.test"], {"match": [{"sniHosts": ["three.l4.test"], "port": 9999}], "route": [towards("one", 8443)]},
               {"match": [{"sniHosts": ["three.l4.test"]}], "route": [towards("two", 8443)]}, gateways=None, kind="tls"),
        routes("tcp", ["four.l4.test"], {"match": [{"destinationSubnets": ["10.99.0.2/32"]}], "route": [towards("five", 7000)]},
               {"match": [{"sourceLabels": {"app": "nobody"}}], "route": [towards("five", 7000)]},
               {"match": [{"port": 7000}], "route": [towards("four", 7000)]}, gateways=None, kind="tcp"),
    ]
    (tmp_path / "l4.yaml").write_text(yaml.safe_dump_all(objects))
    mesh = local_mesh(objects=str(tmp_path / "l4.yaml"))
    mesh.up()
    mesh.needs_namespaces()
    return mesh


def test_vs_18_and_vs_19_by_server_name_and_by_subnet(local):
    urls = ["https://one.l4.test:8443/", "https://two.l4.test:8443/", "https://three.l4.test:8443/",
            "http://10.99.0.1:7000/", "http://10.99.0.2:7000/", "http://10.99.0.5:7000/"]
    out = local.run("sh", "-c", "for url; do curl -sk --max-time 10 \"$url\" | grep -o '\"server\": \"[a-z]*\"'; done", "sh",
                    *urls, flags=("--name", "client")).out
    assert [line.split('"')[3] for line in out.splitlines()] == ["one", "three", "two", "four", "five", "five"]
