# SPDX-License-Identifier: MIT
"""Calendar of a load switch: entries of a time of day, weekdays or special days and a range of dates, each on or off.

The state at a time is that of the entry that was due last, looked up anew whenever it matters: a clock that steps needs no
repair. On a special day only entries that name its kind are due. Times are UTC. Nothing due yet, or no entries: off.
Source: COSEM class 10 (schedule) and class 11 (special days), Blue Book; sizes are this project's.
"""

from struct import pack_into, unpack_from

from micropython import const

from app.clock import weekday

ENTRIES = const(16)
SPECIAL_DAYS = const(8)
RECORD = const(196)

_VERSION = const(1)
_HEAD = const(4)  # version, entries, special days, 0
_ENTRY = const(10)  # minute of day u16, weekdays, special kinds, on, 0, first day u16, last day u16
_SPECIALS = const(164)
_SPECIAL = const(4)  # day u16, kind, 0
_DAY_MOST = const(0xFFFF)
_LOOK_BACK = const(70)  # days: nine weeks and a day, of which special days cancel eight


class Calendar:
    """entries, specials: how many. record: bytes as they are stored, empty where there is no calendar."""

    __slots__ = ("record", "entries", "specials")

    def __init__(self):
        self.record = b""
        self.entries = 0
        self.specials = 0

    def load(self, record):
        """Take over a record of RECORD bytes. returns: True when it is a calendar; else this stays an empty one."""
        good = record[0] == _VERSION and record[1] <= ENTRIES and record[2] <= SPECIAL_DAYS
        if good:
            self.record = record
            self.entries = record[1]
            self.specials = record[2]
        return good

    def put(self, entries, specials):
        """Fill the record. entries: [(minute of day, weekdays: bit 0 Monday, kinds of special day: bit n, on, first day, last
        day)]; specials: [(day, kind 0..7)]; days since 2000-01-01. returns: 0, or why not: 1 too many, 2 an entry, 3 a special
        day. Allocates.
        """
        if len(entries) > ENTRIES or len(specials) > SPECIAL_DAYS:
            return 1
        self.record = record = bytearray(RECORD)
        record[0] = _VERSION
        record[1] = len(entries)
        record[2] = len(specials)
        at = _HEAD
        for minute, weekdays, kinds, on, first, last in entries:
            if not (0 <= minute < 1440 and 0 <= weekdays <= 0x7F and 0 <= kinds <= 0xFF and on in (0, 1)):
                return 2
            if not 0 <= first <= last <= _DAY_MOST or not weekdays | kinds:
                return 2
            pack_into("<HBBBBHH", record, at, minute, weekdays, kinds, on, 0, first, last)
            at += _ENTRY
        days = []
        at = _SPECIALS
        for day, kind in specials:
            if not 0 <= day <= _DAY_MOST or not 0 <= kind <= 7 or day in days:
                return 3
            days.append(day)
            pack_into("<HBB", record, at, day, kind, 0)
            at += _SPECIAL
        return 0

    def entry(self, i):
        """As given to `put`. Allocates."""
        minute, weekdays, kinds, on, _, first, last = unpack_from("<HBBBBHH", self.record, _HEAD + i * _ENTRY)
        return minute, weekdays, kinds, on, first, last

    def state(self, day, minute):
        """1 on, 0 off at this minute of this day. allocates: no"""
        record = self.record
        found_day = -1
        found_minute = -1
        on = 0
        for i in range(self.entries):
            at = _HEAD + i * _ENTRY
            entry_minute = record[at] | record[at + 1] << 8
            due = self._last_due(at, day if entry_minute <= minute else day - 1)
            if due > found_day or due == found_day >= 0 and entry_minute >= found_minute:
                found_day = due
                found_minute = entry_minute
                on = record[at + 4]
        return on

    def next_minute(self, minute):
        """Minute of day, after this one, at which an entry may be due; 1440: none today. allocates: no"""
        record = self.record
        found = 1440
        for i in range(self.entries):
            at = _HEAD + i * _ENTRY
            entry_minute = record[at] | record[at + 1] << 8
            if minute < entry_minute < found:
                found = entry_minute
        return found

    def _last_due(self, at, day):
        """The last day up to `day` on which the entry is due, -1: none."""
        record = self.record
        first = record[at + 6] | record[at + 7] << 8
        last = record[at + 8] | record[at + 9] << 8
        day = min(day, last)
        found = -1
        kinds = record[at + 3]
        for i in range(self.specials):
            special = _SPECIALS + i * _SPECIAL
            special_day = record[special] | record[special + 1] << 8
            if found < special_day <= day and special_day >= first and kinds >> record[special + 2] & 1:
                found = special_day
        weekdays = record[at + 2]
        if weekdays:
            least = max(first, day - _LOOK_BACK, found + 1)
            while day >= least:
                if weekdays >> (weekday(day) - 1) & 1 and not self._is_special(day):
                    return day
                day -= 1
        return found

    def _is_special(self, day):
        record = self.record
        for i in range(self.specials):
            at = _SPECIALS + i * _SPECIAL
            if record[at] | record[at + 1] << 8 == day:
                return True
        return False
