# SPDX-License-Identifier: MIT
"""The plan of a block store, and its parts erasing in turn."""

from app.store import layout
from app.store.blocks import Blocks
from app.store.crc32 import Crc32
from fakes_store import FakeBlocks


class Geometry:
    """A store that nobody reads yet."""

    sector_size = 4096
    sector_count = 600


def sizes(sector_count, in_flash, elements):
    places = layout.plan(sector_count, in_flash, elements)
    return [place[1] if place else 0 for place in places]


def test_no_two_parts_share_a_sector_and_all_lie_inside():
    for sector_count in (256, 384, 512, 768, 1024, 4096):
        for in_flash in (False, True):
            for elements in (1, 2):
                used = []
                for place in layout.plan(sector_count, in_flash, elements):
                    if place:
                        used.append(place)
                used.sort()
                at = 0
                for first, count in used:
                    assert first == at and count >= 4
                    at += count
                assert at <= sector_count


def test_registers_and_logs_are_in_flash_only_without_fram():
    assert sizes(4096, False, 1)[1:8] == [0] * 7
    assert sizes(768, True, 1)[1:8] == [96, 0, 24, 6, 6, 6, 6]
    assert sizes(384, True, 2)[1:8] == [48, 48, 24, 6, 6, 6, 6]


def test_every_depth_that_is_asked_for_fits():
    blocks = Blocks(Geometry(), Crc32(), False, 1)
    least = (
        (layout.RING_LOAD_0, 731 * 48),
        (layout.RING_INSTRUMENTATION, 92 * 48),
        (layout.RING_VOLTAGE, 4349),  # E470: 4349 entries
        (layout.RING_DAILY, 731),
        (layout.RING_BILLING_DAILY, 31 * 3),
        (layout.RING_BILLING_WEEKLY, 5 * 3),
        (layout.RING_BILLING_MONTHLY, 13 * 3),
        (layout.RING_BILLING_ASYNC, 4 * 3),
    )
    for ring_id, records in least:
        assert blocks.ring[ring_id].depth >= records, ring_id


def test_a_small_store_gives_the_load_profile_what_is_left():
    assert sizes(256, True, 2)[layout.RING_LOAD_0] >= 4
    assert sizes(384, False, 1)[layout.RING_LOAD_0] == 384 - 148
    assert sizes(768, False, 2)[layout.RING_LOAD_0 : layout.RING_LOAD_1 + 1] == [310, 310]


def test_what_cannot_hold_the_registers_is_refused():
    try:
        layout.plan(90, True, 1)
    except ValueError as error:
        assert "90" in str(error)
        return
    raise AssertionError("accepted")


def small():
    """A store of a few parts: what the plan leaves of 60 sectors."""
    store = FakeBlocks(60, erase_polls=3)
    return store, Blocks(store, Crc32(), False, 1)


def settle(blocks, failing=False, calm=True, most=3000):
    polls = 0
    while blocks.restless:
        blocks.poll(failing, calm)
        polls += 1
        assert polls < most
    return polls


def test_a_blank_store_is_made_ready_and_then_at_rest():
    store, blocks = small()
    settle(blocks)
    for part in blocks.parts:
        assert part.ahead == 2
    rings = [ring for ring in blocks.ring if ring is not None]
    assert sum(store.erases) == 2 * len(rings)
    store.failing = True
    for _ in range(50):
        blocks.poll(False, True)
    assert not blocks.restless and sum(store.erases) == 2 * len(rings)


def test_no_erase_begins_while_the_supply_fails():
    store, blocks = small()
    for _ in range(200):
        blocks.poll(True, True)
    assert sum(store.erases) == 0


def test_a_record_that_waits_is_stored_within_a_pass_of_the_flash_being_free():
    store, blocks = small()
    settle(blocks)
    ring = blocks.ring[layout.RING_BILLING_MONTHLY]
    store.erase_start(59)  # somebody else's
    store._left = 4
    assert ring.append(bytes(layout.PAYLOAD_BILLING)) and ring.staged
    passes = 0
    while ring.staged:
        blocks.poll(False, True)
        passes += 1
    assert passes <= 5 and ring.slots == 1


def test_a_table_gets_its_turn_to_erase():
    store, blocks = small()
    settle(blocks)
    for _ in range(60):
        blocks.poll(False, True)
        if blocks.tables.begin(1, 100):
            return
    raise AssertionError("not in 60 passes")


def test_not_calm_means_no_erase_unless_nothing_blank_is_left():
    store, blocks = small()
    for _ in range(2000):
        blocks.poll(False, False)
    # Every ring has got its first blank sector, none a second one.
    assert [ring.ahead for ring in blocks.ring if ring is not None] == [1] * sum(store.erases)
