# SPDX-License-Identifier: MIT
"""Tiny stores and a front end for the storage tests on every interpreter.

The real parts have models in host_tools/bench.
"""


class StoreFault(OSError):
    pass


class FakeBytes:
    """Byte store. failing: every access raises. writes: calls that wrote."""

    def __init__(self, size=0x8000, fill=0):
        self.data = bytearray(bytes([fill]) * size)
        self.size = size
        self.failing = False
        self.writes = 0

    def read_into(self, address, buf):
        if self.failing:
            raise StoreFault(1)
        data = self.data
        for i in range(len(buf)):
            buf[i] = data[address + i]

    def write(self, address, buf):
        if self.failing:
            raise StoreFault(1)
        self.writes += 1
        data = self.data
        for i in range(len(buf)):
            data[address + i] = buf[i]


class FakeBlocks:
    """Block store with NOR semantics. erase_polls: how often busy() is True after an erase_start. broken: addresses
    whose bits cannot be programmed (a program over one raises).
    """

    def __init__(self, sector_count=8, erase_polls=2, fill=0xFF):
        self.sector_size = 4096
        self.sector_count = sector_count
        self.data = bytearray(bytes([fill]) * (4096 * sector_count))
        self.erase_polls = erase_polls
        self.erases = [0] * sector_count
        self.programs = 0
        self.broken = ()
        self.failing = False
        self._left = 0

    def busy(self):
        if self.failing:
            raise StoreFault(1)
        if self._left:
            self._left -= 1
            return True
        return False

    def erase_start(self, sector):
        self.erases[sector] += 1
        self._left = self.erase_polls
        start = sector * 4096
        for i in range(start, start + 4096):
            self.data[i] = 0xFF

    def program(self, address, buf):
        assert address >> 8 == (address + len(buf) - 1) >> 8, "a program crosses a page"
        self.programs += 1
        good = True
        for i in range(len(buf)):
            if address + i in self.broken:
                good = False
            else:
                self.data[address + i] &= buf[i]
            good = good and self.data[address + i] == buf[i]
        if not good:
            raise StoreFault(5)

    def read_into(self, address, buf):
        if self.failing:
            raise StoreFault(1)
        data = self.data
        for i in range(len(buf)):
            buf[i] = data[address + i]


class FakeFrontEnd:
    """Sixteen bytes of counters."""

    def __init__(self, fill=0):
        self.counters = bytearray(bytes([fill]) * 16)
        self.loads = 0

    def save_snapshot(self, buf, at):
        for i in range(16):
            buf[at + i] = self.counters[i]

    def load_snapshot(self, buf, at):
        self.loads += 1
        for i in range(16):
            self.counters[i] = buf[at + i]


def drain(pollable, most=2000):
    """Poll until nothing is left to do; fails when that never comes."""
    for _ in range(most):
        if not pollable.poll():
            return
    raise AssertionError("poll() never ends")
