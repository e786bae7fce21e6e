# SPDX-License-Identifier: MIT
"""The registers of one element: whole Wh with the exact rest in front-end counts, netted once a metering second.

Six registers (active, reactive, apparent; import, export). `fold` adds the counts of one read to the second being metered;
`close_second` gives the net of that second to import or export by its sign, so the result does not depend on how often the
chip was read. Apparent energy follows the sign of the active energy of the same second. Nothing is rounded: a register is
`wh + residue / counts_per_wh`, exactly.
"""

from micropython import const

# Roll-over: seven digits of kWh less one, 999 999.999 kWh, the nine digits of the register (small int on 32-bit ports).
MODULUS_WH = const(1_000_000_000)

ACTIVE_IMPORT = const(0)
ACTIVE_EXPORT = const(1)
REACTIVE_IMPORT = const(2)
REACTIVE_EXPORT = const(3)
APPARENT_IMPORT = const(4)
APPARENT_EXPORT = const(5)


def advance_wh(now_wh, before_wh):
    """What a register has advanced by between two of its values, a roll-over included. allocates: no"""
    moved = now_wh - before_wh
    return moved if moved >= 0 else moved + MODULUS_WH


class Registers:
    """wh[6], residue[6] (counts), pending (signed counts of the open second); lists of small ints, never replaced."""

    __slots__ = ("wh", "residue", "counts_per_wh", "pending_active", "pending_reactive", "pending_apparent")

    def __init__(self, counts_per_wh):
        self.wh = [0, 0, 0, 0, 0, 0]
        self.residue = [0, 0, 0, 0, 0, 0]
        self.counts_per_wh = counts_per_wh
        self.pending_active = 0
        self.pending_reactive = 0
        self.pending_apparent = 0

    def fold(self, active_counts, reactive_counts, apparent_counts):
        """Add one read (signed small ints) to the open second. allocates: no"""
        self.pending_active += active_counts
        self.pending_reactive += reactive_counts
        self.pending_apparent += apparent_counts

    def close_second(self):
        """Book the open second by its sign. allocates: no   returns: int Wh of active energy that completed (0..)"""
        active = self.pending_active
        moved = 0
        if active >= 0:
            if active:
                moved = self._book(ACTIVE_IMPORT, active)
            if self.pending_apparent:
                self._book(APPARENT_IMPORT, self.pending_apparent)
        else:
            moved = self._book(ACTIVE_EXPORT, -active)
            if self.pending_apparent:
                self._book(APPARENT_EXPORT, self.pending_apparent)
        reactive = self.pending_reactive
        if reactive > 0:
            self._book(REACTIVE_IMPORT, reactive)
        elif reactive < 0:
            self._book(REACTIVE_EXPORT, -reactive)
        self.pending_active = 0
        self.pending_reactive = 0
        self.pending_apparent = 0
        return moved

    def _book(self, index, counts):
        residue = self.residue[index] + counts
        per = self.counts_per_wh
        if residue < per:
            self.residue[index] = residue
            return 0
        whole = residue // per
        self.residue[index] = residue - whole * per
        wh = self.wh[index] + whole
        if wh >= MODULUS_WH:
            wh -= MODULUS_WH
        self.wh[index] = wh
        return whole
