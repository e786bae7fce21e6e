# SPDX-License-Identifier: MIT
"""The privacy PIN: four digits that the consumer sets, and behind which marked items are hidden.

Entered right it opens for ten minutes. After three wrong tries in a row nothing is looked at for ten minutes (this project's).
It is set by entering it twice and taken away at the meter by who has it open, or by the supplier. Source: SMETS2 technical
specification, privacy PIN protection.
"""

from micropython import const

from app import ticks

PIN_MOST = const(9999)

_OPEN_MS = const(600_000)
_TRIES = const(3)
_VERSION = const(1)
_RECORD = const(4)


class Privacy:
    """cold: ColdStore; cold_id: of its record. set: there is a PIN. open: it was entered, and not too long ago. locked: set and
    not open, marked items are hidden.
    """

    def __init__(self, cold, cold_id):
        self.set = False
        self.open = False
        self.locked = False
        self._cold = cold
        self._cold_id = cold_id
        self._pin = 0
        self._wrong = 0
        self._blocked = False
        self._since_ms = 0
        self._record = bytearray(_RECORD)

    def restore(self):
        """Boot only."""
        record = self._record
        if self._cold.load_into(self._cold_id, record) == _RECORD and record[0] == _VERSION:
            self.set = self.locked = record[1] == 1
            self._pin = record[2] | record[3] << 8

    def tick(self, now_ms):
        """Close when the time is over. returns: True when it has just closed. allocates: no"""
        if not (self.open or self._blocked) or ticks.diff(now_ms, self._since_ms) < _OPEN_MS:
            return False
        self._blocked = False
        self._wrong = 0
        closed = self.open
        self.open = False
        self.locked = self.set
        return closed

    def enter(self, pin, now_ms):
        """returns: True: right, and open from now on. allocates: no"""
        if self._blocked or not self.set:
            return False
        if pin == self._pin:
            self._wrong = 0
            self._since_ms = now_ms
            self.open = True
            self.locked = False
            return True
        self._wrong += 1
        if self._wrong >= _TRIES:
            self._blocked = True
            self._since_ms = now_ms
        return False

    def change(self, pin, now_ms):
        """A new PIN, 0..9999; only where there is none or it is open. returns: True: stored. allocates: no"""
        if self.locked or not self._store(1, pin):
            return False
        self.set = True
        self._pin = pin
        self.open = True
        self._since_ms = now_ms
        return True

    def disable(self):
        """The supplier's command, or the consumer's who has it open: no PIN. returns: True: stored. allocates: no"""
        if not self._store(0, 0):
            return False
        self.set = False
        self.open = False
        self.locked = False
        self._pin = 0
        self._wrong = 0
        self._blocked = False
        return True

    def _store(self, is_set, pin):
        record = self._record
        record[0] = _VERSION
        record[1] = is_set
        record[2] = pin & 0xFF
        record[3] = pin >> 8
        try:
            return self._cold.save(self._cold_id, record)
        except OSError:
            return False
