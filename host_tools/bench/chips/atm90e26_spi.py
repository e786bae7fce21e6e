# SPDX-License-Identifier: MIT
"""ATM90E26: what happens between the edges of chip select. Frames, clock counts, time-outs, LastData. No metering.

Source: Atmel-46002B (M90E26 datasheet) 4.1 and table 8: 24 clocks, mode 3, a write of any other count is dropped, a
read of fewer leaves LastData alone, no clock edge for 6 ms ends the frame; table 11 for the fastest clock.
"""

from collections.abc import Callable
from typing import Any

MAX_BAUD = 136_000  # a symmetric clock that still keeps tCLH = 30T + 10 ns = 3.67 us
FRAME_TIMEOUT_US = 6_000
_READ_LAST = 0x86
_HIGH_Z = b"\xff\xff\xff"


class SpiFrames:
    """The device side of the contract in docs/architecture.md: select(level), exchange(mosi) -> miso.

    A subclass has regs[128], _readers[128] (callable(clear=True) -> word, or None for a plain register),
    _write(address, word), _alive() (False while in reset), clock and bus. Faults: stuck (SDO level or None),
    drop_selects (frames not seen from now on), extra_clocks (glitches on SCLK counted into the next frame; negative:
    clocks missed).
    """

    regs: list[int]
    clock: Any
    bus: Any
    _readers: "list[Callable[..., int] | None]"

    def _alive(self) -> bool:
        raise NotImplementedError

    def _write(self, address, word):
        raise NotImplementedError

    def _init_frames(self):
        self.last = 0  # register 06, LastData
        self.drop_selects = 0
        self.extra_clocks = 0
        self.frames = 0
        self._stuck = None
        self._plain = False  # nothing out of the ordinary: exchange() may take its short way
        self._selected = False
        self._clocks = 0  # in this frame; -1: the frame is not seen
        self._head = 0
        self._word = 0
        self._pending = 0x100  # head of a write waiting for chip select to rise, 0x100 = none
        self._edge_us = 0

    @property
    def stuck(self):
        return self._stuck

    @stuck.setter
    def stuck(self, level):
        self._stuck = level
        self._plain = False

    def select(self, level):
        if not level:
            self.frames += 1
            self._clocks = 0
            self._selected = True
            if self.drop_selects:
                self.drop_selects -= 1
                self._clocks = -1
            return
        if self._pending != 0x100:
            # A write counts at the rising edge of CS, and only with exactly 24 clocks, the last less than 6 ms ago.
            if self._clocks + self.extra_clocks == 24 and self.clock.now_us - self._edge_us <= FRAME_TIMEOUT_US:
                self._write(self._pending, self._word)
            self._pending = 0x100
        self.extra_clocks = 0
        self._selected = False

    def exchange(self, mosi):
        if not self._plain or self._clocks or self.extra_clocks or len(mosi) != 3 or self.bus.baudrate > MAX_BAUD:
            return self._exchange_slowly(mosi)
        self._clocks = 24
        head = mosi[0]
        if head == _READ_LAST:
            return (0xFF0000 | self.last).to_bytes(3, "big")
        if head & 0x80:
            head &= 0x7F
            reader = self._readers[head]
            self.last = word = self.regs[head] if reader is None else reader()
            return (0xFF0000 | word).to_bytes(3, "big")
        self._pending = head
        self._word = mosi[1] << 8 | mosi[2]
        self._edge_us = self.clock.now_us
        return _HIGH_Z

    def _exchange_slowly(self, mosi):
        alive = self._alive()
        self._plain = alive and self._stuck is None
        miso = self._clock_in(mosi) if alive and self._selected and self._clocks >= 0 else b"\xff" * len(mosi)
        if self._stuck is not None and self._selected:
            miso = (b"\xff" if self._stuck else b"\x00") * len(mosi)
        return miso

    def _clock_in(self, mosi):
        now = self.clock.now_us
        baud = self.bus.baudrate if self.bus is not None else MAX_BAUD
        started = now - len(mosi) * 8_000_000 // baud
        if self._clocks > 0 and started - self._edge_us > FRAME_TIMEOUT_US:
            self._clocks, self._pending = -1, 0x100
            return b"\xff" * len(mosi)
        self._edge_us = now
        if baud > MAX_BAUD:
            return self._too_fast(mosi)
        out = bytearray()
        for octet in mosi:
            self._clocks += 8
            out.append(self._octet(octet))
        return bytes(out)

    def _octet(self, octet):
        """One byte in, one out; the clock count tells which byte of the frame it is."""
        clocks = self._clocks
        if clocks == 8:
            self._head = octet
            self._word = self._look(octet & 0x7F) if octet & 0x80 else 0
            return 0xFF
        if clocks > 24:
            return 0xFF  # a read takes the first 24, a write is lost at the 25th (select sees the count)
        if not self._head & 0x80:
            self._word = (self._word << 8 | octet) & 0xFFFF
            if clocks == 24:
                self._pending = self._head
            return 0xFF
        if clocks == 16:
            return self._word >> 8
        low = self._word & 0xFF
        if self.extra_clocks >= 0:
            reader = self._readers[self._head & 0x7F]
            self.last = self._word if reader is None else reader()
        return low

    def _look(self, address):
        """The word a read will shift out, without the effects that only a complete read has."""
        reader = self._readers[address]
        return self.regs[address] if reader is None else reader(False)

    def _too_fast(self, mosi):
        """A clock high shorter than tCLH: the chip misses one clock of each 24, which one turns with the frame
        number.
        """
        missed = (self.frames * 7 + 3) % 24
        sent = [octet >> n & 1 for octet in mosi for n in range(7, -1, -1)]
        seen = [bit for n, bit in enumerate(sent) if n != missed]
        self._clocks += len(seen)
        head = 0
        for bit in seen[:8]:
            head = head << 1 | bit
        word = self._look(head & 0x7F) if head & 0x80 else 0xFFFF
        sdo = [1] * 8 + [word >> n & 1 for n in range(15, -1, -1)] + [1] * len(sent)
        out = bytearray(len(mosi))
        at = 0
        for n in range(len(sent)):
            out[n >> 3] |= sdo[at] << (7 - (n & 7))
            if n != missed:
                at += 1
        return bytes(out)
