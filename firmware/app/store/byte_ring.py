# SPDX-License-Identifier: MIT
"""A ring of fixed-size records on a byte store (FRAM): the same face as Ring, without erasing.

Slot n+1 follows slot n; a record is written as body with its sequence number, then CRC-32, and is durable when `append`
returns. The record being overwritten is the oldest one, so a torn write costs that one at most. Bytes: docs/SPEC.md,
"Byte ring".
"""

from struct import pack_into

from micropython import const

from app import ticks

_READ_TRIES = const(3)
_SEQUENCE_MASK = const(0x3FFFFFFF)


class ByteRing:
    """slots: places from the oldest to the newest record. staged: a record waits for a store that failed; poll() tries
    again.

    torn: damaged slots found at boot. errors: faults of the store. dropped: appends refused.
    """

    def __init__(self, store, address, slot_count, payload_size, crc):
        self.store = store
        self.address = address
        self.slot_count = slot_count
        self.payload_size = payload_size
        self.stride = payload_size + 8
        self.crc = crc
        self.slots = 0
        self.staged = False
        self.torn = 0
        self.errors = 0
        self.dropped = 0
        self.next_sequence = 0
        self._next_slot = 0
        self._record = bytearray(self.stride)
        self._body = memoryview(self._record)[: payload_size + 4]
        self._trailer = memoryview(self._record)[payload_size + 4 :]
        self._read = bytearray(self.stride)
        self._copy_format = "%ds" % payload_size
        self._scanned = self._scan()

    def busy(self):
        return False

    def append(self, buf):
        """Add one record. buf: bytearray or bytes of payload_size. allocates: no

        returns: True: accepted, and durable unless `staged`. False: one is waiting already
        """
        if self.staged:
            self.dropped += 1
            return False
        pack_into(self._copy_format, self._record, 0, buf)
        self.staged = True
        self._flush()
        return True

    def poll(self):
        """Try a staged record again. returns: True while one waits. allocates: no"""
        if self.staged:
            self._flush()
        return self.staged

    def read(self, index, buf):
        """Payload of slot `index` (0 = oldest) into buf. returns: False if it is damaged. allocates: no"""
        if index < 0 or index >= self.slots:
            return False
        slot = self._next_slot - self.slots + index
        if slot < 0:
            slot += self.slot_count
        sequence = ticks.diff(self.next_sequence, self.slots - index) & _SEQUENCE_MASK
        if not self._fetch(slot) or self._fetched_sequence() != sequence:
            return False
        pack_into(self._copy_format, buf, 0, self._read)
        return True

    def _flush(self):
        if not self._scanned:  # the bus was down at boot: write nothing before it is known what is there
            self._scanned = self._scan()
            if not self._scanned:
                return
        at = self.address + self._next_slot * self.stride
        pack_into("<I", self._record, self.payload_size, self.next_sequence)
        self.crc.seal(self._record, self.payload_size + 4)
        try:
            self.store.write(at, self._body)
            self.store.write(at + self.payload_size + 4, self._trailer)
        except OSError:
            self.errors += 1
            return
        self.staged = False
        self.next_sequence = ticks.add(self.next_sequence, 1)
        self._next_slot += 1
        if self._next_slot == self.slot_count:
            self._next_slot = 0
        if self.slots < self.slot_count:
            self.slots += 1

    def _scan(self):
        """Find the newest and the oldest record; every slot is read once, for a boot waits for it. allocates: yes

        returns: False when the store could not be read
        """
        newest = -1
        errors = self.errors
        self.slots = 0
        self.torn = 0
        newest_sequence = 0
        sequences = [-1] * self.slot_count
        for slot in range(self.slot_count):
            if not self._fetch(slot):
                if self.errors - errors >= _READ_TRIES:
                    return False
                if not self._blank():
                    self.torn += 1
                continue
            sequence = sequences[slot] = self._fetched_sequence()
            if newest < 0 or ticks.diff(sequence, newest_sequence) > 0:
                newest = slot
                newest_sequence = sequence
        if newest < 0:
            return True
        self._next_slot = 0 if newest + 1 == self.slot_count else newest + 1
        self.next_sequence = ticks.add(newest_sequence, 1)
        # The oldest: the valid slot farthest behind the newest whose number fits its place.
        for slot in range(self.slot_count):
            if sequences[slot] >= 0:
                age = ticks.diff(newest_sequence, sequences[slot])
                place = newest - slot if slot <= newest else newest - slot + self.slot_count
                if age == place and age >= self.slots:
                    self.slots = age + 1
        return True

    def _fetch(self, slot):
        # Read again before a slot is called damaged: a bit may have flipped on the bus.
        for _ in range(_READ_TRIES):
            try:
                self.store.read_into(self.address + slot * self.stride, self._read)
            except OSError:
                self.errors += 1
                continue
            if self.crc.valid(self._read, self.payload_size + 4) and self._read[self.payload_size + 3] < 0x40:
                return True
            if self._blank():  # no flipped bit makes that of a record
                return False
        return False

    def _blank(self):
        """Was what has been read never written: all zeros or all ones?"""
        first = self._read[0]
        if first not in (0, 0xFF):
            return False
        for byte in self._read:
            if byte != first:
                return False
        return True

    def _fetched_sequence(self):
        at = self.payload_size
        read = self._read
        return read[at] | read[at + 1] << 8 | read[at + 2] << 16 | read[at + 3] << 24
