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


def _table():
    # Aligned words, not bytes: a Xtensa cannot load a word from anywhere. Boot only: big ints.
    words = array("I", bytes(1024))
    for i in range(256):
        crc = i
        for _ in range(8):
            crc = crc >> 1 ^ 0xEDB88320 if crc & 1 else crc >> 1
        words[i] = crc
    return words


class Crc32:
    """seal/valid as in docs/architecture.md, port Checksum; `buf` is a bytearray of n + 4 or more. Holds its table: 1 KiB.

    The loop stands in both: every save seals, and a call would cost a quarter of what the loop does.
    """

    __slots__ = ("_words",)

    def __init__(self):
        self._words = _table()

    @micropython.viper
    def seal(self, buf: ptr8, n: int):
        """Write the CRC-32 of buf[:n] to buf[n:n+4], little-endian. allocates: no"""
        table = ptr32(self._words)
        crc = uint(0xFFFFFFFF)
        i = 0
        while i < n:
            # ptr32 brings a signed word: where words have 64 bits, its sign has to go.
            crc = (crc >> uint(8)) ^ (uint(table[int((crc ^ uint(buf[i])) & uint(0xFF))]) & uint(0xFFFFFFFF))
            i += 1
        crc ^= uint(0xFFFFFFFF)
        while i < n + 4:
            buf[i] = int(crc & uint(0xFF))
            crc = crc >> uint(8)
            i += 1

    @micropython.viper
    def valid(self, buf: ptr8, n: int) -> bool:
        """True when buf[n:n+4] is the CRC-32 of buf[:n], little-endian. allocates: no"""
        table = ptr32(self._words)
        crc = uint(0xFFFFFFFF)
        i = 0
        while i < n:
            crc = (crc >> uint(8)) ^ (uint(table[int((crc ^ uint(buf[i])) & uint(0xFF))]) & uint(0xFFFFFFFF))
            i += 1
        crc ^= uint(0xFFFFFFFF)
        while i < n + 4:
            if int(crc & uint(0xFF)) != int(buf[i]):
                return False
            crc = crc >> uint(8)
            i += 1
        return True
