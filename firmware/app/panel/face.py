# SPDX-License-Identifier: MIT
"""The panel feature: keys in, view filled from what is persisted, face out."""

from app.panel import gestures
from app.panel.view import ABSENT, ARMED
from app.supply import door


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

    def start(self, now_ms):
        self.panel.start(now_ms)

    def poll(self, now_ms, second):
        a = self.button_a is not None and self.button_a.pressed()
        b = self.button_b is not None and self.button_b.pressed()
        event = self.keys.poll(now_ms, a, b)
        self.keys_down = a or b
        if event != gestures.NONE:
            self.panel.key(event, now_ms)
            # A person at the meter closes an armed contactor by holding B.
            if event == gestures.B_LONG and self.view.contactor[0] == ARMED:
                self.door.submit(door.BUTTON, door.CONTACTOR_CLOSE, 0, now_ms)
        if second:
            self._look()
        self.panel.tick(now_ms, self.view)

    def _look(self):
        view = self.view
        view.restored = 1 if self.store.restored else 0
        served = self.store.served_wh
        active = 0
        for i in range(len(self.elements)):
            for k in range(6):
                view.wh[6 * i + k] = served[i][k]
            power = self.elements[i].sample.active_power_mw // 1000
            if power >= self.config.start_current_w or power <= -self.config.start_current_w:
                active |= 1 << i
        view.active_elements = active
        sample = self.elements[0].sample
        view.quantities_valid = 0 if self.elements[0].down else 1
        view.rms_voltage_mv = sample.rms_voltage_mv
        view.rms_current_ma = sample.rms_current_ma
        view.active_power_mw = sample.active_power_mw
        view.reactive_power_mvar = sample.reactive_power_mvar
        view.power_factor_x1000 = sample.power_factor_x1000
        view.frequency_hz_x1000 = sample.frequency_hz_x1000
        view.clock_valid = 1 if self.clock.valid else 0
        utc = self._utc
        self.clock.utc_into(utc)
        view.year = utc[0]
        view.month = utc[1]
        view.day = utc[2]
        view.hour = utc[3]
        view.minute = utc[4]
        view.second = utc[5]
        view.warning = 1 if self.supervision.warning else 0
        view.reverse = self.supervision.reverse[0]
        for k in range(3):
            switch = self.supply.switches[k] if self.supply is not None else None
            if switch is None:
                view.contactor[k] = ABSENT
            elif switch.armed:
                view.contactor[k] = ARMED
            else:
                view.contactor[k] = 1 if switch.position == 1 else 0
