# SPDX-License-Identifier: MIT
"""Write what is made from the table of events, or look whether it is up to date."""

import pathlib
import sys

from host_tools.events import render, table

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = {
    "firmware/app/records/codes.py": render.codes_module,
    "firmware/app/records/event_table.py": render.table_module,
    "docs/events.md": render.page,
}


def stale(root=ROOT):
    """Names of the files that are not what the table says."""
    events = table.load()
    found = []
    for name, make in FILES.items():
        path = root / name
        if not path.exists() or path.read_text() != make(events):
            found.append(name)
    return found


def main(arguments):
    if arguments not in ([], ["--check"]):
        print(__doc__ + "\n    python -m host_tools.events [--check]")
        return 2
    old = stale()
    if arguments:
        for name in old:
            print(f"{name}: stale; run python -m host_tools.events")
        return 1 if old else 0
    events = table.load()
    for name in old:
        (ROOT / name).write_text(FILES[name](events))
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
