# SPDX-License-Identifier: MIT
"""What every real board does the same way when it fills in a Hardware record: coils low first, the rest by pin table.

A pin table is a tuple of (signal, pin, direction, note); directions:

    "coil"  output, low before anything else, low at every boot
    "low"   output that starts low           "high"  output that starts high
    "in"    input                            "up"    input with the internal pull-up
    "edge"  input with pull-up whose falling edge ends a wait; "edge-" the same on a pin that has no pull-up
    "irq"   input without pull-up whose change to the active level of the energy chip ends a wait
    "bus"   belongs to an SPI, I2C or UART   "claim" kept free for the signal, configured by whoever opens it

Runs once, before the meter: it may allocate. Context: main, no interrupt yet.
"""

import os
import time

import machine
from micropython import const

VARIANTS = ("e1c1", "e1c1r", "e1c2", "e1c2r", "e2c2")
CHIPS = ("ade9153a", "atm90e26")

# ATM90E26 datasheet 6.1 and table 11: SCLK high at least 3.67 us, so a 50 % clock ends at 136 kHz; 125 kHz divides the
# ESP32's 80 MHz exactly. ADE9153A datasheet p. 7, table 3: 10 MHz at most; 1 MHz is what the vendor's own code runs.
ADE9153A_BAUD = const(1_000_000)
ATM90E26_BAUD = const(125_000)

_TICK_MASK = const(0x3FFFFFFF)
_WATCHDOG_MS = const(8000)
_HOLD_MS = const(5000)  # button A this long at boot: service mode
_HOLD_STEP_MS = const(50)
_SERVICE_FLAG = "service"  # file in the root of the file system, set and removed by `meter deploy`
_EDGE_LATENCY_MS = const(5)


def check(variant, chip, variants=VARIANTS):
    """Raise ValueError with one line if this board cannot be built so."""
    if variant not in variants:
        raise ValueError(
            "variant '%s' is not possible on this board: choose one of %s" % (variant, ", ".join(variants))
        )
    if chip not in CHIPS:
        raise ValueError("chip '%s' is unknown: choose one of %s" % (chip, ", ".join(CHIPS)))


def relays(variant):
    """Which of K1 primary, K2 secondary, K3 auxiliary a variant has: three bools."""
    return True, "c2" in variant, variant.endswith("r")


class Pace:
    """Time and the wait between two passes. `edge` is the handler of every input edge (scheduled, not hard).

    The wait sleeps in steps of 5 ms: sleep_ms idles the core on both ports and runs scheduled handlers, but cannot be
    ended from outside, so the step is what an edge waits at most. No lightsleep: it would stop the UARTs and USB.
    """

    def __init__(self):
        self._edge = False

    def edge(self, _pin):
        self._edge = True

    def now_ms(self):
        """Wrapping tick 0..2**30-1."""
        return time.ticks_ms() & _TICK_MASK

    def wait(self, until_ms):
        """Let time pass until the tick `until_ms` or an input edge; an edge since the last wait ends it at once."""
        while not self._edge:
            left_ms = time.ticks_diff(until_ms, time.ticks_ms() & _TICK_MASK)
            if left_ms <= 0:
                break
            time.sleep_ms(left_ms if left_ms < _EDGE_LATENCY_MS else _EDGE_LATENCY_MS)
        self._edge = False


class Strap:
    """ADE9153A serial-port straps (datasheet p. 30): SS low, SCLK high while RESET is low and 100 ms after choose SPI.

    strap(ss, 0 | 1) takes SCLK from the SPI and drives it; strap(ss, None) gives it back. `settings` are the keyword
    arguments of spi.init: deinit comes first, because the ESP32 port skips an init that changes nothing.
    """

    def __init__(self, spi, sclk, settings):
        self._spi = spi
        self._sclk = sclk
        self._settings = settings

    def __call__(self, ss, sclk_level):
        if sclk_level is None:
            ss(1)
            self._spi.init(**self._settings)
        else:
            self._spi.deinit()
            machine.Pin(self._sclk, machine.Pin.OUT, value=sclk_level)
            ss(0)


class OneShot:
    """Ends a coil pulse from a timer, besides the meter's own loop. One pulse at a time."""

    def __init__(self, timer):
        self._timer = timer
        self._coil = None
        self._callback = self._fire  # the bound method is made once

    def start(self, ms, coil):
        self._coil = coil
        self._timer.init(mode=machine.Timer.ONE_SHOT, period=ms, callback=self._callback)

    def _fire(self, _timer):
        self._coil(0)


class PwmSwitch:
    """A PWM output that looks like a Pin: on is `duty` of 65535, off is 0."""

    def __init__(self, pwm, duty):
        self._pwm = pwm
        self._duty = duty
        self._on = 0
        pwm.duty_u16(0)

    def value(self, on=None):
        if on is None:
            return self._on
        self._on = 1 if on else 0
        self._pwm.duty_u16(self._duty if on else 0)
        return None

    __call__ = value


class Pins:
    """A pin table, looked up by signal."""

    def __init__(self, table):
        self._table = table

    def coils_low(self):
        """The first thing a board does: every coil gate low, fitted or not, whatever the pins did at reset."""
        for row in self._table:
            if row[2] == "coil":
                machine.Pin(row[1], machine.Pin.OUT, value=0)

    def id(self, signal):
        """Pin number or name; KeyError if the table has no such signal."""
        for row in self._table:
            if row[0] == signal:
                return row[1]
        raise KeyError(signal)

    def get(self, signal, handler=None, rising=False):
        """The Pin of a signal in its boot state, or None if the table has no such signal. rising: which edge of it counts."""
        for row in self._table:
            if row[0] == signal:
                return self._open(row[1], row[2], handler, rising)
        return None

    def _open(self, pin, direction, handler, rising):
        Pin = machine.Pin
        if direction in ("coil", "low", "high"):
            return Pin(pin, Pin.OUT, value=1 if direction == "high" else 0)
        if direction == "up":
            return Pin(pin, Pin.IN, Pin.PULL_UP)
        if direction == "in":
            return Pin(pin, Pin.IN)
        if direction in ("edge", "edge-", "irq"):
            made = Pin(pin, Pin.IN, Pin.PULL_UP) if direction == "edge" else Pin(pin, Pin.IN)
            if handler is not None:
                made.irq(handler=handler, trigger=Pin.IRQ_RISING if rising else Pin.IRQ_FALLING)
            return made
        raise ValueError("signal on pin %s is not a Pin" % pin)


def _reset_cause():
    cause = machine.reset_cause()
    if cause == machine.WDT_RESET:
        return 1
    return 0 if cause == machine.PWRON_RESET else 2


def _flag():
    try:
        os.stat(_SERVICE_FLAG)
    except OSError:
        return False
    return True


def _held(button):
    """True when the (active-low) button is held all of five seconds; returns at once when it is not pressed."""
    for _ in range(_HOLD_MS // _HOLD_STEP_MS):
        if button():
            return False
        time.sleep_ms(_HOLD_STEP_MS)
    return True


def fill(hw, pins, variant, chip):
    """Everything a Hardware record takes from the pin table alone. The caller adds the buses, then calls `arm`."""
    pace = Pace()
    edge = pace.edge  # bound once, shared by all inputs
    hw.boot_us = time.ticks_us() & _TICK_MASK  # the ports count from their own start: the boot ROM's share is not in it
    hw.clock = time
    hw.now_ms = pace.now_ms
    hw.wait = pace.wait
    hw.variant = variant
    hw.chip = chip
    fitted = relays(variant)
    for k in range(3):
        name = "k%d_" % (k + 1)
        hw.k_set.append(pins.get(name + "set") if fitted[k] else None)
        hw.k_reset.append(pins.get(name + "reset") if fitted[k] else None)
        hw.k_feedback.append(pins.get(name + "feedback") if fitted[k] else None)
    elements = 2 if variant == "e2c2" else 1
    for element in range(elements):
        suffix = "2" if element else ""
        hw.afe_cs.append(pins.get("afe_cs" + suffix))
        # The ATM90E26 is reset by software; an output there would fight whatever the breakout has on that pin.
        hw.afe_reset.append(pins.get("afe_reset" + suffix) if chip == "ade9153a" else None)
        # IRQ of the ADE9153A is active low; WarnOut of the ATM90E26, wired here, is active high.
        hw.afe_irq.append(pins.get("afe_irq" + suffix, edge, chip == "atm90e26"))
        hw.afe_cf.append(pins.get("afe_cf" + suffix))
    hw.button_a = pins.get("button_a", edge)
    hw.button_b = pins.get("button_b", edge)
    hw.power_fail = pins.get("power_fail", edge)
    pins.get("expander_int", edge)
    hw.terminal_cover = pins.get("terminal_cover")
    hw.main_cover = pins.get("main_cover")
    hw.magnet = pins.get("magnet")
    hw.pulse_led = pins.get("pulse_led")
    hw.radio_reset = pins.get("radio_reset")
    hw.radio_sleep = pins.get("radio_sleep")
    hw.radio_on = pins.get("radio_on")


def arm(hw):
    """Last step: service mode or watchdog. A watchdog cannot be stopped, so service mode never starts it."""
    hw.reset_cause = _reset_cause()
    hw.service = _flag() or _held(hw.button_a)
    if not hw.service:
        hw.watchdog = machine.WDT(timeout=_WATCHDOG_MS)
    return hw
