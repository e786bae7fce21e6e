# SPDX-License-Identifier: MIT
"""What is in a meter's memory before it meters: calibration, configuration, tariff, rings made ready and, for tests, registers.
Written past the firmware, in no time.

The bytes are laid out by the firmware's own store modules on a part without a bus, so that they are what it would have written.
"""

from app.clock import Clock
from app.configuration.configuration import Configuration
from app.configuration.settings import Settings
from app.metrology.registers import Registers
from app.store import calibration, cold_ring, layout
from app.store.blocks import Blocks
from app.store.cold import ColdStore
from app.store.hot import HotStore
from app.store.hot_ring import HotRing
from app.tariff.sets import NOW
from app.tariff.tariff import Tariff

_SECTOR = 4096
_MOST_POLLS = 100_000


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


class NoLog:
    """A factory keeps no log of what it does."""

    def append_now(self, code, extra):
        return True


class _Unsaid:
    """Cold records in which nothing says that the configuration was changed: the meter finds out, and logs it."""

    def __init__(self, cold):
        self.cold = cold
        self.load_into = cold.load_into

    @property
    def errors(self):
        return self.cold.errors

    def save(self, cold_id, buf):
        return cold_id == layout.SETTINGS or self.cold.save(cold_id, buf)


class Factory:
    """memory: bytearray of the part. storage: "fram" or "partition". nor: what holds the NOR's bytes, None: leave it."""

    def __init__(self, memory, storage, elements, crc, nor=None):
        self.elements = elements
        self.crc = crc
        self.blocks = None
        self.flagged = False  # as State: something stored is not as it should be
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
        self.settle()

    def calibrate(self, element, payload, chip_id):
        """A calibration record, locked and bound to the chip (8 bytes)."""
        stored = calibration.store(self.cold, element, payload, chip_id, True)
        self.settle()
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
        self.settle()
        if self.hot.served_wh[element] != list(wh):
            raise ValueError("the registers were not stored")

    def settings(self):
        """Settings as stored; the factory's where nothing is. raises: ValueError: what is stored cannot be read"""
        return self._configuration(self.cold).settings

    def configure(self, record, told):
        """A whole configuration (bytes). told: as it leaves the factory; False: the next boot logs the change.

        raises: ValueError: the board has no room for it
        """
        configuration = self._configuration(self.cold if told else _Unsaid(self.cold))
        verdict = configuration.change(record)
        if verdict:
            raise ValueError(f"the configuration was not taken: {verdict:06x}")
        self._until(lambda: not configuration.restless, configuration)

    def install_tariff(self, blob, day, second):
        """A tariff set (bytes), in force from this moment (UTC) on, with the registers as they are stored."""
        clock = Clock(0)
        clock.set(day, second)
        served_wh = self.registers_wh()
        config = self.settings().tariff
        tariff = Tariff(served_wh, clock, self.cold, self._tables(), self.crc, config, NoLog(), self.elements)
        self._until(lambda: tariff.ready, tariff)
        if tariff.sets.install(blob, NOW):
            raise ValueError("the tariff set was not taken")
        self._until(lambda: tariff.changed and tariff.until_s() > 1, tariff)

    def _configuration(self, cold):
        configuration = Configuration(Settings(), cold, self._tables(), self.crc)
        configuration.connect(self, NoLog(), None)
        if not configuration.load() or configuration.lost:
            raise ValueError("the stored configuration cannot be read")
        self._until(lambda: not configuration.restless, configuration)
        if configuration.lost:
            raise ValueError("the stored configuration was lost")
        return configuration

    def _tables(self):
        return self.blocks.tables if self.blocks is not None else None

    def _until(self, done, engine):
        """Passes of one engine of the firmware, with a second in every other one."""
        for n in range(_MOST_POLLS):
            if done():
                self.settle()
                return
            engine.poll(0, n & 1 > 0)
            self._erase_ahead()
        raise ValueError("the store does not take it")

    def _erase_ahead(self):
        """One step of erasing ahead."""
        poll = getattr(self.cold, "poll", None)
        if poll is not None:
            poll()
        if self.blocks is not None:
            self.blocks.poll(False, True)

    def settle(self):
        """Erasing ahead and what waits for it; FRAM has neither."""
        for store in (self.hot, self.cold):
            poll = getattr(store, "poll", None)
            while poll is not None and poll():
                pass
        while self.blocks is not None and self.blocks.restless:
            self.blocks.poll(False, True)
