# SPDX-License-Identifier: MIT
"""UTC of the meter: day and second of day, carried on by the tick; and the calendar, in integers.

Day 0 is Saturday 2000-01-01. A plain second count would pass 2**30 in 2034 and be boxed on a 32-bit port; day and
second never are. The tick is only the interpolator: the RTC is the reference it is held to (`follow`), a head-end may
correct it (`correct`). Local time is somebody else's: everything stored is UTC.

Sources: SMETS2 technical specification, clock within 10 s of UTC; GBCS alert codes 8145 (adjusted within tolerance)
and 8F0C (not adjusted, outside tolerance). Calendar: Gregorian rule, valid here for 2000-01-01..2199-12-31.
"""

from micropython import const

from app import ticks
from app.records.codes import CLOCK_ADJUSTED, CLOCK_NOT_ADJUSTED

SECONDS_A_DAY = const(86_400)
_TICK_HALF = const(1 << 29)  # spans are shorter: see app/ticks.py

# An RTC read falls anywhere within its second, so two clocks in step differ by -1, 0 or 1 there: correcting that would
# only make the time jitter.
_RTC_DEAD_BAND_S = const(1)

_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY_ZERO_IS_SATURDAY = const(5)  # added before the modulus: Monday = 1 .. Sunday = 7


def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year, month):
    """month: 1..12"""
    return 29 if month == 2 and is_leap(year) else _DAYS_IN_MONTH[month - 1]


def _days_before_year(year):
    y = year - 2000
    return 365 * y + (y + 3) // 4 - (y + 99) // 100 + (y + 399) // 400


def days_from_civil(year, month, day):
    """Days since 2000-01-01 of a valid date. allocates: no"""
    days = _days_before_year(year) + _BEFORE_MONTH[month - 1] + day - 1
    return days + 1 if month > 2 and is_leap(year) else days


def civil_from_day(day, fields):
    """fields[0..2] = year, month, day of month. allocates: no"""
    year = 2000 + day * 400 // 146_097  # at most one off: 146097 days are 400 years exactly
    if _days_before_year(year) > day:
        year -= 1
    elif _days_before_year(year + 1) <= day:
        year += 1
    rest = day - _days_before_year(year)
    month = 1
    length = 31
    while rest >= length:
        rest -= length
        month += 1
        length = days_in_month(year, month)
    fields[0] = year
    fields[1] = month
    fields[2] = rest + 1


def weekday(day):
    """Monday = 1 .. Sunday = 7, as COSEM counts. allocates: no"""
    return (day + _DAY_ZERO_IS_SATURDAY) % 7 + 1


def plausible(fields):
    """True when fields[0..5] are a date and time of 2000..2199. allocates: no"""
    if not (2000 <= fields[0] <= 2199 and 1 <= fields[1] <= 12 and 0 <= fields[3] <= 23):
        return False
    if not (0 <= fields[4] <= 59 and 0 <= fields[5] <= 59):
        return False
    return 1 <= fields[2] <= days_in_month(fields[0], fields[1])


class Clock:
    """day, second: UTC now. valid: somebody who knew has set it. corrected: by other than the RTC, which does not know yet.

    error_s: what the last `correct` or `follow` found, reference minus clock, -86400..86400 (beyond that, the bound).
    rest_ms: of the present second, at the last `advance`. passed_s: seconds that it ended. adjusted: corrections of a valid
    clock so far; generation: time lines begun (the first valid time, a correction beyond the tolerance): who keeps records
    by time compares them with what it saw last.
    """

    __slots__ = (
        "day",
        "second",
        "valid",
        "corrected",
        "error_s",
        "passed_s",
        "adjusted",
        "generation",
        "_tick_ms",
        "rest_ms",
    )

    def __init__(self, now_ms):
        self.day = 0
        self.second = 0
        self.valid = False
        self.corrected = False
        self.error_s = 0
        self.passed_s = 0
        self.adjusted = 0
        self.generation = 0
        self._tick_ms = now_ms
        self.rest_ms = 0

    def advance(self, now_ms):
        """Carry on to tick `now_ms`. returns: whole seconds that passed (0..); no millisecond is lost. allocates: no

        Call it more often than every 2**29 ms. A tick that goes back is not followed.
        """
        self.passed_s = 0
        passed = now_ms - self._tick_ms
        if (
            passed <= 0 or passed >= _TICK_HALF
        ):  # the tick has wrapped or went back: rare enough to call for it then only
            passed = ticks.diff(now_ms, self._tick_ms)
            if passed <= 0:
                return 0
        self._tick_ms = now_ms
        rest = self.rest_ms + passed
        if rest < 1000:
            self.rest_ms = rest
            return 0
        seconds = rest // 1000
        self.rest_ms = rest - seconds * 1000
        second = self.second + seconds
        while second >= SECONDS_A_DAY:
            second -= SECONDS_A_DAY
            self.day += 1
        self.second = second
        self.passed_s = seconds
        return seconds

    def until_second_ms(self):
        """Milliseconds from the last `advance` to the next full second, 1..1000; more while one is lengthened. allocates: no"""
        return 1000 - self.rest_ms

    def lengthen_second(self, ms):
        """The present second ends `ms` later (negative: sooner), and with it all that follow. allocates: no"""
        self.rest_ms -= ms

    def set(self, day, second):
        """Take this as UTC, from now on valid; the fraction of the second starts at zero. allocates: no"""
        self.day = day
        self.second = second
        self.rest_ms = 0
        self.valid = True

    def correct(self, day, second, tolerance_s=10, commissioning=False):
        """A reference says it is `day`, `second`. returns: 0 in step, CLOCK_ADJUSTED, or CLOCK_NOT_ADJUSTED.

        Up to tolerance_s either way is applied; more only while commissioning or while the clock is not valid. The
        caller logs the code. allocates: no
        """
        self.error_s = error = self._error_s(day, second)
        if self.valid and not commissioning and abs(error) > tolerance_s:
            return CLOCK_NOT_ADJUSTED
        if not self.valid or abs(error) > tolerance_s:
            self.generation += 1
        elif not error:
            return 0
        else:
            self.adjusted += 1
        self.set(day, second)
        self.corrected = True
        return CLOCK_ADJUSTED

    def follow(self, fields, tolerance_s=10):
        """The RTC, read valid just now, says fields[0..5]. returns: as `correct`. allocates: no

        A difference of one second is none (see _RTC_DEAD_BAND_S). Not plausible: CLOCK_NOT_ADJUSTED.
        """
        if not plausible(fields):
            return CLOCK_NOT_ADJUSTED
        day = days_from_civil(fields[0], fields[1], fields[2])
        second = fields[3] * 3600 + fields[4] * 60 + fields[5]
        if self.valid:
            self.error_s = error = self._error_s(day, second)
            if abs(error) <= _RTC_DEAD_BAND_S:
                return 0
        code = self.correct(day, second, tolerance_s)
        self.corrected = False
        return code

    def utc_into(self, fields):
        """fields[0..5] = year, month, day, hour, minute, second. allocates: no"""
        civil_from_day(self.day, fields)
        second = self.second
        hour = second // 3600
        second -= hour * 3600
        minute = second // 60
        fields[3] = hour
        fields[4] = minute
        fields[5] = second - minute * 60

    def _error_s(self, day, second):
        days = day - self.day
        # Bounded before it is multiplied: years apart would leave the small ints.
        if days > 1:
            return SECONDS_A_DAY
        if days < -1:
            return -SECONDS_A_DAY
        return max(-SECONDS_A_DAY, min(SECONDS_A_DAY, days * SECONDS_A_DAY + second - self.second))
