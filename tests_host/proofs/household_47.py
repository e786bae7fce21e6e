# SPDX-License-Identifier: MIT
"""47 months of a household, half-hour by half-hour, in a two-rate and in a block tariff, through outages and clock corrections.

What the meter has recorded is held against the recording and an oracle of the calendar that share nothing with it. Corrections
come in pairs (away from true time by up to 10 s, and back to it); four pairs cross a boundary back and forth.
"""

from app.records import billing as b
from app.records import demand as d
from app.records import profile as p

from tests_host.proofs import household_plan as plan
from tests_host.proofs.household_run import BLOCKS, GROUPS, TOU, HouseholdRun, blocks_of, tou_of

TARIFFS = ("gb_two_rate.toml", "gb_block.toml")
SEED = 47
QUICK_DAYS = 62  # two ends of a month
OUTAGES, QUICK_OUTAGES = 200, 12
WANDERS = 6  # pairs of corrections beside the four that cross a boundary
SHARE = 0.0005
UNSAVED_WH = 1  # most that is not in the FRAM yet when the supply goes
UNMEASURED_S = 8  # of an outage's interval: the boot, the start of the chip; and whose register that was
DEMAND_SHARE = 0.001
SPOILT = p.POWER_FAIL | p.CLOCK_CHANGED | p.PARTIAL | p.INVALID


class Books:
    """The checks of one run. allowed_wh[k]: what half-hour k may differ by beyond 1 Wh + 0.05 %, for what happened in it."""

    def __init__(self, seed, tariff, recording, happenings, oracle, limits, run):
        self.what = f"seed {seed}, {tariff}"
        self.recording = recording
        self.happenings = happenings
        self.oracle = oracle
        self.limits = limits
        self.run = run
        self.intervals = [one for one in run.intervals if one.minutes]
        count = len(recording.wh)
        self.touched = {0}  # half-hours in which the meter started, or was off
        self.off_s = [0.0] * count  # seconds without mains
        for outage in happenings.outages:
            first = (outage.off - 1) // plan.HALF_HOUR_S  # one that ends as the mains go is closed when they are back
            last = (outage.on + UNMEASURED_S) // plan.HALF_HOUR_S
            for k in range(first, min(count, last + 1)):
                self.touched.add(k)
                begin = max(outage.off, k * plan.HALF_HOUR_S)
                self.off_s[k] += max(0, min(outage.on, (k + 1) * plan.HALF_HOUR_S) - begin)
        self.correction_of = {}  # half-hours that were open at a correction; a closed one is never opened again
        reached = 0
        for one in happenings.corrections:
            after = one.at + one.ahead_s
            for second in (after - one.moved_s, after):
                reached = max(reached, second // plan.HALF_HOUR_S)
                self.correction_of.setdefault(reached, one)
        self.allowed_wh = [self._allowed(k) for k in range(count)]

    def _allowed(self, k):
        power_w = max(self.recording.power_w(k + n) for n in (-1, 0, 1))
        seconds = UNMEASURED_S if k in self.touched else 0
        if k in self.correction_of:
            seconds += abs(self.correction_of[k].moved_s)
        return power_w * seconds / 3600 + (UNSAVED_WH if k in self.touched else 0)

    def expected_wh(self, k):
        return self.recording.wh[k] * (1 - self.off_s[k] / plan.HALF_HOUR_S)

    def check_intervals(self):
        """Each half-hour once, in order, with its energy and its flags. returns: (worst clean error, flagged, missing)"""
        assert self.run.first_total == 0 and not any(one.minutes == 0 for one in self.run.intervals), self.what
        assert len(self.intervals) in (len(self.recording.wh), len(self.recording.wh) - 1), len(self.intervals)
        worst = 0.0
        flagged = missing = 0
        for k, one in enumerate(self.intervals):
            what = f"{self.what}, half-hour {k}, status {one.status}, {one.wh[0]} Wh"
            assert one.end == self.recording.first_minute + 30 * (k + 1) and one.minutes == 30, (
                f"{what}: ends at {one.end}"
            )
            error = one.wh[0] - self.expected_wh(k)
            beyond = abs(error) - SHARE * self.expected_wh(k)
            assert beyond <= 1 + self.allowed_wh[k], f"{what}: {error:+.3f} Wh of {self.expected_wh(k):.2f}"
            assert not any(one.wh[n] for n in (1, 3)), what
            if not self.allowed_wh[k]:
                worst = max(worst, beyond)
            flagged += bool(one.status & SPOILT)
            missing += p.is_missing(one.status)
            self._check_flags(k, one.status, what)
        return worst, flagged, missing

    def _check_flags(self, k, status, what):
        if k in self.correction_of:
            assert status & p.CLOCK_CHANGED, f"{what}: a correction, not flagged"
        else:
            assert not status & p.CLOCK_CHANGED, f"{what}: no correction"
        if self.off_s[k] > 1:
            assert status & p.POWER_FAIL, f"{what}: an outage, not flagged"
            whole = self.off_s[k] == plan.HALF_HOUR_S
            assert p.is_missing(status) == whole, f"{what}: {self.off_s[k]:.0f} s off"
            assert bool(status & p.PARTIAL) != whole, f"{what}: {self.off_s[k]:.0f} s off"
        elif k not in self.touched:
            assert not status & (p.POWER_FAIL | p.PARTIAL | p.INVALID), f"{what}: no outage"

    def check_sum(self):
        """Closed and open intervals are what the register has moved by; all tariff registers too."""
        meter = self.run.sim.meter
        total = meter.store.served_wh[0][0]
        closed = sum(one.wh[0] for one in self.intervals)
        open_wh = meter.engines.profiles.load[0].open_wh(0)
        assert closed + open_wh == total - self.run.first_total, f"{self.what}: {closed} + {open_wh} of {total} Wh"
        tariff = meter.engines.tariff
        divided = sum(tou_of(tariff)) + sum(map(sum, blocks_of(tariff)))
        assert divided == total, f"{self.what}: registers sum to {divided} of {total} Wh"
        return total

    def check_tariff(self):
        """Registers of the run and of every daily set against the oracle over the meter's own intervals and the recording.

        returns: most Wh that a register differs by from the meter's own intervals
        """
        own = _Split(self.oracle, self.limits)
        true = _Split(self.oracle, self.limits)
        sets = {one.minute: one for one in self.run.sets[b.DAILY]}
        worst = 0
        room = 0.0  # what may have gone to the register of the other side of a switch
        for k, one in enumerate(self.intervals):
            begin = one.end - 30
            if begin in sets and k:
                worst = max(worst, self._check_registers(sets[begin].tou, sets[begin].blocks, own, true, room, begin))
            own.add(begin, one.wh[0])
            true.add(begin, self.expected_wh(k))
            room += self.allowed_wh[k]
        own.add(one.end, self.run.sim.meter.engines.profiles.load[0].open_wh(0))
        tariff = self.run.sim.meter.engines.tariff
        return max(worst, self._check_registers(tou_of(tariff), blocks_of(tariff), own, true, room, one.end))

    def _check_registers(self, tou, blocks, own, true, room, minute):
        worst = 0
        for kind, found in (("tou", tou), ("blocks", [wh for block in blocks for wh in block])):
            for n, wh in enumerate(found):
                mine, recorded = getattr(own, kind)[n], getattr(true, kind)[n]
                what = f"{self.what}, minute {minute}, {kind} {n}: {wh} Wh"
                assert abs(wh - mine) <= room, f"{what}, {mine} in the intervals, {room:.1f} allowed"
                assert abs(wh - recorded) <= 2 + SHARE * recorded + room, f"{what}, {recorded:.1f} in the recording"
                worst = max(worst, abs(wh - mine))
        return worst

    def check_billing(self):
        """Every boundary once, in order, with the register as it was there. returns: sets"""
        first = self.recording.first_minute
        last = self.intervals[-1].end
        totals = {one.end: (k, one.total) for k, one in enumerate(self.intervals)}
        days = [m for m in range(first - first % plan.DAY_MIN + plan.DAY_MIN, last + 1, plan.DAY_MIN)]
        date_of = {m: plan.ZERO + plan.timedelta(minutes=m) for m in days}
        wanted = {
            b.DAILY: days,
            b.WEEKLY: [m for m in days if date_of[m].weekday() == 0],
            b.MONTHLY: [m for m in days if date_of[m].day == 1],
            b.ASYNCHRONOUS: [],
        }
        for kind, found in self.run.sets.items():
            minutes = [one.minute for one in found]
            odd = sorted(set(minutes) ^ set(wanted[kind]))
            assert minutes == wanted[kind], f"{self.what}: sets of kind {kind}: {len(minutes)}, {odd[:5]}"
            for one in found:
                k, total = totals[one.minute]
                what = f"{self.what}, set of kind {kind} at {date_of[one.minute]}: {one.total} Wh"
                assert one.sum() == one.total, f"{what}, its registers sum to {one.sum()}"
                room = self.allowed_wh[k] + self.allowed_wh[min(k + 1, len(self.allowed_wh) - 1)]
                assert abs(one.total - total) <= room, f"{what}, {total} in the profile"
        return sum(map(len, self.run.sets.values()))

    def check_demand(self):
        """Maxima against those of the meter's own whole intervals, and of the recording. returns: W"""
        demand = self.run.sim.meter.engines.demand
        whole = [(k, one) for k, one in enumerate(self.intervals) if not one.status & SPOILT]
        for channel in (d.IMPORT, d.IMPORT_IN_PERIOD):
            of_channel = [
                (one.wh[0] * 2, self.recording.power_w(k), one.end)
                for k, one in whole
                if channel == d.IMPORT or 960 <= (one.end - 30) % plan.DAY_MIN < 1200
            ]
            watts = max(of_channel)[0]
            found = demand.maximum_w[channel]
            what = f"{self.what}: maximum {channel} is {found} W"
            assert found == watts, f"{what}, {watts} W in its own intervals"
            ends = [end for w, _, end in of_channel if w == watts]
            assert demand.captured_minute[channel] == ends[0], (
                f"{what} at {demand.captured_minute[channel]}, not {ends[0]}"
            )
            recorded = max(power for _, power, _ in of_channel)
            assert abs(found / recorded - 1) <= DEMAND_SHARE, f"{what}, {recorded:.1f} W in the recording"
        return demand.maximum_w[d.IMPORT]


class _Split:
    """Half-hours divided by the oracle: tou[48], blocks[4 x 8], block by block."""

    def __init__(self, oracle, limits):
        self.oracle = oracle
        self.limits = limits
        self.tou = [0] * TOU
        self.blocks = [0] * (BLOCKS * GROUPS)
        self._period = [0] * GROUPS
        self._looked = None

    def add(self, minute, wh):
        """wh of the half-hour that begins at this minute."""
        if self._looked is not None and self.oracle.last_reset(minute, self._looked) >= 0:
            self._period = [0] * GROUPS
        self._looked = minute
        script = self.oracle.script(minute)
        if script <= TOU:
            self.tou[script - 1] += wh
            return
        group = script - 101
        edges = [0, *self.limits.get(group, []), float("inf")]
        start = self._period[group]
        for block in range(len(edges) - 1):
            share = min(start + wh, edges[block + 1]) - max(start, edges[block])
            if share > 0:
                self.blocks[GROUPS * block + group] += share
        self._period[group] += wh


def parts(full):
    return [(tariff, full) for tariff in TARIFFS]


def part(tariff, full):
    """One line of one tariff."""
    recording = plan.Recording(None if full else QUICK_DAYS * 48)
    calendar, limits = plan.read_tariff(tariff)
    oracle = plan.oracle_of(calendar, recording)
    happenings = plan.Happenings(SEED, recording, oracle, OUTAGES if full else QUICK_OUTAGES, WANDERS)
    run = HouseholdRun(SEED, tariff, recording, happenings).run()
    assert run.sim.boots == 1 + len(happenings.outages) and not any(run.sim.meter.feature_off), tariff
    books = Books(SEED, tariff, recording, happenings, oracle, limits, run)
    worst, flagged, missing = books.check_intervals()
    total = books.check_sum()
    apart = books.check_tariff()
    sets = books.check_billing()
    watts = books.check_demand()
    truth = sum(books.expected_wh(k) for k in range(len(recording.wh)))
    return (
        f"{tariff[:-5]}: {len(books.intervals)} half-hours, {len(happenings.outages)} outages, "
        f"{len(happenings.corrections)} corrections; {total} Wh, {100 * (total / truth - 1):+.4f} %; registers = total at "
        f"{run.samples} passes and in {sets} billing sets; clean intervals within {worst:.2f} Wh + 0.05 %, {flagged} "
        f"flagged, {missing} missing; a register at most {apart} Wh from its intervals; maximum {watts} W"
    )


def conclude(full, found):
    return "; ".join(found)


def prove(full):
    return conclude(full, [part(*arguments) for arguments in parts(full)])
