# SPDX-License-Identifier: MIT
"""Buses and pins of the bench: the duck types of machine.SPI, machine.I2C and machine.Pin, wired to chip models.

Every transfer is charged to the clock at the bus rate plus the interpreter's overhead a call; bit flips are applied between
the master and the device, in both directions, from a seeded geometric sequence (no cost per bit).
"""

import math


class BitFlipper:
    """Flips each bit that passes with probability `p`; seeded, exact in distribution (geometric gaps).

    count: flips made so far. `p` may be 0 (no flips, no cost).
    """

    def __init__(self, rng, p):
        self.rng = rng
        self.p = p
        self.count = 0
        self._gap = self._draw() if p else 0

    def _draw(self):
        # Number of good bits before the next bad one.
        return int(math.log(1.0 - self.rng.random()) / math.log1p(-self.p))

    def apply(self, data):
        """bytes-like in, same object out when nothing flips, else a new bytearray."""
        bits = len(data) * 8
        if self._gap >= bits:
            self._gap -= bits
            return data
        out = bytearray(data)
        at = self._gap
        while at < bits:
            out[at >> 3] ^= 0x80 >> (at & 7)
            self.count += 1
            at += 1 + self._draw()
        self._gap = at - bits
        return out


class Pin:
    """machine.Pin: `value()`, `value(v)`, call form. `on_change(level)` is told of every edge the master makes."""

    __slots__ = ("level", "on_change")

    def __init__(self, level=1, on_change=None):
        self.level = level
        self.on_change = on_change

    def value(self, level=None):
        if level is None:
            return self.level
        if level != self.level:
            self.level = level
            if self.on_change is not None:
                self.on_change(level)
        return None

    __call__ = value


class ChargedPin(Pin):
    """A Pin whose every use costs `call_us` of interpreter time: for parts that are bit-banged."""

    __slots__ = ("clock", "call_us")

    def charge(self, clock, call_us):
        self.clock = clock
        self.call_us = call_us
        return self

    def value(self, level=None):
        self.clock.now_us += self.call_us
        return super().value(level)

    __call__ = value


def _chip_select(bus, device, level):
    """Chip select of one device, as a machine.Pin: its edges go to bus and device.

    A function, not a Pin: two edges frame every transfer, and calling an instance costs half as much again.
    """
    select = device.select

    def pin(to=None):
        nonlocal level
        if to is None:
            return level
        if to != level:
            level = to
            bus.selected = None if to else device
            select(to)
        return None

    pin.value = pin  # pyright: ignore[reportFunctionMemberAccess]
    return pin


class SpiBus:
    """machine.SPI master. One or more devices, each behind its own chip-select pin (`attach`).

    baudrate: clocks a second as the master makes them; devices may look at it. MISO floats high (0xFF) with nobody selected.
    """

    def __init__(self, clock, baudrate, call_overhead_us=0):
        self.clock = clock
        self.baudrate = baudrate
        self.call_overhead_us = call_overhead_us
        self.flips: BitFlipper | None = None
        self.miso_stuck = None  # 0 or 1: a stuck line
        self.selected = None  # the device whose chip select is low

    def attach(self, device, level=1):
        """Returns the chip-select pin of `device`: `value()`, `value(v)`, call form. `chip_select`: its own, if it has one."""
        device.bus = self
        make = getattr(device, "chip_select", None)
        return _chip_select(self, device, level) if make is None else make(self, level)

    def _exchange(self, mosi):
        self.clock.now_us += len(mosi) * 8_000_000 // self.baudrate + self.call_overhead_us
        device = self.selected
        flips = self.flips
        if flips is not None:
            mosi = flips.apply(mosi)
        miso = device.exchange(mosi) if device is not None else b"\xff" * len(mosi)
        if flips is not None:
            miso = flips.apply(miso)
        if self.miso_stuck is not None:
            miso = (b"\xff" if self.miso_stuck else b"\x00") * len(mosi)
        return miso

    def write_readinto(self, tx, rx):
        device = self.selected
        if device is None or self.flips is not None or self.miso_stuck is not None:
            rx[:] = self._exchange(tx)
            return
        # The same, said shortly.
        self.clock.now_us += len(tx) * 8_000_000 // self.baudrate + self.call_overhead_us
        rx[:] = device.exchange(tx)

    def write(self, tx):
        self._exchange(tx)

    def readinto(self, rx, fill=0):
        rx[:] = self._exchange(bytes([fill]) * len(rx))


class I2cBus:
    """machine.I2C master with 7-bit addresses; NACK raises OSError(19) (ENODEV), a hung bus OSError(110)."""

    def __init__(self, clock, baudrate=400_000, call_overhead_us=0):
        self.clock = clock
        self.baudrate = baudrate
        self.call_overhead_us = call_overhead_us
        self.flips: BitFlipper | None = None
        self.stuck = False  # SDA held low: every transfer times out
        self.timeout_us = 10_000
        self.devices = {}

    def attach(self, address, device):
        self.devices[address] = device
        device.bus = self

    def _begin(self, address, byte_count):
        self.clock.now_us += (byte_count * 9 + 2) * 1_000_000 // self.baudrate + self.call_overhead_us
        if self.stuck:
            self.clock.now_us += self.timeout_us
            raise OSError(110)
        device = self.devices.get(address)
        if device is None or not device.start():
            raise OSError(19)
        return device

    def _send(self, device, data):
        if self.flips is not None:
            data = self.flips.apply(data)
        if device.write(data) != len(data):
            raise OSError(19)

    def _receive(self, device, buf):
        data = device.read(len(buf))
        if self.flips is not None:
            data = self.flips.apply(data)
        buf[:] = data

    def writeto(self, address, buf, stop=True):
        device = self.devices.get(address)
        if self.flips is None and not self.stuck and device is not None:  # the same, said shortly
            n = len(buf)
            self.clock.now_us += (n * 9 + 11) * 1_000_000 // self.baudrate + self.call_overhead_us
            if not device.start() or device.write(buf) != n:
                raise OSError(19)
            return n
        self._send(self._begin(address, 1 + len(buf)), buf)
        return len(buf)

    def readfrom_into(self, address, buf, stop=True):
        self._receive(self._begin(address, 1 + len(buf)), buf)

    def writeto_mem(self, address, memory, buf, addrsize=8):
        head = memory.to_bytes(addrsize >> 3, "big")
        self._send(self._begin(address, 1 + len(head) + len(buf)), head + bytes(buf))

    def readfrom_mem_into(self, address, memory, buf, addrsize=8):
        device = self.devices.get(address)
        if self.flips is None and not self.stuck and device is not None:
            size = addrsize >> 3
            n = len(buf)
            self.clock.now_us += ((2 + size + n) * 9 + 2) * 1_000_000 // self.baudrate + self.call_overhead_us
            if not device.start() or device.write(memory.to_bytes(size, "big")) != size:
                raise OSError(19)
            buf[:] = device.read(n)
            return
        head = memory.to_bytes(addrsize >> 3, "big")
        device = self._begin(address, 2 + len(head) + len(buf))
        self._send(device, head)
        self._receive(device, buf)

    def scan(self):
        return sorted(self.devices)
