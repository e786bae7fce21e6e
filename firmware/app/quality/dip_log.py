# SPDX-License-Identifier: MIT
"""The dip log: one record a dip, swell or excursion of the voltage, in a ring that survives the power, or the last 32 in RAM.

Record, 16 bytes, little-endian (docs/SPEC.md, "Dip record"): u16 UTC day, u32 second of day, u16 millisecond, u16 extreme in
0.1 V, u32 duration in ms, u8 kind, u8 element.
"""

from struct import pack_into, unpack_from

from micropython import const

PAYLOAD = const(16)

# Kinds and what else is known of the record
DIP = const(1)
SWELL = const(2)
OVER_VOLTAGE = const(3)  # RMS limits of the supervision, seconds
UNDER_VOLTAGE = const(4)
KIND = const(0x07)
BEGINS = const(0x10)  # it lasts: the record of its end follows
SECONDS = const(0x20)  # from 1 s values
AT_MOST = const(0x40)  # it came and went between two looks: the duration is a bound
BY_SAG = const(0x80)  # its beginning was told by the chip (peak of the voltage, within 30 ms)

_KEPT = const(32)
_FORMAT = "<HIHHIBB"
_MOST_0V1 = const(0xFFFF)


class DipLog:
    """ring: record ring of payload 16, or None. count: records that can be read, the oldest first. errors: appends refused."""

    __slots__ = ("ring", "errors", "_kept", "_next", "_held", "_record")

    def __init__(self, ring=None):
        self.ring = ring
        self.errors = 0
        self._record = bytearray(PAYLOAD)
        self._kept = bytearray(_KEPT * PAYLOAD if ring is None else 0)
        self._next = 0
        self._held = 0

    @property
    def count(self):
        return self._held if self.ring is None else self.ring.slots

    def append(self, day, second, ms, extreme_mv, duration_ms, kind, element):
        """allocates: no (with a duration below 2**30 ms)"""
        extreme_0v1 = min((extreme_mv + 50) // 100, _MOST_0V1)
        pack_into(_FORMAT, self._record, 0, day, second, ms, extreme_0v1, duration_ms, kind, element)
        if self.ring is None:
            pack_into("16s", self._kept, self._next * PAYLOAD, self._record)
            self._next = self._next + 1 if self._next + 1 < _KEPT else 0
            if self._held < _KEPT:
                self._held += 1
            return
        try:
            if not self.ring.append(self._record):
                self.errors += 1
        except OSError:
            self.errors += 1

    def read(self, index):
        """(day, second, ms, extreme in 0.1 V, duration in ms, kind, element), index 0 the oldest; None if damaged.

        Allocates.
        """
        record = bytearray(PAYLOAD)
        if self.ring is not None:
            if not self.ring.read(index, record):
                return None
        elif 0 <= index < self._held:
            at = (self._next - self._held + index) % _KEPT * PAYLOAD
            record[:] = self._kept[at : at + PAYLOAD]
        else:
            return None
        return unpack_from(_FORMAT, record, 0)
