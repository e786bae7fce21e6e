# SPDX-License-Identifier: MIT
"""Loads by formula: iterators of (duration_us, OperatingPoint), endless unless it is said that they end.

    for duration_us, point in bounded(constant(2_300_000, factor=500), 60_000_000): ...

`factor` is the power factor in thousandths with the sign of the current's angle: 500 is 0.5 inductive (lagging), -800
is 0.8 capacitive, 1000 is 1. Negative power is export; the current is then turned by 180 degrees, so an inductive
export has negative reactive power (IEC 62053-23 annex C: quadrant III).
"""

import math
import random

from host_tools.bench.point import OperatingPoint

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US
NOMINAL_MV = 230_000
NOMINAL_MHZ = 50_000


def _tangent(factor):
    """Reactive over active power of a power factor in thousandths, sign as the angle's."""
    if not 0 < abs(factor) <= 1000:
        raise ValueError("a power factor is in 0..1000 thousandths, negative for capacitive")
    tangent = math.sqrt(1_000_000 - factor * factor) / abs(factor)
    return tangent if factor > 0 else -tangent


def point_of_power(power_mw, factor=1000, voltage_mv=NOMINAL_MV, frequency_mhz=NOMINAL_MHZ):
    """OperatingPoint of an active power in mW."""
    return OperatingPoint(voltage_mv, power_mw, round(power_mw * _tangent(factor)), frequency_mhz)


def point_of_current(current_ua, factor=1000, voltage_mv=NOMINAL_MV, frequency_mhz=NOMINAL_MHZ):
    """OperatingPoint of a current in uA; negative: export."""
    apparent = voltage_mv * current_ua
    active_mw = round(apparent * abs(factor) / 1_000_000_000)
    reactive_mvar = round(apparent * abs(factor) * _tangent(factor) / 1_000_000_000)
    return OperatingPoint(voltage_mv, active_mw, reactive_mvar, frequency_mhz, current_ua=abs(current_ua))


def hold(point):
    """One point for ever, an hour a segment."""
    while True:
        yield HOUR_US, point


def constant(power_mw, factor=1000, voltage_mv=NOMINAL_MV, frequency_mhz=NOMINAL_MHZ):
    """Constant power."""
    return hold(point_of_power(power_mw, factor, voltage_mv, frequency_mhz))


def constant_current(current_ua, factor=1000, voltage_mv=NOMINAL_MV, frequency_mhz=NOMINAL_MHZ):
    """Constant current."""
    return hold(point_of_current(current_ua, factor, voltage_mv, frequency_mhz))


def open_circuit(voltage_mv=NOMINAL_MV, frequency_mhz=NOMINAL_MHZ):
    """Voltage without current: the no-load test."""
    return hold(OperatingPoint(voltage_mv, 0, 0, frequency_mhz))


def steps(pairs):
    """Go round a list of (duration_us, OperatingPoint) for ever."""
    pairs = tuple(pairs)
    if not pairs or min(duration for duration, _ in pairs) <= 0:
        raise ValueError("steps need durations above 0")
    while True:
        yield from pairs


def square_wave(power_mw, period_us, factor=1000, voltage_mv=NOMINAL_MV, frequency_mhz=NOMINAL_MHZ):
    """+power for half a period, -power for the other: what a net of a second hides."""
    first = period_us // 2
    return steps(
        (
            (first, point_of_power(power_mw, factor, voltage_mv, frequency_mhz)),
            (period_us - first, point_of_power(-power_mw, factor, voltage_mv, frequency_mhz)),
        )
    )


def disturbed(voltage_mv, duration_us, every_us=10 * SECOND_US, power_mw=1_000_000):
    """A resistance of `power_mw` at 230 V whose voltage changes for a while, every so often: dips, swells, interruptions.

    With whole half periods the disturbance begins and ends at zero crossings.
    """
    squared = (voltage_mv / NOMINAL_MV) ** 2
    return steps(
        (
            (every_us - duration_us, point_of_power(power_mw)),
            (duration_us, OperatingPoint(voltage_mv, round(power_mw * squared), 0, NOMINAL_MHZ)),
        )
    )


def pv_day(rated_mw, base_mw=300_000, voltage_mv=NOMINAL_MV):
    """Clear days from midnight on: a base load less a sun of sin^1.3 between 06:00 and 18:00, a minute a segment."""
    day = []
    for minute in range(24 * 60):
        height = math.sin(math.pi * (minute + 0.5 - 360) / 720) if 360 <= minute < 1080 else 0.0
        day.append((60 * SECOND_US, point_of_power(base_mw - round(rated_mw * height**1.3), voltage_mv=voltage_mv)))
    return steps(day)


def random_household(seed, voltage_mv=NOMINAL_MV):
    """A household that does everything: fridge, kettle, motors, PV that flips the sign, short and long states, no load.

    The same seed gives the same segments on every machine. Durations are exponential, 1 ms to 20 min.
    """
    rng = random.Random(seed)
    while True:
        kind = rng.random()
        if kind < 0.35:  # standby and lamps
            power_mw, factor = rng.randint(20_000, 400_000), rng.choice((1000, 950, -900))
        elif kind < 0.55:  # compressor, washing machine
            power_mw, factor = rng.randint(80_000, 800_000), rng.randint(550, 850)
        elif kind < 0.75:  # kettle, oven, shower
            power_mw, factor = rng.randint(1_000_000, 9_500_000), 1000
        elif kind < 0.95:  # PV above the load
            power_mw, factor = -rng.randint(5_000, 4_000_000), rng.choice((1000, -970, 970))
        else:  # nobody home
            power_mw, factor = 0, 1000
        typical_us = rng.choice((50_000, 2 * SECOND_US, 60 * SECOND_US))
        duration_us = min(20 * 60 * SECOND_US, 1000 + int(rng.expovariate(1 / typical_us)))
        yield duration_us, point_of_power(power_mw, factor, voltage_mv + rng.randint(-8_000, 8_000))


def bounded(segments, duration_us):
    """The first `duration_us` of a load, the last segment cut to fit."""
    for length, point in segments:
        if length >= duration_us:
            if duration_us > 0:
                yield duration_us, point
            return
        yield length, point
        duration_us -= length
