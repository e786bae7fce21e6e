# SPDX-License-Identifier: MIT
"""The storage drivers on every interpreter: their errors can be caught as OSError, and the steady path allocates nothing.

What the parts do is proven against the models (tests_host/bench/test_storage_models.py); the fakes here only answer.
"""

import micropython
from drivers.fram_i2c import BUS, FramError, FramI2C
from drivers.partition_store import VERIFY as PARTITION_VERIFY
from drivers.partition_store import PartitionError, PartitionStore
from drivers.w25q import RANGE, W25Q, W25QError


class FakeI2C:
    def __init__(self):
        self.data = bytearray(32768)
        self.dead = False

    def writeto(self, address, buf):
        if self.dead:
            raise OSError(19)
        at = buf[0] << 8 | buf[1]
        for i in range(2, len(buf)):
            self.data[at + i - 2] = buf[i]

    def readfrom_mem_into(self, address, memory, buf, addrsize=8):
        if self.dead:
            raise OSError(19)
        assert addrsize == 16
        for i in range(len(buf)):
            buf[i] = self.data[memory + i]


class FakeNor:
    """SPI and chip select at once; never busy. Source of the instructions: W25Q32JV data sheet, 8.1.2."""

    def __init__(self):
        self.data = bytearray(b"\xff" * 8192)
        self.latch = 0
        self.head = bytearray(4)
        self.at = 0

    def cs(self, level):
        self.at = 0

    def write(self, buf):
        for i in range(len(buf)):
            if self.at < 4:
                self.head[self.at] = buf[i]
            else:
                self.data[self.address() + self.at - 4] &= buf[i]
            self.at += 1
        if self.head[0] == 0x06:
            self.latch = 2
        elif self.head[0] in (0x02, 0x20) and self.at > 4:
            self.latch = 0

    def readinto(self, buf, fill):
        if self.head[0] == 0x9F:
            for i in range(3):
                buf[i] = b"\xef\x40\x15"[i]
            return
        for i in range(len(buf)):
            buf[i] = self.data[self.address() + i]

    def write_readinto(self, tx, rx):
        rx[1] = self.latch

    def address(self):
        return self.head[1] << 16 | self.head[2] << 8 | self.head[3]


class NoClock:
    def sleep_us(self, us):
        pass

    def sleep_ms(self, ms):
        pass


class FakePartition:
    def __init__(self):
        self.data = bytearray(b"\xff" * 8192)

    def ioctl(self, operation, argument):
        return {4: 2, 5: 4096, 6: 0}[operation]

    def readblocks(self, block, buf, offset=0):
        for i in range(len(buf)):
            buf[i] = self.data[block * 4096 + offset + i]

    def writeblocks(self, block, buf, offset=0):
        for i in range(len(buf)):
            self.data[block * 4096 + offset + i] &= buf[i]


def code_of(action):
    """The code of the OSError that action raises; None when it raises none."""
    try:
        action()
    except OSError as error:
        return error.code
    return None


def check_steady_path(store, address):
    first = bytearray(b"\xf1" * 100)
    second = bytearray(b"\xa5" * 100)
    out = bytearray(100)
    write = store.write if hasattr(store, "write") else store.program
    write(address, first)
    micropython.heap_lock()
    try:
        write(address + 128, second)
        store.read_into(address + 128, out)
    finally:
        micropython.heap_unlock()
    assert out == second


def test_fram_steady_path():
    check_steady_path(FramI2C(FakeI2C()), 0x100)


def test_fram_error_is_an_oserror_with_a_code():
    i2c = FakeI2C()
    fram = FramI2C(i2c)
    i2c.dead = True
    assert code_of(lambda: fram.write(0, b"a")) == BUS
    assert code_of(lambda: fram.read_into(0, bytearray(1))) == BUS
    assert issubclass(FramError, OSError)


def test_nor_steady_path():
    nor = FakeNor()
    driver = W25Q(nor, nor.cs, NoClock())
    assert driver.sector_count == 512 and bytes(driver.jedec_id) == b"\xef\x40\x15"
    check_steady_path(driver, 0x100)


def test_nor_error_is_an_oserror_with_a_code():
    nor = FakeNor()
    driver = W25Q(nor, nor.cs, NoClock())
    assert code_of(lambda: driver.program(2 * 1024 * 1024, b"a")) == RANGE
    assert issubclass(W25QError, OSError)


def test_partition_steady_path():
    check_steady_path(PartitionStore(FakePartition()), 0x100)


def test_partition_error_is_an_oserror_with_a_code():
    store = PartitionStore(FakePartition())
    store.program(0, b"\x00")
    assert code_of(lambda: store.program(0, b"\x01")) == PARTITION_VERIFY
    assert issubclass(PartitionError, OSError)
