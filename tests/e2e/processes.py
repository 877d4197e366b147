"""What runs beneath the harness, asked of /proc. Orphans come to the harness: it is their subreaper."""

import ctypes
import os
import signal
import time

PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _stat(pid):
    """(state, parent) of a process, or None once it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return fields[0].decode(), int(fields[1])


def state(pid):
    stat = _stat(pid)
    return stat[0] if stat else None


def _tree():
    """{parent: [child, …]} of all processes that are not zombies, and the zombies among our own children."""
    children, zombies = {}, []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        stat = _stat(name)
        if stat is None:
            continue
        if stat[0] in "ZX":
            zombies += [int(name)] if stat[1] == os.getpid() else []
        else:
            children.setdefault(stat[1], []).append(int(name))
    return children, zombies


def descendants(pid):
    children, found, rest = _tree()[0], [], [pid]
    while rest:
        for child in children.get(rest.pop(), []):
            found.append(child)
            rest.append(child)
    return found


def reap_orphans(known):
    """Waits for dead children that no Popen of ours stands for."""
    for pid in _tree()[1]:
        if pid not in known:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().split(b"\0")[:-1]
    except OSError:
        return []


def find_below(pid, program):
    """The one process below `pid` that runs `program` (the base name of its file), or None."""
    for child in descendants(pid):
        try:
            if os.path.basename(os.readlink(f"/proc/{child}/exe")) == program:
                return child
        except OSError:
            continue
    return None


def eventually(condition, seconds):
    """The first true value of `condition`, asked every 5 ms; its last one after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.005)


def kill_each(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
