"""What the benchmarks written in Python share: building, a place to stand, the machine, busy CPUs, broken promises."""

import argparse
import ctypes
import datetime
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile

import outer_group

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PR_SET_PDEATHSIG = 1


def parser_of(description):
    """With the options that every benchmark takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few repetitions: whether it works")
    parser.add_argument("--json", metavar="FILE", help="every figure, as JSON")
    parser.add_argument("--as", dest="uid", type=int, metavar="UID",
                        help="as this ordinary user, in groups that are handed to them")
    parser.add_argument("--build", metavar="FOLDER", help="where to build (build/bench)", default=f"{TOP}/build/bench")
    parser.add_argument("--sandbox-exec", metavar="FILE", help="measure this one instead of the one built")
    parser.add_argument("--programs", metavar="FOLDER",
                        help="the bench-… programs are here; with --sandbox-exec nothing is built")
    return parser


def parse(parser):
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("only root can make the groups around the runs; --as UID then measures as an ordinary user")
    return arguments


def build(folder, programs):
    """As a release, where there is none; returns the paths of sandbox-exec and of the folder of the programs."""
    cache = f"{folder}/CMakeCache.txt"
    if not os.path.exists(cache) or "SANDBOX_BENCH:BOOL=ON" not in outer_group.read(cache):
        subprocess.run(["cmake", "-S", TOP, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                        "-DSANDBOX_STATIC=ON", "-DSANDBOX_BENCH=ON"], check=True, stdout=sys.stderr)
    subprocess.run(["cmake", "--build", folder, "--target", "sandbox-exec", *programs], check=True, stdout=sys.stderr)
    return f"{folder}/sandbox/cli/sandbox-exec", f"{folder}/tests/bench"


def commit():
    def git(*words):
        return subprocess.run(["git", "-C", TOP, *words], capture_output=True, text=True, check=False)

    head = git("rev-parse", "--short", "HEAD").stdout.strip() or "unknown"
    return head if git("diff", "--quiet", "HEAD").returncode == 0 else head + "-changed"


def machine(uid):
    return {"kernel": " ".join((platform.system(), platform.release(), platform.machine())),
            "cpus": len(os.sched_getaffinity(0)), "load": round(os.getloadavg()[0], 2),
            "cgroup": "v1" if outer_group.is_v1() else "v2", "uid": uid or 0,
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "commit": commit()}


class Workplace:
    """A folder that any user can reach, with copies of the programs and a project to stand in."""

    def __init__(self, arguments, programs):
        sandbox_exec, folder = arguments.sandbox_exec, arguments.programs
        if not (sandbox_exec and folder):
            built, built_programs = build(arguments.build, programs)
            sandbox_exec, folder = sandbox_exec or built, folder or built_programs
        self.top = tempfile.mkdtemp(prefix="sandbox-bench-")
        os.chmod(self.top, 0o755)
        self.project = os.path.join(self.top, "project")
        os.mkdir(self.project)
        self.sandbox_exec = shutil.copy2(sandbox_exec, os.path.join(self.top, "sandbox-exec"))
        for program in programs:
            shutil.copy2(os.path.join(folder, program), self.program(program))
        if arguments.uid is not None:
            os.chown(self.project, arguments.uid, arguments.uid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)

    def program(self, name):
        return os.path.join(self.project, name)

    def file(self, name):
        return os.path.join(self.project, name)


def environment(uid):
    """A host's own settings must not decide what a sandbox has to show or hide."""
    return {"PATH": "/usr/bin:/bin", "HOME": "/root" if uid is None else "/home/bench"}


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class BusyCpus:
    """A process a CPU that wants all of it, at normal priority."""

    def __init__(self, program):
        self.spinners = [subprocess.Popen([program, "1000000"], stdout=subprocess.DEVNULL, preexec_fn=die_with_parent)
                         for _ in os.sched_getaffinity(0)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for spinner in self.spinners:
            spinner.kill()
            spinner.wait()


class Promises:
    """Collects what did not hold."""

    def __init__(self):
        self.broken = []

    def expect(self, holds, sentence):
        if not holds:
            self.broken.append(sentence)
        return holds

    def conclude(self, arguments, facts):
        """Prints what is broken, writes the JSON; the exit status."""
        print()
        for sentence in self.broken:
            print(f"broken: {sentence}")
        if not self.broken:
            print("every promise held")
        if arguments.json:
            with open(arguments.json, "w", encoding="utf-8") as file:
                json.dump({**facts, "broken": self.broken}, file, indent=1)
                file.write("\n")
        return 1 if self.broken else 0


def print_machine(facts):
    print(f"{facts['kernel']}, {facts['cpus']} CPUs, load {facts['load']}, cgroup {facts['cgroup']}, "
          f"uid {facts['uid']}, {facts['date']}, commit {facts['commit']}")
