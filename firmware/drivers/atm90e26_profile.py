# SPDX-License-Identifier: MIT
"""ATM90E26 calibration profile: the words of both checksummed blocks, proven before any of them reaches the chip.

Record: 44 bytes, 22 little-endian 16-bit words, in this order (Atmel-46002B section 5, registers 21-2B and 31-3A):
PLconstH PLconstL Lgain Lphi Ngain Nphi PStartTh PNolTh QStartTh QNolTh MMode,
Ugain IgainL IgainN Uoffset IoffsetL IoffsetN PoffsetL QoffsetL PoffsetN QoffsetN,
and one that no register takes: turn, signed, 2**-16 rad by which the power readings lag behind the truth.
Used when a profile is loaded, not in the steady path: allocates.
"""

from micropython import const

_METERING_WORDS = const(11)
_ADJUSTMENT_WORDS = const(10)
_RECORD_BYTES = const(44)
_TURN_MAX = const(4096)  # 3.6 degrees: more than Lphi and the sensors of one kind

# Nominal: 230 V, 200 uOhm shunt, gain 24, divider 880, 1000 pulses a kWh, current read at half scale; start at 20 mA.
_NOMINAL = (
    (0x0045, 0xD174, 0, 0, 0, 0, 0x0923, 0x074F, 0x0923, 0x074F, 0x7422),
    (0x6720, 0x3D09, 0x7530, 0, 0, 0, 0, 0, 0, 0),
)
_PL_H = const(0)
_PL_L = const(1)
_L_GAIN = const(2)
_L_PHI = const(3)
_N_GAIN = const(4)
_N_PHI = const(5)
_MODE = const(10)

_MODE_DIRECTION = const(
    0x03C0
)  # DisHPF and Amod, Rmod: filters on, energy by direction; anything else is no billing meter
_PHI_RESERVED = const(0x7C00)
_GAIN_MAX = const(0x4000)  # +-50 %

# SagTh = 100 Un sqrt2 x / (4 Ugain / 32768) at Un = 230 V and x = 78 %: 100 * 230 * 1.4142136 * 0.78 * 8192
# (Atmel-46102B 2.3.2)
_SAG_NUMERATOR = const(207839161)

BAD_RECORD = const(16)


class ATM90E26Error(Exception):
    """code: int, what was wrong (see drivers/atm90e26.py)."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def checksum(words):
    """CS1 over registers 21-2B, CS2 over 31-3A. words: ints 0..65535. returns: int 0..65535

    source: Atmel-46002B 5.3
    """
    total = 0
    parity = 0
    for word in words:
        total += (word >> 8) + (word & 0xFF)
        parity ^= (word >> 8) ^ (word & 0xFF)
    return parity << 8 | total & 0xFF


def sag_threshold(u_gain):
    """SagTh for a sag at 78 % of 230 V; a raw peak, so it follows Ugain. returns: int 0..65535"""
    return min((_SAG_NUMERATOR + u_gain // 2) // u_gain, 0xFFFF)


class Profile:
    """metering: 11 words of 21-2B. adjustment: 10 words of 31-3A. cs1, cs2: their checksums. sag: SagTh.

    turn: see atm90e26_readings.py.
    """

    def __init__(self, record):
        if record is None:
            self.metering = list(_NOMINAL[0])
            self.adjustment = list(_NOMINAL[1])
            self.turn = 0
        else:
            if len(record) != _RECORD_BYTES:
                raise ATM90E26Error(BAD_RECORD, "profile is not 44 bytes")
            words = [record[2 * n] | record[2 * n + 1] << 8 for n in range(_METERING_WORDS + _ADJUSTMENT_WORDS)]
            self.metering = words[:_METERING_WORDS]
            self.adjustment = words[_METERING_WORDS:]
            turn = record[_RECORD_BYTES - 2] | record[_RECORD_BYTES - 1] << 8
            self.turn = turn - 0x10000 if turn & 0x8000 else turn
        self._prove()
        self.cs1 = checksum(self.metering)
        self.cs2 = checksum(self.adjustment)
        self.sag = sag_threshold(self.adjustment[0])

    def _prove(self):
        m = self.metering
        a = self.adjustment
        if not (m[_PL_H] or m[_PL_L]):
            raise ATM90E26Error(BAD_RECORD, "PL_constant is 0")
        if m[_MODE] & _MODE_DIRECTION:
            raise ATM90E26Error(BAD_RECORD, "MMode: filters off or absolute energy")
        for at in (_L_GAIN, _N_GAIN):
            if _GAIN_MAX < m[at] < 0x10000 - _GAIN_MAX:
                raise ATM90E26Error(BAD_RECORD, "Lgain or Ngain beyond 50 %")
        if (m[_L_PHI] | m[_N_PHI]) & _PHI_RESERVED:
            raise ATM90E26Error(BAD_RECORD, "Lphi or Nphi: reserved bits")
        for at in (6, 8):
            if m[at + 1] > m[at]:
                raise ATM90E26Error(BAD_RECORD, "no-load threshold above the starting one")
        if not 0 < a[0] < 0x8000:
            raise ATM90E26Error(BAD_RECORD, "Ugain is 0 or has bit 15")
        if not (a[1] and a[2]):
            raise ATM90E26Error(BAD_RECORD, "Igain is 0")
        if not -_TURN_MAX <= self.turn <= _TURN_MAX:
            raise ATM90E26Error(BAD_RECORD, "power readings turned by more than 3.6 degrees")
