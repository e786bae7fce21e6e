# SPDX-License-Identifier: MIT
"""Between these values no row of the supervision has anything to do: one look a second instead of twelve."""

from micropython import const

from app.quality import rows

_NEVER = const(0x3FFFFFFF)


class Band:
    """The narrowest limits of the rows that are switched on, in the units of a Sample."""

    __slots__ = (
        "factor_above_ma",
        "_lowest_mv",
        "_highest_mv",
        "_lowest_mhz",
        "_highest_mhz",
        "_highest_ma",
        "_lowest_factor",
        "_lowest_mw",
    )

    def __init__(self):
        self.set([0] * rows.ROWS, [0] * rows.ROWS, 0)

    def set(self, limit, period, factor_above_ma):
        """limit, period: a row. factor_above_ma: below this current the power factor means nothing."""
        self.factor_above_ma = factor_above_ma
        self._lowest_mv = self._lowest_mhz = self._lowest_factor = 0
        self._highest_mv = self._highest_mhz = self._highest_ma = _NEVER
        self._lowest_mw = -_NEVER
        for row in (rows.EXTREME_OVER, rows.SWELL, rows.OVER_VOLTAGE):
            if period[row]:
                self._highest_mv = min(self._highest_mv, limit[row])
        for row in (rows.EXTREME_UNDER, rows.SAG, rows.UNDER_VOLTAGE):
            if period[row]:
                self._lowest_mv = max(self._lowest_mv, limit[row])
        if period[rows.OVER_FREQUENCY]:
            self._highest_mhz = limit[rows.OVER_FREQUENCY]
        if period[rows.UNDER_FREQUENCY]:
            self._lowest_mhz = limit[rows.UNDER_FREQUENCY]
        if period[rows.OVER_CURRENT]:
            self._highest_ma = limit[rows.OVER_CURRENT]
        if period[rows.POWER_FACTOR]:
            self._lowest_factor = limit[rows.POWER_FACTOR]
        if period[rows.REVERSE]:
            self._lowest_mw = -limit[rows.REVERSE]

    def holds(self, sample):
        """The reading passes no limit. A frequency of 0 is one that is not known. allocates: no"""
        milliamperes = sample.rms_current_ma
        if not self._lowest_mv <= sample.rms_voltage_mv <= self._highest_mv or milliamperes > self._highest_ma:
            return False
        hertz = sample.frequency_hz_x1000
        if hertz and not self._lowest_mhz <= hertz <= self._highest_mhz or sample.active_power_mw < self._lowest_mw:
            return False
        factor = sample.power_factor_x1000
        return milliamperes <= self.factor_above_ma or factor >= self._lowest_factor or -factor >= self._lowest_factor
