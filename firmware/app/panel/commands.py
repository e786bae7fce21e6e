# SPDX-License-Identifier: MIT
"""What a person at the panel can ask for, as commands at the door: everything is checked and logged there."""

from micropython import const

from app.panel.view import ARMED
from app.records import codes
from app.supply import door as doors

# Commands at the user interface that the door does not know, by this project's numbers: bits 0..7 of the extra of 8161, 8162.
PRIVACY_PIN = const(0x84)
BOOST = const(0x85)

_GOOD = (0, 1, doors.ARMED)


class Commands:
    """door: Door. log: callable(code, extra) or None. alcs: the load control or None; of it are read `boost(minutes, now_ms)`
    and `cancel_boost(now_ms)`, which return 0 when done, `boost_left_min`, 0 while there is none, and `source`. changed:
    callable() for settings changed at the panel, or None.
    """

    __slots__ = ("_door", "_log", "alcs", "changed")

    def __init__(self, door, log=None, alcs=None, changed=None):
        self._door = door
        self._log = log
        self.alcs = alcs
        self.changed = changed

    def enable_supply(self, view, now_ms):
        """Close what is armed. returns: True: accepted. allocates: no"""
        contactor = view.contactor
        good = False
        if contactor[0] == ARMED:
            good = self._door.submit(doors.BUTTON, doors.CONTACTOR_CLOSE, 0, now_ms) in _GOOD
        if contactor[1] == ARMED:
            good = self._door.submit(doors.BUTTON, doors.SECOND_CLOSE, 0, now_ms) in _GOOD or good
        return good

    def switch_load(self, closed, now_ms):
        """The auxiliary relay. returns: True: accepted. allocates: no"""
        code = doors.AUX_CLOSE if closed else doors.AUX_OPEN
        return self._door.submit(doors.BUTTON, code, 0, now_ms) in _GOOD

    def boost(self, minutes, now_ms):
        """minutes: 15..60, 0 ends it. returns: True: accepted. allocates: no"""
        if self.alcs is None:
            return False
        good = not (self.alcs.boost(minutes, now_ms) if minutes else self.alcs.cancel_boost(now_ms))
        self.note(good, BOOST)
        return good

    def boosting(self):
        return self.alcs is not None and self.alcs.boost_left_min > 0

    def note(self, good, command):
        """Log what was not the door's to log. allocates: no"""
        if self._log is not None:
            self._log(codes.UI_COMMAND_DONE if good else codes.UI_COMMAND_NOT_DONE, doors.BUTTON << 12 | command)

    def settings_changed(self):
        if self.changed is not None:
            self.changed()
