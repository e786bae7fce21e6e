# SPDX-License-Identifier: MIT
"""Clock and calendar. Dates: the GB summer-time Sundays of 2024..2031, and the Gregorian rule counted by hand."""

from app import clock as ck
from fakes_hw import after, without_heap

# Last Sunday of March and of October (gov.uk "When do the clocks change?", continued by the rule).
LAST_SUNDAYS = (
    (2024, 31, 27),
    (2025, 30, 26),
    (2026, 29, 25),
    (2027, 28, 31),
    (2028, 26, 29),
    (2029, 25, 28),
    (2030, 31, 27),
    (2031, 30, 26),
)


def test_epoch_is_a_saturday():
    assert ck.days_from_civil(2000, 1, 1) == 0 and ck.weekday(0) == 6


def test_known_days():
    # 2**30 s after the epoch: 2034-01-09 13:37:04, day 12427. Unix epoch arithmetic: 2000-01-01 is day 10957.
    assert ck.days_from_civil(2034, 1, 9) == 12_427
    assert ck.days_from_civil(2038, 1, 19) == 24_855 - 10_957
    assert ck.days_from_civil(2199, 12, 31) == 73_048


def test_last_sundays():
    for year, march, october in LAST_SUNDAYS:
        assert ck.weekday(ck.days_from_civil(year, 3, march)) == 7, year
        assert ck.weekday(ck.days_from_civil(year, 10, october)) == 7, year


def test_leap_years_2000_to_2100():
    leap = [year for year in range(2000, 2101) if ck.is_leap(year)]
    assert leap == list(range(2000, 2100, 4))  # 2000 is one, 2100 is none
    assert ck.days_from_civil(2100, 3, 1) - ck.days_from_civil(2100, 2, 28) == 1
    assert ck.days_from_civil(2096, 3, 1) - ck.days_from_civil(2096, 2, 28) == 2


def test_every_day_of_two_centuries_in_a_row():
    fields = [0, 0, 0]
    lengths = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    year, month, day = 2000, 1, 1
    for number in range(73_049):
        ck.civil_from_day(number, fields)
        assert fields[0] == year and fields[1] == month and fields[2] == day, number
        if number % 97 == 0:
            assert ck.days_from_civil(year, month, day) == number
        day += 1
        length = lengths[month - 1]
        if month == 2 and year % 4 == 0 and year != 2100:
            length = 29
        if day > length:
            day = 1
            month += 1
            if month > 12:
                month = 1
                year += 1
    assert (year, month, day) == (2200, 1, 1)


def test_seconds_across_the_wrap_of_the_tick():
    now = (1 << 30) - 1500
    clock = ck.Clock(now)
    clock.set(12_784, 86_398)  # 2034-12-31 23:59:58 or so: the day rolls too
    assert clock.advance(after(now, 999)) == 0
    assert clock.advance(after(now, 1000)) == 1 and clock.second == 86_399
    assert clock.until_second_ms() == 1000
    assert clock.advance(after(now, 2600)) == 1
    assert clock.day == 12_785 and clock.second == 0
    assert clock.until_second_ms() == 400


def test_random_walk_loses_no_millisecond():
    now = (1 << 30) - 123_456
    clock = ck.Clock(now)
    clock.set(0, 0)
    seed = 12_345
    total_ms = 0
    seconds = 0
    for _ in range(3000):
        seed = (seed * 1_103 + 12_345) % 65_536
        step = seed % 7 if seed & 64 else seed * 24
        total_ms += step
        now = after(now, step)
        seconds += clock.advance(now)
    assert total_ms > 1 << 30  # it went round
    assert seconds == total_ms // 1000
    assert clock.day * 86_400 + clock.second == seconds
    assert clock.until_second_ms() == 1000 - total_ms % 1000


def test_a_tick_that_goes_back_is_not_followed():
    clock = ck.Clock(1000)
    clock.set(5, 5)
    assert clock.advance(500) == 0 and clock.advance(1999) == 0
    assert clock.advance(2000) == 1


def test_utc_fields():
    clock = ck.Clock(0)
    clock.set(ck.days_from_civil(2035, 2, 28), 23 * 3600 + 59 * 60 + 58)
    fields = [0] * 6
    clock.utc_into(fields)
    assert fields == [2035, 2, 28, 23, 59, 58]


def test_correction_within_ten_seconds_is_applied():
    for error in (-10, -1, 1, 10):
        clock = ck.Clock(0)
        clock.set(100, 50)
        assert clock.correct(100, 50 + error) == 0x8145
        assert clock.second == 50 + error and clock.error_s == error
    assert clock.correct(clock.day, clock.second) == 0


def test_correction_beyond_is_reported_only():
    for error in (-11, 11, 3600):
        clock = ck.Clock(0)
        clock.set(100, 40_000)
        assert clock.correct(100, 40_000 + error) == 0x8F0C
        assert clock.day == 100 and clock.second == 40_000 and clock.error_s == error
    assert clock.correct(20_000, 0) == 0x8F0C and clock.error_s == 86_400


def test_correction_across_midnight():
    clock = ck.Clock(0)
    clock.set(100, 86_398)
    assert clock.correct(101, 2) == 0x8145 and clock.error_s == 4
    assert clock.day == 101 and clock.second == 2


def test_commissioning_and_an_invalid_clock_take_anything():
    clock = ck.Clock(0)
    assert not clock.valid
    assert clock.correct(9000, 1) == 0x8145 and clock.valid
    assert clock.correct(1, 1) == 0x8F0C
    assert clock.correct(1, 1, commissioning=True) == 0x8145 and clock.day == 1


def test_rtc_second_phase_is_not_an_error():
    clock = ck.Clock(0)
    clock.set(0, 30)
    for second in (29, 30, 31):
        assert clock.follow([2000, 1, 1, 0, 0, second]) == 0 and clock.second == 30
    assert clock.follow([2000, 1, 1, 0, 0, 32]) == 0x8145 and clock.second == 32
    assert clock.follow([2000, 1, 1, 0, 1, 32]) == 0x8F0C and clock.second == 32
    assert clock.follow([2000, 2, 30, 0, 0, 32]) == 0x8F0C


def test_rtc_sets_a_clock_that_is_not_valid():
    clock = ck.Clock(0)
    assert clock.follow([2024, 2, 29, 1, 2, 3]) == 0x8145 and clock.valid
    assert clock.day == 8825 and clock.second == 3723  # 24 * 365 + 6 leap days + 59


def test_plausible():
    assert ck.plausible([2024, 2, 29, 23, 59, 59])
    for bad in (
        [1999, 1, 1, 0, 0, 0],
        [2200, 1, 1, 0, 0, 0],
        [2023, 2, 29, 0, 0, 0],
        [2023, 0, 1, 0, 0, 0],
        [2023, 1, 0, 0, 0, 0],
        [2023, 1, 1, 24, 0, 0],
        [2023, 1, 1, 0, 60, 0],
        [2023, 1, 1, 0, 0, 60],
    ):
        assert not ck.plausible(bad), bad


def test_allocates_nothing_in_2035():
    clock = ck.Clock((1 << 30) - 500)
    clock.set(ck.days_from_civil(2035, 12, 31), 86_399)
    fields = [0] * 6

    def steady(now):
        seconds = clock.advance(now)
        clock.utc_into(fields)
        clock.correct(13_149, 0)
        clock.correct(1, 0)
        clock.follow(fields)
        return seconds

    assert without_heap(steady, 500) == 1
    assert fields == [2036, 1, 1, 0, 0, 0]


def test_passed_seconds_adjustments_and_generations_are_told():
    clock = ck.Clock(0)
    assert clock.advance(2500) == 2 and clock.passed_s == 2
    assert clock.advance(2600) == 0 and clock.passed_s == 0
    assert clock.correct(100, 50) == 0x8145 and (clock.adjusted, clock.generation) == (0, 1)  # first valid time
    assert clock.correct(100, 55) == 0x8145 and (clock.adjusted, clock.generation) == (1, 1)
    assert clock.correct(100, 155) == 0x8F0C and (clock.adjusted, clock.generation) == (1, 1)
    assert clock.correct(100, 155, commissioning=True) == 0x8145 and (clock.adjusted, clock.generation) == (1, 2)
