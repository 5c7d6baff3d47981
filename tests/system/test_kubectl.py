"""Real kubectl against `mesh control`: every verb, both ways of applying, watches, conflicts, and
bodies that are wrong. KUBECTL names further kubectl programs, with ':' between."""

import json
import os
import random
import re
import shutil
import socket
import ssl
import urllib.request
import urllib.error

import pytest
import yaml

from conftest import TOP
from meshtest import Process, run
from meshtest.util import until

SAMPLES = os.environ.get("MESH_ISTIO_SAMPLES",
                         os.path.join(os.path.dirname(TOP), "shared/data/istio-samples"))
NETWORKING = f"{SAMPLES}/bookinfo/networking"

VS = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
  labels: {app: reviews}
spec:
  hosts: [reviews]
  http:
  - route:
    - destination: {host: reviews, subset: v1}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: dns, port: 53, protocol: UDP}
  - {name: dns-tcp, port: 53, protocol: TCP}
"""


class Api:
    """A control, and clients of it."""

    def __init__(self, mesh, folder, program):
        self.mesh, self.folder, self.program = mesh, str(folder), program
        self.state = f"{folder}/state"
        self.socket = f"{mesh.runtime}/api.sock"
        self.port = 0
        self.start()

    def start(self):
        self.process = self.mesh("control", "--state-dir", self.state, "--api", f"127.0.0.1:{self.port}",
                                 "--api-socket", self.socket, "--xds", "none", "--xds-plain", "none",
                                 "--xds-socket", f"{self.mesh.runtime}/xds.sock")
        self.process.wait_line("^ready$", 20)
        self.port = int(re.search(r"^api 127\.0\.0\.1:(\d+)$", self.process.out(), re.M).group(1))
        with open(f"{self.state}/admin.token", encoding="utf-8") as file:
            self.token = file.read().strip()
        self.env = {**os.environ, "KUBECONFIG": f"{self.state}/kubeconfig", "HOME": self.folder}

    def kubectl(self, *args, **options):
        return run([self.program, f"--cache-dir={self.folder}/cache", *args],
                   env={**self.env, **options.pop("env", {})}, **options)

    def apply(self, text, *flags, **options):
        return self.kubectl("apply", "-f", "-", *flags, input=text, **options)

    def json(self, *args):
        return json.loads(self.kubectl(*args, "-o", "json").out)

    def call(self, method, path, body=None, token=None, type="application/json", **headers):
        """(status, document or text)"""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        request.add_header("Authorization", f"Bearer {token or self.token}")
        if data is not None:
            request.add_header("Content-Type", type)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode("utf-8", "replace")


def programs():
    found = [shutil.which("kubectl"), *os.environ.get("KUBECTL", "").split(":")]
    return [p for p in found if p and os.access(p, os.X_OK)]


@pytest.fixture(params=programs() or [None])
def api(request, mesh, tmp_path_factory):
    if not request.param:
        pytest.skip("no kubectl here")
    return Api(mesh, tmp_path_factory.mktemp("api"), request.param)


VSES = "/apis/networking.istio.io/v1/namespaces/default/virtualservices"


def test_what_there_is(api):
    resources = api.kubectl("api-resources").out
    for word in ("virtualservices", "services", "authorizationpolicies", "deployments"):
        assert re.search(rf"^{word}\s", resources, re.M), resources
    versions = api.kubectl("api-versions").out.split()
    assert {"v1", "apps/v1", "networking.istio.io/v1", "networking.istio.io/v1alpha3"} <= set(versions)
    assert "Server Version" in api.kubectl("version").out
    assert str(api.port) in api.kubectl("cluster-info").out
    assert "perTryTimeout" in api.kubectl("explain", "vs.spec.http.retries").out
    assert "targetPort" in api.kubectl("explain", "service.spec.ports").out
    assert "No resources found" in api.kubectl("get", "events").err
    assert set(api.kubectl("get", "ns", "-o", "name").out.split()) == {"namespace/default", "namespace/istio-system"}


def test_apply_and_get(api):
    assert "created" in api.apply(VS).out
    assert "unchanged" in api.apply(VS).out
    first = api.json("get", "vs", "reviews")
    assert first["metadata"]["generation"] == 1
    assert "configured" in api.apply(VS.replace("subset: v1", "subset: v2")).out
    second = api.json("get", "vs", "reviews")
    assert second["metadata"]["generation"] == 2
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    assert second["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]
    assert second["spec"]["http"][0]["route"][0]["destination"]["subset"] == "v2"
    table = api.kubectl("get", "vs", "-A").out
    assert re.search(r"^NAMESPACE\s+NAME\s+GATEWAYS\s+HOSTS\s+AGE$", table, re.M), table
    assert re.search(r'^default\s+reviews\s+\["reviews"\]\s+\d+s$', table, re.M), table
    assert api.kubectl("get", "vs", "-o", "name").out == "virtualservice.networking.istio.io/reviews\n"
    assert api.kubectl("get", "vs", "reviews", "-o", "jsonpath={.spec.hosts[0]}").out == "reviews"
    assert yaml.safe_load(api.kubectl("get", "vs", "reviews", "-o", "yaml").out)["kind"] == "VirtualService"
    assert "app=reviews" in api.kubectl("get", "vs", "--show-labels").out
    assert "reviews" in api.kubectl("get", "vs", "-l", "app in (reviews,x)").out
    assert "No resources" in api.kubectl("get", "vs", "-l", "app!=reviews").err
    assert "reviews" in api.kubectl("get", "vs", "--field-selector", "metadata.name=reviews").out
    assert "No resources" in api.kubectl("get", "vs", "--field-selector", "metadata.name=other").err
    described = api.kubectl("describe", "vs", "reviews").out
    assert "Subset:" in described and "Labels:" in described
    old = api.kubectl("get", "virtualservices.v1beta1.networking.istio.io", "reviews", "-o", "yaml").out
    assert "apiVersion: networking.istio.io/v1beta1" in old


def test_apply_takes_out_what_the_file_no_longer_says(api):
    api.apply(VS.replace("  http:", "  exportTo: ['.']\n  http:"))
    assert api.json("get", "vs", "reviews")["spec"]["exportTo"] == ["."]
    api.apply(VS)
    assert "exportTo" not in api.json("get", "vs", "reviews")["spec"]


def test_service_ports_merge_by_key(api):
    api.apply(SERVICE)
    api.kubectl("patch", "svc", "web", "-p", '{"spec":{"ports":[{"port":80,"targetPort":9090}]}}')
    ports = api.json("get", "svc", "web")["spec"]["ports"]
    assert len(ports) == 3
    assert ports[0] == {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 9090}
    assert re.search(r"^web\s+ClusterIP\s", api.kubectl("get", "svc").out, re.M)
    api.apply(SERVICE.replace("  - {name: http, port: 80, targetPort: 8080}\n", ""))
    assert [p["port"] for p in api.json("get", "svc", "web")["spec"]["ports"]] == [53, 53]


def test_create_replace_and_conflict(api):
    api.kubectl("create", "-f", "-", input=VS)
    again = api.kubectl("create", "-f", "-", input=VS, status=1)
    assert "AlreadyExists" in again.err
    live = api.json("get", "vs", "reviews")
    api.kubectl("label", "vs", "reviews", "other=1")
    live["spec"]["hosts"] = ["elsewhere"]
    stale = api.kubectl("replace", "-f", "-", input=json.dumps(live), status=1)
    assert "the object has been modified" in stale.err
    del live["metadata"]["resourceVersion"]
    api.kubectl("replace", "-f", "-", input=json.dumps(live))
    assert api.json("get", "vs", "reviews")["spec"]["hosts"] == ["elsewhere"]
    api.kubectl("create", "ns", "shop")
    api.kubectl("create", "configmap", "c", "--from-literal=a=b", "-n", "shop")
    assert api.json("get", "cm", "c", "-n", "shop")["data"] == {"a": "b"}
    api.kubectl("create", "secret", "generic", "s", "--from-literal=a=b", "-n", "shop")
    assert api.json("get", "secret", "s", "-n", "shop")["data"] == {"a": "Yg=="}
    nowhere = api.apply(VS, "-n", "nowhere", status=1)
    assert 'namespaces "nowhere" not found' in nowhere.err


def test_label_annotate_patch_edit(api):
    api.apply(VS)
    api.kubectl("label", "vs", "reviews", "team=blue")
    assert api.kubectl("label", "vs", "reviews", "team=red", status=1)
    api.kubectl("label", "vs", "reviews", "team=red", "--overwrite")
    api.kubectl("annotate", "vs", "reviews", "note=x")
    meta = api.json("get", "vs", "reviews")["metadata"]
    assert meta["labels"] == {"app": "reviews", "team": "red"} and meta["annotations"]["note"] == "x"
    assert meta["generation"] == 1
    api.kubectl("label", "vs", "reviews", "team-")
    api.kubectl("patch", "vs", "reviews", "--type=merge", "-p", '{"spec":{"hosts":["a"]}}')
    api.kubectl("patch", "vs", "reviews", "--type=json",
                "-p", '[{"op":"test","path":"/spec/hosts/0","value":"a"},{"op":"add","path":"/spec/hosts/-","value":"b"}]')
    assert api.json("get", "vs", "reviews")["spec"]["hosts"] == ["a", "b"]
    failed = api.kubectl("patch", "vs", "reviews", "--type=json", "-p", '[{"op":"remove","path":"/spec/nothing"}]', status=1)
    assert "remove" in failed.err
    editor = f"{api.folder}/editor"
    with open(editor, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nsed -i 's/subset: v1/subset: v3/' \"$1\"\n")
    os.chmod(editor, 0o755)
    api.kubectl("edit", "vs", "reviews", env={"KUBE_EDITOR": editor})
    assert api.json("get", "vs", "reviews")["spec"]["http"][0]["route"][0]["destination"]["subset"] == "v3"
    api.apply(SERVICE)
    with open(editor, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nsed -i 's/targetPort: 8080/targetPort: 8081/' \"$1\"\n")
    api.kubectl("edit", "svc", "web", env={"KUBE_EDITOR": editor})
    ports = api.json("get", "svc", "web")["spec"]["ports"]
    assert len(ports) == 3 and ports[0]["targetPort"] == 8081


def test_server_side_apply(api):
    api.apply(VS, "--server-side", "--field-manager=one")
    taken = api.apply(VS.replace("subset: v1", "subset: v2"), "--server-side", "--field-manager=two", status=1)
    assert "conflict" in taken.err and '"one"' in taken.err and ".spec.http" in taken.err, taken.err
    api.apply(VS.replace("subset: v1", "subset: v2"), "--server-side", "--field-manager=two", "--force-conflicts")
    live = api.json("get", "vs", "reviews", *(["--show-managed-fields"] if "1.20" not in version_of(api) else []))
    owners = {e["manager"]: e for e in live["metadata"]["managedFields"]}
    assert "f:http" not in owners["one"]["fieldsV1"]["f:spec"] and "f:http" in owners["two"]["fieldsV1"]["f:spec"]
    assert owners["two"]["operation"] == "Apply"
    part = yaml.safe_load(VS)
    part["spec"] = {"exportTo": ["."]}
    del part["metadata"]["labels"]
    api.apply(json.dumps(part), "--server-side", "--field-manager=three")
    assert api.json("get", "vs", "reviews")["spec"]["exportTo"] == ["."]
    del part["spec"]["exportTo"]
    api.apply(json.dumps(part), "--server-side", "--field-manager=three")
    spec = api.json("get", "vs", "reviews")["spec"]
    assert "exportTo" not in spec and spec["hosts"] == ["reviews"]
    api.apply(SERVICE)
    api.apply(SERVICE.replace("8080", "8090"), "--server-side", "--force-conflicts")
    assert len(api.json("get", "svc", "web")["spec"]["ports"]) == 3


def version_of(api):
    return api.kubectl("version", "--client").out


def test_dry_run_diff_wait(api):
    api.apply(VS, "--dry-run=server")
    assert "NotFound" in api.kubectl("get", "vs", "reviews", status=1).err
    api.apply(VS)
    changed = VS.replace("subset: v1", "subset: v2")
    differ = api.kubectl("diff", "-f", "-", input=changed, status=1)
    assert "+        subset: v2" in differ.out
    assert api.json("get", "vs", "reviews")["spec"]["http"][0]["route"][0]["destination"]["subset"] == "v1"
    api.kubectl("diff", "-f", "-", input=VS)
    api.apply(changed, "--dry-run=server", "--server-side", "--force-conflicts")
    waiting = Process([api.program, f"--cache-dir={api.folder}/cache", "wait", "vs/reviews", "--for=delete", "--timeout=20s"],
                      api.folder, env=api.env, name="wait")
    until(lambda: api.call("GET", "/mesh/v1/status")[1]["watches"] == 1 or waiting.status() is not None, "a watch")
    api.kubectl("delete", "vs", "reviews")
    assert waiting.wait(20) == 0


def test_watch(api):
    api.apply(VS)
    watch = Process([api.program, f"--cache-dir={api.folder}/cache", "get", "vs", "-w", "-o",
                     "jsonpath={.metadata.name}={.spec.hosts}{\"\\n\"}"], api.folder, env=api.env, name="watch",
                    expect_exit=None)
    watch.wait_line(r'^reviews=\["reviews"\]')
    api.kubectl("patch", "vs", "reviews", "--type=merge", "-p", '{"spec":{"hosts":["changed"]}}')
    watch.wait_line(r'^reviews=\["changed"\]')
    api.apply(VS.replace("name: reviews", "name: second"))
    watch.wait_line(r"^second=")
    table = Process([api.program, f"--cache-dir={api.folder}/cache", "get", "vs", "-w"], api.folder, env=api.env,
                    name="table", expect_exit=None)
    table.wait_line(r"^second\s")
    api.kubectl("delete", "vs", "second")
    until(lambda: len(re.findall(r"^second\s", table.out(), re.M)) == 2, "the deletion is shown")
    watch.kill()
    table.kill()


def test_watch_resumes_and_says_gone(api):
    api.apply(VS)
    version = api.call("GET", VSES)[1]["metadata"]["resourceVersion"]
    api.apply(VS.replace("name: reviews", "name: second"))
    api.kubectl("delete", "vs", "second")
    _, text = api.call("GET", f"{VSES}?watch=1&timeoutSeconds=1&resourceVersion={version}")
    events = [json.loads(line) for line in text.splitlines()]
    assert [(e["type"], e["object"]["metadata"]["name"]) for e in events] == [("ADDED", "second"), ("DELETED", "second")]
    from_object = events[0]["object"]["metadata"]["resourceVersion"]
    _, text = api.call("GET", f"{VSES}?watch=1&timeoutSeconds=1&resourceVersion={from_object}")
    assert (text if isinstance(text, dict) else json.loads(text))["type"] == "DELETED"
    assert api.call("GET", f"{VSES}?watch=1&resourceVersion=nonsense")[0] == 400
    # A label that goes away is a deletion for who selects by it.
    version = api.call("GET", VSES)[1]["metadata"]["resourceVersion"]
    api.kubectl("label", "vs", "reviews", "app-")
    _, event = api.call("GET", f"{VSES}?watch=1&timeoutSeconds=1&labelSelector=app%3Dreviews&resourceVersion={version}")
    assert event["type"] == "DELETED"


def test_delete(api):
    for name in "abc":
        api.apply(VS.replace("name: reviews", f"name: {name}"))
    api.kubectl("delete", "vs", "a", "--cascade=false" if "1.20" in version_of(api) else "--cascade=orphan")
    api.kubectl("delete", "-f", "-", input=VS.replace("name: reviews", "name: b"))
    api.kubectl("delete", "vs", "--all")
    assert api.json("get", "vs")["items"] == []
    assert "NotFound" in api.kubectl("delete", "vs", "a", status=1).err
    # Finalizers have the last word.
    api.apply(VS.replace("  labels:", "  finalizers: [mesh.dev/hold]\n  labels:"))
    api.kubectl("delete", "vs", "reviews", "--wait=false")
    assert "deletionTimestamp" in api.json("get", "vs", "reviews")["metadata"]
    api.kubectl("patch", "vs", "reviews", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    assert "NotFound" in api.kubectl("get", "vs", "reviews", status=1).err
    # A namespace goes with what is in it.
    api.kubectl("create", "ns", "shop")
    api.apply(VS, "-n", "shop")
    api.kubectl("delete", "ns", "shop")
    assert api.json("get", "vs", "-A")["items"] == []
    assert "Forbidden" in api.kubectl("delete", "ns", "default", status=1).err


def test_pages(api):
    docs = "---".join(VS.replace("name: reviews", f"name: v{i:02}") for i in range(23))
    api.apply(docs)
    assert len(api.json("get", "vs", "--chunk-size=5")["items"]) == 23
    names, path = [], f"{VSES}?limit=10"
    for _ in range(3):
        page = api.call("GET", path)[1]
        names += [o["metadata"]["name"] for o in page["items"]]
        path = f"{VSES}?limit=10&continue={page['metadata'].get('continue')}"
    assert names == [f"v{i:02}" for i in range(23)] and "continue" not in page["metadata"]
    assert api.call("GET", f"{VSES}?limit=x")[0] == 400
    assert api.call("GET", f"{VSES}?continue=x")[0] == 400


def test_restart_keeps_everything(api):
    api.apply(VS)
    before = api.json("get", "vs", "reviews")
    version = api.call("GET", VSES)[1]["metadata"]["resourceVersion"]
    api.process.finish()
    api.start()
    assert api.json("get", "vs", "reviews") == before
    api.kubectl("label", "vs", "reviews", "x=y")
    _, event = api.call("GET", f"{VSES}?watch=1&timeoutSeconds=1&resourceVersion={version}")
    assert event["type"] == "MODIFIED"


def test_who_may(api):
    assert api.call("GET", "/api/v1/secrets", token="wrong")[0] == 401
    with socket.create_connection(("127.0.0.1", api.port)) as s:
        s.sendall(b"GET /api/v1/namespaces HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert s.makefile("rb").readline().split()[1] == b"401"
    with socket.create_connection(("127.0.0.1", api.port)) as s:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n")
        assert s.makefile("rb").readline().split()[1] == b"403"
    for path in ("/healthz", "/readyz", "/livez"):
        with urllib.request.urlopen(f"http://127.0.0.1:{api.port}{path}") as answer:
            assert answer.read() == b"ok"
    with socket.socket(socket.AF_UNIX) as s: # our own user: no token
        s.connect(api.socket)
        s.sendall(b"GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert s.makefile("rb").readline().split()[1] == b"200"
    for name in ("admin.token", "kubeconfig"):
        assert os.stat(f"{api.state}/{name}").st_mode & 0o777 == 0o600
    assert os.stat(api.socket).st_mode & 0o777 == 0o600
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=__import__("base64").b64decode(
        yaml.safe_load(open(f"{api.state}/kubeconfig", encoding="utf-8"))["clusters"][0]["cluster"]
        ["certificate-authority-data"]).decode())
    with socket.create_connection(("127.0.0.1", api.port)) as plain: # not every machine knows "localhost"
        with context.wrap_socket(plain, server_hostname="localhost") as s:
            s.sendall(b"GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert b'"major": "1"' in s.makefile("rb").read().replace(b'":"', b'": "')


def test_bad_requests(api):
    good = yaml.safe_load(VS)
    assert api.call("POST", VSES, b"{")[0] == 400
    assert api.call("POST", VSES, b"")[0] == 400
    assert api.call("POST", VSES, b"[1]")[0] == 400
    assert api.call("POST", VSES, b"a: [", type="application/yaml")[0] == 400
    assert api.call("POST", VSES, b"x" * (4 * 1024 * 1024))[0] == 413
    assert api.call("POST", VSES, {**good, "kind": "Gateway"})[0] == 400
    assert api.call("POST", VSES, {**good, "metadata": {"name": "x", "namespace": "other"}})[0] == 400
    assert api.call("POST", f"{VSES}?dryRun=Some", good)[0] == 400
    assert api.call("POST", VSES, VS.encode(), type="application/yaml")[0] == 201
    assert api.call("PUT", f"{VSES}/other", good)[0] == 404
    assert api.call("PUT", f"{VSES}/reviews", {**good, "metadata": {"name": "x"}})[0] == 400
    assert api.call("PATCH", f"{VSES}/reviews", {}, type="application/json")[0] == 415
    assert api.call("PATCH", f"{VSES}/reviews", {}, type="application/strategic-merge-patch+json")[0] == 415
    assert api.call("GET", f"{VSES}?labelSelector=%3D%3D")[0] == 400
    assert api.call("GET", "/apis/nothing.example/v1")[0] == 404
    assert api.call("GET", "/apis/networking.istio.io/v1/nothing")[0] == 404
    assert api.call("GET", f"{VSES}/a/b/c/d/e/f")[0] == 404
    assert api.call("DELETE", "/version")[0] == 405
    assert api.call("GET", "/%zz")[0] == 404
    status, doc = api.call("POST", VSES, {**good, "metadata": {"name": "Not_A_Name"}})
    assert status == 422 and doc["details"]["causes"][0]["field"] == "metadata.name"


def test_status_is_apart(api):
    api.apply(VS)
    path = f"{VSES}/reviews"
    generation = api.call("GET", path)[1]["metadata"]["generation"]
    status, doc = api.call("PATCH", f"{path}/status", {"status": {"observedGeneration": "1"}, "spec": {"hosts": ["no"]}},
                           type="application/merge-patch+json")
    assert status == 200 and doc["status"] == {"observedGeneration": "1"} and doc["spec"]["hosts"] == ["reviews"], doc
    assert api.call("GET", path)[1]["metadata"]["generation"] == generation
    status, doc = api.call("PATCH", path, {"status": None, "spec": {"hosts": ["yes"]}}, type="application/merge-patch+json")
    assert doc["status"] == {"observedGeneration": "1"} and doc["spec"]["hosts"] == ["yes"]


def test_unknown_fields_are_named(api):
    wrong = api.apply(VS.replace("  - route:", "  - retires: {attempts: 3}\n    route:"), "--validate=" + ("false" if "1.20" in version_of(api) else "strict"), status=1)
    assert 'unknown field "spec.http[0].retires"' in wrong.err, wrong.err
    assert 'did you mean "retries"' in wrong.err, wrong.err


def mutations(document, rng):
    """One random change that makes the document wrong, and words that its error must have."""
    spec = document["spec"]
    route = spec["http"][0]["route"][0]

    def misspell():
        owner = rng.choice([spec, spec["http"][0], route, route["destination"]])
        key = rng.choice(list(owner))
        owner[key + "x"] = owner.pop(key)
        return key + "x"

    def wrong_type():
        owner, key = rng.choice([(spec, "http"), (spec, "hosts"), (route, "destination"), (spec["http"][0], "route")])
        owner[key] = rng.choice([7, "text", True])
        return key

    def bad_duration():
        spec["http"][0]["timeout"] = rng.choice(["5 parsecs", "-1x", "s", "1.2.3s"])
        return "timeout"

    def missing():
        del route["destination"]["host"]
        return "host"

    def out_of_range():
        route["weight"] = rng.choice([-1, 101000000000, "many"])
        return "weight"

    return rng.choice([misspell, wrong_type, bad_duration, missing, out_of_range])()


@pytest.mark.limit(120)
def test_200_wrong_bodies_name_the_field(api):
    rng = random.Random(7)
    for i in range(200):
        document = yaml.safe_load(VS)
        word = mutations(document, rng)
        status, answer = api.call("POST", VSES, document)
        assert status == 422 and answer["reason"] == "Invalid", (i, document, answer)
        assert any(word.rstrip("x") in c["field"] + c["message"] for c in answer["details"]["causes"]), (word, answer)
    assert api.call("GET", VSES)[1]["items"] == []


def test_apply_of_many_is_all_or_nothing(api):
    good, bad = yaml.safe_load(VS), yaml.safe_load(VS)
    bad["metadata"]["name"] = "bad"
    bad["spec"]["hots"] = []
    service = yaml.safe_load(SERVICE)
    status, doc = api.call("POST", "/mesh/v1/apply", {"kind": "List", "apiVersion": "v1", "items": [good, service, bad]})
    assert status == 422 and "VirtualService default/bad" in doc["message"] and "hots" in doc["message"], doc
    assert api.call("GET", VSES)[1]["items"] == []
    both = {"kind": "List", "apiVersion": "v1", "items": [good, service]}
    status, doc = api.call("POST", "/mesh/v1/apply?dryRun=All", both)
    assert [r["result"] for r in doc["results"]] == ["created", "created"]
    assert api.call("GET", VSES)[1]["items"] == []
    status, doc = api.call("POST", "/mesh/v1/apply?wait=proxies&timeout=2s", both)
    assert status == 200 and [r["result"] for r in doc["results"]] == ["created", "created"]
    assert doc["proxies"]["total"] == 0
    status, doc = api.call("POST", "/mesh/v1/apply", both)
    assert [r["result"] for r in doc["results"]] == ["unchanged", "unchanged"]
    assert api.call("POST", "/mesh/v1/apply", {"kind": "List", "items": [good, good]})[0] == 422
    assert api.call("POST", "/mesh/v1/apply", b"{}")[0] in (400, 422)
    namespaced = yaml.safe_load(VS)
    namespaced["metadata"]["namespace"] = "fresh"
    assert api.call("POST", "/mesh/v1/apply", namespaced)[0] == 422
    both["items"] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fresh"}}, namespaced]
    assert api.call("POST", "/mesh/v1/apply", both)[0] == 200


def test_the_first_namespaces_are_there_when_it_is_ready(api):
    assert {"default", "istio-system"} <= {n["metadata"]["name"] for n in api.call("GET", "/api/v1/namespaces")[1]["items"]}


def test_mesh_pages(api):
    status, doc = api.call("GET", "/mesh/v1/status")
    assert status == 200 and doc["config"]["ok"] and doc["objects"]["namespaces"] == 2
    assert api.call("GET", "/mesh/v1/proxies")[1]["items"] == []
    status, made = api.call("POST", "/mesh/v1/tokens", {"namespace": "default", "serviceAccount": "a", "ttl": "1h"})
    assert status == 201 and made["token"].startswith("mesh1.")
    listed = api.call("GET", "/mesh/v1/tokens")[1]["items"]
    assert [t["id"] for t in listed] == [made["id"]] and made["token"] not in json.dumps(listed)
    assert api.call("DELETE", f"/mesh/v1/tokens/{made['id']}")[0] == 200
    assert api.call("DELETE", f"/mesh/v1/tokens/{made['id']}")[0] == 404
    assert api.call("POST", "/mesh/v1/tokens", {"ttl": "forever"})[0] == 422
    assert api.call("GET", "/metrics")[0] == 200


@pytest.mark.limit(180)
@pytest.mark.skipif(not os.path.isdir(NETWORKING), reason="no samples here")
def test_bookinfo_unmodified(api):
    api.kubectl("create", "ns", "foo")
    for name in sorted(os.listdir(NETWORKING)):
        api.kubectl("apply", "-f", f"{NETWORKING}/{name}")
    api.kubectl("apply", "-f", f"{SAMPLES}/bookinfo/platform/kube/bookinfo.yaml")
    assert {d["metadata"]["name"] for d in api.json("get", "deploy")["items"]} >= {"reviews-v1", "reviews-v2", "reviews-v3"}
    assert len(api.json("get", "svc")["items"]) == 4
    api.kubectl("delete", "-f", f"{SAMPLES}/bookinfo/platform/kube/bookinfo.yaml")
