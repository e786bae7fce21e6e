# SPDX-License-Identifier: MIT
"""An event log: the last 100 events in RAM as plain ints, each also a record in a ring that survives the power.

An event is (utc_day, utc_second, code, extra). It is durable when `append` returns, or at the latest when a following
`poll` has found the store free (`durable`). Codes are those of the SMETS2 alert tables and the project's own 0x7Fxx.
Nothing here deletes an event. Bytes: docs/SPEC.md, "Event record".
"""

from array import array
from struct import pack_into, unpack_from

from micropython import const

CAPACITY = const(100)
_LOOK_BACK = const(128)  # slots read at boot: 100 events and room for torn ones
_FORMAT = "<HHIi"
PAYLOAD = const(12)


class EventLog:
    """count: events held, 0..100; index 0 is the oldest. total: events appended since boot. lost: events that left RAM
    before they could be stored. durable: every event held is stored.
    """

    def __init__(self, ring):
        """ring: Ring or ByteRing with payload_size 12, this log's alone."""
        self.ring = ring
        self.count = 0
        self.total = 0
        self.lost = 0
        self.errors = 0  # records found damaged at boot
        self._next = 0
        self.durable = True
        self._unsaved = 0
        self._staged = False  # the oldest unsaved one is in the ring's hands
        self._day = array("H", bytes(2 * CAPACITY))
        self._second = array("i", [0] * CAPACITY)
        self._code = array("H", bytes(2 * CAPACITY))
        self._extra = array("i", [0] * CAPACITY)
        self._record = bytearray(PAYLOAD)
        self._load()

    def append(self, utc_day, utc_second, code, extra=0):
        """Log one event. extra: int, -2**30 <= extra < 2**30.

        allocates: no   returns: True when it is durable already
        """
        if self._unsaved == CAPACITY:
            if not self._staged:  # else the ring has a copy of it
                self.lost += 1
            self._staged = False
            self._unsaved -= 1
        self._keep(utc_day, utc_second, code, extra)
        self.total += 1
        self._unsaved += 1
        self._store()
        self.durable = self._unsaved == 0
        return self.durable

    def poll(self):
        """One step of the ring and, when it is free, one waiting event.

        returns: True while there is more to do. allocates: no
        """
        more = self.ring.poll()
        self._store()
        self.durable = self._unsaved == 0
        return more or not self.durable

    def utc_day(self, index):
        """Days since 2000-01-01 of event `index` (0 = oldest)."""
        return self._day[self._place(index)]

    def utc_second(self, index):
        return self._second[self._place(index)]

    def code(self, index):
        return self._code[self._place(index)]

    def extra(self, index):
        return self._extra[self._place(index)]

    def count_of(self, code):
        """How many of the events held have this code. allocates: no"""
        found = 0
        for index in range(self.count):
            if self._code[self._place(index)] == code:
                found += 1
        return found

    def _place(self, index):
        if not 0 <= index < self.count:
            raise IndexError("event")
        place = self._next - self.count + index
        return place + CAPACITY if place < 0 else place

    def _keep(self, utc_day, utc_second, code, extra):
        at = self._next
        self._day[at] = utc_day
        self._second[at] = utc_second
        self._code[at] = code
        self._extra[at] = extra
        self._next = 0 if at + 1 == CAPACITY else at + 1
        if self.count < CAPACITY:
            self.count += 1

    def _store(self):
        ring = self.ring
        if self._staged and not ring.staged:
            self._staged = False
            self._unsaved -= 1
        if not self._unsaved or ring.staged:
            return
        # The oldest first, and one a call: bounded work.
        at = self._next - self._unsaved
        if at < 0:
            at += CAPACITY
        pack_into(_FORMAT, self._record, 0, self._day[at], self._code[at], self._second[at], self._extra[at])
        ring.append(self._record)
        if ring.staged:
            self._staged = True
        else:
            self._unsaved -= 1

    def _load(self):
        ring = self.ring
        for index in range(max(0, ring.slots - _LOOK_BACK), ring.slots):
            if not ring.read(index, self._record):
                self.errors += 1
                continue
            fields = unpack_from(_FORMAT, self._record, 0)
            if fields[2] <= 86_400 and -(1 << 30) <= fields[3] < 1 << 30:
                self._keep(fields[0], fields[2], fields[1], fields[3])
