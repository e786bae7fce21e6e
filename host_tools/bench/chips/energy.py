# SPDX-License-Identifier: MIT
"""What every metering-chip model owes the world: an input, exact accumulators, and an account of what it could not count.

Shared by the ADE9153A and ATM90E26 models; the register maps, protocols and arithmetic are each model's own.
"""

from typing import Any

from host_tools.bench.point import DEAD, HiddenErrors

REGISTER_KEYS = (
    "active_import_wh",
    "active_export_wh",
    "reactive_import_varh",
    "reactive_export_varh",
    "apparent_import_vah",
    "apparent_export_vah",
)
KINDS = ("active", "reactive", "apparent")
NJ_PER_WH = 3_600_000_000_000  # 1 Wh = 3600 J; energies of the world are integers in nJ (mW x us)


class EnergyChip:
    """Base of a chip model's back-end.

    point: OperatingPoint now at the terminals. unmeasured_nj: dict of REGISTER_KEYS -> int, energy that flowed while the chip
    could not count, and what it held unread when it was reset (never net: each by its sign).
    Subclasses implement `advance()`: bring every accumulator to `clock.now_us` under the present point, exactly and additively
    (splitting an interval changes nothing); and `unwrapped(kind)`, `acknowledged(kind)`, `lost(kind)`, all ints in
    `units_per_wh` to the Wh: what was ever accumulated, what the master has been handed, what went down with a reset.
    They keep `settled_us` and `energy_read_us`, and see to it that nothing is looked at before `catch_up`.
    Invariant: unwrapped == acknowledged + still in the chip + lost.
    """

    units_per_wh = 0

    def __init__(self, clock, errors: HiddenErrors, rng):
        self.clock = clock
        self.errors = errors
        self.rng = rng
        self.point = DEAD
        self.bus: Any = None  # set by SpiBus.attach
        self.until_us = 1 << 62  # the world changes what flows then
        self.settle = None  # and does so when this is called
        # What flowed up to here is in the accumulators or was handed out: it cannot change any more.
        self.settled_us = 0
        self.energy_read_us = 0  # when an energy register was last read
        self.unmeasured_nj: dict[str, int] = dict.fromkeys(REGISTER_KEYS, 0)

    def set_point(self, point):
        """The world changes what flows, at clock.now_us."""
        self.advance()
        self.point = point
        self.point_changed()

    def catch_up(self):
        """Every change of what flows up to now has taken effect, each at its own instant."""
        if self.clock.now_us >= self.until_us:
            self.settle()

    def advance(self):
        raise NotImplementedError

    def point_changed(self):
        """Recompute whatever depends on the point."""

    def not_counting(self, us, fraction_x1000=1000):
        """`us` microseconds passed at the present point of which a fraction was not counted."""
        p = self.point
        scale = us * fraction_x1000
        m = self.unmeasured_nj
        exporting = p.active_mw < 0
        m["active_export_wh" if exporting else "active_import_wh"] += abs(p.active_mw) * scale // 1000
        m["reactive_export_varh" if p.reactive_mvar < 0 else "reactive_import_varh"] += (
            abs(p.reactive_mvar) * scale // 1000
        )
        m["apparent_export_vah" if exporting else "apparent_import_vah"] += p.apparent_mva * scale // 1000

    def lost_at_reset(self, active_units, reactive_units, apparent_units):
        """Unread counts went down with a reset; signed units."""
        m = self.unmeasured_nj
        nj = NJ_PER_WH
        per = self.units_per_wh
        m["active_export_wh" if active_units < 0 else "active_import_wh"] += abs(active_units) * nj // per
        m["reactive_export_varh" if reactive_units < 0 else "reactive_import_varh"] += abs(reactive_units) * nj // per
        m["apparent_export_vah" if self.point.active_mw < 0 else "apparent_import_vah"] += (
            abs(apparent_units) * nj // per
        )
