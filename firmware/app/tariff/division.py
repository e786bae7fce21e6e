# SPDX-License-Identifier: MIT
"""How the total of an element is divided: 48 time-of-use registers or 4 blocks x 8 groups; four registers on the secondary.

Blocks: watt-hour n of a period (counted from 0) belongs to the block of its group whose span of thresholds holds n. Nothing is
written when a threshold is crossed: the split follows from the consumption at the last record and the thresholds, exactly, as
often as one looks. Block counters follow from the consumption of the period.
"""

from micropython import const

from app.tariff import tariff_set as t
from app.tariff.ledger import Ledger, add_wh

BLOCKS = const(4)
GROUPS = const(8)
_PERIOD = const(32)  # cells of the block page: registers, then consumption of the period, a group each
_LOOKED = const(40)  # minute number + 1 up to which resets have been acted on
_BILLED = const(41)  # minute number + 1 of the last billing boundary that reset the counters
_CELL_MOST = const(999_999_999)


def _within(start, wh, low, high):
    """How many of the `wh` watt-hours that follow `start` lie in low..high. allocates: no"""
    end = start + wh
    start = max(start, low)
    end = min(end, high)
    return end - start if end > start else 0


class Division:
    """ledger: Ledger. The plain kind: registers one after the other, each with its script and its price."""

    __slots__ = ("ledger", "_set", "_first_script", "_first_price", "_count")

    def __init__(self, ledger, tariff_set, first_script, first_price, count):
        self.ledger = ledger
        self._set = tariff_set
        self._first_script = first_script
        self._first_price = first_price
        self._count = count

    def move(self, script, acted):
        """The open part goes to its register, `script` is in force from here on. acted: minute number, -1: no valid time.

        returns: True when durable; False: the ledger is pending. allocates: no
        """
        ledger = self.ledger
        ledger.stage(self._page(ledger.active))
        self._settle()
        return ledger.commit(ledger.total, ledger.base, script, acted)

    def fold(self):
        """Bound what is open: the same script goes on."""
        return self.move(self.ledger.active, self.ledger.acted)

    def known(self, script):
        """Is there a register of this script?"""
        return 0 <= script - self._first_script < self._count

    def register_wh(self, index):
        """Register with its open part. allocates: no"""
        ledger = self.ledger
        wh = ledger.cell(0, index)
        return add_wh(wh, self._open()) if ledger.active == self._first_script + index else wh

    def price(self):
        """Price in force, 1e-5 currency unit per kWh."""
        return self._set.price(self._first_price + self.ledger.active - self._first_script)

    def money(self):
        """Consumption charge since commissioning: a Charge that is good until the next call. allocates: no"""
        charge = self.ledger.charge  # free between two changes
        charge.units = self.ledger.units
        charge.part = self.ledger.part
        self._charge(charge)
        return charge

    def _open(self):
        wh = self.ledger.open_wh()
        return wh if wh > 0 else 0

    def _page(self, script):
        return 0

    def _settle(self):
        ledger = self.ledger
        ledger.add(ledger.active - self._first_script, self._open())
        self._charge(ledger.charge)

    def _charge(self, charge):
        charge.add(self._open(), self.price())


class PrimaryDivision(Division):
    """Two pages: time of use, blocks. looked: minute number up to which counter resets have been acted on, -1: never looked.

    Stored with every record of the block page.
    """

    __slots__ = ("looked",)

    def __init__(self, ledger, tariff_set):
        super().__init__(ledger, tariff_set, 1, 0, t.TOU_SCRIPTS)
        self.looked = -1

    def known(self, script):
        return 0 <= script - t.BLOCK_SCRIPT < GROUPS or super().known(script)

    def recall(self):
        """After the ledger has been restored."""
        self.looked = self.ledger.cell(1, _LOOKED) - 1

    def block_wh(self, block, group):
        """Register of a block 0..3 and group 0..7, with its open part. allocates: no"""
        wh = self.ledger.cell(1, GROUPS * block + group)
        return add_wh(wh, self._open_in(block, group)) if self.ledger.active == t.BLOCK_SCRIPT + group else wh

    def block_counter(self, block, group):
        """What of the period's consumption of a group lay in a block, Wh. allocates: no"""
        wh = self.ledger.cell(1, _PERIOD + group)
        if self.ledger.active == t.BLOCK_SCRIPT + group:
            wh = _more(wh, self._open())
        return _within(0, wh, self._set.lower(block, group), self._set.upper(block, group))

    def block(self):
        """Block 0..3 that the next watt-hour goes to, -1: time of use is in force."""
        group = self.ledger.active - t.BLOCK_SCRIPT
        if group < 0:
            return -1
        wh = _more(self.ledger.cell(1, _PERIOD + group), self._open())
        block = 0
        while block < BLOCKS - 1 and wh >= self._set.upper(block, group):
            block += 1
        return block

    def price(self):
        block = self.block()
        if block < 0:
            return super().price()
        return self._set.price(t.BLOCK_PRICES + GROUPS * block + self.ledger.active - t.BLOCK_SCRIPT)

    def reset_counters(self, billed):
        """The counters of all groups start again; registers stay. billed: minute number of a billing boundary, -1: none.

        What is open belongs to the old period. returns: True when durable
        """
        ledger = self.ledger
        noted = ledger.noted
        ledger.stage(1)
        if ledger.active >= t.BLOCK_SCRIPT:
            self._settle()
            noted = ledger.total
        for group in range(GROUPS):
            ledger.put(_PERIOD + group, 0)
        ledger.put(_LOOKED, self.looked + 1)
        if billed >= 0:
            ledger.put(_BILLED, billed + 1)
        return ledger.commit(noted, ledger.base, ledger.active, ledger.acted)

    def billed(self):
        """Minute number of the last billing boundary that reset the counters, -1: none."""
        return self.ledger.cell(1, _BILLED) - 1

    def _page(self, script):
        return 1 if script >= t.BLOCK_SCRIPT else 0

    def _settle(self):
        ledger = self.ledger
        group = ledger.active - t.BLOCK_SCRIPT
        if group < 0:
            super()._settle()
            return
        self._charge(ledger.charge)
        for block in range(BLOCKS):
            ledger.add(GROUPS * block + group, self._open_in(block, group))
        ledger.put(_PERIOD + group, _more(ledger.cell(1, _PERIOD + group), self._open()))
        ledger.put(_LOOKED, self.looked + 1)

    def _charge(self, charge):
        group = self.ledger.active - t.BLOCK_SCRIPT
        if group < 0:
            super()._charge(charge)
            return
        for block in range(BLOCKS):
            charge.add(self._open_in(block, group), self._set.price(t.BLOCK_PRICES + GROUPS * block + group))

    def _open_in(self, block, group):
        start = self.ledger.cell(1, _PERIOD + group)
        return _within(start, self._open(), self._set.lower(block, group), self._set.upper(block, group))


def _more(period, wh):
    """Consumption of a period; it stays at 999 999 999 Wh rather than wrap into the first block again."""
    return _CELL_MOST if wh > _CELL_MOST - period else period + wh


def primary(cold, tou_id, block_id, tariff_set, script):
    """The division of the first element on its two cold records."""
    ledger = Ledger(cold, ((tou_id, t.TOU_SCRIPTS, 0), (block_id, BLOCKS * GROUPS, GROUPS + 2)), script)
    return PrimaryDivision(ledger, tariff_set)


def secondary(cold, cold_id, tariff_set, script):
    """The division of the second element."""
    return Division(Ledger(cold, ((cold_id, 4, 0),), script), tariff_set, t.SECONDARY_SCRIPT, t.SECONDARY_PRICES, 4)
