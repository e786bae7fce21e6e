# SPDX-License-Identifier: MIT
"""Average RMS voltage over successive periods, and the two thresholds on it.

The mean of the 1 s values that were measured (sum / count). Periods are aligned to UTC: they begin at midnight and after every
whole period of the day, so the last one of a day is shorter where the length does not divide it. A period of which more than
half is missing is invalid and raises nothing. A threshold event is raised by the first period beyond it that follows one not
beyond, another by the first return; the counters count excursions only.
Source: COSEM objects 1-0:32.24.0 (average), 32.35/32.36 and 32.31/32.32 (thresholds, counters) of SMETS2 meters; that half
missing makes it invalid is the project's choice.
"""

from array import array

from micropython import const

from app.clock import SECONDS_A_DAY

OVER = const(0)
UNDER = const(1)

_COUNT_MOST = const(0xFFFF)
_FAR = const(86_400)
_FIELDS = const(3)  # of the sums of an element: volts, millivolts, seconds
_MILLIVOLTS = const(1)
_SECONDS = const(2)


class AverageVoltage:
    """elements: how many. period_s: 0 (off) or 10..3600. clock: app.clock.Clock.

    closed: the pass has ended a period; then until the next one average_mv[i], missing_s[i], valid[i] an element, and its
    end, end_day and end_second (0 < end_second <= 86 400). beyond[2 * i + OVER | UNDER]: the last valid period was beyond
    that threshold; count[...]: excursions; changed: bits of what of `beyond` this pass has changed.
    """

    __slots__ = (
        "clock",
        "period_s",
        "over_mv",
        "under_mv",
        "closed",
        "average_mv",
        "missing_s",
        "valid",
        "end_day",
        "end_second",
        "beyond",
        "count",
        "changed",
        "_elements",
        "_slot",
        "_generation",
        "_sums",
    )

    def __init__(self, elements, clock, period_s, over_mv, under_mv):
        self._elements = elements
        self.clock = clock
        self.closed = False
        self.average_mv = [0] * elements
        self.missing_s = [0] * elements
        self.valid = bytearray(elements)
        self.end_day = 0
        self.end_second = 0
        self.beyond = bytearray(2 * elements)
        self.count = array("H", [0] * (2 * elements))
        self.changed = 0
        self._slot = -1
        self._generation = 0
        # The sum in two parts: an hour of 253 V is more millivolts than a small int holds.
        self._sums = array("i", [0] * (_FIELDS * elements))
        self.set(period_s, over_mv, under_mv)

    def set(self, period_s, over_mv, under_mv):
        """Take settings; another length begins a new period."""
        self.over_mv = over_mv
        self.under_mv = under_mv
        self.period_s = period_s
        self._slot = -1

    def add(self, element, volts_mv, seconds):
        """`seconds` (0..3600) of a value count for the open period. allocates: no"""
        if not seconds or self._slot < 0:  # none is open
            return
        volts = volts_mv // 1000
        sums = self._sums
        at = _FIELDS * element
        sums[at] += volts * seconds
        sums[at + _MILLIVOLTS] += (volts_mv - volts * 1000) * seconds
        sums[at + _SECONDS] += seconds

    def due(self, passed_s):
        """The period ends in this pass: how many of its `passed_s` seconds, the first ones, still belong to it; -1: no.

        allocates: no
        """
        self.closed = False
        self.changed = 0
        clock = self.clock
        if not self.period_s or not clock.valid:
            self._slot = -1
            return -1
        slot = clock.day * self._a_day() + clock.second // self.period_s
        if self._slot < 0 or clock.generation != self._generation:
            # A new time line: what was begun on another one is no period of it.
            self._generation = clock.generation
            self._slot = slot
            self._clear()
            return -1
        if slot <= self._slot:  # also when the clock was set back: the end that has been acted on is not acted on again
            return -1
        into_s = clock.second % self.period_s
        return passed_s - into_s if into_s < passed_s else 0

    def close(self):
        """End the period, after `due` and after its last seconds were added. allocates: no"""
        clock = self.clock
        self._close(self._slot)
        self._slot = clock.day * self._a_day() + clock.second // self.period_s

    def until_s(self):
        """Seconds to the end of the present period; 86 400 when there is none. allocates: no"""
        if not self.period_s or not self.clock.valid:
            return _FAR
        second = self.clock.second
        end = second - second % self.period_s + self.period_s
        return min(end, SECONDS_A_DAY) - second

    def reset(self, element, which):
        """Counter of OVER or UNDER to zero."""
        self.count[2 * element + which] = 0

    def _a_day(self):
        return (SECONDS_A_DAY + self.period_s - 1) // self.period_s

    def _close(self, slot):
        a_day = self._a_day()
        day = slot // a_day
        begin = (slot - day * a_day) * self.period_s
        end = begin + self.period_s
        end = min(end, SECONDS_A_DAY)
        self.end_day = day
        self.end_second = end
        self.closed = True
        length = end - begin
        for i in range(self._elements):
            at = _FIELDS * i
            seconds = self._sums[at + _SECONDS]
            missing = length - seconds
            self.missing_s[i] = missing if missing > 0 else 0
            valid = seconds > 0 and missing * 2 <= length
            self.valid[i] = valid
            mean = 0
            if seconds:
                volts = self._sums[at]
                mean = volts // seconds
                mean = mean * 1000 + ((volts - mean * seconds) * 1000 + self._sums[at + _MILLIVOLTS]) // seconds
            self.average_mv[i] = mean
            if valid:
                self._judge(2 * i + OVER, mean > self.over_mv)
                self._judge(2 * i + UNDER, mean < self.under_mv)
        self._clear()

    def _judge(self, at, beyond):
        if beyond != bool(self.beyond[at]):
            self.beyond[at] = beyond
            self.changed |= 1 << at
            if beyond and self.count[at] < _COUNT_MOST:
                self.count[at] += 1

    def _clear(self):
        for at in range(len(self._sums)):
            self._sums[at] = 0
