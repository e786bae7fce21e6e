# SPDX-License-Identifier: MIT
"""An event as the entry of its log's record layout, for whoever sends it on: big-endian, as COSEM has it.

Security {stamp u32, code u16}; standard {stamp, code, octets}; power {stamp, code, u32}; load control {stamp, code, state
u8, stamp u32}. Stamps are seconds since 2000-01-01 UTC, the last one of load control since 1970. Source: SMETS2 event
logs as read back in the DCC's published sample messages.
"""

from struct import pack_into

from micropython import const

from app.records.event_log import CODE, DAY, EXTRA, SECOND
from app.records.event_table import TABLE
from app.records.masks import find
from app.store import layout

MOST = const(11)  # bytes that `entry_into` writes at most

_DAY_LOW = const(20_864)  # 86 400 = 65 536 + 20 864: the stamp in two halves, it passes 2**30 in 2034
_UNIX_HIGH = const(0x386D)  # 946 684 800 s from 1970 to 2000
_UNIX_LOW = const(0x4380)


def entry_into(log, event, buf):
    """event: as EventLog.read_into gives it. returns: bytes written from buf[0] on; standard: a length byte and the octets
    follow the code. allocates: no
    """
    low = event[DAY] * _DAY_LOW + event[SECOND]
    pack_into(">HHH", buf, 0, event[DAY] + (low >> 16), low & 0xFFFF, event[CODE])
    extra = event[EXTRA]
    if log == layout.LOG_SECURITY:
        return 6
    if log == layout.LOG_POWER:
        pack_into(">I", buf, 6, extra if extra > 0 else 0)
        return 10
    if log == layout.LOG_ALCS:
        minutes = extra >> 2
        high = 0
        low = 0
        if minutes:
            low = (minutes & 0xFFFF) * 60 + _UNIX_LOW
            high = (minutes >> 16) * 60 + _UNIX_HIGH + (low >> 16)
        pack_into(">BHH", buf, 6, extra & 3, high, low & 0xFFFF)
        return 11
    at = find(event[CODE])
    octets = TABLE[at + 3] if at >= 0 else 0
    buf[6] = octets
    for k in range(octets):
        buf[7 + k] = extra >> 8 * (octets - 1 - k) & 0xFF
    return 7 + octets


def alcs_extra(state, minutes):
    """What a load control event keeps: state 0..2, minutes since 2000-01-01 of its second stamp, 0: none. allocates: no"""
    return state & 3 | minutes << 2
