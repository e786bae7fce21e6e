# SPDX-License-Identifier: MIT
"""What is in a meter's memory before it meters: calibration, rings made ready and, for tests, registers. Written past the
firmware, in no time.

The bytes are laid out by the firmware's own store modules on a part without a bus, so that they are what it would have written.
"""

from app.metrology.registers import Registers
from app.store import calibration, cold_ring, layout
from app.store.blocks import Blocks
from app.store.cold import ColdStore
from app.store.hot import HotStore
from app.store.hot_ring import HotRing

_SECTOR = 4096


class _Bytes:
    """Byte store straight on the array."""

    def __init__(self, data):
        self.data = data
        self.size = len(data)

    def read_into(self, address, buf):
        buf[:] = self.data[address : address + len(buf)]

    def write(self, address, buf):
        self.data[address : address + len(buf)] = buf


class _Blocks(_Bytes):
    """Block store straight on the array."""

    sector_size = _SECTOR

    def __init__(self, data):
        super().__init__(data)
        self.sector_count = len(data) // _SECTOR

    def busy(self):
        return False

    def erase_start(self, sector):
        self.data[sector * _SECTOR : (sector + 1) * _SECTOR] = b"\xff" * _SECTOR

    def program(self, address, buf):
        for i, byte in enumerate(buf):
            self.data[address + i] &= byte


class _Nothing:
    """A front end that has no counters to keep."""

    def save_snapshot(self, buf, at):
        """A chip that was never read."""

    def load_snapshot(self, buf, at):
        """Nothing to continue from."""


class Factory:
    """memory: bytearray of the part. storage: "fram" or "partition". nor: what holds the NOR's bytes, None: leave it."""

    def __init__(self, memory, storage, elements, crc, nor=None):
        self.elements = elements
        self.blocks = None
        if storage == "fram":
            part = _Bytes(memory)
            self.hot = HotStore(part, layout.HOT_BASE, crc, elements)
            self.cold = ColdStore(part, layout.COLD_BASE, crc)
        else:
            self.blocks = Blocks(_Blocks(memory), crc, True, elements)
            ring = self.blocks.ring
            self.hot = HotRing([ring[layout.RING_HOT_0 + i] for i in range(elements)])
            self.cold = cold_ring.ColdRing(ring[layout.RING_COLD])
        if nor is not None:
            self.blocks = Blocks(_Blocks(nor), crc, False, elements)
        self._settle()

    def calibrate(self, element, payload, chip_id):
        """A calibration record, locked and bound to the chip (8 bytes)."""
        stored = calibration.store(self.cold, element, payload, chip_id, True)
        self._settle()
        if not stored:
            raise ValueError("the calibration was not stored")

    def registers_wh(self):
        """Six ints an element: what is stored, zeros where nothing is."""
        for element in range(self.elements):
            self.hot.load(element, Registers(1), _Nothing())
        return [list(wh) for wh in self.hot.served_wh]

    def preset(self, element, wh, counts_per_wh):
        """Registers (six ints, Wh) as if they had been metered."""
        registers = Registers(counts_per_wh)
        self.hot.load(element, registers, _Nothing())
        registers.wh[:] = wh
        self.hot.save(element, registers, _Nothing(), 0, 0, 0, 0)
        self._settle()
        if self.hot.served_wh[element] != list(wh):
            raise ValueError("the registers were not stored")

    def _settle(self):
        # Erasing ahead and what waits for it; FRAM has neither.
        for store in (self.hot, self.cold):
            poll = getattr(store, "poll", None)
            while poll is not None and poll():
                pass
        while self.blocks is not None and self.blocks.restless:
            self.blocks.poll(False, True)
