# SPDX-License-Identifier: MIT
"""What the panel can show, one record an item, and the list it scrolls through by default.

The OBIS codes are those of IEC 62056-61 (reduced form C.D.E), which is also what the descriptor shows of a quantity;
time and date have a word.
"""

from micropython import const

from app.panel import glass

# Sources: 0..5 are the registers of element 1 in the order of app.metrology.registers, 6..11 those of element 2.
SOURCE_REGISTERS = const(12)
ACTIVE_POWER = const(16)
REACTIVE_POWER = const(17)
VOLTAGE = const(18)
CURRENT = const(19)
POWER_FACTOR = const(20)
FREQUENCY = const(21)
TIME = const(24)
DATE = const(25)


class Item:
    """obis: bytes(6). source: see above. scale: decimals that the source's integer has in `unit` (Wh in kWh: 3).

    decimals: those shown, at most `scale`; the rest, `divisor`, is cut, never rounded. digits: 1..8, the point's included.
    unit: glass.UNIT_*. descriptor: four ASCII bytes.
    """

    __slots__ = ("decimals", "descriptor", "digits", "divisor", "marks", "obis", "scale", "source", "unit")

    def __init__(self, obis, descriptor, source, unit, *, scale, decimals, digits=glass.DIGITS):
        if len(obis) != 6 or len(descriptor) != glass.DESCRIPTOR_DIGITS:
            raise ValueError("obis or descriptor")
        if not 1 <= digits <= glass.DIGITS or not 0 <= decimals < digits or decimals > scale:
            raise ValueError("digits or decimals")
        self.obis = obis
        self.descriptor = descriptor
        self.source = source
        self.unit = unit
        self.marks = glass.marks(descriptor, unit)
        self.scale = scale
        self.divisor = 10 ** (scale - decimals)
        self.decimals = decimals
        self.digits = digits


def default_list():
    """A new list of the items of auto-scroll, the default item first."""
    return [
        Item(b"\x01\x00\x01\x08\x00\xff", b" 180", 0, glass.UNIT_KWH, scale=3, decimals=2),
        Item(b"\x01\x00\x02\x08\x00\xff", b" 280", 1, glass.UNIT_KWH, scale=3, decimals=2),
        Item(b"\x01\x00\x03\x08\x00\xff", b" 380", 2, glass.UNIT_KVARH, scale=3, decimals=2),
        Item(b"\x01\x00\x04\x08\x00\xff", b" 480", 3, glass.UNIT_KVARH, scale=3, decimals=2),
        Item(b"\x01\x00\x10\x07\x00\xff", b"1670", ACTIVE_POWER, glass.UNIT_KW, scale=6, decimals=3),
        Item(b"\x01\x00\x20\x07\x00\xff", b"3270", VOLTAGE, glass.UNIT_V, scale=3, decimals=1),
        Item(b"\x01\x00\x1f\x07\x00\xff", b"3170", CURRENT, glass.UNIT_A, scale=3, decimals=2),
        Item(b"\x01\x00\x0d\x07\x00\xff", b"1370", POWER_FACTOR, glass.UNIT_PF, scale=3, decimals=3),
        Item(b"\x01\x00\x0e\x07\x00\xff", b"1470", FREQUENCY, glass.UNIT_HZ, scale=3, decimals=2),
        Item(b"\x00\x00\x01\x00\x00\xff", b"UtC ", TIME, glass.UNIT_NONE, scale=0, decimals=0),
        Item(b"\x00\x00\x01\x00\x00\xff", b"dAtE", DATE, glass.UNIT_NONE, scale=0, decimals=0),
    ]
