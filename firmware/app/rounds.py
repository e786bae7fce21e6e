# SPDX-License-Identifier: MIT
"""What the meter does with the energy: tariff, profiles, demand, billing, quality, supply rules; in rounds, not in every pass.

A round runs every engine once, in order. It comes when fresh readings are there, when the nearest boundary of any engine has
come (each says how far off its own is), when the clock was set, and in every pass as long as an engine has something left to
write. Between rounds a second costs one subtraction. Each engine is a feature of its own: one that raises is switched off and
reported, the others go on. An engine that has stored something ends the pass: energy reads must not wait for two writes. The
round goes on with the next engine in the next pass.
"""

from micropython import const

_DAY_S = const(86_400)


class Rounds:
    """engines: list of (feature number, engine), in the order in which they run. An engine has `poll(now_ms, second)`, and may
    have `until_s()` (seconds to its next boundary) and `restless` (it wants the next pass soon). clock: Clock. cold: ColdStore
    that the engines save to (`saves` counts), or None.

    fresh: set by the owner when this pass has brought readings. fail: callable(number, error) of the owner. due_s: seconds to
    the next boundary. restless: an engine has something left to do. In a round `clock.passed_s` is the seconds since the last.
    """

    __slots__ = (
        "clock",
        "numbers",
        "engines",
        "fail",
        "fresh",
        "due_s",
        "restless",
        "cold",
        "_at",
        "_round_s",
        "_passed_s",
        "_adjusted",
        "_generation",
        "_bounded",
        "_eager",
    )

    def __init__(self, clock, engines, cold=None):
        self.clock = clock
        self.cold = cold
        self.numbers = [number for number, _ in engines]
        self.engines = [engine for _, engine in engines]
        self.fail = None
        self.fresh = False
        self.due_s = 0
        self.restless = True
        self._at = 0  # the engine with which the round goes on; 0: none is under way
        self._round_s = 0
        self._passed_s = 0
        self._adjusted = clock.adjusted
        self._generation = clock.generation
        # By place: an engine that has no such member is never asked.
        self._bounded = [hasattr(engine, "until_s") for engine in self.engines]
        self._eager = [hasattr(engine, "restless") for engine in self.engines]

    def poll(self, now_ms, second):
        """One pass. allocates: no"""
        clock = self.clock
        if second:
            passed_s = clock.passed_s
            self._passed_s += passed_s
            self.due_s -= passed_s
            if not self._at and (
                self.fresh
                or self.due_s <= 0
                or clock.adjusted != self._adjusted
                or clock.generation != self._generation
            ):
                self.fresh = False
                self._adjusted = clock.adjusted
                self._generation = clock.generation
                self._round_s = self._passed_s
                self._passed_s = 0
                self._round(now_ms, True, 0)
                return
        if self._at:
            self._round(now_ms, True, self._at)
        elif self.restless:
            self._round(now_ms, False, 0)

    def add(self, number, engine):
        """One more engine, the last of a round. Boot only."""
        self.numbers.append(number)
        self.engines.append(engine)
        self._bounded.append(hasattr(engine, "until_s"))
        self._eager.append(hasattr(engine, "restless"))

    def off(self, number):
        """True when the engine of this number was switched off."""
        for at in range(len(self.numbers)):
            if self.numbers[at] == number:
                return self.engines[at] is None
        return True

    def _round(self, now_ms, second, at):
        engines = self.engines
        count = len(engines)
        cold = self.cold
        saves = cold.saves if cold is not None else 0
        if second:
            self.clock.passed_s = self._round_s
        while at < count:
            try:
                while at < count:
                    engine = engines[at]
                    if engine is not None:
                        engine.poll(now_ms, second)
                    at += 1
                    if cold is not None and cold.saves != saves:
                        break
            except Exception as error:  # noqa: BLE001  one engine must not stop the others
                self._drop(at, error)
                at += 1
            if cold is not None and cold.saves != saves:
                break
        if second and at < count:
            self._at = at
            self.restless = True
            return
        self._at = 0
        self._look_ahead(second)

    def _look_ahead(self, second):
        engines = self.engines
        due_s = _DAY_S
        restless = False
        for at in range(len(engines)):
            engine = engines[at]
            if engine is None:
                continue
            if self._eager[at] and engine.restless:
                restless = True
            if second and self._bounded[at]:
                until_s = engine.until_s()
                due_s = min(due_s, until_s)
        self.restless = restless
        if second:
            self.due_s = due_s

    def _drop(self, at, error):
        self.engines[at] = None
        if self.fail is not None:
            self.fail(self.numbers[at], error)
