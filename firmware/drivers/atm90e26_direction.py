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


class Direction:
    """Two signs, of active and reactive power at the last look: 0 (not known or too small), 1 reverse, 2 forward."""

    __slots__ = ("_link", "_words", "_others", "_signs", "_steady")

    def __init__(self, link):
        self._link = link
        self._words = [0] * 12  # by the low four bits of their addresses, see Link.sweep
        self._others = [0] * 12
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
        link = self._link
        unsure = link.sweep(_POWERS, self._words, self._others)
        signs = self._signs
        for k in range(2):
            word = self._words[_PLACE + k]
            if unsure and self._others[_PLACE + k] >= 0:
                word = link.read_checked(_PMEAN + k)
            sign = 0
            if word >= 0:
                power = (word ^ 0x8000) - 0x8000
                sign = 2 if power >= _LEAST else 1 if power <= -_LEAST else 0
            self._steady[k] = sign if sign == signs[k] else 0
            signs[k] = sign

    def wrong(self, k, forward, reverse):
        """Kind k (0 active, 1 reactive) counted `forward` and `reverse` in this pass: True if it must be the other way.

        After `look`. allocates: no
        """
        sign = self._steady[k]
        if sign == 2:
            return forward <= _JITTER and reverse > _JITTER + 1
        return sign == 1 and reverse <= _JITTER and forward > _JITTER + 1
