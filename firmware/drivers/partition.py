# SPDX-License-Identifier: MIT
"""A block store on a flash partition, for boards without a NOR of their own: the same port as the W25Q driver.

`partition` is an esp32.Partition or anything with MicroPython's extended block protocol (readblocks/writeblocks with a
byte offset program without erasing; ioctl 4 block count, 5 block size, 6 erase block). Source: MicroPython docs,
os.AbstractBlockDev and esp32.Partition.

An erase blocks: the interpreter runs from the same flash, so the whole CPU stands still, 45 ms typically and 400 ms at
most (W25Q class NOR; unverified for the module's part). Hence `busy` is always False: it is over when erase_start
returns. The caller starts it only while little energy is at risk.

    store = PartitionStore(esp32.Partition.find(esp32.Partition.TYPE_DATA, label="ferraris")[0])
"""

from micropython import const

_IOCTL_BLOCK_COUNT = const(4)
_IOCTL_BLOCK_SIZE = const(5)
_IOCTL_BLOCK_ERASE = const(6)

_WINDOW = const(32)  # read back so many at a time: reads take the length of the buffer, and a slice would allocate

ERROR_GEOMETRY = const(1)
ERROR_ERASE = const(2)
ERROR_RANGE = const(3)
ERROR_VERIFY = const(4)


class PartitionError(Exception):
    """code: one of the ERROR_ constants."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class PartitionStore:
    """Raw sectors. A transfer stays inside one sector; `program` takes up to `page_size` bytes and reads them back."""

    __slots__ = ("_partition", "_window", "_byte", "sector_size", "sector_count", "page_size")

    def __init__(self, partition, page_size=256):
        self._partition = partition
        self.sector_size = partition.ioctl(_IOCTL_BLOCK_SIZE, 0)
        self.sector_count = partition.ioctl(_IOCTL_BLOCK_COUNT, 0)
        self.page_size = page_size
        if not self.sector_size or not self.sector_count or self.sector_size % page_size:
            raise PartitionError(ERROR_GEOMETRY)
        self._window = bytearray(_WINDOW)
        self._byte = bytearray(1)

    def erase_start(self, sector):
        """Erase one sector to 0xFF. Blocks (see above); raises PartitionError."""
        if not 0 <= sector < self.sector_count:
            raise PartitionError(ERROR_RANGE)
        if self._partition.ioctl(_IOCTL_BLOCK_ERASE, sector):
            raise PartitionError(ERROR_ERASE)

    def busy(self):
        return False

    def _check(self, address, length):
        size = self.sector_size
        if address < 0 or address // size >= self.sector_count or address % size + length > size:
            raise PartitionError(ERROR_RANGE)

    def program(self, address, buf):
        """Clear bits of erased flash at `address` (bytes from the start of the partition) to `buf`; verified."""
        size = self.sector_size
        self._check(address, len(buf))
        self._partition.writeblocks(address // size, buf, address % size)
        at = 0
        while at < len(buf):
            at += self._verify(address // size, address % size, buf, at)

    def _verify(self, block, offset, buf, at):
        """Compare one window of `buf` from `at`, or one byte near its end, with the flash; returns how many."""
        back = self._window if len(buf) - at >= _WINDOW else self._byte
        self._partition.readblocks(block, back, offset + at)
        for i in range(len(back)):
            if back[i] != buf[at + i]:
                raise PartitionError(ERROR_VERIFY)
        return len(back)

    def read_into(self, address, buf):
        """Fill `buf` from `address`; stays inside one sector."""
        size = self.sector_size
        self._check(address, len(buf))
        self._partition.readblocks(address // size, buf, address % size)
