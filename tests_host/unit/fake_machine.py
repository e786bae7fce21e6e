# SPDX-License-Identifier: MIT
"""A recording `machine`, `esp32` and `time` for composing a board without one; runs on every interpreter.

    build, table = fake_machine.load("esp32_s3_devkitc")     # the board's build() and its pins module
    hw = build("e1c1", "ade9153a")
    fake_machine.WORLD.log                                   # what it did, in order

The log holds tuples: ("pin", id, mode, pull, value) ("write", id, value) ("irq", id) ("bus", name, pins) ("init", name)
("deinit", name) ("wdt", timeout) ("timer", id, period) ("duty", pin, value). `WORLD` also drives: `levels` are the
inputs, `hooks` runs at each sleep, `partitions` are the labels that exist, `cause` is the reset cause.
"""

import sys

PERIOD = 1 << 30


class World:
    def __init__(self):
        self.reset()

    def reset(self):
        self.log = []
        self.levels = {}
        self.outputs = {}
        self.now_us = 0
        self.hooks = []
        self.partitions = ("ferraris",)
        self.cause = 1

    def of(self, kind):
        return [entry for entry in self.log if entry[0] == kind]


WORLD = World()

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5


def reset_cause():
    return WORLD.cause


def idle():
    pass


class Pin:
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 2
    IRQ_RISING = 1

    def __init__(self, id, mode=None, pull=None, value=None):
        self.id = id
        self.handler = None
        self.mode = mode
        WORLD.log.append(("pin", id, mode, pull, value))
        if value is not None:
            WORLD.outputs[id] = value

    def value(self, level=None):
        if level is None:
            return WORLD.outputs.get(self.id, WORLD.levels.get(self.id, 1))
        WORLD.log.append(("write", self.id, level))
        WORLD.outputs[self.id] = level
        return None

    __call__ = value

    def irq(self, handler=None, trigger=3):
        self.handler = handler
        self.trigger = trigger
        WORLD.log.append(("irq", self.id))


def _id(pin):
    return pin.id if isinstance(pin, Pin) else pin


class _Bus:
    # Hardware buses whose pins the port takes from its board file (STM32): name -> pins. Source: ARDUINO_GIGA/pins.csv.
    FIXED = {
        "SPI1": ("PB3", "PG9", "PD7"),
        "SPI5": ("PH6", "PJ11", "PJ10"),
        "I2C2": ("PH4", "PB11"),
    }

    def __init__(self, id, baud, pins):
        self.name = self.KIND + str(id)
        self.baud = baud
        explicit = tuple([_id(p) for p in pins if p is not None])
        fixed = self.FIXED.get(self.name, ())
        self.pins = explicit or fixed
        WORLD.log.append(("bus", self.name, self.pins))

    def deinit(self):
        WORLD.log.append(("deinit", self.name))


class SPI(_Bus):
    KIND = "SPI"

    def __init__(self, id, *, baudrate=1000000, polarity=0, phase=0, sck=None, mosi=None, miso=None):
        _Bus.__init__(self, id, baudrate, (sck, miso, mosi))
        self.mode = polarity * 2 + phase

    def init(self, *, baudrate=1000000, polarity=0, phase=0, sck=None, mosi=None, miso=None):
        self.mode = polarity * 2 + phase
        WORLD.log.append(("init", self.name))


class SoftSPI(_Bus):
    KIND = "SoftSPI"

    def __init__(self, *, baudrate=500000, polarity=0, phase=0, sck=None, mosi=None, miso=None):
        _Bus.__init__(self, "", baudrate, (sck, miso, mosi))
        self.mode = polarity * 2 + phase


class I2C(_Bus):
    KIND = "I2C"

    def __init__(self, id, scl=None, sda=None, freq=400000, timeout=50000):
        _Bus.__init__(self, id, freq, (scl, sda))


class SoftI2C(I2C):
    KIND = "SoftI2C"


class UART(_Bus):
    KIND = "UART"

    def __init__(self, id, baudrate=9600, tx=None, rx=None):
        _Bus.__init__(self, id, baudrate, (tx, rx))


class PWM:
    def __init__(self, pin, freq=0, duty_u16=0):
        self.pin = _id(pin)
        self.freq = freq
        WORLD.log.append(("bus", "PWM", (self.pin,)))
        self.duty_u16(duty_u16)

    def duty_u16(self, duty):
        WORLD.log.append(("duty", self.pin, duty))


class WDT:
    def __init__(self, id=0, timeout=5000):
        WORLD.log.append(("wdt", timeout))

    def feed(self):
        WORLD.log.append(("feed",))


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id):
        self.id = id
        self.callback = None

    def init(self, mode=1, period=0, callback=None):
        self.callback = callback
        WORLD.log.append(("timer", self.id, period))


class Partition:
    """esp32.Partition, as far as a board looks one up."""

    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, label):
        self.label = label

    @classmethod
    def find(cls, type=0, subtype=0xFF, label=None):
        return [cls(label)] if type == cls.TYPE_DATA and label in WORLD.partitions else []


class _Esp32:
    Partition = Partition


class Time:
    """The board's `time`: virtual, wrapping at 2**30 as on a 32-bit port. sleep runs the hooks."""

    def ticks_us(self):
        return WORLD.now_us % PERIOD

    def ticks_ms(self):
        return WORLD.now_us // 1000 % PERIOD

    def ticks_diff(self, a, b):
        return (a - b + PERIOD // 2) % PERIOD - PERIOD // 2

    def sleep_us(self, us):
        WORLD.now_us += us

    def sleep_ms(self, ms):
        WORLD.now_us += ms * 1000
        for hook in WORLD.hooks:
            hook()


def boards_folder():
    """boards/ beside the firmware folder that the runner has put on the path."""
    for path in sys.path:
        if path == "firmware" or path.endswith("/firmware"):
            return path[: -len("firmware")] + "boards"
    raise OSError("firmware/ is not on the path")


def load(board):
    """Import a board afresh against this fake; returns (module, its pins module). The real modules come back."""
    WORLD.reset()
    fakes = {"machine": sys.modules[__name__], "esp32": _Esp32, "time": Time()}
    saved = {}
    folder = boards_folder()
    sys.path.insert(0, folder)
    for name, fake in fakes.items():
        saved[name] = sys.modules.get(name)
        sys.modules[name] = fake
    for name in (board, board + ".pins", "bringup"):
        sys.modules.pop(name, None)
    try:
        module = __import__(board)
        pins = __import__(board + ".pins", None, None, ("PINS",))
    finally:
        for name, real in saved.items():
            if real is None:
                del sys.modules[name]
            else:
                sys.modules[name] = real
        sys.path.remove(folder)
        for name in (board, board + ".pins", "bringup"):
            sys.modules.pop(name, None)
    return module, pins
