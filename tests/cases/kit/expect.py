"""Whether replies are what a case expects. Every function returns a list of what differs.

A value in a case file matches a value that came:
    text, number    equal          ~REGEX    matches somewhere     null    absent
    "*"             there is one   [x, y]    one of them"""

import re

from .caller import Reply


def matches(want, got):
    if isinstance(want, list):
        return any(matches(w, got) for w in want)
    if want is None:
        return got is None
    if got is None:
        return False
    if want == "*":
        return True
    if isinstance(want, str) and want.startswith("~"):
        return re.search(want[1:], str(got), re.S) is not None
    if isinstance(want, bool) or isinstance(got, bool):
        return want is got
    return str(want) == str(got)


def differ(name, want, got):
    return [] if matches(want, got) else [f"{name}: expected {want!r}, got {got!r}"]


def check(expect, replies, source):
    """expect of one call; spread, mirrored, metrics, printed and logged are the runner's."""
    wrong = []
    for at, reply in enumerate(replies):
        for text in check_one(expect, reply, source):
            wrong.append(f"reply {at + 1} of {len(replies)}: {text}" if len(replies) > 1 else text)
            if len(wrong) > 5:
                return wrong
    if expect.get("same"): # one workload answers all
        names = {r.echo and r.echo["workload"] + r.echo["version"] for r in replies}
        wrong += [] if (len(names) == 1) == (expect["same"] is True) else [f"answers came from {sorted(map(str, names))}"]
    if "spread" in expect:
        wrong += check_spread(expect["spread"], replies)
    return wrong


def check_one(expect, reply: Reply, source):
    wrong = []
    if "error" in expect:
        want = expect["error"]
        if want is True or want == "*":
            wrong += [] if reply.error else [f"expected an error, got {reply}"]
        else:
            wrong += differ("error", want, reply.error)
        if reply.error:
            return wrong
    elif "ok" in expect:
        good = reply.error is None and reply.status == 200 and reply.header("grpc-status") in (None, "0")
        wrong += [] if good == expect["ok"] else [f"expected {'success' if expect['ok'] else 'failure'}"]
        if not expect["ok"]:
            return wrong
    elif reply.error:
        return [f"error: {reply.error}"]
    if "status" in expect or not {"ok", "error"} & set(expect):
        wrong += differ("status", expect.get("status", 200), reply.status)
    for name, want in (expect.get("headers") or {}).items():
        wrong += differ(f"header {name}", want, reply.header(name))
    if "body" in expect:
        wrong += differ("body", expect["body"], reply.body.decode("utf-8", "replace"))
    if "protocol" in expect:
        wrong += differ("protocol", expect["protocol"], reply.protocol)
    for name, want in (expect.get("cert") or {}).items():
        wrong += differ(f"certificate's {name}", want, (reply.cert or {}).get(name))
    if "within" in expect and reply.seconds > seconds(expect["within"]):
        wrong.append(f"took {reply.seconds:.3f} s, not {expect['within']}")
    if "upstream" in expect or "mtls" in expect:
        wrong += check_upstream(expect, reply, source)
    return wrong


def check_upstream(expect, reply, source):
    seen = reply.echo
    if seen is None:
        return ["no app answered"]
    wrong, headers = [], {}
    for name, value in seen.get("headers", []):
        headers[name.lower()] = f"{headers[name.lower()]}, {value}" if name.lower() in headers else value
    want = expect.get("upstream") or {}
    for name, value in want.items():
        if name == "headers":
            for header, text in value.items():
                wrong += differ(f"upstream saw header {header}", text, headers.get(header.lower()))
        elif name == "names": # exact spelling of header names
            spelt = [n for n, _ in seen.get("headers", [])]
            wrong += [f"upstream saw headers {spelt}, without {n}" for n in value if n not in spelt]
        elif name == "tls":
            for part, text in (value or {}).items():
                wrong += differ(f"upstream's tls.{part}", text, (seen["tls"] or {}).get(part))
            if value is None and seen["tls"]:
                wrong.append("upstream was spoken to in TLS")
        else:
            wrong += differ(f"upstream saw {name}", value, seen.get(name))
    if "mtls" in expect:
        cert = headers.get("x-forwarded-client-cert")
        if expect["mtls"]:
            wrong += differ("identity that upstream was told", f"~URI=spiffe://cluster.local/ns/{source.ns}/sa/{source.sa}"
                            if source.kind == "sidecar" else "*", cert)
        else:
            wrong += differ("identity that upstream was told", None, cert)
    return wrong


def check_spread(spread, replies):
    """{b: 80, c: 20, within: 5}: so many of the replies from each; `within` for all."""
    within, counts = spread.get("within", 0), {}
    for reply in replies:
        name = reply.echo["workload"] if reply.echo else str(reply.error or reply.status)
        counts[name] = counts.get(name, 0) + 1
    wrong = [f"{counts.get(n, 0)} answers from {n}, not {want}+-{within} (all: {counts})"
             for n, want in spread.items() if n != "within" and abs(counts.get(n, 0) - want) > within]
    if not wrong and set(counts) - set(spread):
        wrong.append(f"answers from elsewhere: {counts}")
    return wrong


def seconds(text):
    number, unit = re.fullmatch(r"([0-9.]+)(ms|s)", text).groups()
    return float(number) / (1000 if unit == "ms" else 1)
