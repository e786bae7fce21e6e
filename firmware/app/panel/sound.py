# SPDX-License-Identifier: MIT
"""Key click and alerts on the buzzer; silent while muted. An alert is a number of beeps; a click is one pass long at least."""

from micropython import const

from app import ticks
from app.panel.settings import MUTE_ALERTS, MUTE_CLICKS

_CLICK_MS = const(20)
_BEEP_MS = const(200)
_PAUSE_MS = const(200)
_BEEPS_MOST = const(20)


class Sound:
    """buzzer: thing with `sound(on)`, or None. settings: group of app.panel.settings. busy: `poll` has something to do."""

    __slots__ = ("_beeps", "_buzzer", "_click", "_on", "_settings", "_since_ms", "busy")

    def __init__(self, buzzer, settings):
        self._buzzer = buzzer
        self._settings = settings
        self._beeps = 0  # still to come, the present one included
        self._click = False
        self._on = False
        self._since_ms = 0
        self.busy = False

    def click(self, now_ms):
        """A key went down. Not heard during an alert. allocates: no"""
        if self.busy or self._buzzer is None or self._settings.buzzer_mute & MUTE_CLICKS:
            return
        self._click = True
        self._begin(now_ms)

    def alert(self, beeps, now_ms):
        """1..20 beeps. allocates: no"""
        if self._buzzer is None or self._settings.buzzer_mute & MUTE_ALERTS:
            return
        self._click = False
        self._beeps = beeps if beeps < _BEEPS_MOST else _BEEPS_MOST
        self._begin(now_ms)

    def poll(self, now_ms):
        """Every pass while busy. allocates: no"""
        muted = self._settings.buzzer_mute & (MUTE_CLICKS if self._click else MUTE_ALERTS)
        if muted:
            self._end()
            return
        age = ticks.diff(now_ms, self._since_ms)
        if self._on:
            if age >= (_CLICK_MS if self._click else _BEEP_MS):
                self._on = False
                self._buzzer.sound(False)
                self._since_ms = now_ms
                self._beeps -= 1
                if self._click or self._beeps <= 0:
                    self._end()
        elif age >= _PAUSE_MS:
            self._begin(now_ms)

    def _begin(self, now_ms):
        self._on = True
        self.busy = True
        self._since_ms = now_ms
        self._buzzer.sound(True)

    def _end(self):
        self._beeps = 0
        self._click = False
        self._on = False
        self.busy = False
        self._buzzer.sound(False)
