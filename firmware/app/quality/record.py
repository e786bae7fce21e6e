# SPDX-License-Identifier: MIT
"""The cold record of the power quality supervision (docs/SPEC.md, "Quality record"): counters, and what lasts.

u8 version 1; an element: u16 rows whose event lasts (bit = row), 12 x u16 starts, 2 x u16 excursions of the average (over,
under), u8 averages beyond (bit 0 over, bit 1 under), u8 0. Little-endian.
"""

from struct import pack_into, unpack_from

from micropython import const

from app.quality.rows import ROWS

_VERSION = const(1)
_PER_ELEMENT = const(32)
_COUNTS = const(2)
_AVERAGE = const(26)
_BEYOND = const(30)


def size(elements):
    return 1 + _PER_ELEMENT * elements


def put(record, rows, average):
    """rows: Qualifier; average: AverageVoltage. allocates: no"""
    record[0] = _VERSION
    at = 1
    for i in range(len(rows.waiting)):
        lasting = 0
        for row in range(ROWS):
            lasting |= rows.active[ROWS * i + row] << row
            pack_into("<H", record, at + _COUNTS + 2 * row, rows.count[ROWS * i + row])
        pack_into("<H", record, at, lasting)
        pack_into("<HH", record, at + _AVERAGE, average.count[2 * i], average.count[2 * i + 1])
        record[at + _BEYOND] = average.beyond[2 * i] | average.beyond[2 * i + 1] << 1
        at += _PER_ELEMENT


def take(record, rows, average):
    """Another version's record is left alone. Boot only."""
    if record[0] != _VERSION:
        return
    at = 1
    for i in range(len(rows.waiting)):
        lasting = unpack_from("<H", record, at)[0]
        for row in range(ROWS):
            rows.active[ROWS * i + row] = lasting >> row & 1
            rows.count[ROWS * i + row] = unpack_from("<H", record, at + _COUNTS + 2 * row)[0]
        for k in (0, 1):
            average.count[2 * i + k] = unpack_from("<H", record, at + _AVERAGE + 2 * k)[0]
            average.beyond[2 * i + k] = record[at + _BEYOND] >> k & 1
        at += _PER_ELEMENT
