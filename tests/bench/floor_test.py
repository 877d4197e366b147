"""The floor gives a test the same world as sandbox-exec: else it would be a yardstick that is too short.

Both run the same probes in the same folder with the same environment; what they see is compared, but for what tells
two runs apart (numbers of processes, mounts and of the unused id).
"""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import groups  # noqa: E402
import harness  # noqa: E402
import worlds  # noqa: E402
from harness import E2E, Started, probe  # noqa: E402

BENCH_FLOOR = os.environ["BENCH_FLOOR"]
CAPS = {"floor": ["--memory", "1073741824", "--cpus", "2", "--pids", "512"],
        "sandbox-exec": ["--memory", "1G", "--cpus", "2", "--pids", "512", "--"]}
UNUSED_ID = re.compile(r"\b19\d{8}\b")
STATUS = ("Umask", "Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp",
          "Seccomp_filters", "SigBlk", "SigIgn", "SigCgt", "Cpus_allowed_list")
# An entry for the id inside, where the host has none: a choice, and no part of the isolation.
CHOSEN = ("/etc/passwd", "/etc/group")
CAP_FILES = ("memory/memory.limit_in_bytes", "memory/memory.memsw.limit_in_bytes", "cpu/cpu.cfs_quota_us",
             "cpu/cpu.cfs_period_us", "pids/pids.max", "memory.max", "memory.swap.max", "cpu.max", "pids.max")
PLACES = ("/", "/tmp", "/var/tmp", "/home", "/root", "/run", "/run/lock", "/run/user", "/dev", "/dev/shm", "/dev/null",
          "/dev/pts/ptmx", "/dev/fd", "/proc", "/proc/1/environ", "/sys",
          "/sys/fs/cgroup", ".")


def mounts(text):
    """Each mount by its place, with the place that it lies on instead of the numbers."""
    rows = [line.partition(" - ") for line in text.splitlines()]
    point_of = {before.split()[0]: before.split()[4] for before, _, _ in rows}
    seen = []
    for before, _, after in rows:
        _, parent, _, root, point, *options = before.split()
        if point not in CHOSEN:
            seen.append((point, point_of.get(parent), root, options, UNUSED_ID.sub("X", after)))
    return sorted(seen)


def comparable(world):
    """What must be alike, of a show-world."""
    alike = {name: world[name] for name in (
        "cwd", "devices", "network", "net_in_sys", "hostname", "limits", "cgroup", "init_environment", "ppid")}
    alike["identity"] = UNUSED_ID.sub("X", repr(world["identity"]))
    alike["status"] = {name: world["status"].get(name) for name in STATUS}
    alike["mounts"] = mounts(world["mounts"])
    alike["groups"] = sorted(world["cgroup_places"])
    alike["fds"] = sorted(set(world["fds"]) - {"63"})  # the channel: it serves the report
    alike["leads a session"] = world["sid"] == world["pid"]
    alike["alone with its init"] = sorted(world["processes"]) == [1, world["pid"]]
    alike["a number of its own"] = world["pid"] > 2
    return alike


class Floor(E2E):
    def setUp(self):
        super().setUp()
        self.require("memory_group", "cpu_group", "pids_group", "userns")
        if worlds.CALLER == 0 and (worlds.SUDO or not self.root_takes_id_map()):
            self.skipTest("the floor knows no identity for root but the unused id, with id-mapped mounts")
        # In a v2 group that is delegated to the caller it makes room first: everybody moves to a leaf.
        self.sandbox("--", "/bin/true", report=False)
        self.addCleanup(self.assert_no_groups)
        self.inherited = os.open("/dev/null", os.O_RDONLY)
        self.addCleanup(os.close, self.inherited)

    def root_takes_id_map(self):
        return "mounts id-mapped" in self.sandbox("--dry-run", "--", "/bin/true", report=False).stdout

    def assert_no_groups(self):
        tops = groups.OWN.made.values() if groups.OWN else [os.path.dirname(groups.own_directory("") or "/none/none")]
        left = [name for top in tops if os.path.isdir(top) for name in os.listdir(top) if name.startswith("sandbox-floor-")]
        self.assertEqual(left, [])

    def run_by(self, who, *command):
        program = BENCH_FLOOR if who == "floor" else harness.SANDBOX_EXEC
        # What the environment names is shown too: a choice again.
        environment = {"PATH": "/usr/bin:/bin", "HOME": self.environment(None)["HOME"], "LANG": "C.UTF-8"}
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                    "cwd": self.project, "env": environment, "pass_fds": [self.inherited],
                    "preexec_fn": harness._preparation(None, worlds.BECOME)}
        return Started([program, *CAPS[who], *command], None, False, settings).finish()

    def shown_by(self, who, name):
        """What a probe shows; it lies in the project, the one folder that both show."""
        program = shutil.copy(probe(name), self.project)
        self.own(program)
        result = self.run_by(who, program)
        self.assert_ended(result, exit=0)
        return result

    def assert_same_shell_output(self, text):
        outputs = {who: self.run_by(who, "/bin/sh", "-c", text) for who in CAPS}
        self.assertEqual(outputs["floor"].stdout, outputs["sandbox-exec"].stdout,
                         "\n".join(str(result) for result in outputs.values()))
        self.assertNotEqual(outputs["floor"].stdout, "")

    def test_shows_the_same_world(self):
        floor = comparable(self.shown_by("floor", "show-world").world)
        product = comparable(self.shown_by("sandbox-exec", "show-world").world)
        for name, value in product.items():
            with self.subTest(name):
                self.assertEqual(floor[name], value)

    def test_has_every_namespace_to_itself(self):
        inside = self.shown_by("floor", "show-world").world["namespaces"]
        for name, link in inside.items():
            with self.subTest(name):
                self.assertNotEqual(link, os.readlink(f"/proc/self/ns/{name}"))

    def test_refuses_the_same_system_calls(self):
        outputs = {who: self.shown_by(who, "try-syscalls").stdout for who in CAPS}
        self.assertEqual(outputs["floor"], outputs["sandbox-exec"])

    def test_sets_the_same_caps(self):
        self.assert_same_shell_output(f"cd /sys/fs/cgroup && grep -H . {' '.join(CAP_FILES)} 2>/dev/null")

    def test_gives_places_the_same_modes_and_owners(self):
        self.assert_same_shell_output(f"stat -L -c '%n %a %u %g %F' {' '.join(PLACES)}")

    def test_lets_every_port_be_bound(self):
        self.assert_same_shell_output("cat /proc/sys/net/ipv4/ip_unprivileged_port_start")

    def test_has_a_keyring_of_its_own(self):
        self.assert_same_shell_output("echo keys; awk '{print $8, $9}' /proc/keys | sort -u")

    def test_ends_with_the_status_of_the_test(self):
        self.assert_ended(self.run_by("floor", "/bin/sh", "-c", "exit 7"), exit=7)
        self.assert_ended(self.run_by("floor", "/bin/sh", "-c", "kill -9 $$; kill -TERM $$"), exit=128 + 9)


if __name__ == "__main__":
    harness.main()
