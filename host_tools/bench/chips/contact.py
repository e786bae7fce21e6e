# SPDX-License-Identifier: MIT
"""Mechanical contacts of the bench: a level with bounce, and a pin that is computed when somebody looks."""


class SensedPin:
    """An input in machine.Pin's shape: `value()` asks `sense()` for the level at this instant."""

    __slots__ = ("sense",)

    def __init__(self, sense):
        self.sense = sense

    def value(self, level=None):
        if level is not None:
            raise ValueError("an input pin was driven")
        return self.sense()

    __call__ = value


class BouncingContact:
    """closed: where it rests or is going. A `move` makes one edge and an even number of bounces within `bounce_us`.

    clock: VirtualClock. rng: random.Random, the only source of chance.
    """

    def __init__(self, clock, rng, closed=False, bounce_us=3000, max_bounces=4):
        self.clock = clock
        self.rng = rng
        self.closed = closed
        self.bounce_us = bounce_us
        self.max_bounces = max_bounces
        self.edges = []  # instants still of interest, rising; the contact flips at each
        self._level = closed  # before the first of them

    def move(self, closed, at_us):
        """Change over at `at_us` (not before an edge that was already seen)."""
        if closed == self.closed:
            return
        self.settle(at_us)
        self.edges.clear()  # the bounce that was still to come
        if self._level != closed:
            self.edges.append(at_us)
        flips = 2 * self.rng.randint(0, self.max_bounces // 2)
        self.edges += sorted(at_us + 1 + self.rng.randrange(max(1, self.bounce_us)) for _ in range(flips))
        self.closed = closed

    def settle(self, now_us):
        """Forget edges that are past."""
        passed = 0
        for edge in self.edges:
            if edge > now_us:
                break
            passed += 1
        if passed:
            self._level ^= passed & 1
            del self.edges[:passed]

    def level(self):
        """True while closed at clock.now_us."""
        if self.edges:
            self.settle(self.clock.now_us)
        return bool(self._level)

    def next_edge_us(self, now_us):
        """Instant of the next edge after `now_us`, or None."""
        for edge in self.edges:
            if edge > now_us:
                return edge
        return None
