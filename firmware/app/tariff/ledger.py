# SPDX-License-Identifier: MIT
"""Registers that divide one total among them, durable and exact: register = cold value + (total - total noted).

Only the active register moves, and it moves by itself with the total. A change (switch, fold, reset, preset) is ONE cold
record: the page that holds the register which is being left gets its open part, the total at which that was, and the script
that follows. Every page carries the same head, the newest page's head holds. So a power cut leaves the old state or the new
one, and at any time

    total noted = base + sum of the registers   (modulo 10^9 Wh, as the total counts)

where the base is what no tariff saw: energy from before the first tariff, differences from authorised presets.

While a change waits for the store (`pending`) the total stands still here: no reader ever sees a register fall.
Bytes: docs/SPEC.md, "Tariff registers".
"""

from struct import pack_into

from micropython import const

from app import ticks
from app.metrology.registers import MODULUS_WH
from app.tariff.charge import Charge

HEAD = const(32)
_HEAD_FORMAT = "<BBBBIIIiIiI"
_VERSION = const(1)
_PRESET = const(1)  # flag: `before` holds the total from which an announced preset leads away
_HALF_WH = const(500_000_000)
_MOST_TRIES = const(10)
_EMPTY_TRIES = const(3)


def add_wh(a, b):
    """Sum modulo 10^9 of two registers; no intermediate of 2^30 or more. allocates: no"""
    room = MODULUS_WH - b
    return a - room if a >= room else a + b


def span_wh(later, earlier):
    """How far a total moved, -5 x 10^8 .. 5 x 10^8 Wh, over the end of its range."""
    d = later - earlier
    if d >= _HALF_WH:
        return d - MODULUS_WH
    if d < -_HALF_WH:
        return d + MODULUS_WH
    return d


class Ledger:
    """pages: one or two of (cold id, registers, further cells). All attributes are to be read only.

    total: Wh, up to here it is divided; noted, active (script), base, acted (minute number of the last switch, -1): of the
    newest page; units, part: money at `noted`, as app.tariff.charge. mark: of the tariff set, 0..255, goes into every record;
    marked: that of the newest. pending: a change waits for the store. ready: restored. lost: a page was damaged or the sum did
    not hold: what no register has is in the base. failures: saves that did not go through.
    """

    def __init__(self, cold, pages, script):
        """script: in force from the first watt-hour of a new meter on."""
        self._cold = cold
        self._plan = pages
        # One image a page, then in the same order the spare ones, in which changes are staged.
        self._pages = [bytearray(HEAD + 4 * (page[1] + page[2])) for page in pages + pages]
        self._staged = 0
        self._tries = 0
        self._first_total = -1
        self._new = False  # the pages are being written for the first time, one a call
        self.charge = Charge()  # of the change that is being staged; else free
        self.total = 0
        self.noted = 0
        self.base = 0
        self.active = script
        self.acted = -1
        self.units = 0
        self.part = 0
        self.before = -1
        self.mark = 0
        self.marked = 0
        self.sequence = 0
        self.pending = False
        self.ready = False
        self.lost = False
        self.failures = 0

    # What is there

    def cell(self, page, index):
        """Register or further cell, as it is stored. allocates: no"""
        image = self._pages[page]
        at = HEAD + 4 * index
        return image[at] | image[at + 1] << 8 | image[at + 2] << 16 | image[at + 3] << 24

    def open_wh(self):
        """What flowed into the active register since `noted`; negative when the total fell."""
        return span_wh(self.total, self.noted)

    def sum_wh(self):
        """Sum of the registers with the open part, modulo 10^9."""
        return add_wh(self._sum(), self.open_wh() % MODULUS_WH)

    # Changes: stage, then add or put, then commit

    def stage(self, page):
        """Begin a change of this page. Nothing counts before `commit`. allocates: no"""
        _copy(self._spare(page), self._pages[page])
        self._staged = page
        self.charge.units = self.units
        self.charge.part = self.part

    def add(self, index, wh):
        """Add to a register of the staged page."""
        self.put(index, add_wh(self.cell(self._staged, index), wh))

    def put(self, index, value):
        """Set a cell of the staged page, 0..10^9 - 1."""
        pack_into("<I", self._spare(self._staged), HEAD + 4 * index, value)

    def commit(self, noted, base, active, acted, before=-1):
        """The staged page with its head goes to the store. returns: True when it is durable; else `retry` goes on"""
        charge = self.charge
        flags = 0 if before < 0 else _PRESET
        pack_into(
            _HEAD_FORMAT,
            self._spare(self._staged),
            0,
            _VERSION,
            active,
            flags,
            self.mark,
            ticks.add(self.sequence, 1),
            noted,
            base,
            charge.units,
            charge.part,
            acted,
            before if flags else 0,
        )
        self.pending = True
        return self.retry()

    def retry(self):
        """Offer the same change again: the store may hold it already. returns: True when nothing waits. allocates: no"""
        if not self.pending:
            return True
        page = self._staged
        try:
            saved = self._cold.save(self._plan[page][0], self._spare(page))
        except OSError:
            saved = False
        if not saved:
            self.failures += 1
            return False
        image = self._spare(page)
        self._pages[len(self._plan) + page] = self._pages[page]
        self._pages[page] = image
        self.pending = False
        self._take_head(image)
        return True

    def _spare(self, page):
        return self._pages[len(self._plan) + page]

    def _take_head(self, image):
        self.active = image[1]
        self.marked = image[3]
        self.sequence = _u32(image, 4)
        self.noted = _u32(image, 8)
        self.base = _u32(image, 12)
        self.units = _u32(image, 16)
        self.part = _u32(image, 20)
        self.acted = _u32(image, 24)
        self.before = -1
        if image[2] & _PRESET:
            self.before = _u32(image, 28)
            self.total = self.noted  # whether the total follows is not known yet: nothing is open

    # Presets

    def announce(self, total):
        """A preset is about to set the total: registers stay, the difference goes to the base. Call before the total's own
        record is written, with nothing open; `settle_preset` finds out whether that came to be.
        """
        self.stage(0)
        moved = span_wh(total, self.noted) % MODULUS_WH
        return self.commit(total, add_wh(self.base, moved), self.active, self.acted, self.noted)

    def settle_preset(self, total):
        """After an announcement, with the total that there is now: done, or did it not happen? returns: False: ask again"""
        at = self.noted
        if abs(span_wh(total, self.before)) < abs(span_wh(total, self.noted)):
            at = self.before
        self.stage(0)
        return self.commit(at, add_wh(self.base, span_wh(at, self.noted) % MODULUS_WH), self.active, self.acted)

    def follow_fall(self):
        """The total fell (an older record of it was found): registers stay, the difference goes to the base."""
        self.stage(0)
        base = add_wh(self.base, span_wh(self.total, self.noted) % MODULUS_WH)
        return self.commit(self.total, base, self.active, self.acted)

    # Restoring

    def restore(self, total):
        """Look for the pages. total: the element's, as it is served. returns: True: ready; False: ask again in a second.

        An empty store and one that does not answer look alike for a moment: nothing is taken for new before it has been seen
        empty three times, or for lost before ten. Boot only
        """
        if self.ready:
            return True
        self.expect(total)
        if self.pending or self._new:
            return self._commission()
        self._tries += 1
        newest = -1
        missing = 0
        for k in range(len(self._plan)):
            image = self._spare(k)
            found = 0
            try:
                found = self._cold.load_into(self._plan[k][0], image)
            except OSError:
                pass
            if found != len(image) or image[0] != _VERSION:
                missing += 1
                for i in range(len(image)):
                    image[i] = 0
            elif newest < 0 or ticks.diff(_u32(image, 4), _u32(self._spare(newest), 4)) > 0:
                newest = k
            _copy(self._pages[k], image)
        if missing and self._tries < (_EMPTY_TRIES if newest < 0 else _MOST_TRIES):
            return False
        if newest < 0:
            self.noted = self.base = self._first_total
            return self._commission()
        self._take_head(self._pages[newest])
        if missing and self.sequence < len(self._plan):
            return self._commission()  # the supply went during the first one
        if missing or add_wh(self.base, self._sum()) != self.noted:
            self.lost = True
            self.stage(0)
            self.commit(total, add_wh(total, MODULUS_WH - self._sum()), self.active, self.acted)
            self.noted = self.total = total  # the record may still be on its way
        elif self.before < 0:
            self.total = total
        self.ready = True
        return True

    def expect(self, total):
        """Restoring is about to begin: a new meter's base, since what it counts while we ask belongs to its first register."""
        if self._first_total < 0:
            self._first_total = total

    def _commission(self):
        # Every page is written once, the first last: from now on a missing page is a lost one, or a store that is silent.
        self._new = True
        if not self.retry():
            return False
        for k in range(len(self._plan) - 1, -1, -1):
            if not self._pages[k][0]:
                self.stage(k)
                if not self.commit(self.noted, self.base, self.active, self.acted) or k:
                    return False
        self.total = self.noted
        self.ready = True
        return True

    def _sum(self):
        wh = 0
        for k in range(len(self._plan)):
            for i in range(self._plan[k][1]):
                wh = add_wh(wh, self.cell(k, i))
        return wh


def _copy(to, image):
    for i in range(len(image)):
        to[i] = image[i]


def _u32(image, at):
    # Fields of the head are small ints by construction; only `units` and `acted` may be negative.
    return image[at] | image[at + 1] << 8 | image[at + 2] << 16 | ((image[at + 3] ^ 0x80) - 0x80) << 24
