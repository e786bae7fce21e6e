# SPDX-License-Identifier: MIT
"""The rows of the supervision: what is compared with what, which way, and what is told.

Codes: GBCS alert codes 8010 to 80AA, 81B8 and 81BB; frequency has private ones, over and under voltage has none and is kept in
the dip log only.
"""

from micropython import const

from app.records import codes

EXTREME_OVER = const(0)
EXTREME_UNDER = const(1)
SAG = const(2)
SWELL = const(3)
OVER_VOLTAGE = const(4)
UNDER_VOLTAGE = const(5)
OVER_FREQUENCY = const(6)
UNDER_FREQUENCY = const(7)
OVER_CURRENT = const(8)
POWER_FACTOR = const(9)
REVERSE = const(10)
POLARITY = const(11)
ROWS = const(12)

VOLTS = const(0)  # which value
HERTZ = const(1)
AMPERES = const(2)
FACTOR = const(3)
EXPORT = const(4)
WRONG = const(5)
VALUES = const(6)

# value, upwards, codes of start and end (0: none), readings in one unit of the event, name of limit and period in the settings
TABLE = (
    (VOLTS, True, codes.EXTREME_OVER_VOLTAGE_START, codes.EXTREME_OVER_VOLTAGE_END, 100, "extreme_over"),
    (VOLTS, False, codes.EXTREME_UNDER_VOLTAGE_START, codes.EXTREME_UNDER_VOLTAGE_END, 100, "extreme_under"),
    (VOLTS, False, codes.SAG_START, codes.SAG_END, 100, "sag"),
    (VOLTS, True, codes.SWELL_START, codes.SWELL_END, 100, "swell"),
    (VOLTS, True, 0, 0, 100, "over_voltage"),
    (VOLTS, False, 0, 0, 100, "under_voltage"),
    (HERTZ, True, codes.OVER_FREQUENCY_START, codes.OVER_FREQUENCY_END, 10, "over_frequency"),
    (HERTZ, False, codes.UNDER_FREQUENCY_START, codes.UNDER_FREQUENCY_END, 10, "under_frequency"),
    (AMPERES, True, codes.OVER_CURRENT, 0, 10, "over_current"),
    (FACTOR, False, codes.POWER_FACTOR_LOW, codes.POWER_FACTOR_RESTORED, 1, "power_factor"),
    (EXPORT, True, codes.REVERSE_CURRENT, 0, 1000, "reverse"),
    (WRONG, True, codes.INCORRECT_POLARITY, 0, 1, "polarity"),
)
SUFFIX = ("_0v1", "_0hz01", "_0a01", "_x1000", "_w", None)
