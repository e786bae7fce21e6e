# SPDX-License-Identifier: MIT
"""Workloads (entry.py): a tick of this project's ATM90E26 driver on the bus of atm90e26_bus.py, and what of it is the bus.

A full tick is what the meter does once a second: heartbeat, six energy registers, status, seven readings; each register is
confirmed by LastData. The passes between two seconds read the energy registers alone.
"""

import time

from atm90e26_bus import live_part
from drivers.atm90e26 import ATM90E26
from drivers.atm90e26_profile import Profile

FULL = 6 + 7  # registers whose values a full tick delivers, each verified
ENERGY = 6
_STEP_MS = 100

# What the driver reads beside the registers of live_part(), agreeing with them: 12 counts in all, 1000 VA, running.
_MORE = ((0x42, 12), (0x4F, 1000), (0x20, 0x8765), (0x30, 0x8765), (0x02, 0x003C))


class Sample:
    """The members of app/metrology/sample.py."""

    flags = 0


def _running():
    """(driver, sample, spi, cs): the chip is found configured, two full ticks have been read."""
    spi, cs = live_part()
    registers = spi.registers
    profile = Profile(None)
    for number, value in _MORE:
        registers[number] = value
    for n in range(len(profile.metering)):
        registers[0x21 + n] = profile.metering[n]
    for n in range(len(profile.adjustment)):
        registers[0x31 + n] = profile.adjustment[n]
    registers[0x03] = profile.sag
    registers[0x2C] = profile.cs1
    registers[0x3B] = profile.cs2
    driver = ATM90E26(spi, cs, time)
    sample = Sample()
    driver.read_into(sample, (1 << 30) - _STEP_MS, True)  # the counts twice: before it looks at the settings, and after
    driver.read_into(sample, 0, True)
    if sample.flags != 3 or sample.active_counts != 12 or sample.rms_voltage_mv != 230_000:
        raise RuntimeError("flags %d" % sample.flags)
    return driver, sample, spi, cs


def _tick(quantities):
    driver, sample, _, _ = _running()
    now = [0]
    wanted = 3 if quantities else 1

    def step():
        now[0] += _STEP_MS
        driver.read_into(sample, now[0], quantities)
        if sample.flags != wanted:
            raise RuntimeError("flags %d" % sample.flags)

    return step


def full():
    return _tick(True)


def energy():
    return _tick(False)


def _frames(quantities):
    """The frames of one tick: list of bytearray."""
    driver, sample, spi, _ = _running()
    frames = []

    class Noting:
        def write_readinto(self, tx, rx):
            frames.append(bytearray(tx))
            spi.write_readinto(tx, rx)

    driver._link._transfer = Noting().write_readinto
    driver.read_into(sample, _STEP_MS, quantities)
    return frames


def _bus(frames):
    spi, cs = live_part()
    rx = bytearray(3)

    def step():
        for tx in frames:
            cs(0)
            spi.write_readinto(tx, rx)
            cs(1)

    return step


def full_bus():
    """The bare frames of a full tick: the bus's share."""
    return _bus(_frames(True))


def energy_bus():
    return _bus(_frames(False))


def seven_bus():
    """Seven registers read once each: the least that a driver of seven values can do."""
    return _bus([bytearray((0x80 | number, 0, 0)) for number in (0x49, 0x48, 0x4A, 0x4C, 0x4D, 0x40, 0x41)])


def count_frames():
    """For the record: how many frames a tick takes, full and energy alone."""
    return len(_frames(True)), len(_frames(False))
