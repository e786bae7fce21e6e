# SPDX-License-Identifier: MIT
"""Local time of Great Britain, for the display and nothing else: whatever is stored or sent is UTC.

British Summer Time is one hour ahead from 01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October.
Source: Summer Time Act 1972 as amended by the Summer Time Order 2002 (Directive 2000/84/EC).
"""

from micropython import const

from app.clock import days_from_civil, weekday

_HOUR_S = const(3600)
_DAY_S = const(86_400)
_MARCH = const(3)
_OCTOBER = const(10)


def last_sunday(year, month):
    """Day number of the last Sunday of a month of 31 days. allocates: no"""
    day = days_from_civil(year, month, 31)
    return day - weekday(day) % 7


class LocalTime:
    """Keeps the two changes of one year, so that nearly every call is two comparisons."""

    __slots__ = ("_first", "_last", "_starts", "_ends")

    def __init__(self):
        self._first = 1  # no year is known: first > last
        self._last = 0
        self._starts = 0
        self._ends = 0

    def offset_s(self, day, second):
        """Seconds that local time is ahead of UTC: 0 or 3600. day, second: UTC, 2000..2199. allocates: no"""
        if not self._first <= day <= self._last:
            self._learn(day)
        if self._starts < day < self._ends:
            return _HOUR_S
        if day == self._starts:
            return _HOUR_S if second >= _HOUR_S else 0
        if day == self._ends:
            return _HOUR_S if second < _HOUR_S else 0
        return 0

    def _learn(self, day):
        year = 2000 + day * 400 // 146_097  # at most one off: 146097 days are 400 years exactly
        if days_from_civil(year, 1, 1) > day:
            year -= 1
        elif days_from_civil(year + 1, 1, 1) <= day:
            year += 1
        self._first = days_from_civil(year, 1, 1)
        self._last = days_from_civil(year, 12, 31)
        self._starts = last_sunday(year, _MARCH)
        self._ends = last_sunday(year, _OCTOBER)
