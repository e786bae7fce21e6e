# SPDX-License-Identifier: MIT
"""Plays a tape (host_tools/bench/tape.py) to the firmware, on any MicroPython: the board's answers without the board.

The tape is a file, read as it goes: it is not in the heap that is measured. Every question must be the recorded one, else
`lost` is set and stays. Nothing is allocated after construction.

    player = Player("meter.tape")
    meter = compose(player.hardware("ade9153a", "e1c1", "pcf85176"))
    meter.set_longest_wait(1000)
    while player.next_pass(meter):
        meter.poll(player.now_ms)
"""

from hardware import Hardware
from micropython import const

_PASS = const(1)
_TICKS = const(2)
_PIN = const(3)
_SPI = const(4)
_SPI_WRITE = const(5)
_I2C_WRITE = const(6)
_I2C_READ = const(7)
_SHIFT = const(8)
_I2C_MEM_WRITE = const(9)
_SPI_READ = const(10)

_MOST = const(257)  # bytes of a transfer: a page of the flash


class Lost(Exception):
    """The firmware did something else than when the tape was made."""


class Player:
    """now_ms: tick of the pass that next_pass() found. lost: the firmware left the tape. passes: how many so far.

    stopped: nothing is played any more; pins keep their levels.
    """

    def __init__(self, path):
        self.file = open(path, "rb")
        self.now_ms = 0
        self.passes = 0
        self.lost = False
        self.stopped = False
        self.one = bytearray(1)
        self.two = bytearray(2)
        self.four = bytearray(4)
        self.six = bytearray(6)
        # One scratch buffer a length: a slice of a larger one would be an allocation.
        self.scratch = {}
        for n in range(1, _MOST):
            self.scratch[n] = bytearray(n)

    def expect(self, kind):
        """The next record is of this kind, or all is lost."""
        self.file.readinto(self.one)
        if self.one[0] != kind:
            self.lost = True
            raise Lost("wanted %d, found %d" % (kind, self.one[0]))

    def same(self, data):
        """The next bytes of the tape are `data`, or all is lost."""
        scratch = self.scratch[len(data)]
        self.file.readinto(scratch)
        if scratch != data:
            self.lost = True
            raise Lost("other question")

    def number(self):
        four = self.four
        self.file.readinto(four)
        return four[0] | four[1] << 8 | four[2] << 16 | four[3] << 24

    def next_pass(self, meter):
        """Go to the next pass. returns: False at the end of the tape."""
        while not self.lost:
            self.file.readinto(self.one)
            kind = self.one[0]
            if kind == _PASS:
                self.now_ms = self.number()
                self.passes += 1
                return True
            if kind != _SHIFT:
                self.lost = kind != 0xFF
                return False
            shift_front_end(meter.elements[0].front_end, self.file.read(12))
        return False

    def hardware(self, chip, variant, lcd):
        """A Hardware record as VirtualBoard's, on the tape."""
        hw = Hardware()
        hw.board = "tape"
        hw.chip = chip
        hw.variant = variant
        hw.clock = Clock(self)
        out = OutPin()
        idle = OutPin()  # coils: read back as not driven
        for _ in range(2 if variant == "e2c2" else 1):
            hw.spi.append(Spi(self))
            hw.afe_cs.append(out)
            hw.afe_reset.append(out if chip == "ade9153a" else None)
        hw.afe_strap = strap
        hw.i2c = I2c(self)
        hw.fram_address = 0x50
        hw.rtc_address = 0x68
        hw.flash_spi = Spi(self)
        hw.flash_cs = out
        hw.lcd = lcd
        hw.lcd_pins = (out, out, out)
        hw.button_a = InPin(self)
        hw.button_b = InPin(self)
        for fitted in (True, "c2" in variant, variant.endswith("r")):
            hw.k_set.append(idle if fitted else None)
            hw.k_reset.append(idle if fitted else None)
            hw.k_feedback.append(InPin(self) if fitted else None)
        for fitted in (True, "c2" in variant, False):
            hw.k_live.append(InPin(self) if fitted else None)
        hw.main_cover = InPin(self)
        hw.terminal_cover = InPin(self)
        hw.magnet = InPin(self)
        hw.terminal_temperature = InPin(self)
        hw.backlight = out
        hw.power_fail = InPin(self)
        hw.watchdog = Watchdog()
        hw.boot_us = 300_000
        return hw


def shift_front_end(front_end, halves):
    """As host_tools.bench.tape.shift_front_end. halves: 12 bytes."""
    snapshot = bytearray(16)
    front_end.save_snapshot(snapshot, 0)
    snapshot[0:12] = halves
    front_end.load_snapshot(snapshot, 0)


def strap(cs, level):
    pass


class OutPin:
    """An output: reads as what was last written, 0 at first."""

    def __init__(self):
        self.level = 0

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level

    __call__ = value


class InPin:
    def __init__(self, player):
        self.player = player
        self.level = 0

    def value(self):
        player = self.player
        if not player.stopped:
            player.expect(_PIN)
            player.file.readinto(player.one)
            self.level = player.one[0]
        return self.level

    __call__ = value


class Watchdog:
    def feed(self):
        pass


class Clock:
    def __init__(self, player):
        # Nothing is waited for; but it is a function in C, as on a board: what one in Python costs is not the firmware's.
        self.sleep_ms = self.sleep_us = abs
        self.player = player

    def ticks_ms(self):
        self.player.expect(_TICKS)
        return self.player.number()

    ticks_us = ticks_ms

    def ticks_diff(self, a, b):
        return ((a - b + 0x20000000) & 0x3FFFFFFF) - 0x20000000

    def ticks_add(self, a, delta):
        return (a + delta) & 0x3FFFFFFF


class Spi:
    def __init__(self, player):
        self.player = player

    def write_readinto(self, tx, rx):
        player = self.player
        player.expect(_SPI)
        player.file.readinto(player.two)
        player.same(tx)
        player.file.readinto(rx)

    def write(self, tx):
        player = self.player
        player.expect(_SPI_WRITE)
        player.file.readinto(player.two)
        player.same(tx)

    def readinto(self, rx, write=0):
        player = self.player
        player.expect(_SPI_READ)
        player.file.readinto(player.two)
        player.file.readinto(rx)


class I2c:
    def __init__(self, player):
        self.player = player

    def writeto(self, address, buf, stop=True):
        player = self.player
        player.expect(_I2C_WRITE)
        head = player.four
        player.file.readinto(head)
        player.same(buf)
        if head[0]:
            raise OSError(head[0])
        return len(buf)

    def writeto_mem(self, address, memory, buf, addrsize=8):
        self.head(_I2C_MEM_WRITE, address, memory, len(buf))
        self.player.same(buf)
        self.fail()

    def readfrom_mem_into(self, address, memory, buf, addrsize=8):
        self.head(_I2C_READ, address, memory, len(buf))
        self.fail()
        self.player.file.readinto(buf)

    def head(self, kind, address, memory, n):
        player = self.player
        player.expect(kind)
        head = player.six
        player.file.readinto(head)
        if head[1] != address or head[2] | head[3] << 8 != memory or head[4] | head[5] << 8 != n:
            player.lost = True
            raise Lost("other transfer")

    def fail(self):
        if self.player.six[0]:
            raise OSError(self.player.six[0])
