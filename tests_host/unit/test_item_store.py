# SPDX-License-Identifier: MIT
"""app.panel.item_store: display items survive a restart, old or new and nothing between. Bytes by hand from docs/SPEC.md."""

from app.panel import items
from app.panel.item_store import ItemStore
from app.store.crc32 import Crc32
from app.store.tables import Tables
from fakes_store import FakeBlocks

TABLE = 5
NEW = items.record(b"\x01\x00\x20\x07\x00\xff", 3, 2, 5, 1, items.AUTO | items.MANUAL)


def made(blocks):
    listed = items.default_list()
    tables = Tables(blocks, 0, 5, Crc32())
    return listed, tables, ItemStore(listed, tables, TABLE)


def test_nothing_stored_leaves_the_factory_items():
    listed, _, store = made(FakeBlocks(10))
    before = listed.records()
    assert not store.restore() and listed.records() == before and not store.poll()


def test_kept_over_a_restart():
    blocks = FakeBlocks(10)
    for records in (NEW, NEW * 64):
        listed, tables, store = made(blocks)
        before = listed.records()
        assert store.save(records) and store.saving and not store.save(NEW)
        for _ in range(200):
            assert listed.records() == before, "shown only when stored"
            if store.poll():
                break
        assert listed.records() == records and not store.saving
        buf = bytearray(800)
        assert tables.load_into(TABLE, buf) == 2 + len(records)
        assert bytes(buf[:14]) == bytes((1, len(records) // 12)) + NEW
        again, _, other = made(blocks)
        assert other.restore() and again.records() == records


def test_a_cut_before_the_end_leaves_the_old_ones():
    blocks = FakeBlocks(10)
    _, _, store = made(blocks)
    store.save(NEW * 40)
    for _ in range(12):
        store.poll()
    listed, _, other = made(blocks)
    assert not other.restore() and listed.records() == items.default_list().records()


def test_what_is_refused_is_not_stored():
    listed, _, store = made(FakeBlocks(10))
    try:
        store.save(NEW + NEW[:9] + b"\x00" + NEW[10:])
        raise AssertionError
    except ValueError as error:
        assert str(error) == "item 2: digits"
    assert not store.saving
    assert listed.count > 1
