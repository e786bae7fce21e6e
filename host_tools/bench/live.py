# SPDX-License-Identifier: MIT
"""A world that keeps pace with a person: its time follows the wall clock, its load has a knob, its mains wander.

The firmware does not notice: it sees the same buses, the same virtual clock and the same wait. What a person does (a key, a
knob, the plug) takes effect at the virtual instant at which it was done.
"""

import time

from host_tools.bench import loads
from host_tools.bench.job import Job
from host_tools.bench.mains import with_mains
from host_tools.bench.point import OperatingPoint
from host_tools.bench.world import NEVER, SECOND_US, EndOfRun, Line, McuReset, SupplyLost, World

FRAME_S = 0.1  # real time between two looks at keys and picture while nothing happens
_LATE_S = 0.3  # behind by more than this the world gives up catching up
_SHORT_US = 150_000
_LONG_US = 2_300_000  # a long press is one of 2 s
_BETWEEN_US = 250_000
_AHEAD_US = 6_000_000  # presses queued beyond this are a key held down on the keyboard

STEPS_W = (0, 5, 10, 20, 50, 100, 200, 350, 500, 750, 1000, 1500, 2000, 2500, 3000)
STEPS_W += (4000, 5000, 6000, 7500, 10_000, 12_500, 15_000, 17_500, 20_000, 23_000)


class LiveLoad:
    """What flows: the load of the command line until somebody turns the knob, on wandering mains.

    segments: iterator of (us, point), the load; mains: iterator of (us, point) whose voltage and frequency are taken
    wherever the load asks for exactly 230 V and 50 Hz. manual: (active_mw, reactive_mvar) while the knob decides.
    """

    def __init__(self, segments, mains):
        self.manual = None
        self._tracks = [_Track(segments), _Track(mains)]

    def pass_us(self, us):
        """`us` microseconds of it have flowed."""
        for track in self._tracks:
            track.pass_us(us)

    def present(self):
        """(us for which it stays so, OperatingPoint)."""
        load, mains = self._tracks
        point = load.point
        nominal = point.voltage_mv == loads.NOMINAL_MV and point.frequency_mhz == loads.NOMINAL_MHZ
        if self.manual is not None or (nominal and not point.harmonics):
            active, reactive = self.manual or (point.active_mw, point.reactive_mvar)
            line = mains.point if nominal else point
            point = OperatingPoint(line.voltage_mv, active, reactive, line.frequency_mhz)
        return min(load.left_us, mains.left_us), point

    # the knob

    def step(self, up):
        """One step more or less, in the direction in which it flows."""
        active, reactive = self._now()
        power = abs(active) // 1000
        if up:
            wanted = next((w for w in STEPS_W if w > power), STEPS_W[-1])
        else:
            wanted = next((w for w in reversed(STEPS_W) if w * 1000 < abs(active)), 0)
        sign = -1 if active < 0 else 1
        self.manual = (sign * wanted * 1000, round(reactive * wanted * 1000 / abs(active)) if active else 0)

    def turn_round(self):
        """Import becomes export and back: the current turns by 180 degrees."""
        active, reactive = self._now()
        self.manual = (-active, -reactive)

    def off(self):
        self.manual = (0, 0)

    def as_given(self):
        """Back to the load of the command line, wherever it is by now."""
        self.manual = None

    def _now(self):
        point = self._tracks[0].point
        return self.manual or (point.active_mw, point.reactive_mvar)


class _Track:
    """An iterator of (us, point) and where it stands."""

    def __init__(self, segments):
        self._segments = segments
        self.left_us, self.point = next(segments)

    def pass_us(self, us):
        self.left_us -= us
        while self.left_us <= 0:
            length, self.point = next(self._segments, (NEVER, self.point))
            self.left_us += length


class LiveLine(Line):
    """A Line whose present segment can be ended from outside."""

    def __init__(self, load, chip):
        self.load = load
        self._begun_us = 0
        super().__init__((), chip)

    def step(self):
        self.load.pass_us(self.until_us - self._begun_us)
        self._begun_us = self.until_us
        length, self.point = self.load.present()
        self.until_us += length

    def next_turn_us(self, after_us, limit_us):
        """Unknown: nobody knows what the hand will do. Waits are short enough that it does not matter."""
        return NEVER

    def change(self, at_us):
        """The load is another one from `at_us` on, which is not in the past."""
        self.chip.until_us = self.until_us = min(self.until_us, at_us)


class LiveWorld(World):
    """speed: virtual seconds a real one. on_idle(timeout_s): called while there is time, at least every FRAME_S; may sleep
    that long, and uses the methods below. on_end(): called when the firmware is about to have its last pass.
    """

    def __init__(self, seed, costs, speed, end_us=NEVER):
        super().__init__(seed, costs, end_us)
        self.speed = speed
        self.on_idle = None
        self.on_end = None
        self.ended = False
        self.running = False  # the processor has supply and has started
        self._pending = None
        self._presses_us = {}
        self._anchor_s = None  # real and virtual time that belong together
        self._anchor_us = 0
        self._idle_s = 0.0

    # -- what a person does -----------------------------------------------------------------------------------

    def end(self):
        """Switch it all off, in good order: the firmware has one more pass."""
        self.ended = True
        self.end_us = min(self.end_us, self.present_us())

    def present_us(self):
        """The virtual instant that is now; never before the world's own clock."""
        if self._anchor_s is None:
            return self.clock.now_us
        passed = int((time.monotonic() - self._anchor_s) * self.speed * SECOND_US)
        return max(self.clock.now_us, self._anchor_us + passed)

    def turn_knob(self, line, change):
        """change: a bound method of line.load, called now."""
        change()
        line.change(self.present_us())

    def press(self, button, long):
        """A press of a ButtonModel, after those that are not done yet."""
        now = self.present_us()
        at = max(now, self._presses_us.get(button, 0) + _BETWEEN_US)
        if at - now < _AHEAD_US:
            length = _LONG_US if long else _SHORT_US
            button.press(at, length)
            self._presses_us[button] = at + length

    def reset_processor(self):
        self._pending = McuReset(2)
        self._count("mcu_reset")

    def pull_the_plug(self):
        """Mains off for as long as the simulation's outage lasts."""
        if self.supply_on:
            self._pending = SupplyLost()
            self._count("outage")

    def reset_chip(self, chip):
        if self.supply_on:
            chip.force_reset()
            self._count("chip_reset")

    def _count(self, fault):
        if self.faults is not None:
            self.faults.injected[fault] += 1

    # -- time -------------------------------------------------------------------------------------------------

    def wait(self, next_ms):
        """As World.wait, at the pace of the wall clock. The run ends here only, where the firmware can have its last word."""
        self.running = True
        clock = self.clock
        target = clock.now_us + max(0, clock.ticks_diff(next_ms, clock.ticks_ms())) * 1000
        while self._pending is None and not self._reached(min(target, self._next_edge_us(), self.end_us)):
            pass
        if self._pending is not None:
            pending, self._pending = self._pending, None
            raise pending
        try:
            super().wait(next_ms)
        except EndOfRun:
            if self.on_end is not None:
                self.on_end()
            raise

    def pass_time(self, us):
        """The processor is off: keys that would reach it do nothing, everything else goes on."""
        clock = self.clock
        self.running = False
        target = clock.now_us + us
        stride = max(1, int(FRAME_S * self.speed * SECOND_US))
        while clock.now_us < target:
            stop = min(target, clock.now_us + stride)
            while not self.ended and not self._reached(stop):
                pass
            clock.now_us = stop
            self.settle()
        self._pending = None

    def _reached(self, target_us):
        """One step of real time towards virtual time `target_us`. returns: True when it is there"""
        now = time.monotonic()
        if self._anchor_s is None:
            self._anchor_s, self._anchor_us = now, self.clock.now_us
        left = self._anchor_s + (target_us - self._anchor_us) / (self.speed * SECOND_US) - now
        if left < -_LATE_S:  # this machine is slower than was asked for: no running after it
            self._anchor_s, self._anchor_us = now, target_us
        if self.on_idle is not None and (left > 0 or now - self._idle_s >= FRAME_S):
            self._idle_s = now
            self.on_idle(min(max(left, 0.0), FRAME_S))
        elif left > 0:
            time.sleep(min(left, FRAME_S))
        return left <= 0


class LiveJob(Job):
    """A Job for `meter run`: paced, with a knob, the clock right. speed: virtual seconds a real one; for_s: end, or None."""

    def __init__(self, *, speed, for_s, utc, **options):
        """utc: (day, second) now, since 2000."""
        self.speed = speed
        self.for_s = for_s
        # Frames often enough to look alive, seldom enough for the machine to keep up.
        super().__init__(tick_ms=min(1000, max(100, int(100 * speed))), until_s=for_s, **options)
        # The RTC has gone on while the meter was off. A meter that was run faster than time stays ahead of it.
        self.start = max(self.start, utc) if self.state is not None and not self.state.fresh else utc

    def _new_world(self):
        end_us = NEVER if self.for_s is None else self.for_s * SECOND_US
        return LiveWorld(self.seed, self._costs(), self.speed, end_us)

    def _line(self, source, chip):
        # The same mains for both elements: it is one phase.
        mains = with_mains(loads.open_circuit(), f"{self.seed} mains", SECOND_US)
        return LiveLine(LiveLoad(source, mains), chip)
