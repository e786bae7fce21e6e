# SPDX-License-Identifier: MIT
"""The journal: table and masks decide the log and the alerts, repeats in the security log are counted, nothing goes unsaid.

Codes and their logs: docs/events.md (GBCS alert codes).
"""

import micropython
from app.configuration.group import Group
from app.records.event_log import EVENT_FIELDS, FLAG_COUNT, FLAG_LAST, FLAG_UNKNOWN, PAYLOAD
from app.records.event_logs import EventLogs
from app.records.journal import FIELDS, Journal
from app.records.masks import Masks
from app.store import layout
from app.store.byte_ring import ByteRing
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from fakes_store import FakeBytes

SECURITY, STANDARD, POWER, ALCS = range(4)
HOUR_MS = 3_600_000
ALERT, PAYLOAD_BIT, HAN = 8, 16, 32


class Now:
    day = 9497
    second = 43_200


class House:
    """A journal on FRAM; `again` is the next life."""

    def __init__(self, store=None):
        self.store = store or FakeBytes()
        crc = Crc32()
        rings = [ByteRing(self.store, layout.event_address(n), 24, PAYLOAD, crc) for n in range(4)]
        self.clock = Now()
        self.config = Group(FIELDS)
        self.cold = ColdStore(self.store, layout.COLD_BASE, crc)
        self.it = Journal(EventLogs(rings), self.clock, Masks(self.cold, 21), self.config)
        self.now = 0
        self.pass_time(0)

    def again(self):
        return House(self.store)

    def pass_time(self, ms, step_ms=1000):
        self.it.poll(self.now, True)
        end = self.now + ms
        while self.now < end:
            self.now += step_ms
            self.it.poll(self.now, True)

    def log(self, number):
        event = [0] * EVENT_FIELDS
        found = []
        for i in range(self.it.logs.log[number].count):
            assert self.it.logs.log[number].read_into(i, event)
            found.append((event[2], event[3], event[4]))
        return found

    def logs(self):
        return [[code for code, _, _ in self.log(n)] for n in range(4)]


def test_each_code_goes_to_the_log_of_the_table():
    h = House()
    for code in (0x8F74, 0x81A0, 0x8F57, 0x811A, 0x8F32, 0x7F11, 0x8F01):
        assert h.it.append_now(code, 1)
    assert h.logs() == [[0x8F74], [0x81A0, 0x7F11, 0x8F01], [0x8F57], [0x811A]]  # 8F32 is an alert only
    assert h.again().logs() == h.logs()


def test_stamps():
    h = House()
    h.it.append_now(0x8F57, 7)
    h.it.append_at(1, 2, 0x8F35, 0)
    event = [0] * EVENT_FIELDS
    log = h.it.logs.log[POWER]
    assert log.read_into(0, event) and event[:4] == [9497, 43_200, 0x8F57, 7]
    assert log.read_into(1, event) and event[:4] == [1, 2, 0x8F35, 0]


def test_an_unknown_code_goes_to_the_standard_log_with_a_flag():
    h = House()
    h.it.append_now(0x81FF, 5)
    h.it.append_now(0x1234, 6)
    assert h.log(STANDARD) == [(0x81FF, 5, FLAG_UNKNOWN), (0x1234, 6, FLAG_UNKNOWN)] and h.it.alerts == 0


def test_alerts_are_counted_and_told_logged_or_not():
    h = House()
    heard = []
    h.it.listener = lambda code, extra, bits: heard.append((code, extra, bits & ~7))
    h.it.append_now(0x8F32, 3)  # W1, no log
    h.it.append_now(0x8F33, 4)  # W1 H, no log
    h.it.append_now(0x8F35, 20)  # W2, power
    h.it.append_now(0x8F57, 0)  # none
    h.it.append_now(0x8020, 2600)  # the operator's masks have it off
    assert heard == [
        (0x8F32, 3, ALERT),
        (0x8F33, 4, ALERT | HAN),
        (0x8F35, 20, ALERT | PAYLOAD_BIT),
        (0x8F57, 0, 0),
        (0x8020, 2600, 0),
    ]
    assert (h.it.alerts, h.it.han_alerts, h.it.sounded) == (3, 1, 0)
    assert h.it.alert_of(0x8F33) == ALERT | HAN and h.it.alert_of(0x8F57) == 0
    assert h.logs()[2] == [0x8F35, 0x8F57]


def test_a_mask_decides_about_log_and_alert():
    h = House()
    bits = bytearray(64)
    bits[31 - 0x20 // 8] = bits[63 - 0x20 // 8] = 1  # 8020
    assert h.it.write_mask(5, bits) == 0
    h.it.append_now(0x8020, 2600)
    assert h.log(POWER) == [(0x8020, 2600, 0)] and h.it.alerts == 0
    assert h.it.write_mask(4, bits) == 0
    h.it.append_now(0x8020, 2601)
    assert h.it.alerts == 1
    h.it.append_now(0x81AC, 0)
    bits = bytearray(64)
    bits[31 - 0xAC // 8] = 1 << (0xAC & 7)  # change, value 0
    assert h.it.write_mask(3, bits) == 0
    h.it.append_now(0x81AC, 1)
    assert h.log(STANDARD) == [(0x81AC, 0, 0)] and h.it.alerts == 3  # still alerted
    again = h.again()
    again.it.append_now(0x81AC, 1)
    assert again.log(STANDARD) == [(0x81AC, 0, 0)]


def test_what_raises_is_counted_and_comes_back_to_nobody():
    h = House()

    class Broken:
        def put(self, number, day, second, code, extra, flags):
            raise self.error

    h.it.logs = Broken()
    for n, error in enumerate((OSError(5), ValueError(), MemoryError())):
        h.it.logs.error = error
        assert not h.it.append_now(0x8145, 7)
        h.it.append_at(1, 2, 0x8F57, 0)
        assert h.it.refused == 2 * n + 2


def test_extra_stays_in_what_a_32_bit_port_does_not_box():
    h = House()
    h.it.append_now(0x7F11, 0x7FFFFFFF)
    h.it.append_now(0x7F11, -0x7FFFFFFF)
    assert [extra for _, extra, _ in h.log(STANDARD)] == [(1 << 30) - 1, -(1 << 30)]


def test_repeats_in_the_security_log_are_counted_and_told_at_the_end_of_the_hour():
    h = House()
    h.it.append_now(0x8F74, 0)
    for n in range(40):
        assert h.it.append_now(0x8F30, n)
        h.pass_time(1000)
    h.it.append_now(0x8F74, 1)
    expected = [(0x8F74, 0, 0), (0x8F30, 0, 0), (0x8F30, 1, 0), (0x8F30, 2, FLAG_LAST), (0x8F74, 1, 0)]
    assert h.log(SECURITY) == expected and h.it.counted == 37
    h.pass_time(HOUR_MS - 45_000, 5000)
    assert h.log(SECURITY) == expected
    h.pass_time(10_000)
    assert h.log(SECURITY) == expected + [(0x8F30, 37, FLAG_COUNT)]
    h.it.append_now(0x8F30, 50)  # a new hour
    h.pass_time(2 * HOUR_MS, 60_000)
    assert h.log(SECURITY) == expected + [(0x8F30, 37, FLAG_COUNT), (0x8F30, 50, 0)]
    assert not h.it.restless  # nothing is looked at any more


def test_no_flood_pushes_a_tamper_out():
    # 24 slots here: 22 entries at least. A day of 8F30 every second, hours apart from the tamper, takes 4 entries an hour.
    h = House()
    h.it.append_now(0x8F75, 1)
    for _ in range(5):
        for n in range(600):
            h.it.append_now(0x8F30, n)
            h.pass_time(6000, 6000)
    assert (0x8F75, 1, 0) in h.log(SECURITY)
    counted = sum([extra for code, extra, flags in h.log(SECURITY) if flags & FLAG_COUNT])
    singles = len([1 for code, _, flags in h.log(SECURITY) if code == 0x8F30 and not flags & FLAG_COUNT])
    h.pass_time(HOUR_MS, 60_000)
    counted = sum([extra for code, extra, flags in h.log(SECURITY) if flags & FLAG_COUNT])
    assert counted + singles == 3000


def test_a_power_cut_does_not_reset_the_hour():
    h = House()
    for n in range(5):
        h.it.append_now(0x8F30, n)
        if n == 1:
            h.it.append_now(0x8F76, 0)
    for life in range(10):
        h = h.again()
        h.clock.second = 43_200 + 30 * (life + 1)
        h.it._fresh = h.it.restless = True  # the clock was not set at the first pass of the test's own
        h.pass_time(1000)
        h.it.append_now(0x8F30, 9)
        assert len(h.log(SECURITY)) == 4
        h.it.append_now(0x8F78, life) if not life else None
        if not life:
            break
    assert [code for code, _, _ in h.log(SECURITY)] == [0x8F30, 0x8F30, 0x8F76, 0x8F30, 0x8F78]
    h = h.again()
    h.clock.second = 43_200 + 3700  # an hour later it is a new one
    h.it._fresh = h.it.restless = True
    h.it.repeats.used = 0
    h.pass_time(1000)
    h.it.append_now(0x8F30, 10)
    assert h.log(SECURITY)[-1] == (0x8F30, 10, 0)


def test_entries_without_a_mark_never_lead_to_silence():
    # Three singles in two windows of the last hour, none of them marked: after a boot the next one is written and marked.
    h = House()
    h.it.append_now(0x8F30, 1)
    h.it.append_now(0x8F30, 2)
    h = h.again()
    h.it.append_now(0x8F30, 3)
    h.it.append_now(0x8F30, 4)
    assert h.log(SECURITY) == [(0x8F30, 1, 0), (0x8F30, 2, 0), (0x8F30, 3, FLAG_LAST)] and h.it.counted == 1


def test_the_window_is_ended_once_whatever_comes_meanwhile():
    h = House()
    for n in range(10):
        for code in (0x8F30, 0x8F0C, 0x8F74):
            h.it.append_now(code, n)
    h.pass_time(1000)
    h.now += HOUR_MS
    for _ in range(10):
        h.it.poll(h.now, True)
    told = [(code, extra) for code, extra, flags in h.log(SECURITY) if flags & FLAG_COUNT]
    assert told == [(0x8F30, 7), (0x8F0C, 7), (0x8F74, 7)]


def test_dropped_events_are_told():
    h = House()
    h.store.failing = True
    for n in range(60):
        h.it.append_now(0x81AC, n)
    h.store.failing = False
    h.pass_time(100_000)
    dropped = h.it.logs.queue.dropped
    assert dropped > 0 and h.log(STANDARD)[-1] == (0x7F15, dropped, 0)
    assert h.it.logs.log[STANDARD].total == 61


def test_clear_through_the_journal():
    h = House()
    h.it.append_now(0x81AC, 0)
    assert not h.it.clear(SECURITY) and h.it.clear(STANDARD)
    assert h.logs() == [[0x8F52], [], [], []]


def test_at_rest_a_pass_looks_at_one_thing():
    h = House()

    class Watched:
        def __getattr__(self, name):
            raise AssertionError(name)

    assert not h.it.restless
    h.it.logs = h.it.masks = h.it.repeats = h.it.clock = Watched()
    h.it.poll(5, True)
    h.it.poll(5, False)


def test_append_poll_and_the_end_of_the_hour_allocate_nothing():
    h = House()
    h.it.append_now(0x8F30, 0)
    h.it.append_now(0x81AC, 0)
    micropython.heap_lock()
    try:
        for n in range(8):
            h.it.append_now(0x8F30, n)
            h.it.append_at(9497, 86_399, 0x8F57, n)
            h.it.append_now(0x8F32, n)
            h.it.poll(1000 * n, True)
        h.it.poll(HOUR_MS, True)
        h.it.poll(HOUR_MS + 1, False)
        h.it.poll(HOUR_MS + 1000, True)
        bits = h.it.alert_of(0x81AC)
    finally:
        micropython.heap_unlock()
    assert bits == ALERT and h.log(SECURITY)[-1] == (0x8F30, 6, FLAG_COUNT)


def test_what_the_newest_events_hold():
    h = House()
    h.it.append_at(9497, 100, 0x8F57, 0)
    assert h.it.holds(9497, 100, 0x8F57)
    assert not h.it.holds(9497, 101, 0x8F57) and not h.it.holds(9497, 100, 0x8F35)
    assert not h.it.holds(9497, 100, 0x8F32)  # has no log
