"""`mesh route`: the route a request would take, told from files and from a mesh, as the proxy takes it."""

import json

import pytest

from meshtest import free_port, until
from meshtest.objects import endpoint, gateway, routes, service, to

APP = "app.default.svc.cluster.local"
FILES = """\
apiVersion: v1
kind: Service
metadata: {name: app, namespace: default}
spec: {clusterIP: 10.1.0.1, selector: {app: app}, ports: [{name: http, port: 80}, {name: tcp-db, port: 5432}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: app-v1, namespace: default}
spec: {address: 10.0.0.1, serviceAccount: app, labels: {app: app, version: v1, security.istio.io/tlsMode: istio}}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: client, namespace: default}
spec: {address: 10.0.0.9, serviceAccount: me, labels: {app: client}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: app, namespace: default}
spec: {host: app, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: app, namespace: default}
spec:
  hosts: [app]
  http:
  - name: jason
    match:
    - headers: {end-user: {exact: jason}}
      method: {exact: GET}
    route: [{destination: {host: app, subset: v2}}]
  - match:
    - uri: {prefix: /old}
    redirect: {uri: /new, redirectCode: 302}
  - match:
    - uri: {prefix: /api}
    timeout: 3s
    rewrite: {uri: /v2}
    route:
    - {destination: {host: app, subset: v1}, weight: 80}
    - {destination: {host: app, subset: v9}, weight: 20}
"""


@pytest.fixture
def ask(mesh, tmp_path):
    """ask("client", url, flags...) -> the document that mesh route prints for FILES"""
    (tmp_path / "app.yaml").write_text(FILES)

    def run(*args):
        return json.loads(mesh.run("route", *args, "-f", tmp_path / "app.yaml", "-o", "json").out)
    return run


def test_the_first_rule_that_fits_and_what_failed_before(ask):
    doc = ask("client", "http://app/api/x", "-H", "end-user: jack")
    assert doc["from"] == {"name": "client", "namespace": "default", "serviceAccount": "me",
                           "object": "WorkloadEntry default/client", "labels": {"app": "client"}}
    assert doc["virtualHost"] == f"{APP}:80"
    jason, old = doc["misses"]
    assert (jason["name"], jason["line"]) == ("jason", FILES.splitlines().index("    - headers: {end-user: {exact: jason}}") + 1)
    assert jason["failed"] == {"field": "headers", "name": "end-user", "wanted": 'exact "jason"', "had": "jack"}
    assert old["failed"] == {"field": "uri", "wanted": 'prefix "/old"', "had": "/api/x"}
    assert doc["route"]["object"] == "VirtualService default/app"
    assert doc["rewrite"] == {"path": "/v2/x"}
    assert [(d["cluster"], d["percent"]) for d in doc["destinations"]] == [
        (f"outbound|80|v1|{APP}", 80), (f"outbound|80|v9|{APP}", 20)]
    assert doc["destinations"][0]["endpoints"] == [
        {"address": "10.0.0.1:80", "workload": "app-v1", "version": "v1",
         "identity": "spiffe://cluster.local/ns/default/sa/app", "connection": "mTLS", "healthy": True}]
    assert doc["policies"]["timeoutMs"] == 3000
    assert doc["policies"]["retries"]["attempts"] == 2
    assert any("app+v9" in note or "+v9" in note for note in doc["notes"])


def test_methods_count_and_the_text_says_it(mesh, ask, tmp_path):
    assert ask("client", "http://app/", "-H", "End-User: jason")["route"]["name"] == "jason"
    text = mesh.run("route", "default/client", "app/", "-X", "POST", "-H", "end-user: jason", "-f", tmp_path).out
    assert text.startswith("POST app/   from default/client   (WorkloadEntry default/client)\n")
    assert 'method: wants exact "GET", has "POST"\n' in text
    assert "answer      404 NR - no route of this host takes the request\n" in text


def test_redirects_and_their_location(ask):
    assert ask("client", "http://app/old/x?y=1")["redirect"] == {"status": 302, "location": "http://app/new?y=1"}


def test_short_and_full_names_and_addresses_lead_to_the_same(ask):
    for host in ("app", "app.default", APP, "10.1.0.1"):
        assert ask("client", f"http://{host}/api")["route"]["object"] == "VirtualService default/app", host


def test_unknown_hosts_pass_or_not(ask):
    assert ask("client", "http://example.org/")["destinations"][0]["cluster"] == "PassthroughCluster"
    assert ask("client", "http://example.org/", "--outbound-policy", "REGISTRY_ONLY")["answer"]["status"] == 502


def test_ports_of_bytes_are_not_looked_into(ask):
    doc = ask("client", "http://app:5432/")
    assert doc["tcp"] is True
    assert doc["destinations"][0]["cluster"] == f"outbound|5432||{APP}"


def test_a_client_that_nobody_knows_is_taken_for_an_app(ask):
    assert ask("other.prod", "http://app.default/api")["from"] == {
        "name": "other", "namespace": "prod", "serviceAccount": "other", "labels": {"app": "other"}}


def test_mistakes_of_the_command_line_are_told(mesh, tmp_path):
    assert "mesh route FROM URL" in mesh.run("route", "client", status=64).err
    assert "the port is no number" in mesh.run("route", "a", "http://b:99999/", status=64).err
    assert "only http and https" in mesh.run("route", "a", "ftp://b/", status=64).err
    assert '"name: value"' in mesh.run("route", "a", "http://b/", "-H", "x", status=64).err
    (tmp_path / "bad.yaml").write_text(FILES.replace("timeout: 3s", "timeout: soon"))
    assert "soon" in mesh.run("route", "a", "http://b/", "-f", tmp_path / "bad.yaml", status=65).err
    (tmp_path / "app.yaml").write_text(FILES)
    assert "no such Gateway" in mesh.run("route", "gateway/none", "http://b/", "-f", tmp_path / "app.yaml", status=1).err


def test_a_mesh_is_asked_when_there_are_no_files(mesh, tmp_path):
    mesh("control", "--api", "127.0.0.1:0", "--xds", "none", "--xds-plain", "none").wait_line(r"^ready", limit_s=30)
    good = FILES.replace("subset: v9", "subset: v2")
    (tmp_path / "app.yaml").write_text(good)
    mesh.run("apply", "-f", tmp_path / "app.yaml")
    doc = json.loads(mesh.run("route", "client", "http://app/api", "-o", "json").out)
    assert doc["route"]["object"] == "VirtualService default/app"
    assert doc["destinations"][0]["endpoints"][0]["address"] == "10.0.0.1:80"
    # What is in files stands before what the mesh has.
    (tmp_path / "new.yaml").write_text(good.replace("prefix: /api", "prefix: /other"))
    doc = json.loads(mesh.run("route", "client", "http://app/api", "--live", "-f", tmp_path / "new.yaml", "-o", "json").out)
    assert doc["answer"]["status"] == 404


REQUESTS = [("/a", {}), ("/a/b?q=1", {}), ("/b", {"x": "1"}), ("/b", {"x": "2"}), ("/c", {}), ("/r/12", {}),
            ("/r/x", {}), ("/q?q=1", {}), ("/q?q=2", {}), ("/%61", {})]


def test_the_gateway_takes_the_route_that_the_command_tells(rig, echo, mesh):
    app, port = echo.http("v1"), free_port()
    rules = [{"name": f"n{i}", "match": [match], "route": [to(APP)]} for i, match in enumerate([
        {"uri": {"exact": "/a"}}, {"uri": {"prefix": "/a"}}, {"uri": {"prefix": "/b"}, "headers": {"x": {"exact": "1"}}},
        {"uri": {"prefix": "/b"}}, {"uri": {"regex": "/r/[0-9]+"}}, {"queryParams": {"q": {"exact": "1"}}},
        {"uri": {"prefix": "/n1"}}, {"uri": {"prefix": "/n2"}}, {"withoutHeaders": {"y": {}}, "uri": {"prefix": "/q"}}])]
    config = rig.config(gateway((port, "HTTP", ["*"], None)), routes("all", "*", *rules),
                        service(APP, (80, "HTTP"), endpoints=[endpoint(app.port)]))
    gw = rig.gateway(config)
    for number, (path, headers) in enumerate(REQUESTS, 1):
        reply = gw.http(path, host="any.test", headers={**headers, "x-request-id": "x"})
        flags = [a for k, v in headers.items() for a in ("-H", f"{k}: {v}")]
        told = json.loads(mesh.run("route", "gateway/gw", f"http://any.test:{port}{path}", *flags, "-f", config.path,
                                   "-o", "json").out)
        decisions = until(lambda: (d := gw.admin("/decisions").text().splitlines()) and len(d) == number and d,  # noqa: B023
                          f"the decision about {path} is kept")
        decision = json.loads(decisions[0]) # the newest
        if reply.status == 404:
            assert told["answer"]["status"] == 404, (path, headers)
        else:
            assert (told["route"]["name"], told["route"]["line"]) == (decision["route"]["name"], decision["route"]["line"])
