# SPDX-License-Identifier: MIT
"""Winbond W25Q32JV-class SPI NOR as its data sheet describes it (rev. G: 6.1 layout, 7.1 status, 8.2 instructions, 9.6
times).

Programming ANDs, inside one 256-byte page (the address wraps in it); erasing a 4 KiB sector sets it to FF; both need
WEL, clear it, and keep the part busy in virtual time, during which everything but a status read is ignored. If the
supply goes meanwhile, what is left is drawn by the seed: some of the bits that were to change have.
"""

import random

from host_tools.bench.storage import PowerCut, StorageDevice

PAGE_BYTES = 256
SECTOR_BYTES = 4096
PROGRAM_TYPICAL_US = 700
ERASE_TYPICAL_US = 45_000
ERASE_LONGEST_US = 400_000
ERASE_CUT_POINTS = (
    16  # an erase counts as so many written bytes for the CutSwitch: so many different moments to be cut in
)
IDLE_BYTE = 0xFF  # MISO is not driven


class W25q:
    """size: bytes, a power of two. erase_us, program_us: how long the next operations take (tests may change them).

    erases: list, finished or cut erases of each sector; programs: pages. protect: BP bits of status register 1 (0x1C).
    stuck_bits: dict address -> mask of cells that no longer go to 0 (worn).
    """

    def __init__(self, clock, size=4 * 1024 * 1024, cut=None, rng=None, storage=None):
        self.clock = clock
        self.storage = storage if storage is not None else StorageDevice(size, cut)
        self.size = size
        self.rng = rng if rng is not None else random.Random(0)
        self.erase_us = ERASE_TYPICAL_US
        self.program_us = PROGRAM_TYPICAL_US
        self.erases = [0] * (size // SECTOR_BYTES)
        self.programs = 0
        self.ignored = 0  # instructions refused because busy, without WEL or malformed
        self.protect = 0
        self.stuck_bits = {}
        self.bus = None
        self.powered = True
        self._volatile()

    def _volatile(self):
        self._selected = False
        self._asleep = False
        self._wel = False
        self._busy_until_us = 0
        self._running = None  # (address, bytes before) of the operation in progress
        self._received = bytearray()

    def power(self, on):
        if not on and self.powered and self._is_busy() and self._running is not None:
            address, before = self._running
            after = bytes(self.storage.data[address : address + len(before)])
            self.storage.data[address : address + len(before)] = self._half_way(before, after)
        self.powered = on
        self._volatile()

    def _half_way(self, before, after):
        """Each byte has got some of its changing bits, drawn by the seed."""
        out = bytearray(before)
        for i, (old, new) in enumerate(zip(before, after, strict=True)):
            out[i] = old ^ ((old ^ new) & self.rng.getrandbits(8))
        return out

    def _is_busy(self):
        return self.clock.now_us < self._busy_until_us

    # Bus side

    def select(self, level):
        if not self.powered:
            return
        if level == 0:
            self._selected = True
            self._received = bytearray()
        elif self._selected:
            self._selected = False
            self._execute(self._received)

    def exchange(self, mosi):
        if not self.powered or not self._selected:
            return bytes([IDLE_BYTE]) * len(mosi)
        at = len(self._received)
        self._received += mosi
        return self._answer(at, len(mosi))

    def _answer(self, at, n):
        idle = bytes([IDLE_BYTE])
        instruction = self._received[0]
        if instruction == 0x05:
            skip = max(0, 1 - at)
            return (idle * skip + bytes([self._status()]) * (n - skip))[:n]
        if self._asleep or self._is_busy():
            return idle * n
        if instruction == 0x9F:
            tail = bytes([0xEF, 0x40, self.size.bit_length() - 1])
            return (idle + tail + tail * n)[at : at + n]
        if instruction == 0x03:
            end = at + n
            if end <= 4:
                return idle * n
            skip = max(0, 4 - at)
            start = self._address() + at + skip - 4
            data = self.storage.data
            if start + n - skip <= self.size:
                return idle * skip + bytes(data[start : start + n - skip])
            return idle * skip + bytes(data[(start + i) % self.size] for i in range(n - skip))
        return idle * n

    def _address(self):
        r = self._received
        return (r[1] << 16 | r[2] << 8 | r[3]) & (self.size - 1)

    def _status(self):
        return (1 if self._is_busy() else 0) | (2 if self._latched() else 0) | (self.protect & 0x1C)

    def _latched(self):
        # WEL falls by itself at the end of the operation that used it.
        if self._wel and self._running is not None and not self._is_busy():
            self._wel = False
            self._running = None
        return self._wel

    def _execute(self, received):
        """Chip select has gone high: an instruction that changes something starts now."""
        if not received or received[0] in (0x05, 0x03, 0x9F):
            return
        if self._is_busy():
            self.ignored += 1
            return
        instruction = received[0]
        if instruction == 0xAB:
            self._asleep = False
        elif self._asleep:
            self.ignored += 1
        elif instruction == 0xB9:
            self._asleep = True
        elif instruction == 0x06:
            self._latched()
            self._wel = True
        elif instruction == 0x04:
            self._wel = False
        elif instruction == 0x02 and len(received) > 4 and self._may_write():
            self._page_program(self._address(), bytes(received[4:]))
        elif instruction == 0x20 and len(received) == 4 and self._may_write():
            self._sector_erase(self._address() // SECTOR_BYTES)
        else:
            self.ignored += 1

    def _may_write(self):
        return self._latched() and not self.protect

    def _page_program(self, address, data):
        page = address & -PAGE_BYTES
        # More than a page: the last 256 bytes sent count, each where its address wrapped to.
        offset = address & (PAGE_BYTES - 1)
        self.programs += 1
        self._begin(page, PAGE_BYTES, self.program_us)
        if offset + len(data) <= PAGE_BYTES and not self.stuck_bits and self.storage.cut.remaining is None:
            self.storage.program(address, data)  # nothing can come between two bytes
            return
        image = {}
        for i, value in enumerate(data):
            image[(offset + i) & (PAGE_BYTES - 1)] = value
        for at, value in image.items():
            cell = page + at
            old = self.storage.data[cell]
            try:
                self.storage.program(cell, bytes([value | (old & self.stuck_bits.get(cell, 0))]))
            except PowerCut:
                if self.storage.data[cell] == old:
                    self.storage.data[cell] = old & (value | self.rng.getrandbits(8))
                raise

    def _sector_erase(self, sector):
        start = sector * SECTOR_BYTES
        self._begin(start, SECTOR_BYTES, self.erase_us)
        self.erases[sector] += 1
        before = self._running[1]
        done = self.storage.cut.admit(ERASE_CUT_POINTS)
        cut = self.storage.cut.remaining == 0
        if not cut:
            self.storage.data[start : start + SECTOR_BYTES] = b"\xff" * SECTOR_BYTES
            return
        # First everything is programmed to 0, then it rises to FF: both half-way states occur.
        half = ERASE_CUT_POINTS // 2
        if done < half:
            after = bytes(SECTOR_BYTES) if done else before
        else:
            before, after = bytes(SECTOR_BYTES), b"\xff" * SECTOR_BYTES
        self.storage.data[start : start + SECTOR_BYTES] = self._half_way(before, after)
        raise PowerCut

    def _begin(self, address, count, us):
        self._running = (address, bytes(self.storage.data[address : address + count]))
        self._busy_until_us = self.clock.now_us + us
