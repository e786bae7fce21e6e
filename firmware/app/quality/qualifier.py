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
    """`rows` conditions. active[row]: 1 while its event lasts. count[row]: starts so far, stays at 65 535. worst[row]: farthest
    value of the present or last excursion. run_s[row]: seconds that the value has been on the other side already.

    waiting: some row is active or on its way. until_s: seconds until the first row on its way could be decided.
    """

    __slots__ = ("active", "count", "worst", "run_s", "waiting", "until_s")

    def __init__(self, rows):
        self.active = bytearray(rows)
        self.count = array("H", [0] * rows)
        self.worst = [0] * rows
        self.run_s = array("H", [0] * rows)
        self.waiting = False
        self.until_s = 86_400

    def step(self, row, value, limit, over, period_s, passed_s):
        """`passed_s` more seconds (0..3600) of `value`; over: it passes the limit upwards. returns: NOTHING, STARTED, ENDED

        allocates: no
        """
        outside = value > limit if over else value < limit
        active = self.active[row]
        run_s = self.run_s[row]
        if outside:
            worst = self.worst[row]
            if not active and not run_s or (value > worst if over else value < worst):
                self.worst[row] = value
            if active:
                if run_s:
                    self.run_s[row] = 0
                return NOTHING
        elif not active:
            if run_s:
                self.run_s[row] = 0
            return NOTHING
        run_s = min(run_s + passed_s, _MOST_S)
        self.run_s[row] = run_s
        if run_s <= period_s:
            return NOTHING
        if active:
            self.active[row] = 0
            return ENDED
        self.active[row] = 1
        if self.count[row] < _COUNT_MOST:
            self.count[row] += 1
        return STARTED

    def told(self, row):
        """The caller has made an event of what `step` returned: the run is over. allocates: no"""
        self.run_s[row] = 0

    def look(self, periods):
        """Set `waiting` and `until_s`. periods: seconds a row. allocates: no"""
        waiting = False
        until_s = 86_400
        run_s = self.run_s
        for row in range(len(run_s)):
            if run_s[row]:
                waiting = True
                left_s = periods[row] + 1 - run_s[row]
                if left_s < until_s:
                    until_s = left_s if left_s > 1 else 1
            elif self.active[row]:
                waiting = True
        self.waiting = waiting
        self.until_s = until_s

    def forget(self, row):
        """The row was switched off: what it had is over without an event."""
        self.active[row] = 0
        self.run_s[row] = 0
