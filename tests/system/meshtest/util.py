"""Waiting with a limit, and ports."""

import fcntl
import os
import random
import socket
import tempfile
import time

_held = [] # open lock files: a port stays ours until this test process ends


def until(condition, what="the condition", limit_s=10.0, every_s=0.02):
    """Polls condition() until it is true and returns its value. It may raise while things are not
    up yet; the last error is part of the message when time runs out."""
    deadline, error = time.monotonic() + limit_s, None
    while True:
        try:
            value = condition()
            if value:
                return value
            error = None
        except (OSError, EOFError, AssertionError, LookupError, ValueError) as caught:
            error = caught
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_s:g} s: {what}" + (f" ({error!r})" if error else ""))
        time.sleep(every_s)


def free_port():
    """A TCP port that nothing uses on any address. Below the range from which the kernel gives
    ports to clients, so that no connection takes it before the test does; a lock file keeps test
    processes that run at the same time apart."""
    folder = os.path.join(tempfile.gettempdir(), f"meshtest-ports-{os.getuid()}")
    os.makedirs(folder, exist_ok=True)
    for port in random.sample(range(17000, 32000), 500):
        lock = open(os.path.join(folder, str(port)), "w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("0.0.0.0", port))
        except OSError:
            lock.close()
            continue
        _held.append(lock)
        return port
    raise RuntimeError("no free port")
