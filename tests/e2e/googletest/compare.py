#!/usr/bin/env python3
"""Runs GoogleTest's own tests outside and inside a sandbox; the results must be the same.

A result is the exit status and, of a GoogleTest program, how each TEST ended. Differences that
docs/known-differences.md lists are accepted; one that is listed and does not show fails too.
With --sandbox-gtest, each program with TESTs also runs under it in every mode: each TEST exactly one
verdict, the same as outside, and on a clean run in one sandbox the XML equals gtest's own, element for
element, but for times.
Prints one line a program and, at the end, "N passed, N failed".
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

MODES = ("binary", "batch:10", "test")
TIMEOUT = 120  # seconds; the longest takes 2
EXIT_STATUS = "exit status"  # named so in the table of known differences
SHOWN = 8  # lines of differences a program


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sandbox-exec", required=True, type=pathlib.Path)
    parser.add_argument("--sandbox-gtest", type=pathlib.Path)
    parser.add_argument("--tests", required=True, type=pathlib.Path,
                        help="what ctest --show-only=json-v1 said of the build tree")
    parser.add_argument("--known", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path, help="reports, logs and results")
    return parser.parse_args()


def list_tests(listing):
    tests = json.loads(listing.read_bytes())["tests"]
    if not tests:
        sys.exit(f"compare: no tests in {listing}")
    return [Test(test) for test in tests]


class Test:
    """One test as CTest would run it."""

    def __init__(self, listed):
        properties = {item["name"]: item["value"] for item in listed["properties"]}
        self.name = listed["name"]
        self.command = listed["command"]
        self.cwd = properties["WORKING_DIRECTORY"]
        self.environment = dict(os.environ)
        self.environment.update(item.split("=", 1) for item in properties.get("ENVIRONMENT", []))

    def is_googletest(self):
        return not os.path.basename(self.command[0]).startswith("python")

    def run_outside(self, out):
        # What an earlier run by another user left in /tmp is in the way of some.
        with tempfile.TemporaryDirectory() as folder:
            return self.run("outside", out, [], {**self.environment, "TEST_TMPDIR": folder})

    def run_inside(self, out, sandbox_exec, report):
        prefix = [sandbox_exec, "--report", report, "--"]
        return self.run("inside", out, prefix, self.environment)

    def run_in_mode(self, mode, out, options):
        """Returns how it ended under sandbox-gtest, and its XML."""
        document = out / f"{self.name}.{mode}.xml"
        document.unlink(missing_ok=True)
        command = [options.sandbox_gtest, f"--isolate={mode}", "--output=gtest", "--report",
                   out / f"{self.name}.{mode}.json", "--", *self.command, f"--gtest_output=xml:{document}"]
        with open(out / f"{self.name}.{mode}.log", "wb") as log:
            ended = subprocess.run(command, cwd=self.cwd, timeout=TIMEOUT, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, check=False,
                                   env={**self.environment, "SANDBOX_EXEC": str(options.sandbox_exec)})
        return {EXIT_STATUS: str(ended.returncode), **read_suite(out / f"{self.name}.{mode}.json")}, document

    def run(self, where, out, prefix, environment):
        """Returns {what: how it ended}, of the exit status and of each TEST."""
        results = out / f"{self.name}.{where}.json"
        results.unlink(missing_ok=True)
        command = [*prefix, *self.command]
        if self.is_googletest():
            command.append(f"--gtest_output=json:{results}")
        with open(out / f"{self.name}.{where}.log", "wb") as log:
            ended = subprocess.run(command, cwd=self.cwd, env=environment, timeout=TIMEOUT,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
        return {EXIT_STATUS: str(ended.returncode), **read_results(results)}


def read_results(path):
    if not path.exists() or not path.stat().st_size:
        return {}
    suites = json.loads(path.read_bytes())["testsuites"]
    return {f"{suite['name']}.{test['name']}": "failed" if "failures" in test else test["result"]
            for suite in suites for test in suite["testsuite"]}


def read_suite(path):
    """As read_results; a TEST that is there twice is an error."""
    if not path.exists():
        return {}
    results = {"passed": "COMPLETED", "skipped": "SKIPPED", "disabled": "SUPPRESSED"}
    tests = json.loads(path.read_bytes())["tests"]
    found = {test["name"]: results.get(test["result"], test["result"]) for test in tests}
    assert len(found) == len(tests), "a TEST twice"
    return found


def shape(element):
    """An element without times, attributes in no order, and without properties that are ours."""
    attributes = {key: value for key, value in element.attrib.items() if key not in ("time", "timestamp")}
    return element.tag, attributes, (element.text or "").strip(), [shape(child) for child in element]


def compare_modes(test, outside, options):
    """{"--isolate=MODE: what": how it differs under sandbox-gtest}"""
    wrong = {}
    reference = options.out / f"{test.name}.reference.xml"
    reference.unlink(missing_ok=True)
    subprocess.run([*test.command, f"--gtest_output=xml:{reference}"], cwd=test.cwd, env=test.environment,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=TIMEOUT,
                   check=False)
    for mode in MODES:
        inside, document = test.run_in_mode(mode, options.out, options)
        wrong |= {f"--isolate={mode}: {what}": how for what, how in differences(outside, inside).items()}
        if mode == "binary" and reference.exists() and "failed" not in outside.values():
            if not document.exists() or shape(xml.parse(document).getroot()) != shape(xml.parse(reference).getroot()):
                wrong[f"--isolate={mode}: XML"] = f"{document} is not {reference}"
    return wrong


def differences(outside, inside):
    """{what: "0 outside, 1 inside"}"""
    return {what: f"{outside.get(what, 'absent')} outside, {inside.get(what, 'absent')} inside"
            for what in {**outside, **inside} if outside.get(what) != inside.get(what)}


def read_known(path):
    """The rows `| program | what | root or user or both | why |`, as {(program, what)}."""
    who = "root" if os.geteuid() == 0 else "user"
    rows = re.findall(r"^\| `([^`|]+)` \| `?([^`|]+?)`? \| (root|user|both) \|", path.read_text(),
                      re.MULTILINE)
    return {(program, what) for program, what, whose in rows if whose in (who, "both")}


def judge(name, found, known):
    """What of a program is not as it should be, as lines."""
    listed = {what for program, what in known if program == name}
    unlisted = [what for what in sorted(found) if what not in listed and what.split(": ")[0] not in listed]
    gone = [what for what in sorted(listed) if what not in found and not any(x.startswith(what + ": ") for x in found)]
    return ([f"{what}: {found[what]}" for what in unlisted] +
            [f"{what}: listed as a known difference, but the same inside as outside" for what in gone])


def figure(value, unit, scale=1.0, digits=2):
    return "-" if value is None else f"{value / scale:.{digits}f} {unit}"


def print_row(name, verdict, wall, cpu, peak, remark=""):
    print(f"{name:42} {verdict:13} {wall:>8} {cpu:>8} {peak:>12}  {remark}".rstrip(), flush=True)


def print_report(name, report, remark):
    usage = report["usage"]
    cpu = [usage["cpu_user_seconds"], usage["cpu_system_seconds"]]
    print_row(name, report["verdict"], figure(usage["wall_seconds"], "s"),
              figure(None if None in cpu else sum(cpu), "s"),
              figure(usage["memory_peak_bytes"], "MiB", 2**20, 1), remark)


def compare(test, known, options):
    """Runs a test both ways and prints its row; returns whether all is as it should be."""
    report = options.out / f"{test.name}.report.json"
    report.unlink(missing_ok=True)
    outside = test.run_outside(options.out)
    inside = test.run_inside(options.out, options.sandbox_exec, report)
    found = differences(outside, inside)
    if options.sandbox_gtest and len(outside) > 1:  # it has TESTs
        found |= compare_modes(test, outside, options)
    if not options.sandbox_gtest:
        known = {(program, what) for program, what in known if not what.startswith("--isolate")}
    wrong = judge(test.name, found, known)
    remark = "DIFFERS from outside" if wrong else ""
    print_report(test.name, json.loads(report.read_bytes()), remark)
    for line in wrong[:SHOWN]:
        print(f"    {line}")
    if len(wrong) > SHOWN:
        print(f"    and {len(wrong) - SHOWN} more")
    return not wrong


def main():
    options = read_arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    options.out = options.out.resolve()
    options.sandbox_exec = options.sandbox_exec.resolve()
    options.sandbox_gtest = options.sandbox_gtest and options.sandbox_gtest.resolve()
    known = read_known(options.known)
    print_row("program", "verdict", "wall", "CPU", "memory peak")
    tests = list_tests(options.tests)
    passed = sum(compare(test, known, options) for test in tests)
    print(f"{passed} passed, {len(tests) - passed} failed (passed: the same inside as outside)")
    return 0 if passed == len(tests) else 1


if __name__ == "__main__":
    sys.exit(main())
