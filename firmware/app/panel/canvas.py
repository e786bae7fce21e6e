# SPDX-License-Identifier: MIT
"""The frame and what stands on it. Looked at and drawn is only what has changed: most frames are the one before."""

from micropython import const

from app.clock import civil_from_day
from app.panel import glass, words
from app.panel import object_map as om
from app.panel import view as views
from app.panel.readings import NO_VALUE

_UNDRAWN = const(-0x3FFFFFFE)
_PAGE = const(8)

_FLASHING = (views.ARMED, views.BOOST)

# What _lamps() says with one bit: (bit, element of the glass).
_LAMPS = (
    (0x004000, glass.L1),
    (0x008000, glass.L2),
    (0x010000, glass.IMPORT),
    (0x020000, glass.EXPORT),
    (0x040000, glass.REVERSE),
    (0x080000, glass.WARNING),
    (0x100000, glass.TAMPER),
    (0x200000, glass.BATTERY),
    (0x400000, glass.TEST),
    (0x2000000, glass.LOCK),
)
_SLOW_BIT = const(0x800000)
_FAST_BIT = const(0x1000000)
_LETTER_F = const(0x8E)
# A name of this module is found three times as fast as one of another.
_TIME_OF_DAY = const(16)
_TEXT_FORM = const(21)
_LOCAL_TIME = const(49)
_NO_VALUE = NO_VALUE
_label = glass.label
_number = glass.number


class Canvas:
    """frame: bytearray(16) of the port "Panel part". touched: something was written into it; taken back by who has shown it.
    fast: something flashes fast, the frame has to come twice as often. phase: of a flash, quarters of a second.

    start_current_ma: below it no arrow (EN 50470-3: 0.04 Itr of class B, Itr = 1 A; unverified).
    """

    __slots__ = (
        "_civil",
        "_drawn",
        "_item",
        "_lamps_shown",
        "_letter",
        "_marks",
        "_value",
        "edition",
        "fast",
        "flashing",
        "frame",
        "raw",
        "phase",
        "start_current_ma",
        "test",
        "touched",
    )

    def __init__(self, start_current_ma):
        self.start_current_ma = start_current_ma
        self.frame = bytearray(16)
        self.fast = False
        self.test = False  # the sign of it is on
        self.phase = 0
        self.touched = True
        self._drawn = False  # what stands there was drawn by `item`
        self.edition = -1  # of the view, when the indicators were last looked at
        self.flashing = True  # some indicator does, slowly or fast
        self.raw = _UNDRAWN  # the number behind the value of the item, in the scale of its source
        self._item = -1
        self._lamps_shown = 0
        self._letter = 0
        self._value = _UNDRAWN
        self._marks = bytearray(glass.MARKS)
        self._civil = [0, 0, 0]

    def fill(self, byte):
        """All on (0xFF) or all off (0)."""
        self.forget()
        self.touched = True
        glass.fill(self.frame, byte)

    def forget(self):
        """Whatever stands there is drawn again from nothing."""
        self._drawn = False

    def item(self, number, item, view, readings, page):
        """The value of an item and all indicators. number: which item, so that another one is known. page: of a long text."""
        edition = view.edition
        if edition != self.edition or edition < 0 or self.flashing or not self._drawn:
            self._signs(view)
        form = item.form
        self.raw = value = readings.number(item.source, view)
        if form < _TIME_OF_DAY:
            if value != _NO_VALUE:
                # Toward zero: floor division of the magnitude.
                value = -(-value // item.divisor) if value < 0 else value // item.divisor
        elif form == _TEXT_FORM:
            value = page
        letter = 1 if view.non_disablement else 0
        if number != self._item:
            self._item = number
            _label(self.frame, item.marks)
            if item.source == _LOCAL_TIME and not view.local:
                self._descriptor(words.UTC)
        elif value == self._value and letter == self._letter:
            return
        self._letter = letter
        self._value = value
        self.touched = True
        if form < _TIME_OF_DAY and value != _NO_VALUE:
            _number(self.frame, value, item.decimals, item.digits)
        else:
            self._write(item, form, value, readings, page)
        if letter and not self.frame[0]:
            self.frame[0] = _LETTER_F

    def words(self, number, descriptor, characters, view):
        """A text of up to eight characters beside a word, and all indicators. number: as in `item`, below -1."""
        self._signs(view)
        if number == self._item and self._value == 0:
            return
        self._item = number
        self._value = 0
        self.touched = True
        for i in range(glass.MARKS):
            self._marks[i] = 0
        words.descriptor_into(self._marks, descriptor)
        glass.label(self.frame, self._marks)
        glass.window(self.frame, characters, 0)

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
        self.edition = -1

    def _descriptor(self, number):
        words.descriptor_into(self._marks, number)
        for i in range(4, glass.MARKS):
            self._marks[i] = 0
        glass.label(self.frame, self._marks)

    def _write(self, item, form, value, readings, page):
        frame = self.frame
        if value == NO_VALUE:
            glass.dashes(frame)
        elif form == om.TIME_OF_DAY:
            hours = value // 3600
            minutes = value // 60 - hours * 60
            glass.pair(frame, 0, hours, False)
            glass.dash(frame, 2)
            glass.pair(frame, 3, minutes, False)
            glass.dash(frame, 5)
            glass.pair(frame, 6, value % 60, False)
        elif form == om.DATE:
            year = value >> 9
            century = year // 100
            glass.pair(frame, 0, value & 31, True)
            glass.pair(frame, 2, value >> 5 & 15, True)
            glass.pair(frame, 4, century, False)
            glass.pair(frame, 6, year - century * 100, False)
        elif form == om.MOMENT:
            day = value // 1440
            minute = value - day * 1440
            civil_from_day(day, self._civil)
            glass.pair(frame, 0, self._civil[2], True)
            glass.pair(frame, 2, self._civil[1], True)
            glass.pair(frame, 4, minute // 60, True)
            glass.pair(frame, 6, minute % 60, False)
        elif form == om.HEX:
            glass.hexadecimal(frame, value)
        elif form == om.TEXT:
            glass.window(frame, readings.text(item.source) or b"", page * _PAGE)
        elif 0 <= value < len(words.STATES):
            glass.window(frame, words.STATES[value], 0)
        else:
            glass.dashes(frame)

    # Indicators

    def _signs(self, view):
        if not self._drawn:
            glass.fill(self.frame, 0)
            self._drawn = True
            self._lamps_shown = 0
            self._item = -1
            self.touched = True
        self.edition = view.edition
        lamps = self._lamps(view)
        if lamps != self._lamps_shown:
            self._lamps_shown = lamps
            self.touched = True
            glass.clear_signs(self.frame)
            self._draw(view, lamps)

    def _lamps(self, view):
        """Everything that _draw looks at, as one int."""
        contactor = view.contactor
        first = contactor[0]
        second = contactor[1]
        third = contactor[2]
        lamps = (
            first | second << 3 | third << 6 | view.han_state << 9 | view.han_level << 11 | view.active_elements << 14
        )
        if view.quantities_valid and view.rms_current_ma >= self.start_current_ma:
            power = view.active_power_mw
            lamps |= 0x10000 if power > 0 else 0x20000 if power < 0 else 0
        if view.reverse:
            lamps |= 0x40000
        if view.warning:
            lamps |= 0x80000
        if view.tamper:
            lamps |= 0x100000
        if view.battery:
            lamps |= 0x200000
        if view.service or self.test:
            lamps |= 0x400000
        if view.locked:
            lamps |= 0x2000000
        self.fast = fast = view.fault()
        slow = first in _FLASHING or second in _FLASHING or third in _FLASHING or view.han_state == views.HAN_JOINING
        self.flashing = fast or slow
        if slow and self.phase & 2:
            lamps |= _SLOW_BIT
        if fast and self.phase & 1:
            lamps |= _FAST_BIT
        return lamps

    def _draw(self, view, lamps):
        frame = self.frame
        for bit, element in _LAMPS:
            if lamps & bit:
                glass.light(frame, element)
        contactor = view.contactor
        self._contactor(contactor[0], lamps, glass.K1_OPEN, glass.K1_CLOSED)
        self._contactor(contactor[1], lamps, glass.K2_OPEN, glass.K2_CLOSED)
        self._contactor(contactor[2], lamps, glass.K3_OPEN, glass.K3_CLOSED)
        if view.han_state == views.HAN_JOINED:
            glass.light(frame, glass.HAN)
            glass.light_if(frame, glass.HAN_BAR_1, view.han_level >= 1)
            glass.light_if(frame, glass.HAN_BAR_2, view.han_level >= 2)
            glass.light_if(frame, glass.HAN_BAR_3, view.han_level >= 3)
            glass.light_if(frame, glass.HAN_BAR_4, view.han_level >= 4)
        elif view.han_state == views.HAN_JOINING:
            glass.light_if(frame, glass.HAN, lamps & _SLOW_BIT)

    def _contactor(self, state, lamps, open_element, closed_element):
        if (
            state == views.OPEN
            or (state == views.ARMED and lamps & _SLOW_BIT)
            or (state == views.FAULT_OPEN and lamps & _FAST_BIT)
        ):
            glass.light(self.frame, open_element)
        elif (
            state == views.CLOSED
            or (state == views.BOOST and lamps & _SLOW_BIT)
            or (state == views.FAULT_CLOSED and lamps & _FAST_BIT)
        ):
            glass.light(self.frame, closed_element)
