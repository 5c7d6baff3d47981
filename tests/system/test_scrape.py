"""The page that Prometheus scrapes of a sidecar: the proxy's metrics and the app's."""

import http.server
import re
import socketserver
import sys
import threading
import time

import pytest

from meshtest import free_port, http as get, until

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
MERGED = "/stats/prometheus"


class App:
    """Shows metrics: .pages is {path: (status, headers, body)}; .seen is what was asked."""

    def __init__(self, pages):
        app, self.pages, self.seen, self.hold = self, pages, [], threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                app.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                status, headers, body = app.pages[self.path]
                if body is None: # never an answer
                    app.hold.wait(30)
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def app():
    started = []

    def start(body=b"app_jobs 3\n", type_=PLAIN, pages=None):
        started.append(App(pages or {"/metrics": (200, {"content-type": type_}, body)}))
        return started[-1]
    yield start
    for one in started:
        one.close()


class Sidecar:
    def __init__(self, rig, annotations, objects=(), too=False):
        self.port, self.too = free_port(), free_port()
        flags = [part for name, value in annotations.items() for part in ("--annotation", f"{name}={value}")]
        self.proxy = rig.outbound(rig.config(*objects), "--metrics", f"127.0.0.1:{self.port}",
                                  *(["--metrics-too", f"127.0.0.1:{self.too}"] if too else []), *flags)

    def page(self, path=MERGED, port=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return get(f"http://127.0.0.1:{port or self.port}{path}", headers=headers)


@pytest.fixture
def sidecar(rig):
    return lambda annotations, **options: Sidecar(rig, annotations, **options)


def failures(text):
    found = re.search(r'^istio_agent_scrape_failures_total\{type="application"\} (\d+)$', text, re.M)
    return int(found.group(1))


def test_tl_5_the_apps_metrics_follow_ours(sidecar, app):
    shown = app(b"# TYPE app_jobs gauge\napp_jobs 3\n")
    one = sidecar({"prometheus.io/scrape": "true", "prometheus.io/port": shown.port}, too=True)
    for path in (MERGED, "/metrics"):
        reply = one.page(path)
        assert (reply.status, reply.header("content-type")) == (200, PLAIN)
        assert reply.text().endswith("# TYPE app_jobs gauge\napp_jobs 3\n")
    scrapes = re.search(r"^istio_agent_scrapes_total (\d+)$", reply.text(), re.M).group(1)
    assert (scrapes, failures(reply.text())) == ("2", 0)
    # Envoy's port and the admin pages show the proxy alone.
    assert "app_jobs" not in one.page(port=one.too).text()
    assert "app_jobs" not in one.proxy.admin(MERGED).text()


def test_the_app_hears_what_the_scraper_wants(sidecar, app):
    shown = app(pages={"/a?b=c": (200, {}, b"app_jobs 3\n")})
    one = sidecar({"prometheus.io/port": shown.port, "prometheus.io/path": "/a?b=c"})
    one.page(accept="application/vnd.google.protobuf;q=0.9,application/openmetrics-text;q=0.8,text/plain;q=0.5",
             user_agent="Prometheus/3", x_prometheus_scrape_timeout_seconds="10", authorization="Bearer secret")
    [(path, headers)] = shown.seen
    assert path == "/a?b=c"
    assert headers == {"host": f"localhost:{shown.port}", "accept": "application/openmetrics-text;q=0.8,text/plain;q=0.5",
                       "user-agent": "Prometheus/3", "x-prometheus-scrape-timeout-seconds": "10"}


def test_openmetrics_is_one_page_with_one_end(sidecar, app):
    shown = app(b"# TYPE app_jobs counter\napp_jobs_total 3\n# EOF\n", OPEN)
    one = sidecar({"prometheus.io/port": shown.port})
    reply = one.page(accept="application/openmetrics-text")
    assert reply.header("content-type") == OPEN
    assert reply.text().endswith("\n# TYPE app_jobs counter\napp_jobs_total 3\n# EOF\n")
    assert reply.text().count("# EOF") == 1
    assert "# TYPE istio_agent_scrapes counter\nistio_agent_scrapes_total 1\n" in reply.text() # ours is, too


def test_a_dead_app_costs_its_own_metrics_only(sidecar):
    one = sidecar({"prometheus.io/port": free_port()})
    for count in (1, 2):
        reply = one.page()
        assert (reply.status, failures(reply.text())) == (200, count)


@pytest.mark.parametrize("status, type_, body", [
    (500, PLAIN, b"app_jobs 3\n"), (204, PLAIN, b""),
    (200, "application/vnd.google.protobuf; encoding=delimited", b"\x04app_"),
    (200, PLAIN, b"app_jobs 3\n" * 1_000_000), # more than is taken of one target
], ids=["500", "204", "protobuf", "huge"])
def test_what_is_no_page_of_metrics_is_left_out(sidecar, app, status, type_, body):
    shown = app(pages={"/metrics": (status, {"content-type": type_}, body)})
    reply = sidecar({"prometheus.io/port": shown.port}).page()
    assert (reply.status, failures(reply.text())) == (200, 1)
    assert "app_" not in reply.text().replace('application', '')


def test_a_slow_app_does_not_cost_the_scrape(sidecar, app):
    shown = app(pages={"/metrics": (200, {}, None)})
    one = sidecar({"prometheus.io/port": shown.port})
    begin = time.monotonic()
    reply = one.page(x_prometheus_scrape_timeout_seconds="1")
    assert 0.8 < time.monotonic() - begin < 5
    assert (reply.status, failures(reply.text())) == (200, 1)


def test_many_scrapes_of_a_slow_app_are_not_all_passed_on(sidecar, app):
    shown = app(pages={"/metrics": (200, {}, None)})
    one = sidecar({"prometheus.io/port": shown.port})
    waiting = [threading.Thread(target=one.page, kwargs={"x_prometheus_scrape_timeout_seconds": "3"}) for _ in range(4)]
    for thread in waiting:
        thread.start()
    until(lambda: len(shown.seen) == 4, "four are passed on")
    assert failures(one.page().text()) == 1 # at once
    for thread in waiting:
        thread.join()
    assert len(shown.seen) == 4


def test_a_scraper_that_goes_is_forgotten(sidecar, app):
    shown = app(pages={"/metrics": (200, {}, None)})
    one = sidecar({"prometheus.io/port": shown.port})
    for count in range(1, 7): # more than are passed on at once
        with pytest.raises(OSError):
            get(f"http://127.0.0.1:{one.port}{MERGED}", limit_s=0.2)
        until(lambda: len(shown.seen) == count, "it was passed on") # noqa: B023
    assert failures(get(f"http://127.0.0.1:{one.proxy.admin_port}{MERGED}").text()) == 0


def test_redirects_on_the_app_are_followed(sidecar, app):
    shown = app(pages={"/metrics": (307, {"location": "/metrics/"}, b""), "/metrics/": (200, {}, b"app_jobs 3")})
    assert sidecar({"prometheus.io/port": shown.port}).page().text().endswith("\napp_jobs 3\n")


@pytest.mark.parametrize("location, asked", [("http://127.0.0.1:1/x", 1), ("/metrics", 4)], ids=["elsewhere", "in circles"])
def test_other_redirects_are_not(sidecar, app, location, asked):
    shown = app(pages={"/metrics": (302, {"location": location}, b"")})
    assert failures(sidecar({"prometheus.io/port": shown.port}).page().text()) == 1
    assert len(shown.seen) == asked


def test_several_targets_in_order(sidecar, app):
    first, second = app(b"first 1\n# EOF\n", OPEN), app(b"second 2\n# EOF\n", OPEN)
    targets = f"{second.port}:/metrics,{free_port()},{first.port}"
    one = sidecar({"prometheus.istio.io/scrape-targets": targets})
    text = one.page().text()
    assert text.endswith("\nsecond 2\nfirst 1\n# EOF\n") and failures(text) == 1
    first.pages["/metrics"] = (200, {"content-type": PLAIN}, b"first 1")
    reply = one.page() # they differ: text, which has no end
    assert reply.header("content-type") == PLAIN and reply.text().endswith("\nsecond 2\nfirst 1\n")


def mesh_config(text):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"},
            "data": {"mesh": text}}


@pytest.mark.parametrize("setting, annotations, joined", [
    ("enablePrometheusMerge: false", {}, False),
    ("enablePrometheusMerge: false", {"prometheus.istio.io/merge-metrics": "true"}, True),
    ("enablePrometheusMerge: true", {"prometheus.istio.io/merge-metrics": "false"}, False),
    ("{}", {"prometheus.io/scrape": "false"}, False),
    ("{}", {}, True),
])
def test_whether_they_are_joined(sidecar, app, setting, annotations, joined):
    shown = app()
    one = sidecar({"prometheus.io/port": shown.port, **annotations}, objects=[mesh_config(setting)])
    assert ("app_jobs 3" in one.page().text()) == joined
    assert bool(shown.seen) == joined


def test_wrong_annotations_are_refused(rig):
    process = rig.mesh("proxy", "--config", rig.config().path, "--outbound", "127.0.0.1:0", "--annotation",
                       "prometheus.io/port=metrics", expect_exit=78)
    assert process.wait() == 78
    assert 'mesh: annotation prometheus.io/port: "metrics" is no port between 1 and 65535' in process.err()


METRICS = r"""
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"app_jobs 3\n")
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", 9100), Handler).serve_forever()
"""


def test_metrics_of_a_program_in_its_namespace(local_mesh):
    local = local_mesh()
    local.up()
    local.needs_namespaces()
    process = local.start("run", "--verbose", "--name", "jobs", "--annotation", "prometheus.io/port=9100", "--",
                          sys.executable, "-c", METRICS, expect_exit=None)
    at = until(lambda: re.search(r"^mesh run: metrics at (127\.\S+:15020)$", process.err(), re.M), "its port").group(1)
    page = until(lambda: (t := get(f"http://{at}{MERGED}").text()).endswith("\napp_jobs 3\n") and t, "the app's metrics", 15)
    assert "istio_agent_scrapes_total" in page
