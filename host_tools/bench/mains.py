# SPDX-License-Identifier: MIT
"""The mains is never quite 230 V and 50 Hz: put a wandering voltage and a recorded frequency under any load.

Voltage: first-order autoregressive, mean 230 V, standard deviation 2.9 V, correlation 0.979 a minute (fitted to the
minutes of data/household_fr). Frequency: data/mains_frequency, one value a step out of the recorded seconds. The
powers of the load stay, so energies do not change; the current follows.
"""

import csv
import gzip
import math
import random

from host_tools.bench.appliances import DATA
from host_tools.bench.point import OperatingPoint
from host_tools.bench.recordings import RecordingError

MINUTE_US = 60_000_000
_DEVIATION_MV = 2_900
_CORRELATION_PER_MINUTE = 0.979


def recorded_frequencies_mhz():
    """The 77 089 seconds of the recording, integers in mHz. Raises RecordingError."""
    path = DATA / "mains_frequency" / "wuhan_grid_1s.csv.gz"
    try:
        with gzip.open(path, "rt", encoding="ascii") as stream:
            return [50_000 + round(float(row["f_mHz_dev"])) for row in csv.DictReader(stream)]
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise RecordingError(f"{path.name}: {str(error).splitlines()[0]}") from None


def with_mains(segments, seed, step_us=MINUTE_US, mean_mv=230_000):
    """Split `segments` every `step_us` and give each step a voltage and a frequency of its own.

    Outages and harmonics of the load stay as they are. Deterministic by seed.
    """
    rng = random.Random(seed)
    frequencies = recorded_frequencies_mhz()
    at = rng.randrange(len(frequencies))
    step_s = max(1, step_us // 1_000_000)
    rho = _CORRELATION_PER_MINUTE ** (step_us / MINUTE_US)
    kick_mv = _DEVIATION_MV * math.sqrt(1 - rho * rho)
    offset_mv = rng.gauss(0, _DEVIATION_MV)
    left_us = step_us
    for length, point in segments:
        remaining_us = length
        while remaining_us:
            span = min(remaining_us, left_us)
            yield span, _carried(point, mean_mv + round(offset_mv), frequencies[at])
            remaining_us -= span
            left_us -= span
            if not left_us:
                left_us = step_us
                offset_mv = rho * offset_mv + rng.gauss(0, kick_mv)
                at = (at + step_s) % len(frequencies)


def _carried(point, voltage_mv, frequency_mhz):
    if not point.live or point.harmonics:
        return point
    return OperatingPoint(voltage_mv, point.active_mw, point.reactive_mvar, frequency_mhz)
