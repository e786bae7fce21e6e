# SPDX-License-Identifier: MIT
"""Cold records in FRAM: small named pieces of state (configuration, tariff registers, contactor), saved when they
change.

Two alternating copies an id, written as HotStore does: body, then CRC, never over the newest good one. A doubled id
(layout.is_doubled) has the same content in both copies after a save, so that a damaged copy costs nothing.
Bytes: docs/SPEC.md, "Cold record".
"""

from struct import pack_into

from micropython import const

from app import ticks
from app.store import layout

_VERSION = const(1)
_HEAD = const(8)
_READ_TRIES = const(3)
_SAVES = const(0x3FFFFFFF)
_UNKNOWN = const(2)  # _newest: not looked for yet


class _Views:
    """What a record of one payload length needs; made when the length is first seen."""

    __slots__ = ("copy_format", "body", "trailer", "payload")

    def __init__(self, image, n):
        self.copy_format = "%ds" % n
        self.body = memoryview(image)[: _HEAD + n]
        self.trailer = memoryview(image)[_HEAD + n : _HEAD + n + 4]
        self.payload = memoryview(image)[_HEAD : _HEAD + n]


class ColdStore:
    """errors:

    saves that failed and copies found damaged. fell_back: ids whose newest copy may be gone, the other one serves.
    """

    def __init__(self, byte_store, base_address, crc, id_count=layout.COLD_IDS):
        self.byte_store = byte_store
        self.base_address = base_address
        self.crc = crc
        self.id_count = id_count
        self.errors = 0
        self.fell_back = 0
        self.saves = 0  # asked for: each takes time, and a pass should not wait for many
        self._image = bytearray(_HEAD + layout.COLD_PAYLOAD_MAX + 4)
        self._views = {}
        self._prepare = getattr(byte_store, "prepare", None)  # of a part that keeps something for each length it writes
        self._answered = False
        self._newest = bytearray([_UNKNOWN] * id_count)
        self._sequence = [0] * id_count
        self._length = [0] * id_count
        self._repair = bytearray(id_count)  # 1: one copy is damaged and gets written at the next save, changed or not

    def save(self, cold_id, buf):
        """Store buf (bytes or bytearray, 1..224) under an id; nothing is written when that is what is stored.

        returns: True when it is stored and verified. allocates: a length that was never loaded
        """
        n = len(buf)
        if not 0 < n <= layout.COLD_PAYLOAD_MAX or not 0 <= cold_id < self.id_count:
            raise ValueError("cold: id or length")
        self.saves = self.saves + 1 & _SAVES
        if self._newest[cold_id] == _UNKNOWN and not self._find(cold_id):
            return False  # the store does not answer: nothing is written over what may be there
        views = self._views_of(n)
        if self._length[cold_id] == n and not self._repair[cold_id]:
            if self._read_copy(cold_id, self._newest[cold_id]) and views.payload == buf:
                return True
        if not self._write_copy(cold_id, buf, views):
            return False
        if layout.is_doubled(cold_id) and not self._write_copy(cold_id, buf, views):
            self._repair[cold_id] = 1
            return False
        self._repair[cold_id] = 0
        return True

    def load_into(self, cold_id, buf):
        """Newest payload of an id into buf.

        A save of as many bytes does not allocate from now on.
        returns: its length; 0: nothing stored, damaged, or longer than buf. Boot only
        """
        if not 0 <= cold_id < self.id_count:
            raise ValueError("cold: id")
        if 0 < len(buf) <= layout.COLD_PAYLOAD_MAX:
            self._views_of(len(buf))
        if not self._find(cold_id):
            return 0
        n = self._length[cold_id]
        if not n or n > len(buf) or not self._read_copy(cold_id, self._newest[cold_id]):
            return 0
        views = self._views_of(n)
        pack_into(views.copy_format, buf, 0, bytes(views.payload))
        return n

    def _write_copy(self, cold_id, buf, views):
        image = self._image
        n = len(buf)
        copy = 1 - self._newest[cold_id]
        sequence = ticks.add(self._sequence[cold_id], 1)
        pack_into("<BBHI", image, 0, _VERSION, cold_id, n, sequence)
        pack_into(views.copy_format, image, _HEAD, buf)
        self.crc.seal(image, _HEAD + n)
        at = self._address(cold_id, copy)
        try:
            self.byte_store.write(at, views.body)
            self.byte_store.write(at + _HEAD + n, views.trailer)
        except OSError:
            self.errors += 1
            return False
        self._newest[cold_id] = copy
        self._sequence[cold_id] = sequence
        self._length[cold_id] = n
        return True

    def _find(self, cold_id):
        """Learn which copy is the newest. returns: False when the store could not be read. Boot only"""
        newest = -1
        sequence = 0
        length = 0
        damaged = 0
        contents = []
        for copy in (0, 1):
            self._answered = False
            if self._read_copy(cold_id, copy):
                contents.append(bytes(self._views_of(self._image[2] | self._image[3] << 8).payload))
                found = self._image_sequence()
                if newest < 0 or ticks.diff(found, sequence) > 0:
                    newest = copy
                    sequence = found
                    length = self._image[2] | self._image[3] << 8
            elif not self._answered:
                self.errors += 1
                return False
            elif not self._blank():
                damaged += 1
        alike = len(contents) == 2 and contents[0] == contents[1]
        self._repair[cold_id] = 1 if contents and not alike and layout.is_doubled(cold_id) else 0
        self.errors += damaged
        if damaged and newest >= 0:
            self.fell_back += 1
        self._newest[cold_id] = newest if newest >= 0 else 1
        self._sequence[cold_id] = sequence
        self._length[cold_id] = length
        return True

    def _read_copy(self, cold_id, copy):
        image = self._image
        at = self._address(cold_id, copy)
        for _ in range(_READ_TRIES):  # a bit may have flipped on the bus
            try:
                self.byte_store.read_into(at, image)
            except OSError:
                continue
            self._answered = True
            n = image[2] | image[3] << 8
            if image[0] == _VERSION and image[1] == cold_id and 0 < n <= layout.COLD_PAYLOAD_MAX and image[7] < 0x40:
                if self.crc.valid(image, _HEAD + n):
                    return True
        return False

    def _blank(self):
        # Of the copy read last: nothing was ever written where the head is all 0 or all 1.
        first = self._image[0]
        if first not in (0, 0xFF):
            return False
        for at in range(_HEAD):
            if self._image[at] != first:
                return False
        return True

    def _image_sequence(self):
        image = self._image
        return image[4] | image[5] << 8 | image[6] << 16 | image[7] << 24

    def _address(self, cold_id, copy):
        return self.base_address + (cold_id * 2 + copy) * layout.COLD_COPY

    def _views_of(self, n):
        views = self._views.get(n)
        if views is None:
            views = _Views(self._image, n)
            self._views[n] = views
            if self._prepare is not None:
                self._prepare(_HEAD + n)
                self._prepare(4)
        return views
