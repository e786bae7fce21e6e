# SPDX-License-Identifier: MIT
"""The four event logs keep their last 100 events through restarts, on FRAM and on flash, in order; clearing is one step."""

import micropython
from app.records.event_log import CAPACITY, EVENT_FIELDS, FLAG_COUNT, PAYLOAD
from app.records.event_logs import EventLogs
from app.records.event_queue import PLACES
from app.records.merged import merged
from app.store import layout
from app.store.byte_ring import ByteRing
from app.store.crc32 import Crc32
from app.store.ring import Ring
from fakes_store import FakeBlocks, FakeBytes, drain

SECURITY, STANDARD, POWER, ALCS = range(4)


def on_fram(store):
    crc = Crc32()
    return EventLogs([ByteRing(store, layout.event_address(n), layout.EVENT_SLOTS, PAYLOAD, crc) for n in range(4)])


def on_flash(blocks, sectors=4):
    crc = Crc32()
    return EventLogs([Ring(blocks, n * sectors, sectors, PAYLOAD, crc, layout.RING_EVENT + n) for n in range(4)])


def settle(logs):
    """Everything stored and every blank sector ready: what the storage part does between the passes of a meter."""
    for _ in range(20):
        drain(logs)
        for log in logs.log:
            drain(log.ring)
    assert not logs.queue.waiting


def events(log):
    event = [0] * EVENT_FIELDS
    found = []
    for i in range(log.count):
        assert log.read_into(i, event)
        found.append(tuple(event[:4]))
    return found


def event(number):
    return (13000 + number // 50, 86399 - number, 0x8F00 + (number & 0x7F), number * 1000 - (1 << 29))


def test_the_layout_has_room():
    assert CAPACITY == 100 and PAYLOAD == layout.EVENT_PAYLOAD
    assert layout.EVENT_SLOTS * (PAYLOAD + 8) <= layout.EVENT_LOG_SIZE


def test_bytes_are_those_of_the_specification():
    store = FakeBytes()
    logs = on_fram(store)
    logs.put(POWER, 0x32C8, 0x0001517F, 0x8F35, -2)
    logs.put(POWER, 0x32C8, 0x0001517F, 0x8F32, 0x12345678, FLAG_COUNT)
    at = layout.event_address(POWER)
    assert bytes(store.data[at : at + 16]) == b"\xc8\x32\x35\x8f\x7f\x51\x01\x01\xfe\xff\xff\xff\x00\x00\x00\x00"
    assert bytes(store.data[at + 20 : at + 36]) == b"\xc8\x32\x32\x8f\x7f\x51\x09\x02\x78\x56\x34\x12\x01\x00\x00\x00"


def test_events_survive_a_restart_on_fram_each_log_its_own():
    store = FakeBytes()
    logs = on_fram(store)
    for number in range(250):
        for n in range(4):
            if number % (n + 1) == 0:
                assert logs.put(n, *event(number))
        if number in (0, 1, 98, 99, 100, 101, 102, 249):
            for n in range(4):
                expected = [event(i) for i in range(0, number + 1) if i % (n + 1) == 0][-100:]
                assert events(logs.log[n]) == expected
                assert events(on_fram(store).log[n]) == expected
    assert [log.total for log in logs.log] == [250, 125, 84, 63]


def test_events_survive_a_restart_on_flash():
    blocks = FakeBlocks(16)
    logs = on_flash(blocks)
    settle(logs)
    for number in range(450):
        logs.put(STANDARD, *event(number))
        settle(logs)
    expected = [event(i) for i in range(350, 450)]
    assert events(logs.log[STANDARD]) == expected and events(on_flash(blocks).log[STANDARD]) == expected


def test_a_log_read_before_and_after_an_event_agrees_with_a_new_reader():
    # What a log has noted of its slots, and what a fresh one finds, is the same; also with damaged slots in between.
    store = FakeBytes()
    logs = on_fram(store)
    damaged = (39, 60, 61)
    for number in range(150):
        logs.put(STANDARD, *event(number))
        if number == 70:
            for slot in damaged:
                store.data[layout.event_address(STANDARD) + slot * 20] ^= 1
            logs = on_fram(store)
        here = events(logs.log[STANDARD])
        assert here[-1] == event(number)
        if number >= 70:
            assert here == events(on_fram(store).log[STANDARD])
            held = [i for i in range(number + 1) if i not in damaged]
            assert here == [event(i) for i in held[-len(here) :]] and len(here) >= min(len(held), 99)


def test_a_burst_during_an_erase_is_seen_at_once_and_durable_after_polls():
    blocks = FakeBlocks(16, erase_polls=4)
    logs = on_flash(blocks)
    durable = [logs.put(STANDARD, *event(number)) for number in range(5)]
    assert durable == [False] * 5 and logs.queue.waiting == 5
    assert events(logs.log[STANDARD]) == [event(i) for i in range(5)]
    drain(logs)
    assert events(logs.log[STANDARD]) == [event(i) for i in range(5)]
    assert events(on_flash(blocks).log[STANDARD]) == [event(i) for i in range(5)]


def test_a_store_that_fails_for_long_costs_the_oldest_and_security_last():
    store = FakeBytes()
    logs = on_fram(store)
    store.failing = True
    for number in range(10):
        assert not logs.put(SECURITY, *event(number))
    for number in range(130):
        assert not logs.put(STANDARD, *event(number))
    store.failing = False
    drain(logs)
    fresh = on_fram(store)
    assert events(fresh.log[SECURITY]) == [event(i) for i in range(10)]
    found = events(fresh.log[STANDARD])
    # What the ring had taken (event 0) is stored all the same.
    kept = PLACES - 10
    assert found[-kept + 1 :] == [event(i) for i in range(131 - kept, 130)]
    assert logs.queue.dropped == 130 - len(found)


def test_security_alone_gives_up_its_oldest():
    store = FakeBytes()
    logs = on_fram(store)
    store.failing = True
    for number in range(PLACES + 5):
        logs.put(SECURITY, *event(number))
    store.failing = False
    drain(logs)
    found = events(on_fram(store).log[SECURITY])
    assert found[-PLACES + 1 :] == [event(i) for i in range(6, PLACES + 5)]
    assert logs.queue.dropped == PLACES + 5 - len(found)


def test_index_out_of_range():
    log = on_fram(FakeBytes()).log[STANDARD]
    fields = [0] * EVENT_FIELDS
    assert log.count == 0 and not log.read_into(0, fields)
    logs = on_fram(FakeBytes())
    logs.put(STANDARD, *event(1))
    assert [logs.log[STANDARD].read_into(i, fields) for i in (-1, 0, 1)] == [False, True, False]


def test_clearing_standard_leaves_its_code_in_security():
    for make, store in ((on_fram, FakeBytes()), (on_flash, FakeBlocks(16))):
        logs = make(store)
        settle(logs)
        for number in range(7):
            for n in range(4):
                logs.put(n, *event(number))
                settle(logs)
        before = [events(log) for log in logs.log]
        assert logs.clear(STANDARD, 9000, 77)
        settle(logs)
        for each in (logs, make(store)):
            assert events(each.log[STANDARD]) == []
            assert events(each.log[SECURITY]) == before[SECURITY] + [(9000, 77, 0x8F52, 7)]
            assert [events(each.log[n]) for n in (POWER, ALCS)] == [before[POWER], before[ALCS]]
        logs.put(STANDARD, *event(50))
        settle(logs)
        assert events(logs.log[STANDARD]) == events(make(store).log[STANDARD]) == [event(50)]
        assert logs.clear(ALCS, 9000, 78)
        settle(logs)
        for each in (logs, make(store)):
            assert events(each.log[ALCS]) == [] and events(each.log[STANDARD]) == [event(50)]
            assert len(events(each.log[SECURITY])) == 8  # the load control log leaves nothing there


def test_a_log_read_before_it_is_cleared_is_cleared_too():
    logs = on_fram(FakeBytes())
    for number in range(110):
        logs.put(ALCS, *event(number))
    assert logs.log[ALCS].count == 100
    assert logs.clear(ALCS, 1, 2) and logs.log[ALCS].count == 0
    for number in range(105):
        logs.put(ALCS, *event(number))
    assert events(logs.log[ALCS]) == [event(i) for i in range(5, 105)]


def test_security_and_power_are_never_cleared():
    logs = on_fram(FakeBytes())
    for n in range(4):
        logs.put(n, *event(1))
    assert not logs.clear(SECURITY, 1, 2) and not logs.clear(POWER, 1, 2)
    assert [log.count for log in logs.log] == [1, 1, 1, 1]


def test_no_clearing_while_something_waits_or_of_an_empty_log():
    store = FakeBytes()
    logs = on_fram(store)
    assert not logs.clear(STANDARD, 1, 2)
    logs.put(STANDARD, *event(1))
    store.failing = True
    logs.put(POWER, *event(2))
    assert not logs.clear(STANDARD, 1, 2)
    store.failing = False
    drain(logs)
    assert logs.clear(STANDARD, 1, 2) and logs.log[SECURITY].count == 1


def test_a_clearing_that_was_cut_short_is_finished_at_boot():
    # The security log has its 8F52, the standard log nothing yet: what comes later stays, what was before goes.
    store = FakeBytes()
    logs = on_fram(store)
    for number in range(20):
        logs.put(STANDARD, *event(number))
    logs.put(SECURITY, 9000, 77, 0x8F52, 20)
    logs.put(SECURITY, 9000, 78, 0x8F30, 0)
    for late in (0, 3):
        for number in range(late):
            logs.put(STANDARD, *event(100 + number))
        image = bytes(store.data)
        again = on_fram(store)
        again.resume()
        drain(again)
        for each in (again, on_fram(store)):
            assert events(each.log[STANDARD]) == [event(100 + i) for i in range(late)]
        count = again.log[STANDARD].ring.next_sequence
        twice = on_fram(store)
        twice.resume()
        assert not drain(twice) and twice.log[STANDARD].ring.next_sequence == count  # nothing is done a second time
        store.data[:] = image
        logs = on_fram(store)


def test_the_order_between_logs_within_a_second_is_that_of_arrival():
    store = FakeBytes()
    logs = on_fram(store)
    order = (POWER, STANDARD, SECURITY, POWER, SECURITY, STANDARD, ALCS) * 12
    for number in range(len(order)):
        logs.put(order[number], 9000, 5, 0x8F00, number)
        if number % 10 == 9:
            logs = on_fram(store)
    assert [row[3] for row in merged(logs)] == list(range(len(order)))
    logs.put(POWER, 8999, 86_399, 0x8F57, 0)  # an earlier stamp keeps its place in its own log
    power = [i for i in range(len(order)) if order[i] == POWER]
    assert [row[3] for row in merged(logs) if row[2] == 0x8F57 or order[row[3]] == POWER] == power + [0]


def test_put_poll_and_reading_allocate_nothing():
    logs = on_fram(FakeBytes())
    logs.put(STANDARD, 13000, 1, 0x8F32, 7)
    fields = [0] * EVENT_FIELDS
    total = 0
    micropython.heap_lock()
    try:
        durable = logs.put(STANDARD, 13000, 86_399, 0x8F33, (1 << 29) * 2 - 1)
        logs.put(SECURITY, 13000, 86_399, 0x8F33, -(1 << 30))
        logs.poll()
        for i in range(logs.log[STANDARD].count):
            logs.log[STANDARD].read_into(i, fields)
            total += fields[2]
        logs.clear(STANDARD, 13000, 86_399)
        cleared = logs.log[STANDARD].count
    finally:
        micropython.heap_unlock()
    assert durable and total == 0x8F32 + 0x8F33 and cleared == 0
    assert events(logs.log[SECURITY])[0] == (13000, 86_399, 0x8F33, -(1 << 30))
