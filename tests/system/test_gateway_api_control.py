"""Gateway API objects in a control plane: their status, and a gateway that serves them."""

import pytest
import yaml

from meshtest import CA, free_port, http, until
from meshtest.gwapi import backend, config_map, grant, http_route, k8s_gateway, listener, made, parent, rule, service_parent
from meshtest.objects import secret

GROUP = "gateway.networking.k8s.io"


class Plane:
    def __init__(self, mesh, folder):
        self.mesh, self.folder = mesh, folder
        self.xds = f"{mesh.runtime}/xds.sock"
        self.process = mesh("control", "--api", "127.0.0.1:0", "--xds", "none", "--xds-plain", "none",
                            "--xds-socket", self.xds)
        self.process.wait_line(r"^ready", limit_s=30)

    def apply(self, *objects):
        path = self.folder / "apply.yaml"
        path.write_text("---\n".join(yaml.safe_dump(o) for o in objects))
        return self.mesh.run("apply", "-f", path)

    def delete(self, o):
        path = self.folder / "delete.yaml"
        path.write_text(yaml.safe_dump(o))
        self.mesh.run("delete", "-f", path)

    def status(self, kind, name, namespace="default"):
        found = self.mesh.run("get", f"{kind}.{GROUP}", name, "-n", namespace, "-o", "yaml").out
        return yaml.safe_load(found).get("status", {})

    def gateway(self, *args):
        gw = self.mesh("gateway", "--control", f"unix:{self.xds}", "-n", "infra", "--name", "gw", "--ip", "127.0.0.1",
                       "--bind", "127.0.0.1", "--admin", "127.0.0.1:0", "--health", "none", "--metrics", "none",
                       "--metrics-too", "none", *args)
        gw.wait_line("^ready", limit_s=20)
        return gw


@pytest.fixture
def plane(mesh, tmp_path):
    return Plane(mesh, tmp_path)


def conditions(part):
    return {c["type"]: (c["status"], c["reason"]) for c in part.get("conditions", [])}


def workload(name, upstream, namespace="default", **more):
    """A Service with one endpoint."""
    return [made("Service", name, {"clusterIP": "10.96.0.7", "ports": [{"name": "http", "port": 80, **more}]}, namespace, "v1"),
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
             "metadata": {"name": f"{name}-1", "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
             "ports": [{"name": "http", "port": upstream.port, "protocol": "TCP"}],
             "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}]}]


def test_status_follows_the_objects(plane, echo):
    port = free_port()
    plane.apply(made("GatewayClass", "mesh", {"controllerName": "mesh.dev/gateway-controller"}, None),
                k8s_gateway(listener(port)), http_route("r", rule(backend("app"))))
    until(lambda: conditions(plane.status("gatewayclass", "mesh")).get("Accepted") == ("True", "Accepted"), "the class")
    until(lambda: conditions(plane.status("gateway", "gw")).get("Programmed") == ("False", "AddressNotAssigned"), "nobody serves")

    def resolved():
        return conditions(plane.status("httproute", "r")["parents"][0])["ResolvedRefs"]
    until(lambda: plane.status("httproute", "r") and resolved() == ("False", "BackendNotFound"), "no service")
    before = plane.status("httproute", "r")["parents"][0]["conditions"][0]["lastTransitionTime"]
    plane.apply(*workload("app", echo.http("app")))
    until(lambda: resolved() == ("True", "ResolvedRefs"), "the service is there")
    plane.gateway()
    until(lambda: conditions(plane.status("gateway", "gw"))["Programmed"] == ("True", "Programmed"), "it is served")
    gw = plane.status("gateway", "gw")
    assert gw["addresses"] == [{"type": "IPAddress", "value": "127.0.0.1"}]
    assert gw["listeners"][0]["attachedRoutes"] == 1
    accepted = plane.status("httproute", "r")["parents"][0]["conditions"][0]
    assert (accepted["type"], accepted["lastTransitionTime"]) == ("Accepted", before)
    line = plane.mesh.run("get", "gtw", "gw").out.splitlines()[1].split()
    assert line[:4] == ["gw", "mesh", "127.0.0.1", "True"]
    plane.delete(http_route("r", rule(backend("app"))))
    until(lambda: plane.status("gateway", "gw")["listeners"][0]["attachedRoutes"] == 0, "no route")


def test_a_gateway_of_another_namespace_serves_with_certificates(plane, echo):
    ca, clients, port, up = CA("tls.test"), CA("clients.test"), free_port(), echo.http("app")
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "certs"}},
                *workload("app", up), secret("shop", ca.leaf(dns=["a.test"]), namespace="certs"),
                config_map("ca", ca_crt=clients.pem), grant("certs", "Gateway", "default", "Secret"))
    plane.gateway()
    plane.apply(k8s_gateway(listener(port, "HTTPS", "a.test", tls={"certificateRefs": [{"name": "shop", "namespace": "certs"}]}),
                            tls={"frontend": {"default": {"validation": {"caCertificateRefs": [
                                {"group": "", "kind": "ConfigMap", "name": "ca"}]}}}}),
                http_route("r", rule(backend("app"))))

    def ask():
        try:
            return http(f"https://127.0.0.1:{port}/", host="a.test", sni="a.test",
                        tls=_context(ca, clients.leaf(dns=["c.test"]))).status
        except OSError as e:
            return type(e).__name__
    until(lambda: ask() == 200, "it is served")
    with pytest.raises(OSError):
        http(f"https://127.0.0.1:{port}/", host="a.test", sni="a.test", tls=_context(ca))


def _context(ca, leaf=None):
    return ca.client_context(leaf, check_name=True)


def test_routes_of_services_have_a_status(plane, echo):
    plane.apply(*workload("app", echo.http("app")), http_route("mesh", rule(backend("app")), parents=[service_parent("app")]),
                http_route("lost", rule(backend("app")), parents=[service_parent("nobody")]),
                http_route("foreign", rule(backend("app")), parents=[parent("no-such-gateway")]))
    until(lambda: plane.status("httproute", "lost"), "a status")
    assert conditions(plane.status("httproute", "lost")["parents"][0])["Accepted"] == ("False", "NoMatchingParent")
    assert conditions(plane.status("httproute", "mesh")["parents"][0])["Accepted"] == ("True", "Accepted")
    assert plane.status("httproute", "foreign") == {}
