# SPDX-License-Identifier: MIT
"""The panel feature: keys in, view filled from what is persisted, face and sounds out."""

from micropython import const

from app.local_time import LocalTime
from app.panel import gestures
from app.panel.commands import Commands
from app.panel.sound import Sound
from app.panel.view import ARMED, BOOST, HAN_OFF

# States of a contactor by position; one that nobody knows is not shown as open.
_SIGN = b"\x00\x01\x03"  # OPEN, CLOSED, ABSENT
_FAULT_SIGN = b"\x05\x06\x05"  # FAULT_OPEN, FAULT_CLOSED, FAULT_OPEN

# What the indicators show of the meter, as one number: bits 0..4 are signs of the HAN, then these.
_ACTIVE = const(5)  # two bits, of the elements
_ELEMENT_1 = const(1 << 5)
_IMPORT = const(1 << 7)
_EXPORT = const(1 << 8)
_CURRENT = const(1 << 9)
_BATTERY = const(1 << 10)
_TAMPER = const(1 << 11)
_WARNING = const(1 << 12)
_NON_DISABLEMENT = const(1 << 13)
_COVER_OPEN = const(1 << 14)
_SUPERVISION = const(1 << 15)
_SERVICE = const(1 << 16)
_DOWN = const(1 << 17)
_NOT_RESTORED = const(1 << 18)
_NO_CLOCK = const(1 << 19)
_REVERSE = const(1 << 20)
_LOCKED = const(1 << 21)
_UNKNOWN = const(-2)  # to be looked at

_SOON_MS = const(500)
_AUXILIARY = const(2)
_BY_BOOST = const(2)  # of app.supply.alcs
_ARMED_BEEPS = const(3)


class Face:
    """panel: Panel; view: View; keys: Gestures; button_a, button_b: things with `pressed()` or None. buzzer: thing with
    `sound(on)` or None. commands: Commands.

    What other parts want shown are plain ints here, set whenever they like and looked at once a second. battery: the backup
    cell is low or missing. tamper: a tamper flag is set. warning: a fault beside those of the supervision. terminal_open: the
    terminal cover is. test_enable: the test display is let in with the cover on. non_disablement: such a period is active.
    han_state: HAN_OFF, HAN_JOINING, HAN_JOINED of app.panel.view; han_level: 0..4.

    keys_down: a key is down or a sound goes on: passes are wanted often. modes: Modes; modes.test_active: registers count on,
    intervals are to be marked. No properties here and in Panel: they make each store of an attribute four times as dear.
    """

    def __init__(
        self,
        panel,
        view,
        keys,
        button_a,
        button_b,
        elements,
        store,
        clock,
        supervision,
        supply,
        config,
        door,
        *,
        buzzer=None,
        commands=None,
    ):
        self.panel = panel
        self.view = view
        self.keys = keys
        self.button_a = button_a
        self.button_b = button_b
        self.elements = elements
        self.store = store
        self.clock = clock
        self.supervision = supervision
        self.supply = supply
        self.config = config
        self.door = door
        self.commands = Commands(door) if commands is None else commands
        self.battery = 0
        self.tamper = 0
        self.warning = 0
        self.terminal_open = 0
        self.test_enable = 0
        self.non_disablement = 0
        self.han_state = HAN_OFF
        self.han_level = 0
        self.keys_down = False
        self._attending = False  # to the keys or to a sound
        self._local = LocalTime()
        self._utc = [0, 0, 0, 0, 0, 0]
        self._behind = False
        self._fault = False  # of a contactor
        self.modes = panel.modes
        self._settings = panel.settings
        self.sound = Sound(buzzer, panel.settings)
        panel.modes.commands = self.commands
        if panel.readings.elements == ():
            panel.readings.elements = elements
        if len(elements) == 1:
            view.wh = store.served_wh[0]  # the very list: what is persisted is what is shown
        watch = self._watch()
        next(watch)
        self._look = watch.send

    def start(self, now_ms):
        self.apply()
        self.panel.start(now_ms)

    def apply(self):
        """Settings have changed: those that are not looked at all the time. allocates: no"""
        settings = self._settings
        keys = self.keys
        keys.long_ms = settings.long_press_ms
        keys.both_long_ms = settings.both_press_ms
        keys.b_sealed = settings.b_sealed == 1
        self._copy_time()
        self.panel.apply()

    def poll(self, now_ms, second):
        a = self.button_a is not None and self.button_a.pressed()
        b = self.button_b is not None and self.button_b.pressed()
        if a or b or self._attending:
            self._attend(now_ms, a, b)
        if second:
            if self.config.longest_wait_ms < _SOON_MS:
                self._behind = True  # the pass that closes a second has work enough; the next one comes soon
                return
            self._look(now_ms)
        elif self._behind:
            self._behind = False
            self._look(now_ms)
        self.panel.tick(now_ms, self.view)

    def _attend(self, now_ms, a, b):
        keys = self.keys
        event = keys.poll(now_ms, a, b)
        sound = self.sound
        if event != gestures.NONE:
            self.panel.key(event, now_ms)
            if event == gestures.PRESSED:
                sound.click(now_ms)
        if sound.busy:
            sound.poll(now_ms)
        self.keys_down = a or b or sound.busy
        self._attending = self.keys_down or not keys.idle

    def _watch(self):  # noqa: C901  one line after the other is cheaper than calls
        """Generator, one step a second, sent the tick: what the indicators show of the meter, as one number, and into the view
        with what has changed. What it compares with stays in its locals, which cost a tenth of an attribute.
        """
        view = self.view
        elements = self.elements
        element = elements[0]
        two = elements[-1] is not element
        clock = self.clock
        store = self.store
        supply = self.supply
        supervision = self.supervision
        reverse = supervision.reverse
        commands = self.commands
        modes = self.modes
        privacy = modes.privacy
        day = -1  # whose date the view has
        minute_s = 0  # second of the day in which the view's minute began
        changes = _UNKNOWN  # of the supply, when its switches were last looked at
        boosting = False
        load = 0  # that part of the state which the quantities make
        before = _UNKNOWN
        while True:
            now_ms = yield
            if element.fresh or two:
                load = self._copy_quantities(load, view)
            second = clock.second - minute_s
            if 0 <= second < 60 and clock.day == day:
                view.second = second
            else:
                self._copy_time()
                day = clock.day
                minute_s = clock.second - view.second
                changes = _UNKNOWN  # once a minute, whatever the supply says: it may be switched off
            alcs = commands.alcs
            if alcs is not None and (alcs.source == _BY_BOOST) is not boosting:
                boosting = not boosting
                changes = _UNKNOWN
            if supply is not None and supply.changes != changes:
                changes = supply.changes
                if self._copy_positions(supply.switches, boosting, now_ms):
                    before = _UNKNOWN
            state = load
            if self.han_state:
                state |= self.han_state | self.han_level << 2
            if self.terminal_open or self.test_enable:
                state |= _COVER_OPEN
            if self.battery:
                state |= _BATTERY
            if self.tamper:
                state |= _TAMPER
            if self.warning:
                state |= _WARNING
            if self.non_disablement:
                state |= _NON_DISABLEMENT
            if supervision.warning:
                state |= _SUPERVISION
            if reverse[0] or reverse[-1]:
                state |= _REVERSE
            if element.down:
                state |= _DOWN
            if not store.restored:
                state |= _NOT_RESTORED
            if not clock.valid:
                state |= _NO_CLOCK
            if modes.test_active:
                state |= _SERVICE
            if privacy is not None and privacy.locked:
                state |= _LOCKED
            if state != before:
                before = state
                self._show(state, view)

    def _show(self, state, view):
        """Something has changed: into the view with it."""
        view.restored = 0 if state & _NOT_RESTORED else 1
        view.clock_valid = 0 if state & _NO_CLOCK else 1
        view.quantities_valid = 0 if state & _DOWN else 1
        view.warning = 1 if state & (_SUPERVISION | _WARNING | _TAMPER) or self._fault else 0
        view.reverse = 1 if state & _REVERSE else 0
        view.service = 1 if state & _SERVICE else 0
        view.locked = 1 if state & _LOCKED else 0
        view.cover_open = 1 if state & _COVER_OPEN else 0
        view.battery = self.battery
        view.tamper = self.tamper
        view.non_disablement = self.non_disablement
        view.han_state = self.han_state
        view.han_level = self.han_level
        view.active_elements = state >> _ACTIVE & 3
        view.edition = view.edition + 1 & 0xFFFF

    def _copy_quantities(self, load, view):
        """What is shown of them. returns: what the indicators show of them, `load` is that of before"""
        elements = self.elements
        element = elements[0]
        if element.fresh or elements[-1].fresh:
            element.fresh = elements[-1].fresh = False
            view.fresh = view.fresh + 1 & 0xFFFF
        sample = element.sample
        view.rms_voltage_mv = sample.rms_voltage_mv
        view.rms_current_ma = current = sample.rms_current_ma
        view.active_power_mw = power = sample.active_power_mw
        view.reactive_power_mvar = sample.reactive_power_mvar
        view.apparent_power_mva = sample.apparent_power_mva
        view.power_factor_x1000 = sample.power_factor_x1000
        view.frequency_hz_x1000 = sample.frequency_hz_x1000
        seen = _IMPORT if power > 0 else _EXPORT if power < 0 else 0
        if current >= self.panel.canvas.start_current_ma:
            seen |= _CURRENT
        # Elements above their starting power; one that was stays so down to nine tenths of it.
        start_mw = self.config.start_current_w * 1000
        bit = _ELEMENT_1
        for element in elements:
            power = element.sample.active_power_mw
            least = start_mw * 9 // 10 if load & bit else start_mw
            if power >= least or power <= -least:
                seen |= bit
            bit <<= 1
        if len(elements) > 1:
            at = 0
            for registers in self.store.served_wh:
                for value in registers:
                    view.wh[at] = value
                    at += 1
        return seen

    def _copy_positions(self, switches, boosting, now_ms):
        """returns: True: some contactor is shown otherwise than before"""
        view = self.view
        contactor = view.contactor
        armed = view.armed()
        changed = False
        k = 0
        for switch in switches:
            if switch is not None:
                position = switch.relay.position()
                if switch.disagrees or switch.relay.fault:
                    sign = _FAULT_SIGN[position]
                elif switch.armed:
                    sign = ARMED
                elif k == _AUXILIARY and position == 1 and boosting:
                    sign = BOOST
                else:
                    sign = _SIGN[position]
                if sign != contactor[k]:
                    contactor[k] = sign
                    changed = True
            k += 1
        self._fault = view.fault()
        if view.armed() and not armed:
            self.sound.alert(_ARMED_BEEPS, now_ms)
            self._attending = True
        return changed

    def _copy_time(self):
        clock = self.clock
        utc = self._utc
        clock.utc_into(utc)
        view = self.view
        view.year = utc[0]
        view.month = utc[1]
        view.day = utc[2]
        view.hour = utc[3]
        view.minute = utc[4]
        view.second = utc[5]
        # Local time changes on a full hour only: what holds for the minute's begin holds for all of it.
        view.local = self._settings.local_time
        view.ahead_h = 1 if view.local and self._local.offset_s(clock.day, clock.second) else 0
