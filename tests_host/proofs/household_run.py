# SPDX-License-Identifier: MIT
"""A meter through the household's 47 months, and all that it has recorded: intervals, billing sets, what a reader saw.

Long steps end where an engine has something to do; around everything that happens to the meter they are a second. What the
rings hold is read every few weeks, before they come round, with the firmware's readers on the bytes of the NOR.
"""

from app.records import billing as b
from app.records import billing_source as source
from app.records.load_profile import BODY, LoadProfile
from app.store import layout
from app.store.ring import Ring
from app.supply import door
from drivers.crc32 import Crc32

from host_tools.bench.job import Job
from host_tools.bench.stored import Bytes
from host_tools.bench.world import NEVER, SECOND_US
from tests_host.proofs.household_plan import EXAMPLES, RECORDING

TICK_S = 450  # the driver believes 1.5 kWh in one step: 12 kW
READ_EVERY_S = 25 * 86_400  # 31 daily sets are kept
SAMPLE_EVERY = 64  # passes
TOU, BLOCKS, GROUPS = 48, 4, 8
_BEFORE_S, _AFTER_S = 180, 60  # steps of a second around a happening; a step is told one step ahead
_NEAR_S = 1200  # steps of a minute


class _Nor(Bytes):
    """The NOR's bytes as a block store that can only be read."""

    def __init__(self, data):
        super().__init__(data)
        self.sector_size = 4096
        self.sector_count = len(data) // 4096

    def busy(self):
        return False


class _Still:
    """Clock, configuration, cold store and log of a reader that only reads."""

    valid = False
    adjusted = generation = 0
    interval_min = 30


class Interval:
    """end: minute number; minutes: its length, 0: a mark; status; wh: four energies; total: active import at its end."""

    def __init__(self, profile, body):
        self.end = profile.day * 1440 + profile.minute
        self.minutes = profile.length_read
        self.status = profile.status_read
        self.wh = tuple(profile.energy_wh)
        profile.copy_body(body)
        self.total = int.from_bytes(body[:4], "little")


class BillingSet:
    """minute: its boundary; number; cause; total: active import; tou: 48 registers; blocks: [block][group]."""

    def __init__(self, parts):
        head, tou, blocks = parts
        self.number = int.from_bytes(head[4:8], "little")
        self.minute = int.from_bytes(head[8:12], "little")
        self.total = _u32s(head, b.HEAD + source.TOTALS_AT, 1)[0]
        self.tou = _u32s(tou, b.HEAD, TOU)
        flat = _u32s(blocks, b.HEAD, BLOCKS * GROUPS)
        self.blocks = [flat[GROUPS * k : GROUPS * (k + 1)] for k in range(BLOCKS)]

    def sum(self):
        return sum(self.tou) + sum(map(sum, self.blocks))


class HouseholdRun:
    """intervals: list of Interval, first_total: register at the mark before them. sets: {kind: list of BillingSet}. sim: done.

    samples: passes in which TOU and block registers were held against the total.
    """

    def __init__(self, seed, tariff, recording, happenings):
        self.seed = seed
        self.happenings = happenings
        job = Job(
            inputs=[RECORDING],
            tick_ms=TICK_S * 1000,
            until_s=recording.seconds,
            seed=seed,
            tariff=EXAMPLES / tariff,
        )
        self.start_s = job.start[0] * 86_400 + job.start[1]
        self.sim = job.simulation(on_pass=self._on_pass)
        self.intervals = []
        self.first_total = None
        self.sets = {kind: [] for kind in (b.DAILY, b.WEEKLY, b.MONTHLY, b.ASYNCHRONOUS)}
        self.samples = 0
        self._sequence = -1  # of the entry read last
        self._corrections = list(happenings.corrections)
        self._lengths = [o.on - o.off for o in happenings.outages]
        self._moments = sorted([c.at for c in happenings.corrections] + [o.off for o in happenings.outages])
        self._read_at = READ_EVERY_S
        self._left = SAMPLE_EVERY
        faults = self.sim.world.faults
        faults.plan = [(o.off * SECOND_US, "outage") for o in happenings.outages]
        faults.next_us = faults.plan[0][0] if faults.plan else NEVER
        self._outages_left = len(faults.plan)

    def run(self):
        self._next_length()
        self.sim.run()
        self._read_rings()
        return self

    def _next_length(self):
        if self._lengths:
            self.sim.outage_us = self._lengths.pop(0) * SECOND_US

    def _on_pass(self, meter):
        now_us = self.sim.world.clock.now_us
        now = now_us / SECOND_US
        left = len(self.sim.world.faults.plan)
        if left != self._outages_left:
            self._outages_left = left
            self._next_length()
        if self._corrections and now >= self._corrections[0].at:
            self._correct(meter, self._corrections.pop(0), now_us // SECOND_US)
        near = self._set_step(meter, now)
        self._left -= 1
        if near or self._left <= 0:
            self._left = SAMPLE_EVERY
            self._sample(meter)
        if now >= self._read_at:
            self._read_at += READ_EVERY_S
            self._read_rings()

    def _correct(self, meter, correction, second):
        day, second = divmod(self.start_s + second + correction.ahead_s, 86_400)
        now_ms = self.sim.world.clock.ticks_ms()
        result = meter.door.submit(door.WAN, door.SET_CLOCK, [day, second], now_ms)
        assert result == 0, f"seed {self.seed}: correction at {correction.at} s refused: {result}"

    def _set_step(self, meter, now):
        """Short steps ahead of what is to happen. returns: True near it"""
        while self._moments and now > self._moments[0] + _AFTER_S:
            self._moments.pop(0)
        ahead = self._moments[0] - now if self._moments else NEVER
        wanted = 1 if ahead <= _BEFORE_S else 60 if ahead <= _NEAR_S else TICK_S
        if meter.config.longest_wait_ms != 1000 * wanted:
            meter.set_longest_wait(1000 * wanted)
        return wanted == 1

    def _sample(self, meter):
        tariff = meter.engines.tariff
        if not tariff.ready:
            return
        self.samples += 1
        total = meter.store.served_wh[0][0]
        divided = sum(tou_of(tariff)) + sum(map(sum, blocks_of(tariff)))
        assert divided == total, f"seed {self.seed}: registers sum to {divided} Wh of {total}"

    # What is stored

    def _read_rings(self):
        found, self._sequence, first_total = stored_intervals(self.sim.bench, self._sequence)
        self.intervals += found
        if self.first_total is None:
            self.first_total = first_total
        rings = [
            _ring(self.sim.bench, layout.RING_BILLING_DAILY + kind, layout.PAYLOAD_BILLING) for kind in range(b.KINDS)
        ]
        for kind in self.sets:
            self._read_sets(kind, b.Billing(None, rings, None, _Still(), None))

    def _read_sets(self, kind, billing):
        known = self.sets[kind]
        last = known[-1].number if known else -1
        found = []
        while True:
            parts = [bytearray(b.PAYLOAD) for _ in range(b.PARTS)]
            if not all([billing.read(kind, len(found), part, parts[part]) for part in range(b.PARTS)]):
                break
            one = BillingSet(parts)
            if one.number <= last:
                break
            found.append(one)
        known += reversed(found)


def _ring(bench, ring_id, payload):
    store = _Nor(bench.nor.storage.data)
    place = layout.plan(store.sector_count, False, 1)[ring_id]
    return Ring(store, *place, payload, Crc32(), ring_id)


def stored_intervals(bench, sequence=-1):
    """([Interval] of the load profile after this entry's sequence, sequence of the newest, register at the oldest record)"""
    ring = _ring(bench, layout.RING_LOAD_0, layout.PAYLOAD_LOAD)
    profile = LoadProfile(ring, _Still(), [0] * 6, _Still(), _Still(), 0)
    body = bytearray(BODY)
    assert profile.fetch(0), "the oldest record is torn"
    profile.copy_body(body)
    first_total = int.from_bytes(body[:4], "little")
    begin = sequence + 1 - profile.oldest if sequence >= 0 else 0
    assert begin >= 0, "intervals went before they were read"
    found = []
    for at in range(begin, profile.count):
        assert profile.read(at), f"entry {at} is torn"
        found.append(Interval(profile, body))
    return found, profile.oldest + profile.count - 1, first_total


def tou_of(tariff):
    return [tariff.tou_wh(k) for k in range(TOU)]


def blocks_of(tariff):
    return [[tariff.block_wh(block, group) for group in range(GROUPS)] for block in range(BLOCKS)]


def _u32s(buf, at, count):
    return [int.from_bytes(buf[at + 4 * k : at + 4 * k + 4], "little") for k in range(count)]
