"""Starting, ending and living without a control plane."""

import os
import signal

import yaml

from meshtest import free_port, http, until
from meshtest.objects import endpoint, gateway, routes, service, to

APP = "app.default.svc.cluster.local"


def start_control(mesh, folder, **options):
    process = mesh("control", "--api", "127.0.0.1:0", "--xds", "none", "--xds-plain", "none", "--state-dir", folder,
                   "--xds-socket", f"{folder}.sock", **options)
    process.wait_line(r"^ready", limit_s=30)
    return process


def start_gateway(mesh, folder, socket, health, **options):
    return mesh("gateway", "--control", f"unix:{socket}", "--state-dir", folder, "-n", "default", "-l", "app=gw", "--name", "gw",
                "--bind", "127.0.0.1", "--ip", "127.0.0.1", "--admin", "127.0.0.1:0", "--health", f"127.0.0.1:{health}",
                "--metrics", "none", "--metrics-too", "none", **options)


def ready(health):
    try:
        return http(f"http://127.0.0.1:{health}/healthz/ready").status
    except OSError:
        return None


def config(mesh, tmp_path, port, app, text="one"):
    objects = [gateway((port, "HTTP", ["*"], None)), service(APP, (80, "HTTP"), endpoints=[endpoint(app.port)]),
               routes("all", "*", {"headers": {"request": {"set": {"x-config": text}}}, "route": [to(APP)]})]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(objects))
    mesh.run("apply", "-f", tmp_path / "all.yaml")


def seen(port):
    try:
        reply = http(f"http://127.0.0.1:{port}/")
        return dict(reply.json()["headers"])["x-config"] if reply.status == 200 else None
    except (OSError, ValueError):
        return None


def test_lc_3_and_lc_5_without_control(mesh, echo, tmp_path):
    app, port, health, socket = echo.http("app"), free_port(), free_port(), f"{tmp_path}/state.sock"
    proxy = start_gateway(mesh, f"{tmp_path}/gw", socket, health)
    until(lambda: ready(health) == 503, "it lives, and has nothing to serve") # LC-5
    control = start_control(mesh, f"{tmp_path}/state", expect_exit=None)
    config(mesh, tmp_path, port, app)
    until(lambda: seen(port) == "one", "it serves")
    until(lambda: ready(health) == 200, "it says so, once all workers have the configuration")
    assert os.path.isdir(f"{tmp_path}/gw/acme") # a folder for certificates, in one that was not there either
    control.kill()
    control.wait()
    for _ in range(3): # LC-3: without control what was is kept
        assert seen(port) == "one" and ready(health) == 200
    proxy.signal(signal.SIGTERM)
    assert proxy.wait() == 0
    proxy = start_gateway(mesh, f"{tmp_path}/gw", socket, health) # and by a new process, from its disk
    until(lambda: seen(port) == "one", "it serves what it had")
    start_control(mesh, f"{tmp_path}/state")
    config(mesh, tmp_path, port, app, "two")
    until(lambda: seen(port) == "two", "it hears of changes again")


def test_lc_4_what_is_refused_changes_nothing(mesh, echo, tmp_path):
    app, port, health = echo.http("app"), free_port(), free_port()
    start_control(mesh, f"{tmp_path}/state")
    config(mesh, tmp_path, port, app)
    start_gateway(mesh, f"{tmp_path}/gw", f"{tmp_path}/state.sock", health)
    until(lambda: seen(port) == "one", "it serves")
    text = (tmp_path / "all.yaml").read_text()
    (tmp_path / "bad.yaml").write_text(text.replace("x-config: one", "x-config: two\n          'bad name': x"))
    assert "bad name" in mesh.run("apply", "-f", tmp_path / "bad.yaml", status=65).err
    assert seen(port) == "one"


def test_lc_1_istios_name_for_draining(rig, echo):
    app, port = echo.http("app"), free_port()
    gw = rig.gateway(rig.config(gateway((port, "HTTP", ["*"], None)), service(APP, (80, "HTTP"), endpoints=[endpoint(app.port)]),
                                routes("all", "*", {"route": [to(APP)]})))
    assert gw.http("/").status == 200
    assert gw.admin("/drain").status == 405 # it takes a POST
    assert gw.admin("/drain", "POST").status == 200
    assert gw.process.wait() == 0
