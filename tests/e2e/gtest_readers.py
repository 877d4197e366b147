"""How programs that many people use read gtest's output: what is recorded here of each is which lines it takes for
what. Each reader gives [(TEST, result, [places of failures])] in the order of the stream.
"""

import re

PLACE = re.compile(r"^(.+?)(?::(\d+)|\((\d+)\)): (?:Failure|error:).*$")
RESULTS = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}


def place(line):
    found = PLACE.match(line)
    return [f"{found[1]}:{found[2] or found[3]}"] if found else []


def by_whole_lines(text):
    """Qt Creator: a line is a pattern's from its first character to its last, or words of the TEST that runs."""
    begins = re.compile(r"^\[ RUN      \] (.*)$")
    ends = re.compile(r"^\[( {7}OK|  FAILED | {2}SKIPPED) \] (.*?)(?:, where .*)? \((\d+ ms)\)$")
    seen, running, places = [], None, []
    for line in text.splitlines():
        if found := begins.match(line):
            running, places = found[1], []
        elif (found := ends.match(line)) and running:  # the summary names some again
            assert found[2] == running, f"{found[2]} ends while {running} runs"
            seen.append((running, RESULTS[found[1].strip()], places))
            running = None
        elif running:
            places += place(line)
    assert running is None, f"{running} has no end"
    return seen


def by_the_test_that_runs(text):
    """C++ TestMate of VS Code: a TEST may begin in the middle of a line, and ends with the line that ends with its name
    and its time, whatever stands before."""
    begins = re.compile(r"\[ RUN      \] ((.+)\.(.+))$")
    seen, running, places = [], None, []
    for line in text.splitlines():
        if running is None:
            if found := begins.search(line):
                running, places = found[1], []
        elif found := re.search(r"\[\s*(\S+)\s*\] " + re.escape(running) + r"(?:, where .*)? \((\d+) ms\)$", line):
            seen.append((running, RESULTS[found[1]], places))
            running = None
        else:
            places += place(line)
    assert running is None, f"{running} has no end"
    return seen


def one_at_a_time(text):
    """Twister of Zephyr: none begins while another runs, none runs twice, and all is over with the tear-down of the
    environment. Names are plain."""
    name = r"([a-zA-Z_]\w*\.[a-zA-Z_]\w*)"
    begins = re.compile(r".*\[ RUN      \] " + name)
    ends = re.compile(r".*\[(       OK|  FAILED | DISABLED) \] " + name)
    over = re.compile(r".*\[-{10}\] Global test environment tear-down")
    seen, running = {}, None
    for line in text.splitlines():
        if found := begins.match(line):
            assert running is None, f"{running} did not finish"
            assert found[1] not in seen, f"{found[1]} runs twice"
            running = found[1]
        elif over.match(line):
            assert running is None, f"{running} did not finish"
            return [(test, result, []) for test, result in seen.items()]
        elif found := ends.match(line):
            assert found[2] == running, f"{found[2]} ends while {running} runs"
            seen[running] = RESULTS.get(found[1].strip(), "skipped")
            running = None
    raise AssertionError("the stream does not end")
