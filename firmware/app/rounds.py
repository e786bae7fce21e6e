# SPDX-License-Identifier: MIT
"""What the meter does with the energy: tariff, profiles, demand, billing, quality, supply rules; in rounds, not in every pass.

A round runs every engine once, in order. It comes when fresh readings are there, when the nearest boundary of any engine has
come (each says how far off its own is), when the clock was set, and in every pass as long as an engine has something left to
write. Between rounds a second costs one subtraction. An engine that has nothing to do between its own boundaries says so
(`by_boundary`) and is left out of a round that came for readings only, for a minute at the most. Each engine is a feature of
its own: one that raises is switched off and reported, the others go on. An engine that has stored something ends the pass:
energy reads must not wait for two writes. The round goes on with the next engine in the next pass.
"""

from micropython import const

_DAY_S = const(86_400)
_LEFT_OUT_S = const(60)  # longest that a round leaves out an engine


class Rounds:
    """engines: list of (feature number, engine), in the order in which they run. An engine has `poll(now_ms, second)`, and may
    have `until_s()` (seconds to its next boundary) and `restless` (it wants the next pass soon). clock: Clock. cold: ColdStore
    that the engines save to (`saves` counts), or None.

    fresh: set by the owner when this pass has brought readings. fail: callable(number, error) of the owner. due_s: seconds to
    the next boundary. restless: an engine has something left to do. For an engine `clock.passed_s` is the seconds since it last
    ran.
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
        "_whole",
        "_left_s",
        "_boundary_s",
        "_adjusted",
        "_generation",
        "_bounded",
        "_eager",
        "_always",
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
        self._whole = True  # the round under way leaves none out
        self._left_s = 0  # seconds before the round under way that those left out have not seen
        self._boundary_s = 0  # to the next boundary of those that may be left out, from the last round on
        self._adjusted = clock.adjusted
        self._generation = clock.generation
        # By place: an engine that has no such member is never asked.
        self._always = bytearray()
        self._bounded = bytearray()
        self._eager = bytearray()
        for engine in self.engines:
            self._ask(engine)

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
                self._round_s = self._passed_s
                self._boundary_s -= self._passed_s
                self._whole = (
                    self._boundary_s <= 0
                    or self.restless
                    or self._left_s + self._passed_s >= _LEFT_OUT_S
                    or clock.adjusted != self._adjusted
                    or clock.generation != self._generation
                )
                self._adjusted = clock.adjusted
                self._generation = clock.generation
                self._passed_s = 0
                self._round(now_ms, True, 0)
                return
        if self._at:
            self._round(now_ms, True, self._at)
        elif self.restless:
            self._round(now_ms, False, 0)

    def soon(self):
        """An engine was given something to do: all of them in the next pass, and where a second ends. allocates: no"""
        self.restless = True
        self.due_s = self._boundary_s = 0

    def add(self, number, engine):
        """One more engine, the last of a round. Boot only."""
        self.numbers.append(number)
        self.engines.append(engine)
        self._ask(engine)

    def _ask(self, engine):
        self._always.append(not getattr(engine, "by_boundary", False))
        self._bounded.append(hasattr(engine, "until_s"))
        self._eager.append(hasattr(engine, "restless"))

    def off(self, number):
        """True when the engine of this number was switched off."""
        for at in range(len(self.numbers)):
            if self.numbers[at] == number:
                return self.engines[at] is None
        return True

    def _round(self, now_ms, second, at):
        clock = self.clock
        engines = self.engines
        count = len(engines)
        always = self._always
        whole = self._whole or not second
        cold = self.cold
        saves = cold.saves if cold is not None else 0
        if second:
            clock.passed_s = self._round_s
        while at < count:
            try:
                while at < count:
                    engine = engines[at]
                    if engine is not None:
                        if always[at]:
                            engine.poll(now_ms, second)
                        elif whole:
                            if second:
                                clock.passed_s = self._round_s + self._left_s
                            engine.poll(now_ms, second)
                            if second:
                                clock.passed_s = self._round_s
                    at += 1
                    if cold is not None and cold.saves != saves:
                        break
            except Exception as error:  # noqa: BLE001  one engine must not stop the others
                if second:
                    clock.passed_s = self._round_s
                self._drop(at, error)
                at += 1
            if cold is not None and cold.saves != saves:
                break
        if second and at < count:
            self._at = at
            self.restless = True
            return
        self._at = 0
        self._look_ahead(second, whole)

    def _look_ahead(self, second, whole):
        """The engines that ran say what comes next; what those left out have said still holds."""
        engines = self.engines
        always = self._always
        eager = self._eager
        bounded = self._bounded
        due_s = boundary_s = _DAY_S
        restless = False
        at = 0
        for engine in engines:
            if engine is not None and (whole or always[at]):
                if eager[at] and engine.restless:
                    restless = True
                if second and bounded[at]:
                    until_s = engine.until_s()
                    if always[at]:
                        due_s = min(due_s, until_s)
                    else:
                        boundary_s = min(boundary_s, until_s)
            at += 1
        self.restless = restless
        if second:
            if whole:
                self._left_s = 0
                self._boundary_s = boundary_s
            else:
                self._left_s += self._round_s
            self.due_s = min(due_s, self._boundary_s)

    def _drop(self, at, error):
        self.engines[at] = None
        if self.fail is not None:
            self.fail(self.numbers[at], error)
