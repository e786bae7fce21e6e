# SPDX-License-Identifier: MIT
"""Events on their way to a ring: one small queue in RAM for all logs, so that none waits for another's store.

A place is kept until its event is stored, also while the ring already has a copy ("handed"): readers see it here until
they see it there. When nothing is free, the oldest event goes that no ring has, one of the security log last.
"""

from array import array
from struct import pack_into

from micropython import const

from app import ticks
from app.store import layout

CAPACITY = const(100)  # events of a log
PLACES = const(24)  # more than an erase of 400 ms lets come
FLAG_CLEAR = const(16)  # as app.records.event_log: a clearing, no event
_RECORD = const(12)
_FORMAT = "<HHHBBi"  # day, code, lower 16 bits of the second, byte of flags, serial number, extra
_HIGH = const(6)  # the byte of flags; bit 0 is bit 16 of the second
_FREE = const(0xFF)
_HANDED = const(0x80)
_FIELDS = const(6)  # of an event, as app.records.event_log has them


class EventQueue:
    """waiting: events in it. dropped: events given up since boot.

    Also here, because the logs share it: owner, place, next, stored: in which slots of its ring the events of one log lie, the
    one that was read last, so that four need the RAM of one; record, fields: for a record on its way to or from a ring.
    """

    def __init__(self):
        self.waiting = 0
        self.dropped = 0
        self._log = bytearray(b"\xff" * PLACES)
        self._records = bytearray(_RECORD * PLACES)
        self._arrival = array("i", bytes(4 * PLACES))
        self._arrivals = 0
        self.owner = None
        self.place = array("H", bytes(2 * CAPACITY))  # lower 16 bits of the sequence number
        self.next = 0
        self.stored = 0
        self.record = bytearray(_RECORD)
        self.fields = [0] * _FIELDS

    def put(self, log, day, code, second, high, serial, extra):
        """Keep one event. allocates: no"""
        at = self._room()
        self._log[at] = log
        pack_into(_FORMAT, self._records, _RECORD * at, day, code, second & 0xFFFF, high, serial, extra)
        self._arrival[at] = self._arrivals
        self._arrivals = ticks.add(self._arrivals, 1)
        self.waiting += 1

    def oldest(self, log):
        """Place of the oldest of a log, -1: none. allocates: no"""
        return self._after(log, -1) if self.waiting else -1

    def event(self, log, number):
        """Place of event `number` of a log (0 = the oldest), records that are no events left out; -1: not so many."""
        at = -1
        while number >= 0:
            at = self._after(log, at)
            if at < 0:
                break
            if not self._records[_RECORD * at + _HIGH] & FLAG_CLEAR:
                number -= 1
        return at

    def count(self, log):
        """Events of a log. allocates: no"""
        found = 0
        if self.waiting:
            for at in range(PLACES):
                if (
                    self._log[at] != _FREE
                    and self._log[at] & 0x7F == log
                    and not self._records[_RECORD * at + _HIGH] & FLAG_CLEAR
                ):
                    found += 1
        return found

    def handed(self, at):
        return self._log[at] & _HANDED != 0

    def hand_over(self, at):
        """The ring has a copy that is not stored yet."""
        self._log[at] |= _HANDED

    def free(self, at):
        self._log[at] = _FREE
        self.waiting -= 1

    def record_into(self, at, buf):
        """The 12 bytes of a record. allocates: no"""
        at *= _RECORD
        for n in range(_RECORD):
            buf[n] = self._records[at + n]

    def _after(self, log, before):
        # Of the events of this log the next one that came after that at `before`.
        found = -1
        for at in range(PLACES):
            if self._log[at] == _FREE or self._log[at] & 0x7F != log:
                continue
            if before >= 0 and ticks.diff(self._arrival[at], self._arrival[before]) <= 0:
                continue
            if found < 0 or ticks.diff(self._arrival[at], self._arrival[found]) < 0:
                found = at
        return found

    def _room(self):
        for at in range(PLACES):
            if self._log[at] == _FREE:
                return at
        victim = -1
        for at in range(PLACES):
            if victim < 0 or self._rather(at, victim):
                victim = at
        if not self._log[victim] & _HANDED:  # else the ring will still store it
            self.dropped += 1
        self.free(victim)
        return victim

    def _rather(self, at, victim):
        """True when the event at `at` is given up sooner than that at `victim`."""
        mine = self._cost(self._log[at])
        other = self._cost(self._log[victim])
        if mine != other:
            return mine < other
        return ticks.diff(self._arrival[at], self._arrival[victim]) < 0

    def _cost(self, log):
        if log & _HANDED:
            return 0
        return 2 if log == layout.LOG_SECURITY else 1
