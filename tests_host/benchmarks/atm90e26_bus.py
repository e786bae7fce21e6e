# SPDX-License-Identifier: MIT
"""A bus with an ATM90E26 on it that costs next to nothing, to compare drivers of the part on MicroPython.

Not a model of the part (host_tools/bench/chips has that): it keeps what is written, answers reads with what a test put
there and knows LastData. One access is one byte of address, bit 7 set to read, and two of data (ATM90E26 datasheet, SPI
interface). It allocates nothing itself, apart from the object that `read` must return, as machine.SPI does.
"""

_LAST_DATA = 0x06


class Pin:
    """Chip select: `value(level)` and the call form."""

    def __init__(self, bus=None):
        self._bus = bus
        self._level = 1

    def value(self, level=None):
        if level is None:
            return self._level
        self._level = 1 if level else 0
        self._bus.position = 0
        return None

    def __call__(self, level=None):
        return self.value(level)


class Spi:
    """machine.SPI: write, read, readinto, write_readinto. registers: list of 128 int, to be set by the workload."""

    def __init__(self):
        self.registers = [0] * 128
        self.position = 0  # bytes since chip select
        self._address = 0
        self._last = 0
        self._high = 0

    def _byte(self, mosi):
        """One byte in, one out."""
        at = self.position
        self.position = at + 1
        if at == 0:
            self._address = mosi
            return 0xFF
        number = self._address & 0x7F
        if self._address & 0x80:
            value = self._last if number == _LAST_DATA else self.registers[number]
            if at == 2:
                self._last = value
                return value & 0xFF
            return value >> 8
        if at == 1:
            self._high = mosi
        else:
            self._last = self.registers[number] = self._high << 8 | mosi
        return 0xFF

    def write(self, tx):
        for byte in tx:
            self._byte(byte)

    def readinto(self, rx, fill=0):
        for at in range(len(rx)):
            rx[at] = self._byte(fill)

    def read(self, count, fill=0):
        rx = bytearray(count)  # an object and its data, as much as machine.SPI.read makes
        self.readinto(rx, fill)
        return rx

    def write_readinto(self, tx, rx):
        for at in range(len(tx)):
            rx[at] = self._byte(tx[at])


def live_part():
    """returns: (Spi, chip-select Pin) reading 230.00 V, 4.348 A, 1000 W, 50.00 Hz and power factor 1.000."""
    spi = Spi()
    for number, value in (
        (0x40, 12),  # active energy, forward, 0.1 CF pulse
        (0x48, 4348),  # I rms, mA
        (0x49, 23000),  # U rms, 10 mV
        (0x4A, 1000),  # P, W
        (0x4C, 5000),  # frequency, 10 mHz
        (0x4D, 1000),  # power factor, 1/1000
    ):
        spi.registers[number] = value
    return spi, Pin(spi)
