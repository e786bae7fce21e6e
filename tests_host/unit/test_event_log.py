# SPDX-License-Identifier: MIT
"""The event log keeps the last 100 events through restarts, on FRAM and on flash."""

import micropython
from app.records.event_log import CAPACITY, PAYLOAD, EventLog
from app.store import layout
from app.store.byte_ring import ByteRing
from app.store.crc32 import Crc32
from app.store.ring import Ring
from fakes_store import FakeBlocks, FakeBytes, drain


def on_fram(store):
    return EventLog(ByteRing(store, layout.event_address(0), layout.EVENT_SLOTS, PAYLOAD, Crc32()))


def on_flash(blocks):
    return EventLog(Ring(blocks, 0, 4, PAYLOAD, Crc32(), layout.RING_EVENT))


def events(log):
    return [(log.utc_day(i), log.utc_second(i), log.code(i), log.extra(i)) for i in range(log.count)]


def event(number):
    return (13000 + number // 50, 86399 - number, 0x8F00 + (number & 0x7F), number * 1000 - (1 << 29))


def test_the_layout_has_room():
    assert CAPACITY == 100 and PAYLOAD == layout.EVENT_PAYLOAD
    assert layout.EVENT_SLOTS * (PAYLOAD + 8) <= layout.EVENT_LOG_SIZE


def test_bytes_are_those_of_the_specification():
    store = FakeBytes()
    on_fram(store).append(0x32C8, 0x0001517F, 0x8F32, -2)
    at = layout.event_address(0)
    assert bytes(store.data[at : at + 16]) == b"\xc8\x32\x32\x8f\x7f\x51\x01\x00\xfe\xff\xff\xff\x00\x00\x00\x00"


def test_events_survive_a_restart_on_fram():
    store = FakeBytes()
    log = on_fram(store)
    for number in range(250):
        assert log.append(*event(number)) and log.durable
        if number in (0, 1, 98, 99, 100, 101, 102, 249):
            expected = [event(i) for i in range(max(0, number - 99), number + 1)]
            assert events(log) == expected
            assert events(on_fram(store)) == expected
    assert log.total == 250


def test_events_survive_a_restart_on_flash():
    blocks = FakeBlocks(4)
    log = on_flash(blocks)
    for number in range(450):
        log.append(*event(number))
        drain(log)
        assert log.durable
    assert events(on_flash(blocks)) == [event(i) for i in range(350, 450)]


def test_a_burst_during_an_erase_is_durable_after_polls():
    blocks = FakeBlocks(4, erase_polls=4)
    log = on_flash(blocks)
    for number in range(5):
        log.append(*event(number))
    assert not log.durable and log.count == 5
    drain(log)
    assert log.durable
    assert events(on_flash(blocks)) == [event(i) for i in range(5)]


def test_a_store_that_fails_for_long_costs_the_oldest_only():
    store = FakeBytes()
    log = on_fram(store)
    store.failing = True
    for number in range(130):
        assert not log.append(*event(number))
    store.failing = False
    drain(log)
    assert log.durable
    found = events(on_fram(store))
    assert found[-99:] == [event(i) for i in range(31, 130)]
    assert log.lost == 29  # 130 less the 100 in RAM less the one the ring had taken


def test_index_out_of_range():
    log = on_fram(FakeBytes())
    log.append(*event(1))
    raised = 0
    for index in (-1, 1):
        try:
            log.code(index)
        except IndexError:
            raised += 1
    assert raised == 2


def test_count_of_a_code():
    log = on_fram(FakeBytes())
    for code in (0x8F32, 0x81A0, 0x8F32):
        log.append(1, 2, code)
    assert log.count_of(0x8F32) == 2 and log.count_of(0x81A0) == 1 and log.count_of(1) == 0


def test_append_poll_and_iteration_allocate_nothing():
    log = on_fram(FakeBytes())
    log.append(13000, 1, 0x8F32, 7)
    total = 0
    micropython.heap_lock()
    try:
        durable = log.append(13000, 2, 0x8F33, 8)
        log.poll()
        for i in range(log.count):
            total += log.code(i) + log.extra(i) + log.utc_day(i) + log.utc_second(i)
    finally:
        micropython.heap_unlock()
    assert durable and total == 0x8F32 + 0x8F33 + 15 + 26000 + 3
