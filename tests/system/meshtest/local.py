"""A mesh on this machine, `mesh up`, and programs in it, `mesh run`; as root or as another user."""

import atexit
import os
import shutil
import tempfile

import pytest

from .process import Process, run
from .util import free_port

NOBODY = 65534


class LocalMesh:
    """up() starts it, program() starts a workload, run() runs one to its end. HOME, state and
    sockets are in a folder of its own."""

    def __init__(self, binary, user=None, objects=None):
        self.binary = binary
        self.folder = tempfile.mkdtemp(prefix="ml-")
        os.chmod(self.folder, 0o755)
        self.logs = tempfile.mkdtemp(prefix="ml-logs-") # shown when the test failed, so kept to the end
        atexit.register(shutil.rmtree, self.logs, ignore_errors=True)
        self.processes = []
        self.prefix = []
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("MESH_", "XDG_", "http_proxy"))}
        self.env.update(HOME=self.folder, MESH_STATE_DIR=f"{self.folder}/state", MESH_RUNTIME_DIR=f"{self.folder}/run")
        self.http_port, self.https_port = free_port(), free_port()
        self.objects = objects
        if user is not None:
            os.chown(self.folder, user, user)
            self.prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]

    def start(self, *args, name=None, expect_exit=0, env=None):
        process = Process([*self.prefix, self.binary, *args], self.logs, env={**self.env, **(env or {})},
                          name=name or f"{args[0]}-{len(self.processes)}", expect_exit=expect_exit)
        self.processes.append(process)
        return process

    def mesh(self, *args, **options):
        """A command to its end."""
        return run([*self.prefix, self.binary, *args], env={**self.env, **options.pop("env", {})}, **options)

    def up(self, *args):
        files = ["-f", self.objects] if self.objects else []
        process = self.start("up", "--api", "127.0.0.1:0", "--xds", "none", "--http-port", str(self.http_port),
                             "--https-port", str(self.https_port), *files, *args, name=f"up-{len(self.processes)}")
        process.wait_line(r"^ready in")
        return process

    def program(self, name, *command, flags=(), expect_exit=143):
        """`mesh run --name NAME FLAGS -- COMMAND` beside the test; ended by SIGTERM with 143."""
        return self.start("run", "--name", name, *flags, "--", *command, name=name, expect_exit=expect_exit)

    def run(self, *command, flags=(), **options):
        return self.mesh("run", *flags, "--", *command, **options)

    def needs_namespaces(self):
        """Skips where the machine forbids them; the reason is the program's own. After up()."""
        probe = self.run("true", status=None)
        if probe.status == 80 and "--no-capture" in probe.err:
            pytest.skip(probe.err.strip())

    def finish(self):
        wrong = [w for w in [p.finish() for p in reversed(self.processes)] if w]
        shutil.rmtree(self.folder, ignore_errors=True)
        return wrong
