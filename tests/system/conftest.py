"""Fixtures for system tests. What they offer is described in meshtest/__init__.py."""

import faulthandler
import os
import shutil
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from meshtest import CA, Echo, Process, run  # noqa: E402
from meshtest.local import LocalMesh  # noqa: E402
from meshtest.rig import Rig  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT_S = 60


def pytest_configure(config):
    config.addinivalue_line("markers", "limit(seconds): how long the test may take, 60 when not said")


class TookTooLong(BaseException):
    """Not an Exception, so that no `except Exception` of a test swallows it."""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """Ends a test that takes too long; one that cannot be interrupted ends the whole run, with a
    trace of every thread."""
    marker = item.get_closest_marker("limit")
    limit_s = marker.args[0] if marker else LIMIT_S

    def on_alarm(_number, _frame):
        raise TookTooLong(f"{item.name} took more than {limit_s} s")

    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    faulthandler.dump_traceback_later(limit_s + 30, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for process in getattr(item, "meshtest_processes", ()):
            report.sections.append((f"log of {process.name}", process.log()[-8000:]))


def mesh_binary():
    named = os.environ.get("MESH_BIN")
    for path in [named] if named else [f"{TOP}/build/{kind}/mesh" for kind in ("asan", "debug", "release")]:
        if os.access(path, os.X_OK):
            return os.path.abspath(path)
    pytest.fail(f"no mesh to test ({named or 'MESH_BIN is not set, and nothing is built'})", pytrace=False)


class Mesh:
    """The fixture `mesh`: the binary under test, with folders of its own."""

    def __init__(self, folder, item):
        self.binary = mesh_binary()
        self.folder = folder
        self.home = os.path.join(str(folder), "home")
        self.processes = item.meshtest_processes = []
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("MESH_", "XDG_"))}
        self.env["HOME"] = self.home
        for name in ("STATE", "CONFIG", "CACHE", "DATA"):
            self.env[f"XDG_{name}_HOME"] = os.path.join(self.home, name.lower())
        # Short, since a Unix socket's path has 108 bytes at most.
        self.env["XDG_RUNTIME_DIR"] = self.runtime = os.path.join("/tmp", f"mt{os.getpid()}-{id(self) & 0xffffff:x}")
        os.makedirs(self.home)
        os.makedirs(self.runtime, mode=0o700)

    def __call__(self, *args, env=None, cwd=None, expect_exit=0):
        name = f"{args[0] if args else 'mesh'}-{len(self.processes)}"
        process = Process([self.binary, *args], self.folder, env={**self.env, **(env or {})}, cwd=cwd,
                          expect_exit=expect_exit, name=name)
        self.processes.append(process)
        return process

    def run(self, *args, env=None, **options):
        return run([self.binary, *args], env={**self.env, **(env or {})}, **options)

    def finish(self):
        wrong = [w for w in [p.finish() for p in reversed(self.processes)] if w]
        shutil.rmtree(self.runtime, ignore_errors=True)
        return wrong


@pytest.fixture
def mesh(tmp_path_factory, request):
    started = Mesh(tmp_path_factory.mktemp("mesh"), request.node)
    yield started
    wrong = started.finish()
    if wrong:
        pytest.fail("; ".join(wrong), pytrace=False)


@pytest.fixture
def local_mesh(request):
    """The test's LocalMesh (meshtest/local.py), not started: local_mesh(user=None, objects=None)."""
    made = []

    def make(**options):
        made.append(LocalMesh(mesh_binary(), **options))
        request.node.meshtest_processes = made[-1].processes
        return made[-1]

    yield make
    wrong = [w for local in made for w in local.finish()]
    if wrong:
        pytest.fail("; ".join(wrong), pytrace=False)


@pytest.fixture
def echo():
    factory = Echo()
    yield factory
    factory.close()


@pytest.fixture
def ca(tmp_path_factory):
    return CA("cluster.local", folder=str(tmp_path_factory.mktemp("ca")))


@pytest.fixture
def rig(mesh, ca, tmp_path_factory):
    """Proxies run from files; see meshtest/rig.py."""
    return Rig(mesh, ca, tmp_path_factory.mktemp("rig"))


@pytest.fixture
def kubectl(tmp_path_factory):
    """kubectl(server_url) -> a function that runs kubectl against that server."""
    program = shutil.which("kubectl")
    if not program:
        pytest.skip("no kubectl here")
    folder = tmp_path_factory.mktemp("kubectl")
    env = {**os.environ, "KUBECONFIG": "/dev/null", "HOME": str(folder)}

    def for_server(url, *flags):
        def kubectl_run(*args, **options):
            return run([program, f"--server={url}", f"--cache-dir={folder}/cache", *flags, *args], env=env, **options)
        return kubectl_run

    return for_server
