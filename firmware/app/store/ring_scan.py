# SPDX-License-Identifier: MIT
"""What a ring finds at boot: its newest sector, how many hang together behind it, how many are blank in front of it.

Sectors are looked at one a step, in their order, and nothing is kept of one that has been passed but the run it belongs
to: the chain is the run that ends at the newest sector, and it may have begun in the run at the end of the store.
"""

from micropython import const

from app import ticks

DIRTY = const(0)  # must be erased before use
CLEAN = const(1)
USED = const(2)  # holds records


class Scan:
    """newest: sector, -1: none; first: its first sequence; chain: sectors of the ring; ahead: blank ones behind the newest.

    done: every sector was looked at.
    """

    __slots__ = (
        "newest",
        "first",
        "chain",
        "ahead",
        "done",
        "_at",
        "_count",
        "_per_sector",
        "_run",
        "_expected",
        "_zero",
        "_leading",
        "_counting",
    )

    def __init__(self, sector_count, per_sector):
        self.newest = -1
        self.first = 0
        self.chain = 0
        self.ahead = 0
        self.done = False
        self._at = 0
        self._count = sector_count
        self._per_sector = per_sector
        self._run = 0  # used sectors in a row, up to the one looked at last, whose numbers join on
        self._expected = 0  # the first sequence that would join on
        self._zero = -1  # first sequence of sector 0, -1: not used
        self._leading = 0  # blank sectors from 0 on
        self._counting = False  # every sector since the newest was blank

    def step(self, ring):
        """Look at one sector. returns: True when that was the last. raises: OSError: nothing has been learnt"""
        sector = self._at
        kind = ring.look_at(sector)  # its first sequence lies in ring.looked_first
        if kind == USED:
            first = ring.looked_first
            self._run = self._run + 1 if self._run and first == self._expected else 1
            self._expected = ticks.add(first, self._per_sector)
            if sector == 0:
                self._zero = first
            if self.newest < 0 or ticks.diff(first, self.first) > 0:
                self.newest = sector
                self.first = first
                self.chain = self._run
                self.ahead = 0
                self._counting = True
            else:
                self._counting = False
        else:
            self._run = 0
            if kind == CLEAN:
                if self._leading == sector:
                    self._leading += 1
                if self._counting:
                    self.ahead += 1
            else:
                self._counting = False
        self._at += 1
        if self._at < self._count:
            return False
        self._close_the_ring()
        self.done = True
        return True

    def _close_the_ring(self):
        if self.newest < 0:
            self.ahead = min(self._leading, self._count - 1)
            return
        if self._counting:
            self.ahead += self._leading
        # The chain reaches down to sector 0, and the last sector joins on to that.
        if (
            self.chain == self.newest + 1
            and self._run
            and self._zero == self._expected
            and self.newest < self._count - 1
        ):
            self.chain += min(self._run, self._count - self.chain)
