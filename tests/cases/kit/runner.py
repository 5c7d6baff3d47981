"""Runs cases against a fleet: applies, calls, compares, and tells what happened."""

import itertools
import json
import os
import time
import uuid

import yaml

from . import casefile, commands, expect
from .caller import Request, Target, ask_dns, call
from .configure import Refused
from .echo import PORTS
from .fleet import APPS, DOMAIN
from .observed import Observed

LISTS = ("from", "to", "at", "port", "path", "host", "protocol") # of a call: each value of a list is a call


def run_case(fleet, case):
    """What is wrong, as a list of lines; empty: it passed."""
    try:
        return Run(fleet, case).run()
    except Refused as refused:
        return [str(refused)]
    except (LookupError, KeyError, ValueError, TypeError, OSError, AssertionError, casefile.BadFile) as error:
        return [f"the case cannot be run: {error!r}"]


class Run:
    def __init__(self, fleet, case):
        self.fleet, self.case = fleet, case
        self.applied = []
        self.files = None # their folder, once something asks for it

    def run(self):
        config = [*self.case.config]
        if self.case.refused:
            try:
                self.apply(config)
            except Refused as refused:
                return [] if expect.matches(f"~{self.case.refused}", str(refused)) else [str(refused)]
            return self.tell(["the configuration is accepted"])
        try:
            self.apply(config)
        except Refused as refused:
            return self.tell([f"refused: {refused}"])
        wrong = self.calls(self.case.calls) or self.runs(self.case.runs)
        for step in self.case.steps:
            if wrong:
                break
            config = [c for c in config if not any(head in c for head in step["remove"])]
            for item in step["config"] or []: # the same object anew, or one more
                config = [c for c in config if list(c) != list(item)] + [item]
            try:
                self.apply(config)
            except Refused as refused:
                return self.tell([f"refused: {refused}"])
            wrong = self.calls(step["calls"]) or self.runs(step["runs"])
        return wrong

    def apply(self, config):
        docs = [casefile.document(self.fill(item), APPS) for item in config]
        self.applied = docs
        world = self.fleet.world()
        self.fleet.config.put([*self.fleet.namespaces([*world, *docs]), *world, *self.fleet.as_kubernetes(docs)])

    def tell(self, lines):
        text = yaml.safe_dump_all(self.applied, sort_keys=False, default_flow_style=None, width=120).rstrip()
        return [*lines, "applied:", *(f"  {line}" for line in text.splitlines())]

    # ---- ${...} ----

    def fill(self, value):
        return casefile.fill(value, self.lookup)

    def lookup(self, name):
        if name in self.case.vars:
            return casefile.fill(self.case.vars[name], self.lookup)
        owner, _, what = name.rpartition(".")
        workload = self.fleet.workloads.get(owner)
        if what in ("ip", "ip6") and workload:
            return getattr(workload.place, what)
        if name == "files":
            self.files = self.files or self.fleet.case_files(self.case.files)
            return self.files
        if what == "host" and owner:
            return f"{owner}.{APPS}.{DOMAIN}"
        if what == "vip" and self.fleet.service(owner):
            return self.fleet.service(owner)["spec"]["clusterIP"]
        if name.startswith("file "):
            return self.fleet.pki.path(*name.split(" ")[1:])
        if name.split(" ")[0] in ("cert", "key", "ca", "crl"):
            return self.fleet.pki.text(*name.split(" "))
        if name == "jwks":
            return self.fleet.issuers.jwks
        kind, _, token = name.partition(" ")
        if kind in ("token", "payload"):
            return getattr(self.fleet.issuers, kind)(self.case.tokens[token])
        raise KeyError(f"${{{name}}}: no variable of the case; no WORKLOAD.ip, SERVICE.host, SERVICE.vip, cert CA NAME")

    # ---- commands ----

    def runs(self, runs):
        for given in runs:
            given = self.fill(given)
            done = commands.run(self.fleet, given["mesh"], given.get("from"))
            wrong = commands.check(given["expect"], done)
            if wrong:
                return self.tell([*wrong, f"ran:      mesh {given['mesh']}", f"exit:     {done.code}",
                                  *(f"out:      {line}" for line in done.out.splitlines()[:40]),
                                  *(f"err:      {line}" for line in done.err.splitlines()[:20])])
        return []

    # ---- calls ----

    def calls(self, calls):
        for given in calls:
            given = self.fill(given)
            casefile.check_keys(given["expect"], casefile.EXPECT_KEYS, f"{self.case.id}: expect")
            lists = [key for key in LISTS if isinstance(given.get(key), list)]
            for values in itertools.product(*(given[key] for key in lists)):
                wrong = self.one({**given, **dict(zip(lists, values))})
                if wrong:
                    return wrong
        return []

    def one(self, given):
        """One call of the file: count requests, and what is expected of them."""
        deadline = time.monotonic() + given.get("eventually", 0)
        while True:
            mark = uuid.uuid4().hex
            source = self.fleet.workloads[given["from"]]
            target, request = self.request(given, source, mark)
            kept = None if given.get("fresh") else {} # count calls share a connection
            sizes = {w.name: size_of(w.log) for w in self.fleet.workloads.values() if w.process}
            observed = Observed(self.fleet, given["expect"])
            replies = [self.follow(source, target, request, given, kept) for _ in range(given.get("count", 1))]
            if kept:
                kept["sock"].close()
            wrong = expect.check(given["expect"], replies, source)
            if not wrong and "mirrored" in given["expect"]:
                wrong = self.mirrored(given["expect"]["mirrored"], mark, len(replies))
            if not wrong and "logged" in given["expect"]:
                wrong = self.logged(given["expect"]["logged"], sizes)
            wrong = wrong or observed.differ()
            if not wrong or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        if not wrong:
            return []
        shown = {k: v for k, v in given.items() if k != "expect"}
        return self.tell([*wrong,
                          f"called:   {yaml.safe_dump(shown, default_flow_style=True, width=10000).strip()} -> "
                          f"{target.ip}:{target.port}",
                          f"expected: {yaml.safe_dump(given['expect'], default_flow_style=True, width=10000).strip()}",
                          *(f"got:      {reply}" for reply in replies[:3])])

    def request(self, given, source, mark):
        port = given.get("port", "http")
        target = self.fleet.where(source, given["to"], port) if given.get("to") else None
        if given.get("at"):
            ip, _, number = str(given["at"]).rpartition(":")
            target = Target(ip, int(number)) if ip else Target(str(given["at"]), target.port)
        if given.get("resolve"): # the sidecar's name server says where
            _, ips = ask_dns(source.place, Target("127.0.0.1", 15053), given["resolve"], tcp=False)
            target.ip = ips[0] if ips else "192.0.2.1"
        protocol = given.get("protocol") or protocol_of(port)
        headers = given.get("headers") or {}
        pairs = [(n, v) for n, values in headers.items() for v in (values if isinstance(values, list) else [values])]
        default = given.get("to") or target.ip
        if target.port not in (80, 443):
            default = f"{default}:{target.port}"
        body = given.get("body", "hello\n" if protocol in ("tcp", "tls") and not greets(port) else "")
        request = Request(protocol=protocol, method=given.get("method", "GET"), path=given.get("path", "/"),
                          host=str(given.get("host", default)), headers=[*pairs, ("x-case", mark)], body=body,
                          limit_s=given.get("limit", 5), before=given.get("before", "").encode("latin-1"))
        if protocol in ("https", "https2", "tls") or given.get("tls") is not None:
            self.fleet.client_tls(request, given.get("tls") or {})
        return target, request

    def follow(self, source, target, request, given, kept):
        reply = call(source.place, target, request, kept)
        for _ in range(5 if given.get("follow") else 0):
            where = reply.header("location")
            if reply.error or reply.status not in (301, 302, 303, 307, 308) or not where:
                break
            rest = where.split("://", 1)[-1]
            host, _, path = rest.partition("/") if "://" in where else (request.host, "", where.lstrip("/"))
            request.host, request.path = host, "/" + path
            reply = call(source.place, target, request)
        return reply

    def logged(self, want, sizes):
        """{at: a, upstream_cluster: ...}: an access log entry of this call with these fields."""
        want, owner = dict(want), want["at"]
        del want["at"]
        deadline = time.monotonic() + 3
        while True:
            entries, path = [], self.fleet.workloads[owner].log
            if size_of(path) > sizes[owner]:
                with open(path, encoding="utf-8") as file:
                    file.seek(sizes[owner])
                    entries = [json.loads(line) for line in file if line.endswith("\n")]
            if any(all(expect.matches(v, e.get(k)) for k, v in want.items()) for e in entries):
                return []
            if time.monotonic() > deadline:
                return [f"no entry with {want} in the access log of {owner}, but {entries}"]
            time.sleep(0.02)

    def mirrored(self, want, mark, count):
        """{c: 50, within: 10}: that share of the requests in percent also came to c."""
        within, wrong = want.get("within", 0), []
        for name, percent in want.items():
            if name == "within":
                continue
            echo = self.fleet.workloads[name].echo

            def copies():
                return sum(1 for s in list(echo.seen) if ["x-case", mark] in s.get("headers", []))
            deadline = time.monotonic() + 2 # copies arrive after the answer
            while copies() < count * (percent - within) / 100 and time.monotonic() < deadline:
                time.sleep(0.01)
            got = copies() * 100 / count
            if abs(got - percent) > within:
                wrong.append(f"{got:g} % of the requests were copied to {name}, not {percent}+-{within} %")
        return wrong


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def protocol_of(port):
    if isinstance(port, int):
        port = next((n for n, (number, own, _) in PORTS.items() if port in (number, own)), "http")
    kind = PORTS[port][2] if port in PORTS else "http"
    if "grpc" in port:
        return "grpc"
    if port == "http2":
        return "http2"
    return {"http": "http", "proxied": "http", "tcp": "tcp", "greet": "tcp", "tls": "https"}[kind]


def greets(port):
    return "tcp-server" in str(port) or port in (9091, 9093, 16060, 16061)
