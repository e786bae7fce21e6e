# SPDX-License-Identifier: MIT
"""The boards of this checkout: what boards/<name>/board.toml says, and the ESP32 partition table made from it."""

import hashlib
import struct
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOARDS = ROOT / "boards"
BUILD = ROOT / "build"


class UnknownBoard(ValueError):
    """No such board; the message names those there are."""


def names():
    """Real boards, sorted: folders of boards/ with a board.toml (the virtual board has none)."""
    return sorted(path.parent.name for path in BOARDS.glob("*/board.toml"))


def load(name):
    """The parsed board.toml of a board as dict; raises UnknownBoard."""
    if name not in names():
        raise UnknownBoard(f"unknown board '{name}': choose one of {', '.join(names())}")
    with open(BOARDS / name / "board.toml", "rb") as file:
        return tomllib.load(file)


def partition_table(partitions):
    """Binary ESP32 partition table, 0xC00 bytes.

    partitions: list of dicts label, type, subtype, offset, size. Source: ESP-IDF programming guide, "Partition Tables",
    and its gen_esp32part.py: 32-byte entries AA 50, type, subtype, u32 offset, u32 size, 16-byte label, u32 flags; then
    EB EB, 14 x FF and the MD5 of the entries; padded with FF.
    raises ValueError if two entries overlap, one is not aligned (4 KiB, applications 64 KiB) or a label is too long.
    """
    entries = b""
    end = 0
    for part in partitions:
        offset, size, label = part["offset"], part["size"], part["label"].encode()
        alignment = 0x10000 if part["type"] == 0 else 0x1000
        if offset % alignment or size % 0x1000 or not size:
            raise ValueError(f"partition {part['label']} is not aligned")
        if offset < end:
            raise ValueError(f"partition {part['label']} overlaps the one before it")
        if len(label) > 15:
            raise ValueError(f"partition label {part['label']} is longer than 15 bytes")
        end = offset + size
        entries += struct.pack("<2sBBII16sI", b"\xaa\x50", part["type"], part["subtype"], offset, size, label, 0)
    checksum = b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(entries).digest()
    return (entries + checksum).ljust(0xC00, b"\xff")
