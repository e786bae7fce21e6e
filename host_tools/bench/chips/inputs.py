# SPDX-License-Identifier: MIT
"""Inputs that somebody or something moves at known times: covers, a magnet, the temperature of the terminals.

They move whether the meter has its supply or not; the firmware sees them when it looks.
"""

from host_tools.bench.chips.contact import SensedPin


class LevelInput:
    """level: what `pin` reads from now on; `set_at` and `pulse` change it later. 0, 1; 2: not to be read; or 0.1 degree C."""

    def __init__(self, clock, level=0):
        self.clock = clock
        self.level = level
        self.pin = SensedPin(self._sense)
        self._moves = []  # (at_us, level), rising

    def set_at(self, at_us, level):
        """raises: ValueError, not in order"""
        if self._moves and at_us < self._moves[-1][0]:
            raise ValueError("moves overlap")
        self._moves.append((at_us, level))

    def pulse(self, at_us, duration_us, level):
        """Away for so long, then back at what it was."""
        before = self._moves[-1][1] if self._moves else self.level
        self.set_at(at_us, level)
        self.set_at(at_us + duration_us, before)

    def next_edge_us(self, now_us):
        """When the pin may change next after `now_us`, or None: the world stops there."""
        if not self._moves:
            return None
        self._sense()
        return self._moves[0][0] if self._moves else None

    def _sense(self):
        moves = self._moves
        while moves and moves[0][0] <= self.clock.now_us:
            self.level = moves.pop(0)[1]
        return self.level
