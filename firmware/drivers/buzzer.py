# SPDX-License-Identifier: MIT
"""A buzzer on one output: an active one (a level), or a PWM switch of the board with the same face. What and when is the app's.

A passive piezo wants 2 to 4 kHz from a PWM (`boards/bringup.py`, PwmSwitch); the HT1621 has a tone of its own (`HT1621.tone`),
which fits in with `pin=None`.

    buzzer = Buzzer(pin)
    buzzer.sound(True)
"""


class Buzzer:
    """pin: thing with value(level) or None; tone: callable(on) instead. errors: calls that raised. Silent from the start."""

    __slots__ = ("_pin", "_tone", "errors", "on")

    def __init__(self, pin, tone=None):
        self._pin = pin
        self._tone = tone
        self.errors = 0
        self.on = False
        self._drive(0)

    def sound(self, on):
        """Begin or end. A pin may sit behind an expander: what it raises is counted, and the next call tries again.
        allocates: no
        """
        on = bool(on)
        if on is not self.on and self._drive(1 if on else 0):
            self.on = on

    def _drive(self, level):
        try:
            if self._pin is not None:
                self._pin.value(level)
            elif self._tone is not None:
                self._tone(level)
        except Exception:  # noqa: BLE001  whatever the part raises
            self.errors += 1
            return False
        return True
