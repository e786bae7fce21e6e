# SPDX-License-Identifier: MIT
"""Wear: the formula by hand, and the erases of a run counted by the part."""

import pytest

from host_tools.bench import wear


def test_formula_by_hand():
    # 4 MWh a year in steps of 46 Wh: 86 957 saves; 32 records a sector, 16 sectors: 169.8 erases a sector-year.
    row = wear.hot_ring_row("household", 4_000_000, 50, 16)
    assert row["saves_per_year"] == 86_957
    assert row["erases_per_sector_year"] == pytest.approx(169.84, abs=0.01)
    assert row["years_to_worn"] == pytest.approx(588.8, abs=0.1)


def test_fram_outlives_the_meter():
    # 25.3 kW in steps of 0.5 Wh: 14.06 saves a second, each slot every other time: 2.2e8 writes a year of 1e12.
    assert wear.fram_row("full", 25_300)["years_to_worn"] == pytest.approx(4509, abs=5)


def test_measured_erases_agree_with_the_formula():
    measured = wear.measure_hot_ring(4_000_000, 50, 6, simulated_wh=30_000)
    # 652 saves of 32 records a sector open 21 sectors, and each one opened has another erased ahead.
    assert measured["erases"] == 21
    formula = wear.hot_ring_row("household", 4_000_000, 50, 6)["erases_per_sector_year"]
    assert measured["erases_per_sector_year"] == pytest.approx(formula, rel=0.05)
    assert measured["most_in_a_sector"] == 4
    assert measured["furthest_behind_wh"] <= 50
