# SPDX-License-Identifier: MIT
"""One event log: the newest 100 events of a ring that survives the power, and those that wait for it.

Nothing of an event is kept in RAM once it is stored, only in which slot it lies, and that not before somebody reads.
A clearing is a record of its own in the ring (`FLAG_CLEAR`): it says from which sequence number on entries are kept, so
the log is as before or cleared, never in between. Bytes: docs/SPEC.md, "Event record".
"""

from micropython import const

from app import ticks
from app.records.event_queue import CAPACITY

PAYLOAD = const(12)
_LOOK_BACK = const(128)  # slots read: 100 events, and room for torn ones and a clearing

# Bits of byte 6 of a record; bit 0 is bit 16 of the second.
FLAG_UNKNOWN = const(2)  # a code that is not in the table
FLAG_LAST = const(4)  # the last of its code that is written singly in this hour; further ones are counted
FLAG_COUNT = const(8)  # extra: how many of this code came in an hour and were not written singly
FLAG_CLEAR = const(16)  # no event: entries before sequence number `extra` are gone

# Of an event as `read_into` gives it.
DAY = const(0)
SECOND = const(1)
CODE = const(2)
EXTRA = const(3)
FLAGS = const(4)
SERIAL = const(5)
EVENT_FIELDS = const(6)


def decode(record, event):
    """The fields of a 12-byte record into the list `event`. returns: False when it is none. allocates: no"""
    high = record[11]
    second = record[4] | record[5] << 8 | (record[6] & 1) << 16
    # Not small on a 32-bit port: none that was ever written.
    if 0x40 <= high < 0xC0 or second > 86_400:
        return False
    event[DAY] = record[0] | record[1] << 8
    event[CODE] = record[2] | record[3] << 8
    event[SECOND] = second
    event[FLAGS] = record[6] & 0xFE
    event[SERIAL] = record[7]
    event[EXTRA] = (record[8] | record[9] << 8 | record[10] << 16) + ((high if high < 0x80 else high - 0x100) << 24)
    return True


class EventLog:
    """total: events that came since boot. errors: slots found damaged when the log was last read from the start."""

    def __init__(self, ring, queue, number, may_clear):
        """ring: Ring or ByteRing with payload_size 12, this log's alone; queue: of all logs; number: layout.LOG_..."""
        self.ring = ring
        self.queue = queue
        self.number = number
        self.may_clear = may_clear
        self.total = 0
        self.errors = 0

    @property
    def count(self):
        """Events held, 0..100. allocates: no; reads up to 128 slots when another log was read last"""
        self._load()
        held = self.queue.stored + self.queue.count(self.number)
        return held if held < CAPACITY else CAPACITY

    def read_into(self, index, event):
        """Event `index` (0 = oldest .. count-1) into the list `event`: day, second, code, extra, flags, serial.

        returns: False when it cannot be read (there is no such event, the store is busy or failing). allocates: no
        """
        self._load()
        held = self.queue.stored + self.queue.count(self.number)
        over = held - CAPACITY if held > CAPACITY else 0
        if not 0 <= index < held - over:
            return False
        index += over
        slots = self.queue
        if index >= slots.stored:
            self.queue.record_into(self.queue.event(self.number, index - slots.stored), self.queue.record)
            return decode(self.queue.record, event)
        place = slots.next - slots.stored + index
        if place < 0:
            place += CAPACITY
        return self._fetch(slots.place[place]) and decode(self.queue.record, event)

    def flush(self):
        """One step: the oldest that waits to the ring, or away when it is stored. allocates: no"""
        queue = self.queue
        at = queue.oldest(self.number)
        if at < 0:
            return
        ring = self.ring
        queue.record_into(at, queue.record)
        if not queue.handed(at):
            if ring.staged:
                return
            ring.append(queue.record)
            queue.hand_over(at)
        if not ring.staged:
            queue.free(at)
            if queue.owner is self and decode(queue.record, queue.fields):
                self._keep(ring.next_sequence - 1)

    def newest_into(self, back, event):
        """What is stored `back` slots behind the newest (0 = that). returns: False: no event there, or not readable now"""
        ring = self.ring
        try:
            if ring.busy() or not ring.read(ring.slots - 1 - back, self.queue.record):
                return False
        except OSError:
            return False
        return decode(self.queue.record, event) and not event[FLAGS] & FLAG_CLEAR

    def lacks_clearing(self, sequence):
        """True when entries before `sequence` are still seen: their clearing was cut short. Boot only"""
        ring = self.ring
        age = ticks.diff(ring.next_sequence, sequence)
        if not 0 <= age <= _LOOK_BACK or age > ring.slots:
            return False  # they have left the log since
        for index in range(ring.slots - age, ring.slots):
            if ring.read(index, self.queue.record) and decode(self.queue.record, self.queue.fields):
                if self.queue.fields[FLAGS] & FLAG_CLEAR and self.queue.fields[EXTRA] == sequence:
                    return False
        return True

    def _keep(self, sequence):
        # Of the record in queue.fields.
        if self.queue.fields[FLAGS] & FLAG_CLEAR:
            if self.may_clear:
                self._forget(self.queue.fields[EXTRA])
            return
        slots = self.queue
        slots.place[slots.next] = sequence & 0xFFFF
        slots.next = slots.next + 1 if slots.next + 1 < CAPACITY else 0
        if slots.stored < CAPACITY:
            slots.stored += 1
        # Damaged slots in between: the oldest may have been overwritten already.
        while (self.ring.next_sequence - self._oldest()) & 0xFFFF > self.ring.slots:
            slots.stored -= 1

    def _oldest(self):
        slots = self.queue
        place = slots.next - slots.stored
        return slots.place[place + CAPACITY if place < 0 else place]

    def _forget(self, sequence):
        slots = self.queue
        while slots.stored and (self._oldest() - sequence) & 0x8000:
            slots.stored -= 1

    def _fetch(self, place):
        ring = self.ring
        try:
            if ring.busy():
                return False
            back = (ring.next_sequence - place) & 0xFFFF
            return ring.read(ring.slots - back, self.queue.record)
        except OSError:
            return False

    def _load(self):
        slots = self.queue
        if slots.owner is self:
            return
        ring = self.ring
        slots.owner = None
        slots.stored = 0
        slots.next = 0
        self.errors = 0
        faults = ring.errors
        try:
            if ring.busy():
                return
            for index in range(max(0, ring.slots - _LOOK_BACK), ring.slots):
                if ring.read(index, self.queue.record) and decode(self.queue.record, self.queue.fields):
                    self._keep(ring.next_sequence - ring.slots + index)
                else:
                    self.errors += 1
        except OSError:
            return
        # What could not be read because the bus failed is read again the next time.
        if ring.errors == faults and ring.slots:
            slots.owner = self
