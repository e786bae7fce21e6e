# SPDX-License-Identifier: MIT
"""A whole meter on tiny fakes, for the tests of the core on every interpreter: front end by script, FRAM in a bytearray.

A count of the fake chip is a tenth of a joule: 36 000 counts are 1 Wh, and 1 kW makes ten counts a millisecond. So every
expected value is a sum that can be done by hand.
"""

from app import ticks
from app.clock import Clock
from app.config import Config
from app.configuration.group import Group
from app.meter import Meter
from app.metrology import sample as s
from app.metrology.element import Element
from app.quality.outage import Outage
from app.records.event_log import PAYLOAD
from app.records.event_logs import EventLogs
from app.records.journal import FIELDS, Journal
from app.records.masks import Masks
from app.records.merged import merged
from app.store import calibration, layout
from app.store.byte_ring import ByteRing
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.store.hot import HotStore
from app.store.state import State
from app.supervision import Supervision
from app.timekeeper import Timekeeper
from fakes_store import FakeBytes

PER_WH = 36_000
COUNTS_PER_KW_MS = 10
SAVE_MWH = 200  # policy of the tests, whatever the meter's own is
WAIT_MWH = 600
EVENT_MASKS = 21  # cold id
START = (1 << 30) - 700  # the tick wraps within the first second of a test
GOOD = s.ENERGY | s.QUANTITIES
CALIBRATION = b"gain"  # what a fake chip takes for its payload


class ScriptedFrontEnd:
    """FrontEnd port. flags and *_counts: what each read brings. total: what a free-running chip has counted; `base`, what has
    been read of it, is the snapshot. raises: exception of the next reads. asked: `quantities` of the last read.
    """

    def __init__(self, counts_per_wh=PER_WH, apparent_counted=True):
        self.counts_per_wh = counts_per_wh
        self.apparent_counted = apparent_counted
        self.chip_id = b"\0\0\0\0\0\0\0\0"
        self.flags = GOOD
        self.total = 0
        self.base = 0
        self.reactive_counts = 0
        self.apparent_counts = 0
        self.active_power_mw = 0
        self.reactive_power_mvar = 0
        self.apparent_power_mva = 0
        self.rms_voltage_mv = 230_000
        self.rms_current_ma = 0
        self.raises = None
        self.refuses = False
        self.reads = 0
        self.asked = None
        self.configured = []
        self.trace = None

    def flow(self, power_w, ms):
        """Energy that the chip counts by itself. power_w: a multiple of 100."""
        self.total += power_w * ms * COUNTS_PER_KW_MS // 1000
        self.show(power_w)

    def show(self, power_w, reactive_var=0):
        self.active_power_mw = power_w * 1000
        self.reactive_power_mvar = reactive_var * 1000
        self.apparent_power_mva = abs(power_w) * 1000

    def configure(self, record):
        if record is not None and self.refuses:
            raise ValueError("record")
        self.configured.append(record)

    def read_into(self, sample, now_ms, quantities):
        self.reads += 1
        self.asked = quantities
        if self.trace is not None:
            self.trace.append("read")
        if self.raises is not None:
            raise self.raises
        flags = self.flags
        if not quantities:
            flags &= ~s.QUANTITIES
        sample.flags = flags
        sample.active_counts = sample.reactive_counts = sample.apparent_counts = 0
        if flags & s.ENERGY:
            sample.active_counts = self.total - self.base
            self.base = self.total
            sample.reactive_counts = self.reactive_counts
            sample.apparent_counts = self.apparent_counts
        if flags & s.QUANTITIES:
            sample.rms_voltage_mv = self.rms_voltage_mv
            sample.rms_current_ma = self.rms_current_ma
            sample.active_power_mw = self.active_power_mw
            sample.reactive_power_mvar = self.reactive_power_mvar
            sample.apparent_power_mva = self.apparent_power_mva
            sample.frequency_hz_x1000 = 50_000

    def save_snapshot(self, buf, at):
        base = self.base
        for i in range(4):
            buf[at + i] = base & 0xFF
            base >>= 8
        for i in range(4, 16):
            buf[at + i] = 0

    def load_snapshot(self, buf, at):
        self.base = buf[at] | buf[at + 1] << 8 | buf[at + 2] << 16 | buf[at + 3] << 24
        if self.base >= 1 << 31:
            self.base -= 1 << 32


class FakeRtc:
    """day_second: UTC second of 2026-01-01 that it shows. valid, raises: how it fails. written: what was set."""

    def __init__(self, day_second=43_200):
        self.day_second = day_second
        self.valid = True
        self.raises = None
        self.reads = 0
        self.written = []

    def read_into(self, fields):
        self.reads += 1
        if self.raises is not None:
            raise self.raises
        at = self.day_second
        fields[0] = 2026
        fields[1] = 1
        fields[2] = 1
        fields[3] = at // 3600
        fields[4] = at // 60 % 60
        fields[5] = at % 60
        return self.valid

    def write(self, fields):
        if self.raises is not None:
            raise self.raises
        self.written.append(list(fields))
        self.day_second = fields[3] * 3600 + fields[4] * 60 + fields[5]
        self.valid = True


DAY_2026 = 9497  # days from 2000-01-01 to 2026-01-01: 26 x 365 + 7 leap days (2000, 04 .. 24)


class FakeWatchdog:
    def __init__(self):
        self.fed = 0
        self.trace = None

    def feed(self):
        self.fed += 1
        if self.trace is not None:
            self.trace.append("feed")


class Feature:
    """Any feature of the meter. raises: what its poll raises; polls: [(now_ms, second)]."""

    def __init__(self, name="", trace=None):
        self.name = name
        self.trace = trace
        self.raises = None
        self.polls = []
        self.starts = 0
        self.keys_down = False
        self.busy = False
        self.aligning = False
        self.refining = False
        self.warning = False

    def start(self, now_ms):
        self.starts += 1
        if self.raises is not None:
            raise self.raises

    def restore(self):
        self.starts += 1
        if self.raises is not None:
            raise self.raises

    def refine(self):
        return None

    def poll(self, now_ms, second):
        self.polls.append((now_ms, second))
        if self.trace is not None:
            self.trace.append(self.name)
        if self.raises is not None:
            raise self.raises


class Log:
    """events: [(code, extra)], what a feature has logged."""

    def __init__(self):
        self.events = []

    def append_now(self, code, extra):
        self.events.append((code, extra))

    def codes(self):
        return [event[0] for event in self.events]


class Rig:
    """One life of a meter. memory: FakeBytes that outlives it; a new one holds a calibration for each chip. chips: their
    number, or the front ends, which may outlive it too.

    `step` is one pass and the wait it asks for, `run` many of them; `power_w` flows meanwhile.
    """

    def __init__(self, memory=None, chips=1, start_ms=START, rtc=None, reset_cause=0, boot_ms=0, started=True, **parts):
        fresh = memory is None
        self.memory = FakeBytes() if fresh else memory
        self.chips = [ScriptedFrontEnd() for _ in range(chips)] if isinstance(chips, int) else chips
        self.now = start_ms
        self.ms = 0
        self.power_w = 0
        self.power_good = 1
        self.gaps = []  # ms waited after each pass
        count = len(self.chips)
        crc = Crc32()
        self.config = Config("e2c2" if count == 2 else "e1c1")
        self.config.save_mwh = SAVE_MWH
        self.config.wait_mwh = WAIT_MWH
        self.elements = [Element(chip) for chip in self.chips]
        self.cold = ColdStore(self.memory, layout.COLD_BASE, crc)
        self.store = State(HotStore(self.memory, layout.HOT_BASE, crc, count), self.cold, count)
        if fresh:
            for i in range(count):
                calibration.store(self.cold, i, CALIBRATION, bytes(8), False)
        self.clock = Clock(start_ms)
        rings = [ByteRing(self.memory, layout.event_address(n), 24, PAYLOAD, crc) for n in range(4)]
        masks = Masks(self.cold, EVENT_MASKS)
        self.log = parts.get("log") or Journal(EventLogs(rings), self.clock, masks, Group(FIELDS))
        self.rtc = rtc
        self.timekeeper = parts.get("timekeeper") or Timekeeper(rtc, self.clock, self.log)
        self.supervision = parts.get("supervision") or Supervision(self.elements, self.store, self.log)
        self.watchdog = FakeWatchdog()
        self.boot_ms = boot_ms
        self.outage = Outage(self.clock, self.log, self.store.cold, layout.OUTAGE)
        self.meter = Meter(
            config=self.config,
            elements=self.elements,
            store=self.store,
            clock=self.clock,
            timekeeper=self.timekeeper,
            supervision=self.supervision,
            supply=parts.get("supply"),
            panel=parts.get("panel"),
            log=self.log,
            watchdog=self.watchdog,
            power_good=self._power_good,
            expander=parts.get("expander"),
            reset_cause=reset_cause,
            door=None,
            outage=self.outage,
        )
        if started:
            self.start()

    def _power_good(self):
        return self.power_good

    def start(self):
        self.meter.start(self.now, self.boot_ms)
        self.timekeeper.aligning = False  # no search for the RTC's second: 750 passes in which nothing happens

    def poll(self):
        """One pass now. returns: ms until the next one is wanted"""
        return ticks.diff(self.meter.poll(self.now), self.now)

    def wait(self, ms):
        """Time passes, energy flows (in every element alike)."""
        for chip in self.chips:
            chip.flow(self.power_w, ms)
        self.now = ticks.add(self.now, ms)
        self.ms += ms

    def step(self):
        wait = self.poll()
        self.gaps.append(wait)
        self.wait(wait)
        return wait

    def run(self, ms):
        """Passes until `ms` have gone by; the last pass is the one at their end or just after."""
        end = self.ms + ms
        while self.ms < end:
            self.step()

    def events(self):
        """[(code, extra)], oldest first."""
        return [(event[2], event[3]) for event in merged(self.log.logs)]

    def codes(self):
        return [event[0] for event in self.events()]

    def counts(self, element=0, index=0):
        """Register, rest and nothing else, in counts."""
        registers = self.elements[element].registers
        return registers.wh[index] * registers.counts_per_wh + registers.residue[index]
