# SPDX-License-Identifier: MIT
"""Drift estimate: hand calculated (a clock of +20 ppm is 1.728 s a day fast)."""

from app.drift import Drift


def test_nothing_is_known_before_a_day_has_passed():
    drift = Drift()
    drift.corrected(100, 0, 1)
    drift.corrected(100, 43_200, 1)
    assert not drift.known


def test_two_seconds_in_a_day_and_in_four():
    drift = Drift()
    drift.set(100, 0)
    drift.corrected(101, 0, 2)
    assert drift.known and drift.ms_per_day == 2000
    drift.corrected(105, 0, -2)
    assert drift.ms_per_day == -500


def test_short_spans_add_up():
    drift = Drift()
    drift.set(100, 0)
    for hour in (12, 24, 36, 48):
        drift.corrected(100 + hour // 24, hour % 24 * 3600, 1)
    assert drift.ms_per_day == 2000


def test_a_clock_that_went_back_starts_anew():
    drift = Drift()
    drift.set(100, 0)
    drift.corrected(50, 0, 1)
    assert not drift.known
    drift.corrected(52, 0, 1)
    assert drift.ms_per_day == 500
