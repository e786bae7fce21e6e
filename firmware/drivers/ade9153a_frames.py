# SPDX-License-Identifier: MIT
"""ADE9153A SPI frames: reads that are proven, writes that are read back.

A read is proven in two steps: the CRC of the data, and LAST_CMD, which shows the header that the chip really received
(a CRC over data alone says nothing about a flipped address bit). Mode 3, at most 10 MHz.
Source: ADE9153A data sheet Rev. 0, p. 30; ADE9078 data sheet Rev. 0, pp. 62-65 (CRC and LAST_x).
"""

from micropython import const

NOISE = const(0)  # what the last failed read looked like
HIGH = const(1)
LOW = const(2)

_TRIES = const(3)
_READ_LAST_CMD = b"\x4a\xe8\0\0\0\0"


def _remainder(byte):
    crc = byte << 8
    for _ in range(8):
        crc = (crc << 1) ^ 0x11021 if crc & 0x8000 else crc << 1
    return crc


# CRC-16, polynomial 0x1021, initial 0xFFFF, as two byte tables: no intermediate of a check leaves 8 bits.
_HIGH = bytes(_remainder(byte) >> 8 for byte in range(256))
_LOW = bytes(_remainder(byte) & 0xFF for byte in range(256))


def wide(address):
    """True for a 32-bit register (Table 8)."""
    return address < 0x474 or address >= 0x600


class Frames:
    """The chip behind one chip select. spi, cs: MicroPython SPI and Pin. tally: whose crc_errors, address_errors and
    retries are counted up; None: its own.

    After a successful `read`, data in rx[2:6], MSB first. After `fetch`: halves `hi`, `lo`.
    """

    __slots__ = (
        "crc_errors",
        "address_errors",
        "retries",
        "failure",
        "hi",
        "lo",
        "rx",
        "_spi",
        "_transfer",
        "_cs",
        "_tally",
        "_tx8",
        "_tx6",
        "_tx4",
        "_rx6",
        "_last",
        "_echo",
        "_expect",
        "_wide",
        "_narrow",
    )

    def __init__(self, spi, cs, tally=None):
        self._spi = spi
        self._transfer = spi.write_readinto
        self._cs = cs
        self._tally = self if tally is None else tally
        self.crc_errors = 0
        self.address_errors = 0
        self.retries = 0
        self.failure = NOISE
        self.hi = 0
        self.lo = 0
        self.rx = bytearray(8)
        self._rx6 = bytearray(6)
        self._tx8 = bytearray(8)
        self._tx6 = bytearray(6)
        self._tx4 = bytearray(4)
        self._last = bytearray(6)
        self._echo = memoryview(self._last)[2:]
        self._expect = bytearray(4)
        self._wide = (self._tx8, self._expect)
        self._narrow = (self._tx6, self._expect)

    @staticmethod
    def poll(address):
        """(frame, answer of LAST_CMD with its CRC) of a 32-bit register that is read often; made once."""
        frame = bytearray(8)
        frame[0] = address >> 4
        frame[1] = address << 4 & 0xF0 | 8
        expect = bytearray(4)
        _seal(expect, frame[0], frame[1])
        return bytes(frame), bytes(expect)

    def read(self, poll):
        """Read the 32-bit register of `poll` into rx[2:6]. allocates: no

        returns: True when data and address are proven (at most 3 tries), else False with `failure` set.
        """
        # No more than eleven places for names and operands: a larger frame of a call comes from the heap.
        transfer = self._transfer
        rx = self.rx
        tries = 0
        while True:
            self._cs(0)
            transfer(poll[0], rx)
            self._cs(1)
            i = rx[2] ^ 0xFF
            k = _HIGH[i] ^ 0xFF ^ rx[3]
            i = _LOW[i] ^ _HIGH[k] ^ rx[4]
            k = _LOW[k] ^ _HIGH[i] ^ rx[5]
            if _LOW[i] ^ _HIGH[k] == rx[6] and _LOW[k] == rx[7]:
                # LAST_CMD still holds the header of the read before; reading it does not change it.
                self._cs(0)
                transfer(_READ_LAST_CMD, self._last)
                self._cs(1)
                if self._echo == poll[1]:
                    return True
                self._not_proven()
            else:
                self._tally.crc_errors += 1
                self._classify(rx, 8)
            tries += 1
            if tries >= _TRIES:
                return False
            self._tally.retries += 1

    def _proven(self, expect):
        """As in `read`, of a register of any width."""
        self._cs(0)
        self._transfer(_READ_LAST_CMD, self._last)
        self._cs(1)
        if self._echo == expect:
            return True
        self._not_proven()
        return False

    def _not_proven(self):
        last = self._last
        if self._crc16_ok(last):
            self._tally.address_errors += 1
        else:
            self._tally.crc_errors += 1
            self._classify(last, 6)

    @staticmethod
    def _crc16_ok(rx):
        i = rx[2] ^ 0xFF
        k = _HIGH[i] ^ 0xFF ^ rx[3]
        return _LOW[i] ^ _HIGH[k] == rx[4] and _LOW[k] == rx[5]

    def _classify(self, rx, size):
        byte = rx[2]
        i = 3
        while i < size:
            if rx[i] != byte:
                self.failure = NOISE
                return
            i += 1
        self.failure = HIGH if byte == 0xFF else LOW if byte == 0 else NOISE

    def fetch(self, address):
        """Read any register, proven, into `hi` and `lo` (hi = 0 for a 16-bit one). returns: bool. allocates: no"""
        if wide(address):
            self._head(self._tx8, address)
            if not self.read(self._wide):
                return False
            rx = self.rx
            self.hi = rx[2] << 8 | rx[3]
            self.lo = rx[4] << 8 | rx[5]
            return True
        self._head(self._tx6, address)
        rx = self._rx6
        tries = 0
        while True:
            self._cs(0)
            self._transfer(self._tx6, rx)
            self._cs(1)
            if not self._crc16_ok(rx):
                self._tally.crc_errors += 1
                self._classify(rx, 6)
            elif self._proven(self._expect):
                self.hi = 0
                self.lo = rx[2] << 8 | rx[3]
                return True
            tries += 1
            if tries >= _TRIES:
                return False
            self._tally.retries += 1

    def _head(self, frame, address):
        frame[0] = address >> 4
        frame[1] = address << 4 & 0xF0 | 8
        i = 2
        while i < len(frame):
            frame[i] = 0
            i += 1
        _seal(self._expect, frame[0], frame[1])

    def send(self, address, hi, lo):
        """Write a register, unproven. allocates: no"""
        if wide(address):
            frame = self._tx6
            frame[2] = hi >> 8
            frame[3] = hi & 0xFF
        else:
            frame = self._tx4
        frame[0] = address >> 4
        frame[1] = address << 4 & 0xF0
        frame[-2] = lo >> 8
        frame[-1] = lo & 0xFF
        self._cs(0)
        self._spi.write(frame)
        self._cs(1)

    def store(self, address, hi, lo):
        """Write a register and read it back (at most 3 tries). returns: True when it holds the value. allocates: no"""
        tries = 0
        while tries < _TRIES:
            self.send(address, hi, lo)
            if self.holds(address, hi, lo):
                return True
            tries += 1
        return False

    def holds(self, address, hi, lo):
        """True when the register reads as (hi, lo)."""
        return self.fetch(address) and self.hi == hi and self.lo == lo


def _seal(expect, high, low):
    # Header and its CRC: what a read of LAST_CMD must bring.
    expect[0] = high
    expect[1] = low
    i = high ^ 0xFF
    k = _HIGH[i] ^ 0xFF ^ low
    expect[2] = _LOW[i] ^ _HIGH[k]
    expect[3] = _LOW[k]
