# SPDX-License-Identifier: MIT
"""Everything the meter must know after a power loss, in one place: hot records, declared loss, boots, what is wrong with them.

Readers are served from here and nowhere else: `served_wh` moves only when a record has been written and read back.
"""

from struct import pack_into, unpack_from

from micropython import const

from app.records import codes
from app.store import calibration, layout

_LOST_VERSION = const(1)
_BOOT_VERSION = const(1)
_BEGUN_S = const(2)
_FAILING_WH = const(1)  # at a power-fail warning flash takes a record that is worth this
_CALM_WH = const(25)  # erase while the records are no further behind
_GOOD_RUN_S = const(60)  # a boot counts as good after this


class State:
    """hot: HotStore; cold: ColdStore. flagged: an integrity flag is up (warning sign). boots_failed: boots in a row that
    did not reach a minute. calibrated[e]: the element runs on its own, intact calibration.
    """

    def __init__(self, hot, cold, element_count, blocks=None):
        """blocks: the Blocks that hot and cold records are rings of; None with FRAM."""
        self.hot = hot
        self.served_wh = hot.served_wh  # served_wh[e][i]: what readers may see, whole Wh, never falling
        self.cold = cold
        self.flagged = False
        self.restored = False
        self.boots_failed = 0
        self.calibrated = [False] * element_count
        self.saved_day = 0
        self.saved_second = 0
        self.known = False  # a record of an earlier life was found
        self.last_error = None
        self.blocks = blocks
        self.in_flash = blocks is not None  # no FRAM: registers go to a ring of raw erase blocks
        self.failing = False  # the supply is going: store whatever there is
        self.save_failures = 0
        self._lost_record = bytearray(4 + 24 * element_count)
        self._boot_record = bytearray(4)
        self._run_s = 0
        self.restless = True  # poll() has something to do
        self._lost_due = False  # a cold record that the store could not take yet
        self._boots_due = False

    def restore(self, elements, clock, power_on):
        """Bring everything back; nothing is served, and no chip is read, before this has ended.

        power_on: the supply came, and with that the last run ended with the supply, not by a fault of its own.
        returns: True when it has; False: the store does not answer, ask again. Boot only.
        """
        hot = self.hot
        for i in range(len(elements)):
            if hot.restored[i]:
                continue
            element = elements[i]
            if hot.load(i, element.registers, element.front_end):
                self.known = True
                self.saved_day = hot.loaded_day
                self.saved_second = hot.loaded_second
            elif not hot.restored[i]:
                return False
        if self.known:
            clock.day = self.saved_day
            clock.second = self.saved_second
        for i in range(len(elements)):
            self.calibrated[i] = calibration.apply(self.cold, i, elements[i].front_end)
        self._restore_lost(elements)
        self._read_boots(power_on)
        self.restored = True
        return True

    def tell(self, log):
        """Log what restoring found, once the time is known. Boot only."""
        hot = self.hot
        if hot.lost:
            # Both slots damaged: the registers start at zero and everybody is told.
            self.flagged = True
            log.append_now(codes.NVM_FAULT, 0)
        elif hot.fell_back:
            log.append_now(codes.INTEGRITY_ISSUE, codes.SUB_STORE_FELL_BACK)
        for calibrated in self.calibrated:
            if not calibrated:
                self.flagged = True
                log.append_now(codes.INTEGRITY_ISSUE, codes.SUB_CALIBRATION)

    def identify(self, element_index, front_end):
        """The chip has told its identity: does the calibration belong to it? Once a boot.

        returns: False when it does not: nominal gains from now on, as if there were none
        """
        if calibration.matches(self.cold, element_index, front_end.chip_id):
            return True
        front_end.configure(None)
        self.calibrated[element_index] = False
        self.flagged = True
        return False

    def save(self, elements, clock):
        """One hot record an element, in flash when it is worth one. returns: True when all are stored and verified

        allocates: no
        """
        good = True
        hot = self.hot
        i = 0
        for element in elements:
            # Flash wears: a record waits until it is worth an entry.
            if not self.in_flash or hot.due(i, element.registers, _FAILING_WH if self.failing else 0):
                if not hot.save(i, element.registers, element.front_end, clock.day, clock.second, 0, 0):
                    good = False
            i += 1
        if not good:
            self.save_failures += 1
        return good

    def save_one(self, element_index, element, clock):
        """The record of one element, now. returns: True: stored, or kept by the flash and sure to be; False: it is not taken,
        and no reader will ever see what is in it
        """
        hot = self.hot
        i = element_index
        if self.in_flash and not hot.rings[i].ready():
            return False
        if hot.save(i, element.registers, element.front_end, clock.day, clock.second, 0, 0):
            return True
        return self.in_flash and hot.rings[i].staged

    def save_lost(self, elements):
        """The account of declared loss, after it has changed."""
        record = self._lost_record
        record[0] = _LOST_VERSION
        for i in range(len(elements)):
            for k in range(6):
                pack_into("<I", record, 4 + 24 * i + 4 * k, elements[i].lost_mwh[k] & 0x3FFFFFFF)
        self._lost_due = not self.cold.save(layout.DECLARED_LOST, record)
        self.restless = True

    def _restore_lost(self, elements):
        record = self._lost_record
        if self.cold.load_into(layout.DECLARED_LOST, record) != len(record) or record[0] != _LOST_VERSION:
            return
        for i in range(len(elements)):
            for k in range(6):
                elements[i].lost_mwh[k] = unpack_from("<I", record, 4 + 24 * i + 4 * k)[0]

    def _read_boots(self, power_on):
        record = self._boot_record
        if self.cold.load_into(layout.BOOT, record) == len(record) and record[0] == _BOOT_VERSION:
            self.boots_failed = record[1]
            if power_on and self.boots_failed:
                # The last run did not fail, its supply went: a grid that comes and goes is no reason for safe mode.
                self.boots_failed -= 1
        if not power_on:
            # The supply is there, the fault was the meter's own: the next one may be quicker than two seconds.
            self._write_boots(self.boots_failed + 1)

    def _write_boots(self, count):
        self._boot_record[0] = _BOOT_VERSION
        self._boot_record[1] = count if count < 255 else 255
        self._boots_due = not self.cold.save(layout.BOOT, self._boot_record)

    def housekeeping(self, elements):
        """One bounded step of the rings (erase ahead, what waits for the flash). allocates: no

        An erase of the flash that the code runs from stops the processor for its time: at most one a pass, each ring in its
        turn, none while the supply is failing and none while a record is soon due.
        """
        if self.blocks is None:
            return
        self.blocks.poll(self.failing, self._calm(elements))
        self.hot.poll()
        self.cold.poll()

    def _calm(self, elements):
        for i in range(len(elements)):
            if self.hot.due(i, elements[i].registers, _CALM_WH):
                return False
        return True

    def poll(self, seconds):
        """Once a second while `restless`. A boot counts as begun after two seconds (a decaying supply boots and dies
        unwritten), at once after a reset; as good after a minute.

        What a store could not take is offered again.
        """
        if self._lost_due:
            self._lost_due = not self.cold.save(layout.DECLARED_LOST, self._lost_record)
        if self._boots_due:
            self._boots_due = not self.cold.save(layout.BOOT, self._boot_record)
        if self._run_s < _GOOD_RUN_S:
            before = self._run_s
            self._run_s += seconds
            if self._run_s >= _GOOD_RUN_S:
                self._write_boots(0)
            elif before < _BEGUN_S <= self._run_s:
                self._write_boots(self.boots_failed + 1)
        self.restless = self._run_s < _GOOD_RUN_S or self._lost_due or self._boots_due
