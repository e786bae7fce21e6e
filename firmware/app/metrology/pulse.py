# SPDX-License-Identifier: MIT
"""Pulse output by firmware, for a board where the chip's own CF pin does not drive the LED: one pulse a Wh either way.

A read tells what flowed since the one before, so the instant of a pulse lies inside an interval that has passed already. It is
interpolated there and given to the LED a constant time later, longer than an interval: the lag is the same for every pulse,
and the distance between two pulses, which an accuracy test times, is kept.
"""

from micropython import const

from app import ticks
from app.metrology import sample as s

_LAG_ROOM_MS = const(50)  # how late a pass may be
_LONGEST_MS = const(1000)  # interpolated; of a longer interval the last second
_FINE = const(1 << 17)  # counts are scaled below this: _FINE << 12 is a small int


class PulseMaker:
    """element: Element; led: port with `emit(delay_us, now_ms)` and `poll(now_ms)` -> ms or -1 (drivers/pulse_led.py).

    Meter constant 1000 imp/kWh: one pulse, one Wh. What flows back within a Wh is netted, as the chip's CF output does.
    wait_ms: when the LED wants the next pass, -1: it does not.
    """

    __slots__ = ("element", "led", "config", "wait_ms", "_per", "_rest", "_read_ms", "_pass_ms", "_begun")

    def __init__(self, element, led, config):
        self.element = element
        self.led = led
        self.config = config
        self.wait_ms = -1
        self._per = element.registers.counts_per_wh
        self._rest = 0  # signed counts of the Wh under way
        self._read_ms = 0  # tick of the last good read but one
        self._pass_ms = 0  # tick of the last pass
        self._begun = False

    def poll(self, now_ms, second):
        """First in a pass, so that an edge is not late by a read: books the read of the pass before. allocates: no"""
        if not self._begun:
            self._begun = True
            self._read_ms = now_ms
        elif self.element.flags & s.ENERGY:
            self._interpolate(self.element.sample.active_counts, now_ms)
            self._read_ms = self._pass_ms
        self._pass_ms = now_ms
        self.wait_ms = self.led.poll(now_ms)

    def _interpolate(self, counts, now_ms):
        per = self._per
        rest = self._rest + counts
        if -per < rest < per:
            self._rest = rest
            return
        if counts > 0:
            need = per - self._rest
            flowed = counts
            self._rest = rest % per
        else:
            need = per + self._rest
            flowed = -counts
            self._rest = -(-rest % per)
        span_ms = min(ticks.diff(self._pass_ms, self._read_ms), _LONGEST_MS)
        lag_ms = 2 * min(self.config.longest_wait_ms, _LONGEST_MS) + _LAG_ROOM_MS
        # Where the interval begins, from now and with the lag.
        start_us = (lag_ms - span_ms - ticks.diff(now_ms, self._pass_ms)) * 1000
        shift = 0
        while flowed >> shift >= _FINE:
            shift += 1
        while need <= flowed:
            part = ((need >> shift) << 12) // (flowed >> shift)
            self.led.emit(max(start_us + (span_ms * 250 * part >> 10), 0), now_ms)
            need += per
