"""Which world the tests run in, and what it must be able to give.

SANDBOX_TEST_WORLD names it: v1-root, v1-user, sudo, v2-root, v2-user. Named, a facility that it should have and does
not is a failure; found out by looking, it is a skip. A root harness plays v1-user and sudo by becoming what they are
for each sandbox-exec that it starts.
"""

import os
import shutil

ORDINARY_ID = int(os.environ.get("SANDBOX_TEST_UID", "1000"))

SHOULD_HAVE = {
    "v1-root": {"root", "memory_group", "cpu_group", "pids_group", "outer_group", "userns"},
    "v1-user": {"memory_group", "cpu_group", "pids_group", "userns"},
    "sudo": {"root", "memory_group", "cpu_group", "pids_group", "outer_group", "userns"},
    "v2-root": {"root", "memory_group", "cpu_group", "pids_group", "outer_group", "userns"},
    "v2-user": {"memory_group", "cpu_group", "pids_group", "userns"},
}


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _is_v1():
    return any(":memory:" in line for line in _read("/proc/self/cgroup").splitlines())


def _detect():
    return ("v1-" if _is_v1() else "v2-") + ("root" if os.geteuid() == 0 else "user")


NAMED = os.environ.get("SANDBOX_TEST_WORLD", "")
NAME = NAMED or _detect()
if NAME not in SHOULD_HAVE:
    raise SystemExit(f"SANDBOX_TEST_WORLD={NAME}: one of {', '.join(SHOULD_HAVE)}")

V1 = _is_v1()
KERNEL = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
HARNESS_IS_ROOT = os.geteuid() == 0
# The id that sandbox-exec runs under, where it is not the harness's own.
BECOME = ORDINARY_ID if HARNESS_IS_ROOT and NAME.endswith("-user") else None
CALLER = os.geteuid() if BECOME is None else BECOME
SUDO = NAME == "sudo"
USER_MODE_LINUX = "User Mode Linux" in _read("/proc/cpuinfo")
SLOWNESS = float(os.environ.get("SANDBOX_TEST_SLOWNESS", "12" if USER_MODE_LINUX else "4"))


def seconds(on_a_fast_machine):
    """A bound on time, stretched for machines that do other things too, and where the kernel is emulated."""
    return on_a_fast_machine * SLOWNESS


def _userns():
    return CALLER == 0 or _read("/proc/sys/kernel/unprivileged_userns_clone").strip() != "0"


FACILITIES = {
    "root": lambda: CALLER == 0,
    "userns": _userns,
    "two_cpus": lambda: len(os.sched_getaffinity(0)) >= 2,
    "native_speed": lambda: not USER_MODE_LINUX,
}


def available(name):
    """A facility's name, or "tool:NAME" for a program in PATH."""
    if name.startswith("tool:"):
        return shutil.which(name[5:]) is not None
    return FACILITIES[name]()


def require(test, *names):
    for name in names:
        if available(name):
            continue
        if NAMED and name in SHOULD_HAVE[NAMED]:
            test.fail(f"the world {NAMED} should have {name}")
        test.skipTest(f"{NAME} has no {name}")
