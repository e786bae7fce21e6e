# SPDX-License-Identifier: MIT
"""The table of events (host_tools/events): what is made from it is up to date, the firmware raises what it says and defines
no code of its own, and the bytes are those of the documentation.
"""

import re
from pathlib import Path

import pytest
from app.records import codes, event_table
from app.store import layout

from host_tools.events import __main__ as program
from host_tools.events import render, table

ROOT = Path(__file__).resolve().parent.parent
TABLE = table.load()
SOURCE = {
    path: path.read_text()
    for path in (ROOT / "firmware").rglob("*.py")
    if path.name not in ("codes.py", "event_table.py")
}
_DOCSTRING = re.compile(r'""".*?"""', re.S)


def test_nothing_made_from_the_table_is_stale():
    assert program.stale() == []


def test_check_names_what_is_stale(tmp_path):
    for name, make in program.FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(make(TABLE))
    assert program.stale(tmp_path) == []
    (tmp_path / "docs/events.md").write_text("old")
    (tmp_path / "firmware/app/records/codes.py").unlink()
    assert program.stale(tmp_path) == ["firmware/app/records/codes.py", "docs/events.md"]


def _referenced(name):
    word = re.compile(rf"\b{name}\b")
    return any(word.search(_DOCSTRING.sub("", text)) for text in SOURCE.values())


@pytest.mark.parametrize("event", [e for e in TABLE.events if e.state == "raised"], ids=lambda e: f"{e.code:04X}")
def test_what_the_table_says_is_raised_is_in_the_firmware(event):
    assert _referenced(event.name), event


def test_the_constants_are_those_of_the_table():
    own = {name: value for name, value in vars(codes).items() if name.isupper()}
    told = {e.name: e.code for e in TABLE.events if e.state != "later"}
    told.update((sub.name, sub.number) for sub in TABLE.sub_codes)
    assert own == told


def test_packed_table_by_hand():
    # 8014: power log (2), masks decide all (2 << 3), W1 (1 << 5). 8F01: standard (1), nobody, W1. 8154: standard, the log
    # (1 << 3), none, two octets. 810D: no log (4), all, W1, HAN.
    entries = {
        event_table.TABLE[at : at + 2].hex(): tuple(event_table.TABLE[at + 2 : at + 4])
        for at in range(0, len(event_table.TABLE), 4)
    }
    assert entries["8014"] == (2 | 2 << 3 | 1 << 5, 0)
    assert entries["8f01"] == (1 | 1 << 5, 0)
    assert entries["8154"] == (1 | 1 << 3, 2)
    assert entries["810d"] == (4 | 2 << 3 | 1 << 5 | 0x80, 0)
    assert entries["8f74"] == (0 | 1 << 5, 0)
    assert list(entries) == sorted(entries) and len(entries) == len(TABLE.events)


def test_logs_are_numbered_as_in_the_layout():
    numbers = (layout.LOG_SECURITY, layout.LOG_STANDARD, layout.LOG_POWER, layout.LOG_ALCS)
    assert [table.LOGS[n] for n in numbers] == ["security", "standard", "power", "alcs"] and table.LOGS[4] == "none"


def test_factory_masks_by_hand():
    # Operator: 8014 and 8015, bits 20 and 21: byte 31 - 2 = 29, 0x30.
    assert event_table.FACTORY[4 * 32 :] == (bytes(29) + b"\x30" + bytes(2)) * 2
    # Supplier HAN: 0D 19 68 AA AB C4, from the most significant byte (codes F8..FF) on.
    han = (
        bytes(7)
        + b"\x10"
        + bytes(2)
        + b"\x0c"
        + bytes(7)
        + b"\x01"
        + bytes(9)
        + b"\x02"
        + bytes(1)
        + b"\x20"
        + bytes(1)
    )
    assert event_table.FACTORY[32:64] == han and event_table.FACTORY[64:96] == bytes(32)
    assert len(event_table.FACTORY) == 6 * 32


@pytest.mark.parametrize(
    "line, wrong",
    [
        ("8154", 'log = "none"'),
        ("8F74", 'cfg = "all"'),
        ("7F10", 'alert = "W1"'),
        ("8002", 'alert = "W1 H"'),
        ("8002", "octets = 5"),
        ("8002", 'state = "perhaps"'),
    ],
)
def test_a_wrong_row_is_refused(tmp_path, line, wrong):
    key = wrong.split()[0]
    rows = []
    for old in table.PATH.read_text().splitlines():
        row = old
        if old.startswith(line + " ="):
            row = re.sub(rf', {key} = ("[^"]*"|\d+)', "", old).replace(" }", f", {wrong} }}")
        rows.append(row)
    path = tmp_path / "events.toml"
    path.write_text("\n".join(rows))
    with pytest.raises(ValueError, match=line):
        table.load(path)


def test_the_list_of_what_is_still_to_be_raised():
    """Codes whose part of the firmware does not raise them yet: take one off when it does; none may be added."""
    waiting = {f"{e.code:04X}" for e in TABLE.events if e.state == "next"}
    assert waiting <= set(
        "7F01 7F02 7F03 7F04 7F05 7F06 7F07 7F16 8002 8006 8010 8014 8015 8020 8024 8028 802C 8085 8089 808D 8091 8095 8099 "
        "811A 81A1 81B8 81B9 81BC 81C1 8F0A 8F3F 8F73 8F74 8F75 8F76 8F77 8F78".split()
    )


def test_render_of_a_range():
    assert render._ranges(table.mask("0D A4-A6 FF")) == "0D A4-A6 FF"
