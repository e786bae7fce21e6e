# SPDX-License-Identifier: MIT
"""All profiles of a meter as one feature: load profile of each element, instrumentation, voltage log, daily consumption."""

from app.records.instrumentation import Instrumentation
from app.records.load_profile import LoadProfile
from app.records.profile_state import ProfileState
from app.records.voltage_log import VoltageLog
from app.store import layout

# Places in ProfileState, and what PROFILE_WRAPPED tells
LOAD_0 = 0
INSTRUMENTATION = 1
VOLTAGE = 2
DAILY = 3
LOAD_1 = 4

_LEFT_OUT_S = 60  # longest that profiles of intervals are not asked


class Profiles:
    """load: list, one an element, None without a ring; instrumentation, daily: or None; voltage: always there (without a ring
    it still gives its averages). restless: the next pass should come soon.
    """

    def __init__(
        self, blocks, clock, elements, served_wh, cold, cold_id, load_config, instrument_config, voltage_config, log
    ):
        """blocks: Blocks, or None: no store for profiles. elements: list of Element; served_wh: State.served_wh."""
        self.state = state = ProfileState(cold, cold_id, log)
        ring = blocks.ring if blocks is not None else [None] * layout.RING_IDS
        sample = elements[0].sample
        self.load = []
        for i in range(len(elements)):
            of_load = ring[layout.RING_LOAD_0 + i]
            place = LOAD_1 if i else LOAD_0
            made = LoadProfile(of_load, clock, served_wh[i], load_config, state, place) if of_load is not None else None
            self.load.append(made)
        self.instrumentation = self.daily = None
        found = ring[layout.RING_INSTRUMENTATION]
        if found is not None:
            self.instrumentation = Instrumentation(found, clock, sample, instrument_config, state, INSTRUMENTATION)
        found = ring[layout.RING_DAILY]
        if found is not None:
            self.daily = LoadProfile(found, clock, served_wh[0], None, state, DAILY)
        self.voltage = VoltageLog(ring[layout.RING_VOLTAGE], clock, sample, voltage_config, state, VOLTAGE)
        self._clock = clock
        self._adjusted = clock.adjusted
        self._generation = clock.generation
        self._calm_s = 0  # so long no interval ends
        self._interval = [p for p in self.load + [self.instrumentation, self.daily] if p is not None]
        self.restless = False

    def start(self, power_on):
        """After the registers are restored and the clock has been started. power_on: the supply was away. Boot only."""
        self.state.restore()
        for profile in self._interval:
            profile.start(power_on)

    def poll(self, now_ms, second):
        """Every pass, after the clock and after the second has been booked and saved. allocates: no

        Between boundaries only what averages readings is asked.
        """
        clock = self._clock
        if second:
            self._calm_s -= clock.passed_s
        if (
            self.restless
            or self._calm_s <= 0
            or clock.adjusted != self._adjusted
            or clock.generation != self._generation
        ):
            self._adjusted = clock.adjusted
            self._generation = clock.generation
            self._poll_intervals(now_ms, second)
        elif second and self.instrumentation is not None:
            self.instrumentation.count_second()
        self.voltage.poll(now_ms, second)
        if self.state.dirty:
            self.state.poll()

    def _poll_intervals(self, now_ms, second):
        restless = False
        calm_s = _LEFT_OUT_S
        for profile in self._interval:
            profile.poll(now_ms, second)
            if profile.restless:
                restless = True
            calm_s = min(calm_s, profile.until_s())
        self.restless = restless
        if second:
            self._calm_s = calm_s

    def until_s(self):
        """Seconds to the next boundary of any, 1..86400."""
        least = self.voltage.until_s()
        for profile in self._interval:
            least = min(least, profile.until_s())
        return least

    def flag(self, bits):
        """This has happened in the open intervals (bits: app.records.profile). allocates: no"""
        self._calm_s = 0
        for profile in self._interval:
            profile.flag(bits)

    def stand(self, bits, on):
        """From now on every interval has these bits (test mode), or no more."""
        self._calm_s = 0
        for profile in self._interval:
            if on:
                profile.standing |= bits
                profile.flag(bits)
            else:
                profile.standing &= ~bits

    def rebase(self):
        """The registers were preset."""
        self._calm_s = 0
        for load in self.load:
            if load is not None:
                load.rebase()
        if self.daily is not None:
            self.daily.rebase()
