"""The commands that read files and talk to control, as a person uses them."""

import http.server
import json
import os
import random
import re
import socketserver
import threading
import urllib.parse

import pytest
import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REVIEWS = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts:
  - reviews
  http:
  - match:
    - headers:
        end-user:
          exact: jason
    route:
    - destination:
        host: reviews
        subset: v2
    timeout: 2s
    retries:
      attempts: 3
      perTryTimeout: 1s
  - route:
    - destination:
        host: reviews
        subset: v1
      weight: 90
    - destination:
        host: reviews
        subset: v3
      weight: 10
"""

RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: reviews
spec:
  host: reviews
  trafficPolicy:
    loadBalancer:
      simple: ROUND_ROBIN
    connectionPool:
      tcp:
        maxConnections: 100
        connectTimeout: 30ms
  subsets:
  - name: v1
    labels: {version: v1}
  - name: v2
    labels: {version: v2}
  - name: v3
    labels: {version: v3}
"""

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: default}
spec: {selector: {app: reviews}, ports: [{name: http, port: 9080}]}
"""


# ---- without a mesh ----

def test_typo_is_shown_with_a_caret(mesh, tmp_path):
    text = REVIEWS.replace("    retries:", "    retires:")
    (tmp_path / "reviews.yaml").write_text(text)
    result = mesh.run("validate", "-f", tmp_path / "reviews.yaml", status=65)
    line = text.splitlines().index("    retires:") + 1
    assert 'error[MSH1002]: unknown field "retires" in VirtualService spec.http[0]\n' in result.err
    assert f"--> {tmp_path}/reviews.yaml:{line}:5\n" in result.err
    assert f"{line} |     retires:\n" in result.err
    assert '|     ^^^^^^^ did you mean "retries"?\n' in result.err
    assert "= mesh explain VirtualService.spec.http.retries\n" in result.err
    assert "1 error in 1 file" in result.err


def test_all_mistakes_of_all_files_are_told(mesh, tmp_path):
    (tmp_path / "a.yaml").write_text(REVIEWS.replace("weight: 90", "weight: many"))
    (tmp_path / "b.yaml").write_text(RULE.replace("ROUND_ROBIN", "ROUND_ROBBIN"))
    (tmp_path / "notes.txt").write_text("not ours")
    result = mesh.run("validate", "-o", "short", tmp_path, status=65)
    assert "a.yaml:25:15: error: " in result.out
    assert "b.yaml:9:15: error: " in result.out
    assert "notes.txt" not in result.out


def test_json_reports_are_json(mesh, tmp_path):
    (tmp_path / "a.yaml").write_text(REVIEWS.replace("hosts:", "host:"))
    result = mesh.run("validate", "-o", "json", tmp_path / "a.yaml", status=65)
    report = json.loads(result.out)
    assert report["errors"] >= 1
    assert any(item["line"] == 6 for item in report["items"])


def test_exit_codes_of_missing_input(mesh, tmp_path):
    mesh.run("validate", "-f", tmp_path / "none.yaml", status=66)
    mesh.run("validate", status=64)
    mesh.run("validate", tmp_path, status=66)
    assert "curl" in mesh.run("apply", "-f", "https://example.com/a.yaml", status=64).err
    mesh.run("validate", "-", input=RULE)


def test_annotations_are_checked(mesh, tmp_path):
    for text, said in (("nothing", "not of the form name=value"),
                       ("proxy.istio.io/config={gatewayTopology: {numTrustedProxies: x}}", "defaultConfig.gatewayTopology.numTrustedProxies"),
                       ("proxy.istio.io/config=[a", "proxy.istio.io/config: did not find"),
                       ("proxy.istio.io/config=hello", "not a map")):
        assert said in mesh.run("gateway", "--config", tmp_path, "--annotation", text, status=78).err


def test_explain_finds_fields_and_suggests(mesh):
    assert "perTryTimeout" in mesh.run("explain", "vs.spec.http.retries").out
    assert 'did you mean "retries"' in mesh.run("explain", "vs.spec.http.retires", status=1).err
    assert "did you mean" in mesh.run("explain", "virtualservce", status=64).err
    assert "VirtualService" in mesh.run("explain").out


def test_analyze_reads_as_istioctl(mesh, tmp_path):
    (tmp_path / "reviews.yaml").write_text(REVIEWS.replace("subset: v2", "subset: v4"))
    (tmp_path / "rule.yaml").write_text(RULE)
    (tmp_path / "service.yaml").write_text(SERVICE)
    result = mesh.run("analyze", tmp_path, status=79)
    assert (f"Error [IST0101] (VirtualService default/reviews {tmp_path}/reviews.yaml:16) Referenced "
            'host+subset in destinationrule not found: "reviews+v4"\n') in result.out
    (tmp_path / "reviews.yaml").write_text(REVIEWS)
    result = mesh.run("analyze", tmp_path, "-S", "MSH1020")
    assert "No validation issues found" in result.err
    (tmp_path / "service.yaml").write_text(SERVICE.replace("name: http,", "name: web,"))
    assert "Info [IST0118]" in mesh.run("analyze", tmp_path).out
    mesh.run("analyze", tmp_path, "--failure-threshold", "Info", status=79)
    assert "IST0118" not in mesh.run("analyze", tmp_path, "-S", "IST0118").out
    report = json.loads(mesh.run("analyze", tmp_path, "-o", "json", "-S", "MSH1020").out)
    assert report[0]["code"] == "IST0118" and report[0]["level"] == "Info"
    (tmp_path / "service.yaml").write_text(SERVICE.replace("name: http,", "name: web,").replace(
        "name: reviews,", "name: reviews, annotations: {galley.istio.io/analyze-suppress: 'IST0001, IST0118'},"))
    assert "IST0118" not in mesh.run("analyze", tmp_path).out
    (tmp_path / "service.yaml").write_text(SERVICE)
    (tmp_path / "reviews.yaml").write_text(REVIEWS.replace("http:", "http:\n  - fault: {delay: {percent: 5, fixedDelay: 1s}}\n    match: [{uri: {prefix: /x}}]\n    route: [{destination: {host: reviews, subset: v1}}]", 1))
    assert "Warning [IST0002]" in mesh.run("analyze", tmp_path).out


def test_every_code_is_explained(mesh):
    with open(os.path.join(TOP, "docs/reference/analyze.md"), encoding="utf-8") as file:
        page = file.read()
    codes = re.findall(r"(?:IST|MSH)\d{4}", mesh.run("analyze", "-L").out)
    assert len(set(codes)) > 40
    assert [code for code in codes if f"| {code} |" not in page] == []


# ---- edits: each breaks one thing, and is told with file, line and field ----

def lines_with(text, what):
    return [i for i, line in enumerate(text.splitlines()) if what(line)]


def unknown_field(rng, text):
    """A field gets a name that its message has not."""
    lines = text.splitlines()
    free = ("labels", "headers", "matchLabels", "end-user", "version", "apiVersion", "kind")
    at = rng.choice([i for i, l in enumerate(lines)
                     if ":" in l and l.strip().split(":")[0].lstrip("- ") not in free and i > 3])
    name = lines[at].split(":")[0].strip().lstrip("- ")
    bad = name[:-1] + "Zq"
    lines[at] = lines[at].replace(name + ":", bad + ":", 1)
    return "\n".join(lines) + "\n", at + 1, bad


def wrong_type(rng, text):
    """A number becomes words, or a text a map."""
    lines = text.splitlines()
    at = rng.choice([i for i, l in enumerate(lines)
                     if any(k in l for k in ("weight:", "attempts:", "maxConnections:", "host: ", "subset:"))])
    key = lines[at].split(":")[0]
    lines[at] = key + (": [1, 2]" if "host" in key or "subset" in key else ": lots")
    return "\n".join(lines) + "\n", at + 1, key.strip().lstrip("- ")


def bad_duration(rng, text):
    lines = text.splitlines()
    at = rng.choice([i for i, l in enumerate(lines) if "imeout:" in l])
    key = lines[at].split(":")[0]
    lines[at] = key + ": " + rng.choice(["10", "soon", "1 s", "5x", "-1s", "'1s2'"])
    return "\n".join(lines) + "\n", at + 1, key.strip()


def missing_required(rng, text):
    """A line that something needs goes; the place told is that of what needs it."""
    lines = text.splitlines()
    at = rng.choice([i for i, l in enumerate(lines)
                     if l.startswith(("  name:", "  host:", "kind:", "apiVersion:"))
                     or l.strip() == "host: reviews" or l.strip() == "exact: jason!"])
    name = lines[at].split(":")[0].strip()
    if lines[at].strip() == "host: reviews" and lines[at].startswith("        "):
        lines[at] = ""
    else:
        del lines[at]
    return "\n".join(lines) + "\n", None, name


def random_edit(seed):
    rng = random.Random(seed)
    edits = (unknown_field, wrong_type, bad_duration, missing_required)
    edit = edits[seed % len(edits)]
    base = rng.choice((REVIEWS, RULE))
    text, line, field = edit(rng, base)
    return edit.__name__, text, line, field


@pytest.mark.limit(170)
def test_200_edits_are_each_told_with_their_place(mesh, tmp_path):
    for seed in range(200):
        kind, text, line, field = random_edit(seed)
        path = tmp_path / f"{seed}.yaml"
        path.write_text(text)
        result = mesh.run("validate", "-o", "short", path, status=None)
        told = f"{kind} (seed {seed}, {field})\n{text}\n{result.out}{result.err}"
        assert result.status == 65, told
        place = f"{path}:{line}:" if line else f"{path}:"
        errors = [l for l in result.out.splitlines() if l.startswith(place) and "error" in l]
        assert errors, told
        assert any(field in l for l in errors), told


# ---- a control that says what the test wants ----

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class FakeControl:
    """Answers by a table of (method, path) on a Unix socket; remembers what it was asked."""

    def __init__(self, path):
        self.path, self.answers, self.asked = path, {}, []
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(length)
                fake.asked.append((self.command, self.path, body))
                only_path = urllib.parse.urlsplit(self.path).path
                status, reply = fake.answers.get((self.command, only_path), (200, {"items": []}))
                data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = do_PATCH = answer

            def address_string(self):
                return "unix"

            def log_message(self, *_args):
                pass

        self.server = Server(path, Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def fake(mesh):
    os.makedirs(os.path.join(mesh.runtime, "mesh"), exist_ok=True)
    control = FakeControl(os.path.join(mesh.runtime, "mesh", "api.sock"))
    yield control
    control.close()


VS_PATH = "/apis/networking.istio.io/v1/namespaces/default/virtualservices"


def vs(name, hosts):
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": {"name": name, "namespace": "default", "resourceVersion": "7"},
            "spec": {"hosts": hosts, "http": [{"route": [{"destination": {"host": hosts[0]}}]}]}}


def test_unreachable_control_says_what_to_do(mesh):
    result = mesh.run("get", "vs", status=69)
    assert "mesh up" in result.err and "MESH_SERVER" in result.err
    mesh.run("get", "vs", "--server", "http://127.0.0.1:1", status=69)
    mesh.run("get", "vs", "--server", "ftp://x", status=64)


def test_get_prints_every_format(mesh, fake):
    fake.answers[("GET", VS_PATH)] = (200, {"items": [vs("reviews", ["reviews"]), vs("ratings", ["ratings"])]})
    fake.answers[("GET", VS_PATH + "/reviews")] = (200, vs("reviews", ["reviews"]))
    out = mesh.run("get", "vs").out.splitlines()
    assert out[0].split() == ["NAME", "GATEWAYS", "HOSTS", "AGE"]
    assert out[1].split()[0] == "reviews"
    assert mesh.run("get", "vs", "-o", "name").out == ("virtualservice.networking.istio.io/reviews\n"
                                                       "virtualservice.networking.istio.io/ratings\n")
    assert yaml.safe_load(mesh.run("get", "vs", "reviews", "-o", "yaml").out)["kind"] == "VirtualService"
    assert json.loads(mesh.run("get", "vs", "-o", "json").out)["kind"] == "List"
    assert len(mesh.run("get", "vs", "-o", "jsonl").out.splitlines()) == 2
    assert mesh.run("get", "vs", "-o", "jsonpath={.items[*].metadata.name}").out == "reviews ratings"
    assert mesh.run("get", "vs/reviews", "-o", "jsonpath={.spec.hosts[0]}").out == "reviews"
    assert mesh.run("get", "vs", "--sort-by", ".metadata.name", "--no-headers").out.split()[0] == "ratings"
    assert "ratings" in mesh.run("get", "vs", "-o", "custom-columns=N:.metadata.name,H:.spec.hosts").out
    mesh.run("get", "vs", "-o", "jsonpath={.items[", status=64)
    mesh.run("get", "vs", "-o", "tabel", status=64)
    assert 'did you mean' in mesh.run("get", "virtualservces", status=64).err


def test_refusals_have_their_exit_codes(mesh, fake):
    path = VS_PATH + "/x"
    for http_status, status in ((404, 1), (401, 77), (403, 77), (503, 69), (504, 75), (422, 65)):
        fake.answers[("GET", path)] = (http_status, {"kind": "Status", "message": "because"})
        assert "because" in mesh.run("get", "vs", "x", status=status).err
    fake.answers[("GET", path)] = (200, b"<html>")
    mesh.run("get", "vs", "x", status=1)
    fake.answers[("GET", path)] = (404, {})
    mesh.run("get", "vs", "x", "--ignore-not-found")
    mesh.run("delete", "vs", "x", "--ignore-not-found")


def test_nothing_is_sent_when_a_file_is_wrong(mesh, fake, tmp_path):
    (tmp_path / "good.yaml").write_text(RULE)
    (tmp_path / "bad.yaml").write_text(REVIEWS.replace("attempts: 3", "attempts: -3"))
    result = mesh.run("apply", "-f", tmp_path, status=65)
    assert "1 error, nothing applied.\n" in result.err
    assert fake.asked == []


def test_apply_checks_names_against_the_mesh(mesh, fake, tmp_path):
    fake.answers[("POST", "/mesh/v1/apply")] = (200, {"results": []})
    (tmp_path / "a.yaml").write_text(REVIEWS.replace("subset: v2", "subset: v4") + "---\n" + RULE)
    result = mesh.run("apply", "-f", tmp_path / "a.yaml", status=65)
    assert "known subsets: v1, v2, v3 (DestinationRule default/reviews" in result.err
    assert not [a for a in fake.asked if a[0] == "POST"]
    (tmp_path / "a.yaml").write_text(REVIEWS)
    assert ": warning: spec.http[0].route[0].destination.host: Referenced host not found" in \
        mesh.run("apply", "-f", tmp_path / "a.yaml").err
    mesh.run("apply", "--strict", "-f", tmp_path / "a.yaml", status=65)


def test_watch_prints_changes_as_they_come(mesh, fake):
    events = b"".join(json.dumps(e).encode() + b"\n" for e in (
        {"type": "ADDED", "object": vs("ratings", ["ratings"])},
        {"type": "BOOKMARK", "object": {"kind": "VirtualService"}},
        {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}}))

    class Answers(dict):
        def get(self, key, default=None):
            if key == ("GET", VS_PATH) and "watch=true" in fake.asked[-1][1]:
                return 200, events
            return dict.get(self, key, default)

    fake.answers = Answers({("GET", VS_PATH): (200, {"metadata": {"resourceVersion": "7"},
                                                     "items": [vs("reviews", ["reviews"])]})})
    result = mesh.run("get", "vs", "-w", "-o", "name", status=1)
    assert result.out.splitlines() == ["virtualservice.networking.istio.io/reviews",
                                       "virtualservice.networking.istio.io/ratings"]
    assert "too old" in result.err
    assert "resourceVersion=7" in fake.asked[-1][1]
