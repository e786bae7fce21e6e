# SPDX-License-Identifier: MIT
"""CRC-32 (IEEE 802.3) in two 16-bit halves, so that a 32-bit port never makes an int of 2**30 or more (those are
boxed).

Reflected polynomial 0xEDB88320, start and final inversion 0xFFFFFFFF, check value 0xCBF43926 for b"123456789".
Source: IEEE 802.3-2018, 3.2.9; the check value is the one of the CRC catalogue (CRC-32/ISO-HDLC).
"""

from array import array

from micropython import const

_POLY_HI = const(0xEDB8)
_POLY_LO = const(0x8320)


class Crc32:
    """seal/valid as in docs/architecture.md, port Checksum. Holds its tables: 1 KiB."""

    __slots__ = ("_hi", "_lo")

    def __init__(self):
        self._hi = array("H", bytes(512))
        self._lo = array("H", bytes(512))
        for index in range(256):
            hi = 0
            lo = index
            for _ in range(8):
                carry = lo & 1
                lo = (lo >> 1) | ((hi & 1) << 15)
                hi >>= 1
                if carry:
                    hi ^= _POLY_HI
                    lo ^= _POLY_LO
            self._hi[index] = hi
            self._lo[index] = lo

    def seal(self, buf, n):
        """Write the CRC-32 of buf[:n] to buf[n:n+4], little-endian. buf: bytearray of n + 4 or more. allocates: no"""
        table_hi = self._hi
        table_lo = self._lo
        hi = lo = 0xFFFF
        for at in range(n):
            index = (lo ^ buf[at]) & 0xFF
            lo = ((lo >> 8) | ((hi & 0xFF) << 8)) ^ table_lo[index]
            hi = (hi >> 8) ^ table_hi[index]
        buf[n] = (lo & 0xFF) ^ 0xFF
        buf[n + 1] = (lo >> 8) ^ 0xFF
        buf[n + 2] = (hi & 0xFF) ^ 0xFF
        buf[n + 3] = (hi >> 8) ^ 0xFF

    def valid(self, buf, n):
        """True when buf[n:n+4] is the CRC-32 of buf[:n], little-endian. allocates: no"""
        # The bytes over a message and its own CRC leave a constant: no place to put the computed value is needed.
        table_hi = self._hi
        table_lo = self._lo
        hi = lo = 0xFFFF
        for at in range(n + 4):
            index = (lo ^ buf[at]) & 0xFF
            lo = ((lo >> 8) | ((hi & 0xFF) << 8)) ^ table_lo[index]
            hi = (hi >> 8) ^ table_hi[index]
        return hi == 0xDEBB and lo == 0x20E3  # residue of CRC-32/ISO-HDLC before the final inversion
