# SPDX-License-Identifier: MIT
"""Calibration against a reference standard, seeing only a Station.

    payload = calibrate(station)          # bytes for the front end's configure()
    rows = errors(station, payload)       # [Row(label, active_percent, reactive_percent), ...]

The meter is taken for S' = G·S + O: complex power in VA, one complex gain (sensor gains, crystal, phase) and one
offset. Four load points give six equations for its four unknowns; least squares shares the noise out. That is the
gain - phase - offset order of both manuals in one step: done one after the other, 2 W of offset would pass for 0.06
degrees of phase at PF 0.5. The registers follow from G and O by the formulas of the part (calibration_tables.py). A
second, longer round measures what the first left.

Energy is gated on count edges: power = counts between two observed edges over the time between them, so the
resolution of the register cancels and only the polling interval remains (metrology: never count in a free-running
window).
"""

import cmath
import math

import numpy as np

from host_tools.bench.calibration_tables import TABLES

UN_MV = 230_000
ITR_MA, IREF_MA, IMAX_MA = 1_000, 10_000, 100_000
# (current, power factor in thousandths, share of the time): Iref for gain and phase, Itr for the offsets. The offsets
# matter at the smallest power that has to be right, so they get the time: the noise drawn for a bench meter is 0.2 W a
# minute, of which 0.02 W (0.02 % of 115 W) is left after two hours and a half. A real meter may do with shorter rounds.
LOAD_POINTS = ((IREF_MA, 1000, 1), (IREF_MA, 500, 1), (ITR_MA, 1000, 6), (ITR_MA, 500, 6))
ROUNDS_S = (150, 1_500)  # seconds of one share, round by round
RMS_READINGS = 60

_SETTLE_US = 5_000_000
_POLL_US = 2_000
_COARSE_US = 10_000_000
_EDGE_LIMIT_US = 60_000_000
_MUCH_GAIN = 0.25
_MUCH_PHASE_DEG = 2.2  # ADE9153A data sheet p. 23: +2.25 degrees at 50 Hz
_LEAST_FACTOR = 0.1  # of apparent power, below which a component is not gated on


class CalibrationError(Exception):
    """The meter cannot be calibrated; one line that says why."""


class Row:
    """Error of one load point. reactive_percent is None where there is hardly any reactive power."""

    __slots__ = ("label", "active_percent", "reactive_percent")

    def __init__(self, label, active_percent, reactive_percent):
        self.label = label
        self.active_percent = active_percent
        self.reactive_percent = reactive_percent


class _Gate:
    """Counts of one kind, from the first edge seen after opening to the last one before closing."""

    def __init__(self):
        self.first_us = self.last_us = None
        self.counts = 0
        self.edge_wanted = True

    def take(self, counts, at_us):
        if not counts:
            return
        if self.first_us is None:
            self.first_us = at_us
        else:
            self.counts += counts
            self.last_us = at_us
        self.edge_wanted = False

    def power_mw(self, counts_per_wh):
        return self.counts / counts_per_wh * 3.6e12 / (self.last_us - self.first_us)


def measure(station, seconds):
    """(active_mw, reactive_mvar) of the meter's energy registers over `seconds`; a component is None if hardly there.

    Raises CalibrationError if the registers do not move or the meter restarts.
    """
    reference = station.reference()
    least = _LEAST_FACTOR * abs(complex(reference.active_mw, reference.reactive_mvar))
    active = _Gate() if abs(reference.active_mw) >= least else None
    reactive = _Gate() if abs(reference.reactive_mvar) >= least else None
    gates = [gate for gate in (active, reactive) if gate is not None]
    station.read(False)  # what was counted before the point was set

    def ask():
        reading = station.read(False)
        if reading.down:
            raise CalibrationError("the meter restarted while it was measured")
        if active is not None:
            active.take(reading.active, reading.at_us)
        if reactive is not None:
            reactive.take(reading.reactive, reading.at_us)
        return reading.at_us

    def poll_for_edges():
        for gate in gates:
            gate.edge_wanted = True
        limit_us = None
        while any(gate.edge_wanted for gate in gates):
            at_us = ask()
            limit_us = at_us + _EDGE_LIMIT_US if limit_us is None else limit_us
            if at_us > limit_us:
                raise CalibrationError("the energy registers do not move")
            station.wait(_POLL_US)

    poll_for_edges()
    for _ in range(max(1, seconds * 1_000_000 // _COARSE_US)):
        station.wait(_COARSE_US)
        ask()
    poll_for_edges()
    per_wh = station.counts_per_wh
    return tuple(None if gate is None else gate.power_mw(per_wh) for gate in (active, reactive))


def measure_rms(station, readings=RMS_READINGS):
    """(voltage_mv, current_ma): means of one reading a second. Raises CalibrationError if none comes."""
    taken = []
    for _ in range(readings):
        station.wait(1_000_000)
        reading = station.read(True)
        if reading.voltage_mv is not None:
            taken.append((reading.voltage_mv, reading.current_ma))
    if not taken:
        raise CalibrationError("no RMS readings")
    return tuple(sum(column) / len(taken) for column in zip(*taken, strict=True))


def measure_angle(station, reference, readings=RMS_READINGS):
    """Radians by which the power that is shown lags behind the reference's. Raises CalibrationError if none is shown."""
    total = 0j
    for _ in range(readings):
        station.wait(1_000_000)
        reading = station.read(True)
        if reading.active_mw is not None:
            total += complex(reading.active_mw, reading.reactive_mvar)
    if not total:
        raise CalibrationError("no power readings")
    return cmath.phase(total / complex(reference.active_mw, reference.reactive_mvar))


def fit(points):
    """(G, O) of S' = G·S + O from [(true complex VA, active or None, reactive or None), ...], by least squares."""
    rows, right = [], []
    for true, active, reactive in points:
        if active is not None:
            rows.append((true.real, -true.imag, 1, 0))
            right.append(active)
        if reactive is not None:
            rows.append((true.imag, true.real, 0, 1))
            right.append(reactive)
    x = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    return complex(x[0], x[1]), complex(x[2], x[3])


def calibrate(station, rounds_s=ROUNDS_S):
    """Calibrate the meter on `station`; returns the payload for configure(). The meter is left with it.

    Raises CalibrationError if it is too far off to be one of this type.
    """
    table = TABLES[station.chip]()
    for share_s in rounds_s:
        station.configure(table.payload())
        points = []
        rms = angle = None
        for current_ma, factor, share in LOAD_POINTS:
            station.set_point(UN_MV, current_ma, factor)
            station.wait(_SETTLE_US)
            reference = station.reference()
            active_mw, reactive_mvar = measure(station, share * share_s)
            true = complex(reference.active_mw, reference.reactive_mvar) / 1000
            points.append((true, active_mw / 1000, None if reactive_mvar is None else reactive_mvar / 1000))
            if rms is None:  # at Iref, PF 1
                shown_mv, shown_ma = measure_rms(station)
                rms = shown_mv / reference.voltage_mv, shown_ma / reference.current_ma
            elif angle is None:  # at Iref, PF 0.5
                angle = measure_angle(station, reference)
        gain, offset = fit(points)
        _plausible(gain)
        table.correct(gain, offset, *rms, angle)
    payload = table.payload()
    station.configure(payload)
    return payload


def _plausible(gain):
    if gain.real < 0:
        raise CalibrationError("the current sensor is reversed")
    if abs(abs(gain) - 1) > _MUCH_GAIN:
        raise CalibrationError(f"gain is off by {100 * (abs(gain) - 1):+.1f} %")
    angle = math.degrees(cmath.phase(gain))
    if abs(angle) > _MUCH_PHASE_DEG:
        raise CalibrationError(f"phase is off by {angle:+.2f} degrees")


def plan():
    """The points of the error table: Itr, Iref, Imax x PF 1, 0.5 inductive, 0.8 capacitive x import, export."""
    for sign in (1, -1):
        for current_ma in (ITR_MA, IREF_MA, IMAX_MA):
            for factor in (1000, 500, -800):
                yield sign * current_ma, factor


def label(current_ma, factor):
    letter = "" if factor == 1000 else "L" if factor > 0 else "C"
    return f"{current_ma / 1000:g} A {abs(factor) / 1000:g}{letter}"


def errors(station, payload, points=None, seconds_at_itr=7_200):
    """Rows of error against the reference at `points` ((current_ma, factor), default plan()), with `payload` or None.

    The time of a point falls with its current: the noise of the meter is a power, not a fraction.
    """
    station.configure(payload)
    rows = []
    for current_ma, factor in plan() if points is None else points:
        station.set_point(UN_MV, current_ma, factor)
        station.wait(_SETTLE_US)
        reference = station.reference()
        seconds = max(60, seconds_at_itr * ITR_MA // abs(current_ma))
        active_mw, reactive_mvar = measure(station, seconds)
        rows.append(
            Row(
                label(current_ma, factor),
                100 * (active_mw / reference.active_mw - 1),
                None if reactive_mvar is None else 100 * (reactive_mvar / reference.reactive_mvar - 1),
            )
        )
    return rows


def table_text(before, after):
    """Two lists of Row as lines of text, errors in percent before and after."""
    lines = [f"{'':>12} {'active, %':>20} {'reactive, %':>20}", f"{'':>12} " + f"{'before':>10}{'after':>10} " * 2]
    for a, b in zip(before, after, strict=True):
        reactive = f"{a.reactive_percent:>+10.3f}{b.reactive_percent:>+10.3f}" if a.reactive_percent is not None else ""
        lines.append(f"{a.label:>12} {a.active_percent:>+10.3f}{b.active_percent:>+10.3f} {reactive}")
    return "\n".join(line.rstrip() for line in lines)
