"""The harness's own control groups: everything that the tests start lives beneath them.

v1: one group a hierarchy, beneath the caller's own, which the harness moves into and leaves again at exit; given to the
ordinary user in the worlds of one. v2: the harness stays where it is; what it has been given it may use.
"""

import atexit
import contextlib
import os

import worlds

V1_CONTROLLERS = ("memory", "cpu", "cpuacct", "pids")
PREFIX = "sandbox-exec-"


def _mounts():
    for line in worlds._read("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, _, options) = before.split(), after.split(" ", 2)
        yield kind, fields[3], fields[4], options.split(",")


def _own_paths():
    """{"memory": "/a", "": "/b"}: the caller's group by controller; "" is v2's."""
    paths = {}
    for line in worlds._read("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path
    return paths


def own_directory(controller):
    """Where the caller's group of the controller ("" for v2) is in the file system, or None."""
    path = _own_paths().get(controller)
    for kind, root, point, options in _mounts():
        wanted = kind == "cgroup2" if controller == "" else kind == "cgroup" and controller in options
        if path is None or not wanted:
            continue
        beneath = os.path.relpath(path, root)
        return os.path.normpath(os.path.join(point, beneath))
    return None


def _write(directory, name, text):
    with open(os.path.join(directory, name), "w", encoding="ascii") as file:
        file.write(str(text))


def _give(directory):
    """To whom sandbox-exec runs as; the caps stay ours."""
    if worlds.BECOME is None:
        return
    for name in (".", "tasks", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"):
        with contextlib.suppress(FileNotFoundError):
            os.chown(os.path.join(directory, name), worlds.BECOME, worlds.BECOME)


class OwnGroups:
    """v1 and root only: moves the harness into fresh groups, and back at exit."""

    def __init__(self):
        self.homes = {}
        self.made = {}
        for controller in V1_CONTROLLERS:
            home = own_directory(controller)
            if home is None or not os.access(home, os.W_OK) or home in self.homes.values():
                continue
            mine = os.path.join(home, f"sandbox-e2e-{os.getpid()}")
            os.mkdir(mine)
            _give(mine)
            _write(mine, "tasks", "0")
            self.homes[controller], self.made[controller] = home, mine
        atexit.register(self.leave)

    def leave(self):
        for controller, home in self.homes.items():
            _write(home, "cgroup.procs", os.getpid())
            for directory, _, _ in os.walk(self.made[controller], topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(directory)


OWN = OwnGroups() if worlds.V1 and worlds.HARNESS_IS_ROOT else None


def _v2_place():
    """The harness's v2 group where it may make children, or None."""
    directory = own_directory("")
    writable = directory is not None and os.access(os.path.join(directory, "cgroup.subtree_control"), os.W_OK)
    return directory if writable else None


def has_controller(name):
    if worlds.V1:
        return OWN is not None and name in OWN.made
    place = _v2_place()
    return place is not None and name in worlds._read(os.path.join(place, "cgroup.controllers")).split()


worlds.FACILITIES["memory_group"] = lambda: has_controller("memory")
worlds.FACILITIES["cpu_group"] = lambda: has_controller("cpu")
worlds.FACILITIES["pids_group"] = lambda: has_controller("pids")
worlds.FACILITIES["outer_group"] = lambda: worlds.HARNESS_IS_ROOT and has_controller("memory")


def left_over():
    """Directories of runs that are still there, beneath the harness's groups or (v2) beside them."""
    if worlds.V1:
        tops = list(OWN.made.values()) if OWN else []
    else:
        own = own_directory("")
        tops = [own, os.path.dirname(own)] if own and own != "/sys/fs/cgroup" else [own] if own else []
    found = []
    for top in tops:
        for directory, names, _ in os.walk(top):
            found += [os.path.join(directory, name) for name in names if name.startswith(PREFIX)]
    return sorted(set(found))


def _v2_parent():
    """The nearest group from the harness's own upwards that may have both children and controllers."""
    directory = own_directory("")
    while directory != "/sys/fs/cgroup" and worlds._read(os.path.join(directory, "cgroup.procs")).strip():
        directory = os.path.dirname(directory)
    return directory


@contextlib.contextmanager
def outer_memory_group(cap_bytes, swap=0):
    """A group with a memory cap of its own beneath the harness's; yields the `tasks` or `cgroup.procs` file that a
    process writes "0" to in order to be in it."""
    base = OWN.made["memory"] if worlds.V1 else _v2_parent()
    outer = os.path.join(base, f"e2e-outer-{os.getpid()}")
    os.mkdir(outer)
    try:
        if worlds.V1:
            _write(outer, "memory.limit_in_bytes", cap_bytes)
            _give(outer)
            yield os.path.join(outer, "tasks")
        else:
            yield _v2_leaf(base, outer, cap_bytes, swap)
    finally:
        for directory, _, _ in os.walk(outer, topdown=False):
            os.rmdir(directory)


def _v2_leaf(base, outer, cap_bytes, swap):
    # The root group alone may hold processes and give controllers to its children.
    _write(base, "cgroup.subtree_control", "+memory +pids +cpu")
    _write(outer, "memory.max", cap_bytes)
    with contextlib.suppress(FileNotFoundError):  # a kernel without swap accounting
        _write(outer, "memory.swap.max", swap)
    _write(outer, "cgroup.subtree_control", "+memory +pids +cpu")
    leaf = os.path.join(outer, "leaf")
    os.mkdir(leaf)
    _give(outer)
    _give(leaf)
    return os.path.join(leaf, "cgroup.procs")
