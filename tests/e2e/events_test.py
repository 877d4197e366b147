"""--events streams what happens as JSON lines while the run goes on, whatever its reader does."""

import json
import os
import pathlib
import random
import signal
import subprocess
import time

import jsonschema

import harness
import worlds
from harness import E2E, probe, seconds
from processes import eventually

DOCS = harness.DOCS
EVENTS_SCHEMA = json.loads((DOCS / "sandbox-events-1.schema.json").read_text(encoding="utf-8"))


def validator():
    resolver = jsonschema.RefResolver(base_uri=DOCS.as_uri() + "/", referrer=EVENTS_SCHEMA)
    return jsonschema.Draft7Validator(EVENTS_SCHEMA, resolver=resolver)


def parse(text):
    """The lines as dicts, once each is proved to follow the schema; a half one is an error."""
    assert not text or text.endswith("\n"), f"half a line: {text[-200:]!r}"
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        errors = [f"/{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in validator().iter_errors(line)]
        assert not errors, f"{line['kind']} does not follow the schema:\n" + "\n".join(errors)
    return lines


def kinds(lines):
    return [line["kind"] for line in lines]


class Events(E2E):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.folder("out"), "events.jsonl")

    def lines(self):
        return parse(pathlib.Path(self.path).read_text(encoding="utf-8"))

    def whole_lines(self):
        """Without the rest behind the last newline: SIGKILL cuts a write(2) where a page of its file ends."""
        text = pathlib.Path(self.path).read_text(encoding="utf-8")
        return text[:text.rfind("\n") + 1]

    def assert_whole(self, lines, report):
        """All of the run: its begin, the report's events, the report."""
        begin, *events, end = lines
        self.assertEqual(next(iter(begin)), "schema")
        for key in ("run_id", "name", "command", "started_at"):
            self.assertEqual(begin[key], report[key])
        self.assertEqual(events, report["events"])
        self.assertEqual(end, {"kind": "report", "report": report})

    def streamed(self, *args, **how):
        result = self.sandbox("--events", self.path, *args, **how)
        self.assert_whole(self.lines(), result.report)
        return result


class WholeStreams(Events):
    def test_a_pass_and_a_failure(self):
        for code in (0, 3):
            with self.subTest(code=code):
                result = self.streamed("--", probe("exit-with"), str(code))
                self.assert_ended(result, exit=code)
                self.assertEqual(kinds(self.lines()), ["begin", "started", "exited", "report"])

    def test_a_timeout(self):
        result = self.streamed("--timeout", "0.3", "--", probe("sleep-forever"))
        self.assert_ended(result, exit=124)
        self.assertIn("deadline", kinds(self.lines()))

    def test_an_oom(self):
        self.require("memory_group")
        result = self.streamed("--memory", "32M", "--", probe("eat-memory"), "64")
        self.assert_verdict(result, "out-of-memory", signal=signal.SIGKILL)
        self.assertIn("oom", kinds(self.lines()))

    def test_a_failed_set_up(self):
        result = self.streamed("--", "/no/such/program")
        self.assert_refused(result, 127, "/no/such/program")
        self.assertEqual(kinds(self.lines()), ["begin", "report"])

    def test_a_refusal(self):
        result = self.streamed("--memory", "lots", "--", "true")
        self.assert_refused(result, 125, "lots")
        self.assertEqual(kinds(self.lines()), ["begin", "report"])

    def test_a_report_that_cannot_be_written(self):
        result = self.sandbox("--events", self.path, "--report", self.project, "--", "true", report=False)
        self.assert_ended(result, exit=125)
        self.assertEqual(self.lines()[-1]["report"]["verdict"], "setup-failed")

    def test_a_run_that_goes_on_without_namespaces_is_one_run(self):
        self.require("userns")
        inner = [harness.SANDBOX_EXEC, "--best-effort", "--events", "fd:1", "--", "true"]
        result = self.sandbox("--ro-bind", harness.SANDBOX_EXEC, "--", *inner)
        lines = parse(result.stdout)
        self.assertEqual(lines[-1]["report"]["policy"]["isolation"], "none", str(result))
        self.assert_whole(lines, lines[-1]["report"])

    def test_a_command_that_is_not_utf8(self):
        self.streamed("--", "true", b"caf\xe9")
        self.assertEqual(self.lines()[0]["command_base64"], [None, "Y2Fm6Q=="])

    def test_a_file_that_exists_is_emptied(self):
        self.file(self.path, "x" * 100_000)
        self.assert_ended(self.streamed("--", "true"), exit=0)

    def test_a_policy_file_names_it(self):
        policy = self.file("out/policy.json", '{"events": "events.jsonl"}')
        result = self.sandbox("--policy", policy, "--", "true")
        self.assert_whole(self.lines(), result.report)
        self.assertEqual(result.report["policy"]["events"], self.path)


class WhileItRuns(Events):
    def test_each_fact_is_there_at_once(self):
        started = self.start("--events", self.path, "--", probe("sleep-forever"))
        self.assertEqual(started.line(), "ready")
        self.assertTrue(eventually(lambda: kinds(self.lines()) == ["begin", "started"], seconds(2)), str(self.lines()))
        os.kill(started.pid, signal.SIGTERM)
        result = started.finish()
        self.assert_ended(result, signal=signal.SIGTERM)
        self.assert_whole(self.lines(), result.report)
        self.assertIn("signal", kinds(self.lines()))

    def test_the_supervisor_killed_at_any_moment_leaves_whole_facts(self):
        moments = random.Random(3)
        whole = self.sandbox("--", "sleep", "0.05").seconds
        self.addCleanup(self.sandbox, "--", "true")  # removes the groups that these leave
        seen = set()
        for i in range(30):
            delay = moments.uniform(0, whole)
            self.path = os.path.join(self.work, "out", f"{i}.jsonl")
            with self.subTest(round=i, delay=round(delay, 4)):
                started = self.start("--events", self.path, "--", "sleep", "0.05", report="maybe")
                time.sleep(delay)
                os.kill(started.pid, signal.SIGKILL)
                started.finish()
                if os.path.exists(self.path):
                    seen.add(len(parse(self.whole_lines())))
        self.assertGreater(len(seen), 1, "every round was killed in the same place")


class Readers(Events):
    def pipe(self):
        ends = os.pipe()
        for end in ends:
            self.addCleanup(lambda end=end: end in self.open and os.close(end))
        self.open = set(ends)
        return ends

    def close(self, end):
        self.open.discard(end)
        os.close(end)

    def test_a_pipe(self):
        read, write = self.pipe()
        result = self.sandbox("--events", f"fd:{write}", "--", probe("show-world"), pass_fds=(write,))
        self.close(write)
        self.assert_ended(result, exit=0)
        self.assertNotIn(str(write), result.world["fds"])
        with os.fdopen(os.dup(read), encoding="utf-8") as reader:
            self.assert_whole(parse(reader.read()), result.report)

    def test_a_descriptor_does_not_reach_a_test_without_isolation(self):
        read, write = self.pipe()
        result = self.sandbox("--isolation", "none", "--events", f"fd:{write}", "--", "ls", "-l", "/proc/self/fd",
                              pass_fds=(write,))
        self.assert_ended(result, exit=0)
        self.assertNotIn(f"pipe:[{os.fstat(read).st_ino}]", result.stdout)

    def test_a_fifo(self):
        path = os.path.join(self.work, "fifo")
        os.mkfifo(path)
        self.own(path)
        reader = subprocess.Popen(["cat", path], stdout=subprocess.PIPE, text=True)
        result = None
        while result is None or "nobody reads" in result.stderr:  # until cat has opened it
            result = self.sandbox("--events", path, "--", "true", report="maybe")
        self.assert_whole(parse(reader.communicate(timeout=seconds(10))[0]), result.report)

    def test_a_fifo_that_nobody_reads_is_refused(self):
        path = os.path.join(self.work, "fifo")
        os.mkfifo(path)
        self.own(path)
        result = self.sandbox("--events", path, "--", "true")
        self.assert_refused(result, 125, path, "ENXIO")

    def test_one_that_goes_away_does_not_end_the_run(self):
        read, write = self.pipe()
        started = self.start("--events", f"fd:{write}", "--", "sh", "-c", "echo ready; sleep 0.3; exit 3",
                             pass_fds=(write,))
        self.close(write)
        self.assertEqual(started.line(), "ready")
        self.close(read)
        result = started.finish()
        self.assert_verdict(result, "failed", exit=3)
        self.assertIn(f"--events fd:{write} ended early: its reader has gone", result.report["warnings"])

    def test_one_that_reads_nothing_holds_the_run_up_no_longer_than_it_may(self):
        read, write = self.pipe()
        os.set_blocking(write, False)
        try:
            while os.write(write, b" " * 4096):
                pass
        except BlockingIOError:
            os.set_blocking(write, True)
        result = self.sandbox("--events", f"fd:{write}", "--timeout", "0.3", "--", probe("sleep-forever"),
                              pass_fds=(write,))
        self.assert_verdict(result, "timed-out", exit=124)
        self.assertLess(result.report["usage"]["wall_seconds"], 0.3 + seconds(0.5), "its deadline waited for the reader")
        self.assertLess(result.seconds, 5 + seconds(2))
        self.assertIn("its reader did not take the rest", result.report["warnings"][-1])

    def test_a_full_disk_ends_the_stream_only(self):
        result = self.sandbox("--events", "/dev/full", "--", "true")
        self.assert_passed(result)
        self.assertIn("--events /dev/full ended early: ENOSPC", result.report["warnings"])


class Refused(Events):
    def test_a_path_that_cannot_be_opened(self):
        for path in ("/no/such/folder/events", "/proc/events", self.project, "fd:99"):
            with self.subTest(path=path):
                out = self.folder("written")
                result = self.sandbox("--events", path, "--bind", out, "--", probe("write-file"), f"{out}/ran")
                self.assert_refused(result, 125, path)
                self.assertEqual(os.listdir(out), [], "it was run although its events were lost")

    def test_the_file_of_the_report(self):
        path = os.path.join(self.work, "out", "both")
        result = self.sandbox("--events", path, "--report", path, "--", "true", report=path)
        self.assert_refused(result, 125, path)


if __name__ == "__main__":
    harness.main()
