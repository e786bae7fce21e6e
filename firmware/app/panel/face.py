# SPDX-License-Identifier: MIT
"""The panel feature: keys in, view filled from what is persisted, face and sounds out."""

from micropython import const

from app.local_time import LocalTime
from app.panel import gestures
from app.panel.commands import Commands
from app.panel.signs import Signs
from app.panel.sound import Sound
from app.panel.view import ABSENT, ARMED, BOOST, CLOSED, FAULT_CLOSED, FAULT_OPEN, OPEN

_SIGN = (OPEN, CLOSED, ABSENT)  # by position; one that nobody knows is not shown as open
_FAULT_SIGN = (FAULT_OPEN, FAULT_CLOSED, FAULT_OPEN)

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
_RESTORED = const(1 << 18)
_CLOCK_VALID = const(1 << 19)
_REVERSE = const(1 << 20)
_LOCKED = const(1 << 21)
_TEST = const(7)  # modes.TEST

_SOON_MS = const(500)
_AUXILIARY = const(2)
_ARMED_BEEPS = const(3)


class Face:
    """panel: Panel; view: View; keys: Gestures; button_a, button_b: things with `pressed()` or None. buzzer: thing with
    `sound(on)` or None. signs: Signs, what other parts want shown. commands: Commands.

    keys_down: a key is down or a sound goes on: passes are wanted often. test_active: the test display is shown (registers
    count on; intervals are to be marked).
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
        signs=None,
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
        self.signs = Signs() if signs is None else signs
        self.commands = Commands(door) if commands is None else commands
        self.keys_down = False
        self._local = LocalTime()
        self._utc = [0, 0, 0, 0, 0, 0]
        self._behind = False
        self._day = -1  # whose date the view has
        self._minute_s = 0  # second of the day in which the view's minute began
        self._changes = -1  # of the supply, when its switches were last looked at
        self._two = len(elements) > 1
        self._boosting = False
        self._fault = False  # of a contactor
        self._load = 0  # that part of the state which the quantities make
        self._state = -1  # -1: to be looked through
        self._modes = panel.modes
        self._settings = panel.settings
        self._start_current_ma = panel.canvas.start_current_ma
        self.sound = Sound(buzzer, panel.settings)
        panel.modes.commands = self.commands
        if panel.readings.elements == ():
            panel.readings.elements = elements
        if not self._two:
            view.wh = store.served_wh[0]  # the very list: what is persisted is what is shown

    @property
    def test_active(self):
        return self.panel.modes.test_active

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
        self._day = -1
        self.panel.apply()

    def poll(self, now_ms, second):
        a = self.button_a is not None and self.button_a.pressed()
        b = self.button_b is not None and self.button_b.pressed()
        keys = self.keys
        if a or b or not keys.idle:
            event = keys.poll(now_ms, a, b)
            if event != gestures.NONE:
                self.panel.key(event, now_ms)
                if event == gestures.PRESSED:
                    self.sound.click(now_ms)
        sound = self.sound
        if sound.busy:
            sound.poll(now_ms)
        self.keys_down = a or b or sound.busy
        if second and self.config.longest_wait_ms < _SOON_MS:
            self._behind = True  # the pass that closes a second has work enough; the next one comes soon
            return
        if second or self._behind:
            self._behind = False
            self._look(now_ms)
        self.panel.tick(now_ms, self.view)

    def _look(self, now_ms):
        view = self.view
        element = self.elements[0]
        if element.fresh or self._two:
            self._copy_quantities(element.sample, view)
            element.fresh = False
        clock = self.clock
        second = clock.second - self._minute_s
        if 0 <= second < 60 and clock.day == self._day:
            view.second = second
        else:
            self._copy_time(clock)
        supply = self.supply
        if supply is not None and (supply.changes != self._changes or supply.changes < 0):
            self._changes = supply.changes
            self._copy_positions(supply.switches, now_ms)
            self._state = -1
        commands = self.commands
        if commands.alcs is not None and commands.boosting() is not self._boosting:
            self._changes = -1  # looked at again in the next second
            self._boosting = not self._boosting
        state = self._seen()
        if state != self._state:
            self._show(state, view, self.signs)

    def _seen(self):
        """What the indicators show of the meter, as one number."""
        signs = self.signs
        state = signs.han_state | signs.han_level << 2 | self._load
        if signs.terminal_open or signs.test_enable:
            state |= _COVER_OPEN
        if signs.battery:
            state |= _BATTERY
        if signs.tamper:
            state |= _TAMPER
        if signs.warning:
            state |= _WARNING
        if signs.non_disablement:
            state |= _NON_DISABLEMENT
        return state | self._seen_of_parts()

    def _seen_of_parts(self):
        state = 0
        if self.supervision.warning:
            state |= _SUPERVISION
        modes = self._modes
        if modes.mode == _TEST and not modes.starting:
            state |= _SERVICE
        if self.elements[0].down:
            state |= _DOWN
        if self.store.restored:
            state |= _RESTORED
        if self.clock.valid:
            state |= _CLOCK_VALID
        reverse = self.supervision.reverse
        if reverse[0] or (self._two and reverse[1]):
            state |= _REVERSE
        privacy = modes.privacy
        if privacy is not None and privacy.set and not privacy.open:
            state |= _LOCKED
        return state

    def _show(self, state, view, signs):
        """Something has changed: into the view with it."""
        self._state = state
        view.restored = 1 if state & _RESTORED else 0
        view.clock_valid = 1 if state & _CLOCK_VALID else 0
        view.quantities_valid = 0 if state & _DOWN else 1
        view.warning = 1 if state & (_SUPERVISION | _WARNING | _TAMPER) or self._fault else 0
        view.reverse = 1 if state & _REVERSE else 0
        view.service = 1 if state & _SERVICE else 0
        view.locked = 1 if state & _LOCKED else 0
        view.cover_open = 1 if state & _COVER_OPEN else 0
        view.battery = signs.battery
        view.tamper = signs.tamper
        view.non_disablement = signs.non_disablement
        view.han_state = signs.han_state
        view.han_level = signs.han_level
        view.active_elements = state >> _ACTIVE & 3
        view.edition = view.edition + 1 & 0xFFFF

    def _copy_quantities(self, sample, view):
        """What is shown of them; what the indicators show of them goes into `_load`."""
        power = sample.active_power_mw
        current = sample.rms_current_ma
        view.rms_voltage_mv = sample.rms_voltage_mv
        view.rms_current_ma = current
        view.active_power_mw = power
        view.reactive_power_mvar = sample.reactive_power_mvar
        view.apparent_power_mva = sample.apparent_power_mva
        view.power_factor_x1000 = sample.power_factor_x1000
        view.frequency_hz_x1000 = sample.frequency_hz_x1000
        load = _IMPORT if power > 0 else _EXPORT if power < 0 else 0
        if current >= self._start_current_ma:
            load |= _CURRENT
        if self._two:
            self._copy_registers(self.store.served_wh)
            self._load = load | self._active(self._load >> _ACTIVE & 3) << _ACTIVE
            return
        # An element above its starting power; one that was stays so down to nine tenths of it.
        least = self.config.start_current_w * 1000
        if self._load & _ELEMENT_1:
            least = least * 9 // 10
        if power >= least or power <= -least:
            load |= _ELEMENT_1
        self._load = load

    def _copy_positions(self, switches, now_ms):
        contactor = self.view.contactor
        armed = self.view.armed()
        k = 0
        for switch in switches:
            if switch is not None:
                position = switch.relay.position()
                if switch.disagrees or switch.relay.fault:
                    contactor[k] = _FAULT_SIGN[position]
                elif switch.armed:
                    contactor[k] = ARMED
                elif k == _AUXILIARY and position == 1 and self.commands.boosting():
                    contactor[k] = BOOST
                else:
                    contactor[k] = _SIGN[position]
            k += 1
        self._fault = self.view.fault()
        if self.view.armed() and not armed:
            self.sound.alert(_ARMED_BEEPS, now_ms)

    def _copy_registers(self, served):
        wh = self.view.wh
        at = 0
        for registers in served:
            for value in registers:
                wh[at] = value
                at += 1

    def _active(self, before):
        """Elements above their starting power; one that was stays so down to nine tenths of it."""
        active = 0
        bit = 1
        start_mw = self.config.start_current_w * 1000
        for element in self.elements:
            power = element.sample.active_power_mw
            least = start_mw * 9 // 10 if before & bit else start_mw
            if power >= least or power <= -least:
                active |= bit
            bit <<= 1
        return active

    def _copy_time(self, clock):
        utc = self._utc
        clock.utc_into(utc)
        view = self.view
        view.year = utc[0]
        view.month = utc[1]
        view.day = utc[2]
        view.hour = utc[3]
        view.minute = utc[4]
        view.second = utc[5]
        self._day = clock.day
        self._minute_s = clock.second - utc[5]
        # Local time changes on a full hour only: what holds for the minute's begin holds for all of it.
        view.local = self._settings.local_time
        view.ahead_h = 1 if view.local and self._local.offset_s(clock.day, clock.second) else 0
