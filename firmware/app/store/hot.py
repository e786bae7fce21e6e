# SPDX-License-Identifier: MIT
"""Hot records in FRAM: two alternating slots an element, so that the last verified save is always there to fall back
to.

A save goes to the slot that does not hold the newest record: body with its sequence number, then the CRC that makes it
valid. Only when both have been read back do `served_wh` (what readers may see) and the sequence move on. After a failed
save the same slot is tried again next time; the good one is never touched.
"""

from struct import pack_into

from micropython import const

from app import ticks
from app.store import hot_record, layout

_SEALED = const(96)  # body and sequence: what the CRC is over
_READ_TRIES = const(3)
_SEQUENCE_MAX = const(0x3FFFFFFF)

# What a slot holds
_BLANK = const(0)
_VALID = const(1)
_DAMAGED = const(2)
_UNREADABLE = const(3)


class _Slices:
    """Hands back the slice object it is indexed with, to be kept: MicroPython has no slice() constructor."""

    def __getitem__(self, key):
        return key


class _Packed:
    """What the image of a slot was packed from: second of the day (-1: not known) and registers. body: its bytes."""

    __slots__ = ("body", "second", "wh", "residue")

    def __init__(self, image):
        self.body = memoryview(image)[: hot_record.BODY]
        self.second = -1
        self.wh = [0, 0, 0, 0, 0, 0]
        self.residue = [0, 0, 0, 0, 0, 0]


class HotStore:
    """restored[e]: False until load(e) could read both slots, whatever it found there: serve nothing before, and
    nothing is saved before. served_wh[e]: six ints.

    sequence[e]: of the newest verified record, wraps at 2**30. flags: caller's byte, saved with every record.
    errors: saves that failed and slots found damaged. fell_back: loads that found one slot damaged and took the other
    (a save torn by a power cut looks the same). lost: loads that found both slots written and neither valid. loaded_*:
    what the last load() found besides registers. loaded_complete: False if counts of another chip were dropped.
    """

    def __init__(self, byte_store, base_address, crc, element_count):
        self.byte_store = byte_store
        self.base_address = base_address
        self.crc = crc
        self.flags = 0
        self.sequence = [0] * element_count
        self.served_wh = [[0, 0, 0, 0, 0, 0] for _ in range(element_count)]
        self.restored = [False] * element_count
        self.errors = 0
        self.fell_back = 0
        self.lost = 0
        self.loaded_flags = 0
        self.loaded_day = 0
        self.loaded_second = 0
        self.loaded_tou = 0
        self.loaded_block = 0
        self.loaded_complete = True
        self._newest = [1] * element_count  # slot of the newest record; the first save goes to slot 0
        self._saved = [False] * element_count
        # Two images an element, as it has two slots: the newest record, and the one being made.
        self._all = _Slices()[0:6]
        self._images = [[bytearray(hot_record.SIZE), bytearray(hot_record.SIZE)] for _ in range(element_count)]
        self._packed = [[_Packed(image) for image in pair] for pair in self._images]

    def save(self, element_index, registers, front_end, utc_day, utc_second, tou_index, block_index):
        """Write one record, or nothing when nothing has changed. returns: True when it is stored and verified

        Before load() it is False: a save that does not know the newest sequence could lose to an old record.

        allocates: no
        """
        if not self.restored[element_index]:
            self.errors += 1
            return False
        newest = self._newest[element_index]
        slot = 1 - newest
        image = self._images[element_index][slot]
        pair = self._packed[element_index]
        packed = pair[slot]
        if (
            utc_second == packed.second
            and registers.residue == packed.residue
            and registers.wh == packed.wh
            and image[1] == self.flags
            and image[2] == tou_index
            and image[3] == block_index
        ):
            hot_record.pack_open(image, registers, front_end)  # nothing is booked inside of a second
        else:
            hot_record.pack(
                image, element_index, registers, front_end, utc_day, utc_second, tou_index, block_index, self.flags
            )
            packed.second = utc_second
            packed.residue[self._all] = registers.residue
            packed.wh[self._all] = registers.wh
        if self._saved[element_index] and packed.body == pair[newest].body:
            return True
        sequence = self.sequence[element_index]
        sequence = sequence + 1 if sequence < _SEQUENCE_MAX else 0
        pack_into("<I", image, hot_record.BODY, sequence)
        self.crc.seal(image, _SEALED)
        try:
            # One transfer, in the order of the addresses: the CRC goes last, and without it the record is none.
            self.byte_store.write(self.base_address + (element_index * 2 + slot) * layout.HOT_SLOT, image)
        except OSError:
            self.errors += 1
            return False
        self._newest[element_index] = slot
        self._saved[element_index] = True
        self.sequence[element_index] = sequence
        if self.served_wh[element_index] != registers.wh:
            self._serve(element_index, registers)
        return True

    def load(self, element_index, registers, front_end):
        """Fill registers and front end from the newest valid slot. Boot only.

        returns: True when a record was found; False: registers and front end are as they were (a new meter, or `lost`
        has grown; or, with restored[e] still False, the store does not answer: call again)
        """
        images = self._images[element_index]
        for packed in self._packed[element_index]:
            packed.second = -1
        states = [self._read_slot(element_index, slot, images[slot]) for slot in (0, 1)]
        if _UNREADABLE in states:
            self.errors += 1
            return False
        newest = -1
        for slot in (0, 1):
            if states[slot] == _VALID:
                if newest < 0 or ticks.diff(_sequence_of(images[slot]), _sequence_of(images[newest])) > 0:
                    newest = slot
        damaged = (states[0] == _DAMAGED) + (states[1] == _DAMAGED)
        self.errors += damaged
        if newest >= 0:
            self._take(element_index, newest, images[newest], registers, front_end)
            self.fell_back += damaged
        elif damaged == 2:
            self.lost += 1
        self.restored[element_index] = True
        return newest >= 0

    def _take(self, element_index, slot, image, registers, front_end):
        found = hot_record.unpack(image, registers, front_end)
        self.loaded_flags = found[0]
        self.loaded_tou = found[1]
        self.loaded_block = found[2]
        self.loaded_day = found[3]
        self.loaded_second = found[4]
        self.loaded_complete = found[5]
        self.sequence[element_index] = _sequence_of(image)
        self._newest[element_index] = slot
        self._saved[element_index] = True
        self._serve(element_index, registers)

    def _serve(self, element_index, registers):
        served = self.served_wh[element_index]
        wh = registers.wh
        for index in range(6):
            served[index] = wh[index]

    def _read_slot(self, element_index, slot, image):
        # Read again before a slot is called damaged: a bit flipped on the bus must not cost a record.
        state = _UNREADABLE
        for _ in range(_READ_TRIES):
            try:
                self.byte_store.read_into(self.base_address + (element_index * 2 + slot) * layout.HOT_SLOT, image)
            except OSError:
                continue
            state = _DAMAGED
            if self.crc.valid(image, _SEALED) and image[95] < 0x40 and hot_record.plausible(image, element_index):
                return _VALID
            if image == bytes(hot_record.SIZE) or image == b"\xff" * hot_record.SIZE:
                return _BLANK
        return state


def _sequence_of(image):
    return image[92] | image[93] << 8 | image[94] << 16 | image[95] << 24
