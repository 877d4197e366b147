"""Starts sandbox-exec as a person would and hands back what came of it.

Each run writes a report to a file of its own unless told otherwise, and every report is checked against the schema.
After each test class nothing may be left: no process beneath the harness, no control group.
"""

import dataclasses
import json
import os
import pathlib
import pwd
import select
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import unittest

import jsonschema

import groups
import processes
import worlds
from processes import eventually

SANDBOX_EXEC = os.environ["SANDBOX_EXEC"]
PROBES = os.environ["PROBES"]
SOURCE = pathlib.Path(__file__).resolve().parents[2]
DOCS = SOURCE / "docs"

seconds = worlds.seconds
COMPILED = {}  # (name, source, flags) → the program


def probe(name):
    return os.path.join(PROBES, name)


def _refuse_duplicates(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key twice in the report: {keys}"
    return dict(pairs)


def _refuse_constant(name):
    raise AssertionError(f"{name} in the report")


def parse_report(text):
    """The report as a dict, once it is proved to follow its schema: "sandbox-report/1" is in sandbox-report-1."""
    report = json.loads(text, object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant)
    schema = DOCS / f"{report['schema'].replace('/', '-')}.schema.json"
    validator = jsonschema.Draft7Validator(json.loads(schema.read_text(encoding="utf-8")))
    errors = [f"/{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(report)]
    assert not errors, "the report does not follow the schema:\n" + "\n".join(errors)
    assert next(iter(report)) == "schema", "the report's first key is not `schema`"
    return report


@dataclasses.dataclass
class Result:
    """How a run ended, as its caller saw it."""

    exit: int | None  # exactly one of the two is set
    signal: int | None
    stdout: str
    stderr: str
    report: dict | None
    seconds: float

    @property
    def sentences(self):
        """The lines on stderr that are sandbox-exec's own, without the program's name."""
        prefix = "sandbox-exec: "
        return [line[len(prefix):] for line in self.stderr.splitlines() if line.startswith(prefix)]

    @property
    def sentence(self):
        return self.sentences[0] if self.sentences else ""

    @property
    def hint(self):
        hints = [line[6:] for line in self.stderr.splitlines() if line.startswith("hint: ")]
        return hints[0] if hints else ""

    @property
    def world(self):
        """What show-world printed."""
        return json.loads(self.stdout)

    def __str__(self):
        return f"exit {self.exit} signal {self.signal}\nstdout: {self.stdout[:4000]}\nstderr: {self.stderr[:4000]}"


class Started:
    """A sandbox-exec that runs."""

    running = set()

    def __init__(self, argv, report_path, report_expected, popen):
        self.argv = argv
        self.report_path = report_path
        self.report_expected = report_expected
        self.begin = time.monotonic()
        self.process = subprocess.Popen(argv, bufsize=0, **popen)
        self.pid = self.process.pid
        self.seen = b""
        Started.running.add(self)

    def line(self, timeout=20):
        """The next line of stdout: how a test waits until the program inside is ready."""
        end = time.monotonic() + seconds(timeout)
        line = b""
        while not line.endswith(b"\n"):
            ready = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]
            byte = os.read(self.process.stdout.fileno(), 1) if ready else b""
            if not byte:
                break
            line += byte
        self.seen += line
        if not line.endswith(b"\n"):
            self.stop()
            raise AssertionError(f"no line from {self.argv} but {line!r}; stderr: {self.process.stderr.read()!r}")
        return line.decode().rstrip("\n")

    def wait_for(self, program, timeout=10):
        """The number outside of the process that runs `program` inside."""
        pid = eventually(lambda: processes.find_below(self.pid, program), seconds(timeout))
        assert pid, f"{program} did not start beneath {self.argv}"
        return pid

    def stop(self):
        processes.kill_each([self.pid] + processes.descendants(self.pid))

    def finish(self, timeout=20, stdin=None):
        try:
            out, err = self.process.communicate(stdin, timeout=seconds(timeout))
        except subprocess.TimeoutExpired:
            self.stop()
            out, err = self.process.communicate()
            raise AssertionError(f"{self.argv} ran longer than {seconds(timeout)} s\n{out!r}\n{err!r}") from None
        finally:
            Started.running.discard(self)
        return self._result(self.seen + (out or b""), err or b"", time.monotonic() - self.begin)

    def _result(self, out, err, took):
        status = self.process.returncode
        result = Result(exit=status if status >= 0 else None, signal=-status if status < 0 else None,
                        stdout=out.decode(errors="surrogateescape"), stderr=err.decode(errors="surrogateescape"),
                        report=None, seconds=took)
        result.report = self._read_report(result)
        return result

    def _read_report(self, result):
        if self.report_path is None:
            return None
        if not os.path.isfile(self.report_path):
            assert not self.report_expected, f"no report\n{result}"
            return None
        text = pathlib.Path(self.report_path).read_text(encoding="utf-8")
        return parse_report(text)


def _become(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _preparation(group_file, uid):
    """What the child does before it becomes sandbox-exec: a Popen preexec_fn."""

    def prepare():
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.umask(0o022)
        os.setpgid(0, 0)  # a stray kill(0, …) must not reach the harness
        if group_file:
            with open(group_file, "w", encoding="ascii") as file:
                file.write("0")
        if uid is not None:
            _become(uid)

    return prepare


class E2E(unittest.TestCase):
    """One theme. Gives each test a fresh folder `work` with a `project` in it, which is the default cwd; both belong
    to the caller (under sudo: to the person behind it)."""

    maxDiff = None

    @classmethod
    def tearDownClass(cls):
        for started in list(Started.running):
            started.stop()
            started.process.communicate()
            Started.running.discard(started)
        strays = cls.strays(seconds(2))
        processes.kill_each(strays)
        left = eventually(lambda: not groups.left_over(), seconds(1)) or groups.left_over()
        assert not strays, f"processes left behind: {[processes.command_line(pid) for pid in strays]}"
        assert left is True, f"groups left behind: {left}"

    @staticmethod
    def strays(patience):
        """Processes beneath the harness that are none of its running sandboxes, after so many seconds at most."""

        def look():
            known = {started.pid for started in Started.running}
            processes.reap_orphans(known)
            allowed = known.union(*(processes.descendants(pid) for pid in known)) if known else set()
            return [pid for pid in processes.descendants(os.getpid()) if pid not in allowed]

        return look() if not eventually(lambda: not look(), patience) else []

    def setUp(self):
        self.work = tempfile.mkdtemp(prefix="sandbox-e2e-")
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)
        os.chmod(self.work, 0o755)
        self.project = self.folder("project")
        self.own(self.work)
        self.reports = 0

    # --- files

    def own(self, *paths):
        """Gives the files to whom the project belongs in this world."""
        owner = worlds.ORDINARY_ID if worlds.SUDO else worlds.CALLER
        if owner != os.geteuid():
            for path in paths:
                os.chown(path, owner, owner, follow_symlinks=False)

    def folder(self, *names):
        path = os.path.join(self.work, *names)
        os.makedirs(path, exist_ok=True)
        self.own(path)
        return path

    def file(self, name, text="", mode=0o644):
        """A file beneath `work`, or at an absolute name; returns its path."""
        path = os.path.join(self.work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = text if isinstance(text, bytes) else text.encode()
        pathlib.Path(path).write_bytes(data)
        os.chmod(path, mode)
        self.own(path)
        return path

    def script(self, name, text, interpreter="#!/bin/sh"):
        return self.file(name, f"{interpreter}\n{text}\n", 0o755)

    def compile(self, name, source, *flags):
        """A C++ program beneath `work`; what does not depend on the folder is compiled once."""
        path = os.path.join(self.work, name)
        key = (name, source, flags)
        if key in COMPILED:
            return self.file(path, COMPILED[key], 0o755)
        code = self.file(name + ".cpp", source)
        subprocess.run(["g++", "-std=c++20", "-o", path, code, *flags], check=True, cwd=os.path.dirname(path))
        self.own(path)
        if not any(self.work in flag for flag in flags) and "--coverage" not in flags:
            COMPILED[key] = pathlib.Path(path).read_bytes()
        return path

    def git(self, *args, cwd=None):
        """git as the owner of the project."""
        uid = worlds.ORDINARY_ID if worlds.SUDO else worlds.BECOME
        environment = {**os.environ, "HOME": self.work, "GIT_CONFIG_NOSYSTEM": "1"}
        identity = ["-c", "user.name=e2e", "-c", "user.email=e2e@example.org", "-c", "init.defaultBranch=main"]
        prepare = _preparation(None, uid if worlds.HARNESS_IS_ROOT else None)
        subprocess.run(["git", *identity, *args], check=True, cwd=cwd or self.project, env=environment,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=prepare)

    # --- runs

    def environment(self, changes):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("SANDBOX_", "PROBES", "SUDO_"))}
        home = pwd.getpwuid(worlds.CALLER)
        environment.update(HOME=home.pw_dir, USER=home.pw_name, LOGNAME=home.pw_name, LANG="C.UTF-8")
        if worlds.SUDO:
            environment.update(SUDO_UID=str(worlds.ORDINARY_ID), SUDO_GID=str(worlds.ORDINARY_ID),
                               SUDO_USER=pwd.getpwuid(worlds.ORDINARY_ID).pw_name, SUDO_COMMAND=SANDBOX_EXEC)
        for name, value in (changes or {}).items():
            environment.pop(name, None)
            if value is not None:
                environment[name] = value
        return environment

    def start(self, *args, cwd=None, env=None, stdin=subprocess.DEVNULL, report=True, wrapper=(), group_file=None,
              pass_fds=(), executable=SANDBOX_EXEC, **popen):
        """Starts `sandbox-exec --report FILE args…`. report: True (a file, which must exist at the end), "maybe" (it may
        be missing), False (no option), or the path that `args` name."""
        options, path = [], None
        if report in (True, "maybe"):
            self.reports += 1
            path = os.path.join(self.work, f"report-{self.reports}.json")
            options = ["--report", path]
        elif report:
            path = report
        settings = {"stdin": stdin, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": cwd or self.project,
                    "env": self.environment(env), "pass_fds": pass_fds,
                    "preexec_fn": _preparation(group_file, worlds.BECOME), **popen}
        argv = [*wrapper, executable, *options, *args]
        return Started(argv, path, report is not False and report != "maybe", settings)

    def sandbox(self, *args, timeout=20, input=None, **how):
        """One run from start to end."""
        if input is not None:
            how["stdin"] = subprocess.PIPE
        return self.start(*args, **how).finish(timeout, input)

    # --- judgements

    def require(self, *names):
        worlds.require(self, *names)

    def assert_ended(self, result, exit=None, signal=None):
        self.assertEqual((result.exit, result.signal), (exit, signal), str(result))

    def assert_passed(self, result):
        """And said nothing of its own."""
        self.assert_ended(result, exit=0)
        self.assertEqual(result.sentences, [], str(result))
        if result.report is not None:
            self.assertEqual(result.report["verdict"], "passed", str(result))

    def assert_verdict(self, result, verdict, exit=None, signal=None):
        """The verdict in report and sentence, and how sandbox-exec itself ended."""
        self.assert_ended(result, exit, signal)
        self.assertEqual(result.report["verdict"], verdict, str(result))
        label = {126: "not executable", 127: "not found"}.get(exit, verdict) if verdict == "setup-failed" else verdict
        self.assertEqual(len(result.sentences), 1, str(result))
        self.assertTrue(result.sentence.startswith(label + ": "), str(result))
        self.assertEqual(result.report["reason"], result.sentence)
        self.assertEqual(result.report["exit_status"], exit if signal is None else 128 + signal)

    def assert_sentence(self, result, pattern):
        """The whole sentence, as a regular expression."""
        self.assertRegex(result.sentence, f"^{pattern}$", str(result))

    def assert_refused(self, result, exit, *words):
        """Refused before the test started: one clear message with the user's own words, and the status."""
        self.assert_ended(result, exit=exit)
        self.assertEqual(len(result.sentences), 1, str(result))
        for word in words:
            self.assertIn(word, result.stderr, str(result))
        self.assertEqual(result.stdout, "", str(result))
        if result.report is not None:
            self.assertEqual(result.report["verdict"], "setup-failed")

    def shell(self, text, *options, **how):
        """Runs a shell line inside, where the probes are shown too."""
        return self.sandbox("--ro-bind", PROBES, *options, "--", "sh", "-c", text, **how)

    def show_world(self, *options, **how):
        result = self.sandbox(*options, "--", probe("show-world"), **how)
        self.assert_ended(result, exit=0)
        return result.world


def is_fifo(path):
    return stat.S_ISFIFO(os.stat(path).st_mode)


def main():
    unittest.main(verbosity=2)
