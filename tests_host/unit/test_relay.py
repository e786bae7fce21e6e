# SPDX-License-Identifier: MIT
"""Latching relay driver against a contact made of two lines, across the wrap of the tick.

Limit: K125 datasheet 082014, pulse >= 80 ms.
"""

from app import ticks
from drivers import latching_relay as lr
from fakes_hw import FakePin, after, without_heap

START = (1 << 30) - 300  # every test crosses the wrap


class Contact:
    """Moves when a coil was on for 80 ms; follows: False for welded or stuck."""

    def __init__(self, level=0):
        self.set_pin = FakePin()
        self.reset_pin = FakePin()
        self.level = level
        self.follows = True
        self.on_ms = 0
        self.pulses = []  # (coil, ms)
        self.both = False
        self._coil = 0

    def feedback(self):
        return self.level

    def pass_ms(self, ms):
        coil = 1 if self.set_pin.level else (2 if self.reset_pin.level else 0)
        self.both = self.both or (self.set_pin.level and self.reset_pin.level)
        if coil != self._coil and self._coil:
            self.pulses.append((self._coil, self.on_ms))
            self.on_ms = 0
        self._coil = coil
        if coil:
            self.on_ms += ms
            if self.on_ms >= 80 and self.follows:
                self.level = 1 if coil == 1 else 0


def run(contact, relay, now, ms, step=5):
    """Poll every `step` for `ms`; returns (tick, ms it was busy)."""
    busy_ms = 0
    for _ in range(ms // step):
        if relay.poll(now):
            busy_ms += step
        contact.pass_ms(step)
        now = after(now, step)
    return now, busy_ms


def make(level=0, **options):
    contact = Contact(level)
    relay = lr.LatchingRelay(contact.set_pin, contact.reset_pin, contact.feedback, **options)
    now, _ = run(contact, relay, START, 50)
    return contact, relay, now


def test_coils_are_low_before_anything_else():
    log = []
    set_pin = FakePin(1, log)
    reset_pin = FakePin(1, log)

    def feedback():
        log.append("feedback")
        return 0

    lr.LatchingRelay(set_pin, reset_pin, feedback)
    assert log == [0, 0]


def test_a_coil_that_stays_high_is_refused():
    class Stuck(FakePin):
        def value(self, level=None):
            return 1

        __call__ = value

    try:
        lr.LatchingRelay(FakePin(), Stuck(), FakePin())
    except lr.RelayError as error:
        assert error.code == lr.ERROR_COIL_STUCK
    else:
        raise AssertionError("no error")


def test_position_is_unknown_until_20_ms_of_feedback():
    contact = Contact(1)
    relay = lr.LatchingRelay(contact.set_pin, contact.reset_pin, contact.feedback)
    assert relay.position() == lr.UNKNOWN
    relay.poll(START)
    relay.poll(after(START, 19))
    assert relay.position() == lr.UNKNOWN
    relay.poll(after(START, 20))
    assert relay.position() == lr.CLOSED


def test_bounce_shorter_than_20_ms_does_not_show():
    contact, relay, now = make(1)
    for _ in range(10):
        contact.level ^= 1
        now, _ = run(contact, relay, now, 15)
        assert relay.position() == lr.CLOSED


def test_one_pulse_of_100_ms_moves_it():
    contact, relay, now = make(0)
    assert relay.start(True, now) == 0
    now, _ = run(contact, relay, now, 400)
    assert relay.position() == lr.CLOSED and relay.fault == lr.FAULT_NONE
    assert contact.pulses == [(1, 100)] and not contact.both
    assert not relay.poll(now)


def test_no_pulse_when_already_there():
    contact, relay, now = make(1)
    assert relay.start(True, now) == 0
    now, busy = run(contact, relay, now, 400)
    assert busy == 0 and contact.pulses == []


def test_welded_contact_gets_100_150_200_and_a_fault():
    contact, relay, now = make(1)
    contact.follows = False
    relay.start(False, now)
    now, _ = run(contact, relay, now, 5000)
    assert contact.pulses == [(2, 100), (2, 150), (2, 200)]
    assert relay.fault == lr.FAULT_STUCK_CLOSED and relay.position() == lr.CLOSED


def test_a_contact_that_falls_back_is_not_a_success():
    contact, relay, now = make(0)
    relay.start(True, now)
    now, _ = run(contact, relay, now, 105)
    assert contact.level == 1 and contact.set_pin.level == 0
    contact.level = 0
    now, _ = run(contact, relay, now, 2000)
    assert contact.pulses == [(1, 100), (1, 150)] and relay.fault == lr.FAULT_NONE


def test_one_try_when_one_is_allowed():
    contact, relay, now = make(0)
    contact.follows = False
    relay.start(True, now, 1)
    run(contact, relay, now, 3000)
    assert contact.pulses == [(1, 100)] and relay.fault == lr.FAULT_STUCK_OPEN


def test_blind_relay_is_pulsed_once():
    contact = Contact(1)
    relay = lr.LatchingRelay(contact.set_pin, contact.reset_pin, lambda: -1)
    now, _ = run(contact, relay, START, 50)
    assert relay.position() == lr.UNKNOWN
    relay.start(False, now)
    run(contact, relay, now, 3000)
    assert contact.pulses == [(2, 100)] and contact.level == 0
    assert relay.fault == lr.FAULT_NO_FEEDBACK and relay.position() == lr.UNKNOWN


def test_ten_seconds_between_operations():
    contact, relay, now = make(0)
    relay.start(True, now)
    now, _ = run(contact, relay, now, 120)  # pulse ended 100 ms after its start
    now, _ = run(contact, relay, now, 9900)
    assert relay.start(False, now) == lr.REFUSED_RESTING
    now, _ = run(contact, relay, now, 200)
    assert relay.start(False, now) == 0


def test_cap_bounds_closing_only():
    contact, relay, now = make(0, rest_ms=0, daily_cap=2)
    for _ in range(2):
        assert relay.start(True, now) == 0
        now, _ = run(contact, relay, now, 1000)
        assert relay.start(False, now) == 0
        now, _ = run(contact, relay, now, 1000)
    assert relay.start(True, now) == lr.REFUSED_CAP
    now = after(now, 86_400_000)
    run(contact, relay, now, 100)
    assert relay.start(True, now) == 0


def test_two_relays_never_pulse_together_and_keep_500_ms():
    lock = lr.CoilLock()
    first, relay_1, now = make(0, lock=lock)
    second, relay_2, _ = make(0, lock=lock)
    relay_1.start(True, now)
    relay_2.start(True, now)
    ended = began = None
    for at in range(0, 3000, 5):
        relay_1.poll(now)
        relay_2.poll(now)
        assert not (first.set_pin.level and second.set_pin.level)
        if first.set_pin.level:
            ended = at + 5
        if second.set_pin.level and began is None:
            began = at
        first.pass_ms(5)
        second.pass_ms(5)
        now = after(now, 5)
    assert began - ended >= 500
    assert relay_1.position() == relay_2.position() == lr.CLOSED


def test_hardware_timer_is_armed_before_the_coil():
    contact, _, now = make(0)
    seen = []

    class OneShot:
        def start(self, ms, pin):
            seen.append((ms, pin is contact.set_pin, pin.level))

    relay = lr.LatchingRelay(contact.set_pin, contact.reset_pin, contact.feedback, one_shot=OneShot())
    relay.start(True, now)
    relay.poll(now)
    assert seen == [(100, True, 0)] and contact.set_pin.level == 1


def test_idle_ends_a_pulse_and_frees_the_lock():
    lock = lr.CoilLock()
    contact, relay, now = make(0, lock=lock)
    other, relay_2, _ = make(0, lock=lock)
    relay.start(True, now)
    relay.poll(now)
    assert contact.set_pin.level == 1
    relay.idle()
    assert contact.set_pin.level == 0 and relay.fault == lr.FAULT_INTERRUPTED and not relay.poll(now)
    relay_2.start(True, now)
    run(other, relay_2, now, 1000)
    assert relay_2.position() == lr.CLOSED


def test_an_operation_allocates_nothing():
    contact, relay, now = make(0)
    feedback = contact.feedback  # bound before the heap is locked
    relay._feedback = feedback

    def operate(now):
        relay.start(True, now)
        for _ in range(60):
            relay.poll(now)
            if contact.set_pin.level:
                contact.level = 1
            relay.next_ms(now)
            now = ticks.add(now, 10)
        return relay.fault

    assert without_heap(operate, START) == lr.FAULT_NONE
    assert relay.position() == lr.CLOSED
