# SPDX-License-Identifier: MIT
"""Instrumentation profile: voltage, current, frequency, power factor and temperature of every interval.

From the readings of the first element, one a second (fewer in long steps). An interval without any reads INVALID.
"""

from struct import pack_into, unpack_from

from micropython import const

from app.metrology import sample as s
from app.records.profile import INVALID, Profile
from app.records.profile_reader import HEAD

BODY = const(16)
_FORMAT = "<HHHHHHhh"
NO_TEMPERATURE = const(-32768)

# Values, in the order of the record
VOLTAGE_MEAN = const(0)  # 0.1 V
VOLTAGE_LEAST = const(1)
VOLTAGE_MOST = const(2)
CURRENT_MEAN = const(3)  # 0.01 A
CURRENT_MOST = const(4)
FREQUENCY_MEAN = const(5)  # 0.01 Hz
POWER_FACTOR_MEAN = const(6)  # 0.001, signed
TEMPERATURE = const(7)  # 0.1 degree Celsius, signed, NO_TEMPERATURE where no part tells it
VALUES = const(8)

FIELDS = """instrumentation
interval_min 5 60 30
# interval_min: aligned to UTC
"""


class Instrumentation(Profile):
    """values[0..7]: of the entry read last. temperature_x10: whoever can measure it sets it, 0.1 degree Celsius."""

    def __init__(self, ring, clock, sample, config, state, state_at):
        """sample: of the first element. config: with interval_min, one of load_profile.LENGTHS_MIN."""
        super().__init__(ring, clock, config.interval_min, BODY, state, state_at)
        self.sample = sample
        self.config = config
        self.temperature_x10 = NO_TEMPERATURE
        self.values = [0] * VALUES
        self._sums = [0] * VALUES
        self._reset()

    def poll(self, now_ms, second):
        if self.config.interval_min != self._wanted_min:
            self.set_length(self.config.interval_min)
        super().poll(now_ms, second)

    def _reset(self):
        sums = self._sums
        for at in range(VALUES):
            sums[at] = 0
        sums[VOLTAGE_LEAST] = 0xFFFF
        self._count = 0

    def count_second(self):
        # An hour of seconds at 0.1 V of 300 V is 11 million: sums stay small ints.
        sample = self.sample
        if not sample.flags & s.QUANTITIES:
            return
        sums = self._sums
        voltage = _within(sample.rms_voltage_mv // 100)
        current = _within(sample.rms_current_ma // 10)
        self._count += 1
        sums[VOLTAGE_MEAN] += voltage
        sums[CURRENT_MEAN] += current
        sums[FREQUENCY_MEAN] += sample.frequency_hz_x1000 // 10
        sums[POWER_FACTOR_MEAN] += sample.power_factor_x1000
        sums[VOLTAGE_LEAST] = min(sums[VOLTAGE_LEAST], voltage)
        sums[VOLTAGE_MOST] = max(sums[VOLTAGE_MOST], voltage)
        sums[CURRENT_MOST] = max(sums[CURRENT_MOST], current)

    def _capture(self, body):
        n = self._count
        if not n:
            self._nothing(body, body)
            self.status |= INVALID
            return
        sums = self._sums
        pack_into(
            _FORMAT,
            body,
            0,
            sums[VOLTAGE_MEAN] // n,
            sums[VOLTAGE_LEAST],
            sums[VOLTAGE_MOST],
            sums[CURRENT_MEAN] // n,
            sums[CURRENT_MOST],
            _within(sums[FREQUENCY_MEAN] // n),
            sums[POWER_FACTOR_MEAN] // n,
            self.temperature_x10,
        )
        self._reset()

    def _work_out(self, before, now):
        """allocates"""
        self.values[:] = unpack_from(_FORMAT, now, HEAD)


def _within(value):
    return max(0, min(0xFFFF, value))
