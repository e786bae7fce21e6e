# SPDX-License-Identifier: MIT
"""Recorded appliances as loads: phasors of ten cycles at a time from 2 kHz waveforms, harmonics included.

Files: data/waveforms_50hz, header v_V,i_A, 2 000 samples a second, switched on after 0.5 s. Ten cycles of 50 Hz are
400 samples; a whole number of cycles, so each order is one bin of the transform and orders do not leak into each
other (the mains was within 0.05 % of 50 Hz). Orders above 19 are beyond what the recorder passed.
"""

import math
from pathlib import Path

import numpy as np

from host_tools.bench.loads import HOUR_US
from host_tools.bench.point import OperatingPoint
from host_tools.bench.recordings import RecordingError

DATA = Path(__file__).resolve().parents[2] / "data"
NAMES = ("kettle", "fridge", "television")

_SAMPLES_PER_S = 2000
_WINDOW = 400
_WINDOW_US = 200_000
_SWITCHED_ON = 1000  # sample
_HIGHEST_ORDER = 19
_NEGLIGIBLE_UA = 500  # half a milliampere: below the recorder's noise


def waveform(name):
    """(voltage_v, current_a) of an appliance, two numpy arrays of 3 000 samples. Raises RecordingError."""
    path = DATA / "waveforms_50hz" / f"{name}_2kHz.csv"
    try:
        table = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path.name}: {str(error).splitlines()[0]}") from None
    return table[:, 0], table[:, 1]


def point_of_window(voltage_v, current_a):
    """OperatingPoint of a whole number of cycles (40 samples each).

    Fundamental and orders 2 to 19; DC is what a meter with a high-pass filter does not see and is left out. A
    harmonic's angle is voltage to current as the fundamental's: positive where the current lags; active_mw holds the
    power of every order.
    """
    scale = math.sqrt(2) / len(voltage_v)
    v = np.fft.rfft(voltage_v) * scale
    i = np.fft.rfft(current_a) * scale
    cycles = len(voltage_v) * 50 // _SAMPLES_PER_S
    bins = np.arange(1, _HIGHEST_ORDER + 1) * cycles
    v, i = v[bins], i[bins]
    power = v * np.conj(i)
    harmonics = tuple(
        (
            order,
            round(abs(v[order - 1]) * 1000),
            round(abs(i[order - 1]) * 1e6),
            round(math.degrees(float(np.angle(power[order - 1]))), 3),
        )
        for order in range(2, _HIGHEST_ORDER + 1)
        if abs(i[order - 1]) * 1e6 >= _NEGLIGIBLE_UA
    )
    return OperatingPoint(
        round(float(np.linalg.norm(v)) * 1000),
        round(float(power.real.sum()) * 1000),
        round(float(power[0].imag) * 1000),
        harmonics=harmonics,
        current_ua=round(float(np.linalg.norm(i)) * 1e6),
    )


def appliance(name):
    """Half a second of voltage alone, the switch-on as recorded, then its last 0.2 s for ever."""
    voltage, current = waveform(name)
    off = point_of_window(voltage[:_WINDOW], np.zeros(_WINDOW))
    windows = [
        point_of_window(voltage[at : at + _WINDOW], current[at : at + _WINDOW])
        for at in range(_SWITCHED_ON, len(voltage) - _WINDOW + 1, _WINDOW)
    ]

    def segments():
        yield _SWITCHED_ON * 1_000_000 // _SAMPLES_PER_S, off
        for point in windows:
            yield _WINDOW_US, point
        while True:
            yield HOUR_US, windows[-1]

    return segments()
