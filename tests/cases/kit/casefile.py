"""Case files: reading them, writing them out case by case, filling in ${...}.

What may stand in a file says tests/cases/README.md. A key that means nothing is an error, so that a
mistyped expectation cannot pass for one that holds."""

import copy
import dataclasses
import glob
import os
import re

import yaml

from . import CASES
from .configure import CLUSTER_SCOPED, KINDS

FILE_KEYS = {"area", "about", "config", "workloads", "names", "cases", "shared", "defaults", "tokens"}
CASE_KEYS = {"id", "each", "about", "config", "call", "calls", "expect", "refused", "without", "steps", "files", "runs"}
CALL_KEYS = {"from", "to", "port", "protocol", "method", "path", "host", "headers", "body", "count", "at", "tls",
             "follow", "before", "eventually", "limit", "expect", "fresh", "resolve"}
EXPECT_KEYS = {"status", "error", "ok", "headers", "upstream", "mtls", "spread", "mirrored", "within", "body", "cert",
               "protocol", "same", "metrics", "logged", "printed"}
STEP_KEYS = {"config", "remove", "calls", "call", "expect", "runs"}
RUN_KEYS = {"mesh", "from", "expect"}
RUN_EXPECT_KEYS = {"exit", "out", "err", "json"}


class BadFile(Exception):
    pass


@dataclasses.dataclass
class Case:
    area: str
    id: str
    file: str
    config: list
    calls: list
    refused: str = None # a pattern of the reason why the config must be refused
    steps: list = dataclasses.field(default_factory=list)
    vars: dict = dataclasses.field(default_factory=dict)
    tokens: dict = dataclasses.field(default_factory=dict) # name -> claims
    files: dict = dataclasses.field(default_factory=dict) # name -> text
    runs: list = dataclasses.field(default_factory=list) # of the program, after the calls


@dataclasses.dataclass
class Area:
    name: str
    file: str
    workloads: dict
    names: dict
    cases: list


def load_all():
    return [load(path) for path in sorted(glob.glob(f"{CASES}/*.yaml")) if os.path.basename(path) != "fleet.yaml"]


def load(path):
    with open(path, encoding="utf-8") as file:
        spec = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    name = os.path.basename(path).removesuffix(".yaml")
    check_keys(spec, FILE_KEYS, name)
    cases = []
    for given in spec["cases"]:
        check_keys(given, CASE_KEYS | set(), f"{name}: {given.get('id', 'a case')}")
        for variables in given.get("each", [{}]):
            one = {**given, **{k: v for k, v in variables.items() if k in CASE_KEYS}}
            cases.append(make_case(spec, one, variables, name))
    return Area(spec.get("area", name), name, spec.get("workloads", {}), spec.get("names", {}), cases)


def make_case(spec, given, variables, file):
    if "id" not in given:
        raise BadFile(f"{file}: a case without id")
    where = f"{file}: {given['id']}"
    common = [] if "config" in (given.get("without") or []) else spec.get("config", [])
    for item in [*common, *given.get("config", []), *(c for s in given.get("steps", []) for c in s.get("config", []))]:
        if not isinstance(item, dict) or ("apiVersion" not in item and len(item) != 1):
            raise BadFile(f"{where}: not of the form `KIND NAME: spec`: {item!r}")
    calls = calls_of(given, spec.get("defaults", {}), where)
    steps = []
    for step in given.get("steps", []):
        check_keys(step, STEP_KEYS, where)
        steps.append({"config": step.get("config"), "remove": step.get("remove", []),
                      "calls": calls_of(step, spec.get("defaults", {}), where), "runs": runs_of(step, where)})
    runs = runs_of(given, where)
    if not calls and not steps and not runs and "refused" not in given:
        raise BadFile(f"{where}: no call")
    return Case(spec.get("area", file), given["id"], file, [*common, *given.get("config", [])], calls,
                given.get("refused"), steps, variables, spec.get("tokens", {}), given.get("files", {}), runs)


def calls_of(given, defaults, where):
    calls = []
    for call in given.get("calls", [given["call"]] if "call" in given else []):
        call = {**defaults, **call}
        call.setdefault("expect", given.get("expect"))
        check_keys(call, CALL_KEYS, where)
        if not call["expect"]:
            raise BadFile(f"{where}: a call that expects nothing")
        if isinstance(call["expect"], dict): # else a variable
            check_keys(call["expect"], EXPECT_KEYS, f"{where}: expect")
        calls.append(call)
    return calls


def runs_of(given, where):
    runs = given.get("runs", [])
    for run in runs:
        check_keys(run, RUN_KEYS, where)
        if not isinstance(run.get("expect"), dict) or not set(run["expect"]) - {"exit"}:
            raise BadFile(f"{where}: a command of whose output nothing is expected")
        check_keys(run["expect"], RUN_EXPECT_KEYS, f"{where}: expect")
    return runs


def check_keys(given, known, where):
    unknown = set(given) - known
    if unknown:
        raise BadFile(f"{where}: unknown: {', '.join(sorted(map(str, unknown)))} (known: {', '.join(sorted(known))})")


def fill(value, lookup):
    """Replaces ${name} everywhere; a text that is nothing else becomes the value itself."""
    if isinstance(value, dict):
        return {fill(k, lookup): fill(v, lookup) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(v, lookup) for v in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    whole = re.fullmatch(r"\$\{([^}]+)\}", value)
    if whole:
        return copy.deepcopy(lookup(whole.group(1)))
    return re.sub(r"\$\{([^}]+)\}", lambda m: str(lookup(m.group(1))), value)


def mesh_config(body):
    """As `istioctl install` leaves it: the ConfigMap istio of the root namespace."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"},
            "data": {"mesh": yaml.safe_dump(body)}}


def document(item, namespace):
    """`KIND [NAMESPACE/]NAME: spec` as a whole object; whole objects stay as they are."""
    if "apiVersion" in item:
        doc = copy.deepcopy(item)
    else:
        (head, body), = item.items()
        kind, _, name = head.partition(" ")
        if kind == "MeshConfig":
            return mesh_config(body)
        if kind not in KINDS:
            raise BadFile(f"{head}: no kind that is known here (kit/configure.py)")
        body = copy.deepcopy(body) or {}
        doc = {"apiVersion": KINDS[kind][0], "kind": kind.split(".")[-1], "metadata": body.pop("metadata", {})}
        if "/" in name:
            doc["metadata"]["namespace"], name = name.split("/")
        doc["metadata"]["name"] = name
        for key in ("data", "stringData", "type", "endpoints", "ports", "addressType"):
            if kind in ("Secret", "ConfigMap", "EndpointSlice", "ServiceAccount") and key in body:
                doc[key] = body.pop(key)
        if kind not in ("Secret", "ConfigMap", "EndpointSlice", "ServiceAccount", "Namespace"):
            doc["spec"] = body
    if doc["kind"] not in CLUSTER_SCOPED:
        doc["metadata"].setdefault("namespace", namespace)
    return doc
