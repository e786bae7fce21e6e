# SPDX-License-Identifier: MIT
"""Hot records without FRAM (ESP32 with a raw partition or NOR): appended to a ring of their own, one ring an element.

Flash wears out, so a record is written when `due`: some register is nearly save_wh (at most 50) ahead of what is
stored. That is also the most a power cut can take, and how far readers may be behind: they are served what is stored.
The price in erases is host_tools/bench/wear.py.
"""

from struct import pack_into

from app import ticks
from app.metrology.registers import MODULUS_WH
from app.store import hot_record

_MOST_WH = 50
# Saved so much before save_wh: a residue below 1 Wh, 0.7 Wh in the longest wait, and an erase of 45 ms, 0.3 Wh at 25.3 kW
# (State lets none begin while a record is soon due).
_MARGIN_WH = 4
_LOOK_BACK = 64  # slots behind the newest that a load tries: that many torn records in a row do not occur


class HotRing:
    """The face of HotStore (save, load, served_wh, restored, sequence, loaded_*, errors, fell_back, lost) plus due()
    and poll().

    rings: one Ring an element, payload_size hot_record.BODY, nobody else's. save_wh: 5..50.
    """

    def __init__(self, rings, save_wh=_MOST_WH):
        if not _MARGIN_WH < save_wh <= _MOST_WH:
            raise ValueError("hot ring: save_wh 5..50")
        count = len(rings)
        self.rings = rings
        self.save_wh = save_wh
        self.flags = 0
        self.served_wh = [[0, 0, 0, 0, 0, 0] for _ in range(count)]
        self.restored = [False] * count
        self.sequence = [0] * count
        self.errors = 0
        self.fell_back = 0
        self.lost = 0
        self.loaded_flags = 0
        self.loaded_day = 0
        self.loaded_second = 0
        self.loaded_tou = 0
        self.loaded_block = 0
        self.loaded_complete = True
        self._saved = [False] * count
        self._waiting = [False] * count
        self._waiting_wh = [[0, 0, 0, 0, 0, 0] for _ in range(count)]
        self._image = bytearray(hot_record.BODY)
        self._last = [bytearray(hot_record.BODY) for _ in range(count)]
        self._copy_format = "%ds" % hot_record.BODY

    def due(self, element_index, registers, within_wh=0):
        """True when a power cut soon could take save_wh from some register, or within_wh now. allocates: no"""
        most = within_wh if within_wh else self.save_wh - _MARGIN_WH
        # The open second is in no register yet: 7 Wh at full load. Whichever register it will go to.
        per = registers.counts_per_wh
        active = registers.pending_active
        reactive = registers.pending_reactive
        most -= max(active, -active, reactive, -reactive, registers.pending_apparent) // per
        served = self.served_wh[element_index]
        wh = registers.wh
        for index in range(6):
            behind = wh[index] - served[index]
            if behind < 0:
                behind += MODULUS_WH
            if behind >= most:
                return True
        return False

    def save(self, element_index, registers, front_end, utc_day, utc_second, tou_index, block_index):
        """Append one record, or nothing when nothing but the time has changed (a time is no reason to wear flash).

        returns: True when it is stored and verified; False: it waits for the flash (poll() will store it) or could not
        be taken.
        allocates: no
        """
        ring = self.rings[element_index]
        if ring.staged:
            return False
        image = self._image
        hot_record.pack(
            image, element_index, registers, front_end, utc_day, utc_second, tou_index, block_index, self.flags
        )
        last = self._last[element_index]
        if self._saved[element_index] and self._same_but_time(image, last):
            return True
        ring.append(image)
        pack_into(self._copy_format, last, 0, image)
        self._saved[element_index] = True
        waiting = self._waiting_wh[element_index]
        for index in range(6):
            waiting[index] = registers.wh[index]
        self._waiting[element_index] = True
        self._settle(element_index)
        return not ring.staged

    def poll(self):
        """One bounded step of each ring. returns: True while there is more to do. allocates: no"""
        more = False
        for element_index in range(len(self.rings)):
            if self.rings[element_index].poll():
                more = True
            self._settle(element_index)
        return more

    def load(self, element_index, registers, front_end):
        """Fill registers and front end from the newest valid record. Boot only. returns: as HotStore.load"""
        ring = self.rings[element_index]
        slots = ring.slots
        image = self._image
        found = False
        for index in range(slots - 1, max(-1, slots - 1 - _LOOK_BACK), -1):
            if ring.read(index, image) and hot_record.plausible(image, element_index):
                found = True
                break
            self.errors += 1
        if found:
            if index < slots - 1:
                self.fell_back += 1
            self._take(element_index, registers, front_end)
            self.sequence[element_index] = ticks.diff(ring.next_sequence, slots - index) & 0x3FFFFFFF
        elif slots:
            self.lost += 1
        self.restored[element_index] = True
        return found

    def _take(self, element_index, registers, front_end):
        image = self._image
        loaded = hot_record.unpack(image, registers, front_end)
        self.loaded_flags = loaded[0]
        self.loaded_tou = loaded[1]
        self.loaded_block = loaded[2]
        self.loaded_day = loaded[3]
        self.loaded_second = loaded[4]
        self.loaded_complete = loaded[5]
        pack_into(self._copy_format, self._last[element_index], 0, image)
        self._saved[element_index] = True
        served = self.served_wh[element_index]
        for index in range(6):
            served[index] = registers.wh[index]

    def _settle(self, element_index):
        ring = self.rings[element_index]
        if self._waiting[element_index] and not ring.staged:
            self._waiting[element_index] = False
            served = self.served_wh[element_index]
            waiting = self._waiting_wh[element_index]
            for index in range(6):
                served[index] = waiting[index]
            self.sequence[element_index] = ticks.diff(ring.next_sequence, 1) & 0x3FFFFFFF

    @staticmethod
    def _same_but_time(image, last):
        # utc_day is at 4..5, utc_second at 8..11
        for at in range(hot_record.BODY):
            if image[at] != last[at] and at not in (4, 5, 8, 9, 10, 11):
                return False
        return True
