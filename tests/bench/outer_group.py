"""A control group of a benchmark's own, around what it starts: a reading that is not sandbox-exec's.

v1: one group a hierarchy, beneath the caller's own. v2: one beneath the nearest group that may have both children and
controllers, with a leaf for the processes that join.
"""

import contextlib
import os
import time

V1_CONTROLLERS = ("memory", "cpu", "cpuacct", "pids")
V2_CONTROLLERS = "+memory +cpu +pids"
OWN_PREFIX = "sandbox-exec-"  # of the groups that sandbox-exec makes


def read(*names):
    with open(os.path.join(*names), encoding="utf-8", errors="replace") as file:
        return file.read()


def write(text, *names):
    with open(os.path.join(*names), "w", encoding="ascii") as file:
        file.write(text)


def keyed(text, key):
    """The number after `key` in the likes of cpu.stat."""
    return next(int(line.split()[1]) for line in text.splitlines() if line.split()[0] == key)


def _own_paths():
    """{"memory": "/a", "": "/b"}: the caller's group by controller; "" is v2's."""
    lines = [line.split(":", 2) for line in read("/proc/self/cgroup").splitlines()]
    return {name: path for _, names, path in lines for name in names.split(",")}


def _directory(controller):
    """Where the caller's group of the controller ("" for v2) is in the file system, or None."""
    path = _own_paths().get(controller)
    for line in read("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        root, point = before.split()[3:5]
        kind, _, options = after.split(" ", 2)
        wanted = kind == "cgroup2" if controller == "" else kind == "cgroup" and controller in options.split(",")
        if path is not None and wanted:
            return os.path.normpath(os.path.join(point, os.path.relpath(path, root)))
    return None


def is_v1():
    return "memory" in _own_paths()


def _v2_parent():
    """The root group alone may hold processes and give controllers to its children."""
    directory = _directory("")
    while os.path.exists(os.path.join(directory, "cgroup.type")) and read(directory, "cgroup.procs").strip():
        directory = os.path.dirname(directory)
    return directory


class OuterGroup:
    """Fresh; a context manager that removes it. Given to `uid`, who may then make groups in it. Raises OSError."""

    count = 0

    def __init__(self, uid=None):
        OuterGroup.count += 1
        self.uid, self.made, self.doors, self.by_controller = uid, [], [], {}
        name = f"sandbox-bench-{os.getpid()}-{OuterGroup.count}"
        try:
            self._make_v1(name) if is_v1() else self._make_v2(name)
        except OSError:
            self.remove()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def _make(self, directory):
        os.mkdir(directory)
        self.made.append(directory)
        for file in ("", "tasks", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"):
            path = os.path.join(directory, file)
            if self.uid is not None and os.path.exists(path):
                os.chown(path, self.uid, self.uid)

    def _make_v1(self, name):
        for controller in V1_CONTROLLERS:
            home = _directory(controller)
            if home is None:
                continue
            directory = os.path.join(home, name)
            if directory not in self.made:
                self._make(directory)
                self.doors.append(os.path.join(directory, "tasks"))
            self.by_controller[controller] = directory

    def _make_v2(self, name):
        parent = _v2_parent()
        write(V2_CONTROLLERS, parent, "cgroup.subtree_control")
        top = os.path.join(parent, name)
        self._make(top)
        write(V2_CONTROLLERS, top, "cgroup.subtree_control")
        self._make(os.path.join(top, "leaf"))
        self.doors.append(os.path.join(top, "leaf", "cgroup.procs"))
        self.by_controller = dict.fromkeys(V1_CONTROLLERS, top)

    def enter(self):
        """In a child between fork and exec (preexec_fn): joins, and becomes the one whom the group was given to."""
        for door in self.doors:
            write("0", door)
        if self.uid is not None:
            os.setgroups([])
            os.setresgid(self.uid, self.uid, self.uid)
            os.setresuid(self.uid, self.uid, self.uid)

    # --- what it counted, the groups beneath it included

    def memory_peak_bytes(self):
        """None where the kernel has no such file (v2 before Linux 5.19)."""
        name = "memory.max_usage_in_bytes" if is_v1() else "memory.peak"
        with contextlib.suppress(FileNotFoundError):
            return int(read(self.by_controller["memory"], name))
        return None

    def kernel_bytes(self):
        """Kernel memory charged now: what was left behind, beside caches that nobody needed yet."""
        directory = self.by_controller["memory"]
        if is_v1():
            return int(read(directory, "memory.kmem.usage_in_bytes"))
        return keyed(read(directory, "memory.stat"), "kernel")

    def drop_caches(self):
        """Frees what was charged to it only for being kept (page cache, dentries, inodes). Root; as far as it goes."""
        file, order = ("memory.force_empty", "0") if is_v1() else ("memory.reclaim", str(1 << 30))
        with contextlib.suppress(OSError):
            write(order, self.by_controller["memory"], file)

    def cpu_seconds(self):
        if is_v1():
            return int(read(self.by_controller["cpuacct"], "cpuacct.usage")) / 1e9
        return keyed(read(self.by_controller["cpu"], "cpu.stat"), "usage_usec") / 1e6

    # --- what is left in it

    def groups(self):
        """Groups of runs that are still there."""
        found = []
        for top in self.made:
            for directory, names, _ in os.walk(top):
                found += [os.path.join(directory, name) for name in names if name.startswith(OWN_PREFIX)]
        return sorted(found)

    def processes(self):
        found = set()
        for top in self.made:
            for directory, _, _ in os.walk(top):
                with contextlib.suppress(OSError):
                    found.update(map(int, read(directory, "cgroup.procs").split()))
        return sorted(found)

    def remove(self, patience=2):
        """v1 tells nobody when a group became empty."""
        end = time.monotonic() + patience
        for directory in reversed(self.made):
            for inner, _, _ in os.walk(directory, topdown=False):
                while True:
                    try:
                        os.rmdir(inner)
                    except FileNotFoundError:
                        pass
                    except OSError:
                        if time.monotonic() < end:
                            time.sleep(0.001)
                            continue
                        print(f"cannot remove {inner}")
                    break
        self.made = []
