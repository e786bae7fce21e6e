# SPDX-License-Identifier: MIT
"""Calibration: formulas against the manuals' examples, honesty of the procedure, and what is left on drawn meters."""

import ast
import cmath
import math
import struct
from pathlib import Path

import pytest

from host_tools.bench import calibration, calibration_tables
from host_tools.bench.calibration import CalibrationError, calibrate, errors, fit, measure, table_text
from host_tools.bench.calibration_tables import Ade9153aTable, Atm90e26Table, TableError
from host_tools.bench.point import HiddenErrors
from host_tools.bench.station import Reading, Reference, Station

STATION_NAMES = {
    "chip",
    "counts_per_wh",
    "apparent_counted",
    "configure",
    "set_point",
    "reference",
    "wait",
    "read",
}


class Watched:
    """A Station that can be used but not looked into."""

    def __init__(self, station):
        object.__setattr__(self, "_Watched__station", station)

    def __getattribute__(self, name):
        if name not in STATION_NAMES:
            raise AssertionError(f"calibration looked at {name}")
        return getattr(object.__getattribute__(self, "_Watched__station"), name)

    def __setattr__(self, name, value):
        raise AssertionError(f"calibration set {name}")


class Coarse:
    """An ideal meter with S' = gain * S, registers of 0.1 Wh and 7 ms a read; the payload changes nothing."""

    counts_per_wh = 10
    apparent_counted = False

    def __init__(self, chip="atm90e26", gain=1.0 + 0j):
        self.chip = chip
        self.gain = gain
        self.now_us = 0
        self.held = [0, 0]  # in 1e-6 mW us
        self.power = 0j

    def configure(self, payload):
        pass

    def set_point(self, voltage_mv, current_ma, factor=1000):
        p = voltage_mv * current_ma / 1000 * abs(factor) / 1000
        q = math.copysign(math.sqrt((voltage_mv * current_ma / 1000) ** 2 - p * p), factor)
        self.power = complex(p, q)
        self.volts, self.amps = voltage_mv, current_ma

    def reference(self):
        return Reference(self.power.real, self.power.imag, self.volts, self.amps)

    def wait(self, us):
        self.now_us += us
        shown = self.power * self.gain
        self.held[0] += shown.real * us
        self.held[1] += shown.imag * us

    def read(self, quantities):
        self.wait(7_000)
        sample = type("Sample", (), {})()
        sample.flags = 3 if quantities else 1
        counts = [int(h / 3.6e11) for h in self.held]
        for k in range(2):
            self.held[k] -= counts[k] * 3.6e11
        sample.active_counts, sample.reactive_counts, sample.apparent_counts = counts[0], counts[1], 0
        sample.rms_voltage_mv, sample.rms_current_ma = self.volts, self.amps
        shown = self.power * self.gain
        sample.active_power_mw, sample.reactive_power_mvar = round(shown.real), round(shown.imag)
        return Reading(self.now_us, sample)


# Formulas


def test_ade9153a_registers_of_the_data_sheets():
    # ADE9078 data sheet p. 30: gain 1.1 is 0x00CCCCCD, 0.9 is 0xFF333333; p. 31: -0.1 degree at 50 Hz is 0xFFE97889.
    for measured, register in ((1 / 1.1, 0x00CCCCCD), (1 / 0.9, 0xFF333333)):
        table = Ade9153aTable()
        table.correct(measured, 0, 1, 1)
        assert struct.unpack("<8I", table.payload())[2] == register
    table = Ade9153aTable()
    table.correct(cmath.rect(1, math.radians(-0.1)), 0, 1, 1)
    assert struct.unpack("<8I", table.payload())[3] == 0xFFE97889


def test_ade9153a_phase_of_one_percent_at_half_power_factor():
    # Reading 1 % high at PF 0.5 inductive: acos(1.01 / 2) - 60 degrees = -0.3314 degrees, register 0xFFB73231.
    shift = math.acos(1.01 * 0.5) - math.pi / 3
    assert Ade9153aTable.phase_register(shift) & 0xFFFFFFFF == 0xFFB73231


def test_ade9153a_gains_of_rms_are_folded_out_of_the_power_gain():
    # V reads 2 % high, I 3 % low, power 0.98 * 1.02 * 0.97: what remains for APGAIN is 1 / 0.98.
    table = Ade9153aTable()
    table.correct(0.98 * 1.02 * 0.97, 0, 1.02, 0.97)
    current, voltage, power = (1 + r / 2**27 for r in struct.unpack("<8i", table.payload())[:3])
    assert voltage == pytest.approx(1 / 1.02, abs=1e-8)
    assert current == pytest.approx(1 / 0.97, abs=1e-8)
    assert power == pytest.approx(1 / 0.98, abs=1e-7)


def test_ade9153a_offset_registers_take_away_what_was_measured():
    # 1.5 W and -0.5 var at a gain of 0.95; 4.98388 mW a code (data sheet p. 26 with 300 uOhm, gain 16, 991:1).
    table = Ade9153aTable()
    table.correct(0.95, complex(1.5, -0.5), 1, 1)
    watt, var = struct.unpack("<8i", table.payload())[4:6]
    assert watt == round(-1.5 / 0.95 / 4.98388e-3)
    assert var == round(0.5 / 0.95 / 4.98388e-3)
    table.correct(1, 0, 1, 1)  # a second round that finds nothing changes nothing
    assert struct.unpack("<8i", table.payload())[4:6] == (watt, var)


def test_atm90e26_registers_of_the_application_note():
    # Atmel-46102B 3.2: e = -13.78 % -> Lgain 0x1475; +0.95 % at 0.5L -> Lphi 0x0024; 246.01 V read at 220.024 V ->
    # Ugain 0x5C3B; no-load power words averaging -52.6 -> PoffsetL 0x0035.
    table = Atm90e26Table()
    table.correct(1 - 0.1378, 0, 1, 1)
    assert words(table)[2] == 0x1475
    shift = math.acos(1.0095 * 0.5) - math.pi / 3
    table = Atm90e26Table()
    table.correct(cmath.rect(1, shift), 0, 1, 1)
    assert words(table)[3] == 0x0024
    table = Atm90e26Table()
    table.correct(cmath.rect(1, -shift), 0, 1, 1)
    assert words(table)[3] == 0x8024
    table = Atm90e26Table()
    table.correct(1, 0, 246.01 / 220.024, 1)
    assert words(table)[11] == 0x5C3B
    table = Atm90e26Table()
    table.correct(1, -52.6 / table.raw_per_va, 1, 1)
    assert words(table)[17] == 0x0035


def words(table):
    return struct.unpack("<21Hh", table.payload())


def test_atm90e26_design_values():
    # PL = 838860800 G VL VU / (MC Un Ib) = 4575604; PStartTh for 20 mA = 2339 (both Atmel-46102B 3.2, with the front
    # end's values).
    table = words(Atm90e26Table())
    assert table[0] << 16 | table[1] == round(838_860_800 * 24 * 2 * (230_000 / 880) / (1000 * 230 * 10))
    assert table[6] == table[8] == round(93.2067556 * 24 * 2 * (230_000 / 880) * 0.002)
    assert table[10] == 0x7422
    assert table[11:14] == (26_400, 15_625, 30_000)


def test_what_does_not_fit_a_register_is_refused():
    table = Atm90e26Table()
    table.correct(0.5, 0, 1, 1)
    with pytest.raises(TableError):
        table.payload()
    table = Ade9153aTable()
    table.correct(0.4, 0, 1, 1)
    with pytest.raises(TableError):
        table.payload()


# Procedure


def test_fit_finds_gain_phase_and_offset():
    gain, offset = cmath.rect(0.97, 0.012), complex(1.9, -1.2)
    points = []
    for true in (complex(2300, 0), complex(1150, 1992), complex(230, 0), complex(115, 199)):
        shown = gain * true + offset
        points.append((true, shown.real, shown.imag if true.imag else None))
    found_gain, found_offset = fit(points)
    assert found_gain == pytest.approx(gain, abs=1e-12)
    assert found_offset == pytest.approx(offset, abs=1e-9)


@pytest.mark.parametrize("current_ma", [1_000, 10_000, -10_000, 100_000])
def test_gating_on_edges_takes_the_resolution_out(current_ma):
    # 60 s at 115 W hold 19 counts of 0.1 Wh: counting them would be off by up to 5 %.
    station = Coarse()
    station.set_point(230_000, current_ma, 500)
    active, reactive = measure(station, 60)
    assert active == pytest.approx(station.power.real, rel=2.5e-4)  # 9 ms of polling in a minute, both ends
    assert reactive == pytest.approx(station.power.imag, rel=2.5e-4)


def test_what_is_hardly_there_is_not_measured():
    station = Coarse()
    station.set_point(230_000, 10_000)
    active, reactive = measure(station, 10)
    assert active == pytest.approx(2_300_000, rel=1e-3)
    assert reactive is None


def test_meters_that_cannot_be_calibrated():
    turned = cmath.rect(1, 0.06)
    for gain, reason in ((0, "do not move"), (-1, "reversed"), (1.4, r"\+40.0 %"), (turned, r"\+3.4\d degrees")):
        with pytest.raises(CalibrationError, match=reason):
            calibrate(Coarse(gain=gain), rounds_s=(20,))


def test_a_restart_in_a_measurement_is_not_averaged_away():
    class Restarting(Coarse):
        def read(self, quantities):
            reading = super().read(quantities)
            reading.down = self.now_us > 30_000_000
            return reading

    station = Restarting()
    station.set_point(230_000, 10_000)
    with pytest.raises(CalibrationError, match="restarted"):
        measure(station, 60)


def test_the_procedure_names_nothing_but_the_station():
    hidden = set(HiddenErrors.__slots__) | {"HiddenErrors", "point", "model", "errors_of"}
    for module in (calibration, calibration_tables):
        tree = ast.parse(Path(module.__file__).read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in hidden, node.attr
                if isinstance(node.value, ast.Name) and node.value.id == "station":
                    assert node.attr in STATION_NAMES, node.attr
            if isinstance(node, ast.ImportFrom) and node.module.startswith("host_tools"):
                assert node.module == "host_tools.bench.calibration_tables"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("getattr", "vars", "setattr", "eval", "exec", "open")


def test_station_interface_is_as_watched():
    public = {name for name in vars(Station) if not name.startswith("_")} | {"chip"}
    assert public == STATION_NAMES


# Meters

WORST = HiddenErrors(
    voltage_gain=0.95,
    current_gain=1.05,
    phase_deg=-1.0,
    active_offset_mw=2000,
    reactive_offset_mvar=-2000,
    clock_ppm=100,
    noise_mw=200.0,
    rms_noise=2e-4,
)


@pytest.mark.parametrize("chip", ["ade9153a", "atm90e26"])
def test_a_meter_at_the_edge_of_its_tolerances(chip):
    station = Station(chip, seed=11, errors=WORST)
    before = errors(station, None, seconds_at_itr=600)
    payload = calibrate(Watched(station))
    after = errors(station, payload)
    worst = max(abs(row.active_percent) for row in after)
    assert max(abs(row.active_percent) for row in before) > 2  # outside class 2
    assert worst < 0.1, table_text(before, after)
    assert max(abs(r.reactive_percent) for r in after if r.reactive_percent is not None) < 0.2


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("chip", ["ade9153a", "atm90e26"])
def test_a_drawn_meter(chip, seed):
    station = Station(chip, seed)
    after = errors(station, calibrate(Watched(station)))
    assert max(abs(row.active_percent) for row in after) < 0.1
    assert max(abs(row.reactive_percent) for row in after if row.reactive_percent is not None) < 0.2


@pytest.mark.parametrize("chip", ["ade9153a", "atm90e26"])
def test_a_perfect_meter_is_left_as_it_is(chip):
    station = Station(chip, seed=3, errors=HiddenErrors())
    payload = calibrate(Watched(station), rounds_s=(60,))
    rows = errors(station, payload, points=((1_000, 500), (100_000, -800)), seconds_at_itr=600)
    assert max(abs(row.active_percent) for row in rows) < 0.02  # the reference may be 0.01 % off, and a register rounds


@pytest.mark.parametrize("chip", ["ade9153a", "atm90e26"])
def test_rms_readings_agree_with_the_reference(chip):
    station = Station(chip, seed=5, errors=WORST)
    calibrate(station, rounds_s=(60,))
    station.set_point(235_000, 20_000)
    station.wait(5_000_000)
    voltage_mv, current_ma = calibration.measure_rms(station)
    assert voltage_mv == pytest.approx(station.reference().voltage_mv, rel=5e-4)
    assert current_ma == pytest.approx(station.reference().current_ma, rel=5e-4)


def test_table_text():
    before = [calibration.Row("1 A 1", -3.0, None), calibration.Row("-10 A 0.5L", 5.25, 1.0)]
    after = [calibration.Row("1 A 1", 0.012, None), calibration.Row("-10 A 0.5L", -0.034, 0.1)]
    lines = table_text(before, after).split("\n")
    assert lines[2].split() == ["1", "A", "1", "-3.000", "+0.012"]
    assert lines[3].split() == ["-10", "A", "0.5L", "+5.250", "-0.034", "+1.000", "+0.100"]
