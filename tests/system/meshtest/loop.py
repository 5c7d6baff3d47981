"""One thread with an asyncio loop for all upstreams of a test run."""

import asyncio
import threading

_loop = None


def loop():
    global _loop
    if _loop is None:
        _loop = asyncio.new_event_loop()
        threading.Thread(target=_loop.run_forever, name="meshtest", daemon=True).start()
    return _loop


def call(coroutine, limit_s=10):
    """Runs a coroutine in the loop's thread; returns its result here."""
    return asyncio.run_coroutine_threadsafe(coroutine, loop()).result(limit_s)
