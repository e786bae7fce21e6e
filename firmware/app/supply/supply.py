# SPDX-License-Identifier: MIT
"""The supply feature: polls the switches, makes their states durable before a coil is pulsed, and logs what went wrong."""

from app.store import layout


class Supply:
    """switches: list of three, Switch or None (K1 primary, K2 secondary, K3 auxiliary). cold: ColdStore; log: event log.

    power_good: callable -> bool, False from the power-fail warning on. busy: a coil is under way.
    """

    def __init__(self, switches, cold, log, power_good):
        self.switches = switches
        self.cold = cold
        self.log = log
        self.power_good = power_good
        self.busy = False
        self._state = bytearray(4)  # version, then one byte a switch

    def restore(self):
        """Stored commands come back; no coil moves (see Switch)."""
        if self.cold.load_into(layout.CONTACTOR, self._state) != len(self._state) or self._state[0] != 1:
            for i in range(4):
                self._state[i] = 0
        for i in range(3):
            if self.switches[i] is not None:
                self.switches[i].unpack(self._state, 1 + i)

    def poll(self, now_ms, second):
        good = self.power_good()
        busy = False
        dirty = False
        i = 0
        for switch in self.switches:
            if switch is not None:
                if switch.poll(now_ms, good):
                    busy = True
                if switch.dirty:
                    dirty = True
                if switch.event:
                    self.log.append_now(switch.take_event(), i)
            i += 1
        if dirty:
            self._save()
        self.busy = busy or dirty

    def stop(self):
        """All coils off, for good: nobody will poll this any more. One that cannot be reached does not keep the others on."""
        self.busy = False
        for switch in self.switches:
            if switch is not None:
                try:
                    switch.relay.idle()
                except Exception:  # noqa: BLE001  the hardware one-shot of the coil is left
                    pass

    def _save(self):
        state = self._state
        state[0] = 1
        for i in range(3):
            state[1 + i] = 0
            if self.switches[i] is not None:
                self.switches[i].pack_into(state, 1 + i)
        if self.cold.save(layout.CONTACTOR, state):
            for switch in self.switches:
                if switch is not None:
                    switch.saved()
