# SPDX-License-Identifier: MIT
"""Cold records where there is no FRAM: the face of ColdStore on a ring that nobody else uses.

The newest record of an id counts. What would fall off the end of the ring is copied to its front in time: `poll` copies
one record a step as soon as it lies in the older half. Bytes: docs/SPEC.md, "Cold record in a ring".
"""

from struct import pack_into

from micropython import const

from app import ticks
from app.store import layout

_VERSION = const(1)
_HEAD = const(4)
PAYLOAD = const(228)  # payload_size of the ring
_MASK = const(0x3FFFFFFF)


class ColdRing:
    """errors: records found damaged at boot. fell_back: 1 when the newest slot was one of them."""

    def __init__(self, ring, id_count=layout.COLD_IDS):
        """ring: Ring with payload_size PAYLOAD and room for 4 x id_count records at least."""
        if ring.payload_size != PAYLOAD or (ring.sector_count - 3) * ring.per_sector < 4 * id_count:
            raise ValueError("cold ring: payload size or room")
        self.ring = ring
        self.id_count = id_count
        self.errors = 0
        self.fell_back = 0
        self.saves = 0
        self._half = (ring.sector_count - 3) * ring.per_sector >> 1
        self._sequence = [-1] * id_count  # of the newest record of each id; -1: none
        self._image = bytearray(PAYLOAD)
        self._next = bytearray(PAYLOAD)
        self._formats = {}
        self._look = 0
        for index in range(ring.slots):  # boot only: every slot once
            if not ring.read(index, self._image):
                self.errors += 1
                if index == ring.slots - 1:
                    self.fell_back = 1
                continue
            cold_id = self._image[1]
            if self._image[0] == _VERSION and cold_id < id_count and 0 < self._image[2] <= layout.COLD_PAYLOAD_MAX:
                self._sequence[cold_id] = ticks.diff(ring.next_sequence, ring.slots - index) & _MASK

    def save(self, cold_id, buf):
        """Store buf (bytes or bytearray, 1..224). returns: True when it is durable; False: ask again after poll()"""
        n = len(buf)
        if not 0 < n <= layout.COLD_PAYLOAD_MAX or not 0 <= cold_id < self.id_count:
            raise ValueError("cold: id or length")
        self.saves = self.saves + 1 & _MASK
        ring = self.ring
        if ring.staged or ring.busy():
            return False
        image = self._next
        for at in range(PAYLOAD):
            image[at] = 0
        pack_into("<BBBB", image, 0, _VERSION, cold_id, n, 0)
        copy_format = self._formats.get(n)
        if copy_format is None:
            copy_format = "%ds" % n
            self._formats[n] = copy_format
        pack_into(copy_format, image, _HEAD, buf)
        if self._fetch(cold_id) and self._image == image:
            return True
        return self._append(cold_id, image)

    def load_into(self, cold_id, buf):
        """Newest payload of an id into buf. returns: its length; 0: nothing stored, or longer than buf. Boot only"""
        if self.ring.busy() or not self._fetch(cold_id):
            return 0
        n = self._image[2]
        if n > len(buf):
            return 0
        pack_into("%ds" % n, buf, 0, bytes(memoryview(self._image)[_HEAD : _HEAD + n]))
        return n

    def poll(self):
        """One step of the ring, or one record copied forward. returns: True while there is more to do"""
        more = self.ring.poll()
        if self.ring.staged or self.ring.busy():
            return True
        cold_id = self._look
        self._look = cold_id + 1 if cold_id + 1 < self.id_count else 0
        sequence = self._sequence[cold_id]
        if sequence >= 0 and ticks.diff(self.ring.next_sequence, sequence) > self._half and self._fetch(cold_id):
            self._append(cold_id, self._image)
            return True
        return more

    def _append(self, cold_id, image):
        self.ring.append(image)
        if self.ring.staged:
            # The number it will get is not known yet (a slot may be passed over): take it as the next and look there
            # again.
            self._sequence[cold_id] = self.ring.next_sequence
            return False
        self._sequence[cold_id] = ticks.diff(self.ring.next_sequence, 1) & _MASK
        return True

    def _fetch(self, cold_id):
        sequence = self._sequence[cold_id]
        if sequence < 0:
            return False
        index = self.ring.slots - ticks.diff(self.ring.next_sequence, sequence)
        return self.ring.read(index, self._image) and self._image[1] == cold_id
