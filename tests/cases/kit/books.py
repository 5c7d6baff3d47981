"""What there is to be tested, and where each row stands.

    rows.txt                ID AREA [no]   the rows there are; `no`: cannot be had on one machine at all
    infeasible.txt          ID: why        rows that we do not run, and the reason
    expected-failures.txt   ID: why        cases that fail today"""

import os
import re

from . import CASES

README = f"{CASES}/README.md"
BEGIN, END = "<!-- table -->", "<!-- /table -->"


def _lines(name):
    path = f"{CASES}/{name}"
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.strip() and not line.startswith("#")]


def _reasons(name):
    return dict(line.split(": ", 1) for line in _lines(name))


def rows():
    """id -> (area, feasible)."""
    return {p[0]: (p[1], len(p) < 3) for p in (line.split() for line in _lines("rows.txt"))}


def expected_failures():
    return _reasons("expected-failures.txt")


def infeasible():
    reasons = {i: "needs more than one machine or a Kubernetes cluster" for i, (_, can) in rows().items() if not can}
    return {**reasons, **_reasons("infeasible.txt")}


def problems(areas):
    """What is wrong with the books themselves."""
    known, written, found = rows(), set(), []
    for area in areas:
        for case in area.cases:
            if case.id not in known:
                found.append(f"{case.file}.yaml: {case.id} is no row of rows.txt")
            elif known[case.id][0] != case.area:
                found.append(f"{case.file}.yaml: {case.id} belongs to {known[case.id][0]}")
            if case.id in written:
                found.append(f"{case.file}.yaml: {case.id} is there twice")
            written.add(case.id)
    found += [f"expected-failures.txt: {i} is no case" for i in expected_failures() if i not in written]
    found += [f"infeasible.txt: {i} is no row" for i in infeasible() if i not in known]
    found += [f"infeasible.txt: {i} is written as a case" for i in infeasible() if i in written]
    return found


def standing(areas):
    """id -> runs, fails, infeasible, not written."""
    written = {c.id for a in areas for c in a.cases}
    failing, cannot = expected_failures(), infeasible()
    return {i: "fails" if i in failing else "runs" if i in written else "infeasible" if i in cannot else "not written"
            for i in rows()}


def print_list(areas, words):
    why = {**infeasible(), **expected_failures()}
    for i, state in standing(areas).items():
        if not words or rows()[i][0] in words or i in words:
            print(f"{state:12} {rows()[i][0]:18} {i}{'  (' + why[i] + ')' if i in why else ''}")
    return 0


def table(areas):
    states, order = standing(areas), {}
    for i, (area, _) in rows().items():
        order.setdefault(area, []).append(states[i])
    lines = ["| area | rows | run | pass | fail | infeasible | not written |", "|---|---|---|---|---|---|---|"]
    total = []
    for area, found in [*sorted(order.items()), ("all", list(states.values()))]:
        runs, fails = found.count("runs"), found.count("fails")
        total = [area, len(found), runs + fails, runs, fails, found.count("infeasible"), found.count("not written")]
        lines.append("| " + " | ".join(map(str, total)) + " |")
    return "\n".join(lines)


def print_table(areas, write):
    text = table(areas)
    if not write:
        print(text)
        return 0
    with open(README, encoding="utf-8") as file:
        page = file.read()
    with open(README, "w", encoding="utf-8") as file:
        file.write(re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{text}\n{END}", page, flags=re.S))
    return 0
