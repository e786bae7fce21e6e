# SPDX-License-Identifier: MIT
"""Workloads (entry.py): passes of the whole meter from a tape, the tape's own share of them, and the app alone.

FERRARIS_TAPE: "path chip variant lcd longest_wait_ms from_pass"; earlier passes are played while a workload is built.
"""

import gc
import os

_room = [bytearray(4096)]  # the hole that firmware/main.py leaves, in the same way
from compose import compose  # noqa: E402
from tape_player import Player  # noqa: E402


def _options():
    path, chip, variant, lcd, wait_ms, from_pass = os.getenv("FERRARIS_TAPE").split(" ")
    return path, chip, variant, lcd, int(wait_ms), int(from_pass)


def _started():
    """(player, meter), the next pass being from_pass."""
    path, chip, variant, lcd, wait_ms, from_pass = _options()
    player = Player(path)
    meter = compose(player.hardware(chip, variant, lcd))
    meter.set_longest_wait(wait_ms)
    for _ in range(from_pass - 1):
        player.next_pass(meter)
        meter.poll(player.now_ms)
    _room.clear()
    gc.collect()
    gc.disable()
    return player, meter


def booted():
    """What is there after boot: for the heap it holds."""
    return _started()


def whole():
    """A pass of the firmware on the tape."""
    player, meter = _started()

    def step():
        if not player.next_pass(meter):
            raise RuntimeError("the tape has ended")
        meter.poll(player.now_ms)

    return step


def bus():
    """Only what a pass asks of buses and pins, on the same tape: the share of the fake hardware."""
    player, meter = _started()
    path, chip, variant, lcd, wait_ms, from_pass = _options()
    hw = player.hardware(chip, variant, lcd)
    gc.enable()
    calls = _calls(path, hw, from_pass, 200)
    gc.collect()
    gc.disable()
    at = [0]

    def step():
        player.next_pass(meter)
        for call, a, b, c in calls[at[0]]:
            if c is not None:
                call(a, b, c)
            elif b is not None:
                call(a, b)
            elif a is not None:
                call(a)
            else:
                call()
        at[0] += 1

    return step


def _calls(path, hw, from_pass, count):
    """[(function, argument, argument, argument)] of each of `count` passes."""
    tape = open(path, "rb")
    passes = []
    number = 0
    calls = []
    while len(passes) < count:
        head = tape.read(1)
        kind = head[0] if head else 0xFF
        if kind == 0xFF:
            break
        if kind == 1:
            tape.read(4)
            number += 1
            calls = []
            if number >= from_pass:
                passes.append(calls)
        elif kind == 2:
            tape.read(4)
            calls.append((hw.clock.ticks_ms, None, None, None))
        elif kind == 3:
            tape.read(1)
            calls.append((hw.power_fail.value, None, None, None))
        elif kind in (4, 5):
            head = tape.read(2)
            tx = tape.read(head[0] | head[1] << 8)
            calls.append((hw.afe_cs[0], 0, None, None))
            if kind == 4:
                calls.append((hw.spi[0].write_readinto, tx, bytearray(tape.read(len(tx))), None))
            else:
                calls.append((hw.spi[0].write, tx, None, None))
            calls.append((hw.afe_cs[0], 1, None, None))
        elif kind == 10:
            head = tape.read(2)
            buf = bytearray(tape.read(head[0] | head[1] << 8))
            calls.append((hw.flash_spi.readinto, buf, None, None))
        elif kind == 6:
            head = tape.read(4)
            data = tape.read(head[2] | head[3] << 8)
            calls.append((hw.i2c.writeto, head[1], data, None))
        elif kind in (7, 9):
            head = tape.read(6)
            data = bytearray(tape.read(head[4] | head[5] << 8))
            call = hw.i2c.readfrom_mem_into if kind == 7 else hw.i2c.writeto_mem
            calls.append((call, head[1], head[2] | head[3] << 8, data))
        else:
            raise ValueError("record %d in a steady pass" % kind)
    return passes


class _FrontEnd:
    """1 kW, 230 V: the sample as a front end leaves it, without a chip. It is filled once: the app only reads it."""

    def __init__(self, real, sample):
        self.counts_per_wh = real.counts_per_wh
        self.apparent_counted = real.apparent_counted
        self.chip_id = real.chip_id
        self.half_cycle = real.half_cycle
        sample.active_counts = sample.apparent_counts = 1000 * real.counts_per_wh // 3600
        sample.reactive_counts = 0
        sample.rms_voltage_mv = 230_000
        sample.rms_current_ma = 4_348
        sample.active_power_mw = 1_000_000
        sample.reactive_power_mvar = 0
        sample.apparent_power_mva = 1_000_000
        sample.power_factor_x1000 = 1000
        sample.frequency_hz_x1000 = 50_000

    def read_into(self, sample, now_ms, quantities):
        sample.flags = 3 if quantities else 1

    def events_into(self, record):
        record[0] = record[1] = record[2] = record[3] = 0

    def save_snapshot(self, buf, at):
        pass


class _Bytes:
    def write(self, address, buf):
        pass

    def read_into(self, address, buf):
        pass


class _Lcd:
    def start(self):
        pass

    def write(self, frame):
        pass

    def refresh(self, frame):
        self.write(frame)


class _Relay:
    """Stays where the real one is."""

    fault = 0

    def __init__(self, real):
        self.at = real.position()

    def poll(self, now_ms):
        return False

    def position(self):
        return self.at


class _Key:
    def pressed(self):
        return False


class _Rtc:
    def read_into(self, fields):
        return False


def _still(pin):
    """A pin that keeps its level: a function in C, as on a board."""
    return "1".isdigit if pin() else "-".isdigit


def app():
    """A pass of the app alone: every driver replaced by one that does nothing but answer."""
    wait_ms = _options()[4]
    player, meter = _started()
    gc.enable()
    for element in meter.elements:
        element.front_end = _FrontEnd(element.front_end, element.sample)
    meter.store.hot.byte_store = _Bytes()
    meter.store.cold.byte_store = _Bytes()
    for log in meter.log.logs.log:
        log.ring.store = _Bytes()
    meter.timekeeper.rtc = _Rtc()
    meter.panel.panel._lcd = _Lcd()
    meter.panel.button_a = meter.panel.button_b = _Key()
    player.stopped = True
    meter.power_good = meter.supply.power_good = _still(meter.power_good)
    inputs = meter.engines.tamper._inputs
    for n in range(len(inputs)):
        inputs[n] = _still(inputs[n])
    for switch in meter.supply.switches:
        if switch is not None:
            switch.relay = _Relay(switch.relay)
            if switch.live is not None:
                switch.live = _still(switch.live)
    now = [player.now_ms]

    def step():
        now[0] = (now[0] + wait_ms) & 0x3FFFFFFF
        meter.poll(now[0])

    gc.collect()
    gc.disable()
    for _ in range(12):  # every feature has had its turn on these parts
        step()
    if sum(meter.feature_off):
        raise RuntimeError("a feature does not run on these parts")
    return step
