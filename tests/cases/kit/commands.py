"""Commands that a person types: the program itself, run beside control or where a workload is."""

import dataclasses
import json
import shlex
import subprocess

from . import expect


@dataclasses.dataclass
class Done:
    code: int
    out: str
    err: str


def run(fleet, line, workload):
    """`mesh LINE`, which finds control at its socket; from a workload: in its place."""
    place = fleet.workloads[workload].place if workload else fleet.switch.place
    done = subprocess.run(place.command([fleet.binary, *shlex.split(line)]), capture_output=True, text=True, timeout=60,
                          env={**fleet.env, "MESH_SERVER": f"unix:{fleet.folder}/api.sock"}, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def check(want, done):
    """What is not as expected: lines."""
    wrong = []
    if done.code != want.get("exit", 0):
        wrong.append(f"exit {done.code}, not {want.get('exit', 0)}")
    for name in ("out", "err"):
        if name in want and not expect.matches(want[name], getattr(done, name)):
            wrong.append(f"{name}: not {want[name]!r}")
    if "json" in want:
        try:
            wrong += differ(want["json"], json.loads(done.out), "json")
        except ValueError as error:
            wrong.append(f"out is no JSON: {error}")
    return wrong


def differ(want, got, where):
    """want: a map has at least these members; a list has these items in this order, and [..., x] at
    least x; "*": there is something in it; else as texts are compared."""
    if want == "*":
        return [] if got not in (None, "", [], {}) else [f"{where} is empty"]
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return [f"{where} is no map, but {got!r}"]
        return [line for key, value in want.items() for line in differ(value, got.get(key), f"{where}.{key}")]
    if isinstance(want, list):
        if not isinstance(got, list):
            return [f"{where} is no list, but {got!r}"]
        if want[:1] == ["..."]:
            return [f"{where} has no {item!r}" for item in want[1:] if all(differ(item, one, where) for one in got)]
        if len(got) != len(want):
            return [f"{where} has {len(got)} items, not {len(want)}"]
        return [line for at, pair in enumerate(zip(want, got)) for line in differ(*pair, f"{where}[{at}]")]
    if isinstance(want, str) and isinstance(got, str):
        return [] if expect.matches(want, got) else [f"{where}: {got!r} is not {want!r}"]
    return [] if want == got else [f"{where}: {got!r} is not {want!r}"]
