# SPDX-License-Identifier: MIT
"""Storage on the bench for the power-cut tests: a part, its real driver, and a supply that goes at a chosen byte."""

import random

from drivers.crc32 import Crc32
from drivers.fram_i2c import FramI2C
from drivers.partition_store import PartitionStore
from drivers.w25q import W25Q

from host_tools.bench.bus import I2cBus, SpiBus
from host_tools.bench.chips.fram import Fram
from host_tools.bench.chips.partition import Partition
from host_tools.bench.chips.w25q import W25q
from host_tools.bench.clock import VirtualClock
from host_tools.bench.storage import CutSwitch, PowerCut

NOR_BYTES = 1024 * 1024
USED_BYTES = 16 * 4096  # of the flash: what the tests lay rings into, kept small so that snapshots are cheap


class World:
    """clock, cut, chip; boot() gives a fresh driver as a reset would."""

    used = 0

    def __init__(self, seed=0):
        self.clock = VirtualClock()
        self.cut = CutSwitch()
        self.crc = Crc32()
        self.rng = random.Random(seed)

    def snapshot(self):
        return bytes(self.chip.storage.data[: self.used])

    def restore(self, snapshot):
        self.cycle()
        self.chip.storage.data[: self.used] = snapshot

    def cycle(self):
        """The supply goes and comes back."""
        self.cut.remaining = None
        self.chip.power(False)
        self.clock.sleep_ms(500)
        self.chip.power(True)

    def interrupted(self, action, after_bytes):
        """Run action with the supply going after so many written bytes. returns: True when it went"""
        self.cut.remaining = after_bytes
        try:
            action()
        except PowerCut:
            self.cycle()
            return True
        self.cut.remaining = None
        return False

    def bytes_of(self, action):
        """How many written bytes action takes."""
        before = self.cut.written
        action()
        return self.cut.written - before


class FramWorld(World):
    used = 32768

    def __init__(self, seed=0):
        super().__init__(seed)
        self.chip = Fram(cut=self.cut)
        self.bus = I2cBus(self.clock)
        self.bus.attach(0x50, self.chip)
        self.boot()  # a new part gets its signature; from now on a boot writes nothing

    def boot(self):
        return FramI2C(self.bus)


class NorWorld(World):
    used = USED_BYTES

    def __init__(self, seed=0):
        super().__init__(seed)
        self.chip = W25q(self.clock, NOR_BYTES, self.cut, self.rng)
        self.bus = SpiBus(self.clock, 10_000_000)
        self.cs = self.bus.attach(self.chip)

    def boot(self):
        return W25Q(self.bus, self.cs, self.clock)


class PartitionWorld(World):
    used = USED_BYTES

    def __init__(self, seed=0):
        super().__init__(seed)
        self.chip = Partition(self.clock, 16, self.cut, self.rng)

    def boot(self):
        return PartitionStore(self.chip)


def drain(world, pollable, most=5000):
    """Poll, a millisecond apart, until nothing is left to do."""
    for _ in range(most):
        if not pollable.poll():
            return
        world.clock.sleep_ms(1)
    raise AssertionError("poll() never ends")


class Counters:
    """A front end as the stores see it: sixteen bytes."""

    def __init__(self, value=0):
        self.value = value

    def save_snapshot(self, buf, at):
        buf[at : at + 16] = self.value.to_bytes(16, "little")

    def load_snapshot(self, buf, at):
        self.value = int.from_bytes(buf[at : at + 16], "little")
