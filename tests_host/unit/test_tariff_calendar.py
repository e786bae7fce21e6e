# SPDX-License-Identifier: MIT
"""Calendar rules by hand. Days of the week from a printed calendar: 2026-01-01 was a Thursday, 2024-02-29 a Thursday."""

from app.clock import days_from_civil
from app.tariff import validate
from app.tariff.calendar import Calendar
from fakes_tariff import ANY, one_script, pack_calendar

WORKDAY = [(0, 1), (7 * 60, 2), (1380, 3)]
WEEKEND = [(600, 4)]


def made(*arguments):
    packed = pack_calendar(1, *arguments)
    assert validate.calendar(packed, 0, len(packed), 1) == 0
    calendar = Calendar()
    assert calendar.load(packed, 0) == len(packed)
    return calendar


def day(year, month, day_of_month):
    return days_from_civil(year, month, day_of_month)


def test_switches_of_a_day_and_the_action_before_the_first():
    calendar = made([(ANY, 1, 1, 1)], {1: [1, 1, 1, 1, 1, 2, 2]}, {1: WORKDAY, 2: WEEKEND})
    friday = day(2026, 1, 2)
    assert [calendar.script_at(friday, m) for m in (0, 419, 420, 1379, 1380, 1439)] == [1, 1, 2, 2, 3, 3]
    # Saturday's first switch is at 10:00: Friday's last one goes on.
    assert [calendar.script_at(friday + 1, m) for m in (0, 599, 600, 1439)] == [3, 3, 4, 4]
    assert [calendar.script_at(friday + 2, m) for m in (0, 600)] == [4, 4]
    assert calendar.script_at(friday + 3, 0) == 1


def test_next_switch():
    calendar = made([(ANY, 1, 1, 1)], {1: [1, 1, 1, 1, 1, 2, 3]}, {1: WORKDAY, 2: WEEKEND, 3: []})
    friday = day(2026, 1, 2) * 1440
    assert calendar.next_switch_minute(friday) == friday + 420
    assert calendar.next_switch_minute(friday + 419) == friday + 420
    assert calendar.next_switch_minute(friday + 420) == friday + 1380
    assert calendar.next_switch_minute(friday + 1380) == friday + 1440 + 600
    # Sunday has none: the Monday after has one at its very start, the day to ask again.
    assert calendar.next_switch_minute(friday + 1440 + 600) == friday + 3 * 1440


def test_seasons_wrap_at_the_end_of_the_year():
    profiles = {1: [(0, 1)], 2: [(0, 2)]}
    calendar = made([(ANY, 3, 31, 1), (ANY, 10, 31, 2)], {1: [1] * 7, 2: [2] * 7}, profiles)
    dates = ((2026, 1, 1), (2026, 3, 30), (2026, 3, 31), (2026, 10, 30), (2026, 10, 31), (2026, 12, 31), (2027, 1, 1))
    assert [calendar.script_at(day(*d), 0) for d in dates] == [2, 2, 1, 1, 2, 2, 2]


def test_a_dated_season_holds_until_a_later_start():
    profiles = {1: [(0, 1)], 2: [(0, 2)]}
    weeks = {1: [1] * 7, 2: [2] * 7}
    calendar = made([(ANY, 1, 1, 1), (2026, 7, 1, 2)], weeks, profiles)
    dates = ((2026, 6, 30), (2026, 7, 1), (2026, 12, 31), (2027, 1, 1), (2027, 7, 1))
    assert [calendar.script_at(day(*d), 0) for d in dates] == [1, 2, 2, 1, 1]
    # On one day: the dated one. Nothing before the first start.
    calendar = made([(2026, 7, 1, 2), (ANY, 7, 1, 1)], weeks, profiles)
    assert [calendar.script_at(day(*d), 0) for d in ((2026, 7, 1), (2027, 7, 1))] == [2, 1]
    calendar = made([(2026, 7, 1, 2)], weeks, profiles)
    assert [calendar.script_at(day(*d), 0) for d in ((2026, 6, 30), (2026, 7, 1), (2040, 1, 1))] == [0, 2, 2]
    assert calendar.next_switch_minute(day(2026, 6, 1) * 1440) == day(2026, 6, 3) * 1440


def test_special_days_override_the_week():
    profiles = {1: [(0, 1)], 2: [(0, 2)], 3: [(720, 3)]}
    specials = [(12, 25, 2026, 3), (12, 25, ANY, 2), (12, 26, 2027, 2)]
    calendar = made([(ANY, 1, 1, 1)], {1: [1] * 7}, profiles, specials)
    assert [calendar.script_at(day(2025, 12, d), 1439) for d in (24, 25, 26)] == [1, 2, 1]
    # With its year before the one without; at 00:00 the day before goes on.
    assert [calendar.script_at(day(2026, 12, d), 1439) for d in (24, 25, 26)] == [1, 3, 1]
    assert calendar.script_at(day(2026, 12, 25), 719) == 1
    assert [calendar.script_at(day(2027, 12, d), 1439) for d in (24, 25, 26)] == [1, 2, 2]


def test_the_29th_of_february():
    profiles = {1: [(0, 1)], 2: [(0, 2)], 3: [(0, 3)]}
    weeks = {1: [1] * 7, 2: [2] * 7}
    calendar = made([(ANY, 1, 1, 1), (ANY, 2, 29, 2)], weeks, profiles, [(2, 29, ANY, 3)])
    # A leap year has the special day, the season's start with it.
    assert [calendar.script_at(day(2024, *d), 0) for d in ((2, 28), (2, 29), (3, 1))] == [1, 3, 2]
    # A common year has no special day, and the season starts on 1 March.
    assert [calendar.script_at(day(2026, *d), 0) for d in ((2, 28), (3, 1))] == [1, 2]
    # Another season that starts on that 1 March goes before it.
    calendar = made([(ANY, 2, 29, 1), (ANY, 3, 1, 2)], weeks, profiles)
    assert calendar.script_at(day(2024, 2, 29), 0) == 1
    assert calendar.script_at(day(2026, 3, 1), 0) == 2


def test_script_99_changes_no_register():
    profiles = {1: [(0, 101), (600, 99)], 2: [(0, 99)]}
    calendar = made([(ANY, 1, 1, 1)], {1: [1] * 7}, profiles, [(5, 1, ANY, 2)])
    assert calendar.resets
    may = day(2026, 5, 1)
    assert calendar.script_at(may, 700) == 101
    assert calendar.script_at(may - 1, 700) == 101
    start = may * 1440
    assert calendar.next_switch_minute(start - 1) == start
    assert calendar.last_reset_minute(start + 5, -1) == start
    assert calendar.last_reset_minute(start - 1, -1) == start - 1440 + 600
    assert calendar.last_reset_minute(start + 5, start) == -1
    assert calendar.last_reset_minute(start + 5, start - 1) == start


def test_a_calendar_without_any_reset():
    calendar = Calendar()
    calendar.load(one_script(1, 7), 0)
    assert not calendar.resets and calendar.last_reset_minute(14_000_000, -1) == -1
    assert calendar.script_at(0, 0) == 7 and calendar.script_at(73_048, 1439) == 7


def test_an_empty_year_ends():
    # Valid by the rules, and still without one switch: every day is special and has none.
    specials = [(1, d, ANY, 2) for d in range(1, 32)]
    calendar = made([(2040, 1, 1, 1)], {1: [1] * 7}, {1: [(0, 1)], 2: []}, specials)
    assert calendar.script_at(day(2030, 1, 1), 0) == 0
    assert calendar.script_at(5, 0) == 0  # back to the first day there is


def test_limits_all_used():
    profiles = {}
    number = 0
    for k in range(16):
        count = 48 if k < 3 else 4
        profiles[200 - k] = [(i * 30, 1 + (number + i) % 48) for i in range(count)]
        number += count
    assert number == 196
    profiles[185] += [(1400 + i, 1) for i in range(4)]
    weeks = {250 - w: [200 - (w * 3 + d) % 16 for d in range(7)] for w in range(5)}
    seasons = [(ANY, 1, 1, 250), (ANY, 4, 1, 249), (ANY, 7, 1, 248), (2026, 10, 1, 246)]
    specials = [(1 + k // 25, 1 + k % 25, ANY, 200 - k % 16) for k in range(50)]
    packed = pack_calendar(1, seasons, weeks, profiles, specials)
    assert len(packed) == 986 and packed[6] == 200
    assert validate.calendar(packed, 0, len(packed), 1) == 0
    calendar = Calendar()
    calendar.load(packed, 0)
    assert calendar.script_at(day(2026, 2, 25), 1439) == profiles[200 - 49 % 16][-1][1]
