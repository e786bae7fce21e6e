# SPDX-License-Identifier: MIT
"""ATM90E26: the direction of the energy of a pass against the sign of the power at both of its ends.

One address bit turns the read of the reverse register into one of the forward register and empties that: the sum of both still
agrees with the absolute register, only the direction is wrong, and LastData confirms it. Power that has the other sign at the
end of the pass before and at the end of this one, while the other register counted nothing, says so.
Source: Atmel-46002B (M90E26 datasheet) 5.4 (energy registers), 5.5 (Pmean, Qmean: two's complement).
"""

from micropython import const

_PMEAN = const(0x4A)  # Qmean follows
_POWERS = b"\x4a\x4b"
_PLACE = const(10)
_LEAST = const(8)  # half-scale W or var: below it a reading has no sign
_JITTER = const(1)  # counts


def _sign(word):
    """Of a mean power, two's complement; -1: not known."""
    if word < 0x8000:
        return 2 if word >= _LEAST else 0
    return 1 if word <= 0x10000 - _LEAST else 0


class Direction:
    """Two signs, of active and reactive power at the last look: 0 (not known or too small), 1 reverse, 2 forward."""

    __slots__ = ("_link", "_words", "_others", "_signs", "_steady")

    def __init__(self, link):
        self._link = link
        self._words = [0] * 12  # by the low four bits of their addresses, see Link.sweep
        self._others = [-1] * 12
        self._signs = bytearray(2)
        self._steady = bytearray(2)  # the sign, if the look before found the same; else 0

    def forget(self):
        """The chip was started anew. allocates: no"""
        self._signs[0] = 0
        self._signs[1] = 0

    def look(self):
        """Right after the energy registers: a damaged address may hit one of them, which is then as good as empty.

        allocates: no
        """
        words = self._words
        if self._link.sweep(_POWERS, words, self._others):
            for k in range(2):
                if self._others[_PLACE + k] >= 0:
                    self._others[_PLACE + k] = -1
                    words[_PLACE + k] = self._link.read_checked(_PMEAN + k)
        signs = self._signs
        steady = self._steady
        sign = _sign(words[_PLACE])
        steady[0] = sign if sign == signs[0] else 0
        signs[0] = sign
        sign = _sign(words[_PLACE + 1])
        steady[1] = sign if sign == signs[1] else 0
        signs[1] = sign

    def wrong(self, k, forward, reverse):
        """Kind k (0 active, 1 reactive) counted `forward` and `reverse` in this pass: True if it must be the other way.

        After `look`. allocates: no
        """
        sign = self._steady[k]
        if sign == 2:
            return forward <= _JITTER and reverse > _JITTER + 1
        return sign == 1 and reverse <= _JITTER and forward > _JITTER + 1
