# SPDX-License-Identifier: MIT
"""The display: which frame when, and the back-light. What is shown is decided by app.panel.modes, drawn by app.panel.canvas.

Looked at twice a second, which is also the two halves of a 1 Hz flash (four times while something flashes fast); a key is
answered at once. Written is a frame that has changed, and every ten seconds whatever stands there: for so long at most a
disturbance of the part is seen. The part may fail at any time: that is counted and tried again, metering does not notice.

    panel = Panel(lcd, backlight_pin, default_list(), b"1.0.0")
    panel.start(now_ms)
    wait_ms = panel.tick(now_ms, view)          # every pass
    panel.key(keys.poll(now_ms, a.pressed(), b.pressed()), now_ms)
"""

from micropython import const

from app import ticks
from app.panel import gestures, items, modes, object_map, words
from app.panel import settings as st
from app.panel.canvas import Canvas
from app.panel.modes import Modes
from app.panel.readings import Readings

_FRAME_MS = const(500)
_FAST_FRAME_MS = const(250)
_TICKS = const(0x3FFFFFFF)
_REFRESH_MS = const(10_000)
_PAGE_MS = const(2000)  # of a text that is longer than the glass
_ENTRY_DIGIT = const(2)  # where the four digits stand

# A name of this module is found three times as fast as one of another.
_AUTO = modes.AUTO
_LIST = modes.LIST
_TEST = modes.TEST
_TEXT_FORM = object_map.TEXT

_TEXT = const(-2)  # numbers for the canvas, below those of items
_OF_MODE = (
    words.STEP,
    words.MENU,
    words.SUPPLY,  # an answer out of the manual list is one to the prompt
    words.PREPAYMENT,
    words.UTRN,
    words.PIN,
    words.BOOST,
    words.MENU,
)


class Panel:
    """lcd: port "Panel part". backlight: pin or None. item_list: Items. version: ASCII, up to eight digits, points between.

    readings: Readings; settings: group of app.panel.settings; privacy: Privacy or None; commands: Commands or None.
    installation, prepayment, utrn: see Modes. start_current_ma: see Canvas. contrast_output: callable(0..15) where the board
    can make the LCD's voltage, else None. errors: calls of lcd or back-light that raised. modes: Modes; mode, position: its.
    """

    __slots__ = (
        "_backlight",
        "_dirty",
        "_fine_decimals",
        "_frame_ms",
        "_item",
        "_item_edition",
        "_items",
        "_lcd",
        "_lcd_up",
        "_lit",
        "_lit_ms",
        "_period_ms",
        "_refresh_ms",
        "_running",
        "_scroll_ms",
        "_still",
        "_taken",
        "_version",
        "_view",
        "canvas",
        "contrast_output",
        "errors",
        "modes",
        "readings",
        "settings",
    )

    def __init__(
        self,
        lcd,
        backlight,
        item_list,
        version,
        start_current_ma=40,
        *,
        readings=None,
        settings=None,
        privacy=None,
        commands=None,
        installation=None,
        prepayment=None,
        utrn=None,
        contrast_output=None,
    ):
        self._lcd = lcd
        self._backlight = backlight
        self._items = item_list
        self._version = version
        self.readings = Readings(version=version) if readings is None else readings
        if settings is None:
            settings = st.settings()
        self.modes = Modes(item_list, self.readings, settings, privacy, commands, installation, prepayment, utrn)
        self.settings = self.modes.settings
        self.canvas = Canvas(start_current_ma)
        self.contrast_output = contrast_output
        self._item = items.Item()
        self._taken = -1  # position of the item that _item is
        self._item_edition = -1
        self._fine_decimals = 2
        self._scroll_ms = 0
        self._still = False  # as long as number and edition are the same, so is the frame
        self._view = None
        self._frame_ms = 0
        self._refresh_ms = 0
        self._period_ms = _FRAME_MS
        self._lit_ms = 0
        self._lcd_up = False
        self._running = False
        self._dirty = True
        self.errors = 0
        self._light(False)

    @property
    def mode(self):
        return self.modes.mode

    @property
    def position(self):
        return self.modes.position

    def apply(self):
        """Settings have changed: those that are not looked at all the time."""
        self._still = False
        self._fine_decimals = self.readings.fine_decimals()
        if self.contrast_output is not None:
            self.contrast_output(self.modes.contrast())

    def start(self, now_ms):
        """Begin the start test: all on 2 s, all off 1 s, firmware version 2 s, then the default item.

        The first tick does it if nobody did before.
        """
        self._running = True
        self._frame_ms = now_ms
        self.modes.start(now_ms)
        self.apply()

    def key(self, event, now_ms):
        """Take one code of app.panel.gestures; NONE does nothing. allocates: no"""
        if event == gestures.NONE:
            return
        self._lit_ms = now_ms
        if not self._lit:
            self._light(True)
        self.modes.key(event, now_ms, self._view)

    def tick(self, now_ms, view):
        """Once a pass. allocates: no   returns: int ms (0..500) until it has something to do again"""
        if not self._running:
            self.start(now_ms)
        if self._lit and ticks.diff(now_ms, self._lit_ms) >= self.modes.light_ms():
            self._light(False)
        canvas = self.canvas
        screens = self.modes
        period = self._period_ms
        age = (now_ms - self._frame_ms) & _TICKS
        if age < period:
            if not (self._dirty or screens.dirty):
                return period - age
        else:
            canvas.phase = canvas.phase + (1 if period == _FAST_FRAME_MS else 2) & 3
            # Keep the beat, unless it was lost altogether.
            self._frame_ms = ticks.add(self._frame_ms, period) if age < 2 * period else now_ms
        # Most frames are those of before: an item of the auto list stands there, its time is not over, and neither its number
        # nor any indicator has changed.
        if not (
            self._still
            and view.edition == canvas.edition
            and self.readings.number(self._item.source, view) == canvas.raw
            and (now_ms - screens.item_ms) & _TICKS < self._scroll_ms
            and self._items.edition == self._item_edition
            and not screens.dirty
        ):
            self._look(now_ms, view, screens)
            period = self._period_ms
        if canvas.touched or self._dirty or (now_ms - self._refresh_ms) & _TICKS >= _REFRESH_MS:
            self._show(now_ms)
            if self._dirty:
                return 0
        left = period - ((now_ms - self._frame_ms) & _TICKS)
        return left if left > 0 else 0

    def _look(self, now_ms, view, screens):
        """What time and keys have brought, and the frame of it."""
        canvas = self.canvas
        self._view = view
        self._scroll_ms = screens.scroll_ms()
        screens.tick(now_ms, view)
        if screens.dirty:
            screens.dirty = False
            canvas.changed()
        self._draw(now_ms, view, screens)
        self._period_ms = _FAST_FRAME_MS if canvas.fast else _FRAME_MS
        privacy = screens.privacy
        self._still = (
            screens.mode == _AUTO
            and screens.screen == _LIST
            and screens.position >= 0
            and canvas.edition >= 0
            and not canvas.flashing
            and screens.installation is None
            and (privacy is None or not privacy.set)
            and self._item.form != _TEXT_FORM
        )

    def _draw(self, now_ms, view, screens):
        canvas = self.canvas
        screen = screens.screen
        if screen == _LIST:
            position = screens.position
            canvas.test = screens.mode == _TEST
            if position >= 0:
                self._draw_item(position, now_ms, view, screens)
            else:
                canvas.words(_TEXT, words.MENU, words.NOTHING, view)
        elif screen == modes.ALL_ON:
            canvas.fill(0xFF)
        elif screen == modes.ALL_OFF:
            canvas.fill(0)
        elif screen == modes.VERSION:
            canvas.words(_TEXT, words.SOFTWARE, self._version, view)
        else:
            canvas.test = False
            # Everything below stands still until a key changes it.
            self._draw_screen(_TEXT - screen * 32 - screens.choice, view, screens, screen)

    def _draw_item(self, position, now_ms, view, screens):
        item = self._item
        if position != self._taken or self._items.edition != self._item_edition:
            self._taken = position
            self._item_edition = self._items.edition
            self._items.take(position, item, self._fine_decimals)
            self.canvas.relabel()
        page = 0
        if item.form == _TEXT_FORM:
            page = screens.age_ms(now_ms) // _PAGE_MS % self.readings.pages(item.source)
        self.canvas.item(position, item, view, self.readings, page)

    def _draw_screen(self, number, view, screens, screen):
        canvas = self.canvas
        if screen == modes.MENU:
            text = words.MENU_ENTRIES[screens.choice]
            if screens.choice == modes.M_SOUND and screens.settings.buzzer_mute:
                text = words.BEEP_OFF
            canvas.words(number, words.MENU, text, view)
        elif screen == modes.PROMPT:
            canvas.words(number, words.SUPPLY, words.ENABLE_SEALED if screens.settings.b_sealed else words.ENABLE, view)
        elif screen == modes.CHOICE:
            if screens.mode == modes.PIN:
                canvas.words(number, words.PIN, words.PIN_CHOICES[screens.choice], view)
            else:
                relay = modes.C_LOAD_ON <= screens.choice <= modes.C_LOAD_OFF
                canvas.words(number, words.RELAY if relay else words.BOOST, words.BOOST_CHOICES[screens.choice], view)
        elif screen == modes.ENTRY:
            self._draw_entry(number, view, screens)
        elif screen == modes.ANSWER:
            canvas.words(number, _OF_MODE[screens.mode], words.DONE if screens.good else words.FAILED, view)
        elif screen == modes.STEP:
            self._draw_step(view, screens.installation)
        else:
            canvas.changed()
            canvas.words(number, _OF_MODE[screens.mode], words.BLANK, view)
            screens.screens[screens.mode - modes.PREPAYMENT].draw(canvas.frame)

    def _draw_entry(self, number, view, screens):
        """One digit is seen, the one under the keys."""
        canvas = self.canvas
        canvas.words(number, words.PURPOSES[screens.purpose], words.HIDDEN, view)
        at = screens.entry.at
        for i in range(4):
            canvas.put(_ENTRY_DIGIT + i, screens.entry.digit(i) if i == at else -1)

    def _draw_step(self, view, installation):
        step = installation.step
        if step < 0:
            return
        self.canvas.words(_TEXT - 1024 - step, words.STEP, words.INSTALL[step], view)
        if step == words.INSTALL_FAILED:
            self.canvas.put(6, installation.number // 10 % 10)
            self.canvas.put(7, installation.number % 10)

    def _show(self, now_ms):
        # A start and a write may each take 20 ms of pin work on a slow port: one a pass.
        canvas = self.canvas
        self._dirty = False
        try:
            if not self._lcd_up:
                self._lcd.start()
                self._lcd_up = True
                self._dirty = True
            elif (now_ms - self._refresh_ms) & _TICKS >= _REFRESH_MS:
                self._lcd.refresh(canvas.frame)
                self._refresh_ms = now_ms
                canvas.touched = False
            else:
                self._lcd.write(canvas.frame)
                canvas.touched = False
        except Exception:  # whatever the part raises
            self._lcd_up = False
            canvas.touched = True  # tried again with the next frame
            self.errors += 1

    def _light(self, on):
        self._lit = on
        if self._backlight is None:
            return
        try:
            self._backlight.value(1 if on else 0)
        except Exception:  # a pin may sit behind an expander
            self.errors += 1
