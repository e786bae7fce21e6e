# SPDX-License-Identifier: MIT
"""Conservation: not one count is made or lost between the chip's accumulator and the registers.

After every pass, for each kind of energy the chip counts, in units of the model (integers, no tolerance):

    registers + residue + open second + dropped + still in the chip + lost = unwrapped accumulator of the model

registers: import less export, roll-overs undone. dropped: what the world knows that the processor took and could not keep:
counts read and not yet saved when it was reset (ATM90E26: its registers are clear then; the ADE9153A's run on, and nothing is
dropped), counts the driver discards as metered before the chip was configured (`discarded_*`), and counts that had been read,
not yet accepted, when the chip was reset. lost: what went down with the chip.
With flipped bits the same holds for the ADE9153A after every pass without a flip. The ATM90E26 clears what it shows: a frame
that was damaged beyond recovery is a count gone or made, and those are counted here and bounded by one pulse an event.

Over twenty years the registers equal Fraction arithmetic on the accepted counts, through the roll-over at 10^9 Wh.
"""

from fractions import Fraction

from app.metrology.registers import MODULUS_WH
from app.metrology.sample import ENERGY

from host_tools.bench.job import Job

CHIPS = ("ade9153a", "atm90e26")
UNITS = {"ade9153a": 8192, "atm90e26": 360_000_000_000_000}  # of one count
KINDS = {"ade9153a": ("active", "reactive", "apparent"), "atm90e26": ("active", "reactive")}
LOADS = ("2300W,0.8L", "square:3000W:3s", "square:2kW:0.4s", "home:5")
RESETS = "chip_reset=6,mcu_reset=6,hang=1"
FLIPS = "spi_flip=1e-4,chip_reset=2,mcu_reset=2"
WH = {"ade9153a": 352_704, "atm90e26": 10}  # counts
START_WH = MODULUS_WH - 3  # every register rolls over early in the run
YEAR_S = 365 * 86_400
HOUR_MS = 3_600_000


class Ledger:
    """The account of one run, kept after every pass. gap: dict kind -> units that are missing from it, 0 when it closes."""

    def __init__(self, chip, name):
        self.name = name
        self.unit = UNITS[chip]
        self.kinds = KINDS[chip]
        self.keeps = chip == "atm90e26"  # counts that were read are gone from the chip
        self.sim = None
        self.passes = 0
        self.resets = 0
        self.flips = 0
        self.moved = 0  # counts that went through the registers
        self.booked = dict.fromkeys(self.kinds, 0)  # counts, roll-overs undone
        self.dropped = dict.fromkeys(self.kinds, 0)  # units
        self.gap = dict.fromkeys(self.kinds, 0)
        self._before = None  # register images of the last pass, counts modulo the roll-over
        self._discarded = dict.fromkeys(self.kinds, 0)

    @staticmethod
    def _image(registers):
        per = registers.counts_per_wh
        return [registers.wh[i] * per + registers.residue[i] for i in range(6)]

    def on_boot(self, meter):
        registers = meter.elements[0].registers
        if self._before is None:
            for i in range(6):
                registers.wh[i] = START_WH
        else:
            self._follow(registers, self.dropped if self.keeps else None)
        self._before = self._image(registers)
        self._pending = [registers.pending_active, registers.pending_reactive, registers.pending_apparent]
        self._discarded = dict.fromkeys(self.kinds, 0)

    def _follow(self, registers, dropped=None):
        """Take the registers as they stand; what they have less than before (a restored record) is `dropped`."""
        round_trip = MODULUS_WH * registers.counts_per_wh
        image = self._image(registers)
        pending = [registers.pending_active, registers.pending_reactive, registers.pending_apparent]
        for k, kind in enumerate(self.kinds):
            moved = pending[k] - self._pending[k]
            # Apparent energy has no sign of its own: both registers hold what was counted.
            for i, sign in ((2 * k, 1), (2 * k + 1, 1 if k == 2 else -1)):
                step = (image[i] - self._before[i]) % round_trip
                if step > round_trip // 2:
                    step -= round_trip
                moved += sign * step
                self.moved += abs(step)
            self.booked[kind] += moved
            if dropped is not None:
                dropped[kind] -= moved * self.unit
        self._before = image
        self._pending = pending

    def __call__(self, meter):
        self.passes += 1
        element = meter.elements[0]
        chip = self.sim.world.lines[0].chip
        if chip.resets != self.resets:
            # What had been handed out before this pass and was not accepted went with the chip.
            self.resets = chip.resets
            for kind in self.kinds:
                self.dropped[kind] += self.gap[kind]
                self.gap[kind] = 0
        self._follow(element.registers)
        for kind in self.kinds[:2] if self.keeps else ():
            discarded = getattr(element.front_end, "discarded_" + kind)
            self.dropped[kind] += (discarded - self._discarded[kind]) * self.unit
            self._discarded[kind] = discarded
        flipped = self.sim.bench.spi.flips is not None and self.sim.bench.spi.flips.count != self.flips
        if flipped:
            self.flips = self.sim.bench.spi.flips.count
        for kind in self.kinds:
            unwrapped = chip.unwrapped(kind)
            in_chip = chip.held(kind) if self.keeps else unwrapped - chip.acknowledged(kind) - chip.lost(kind)
            account = self.booked[kind] * self.unit + self.dropped[kind] + in_chip + chip.lost(kind)
            self.gap[kind] = unwrapped - account
        if element.sample.flags & ENERGY and not flipped:
            self.check(self.sim.world.clock.now_us)

    def check(self, now_us):
        for kind in self.kinds:
            gap = self.gap[kind]
            assert not gap, f"{self.name}: {kind} off by {gap / self.unit} counts at {now_us / 1e6} s"


class FlippedLedger(Ledger):
    """For the read-to-clear chip under flipped bits: a gap that opens is counted, bounded by a pulse, and from then on part of
    the account."""

    gaps = 0

    def check(self, now_us):
        for kind in self.kinds:
            gap = self.gap[kind]
            if gap:
                pulse = self.unit * 10
                assert abs(gap) <= pulse, f"{self.name}: {kind} off by {gap / self.unit} counts at {now_us / 1e6} s"
                self.gaps += 1
                self.dropped[kind] += gap
                self.gap[kind] = 0


def ledger_run(chip, load, until_s, seed, faults, tick_ms=1000):
    """One run with the account kept at every pass; returns the Ledger."""
    name = f"seed {seed} {chip} {load} {faults}"
    job = Job(chip=chip, loads=[load], tick_ms=tick_ms, until_s=until_s, seed=seed, faults=faults)
    ledger = (FlippedLedger if chip == "atm90e26" and "spi_flip" in faults else Ledger)(chip, name)
    sim = ledger.sim = job.simulation(on_pass=ledger, on_boot=ledger.on_boot)
    sim.run()
    assert ledger.passes > until_s * 1000 // tick_ms // 2, f"{name}: {ledger.passes} passes"
    assert ledger.moved > (until_s // 60) * WH[chip], f"{name}: nothing was metered"
    return ledger


class Exact:
    """Fraction arithmetic on the counts that were accepted, netted per second as the contract says. sums: six, in Wh."""

    def __init__(self):
        self.sums = None
        self.passes = 0
        self._open = [0, 0, 0]  # counts of the second being metered
        self._second = -1

    def __call__(self, meter):
        element = meter.elements[0]
        if self.sums is None:
            for i in range(6):
                element.registers.wh[i] = START_WH
            self.sums = [Fraction(START_WH)] * 6
        self.passes += 1
        sample = element.sample
        opened = self._open
        if sample.flags & ENERGY:
            opened[0] += sample.active_counts
            opened[1] += sample.reactive_counts
            opened[2] += sample.apparent_counts
        if meter.clock.second == self._second:
            return
        self._second = meter.clock.second
        per = element.registers.counts_per_wh
        active, reactive, apparent = opened
        self.sums[active < 0] += Fraction(abs(active), per)
        self.sums[2 + (reactive < 0)] += Fraction(abs(reactive), per)
        self.sums[4 + (active < 0)] += Fraction(apparent, per)
        self._open = [0, 0, 0]


def twenty_years(chip, until_s, seed):
    """Passes an hour apart; returns how often a register went round."""
    name = f"seed {seed} {chip} {until_s} s"
    # An hour must not take the chip's counters round: below 1.4 kW.
    load = "steps:1250W,0.9L:13h:-1100W,0.95L:4h:240W,0.6L:7h"
    job = Job(chip=chip, loads=[load], tick_ms=HOUR_MS, until_s=until_s, seed=seed)
    exact = Exact()
    sim = job.simulation(on_pass=exact).run()
    registers = sim.meter.elements[0].registers
    rounds = 0
    kinds = len(KINDS[chip])
    for i in range(2 * kinds):
        want = exact.sums[i]
        rounds += want >= MODULUS_WH
        have = registers.wh[i] + Fraction(registers.residue[i], registers.counts_per_wh)
        assert have == want % MODULUS_WH, f"{name}: register {i} holds {have}, exactly {want % MODULUS_WH}"
    assert exact.passes >= until_s // 3600, f"{name}: {exact.passes} passes"
    assert rounds == 2 * kinds, f"{name}: only {rounds} registers went round"
    return exact.passes


def parts(full):
    """Arguments of `part`: the years, then the accounts."""
    years = [(chip, None, 20 * YEAR_S if full else YEAR_S // 12, 50) for chip in reversed(CHIPS)]
    accounts = [
        (chip, load, 900 if full else 140, 40 + n, faults, 1000 if n % 2 else 100)
        for n, load in enumerate(LOADS)
        for chip in CHIPS
        for faults in ("", RESETS, FLIPS)
    ]
    return years + accounts


def part(chip, load, until_s, seed, *account):
    """(passes of an account, its gaps, hourly passes)"""
    if load is None:
        return 0, 0, twenty_years(chip, until_s, seed)
    ledger = ledger_run(chip, load, until_s, seed, *account)
    return ledger.passes, getattr(ledger, "gaps", 0), 0


def conclude(full, found):
    passes, gaps, years = (sum(figures) for figures in zip(*found, strict=True))
    return (
        f"registers + residue + in the chip + lost = the model's accumulator, to the unit, at each of {passes} passes with "
        f"sign changes, resets and flipped bits (ATM90E26: {gaps} flips cost or made up to a pulse); "
        f"{years} hourly passes ({'20 years' if full else 'a month'} a chip) equal Fraction arithmetic through the roll-over"
    )


def prove(full):
    return conclude(full, [part(*arguments) for arguments in parts(full)])
