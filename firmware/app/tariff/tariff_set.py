# SPDX-License-Identifier: MIT
"""A tariff set: all that is exchanged together. Calendars with their special days, thresholds, prices, a name.

Money is counted in 1e-5 of the currency unit, prices are that per kWh: the scale -5 of the price lists in DCC's test data. An
interface that has prices in scale -4 multiplies by ten. Bytes: docs/SPEC.md, "Tariff set".
"""

from array import array
from struct import pack_into

from micropython import const

from app.tariff.calendar import Calendar

VERSION = const(1)
PRICES = const(84)  # 48 time of use; 8 of block 1, 8 of block 2, 3, 4; 4 secondary
PRICES_AT = const(16)
THRESHOLDS_AT = const(352)  # 8 groups x 3, u32 Wh
FIXED = const(448)  # here the primary calendar starts
MAX_BYTES = const(2416)  # FIXED, a primary calendar of 986, a secondary one of 978, a checksum
_LEAST_BYTES = const(506)  # FIXED, two calendars of 29: the factory's

TOU_SCRIPTS = const(48)
BLOCK_SCRIPT = const(101)  # of group 1
SECONDARY_SCRIPT = const(201)
BLOCK_PRICES = const(48)  # number of the first
SECONDARY_PRICES = const(80)

NEVER = const(0x3FFFFFFF)  # a threshold that is not there


def unused(buf, at):
    """True when the threshold at this place is 0xFFFFFFFF."""
    return buf[at] == 0xFF and buf[at + 1] == 0xFF and buf[at + 2] == 0xFF and buf[at + 3] == 0xFF


def simple_calendar_into(buf, at, kind, script):
    """A calendar with one script for ever, packed into buf. returns: where it ends"""
    pack_into("<BBBBBBBBHBBBB", buf, at, 1, kind, 1, 1, 1, 0, 1, 0, 0xFFFF, 1, 1, 1, 0)
    pack_into("<8B4BHB", buf, at + 14, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, script)
    return at + 29


class TariffSet:
    """buf: bytearray, filled by somebody else and then read by `take`; for sets of up to MAX_BYTES, `grow` it first.
    thresholds: 24 x Wh, NEVER where unused.

    primary, secondary: Calendar; has_secondary: the set came with one of its own.
    """

    __slots__ = ("buf", "primary", "secondary", "has_secondary", "thresholds")

    def __init__(self):
        self.buf = bytearray(_LEAST_BYTES)
        self.primary = Calendar()
        self.secondary = Calendar()
        self.has_secondary = False
        self.thresholds = array("i", [NEVER] * 24)

    def grow(self, n):
        """Room for a set of `n` bytes; what is there stays and goes on to be read. Allocates, unless there is room."""
        if n <= len(self.buf):
            return
        buf = bytearray(n)
        buf[: len(self.buf)] = self.buf
        self.buf = buf
        self.take()

    def make_default(self, script, secondary_script):
        """The factory's set: one register for ever on each element, all prices zero. A sketch of one: it has no checksum."""
        buf = self.buf
        for at in range(FIXED):
            buf[at] = 0xFF if at >= THRESHOLDS_AT else 0
        end = simple_calendar_into(buf, FIXED, 1, script)
        pack_into("<BBH8sHH", buf, 0, VERSION, 0, 0, b"factory ", FIXED, end)
        simple_calendar_into(buf, end, 2, secondary_script)
        self.take()

    def take(self):
        """Read what lies in buf, a valid set. allocates: no"""
        buf = self.buf
        self.primary.load(buf, FIXED)
        secondary = buf[14] | buf[15] << 8
        self.has_secondary = secondary != 0
        if secondary:
            self.secondary.load(buf, secondary)
        at = THRESHOLDS_AT
        for index in range(24):
            # No period's consumption reaches 2^30 Wh: a threshold up there is none, and no boxed int on a 32-bit port.
            if buf[at + 3] >= 0x40:
                self.thresholds[index] = NEVER
            else:
                self.thresholds[index] = buf[at] | buf[at + 1] << 8 | buf[at + 2] << 16 | buf[at + 3] << 24
            at += 4

    def price(self, index):
        """1e-5 currency unit per kWh, -2^30..2^30-1. index: 0..47 TOU; 48 + 8 x block + group; 80..83 secondary"""
        buf = self.buf
        at = PRICES_AT + 4 * index
        return buf[at] | buf[at + 1] << 8 | buf[at + 2] << 16 | ((buf[at + 3] ^ 0x80) - 0x80) << 24

    def lower(self, block, group):
        """Consumption of a period, Wh, at which block 0..3 of group 0..7 begins; NEVER: there is no such block."""
        return self.thresholds[3 * group + block - 1] if block else 0

    def upper(self, block, group):
        """Consumption at which it ends."""
        return self.thresholds[3 * group + block] if block < 3 else NEVER

    @property
    def name(self):
        """Eight octets. allocates: yes"""
        return bytes(self.buf[4:12])
