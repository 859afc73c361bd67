#!/usr/bin/env python3
"""Keeps count over all suites of a test run.

usage: results.py FILE add SUITE passed|failed|skipped [WHY]   one thing that was checked
       results.py FILE meson SUITE TESTLOG.json                what `meson test` wrote: the GoogleTest cases in it
       results.py FILE tap SUITE TAPFILE                       what node's test runner wrote
       results.py FILE sum                                     prints what was skipped and why, what failed, and the totals
"""

import json
import pathlib
import re
import sys

OUTCOMES = ("passed", "failed", "skipped")


def add(file, suite, outcome, count=1, why=""):
    if count:
        with open(file, "a", encoding="utf-8") as out:
            out.write(json.dumps({"suite": suite, "outcome": outcome, "count": count, "why": why}) + "\n")


def add_googletest(file, suite, output):
    """One entry per failed or skipped case. Returns False where the output is not GoogleTest's, or breaks off."""
    summary = re.search(r"^\[=+\] \d+ tests? from \d+ test (?:suites?|cases?) ran\.", output, re.M)
    if not summary:
        return False
    passed = re.search(r"^\[  PASSED  \] (\d+) tests?\.", output, re.M)
    add(file, suite, "passed", int(passed.group(1)) if passed else 0)
    # The lists at the end repeat the names; only the lines of the cases themselves have a time.
    for outcome, mark in (("failed", "FAILED "), ("skipped", "SKIPPED")):
        for case in re.finditer(rf"^\[  {mark} \] (\S+?)(?:, where .*)? \(\d+ ms\)$", output, re.M):
            before = output[:case.start()].rstrip().rpartition("\n")[2]
            add(file, suite, outcome, 1, f"{case.group(1)}: {before}" if outcome == "skipped" else case.group(1))
    return True


def add_webapi(file, suite, output):
    """The subtests of web-platform-tests, by area. Returns False where the output has none."""
    areas = re.findall(r"^webapi (\S+): (\d+) passed, (\d+) expected to fail, (\d+) unexpected$", output, re.M)
    for area, passed, expected, unexpected in areas:
        add(file, suite, "passed", int(passed))
        add(file, suite, "skipped", int(expected), f"{area}: expected to fail, see tests/webapi/expected/{area}.json")
        add(file, suite, "failed", int(unexpected), f"{area}: results that are not expected")
    return bool(areas)


def add_meson(file, suite, log):
    names = 0
    for line in pathlib.Path(log).read_text(encoding="utf-8", errors="replace").splitlines():
        test = json.loads(line)
        names += 1
        name = test["name"].rpartition("/")[2].rpartition(":")[2].strip()
        output = test.get("stdout", "")
        counted = add_googletest(file, f"{suite} {name}", output) or add_webapi(file, f"{suite} {name}", output)
        if test["result"] == "SKIP":
            add(file, suite, "skipped", 1, f"{name}: {test.get('stdout', '').strip()}")
        elif test["result"] not in ("OK", "EXPECTEDFAIL"):
            # A crash or a timeout has no failed case of its own.
            if not (counted and test["result"] == "FAIL"):
                add(file, suite, "failed", 1, f"{name}: {test['result']}")
        elif not counted:
            add(file, suite, "passed")
    if not names:
        add(file, suite, "failed", 1, "no test ran")


def add_tap(file, suite, tap):
    text = pathlib.Path(tap).read_text(encoding="utf-8", errors="replace")
    counts = {key: int(number) for key, number in re.findall(r"^# (pass|fail|cancelled|skipped) (\d+)$", text, re.M)}
    if set(counts) != {"pass", "fail", "cancelled", "skipped"} or not sum(counts.values()):
        add(file, suite, "failed", 1, "node's test runner did not finish")
        return
    add(file, suite, "passed", counts["pass"])
    for name, why in re.findall(r"^\s*ok \d+ - (.*?) # SKIP ?(.*)$", text, re.M):
        add(file, suite, "skipped", 1, f"{name}: {why}")
    names = re.findall(r"^\s*not ok \d+ - (.*?)(?: # .*)?$", text, re.M)
    add(file, suite, "failed", counts["fail"] + counts["cancelled"], "; ".join(names))


def total(file):
    try:
        entries = [json.loads(line) for line in open(file, encoding="utf-8")]
    except FileNotFoundError:
        entries = []
    for outcome in ("skipped", "failed"):
        for entry in entries:
            if entry["outcome"] == outcome:
                print(f"{outcome}: {entry['suite']}: {entry['why']}")
    counts = {outcome: sum(e["count"] for e in entries if e["outcome"] == outcome) for outcome in OUTCOMES}
    print(", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES))
    return 0 if counts["passed"] and not counts["failed"] else 1


def main(arguments):
    match arguments:
        case [file, "add", suite, outcome, *why] if outcome in OUTCOMES:
            add(file, suite, outcome, 1, " ".join(why))
        case [file, "meson", suite, log]:
            add_meson(file, suite, log)
        case [file, "tap", suite, tap]:
            add_tap(file, suite, tap)
        case [file, "sum"]:
            return total(file)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
