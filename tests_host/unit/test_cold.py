# SPDX-License-Identifier: MIT
"""Cold records: named, versioned, two copies. Bytes by hand from docs/SPEC.md."""

import micropython
from app.store import cold_ring, layout
from app.store.cold import ColdStore
from app.store.cold_ring import ColdRing
from app.store.crc32 import Crc32
from app.store.ring import Ring
from fakes_store import FakeBlocks, FakeBytes, drain

BASE = 0x4000


def cold_on(store):
    return ColdStore(store, BASE, Crc32())


def loaded(cold, cold_id):
    buf = bytearray(layout.COLD_PAYLOAD_MAX)
    return bytes(buf[: cold.load_into(cold_id, buf)])


def test_bytes_are_those_of_the_specification():
    store = FakeBytes()
    assert cold_on(store).save(layout.CONFIG, b"abc")
    at = BASE + layout.CONFIG * 512
    assert bytes(store.data[at : at + 11]) == b"\x01\x02\x03\x00\x01\x00\x00\x00abc"
    assert Crc32().valid(store.data[at : at + 15], 11)


def test_newest_wins_over_restarts():
    store = FakeBytes()
    for number in range(6):
        content = bytes((number,)) * (number + 1)
        assert cold_on(store).save(layout.CONTACTOR, content)
        assert loaded(cold_on(store), layout.CONTACTOR) == content
    assert loaded(cold_on(store), layout.CONFIG) == b""


def test_unchanged_content_is_not_written():
    store = FakeBytes()
    cold = cold_on(store)
    cold.save(layout.CONFIG, b"abc")
    writes = store.writes
    assert writes == 2
    assert cold.save(layout.CONFIG, b"abc") and cold_on(store).save(layout.CONFIG, b"abc")
    assert store.writes == writes
    cold.save(layout.CONFIG, b"abd")
    assert store.writes == writes + 2


def test_a_damaged_copy_falls_back_and_is_reported():
    store = FakeBytes()
    cold = cold_on(store)
    cold.save(layout.CONFIG, b"old")
    cold.save(layout.CONFIG, b"new")
    store.data[BASE + layout.CONFIG * 512 + 256 + 9] ^= 4
    again = cold_on(store)
    assert loaded(again, layout.CONFIG) == b"old"
    assert again.fell_back == 1 and again.errors == 1


def test_calibration_is_stored_doubly_and_repaired():
    store = FakeBytes()
    cold = cold_on(store)
    assert cold.save(layout.CALIBRATION_0, b"gains 1") and cold.save(layout.CALIBRATION_0, b"gains 2")
    for copy in (0, 256):
        damaged = FakeBytes()
        damaged.data[:] = store.data
        damaged.data[BASE + copy + 10] ^= 1
        again = cold_on(damaged)
        assert loaded(again, layout.CALIBRATION_0) == b"gains 2"
        assert again.errors == 1
        assert again.save(layout.CALIBRATION_0, b"gains 2")  # unchanged, but one copy was bad
        third = cold_on(damaged)
        assert loaded(third, layout.CALIBRATION_0) == b"gains 2" and third.errors == 0
        writes = damaged.writes
        assert third.save(layout.CALIBRATION_0, b"gains 2") and damaged.writes == writes


def test_a_copy_of_another_id_is_refused():
    store = FakeBytes()
    cold_on(store).save(layout.CONFIG, b"abc")
    at = BASE + layout.CONFIG * 512
    store.data[at + 512 : at + 1024] = store.data[at : at + 512]
    assert loaded(cold_on(store), layout.CONFIG + 1) == b""


def test_a_silent_store_is_not_an_empty_one():
    store = FakeBytes()
    for number in range(5):
        cold_on(store).save(layout.CONFIG, bytes((number,)))
    store.failing = True
    cold = cold_on(store)
    assert loaded(cold, layout.CONFIG) == b"" and not cold.save(layout.CONFIG, b"x")
    store.failing = False
    assert cold.save(layout.CONFIG, b"y")
    assert loaded(cold_on(store), layout.CONFIG) == b"y"


def test_too_long_for_the_buffer_is_nothing():
    store = FakeBytes()
    cold = cold_on(store)
    cold.save(layout.CONFIG, b"abcdef")
    assert cold.load_into(layout.CONFIG, bytearray(5)) == 0
    refused = 0
    for bad_id, content in ((layout.COLD_IDS, b"a"), (-1, b"a"), (0, b""), (0, bytes(225))):
        try:
            cold.save(bad_id, content)
        except ValueError:
            refused += 1
    assert refused == 4


def test_a_save_allocates_nothing_once_the_length_is_known():
    cold = cold_on(FakeBytes())
    first = b"0123456789"
    second = b"9876543210"
    cold.save(layout.TARIFF_TOU, first)
    micropython.heap_lock()
    try:
        good = cold.save(layout.TARIFF_TOU, second)
    finally:
        micropython.heap_unlock()
    assert good and loaded(cold, layout.TARIFF_TOU) == second


def cold_ring_on(blocks):
    return ColdRing(Ring(blocks, 0, 8, cold_ring.PAYLOAD, Crc32(), layout.RING_COLD), id_count=8)


def test_ring_newest_wins_and_nothing_falls_off_the_end():
    blocks = FakeBlocks(8)
    cold = cold_ring_on(blocks)
    drain(cold)
    for cold_id in range(8):
        while not cold.save(cold_id, b"first %d" % cold_id):
            cold.poll()
    # Ten times round the ring (16 records a sector) with one id only.
    for number in range(8 * 16 * 10):
        while not cold.save(3, b"%d" % number):
            cold.poll()
        cold.poll()
    again = cold_ring_on(blocks)
    for cold_id in (0, 1, 2, 4, 5, 6, 7):
        assert loaded(again, cold_id) == b"first %d" % cold_id
    assert loaded(again, 3) == b"1279"
    assert again.errors == 0


def test_ring_unchanged_content_is_not_written():
    blocks = FakeBlocks(8)
    cold = cold_ring_on(blocks)
    drain(cold)
    assert cold.save(2, b"abc")
    programs = blocks.programs
    assert cold.save(2, b"abc") and cold_ring_on(blocks).save(2, b"abc")
    assert blocks.programs == programs
