#!/usr/bin/python3
"""check_report.py FILE...: validates reports against docs/sandbox-report-1.schema.json.

Prints every fault with its place; exits 1 if there is one.
"""
import functools
import json
import pathlib
import sys

import jsonschema

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "docs" / "sandbox-report-1.schema.json"


@functools.lru_cache(maxsize=1)
def validator():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def unique_keys(pairs):
    keys = [key for key, _ in pairs]
    repeated = {key for key in keys if keys.count(key) > 1}
    if repeated:
        raise ValueError(f"keys given twice: {sorted(repeated)}")
    return dict(pairs)


def not_a_number(word):
    raise ValueError(f"{word} is not JSON")


def parse(text):
    return json.loads(text, object_pairs_hook=unique_keys, parse_constant=not_a_number)


def faults_of(report):
    """Every fault of a parsed report, as 'place: what'."""
    faults = []
    for error in sorted(validator().iter_errors(report), key=lambda error: list(map(str, error.path))):
        place = "/" + "/".join(map(str, error.absolute_path))
        faults.append(f"{place}: {error.message[:300]}")
    if not isinstance(report, dict) or next(iter(report), None) != "schema":
        faults.append("/: the first key is not schema")
    return faults


def faults_of_file(path):
    try:
        report = parse(pathlib.Path(path).read_bytes().decode("utf-8"))
    except (OSError, ValueError) as error:
        return [str(error)]
    return faults_of(report)


def main(paths):
    if not paths:
        sys.exit(__doc__.splitlines()[0])
    faults = [f"{path}: {fault}" for path in paths for fault in faults_of_file(path)]
    print("\n".join(faults), file=sys.stderr, end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
