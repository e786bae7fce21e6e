# SPDX-License-Identifier: MIT
"""All profiles of a two-element meter together, on the NOR of the virtual board."""

from app.metrology.sample import ENERGY, QUANTITIES, Sample
from app.records.profile import TEST_MODE
from app.records.profiles import Profiles
from app.store import layout
from app.store.blocks import Blocks
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from drivers.w25q import W25Q
from fakes_profile import DAY, FakeClock, FakeLog, IntervalConfig
from fakes_store import FakeBytes

from host_tools.bench.costs import costs
from host_tools.bench.virtual_board import VirtualBoard
from host_tools.bench.world import World


class Element:
    def __init__(self):
        self.sample = Sample()
        self.sample.flags = ENERGY | QUANTITIES
        self.sample.rms_voltage_mv = 231_400


class Period:
    period_s = 1800


def test_a_day_of_two_elements():
    world = World(1, costs("esp32_devkitc"), 10**12)
    hw = VirtualBoard(world, variant="e2c2").hardware(0)
    blocks = Blocks(W25Q(hw.flash_spi, hw.flash_cs, hw.clock), Crc32(), False, 2)
    clock = FakeClock()
    clock.passed_s = 0
    served = [[0] * 6, [0] * 6]
    cold = ColdStore(FakeBytes(), layout.COLD_BASE, Crc32())
    half_hour = IntervalConfig(30)
    elements = [Element(), Element()]
    profiles = Profiles(blocks, clock, elements, served, cold, 12, half_hour, half_hour, Period(), FakeLog())
    profiles.start(True)

    def passes():
        while blocks.restless or profiles.restless:
            begun = world.clock.now_us
            blocks.poll(False, True)
            profiles.poll(0, False)
            assert world.clock.now_us - begun < 20_000, "a pass is bounded"
            world.clock.sleep_ms(20)

    passes()
    profiles.poll(0, True)  # the store is known now: they begin
    passes()
    while clock.at < 86_400:
        step = min(600, profiles.until_s())
        served[0][0] += 100
        served[1][1] += 7
        clock.set(clock.at + step)
        clock.passed_s = step
        if clock.at == 7200:
            profiles.stand(TEST_MODE, True)
        if clock.at == 9000:
            profiles.stand(TEST_MODE, False)
        profiles.poll(0, True)
        for _ in range(3):
            blocks.poll(False, True)
        passes()
    first, second = profiles.load
    assert [part.count for part in (first, second, profiles.instrumentation)] == [48, 48, 48]
    assert profiles.voltage.count == 48 and profiles.daily.count == 1
    energies = []
    for index in range(48):
        assert first.read(index) and second.read(index) and profiles.instrumentation.read(index)
        energies.append((first.energy_wh[0], second.energy_wh[1], profiles.instrumentation.values[0]))
        assert (first.status_read & TEST_MODE != 0) == (index in (3, 4))
    assert sum(row[0] for row in energies) == served[0][0] and sum(row[1] for row in energies) == served[1][1]
    assert energies[10] == (300, 21, 2314)
    assert profiles.daily.read(0) and profiles.daily.energy_wh[0] == served[0][0] and profiles.daily.day == DAY
    assert profiles.voltage.read(47) and (profiles.voltage.second, profiles.voltage.mean_dv) == (86_400, 2314)
