# SPDX-License-Identifier: MIT
"""A raw data partition in the flash an ESP32 runs from: the block-device face of esp32.Partition over a StorageDevice.

Two-argument `writeblocks` erases the block first, three-argument does not (MicroPython docs, vfs.AbstractBlockDev). The
CPU cannot fetch code while its flash erases or programs: every operation passes its whole time before it returns (times
of the NOR, unverified).
"""

import random

from host_tools.bench.storage import PowerCut, StorageDevice

BLOCK_BYTES = 4096
ERASE_US = 45_000
PROGRAM_US_PER_PAGE = 700
READ_US_PER_KIB = 60
ERASE_CUT_POINTS = 16


class Partition:
    """block_count blocks of 4 KiB. erases: list, one count a block. erase_us: how long the next erases take."""

    def __init__(self, clock, block_count=256, cut=None, rng=None, storage=None):
        self.clock = clock
        self.storage = storage if storage is not None else StorageDevice(block_count * BLOCK_BYTES, cut)
        self.block_count = block_count
        self.rng = rng if rng is not None else random.Random(0)
        self.erases = [0] * block_count
        self.erase_us = ERASE_US

    def power(self, on):
        """Nothing volatile: whatever was in progress was cut by the CutSwitch."""

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.block_count
        if operation == 5:
            return BLOCK_BYTES
        if operation == 6:
            self._erase(argument)
        return 0

    def readblocks(self, block, buf, offset=0):
        start = self._check(block, offset, len(buf))
        self.clock.charge(READ_US_PER_KIB * len(buf) // 1024 + 1)
        buf[:] = self.storage.data[start : start + len(buf)]

    def writeblocks(self, block, buf, offset=None):
        start = self._check(block, offset or 0, len(buf))
        if offset is None:
            for i in range(-(-len(buf) // BLOCK_BYTES)):
                self._erase(block + i)
        self.clock.charge(PROGRAM_US_PER_PAGE * -(-len(buf) // 256))
        self.storage.program(start, bytes(buf))

    def _check(self, block, offset, count):
        start = block * BLOCK_BYTES + offset
        if block < 0 or start + count > self.block_count * BLOCK_BYTES:
            raise OSError(22)
        return start

    def _erase(self, block):
        start = self._check(block, 0, BLOCK_BYTES)
        self.erases[block] += 1
        self.clock.charge(self.erase_us)
        self.storage.cut.admit(ERASE_CUT_POINTS)
        if self.storage.cut.remaining == 0:
            data = self.storage.data
            for at in range(start, start + BLOCK_BYTES):
                data[at] = (data[at] & self.rng.getrandbits(8)) | self.rng.getrandbits(8)
            raise PowerCut
        self.storage.data[start : start + BLOCK_BYTES] = b"\xff" * BLOCK_BYTES
