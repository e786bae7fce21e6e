# SPDX-License-Identifier: MIT
"""What one read of a front end brings: see docs/architecture.md, port FrontEnd.

One instance an element, made at build time and overwritten by every read; nothing here is kept by anybody.
"""

from micropython import const

ENERGY = const(1)
QUANTITIES = const(2)
RESTARTED = const(4)
DOWN = const(8)
SUSPECT = const(16)
NO_LOAD = const(32)
REPAIRED = const(64)
EVENT = const(128)  # the front end has something for `events_into`


class Sample:
    """Flags, energy counts since the last accepted read, and RMS quantities; units are in the names."""

    __slots__ = (
        "flags",
        "active_counts",
        "reactive_counts",
        "apparent_counts",
        "rms_voltage_mv",
        "rms_current_ma",
        "active_power_mw",
        "reactive_power_mvar",
        "apparent_power_mva",
        "power_factor_x1000",
        "frequency_hz_x1000",
    )

    def __init__(self):
        self.flags = 0
        self.active_counts = 0
        self.reactive_counts = 0
        self.apparent_counts = 0
        self.rms_voltage_mv = 0
        self.rms_current_ma = 0
        self.active_power_mw = 0
        self.reactive_power_mvar = 0
        self.apparent_power_mva = 0
        self.power_factor_x1000 = 1000
        self.frequency_hz_x1000 = 0
