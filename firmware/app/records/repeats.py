# SPDX-License-Identifier: MIT
"""Repeated events of the security log: a few of a code an hour are written singly, further ones are counted.

Without it a fault or an attacker pushes a tamper out of the 100 entries in a minute. Nothing goes unsaid: the last single
entry of the hour is marked, so whoever reads it knows that more may have come, and when the hour is over one entry says
how many. The first of an hour is always written, tamper or not. Only a count that had not been written when the power
went is lost; that it was begun is not. Source: the limits are ours, none is in SMETS2.
"""

from array import array

from micropython import const

CODES = const(36)  # more than the security log has codes

WRITE = const(0)
WRITE_LAST = const(1)
COUNT = const(2)


class Repeats:
    """config.security_repeats: single entries of a code an hour, 1..; used: codes seen in this hour."""

    def __init__(self, config):
        self.config = config
        self.used = 0
        self._code = array("H", bytes(2 * CODES))
        self._singles = bytearray(CODES)
        self._counted = array("H", bytes(2 * CODES))
        self._at = 0

    def verdict(self, code):
        """One more of a code: WRITE, WRITE_LAST or COUNT. allocates: no"""
        at = self._find(code)
        if at < 0:
            return WRITE  # more codes than there are: not one that repeats
        if self._singles[at] >= self.config.security_repeats:
            if self._counted[at] < 0xFFFF:
                self._counted[at] += 1
            return COUNT
        self._singles[at] += 1
        return WRITE_LAST if self._singles[at] == self.config.security_repeats else WRITE

    def assume(self, code, marked):
        """An entry of the last hour was found at boot. marked: it says that further ones are counted."""
        at = self._find(code)
        if at < 0:
            return
        if marked:
            self._singles[at] = self.config.security_repeats
        elif self._singles[at] + 1 < self.config.security_repeats:
            self._singles[at] += 1

    def end(self):
        """The hour is over: go through the codes with `next_counted`."""
        self._at = 0

    def next_counted(self):
        """Index of the next code of which some were counted; -1: no more, a new hour begins. allocates: no"""
        while self._at < self.used:
            at = self._at
            self._at += 1
            self._singles[at] = 0
            if self._counted[at]:
                return at
        for at in range(self.used):
            if self._singles[at]:
                return -1
        self.used = 0
        return -1

    def code(self, at):
        return self._code[at]

    def take(self, at):
        """How many of the code at this index were counted; from now on none."""
        counted = self._counted[at]
        self._counted[at] = 0
        return counted

    def _find(self, code):
        for at in range(self.used):
            if self._code[at] == code:
                return at
        if self.used == CODES:
            return -1
        at = self.used
        self.used += 1
        self._code[at] = code
        self._singles[at] = 0
        self._counted[at] = 0
        return at
