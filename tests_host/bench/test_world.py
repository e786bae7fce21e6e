# SPDX-License-Identifier: MIT
"""What flows changes at the world's instant, whatever the firmware was doing then and whenever it looked at the chip.

Expected energies by hand: mW x us = nJ.
"""

import random

import pytest

from host_tools.bench.chips.energy import EnergyChip
from host_tools.bench.costs import costs
from host_tools.bench.point import HiddenErrors, OperatingPoint
from host_tools.bench.world import EndOfRun, Line, World

IMPORT, EXPORT = OperatingPoint(230_000, 1_000_000), OperatingPoint(230_000, -3_000_000)
FIRST_US, SECOND_US, END_US = 310_000, 7_000, 2_000_000


class Integral(EnergyChip):
    """Counts what flows, exactly."""

    def __init__(self, clock):
        super().__init__(clock, HiddenErrors(), random.Random(1))
        self.nj = 0
        self.resets = 0

    def advance(self):
        self.catch_up()
        self.nj += self.point.active_mw * (self.clock.now_us - self.settled_us)
        self.settled_us = self.clock.now_us

    def power(self, on):
        self.advance()


def built():
    """1 kW for 310 ms, -3 kW for 7 ms, 1 kW; started."""
    world = World(1, costs("virtual"), END_US)
    chip = Integral(world.clock)
    segments = [(FIRST_US, IMPORT), (SECOND_US, EXPORT), (END_US, IMPORT)]
    world.connect([Line(segments, chip)])
    world.supply(True)
    world.pass_time(300_000)
    return world, chip


def by_hand(at_us):
    export_us = min(max(at_us - FIRST_US, 0), SECOND_US)
    return 1_000_000 * (at_us - export_us) - 3_000_000 * export_us


@pytest.mark.parametrize("looks", [(), (5_000,), (12_345,), (9_999, 10_000, 10_001), (16_999, 17_000, 30_000)])
def test_change_in_a_pass_takes_effect_at_its_own_instant(looks):
    # A pass of 40 ms that begins at 300 ms, in which the chip is looked at after so many us.
    world, chip = built()
    clock = world.clock
    for look in looks:
        clock.now_us = 300_000 + look
        chip.advance()
        assert chip.nj == by_hand(clock.now_us)
    clock.now_us = 340_000
    world.wait(clock.ticks_ms() + 100)
    chip.advance()
    assert clock.now_us == 440_000
    assert chip.nj == by_hand(440_000)
    with pytest.raises(EndOfRun):
        world.wait(clock.ticks_ms() + 5_000)
    chip.advance()
    assert chip.nj == by_hand(END_US)
    nj = world.lines[0].truth.second.closed_nj()
    assert nj["active_import_wh"] - nj["active_export_wh"] == by_hand(END_US)


def test_second_in_which_the_power_turned_is_bracketed_also_when_the_turn_was_seen_in_the_pass():
    # Two turns in the pass that began at 300 ms; it looks at the chip after the first or both. A long wait ends a second on.
    for look in (5_000, 12_000, 30_000):
        world, chip = built()
        world.end_us = 20_000_000
        clock = world.clock
        clock.now_us = 300_000 + look
        chip.advance()
        clock.now_us = 340_000
        world.wait(clock.ticks_ms() + 10_000)
        assert clock.now_us == 1_340_000
        # From here on nothing turns: the wait is as long as it was asked for.
        world.wait(clock.ticks_ms() + 10_000)
        assert clock.now_us == 11_340_000


def test_chip_looked_at_behind_the_worlds_back_is_told():
    world, chip = built()
    chip.settled_us = FIRST_US + 1
    world.clock.now_us = FIRST_US + 2
    with pytest.raises(RuntimeError):
        world.settle()
