# SPDX-License-Identifier: MIT
"""FRAM, NOR and partition models against their data sheets, and the drivers against the models.

Sources: Fujitsu MB85RC256V and Cypress FM24W256 data sheets (write, read, address counter); Winbond W25Q32JV rev. G,
7.1 (status), 8.2 (instructions), 9.6 (times); MicroPython docs, vfs.AbstractBlockDev.
"""

import random

import pytest
from drivers.fram_i2c import MISSING, NOT_MEMORY, RANGE, TOO_SMALL, VERIFY, FramError, FramI2C
from drivers.partition_store import PartitionError, PartitionStore
from drivers.w25q import BAD_ID, BUSY, NO_WEL, PROTECTED, W25Q, W25QError
from drivers.w25q import VERIFY as NOR_VERIFY

from host_tools.bench.bus import BitFlipper, I2cBus, SpiBus
from host_tools.bench.chips.fram import Fram
from host_tools.bench.chips.partition import Partition
from host_tools.bench.chips.w25q import W25q
from host_tools.bench.clock import VirtualClock
from host_tools.bench.storage import CutSwitch, PowerCut, StorageDevice

# ---- FRAM


def fram_on_bus(chip=None, baudrate=400_000):
    clock = VirtualClock()
    bus = I2cBus(clock, baudrate)
    chip = chip if chip is not None else Fram()
    bus.attach(0x50, chip)
    return clock, bus, chip


def test_fram_write_then_current_address_read():
    _, bus, chip = fram_on_bus()
    bus.writeto(0x50, b"\x12\x34abc")
    assert bytes(chip.storage.data[0x1234:0x1237]) == b"abc"
    bus.writeto(0x50, b"\x12\x34")
    buf = bytearray(2)
    bus.readfrom_into(0x50, buf)
    assert buf == b"ab"
    one = bytearray(1)
    bus.readfrom_into(0x50, one)  # the counter goes on
    assert one == b"c"


def test_fram_counter_wraps_to_zero_and_top_address_bit_is_ignored():
    _, bus, chip = fram_on_bus()
    bus.writeto(0x50, b"\xff\xfeWXYZ")  # A15 is not decoded: 0x7FFE
    assert bytes(chip.storage.data[0x7FFE:]) == b"WX"
    assert bytes(chip.storage.data[:2]) == b"YZ"
    buf = bytearray(4)
    bus.readfrom_mem_into(0x50, 0x7FFE, buf, addrsize=16)
    assert buf == b"WXYZ"


def test_fram_tears_at_every_byte():
    for cut_at in range(1, 5):
        cut = CutSwitch()
        _, bus, chip = fram_on_bus(Fram(cut=cut))
        cut.remaining = cut_at
        with pytest.raises(PowerCut):
            bus.writeto(0x50, b"\x00\x10abcd")
        assert bytes(chip.storage.data[0x10:0x14]) == b"abcd"[:cut_at] + bytes(4 - cut_at)


def test_fram_without_power_or_nack_does_not_answer():
    _, bus, chip = fram_on_bus()
    chip.power(False)
    with pytest.raises(OSError):
        bus.writeto(0x50, b"\x00\x00a")
    chip.power(True)
    chip.nack = 1
    with pytest.raises(OSError):
        bus.writeto(0x50, b"\x00\x00a")
    bus.writeto(0x50, b"\x00\x00a")
    assert chip.storage.data[0] == ord("a")


def test_fram_64_byte_record_takes_the_bus_time():
    # 1 address byte, 2 memory address bytes and 64 data bytes of 9 bits, start and stop, at 400 kHz: 1.51 ms.
    clock, bus, _ = fram_on_bus()
    bus.writeto(0x50, bytes(66))
    assert 1500 <= clock.now_us <= 1520


def test_fram_driver_keeps_and_verifies():
    _, bus, chip = fram_on_bus()
    fram = FramI2C(bus)
    fram.write(0x1FFE, b"hello")
    assert bytes(chip.storage.data[0x1FFE:0x2003]) == b"hello"
    buf = bytearray(5)
    fram.read_into(0x1FFE, buf)
    assert buf == b"hello"


def test_fram_driver_retries_a_nack_and_gives_up_bounded():
    _, bus, chip = fram_on_bus()
    fram = FramI2C(bus)
    chip.nack = 2
    fram.write(0x100, b"x")
    assert chip.storage.data[0x100] == ord("x") and fram.retries == 2
    chip.nack = 1000
    with pytest.raises(FramError):
        fram.write(0x100, b"y")
    assert 1000 - chip.nack == 3


def test_fram_driver_finds_a_write_that_was_not_stored():
    _, bus, chip = fram_on_bus()
    fram = FramI2C(bus)
    chip.write_protect = True
    with pytest.raises(FramError) as caught:
        fram.write(0x100, b"x")
    assert caught.value.code == VERIFY


def test_fram_driver_gets_through_flipped_bits():
    _, bus, chip = fram_on_bus()
    fram = FramI2C(bus)
    bus.flips = BitFlipper(random.Random(3), 3e-4)
    for number in range(300):
        record = number.to_bytes(2, "big") * 16
        try:
            fram.write(0x200, record)
        except FramError:
            continue
        bus_flips, bus.flips = bus.flips, None
        check = bytearray(32)
        fram.read_into(0x200, check)
        bus.flips = bus_flips
        # Verified means stored (two flips that cancel are not in this seed).
        assert check == record
    assert bus.flips.count > 20 and fram.retries > 10
    assert chip.bytes_written > 300 * 32


def test_fram_driver_proves_the_part():
    clock = VirtualClock()
    empty = I2cBus(clock)
    with pytest.raises(FramError) as caught:
        FramI2C(empty)
    assert caught.value.code == MISSING
    _, bus, chip = fram_on_bus()
    chip.write_protect = True
    with pytest.raises(FramError) as caught:
        FramI2C(bus)
    assert caught.value.code == NOT_MEMORY
    _, bus, _ = fram_on_bus(Fram(StorageDevice(8192, fill=0)))  # an FM24C64 in its place
    with pytest.raises(FramError) as caught:
        FramI2C(bus)
    assert caught.value.code == TOO_SMALL


def test_fram_driver_leaves_the_memory_alone_and_writes_nothing_at_the_second_boot():
    chip = Fram()
    chip.storage.data[:] = random.Random(1).randbytes(32768)
    before = bytes(chip.storage.data)
    _, bus, _ = fram_on_bus(chip)
    FramI2C(bus)
    assert bytes(chip.storage.data[:-8]) == before[:-8]
    written = chip.bytes_written
    FramI2C(bus)
    assert chip.bytes_written == written


def test_fram_driver_refuses_addresses_outside():
    _, bus, _ = fram_on_bus()
    fram = FramI2C(bus)
    for address, data in ((-1, b"a"), (32768, b"a"), (32767, b"ab"), (0, bytes(513))):
        with pytest.raises(FramError) as caught:
            fram.write(address, data)
        assert caught.value.code == RANGE


# ---- NOR


class Nor:
    """A W25Q on a bus, spoken to by hand."""

    def __init__(self, size=64 * 1024, cut=None, seed=0):
        self.clock = VirtualClock()
        self.bus = SpiBus(self.clock, 10_000_000)
        self.chip = W25q(self.clock, size, cut, random.Random(seed))
        self.cs = self.bus.attach(self.chip)

    def send(self, data, read=0):
        answer = bytearray(len(data) + read)
        self.cs(0)
        self.bus.write_readinto(bytes(data) + bytes(read), answer)
        self.cs(1)
        return bytes(answer[len(data) :])

    def status(self):
        return self.send(b"\x05", 1)[0]

    def program(self, address, data):
        self.send(b"\x06")
        self.send(bytes((0x02, address >> 16, address >> 8 & 255, address & 255)) + data)

    def erase(self, address):
        self.send(b"\x06")
        self.send(bytes((0x20, address >> 16, address >> 8 & 255, address & 255)))

    def read(self, address, n):
        return self.send(bytes((0x03, address >> 16, address >> 8 & 255, address & 255)), n)

    def wait(self):
        while self.status() & 1:
            self.clock.sleep_us(10)


def test_nor_id():
    assert Nor(4 * 1024 * 1024).send(b"\x9f", 3) == b"\xef\x40\x16"  # W25Q32JV-IQ, 8.1.1


def test_nor_write_needs_the_latch_and_clears_it():
    nor = Nor()
    nor.send(b"\x02\x00\x00\x00\x12")
    assert nor.read(0, 1) == b"\xff" and nor.chip.ignored == 1
    nor.send(b"\x06")
    assert nor.status() == 0x02
    nor.send(b"\x04")
    assert nor.status() == 0x00
    nor.program(0, b"\x12")
    assert nor.status() == 0x03
    nor.wait()
    assert nor.status() == 0x00 and nor.read(0, 1) == b"\x12"


def test_nor_programs_only_ones_to_zeros():
    nor = Nor()
    nor.program(5, b"\xf0")
    nor.wait()
    nor.program(5, b"\x3c")
    nor.wait()
    assert nor.read(5, 1) == b"\x30"


def test_nor_page_wraps_at_256():
    nor = Nor()
    nor.program(0x1FE, b"abcd")  # 8.2.13: the address goes back to the beginning of the page
    nor.wait()
    assert nor.read(0x1FE, 3) == b"ab\xff"
    assert nor.read(0x100, 2) == b"cd"


def test_nor_more_than_a_page_keeps_the_last_256_bytes():
    nor = Nor()
    data = bytes(i & 0xFF for i in range(300))
    nor.program(0x100, data)
    nor.wait()
    assert nor.read(0x100, 256) == data[256:300] + data[44:256]


def test_nor_sector_erase():
    nor = Nor()
    for address in (0x0FFF, 0x1000, 0x1FFF, 0x2000):
        nor.program(address, b"\x00")
        nor.wait()
    nor.erase(0x1ABC)
    nor.wait()
    assert [nor.read(a, 1) for a in (0x0FFF, 0x1000, 0x1FFF, 0x2000)] == [b"\x00", b"\xff", b"\xff", b"\x00"]
    assert nor.chip.erases[:3] == [0, 1, 0]


def test_nor_times():
    nor = Nor()
    start = nor.clock.now_us
    nor.program(0, b"\x00")
    nor.wait()
    assert 700 <= nor.clock.now_us - start <= 730  # 9.6: tPP 0.7 ms typical
    start = nor.clock.now_us
    nor.erase(0)
    nor.wait()
    assert 45_000 <= nor.clock.now_us - start <= 45_030  # 9.6: tSE 45 ms typical


def test_nor_ignores_everything_but_status_while_busy():
    nor = Nor()
    nor.program(0, b"\x11")
    nor.wait()
    nor.erase(0x1000)
    assert nor.read(0, 1) == b"\xff" and nor.send(b"\x9f", 3) == b"\xff\xff\xff"
    nor.program(0, b"\x00")
    nor.wait()
    assert nor.read(0, 1) == b"\x11"


def test_nor_power_down_and_release():
    nor = Nor()
    nor.send(b"\xb9")
    assert nor.send(b"\x9f", 3) == b"\xff\xff\xff"
    nor.send(b"\xab")
    assert nor.send(b"\x9f", 3)[0] == 0xEF


def test_nor_interrupted_erase_leaves_a_seeded_mess():
    messes = set()
    for seed in (1, 1, 2):
        nor = Nor(seed=seed)
        for page in range(16):
            nor.program(page * 256, bytes(range(256)))
            nor.wait()
        nor.erase(0)
        nor.clock.sleep_ms(20)
        nor.chip.power(False)
        nor.chip.power(True)
        after = nor.read(0, 4096)
        assert after != b"\xff" * 4096 and after != bytes(range(256)) * 16
        messes.add(after)
    assert len(messes) == 2


def test_nor_interrupted_program_leaves_bits_of_old_and_new():
    nor = Nor(seed=5)
    nor.program(0, b"\x0f" * 64)
    nor.wait()
    nor.program(0, b"\x00" * 64)
    nor.chip.power(False)
    nor.chip.power(True)
    after = nor.read(0, 64)
    assert all(value & 0xF0 == 0 for value in after) and after not in (b"\x0f" * 64, b"\x00" * 64)


def test_nor_cut_at_every_byte_of_a_program():
    for cut_at in range(1, 9):
        cut = CutSwitch()
        nor = Nor(cut=cut, seed=cut_at)
        cut.remaining = cut_at
        with pytest.raises(PowerCut):
            nor.program(0x10, b"\x00" * 8)
        assert bytes(nor.chip.storage.data[0x10 : 0x10 + cut_at]) == bytes(cut_at)
        assert bytes(nor.chip.storage.data[0x10 + cut_at + 1 : 0x20]) == b"\xff" * (15 - cut_at)


def nor_driver(size=1024 * 1024, **kwargs):
    nor = Nor(size, **kwargs)
    return nor, W25Q(nor.bus, nor.cs, nor.clock)


def wait_erased(nor, driver):
    while driver.busy():
        nor.clock.sleep_ms(1)


def test_nor_driver_programs_over_pages_and_reads():
    nor, driver = nor_driver(2 * 1024 * 1024)
    assert (driver.sector_count, driver.sector_size) == (512, 4096)
    data = random.Random(1).randbytes(700)
    driver.program(0x1F0, data)
    buf = bytearray(700)
    driver.read_into(0x1F0, buf)
    assert buf == data and nor.chip.programs == 4


def test_nor_driver_erase_is_started_not_waited_for():
    nor, driver = nor_driver(1024 * 1024)
    driver.program(4096, b"\x00")
    start = nor.clock.now_us
    driver.erase_start(1)
    assert nor.clock.now_us - start < 1000 and driver.busy()
    for call in (
        lambda: driver.program(0, b"a"),
        lambda: driver.read_into(0, bytearray(1)),
        lambda: driver.erase_start(2),
    ):
        with pytest.raises(W25QError) as caught:
            call()
        assert caught.value.code == BUSY
    wait_erased(nor, driver)
    assert nor.clock.now_us - start >= 45_000
    assert nor.chip.storage.data[4096] == 0xFF


def test_nor_driver_refuses_what_is_not_blank():
    _, driver = nor_driver(1024 * 1024)
    driver.program(0, b"\x00")
    with pytest.raises(W25QError) as caught:
        driver.program(0, b"\x01")
    assert caught.value.code == NOR_VERIFY


def test_nor_driver_finds_a_worn_cell():
    nor, driver = nor_driver(1024 * 1024)
    nor.chip.stuck_bits[3] = 0x80
    with pytest.raises(W25QError) as caught:
        driver.program(0, bytes(8))
    assert caught.value.code == NOR_VERIFY


def test_nor_driver_names_the_fault():
    for stuck in (0, 1):
        nor = Nor(1024 * 1024)
        nor.bus.miso_stuck = stuck
        with pytest.raises(W25QError) as caught:
            W25Q(nor.bus, nor.cs, nor.clock)
        assert caught.value.code == BAD_ID
    nor = Nor(1024 * 1024)
    nor.chip.protect = 0x04
    with pytest.raises(W25QError) as caught:
        W25Q(nor.bus, nor.cs, nor.clock)
    assert caught.value.code == PROTECTED
    nor, driver = nor_driver(1024 * 1024)
    nor.bus.miso_stuck = 0
    with pytest.raises(W25QError) as caught:
        driver.program(0, b"a")
    assert caught.value.code == NO_WEL


def test_nor_driver_starts_while_the_part_still_erases_or_sleeps():
    nor = Nor(1024 * 1024)
    nor.chip.erase_us = 400_000
    nor.erase(0)
    W25Q(nor.bus, nor.cs, nor.clock)  # the MCU was reset, the part was not
    assert 400_000 <= nor.clock.now_us < 460_000
    nor.send(b"\xb9")
    W25Q(nor.bus, nor.cs, nor.clock)


# ---- partition


def test_partition_block_device():
    clock = VirtualClock()
    partition = Partition(clock, 4)
    assert (partition.ioctl(4, 0), partition.ioctl(5, 0)) == (4, 4096)
    partition.writeblocks(1, b"\x0f\x0f", 10)
    partition.writeblocks(1, b"\x3c", 10)  # three arguments: no erase
    buf = bytearray(3)
    partition.readblocks(1, buf, 10)
    assert buf == b"\x0c\x0f\xff"
    partition.writeblocks(1, bytes([0x55]) * 4096)  # two arguments: erased first
    assert partition.storage.data[4096] == 0x55 and partition.erases == [0, 1, 0, 0]


def test_partition_erase_takes_the_cpu():
    clock = VirtualClock()
    store = PartitionStore(Partition(clock, 4))
    start = clock.now_us
    store.erase_start(2)
    assert clock.now_us - start == 45_000 and not store.busy()


def test_partition_driver_programs_and_verifies():
    partition = Partition(VirtualClock(), 4)
    store = PartitionStore(partition)
    data = random.Random(2).randbytes(600)
    store.program(4096 - 300, data)
    assert bytes(partition.storage.data[4096 - 300 : 4096 + 300]) == data
    with pytest.raises(PartitionError):
        store.program(4096 - 300, bytes(b ^ 0xFF for b in data[:100]))
    with pytest.raises(PartitionError):
        store.erase_start(4)
    with pytest.raises(PartitionError):
        store.read_into(4 * 4096, bytearray(1))
    store.erase_start(0)
    store.erase_start(1)
    assert bytes(partition.storage.data[: 2 * 4096]) == b"\xff" * 8192
