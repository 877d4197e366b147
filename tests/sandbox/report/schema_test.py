"""schema_test.py WRITE_SAMPLES: every sample report is valid, no other shape is, and the
document names every key."""
import copy
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import check_report  # noqa: E402

OPEN_PLACES = {"details"}  # objects whose keys depend on the event


def write_samples(program, folder):
    subprocess.run([program, folder], check=True)
    return sorted(pathlib.Path(folder).glob("*.json"))


def objects(value, path=()):
    """Every object within `value` that the schema closes, with its path."""
    if isinstance(value, dict):
        if not path or path[-1] not in OPEN_PLACES:
            yield path
        for key, item in value.items():
            yield from objects(item, path + (key,))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from objects(item, path + (index,))


def at(value, path):
    for step in path:
        value = value[step]
    return value


def accepted_changes(report):
    """Changes to a valid report that the schema should refuse, but does not."""
    for path in objects(report):
        for change in (add_unknown_key, remove_last_key):
            changed = copy.deepcopy(report)
            change(at(changed, path))
            if not check_report.faults_of(changed):
                yield f"{change.__name__} at /{'/'.join(map(str, path))}"


def add_unknown_key(target):
    target["unknown"] = 1


def remove_last_key(target):
    target.popitem()


def property_names(schema):
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties":
                yield from value
            yield from property_names(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from property_names(value)


def undocumented_keys():
    text = (check_report.SCHEMA.parent / "report.md").read_text(encoding="utf-8")
    names = set(property_names(check_report.validator().schema))
    return sorted(name for name in names if f"`{name}`" not in text)


def main(program):
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        paths = write_samples(program, folder)
        for path in paths:
            faults += [f"{path.name}: {fault}" for fault in check_report.faults_of_file(path)]
        full = check_report.parse((pathlib.Path(folder) / "full.json").read_text(encoding="utf-8"))
    faults += [f"not refused: {change}" for change in accepted_changes(full)]
    faults += [f"not in docs/report.md: {key}" for key in undocumented_keys()]
    faults += ["no sample was written"] if len(paths) < 10 else []
    print("\n".join(faults) or f"{len(paths)} reports are valid")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
