"""Includes go down only: a floor names no header of its own level's neighbours or of a floor above."""
import pathlib
import re
import sys

LEVELS = {"sys": 0, "child": 0, "policy": 1, "report": 1, "cgroup": 2, "seccomp": 2, "rootfs": 2,
          "plan": 3, "launch": 4, "supervise": 5, "spawner": 6, "library": 7,
          "cli": 7}
# Neighbours that may be seen: a report holds the policy it ran under.
ALLOWED = {("report", "policy"), ("child", "sys")}
# Seconds a file to compile, so they stay in one room each.
HEAVY = {"boost/": {"supervise/supervisor.cpp", "supervise/run_alone.cpp", "spawner/outbox.h", "spawner/packed.h",
                    "spawner/serve.cpp", "library/sandbox/launcher.h"},
         "seccomp.h": {"seccomp/compile.cpp", "seccomp/names.cpp", "seccomp/rules.cpp", "seccomp/compile.h"}}


def main(root):
    wrong = []
    checked = 0
    for path in sorted(root.rglob("*.[ch]*")):
        if path.suffix not in {".h", ".cpp"}:
            continue
        name = str(path.relative_to(root))
        floor = name.split("/")[0]
        if floor not in LEVELS:
            wrong.append(f"{name}: an unknown floor")
            continue
        for line in path.read_text().splitlines():
            own = re.match(r'#include "([a-z]+)/', line)
            other = re.match(r"#include <([^>]+)>", line)
            if own and own.group(1) == "sandbox":  # the public headers: library/sandbox/
                own = None
            if own:
                checked += 1
                target = own.group(1)
                below = LEVELS[target] < LEVELS[floor]
                if target != floor and not below and (floor, target) not in ALLOWED:
                    wrong.append(f"{name}: {floor} includes {target}, which is not below it")
            if other:
                for prefix, homes in HEAVY.items():
                    if other.group(1).startswith(prefix) and name not in homes:
                        wrong.append(f"{name}: <{other.group(1)}> belongs in {', '.join(sorted(homes))}")
    print("\n".join(wrong) or f"{checked} includes, all downwards")
    return 1 if wrong or checked < 100 else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
