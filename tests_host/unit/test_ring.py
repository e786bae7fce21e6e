# SPDX-License-Identifier: MIT
"""Rings on flash and on FRAM: order, wrap, torn records, erase-ahead. Bytes by hand from docs/SPEC.md."""

import micropython
from app.store.byte_ring import ByteRing
from app.store.crc32 import Crc32
from app.store.ring import Ring, Scratch
from fakes_store import FakeBlocks, FakeBytes, drain

PAYLOAD = 24  # stride 32: (256 - 16) // 32 = 7 a page, 112 a sector
PER_SECTOR = 112


def payload_of(number):
    return bytes((number & 0xFF, number >> 8)) + bytes(PAYLOAD - 2)


def number_in(buf):
    return buf[0] | buf[1] << 8


def ring_on(blocks, first=0, count=4, ring_id=9):
    return Ring(blocks, first, count, PAYLOAD, Crc32(), ring_id)


def ready(blocks, first=0, count=4):
    ring = ring_on(blocks, first, count)
    drain(ring)
    return ring


def numbers(ring):
    buf = bytearray(ring.payload_size)
    return [number_in(buf) for index in range(ring.slots) if ring.read(index, buf)]


def fill(ring, first, last):
    for number in range(first, last):
        assert ring.append(payload_of(number))
        drain(ring)
        assert not ring.staged


def test_geometry_and_bytes():
    blocks = FakeBlocks(6)
    ring = ready(blocks, first=1, count=5)
    assert ring.per_sector == PER_SECTOR
    assert bytes(blocks.data[4096:4108]) == b"\x46\x52\x01\x09\x20\x00\x00\x00\x01\x00\x00\x00"
    assert Crc32().valid(blocks.data[4096:4112], 12)
    assert ring.append(payload_of(0x1234)) and ring.append(payload_of(0x1235))
    assert bytes(blocks.data[4112:4115]) == b"\x34\x12\x00"
    assert bytes(blocks.data[4112 + 24 : 4112 + 28]) == b"\x00\x00\x00\x00"  # sequence 0
    assert bytes(blocks.data[4144 + 24 : 4144 + 28]) == b"\x01\x00\x00\x00"
    assert Crc32().valid(blocks.data[4112:4144], 28)
    assert bytes(blocks.data[0:4096]) == b"\xff" * 4096  # sector 0 is not ours


def test_a_record_that_waits_is_not_in_what_rings_share():
    blocks = FakeBlocks(12)
    scratch = Scratch()
    rings = [Ring(blocks, 4 * n, 4, size, Crc32(), 9 + n, True, scratch) for n, size in enumerate((24, 24, 100))]
    for ring in rings:
        drain(ring)
    fill(rings[1], 0, 3)
    blocks.erase_start(11)
    assert rings[0].append(payload_of(0x1234)) and rings[0].staged  # the part erases
    while blocks.busy():
        pass
    assert numbers(rings[1]) == [0, 1, 2]
    assert rings[2].append(b"\x77" * 100) and not rings[2].staged
    assert rings[1].append(payload_of(3))
    drain(rings[0])
    assert numbers(rings[0]) == [0x1234] and numbers(rings[1]) == [0, 1, 2, 3]
    buf = bytearray(100)
    assert rings[2].read(0, buf) and buf == b"\x77" * 100


def test_two_blank_sectors_are_kept_ahead():
    blocks = FakeBlocks(4)
    ring = ready(blocks)
    assert ring.ahead == 2
    fill(ring, 0, PER_SECTOR + 1)
    assert ring.ahead == 2 and ring.slots == PER_SECTOR + 1
    fill(ring, PER_SECTOR + 1, 2 * PER_SECTOR + 1)
    assert ring.ahead == 2
    assert blocks.erases == [2, 1, 1, 1]


def test_the_oldest_sector_goes_and_order_stays():
    blocks = FakeBlocks(4)
    ring = ready(blocks)
    last = 10 * PER_SECTOR + 5
    fill(ring, 0, last)
    assert numbers(ring) == list(range(9 * PER_SECTOR, last))
    assert ring.next_sequence == last
    again = ring_on(blocks)
    assert numbers(again) == numbers(ring)
    assert again.next_sequence == last
    assert again.torn == 0 and again.errors == 0


def test_boot_writes_nothing():
    blocks = FakeBlocks(4)
    fill(ready(blocks), 0, 130)
    before = bytes(blocks.data)
    programs = blocks.programs
    for _ in range(3):
        assert ring_on(blocks).slots == 130
    assert bytes(blocks.data) == before and blocks.programs == programs


def test_append_waits_for_an_erase():
    blocks = FakeBlocks(4, erase_polls=5)
    ring = ring_on(blocks)
    assert ring.append(payload_of(1)) and ring.staged
    assert not ring.append(payload_of(2)) and ring.dropped == 1
    drain(ring)
    assert not ring.staged and numbers(ring) == [1]


def test_no_erase_is_started_while_held():
    blocks = FakeBlocks(4)
    ring = ring_on(blocks)
    ring.hold = True
    for _ in range(50):
        ring.poll()
    assert blocks.erases == [0] * 4
    ring.hold = False
    drain(ring)
    assert ring.ahead == 2


def test_a_torn_record_is_skipped_and_counted():
    for length in (1, 2, 23, 24, 27, 28, 31):
        blocks = FakeBlocks(4)
        ring = ready(blocks)
        fill(ring, 0, 10)
        record = bytearray(payload_of(10)) + bytearray(b"\x0a\x00\x00\x00") + bytearray(4)
        Crc32().seal(record, 28)
        at = 16 + 7 * 0 + 256 + (10 - 7) * 32  # slot 10: second page, fourth place
        blocks.data[at : at + length] = record[:length]
        again = ring_on(blocks)
        assert again.torn == 1, length
        fill(again, 11, 13)
        assert numbers(again) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12]
        assert again.slots == 13
        assert numbers(ring_on(blocks)) == numbers(again)


def test_a_torn_first_record_of_a_sector():
    blocks = FakeBlocks(4)
    ring = ready(blocks)
    fill(ring, 0, PER_SECTOR)
    blocks.data[4096 + 16] = 0x55  # sector 1, slot 0
    again = ring_on(blocks)
    fill(again, 500, 503)
    assert numbers(ring_on(blocks)) == list(range(PER_SECTOR)) + [500, 501, 502]


def test_an_unmarked_sector_is_erased_before_use():
    blocks = FakeBlocks(4)
    ring = ready(blocks)
    fill(ring, 0, 3)
    blocks.data[4096:4112] = b"\xff" * 16  # looks blank, has no mark: an erase was cut
    blocks.data[4096 + 3000] = 0x7F
    erases = blocks.erases[1]
    again = ring_on(blocks)
    assert again.ahead == 0
    drain(again)
    assert again.ahead == 2 and blocks.erases[1] == erases + 1 and blocks.data[4096 + 3000] == 0xFF
    assert numbers(again) == [0, 1, 2]


def test_a_slot_that_cannot_be_programmed_is_passed_over():
    blocks = FakeBlocks(4)
    ring = ready(blocks)
    fill(ring, 0, 2)
    blocks.broken = (16 + 2 * 32 + 5,)
    fill(ring, 2, 5)
    assert numbers(ring) == [0, 1, 2, 3, 4] and ring.slots == 6
    assert ring.torn == 1 and ring.errors == 1
    assert numbers(ring_on(blocks)) == [0, 1, 2, 3, 4]


def test_a_silent_store_is_not_an_empty_one():
    blocks = FakeBlocks(4)
    fill(ready(blocks), 0, 5)
    erases = list(blocks.erases)
    blocks.failing = True
    ring = ring_on(blocks)
    for _ in range(5):
        ring.poll()
    blocks.failing = False
    assert blocks.erases == erases
    drain(ring)
    assert numbers(ring) == [0, 1, 2, 3, 4]


def lazy(blocks, count):
    return Ring(blocks, 0, count, PAYLOAD, Crc32(), 9, at_once=False)


def test_a_scan_in_steps_finds_what_a_scan_at_once_finds():
    blocks = FakeBlocks(20)
    ring = ready(blocks, count=20)
    for records in (0, 5, 3 * PER_SECTOR, 9 * PER_SECTOR + 1, 12 * PER_SECTOR, 4 * PER_SECTOR):
        fill(ring, 0, records)
        known = ring_on(blocks, count=20)
        found = lazy(blocks, 20)
        assert not found.scanned and found.slots == 0 and not found.read(0, bytearray(PAYLOAD))
        polls = 0
        while not found.scanned:
            before = found.reads
            assert found.poll()
            assert found.reads - before <= 8 + 8  # a slot of each of eight sectors; halving in the newest one
            polls += 1
        assert polls == 3
        assert (found.slots, found.next_sequence, found.ahead) == (known.slots, known.next_sequence, known.ahead)
        assert numbers(found) == numbers(known) == numbers(ring)


def test_an_append_before_the_scan_waits_for_it():
    blocks = FakeBlocks(20)
    ring = ready(blocks, count=20)
    fill(ring, 0, 130)
    found = lazy(blocks, 20)
    programs = blocks.programs
    assert found.append(payload_of(130)) and found.staged and not found.append(payload_of(131))
    assert blocks.programs == programs
    drain(found)
    assert not found.staged and numbers(found) == list(range(131))


def test_a_ring_at_rest_leaves_the_bus_alone():
    blocks = FakeBlocks(4)
    ring = ready(blocks)
    fill(ring, 0, 3)
    blocks.failing = True  # whatever is asked would be an error
    for _ in range(10):
        assert not ring.poll()
    assert ring.errors == 0


def test_depth_is_kept_at_least():
    blocks = FakeBlocks(5)
    ring = ready(blocks, count=5)
    assert ring.depth == 2 * PER_SECTOR
    for number in range(7 * PER_SECTOR):
        fill(ring, number, number + 1)
        assert ring.slots >= min(number + 1, ring.depth)


def test_another_rings_sectors_are_not_read():
    blocks = FakeBlocks(4)
    fill(ready(blocks), 0, 5)
    assert ring_on(blocks, ring_id=10).slots == 0


def test_erase_counts_are_kept_over_a_life():
    blocks = FakeBlocks(4)
    fill(ready(blocks), 0, 9 * PER_SECTOR)
    again = ring_on(blocks)
    assert [again.erase_count(sector) for sector in range(4)] == blocks.erases
    assert sum(blocks.erases) == 11  # nine sectors filled and two kept ahead


def test_an_append_and_a_read_allocate_nothing():
    ring = ready(FakeBlocks(4))
    payload = payload_of(3)
    buf = bytearray(PAYLOAD)
    ring.append(payload)
    drain(ring)
    micropython.heap_lock()
    try:
        appended = ring.append(payload)
        more = ring.poll()
        found = ring.read(1, buf)
    finally:
        micropython.heap_unlock()
    assert appended and found and not more and number_in(buf) == 3


def byte_ring_on(store, slots=6):
    return ByteRing(store, 0x800, slots, PAYLOAD, Crc32())


def test_byte_ring_wraps_and_comes_back():
    store = FakeBytes()
    ring = byte_ring_on(store)
    for number in range(20):
        ring.append(payload_of(number))
        expected = list(range(max(0, number - 5), number + 1))
        assert numbers(ring) == expected
        assert numbers(byte_ring_on(store)) == expected
    assert ring.next_sequence == 20


class CountingBytes(FakeBytes):
    reads = 0

    def read_into(self, address, buf):
        self.reads += 1
        super().read_into(address, buf)


def test_byte_ring_reads_every_slot_once_at_boot():
    # A boot waits for it, and nothing is metered meanwhile: written or not, no slot is worth a second look.
    for count in (0, 4, 20):
        store = CountingBytes()
        ring = byte_ring_on(store)
        for number in range(count):
            ring.append(payload_of(number))
        store.reads = 0
        byte_ring_on(store)
        assert store.reads == 6


def test_byte_ring_torn_record_costs_the_oldest_only():
    for length in (1, 24, 28, 31):
        store = FakeBytes()
        ring = byte_ring_on(store)
        for number in range(9):
            ring.append(payload_of(number))
        at = 0x800 + (9 % 6) * 32
        for i in range(length):
            store.data[at + i] ^= 0x5A
        again = byte_ring_on(store)
        assert numbers(again) == [4, 5, 6, 7, 8] and again.torn == 1
        again.append(payload_of(9))
        assert numbers(again) == [4, 5, 6, 7, 8, 9]


def test_byte_ring_tries_a_failed_record_again():
    store = FakeBytes()
    ring = byte_ring_on(store)
    store.failing = True
    assert ring.append(payload_of(1)) and ring.staged
    assert not ring.append(payload_of(2)) and ring.dropped == 1
    store.failing = False
    ring.poll()
    assert not ring.staged and numbers(byte_ring_on(store)) == [1]


def test_byte_ring_silent_store_is_not_an_empty_one():
    store = FakeBytes()
    ring = byte_ring_on(store)
    for number in range(3):
        ring.append(payload_of(number))
    store.failing = True
    again = byte_ring_on(store)
    store.failing = False
    again.append(payload_of(3))
    assert numbers(again) == [0, 1, 2, 3]
