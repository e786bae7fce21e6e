# SPDX-License-Identifier: MIT
"""Single flips: one wrong bit in any transfer of a pass moves no register by more than a pulse, and does not go unnoticed.

A pass of each kind (energy alone, with quantities, with each health read and inspection), at several operating points and with
accumulators a second old, is repeated with each of its bits on the bus turned over in its turn: address and R/W bits of every
frame to the chip, and at two of the points every other bit there and back too. The meter then runs on, and beside it the twin
whose bits were all right.

* registers, with their rests, differ by at most 1 Wh (apparent energy of the ATM90E26, which no chip counts and which goes by
  the sign of the active energy of its second: import and export together);
* where no counter and no event tells of it, it was harmless: the registers do not differ at all. Two cases of the ATM90E26 are
  bounded instead, by less than that pulse, and none of its registers tells them from rounding: a register that was missed while
  it held no more than two counts (0.2 Wh) gives them a pass later, and forward read in place of reverse, in the very pass in
  which the power turns and no more than two counts are left behind, takes the one for the other;
* readings beside the registers, unnoticed, are off by no more than 20 W and 1 % of the apparent power;
* no exception, no feature off, no register below what a reader has seen.

Every case is a fork of the process just before the pass: world, chip and meter are the same to the bit.
"""

import marshal
import os

from host_tools.bench.job import Job

CHIPS = ("ade9153a", "atm90e26")
# Load, longest wait, every bit (else the headers: address and R/W).
# Import, export, near nothing, a sign that turns, a full house.
POINTS = (
    ("2300W,0.8L", 100, True),
    ("-3kW,0.9C", 1000, False),
    ("60W,0.5L", 1000, False),
    ("square:2kW:0.9s", 1000, True),
    ("20kW", 100, False),
)
HEADER_BITS = {"ade9153a": 16, "atm90e26": 8}
WATCHED_US = 63_000_000  # passes looked through for their kinds: the slowest inspection comes once a minute
SETTLE_US = 3_500_000  # after the flip: held counts are given back, whatever was rejected is read again
READINGS = ("rms_voltage_mv", "rms_current_ma", "active_power_mw", "reactive_power_mvar", "apparent_power_mva")
UNNOTICED_MW = 20_000
LATE_COUNTS = 2  # of 0.1 Wh
LOST_MWH = 5  # of a declared loss, for the readings' sake
SUMS = ("passes", "flips", "noticed", "harmless", "unnoticed")
WORST = ("worst", "worst_unnoticed")
COUNTERS = ("crc_errors", "address_errors", "retries", "resets", "rejects", "repairs")


class OneBit:
    """In the place of the bench's BitFlipper: counts the bits that pass and turns number `at` over (-1: none)."""

    count = 0

    def __init__(self):
        self.seen = 0
        self.at = -1
        self.spans = (
            None  # to learn what a pass is made of: (first bit, bytes) of each transfer, to the chip and back in turn
        )

    def apply(self, data):
        first = self.seen
        self.seen += len(data) * 8
        if self.spans is not None:
            self.spans.append((first, bytes(data)))
        if not first <= self.at < self.seen:
            return data
        out = bytearray(data)
        out[(self.at - first) >> 3] ^= 0x80 >> ((self.at - first) & 7)
        self.at = -1
        return out


class Bench:
    """A simulation that is stepped pass by pass."""

    def __init__(self, chip, load, tick_ms, seed):
        job = Job(chip=chip, loads=[load], tick_ms=tick_ms, until_s=86_400, seed=seed)
        self.sim = job.simulation()
        self.flips = self.sim.bench.spi.flips = OneBit()
        self.sim.world.supply(True)
        self.sim._boot(0)
        self.served = [0] * 6

    @property
    def now_us(self):
        return self.sim.world.clock.now_us

    def step(self):
        """One pass and the wait after it."""
        sim = self.sim
        next_ms = sim.meter.poll(sim.world.clock.ticks_ms())
        served = list(sim.meter.store.served_wh[0])
        fell = any(a < b for a, b in zip(served, self.served, strict=True))
        self.served = served
        sim.world.wait(next_ms)
        return fell

    def metering(self):
        return bool(self.sim.meter.elements[0].flags & 1)

    def outcome(self, until_us):
        """The pass at hand and all up to `until_us`, as plain values."""
        fell = self.step()
        sample = self.sim.meter.elements[0].sample
        measured = [getattr(sample, name) for name in READINGS]
        while self.now_us < until_us:
            fell |= self.step()
        meter = self.sim.meter
        element = meter.elements[0]
        registers = element.registers
        per = registers.counts_per_wh
        counts = [registers.wh[i] * per + registers.residue[i] for i in range(6)]
        counts += [registers.pending_active, registers.pending_reactive, registers.pending_apparent]
        noticed = sum(getattr(element.front_end, name, 0) for name in COUNTERS) + sum(
            log.total for log in meter.log.logs.log
        )
        return counts, noticed, element.failures + sum(meter.feature_off) + fell, measured, list(element.lost_mwh)


def _forked(work):
    """work() in a fork of this process; its value, of plain types."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(read_end)
            with os.fdopen(write_end, "wb") as pipe:
                marshal.dump(work(), pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    assert data, "the forked case raised"
    return marshal.loads(data)


def kinds_of_pass(chip, load, tick_ms, seed):
    """Numbers of the passes to look at: the first metering one, and the first of each further kind (what it reads)."""
    bench = Bench(chip, load, tick_ms, seed)
    found = {}
    number = 0
    while bench.now_us < WATCHED_US:
        bench.flips.spans = []
        bench.step()
        if bench.metering():
            # Transfers to the chip are every other one; a header is in the first byte or two.
            heads = tuple(data[:2] if len(data) > 3 else data[:1] for _, data in bench.flips.spans[::2])
            key = _kind(chip, heads)
            found.setdefault(key, number)
        number += 1
    return sorted(found.values())


def _kind(chip, heads):
    """Passes that read as much of the same sort are of one kind; which register an audit looks at does not matter."""
    return len(heads) if chip == "ade9153a" else heads


def flips_at(chip, load, tick_ms, every, seed, stride, tally):  # noqa: PLR0917
    """Every `stride`-th bit of every kind of pass at one operating point; `tally` collects the figures.

    every: all bits both ways; else those of the headers to the chip.
    """
    wanted = kinds_of_pass(chip, load, tick_ms, seed)
    bench = Bench(chip, load, tick_ms, seed)
    number = 0
    for pass_number in wanted:
        while number < pass_number:
            bench.step()
            number += 1
        bench.flips.seen = 0
        until_us = bench.now_us + SETTLE_US

        def transfers():
            bench.flips.spans = []
            bench.step()
            return [(first, len(data) * 8) for first, data in bench.flips.spans]

        spans = _forked(transfers)
        if every:
            bits = range(spans[-1][0] + spans[-1][1])
        else:
            bits = [first + n for first, _ in spans[::2] for n in range(HEADER_BITS[chip])]
        twin = _forked(lambda: bench.outcome(until_us))  # noqa: B023  run at once
        per = bench.sim.meter.elements[0].registers.counts_per_wh
        tally["passes"] += 1
        # A start that differs from pass to pass: with a stride every bit position comes round.
        for bit in bits[pass_number % stride :: stride]:
            bench.flips.at = bit
            case = _forked(lambda: bench.outcome(until_us))  # noqa: B023
            bench.flips.at = -1
            judge(
                f"seed {seed} {chip} {load} pass {pass_number} bit {bit}",
                case,
                twin,
                per,
                "square" in load,
                tally,
            )


def judge(name, case, twin, per, turning, tally):  # noqa: PLR0917
    counts, noticed, wrong, measured, lost = case
    twin_counts, twin_noticed, twin_wrong, twin_measured, twin_lost = twin
    assert not wrong and not twin_wrong, f"{name}: an exception, a feature off or a register that fell"
    tally["flips"] += 1
    moved = [abs(a - b) for a, b in zip(counts, twin_counts, strict=True)]
    if per == 10:
        # Apparent energy, import and export together, with the open second.
        moved[4:6] = [abs(sum(counts[4:6] + counts[8:9]) - sum(twin_counts[4:6] + twin_counts[8:9]))] * 2
        moved[8] = 0
    tally["worst"] = max(tally["worst"], max(moved) / per)
    assert max(moved) <= per, f"{name}: a register moved by {max(moved) / per:.3f} Wh"
    if noticed > twin_noticed:
        tally["noticed"] += 1
        return
    assert max(abs(a - b) for a, b in zip(lost, twin_lost, strict=True)) <= LOST_MWH, (
        f"{name}: declared {lost} for {twin_lost} unnoticed"
    )
    off = max(abs(a - b) for a, b in zip(measured, twin_measured, strict=True))
    assert off <= UNNOTICED_MW + twin_measured[-1] // 100, f"{name}: measured {measured} for {twin_measured} unnoticed"
    if any(moved):
        bound = per if turning else LATE_COUNTS
        assert per == 10 and max(moved[:4]) <= bound, f"{name}: moved {moved} unnoticed"
        tally["unnoticed"] += 1
        tally["worst_unnoticed"] = max(tally["worst_unnoticed"], max(moved[:4]) / per)
    else:
        tally["harmless"] += 1


def parts(full):
    """Arguments of `part`: every bit of few points, then the headers of the others."""
    points = sorted(enumerate(POINTS, 60), key=lambda point: not point[1][2])
    return [
        (chip, load, tick_ms, every, seed, 1 if full else 97 if every else 31)
        for seed, (load, tick_ms, every) in points
        for chip in CHIPS
    ]


def part(chip, load, tick_ms, every, seed, stride):  # noqa: PLR0917
    """The tally of one point: dict of SUMS and WORST."""
    tally = dict.fromkeys(SUMS + WORST, 0)
    flips_at(chip, load, tick_ms, every, seed, stride, tally)
    return tally


def conclude(full, found):
    tally = {name: sum(one[name] for one in found) for name in SUMS}
    tally |= {name: max(one[name] for one in found) for name in WORST}
    return (
        f"{tally['flips']} single flips in {tally['passes']} passes of {len(POINTS)} loads x {len(CHIPS)} chips: a register "
        f"moved by {tally['worst']:.2f} Wh at most; {tally['noticed']} noticed and counted, {tally['harmless']} harmless to "
        f"the count, {tally['unnoticed']} moved up to {tally['worst_unnoticed']:.1f} Wh unnoticed"
    )


def prove(full):
    return conclude(full, [part(*arguments) for arguments in parts(full)])
