# SPDX-License-Identifier: MIT
"""The panel feature: keys in, view filled from what is persisted, face out."""

from micropython import const

from app.panel import gestures
from app.panel.view import ABSENT, ARMED, CLOSED, OPEN
from app.supply import door

_SIGN = (OPEN, CLOSED, ABSENT)  # by position; one that nobody knows is not shown as open


_SOON_MS = const(500)


class Face:
    """panel: Panel; view: View; keys: Gestures; button_a, button_b: things with `pressed()` or None."""

    def __init__(
        self, panel, view, keys, button_a, button_b, elements, store, clock, supervision, supply, config, door
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
        self.keys_down = False
        self._utc = [0, 0, 0, 0, 0, 0]
        self._behind = False
        self._day = -1  # whose date the view has
        self._minute_s = 0  # second of the day in which the view's minute began
        self._changes = -1  # of the supply, when its switches were last looked at
        self._two = len(elements) > 1
        if not self._two:
            view.wh = store.served_wh[0]  # the very list: what is persisted is what is shown

    def start(self, now_ms):
        self.panel.start(now_ms)

    def poll(self, now_ms, second):
        a = self.button_a is not None and self.button_a.pressed()
        b = self.button_b is not None and self.button_b.pressed()
        keys = self.keys
        if a or b or not keys.idle:
            event = keys.poll(now_ms, a, b)
            if event != gestures.NONE:
                self.panel.key(event, now_ms)
                if event == gestures.B_LONG:
                    self._close_armed(now_ms)
        self.keys_down = a or b
        if second and self.config.longest_wait_ms < _SOON_MS:
            self._behind = True  # the pass that closes a second has work enough; the next one comes soon
            return
        if second or self._behind:
            self._behind = False
            self._look()
        self.panel.tick(now_ms, self.view)

    def _close_armed(self, now_ms):
        """A person at the meter closes what is armed by holding B."""
        contactor = self.view.contactor
        if contactor[0] == ARMED:
            self.door.submit(door.BUTTON, door.CONTACTOR_CLOSE, 0, now_ms)
        if contactor[1] == ARMED:
            self.door.submit(door.BUTTON, door.SECOND_CLOSE, 0, now_ms)

    def _look(self):
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
            self._copy_quantities(element)
            changed = True
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
        supervision = self.supervision
        warning = 1 if supervision.warning else 0
        reverse = supervision.reverse[0]
        if warning != view.warning or reverse != view.reverse:
            view.warning = warning
            view.reverse = reverse
            changed = True
        supply = self.supply
        if supply is not None and (supply.changes != self._changes or supply.changes < 0):
            self._changes = supply.changes
            self._copy_positions(supply.switches)
            changed = True
        if changed:
            view.edition = view.edition + 1 & 0xFFFF

    def _copy_quantities(self, element):
        element.fresh = False
        view = self.view
        sample = element.sample
        view.active_elements = self._active()
        view.rms_voltage_mv = sample.rms_voltage_mv
        view.rms_current_ma = sample.rms_current_ma
        view.active_power_mw = sample.active_power_mw
        view.reactive_power_mvar = sample.reactive_power_mvar
        view.power_factor_x1000 = sample.power_factor_x1000
        view.frequency_hz_x1000 = sample.frequency_hz_x1000

    def _copy_positions(self, switches):
        contactor = self.view.contactor
        k = 0
        for switch in switches:
            if switch is not None:
                contactor[k] = ARMED if switch.armed else _SIGN[switch.relay.position()]
            k += 1

    def _copy_registers(self, served):
        wh = self.view.wh
        at = 0
        for registers in served:
            for value in registers:
                wh[at] = value
                at += 1

    def _active(self):
        active = 0
        bit = 1
        start_mw = self.config.start_current_w * 1000
        for element in self.elements:
            power = element.sample.active_power_mw
            if power >= start_mw or power <= -start_mw:
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
