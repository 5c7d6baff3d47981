"""Processes that cannot outlive the test: own session, ended as a group, tied to our life."""

import collections
import ctypes
import os
import re
import signal
import socket
import subprocess

from .util import until

Result = collections.namedtuple("Result", "status out err")

SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error: |"
                       r"ERROR: libFuzzer|AddressSanitizer:DEADLYSIGNAL")
_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _die_with_us():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def run(args, *, env=None, cwd=None, input=None, status=0, limit_s=30):
    """Runs a command to its end. status: what it must exit with; None: anything. Past the limit it
    is killed with its children and the test fails."""
    process = subprocess.Popen([str(a) for a in args], env=env, cwd=cwd, text=True,
                               stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace",
                               start_new_session=True, preexec_fn=_die_with_us)
    try:
        out, err = process.communicate(input, timeout=limit_s)
    except subprocess.TimeoutExpired:
        out, err = "", ""
        raise AssertionError(f"{' '.join(map(str, args))}: not done within {limit_s} s") from None
    finally:
        _kill_group(process)
    result = Result(process.returncode, out, err)
    assert not SANITIZER.search(err), f"sanitizer report:\n{err}"
    assert status is None or result.status == status, (
        f"{' '.join(map(str, args))}: exit status {result.status}, not {status}\n{out}\n{err}")
    return result


def _kill_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


class Process:
    """A process that runs beside the test. Its output goes to files: out(), err(), log()."""

    def __init__(self, args, folder, *, env=None, cwd=None, expect_exit=0, name=None):
        self.args = [str(a) for a in args]
        self.name = name or os.path.basename(self.args[0])
        self.expect_exit = expect_exit
        self.killed = False
        self._paths = [os.path.join(str(folder), f"{self.name}.{end}") for end in ("out", "err")]
        with open(self._paths[0], "w", encoding="utf-8") as out, \
                open(self._paths[1], "w", encoding="utf-8") as err:
            self._process = subprocess.Popen(self.args, env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                                             stdout=out, stderr=err, start_new_session=True,
                                             preexec_fn=_die_with_us)
        self.pid = self._process.pid

    def out(self):
        return self._read(0)

    def err(self):
        return self._read(1)

    def log(self):
        """Standard output, then standard error, since the start."""
        return self.out() + self.err()

    def _read(self, which):
        with open(self._paths[which], encoding="utf-8", errors="replace") as file:
            return file.read()

    def status(self):
        """None while it runs, else the exit status; negative: minus the signal."""
        return self._process.poll()

    def wait_line(self, pattern, limit_s=10, start=0):
        """Waits until log() matches the regular expression from character `start` on; returns the
        match. Fails at once when the process has ended without it."""
        def look():
            ended = self.status() is not None # asked first: the log is whole once it has ended
            found = re.compile(pattern, re.M).search(self.log(), start)
            if not found and ended:
                raise RuntimeError(f"{self.name} ended with {self.status()} before /{pattern}/:\n{self.log()[-4000:]}")
            return found
        return until(look, f"/{pattern}/ in the log of {self.name}:\n{self.log()[-4000:]}", limit_s)

    def wait_port(self, port, host="127.0.0.1", limit_s=10):
        """Waits until something accepts on the port."""
        def connect():
            if self.status() is not None:
                raise RuntimeError(f"{self.name} ended with {self.status()}:\n{self.log()[-4000:]}")
            socket.create_connection((host, port), 1).close()
            return True
        until(connect, f"{self.name} accepts on {host}:{port}", limit_s)

    def wait(self, limit_s=10):
        """Waits for its end; returns the exit status."""
        try:
            return self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {limit_s} s:\n{self.log()[-4000:]}") from None

    def signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        """kill -9 of the process alone, as in a crash; its exit status is expected then."""
        self.killed = True
        self._process.kill()
        self._process.wait()

    def stop(self, limit_s=15):
        """SIGTERM, and its end within the limit. May be called again."""
        if self.status() is None:
            self._process.terminate()
        return self.wait(limit_s)

    def memory_kb(self, field="Rss"):
        """Rss, Pss, Anonymous, ... of the process now (its children are not counted)."""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as file:
            return int(re.search(rf"^{field}:\s+(\d+)", file.read(), re.M).group(1))

    def finish(self):
        """Ends it if need be and returns what was wrong with it, or None."""
        wrong = None
        try:
            status = self.stop()
            if self.expect_exit is not None and not self.killed and status != self.expect_exit:
                wrong = f"{self.name} exited with {status}, not {self.expect_exit}"
        except AssertionError as error:
            wrong = str(error).splitlines()[0] + " after SIGTERM"
        _kill_group(self._process)
        if SANITIZER.search(self.log()):
            wrong = f"{self.name}: sanitizer report"
        return wrong
