"""`mesh up` and `mesh run`: programs as workloads, unchanged, as root and as nobody."""

import json
import os
import shutil
import signal
import socket
import statistics
import sys
import time

import pytest

from conftest import TOP
from meshtest import free_port, http, run, until
from meshtest.local import NOBODY

# Answers every request with what it saw; argv: port, name.
APP = r"""
import http.server, json, os, socketserver, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = json.dumps({"server": sys.argv[2], "path": self.path, "headers": dict(self.headers.items()),
                           "env": dict(os.environ)}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
GET = ("import sys, urllib.request as u\n"
       "print(u.urlopen(u.Request(sys.argv[1], headers=dict(a.split('=', 1) for a in sys.argv[2:])), timeout=8)"
       ".read().decode())")


def can_be_nobody():
    return os.geteuid() == 0 and shutil.which("setpriv") is not None


@pytest.fixture(params=["self", "nobody"])
def local(request, local_mesh):
    if request.param == "nobody" and not can_be_nobody():
        pytest.skip("only root can become nobody")
    mesh = local_mesh(user=NOBODY if request.param == "nobody" else None)
    mesh.up()
    mesh.needs_namespaces()
    return mesh


@pytest.fixture
def bare(local_mesh):
    """Without `mesh up`."""
    return local_mesh()


def start_app(local, name="web", port=8000, flags=()):
    return local.program(name, sys.executable, "-c", APP, str(port), name, flags=["-p", f"{port}:http", *flags])


def get(local, url, *headers, flags=("--name", "client"), **options):
    return local.run(sys.executable, "-c", GET, url, *headers, flags=flags, **options)


def get_when_there(local, url, *headers):
    return until(lambda: get(local, url, *headers, status=None).out, f"an answer from {url}", 15)


@pytest.mark.parametrize("command, status", [
    (["true"], 0),
    (["sh", "-c", "exit 42"], 42),
    (["sh", "-c", "kill -9 $$"], 137),
    (["sh", "-c", "kill -TERM $$"], 143),
    (["/no/such/program"], 127),
    (["/etc/passwd"], 126),
    (["sh", "-c", "(sleep 0.2; exit 3) & wait $!"], 3),
])
def test_exit_code_is_the_commands(local, command, status):
    local.run(*command, status=status)


def test_standard_streams_are_the_commands(local):
    result = local.run("sh", "-c", "cat; echo to-err >&2", input="one\ntwo\n")
    assert result.out == "one\ntwo\n"
    assert result.err == "to-err\n"


def test_user_and_files_are_as_outside(local):
    result = local.run("sh", "-c", "id -u; pwd; cat /proc/self/status | grep CapEff")
    uid, folder, capabilities = result.out.split("\n")[:3]
    assert int(uid) == (NOBODY if local.prefix else os.geteuid())
    assert folder == os.getcwd()
    if int(uid) != 0:
        assert capabilities.split()[1] == "0" * 16


def test_environment_says_who_it_is(local):
    result = local.run("sh", "-c", "echo $MESH_WORKLOAD $MESH_NAMESPACE $INSTANCE_IP", flags=["--name", "me", "-n", "shop"])
    name, namespace, ip = result.out.split()
    assert (name, namespace) == ("me", "shop")
    assert ip.startswith("127.") and ip != "127.0.0.1"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_reach_the_command(local, number):
    script = f"trap 'echo got it; exit 7' {number.name[3:]}; echo here; while :; do sleep 0.05; done"
    process = local.start("run", "--", "sh", "-c", script, expect_exit=7)
    process.wait_line("^here")
    process.signal(number)
    assert process.wait() == 7
    assert "got it" in process.out()


def test_command_dies_with_mesh(local, tmp_path):
    process = local.start("run", "--", "sh", "-c", "echo pid $$; exec sleep 100", expect_exit=None)
    pid = int(process.wait_line(r"^pid (\d+)").group(1))
    process.kill()
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the command is gone")


def test_says_that_there_is_no_control_plane(bare):
    began = time.monotonic()
    result = bare.run("true", status=80)
    assert "mesh up" in result.err
    assert time.monotonic() - began < 5


def test_up_refuses_to_start_twice(bare):
    bare.up()
    result = bare.mesh("up", "--api", "none", "--xds", "none", status=1)
    assert "runs here already" in result.err


def test_up_ends_by_itself(bare):
    result = bare.mesh("up", "--ephemeral", "--api", "none", "--xds", "none", "--http-port", "0", "--https-port", "0",
                       "--seconds", "1")
    folder = result.out.split("MESH_STATE_DIR=")[1].split("/state")[0]
    until(lambda: not os.path.exists(folder), f"{folder} is gone")


def test_what_goes_from_the_folder_goes_from_the_mesh(bare, tmp_path):
    """Only that: not what somebody else applied, and nothing while a file is wrong."""
    folder, other = tmp_path / "objects", tmp_path / "other.yaml"
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {ports: [{port: 80, name: http}]}\n"
    folder.mkdir()
    (folder / "two.yaml").write_text(text % "a" + "---\n" + text % "b")
    (folder / "one.yaml").write_text(text % "c")
    other.write_text(text % "foreign")

    def services():
        found = bare.mesh("get", "services", "-o", "json", status=None)
        return {i["metadata"]["name"] for i in json.loads(found.out)["items"]} if found.status == 0 else None
    bare.up("-f", str(folder))
    until(lambda: services() == {"a", "b", "c"}, "all are there")
    bare.mesh("apply", "-f", str(other))
    (folder / "two.yaml").write_text(text % "a")
    until(lambda: services() == {"a", "c", "foreign"}, "the second one has gone")
    (folder / "two.yaml").write_text("kind: Service\nspec: [")
    (folder / "one.yaml").unlink()
    bare.processes[0].wait_line("was not applied")
    assert services() == {"a", "c", "foreign"}
    (folder / "two.yaml").unlink()
    until(lambda: services() == {"foreign"}, "nothing of the folder is left")


def test_workloads_meet_by_name_with_mutual_tls(local):
    start_app(local)
    for name in ("web", "web.default", "web.default.svc.cluster.local"):
        answer = get_when_there(local, f"http://{name}:8000/hello")
        assert '"server": "web"' in answer
    assert "URI=spiffe://cluster.local/ns/default/sa/client" in answer
    assert "x-request-id" in answer.lower()


def test_names_of_the_mesh_resolve(local):
    start_app(local)
    get_when_there(local, "http://web:8000/")
    result = local.run("getent", "ahostsv4", "web")
    assert result.out.split()[0].startswith("240.240.")
    local.run("getent", "ahostsv4", "no-such-name.invalid", status=2)


def test_loopback_is_the_apps_own(local):
    """Two programs may listen on one port, and neither is seen on the host's loopback."""
    port = free_port()
    script = f"{APP!s}"
    for name in ("one", "two"):
        local.program(name, sys.executable, "-c", script, str(port), name, flags=["-p", f"{port}:http"])
    for name in ("one", "two"):
        assert f'"server": "{name}"' in get_when_there(local, f"http://{name}:{port}/")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def host_address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.254", 9))
            return probe.getsockname()[0]
        except OSError:
            return None


def test_what_is_outside_stays_reachable(local, echo):
    """Connections to nothing of the mesh pass through."""
    ip = host_address()
    if not ip:
        pytest.skip("this machine has no address but loopback's")
    outside = echo.http("outside", host="0.0.0.0")
    assert '"server": "outside"' in get(local, f"http://{ip}:{outside.port}/").out


def test_host_port(local):
    port = free_port()
    start_app(local, port=port, flags=["--host-port", str(port)])

    def answer():
        reply = http(f"http://127.0.0.1:{port}/x")
        return reply.status == 200 and reply.json()
    assert until(answer, "the app behind the host's port")["server"] == "web"


def test_service_port_other_than_the_apps(local):
    local.program("web", sys.executable, "-c", APP, "8000", "web", flags=["-p", "80=8000:http"])
    assert '"server": "web"' in get_when_there(local, "http://web/")


def test_two_of_one_name_share_the_work(local):
    for _ in range(2):
        start_app(local)
    seen = set()

    def both():
        answer = get(local, "http://web:8000/", status=None).out
        if answer:
            seen.add(answer.split('"MESH_WORKLOAD": "')[1].split('"')[0])
        return seen == {"web", "web-1"}
    until(both, "both have answered", 20)


def test_no_capture(local):
    port = free_port()
    local.program("web", sys.executable, "-c", APP, str(port), "web", flags=["--no-capture", "-p", f"8000={port}:http"])
    answer = until(lambda: get(local, "http://web:8000/", flags=["--no-capture", "--name", "client"], status=None).out,
                   "an answer", 15)
    assert '"server": "web"' in answer
    assert "URI=spiffe://cluster.local/ns/default/sa/client" in answer


def test_static_programs_are_captured(local):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        pytest.skip("no compiler here")
    start_app(local)
    get_when_there(local, "http://web:8000/")
    ip = local.run("getent", "ahostsv4", "web").out.split()[0]
    source, program = f"{local.folder}/static.c", f"{local.folder}/static"
    with open(source, "w", encoding="ascii") as file:
        file.write('#include <arpa/inet.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n'
                   'int main(int n, char **v) {\n'
                   ' struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(v[2])) };\n'
                   ' char b[4096]; int s = socket(AF_INET, SOCK_STREAM, 0); ssize_t r; inet_aton(v[1], &a.sin_addr);\n'
                   ' if (n < 3 || connect(s, (void *)&a, sizeof(a))) return 1;\n'
                   ' dprintf(s, "GET / HTTP/1.1\\r\\nhost: web:8000\\r\\nconnection: close\\r\\n\\r\\n");\n'
                   ' while ((r = read(s, b, sizeof(b))) > 0) fwrite(b, 1, r, stdout);\n return 0; }\n')
    if os.spawnlp(os.P_WAIT, compiler, compiler, "-static", "-o", program, source) != 0:
        pytest.skip("no static C library here")
    os.chmod(program, 0o755)
    assert '"server": "web"' in local.run(program, ip, "8000", flags=["--name", "client"]).out


README = os.path.join(TOP, "README.md")


@pytest.mark.limit(120)
@pytest.mark.skipif(not shutil.which("curl"), reason="no curl here")
def test_the_readmes_commands(bare, tmp_path):
    """Every command of "Five minutes with your own programs", in one shell, as a reader types them."""
    with open(README, encoding="utf-8") as file:
        part = file.read().split("## Five minutes")[1].split("\n## ")[0]
    lines = [line[4:] for line in part.splitlines() if line.startswith("    ")]
    assert sum(line.startswith(("mesh ", "cat ")) for line in lines) >= 6
    os.symlink(bare.binary, tmp_path / "mesh")
    script = ["set -e", f"cd {tmp_path}", f"PATH={tmp_path}:$PATH", "trap 'kill $(jobs -p); wait' EXIT"]
    for line in lines:
        if line.startswith("mesh up"):
            line = line.replace("mesh up", f"mesh up --api none --xds none --http-port {bare.http_port} "
                                           f"--https-port {bare.https_port}")
        if "client" in line: # a reader's fingers give the server the time it needs
            line = f"for i in $(seq 100); do {line} > page && grep -q Directory page && break; sleep 0.1; done; cat page"
        script.append(line)
        if line.startswith("mesh up"):
            script.append("for i in $(seq 100); do [ -S $MESH_RUNTIME_DIR/api.sock ] && break; sleep 0.1; done")
    result = run(["bash", "-c", "\n".join(script)], env=bare.env, limit_s=100, status=None)
    if "--no-capture" in result.err:
        pytest.skip("no namespaces here")
    assert result.status == 0, result.err
    assert "Directory listing" in result.out
    assert "virtualservice.networking.istio.io/web created" in result.out


@pytest.mark.limit(90)
def test_starting_costs_little(local):
    """Namespace, certificate and configuration: 200 ms are the aim; a busy machine under sanitizers
    is given more."""
    times = []
    for _ in range(5):
        began = time.monotonic()
        local.run("true")
        times.append(time.monotonic() - began)
    print(f"mesh run -- true: median {statistics.median(times) * 1000:.0f} ms")
    assert statistics.median(times) < 2
