# SPDX-License-Identifier: MIT
"""CRC-32 (IEEE 802.3) in machine words: the Checksum port for MicroPython with a native emitter, as the boards have.

A record of 100 bytes costs an interpreter 160 000 instructions at every save; this takes a few thousand and makes no object.
Where there is no viper (CPython, WebAssembly) the import fails and app.store.crc32 does the same slowly.
Source: IEEE 802.3-2018, 3.2.9: reflected polynomial 0xEDB88320, start and final inversion.
"""
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false, reportAttributeAccessIssue=false, reportInvalidTypeForm=false, reportArgumentType=false

from array import array

import micropython


@micropython.viper
def _crc(buf: ptr8, n: int, table: ptr32, write: int) -> int:
    """CRC of buf[:n], half a byte at a time: written to buf[n:n+4], or compared with what stands there.

    returns: 1 when it is the same.
    """
    crc = uint(0xFFFFFFFF)
    i = 0
    while i < n:
        crc ^= uint(buf[i])
        crc = (crc >> uint(4)) ^ (uint(table[int(crc & uint(15))]) & uint(0xFFFFFFFF))
        crc = (crc >> uint(4)) ^ (uint(table[int(crc & uint(15))]) & uint(0xFFFFFFFF))
        i += 1
    crc ^= uint(0xFFFFFFFF)
    same = 1
    i = n
    while i < n + 4:
        byte = int(crc & uint(0xFF))
        if write:
            buf[i] = byte
        elif int(buf[i]) != byte:
            same = 0
        crc = crc >> uint(8)
        i += 1
    return same


def _table():
    # Aligned words, not bytes: a Xtensa cannot load a word from anywhere. Boot only: big ints.
    words = array("I", bytes(64))
    for i in range(16):
        crc = i
        for _ in range(4):
            crc = crc >> 1 ^ 0xEDB88320 if crc & 1 else crc >> 1
        words[i] = crc
    return words


class Crc32:
    """seal/valid as in docs/architecture.md, port Checksum; `buf` is a bytearray of n + 4 or more."""

    __slots__ = ("_words",)

    def __init__(self):
        self._words = _table()

    def seal(self, buf, n):
        """Write the CRC-32 of buf[:n] to buf[n:n+4], little-endian. allocates: no"""
        _crc(buf, n, self._words, 1)

    def valid(self, buf, n):
        """True when buf[n:n+4] is the CRC-32 of buf[:n], little-endian. allocates: no"""
        return _crc(buf, n, self._words, 0) == 1
