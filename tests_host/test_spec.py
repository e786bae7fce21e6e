# SPDX-License-Identifier: MIT
"""docs/SPEC.md: every event code and sub-code of the firmware stands in it, and none that the firmware does not know. And
no page of docs/ names a file that does not exist.
"""

import re
from pathlib import Path

from app.records import codes
from app.supply import door

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "SPEC.md").read_text()
IN_DOOR = (
    "HAN_COMMAND_DONE",
    "HAN_COMMAND_NOT_DONE",
    "UI_COMMAND_DONE",
    "UI_COMMAND_NOT_DONE",
    "NO_AUTHORITY",
    "SUPPLY_ARMED",
)


def test_the_event_codes_are_those_of_the_firmware():
    own = {value for name, value in vars(codes).items() if name.isupper() and not name.startswith("SUB_")}
    own |= {getattr(door, name) for name in IN_DOOR}
    told = {int(code, 16) for code in re.findall(r"^\| ([78][0-9A-F]{3}) \|", TEXT.split("#### Codes")[1], re.M)}
    assert told == own


def test_the_sub_codes_are_those_of_the_firmware():
    own = {value for name, value in vars(codes).items() if name.startswith("SUB_")}
    sentence = re.search(r"Sub-codes of 81A0 \([^)]*\): ([^.]*)\.", TEXT).group(1)
    assert {int(part.split()[0]) for part in sentence.split(";")} == own


def test_every_event_code_is_given_once():
    values = [value for name, value in vars(codes).items() if name.isupper() and not name.startswith("SUB_")]
    values += [getattr(door, name) for name in IN_DOOR]
    assert len(values) == len(set(values))


def test_every_path_in_the_docs_exists():
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for path in re.findall(r"`((?:firmware|host_tools|boards|tests_host|docs)/[\w./*-]+)`", page.read_text()):
            assert list(ROOT.glob(path.rstrip("/") + "*")), f"{page.name}: {path}"
