# SPDX-License-Identifier: MIT
"""Reading a profile: by entry, or by date with a binary search; nothing is held but two records.

Entry 0 is the oldest that has a record before it: what it is worth is the difference to that one. Between two calls the
oldest entries may go, and with them the numbers of all; who reads many holds to `oldest`.
"""

from micropython import const

from app import ticks

HEAD = const(8)
DAY_MIN = const(1440)
_LENGTH_DAY = const(255)
_TORN_MOST = const(16)  # torn records in a row that a search passes over


class ProfileReader:
    """day, minute, generation, status, length: of the entry read last. minute 1..1440 is its end, length its minutes; 0: a
    mark, which stands at `day`, `minute` 0..1439.
    """

    def __init__(self, ring, body_size):
        if ring.payload_size != HEAD + body_size:
            raise ValueError("profile: payload of the ring")
        self.ring = ring
        self.day = 0
        self.minute = 0
        self.generation_read = 0
        self.status_read = 0
        self.length_read = 0
        self._now = bytearray(HEAD + body_size)  # the record fetched last
        self._before = bytearray(HEAD + body_size)  # and the one it is compared with; between two reads it is free
        self._fetched = -1  # sequence of _now, -1: none

    @property
    def count(self):
        """Entries; torn ones, which `read` refuses, included."""
        slots = self.ring.slots
        return slots - 1 if slots else 0

    @property
    def oldest(self):
        """Sequence of entry 0, 0..2**30-1; entry n has n more."""
        ring = self.ring
        return ticks.add(ticks.diff(ring.next_sequence, ring.slots) & 0x3FFFFFFF, 1)

    @property
    def rebased(self):
        """The entry read last is a preset of the registers: what lies between it and the one before is no energy."""
        return not self.length_read and self.status_read & 8 != 0

    @property
    def page_reads(self):
        """Slots read from the store so far; each lies in one page."""
        return self.ring.reads

    def read(self, index):
        """Entry `index` (0 = oldest) into the attributes. allocates: no

        returns: False: torn, none such, or nothing whole lies before it. raises: OSError: the store does not answer now
        """
        if index < 0 or index >= self.count:
            return False
        if not self._fetch_before(index) or not self.fetch(index + 1):
            return False
        now = self._now
        self.day = now[0] | now[1] << 8
        self.minute = now[2] | now[3] << 8
        self.generation_read = self.generation_of_fetched()
        self.status_read = now[6]
        self.length_read = self.length_of_fetched()
        self._work_out(self._before, now)
        return True

    def find(self, minute_number):
        """Index of the first entry of the present time line that ends after minute_number (day * 1440 + minute, UTC).

        returns: `count` when there is none. Reads about two slots for each doubling of the depth. raises: OSError
        """
        if not self.count or not self._fetch_from(self.ring.slots - 1, -1):
            return self.count
        line = self._now[5]
        low = self._halve(0, line, -1)
        return max(0, self._halve(low, line, minute_number) - 1)

    def _halve(self, low, line, minute_number):
        """First slot from `low` on that is of the line or newer (minute_number -1), or that ends after minute_number."""
        high = self.ring.slots
        while low < high:
            middle = low + high >> 1
            found = self._fetch_from(middle, 1)
            if not found:
                after = True
            elif minute_number < 0:
                after = not (line - self._now[5] & 0xFF)
            else:
                after = self.end_of_fetched() > minute_number
            if after:
                high = middle
            else:
                low = middle + 1
        return low

    def _work_out(self, before, now):
        """What the entry is worth: the subclass's own."""

    # One slot of the ring

    def fetch(self, slot):
        """Record in a slot of the ring (0 = oldest) into _now. returns: False: torn. raises: OSError"""
        ring = self.ring
        self._fetched = -1
        if not ring.read(slot, self._now):
            return False
        self._fetched = ticks.diff(ring.next_sequence, ring.slots - slot) & 0x3FFFFFFF
        return True

    def _fetch_from(self, slot, step):
        """The first whole record from `slot` on, in the direction `step`."""
        for _ in range(_TORN_MOST):
            if not 0 <= slot < self.ring.slots:
                return False
            if self.fetch(slot):
                return True
            slot += step
        return False

    def _fetch_before(self, slot):
        """The newest whole record up to `slot` into _before; it is often the one that was read last."""
        ring = self.ring
        sequence = ticks.diff(ring.next_sequence, ring.slots - slot) & 0x3FFFFFFF
        if self._fetched != sequence and not self._fetch_from(slot, -1):
            return False
        now = self._now
        self._now = self._before
        self._before = now
        self._fetched = -1
        return True

    def end_of_fetched(self):
        """Minute number."""
        now = self._now
        return (now[0] | now[1] << 8) * DAY_MIN + (now[2] | now[3] << 8)

    def generation_of_fetched(self):
        return self._now[4] | self._now[5] << 8

    def length_of_fetched(self):
        """Minutes; 0: a mark."""
        code = self._now[7]
        return DAY_MIN if code == _LENGTH_DAY else code

    def copy_body(self, body):
        now = self._now
        for at in range(len(now) - HEAD):
            body[at] = now[HEAD + at]


def difference_wh(before, now, at, modulus):
    """Total at now[at:at+4] less that at before[at:at+4], u32, of a register that rolls over at modulus. allocates: no

    A difference that passes 2**30 is one that no meter of 25 kW makes.
    """
    low = (now[at] | now[at + 1] << 8) - (before[at] | before[at + 1] << 8)
    high = (now[at + 2] | now[at + 3] << 8) - (before[at + 2] | before[at + 3] << 8)
    moved = high * 0x10000 + low
    return moved if moved >= 0 else moved + modulus
