# SPDX-License-Identifier: MIT
"""docs/features.md: no row lost, no status made up, no file named that does not exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "features.md"

# Headings of the manual: chapters 2 to 8 and appendix A, with the number of each.
CHAPTERS = {"2": 4, "3": 50, "4": 7, "5": 36, "6": 63, "7": 15, "8": 10, "A": 2}
PARTS = (
    "ADE9153A, ATM90E26, HT1621, PCF85176, Button, Pulse LED, Latching relay, DS3231, FRAM, W25Q NOR, MCP23017, "
    "Board esp32_s3_devkitc, Board esp32_devkitc, Board arduino_giga, Virtual board"
).split(", ")


def rows():
    """[id, feature, rule, status, where, test] of every row."""
    found = []
    for line in TABLE.read_text().splitlines():
        if re.match(r"\| [RH]", line):
            found.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    return found


def test_every_heading_has_one_row():
    expected = {f"R{chapter}.{n:02d}" for chapter, count in CHAPTERS.items() for n in range(1, count + 1)}
    assert len(expected) == 187
    ids = [row[0] for row in rows() if row[0].startswith("R")]
    assert len(ids) == len(set(ids)) == 187
    assert set(ids) == expected


def test_every_hardware_part_has_one_row():
    assert [row[1] for row in rows() if row[0].startswith("H")] == PARTS


def test_every_row_is_whole():
    for row in rows():
        assert len(row) == 6, row
        assert row[1] and row[2], row
        assert row[3] in ("done", "partly", "not yet"), row


def test_a_claim_names_its_file_and_done_names_its_test():
    for row in rows():
        if row[3] == "not yet":
            assert not row[4] and not row[5], row
        else:
            assert row[4], row
        if row[3] == "done":
            assert row[5], row


def test_every_path_exists():
    for row in rows():
        for cell in row[4:]:
            paths = re.findall(r"`([^`]+)`", cell)
            assert ", ".join(f"`{path}`" for path in paths) == cell, row
            for path in paths:
                assert (ROOT / path.split("::")[0]).exists(), row
