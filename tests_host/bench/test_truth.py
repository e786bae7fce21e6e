# SPDX-License-Identifier: MIT
"""Truth against a brute-force oracle, against splitting, and against the published totals of the recordings."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.bench.chips.energy import NJ_PER_WH, REGISTER_KEYS
from host_tools.bench.point import OperatingPoint
from host_tools.bench.recordings import open_recording
from host_tools.bench.truth import Truth

DATA = Path(__file__).parents[2] / "data"
POWERS = st.integers(-25_300_000, 25_300_000)
SPANS = st.lists(st.tuples(st.integers(0, 3_500_000), POWERS, POWERS), min_size=1, max_size=8)


def registers(truth):
    return (truth.second.nj, truth.cycle.nj, truth.second.pending, truth.cycle.pending)


def oracle(t0, spans, window, phase):
    """Energy per window in a dict by window number, then booked: no closed form, no state carried."""
    per_window = {}
    at = t0
    for length, p, q in spans:
        s = OperatingPoint(230_000, p, q).apparent_mva
        end = at + length
        while at < end:
            number = (at - phase) // window
            stop = min(end, (number + 1) * window + phase)
            e = per_window.setdefault(number, [Fraction(0)] * 3)
            for k, power in enumerate((p, q, s)):
                e[k] += Fraction(power * (stop - at), NJ_PER_WH)
            at = stop
    out = dict.fromkeys(REGISTER_KEYS, Fraction(0))
    for number, (active, reactive, apparent) in per_window.items():
        if (number + 1) * window + phase > at:
            continue  # still open
        out["active_import_wh" if active >= 0 else "active_export_wh"] += abs(active)
        out["apparent_import_vah" if active >= 0 else "apparent_export_vah"] += apparent
        out["reactive_import_varh" if reactive >= 0 else "reactive_export_varh"] += abs(reactive)
    return out


@given(SPANS, st.integers(0, 10**9), st.integers(0, 999_999))
def test_equals_the_oracle(spans, t0, phase):
    truth = Truth(second_phase_us=phase)
    at = t0
    for length, p, q in spans:
        truth.add(at, at + length, OperatingPoint(230_000, p, q))
        at += length
    seconds = oracle(t0, spans, 1_000_000, phase)
    cycles = oracle(t0, spans, 20_000, 0)
    for key in REGISTER_KEYS:
        assert truth.wh(key) == seconds[key]
        assert truth.cycle_wh(key) == cycles[key]


@given(st.integers(0, 5_000_000), st.integers(1, 10_000_000), st.lists(st.floats(0, 1), max_size=5), POWERS, POWERS)
def test_splitting_changes_nothing(t0, length, cuts, p, q):
    before = OperatingPoint(230_000, 700_000, -1)
    point = OperatingPoint(230_000, p, q)
    whole = Truth()
    split = Truth()
    whole.add(t0, t0 + 333_333, before)
    split.add(t0, t0 + 333_333, before)
    t0 += 333_333
    whole.add(t0, t0 + length, point)
    edges = [t0] + sorted(t0 + int(cut * length) for cut in cuts) + [t0 + length]
    for a, b in zip(edges, edges[1:], strict=False):
        split.add(a, b, point)
    assert registers(whole) == registers(split)


def test_a_second_nets_by_its_sign_but_a_cycle_does_not():
    # 2000 W in for 0.6 s, out for 0.4 s: the second holds +400 J; the cycles hold 1200 J and 800 J. 1 Wh = 3600 J.
    truth = Truth()
    truth.add(0, 600_000, OperatingPoint(230_000, 2_000_000))
    truth.add(600_000, 1_000_000, OperatingPoint(230_000, -2_000_000))
    assert truth.wh("active_import_wh") == Fraction(400, 3600)
    assert truth.wh("active_export_wh") == 0
    assert truth.wh("apparent_import_vah") == Fraction(2000, 3600)
    assert truth.cycle_wh("active_import_wh") == Fraction(1200, 3600)
    assert truth.cycle_wh("active_export_wh") == Fraction(800, 3600)
    assert truth.cycle_wh("apparent_export_vah") == Fraction(800, 3600)


def test_the_open_second_is_pending_until_asked_for():
    truth = Truth(second_phase_us=500_000)
    truth.add(0, 900_000, OperatingPoint(230_000, -3_600_000))
    assert truth.wh("active_export_wh") == Fraction(1, 2)  # 3600 W for 0.5 s
    assert truth.wh("active_export_wh", pending=True) == Fraction(9, 10)
    assert truth.second.pending[0] == -3_600_000 * 400_000
    assert truth.totals(pending=True)["active_export_wh"] == pytest.approx(0.9)


def test_apparent_follows_active_and_reactive_its_own_sign():
    truth = Truth()
    truth.add(0, 3_600_000_000, OperatingPoint(230_000, -3_000, 4_000))
    assert truth.totals() == {
        "active_import_wh": 0,
        "active_export_wh": 3,
        "reactive_import_varh": 4,
        "reactive_export_varh": 0,
        "apparent_import_vah": 0,
        "apparent_export_vah": 5,
    }


def test_nothing_flows_in_a_gap_and_time_does_not_run_backward():
    truth = Truth()
    truth.add(0, 250_000, OperatingPoint(230_000, 3_600_000))
    truth.add(2_750_000, 3_000_000, OperatingPoint(230_000, -3_600_000))
    assert truth.wh("active_import_wh") == truth.wh("active_export_wh") == Fraction(1, 4)
    with pytest.raises(ValueError):
        truth.add(2_999_999, 4_000_000, OperatingPoint(230_000, 1))


def test_moving_the_metering_second_keeps_what_is_pending():
    truth = Truth()
    truth.add(0, 1_700_000, OperatingPoint(230_000, 3_600_000))
    truth.set_second_phase(100_000)
    truth.add(1_700_000, 2_100_000, OperatingPoint(230_000, 3_600_000))
    assert truth.wh("active_import_wh") == Fraction(21, 10)
    assert truth.second.pending == (0, 0, 0)


def flow(name):
    truth = Truth()
    at = 0
    for duration_us, point in open_recording(DATA / name).segments():
        truth.add(at, at + duration_us, point)
        at += duration_us
    return truth


def test_simbench_household_with_pv():
    # data/README.md: h0a 3 kW less pv3 4 kWp; constant quarter hours, so any netting gives 2 731.2 and 1 787.9 kWh.
    truth = flow("household_de_pv/simbench_2016_15min.csv.gz")
    assert truth.wh("active_import_wh") == Fraction("2731200.075")
    assert truth.wh("active_export_wh") == Fraction("1787908.250")
    assert truth.cycle_wh("active_export_wh") == Fraction("1787908.250")


def test_the_year_in_sceaux():
    # data/README.md: 565 107 016 W·min.
    truth = flow("household_fr/fr_sceaux_2008_1min.csv.gz")
    assert truth.wh("active_import_wh") == Fraction(565_107_016, 60)
    assert truth.wh("active_export_wh") == 0
