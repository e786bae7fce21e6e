# SPDX-License-Identifier: MIT
"""One meter that is cut at a chosen byte, and its uncut twin: what power_cut.py proves with.

Nothing is replayed: each cut is the run itself, in a process forked from it just before the pass that is cut, so up to the
cut it is the twin, to the bit. The supply goes after the wanted byte, out of the firmware's own call, and takes the metering
chip with it.
"""

import functools
import gc
import json
import os

from app.metrology.sample import ENERGY
from drivers.ade9153a import ADE9153A
from drivers.atm90e26 import ATM90E26

from host_tools.bench import glass
from host_tools.bench.calibration import calibrate
from host_tools.bench.job import Job, build
from host_tools.bench.sim import Simulation
from host_tools.bench.station import Station
from host_tools.bench.storage import PowerCut
from host_tools.bench.world import SECOND_US, EndOfRun

SEED = 11
DARK_US = 1_500_000  # how long the supply stays away
# A meter with a life behind it, a few counts short of rolling a digit that the glass shows (10 Wh).
START_WH = (4_123_459, 17, 812_349, 5, 4_300_009, 40)

_SEGMENTS = {
    "abcdef": "0",
    "bc": "1",
    "abdeg": "2",
    "abcdg": "3",
    "bcfg": "4",
    "acdfg": "5",
    "acdefg": "6",
    "abc": "7",
    "abcdefg": "8",
    "abcdfg": "9",
    "": "",
}


COUNTS_PER_WH = {"ade9153a": ADE9153A.counts_per_wh, "atm90e26": ATM90E26.counts_per_wh}


@functools.cache
def payload(chip, seed):
    """Calibration of the unit of this seed, found once."""
    job = Job(chip=chip, seed=seed, uncalibrated=True)
    _, bench = job.make_world()
    return calibrate(Station(chip, f"{seed} element 0", bench.errors[0]))


@functools.cache
def image(chip, storage, seed):
    """Storage of a commissioned meter that has run before and was switched off properly."""
    job = Job(chip=chip, storage=storage, seed=seed, loads=["100W"], until_s=8, uncalibrated=True)
    world, bench = job.make_world()
    bench.store_calibration([payload(chip, seed)])
    factory = bench.factory()
    # A flash sector holds 32 hot records: two more, and the next one is begun and one ahead erased.
    for number in range(29 if storage == "partition" else 0, -1, -1):
        factory.preset(0, (*START_WH[:5], START_WH[5] - number), COUNTS_PER_WH[chip])
    Simulation(world, bench, build, job.configure).run()
    return bytes(bench.memory)


@functools.cache
def start_counts(chip, storage, seed):
    """What the image holds, as an undisturbed boot finds it: counts of active import."""
    life = Life(chip, "100W", storage=storage, seed=seed, until_s=1, known=0)
    life.run()
    return exact_counts(life.sim.meter)


class Life:
    """One run from the prepared image: until it is cut, or to the end. "Counts" are those of active import, everything in them.

    known: counts in the image. falls: what a reader saw fall. trace: (bytes written, us, counts) after each pass.
    """

    def __init__(
        self,
        chip,
        load,
        *,
        tick_ms=100,
        storage="fram",
        until_s=8,
        seed=SEED,
        board="virtual",
        variant="e1c1",
        known=None,
        reset_only=False,
    ):
        self._reset_only = reset_only  # a cut takes the processor only
        self._at = None
        self._next_ms = 0
        self._arguments = {
            "chip": chip,
            "load": load,
            "tick_ms": tick_ms,
            "storage": storage,
            "until_s": until_s,
            "seed": seed,
            "board": board,
            "variant": variant,
        }
        self.job = Job(
            chip=chip,
            board=board,
            variant=variant,
            storage=storage,
            loads=[load],
            tick_ms=tick_ms,
            until_s=until_s,
            seed=seed,
            uncalibrated=True,
        )
        self.world, self.bench = self.job.make_world()
        self.bench.memory[:] = image(chip, storage, seed)
        self.chip = self.bench.chips[0]
        self.on_pass = None  # called with the meter after each pass
        self.trace = []
        self.served = [0] * 6
        self.shown = {}  # register -> highest value the glass has shown, in 10 Wh
        self.falls = []
        self.sim = Simulation(self.world, self.bench, build, self.job.configure)
        self.counts_per_wh = COUNTS_PER_WH[chip]
        self.start_counts = start_counts(chip, storage, seed) if known is None else known
        self.dark_counts = self.start_counts  # of the twin at the cut
        self.counted_wh = 0.0
        self.cut_us = None
        self._chip_before_wh = 0.0
        self._starting = True

    # -- what a pass is watched for -------------------------------------------------------------------------

    def _after_pass(self, meter):
        self.watch(meter)
        self._note_start(meter)
        self.trace.append((self.bench.cut.written, self.world.clock.now_us, exact_counts(meter)))
        if self._at is not None and self.world.clock.now_us >= self._at[0]:
            do = self._at[1]
            self._at = None
            do(meter, self.world.clock.ticks_ms())
        if self.on_pass is not None:
            self.on_pass(meter)

    def _note_start(self, meter):
        if self._starting and meter.elements[0].flags & ENERGY:
            # What the chip counted before its calibration was loaded was thrown away at the start; it is not what a cut takes.
            self._starting = False
            handed_wh = self.chip.acknowledged("active") / self.chip.units_per_wh
            self._chip_before_wh = handed_wh - (exact_counts(meter) - self.start_counts) / self.counts_per_wh

    def watch(self, meter):
        """No reader may see a register fall: not at the store, not on the glass."""
        served = meter.store.served_wh[0]
        for k in range(6):
            if served[k] < self.served[k]:
                self.falls.append(("served", k, self.served[k], served[k]))
            self.served[k] = served[k]
        reading = shown(self.bench.lcd.segments())
        if reading is not None:
            name, value = reading
            if value < self.shown.get(name, 0):
                self.falls.append(("glass", name, self.shown[name], value))
            self.shown[name] = value

    # -- running ----------------------------------------------------------------------------------------------

    def run(self, cut_at=None):
        """From power-on to the cut at byte `cut_at` (1..) or to the end. returns: True when it was cut"""
        self.bench.cut.remaining = cut_at
        self.world.supply(True)
        return self._until_dark(0)

    def _loop(self):
        """The loop of every board, watched. raises: EndOfRun, PowerCut"""
        world = self.world
        meter = self.sim.meter
        while True:
            self._next_ms = meter.poll(world.clock.ticks_ms())
            self._after_pass(meter)
            world.wait(self._next_ms)

    def _until_dark(self, cause):
        sim = self.sim
        try:
            sim._boot(cause)
            self.watch(sim.meter)
            self._loop()
        except PowerCut:
            self._dark()
            return True
        except EndOfRun:
            return False

    def _dark(self):
        self.world.settle()
        self.cut_us = self.world.clock.now_us
        if self.sim.meter is not None:
            self._note_start(self.sim.meter)
            # The highest it has been: the open second is a net, and a chip without load may count a hair backwards.
            self.dark_counts = max(
                exact_counts(self.sim.meter), *(entry[2] for entry in self.trace[-50:] or [(0, 0, 0)])
            )
        if not self._starting:
            self.counted_wh += self._chip_wh() - self._chip_before_wh
        self.bench.cut.remaining = None
        self._at = None
        if not self._reset_only:
            self.world.supply(False)

    def _chip_wh(self):
        return self.chip.unwrapped("active") / self.chip.units_per_wh

    def reboot(self, run_us=0):
        """The supply comes back, for `run_us`. returns: exact counts of active import as restored"""
        world = self.world
        world.end_us = world.clock.now_us + DARK_US + 60 * SECOND_US
        world.pass_time(DARK_US)
        self._starting = True
        world.supply(True)
        sim = self.sim
        sim._boot(0)
        restored = exact_counts(sim.meter)
        self.watch(sim.meter)
        if run_us:
            self.go_on(run_us)
        return restored

    def go_on(self, run_us):
        """Let the booted meter run for so long."""
        self.on_pass = None
        self.world.end_us = self.world.clock.now_us + run_us
        try:
            self._loop()
        except EndOfRun:
            pass

    def go_on_until_cut(self, cut_at):
        """Let the booted meter run until it has written so many bytes, and cut it there."""
        self.bench.cut.remaining = cut_at
        self.world.end_us = 1 << 62
        try:
            self._loop()
        except PowerCut:
            self._dark()

    def reset(self, run_us):
        """The processor comes back while the chip never stopped. returns: counts as restored"""
        self.bench.mcu_reset()
        self.world.forget_gap()
        self.world.end_us = 1 << 62
        self.sim._boot(2)
        restored = exact_counts(self.sim.meter)
        self.watch(self.sim.meter)
        self.go_on(run_us)
        return restored

    def handed_wh(self):
        """What the chip has handed out since it began to meter."""
        return self.chip.acknowledged("active") / self.chip.units_per_wh - self._chip_before_wh

    def at_us(self, us, do):
        """Call do(meter, now_ms) after the first pass from then on."""
        self._at = (us, do)

    def warn(self, at_us, name):
        """Power-fail warning at `at_us`: "mains_fail" (nothing flows any more) or "power_fail" (the load goes on)."""
        schedule = self.world.faults
        schedule.plan = [(at_us, name)]
        schedule.next_us = at_us

    def cut_every_byte(self, from_us, to_us, check, step=1, between=False, stride=1):
        """Run to the end; a pass that follows one of this span is cut at every `step`th byte it writes, each in a fork.

        between: and once before it, so that spans in which nothing is written are cut too. stride: only every so many-th
        pass. check(life) is called in the fork, dark; what it returns (JSON-able) is collected, an AssertionError there is
        one here.
        """
        results = []
        gc.freeze()  # what is alive stays out of the way of the forks' collectors, and with it their memory shared
        twin = Life(**self._arguments)
        twin._at = self._at
        twin.world.faults.plan = list(self.world.faults.plan)
        twin.world.faults.next_us = self.world.faults.next_us
        twin.run()
        written = [entry[0] for entry in twin.trace]
        writing = {i + 1 for i in range(len(written) - 1) if written[i + 1] > written[i]}

        def on_pass(meter):
            number = len(self.trace)
            assert self.trace[-1] == twin.trace[number - 1], "a run is not what its twin is"
            if from_us <= self.world.clock.now_us < to_us and (between or number in writing) and number % stride == 0:
                cut_at = 0 if between else 1
                while True:
                    answer = self._cut_next_pass(cut_at, check)
                    if answer is None:
                        return  # all bytes of the pass have been cut
                    results.append(answer)
                    cut_at = cut_at + step if cut_at else 1

        self.on_pass = on_pass
        self.run()
        return results

    def _cut_next_pass(self, cut_at, check):
        """In a fork. returns: its answer; None when the pass ended with fewer bytes"""
        reader, writer = os.pipe()
        child = os.fork()
        if child:
            os.close(writer)
            with open(reader, "rb") as stream:
                answer = json.loads(stream.read() or b'{"failed": "the fork died"}')
            os.waitpid(child, 0)
            if answer["failed"] is not None:
                raise AssertionError(answer["failed"])
            return answer["value"]
        os.close(reader)
        answer = {"failed": None, "value": None}
        try:
            self.bench.cut.remaining = cut_at or None
            if not cut_at:
                self._dark()
            if not cut_at or self._pass_is_cut():
                answer["value"] = check(self)
        except BaseException as error:  # noqa: BLE001  told to the parent
            answer["failed"] = f"{type(error).__name__}: {error}"
        with open(writer, "wb") as stream:
            stream.write(json.dumps(answer).encode())
        os._exit(0)

    def _pass_is_cut(self):
        """The pass that is due. returns: True when it was cut, False when it ended whole"""
        try:
            self.world.wait(self._next_ms)
            self.sim.meter.poll(self.world.clock.ticks_ms())
        except PowerCut:
            self._dark()
            return True
        except EndOfRun:
            pass
        return False

    def loss_wh(self, restored):
        """What the chip had counted up to the cut less what was found again, Wh."""
        return self.counted_wh - (restored - self.start_counts) / self.counts_per_wh


def exact_counts(meter):
    """Active import with everything below the Wh, in counts."""
    r = meter.elements[0].registers
    return r.wh[0] * r.counts_per_wh + r.residue[0] + r.pending_active


def shown(lit):
    """What a person reads off the glass: (descriptor and unit, value in 10 Wh), or None when it is no energy register."""
    lit = glass.names(lit)
    if not {"k", "h"} <= lit and not {"k", "varh"} <= lit:
        return None
    digits = "".join(_digit(lit, f"digit{n}") or "?" for n in range(1, 9)).strip("?")
    text = "".join(_digit(lit, f"text{n}") or "?" for n in range(1, 5))
    if not digits.isdigit() or text == "8888":  # the lamp test is no reading
        return None
    return text, int(digits)


def _digit(lit, where):
    segments = "".join(s for s in "abcdefg" if f"{where}.{s}" in lit)
    return _SEGMENTS.get(segments)
