# SPDX-License-Identifier: MIT
"""Money for energy, exact: every charge is carried to 1e-8 of the currency unit, so nothing is ever rounded away.

    money += (Wh x price + remainder) div 1000, the remainder kept

with money in 1e-5 unit and the price in 1e-5 unit per kWh. It is held as whole units and a part in 1e-8, so that no number
leaves the small ints of a 32-bit port (2^30) whatever the price.
"""

from micropython import const

_UNIT = const(100_000_000)  # parts of a currency unit
_STEP_WH = const(9000)  # 9000 x 99 999 + a part stays below 2^30


class Charge:
    """units: whole currency units, floor; part: 0..99 999 999, in 1e-8 unit. Negative money: -0.3 is units -1, part 0.7."""

    __slots__ = ("units", "part")

    def __init__(self):
        self.units = 0
        self.part = 0

    def add(self, wh, price):
        """Charge `wh` >= 0 at `price` (1e-5 unit per kWh, -2^30..2^30-1). allocates: no"""
        whole = price // 100_000  # units per kWh
        rest = price - whole * 100_000
        while wh > 0:
            step = wh if wh < _STEP_WH else _STEP_WH
            wh -= step
            self._carry(step * rest)  # 1 Wh at 1e-5 unit per kWh is 1e-8 unit
            milli = step * whole
            units = milli // 1000
            self.units += units
            self._carry((milli - units * 1000) * 100_000)

    def _carry(self, parts):
        part = self.part + parts
        units = part // _UNIT
        self.units += units
        self.part = part - units * _UNIT
