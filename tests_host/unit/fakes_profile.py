# SPDX-License-Identifier: MIT
"""A clock, a log and a meter's life for the profiles, on every interpreter."""

from app.records.load_profile import LoadProfile
from app.records.profile_state import ProfileState
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.store.ring import Ring
from fakes_store import FakeBlocks, FakeBytes

DAY = 9497  # 2026-01-01


class FakeClock:
    """What a profile looks at; `at` counts seconds from the start of DAY."""

    def __init__(self, at=0, valid=True):
        self.adjusted = 0
        self.generation = 1 if valid else 0
        self.valid = valid
        self.set(at)

    def set(self, at):
        self.at = at
        self.day = DAY + at // 86400
        self.second = at % 86400


class FakeLog:
    def __init__(self):
        self.events = []

    def append_now(self, code, extra):
        self.events.append((code, extra))


class IntervalConfig:
    def __init__(self, minutes):
        self.interval_min = minutes


class Life:
    """A load profile on blocks that outlive it. boot() is what a reset does; run() lets seconds pass."""

    def __init__(self, at=0, minutes=30, sectors=8, blocks=None, valid=True):
        self.blocks = blocks or FakeBlocks(sectors, erase_polls=1)
        self.sectors = sectors
        self.fram = FakeBytes()
        self.crc = Crc32()
        self.log = FakeLog()
        self.config = IntervalConfig(minutes)
        self.served = [0, 0, 0, 0, 0, 0]
        self.clock = FakeClock(at, valid)
        self.boot(True)

    def boot(self, power_on=True, at_once=True):
        clock = FakeClock(self.clock.at, self.clock.valid)
        self.clock = clock
        self.ring = Ring(self.blocks, 0, self.sectors, 24, self.crc, 8, at_once)
        self.state = ProfileState(ColdStore(self.fram, 0x4000, self.crc), 12, self.log)
        self.state.restore()
        self.profile = LoadProfile(self.ring, clock, self.served, self.config, self.state, 0)
        self.profile.start(power_on)
        self.settle()

    def settle(self):
        """Passes without a second, until nothing waits."""
        for _ in range(5000):
            self.ring.poll()
            self.profile.poll(0, False)
            self.state.poll()
            if not self.profile.restless and not self.ring.poll():
                return
        raise AssertionError("never at rest")

    def second(self, seconds=1, wh=(0, 0, 0, 0)):
        """One pass in which so many seconds ended and so much energy was booked."""
        for i in range(4):
            self.served[i] += wh[i]
        self.clock.set(self.clock.at + seconds)
        self.profile.poll(0, True)
        self.settle()

    def run(self, seconds, wh=(1, 0, 0, 0), step=60):
        """In steps that end on the boundaries."""
        while seconds > 0:
            n = min(step, seconds, self.profile.until_s())
            self.second(n, wh)
            seconds -= n

    def away(self, seconds):
        self.clock.set(self.clock.at + seconds)
        self.boot(True)

    def entries(self):
        """[(minute number of the end, length, status, generation, energies)], oldest first; torn ones left out."""
        profile = self.profile
        found = []
        for index in range(profile.count):
            if profile.read(index):
                end = (profile.day - DAY) * 1440 + profile.minute
                found.append(
                    (end, profile.length_read, profile.status_read, profile.generation_read, tuple(profile.energy_wh))
                )
        return found
