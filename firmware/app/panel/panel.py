# SPDX-License-Identifier: MIT
"""The display: start test, scrolling items, constant indicators, back-light. Reads a View, writes a frame, decides
nothing else.

Two frames a second, which is also the two halves of a 1 Hz flash; a key is answered at once. The part behind `lcd`
may fail at any time: that is counted and tried again, metering does not notice. Times and their ranges: the product's
user manual (configurable), values this project's.

    panel = Panel(lcd, backlight_pin, default_list(), b"1.0.0")
    panel.start(now_ms)
    wait_ms = panel.tick(now_ms, view)          # every pass
    panel.key(keys.poll(now_ms, a.pressed(), b.pressed()), now_ms)
"""

from micropython import const

from app import ticks
from app.panel import gestures, glass, items
from app.panel import view as views

# mode: numbers of the project's list of display modes.
AUTO = const(1)
MANUAL = const(2)
TEST = const(7)

_PERIOD_MS = const(500)
_TICKS = const(0x3FFFFFFF)

# In place of a value: dashes, and nothing drawn yet. No register or quantity comes near.
_NO_VALUE = const(-0x3FFFFFFF)
_UNDRAWN = const(-0x3FFFFFFE)

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
)

_TEST_ON_MS = const(2000)
_TEST_OFF_MS = const(3000)
_TEST_END_MS = const(5000)


def _bounded(value, least, most):
    if not least <= value <= most:
        raise ValueError("out of range")
    return value


class Panel:
    """errors: calls of lcd or back-light that raised. mode: AUTO, MANUAL, TEST. position: index of the item shown."""

    __slots__ = (
        "_backlight",
        "_dirty",
        "_edition",
        "_flash",
        "_flashing",
        "_frame",
        "_frame_ms",
        "_item_ms",
        "_items",
        "_lcd",
        "_lcd_up",
        "_light_ms",
        "_lit",
        "_lit_ms",
        "_manual_ms",
        "_running",
        "_shown_item",
        "_shown_lamps",
        "_shown_value",
        "_scroll_ms",
        "_start_current_ma",
        "_version",
        "errors",
        "mode",
        "position",
    )

    def __init__(self, lcd, backlight, item_list, version, start_current_ma=40):
        """lcd: port "Panel part". backlight: pin or None. item_list: list of Item, the first is the default.

        version: ASCII, up to eight digits, points between. start_current_ma: below it no arrow (EN 50470-3: 0.04 Itr
        of class B, Itr = 1 A; unverified).
        """
        self._lcd = lcd
        self._backlight = backlight
        self._items = item_list
        self._version = version
        self._start_current_ma = start_current_ma
        self._frame = bytearray(16)
        self._frame_ms = 0
        self._item_ms = 0
        self._lit_ms = 0
        self._lcd_up = False
        self._running = False
        self._dirty = True
        self._flash = False
        self._flashing = True  # something does: the frame has two states
        self._edition = -1  # of the view, when the indicators were last looked at
        self._shown_item = None
        self._shown_value = _UNDRAWN
        self._shown_lamps = 0
        self.errors = 0
        self.mode = TEST
        self.position = 0
        self.configure(6, 30, 30)
        self._light(False)

    def configure(self, scroll_s, manual_s, light_s):
        """Time an item stands (2..60), until auto-scroll comes back (10..300), of the back-light (5..300);
        ValueError.
        """
        scroll_s = _bounded(scroll_s, 2, 60)
        manual_s = _bounded(manual_s, 10, 300)
        light_s = _bounded(light_s, 5, 300)
        self._scroll_ms = scroll_s * 1000
        self._manual_ms = manual_s * 1000
        self._light_ms = light_s * 1000

    def start(self, now_ms):
        """Begin the start test: all on 2 s, all off 1 s, firmware version 2 s, then the default item.

        The first tick does it if nobody did before.
        """
        self._running = True
        self._frame_ms = now_ms
        self._item_ms = now_ms
        self._dirty = True
        self.mode = TEST

    def key(self, event, now_ms):
        """Take one code of app.panel.gestures; NONE does nothing. allocates: no"""
        if event == gestures.NONE:
            return
        self._lit_ms = now_ms
        if not self._lit:
            self._light(True)
        if self.mode == TEST:
            return
        if event == gestures.A_SHORT:
            self.mode = MANUAL
            self._next(now_ms)
        elif self.mode == MANUAL:
            self._item_ms = now_ms
            if event == gestures.B_SHORT:
                self._default(now_ms)

    def tick(self, now_ms, view):
        """Once a pass. allocates: no   returns: int ms (0..500) until it has something to do again"""
        if not self._running:
            self.start(now_ms)
        if self._lit and ticks.diff(now_ms, self._lit_ms) >= self._light_ms:
            self._light(False)
        age = (now_ms - self._frame_ms) & _TICKS
        if age < _PERIOD_MS:
            if not self._dirty:
                return _PERIOD_MS - age
        else:
            self._flash = not self._flash
            # Keep the beat, unless it was lost altogether.
            self._frame_ms = ticks.add(self._frame_ms, _PERIOD_MS) if age < 2 * _PERIOD_MS else now_ms
        age = (now_ms - self._item_ms) & _TICKS
        if self.mode == AUTO:
            if age >= self._scroll_ms:
                self._next(now_ms)
        elif age >= (self._manual_ms if self.mode == MANUAL else _TEST_END_MS):
            self._default(now_ms)
        self._dirty = False
        self._draw(now_ms, view)
        self._show()
        return 0 if self._dirty else _PERIOD_MS - ((now_ms - self._frame_ms) & _TICKS)

    def _next(self, now_ms):
        self.position += 1
        if self.position >= len(self._items):
            self.position = 0
        self._item_ms = now_ms
        self._dirty = True

    def _default(self, now_ms):
        self.mode = AUTO
        self.position = 0
        self._item_ms = now_ms
        self._dirty = True

    def _draw(self, now_ms, view):
        frame = self._frame
        if self.mode == TEST:
            self._shown_item = None
            age = ticks.diff(now_ms, self._item_ms)
            glass.fill(frame, 0xFF if age < _TEST_ON_MS else 0)
            if age < _TEST_OFF_MS:
                return
            glass.text(frame, self._version)
            glass.descriptor(frame, b"SoFt")
            self._draw_indicators(view, self._lamps(view))
            return
        # Looked at and drawn is only what changed: two frames a second, and most of them are the one before.
        shown = self._shown_item
        if shown is None:
            glass.fill(frame, 0)
            self._shown_lamps = 0
        item = self._items[self.position]
        edition = view.edition
        if edition < 0 or edition != self._edition or self._flashing or shown is None:
            self._edition = edition
            lamps = self._lamps(view)
            if lamps != self._shown_lamps:
                self._shown_lamps = lamps
                glass.clear_signs(frame)
                self._draw_indicators(view, lamps)
        value = self._value(view, item)
        if item is not shown:
            self._shown_item = item
            glass.label(frame, item.marks)
        elif value == self._shown_value:
            return
        self._shown_value = value
        self._draw_value(view, item, value)

    def _lamps(self, view):
        """Everything that _draw_indicators looks at, as one int."""
        contactor = view.contactor
        first = contactor[0]
        second = contactor[1]
        third = contactor[2]
        lamps = (
            first | second << 3 | third << 6 | view.han_state << 9 | view.han_level << 11 | view.active_elements << 14
        )
        if view.quantities_valid and view.rms_current_ma >= self._start_current_ma:
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
        if view.service:
            lamps |= 0x400000
        self._flashing = (
            first in _FLASHING or second in _FLASHING or third in _FLASHING or view.han_state == views.HAN_JOINING
        )
        if self._flashing and self._flash:
            lamps |= 0x800000
        return lamps

    def _value(self, view, item):
        """What the item shows now: the number without what is cut off, or anything that changes when the digits do."""
        source = item.source
        if source < items.SOURCE_REGISTERS:
            if not view.restored:
                return _NO_VALUE
            value = view.wh[source]
        elif source >= items.TIME:
            if not view.clock_valid:
                return _NO_VALUE
            if source == items.TIME:
                return (view.hour * 60 + view.minute) * 60 + view.second
            return (view.year * 16 + view.month) * 32 + view.day
        elif not view.quantities_valid:
            return _NO_VALUE
        elif source == items.ACTIVE_POWER:
            value = view.active_power_mw
        elif source == items.REACTIVE_POWER:
            value = view.reactive_power_mvar
        elif source == items.VOLTAGE:
            value = view.rms_voltage_mv
        elif source == items.CURRENT:
            value = view.rms_current_ma
        elif source == items.POWER_FACTOR:
            value = view.power_factor_x1000
        else:
            value = view.frequency_hz_x1000
        # Toward zero: floor division of the magnitude.
        return -(-value // item.divisor) if value < 0 else value // item.divisor

    def _draw_value(self, view, item, value):
        """Write all eight digits."""
        frame = self._frame
        source = item.source
        if value == _NO_VALUE:
            glass.dashes(frame)
        elif source == items.TIME:
            glass.pair(frame, 0, view.hour, False)
            glass.dash(frame, 2)
            glass.pair(frame, 3, view.minute, False)
            glass.dash(frame, 5)
            glass.pair(frame, 6, view.second, False)
        elif source == items.DATE:
            century = view.year // 100
            glass.pair(frame, 0, view.day, True)
            glass.pair(frame, 2, view.month, True)
            glass.pair(frame, 4, century, False)
            glass.pair(frame, 6, view.year - century * 100, False)
        else:
            glass.number(frame, value, item.decimals, item.digits)

    def _draw_indicators(self, view, lamps):
        frame = self._frame
        for bit, element in _LAMPS:
            if lamps & bit:
                glass.light(frame, element)
        self._draw_contactor(view.contactor[0], glass.K1_OPEN, glass.K1_CLOSED)
        self._draw_contactor(view.contactor[1], glass.K2_OPEN, glass.K2_CLOSED)
        self._draw_contactor(view.contactor[2], glass.K3_OPEN, glass.K3_CLOSED)
        if view.han_state == views.HAN_JOINED:
            glass.light(frame, glass.HAN)
            glass.light_if(frame, glass.HAN_BAR_1, view.han_level >= 1)
            glass.light_if(frame, glass.HAN_BAR_2, view.han_level >= 2)
            glass.light_if(frame, glass.HAN_BAR_3, view.han_level >= 3)
            glass.light_if(frame, glass.HAN_BAR_4, view.han_level >= 4)
        elif view.han_state == views.HAN_JOINING:
            glass.light_if(frame, glass.HAN, self._flash)

    def _draw_contactor(self, state, open_element, closed_element):
        if state == views.OPEN or (state == views.ARMED and self._flash):
            glass.light(self._frame, open_element)
        elif state == views.CLOSED or (state == views.BOOST and self._flash):
            glass.light(self._frame, closed_element)

    def _show(self):
        # A start and a write may each take 20 ms of pin work on a slow port: one a pass.
        try:
            if self._lcd_up:
                self._lcd.write(self._frame)
            else:
                self._lcd.start()
                self._lcd_up = True
                self._dirty = True
        except Exception:  # whatever the part raises
            self._lcd_up = False
            self.errors += 1

    def _light(self, on):
        self._lit = on
        if self._backlight is None:
            return
        try:
            self._backlight.value(1 if on else 0)
        except Exception:  # a pin may sit behind an expander
            self.errors += 1
