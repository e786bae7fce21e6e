# SPDX-License-Identifier: MIT
"""Two years of profiles on the NOR: how many slots one day out of the middle touches, what it wears, what it takes.

The load profile on the driver and the model of the W25Q128, half-hours one after the other. An interval cut at every byte while
it is closed: tests_host/bench/test_power_cut_profiles.py.
"""

from app.records.load_profile import LoadProfile
from app.records.profile_state import ProfileState
from app.store import layout
from app.store.blocks import Blocks
from drivers.crc32 import Crc32
from drivers.w25q import W25Q

from host_tools.bench.bus import SpiBus
from host_tools.bench.chips.w25q import W25q
from host_tools.bench.clock import VirtualClock
from host_tools.bench.storage import SparseStorage
from host_tools.bench.wear import ENDURANCE_ERASES

NOR_BYTES = 16 * 1024 * 1024
MINUTES = 30
FIRST_DAY = 9497
PASS_MS = 10
SCAN_MS_MOST = 10  # of virtual time in a pass
READS_A_DAY_MOST = 2 * 16 + 4 + 49  # two halvings of 2**16 slots, torn ones, and the day's own


class _Clock:
    valid = True
    adjusted = 0
    generation = 1

    def __init__(self, minute):
        self.set(minute)

    def set(self, minute):
        self.day = FIRST_DAY + minute // 1440
        self.second = minute % 1440 * 60


class _Config:
    interval_min = MINUTES


class _Cold:
    def load_into(self, cold_id, buf):
        return 0

    def save(self, cold_id, buf):
        return True


class _Log:
    def append_now(self, code, extra):
        """What wraps is told; nobody asks here."""


class Bench:
    """A load profile on a NOR of its own. call_us: what a bus call costs (costs.py)."""

    def __init__(self, call_us=80):
        self.time = VirtualClock()
        self.chip = W25q(self.time, NOR_BYTES, storage=SparseStorage(NOR_BYTES))
        self.spi = SpiBus(self.time, 8_000_000, call_us)
        self.cs = self.spi.attach(self.chip)
        self.served = [0, 0, 0, 0, 0, 0]
        self.minute = 0

    def boot(self):
        """Returns the most virtual milliseconds that one pass of the scan took."""
        self.blocks = Blocks(W25Q(self.spi, self.cs, self.time), Crc32(), False, 1)
        self.ring = self.blocks.ring[layout.RING_LOAD_0]
        self.clock = _Clock(self.minute)
        self.profile = LoadProfile(self.ring, self.clock, self.served, _Config(), ProfileState(_Cold(), 12, _Log()), 0)
        self.profile.start(True)
        return self.settle()

    def settle(self):
        longest = 0
        while self.blocks.restless or self.ring.staged or self.profile.restless:
            begun = self.time.now_us
            scanned = self.ring.scanned
            self.blocks.poll(False, True)
            if not scanned:
                longest = max(longest, self.time.now_us - begun)
            self.profile.poll(0, False)
            self.time.sleep_ms(PASS_MS)
        return longest / 1000

    def interval(self):
        """Half an hour with an energy of its own."""
        self.minute += MINUTES
        self.served[0] += self.minute % 977
        self.clock.set(self.minute)
        self.profile.poll(0, True)
        for _ in range(4 * len(self.blocks.parts)):
            self.blocks.poll(False, True)
        self.settle()


def prove(full):
    """One line: slots touched, wear, depth. full: two years; else 60 days."""
    days = 731 if full else 60
    bench = Bench()
    bench.boot()
    bench.profile.poll(0, True)
    bench.settle()
    bench.chip.erases = [0] * len(bench.chip.erases)
    for _ in range(days * 48):
        bench.interval()
    scan_ms = bench.boot()
    assert scan_ms <= SCAN_MS_MOST, f"{scan_ms:.1f} ms of scan in a pass"
    bench.profile.poll(0, True)
    bench.settle()
    profile, ring = bench.profile, bench.ring
    day = days // 2
    before = ring.reads
    index = profile.find((FIRST_DAY + day) * 1440)
    energies = []
    while profile.read(index) and profile.day == FIRST_DAY + day:
        energies.append(profile.energy_wh[0])
        index += 1
    touched = ring.reads - before
    expected = [(day * 1440 + (n + 1) * MINUTES) % 977 for n in range(48)]
    assert energies == expected, f"day {day}: {energies}"
    assert touched <= READS_A_DAY_MOST, f"{touched} slots read for one day"
    assert ring.depth >= 731 * 48, f"depth {ring.depth}"
    first, sectors = layout.plan(NOR_BYTES // 4096, False, 1)[layout.RING_LOAD_0]
    a_year = sum(bench.chip.erases[first : first + sectors]) / sectors * 365.25 / days
    used = sum(place[1] for place in layout.plan(NOR_BYTES // 4096, False, 1) if place)
    return (
        f"{days} days of half-hours: a day out of the middle reads {touched} of {ring.slots} slots; depth {ring.depth} "
        f"({ring.depth // 48} days); {a_year:.2f} erases a sector-year beside {ENDURANCE_ERASES}; "
        f"{used * 4} KiB of 16384 in use; "
        f"scan at most {scan_ms:.1f} ms a pass"
    )
