# SPDX-License-Identifier: MIT
"""What a boot does and does not: no pulses, no trust in random bytes, safe mode after three boots that failed."""

import random

import pytest
from app.records import codes
from app.records.merged import merged

from host_tools.bench.job import Job, build
from host_tools.bench.world import SECOND_US


class Bench:
    """An uncalibrated simulated board, booted and run by hand."""

    def __init__(self, **options):
        self.job = Job(uncalibrated=True, tick_ms=100, until_s=3600, **options)
        self.world, self.bench = self.job.make_world()
        self.meter = None
        self.world.supply(True)

    def boot(self, cause):
        self.world.pass_time(self.world.costs.boot_us)
        self.meter = build(self.bench.hardware(cause))
        self.job.configure(self.meter)
        return self.meter

    def run(self, seconds):
        """The loop for so long."""
        end_us = self.world.clock.now_us + seconds * SECOND_US
        while self.world.clock.now_us < end_us:
            self.world.wait(self.meter.poll(self.world.clock.ticks_ms()))

    def reset(self):
        self.bench.mcu_reset()
        return self.boot(2)

    def cycle(self, dark_s=2):
        self.world.supply(False)
        self.world.pass_time(dark_s * SECOND_US)
        self.world.supply(True)
        return self.boot(0)

    def logged(self, code):
        return [event[2] for event in merged(self.meter.log.logs)].count(code)


@pytest.mark.parametrize("storage", ["fram", "partition"])
def test_twenty_boots_give_no_pulse(storage):
    b = Bench(variant="e1c2r", loads=["300W"], storage=storage)
    b.boot(0)
    for number in range(20):
        b.run(13 if number % 4 == 0 else 1)
        b.cycle() if number % 2 else b.reset()
    for relay in b.bench.relays:
        assert relay.pulses == [] and relay.closed and not relay.damage
    assert b.meter.feature_off == [0] * len(b.meter.feature_off)


@pytest.mark.parametrize("chip", ["ade9153a", "atm90e26"])
@pytest.mark.parametrize("storage", ["fram", "partition"])
def test_random_bytes_boot_and_meter(chip, storage):
    for seed in range(3):
        b = Bench(chip=chip, loads=["2300W"], storage=storage, seed=seed + 1)
        memory = b.bench.memory
        memory[:] = random.Random(seed).randbytes(len(memory))
        b.boot(0)
        b.run(8)
        registers = b.meter.elements[0].registers
        # 2.3 kW is 0.64 Wh a second; the chip is up within 3 s (uncalibrated, so give or take 10 %).
        counted = registers.wh[0] + (registers.residue[0] + registers.pending_active) / registers.counts_per_wh
        assert 0.9 * 0.639 * 5 < counted < 1.1 * 0.639 * 8, (seed, counted)
        assert b.meter.store.flagged
        assert not b.meter.safe
        assert b.bench.relays[0].pulses == []


def test_both_hot_slots_damaged_are_told():
    b = Bench(loads=["2300W"])
    b.boot(0)
    b.run(8)
    b.bench.memory[0x100:0x110] = b"\x55" * 16
    b.bench.memory[0x180:0x190] = b"\x55" * 16
    b.cycle()
    assert b.logged(codes.NVM_FAULT) == 1
    assert b.meter.store.flagged


@pytest.mark.parametrize("storage", ["fram", "partition"])
def test_three_boots_that_failed_lead_to_safe_mode(storage):
    b = Bench(variant="e1c2r", loads=["2300W"], storage=storage)
    b.boot(0)
    for number in range(3):
        b.run(20)
        b.reset()
        assert b.meter.safe == (number == 2)
    assert b.logged(codes.INTEGRITY_ISSUE) >= 1
    lcd_writes = b.bench.lcd.segments()
    before = b.meter.elements[0].registers.wh[0]
    b.run(59)
    # Metering goes on, and nothing else: neither panel nor coils.
    assert b.meter.elements[0].registers.wh[0] - before >= 33
    assert b.bench.lcd.segments() == lcd_writes
    assert all(relay.pulses == [] for relay in b.bench.relays)
    # A minute proves the boot: the next one is an ordinary one again.
    b.run(3)
    b.reset()
    assert not b.meter.safe


def test_a_supply_that_comes_and_goes_is_no_failed_boot():
    b = Bench(loads=["2300W"])
    b.boot(0)
    for _ in range(6):
        b.run(20)
        b.cycle()
    assert b.meter.store.boots_failed == 0 and not b.meter.safe


def test_service_mode_has_no_watchdog_and_no_coils():
    b = Bench(variant="e1c2r", loads=["2300W"])
    hardware = b.bench.hardware(0)
    hardware.service = True
    hardware.watchdog = None  # what a board's build() leaves out then
    b.world.pass_time(b.world.costs.boot_us)
    b.meter = build(hardware)
    b.world.watchdog_on = False
    b.run(15)
    assert not b.world.watchdog_on
    assert b.meter.supply is None
    assert b.meter.elements[0].registers.wh[0] >= 5
    assert all(relay.pulses == [] for relay in b.bench.relays)
