# SPDX-License-Identifier: MIT
"""One run of the meter on the simulated bench, in process: boots, resets, outages, and the report at the end."""

import subprocess
import time
from pathlib import Path

from host_tools.bench.chips.energy import NJ_PER_WH, REGISTER_KEYS
from host_tools.bench.storage import PowerCut
from host_tools.bench.stored import events_of
from host_tools.bench.world import SECOND_US, EndOfRun, McuReset, SupplyLost

OUTAGE_US = 20 * SECOND_US  # what an outage of the fault list lasts


def commit():
    """The checked-out commit, for replay; '' outside a checkout."""
    try:
        return subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


class Simulation:
    """world and bench of one run. on_pass(meter): called after every pass (tests look at invariants there).

    build: callable(hardware) -> Meter. configure: callable(meter) applied after each boot (tick, save policy).
    """

    def __init__(self, world, bench, build, configure=None, on_pass=None, on_boot=None, on_progress=None):
        self.world = world
        self.bench = bench
        self.build = build
        self.configure = configure
        self.on_pass = on_pass
        self.on_boot = on_boot
        self.on_progress = on_progress
        self.meter = None
        self.boots = 0
        self.passes = 0
        self.wall_s = 0.0
        self.outage_us = OUTAGE_US

    def run(self):
        """Runs to the world's end; afterwards `meter` is the firmware's last state."""
        begun = time.perf_counter()
        world = self.world
        cause = 0
        world.supply(True)
        try:
            while True:
                try:
                    self._boot(cause)
                    self._loop()
                except McuReset as reset:
                    cause = reset.cause
                    self.bench.mcu_reset()
                    world.forget_gap()
                except (SupplyLost, PowerCut):
                    cause = 0
                    self.bench.cut.remaining = None
                    world.supply(False)
                    world.pass_time(self.outage_us)
                    world.supply(True)
        except EndOfRun:
            self._last_pass()
        self.wall_s = time.perf_counter() - begun
        return self

    def _boot(self, cause):
        world = self.world
        world.watchdog_on = False
        world.pass_time(world.costs.boot_us)
        self.meter = None
        meter = self.build(self.bench.hardware(cause))
        if self.configure is not None:
            self.configure(meter)
        self.meter = meter
        self.boots += 1
        if self.on_boot is not None:
            self.on_boot(meter)

    def _loop(self):
        meter = self.meter
        poll = meter.poll
        wait = self.world.wait
        ticks_ms = self.world.clock.ticks_ms
        on_pass = self.on_pass
        progress = self.on_progress
        while True:
            next_ms = poll(ticks_ms())
            self.passes += 1
            if on_pass is not None:
                on_pass(meter)
            if progress is not None and not self.passes & 0xFFF:
                progress(self.world.clock.now_us)
            wait(next_ms)

    def element_states(self):
        """[{"wh": [6], "residue": [6], "lost_mwh": [6]}] an element, as the firmware has them at the end."""
        return [
            {"wh": list(e.registers.wh), "residue": list(e.registers.residue), "lost_mwh": list(e.lost_mwh)}
            for e in self.meter.elements
        ]

    def detected(self):
        """Counters of what the firmware noticed."""
        return detected(self.meter)

    def events(self):
        """[[utc_s, code], ...] of the four event logs as stored, oldest first; utc_s counts from 2000-01-01."""
        return [[day * 86_400 + second, code] for day, second, code, _ in events_of(self.bench, len(self.world.lines))]

    def face(self):
        """What the eye sees of the LCD: frozenset of (seg, com)."""
        return self.bench.lcd.segments()

    def _last_pass(self):
        # What flowed up to the last instant is metered too; then the truth stops at the same instant.
        if self.meter is not None:
            self.meter.poll(self.world.clock.ticks_ms())
            self.passes += 1
            if self.on_pass is not None:
                self.on_pass(self.meter)


def detected(meter):
    """dict of counters, summed over the elements."""
    names = ("crc_errors", "address_errors", "retries", "resets", "rejects")
    counts = {name: sum(getattr(e.front_end, name) for e in meter.elements) for name in names}
    counts["driver_failures"] = sum(e.failures for e in meter.elements)
    counts["saves_failed"] = meter.store.save_failures
    counts["store_errors"] = meter.store.hot.errors
    return counts


def element_report(line, element, before=(0, 0, 0, 0, 0, 0)):
    """truth, truth_cycle, registers, error_percent, unmeasured and declared loss of one element: dicts of REGISTER_KEYS.

    before: whole Wh that the registers held when the run began; the truth is of this run alone.
    """
    truth = {k: float(line.truth.wh(k)) for k in REGISTER_KEYS}
    cycle = {k: float(line.truth.cycle_wh(k)) for k in REGISTER_KEYS}
    registers = dict(zip(REGISTER_KEYS, element["wh"], strict=True))
    metered = {k: registers[k] - was for k, was in zip(REGISTER_KEYS, before, strict=True)}
    error = {k: (100 * (metered[k] - truth[k]) / truth[k] if truth[k] else None) for k in REGISTER_KEYS}
    unmeasured = {k: line.chip.unmeasured_nj[k] / NJ_PER_WH for k in REGISTER_KEYS}
    declared = {k: mwh / 1000 for k, mwh in zip(REGISTER_KEYS, element["lost_mwh"], strict=True)}
    return {
        "truth": truth,
        "truth_cycle": cycle,
        "registers": registers,
        "error_percent": error,
        "unmeasured_wh": unmeasured,
        "declared_lost_wh": declared,
    }
