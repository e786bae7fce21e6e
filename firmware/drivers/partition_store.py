# SPDX-License-Identifier: MIT
"""An esp32.Partition of type data as raw erase blocks: the Block-store port for ESP32 boards without a NOR of their
own.

The partition must be the meter's alone (not the one that holds the file system with the code). The flash is the one the
code runs from: an erase blocks the CPU for its whole time (45 ms typical, 400 ms at most, unverified), so `busy()` is
never True and `erase_start` is the pause. Source: MicroPython docs, vfs.AbstractBlockDev extended interface;
esp32.Partition.

    store = PartitionStore(esp32.Partition.find(esp32.Partition.TYPE_DATA, label="metering")[0])
"""

from micropython import const

_BLOCK_COUNT = const(4)
_BLOCK_SIZE = const(5)
_BLOCK_ERASE = const(6)
_CHUNK = const(256)  # no program goes over such a boundary: one bounded write

# PartitionError.code
BAD_GEOMETRY = const(1)  # not 4 KiB blocks, or none
FAILED = const(2)  # the flash driver refused
VERIFY = const(3)  # what was read back is not what was programmed
RANGE = const(4)


class PartitionError(OSError):
    """code: one of the constants above."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class PartitionStore:
    """sector_size: 4096; sector_count: blocks of the partition."""

    def __init__(self, partition):
        self.partition = partition
        self.sector_size = partition.ioctl(_BLOCK_SIZE, 0)
        self.sector_count = partition.ioctl(_BLOCK_COUNT, 0)
        self._rx = bytearray(_CHUNK)
        self._views = {}
        if self.sector_size != 4096 or not self.sector_count or self.sector_count < 0:
            raise PartitionError(BAD_GEOMETRY)
        self.read_into(0, self._rx)

    def busy(self):
        return False

    def erase_start(self, sector):
        """Erase one block; returns when it is done. raises: PartitionError (FAILED, RANGE)"""
        if sector < 0 or sector >= self.sector_count:
            raise PartitionError(RANGE)
        try:
            result = self.partition.ioctl(_BLOCK_ERASE, sector)
        except OSError:
            raise PartitionError(FAILED)
        if result:
            raise PartitionError(FAILED)

    def read_into(self, address, buf):
        """Fill buf from byte `address`; must not go over the end of a block. raises: PartitionError. allocates: no"""
        try:
            self.partition.readblocks(self._block(address, len(buf)), buf, address & 4095)
        except OSError as error:
            raise error if isinstance(error, PartitionError) else PartitionError(FAILED)

    def program(self, address, buf):
        """Program buf (blank there) and read it back.

        raises: PartitionError. allocates: no, if buf goes over no 256-byte boundary and its length has been seen before
        """
        n = len(buf)
        if (address & (_CHUNK - 1)) + n <= _CHUNK:
            self._program(address, buf)
            return
        view = memoryview(buf)
        at = 0
        while at < n:
            end = at + _CHUNK - ((address + at) & (_CHUNK - 1))
            self._program(address + at, view[at : min(end, n)])
            at = end

    def _program(self, address, buf):
        n = len(buf)
        view = self._views.get(n)
        if view is None:
            view = memoryview(self._rx)[:n]
            self._views[n] = view
        try:
            # Three arguments: write without erasing the block first.
            self.partition.writeblocks(self._block(address, n), buf, address & 4095)
            self.partition.readblocks(address >> 12, view, address & 4095)
        except OSError as error:
            raise error if isinstance(error, PartitionError) else PartitionError(FAILED)
        if view != buf:
            raise PartitionError(VERIFY)

    def _block(self, address, n):
        if address < 0 or (address & 4095) + n > 4096 or address >> 12 >= self.sector_count:
            raise PartitionError(RANGE)
        return address >> 12
