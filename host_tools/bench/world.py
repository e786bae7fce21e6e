# SPDX-License-Identifier: MIT
"""The world around the board: what flows, what fails, and the truth about both. Owns the seed and the virtual clock.

Time passes in two ways only: buses and the interpreter charge it while the firmware works, and `wait` lets it pass until the
firmware's next pass. `wait` never steps over a change of the load, a fault, an input edge or, when it is longer than a second,
over the metering second in which the sign of the power changes. A change of the load that falls into a pass takes effect at its
own instant too: a chip that is looked at later has the world settle first (`EnergyChip.catch_up`).
"""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING

from host_tools.bench.clock import VirtualClock
from host_tools.bench.point import DEAD
from host_tools.bench.truth import Truth

if TYPE_CHECKING:
    from host_tools.bench.faults import Schedule

SECOND_US = 1_000_000
NEVER = 1 << 62


class McuReset(BaseException):
    """The processor was reset (pin, watchdog): RAM is gone, everything else goes on. cause: 1 watchdog, 2 other."""

    def __init__(self, cause):
        super().__init__(cause)
        self.cause = cause


class SupplyLost(BaseException):
    """Mains and supply are gone: processor and chips stop."""


class EndOfRun(BaseException):
    """The simulated time is over."""


class Line:
    """One metering element's circuit: a segment source, the chip on it, and its truth."""

    def __init__(self, segments, chip):
        self.source = iter(segments)
        self.chip = chip
        self.truth = Truth()
        self.point = DEAD
        self.until_us = 0  # the present segment ends here
        self.ahead = deque()  # (duration_us, point) already read from the source
        self.seen_us = 0  # where they end
        self.last = DEAD  # what flows there
        self.turns = deque()  # changes of sign up to there, us
        self.read_us = None  # last energy read of the firmware, and the idle time it asked for since
        self.idle_us = 0
        self.stale_us = 0  # reads up to here begin no gap
        self.resets = chip.resets

    def _read_ahead(self):
        """One more segment from the source. returns: False at its end"""
        segment = next(self.source, None)
        if segment is None:
            return False
        duration, point = segment
        if _turns(self.last, point):
            self.turns.append(self.seen_us)
        self.ahead.append(segment)
        self.seen_us += duration
        self.last = point
        return True

    def step(self):
        """Enter the next segment (the present one has ended); past the end of the source nothing flows."""
        if not self.ahead and not self._read_ahead():
            self.point = DEAD
            self.until_us = NEVER
            return
        duration, point = self.ahead.popleft()
        self.until_us += duration
        self.point = point

    def forget_gap(self):
        """The next energy read ends no gap."""
        self.read_us = None
        self.stale_us = self.chip.energy_read_us

    def next_turn_us(self, after_us, limit_us):
        """When active or reactive power next turns round after `after_us`, as far as that is before `limit_us`; else NEVER."""
        turns = self.turns
        while turns and turns[0] <= after_us:
            turns.popleft()
        while not turns and self.seen_us < limit_us:
            if not self._read_ahead():
                return NEVER
        return turns[0] if turns and turns[0] < limit_us else NEVER


def _turns(a, b):
    return (a.active_mw < 0) != (b.active_mw < 0) or (a.reactive_mvar < 0) != (b.reactive_mvar < 0)


class World:
    """lines: list of Line, one an element. faults: host_tools.bench.faults.Schedule or None. costs: Costs.

    supply_on: mains present. Outages make DEAD flow and cut every chip; the load resumes where the recording is then.
    """

    def __init__(self, seed, costs, end_us):
        self.seed = seed
        self.rng = random.Random(seed)
        self.clock = VirtualClock()
        self.costs = costs
        self.end_us = end_us
        self.lines: list[Line] = []
        self.faults: Schedule | None = None
        self.inputs = []  # things with next_edge_us(now_us): buttons, interrupts of the chips
        self.supply_on = False
        self.passes = 0
        self.outages = 0
        self.longest_gap_us = 0
        self._done_us = 0  # truth is integrated up to here
        self._idle_us = 0
        self._pass_us = 0  # when the present pass, or boot, began
        self.watchdog_fed_us = 0
        self.watchdog_timeout_us = 8 * SECOND_US
        self.watchdog_on = False
        self.on_supply = None  # called with True / False

    def connect(self, lines):
        """lines: list of Line, one an element."""
        self.lines = lines
        for line in lines:
            line.chip.settle = self.settle
            line.chip.until_us = line.until_us

    # -- time -------------------------------------------------------------------------------------------------

    def settle(self):
        """Integrate the truth to now and enter every segment that has begun."""
        now = self.clock.now_us
        stop = -1
        while stop < now:
            stop = now
            for line in self.lines:
                stop = min(stop, line.until_us)
            if stop > self._done_us:
                if self.supply_on:
                    for line in self.lines:
                        line.truth.add(self._done_us, stop, line.point)
                self._done_us = stop
            for line in self.lines:
                if line.until_us <= stop:
                    while line.until_us <= stop:
                        line.step()
                    line.chip.until_us = line.until_us
                    if self.supply_on:
                        self._apply(line, stop)

    def _apply(self, line, at_us):
        clock = self.clock
        now = clock.now_us
        if line.chip.settled_us > at_us:
            raise RuntimeError("a chip was looked at beyond a change of what flows")
        clock.now_us = at_us
        line.chip.set_point(line.point)
        clock.now_us = now

    def wait(self, next_ms):
        """Let time pass until tick `next_ms`, as board.wait does; raises what happens to the board meanwhile."""
        clock = self.clock
        ms = clock.ticks_diff(next_ms, clock.ticks_ms())
        start = clock.now_us
        costs = self.costs
        clock.now_us += costs.pass_us
        self.passes += 1
        if costs.gc_every and self.passes % costs.gc_every == 0:
            clock.now_us += costs.gc_us
        # The firmware works on whole milliseconds of its tick.
        target = (start // 1000 + ms) * 1000
        target = max(target, clock.now_us)
        if ms > 1000:
            target = self._before_sign_change(target)
            if target == self.end_us:
                target -= SECOND_US  # the last pass comes sooner than it was asked for: nothing is put off in it
        self._measure_gap()
        idle_from = clock.now_us
        edge = self._next_edge_us()
        while True:
            fault = self.faults.next_us if self.faults is not None else NEVER
            stop = min(target, edge, fault)
            for line in self.lines:
                stop = min(stop, line.until_us)
            if stop >= self.end_us:
                clock.now_us = max(clock.now_us, self.end_us)
                self.settle()
                raise EndOfRun
            clock.now_us = max(clock.now_us, stop)
            self.settle()
            woken = edge <= clock.now_us
            if fault <= clock.now_us and self.faults.run(self, clock.now_us):
                woken = True
            if woken or clock.now_us >= target:
                break
            edge = self._next_edge_us()  # the load has changed, and an interrupt may come of it
        self._pass_us = clock.now_us
        self._idle_us = clock.now_us - idle_from

    def _before_sign_change(self, target):
        """The metering second of a change of sign is bracketed by passes: nothing is netted across it.

        A long wait ends where a metering second does (app.meter), so the others end whole seconds before it.
        """
        now = self.clock.now_us
        end = target
        for line in self.lines:
            turn = line.next_turn_us(self._pass_us, end)
            if turn == NEVER:
                continue
            turn = max(turn, now)  # it fell into the pass that has just ended: perhaps after the energy was read
            begin = end - -(-(end - turn) // SECOND_US) * SECOND_US
            target = min(target, begin if begin > now else begin + SECOND_US)
        return target

    def _next_edge_us(self):
        """When the next input of the board changes: the firmware's wait ends there."""
        edge = NEVER
        now = self.clock.now_us
        for source in self.inputs:
            at = source.next_edge_us(now)
            if at is not None and at < edge:
                edge = at
        return edge

    # -- what the models tell ---------------------------------------------------------------------------------

    def feed(self):
        """The watchdog was fed."""
        self.watchdog_on = True
        self.watchdog_fed_us = self.clock.now_us

    def forget_gap(self):
        """The firmware or a chip was not running: the next read ends no gap."""
        for line in self.lines:
            line.forget_gap()

    def _measure_gap(self):
        """Time between two energy reads beyond the wait that the firmware asked for in between: how late it was."""
        for line in self.lines:
            chip = line.chip
            read = chip.energy_read_us
            if chip.resets != line.resets:
                line.resets = chip.resets
                line.forget_gap()
            line.idle_us += self._idle_us
            if line.read_us is None:
                if read > line.stale_us:
                    line.read_us = read
                    line.idle_us = 0
            elif read > line.read_us:
                late = read - line.read_us - line.idle_us
                self.longest_gap_us = max(self.longest_gap_us, late)
                line.read_us = read
                line.idle_us = 0

    def supply(self, on):
        """Mains come or go, with everything on the board."""
        self.settle()
        self.supply_on = on
        if self.on_supply is not None:
            self.on_supply(on)
        for line in self.lines:
            line.chip.set_point(line.point if on else DEAD)
            line.chip.power(on)
        if not on:
            self.outages += 1
        self.forget_gap()

    def mains_fail(self):
        """Mains go, and with them all that flows; the board lives on what its capacitors hold until `supply(False)`."""
        self.settle()
        self.supply_on = False
        for line in self.lines:
            line.chip.set_point(DEAD)

    def pass_time(self, us):
        """Let time pass with the processor off (outage, reset, boot)."""
        target = self.clock.now_us + us
        if target >= self.end_us:
            self.clock.now_us = self.end_us
            self.settle()
            raise EndOfRun
        self._pass_us = self.clock.now_us = target
        self.settle()
