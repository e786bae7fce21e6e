# SPDX-License-Identifier: MIT
"""A push button: the raw level with its polarity. Debounce, long presses and gestures are the app's.

a = Button(Pin(0, Pin.IN, Pin.PULL_UP))
a.pressed()
"""


class Button:
    """pin: Pin or callable; active_low: pressed when the pin reads 0 (a switch to ground with a pull-up)."""

    __slots__ = ("_pin", "_active")

    def __init__(self, pin, active_low=True):
        self._pin = pin
        self._active = 0 if active_low else 1

    def pressed(self):
        """True while the contact is closed now, bounce included. allocates: no"""
        return self._pin() == self._active
