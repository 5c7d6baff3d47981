"""mesh convert: Istio's objects as Gateway API, and back."""

import glob
import os

import pytest
import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = next((path for path in (os.path.join(TOP, "..", "shared/data"), os.path.join(TOP, "..", "..", "shared/data"))
             if os.path.isdir(path)), None)
GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: web, namespace: prod}
spec:
  selector: {app: gw}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["shop.example.com"]
    tls: {httpsRedirect: true}
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: ["./shop.example.com", "other/api.example.com"]
    tls: {mode: SIMPLE, credentialName: cert}
  - port: {number: 9443, name: tls, protocol: TLS}
    hosts: ["*"]
    tls: {mode: PASSTHROUGH}
"""
ROUTES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: prod}
spec:
  hosts: [shop.example.com]
  gateways: [web]
  http:
  - match:
    - uri: {exact: /old}
      method: {exact: GET}
    - uri: {prefix: /older/}
      headers: {x-user: {regex: "j.*"}}
    rewrite: {uri: /new}
    timeout: 2s
    route:
    - destination: {host: a, port: {number: 80}}
      weight: 90
      headers: {response: {add: {x-from: a}}}
    - destination: {host: b.other.svc.cluster.local, port: {number: 81}}
      weight: 10
  - redirect: {uri: /, authority: www.example.com, redirectCode: 308}
"""


def convert(mesh, text, *args, err=None):
    result = mesh.run("convert", "-f", "-", *args, input=text)
    for part in err or []:
        assert part in result.err
    if err == []:
        assert result.err == ""
    return list(yaml.safe_load_all(result.out))


def test_a_gateway_has_a_listener_for_each_host(mesh):
    gateway, redirect = convert(mesh, GATEWAY, err=[])
    listeners = {each["name"]: each for each in gateway["spec"]["listeners"]}
    assert set(listeners) == {"http", "https-1", "https-2", "tls"}
    assert listeners["https-1"]["hostname"] == "shop.example.com"
    assert listeners["https-1"]["allowedRoutes"] == {"namespaces": {"from": "Same"}}
    assert listeners["https-2"]["tls"] == {"mode": "Terminate", "certificateRefs": [{"name": "cert"}]}
    assert listeners["tls"]["tls"] == {"mode": "Passthrough"} and "hostname" not in listeners["tls"]
    assert redirect["spec"]["parentRefs"] == [{"name": "web", "sectionName": "http"}]
    assert redirect["spec"]["rules"][0]["filters"][0]["requestRedirect"]["scheme"] == "https"


def test_a_rule_that_rewrites_prefixes_and_paths_becomes_two(mesh):
    (route,) = convert(mesh, ROUTES, err=["/older/"])
    prefix, exact, last = route["spec"]["rules"]
    assert prefix["matches"] == [{"path": {"type": "PathPrefix", "value": "/older/"},
                                  "headers": [{"name": "x-user", "type": "RegularExpression", "value": "j.*"}]}]
    assert prefix["filters"] == [{"type": "URLRewrite", "urlRewrite": {
        "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/new"}}}]
    assert exact["matches"] == [{"path": {"type": "Exact", "value": "/old"}, "method": "GET"}]
    assert exact["filters"][0]["urlRewrite"]["path"] == {"type": "ReplaceFullPath", "replaceFullPath": "/new"}
    assert [(b["name"], b.get("namespace"), b["port"], b["weight"]) for b in exact["backendRefs"]] == [
        ("a", None, 80, 90), ("b", "other", 81, 10)]
    assert exact["timeouts"] == {"request": "2s"}
    assert last["filters"][0]["requestRedirect"] == {
        "hostname": "www.example.com", "path": {"type": "ReplaceFullPath", "replaceFullPath": "/"}, "statusCode": 308}


def test_a_port_is_taken_from_the_service_or_guessed(mesh):
    route = ROUTES.replace("{host: a, port: {number: 80}}", "{host: a}")
    (made,) = convert(mesh, route, err=["80 is a guess for a"])
    assert made["spec"]["rules"][0]["backendRefs"][0]["port"] == 80
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: prod}\nspec: {ports: [{port: 7000}]}\n---"
    (made,) = convert(mesh, service + route)
    assert made["spec"]["rules"][0]["backendRefs"][0]["port"] == 7000


@pytest.mark.parametrize("gateways, hostnames", [("[web]", ["shop.example.com"]), ("[mesh]", None),
                                                 ("[mesh, web]", ["shop.example.com"])])
def test_only_routes_of_services_alone_have_no_host_names(mesh, gateways, hostnames):
    """At a gateway a route without names would take every request."""
    (route,) = convert(mesh, ROUTES.replace("gateways: [web]", f"gateways: {gateways}"))
    assert route["spec"].get("hostnames") == hostnames


def test_there_and_back(mesh):
    there = mesh.run("convert", "-f", "-", input=GATEWAY + "---" + ROUTES).out
    gateway, _, service = convert(mesh, there, "--to", "istio")
    hosts = [server["hosts"] for server in gateway["spec"]["servers"]]
    assert hosts == [["shop.example.com"], ["./shop.example.com"], ["other/api.example.com"], ["*"]]
    first, second, third = service["spec"]["http"]
    assert first["match"] == [{"uri": {"exact": "/old"}, "method": {"exact": "GET"}}]  # exact paths win
    assert second["match"] == [
        {"uri": {"exact": "/older"}, "headers": {"x-user": {"regex": "j.*"}}},
        {"uri": {"prefix": "/older/"}, "headers": {"x-user": {"regex": "j.*"}}}]
    assert second["rewrite"] == {"uri": "/new"} and second["timeout"] == "2s"
    assert [r["weight"] for r in first["route"]] == [90, 10]
    assert first["route"][0]["headers"] == {"response": {"add": {"x-from": "a"}}}
    assert third["redirect"] == {"authority": "www.example.com", "uri": "/", "redirectCode": 308}


def test_what_has_no_counterpart_is_said_with_its_line(mesh, tmp_path):
    path = tmp_path / "v.yaml"
    path.write_text(ROUTES.replace("    timeout: 2s", "    fault: {abort: {httpStatus: 500, percentage: {value: 1}}}"))
    result = mesh.run("convert", path, "--strict", status=65)
    assert "faults have no form" in result.err and f"{path}:15" in result.err
    assert "nothing to convert" in mesh.run("convert", "-f", "-", status=1,
                                            input="apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n").err


@pytest.mark.skipif(DATA is None, reason="samples are not beside the clone")
@pytest.mark.parametrize("to,pattern", [("gateway-api", "istio-samples/**/*.yaml"), ("istio", "gateway-api-examples/**/*.yaml")])
@pytest.mark.limit(120)
def test_what_is_made_of_samples_is_valid(mesh, to, pattern):
    made = 0
    for path in sorted(glob.glob(os.path.join(DATA, pattern), recursive=True)):
        result = mesh.run("convert", path, "--to", to, status=None)
        if result.status == 0:
            made += 1
            mesh.run("validate", "-f", "-", input=result.out)
    assert made > 10
