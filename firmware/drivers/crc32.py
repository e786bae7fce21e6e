# SPDX-License-Identifier: MIT
"""CRC-32 (IEEE 802.3) by the interpreter's own C code: the Checksum port for CPython and 64-bit MicroPython ports.

Not for 32-bit ports: there `binascii.crc32` hands back an int that passes 2**30 three times out of four and is then
boxed on the heap, once a save. Those boards leave `Hardware.crc` None and get `app.store.crc32.Crc32`, same results.
Source: IEEE 802.3-2018, 3.2.9; MicroPython docs, binascii.crc32.
"""

from binascii import crc32
from struct import pack_into


class _Head:
    """A place for the first n bytes of a buffer: crc32() takes whole buffers only, and a slice would allocate."""

    __slots__ = ("format", "data")

    def __init__(self, n):
        self.format = "%ds" % n
        self.data = bytearray(n)


class Crc32:
    """seal/valid as in docs/architecture.md, port Checksum; `buf` is a bytearray or bytes."""

    __slots__ = ("_heads",)

    def __init__(self):
        self._heads = {}

    def seal(self, buf, n):
        """Write the CRC-32 of buf[:n] to buf[n:n+4], little-endian. allocates: the first time a length is seen"""
        pack_into("<I", buf, n, self._of(buf, n))

    def valid(self, buf, n):
        """True when buf[n:n+4] is the CRC-32 of buf[:n], little-endian. allocates: the first time a length is seen"""
        crc = self._of(buf, n)
        return crc == buf[n] | buf[n + 1] << 8 | buf[n + 2] << 16 | buf[n + 3] << 24

    def _of(self, buf, n):
        head = self._heads.get(n)
        if head is None:
            head = _Head(n)
            self._heads[n] = head
        pack_into(head.format, head.data, 0, buf)
        return crc32(head.data)
