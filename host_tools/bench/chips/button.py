# SPDX-License-Identifier: MIT
"""A push button with contact bounce: presses are scheduled, the pin shows what the firmware would read."""

from host_tools.bench.chips.contact import BouncingContact, SensedPin


class ButtonModel:
    """pin: what the firmware reads (0 = pressed when active_low). Presses must not overlap and be scheduled in order.

    bounce_us: longest bounce after an edge; 5 ms is usual for a tactile switch (unverified). sealed: presses do
    nothing.
    """

    def __init__(self, clock, rng, active_low=True, bounce_us=5000, max_bounces=6):
        self.clock = clock
        self.active_low = active_low
        self.sealed = False
        self.contact = BouncingContact(clock, rng, False, bounce_us, max_bounces)
        self.pin = SensedPin(self._sense)
        self._moves = []  # (at_us, closed), rising

    def press(self, at_us, duration_us):
        """Held from `at_us` (virtual time, not in the past) for `duration_us`."""
        if self.sealed:
            return
        if self._moves and at_us <= self._moves[-1][0]:
            raise ValueError("presses overlap")
        self._moves += [(at_us, True), (at_us + duration_us, False)]

    def next_edge_us(self, now_us):
        """When the pin may change next after `now_us`, or None: the world stops there."""
        if not self._moves and not self.contact.edges:
            return None
        self._advance()
        edge = self.contact.next_edge_us(now_us)
        if self._moves and (edge is None or self._moves[0][0] < edge):
            return self._moves[0][0]
        return edge

    def _advance(self):
        now = self.clock.now_us
        while self._moves and self._moves[0][0] <= now:
            at_us, closed = self._moves.pop(0)
            self.contact.move(closed, at_us)

    def _sense(self):
        if self._moves:
            self._advance()
        return int(self.contact.level() != self.active_low)
