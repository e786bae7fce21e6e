# SPDX-License-Identifier: MIT
"""The supply feature: polls the switches, makes their states durable before a coil is pulsed, and logs what went wrong."""

from app.records import codes
from app.records.event_fields import alcs_extra
from app.store import layout


class Supply:
    """switches: list of three, Switch or None (K1 primary, K2 secondary, K3 auxiliary). cold: ColdStore; log: event log.

    power_good: callable -> bool, False from the power-fail warning on. busy: a coil is under way. changes: moves on whenever a
    switch may look other than before, 16 bits; -1 for good once nobody polls them any more. watch: None, or what has a
    `look(now_ms)` that must not miss a pass (inputs of the tamper detection).
    """

    def __init__(self, switches, cold, log, power_good):
        self.switches = switches
        self.cold = cold
        self.log = log
        self.power_good = power_good
        self.busy = False
        self.changes = 0
        self.watch = None
        self._fitted = [switch for switch in switches if switch is not None]
        self._at_rest = False
        self._moving = False  # a coil is under way
        self._turn = 0
        self._state = bytearray(4)  # version, then one byte a switch

    def watch_over(self, tamper):
        """Its inputs are looked at in every pass from now on."""
        self.watch = tamper

    def restore(self):
        """Stored commands come back; no coil moves (see Switch)."""
        if self.cold.load_into(layout.CONTACTOR, self._state) != len(self._state) or self._state[0] != 1:
            for i in range(4):
                self._state[i] = 0
        for i in range(3):
            if self.switches[i] is not None:
                self.switches[i].unpack(self._state, 1 + i)

    def poll(self, now_ms, second):  # noqa: C901  in every pass: a call more would cost as much as the rest
        if self.watch is not None:
            try:
                self.watch.look(now_ms)
            except Exception:  # noqa: BLE001  its owner finds out in its own turn; contactors go on
                self.watch = None
        good = self.power_good()
        if good and self._at_rest:
            for switch in self._fitted:
                if switch.dirty:
                    break
            else:
                if second:
                    self._look(now_ms)
                return
        if second and good and not self._moving:
            # A pulse is timed by the tick of its pass, and this pass has had much to do before: a coil waits for the next one.
            self.busy = True
            return
        self.changes = self.changes + 1 & 0xFFFF
        busy = False
        dirty = False
        at_rest = good
        i = 0
        for switch in self.switches:
            if switch is not None:
                if switch.poll(now_ms, good):
                    busy = True
                if not switch.quiet:
                    at_rest = False
                if switch.dirty:
                    dirty = True
                if switch.event:
                    self._tell(switch, i)
            i += 1
        if dirty:
            self._save()
        self._moving = busy
        self.busy = busy or dirty
        self._at_rest = at_rest and not dirty

    def _tell(self, switch, i):
        code = switch.take_event()
        if code == codes.ALCS_FAILURE:
            i = alcs_extra(switch.relay.position(), 0)  # 2: not known, as the log has it
        self.log.append_now(code, i)

    def _look(self, now_ms):
        """Contacts that nobody touches are looked at one a second, in turn; one that is not as it should be wakes all."""
        turn = self._turn + 1
        if turn >= 3:
            turn = 0
        self._turn = turn
        switch = self.switches[turn]
        if switch is not None:
            switch.poll(now_ms, True)
            if not switch.quiet:
                self._at_rest = False
                self.changes = self.changes + 1 & 0xFFFF

    def stop(self):
        """All coils off, for good: nobody will poll this any more. One that cannot be reached does not keep the others on."""
        self.busy = False
        self.changes = -1
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
