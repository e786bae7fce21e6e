# SPDX-License-Identifier: MIT
"""A latching power relay with its gate circuit: two coils, travel, latch, bounce, feedback, weld and burnt coils.

Facts: KG K125 datasheet 082014: pulse >= 80 ms; "may change state" under shock. KG K105 datasheet 022013: >= 50 ms.
Hongfa HFE20 datasheet: operate 15 ms max. The coils are rated for pulses, not for continuous current; that one second
burns them is this model's choice. The RC one-shot of the board (~250 ms) is fitted unless `one_shot_us` is None.

The armature moves `operate_us` after the current starts and falls back when the current ends before `minimum_us`.
"""

from host_tools.bench.bus import Pin
from host_tools.bench.chips.contact import BouncingContact, SensedPin

BURN_US = 1_000_000


class _Coil:
    """One coil and its gate. started_us: None when idle; ended: the one-shot has cut it while the pin is still high."""

    __slots__ = ("closes", "started_us", "ended")

    def __init__(self, closes):
        self.closes = closes
        self.started_us = None
        self.ended = False


class Pulse:
    """One pulse as it flowed. coil: "set" or "reset"; moved: the contact changed over and stayed."""

    __slots__ = ("start_us", "end_us", "coil", "moved")

    def __init__(self, start_us, end_us, coil, moved):
        self.start_us = start_us
        self.end_us = end_us
        self.coil = coil
        self.moved = moved

    def __repr__(self):
        return f"Pulse({self.coil}, {self.start_us}..{self.end_us}, moved={self.moved})"


class LatchingRelayModel:
    """set_pin, reset_pin: bench Pins the driver drives. feedback_pin: 1 = closed (contact) or load side live (voltage).

    pulses: list of Pulse, finished ones. damage: list of (us, what); a damaged relay does not move any more.
    feedback: "contact" or "voltage". backfeed: the load side is live from elsewhere. supply_live: mains on the line
    side.
    """

    def __init__(
        self,
        clock,
        rng,
        closed=False,
        *,
        minimum_us=80_000,
        operate_us=15_000,
        one_shot_us=250_000,
        bounce_us=2000,
        feedback="contact",
    ):
        self.clock = clock
        self.minimum_us = minimum_us
        self.operate_us = operate_us
        self.one_shot_us = one_shot_us
        self.feedback = feedback
        self.backfeed = False
        self.supply_live = True
        self.powered = True
        self.welded = False
        self.pulses = []
        self.damage = []
        self._contact = BouncingContact(clock, rng, closed, bounce_us)
        self._latched = closed
        self._set = _Coil(True)
        self._reset = _Coil(False)
        self.set_pin = Pin(0, lambda level: self._edge(self._set, level))
        self.reset_pin = Pin(0, lambda level: self._edge(self._reset, level))
        self.feedback_pin = SensedPin(self._sense)

    # What the world asks

    @property
    def closed(self):
        """True while the load is connected at clock.now_us."""
        self.advance()
        return self._contact.level()

    def next_change_us(self, now_us):
        """When the contact may change next after `now_us`, or None."""
        self.advance()
        candidates = [self._contact.next_edge_us(now_us)]
        for coil in (self._set, self._reset):
            if coil.started_us is not None and not coil.ended:
                candidates += [coil.started_us + self.operate_us, coil.started_us + self.minimum_us]
                if self.one_shot_us is not None:
                    candidates.append(coil.started_us + self.one_shot_us)
        return min((us for us in candidates if us is not None and us > now_us), default=None)

    # What the world does

    def weld(self):
        """The closed contacts fuse; coils are powerless from here on."""
        self.advance()
        self.welded = True
        self._contact.move(True, self.clock.now_us)
        self._latched = True

    def shock(self):
        """Dropped in transport or moved by a magnet: the other position, no pulse."""
        self.advance()
        if not self.welded:
            self._latched = not self._latched
            self._contact.move(self._latched, self.clock.now_us)

    def release(self):
        """The MCU is in reset: its pins float and the gate pull-downs win."""
        self.set_pin.value(0)
        self.reset_pin.value(0)

    def power(self, on):
        """The coil supply. The position stays."""
        if not on:
            self.release()
        self.advance()
        self.powered = on

    # Physics

    def advance(self):
        """Bring coils and contact to clock.now_us."""
        now = self.clock.now_us
        for coil in (self._set, self._reset):
            if coil.started_us is not None and not coil.ended:
                self._flow(coil, now)

    def _edge(self, coil, level):
        now = self.clock.now_us
        self.advance()
        if level:
            if not self.powered:
                return
            other = self._reset if coil is self._set else self._set
            if other.started_us is not None and not other.ended:
                self.damage.append((now, "both coils"))
            coil.started_us = now
            coil.ended = False
            return
        if coil.started_us is not None and not coil.ended:
            self._end(coil, now)
        coil.started_us = None

    def _flow(self, coil, now):
        start = coil.started_us
        end = now if self.one_shot_us is None else min(now, start + self.one_shot_us)
        lasted = end - start
        if lasted > BURN_US and not self.damage:
            self.damage.append((start + BURN_US, "coil on for more than 1 s"))
        if not self.damage and not self.welded:
            if lasted >= self.operate_us:
                self._contact.move(coil.closes, start + self.operate_us)
            if lasted >= self.minimum_us:
                self._latched = coil.closes
        if self.one_shot_us is not None and now >= start + self.one_shot_us:
            self._end(coil, end)

    def _end(self, coil, end_us):
        coil.ended = True
        moved = self._latched == coil.closes and end_us - coil.started_us >= self.minimum_us
        if not self.welded and not self.damage:
            # Not long enough to latch: the spring takes the armature back.
            self._contact.move(self._latched, end_us)
        self.pulses.append(Pulse(coil.started_us, end_us, "set" if coil.closes else "reset", moved))

    def _sense(self):
        self.advance()
        closed = self._contact.level()
        if self.feedback == "voltage":
            return int((closed and self.supply_live) or self.backfeed)
        return int(closed)
