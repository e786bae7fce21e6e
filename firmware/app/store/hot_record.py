# SPDX-License-Identifier: MIT
"""The hot record of one element: everything that changes with every watt-hour, as 92 bytes of body.

Whoever stores it adds a sequence number and a CRC-32 (100 bytes in all): HotStore in FRAM slots, HotRing in a ring.
Bytes: docs/SPEC.md, "Hot record". Numbers are little-endian.
"""

from struct import pack_into, unpack_from

from micropython import const

from app.metrology.registers import MODULUS_WH

VERSION = const(1)
BODY = const(92)  # without sequence and CRC
SIZE = const(100)
SNAPSHOT_AT = const(76)
_PENDING_AT = const(64)

_FORMAT = "<BBBBHBBIIIIIIIIIIIIIIiii"
_DAY_SECONDS = const(86_400)


def pack(buf, element_index, registers, front_end, utc_day, utc_second, tou_index, block_index, flags):
    """Fill buf[0:92]. buf: bytearray of 92 or more. allocates: no"""
    wh = registers.wh
    residue = registers.residue
    pack_into(
        _FORMAT,
        buf,
        0,
        VERSION,
        flags,
        tou_index,
        block_index,
        utc_day,
        element_index,
        0,
        utc_second,
        registers.counts_per_wh,
        wh[0],
        residue[0],
        wh[1],
        residue[1],
        wh[2],
        residue[2],
        wh[3],
        residue[3],
        wh[4],
        residue[4],
        wh[5],
        residue[5],
        registers.pending_active,
        registers.pending_reactive,
        registers.pending_apparent,
    )
    front_end.save_snapshot(buf, SNAPSHOT_AT)


def pack_open(buf, registers, front_end):
    """Into a record packed in the same second, what can have moved since: open second, counters of the chip. allocates: no"""
    pack_into(
        "<iii", buf, _PENDING_AT, registers.pending_active, registers.pending_reactive, registers.pending_apparent
    )
    front_end.save_snapshot(buf, SNAPSHOT_AT)


def plausible(buf, element_index):
    """True when a body whose CRC is good can be loaded: version, element and every range. Boot only: allocates."""
    fields = unpack_from(_FORMAT, buf, 0)
    counts_per_wh = fields[8]
    if (
        fields[0] != VERSION
        or fields[5] != element_index
        or fields[7] > _DAY_SECONDS
        or not 0 < counts_per_wh < 1 << 30
    ):
        return False
    for index in range(6):
        if fields[9 + 2 * index] >= MODULUS_WH or fields[10 + 2 * index] >= counts_per_wh:
            return False
    return True


def unpack(buf, registers, front_end):
    """Body -> registers and front end. Boot only: allocates.

    A record made with another `counts_per_wh` (another chip) gives its whole Wh; the rest of each register, the open
    second and the chip's counters mean nothing here and are dropped: at most 1 Wh a register is lost, none is invented.
    returns: [flags, tou_index, block_index, utc_day, utc_second, complete], complete False if something was dropped
    """
    fields = unpack_from(_FORMAT, buf, 0)
    complete = fields[8] == registers.counts_per_wh
    for index in range(6):
        registers.wh[index] = fields[9 + 2 * index]
        registers.residue[index] = fields[10 + 2 * index] if complete else 0
    registers.pending_active = fields[21] if complete else 0
    registers.pending_reactive = fields[22] if complete else 0
    registers.pending_apparent = fields[23] if complete else 0
    if complete:
        front_end.load_snapshot(buf, SNAPSHOT_AT)
    return [fields[1], fields[2], fields[3], fields[4], fields[7], complete]
