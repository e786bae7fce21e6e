# SPDX-License-Identifier: MIT
"""Four digits entered with two keys: A counts the digit up, B goes on to the next one; long B is the end of it.

With button B sealed, long A goes on, and behind the last digit it is the end.
"""

from micropython import const

from app.panel import gestures

DIGITS = const(4)

MORE = const(0)
COMPLETE = const(1)


class Entry:
    """value: what is entered so far, 0..9999. at: the digit under the keys, 0..3."""

    __slots__ = ("_digits", "at", "value")

    def __init__(self):
        self._digits = bytearray(DIGITS)
        self.at = 0
        self.value = 0

    def clear(self):
        for i in range(DIGITS):
            self._digits[i] = 0
        self.at = 0
        self.value = 0

    def digit(self, index):
        return self._digits[index]

    def key(self, event, sealed):
        """returns: MORE or COMPLETE. allocates: no"""
        if event == gestures.A_SHORT:
            digit = self._digits[self.at] + 1
            self._digits[self.at] = digit if digit < 10 else 0
        elif event == gestures.B_SHORT:
            self.at = self.at + 1 & 3
        elif event == gestures.B_LONG or (sealed and event == gestures.A_LONG and self.at == DIGITS - 1):
            value = 0
            for digit in self._digits:
                value = value * 10 + digit
            self.value = value
            return COMPLETE
        elif sealed and event == gestures.A_LONG:
            self.at += 1
        return MORE
