# SPDX-License-Identifier: MIT
"""The calibration bench: a source, a reference meter and the meter under test, in virtual time.

A Station is all that a calibration gets to see (`calibration.py` uses nothing else, and a test holds it): what an
operator with a source, a reference standard and a serial line to the meter would have. One world second is one second
of the reference standard.
"""

import random

import app.metrology.sample as flags
from app.metrology.sample import Sample

from host_tools.bench import loads
from host_tools.bench.bus import Pin, SpiBus
from host_tools.bench.chips.ade9153a import ADE9153AModel
from host_tools.bench.chips.atm90e26 import ATM90E26Model
from host_tools.bench.clock import VirtualClock
from host_tools.bench.point import HiddenErrors

CHIPS = ("ade9153a", "atm90e26")
REFERENCE_UNCERTAINTY = 1e-4  # of the reference standard, full width either way
_STEP_US = 10_000  # between two steps of a starting chip
_START_STEPS = 2_000


class StationError(Exception):
    """The meter under test does not start."""


class Reference:
    """What the reference standard shows: active_mw, reactive_mvar, voltage_mv, current_ma (floats)."""

    __slots__ = ("active_mw", "reactive_mvar", "voltage_mv", "current_ma")

    def __init__(self, active_mw, reactive_mvar, voltage_mv, current_ma):
        self.active_mw = active_mw
        self.reactive_mvar = reactive_mvar
        self.voltage_mv = voltage_mv
        self.current_ma = current_ma


class Reading:
    """One answer of the meter: us of the reference clock, signed counts since the last good one, what it shows or None.

    good: the counts are complete. down: the meter is starting, energy is being lost.
    """

    __slots__ = (
        "at_us",
        "good",
        "down",
        "active",
        "reactive",
        "apparent",
        "voltage_mv",
        "current_ma",
        "active_mw",
        "reactive_mvar",
    )

    def __init__(self, at_us, sample):
        self.at_us = at_us
        self.good = bool(sample.flags & flags.ENERGY)
        self.down = bool(sample.flags & (flags.DOWN | flags.RESTARTED))
        self.active = sample.active_counts if self.good else 0
        self.reactive = sample.reactive_counts if self.good else 0
        self.apparent = sample.apparent_counts if self.good else 0
        fresh = bool(sample.flags & flags.QUANTITIES)
        self.voltage_mv = sample.rms_voltage_mv if fresh else None
        self.current_ma = sample.rms_current_ma if fresh else None
        self.active_mw = sample.active_power_mw if fresh else None
        self.reactive_mvar = sample.reactive_power_mvar if fresh else None


def _ade9153a(clock, model):
    from drivers.ade9153a import ADE9153A

    spi = SpiBus(clock, 1_000_000)
    cs = spi.attach(model)
    return lambda: ADE9153A(spi, cs, Pin(1, model.reset_pin), clock, lambda ss, sclk: _strap(model, sclk))


def _strap(model, sclk):
    """SS low and SCLK driven as GPIO while the chip is reset; None gives both back to the SPI (idle high)."""
    model.straps(1 if sclk is None else 0, 1 if sclk is None else sclk)


def _atm90e26(clock, model):
    from drivers.atm90e26 import ATM90E26

    spi = SpiBus(clock, 125_000)
    cs = spi.attach(model)
    return lambda: ATM90E26(spi, cs, clock)


_BUILD = {"ade9153a": (ADE9153AModel, _ade9153a), "atm90e26": (ATM90E26Model, _atm90e26)}


class Station:
    """One meter on the bench.

    chip: one of CHIPS. seed: of the meter's hidden errors (or errors: HiddenErrors), its noise and the reference
    standard. counts_per_wh: energy counts of the meter's front end that make 1 Wh.
    """

    def __init__(self, chip, seed: int | str = 0, errors=None):
        self.chip = chip
        self._clock = VirtualClock()
        if errors is None:
            errors = HiddenErrors.draw(random.Random(f"{seed} errors"))
        model, build = _BUILD[chip]
        self._model = model(self._clock, errors, random.Random(f"{seed} chip"))
        self._make_driver = build(self._clock, self._model)
        rng = random.Random(f"{seed} reference")
        self._power_scale, self._voltage_scale, self._current_scale = (
            1 + rng.uniform(-REFERENCE_UNCERTAINTY, REFERENCE_UNCERTAINTY) for _ in range(3)
        )
        self._sample = Sample()
        self._driver = self._make_driver()
        self.set_point(230_000, 0)

    @property
    def counts_per_wh(self):
        return self._driver.counts_per_wh

    @property
    def apparent_counted(self):
        """True where the front end counts VAh itself."""
        return self._driver.apparent_counted

    def configure(self, payload):
        """Write a calibration record (bytes; None: nominal) and restart the meter; returns when it measures.

        Raises StationError if it does not within 20 s, or what the driver raises on a malformed record.
        """
        self._model.power(False)
        self._clock.charge(1_000_000)
        self._model.power(True)
        self._driver = self._make_driver()
        self._driver.configure(payload)
        for _ in range(_START_STEPS):
            if self.read(False).good:
                return
            self._clock.charge(_STEP_US)
        raise StationError(f"{self.chip} does not start")

    def set_point(self, voltage_mv, current_ma, factor=1000, frequency_mhz=50_000):
        """Set the source; factor: power factor in thousandths, negative for capacitive; negative current: export."""
        self._point = loads.point_of_current(round(current_ma * 1000), factor, voltage_mv, frequency_mhz)
        self._model.set_point(self._point)

    def reference(self):
        """Reference: the set point as the standard reads it, up to 0.01 % off."""
        p = self._point
        scale = self._power_scale
        return Reference(
            p.active_mw * scale,
            p.reactive_mvar * scale,
            p.voltage_mv * self._voltage_scale,
            p.current_ua / 1000 * self._current_scale,
        )

    def wait(self, us):
        """Let time pass."""
        self._clock.charge(us)

    def read(self, quantities):
        """Ask the meter once; returns Reading."""
        self._driver.read_into(self._sample, self._clock.ticks_ms(), quantities)
        return Reading(self._clock.now_us, self._sample)
