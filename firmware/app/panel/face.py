# SPDX-License-Identifier: MIT
"""The panel feature: keys in, view filled from what is persisted, face and sounds out."""

from micropython import const

from app.local_time import LocalTime
from app.panel import gestures
from app.panel.commands import Commands
from app.panel.modes import TEST
from app.panel.signs import Signs
from app.panel.sound import Sound
from app.panel.view import ABSENT, ARMED, BOOST, CLOSED, FAULT_CLOSED, FAULT_OPEN, OPEN

_SIGN = (OPEN, CLOSED, ABSENT)  # by position; one that nobody knows is not shown as open
_FAULT_SIGN = (FAULT_OPEN, FAULT_CLOSED, FAULT_OPEN)

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
        store = self.store
        changed = False
        restored = 1 if store.restored else 0
        if restored != view.restored:
            view.restored = restored
            changed = True
        elements = self.elements
        if self._two:
            self._copy_registers(store.served_wh)
        element = elements[0]
        if element.fresh or self._two:
            changed = self._copy_quantities(element) or changed
        valid = 0 if element.down else 1
        if valid != view.quantities_valid:
            view.quantities_valid = valid
            changed = True
        clock = self.clock
        view.clock_valid = 1 if clock.valid else 0
        second = clock.second - self._minute_s
        if 0 <= second < 60 and clock.day == self._day:
            view.second = second
        else:
            self._copy_time(clock)
        supply = self.supply
        if supply is not None and (supply.changes != self._changes or supply.changes < 0):
            self._changes = supply.changes
            self._copy_positions(supply.switches, now_ms)
            changed = True
        commands = self.commands
        if commands.alcs is not None and commands.boosting() is not self._boosting:
            self._changes = -1  # looked at again in the next second
            self._boosting = not self._boosting
        if self._copy_signs(view) or changed:
            view.edition = view.edition + 1 & 0xFFFF

    def _copy_signs(self, view):
        """returns: True when one of them has changed"""
        signs = self.signs
        supervision = self.supervision
        modes = self.panel.modes
        warning = 1 if supervision.warning or signs.warning or signs.tamper or self._fault else 0
        reverse = 1 if supervision.reverse[0] or (self._two and supervision.reverse[1]) else 0
        service = 1 if modes.mode == TEST and modes.test_active else 0
        locked = 1 if modes.privacy is not None and modes.locked() else 0
        view.cover_open = signs.terminal_open or signs.test_enable
        if (
            warning == view.warning
            and reverse == view.reverse
            and service == view.service
            and locked == view.locked
            and signs.battery == view.battery
            and signs.tamper == view.tamper
            and signs.non_disablement == view.non_disablement
            and signs.han_state == view.han_state
            and signs.han_level == view.han_level
        ):
            return False
        view.warning = warning
        view.reverse = reverse
        view.service = service
        view.locked = locked
        view.battery = signs.battery
        view.tamper = signs.tamper
        view.non_disablement = signs.non_disablement
        view.han_state = signs.han_state
        view.han_level = signs.han_level
        return True

    def _copy_quantities(self, element):
        """returns: True when an indicator may be another one: an element began or ceased to draw, the power turned."""
        element.fresh = False
        view = self.view
        sample = element.sample
        active = self._active(view.active_elements)
        power = sample.active_power_mw
        before = view.active_power_mw
        current = sample.rms_current_ma
        least = self._start_current_ma
        changed = (
            active != view.active_elements
            or (power > 0) is not (before > 0)
            or (power < 0) is not (before < 0)
            or (current >= least) is not (view.rms_current_ma >= least)
        )
        view.active_elements = active
        view.rms_voltage_mv = sample.rms_voltage_mv
        view.rms_current_ma = current
        view.active_power_mw = power
        view.reactive_power_mvar = sample.reactive_power_mvar
        view.apparent_power_mva = sample.apparent_power_mva
        view.power_factor_x1000 = sample.power_factor_x1000
        view.frequency_hz_x1000 = sample.frequency_hz_x1000
        return changed

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
