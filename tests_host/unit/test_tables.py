# SPDX-License-Identifier: MIT
"""Tables: big pieces of state on erase blocks, replaced whole or not at all. Bytes by hand from docs/SPEC.md, "Table"."""

import micropython
from app.store.crc32 import Crc32
from app.store.tables import MAX_BYTES, Tables
from fakes_store import FakeBlocks


def content(n, seed=1):
    return bytes([(seed * 31 + i * 7 + (i >> 8)) & 0xFF for i in range(n)])


def until(step, most=100):
    for _ in range(most):
        if step():
            return
    raise AssertionError("never done")


def write(tables, table_id, data, chunk=220):
    until(lambda: tables.begin(table_id, len(data)))
    at = 0
    while at < len(data):
        piece = data[at : at + chunk]
        until(lambda at=at, piece=piece: tables.put(at, piece))
        at += len(piece)
    until(tables.commit)


def read(tables, table_id):
    buf = bytearray(MAX_BYTES)
    n = tables.load_into(table_id, buf)
    return bytes(buf[:n])


def test_nothing_is_there_at_first():
    tables = Tables(FakeBlocks(8), 0, 4, Crc32())
    assert tables.length(1) == 0 and tables.load_into(4, bytearray(10)) == 0
    assert not tables.read_into(1, 0, bytearray(1))


def test_any_length_comes_back_also_after_a_boot():
    blocks = FakeBlocks(12)
    tables = Tables(blocks, 2, 4, Crc32())
    for n in (1, 219, 220, 221, 255, 256, 257, 512, 4000, MAX_BYTES - 1, MAX_BYTES):
        for table_id in (1, 4):
            data = content(n, table_id)
            write(tables, table_id, data)
            assert read(tables, table_id) == data, n
            assert read(Tables(blocks, 2, 4, Crc32()), table_id) == data, n
    assert bytes(blocks.data[: 2 * 4096]) == b"\xff" * 8192, "sectors before the first are not ours"
    assert bytes(blocks.data[10 * 4096 :]) == b"\xff" * 8192


def test_bytes_of_a_small_table():
    blocks = FakeBlocks(2)
    tables = Tables(blocks, 0, 1, Crc32())
    write(tables, 1, b"\x01\x02\x03")
    page = bytearray(b"\x01\x02\x03" + b"\xff" * 253) + bytearray(8)
    crc = Crc32()
    crc.seal(page, 260)
    head = bytearray(b"\x46\x54\x01\x01\x03\x00\x00\x00\x01\x00\x00\x00") + page[260:264] + bytearray(8)
    crc.seal(head, 20)
    assert bytes(blocks.data[:3]) == b"\x01\x02\x03"
    assert bytes(blocks.data[4064:4088]) == bytes(head)


def test_sides_take_turns_and_the_old_one_stays_until_commit():
    blocks = FakeBlocks(4)
    tables = Tables(blocks, 0, 2, Crc32())
    write(tables, 1, content(600, 1))
    until(lambda: tables.begin(1, 700))
    assert tables.put(0, content(200, 2))
    assert read(tables, 1) == content(600, 1)
    assert read(Tables(blocks, 0, 2, Crc32()), 1) == content(600, 1)
    tables.cancel()
    write(tables, 1, content(700, 3))
    write(tables, 1, content(10, 4))
    assert read(tables, 1) == content(10, 4)
    assert blocks.erases == [2, 2, 0, 0]


def test_a_damaged_newest_falls_back_to_the_one_before():
    blocks = FakeBlocks(2)
    tables = Tables(blocks, 0, 1, Crc32())
    write(tables, 1, content(300, 1))
    write(tables, 1, content(300, 2))
    blocks.data[4096 + 17] ^= 1
    again = Tables(blocks, 0, 1, Crc32())
    assert read(again, 1) == content(300, 1)
    assert again.torn == 1


def test_a_piece_is_read_without_the_whole():
    blocks = FakeBlocks(2)
    tables = Tables(blocks, 0, 1, Crc32())
    data = content(1000)
    write(tables, 1, data)
    buf = bytearray(50)
    assert tables.read_into(1, 490, buf) and bytes(buf) == data[490:540]
    assert tables.read_into(1, 950, buf) and bytes(buf) == data[950:]
    assert not tables.read_into(1, 951, buf)


def test_too_small_a_buffer_gets_nothing():
    tables = Tables(FakeBlocks(2), 0, 1, Crc32())
    write(tables, 1, content(100))
    assert tables.load_into(1, bytearray(99)) == 0


def test_one_write_at_a_time_and_only_the_next_bytes():
    tables = Tables(FakeBlocks(4), 0, 2, Crc32())
    until(lambda: tables.begin(1, 100))
    assert not tables.begin(2, 10)
    for offset, data in ((1, b"x"), (0, b""), (0, bytes(101)), (0, bytes(221))):
        try:
            tables.put(offset, data)
        except ValueError:
            continue
        raise AssertionError("taken")
    assert tables.put(0, content(100))
    tables.cancel()
    until(lambda: tables.begin(2, 10))


def test_commit_wants_every_byte():
    tables = Tables(FakeBlocks(2), 0, 1, Crc32())
    until(lambda: tables.begin(1, 100))
    assert tables.put(0, content(99))
    try:
        tables.commit()
    except ValueError:
        return
    raise AssertionError("committed")


def test_no_erase_begins_while_held():
    blocks = FakeBlocks(2)
    tables = Tables(blocks, 0, 1, Crc32())
    tables.hold = True
    for _ in range(50):
        assert not tables.begin(1, 100)
    assert blocks.erases == [0, 0]
    tables.hold = False
    until(lambda: tables.begin(1, 100))


def test_a_part_that_fails_costs_nothing_but_time():
    blocks = FakeBlocks(2)
    tables = Tables(blocks, 0, 1, Crc32())
    write(tables, 1, content(10, 1))
    blocks.failing = True
    for _ in range(5):
        assert not tables.begin(1, 300)
    blocks.failing = False
    until(lambda: tables.begin(1, 300))
    data = content(300, 2)
    assert tables.put(0, data[:200])
    blocks.failing = True
    assert not tables.put(200, data[200:])
    blocks.failing = False
    assert tables.put(200, data[200:])
    blocks.failing = True
    assert not tables.commit()
    blocks.failing = False
    until(tables.commit)
    assert read(tables, 1) == data and tables.errors == 7


def test_reading_allocates_nothing():
    tables = Tables(FakeBlocks(2), 0, 1, Crc32())
    write(tables, 1, content(700))
    buf = bytearray(MAX_BYTES)
    piece = bytearray(5)
    tables.load_into(1, buf)
    micropython.heap_lock()
    n = tables.load_into(1, buf)
    tables.read_into(1, 9, piece)
    micropython.heap_unlock()
    assert n == 700
