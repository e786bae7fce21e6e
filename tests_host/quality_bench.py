# SPDX-License-Identifier: MIT
"""A run of the whole meter on the bench with power quality beside it, for tests and the proof of dips."""

from app.configuration.group import Group
from app.metrology.sample import EVENT
from app.quality import settings as quality_settings
from app.quality.dip_log import DipLog
from app.quality.dips import Dips
from app.quality.quality import Quality

from host_tools.bench.job import Job, build
from host_tools.bench.point import HiddenErrors, OperatingPoint
from host_tools.bench.sim import Simulation
from host_tools.bench.world import SECOND_US


class Log:
    def __init__(self, clock):
        self.clock = clock
        self.events = []

    def append_now(self, code, extra):
        self.events.append((self.clock.day * 86_400 + self.clock.second, code, extra))
        return True


class Cold:
    def save(self, cold_id, buf):
        return True

    def load_into(self, cold_id, buf):
        return 0


class QualityRun:
    """segments: [(seconds, OperatingPoint), ...], after `lead_s` of 230 V; quality: the engine; events: [(utc_s, code, extra)].

    changes: {name: value}, settings of app.quality.settings. line_wired: the front end has its interrupt.
    """

    def __init__(self, chip, segments, tick_ms=100, lead_s=8.5, line_wired=True, seed=1, changes=None):
        total_s = lead_s + sum(seconds for seconds, _ in segments)
        self.job = Job(chip=chip, tick_ms=tick_ms, until_s=int(total_s) + 1, seed=seed, errors=[HiddenErrors()])
        self.settings = Group(quality_settings.FIELDS, quality_settings.rule)
        for name, value in (changes or {}).items():
            self.settings.set_value(name, value)
        assert self.settings.fault() is None
        nominal = OperatingPoint(230_000, 1_000_000)
        spans = [(lead_s, nominal), *segments, (2, nominal)]
        self.job.sources[0] = iter([(round(seconds * SECOND_US), point) for seconds, point in spans])
        self.lead_us = round(lead_s * SECOND_US)
        self.quality = None
        self.log = None
        self._last = None
        self.line_wired = line_wired
        self._now_ms = 0
        world, bench = self.job.make_world()
        if not line_wired:
            world.inputs = list(bench.buttons)
        self.world = world
        self.sim = Simulation(world, bench, build, self.job.configure, on_pass=self._pass, on_boot=self._boot)
        self.sim.run()

    @property
    def events(self):
        return self.log.events

    @property
    def codes(self):
        return [code for _, code, _ in self.log.events]

    @property
    def dips(self):
        log = self.quality.dips.log
        return [log.read(k) for k in range(log.count)]

    def _boot(self, meter):
        self.log = Log(meter.clock)
        for element, line in zip(meter.elements, self.sim.bench.afe_irq, strict=True):
            if not element.front_end.half_cycle:
                element.front_end.warn = line if self.line_wired else None
        engines = getattr(meter, "engines", None)
        if engines is not None:
            self.quality = quality = engines.quality
            quality.settings.take(self.settings.values())
            quality.log = self.log
            quality.dips.log = DipLog()
            quality.reload()
            return
        dips = Dips(meter.elements, meter.clock, DipLog(), self.settings, self.world.clock.ticks_ms())
        self.quality = Quality(meter.elements, meter.clock, self.log, self.settings, dips, Cold(), 17)
        whole_pass = meter.poll

        def poll(now_ms):
            self._now_ms = now_ms
            return whole_pass(now_ms)

        meter.poll = poll  # features are told when the pass began

    def _pass(self, meter):
        if getattr(meter, "engines", None) is not None:
            return
        clock = meter.clock
        now_s = clock.day * 86_400 + clock.second
        second = self._last is not None and now_s > self._last
        passed_s = now_s - self._last if second else 0
        self._last = now_s
        if second or any(element.flags & EVENT for element in meter.elements):
            kept, clock.passed_s = clock.passed_s, passed_s
            self.quality.poll(self._now_ms, second)
            clock.passed_s = kept
