# SPDX-License-Identifier: MIT
"""The rows of the supervision: what is compared with what, which way, and what is told.

Codes: GBCS alert codes 8010 to 80AA, 81B8 and 81BB; frequency has private ones, over and under voltage has none and is kept in
the dip log only.
"""

from micropython import const

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

# Eight bytes a row: value; 1: beyond is above; code of the start and of the end, big-endian (0: none), named behind
# it; readings in one unit of the event, big-endian. Packed, it stays in the ROM of the image.
EACH = const(8)
VALUE = const(0)
UPWARDS = const(1)
START = const(2)
END = const(4)
UNIT = const(6)
TABLE = (
    b"\x00\x01\x80\x20\x80\x8d\x00\x64"  # EXTREME_OVER_VOLTAGE_START, EXTREME_OVER_VOLTAGE_END
    b"\x00\x00\x80\x28\x80\x95\x00\x64"  # EXTREME_UNDER_VOLTAGE_START, EXTREME_UNDER_VOLTAGE_END
    b"\x00\x00\x80\x2c\x80\x99\x00\x64"  # SAG_START, SAG_END
    b"\x00\x01\x80\x24\x80\x91\x00\x64"  # SWELL_START, SWELL_END
    b"\x00\x01\x00\x00\x00\x00\x00\x64"  # over voltage: no event
    b"\x00\x00\x00\x00\x00\x00\x00\x64"  # under voltage: no event
    b"\x01\x01\x7f\x01\x7f\x02\x00\x0a"  # OVER_FREQUENCY_START, OVER_FREQUENCY_END
    b"\x01\x00\x7f\x03\x7f\x04\x00\x0a"  # UNDER_FREQUENCY_START, UNDER_FREQUENCY_END
    b"\x02\x01\x80\x10\x00\x00\x00\x0a"  # OVER_CURRENT
    b"\x03\x00\x80\x14\x80\x15\x00\x01"  # POWER_FACTOR_LOW, POWER_FACTOR_RESTORED
    b"\x04\x01\x81\xbb\x00\x00\x03\xe8"  # REVERSE_CURRENT
    b"\x05\x01\x81\xb8\x00\x00\x00\x01"  # INCORRECT_POLARITY
)


def word(row, at):
    """START, END or UNIT of a row. allocates: no"""
    at += EACH * row
    return TABLE[at] << 8 | TABLE[at + 1]


def limit(settings, row):
    """Limit of a row in the units of a Sample. settings: Group of quality.settings. allocates: no"""
    return settings.rows[2 * row] * word(row, UNIT) if row < POLARITY else 0


def period_s(settings, row):
    """Its period, 0: switched off. allocates: no"""
    return settings.rows[2 * row + 1] if row < POLARITY else settings.polarity_s
