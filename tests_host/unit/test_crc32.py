# SPDX-License-Identifier: MIT
"""CRC-32/ISO-HDLC: check value 0xCBF43926 of the CRC catalogue; the others are those of zlib (RFC 1952, 8)."""

import sys

import micropython
from app.store.crc32 import Crc32
from drivers.crc32 import Crc32 as PortCrc32

# message, CRC as its four little-endian bytes
VECTORS = (
    (b"123456789", b"\x26\x39\xf4\xcb"),
    (b"", b"\x00\x00\x00\x00"),
    (b"a", b"\x43\xbe\xb7\xe8"),  # E8B7BE43
    (b"\x00\x00\x00\x00", b"\x1c\xdf\x44\x21"),  # 2144DF1C
    (b"\xff\xff\xff\xff", b"\xff\xff\xff\xff"),  # FFFFFFFF
    (b"The quick brown fox jumps over the lazy dog", b"\x39\xa3\x4f\x41"),  # 414FA339
)


try:
    from drivers.crc32_viper import Crc32 as ViperCrc32
except (AttributeError, NameError, SyntaxError):
    ViperCrc32 = None  # a port without a native emitter


def check_vectors(crc):
    for message, expected in VECTORS:
        n = len(message)
        buf = bytearray(message) + bytearray(6)
        crc.seal(buf, n)
        assert bytes(buf[n : n + 4]) == expected, message
        assert buf[n + 4] == 0 and buf[n + 5] == 0
        assert crc.valid(buf, n)


def check_every_bit_counts(crc):
    buf = bytearray(b"\x10\x00\xff\x7e\x55") + bytearray(4)
    crc.seal(buf, 5)
    for bit in range(72):
        buf[bit >> 3] ^= 1 << (bit & 7)
        assert not crc.valid(buf, 5), bit
        buf[bit >> 3] ^= 1 << (bit & 7)
    assert crc.valid(buf, 5)


def test_app_crc_vectors():
    check_vectors(Crc32())


def test_port_crc_vectors():
    check_vectors(PortCrc32())


def test_app_crc_every_bit_counts():
    check_every_bit_counts(Crc32())


def test_port_crc_every_bit_counts():
    check_every_bit_counts(PortCrc32())


def test_viper_crc():
    if ViperCrc32 is None:
        assert sys.implementation.name != "micropython" or sys.platform == "webassembly"
        return
    check_vectors(ViperCrc32())
    check_every_bit_counts(ViperCrc32())
    buf = bytearray(b"123456789\x26\x39\xf4\xcb")
    crc = ViperCrc32()
    micropython.heap_lock()
    found = crc.valid(buf, 9)
    crc.seal(buf, 9)
    micropython.heap_unlock()
    assert found and bytes(buf[9:]) == b"\x26\x39\xf4\xcb"
