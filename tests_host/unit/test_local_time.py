# SPDX-License-Identifier: MIT
"""Local time of Great Britain; dates of the changes as published on gov.uk ("When do the clocks change?"), 2023..2026."""

from app.clock import days_from_civil
from app.local_time import LocalTime, last_sunday

CHANGES = ((2023, 26, 29), (2024, 31, 27), (2025, 30, 26), (2026, 29, 25))


def test_published_days():
    for year, march, october in CHANGES:
        assert last_sunday(year, 3) == days_from_civil(year, 3, march)
        assert last_sunday(year, 10) == days_from_civil(year, 10, october)


def test_the_hour_changes_at_one_utc_and_not_a_second_before():
    local = LocalTime()
    for year, march, october in CHANGES:
        spring = days_from_civil(year, 3, march)
        autumn = days_from_civil(year, 10, october)
        assert local.offset_s(spring, 3599) == 0 and local.offset_s(spring, 3600) == 3600
        assert local.offset_s(autumn, 3599) == 3600 and local.offset_s(autumn, 3600) == 0


def test_winter_summer_and_any_order_of_years():
    local = LocalTime()
    for year in (2199, 2000, 2035, 2100):
        assert local.offset_s(days_from_civil(year, 1, 1), 0) == 0
        assert local.offset_s(days_from_civil(year, 7, 1), 0) == 3600
        assert local.offset_s(days_from_civil(year, 12, 31), 86_399) == 0
