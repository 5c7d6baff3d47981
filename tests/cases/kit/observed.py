"""What proxies told of a call besides its answer: their counts, and lines of their standard output.

    before = Observed(fleet, expect)     before the call
    before.differ()                      after it: what is missing, as a list of texts"""

import time

from meshtest.rig import parse_sample

from . import expect
from .caller import Request, Target, call

LIMIT_S = 3 # in which it must be there


class Observed:
    """expect: of a case. printed: {WORKLOAD: PATTERN or null}; metrics: [{at, name, LABEL: value, ...}],
    of which one must have grown, or be there at all with `grows: false`."""

    def __init__(self, fleet, wanted):
        self.fleet = fleet
        self.metrics, self.printed = wanted.get("metrics", []), wanted.get("printed", {})
        self._counts = {name: self._scrape(name) for name in {*(m["at"] for m in self.metrics), *self.printed}}
        self._sizes = {name: len(fleet.workloads[name].process.out()) for name in self.printed}

    def _scrape(self, name):
        asked = Request(host="metrics", path="/stats/prometheus")
        text = call(self.fleet.switch.place, Target(self.fleet.workloads[name].place.ip, 15020), asked).body.decode()
        samples = (parse_sample(line) for line in text.splitlines() if line and not line.startswith("#"))
        return {(metric, *sorted(labels.items())): number for metric, labels, number in samples}

    def differ(self):
        deadline = time.monotonic() + LIMIT_S
        while True:
            now = {name: self._scrape(name) for name in self._counts}
            wrong = [w for metric in self.metrics for w in self._metric(metric, now)]
            wrong += [w for name, pattern in self.printed.items() for w in self._lines(name, pattern, now)]
            if not wrong or time.monotonic() > deadline:
                return wrong
            time.sleep(0.02)

    def _metric(self, metric, now):
        want = {k: v for k, v in metric.items() if k not in ("at", "name", "grows")}
        before, near = self._counts[metric["at"]], []
        for key, number in now[metric["at"]].items():
            if key[0] != metric["name"] or metric.get("grows", True) and number <= before.get(key, 0):
                continue
            labels = dict(key[1:])
            if all(expect.matches(v, labels.get(k)) for k, v in want.items()):
                return []
            near.append(labels)
        return [f"at {metric['at']} no {metric['name']} with {want} among those that grew: {near}"]

    def _lines(self, name, pattern, now):
        """No line is there for sure only once the request was counted."""
        def requests(counts):
            return sum(n for key, n in counts.items() if key[0] == "istio_requests_total")
        text = self.fleet.workloads[name].process.out()[self._sizes[name]:]
        if pattern is None:
            if requests(now[name]) <= requests(self._counts[name]):
                return [f"{name} counted no request"]
            return [f"{name} printed {text!r}"] if text else []
        return [] if expect.matches(pattern, text) else [f"{name} printed {text!r}"]
