# SPDX-License-Identifier: MIT
"""The ATM90E26 driver against the model, over the bench's SPI bus at 125 kHz: starts, energies, every flipped bit."""

import random

import pytest
from drivers.atm90e26 import ATM90E26
from drivers.atm90e26_energy import EnergyPass

from host_tools.bench.bus import BitFlipper, SpiBus
from host_tools.bench.chips.atm90e26 import ATM90E26Model
from host_tools.bench.clock import VirtualClock
from host_tools.bench.point import HiddenErrors, OperatingPoint

ENERGY, QUANTITIES, RESTARTED, DOWN, SUSPECT, NO_LOAD, REPAIRED = 1, 2, 4, 8, 16, 32, 64
PULSE = 10  # counts: what one unprovable fault may cost


class Sample:
    flags = 0
    active_counts = reactive_counts = apparent_counts = 0


class OneFlip:
    """Flips bit `at` of everything that passes (MOSI and MISO of each frame in turn, 24 bits each), once."""

    def __init__(self, at):
        self.at = at
        self.done = False

    def apply(self, data):
        bits = len(data) * 8
        at, self.at = self.at, self.at - bits
        if not 0 <= at < bits:
            return data
        out = bytearray(data)
        out[at >> 3] ^= 0x80 >> (at & 7)
        self.done = True
        return out


class Bench:
    def __init__(self, point=None, **model):
        self.clock = VirtualClock()
        self.chip = ATM90E26Model(self.clock, HiddenErrors(), random.Random(1), **model)
        self.bus = SpiBus(self.clock, 125_000)
        self.cs = self.bus.attach(self.chip)
        if point is not None:
            self.chip.set_point(point)
        self.boot()
        self.active = self.reactive = 0
        self.flags = []

    def boot(self):
        self.driver = ATM90E26(self.bus, self.cs, self.clock)
        self.sample = Sample()

    def read(self, quantities=True, after_ms=1000):
        self.clock.sleep_ms(after_ms)
        self.driver.read_into(self.sample, self.clock.ticks_ms(), quantities)
        flags = self.sample.flags
        if flags & ENERGY:
            self.active += self.sample.active_counts
            self.reactive += self.sample.reactive_counts
        else:
            assert self.sample.active_counts == self.sample.reactive_counts == 0
        self.flags.append(flags)
        return flags

    def start(self):
        for _ in range(20):
            if self.read(after_ms=20) & ENERGY:
                return self
        raise AssertionError("did not start: %r" % self.flags)

    def chip_counts(self, kind):
        return self.chip.acknowledged(kind) // (self.chip.units_per_wh // 10)


IMPORT = OperatingPoint(230_000, 10_000_000, 6_000_000)
POINTS = {
    "import inductive": IMPORT,
    "import capacitive": OperatingPoint(230_000, 10_000_000, -6_000_000),
    "export inductive": OperatingPoint(230_000, -10_000_000, 6_000_000),
    "export capacitive": OperatingPoint(230_000, -10_000_000, -13_000_000),
    "reactive above active": OperatingPoint(230_000, 5_000_000, -14_000_000),
}


def test_start_from_power_on_reads_true_quantities():
    bench = Bench(OperatingPoint(230_000, 2_300_000)).start()
    assert bench.flags[0] & RESTARTED or bench.flags[1] & RESTARTED
    assert sum(1 for f in bench.flags if f & RESTARTED) == 1
    assert all(f & DOWN for f in bench.flags[:-1])
    s = bench.sample
    assert bench.flags[-1] == ENERGY | QUANTITIES
    assert (s.rms_voltage_mv, s.rms_current_ma, s.active_power_mw) == (230_000, 10_000, 2_300_000)
    assert (s.reactive_power_mvar, s.apparent_power_mva) == (0, 2_300_000)
    assert (s.power_factor_x1000, s.frequency_hz_x1000) == (1000, 50_000)
    assert bench.driver.fault == 0


def test_no_pass_of_a_start_takes_longer_than_20_ms():
    bench = Bench(IMPORT)
    while not bench.sample.flags & ENERGY:
        before = bench.clock.now_us
        bench.read(after_ms=0)
        assert bench.clock.now_us - before <= 20_000
        bench.clock.sleep_ms(20)
    assert len(bench.flags) < 12


@pytest.mark.parametrize("name", POINTS)
def test_an_hour_of_energy_is_the_truth(name):
    point = POINTS[name]
    bench = Bench(point).start()
    begin = bench.clock.now_us
    active, reactive = bench.active, bench.reactive
    for _ in range(120):
        assert bench.read(after_ms=30_000) & (ENERGY | SUSPECT) == ENERGY
    hours = (bench.clock.now_us - begin) / 3.6e9
    # 0.1 Wh counts; PL_constant is rounded by 9e-8, the first and last count may be cut.
    assert abs(bench.active - active - point.active_mw / 100 * hours) <= 2
    assert abs(bench.reactive - reactive - point.reactive_mvar / 100 * hours) <= 2
    assert bench.driver.address_errors == bench.driver.crc_errors == bench.driver.rejects == 0


def test_every_count_is_accepted_or_discarded():
    bench = Bench(IMPORT).start()
    for n in range(200):
        bench.chip.set_point(OperatingPoint(230_000, 5_000_000 * (1 if n % 7 else -1), 3_000_000 - 40_000 * n))
        bench.read(n % 3 == 0, 100 + n)
    bench.chip.advance()
    driver = bench.driver
    assert bench.active + driver.discarded_active == bench.chip_counts("active")
    assert bench.reactive + driver.discarded_reactive == bench.chip_counts("reactive")


def test_reset_is_noticed_by_the_next_pass_and_repaired():
    bench = Bench(IMPORT).start()
    bench.read()
    bench.chip.force_reset()
    bench.clock.sleep_ms(10)
    assert bench.read(after_ms=0) == RESTARTED | DOWN
    bench.start()
    assert bench.flags[-1] & (ENERGY | RESTARTED | DOWN) == ENERGY
    assert sum(1 for f in bench.flags if f & RESTARTED) == 2  # power-on, and this one
    assert bench.driver.resets == 2
    assert [bench.chip.regs[a] for a in (0x20, 0x30)] == [0x8765, 0x8765]


def test_reset_in_the_middle_of_a_start():
    bench = Bench(IMPORT)
    for _ in range(6):
        bench.read(after_ms=20)
        bench.chip.force_reset()
    bench.start()
    assert bench.read() & ENERGY


def test_mcu_reboot_loses_nothing():
    bench = Bench(IMPORT).start()
    for _ in range(5):
        bench.clock.sleep_ms(60_000)
        resets = bench.chip.resets
        bench.boot()
        assert bench.read(after_ms=0) & (ENERGY | RESTARTED | DOWN | SUSPECT) == ENERGY
        assert bench.chip.resets == resets
    units = bench.chip.units_per_wh // 10
    discarded = bench.chip.acknowledged("active") // units - bench.active
    assert 0 <= discarded <= 1  # at the first start only
    assert bench.active >= 8330  # 10 kW for 300 s


def test_no_flip_in_the_first_pass_after_a_reboot_costs_what_was_held():
    # A reset by the watchdog leaves the chip with 8 s of counts, and then its configuration is looked through: 40 to 45 are one
    # address bit from 00 to 05.
    bench = Bench(IMPORT).start()
    bench.bus.flips = flipper = OneFlip(-1)
    frames = bench.chip.frames
    bench.boot()
    bench.read()
    ledger = Ledger(bench)
    for n in range((bench.chip.frames - frames) * 48):
        bench.boot()
        ledger.mark()
        bench.clock.sleep_ms(8000)
        flipper.at = n
        while not bench.read(False, after_ms=20) & ENERGY:
            pass
        for _ in range(3):
            bench.read(False)
        assert max(abs(c) for c in ledger.change()) <= PULSE, (n, ledger.change())


@pytest.mark.parametrize("level", [0, 1])
def test_stuck_miso_is_a_fault_and_costs_nothing(level):
    bench = Bench(IMPORT).start()
    before = bench.active
    bench.bus.miso_stuck = level
    for _ in range(5):
        assert bench.read() == SUSPECT
    assert bench.driver.fault == (1 if level else 2)
    bench.bus.miso_stuck = None
    assert bench.read() & ENERGY
    assert bench.driver.fault == 0
    assert bench.active - before >= 165  # 6 s at 10 kW: 166 counts
    assert bench.driver.resets == 1


def test_stuck_miso_at_boot_never_claims_energy():
    bench = Bench(IMPORT)
    bench.bus.miso_stuck = 0
    for _ in range(5):
        assert bench.read() == DOWN | SUSPECT
    assert bench.driver.fault == 2


class Ledger:
    """Counts accepted against counts that the chip handed out: 0 in a meter without faults."""

    def __init__(self, bench):
        self.bench = bench
        self.mark()

    def _debts(self):
        b = self.bench
        unit = b.chip.units_per_wh // 10
        truth = [(b.chip.unwrapped(k) - b.chip.held(k) - b.chip.lost(k)) // unit for k in ("active", "reactive")]
        return (
            b.active + b.driver.discarded_active - truth[0],
            b.reactive + b.driver.discarded_reactive - truth[1],
        )

    def mark(self):
        self.before = self._debts()

    def change(self):
        """(active, reactive) counts gained (> 0) or lost since the mark."""
        now = self._debts()
        return now[0] - self.before[0], now[1] - self.before[1]


def counters(driver):
    return driver.crc_errors + driver.address_errors + driver.retries + driver.rejects


def settings(chip):
    return chip.regs[0x20:0x2D] + chip.regs[0x30:0x3C] + chip.regs[0x02:0x05]


def frames_of_a_pass(point):
    bench = Bench(point).start()
    before = bench.chip.frames
    bench.read()
    return bench.chip.frames - before


def every_fault(bench, count, inject):
    """Each fault of a pass in turn, then three clean passes: what stays wrong is what the fault cost for good."""
    ledger = Ledger(bench)
    configured = settings(bench.chip)
    resets = bench.chip.resets
    worst = 0
    for n in range(count):
        before = counters(bench.driver)
        inject(n)
        bench.read()
        for _ in range(3):
            bench.read(False)
            assert bench.sample.flags & ENERGY
        cost = max(abs(c) for c in ledger.change())
        assert cost <= PULSE, (n, ledger.change())
        assert cost <= 2 or counters(bench.driver) != before, (n, ledger.change())
        assert settings(bench.chip) == configured, n
        worst = max(worst, cost)
        ledger.mark()
    assert bench.chip.resets == resets  # nothing here is a reason to reset the chip
    return worst


@pytest.mark.parametrize("name, sets_last", [(name, True) for name in POINTS] + [("export capacitive", False)])
def test_every_single_flip_of_a_pass_is_harmless_or_bounded(name, sets_last):
    bench = Bench(POINTS[name], write_sets_last=sets_last).start()
    bench.bus.flips = flipper = OneFlip(-1)
    done = []

    def inject(n):
        done.append(flipper.done)
        flipper.at, flipper.done = n, False

    every_fault(bench, frames_of_a_pass(POINTS[name]) * 48, inject)
    assert all(done[1:])  # each flip really happened


class Credulous(EnergyPass):
    """Believes whatever register answers."""

    def _second_look(self, k, limit):
        return 0

    def _settle(self, k):
        pass


def test_without_the_cross_check_the_same_flips_cost_more():
    # The harness can tell.
    bench = Bench(POINTS["export inductive"]).start()
    bench.bus.flips = flipper = OneFlip(-1)
    bench.driver._energy = Credulous(bench.driver._link)

    def inject(n):
        flipper.at = n

    with pytest.raises(AssertionError):
        every_fault(bench, 30 * 48, inject)


@pytest.mark.parametrize("name", POINTS)
def test_a_frame_that_the_chip_does_not_see(name):
    bench = Bench(POINTS[name]).start()
    select = bench.chip.select
    left = [-1]

    def drop(level):
        if not level:
            if left[0] == 0:
                bench.chip.drop_selects = 1
            left[0] -= 1
        select(level)

    bench.chip.select = drop

    def inject(n):
        left[0] = n

    every_fault(bench, frames_of_a_pass(POINTS[name]), inject)


def test_flips_during_a_start_never_leave_a_wrong_setting():
    clean = Bench(IMPORT).start()
    configured = settings(clean.chip)
    frames = clean.chip.frames
    for at in range(0, frames * 48, 31):
        bench = Bench(IMPORT)
        bench.bus.flips = OneFlip(at)
        for _ in range(60):
            if bench.read(after_ms=20) & ENERGY:
                break
        assert bench.flags[-1] & ENERGY, at
        bench.read()
        assert settings(bench.chip) == configured, at


def test_noise_on_the_wires_for_six_minutes():
    # 1e-4 a bit: about 280 flips (half of them in bits that nobody looks at), some twice in a pass.
    bench = Bench(IMPORT).start()
    ledger = Ledger(bench)
    bench.bus.flips = BitFlipper(random.Random(7), 1e-4)
    for n in range(3600):
        bench.read(n % 5 == 0, 100)
    bench.bus.flips = None
    for _ in range(30):
        bench.read(True, 100)
    assert bench.flags[-1] & ENERGY
    cost = max(abs(c) for c in ledger.change())
    assert counters(bench.driver) > 100
    assert cost <= 30, ledger.change()


@pytest.mark.parametrize("address", [*range(0x21, 0x2C), *range(0x31, 0x3B)])
def test_corrupted_configuration_is_repaired(address):
    bench = Bench(IMPORT).start()
    configured = settings(bench.chip)
    bench.chip.corrupt(address, 0x0004)
    for _ in range(6):
        bench.read()
    for _ in range(8):
        bench.read(after_ms=20)
    assert any(f & REPAIRED for f in bench.flags)
    assert settings(bench.chip) == configured
    assert bench.read() & ENERGY


def test_corruption_before_the_chip_scans_is_repaired_in_place():
    bench = Bench(IMPORT, scan_us=10**12).start()
    configured = settings(bench.chip)
    for address in (0x23, 0x35, 0x03, 0x04, 0x02):
        bench.chip.corrupt(address, 0x0010)
        for _ in range(62):
            bench.read()
        assert settings(bench.chip) == configured
    assert sum(1 for f in bench.flags if f & REPAIRED) == 5
    assert bench.chip.resets == 1


def test_no_load_and_power_factor():
    bench = Bench(OperatingPoint(230_000, 0)).start()
    assert bench.read() == ENERGY | QUANTITIES | NO_LOAD
    assert bench.sample.power_factor_x1000 == 1000
    bench.chip.set_point(OperatingPoint(230_000, -1_000_000))
    assert bench.read() == ENERGY | QUANTITIES
    assert (bench.sample.power_factor_x1000, bench.sample.active_power_mw) == (-1000, -1_000_000)


def test_a_gap_that_may_have_wrapped_is_suspect():
    bench = Bench(IMPORT).start()
    assert bench.read(after_ms=740_000) & (ENERGY | SUSPECT) == ENERGY
    assert bench.read(after_ms=750_000) & (ENERGY | SUSPECT) == ENERGY | SUSPECT


def test_a_clock_too_fast_never_starts():
    bench = Bench(IMPORT)
    bench.bus.baudrate = 200_000
    for _ in range(40):
        assert not bench.read(after_ms=20) & ENERGY
    assert bench.driver.fault
