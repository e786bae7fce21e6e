# SPDX-License-Identifier: MIT
"""The eight modes of the display: which one is active, what a key does in it, and when it ends. Draws nothing.

    mode            entered by                                         left by                        ends by itself
    0 install       itself, while an installation is under way         its end                        -
    1 auto scroll   start, the end of every other mode                 any of the others              -
    2 manual        A short (which list: a setting); the menu: A long; B, or A = no at the prompt     manual_timeout_s
                    the prompt: a contactor becomes armed, or a key while it is
    3 prepayment    the menu, where fitted                             as its screen says             manual_timeout_s
    4 UTRN entry    the menu, where fitted                             as its screen says             manual_timeout_s
    5 PIN entry     the menu                                           long B, B out of its choice    manual_timeout_s
    6 boost, load   the menu, where there is a relay                   B, or what was chosen          manual_timeout_s
    7 test          A and B held, with the terminal cover open         B, A and B held                test_timeout_s

Where they end is auto scroll, or the installation while there is one. The start test is mode 7 too, without being a test.
Sources: the product's user manual for modes, keys and lists; everything in numbers is app.panel.settings.
"""

from micropython import const

from app import ticks
from app.panel import commands as cmd
from app.panel import entry, gestures, items
from app.panel import settings as st
from app.panel.view import ABSENT, ARMED

INSTALL = const(0)
AUTO = const(1)
MANUAL = const(2)
PREPAYMENT = const(3)
UTRN = const(4)
PIN = const(5)
BOOST = const(6)
TEST = const(7)

# What is seen of a mode.
LIST = const(0)
STEP = const(1)  # of the installation
MENU = const(2)
PROMPT = const(3)
CHOICE = const(4)  # of what the mode offers
ENTRY = const(5)
ANSWER = const(6)
HOOK = const(7)  # somebody else's screen
ALL_ON = const(8)
ALL_OFF = const(9)
VERSION = const(10)

# Menu; what is not fitted, or not to be done now, is passed over. The last one is for who cannot press B.
M_SUPPLY = const(0)
M_PREPAYMENT = const(1)
M_UTRN = const(2)
M_PIN = const(3)
M_BOOST = const(4)
M_SOUND = const(5)
M_END = const(6)
_MENU = const(7)

# Choices of mode 6: boosts of 15..60 minutes and their end, or the relay itself.
BOOST_STEPS = const(4)
BOOST_STEP_MIN = const(15)
C_BOOST_END = const(4)
C_LOAD_ON = const(5)
C_LOAD_OFF = const(6)
C_END = const(7)
_BOOST_CHOICES = const(8)

# Choices of mode 5, with the PIN open: another one, none.
C_PIN_SET = const(0)
C_PIN_OFF = const(1)
C_PIN_END = const(2)
_PIN_CHOICES = const(3)

# What an entry of digits is for.
ASK = const(0)
SET = const(1)
REPEAT = const(2)

_ALL_ON_MS = const(2000)
_ALL_OFF_MS = const(3000)
_VERSION_MS = const(5000)
_ANSWER_MS = const(2000)

_TICKS = const(0x3FFFFFFF)
_ARMED = ARMED  # a name of this module is found three times as fast as one of another

_LIST_OF = b"\x00\x01\x02\x04"  # AUTO, MANUAL, INSTALL of app.panel.items


class Modes:
    """item_list: Items; readings: Readings; settings: of app.panel.settings; privacy: Privacy, commands: Commands, or None.

    mode: INSTALL..TEST. screen: LIST..VERSION. position: index of the item, -1: the list is empty. choice: in a menu. good: of
    an answer. entry: Entry, purpose: ASK, SET, REPEAT. dirty: to be drawn at once. test_active: mode 7, but for the start test.
    installation: thing with `step` (index into words.INSTALL, -1: none) and `number`, or None. prepayment, utrn: their
    screens, None or a thing with `enter(now_ms)`, `key(event, now_ms)` -> True: stay, `draw(frame)`.
    """

    def __init__(
        self,
        item_list: items.Items,
        readings,
        settings,
        privacy=None,
        commands=None,
        installation=None,
        prepayment=None,
        utrn=None,
    ):
        # The annotation keeps pyright from taking settings for a bare Group.
        self._items = item_list
        self._readings = readings
        self.settings = settings
        self.privacy = privacy
        self.commands = commands
        self.installation = installation
        self.screens = (prepayment, utrn)
        self.entry = entry.Entry()
        self.mode = TEST
        self.screen = ALL_ON
        self.starting = True
        self.test_active = False
        self.position = 0
        self.choice = 0
        self.purpose = ASK
        self.good = False
        self.dirty = True
        self._flag = items.AUTO
        self._first = 0  # digits entered the first time
        self._armed = False
        self._declined = False
        self._just_opened = False
        self.item_ms = 0
        self._key_ms = 0

    def start(self, now_ms):
        """Begin the start test."""
        self.starting = True
        self._show(TEST, ALL_ON, now_ms)

    # Time

    def tick(self, now_ms, view):
        """What time brings. allocates: no"""
        age = (now_ms - self.item_ms) & _TICKS
        screen = self.screen
        if screen >= ALL_ON:
            self._test_screens(age, now_ms, view)
            return
        mode = self.mode
        privacy = self.privacy
        if privacy is not None and privacy.set and privacy.tick(now_ms) and screen == LIST and mode != TEST:
            self.home(now_ms, view)  # what is shown may be hidden again
            return
        contactor = view.contactor
        armed = contactor[0] == _ARMED or contactor[1] == _ARMED
        if armed is not self._armed:
            self._armed = armed
            self._arming(armed, now_ms, view)
            mode = self.mode
            screen = self.screen
            age = (now_ms - self.item_ms) & _TICKS
        settings = self.settings
        if mode == AUTO:
            if age >= settings.auto_scroll_s * 1000:
                self.next(now_ms, view)
            if self.installation is not None and self.installation.step >= 0:
                self.home(now_ms, view)
        elif mode == INSTALL:
            step = self.installation.step
            if step < 0 or (screen == LIST and self._idle(now_ms, settings.manual_timeout_s)):
                self.home(now_ms, view)
        elif screen == ANSWER:
            if age >= _ANSWER_MS:
                self.home(now_ms, view)
        elif self._idle(
            now_ms,
            settings.test_timeout_s
            if mode == TEST
            else settings.prompt_s
            if screen == PROMPT
            else settings.manual_timeout_s,
        ):
            self.home(now_ms, view)

    def _idle(self, now_ms, seconds):
        return ticks.diff(now_ms, self._key_ms) >= seconds * 1000

    def _test_screens(self, age, now_ms, view):
        if not self.starting:
            if age >= _ALL_ON_MS:
                self._open(TEST, items.TEST, -1, now_ms, view)
        elif age >= _VERSION_MS:
            self.home(now_ms, view)
        elif age >= _ALL_OFF_MS:
            self.screen = VERSION
        elif age >= _ALL_ON_MS:
            self.screen = ALL_OFF

    def _arming(self, armed, now_ms, view):
        if armed:
            self._declined = False
            if self.mode == AUTO or (self.mode == MANUAL and self.screen in (LIST, MENU)):
                self._key_ms = now_ms
                self._show(MANUAL, PROMPT, now_ms)
        elif self.screen == PROMPT:
            self.home(now_ms, view)

    # Where one is

    def installing(self):
        return self.installation is not None and self.installation.step >= 0

    def home(self, now_ms, view):
        """Auto scroll from its first item, or the installation."""
        self.starting = False
        self._declined = False
        if self.installing():
            self._show(INSTALL, STEP, now_ms)
        else:
            self._open(AUTO, items.AUTO, -1, now_ms, view)

    def _show(self, mode, screen, now_ms):
        self.mode = mode
        self.screen = screen
        self.test_active = mode == TEST and not self.starting
        self.item_ms = now_ms
        self._just_opened = False
        self.dirty = True

    def _open(self, mode, flag, after, now_ms, view):
        """A list of items, from the first one behind `after` on."""
        self._show(mode, LIST, now_ms)
        self._flag = flag
        self.position = after
        self.next(now_ms, view)

    def next(self, now_ms, view):
        """Another item of the list: nothing else on the glass changes."""
        self.item_ms = now_ms
        flag = self._flag
        if self.privacy is not None and self.privacy.locked:
            flag |= items.PIN
        self.position = self._items.next(self.position, flag, self._readings, view)

    # Keys

    def key(self, event, now_ms, view):
        """One code of app.panel.gestures. allocates: no"""
        self._key_ms = now_ms
        if self.starting:
            return
        self.dirty = True
        if event == gestures.PRESSED:
            if self.mode == AUTO and view.armed() and not self._declined:
                self._show(MANUAL, PROMPT, now_ms)
                self._just_opened = True
        elif event == gestures.BOTH_LONG and self.mode != TEST:
            if view.cover_open or self.settings.test_without_cover:
                self._readings.begin_test()
                self._show(TEST, ALL_ON, now_ms)
        else:
            self._key_on_screen(event, now_ms, view)

    def _key_on_screen(self, event, now_ms, view):
        screen = self.screen
        if screen == LIST:
            self._key_in_list(event, now_ms, view)
        elif screen == PROMPT:
            self._key_at_prompt(event, now_ms, view)
        elif screen == MENU:
            self._key_in_menu(event, now_ms, view)
        elif screen == CHOICE:
            self._key_in_choice(event, now_ms, view)
        elif screen == ENTRY:
            if self.entry.key(event, self.settings.b_sealed) == entry.COMPLETE:
                self._entered(now_ms)
        elif screen == STEP:
            if event == gestures.A_SHORT:
                self._open(INSTALL, items.INSTALL, -1, now_ms, view)
            elif event == gestures.A_LONG:
                self._menu(now_ms, view)
        elif screen == HOOK and not self.screens[self.mode - PREPAYMENT].key(event, now_ms):
            self.home(now_ms, view)

    def _key_in_list(self, event, now_ms, view):
        mode = self.mode
        settings = self.settings
        if mode == TEST:
            if event == gestures.A_SHORT:
                self.next(now_ms, view)
            elif event != gestures.BOTH and (event != gestures.A_LONG or settings.b_sealed):
                self.home(now_ms, view)
        elif event == gestures.A_LONG:
            if settings.a_long_opens_menu:
                self._menu(now_ms, view)
        elif mode == AUTO:
            if event == gestures.A_SHORT:
                self._by_hand(settings.a_short_opens, now_ms, view)
            elif event == gestures.B_SHORT:
                self._by_hand(settings.b_short_opens, now_ms, view)
        elif event == gestures.A_SHORT:
            self.next(now_ms, view)
        elif event == gestures.B_SHORT:
            self.home(now_ms, view)
        elif event == gestures.B_LONG and view.armed():
            self._show(MANUAL, PROMPT, now_ms)

    def _by_hand(self, opens, now_ms, view):
        if opens != st.OPENS_NOTHING:
            self._open(MANUAL, _LIST_OF[opens], self.position, now_ms, view)

    def _key_at_prompt(self, event, now_ms, view):
        fresh = self._just_opened
        self._just_opened = False
        if event == gestures.B_LONG or (self.settings.b_sealed and event == gestures.A_LONG):
            self._answer(self.commands is not None and self.commands.enable_supply(view, now_ms), now_ms)
        elif event == gestures.A_SHORT and not fresh:  # the press that brought the question is no answer to it
            self.home(now_ms, view)
            self._declined = True
            if self.mode == AUTO:
                self._open(MANUAL, items.MANUAL, -1, now_ms, view)

    # The menu

    def _menu(self, now_ms, view):
        self._show(MANUAL, MENU, now_ms)
        self.choice = -1
        self._next_choice(_MENU, view)

    def _key_in_menu(self, event, now_ms, view):
        if event == gestures.A_SHORT:
            self._next_choice(_MENU, view)
        elif event == gestures.A_LONG:
            self._enter(self.choice, now_ms, view)
        elif event == gestures.B_SHORT:
            self.home(now_ms, view)

    def _enter(self, choice, now_ms, view):
        if not self._offered(choice, view):
            self.home(now_ms, view)
        elif choice == M_SUPPLY:
            self._show(MANUAL, PROMPT, now_ms)
        elif choice in (M_PREPAYMENT, M_UTRN):
            mode = PREPAYMENT if choice == M_PREPAYMENT else UTRN
            self._show(mode, HOOK, now_ms)
            self.screens[mode - PREPAYMENT].enter(now_ms)
        elif choice == M_PIN:
            if self.privacy.set and self.privacy.open:
                self._show(PIN, CHOICE, now_ms)
                self.choice = C_PIN_SET
            else:
                self._ask(ASK if self.privacy.set else SET, now_ms)
        elif choice == M_BOOST:
            self._show(BOOST, CHOICE, now_ms)
            self.choice = -1
            self._next_choice(_BOOST_CHOICES, view)
        elif choice == M_SOUND:
            self.settings.buzzer_mute = 0 if self.settings.buzzer_mute else st.MUTE_ALL
            if self.commands is not None:
                self.commands.settings_changed()
        else:
            self.home(now_ms, view)

    def _next_choice(self, count, view):
        for _ in range(count):
            self.choice = self.choice + 1 if self.choice + 1 < count else 0
            if self._offered(self.choice, view):
                return

    def _offered(self, choice, view):
        """Whether there is such a thing now, in the menu or in a mode's choice."""
        mode = self.mode
        if mode == PIN:
            return choice != C_PIN_END or self.settings.b_sealed
        if mode == BOOST:
            return self._boost_offered(choice, view)
        if choice == M_SUPPLY:
            return view.armed()
        if choice in (M_PREPAYMENT, M_UTRN):
            return self.screens[choice - M_PREPAYMENT] is not None
        if choice == M_PIN:
            return self.privacy is not None
        if choice == M_BOOST:
            commands = self.commands
            return commands is not None and (commands.alcs is not None or view.contactor[2] != ABSENT)
        return choice == M_SOUND or self.settings.b_sealed

    def _boost_offered(self, choice, view):
        commands = self.commands
        if choice < C_BOOST_END:
            return commands.alcs is not None
        if choice == C_BOOST_END:
            return commands.boosting()
        if choice == C_END:
            return self.settings.b_sealed
        return view.contactor[2] != ABSENT and commands.alcs is None

    def _key_in_choice(self, event, now_ms, view):
        if event == gestures.A_SHORT:
            self._next_choice(_PIN_CHOICES if self.mode == PIN else _BOOST_CHOICES, view)
        elif event == gestures.B_SHORT:
            self.home(now_ms, view)
        elif event != gestures.A_LONG:
            return
        elif self.mode == PIN:
            if self.choice == C_PIN_SET:
                self._ask(SET, now_ms)
            elif self.choice == C_PIN_OFF:
                self._pin_answer(self.privacy.disable(), now_ms)
            else:
                self.home(now_ms, view)
        elif self.choice < BOOST_STEPS:
            self._answer(self.commands.boost((self.choice + 1) * BOOST_STEP_MIN, now_ms), now_ms)
        elif self.choice == C_BOOST_END:
            self._answer(self.commands.boost(0, now_ms), now_ms)
        elif self.choice == C_END:
            self.home(now_ms, view)
        else:
            self._answer(self.commands.switch_load(self.choice == C_LOAD_ON, now_ms), now_ms)

    # Digits

    def _ask(self, purpose, now_ms):
        self._show(PIN, ENTRY, now_ms)
        self.purpose = purpose
        self.entry.clear()

    def _entered(self, now_ms):
        value = self.entry.value
        privacy = self.privacy
        if self.purpose == ASK:
            self._pin_answer(privacy.enter(value, now_ms), now_ms)
        elif self.purpose == SET:
            self._first = value
            self._ask(REPEAT, now_ms)
        else:
            self._pin_answer(value == self._first and privacy.change(value, now_ms), now_ms)

    def _pin_answer(self, good, now_ms):
        if self.commands is not None:
            self.commands.note(good, cmd.PRIVACY_PIN)
        self._answer(good, now_ms)

    def _answer(self, good, now_ms):
        """Done or not, for two seconds; then home."""
        self.good = good
        self._show(self.mode, ANSWER, now_ms)
