# SPDX-License-Identifier: MIT
"""The values of all groups of settings as bytes, and back: what is stored, what comes through the door, what a host imports.

A group is known by its place in Settings.groups, a field by its place in the group; both lists only ever grow at their ends, so
a record of an older firmware leaves what it does not know alone, and one of a newer firmware is read as far as it is known.
Bytes: docs/SPEC.md, "Configuration".
"""

from struct import pack_into

from micropython import const

from app.configuration.group import FIELD_BYTES, Group

VERSION = const(1)
HEAD = const(4)
CRC = const(4)

# Why a record is refused; a verdict is reason << 16 | group << 8 | field
LENGTH = const(1)
CHECKSUM = const(2)
UNKNOWN_VERSION = const(3)
UNKNOWN_GROUP = const(4)  # or one that comes twice, or out of order
UNKNOWN_FIELD = const(5)
VALUE = const(6)  # out of its limits; field TOGETHER (app.configuration.group): each may be, but not all at once
BUSY = const(7)  # the change before this one is not stored yet
NO_STORE = const(8)  # this board has no room for it


def scratch(groups):
    """Copies of groups, to try values on. allocates"""
    return [Group(group.fields, group.rule, group) for group in groups]


def pack(groups, crc, whole=True):
    """bytearray of a record. whole: every value, whatever later defaults may be; else up to the last that is none. allocates"""
    counts = [group.count if whole else _own(group) for group in groups]
    end = HEAD
    used = 0
    for count in counts:
        if count or whole:
            end += 2 + FIELD_BYTES * count
            used += 1
    buf = bytearray(end + CRC)
    pack_into("<BBH", buf, 0, VERSION, used, end + CRC)
    at = HEAD
    for number in range(len(groups)):
        count = counts[number]
        if not count and not whole:
            continue
        pack_into("<BB", buf, at, number, count)
        at += 2
        groups[number].pack_into(buf, at, count)
        at += FIELD_BYTES * count
    crc.seal(buf, end)
    return buf


def _own(group):
    """Fields up to the last that is not at its default."""
    count = group.count
    values = group.values()
    defaults = group.defaults()
    while count and values[count - 1] == defaults[count - 1]:
        count -= 1
    return count


def read(record, groups, crc, strict):
    """The values of a record over those that the groups have. strict: a part that is not known is refused, not passed over.

    returns: 0; or a verdict, and what the groups hold then is good for nothing
    """
    end = len(record) - CRC
    if end < HEAD or record[2] | record[3] << 8 != end + CRC:
        return LENGTH << 16
    if not crc.valid(record, end):
        return CHECKSUM << 16
    if record[0] != VERSION:
        return UNKNOWN_VERSION << 16
    at = HEAD
    last = -1
    for _ in range(record[1]):
        if at + 2 > end:
            return LENGTH << 16
        number = record[at]
        count = record[at + 1]
        at += 2
        if at + FIELD_BYTES * count > end:
            return LENGTH << 16 | number << 8
        if number <= last or (strict and number >= len(groups)):
            return UNKNOWN_GROUP << 16 | number << 8
        last = number
        if number < len(groups):
            group = groups[number]
            if strict and count > group.count:
                return UNKNOWN_FIELD << 16 | number << 8 | group.count
            group.take_from(record, at, count)
        at += FIELD_BYTES * count
    if at != end:
        return LENGTH << 16
    return fault(groups)


def fault(groups):
    """Verdict on the values of all groups. returns: 0: they may be"""
    for number in range(len(groups)):
        field = groups[number].fault()
        if field is not None:
            return VALUE << 16 | number << 8 | field
    return 0
