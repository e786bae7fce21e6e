# SPDX-License-Identifier: MIT
"""Firmware pulses: one a Wh, at the instants at which the energy really passed, one constant lag later."""

from app import ticks
from app.config import Config
from app.metrology import sample as s
from app.metrology.pulse import PulseMaker
from app.metrology.registers import Registers
from drivers.pulse_led import PulseLed
from fakes_hw import FakePin, without_heap

START = (1 << 30) - 700  # the tick wraps within each test
LAG_MS = 250  # twice the longest wait of 100 ms, and 50 ms for a late pass


class Element:
    def __init__(self, counts_per_wh):
        self.registers = Registers(counts_per_wh)
        self.sample = s.Sample()
        self.flags = 0


class Led:
    """Notes the instants, us after START."""

    def __init__(self):
        self.us = []
        self.next_ms = -1

    def emit(self, delay_us, now_ms):
        assert delay_us >= 0
        self.us.append(ticks.diff(now_ms, START) * 1000 + delay_us)

    def poll(self, now_ms):
        return self.next_ms


def run(counts_per_wh, reads):
    """reads: [(ms after START, signed counts since the last read or None for a bad read)] -> instants, us"""
    element = Element(counts_per_wh)
    led = Led()
    maker = PulseMaker(element, led, Config())
    maker.poll(START, False)
    for at_ms, counts in reads:
        # The pass: pulses of the read before first, then its own read.
        maker.poll(ticks.add(START, at_ms), False)
        element.flags = s.SUSPECT if counts is None else s.ENERGY
        element.sample.active_counts = 0 if counts is None else counts
    maker.poll(ticks.add(START, reads[-1][0] + 1), False)
    return led.us


def near(got, wanted, within_us):
    assert len(got) == len(wanted), (got, wanted)
    for a, b in zip(got, wanted):  # noqa: B905  MicroPython has no strict
        assert -within_us <= a - b <= within_us, (got, wanted)


def test_evenly_spaced_whatever_the_reads():
    # 7.2 kW = 2 Wh a second = 705.408 counts a ms of the ADE9153A's 352704 a Wh: a pulse every 500 ms.
    reads = []
    total = 0
    at = 0
    for step in (100, 37, 100, 100, 63, 5, 100, 95, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100):
        at += step
        now = at * 705_408 // 1000
        reads.append((at, now - total))
        total = now
    near(run(352_704, reads), [(500 + LAG_MS) * 1000, (1000 + LAG_MS) * 1000, (1500 + LAG_MS) * 1000], 50)


def test_export_pulses_alike():
    reads = [(100 * n, -70_541) for n in range(1, 16)]
    near(run(352_704, reads), [750_000, 1_250_000, 1_750_000], 50)


def test_several_in_one_interval():
    # 2.5 Wh in 100 ms cannot flow; it is what a restored snapshot brings. Nothing is dropped, the order is kept.
    near(run(352_704, [(100, 0), (200, 881_760)]), [390_000, 430_000], 50)


def test_a_bad_read_joins_its_interval_to_the_next():
    # 1 Wh over 200 ms of which the first read failed: half of it, 352704 / 2 of 705408 counts, is there after 100 ms.
    near(run(352_704, [(100, 0), (200, None), (300, 705_408)]), [450_000, 550_000], 50)


def test_what_flows_back_within_a_wh_is_no_pulse():
    assert run(10, [(100 * n, 9 if n & 1 else -9) for n in range(1, 40)]) == []


def test_coarse_counts():
    # ATM90E26: 10 counts a Wh.
    near(run(10, [(100, 4), (200, 4), (300, 4)]), [500_000], 50)


def test_next_edge_is_asked_for():
    led = Led()
    maker = PulseMaker(Element(10), led, Config())
    led.next_ms = 17
    maker.poll(START, False)
    assert maker.wait_ms == 17


def test_nothing_is_allocated():
    element = Element(352_704)
    maker = PulseMaker(element, PulseLed(FakePin()), Config())
    maker.poll(START, False)
    element.flags = s.ENERGY
    element.sample.active_counts = 2_480_000  # 7 Wh: 25.3 kW for a second
    now = ticks.add(START, 1000)

    def passes(count):
        for _ in range(count):
            maker.poll(now, False)

    passes(1)
    without_heap(passes, 2)
    assert maker.led.count or maker.wait_ms >= 0
