# SPDX-License-Identifier: MIT
"""docs/requirements.md: no row lost, every path and every test that it names exists, and what is not done says why."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "requirements.md").read_text()
PR = [f"PR-{n}" for n in range(1, 30) if n != 26]
H = [f"H{n}" for n in (1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15)]


def rows():
    """[id, requirement, where, test, state] of every row."""
    found = []
    for line in TEXT.splitlines():
        if re.match(r"\| (PR-|H)\d", line):
            found.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    return found


def test_every_requirement_has_one_row():
    assert [row[0] for row in rows()] == PR + H


def test_every_row_is_whole():
    for row in rows():
        assert len(row) == 5 and row[1] and row[2], row
        assert row[4] in ("done", "partly", "not yet"), row
        assert bool(row[3]) == (row[4] != "not yet"), row


def test_what_is_not_done_says_what_is_missing():
    told = re.findall(r"^\* (PR-\d+|H\d+):", TEXT, re.MULTILINE)
    assert told == [row[0] for row in rows() if row[4] != "done"]


def test_every_path_and_every_test_exists():
    for row in rows():
        for cell in row[2:4]:
            names = re.findall(r"`([^`]+)`", cell)
            assert ", ".join(f"`{name}`" for name in names) == cell, row
            for name in names:
                path, _, function = name.partition("::")
                assert (ROOT / path).exists(), row
                if function:
                    assert f"\ndef {function}(" in (ROOT / path).read_text(), row
