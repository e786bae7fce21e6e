# SPDX-License-Identifier: MIT
"""MB85RC256V and FM24W256: 32 KiB of FRAM on I2C, 16-bit addresses. The Byte-store port of docs/architecture.md.

A write is taken at bus speed (no page, no busy time) and is read back before `write` returns. Sources: Fujitsu
MB85RC256V data sheet, "Byte Write / Page Write / Random Read"; Cypress FM24W256 data sheet, "Memory Operation". The
slave address 0x50 + A2..A0 is unverified in the MB85RC256V sheet. Context: main loop.

Writes go out as one `writeto` with the address in the same buffer: `writeto_mem` joins two buffers on the heap on ports
whose hardware takes one (extmod/machine_i2c.c, mp_machine_i2c_transfer_adaptor), and a save must not allocate.

    fram = FramI2C(i2c)
    fram.write(0x100, record)
    fram.read_into(0x100, record)
"""

from micropython import const

_TRIES = const(3)
_MAX_WRITE = const(512)  # a bus transaction of this length stays below 20 ms at 400 kHz, read-back included
_SIGNATURE = b"FRAM\x5a\xa5\xc3\x3c"

# FramError.code
BUS = const(1)  # no acknowledge, or the bus timed out
VERIFY = const(2)  # what was read back is not what was written
RANGE = const(3)  # address or length outside of the part
MISSING = const(4)  # nothing answers at the address
NOT_MEMORY = const(5)  # something answers but does not hold what is written to it
TOO_SMALL = const(6)  # the addresses wrap below `size`


class FramError(OSError):
    """code:

    one of the constants above. An OSError, so that the app can catch a failed store without knowing the part.
    """

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class _Slices:
    """Hands back the slice object it is indexed with, to be kept: MicroPython has no slice() constructor."""

    def __getitem__(self, key):
        return key


class _Frame:
    """What a transfer of n bytes needs; made at the first write of that length and kept."""

    __slots__ = ("data", "out", "back")

    def __init__(self, n, tx, rx):
        self.data = _Slices()[2 : 2 + n]
        self.out = memoryview(tx)[: 2 + n]
        self.back = memoryview(rx)[:n]


class FramI2C:
    """size:

    bytes (power of two). retries: transfers repeated after a fault, ever. The last 8 bytes belong to the driver.
    """

    def __init__(self, i2c, address=0x50, size=32768):
        self.i2c = i2c
        self.address = address
        self.size = size
        self.retries = 0
        self._tx = bytearray(2 + _MAX_WRITE)
        self._rx = bytearray(_MAX_WRITE)
        self._frames = {}
        self._prove()

    def read_into(self, address, buf):
        """Fill buf from `address`. raises: FramError (BUS, RANGE). allocates: no"""
        if address < 0 or address + len(buf) > self.size:
            raise FramError(RANGE)
        for _ in range(_TRIES):
            try:
                self.i2c.readfrom_mem_into(self.address, address, buf, addrsize=16)
                return
            except OSError:
                self.retries += 1
        raise FramError(BUS)

    def write(self, address, buf):
        """Write buf (1..512 bytes) at `address` in order of address, and read it back.

        raises: FramError (BUS, VERIFY, RANGE). allocates: the first time a length is seen, unless `prepare` has
        """
        n = len(buf)
        if address < 0 or n > _MAX_WRITE or address + n > self.size:
            raise FramError(RANGE)
        frame = self._frames.get(n)
        if frame is None:
            frame = self.prepare(n)
        tx = self._tx
        code = BUS
        for _ in range(_TRIES):
            tx[0] = address >> 8
            tx[1] = address & 0xFF
            tx[frame.data] = buf
            try:
                self.i2c.writeto(self.address, frame.out)
                self.i2c.readfrom_mem_into(self.address, address, frame.back, addrsize=16)
                if frame.back == buf:
                    return
                code = VERIFY
            except OSError:
                code = BUS
            self.retries += 1
        raise FramError(code)

    def prepare(self, n):
        """Writes of n bytes (1..512) are to come, in passes that must not allocate. Boot only."""
        frame = self._frames.get(n)
        if frame is None:
            frame = self._frames[n] = _Frame(n, self._tx, self._rx)
        return frame

    def _prove(self):
        # A signature at the top that is also not to be seen where a smaller part would wrap to: proof without a write,
        # so that a supply that comes and goes ten times writes nothing. Only a new part is written to.
        top = self.size - 8
        seen = bytearray(8)
        try:
            self.read_into(top, seen)
        except FramError:
            raise FramError(MISSING)
        if seen != _SIGNATURE:
            try:
                self.write(top, bytes(b ^ 0xFF for b in _SIGNATURE))
                self.write(top, _SIGNATURE)
            except FramError as error:
                raise FramError(NOT_MEMORY if error.code == VERIFY else error.code)
        span = self.size >> 1
        while span >= 1024:
            self.read_into(span - 8, seen)
            if seen == _SIGNATURE:
                raise FramError(TOO_SMALL)
            span >>= 1
