# SPDX-License-Identifier: MIT
"""The meter, top down: what one pass does, in order.

    energy of every element -> registers -> store -> supervision -> clock -> rounds -> supply -> panel -> watchdog

One direction, one pass, no call back up. Everything outside the first three steps is a *feature*: an exception in one switches
that feature off, is logged, and metering goes on. Time is an argument; nothing here waits.
"""

from micropython import const

from app import ticks
from app.metrology import sample as s
from app.records import codes

FEATURE_CLOCK = const(0)
FEATURE_SUPERVISION = const(1)
FEATURE_SUPPLY = const(2)
FEATURE_PANEL = const(3)
FEATURE_LOG = const(4)
FEATURE_PULSE = const(5)
FEATURE_ROUNDS = const(16)  # all others are the engines' own (app/engines.py)
_FEATURES = const(32)

# The features of a complete pass, in the order in which they run.
_ORDER = (FEATURE_SUPERVISION, FEATURE_CLOCK, FEATURE_ROUNDS, FEATURE_SUPPLY, FEATURE_PANEL, FEATURE_LOG)
_FROM_CLOCK = const(1)
_FROM_ROUNDS = const(2)
_FROM_SUPPLY = const(3)
_AT_PANEL = const(4)
_AT_LOG = const(5)
_RUNS = const(6)

_TICK_HALF = const(1 << 29)  # see app/ticks.py
_ALIGN_WAIT_MS = const(2)
_SECOND_ROOM_MS = const(50)
_DOWN_WAIT_MS = const(10)
_KEY_WAIT_MS = const(20)
_COIL_WAIT_MS = const(10)
_WORK_WAIT_MS = const(10)
_WORK_ROOM_MS = const(110)
_QUANTITIES_EVERY = const(10)  # passes, and on a second: each second at the board's 100 ms
_FAILING_WAIT_MS = const(1)
_RESTORE_WAIT_MS = const(50)
_BOOTS_FAILED = const(3)
_CAUSE_WATCHDOG = const(1)
_ENERGY = s.ENERGY
_EVENT = s.EVENT
_ATTENTION = s.RESTARTED | s.DOWN | s.SUSPECT | s.REPAIRED | s.EVENT


class Meter:
    """config: Config; elements: list of Element; store: State (what survives); clock: Clock; log: Journal; watchdog: port.

    timekeeper, supervision, supply, panel: features with `poll(now_ms, second)`, supply and panel may be None. power_good:
    callable, 0 while the supply is failing. expander: port with `poll()` or None. reset_cause: 0 power-on, 1 watchdog, 2
    other. door: Door, the one way in for commands. Built and started by compose.compose(); then `poll` for ever.
    """

    def __init__(
        self,
        config,
        elements,
        store,
        clock,
        timekeeper,
        supervision,
        supply,
        panel,
        log,
        watchdog,
        power_good,
        expander,
        reset_cause,
        door,
        pulse=None,
        outage=None,
        engines=None,
    ):
        self.config = config
        self.elements = elements
        self.store = store
        self.clock = clock
        self.timekeeper = timekeeper
        self.supervision = supervision
        self.supply = supply
        self.panel = panel
        self.log = log
        self.watchdog = watchdog
        self.power_good = power_good  # callable -> 0 while the supply is failing
        self.expander = expander  # polled before its pins are looked at, or None
        self.reset_cause = reset_cause  # 0 power-on, 1 watchdog, 2 other
        self.door = door
        self.pulse = pulse  # PulseMaker, or None where the chip drives the LED
        self.outage = outage  # tells when the supply went and came back
        self.engines = engines
        self.rounds = None
        if engines is not None:
            self.rounds = engines.rounds
            self.rounds.fail = self._engine_failed
        self.safe = False  # after three failed boots: metering only
        self.passes = 0
        self.failing = False
        self._since_quantities = 0
        # Apparent energy that no chip counts is integrated from the readings: they come every second, however few the passes.
        self._sampled = not all([element.front_end.apparent_counted for element in elements])
        self.feature_off = [0] * _FEATURES
        self._running = [None] * _RUNS  # what _ORDER says, None: not fitted, switched off, or not in safe mode
        self._boot_ms = 0
        self._begun_ms = 0
        self._unsaved = 0  # counts of active energy read since the last save, all elements
        self._unsaved_seconds = 0
        per = elements[0].registers.counts_per_wh
        self._save_counts = config.save_mwh * (per // 1000) if per >= 1000 else config.save_mwh * per // 1000
        self._save_seconds = 1
        self._energy_mwh_s = 0
        self._most_w = 0  # of all elements, as the last pass has read them
        self._down = False  # one of them
        self._long = False  # steps of more than a second: nobody is looking
        self._wanted_ms = 0
        self.set_longest_wait(config.longest_wait_ms)

    def set_longest_wait(self, ms):
        """Longest wait between two passes, 1..3 600 000 ms. Above a second every pass that ends one saves."""
        config = self.config
        config.set_longest_wait(ms)
        long = ms > 1000
        self._long = long
        self._fit_panel(True)
        self._energy_mwh_s = 0 if long else config.wait_mwh * 3600
        self._save_seconds = 1 if long else config.save_seconds

    def start(self, now_ms, boot_ms):
        """Restore, before anything is served. boot_ms: how long the supply had been good before `now_ms`."""
        self._boot_ms = boot_ms
        self._begun_ms = now_ms
        self._restore(now_ms)

    def _restore(self, now_ms):
        if not self.store.restore(self.elements, self.clock, not self.reset_cause):
            return
        # After a power-on the load ran while we booted; after any other reset the chip went on counting.
        away_ms = 0 if self.reset_cause else self._boot_ms + ticks.diff(now_ms, self._begun_ms)
        for element in self.elements:
            element.begin(now_ms, away_ms)
        # What passed before the store answered is over: the time that now comes from the RTC has it in it.
        self.clock.advance(now_ms)
        self._start(FEATURE_CLOCK, self.timekeeper.start, now_ms)
        self._log_return(away_ms)
        self.store.tell(self.log)
        if self.supply is not None:
            self._start(FEATURE_SUPPLY, self.supply.restore)
        if self.engines is not None:
            self._start(FEATURE_ROUNDS, self.engines.start, not self.reset_cause)
        self.safe = self.store.boots_failed >= _BOOTS_FAILED
        if self.safe:
            self.log.append_now(codes.INTEGRITY_ISSUE, codes.SUB_SAFE_MODE)
        elif self.panel is not None:
            self._start(FEATURE_PANEL, self.panel.start, now_ms)
        fitted = (self.supervision, self.timekeeper, self.rounds, self.supply, self.panel, self.log)
        for at in range(_RUNS):
            shed = self.safe and _FROM_ROUNDS <= at <= _AT_PANEL
            self._running[at] = None if shed or self.feature_off[_ORDER[at]] else fitted[at]

    def poll(self, now_ms):  # noqa: C901  one line after the other is cheaper than calls
        """One pass. returns: tick at which the next one is wanted (it may come sooner). allocates: no"""
        if not self.store.restored and not self._restored_now(now_ms):
            return ticks.add(now_ms, _RESTORE_WAIT_MS)
        clock = self.clock
        seconds = clock.advance(now_ms)
        second = seconds > 0
        if self.pulse is not None:
            self._feature(FEATURE_PULSE, self.pulse, now_ms, second)
        if second and self.timekeeper.refining:
            self.timekeeper.refine()
        store = self.store
        failing = not self.power_good()
        if failing is not self.failing:
            self.failing = store.failing = failing
        self._since_quantities += 1
        quantities = second and not failing and self._quantities_due()
        # Energy of every element, booked when the second ends.
        attention = 0
        most_w = 0
        self._down = False
        for element in self.elements:
            flags = element.read(now_ms, quantities)
            attention |= flags & _ATTENTION
            if flags & _ENERGY and self._unsaved < self._save_counts:  # beyond that it matters no more how much it is
                counts = element.sample.active_counts
                self._unsaved += counts if counts >= 0 else -counts
            most_w = max(most_w, element.power_w)
            if element.down:
                self._down = True
            if second:
                element.registers.close_second()
        self._most_w = most_w
        self._unsaved_seconds += seconds
        if failing:
            return self._failing_pass(now_ms, second)
        if (self._unsaved >= self._save_counts or self._unsaved_seconds >= self._save_seconds) and store.save(
            self.elements, clock
        ):
            # Nothing counts as saved before the record is known to be good: a failed save is tried again in the next pass.
            self._unsaved = 0
            self._unsaved_seconds = 0
        if store.in_flash:
            store.housekeeping(self.elements)
        if self.expander is not None and not self.safe:
            self.expander.poll()
        self._run_features(now_ms, second, attention)
        if second and store.restless:
            store.poll(seconds)
        self.passes += 1
        self.watchdog.feed()
        # ticks.add, here: a pass in ten milliseconds does without the call.
        wanted_ms = now_ms - _TICK_HALF + self._next_wait() - _TICK_HALF
        if wanted_ms < 0:
            wanted_ms = wanted_ms + _TICK_HALF + _TICK_HALF
        self._wanted_ms = wanted_ms
        return wanted_ms

    def _restored_now(self, now_ms):
        """The store does not answer. The chips count on by themselves; not reading them loses nothing."""
        self._restore(now_ms)
        if not self.store.restored:
            self.watchdog.feed()
        return self.store.restored

    def _quantities_due(self):
        if self._since_quantities < _QUANTITIES_EVERY:
            return self._sampled
        self._since_quantities = 0
        if self.rounds is not None:
            self.rounds.fresh = True
        return True

    def _failing_pass(self, now_ms, second):
        """Power-fail warning: no coil draws on what is left; what is read is stored at once, pass upon pass; all else waits."""
        if not self.safe:
            self._feature(FEATURE_SUPPLY, self.supply, now_ms, second)
        if self.outage is not None:
            self.outage.warn()
        if self.store.save(self.elements, self.clock):
            self._unsaved = 0
            self._unsaved_seconds = 0
        self.store.housekeeping(self.elements)
        self.passes += 1
        self.watchdog.feed()
        return ticks.add(now_ms, _FAILING_WAIT_MS)

    def _log_return(self, away_ms):
        """Why we were away, and since when."""
        if self.reset_cause == _CAUSE_WATCHDOG:
            self.log.append_now(codes.WATCHDOG_RESET, 0)
        elif self.reset_cause:
            self.log.append_now(codes.UNEXPECTED_RESET, 0)
        store = self.store
        if self.outage is not None:
            self.outage.restored(not self.reset_cause, store.known, store.saved_day, store.saved_second, away_ms)

    def _run_features(self, now_ms, second, attention):
        """The features of _ORDER that this pass has work for; one that raises is switched off, the next one has its turn."""
        rounds = self.rounds
        if attention & _EVENT and rounds is not None:
            rounds.restless = True
        at = _FROM_SUPPLY
        if second or attention:
            at = 0
        elif self.timekeeper.aligning:
            at = _FROM_CLOCK
        elif rounds is not None and rounds.restless:
            at = _FROM_ROUNDS
        if self._long:
            early = ticks.diff(self._wanted_ms, now_ms) > 0  # an input edge, or the end of it all
            # What was just read is what is shown. While the chip starts, it starts at the same moment whatever the steps.
            self._fit_panel(early or attention or self._since_quantities == 0)
        running = self._running
        end = _RUNS if at == 0 or self.log.restless else _AT_LOG
        while at < end:
            try:
                while at < end:
                    feature = running[at]
                    if feature is not None:
                        feature.poll(now_ms, second)
                    at += 1
            except Exception as error:  # noqa: BLE001  one feature must not stop the meter
                self._feature_failed(_ORDER[at], error)
                at += 1

    def _fit_panel(self, due):
        """The panel takes part in this pass, if it can and is due or a key is down."""
        panel = self.panel
        if panel is not None and self.store.restored and not (self.safe or self.feature_off[FEATURE_PANEL]):
            self._running[_AT_PANEL] = panel if due or panel.keys_down else None

    def _feature(self, number, feature, now_ms, second):
        if feature is None or self.feature_off[number]:
            return
        try:
            feature.poll(now_ms, second)
        except Exception as error:  # noqa: BLE001  one feature must not stop the meter
            self._feature_failed(number, error)

    def _start(self, number, start, *arguments):
        """Boot only: allocates."""
        try:
            start(*arguments)
        except Exception as error:  # noqa: BLE001
            self._feature_failed(number, error)

    def _feature_failed(self, number, error):
        self._switch_off(number)
        self.store.last_error = error
        if number == FEATURE_SUPPLY:
            try:
                self.supply.stop()  # it may have left a coil on
            except Exception:  # noqa: BLE001  the hardware one-shot of the coil is left
                pass
        if number != FEATURE_LOG:
            try:
                self.log.append_now(codes.PROGRAM_FAULT, number)
            except Exception:  # noqa: BLE001  the log itself is gone: the flag in feature_off stays
                self._switch_off(FEATURE_LOG)

    def _engine_failed(self, number, error):
        """Of the rounds: the engine is switched off already."""
        self.feature_off[number] = 1
        self.store.last_error = error
        self.log.append_now(codes.PROGRAM_FAULT, number)

    def _switch_off(self, number):
        self.feature_off[number] = 1
        for at in range(_RUNS):
            if _ORDER[at] == number:
                self._running[at] = None

    def _next_wait(self):
        # Comparisons, not min(): this is in every pass, and most of it does not hold in most of them.
        to_second = 1000 - self.clock.rest_ms
        wait = self.config.longest_wait_ms
        if wait > 1000:
            # Long steps still end on a second, so that metering seconds never straddle a read.
            wait = to_second + (self._until_boundary(wait // 1000) - 1) * 1000
        elif wait > to_second:
            wait = to_second
        if self._down:
            return wait if wait < _DOWN_WAIT_MS else _DOWN_WAIT_MS
        most_w = self._most_w
        # mWh x 3600 / W = ms: never more than wait_mwh flows unread.
        if self._energy_mwh_s and most_w * wait > self._energy_mwh_s:
            wait = self._energy_mwh_s // most_w
        feature = self.timekeeper
        if feature.aligning:
            wait = min(wait, _ALIGN_WAIT_MS)
        elif feature.refining and wait > to_second:
            wait = to_second
        if wait > _WORK_WAIT_MS:
            feature = self._running[_FROM_ROUNDS]
            if feature is not None and feature.restless:
                # Work never begins so late in a second that the pass which closes it would be late.
                wait = min(wait, _WORK_WAIT_MS if to_second > _WORK_ROOM_MS else to_second)
            feature = self._running[_FROM_SUPPLY]
            if wait > _COIL_WAIT_MS and feature is not None and feature.busy:
                wait = _COIL_WAIT_MS
            feature = self._running[_AT_PANEL]
            if wait > _KEY_WAIT_MS and feature is not None and feature.keys_down:
                wait = _KEY_WAIT_MS
        feature = self.pulse
        if feature is not None and 0 <= feature.wait_ms < wait and not self.feature_off[FEATURE_PULSE]:
            wait = feature.wait_ms
        if _SECOND_ROOM_MS < wait < to_second < wait + _SECOND_ROOM_MS:
            # The pass that closes the second must not be late because of one just before it.
            wait = to_second - _SECOND_ROOM_MS
        return wait if wait > 0 else 1

    def _until_boundary(self, seconds):
        """A long step ends where an engine has something to do. returns: seconds, 1..seconds"""
        rounds = self._running[_FROM_ROUNDS]
        if rounds is None or rounds.due_s >= seconds:
            return seconds
        return rounds.due_s if rounds.due_s > 1 else 1
