# SPDX-License-Identifier: MIT
"""The hot store:

newest valid record wins, readers see what is stored and nothing else. Bytes by hand from docs/SPEC.md.
"""

import micropython
from app.metrology.registers import Registers
from app.store import hot_record
from app.store.crc32 import Crc32
from app.store.hot import HotStore
from app.store.hot_ring import HotRing
from app.store.ring import Ring
from fakes_store import FakeBlocks, FakeBytes, FakeFrontEnd, drain

BASE = 0x100


def registers_of(wh0, counts_per_wh=3200):
    registers = Registers(counts_per_wh)
    for i in range(6):
        registers.wh[i] = wh0 + i
        registers.residue[i] = 10 * i + 1
    registers.pending_active = -7
    registers.pending_reactive = 8
    registers.pending_apparent = 9
    return registers


def started(store, count=1):
    hot = HotStore(store, BASE, Crc32(), count)
    for element in range(count):
        hot.load(element, Registers(3200), FakeFrontEnd())
    return hot


def test_bytes_are_those_of_the_specification():
    store = FakeBytes()
    hot = started(store)
    hot.flags = 0x21
    registers = registers_of(0x01020304)
    assert hot.save(0, registers, FakeFrontEnd(0xAB), 0x2345, 0x000100FF, 5, 2)
    d = store.data
    assert bytes(d[BASE : BASE + 16]) == b"\x01\x21\x05\x02\x45\x23\x00\x00\xff\x00\x01\x00\x80\x0c\x00\x00"
    assert bytes(d[BASE + 16 : BASE + 32]) == b"\x04\x03\x02\x01\x01\x00\x00\x00\x05\x03\x02\x01\x0b\x00\x00\x00"
    assert bytes(d[BASE + 64 : BASE + 76]) == b"\xf9\xff\xff\xff\x08\x00\x00\x00\x09\x00\x00\x00"
    assert bytes(d[BASE + 76 : BASE + 92]) == b"\xab" * 16
    assert bytes(d[BASE + 92 : BASE + 96]) == b"\x01\x00\x00\x00"
    assert Crc32().valid(d[BASE : BASE + 100], 96)
    assert hot_record.SIZE == 100


def test_what_was_saved_comes_back():
    store = FakeBytes()
    hot = started(store, 2)
    hot.flags = 3
    assert hot.save(1, registers_of(999_999_990), FakeFrontEnd(7), 13000, 86399, 47, 3)
    again = HotStore(store, BASE, Crc32(), 2)
    registers = Registers(3200)
    front_end = FakeFrontEnd()
    assert not again.load(0, registers, front_end)
    assert again.load(1, registers, front_end)
    assert registers.wh == [999_999_990 + i for i in range(6)]
    assert registers.residue == [1, 11, 21, 31, 41, 51]
    assert (registers.pending_active, registers.pending_reactive, registers.pending_apparent) == (-7, 8, 9)
    assert bytes(front_end.counters) == b"\x07" * 16
    found = (again.loaded_day, again.loaded_second, again.loaded_tou, again.loaded_block, again.loaded_flags)
    assert found == (13000, 86399, 47, 3, 3)
    assert again.sequence == [0, 1]
    assert again.errors == again.fell_back == again.lost == 0


def test_nothing_is_served_or_saved_before_load():
    hot = HotStore(FakeBytes(), BASE, Crc32(), 1)
    assert hot.restored == [False] and hot.served_wh == [[0] * 6]
    assert not hot.save(0, registers_of(5), FakeFrontEnd(), 1, 1, 0, 0)
    assert hot.byte_store.writes == 0
    assert not hot.load(0, Registers(3200), FakeFrontEnd())
    assert hot.restored == [True]


def test_served_moves_only_with_a_verified_save():
    store = FakeBytes()
    hot = started(store)
    front_end = FakeFrontEnd()
    registers = registers_of(100)
    assert hot.save(0, registers, front_end, 1, 1, 0, 0)
    assert hot.served_wh[0] == [100, 101, 102, 103, 104, 105]
    registers.wh[0] = 200
    assert hot.served_wh[0][0] == 100
    store.failing = True
    assert not hot.save(0, registers, front_end, 1, 2, 0, 0)
    assert hot.served_wh[0][0] == 100 and hot.errors == 1 and hot.sequence == [1]
    store.failing = False
    assert hot.save(0, registers, front_end, 1, 3, 0, 0)
    assert hot.served_wh[0][0] == 200 and hot.sequence == [2]


def test_a_failed_save_leaves_the_good_slot_alone():
    store = FakeBytes()
    hot = started(store)
    front_end = FakeFrontEnd()
    hot.save(0, registers_of(100), front_end, 1, 1, 0, 0)
    good = bytes(store.data[BASE : BASE + 100])
    store.failing = True
    for second in range(3):
        hot.save(0, registers_of(200), front_end, 1, second, 0, 0)
    store.failing = False
    hot.save(0, registers_of(300), front_end, 1, 9, 0, 0)
    assert bytes(store.data[BASE : BASE + 100]) == good


def test_unchanged_state_is_not_written():
    store = FakeBytes()
    hot = started(store)
    front_end = FakeFrontEnd()
    registers = registers_of(100)
    hot.save(0, registers, front_end, 1, 1, 0, 0)
    writes = store.writes
    assert writes == 1  # body and CRC in one transfer, the CRC last
    assert hot.save(0, registers, front_end, 1, 1, 0, 0)
    assert store.writes == writes
    again = started(store)
    assert again.save(0, registers, front_end, 1, 1, 0, 0)  # nor after a restart
    assert store.writes == writes
    assert again.save(0, registers, front_end, 1, 2, 0, 0)
    assert store.writes == writes + 1


def test_one_damaged_slot_falls_back_and_is_reported():
    for at in range(0, 100, 9):
        store = FakeBytes()
        hot = started(store)
        front_end = FakeFrontEnd()
        hot.save(0, registers_of(100), front_end, 1, 1, 0, 0)
        hot.save(0, registers_of(200), front_end, 1, 2, 0, 0)  # slot 1
        store.data[BASE + 128 + at] ^= 0x10
        again = HotStore(store, BASE, Crc32(), 1)
        registers = Registers(3200)
        assert again.load(0, registers, front_end)
        assert registers.wh[0] == 100 and again.fell_back == 1 and again.errors == 1 and again.lost == 0
        assert again.save(0, registers_of(201), front_end, 1, 3, 0, 0)
        third = HotStore(store, BASE, Crc32(), 1)
        third.load(0, registers, front_end)
        assert registers.wh[0] == 201 and third.fell_back == 0


def test_two_damaged_slots_are_lost_and_invent_nothing():
    store = FakeBytes()
    hot = started(store)
    hot.save(0, registers_of(100), FakeFrontEnd(), 1, 1, 0, 0)
    hot.save(0, registers_of(200), FakeFrontEnd(), 1, 2, 0, 0)
    store.data[BASE + 50] ^= 1
    store.data[BASE + 178] ^= 1
    again = HotStore(store, BASE, Crc32(), 1)
    registers = Registers(3200)
    assert not again.load(0, registers, FakeFrontEnd())
    assert registers.wh == [0] * 6 and again.lost == 1 and again.restored == [True]


def test_a_silent_store_is_not_an_empty_one():
    store = FakeBytes()
    hot = started(store)
    hot.save(0, registers_of(100), FakeFrontEnd(), 1, 1, 0, 0)
    again = HotStore(store, BASE, Crc32(), 1)
    store.failing = True
    registers = Registers(3200)
    assert not again.load(0, registers, FakeFrontEnd())
    assert again.restored == [False] and again.lost == 0
    store.failing = False
    assert not again.save(0, registers_of(1), FakeFrontEnd(), 1, 1, 0, 0)
    assert again.load(0, registers, FakeFrontEnd()) and registers.wh[0] == 100


def test_sequence_wraps_at_2_to_the_30():
    store = FakeBytes()
    hot = started(store)
    hot.sequence[0] = (1 << 30) - 2
    front_end = FakeFrontEnd()
    for second in range(5):
        assert hot.save(0, registers_of(100 + second), front_end, 1, second, 0, 0)
        again = HotStore(store, BASE, Crc32(), 1)
        registers = Registers(3200)
        assert again.load(0, registers, front_end) and registers.wh[0] == 100 + second
    assert hot.sequence[0] == 3


def test_record_of_another_chip_gives_whole_wh_only():
    store = FakeBytes()
    hot = started(store)
    hot.save(0, registers_of(100), FakeFrontEnd(9), 1, 1, 0, 0)
    again = HotStore(store, BASE, Crc32(), 1)
    registers = Registers(1600)
    front_end = FakeFrontEnd()
    assert again.load(0, registers, front_end)
    assert registers.wh[0] == 100 and registers.residue == [0] * 6 and registers.pending_active == 0
    assert front_end.loads == 0 and not again.loaded_complete


def test_record_of_the_other_element_is_refused():
    store = FakeBytes()
    hot = started(store, 2)
    hot.save(0, registers_of(100), FakeFrontEnd(), 1, 1, 0, 0)
    store.data[BASE + 256 : BASE + 356] = store.data[BASE : BASE + 100]
    assert not HotStore(store, BASE, Crc32(), 2).load(1, Registers(3200), FakeFrontEnd())


def test_a_save_allocates_nothing():
    hot = started(FakeBytes())
    front_end = FakeFrontEnd()
    registers = registers_of(100)
    hot.save(0, registers, front_end, 1, 1, 0, 0)
    micropython.heap_lock()
    try:
        good = hot.save(0, registers, front_end, 1, 2, 0, 0)
        same = hot.save(0, registers, front_end, 1, 2, 0, 0)
    finally:
        micropython.heap_unlock()
    assert good and same


def hot_ring_on(blocks, save_wh=50):
    ring = Ring(blocks, 0, 4, hot_record.BODY, Crc32(), 1)
    return HotRing([ring], save_wh)


def test_hot_ring_serves_what_is_stored():
    blocks = FakeBlocks(4)
    hot = hot_ring_on(blocks)
    front_end = FakeFrontEnd()
    registers = Registers(3200)
    assert not hot.load(0, registers, front_end)
    drain(hot)
    assert not hot.due(0, registers)
    registers.wh[3] = 45
    assert not hot.due(0, registers)  # 5 away from 50 with a margin of 4
    registers.wh[3] = 46
    assert hot.due(0, registers)
    assert hot.save(0, registers, front_end, 1, 1, 2, 3)
    assert hot.served_wh[0] == [0, 0, 0, 46, 0, 0]
    again = hot_ring_on(blocks)
    fresh = Registers(3200)
    assert again.load(0, fresh, front_end)
    assert fresh.wh == [0, 0, 0, 46, 0, 0] and again.served_wh[0][3] == 46 and again.loaded_tou == 2
    assert again.sequence == hot.sequence


def test_hot_ring_does_not_wear_flash_for_the_time():
    blocks = FakeBlocks(4)
    hot = hot_ring_on(blocks)
    hot.load(0, Registers(3200), FakeFrontEnd())
    drain(hot)
    registers = registers_of(10)
    assert hot.save(0, registers, FakeFrontEnd(), 1, 1, 0, 0)
    programs = blocks.programs
    assert hot.save(0, registers, FakeFrontEnd(), 2, 77, 0, 0)
    assert blocks.programs == programs


def test_hot_ring_waits_for_the_flash_before_it_serves():
    blocks = FakeBlocks(4, erase_polls=3)
    hot = hot_ring_on(blocks)
    hot.load(0, Registers(3200), FakeFrontEnd())
    assert not hot.save(0, registers_of(10), FakeFrontEnd(), 1, 1, 0, 0)  # nothing erased yet
    assert hot.served_wh[0][0] == 0
    drain(hot)
    assert hot.served_wh[0][0] == 10
