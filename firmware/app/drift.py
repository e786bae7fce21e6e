# SPDX-License-Identifier: MIT
"""How fast the meter's clock runs, as far as the references that set it have shown: seconds a day, and since when.

Two settings a day or more apart make an estimate: what the second one found wrong, over the time between. Shorter spans say
more about the reference's own resolution (a second) than about the clock.
"""

from micropython import const

_DAY_S = const(86_400)
_SHORTEST_S = const(86_400)
_MS_MOST = const(10_000)  # a clock that is set at all is set within ten seconds


class Drift:
    """ms_per_day: estimate, > 0: the clock is slow; known: there is one. allocates: no"""

    __slots__ = ("ms_per_day", "known", "_day", "_second", "_begun", "_error_s")

    def __init__(self):
        self.ms_per_day = 0
        self.known = False
        self._day = 0
        self._second = 0
        self._begun = False
        self._error_s = 0  # found since the last estimate, sum

    def set(self, day, second):
        """A new time line begins: what was known of the old one stays, the measurement starts anew."""
        self._day = day
        self._second = second
        self._begun = True
        self._error_s = 0

    def corrected(self, day, second, error_s):
        """A reference has corrected the clock by error_s (-10..10), it is now `day`, `second`."""
        if not self._begun:
            self.set(day, second)
            return
        self._error_s += error_s
        days = day - self._day
        if days < 0 or days > 3650:
            self.set(day, second)
            return
        span_s = days * _DAY_S + second - self._second
        if span_s < _SHORTEST_S:
            return
        error_ms = self._error_s * 1000
        error_ms = max(-_MS_MOST * 10, min(_MS_MOST * 10, error_ms))
        # ms x 86400 / span without leaving the small ints: the span in 1/100 days.
        self.ms_per_day = error_ms * 100 // (span_s // (_DAY_S // 100))
        self.known = True
        self.set(day, second)
