# SPDX-License-Identifier: MIT
"""Between these values no row of the supervision has anything to do: one look a second instead of twelve.

A band is array("i") of SIZE: the narrowest limits of the rows that are switched on, in the units of a Sample.
"""

from micropython import const

from app.quality import rows

SIZE = const(8)
FACTOR_ABOVE_MA = const(0)  # below this current the power factor means nothing

_LEAST_MV = const(1)
_MOST_MV = const(2)
_LEAST_MHZ = const(3)
_MOST_MHZ = const(4)
_MOST_MA = const(5)
_LEAST_FACTOR = const(6)
_LEAST_MW = const(7)
_NEVER = const(0x3FFFFFFF)

_FROM = b"\x02\x01\x01\x02\x02\x01\x04\x03\x05\x06"  # by row: which of the limits it narrows


def narrow(band, settings, periods):
    """Fill a band. settings: Group of quality.settings; periods: seconds a row, 0: switched off."""
    band[FACTOR_ABOVE_MA] = settings.power_factor_above_0a01 * 10
    band[_LEAST_MV] = band[_LEAST_MHZ] = band[_LEAST_FACTOR] = 0
    band[_MOST_MV] = band[_MOST_MHZ] = band[_MOST_MA] = _NEVER
    band[_LEAST_MW] = -_NEVER
    for row in range(rows.REVERSE):
        if periods[row]:
            limit = rows.limit(settings, row)
            at = _FROM[row]
            band[at] = min(band[at], limit) if rows.TABLE[rows.EACH * row + rows.UPWARDS] else max(band[at], limit)
    if periods[rows.REVERSE]:
        band[_LEAST_MW] = -rows.limit(settings, rows.REVERSE)


def holds(band, sample):
    """The reading passes no limit. A frequency of 0 is one that is not known. allocates: no"""
    milliamperes = sample.rms_current_ma
    if not band[_LEAST_MV] <= sample.rms_voltage_mv <= band[_MOST_MV] or milliamperes > band[_MOST_MA]:
        return False
    hertz = sample.frequency_hz_x1000
    if hertz and not band[_LEAST_MHZ] <= hertz <= band[_MOST_MHZ] or sample.active_power_mw < band[_LEAST_MW]:
        return False
    factor = sample.power_factor_x1000
    return milliamperes <= band[FACTOR_ABOVE_MA] or factor >= band[_LEAST_FACTOR] or -factor >= band[_LEAST_FACTOR]
