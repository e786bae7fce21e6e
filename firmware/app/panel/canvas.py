# SPDX-License-Identifier: MIT
"""The frame and what stands on it. Looked at and drawn is only what has changed: most frames are the one before."""

from micropython import const

from app.clock import civil_from_day
from app.panel import glass, words
from app.panel import object_map as om
from app.panel import view as views
from app.panel.readings import NO_VALUE

_UNDRAWN = const(-0x3FFFFFFE)

# Open 2, closed 1, by state of a contactor: dark, in the second half of a slow flash, of a fast one, of both.
_CONTACTOR = (
    b"\x02\x01\x00\x00\x00\x00\x00\x02\x01\x02\x00\x01\x00\x00\x02\x01\x00\x00\x00\x02\x01\x02\x01\x02\x00\x01\x02\x01"
)
_STATES = const(7)
_FAST = const(14)
_SLOW = (views.ARMED, views.BOOST)
_LETTER_F = const(0x8E)
# A name of this module is found three times as fast as one of another.
_TIME_OF_DAY = const(16)
_TEXT_FORM = const(21)
_LOCAL_TIME = const(49)
_UTC_AT = const(4)  # of words.DESCRIPTORS
_NO_VALUE = NO_VALUE
_label = glass.label
_number = glass.number


class Canvas:
    """frame: bytearray(16) of the port "Panel part". touched: something was written into it; taken back by who has shown it.
    fast: something flashes fast, the frame has to come twice as often; flashing: something does, fast or slowly. phase: of a
    flash, quarters of a second. test: the sign of it is on.

    items: Items; readings: Readings; page: of a long text. start_current_ma: below it no arrow (EN 50470-3: 0.04 Itr of class
    B, Itr = 1 A; unverified).
    """

    def __init__(self, start_current_ma, items, readings):
        self._items = items
        self._readings = readings
        self.page = 0
        self.start_current_ma = start_current_ma
        self.frame = bytearray(16)
        self.fast = False
        self.test = False
        self.phase = 0
        self.touched = True
        self.flashing = True
        self.raw = _UNDRAWN  # the number behind the value of the item, in the scale of its source
        self._drawn = False  # what stands there was drawn by `item`
        self._edition = -1  # of the view, when the indicators were last looked at
        self._item = -1
        self._signs_shown = 0
        self._letter = 0
        self._value = _UNDRAWN

    def fill(self, byte):
        """All on (0xFF) or all off (0)."""
        self._drawn = False
        self.touched = True
        glass.fill(self.frame, byte)

    def item(self, number, view):
        """The value of the item that is taken, and all indicators. number: which item, so that another one is known. Few
        locals: a larger frame is put on the heap.
        """
        if view.edition != self._edition or self._edition < 0 or self.flashing or not self._drawn:
            self._signs(view)
        item = self._items
        self.raw = value = self._readings.number(item.source, view)
        if item.form < _TIME_OF_DAY:
            if value != _NO_VALUE:
                # Toward zero: floor division of the magnitude.
                value = -(-value // item.divisor) if value < 0 else value // item.divisor
        elif item.form == _TEXT_FORM:
            value = self.page
        if number != self._item:
            self._item = number
            self._value = _UNDRAWN
            _label(self.frame, item.rows, item.at)
            if item.source == _LOCAL_TIME and not view.local:
                glass.descriptor(self.frame, words.DESCRIPTORS, _UTC_AT)
        elif value == self._value and view.non_disablement == self._letter:
            return
        self._letter = view.non_disablement
        self.touched = True
        if item.form < _TIME_OF_DAY and value != _NO_VALUE:
            _number(self.frame, value, item.decimals, item.digits)
        else:
            self._write(item.form, value, view)
        self._value = value
        if view.non_disablement and not self.frame[0]:
            self.frame[0] = _LETTER_F

    def words(self, number, descriptor, text, view, characters=words.TEXTS):
        """A text of eight characters beside a word, and all indicators. number: as in `item`, below -1."""
        self._signs(view)
        if number == self._item and self._value == 0:
            return
        self._item = number
        self._value = 0
        self.touched = True
        frame = self.frame
        glass.descriptor(frame, words.DESCRIPTORS, 4 * descriptor)
        glass.no_unit(frame)
        glass.window(frame, characters, words.WIDTH * text)

    def put(self, digit, figure):
        """One figure 0..9 into a text that stands there; -1: a dash."""
        self.touched = True
        glass.put(self.frame, digit, figure)

    def relabel(self):
        """The number of an item means another one now."""
        self._item = -1

    def changed(self):
        """Mode, screen or choice may be another one: look at everything."""
        self._value = _UNDRAWN
        self.raw = _UNDRAWN
        self._edition = -1

    def _write(self, form, value, view):
        frame = self.frame
        if value == NO_VALUE:
            glass.window(frame, words.TEXTS, words.WIDTH * words.DASHES)
        elif form == om.TIME_OF_DAY:
            minutes = value // 60
            if self._value < 0 or minutes != self._value // 60:
                glass.put(frame, 2, -1)
                glass.put(frame, 5, -1)
                glass.pair(frame, 0, minutes // 60, False)
                glass.pair(frame, 3, minutes % 60, False)
            glass.pair(frame, 6, value % 60, False)
        elif form == om.DATE:
            year = value >> 9
            glass.pair(frame, 0, value & 31, True)
            glass.pair(frame, 2, value >> 5 & 15, True)
            glass.pair(frame, 4, year // 100, False)
            glass.pair(frame, 6, year % 100, False)
        elif form == om.MOMENT:
            minute = value % 1440
            civil = view.civil
            civil_from_day(value // 1440, civil)
            glass.pair(frame, 0, civil[2], True)
            glass.pair(frame, 2, civil[1], True)
            glass.pair(frame, 4, minute // 60, True)
            glass.pair(frame, 6, minute % 60, False)
        elif form == om.HEX:
            glass.hexadecimal(frame, value)
        elif form == om.TEXT:
            glass.window(frame, self._readings.text(self._items.source) or b"", value * words.WIDTH)
        else:
            known = 0 <= value < words.STATES_COUNT
            glass.window(frame, words.TEXTS, words.WIDTH * (words.STATES + value if known else words.DASHES))

    def _signs(self, view):
        """All indicators."""
        if not self._drawn:
            glass.fill(self.frame, 0)
            self._drawn = True
            self._signs_shown = 0
            self._item = -1
            self.touched = True
        self._edition = view.edition
        signs = self._seen(view) | self._contactors(view)
        if signs != self._signs_shown:
            self._signs_shown = signs
            self.touched = True
            glass.signs(self.frame, signs)

    def _seen(self, view):
        signs = (view.active_elements & 3) << glass.AT_ELEMENTS
        if view.quantities_valid and view.rms_current_ma >= self.start_current_ma:
            power = view.active_power_mw
            signs |= glass.SIGN_IMPORT if power > 0 else glass.SIGN_EXPORT if power < 0 else 0
        if view.reverse:
            signs |= glass.SIGN_REVERSE
        if view.warning:
            signs |= glass.SIGN_WARNING
        if view.tamper:
            signs |= glass.SIGN_TAMPER
        if view.battery:
            signs |= glass.SIGN_BATTERY
        if view.service or self.test:
            signs |= glass.SIGN_TEST
        if view.locked:
            signs |= glass.SIGN_LOCK
        return signs

    def _contactors(self, view):
        """Contactors and HAN: what may flash."""
        contactor = view.contactor
        first = contactor[0]
        second = contactor[1]
        third = contactor[2]
        self.fast = fast = view.fault()
        joining = view.han_state == views.HAN_JOINING
        self.flashing = fast or joining or first in _SLOW or second in _SLOW or third in _SLOW
        row = 0
        if self.phase & 2:
            row = _STATES
        if self.phase & 1:
            row += _FAST
        signs = (
            _CONTACTOR[first + row] << glass.AT_K1
            | _CONTACTOR[second + row] << glass.AT_K2
            | _CONTACTOR[third + row] << glass.AT_K3
        )
        if view.han_state == views.HAN_JOINED:
            bars = glass.SIGN_HAN_BARS
            signs |= glass.SIGN_HAN | bars & ~(bars >> view.han_level)
        elif joining and self.phase & 2:
            signs |= glass.SIGN_HAN
        return signs
