"""Workloads that come, go and fall ill under load: who asks must not notice."""

import json
import os
import signal
import sys

import pytest

from meshtest import until

# Answers with its name; argv: port, name, and a file: while it exists /healthz says 503.
APP = r"""
import http.server, os, signal, socketserver, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        ill = self.path == "/healthz" and os.path.exists(sys.argv[3])
        if self.path == "/slow":
            time.sleep(0.3)
        body = sys.argv[2].encode()
        self.send_response(503 if ill else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
# Asks again and again over several connections; a line of JSON with counts by answer every 0.2 s.
LOAD = r"""
import collections, http.client, json, sys, threading, time
seen, lock = collections.Counter(), threading.Lock()
def ask(path):
    conn = http.client.HTTPConnection("web", 8000, timeout=10)
    while True:
        try:
            conn.request("GET", path)
            reply = conn.getresponse()
            body = reply.read().decode()
            what = body if reply.status == 200 else f"status {reply.status}: {body}"
        except Exception as e:
            what = f"error {e!r}"
            conn.close()
        with lock:
            seen[what] += 1
for path in ("/", "/", "/slow", "/slow"):
    threading.Thread(target=ask, args=(path,), daemon=True).start()
while True:
    time.sleep(0.2)
    with lock:
        print(json.dumps(seen), flush=True)
        seen.clear()
"""


@pytest.fixture
def local(local_mesh):
    mesh = local_mesh()
    mesh.up()
    mesh.needs_namespaces()
    return mesh


class Load:
    """The client, and what it saw since the last mark()."""

    def __init__(self, local):
        self.process = local.program("client", sys.executable, "-c", LOAD)
        until(lambda: any("web" in line for line in self.lines()), "the first answers", 20)
        self.mark()

    def lines(self):
        return [line for line in self.process.out().splitlines() if line.startswith("{")]

    def mark(self):
        self.start = len(self.lines()) + 1

    def seen(self):
        total = {}
        for line in self.lines()[self.start:]:
            for what, n in json.loads(line).items():
                total[what] = total.get(what, 0) + n
        return total

    def settles(self, *names):
        """Waits until these and no others answer."""
        def now():
            lines = self.lines()[-3:]
            seen = set().union(*(json.loads(line) for line in lines))
            return len(lines) == 3 and seen == set(names)
        until(now, f"answers of {names} alone", 20)


def app(local, name, ill="/nonexistent"):
    return local.program("web", sys.executable, "-c", APP, "8000", name, str(ill), flags=["-p", "8000:http"])


def failures(seen):
    return {what: n for what, n in seen.items() if what not in ("web-1", "web-2", "web-3")}


@pytest.mark.limit(90)
def test_a_rollout_loses_no_request(local):
    first = app(local, "web-1")
    load = Load(local)
    for old, name in ((first, "web-2"), (None, "web-3")):
        new = app(local, name)
        load.settles(*(["web-1", name] if name == "web-2" else ["web-2", name]))
        (old or second).signal(signal.SIGTERM)
        load.settles(name)
        second = new
    assert failures(load.seen()) == {}


@pytest.mark.limit(90)
def test_an_ill_workload_gets_nothing_until_it_is_well(local, tmp_path):
    ill = tmp_path / "ill"
    os.chmod(tmp_path, 0o755)
    (tmp_path / "group.yaml").write_text("""
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: {name: web, namespace: default}
spec:
  template: {serviceAccount: default}
  probe:
    periodSeconds: 1
    failureThreshold: 1
    httpGet: {path: /healthz, port: 8000}
""")
    local.mesh("apply", "-f", tmp_path / "group.yaml")
    app(local, "web-1", ill)
    app(local, "web-2")
    load = Load(local)
    load.settles("web-1", "web-2")
    ill.write_text("")
    load.settles("web-2")
    entries = json.loads(local.mesh("get", "workloadentries", "-o", "json").out)["items"]
    states = {e["metadata"]["name"]: e["status"]["conditions"][0] for e in entries
              if e["metadata"]["labels"].get("app") == "web" and "status" in e}
    assert sorted(c["status"] for c in states.values()) == ["False", "True"]
    assert any("503" in c.get("message", "") for c in states.values())
    ill.unlink()
    load.settles("web-1", "web-2")
    assert failures(load.seen()) == {}
