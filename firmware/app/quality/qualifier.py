# SPDX-License-Identifier: MIT
"""Time qualification: an event starts when a limit has been passed without a break for longer than a period, and ends when the
value has been back without a break for longer than the same period. There is no hysteresis in the value.

A value equal to the limit does not pass it. A second of time is a second of the value that was last measured.
"""

from array import array

from micropython import const

NOTHING = const(0)
STARTED = const(1)
ENDED = const(2)

_MOST_S = const(0x1FFF)  # of a run: 13 bits, as the events have them; above every period and a longest wait
_COUNT_MOST = const(0xFFFF)


class Qualifier:
    """`elements` x `rows` conditions, `at` = rows x element + row. active[at]: 1 while its event lasts. count[at]: starts so
    far, stays at 65 535. worst[at]: farthest value of the present or last excursion. run_s[at]: seconds that the value has been
    on the other side already.

    waiting[element]: a row is active or on its way. until_s[element]: seconds until the first on its way could be decided.
    """

    __slots__ = ("active", "count", "worst", "run_s", "waiting", "until_s")

    def __init__(self, elements, rows):
        n = elements * rows
        self.active = bytearray(n)
        self.count = array("H", [0] * n)
        self.worst = array("i", [0] * n)
        self.run_s = array("H", [0] * n)
        self.waiting = bytearray(elements)
        self.until_s = array("i", [86_400] * elements)

    def step(self, at, value, limit, over, period_s, passed_s):
        """`passed_s` more seconds (0..3600) of `value`; over: it passes the limit upwards. returns: NOTHING, STARTED, ENDED

        allocates: no
        """
        outside = value > limit if over else value < limit
        active = self.active[at]
        run_s = self.run_s[at]
        if outside:
            worst = self.worst[at]
            if not active and not run_s or (value > worst if over else value < worst):
                self.worst[at] = value
            if active:
                if run_s:
                    self.run_s[at] = 0
                return NOTHING
        elif not active:
            if run_s:
                self.run_s[at] = 0
            return NOTHING
        run_s = min(run_s + passed_s, _MOST_S)
        self.run_s[at] = run_s
        if run_s <= period_s:
            return NOTHING
        if active:
            self.active[at] = 0
            return ENDED
        self.active[at] = 1
        if self.count[at] < _COUNT_MOST:
            self.count[at] += 1
        return STARTED

    def told(self, at):
        """The caller has made an event of what `step` returned: the run is over. allocates: no"""
        self.run_s[at] = 0

    def look(self, element, periods):
        """Set `waiting` and `until_s`. periods: seconds a row. allocates: no"""
        waiting = False
        until_s = 86_400
        run_s = self.run_s
        at = element * len(periods)
        for period_s in periods:
            if run_s[at]:
                waiting = True
                left_s = period_s + 1 - run_s[at]
                if left_s < until_s:
                    until_s = left_s if left_s > 1 else 1
            elif self.active[at]:
                waiting = True
            at += 1
        self.waiting[element] = waiting
        self.until_s[element] = until_s

    def forget(self, at):
        """The row was switched off: what it had is over without an event."""
        self.active[at] = 0
        self.run_s[at] = 0
