# SPDX-License-Identifier: MIT
"""Winbond W25Q16..W25Q128: SPI NOR as raw erase blocks of 4 KiB. The Block-store port of docs/architecture.md.

Bits go from 1 to 0 by programming and back by erasing a sector. An erase is started and polled, never waited for; a
program of up to 256 bytes inside one page is waited for (0.7 ms typical, 3 ms at most) and read back. Source: Winbond
W25Q32JV data sheet rev. G: 7.1 status registers, 8.2 instructions, 9.6 AC characteristics; the times are unverified.
SPI mode 0, MSB first.

    nor = W25Q(spi, cs, clock)
    nor.erase_start(3)
    while nor.busy(): ...
    nor.program(3 * 4096, record)
"""

from micropython import const

_WRITE_ENABLE = const(0x06)
_READ_STATUS_1 = const(0x05)
_READ_DATA = const(0x03)
_PAGE_PROGRAM = const(0x02)
_SECTOR_ERASE = const(0x20)
_RELEASE_POWER_DOWN = const(0xAB)
_JEDEC_ID = const(0x9F)

_BUSY = const(1)
_WEL = const(2)
_PROTECT_BITS = const(0x1C)  # BP2..BP0

_WINBOND = const(0xEF)
_PAGE = const(256)
_POLL_US = const(50)
_PROGRAM_POLLS = const(60)  # 3 ms
_ERASE_WAIT_MS = const(450)  # an erase that was running when the MCU was reset: 400 ms at most
_TRIES = const(2)

# W25QError.code
BAD_ID = const(1)  # 00 00 00 or FF FF FF: bus stuck or no part; else another maker or an unknown size
TIMEOUT = const(2)  # busy for longer than the data sheet allows
NO_WEL = const(3)  # the write-enable latch did not set
PROTECTED = const(4)  # block-protect bits are set
VERIFY = const(5)  # what was read back is not what was programmed (not blank, or the sector is worn)
RANGE = const(6)
BUSY = const(7)  # called while an erase runs


class W25QError(OSError):
    """code: one of the constants above."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class W25Q:
    """sector_size, sector_count: of the part found. jedec_id: bytearray(3). retries: programs repeated, ever."""

    def __init__(self, spi, cs, clock):
        self.spi = spi
        self.cs = cs
        self.clock = clock
        self.sector_size = 4096
        self.sector_count = 0
        self.jedec_id = bytearray(3)
        self.retries = 0
        self._one = bytearray(1)
        self._tx2 = bytearray(2)
        self._rx2 = bytearray(2)
        self._command = bytearray(4)
        self._rx = bytearray(_PAGE)
        self._views = {}  # n -> memoryview of n bytes of _rx
        cs(1)
        self._start()

    def busy(self):
        """True while an erase or a program runs. allocates: no"""
        return bool(self._status() & _BUSY)

    def erase_start(self, sector):
        """Start to erase 4 KiB (45 ms typical, 400 ms at most); poll busy(). raises: W25QError. allocates: no"""
        if sector < 0 or sector >= self.sector_count:
            raise W25QError(RANGE)
        self._write_enable()
        self._address(_SECTOR_ERASE, sector * self.sector_size)
        self.cs(0)
        self.spi.write(self._command)
        self.cs(1)

    def read_into(self, address, buf):
        """Fill buf from byte `address`. raises: W25QError (RANGE, BUSY). allocates: no"""
        if address < 0 or address + len(buf) > self.sector_count * self.sector_size:
            raise W25QError(RANGE)
        if self._status() & _BUSY:
            raise W25QError(BUSY)
        self._read(address, buf)

    def program(self, address, buf):
        """Program buf at byte `address` (must be blank there) and read it back; at most 3 ms of busy wait a page.

        raises: W25QError. allocates: no, if buf lies inside one 256-byte page and its length has been seen before
        """
        n = len(buf)
        if address < 0 or address + n > self.sector_count * self.sector_size:
            raise W25QError(RANGE)
        if (address & (_PAGE - 1)) + n <= _PAGE:
            self._program_page(address, buf)
            return
        view = memoryview(buf)
        at = 0
        while at < n:
            end = at + _PAGE - ((address + at) & (_PAGE - 1))
            self._program_page(address + at, view[at : min(end, n)])
            at = end

    def prepare(self, n):
        """Records of n bytes (1..256) are going to be programmed: make now what `program` needs for them."""
        self._view(n)

    def _program_page(self, address, buf):
        back = self._view(len(buf))
        for _ in range(_TRIES):
            self._write_enable()
            self._address(_PAGE_PROGRAM, address)
            self.cs(0)
            self.spi.write(self._command)
            self.spi.write(buf)
            self.cs(1)
            self._wait_programmed()
            self._read(address, back)
            if back == buf:
                return
            self.retries += 1  # programming the same bits once more does no harm
        raise W25QError(VERIFY)

    def _wait_programmed(self):
        for _ in range(_PROGRAM_POLLS):
            if not self._status() & _BUSY:
                return
            self.clock.sleep_us(_POLL_US)
        if self._status() & _BUSY:
            raise W25QError(TIMEOUT)

    def _write_enable(self):
        if self._status() & _BUSY:
            raise W25QError(BUSY)
        self._send(_WRITE_ENABLE)
        if not self._status() & _WEL:
            raise W25QError(NO_WEL)

    def _read(self, address, buf):
        self._address(_READ_DATA, address)
        self.cs(0)
        self.spi.write(self._command)
        self.spi.readinto(buf, 0)
        self.cs(1)

    def _status(self):
        self._tx2[0] = _READ_STATUS_1
        self.cs(0)
        self.spi.write_readinto(self._tx2, self._rx2)
        self.cs(1)
        return self._rx2[1]

    def _send(self, instruction):
        self._one[0] = instruction
        self.cs(0)
        self.spi.write(self._one)
        self.cs(1)

    def _address(self, instruction, address):
        command = self._command
        command[0] = instruction
        command[1] = address >> 16
        command[2] = (address >> 8) & 0xFF
        command[3] = address & 0xFF

    def _view(self, n):
        view = self._views.get(n)
        if view is None:
            view = memoryview(self._rx)[:n]
            self._views[n] = view
        return view

    def _start(self):
        self._send(_RELEASE_POWER_DOWN)
        self.clock.sleep_us(_POLL_US)  # tRES1: 3 us
        # While it is busy the part answers nothing but its status. A stuck-high line looks busy for ever: then the id
        # tells.
        waited = 0
        while self._status() & _BUSY and self._rx2[1] != 0xFF and waited < _ERASE_WAIT_MS:
            self.clock.sleep_ms(1)
            waited += 1
        if waited >= _ERASE_WAIT_MS:
            raise W25QError(TIMEOUT)
        self._one[0] = _JEDEC_ID
        self.cs(0)
        self.spi.write(self._one)
        self.spi.readinto(self.jedec_id, 0)
        self.cs(1)
        size_log2 = self.jedec_id[2]  # 0x15: 2 MiB .. 0x18: 16 MiB, the most that 24 address bits reach
        if self.jedec_id[0] != _WINBOND or size_log2 < 0x14 or size_log2 > 0x18:
            raise W25QError(BAD_ID)
        if self._status() & _PROTECT_BITS:
            raise W25QError(PROTECTED)
        self.sector_count = 1 << (size_log2 - 12)
