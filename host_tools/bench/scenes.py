# SPDX-License-Identifier: MIT
"""The runs that budgets are measured on: scripted minutes in which everything of a steady pass happens."""

from host_tools import tariff_file
from host_tools.bench.job import Job, build
from host_tools.bench.remote_sim import RemoteSimulation
from host_tools.bench.sim import Simulation
from host_tools.bench.tape import Tape

DAY_2035 = 12_935  # 2035-06-01: its second count since 2000 is beyond 2**30
LOAD = "steps:2.3kW:20s:-1.5kW:9s:25kW:3s"  # import, export, and passes in a row at full power
SECOND_US = 1_000_000

# Energy registers of an ADE9153A where small ints of a 32-bit port end, where signs change and where 32 bits end; each
# some hundred milliseconds of 2.3 kW before the edge, so that the passes that follow go over it.
_NEAR = 100_000
EDGES = (
    (33, (1 << 30) - _NEAR),
    (45, (3 << 29) - _NEAR),
    (66, (1 << 31) - _NEAR),
    (78, -(1 << 30) - _NEAR),
    (97, -(1 << 29) - _NEAR),
    (110, -_NEAR),
)
# A tariff that switches where a half-hour ends, 100 s after the beginning.
TARIFF = {
    "calendar": {
        "seasons": {"year": {"start": "01-01", "week": "any"}},
        "weeks": {"any": ["any"] * 7},
        "days": {"any": [["00:00", "tou 2"], ["12:00", "tou 1"]]},
    }
}
RESET_S = 130
PRESS_S = 50
STEADY_S = 15
UNTIL_S = 150


class Scene:
    """One run, scripted by the virtual second: events that happen between two passes. quiet: none."""

    def __init__(
        self, chip, variant="e1c2r", lcd="pcf85176", *, load=LOAD, until_s=UNTIL_S, seed=1, quiet=False, tick_ms=1000
    ):
        self.quiet = quiet
        self.chip = chip
        self.variant = variant
        self.lcd = lcd
        self.job = Job(chip=chip, variant=variant, lcd=lcd, loads=[load], until_s=until_s, seed=seed, tick_ms=tick_ms)
        self.job.start = (DAY_2035, 43_100)  # a half-hour ends at 100 s
        if not quiet:
            self.job.tariff = tariff_file.pack(TARIFF)
        self._edges = list(EDGES) if chip == "ade9153a" and not quiet else []
        self._reset = quiet
        self.steady_pass = 0  # number of the first pass after STEADY_S
        # Known after record(): numbers of the passes that ended a metering second; switches of the tariff, intervals closed.
        self.seconds = []
        self.switches = 0
        self.intervals = 0

    def world(self):
        """(world, bench), with the key presses that the scene has."""
        world, bench = self.job.make_world()
        if self.quiet:
            return world, bench
        bench.buttons[0].press(PRESS_S * SECOND_US, 300_000)
        bench.buttons[0].press((PRESS_S + 2) * SECOND_US, 300_000)
        return world, bench

    def between(self, sim, shift):
        """After each pass. shift(counts): lets chip and driver count on from there; None: leave that out."""
        now = sim.world.clock.now_us
        if not self.steady_pass and now >= STEADY_S * SECOND_US:
            self.steady_pass = sim.passes + 1
        if shift is not None and self._edges and now >= self._edges[0][0] * SECOND_US:
            at = self._edges.pop(0)[1]
            shift((at, at, at & 0x3FFFFFFF))
        if not self._reset and now >= RESET_S * SECOND_US:
            self._reset = True
            sim.bench.chips[0].force_reset()

    def through_link(self, script):
        """Run it with the firmware in a MicroPython process, without moving the chip's counters. returns: the simulation"""
        world, bench = self.world()
        sim = RemoteSimulation(
            world, bench, self.job.tick_ms, on_wait=lambda sim: self.between(sim, None), script=script
        )
        return sim.run()

    def record(self, path):
        """Run it in this process and write its tape. path: pathlib.Path. returns: the Tape"""
        tape = Tape()
        world, bench = self.world()

        last = [0]

        def on_pass(meter):
            if meter.clock.second != last[0]:
                last[0] = meter.clock.second
                self.seconds.append(sim.passes)
            self.between(sim, lambda counts: tape.shift(bench.chips[0], meter.elements[0].front_end, counts))

        sim = Simulation(world, bench, tape.builder(build), self.job.configure, on_pass=on_pass)
        sim.run()
        self.wh = sim.element_states()[0]["wh"]
        engines = sim.meter.engines
        self.switches = engines.tariff.switches
        self.intervals = engines.profiles.load[0].closed - 1
        tape.save(path)
        return tape
