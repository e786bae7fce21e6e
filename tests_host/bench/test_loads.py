# SPDX-License-Identifier: MIT
"""Loads by formula, by recording and by SPEC; expected values by hand calculation or from data/README.md."""

import math
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.bench import appliances, loads
from host_tools.bench.load_spec import LoadSpecError, parse
from host_tools.bench.mains import recorded_frequencies_mhz, with_mains
from host_tools.bench.truth import Truth


def first(segments):
    return next(iter(segments))[1]


def facts(point):
    return point.voltage_mv, point.current_ua, point.active_mw, point.reactive_mvar


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        # 2300 W at 230 V are 10 A; at 0.5 inductive Q = P tan 60 deg = 1.7320508 P and I = 20 A.
        ("2300W", (230_000, 10_000_000, 2_300_000, 0)),
        ("2.3kW", (230_000, 10_000_000, 2_300_000, 0)),
        ("2300W,0.5L", (230_000, 20_000_000, 2_300_000, 3_983_717)),
        ("-1000W", (230_000, 4_347_826, -1_000_000, 0)),
        ("10A", (230_000, 10_000_000, 2_300_000, 0)),
        ("40mA", (230_000, 40_000, 9_200, 0)),
        ("100A,0.8C", (230_000, 100_000_000, 18_400_000, -13_800_000)),
        # Export inductive is the third quadrant: both powers negative.
        ("-10A,0.5L", (230_000, 10_000_000, -1_150_000, -1_991_858)),
        ("10A,0.8C,207V,49Hz", (207_000, 10_000_000, 1_656_000, -1_242_000)),
        ("open:264.5V", (264_500, 0, 0, 0)),
    ],
)
def test_spec_of_one_point(spec, expected):
    point = first(parse(spec))
    assert facts(point) == expected
    assert point.frequency_mhz == (49_000 if "49Hz" in spec else 50_000)


def test_current_as_ordered_gives_exact_apparent_power():
    point = loads.point_of_current(10_000_000, 500)
    assert point.apparent_mva == 2_300_000
    assert point.active_mw**2 + point.reactive_mvar**2 == pytest.approx(point.apparent_mva**2, rel=1e-6)


def test_dip():
    segments = list(islice(parse("dip:92V:30ms"), 3))
    assert [length for length, _ in segments] == [9_970_000, 30_000, 9_970_000]
    before, dip, _ = [point for _, point in segments]
    assert (before.voltage_mv, before.active_mw) == (230_000, 1_000_000)
    assert (dip.voltage_mv, dip.active_mw, dip.frequency_mhz) == (92_000, 160_000, 50_000)  # (92 / 230)^2 = 0.16
    assert not list(islice(parse("dip:0V:10ms"), 2))[1][1].live


def test_square_wave():
    segments = list(islice(parse("square:2000W:0.4s"), 4))
    assert [duration for duration, _ in segments] == [200_000] * 4
    assert [point.active_mw for _, point in segments] == [2_000_000, -2_000_000] * 2
    # A period that does not halve keeps its length.
    assert sum(duration for duration, _ in islice(loads.square_wave(1000, 333_333), 2)) == 333_333


def test_steps_go_round():
    segments = list(islice(parse("steps:1kW:30s:-500W,0.9C:2min"), 3))
    assert [duration for duration, _ in segments] == [30_000_000, 120_000_000, 30_000_000]
    assert [point.active_mw for _, point in segments] == [1_000_000, -500_000, 1_000_000]
    assert segments[1][1].reactive_mvar == 242_161  # 500 tan(acos 0.9), capacitive and exporting


def test_pv_day_imports_by_night_and_exports_at_noon():
    day = list(islice(parse("pv:4kW"), 1440))
    assert sum(duration for duration, _ in day) == loads.DAY_US
    assert day[0][1].active_mw == day[1439][1].active_mw == 300_000
    assert -3_700_000 <= min(point.active_mw for _, point in day) < -3_699_000  # 4 kW less 300 W
    assert day[719][1].active_mw == day[720][1].active_mw  # symmetric about noon


def test_random_household_is_its_seed_and_covers_the_quadrants():
    def run(seed):
        return [(d, facts(p)) for d, p in islice(loads.random_household(seed), 300)]

    assert run(7) == run(7)
    assert run(7) != run(8)
    assert [(d, facts(p)) for d, p in islice(parse("home:7"), 300)] == run(7)
    powers = [(f[2], f[3]) for _, f in run(7)]
    assert any(p > 0 and q > 0 for p, q in powers)
    assert any(p > 0 and q < 0 for p, q in powers)
    assert any(p < 0 and q > 0 for p, q in powers)
    assert any(p < 0 and q < 0 for p, q in powers)
    assert any(p == 0 for p, q in powers)


@given(st.integers(0, 10**10), st.lists(st.integers(1, 10**9), min_size=1, max_size=5))
def test_bounded_ends_exactly(duration_us, lengths):
    load = loads.steps([(length, loads.point_of_power(1000)) for length in lengths])
    cut = loads.bounded(load, min(duration_us, 2000 * min(lengths)))
    assert sum(length for length, _ in cut) == min(duration_us, 2000 * min(lengths))


def test_bounded_of_a_load_that_ends_before():
    assert [d for d, _ in loads.bounded([(5, None), (7, None)], 100)] == [5, 7]


@pytest.mark.parametrize(
    ("name", "watts", "volts_fundamental"),
    [("kettle", 1914, 232.4), ("fridge", 141, 235.5), ("television", 29.5, 237.7)],
)
def test_recorded_appliance_has_its_published_figures(name, watts, volts_fundamental):
    # data/README.md: mean P after 1 s and V1. The published P holds the DC product too.
    voltage, current = appliances.waveform(name)
    point = appliances.point_of_window(voltage[2000:], current[2000:])
    assert point.active_mw / 1000 == pytest.approx(watts, rel=0.003)
    above = math.sqrt(sum(h[1] ** 2 for h in point.harmonics))
    assert math.sqrt(point.voltage_mv**2 - above**2) / 1000 == pytest.approx(volts_fundamental, rel=0.001)
    assert above / 1000 / volts_fundamental == pytest.approx(0.032 if name != "television" else 0.035, abs=0.002)


def test_television_spectrum():
    # data/README.md: I2 51 %, I3 24 % of I1 (over the second half of what was recorded with power on).
    voltage, current = appliances.waveform("television")
    point = appliances.point_of_window(voltage[2000:], current[2000:])
    harmonics = {order: ua for order, _, ua, _ in point.harmonics}
    fundamental = math.sqrt(point.current_ua**2 - sum(ua**2 for ua in harmonics.values()))
    assert harmonics[2] / fundamental == pytest.approx(0.51, abs=0.01)
    assert harmonics[3] / fundamental == pytest.approx(0.24, abs=0.01)


def test_harmonic_power_is_inside_active_power():
    # The two-tone example by hand: 230 V and 10 A at 60 deg, 5th: 23 V and 4 A in phase -> 1150 + 92 W; Q only of the
    # fundamental.
    import numpy as np

    t = 2 * math.pi * 50 * np.arange(400) / 2000
    v = math.sqrt(2) * (230 * np.sin(t) + 23 * np.sin(5 * t))
    i = math.sqrt(2) * (10 * np.sin(t - math.pi / 3) + 4 * np.sin(5 * t))
    point = appliances.point_of_window(v, i)
    assert point.active_mw == 1_242_000
    assert point.reactive_mvar == round(2_300_000 * math.sin(math.pi / 3))
    assert point.harmonics == ((5, 23_000, 4_000_000, pytest.approx(0, abs=0.01)),)
    assert point.voltage_mv == round(1000 * math.sqrt(230**2 + 23**2))
    lagging = appliances.point_of_window(v, math.sqrt(2) * 4 * np.sin(5 * t - 0.5))
    assert lagging.harmonics[0][3] == pytest.approx(math.degrees(0.5), abs=0.01)


def test_appliance_is_off_then_on_for_ever():
    segments = list(islice(parse("kettle"), 8))
    assert segments[0][0] == 500_000
    assert segments[0][1].current_ua == 0
    assert segments[0][1].voltage_mv == pytest.approx(232_000, rel=0.02)
    assert [duration for duration, _ in segments[1:6]] == [200_000] * 5
    assert segments[6] == segments[7]
    assert sum(duration for duration, _ in segments[:6]) == 1_500_000  # as long as the recording


def test_mains_wanders_but_energy_does_not():
    plain, wandering = Truth(), Truth()
    at = 0
    for duration_us, point in loads.bounded(parse("steps:2kW,0.9L:90s:-1kW:45s"), 3 * loads.HOUR_US):
        plain.add(at, at + duration_us, point)
        at += duration_us
    at = 0
    voltages, frequencies = [], []
    for duration_us, point in with_mains(
        loads.bounded(parse("steps:2kW,0.9L:90s:-1kW:45s"), 3 * loads.HOUR_US), seed=3
    ):
        wandering.add(at, at + duration_us, point)
        at += duration_us
        voltages.append(point.voltage_mv)
        frequencies.append(point.frequency_mhz)
    assert plain.totals(pending=True) == wandering.totals(pending=True)
    assert len(set(voltages)) > 100
    assert all(215_000 < v < 245_000 for v in voltages)  # five standard deviations of 2.9 V
    assert 49_800 < min(frequencies) < max(frequencies) < 50_200


def test_mains_leaves_an_outage_and_a_spectrum_alone():
    dead = loads.OperatingPoint(0, 0, 0, 0)
    kettle = list(islice(parse("kettle"), 3))
    out = [point for _, point in with_mains([(1_000_000, dead), *kettle], seed=1)]
    assert out[0] is dead
    assert out[-1] is kettle[-1][1]


def test_recorded_frequency_statistics():
    # data/README.md: 77 089 values, mean 49.9980 Hz, standard deviation 22.7 mHz.
    values = recorded_frequencies_mhz()
    mean = sum(values) / len(values)
    assert len(values) == 77_089
    assert mean == pytest.approx(49_998.0, abs=0.1)
    assert math.sqrt(sum((v - mean) ** 2 for v in values) / len(values)) == pytest.approx(22.7, abs=0.1)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "not a number of W"),
        ("2300", "not a number of W"),
        ("W", "not a number of W"),
        ("2300W,0.5", "needs L"),
        ("2300W,0L", "no power factor"),
        ("2300W,0.0L", "carries no power"),
        ("2300W,1.5L", "no power factor"),
        ("2300W,0.5X", "no power factor"),
        ("2300W,0V", "above 0"),
        ("nanW", "not a number of W"),
        ("1e3W", "not a number of W"),
        ("1.0001W", "finer"),
        ("2000000W", "more than a meter"),
        ("square:2000W", "not a number of s"),
        ("square:2000W:0s", "above 0"),
        ("square:2000W:1us", "two halves"),
        ("dip:-1V:10ms", "0 V or more"),
        ("dip:100V:10s", "shorter than 10 s"),
        ("dip:100V", "not a number of s"),
        ("steps:1W:1s:2W", "pairs"),
        ("open:", "not a number of V"),
        ("home:x", "whole number"),
        ("kettle:1", "nothing after"),
        ("toaster:1", "no load is named 'toaster'"),
    ],
)
def test_a_wrong_spec_is_told_in_one_line(spec, words):
    with pytest.raises(LoadSpecError) as caught:
        parse(spec)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_arguments():
    with pytest.raises(ValueError):
        loads.point_of_power(1000, 0)
    with pytest.raises(ValueError):
        next(loads.steps([(0, None)]))
