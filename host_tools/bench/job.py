# SPDX-License-Identifier: MIT
"""From the options of a run to a world, a board and a simulation; and its report as one object."""

import random

from app.config import Config
from compose import compose
from drivers.crc32 import Crc32

from host_tools import config_file, tariff_file
from host_tools.bench import faults as fault_list
from host_tools.bench import load_spec
from host_tools.bench.calibration import calibrate
from host_tools.bench.costs import BOARDS, costs
from host_tools.bench.factory import Factory
from host_tools.bench.metered import metered
from host_tools.bench.recordings import RecordingError, open_recording
from host_tools.bench.remote_sim import RemoteSimulation
from host_tools.bench.sim import Simulation, commit, element_report
from host_tools.bench.state_dir import StateDirectory
from host_tools.bench.station import Station
from host_tools.bench.virtual_board import CHIPS, LCDS, STORAGES, VARIANTS, VirtualBoard
from host_tools.bench.world import SECOND_US, Line, World
from host_tools.errors import BadInput

DAY_S = 86_400
LONGEST_S = 36_525 * DAY_S
START_DAY = 9497  # 2026-01-01, where a run without a recording begins
# What a read brings is believed, or can be told at all, up to so much: 1518 Wh by the driver of the ADE9153A, 6553 Wh by the
# registers of the ATM90E26. At 1.5 times the 25.3 kW of a meter that is so long, and no step is longer.
LONGEST_WAIT_MS = {"ade9153a": 140_000, "atm90e26": 600_000}


class Job:
    """Options of one run, checked; see `meter sim --help`. raises BadInput"""

    def __init__(
        self,
        *,
        chip="ade9153a",
        variant="e1c1",
        lcd="pcf85176",
        board="virtual",
        storage="fram",
        tick_ms=1000,
        until_s=None,
        seed=1,
        inputs=(),
        loads=(),
        faults="",
        uncalibrated=False,
        runtime="cpython",
        state=None,
        errors=None,
        recording_options=None,
        tariff=None,
        config=None,
    ):
        """tariff, config: TOML files, given to the meter before it boots."""
        _choice("chip", chip, CHIPS)
        _choice("variant", variant, VARIANTS)
        _choice("lcd", lcd, LCDS)
        _choice("board", board, BOARDS)
        _choice("storage", storage, STORAGES)
        _choice("runtime", runtime, ("cpython", "micropython"))
        if board == "esp32_devkitc" and variant == "e2c2":
            raise BadInput("esp32_devkitc has no pins for a second element: variant e2c2 needs the S3 or the GIGA")
        if not 1 <= tick_ms <= 3_600_000:
            raise BadInput(f"tick {tick_ms} ms: 1 to 3600000 is possible")
        self.chip = chip
        self.variant = variant
        self.lcd = lcd
        self.board = board
        self.storage = storage
        self.tick_ms = tick_ms
        self.longest_wait_ms = min(tick_ms, LONGEST_WAIT_MS[chip])
        self.seed = seed
        self.uncalibrated = uncalibrated
        self.runtime = runtime
        self.errors = errors
        try:
            self.faults = fault_list.parse(faults)
        except fault_list.FaultError as error:
            raise BadInput(str(error)) from None
        self.elements = 2 if variant == "e2c2" else 1
        self.sources, self.start, length_s = self._sources(list(inputs), list(loads), recording_options or {})
        if until_s is None:
            until_s = length_s if length_s is not None else 3600
        self.until_s = until_s
        self._check_length()
        self.tariff = tariff_file.load(tariff) if tariff is not None else None
        self.config = config
        if config is not None:
            config_file.load(config, config_file.factory().groups)  # refused before anything runs
        self.state = StateDirectory(state) if state is not None else None
        if self.state is not None:
            self.state.check(self)
            if not self.state.fresh and not inputs:
                self.start = self.state.utc  # the meter's clock went on; without a recording so does the world's

    def _check_length(self):
        if not 1 <= self.until_s <= LONGEST_S:
            raise BadInput(f"a run of {self.until_s} s: 1 s to 100 years are possible")
        if self.until_s * SECOND_US < 2 * costs(self.board).boot_us:
            raise BadInput(f"a run of {self.until_s} s is over before {self.board} has started")
        shortest = fault_list.shortest_s(self.faults)
        if self.until_s < shortest:
            raise BadInput(f"a run of {self.until_s} s has no room for these faults: {shortest} s at least")

    def _sources(self, inputs, loads, options):
        """Segment iterators a element, start (day, second), length in s or None."""
        sources, start, length = [], (START_DAY, 0), None
        if inputs and loads:
            raise BadInput("give a recording or a load, not both")
        if len(inputs) > self.elements or len(loads) > self.elements:
            raise BadInput(f"variant {self.variant} has {self.elements} element(s): one input each")
        try:
            for i, path in enumerate(inputs):
                recording = open_recording(path, **options)
                if i == 0:
                    start = tuple(recording.start_utc)
                    # Reads every row once: what is malformed is refused before anything runs.
                    length = sum(duration for duration, _ in recording.segments()) // SECOND_US
                sources.append(recording.segments())
            for spec in loads:
                sources.append(load_spec.parse(spec))
        except (RecordingError, load_spec.LoadSpecError) as error:
            raise BadInput(str(error)) from None
        while len(sources) < self.elements:
            sources.append(load_spec.parse("1000W" if not sources else "open:230V"))
        return sources, start, length

    # -- building ---------------------------------------------------------------------------------------------

    def make_world(self):
        """World and board of this run, calibrated and with its stored state, ready to boot."""
        world = self._new_world()
        bench = VirtualBoard(world, self.chip, self.variant, self.lcd, self.errors, self.faults, self.storage)
        world.connect([self._line(source, chip) for source, chip in zip(self.sources, bench.chips, strict=True)])
        bench.rtc.set_utc(_moment(*self.start))
        if self.state is not None and not self.state.fresh:
            self.state.load_into(bench)
        elif not self.uncalibrated:
            bench.store_calibration(calibrate_like(self.chip, bench))
        self._commission(bench)
        world.faults = fault_list.Schedule(self.faults, random.Random(f"{self.seed} faults"), world.end_us, bench)
        return world, bench

    def _commission(self, bench):
        """Settings and tariff, by the firmware's own code, in its own bytes."""
        if self.config is None and self.tariff is None:
            return
        factory = bench.factory()
        fresh = self.state is None or self.state.fresh
        try:
            if self.config is not None:
                settings = factory.settings()
                config_file.load(self.config, settings.groups)
                factory.configure(config_file.packed(settings.groups), fresh)
            if self.tariff is not None:
                factory.install_tariff(self.tariff, *self.start)
        except ValueError as error:
            raise BadInput(f"the stored meter does not take it: {error}") from None

    def _new_world(self):
        return World(self.seed, self._costs(), self.until_s * SECOND_US)

    def _costs(self):
        return costs(self.board)

    def _line(self, source, chip):
        return Line(source, chip)

    def configure(self, meter):
        """After each boot: the longest wait, and with it the save policy."""
        meter.set_longest_wait(self.longest_wait_ms)

    def registers_before(self):
        """Whole Wh an element that the stored state began with: lists of six, zeros for a new meter."""
        if self.state is None or self.state.fresh:
            return [[0] * 6 for _ in range(self.elements)]
        memory = bytearray(self.state.data["memory"])
        return Factory(memory, self.storage, self.elements, Crc32()).registers_wh()

    def simulation(self, **hooks):
        """A Simulation, not yet run: in this process, or of a real MicroPython process (`runtime`).

        hooks: of Simulation, or of RemoteSimulation (which has no meter to look at).
        """
        world, bench = self.make_world()
        if self.runtime == "micropython":
            return RemoteSimulation(world, bench, self.longest_wait_ms, **hooks)
        return Simulation(world, bench, build, self.configure, **hooks)


def build(hardware):
    """Meter of a Hardware record in this process; CPython's ints are never boxed, so the fast CRC will do."""
    hardware.crc = Crc32()
    return compose(hardware, Config(hardware.variant))


def calibrate_like(chip, bench):
    """Calibration payloads of the very units on `bench`, found by the procedure on a station of their own."""
    seed = bench.world.seed
    return [calibrate(Station(chip, f"{seed} element {i}", errors)) for i, errors in enumerate(bench.errors)]


def report(job, sim):
    """The object that `meter sim --json` prints."""
    world = sim.world
    elements = sim.element_states()
    before = job.registers_before()
    books = metered(sim.bench, [element["wh"] for element in elements], sim.bench.relays[0].closed)
    first = element_report(world.lines[0], elements[0], before[0])
    result = {
        "seed": job.seed,
        "commit": commit(),
        "chip": job.chip,
        "variant": job.variant,
        "board": job.board,
        "storage": job.storage,
        "runtime": job.runtime,
        "tick_ms": job.tick_ms,
        "simulated_s": world.clock.now_us / SECOND_US,
        "wall_s": round(sim.wall_s, 3),
        "ticks": sim.passes,
        **first,
        "pulses": pulses(world.lines[0].chip),
        "outages": world.outages,
        "boots": sim.boots,
        "faults": {"injected": injected(sim), "detected": sim.detected()},
        "events": sim.events(),
        "longest_gap_ms": world.longest_gap_us / 1000,
        **books[0],
    }
    if len(elements) > 1:
        result["element2"] = {**element_report(world.lines[1], elements[1], before[1]), **books[1]}
    if any(map(any, before)):
        result["registers_before"] = before
    return result


def pulses(chip):
    """Pulses that the chip's CF pins have given."""
    chip.advance()
    if hasattr(chip, "cf_count"):
        return {"active": chip.cf_count(0), "reactive": chip.cf_count(1)}
    return {"active": chip.cf1, "reactive": chip.cf2}


def injected(sim):
    """Counts of what the schedule and the flippers did."""
    counts = dict(sim.world.faults.injected)
    bench = sim.bench
    counts["spi_flip"] = bench.spi.flips.count if bench.spi.flips else 0
    counts["i2c_flip"] = bench.i2c.flips.count if bench.i2c.flips else 0
    return counts


def _choice(what, value, known):
    if value not in known:
        raise BadInput(f"unknown {what} {value!r}: choose one of {', '.join(known)}")


def _moment(day, second):
    from datetime import datetime, timedelta

    return datetime(2000, 1, 1) + timedelta(days=day, seconds=second)
