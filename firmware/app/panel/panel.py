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

from app.panel import gestures, modes, object_map, words
from app.panel import settings as st
from app.panel.canvas import Canvas
from app.panel.modes import Modes
from app.panel.readings import Readings

_FRAME_MS = const(500)
_FAST_FRAME_MS = const(250)
_TICKS = const(0x3FFFFFFF)
_HALF = const(1 << 29)  # taken off twice before & _TICKS: no sum passes 2**30, as in app/ticks.py
_REFRESH_MS = const(10_000)
_PAGE_MS = const(2000)  # of a text that is longer than the glass
_ENTRY_DIGIT = const(2)  # where the four digits stand
_LOOK = const(-2)  # in place of the view's edition: nothing is known to stand still

# A name of this module is found three times as fast as one of another.
_AUTO = modes.AUTO
_LIST = modes.LIST
_TEST = modes.TEST
_TEXT_FORM = object_map.TEXT
_FINE = const(12)
_QUANTITIES = const(16)
_TIME = const(48)
_NO_SOURCE = const(255)

_SCREENS = const(-2)  # numbers for the canvas, below those of items


class Panel:
    """lcd: port "Panel part". backlight: pin or None. item_list: Items. version: ASCII, up to eight digits, points between.

    readings: Readings; settings: group of app.panel.settings; privacy: Privacy or None; commands: Commands or None.
    installation, prepayment, utrn: see Modes. start_current_ma: see Canvas. contrast_output: callable(0..15) where the board
    can make the LCD's voltage, else None. errors: calls of lcd or back-light that raised. modes: Modes.
    """

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
        self.canvas = Canvas(start_current_ma, item_list, self.readings)
        self.contrast_output = contrast_output
        self._taken = -1  # position of the item that is taken
        self._fine_decimals = 2
        self._view = None
        # While the view's edition is this one, nothing but the number of an item can change, until a tick comes.
        self._edition = _LOOK
        self._until_ms = 0
        self._number = 0  # what stands for that number
        self._due_ms = 0  # of the next frame
        self._period_ms = _FRAME_MS
        self._refresh_ms = 0
        self._lit_ms = 0
        self._lcd_up = False
        self._running = False
        self._dirty = True
        self.errors = 0
        self._light(False)

    def apply(self):
        """Settings have changed: those that are not looked at all the time."""
        self._edition = _LOOK
        self._fine_decimals = self.readings.fine_decimals()
        if self.contrast_output is not None:
            self.contrast_output(self.settings.contrast)

    def start(self, now_ms):
        """Begin the start test: all on 2 s, all off 1 s, firmware version 2 s, then the default item.

        The first tick does it if nobody did before.
        """
        self._running = True
        self._due_ms = now_ms - _HALF + self._period_ms - _HALF & _TICKS
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
        self._edition = _LOOK

    def tick(self, now_ms, view):
        """Once a pass. allocates: no   returns: int ms (0..500) until it has something to do again"""
        wait = self._due_ms - now_ms & _TICKS
        if view.edition != self._edition:
            return self._frame(now_ms, view, wait)
        # Most frames are those of before: an item of the auto list stands there, and no indicator has changed; at most the
        # number is another one, or its time is over.
        if 0 < wait <= _FRAME_MS:
            return wait
        if not 0 < self._until_ms - now_ms & _TICKS <= _REFRESH_MS:
            return self._next_item(now_ms, view)
        number = self._items.source
        if number < _FINE:
            number = view.wh[number]
        elif _QUANTITIES <= number < _TIME:
            number = view.fresh
        elif number == _NO_SOURCE:
            return self._next_item(now_ms, view)
        else:
            number = self.readings.number(number, view)
        self._due_ms = now_ms - _HALF + _FRAME_MS - _HALF & _TICKS
        if number != self._number:
            self._number = number
            self._draw_number(now_ms, view)  # a call of its own: this frame stays small
        return _FRAME_MS

    def _draw_number(self, now_ms, view):
        self.canvas.item(self._taken, view)
        if self.canvas.touched:
            self._show(now_ms)

    def _next_item(self, now_ms, view):
        """Its time is over, or that of the frame; the indicators are as they were. returns: as `tick`"""
        screens = self.modes
        if (now_ms - screens.item_ms) & _TICKS >= self.settings.auto_scroll_s * 1000:
            screens.next(now_ms, view)
        if screens.position < 0:
            self._edition = _LOOK
            return 0
        self._due_ms = now_ms - _HALF + _FRAME_MS - _HALF & _TICKS
        self._draw_item(now_ms, view, screens.position)
        if self.canvas.touched or (now_ms - self._refresh_ms) & _TICKS >= _REFRESH_MS:
            self._show(now_ms)
        self._stand(now_ms, view)
        return _FRAME_MS

    def _frame(self, now_ms, view, wait):
        """A frame that may be any. wait: how long it is not due. returns: as `tick`"""
        canvas = self.canvas
        if self._lit and (now_ms - self._lit_ms) & _TICKS >= self.settings.backlight_s * 1000:
            self._light(False)
        if not self._running:
            self.start(now_ms)
        elif not 0 < wait <= _FRAME_MS:
            # Another frame; flashes keep the beat, unless it was lost altogether.
            period = self._period_ms
            canvas.phase = canvas.phase + (1 if period == _FAST_FRAME_MS else 2) & 3
            wait = now_ms - self._due_ms & _TICKS
            self._due_ms = now_ms - _HALF + (period - wait if wait < period else period) - _HALF & _TICKS
        elif not (self._dirty or self.modes.dirty):
            return wait
        self._look(now_ms, view)
        wait = self._due_ms - now_ms & _TICKS
        return wait if wait <= _FRAME_MS and not self._dirty else 0

    def _look(self, now_ms, view):
        """What time and keys have brought, the frame of it, and whether it will stand still."""
        canvas = self.canvas
        screens = self.modes
        self._view = view
        screens.tick(now_ms, view)
        if screens.dirty:
            screens.dirty = False
            canvas.changed()
        if screens.screen == _LIST and screens.position >= 0:
            canvas.test = screens.mode == _TEST
            self._draw_item(now_ms, view, screens.position)
        else:
            self._draw(view, screens, screens.screen)
        period = _FAST_FRAME_MS if canvas.fast else _FRAME_MS
        if period != self._period_ms:
            self._due_ms = self._due_ms - _HALF + period - self._period_ms - _HALF & _TICKS
            self._period_ms = period
        if canvas.touched or self._dirty or (now_ms - self._refresh_ms) & _TICKS >= _REFRESH_MS:
            self._show(now_ms)
        privacy = screens.privacy
        if (
            screens.mode != _AUTO
            or screens.screen != _LIST
            or screens.position < 0
            or canvas.flashing
            or self._dirty
            or self._lit
            or screens.installation is not None
            or (privacy is not None and privacy.set)
        ):
            self._edition = _LOOK
        else:
            self._stand(now_ms, view)

    def _stand(self, now_ms, view):
        """An item of the auto list is shown: until when nothing but its number can change."""
        self._edition = _LOOK
        item = self._items
        if view.edition < 0 or self.canvas.touched or item.form == _TEXT_FORM:
            return
        self._edition = view.edition
        source = item.source
        if source < _FINE:
            self._number = view.wh[source]
        elif _QUANTITIES <= source < _TIME:
            self._number = view.fresh
        else:
            self._number = self.canvas.raw
        left = self.settings.auto_scroll_s * 1000 - (now_ms - self.modes.item_ms & _TICKS) & _TICKS
        refresh = _REFRESH_MS - (now_ms - self._refresh_ms & _TICKS) & _TICKS
        self._until_ms = now_ms - _HALF + (left if left < refresh else refresh) - _HALF & _TICKS

    def _draw_item(self, now_ms, view, position):
        item = self._items
        if position != self._taken or item.source == _NO_SOURCE:
            self._taken = position
            item.take(position, self._fine_decimals)
            self.canvas.relabel()
        if item.form == _TEXT_FORM:
            age_ms = (now_ms - self.modes.item_ms) & _TICKS
            self.canvas.page = age_ms // _PAGE_MS % self.readings.pages(item.source)
        self.canvas.item(position, view)

    def _draw(self, view, screens, screen):
        canvas = self.canvas
        if screen == _LIST:
            canvas.test = screens.mode == _TEST
            canvas.words(_SCREENS, words.MENU, words.DASHES, view)
        elif screen == modes.ALL_ON:
            canvas.fill(0xFF)
        elif screen == modes.ALL_OFF:
            canvas.fill(0)
        elif screen == modes.VERSION:
            canvas.words(_SCREENS, words.SOFTWARE, 0, view, self._version)
        else:
            canvas.test = False
            # Everything below stands still until a key changes it.
            self._draw_screen(_SCREENS - screen * 32 - screens.choice, view, screens, screen)

    def _draw_screen(self, number, view, screens, screen):
        canvas = self.canvas
        mode = screens.mode
        choice = screens.choice
        settings = screens.settings
        word = words.OF_MODE[mode]
        if screen == modes.MENU:
            muted = choice == modes.M_SOUND and settings.buzzer_mute
            text = words.BEEP_OFF if muted else words.MENU_ENTRIES + choice
        elif screen == modes.PROMPT:
            text = words.ENABLE_SEALED if settings.b_sealed else words.ENABLE
            word = words.SUPPLY
        elif screen == modes.CHOICE:
            if mode == modes.PIN:
                text = words.PIN_CHOICES + choice
            else:
                text = words.BOOST_CHOICES + choice
                if modes.C_LOAD_ON <= choice <= modes.C_LOAD_OFF:
                    word = words.RELAY
        elif screen == modes.ENTRY:
            text = words.HIDDEN
            word = words.OF_PURPOSE[screens.purpose]
        elif screen == modes.ANSWER:
            text = words.DONE if screens.good else words.FAILED
            if mode == modes.MANUAL:
                word = words.SUPPLY
        elif screen == modes.STEP:
            step = screens.installation.step
            if step < 0:
                return
            number = _SCREENS - 1024 - step
            text = words.INSTALL + step
        else:
            canvas.changed()
            text = words.BLANK
        canvas.words(number, word, text, view)
        if screen == modes.HOOK:
            screens.screens[mode - modes.PREPAYMENT].draw(canvas.frame)
        else:
            self._draw_figures(canvas, screens, screen)

    def _draw_figures(self, canvas, screens, screen):
        """Into the text: of an entry the one digit under the keys, of a failed installation its number."""
        if screen == modes.ENTRY:
            at = screens.entry.at
            for i in range(4):
                canvas.put(_ENTRY_DIGIT + i, screens.entry.digit(i) if i == at else -1)
        elif screen == modes.STEP and screens.installation.step == words.INSTALL_FAILED:
            canvas.put(6, screens.installation.number // 10 % 10)
            canvas.put(7, screens.installation.number % 10)

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
