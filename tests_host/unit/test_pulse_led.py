# SPDX-License-Identifier: MIT
"""Pulse LED: instants, width, backlog and the hardware timer. IEC 62053-31: t_on, t_off >= 30 ms; here 40 ms."""

from app import ticks
from drivers.pulse_led import CfPassThrough, PulseLed
from fakes_hw import FakePin, after, without_heap

START = (1 << 30) - 200


def run(led, pin, now, ms, step=1):
    """Poll every `step`; returns [(ms after `now`, level)] of the edges."""
    edges = []
    level = pin.level
    for at in range(0, ms, step):
        led.poll(after(now, at))
        if pin.level != level:
            level = pin.level
            edges.append((at, level))
    return edges


def test_starts_dark():
    pin = FakePin(1)
    PulseLed(pin)
    assert pin.level == 0


def test_pulses_at_their_instants_across_the_wrap():
    pin = FakePin()
    led = PulseLed(pin)
    for delay_us in (10_000, 152_000, 294_000):  # 142 ms: 25.3 kW at 1000 imp/kWh
        led.emit(delay_us, START)
    assert run(led, pin, START, 400) == [(10, 1), (50, 0), (152, 1), (192, 0), (294, 1), (334, 0)]
    assert led.count == 3


def test_an_instant_within_a_millisecond_is_made_at_its_end():
    pin = FakePin()
    led = PulseLed(pin)
    led.emit(10_400, START)
    assert led.poll(START) == 11
    # Light ends 40 ms after it began, at the same fraction of a millisecond, and so again at the end of one.
    assert run(led, pin, START, 100) == [(11, 1), (52, 0)]


def test_poll_tells_how_long_nothing_happens():
    pin = FakePin()
    led = PulseLed(pin)
    assert led.poll(START) == -1
    led.emit(25_000, START)
    assert led.poll(START) == 25
    assert led.poll(after(START, 25)) == 40 and pin.level == 1


def test_a_late_pass_delays_but_loses_nothing():
    pin = FakePin()
    led = PulseLed(pin)
    for i in range(5):
        led.emit(i * 100_000, START)
    edges = run(led, pin, after(START, 1000), 1000)  # first poll one second late
    rises = [at for at, level in edges if level]
    falls = [at for at, level in edges if not level]
    assert len(rises) == len(falls) == 5 and led.count == 5 and led.dropped == 0
    for i in range(5):
        assert falls[i] - rises[i] >= 40
        assert i == 0 or rises[i] - falls[i - 1] >= 40


def test_a_full_queue_is_counted():
    led = PulseLed(FakePin())
    for i in range(20):
        led.emit(i * 100_000, START)
    assert led.dropped == 5  # 15 wait in a ring of 16


class Timer:
    """Hardware timer: holds the one pending call; `fire` is the passing of its delay."""

    def __init__(self):
        self.pending = None
        self.at_us = 0
        self.due_us = 0

    def __call__(self, delay_us, callback):
        assert self.pending is None and delay_us >= 0
        self.pending = callback
        self.due_us = self.at_us + delay_us

    def fire(self):
        callback = self.pending
        self.pending = None
        self.at_us = self.due_us
        callback(None)


def test_timer_makes_the_edges_to_the_microsecond_without_polls():
    pin = FakePin()
    timer = Timer()
    led = PulseLed(pin, timer=timer)
    led.emit(10_250, START)
    led.emit(152_750, START)
    assert led.poll(START) == -1
    edges = []
    while timer.pending:
        timer.fire()
        edges.append((timer.at_us, pin.level))
    assert edges == [(10_250, 1), (50_250, 0), (152_750, 1), (192_750, 0)]


def test_timer_is_not_armed_for_far_edges():
    timer = Timer()
    led = PulseLed(FakePin(), timer=timer)
    led.emit(5_000_000, START)
    assert led.poll(START) == 4000 and timer.pending is None
    assert led.poll(after(START, 4000)) == -1 and timer.pending is not None


def test_pass_through_does_nothing():
    led = CfPassThrough()
    led.emit(1000, START)
    assert led.poll(START) == -1 and led.count == 0


def test_allocates_nothing():
    pin = FakePin()
    led = PulseLed(pin)

    def steady(now):
        led.emit(10_400, now)
        for _ in range(200):
            led.poll(now)
            now = ticks.add(now, 1)
        return led.count

    assert without_heap(steady, START) == 1
    assert without_heap(steady, 500_000_000) == 2
