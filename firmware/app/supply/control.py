# SPDX-License-Identifier: MIT
"""The supply state machine of one contactor: Enabled, Armed, Disabled, Locked; and why.

What the contactor was told is the switch's business (app.supply.switch); this decides what it may be told. Commands come
through the door and are answered at once; the meter's own rules `post` a trigger, and what was posted in one pass is done
in the next in the order of the numbers below, tamper first, whoever came first. Locked and the cause are stored before the
switch hears of it, so that a cut leaves the old state or the new one; what a cut has interrupted is finished at restore.

State numbers are those of COSEM class 70 (Blue Book, disconnect control: 0 disconnected, 1 connected, 2 ready for
reconnection); 3 is this project's. Codes: GBCS alerts. Locked is left by the supplier's "disable" only.
"""

from micropython import const

from app.records import codes
from app.supply import switch as sw

DISABLED = const(0)
ENABLED = const(1)
ARMED = const(2)
LOCKED = const(3)

# Why the supply was interrupted.
CAUSE_NONE = const(0)
CAUSE_COMMAND = const(1)
CAUSE_TAMPER = const(2)
CAUSE_CREDIT = const(3)
CAUSE_LOAD_LIMIT = const(4)
CAUSE_FREQUENCY = const(5)
CAUSE_VOLTAGE = const(6)
CAUSE_CURRENT = const(7)
CAUSE_HEAT = const(8)

# Triggers, in the order in which they are done.
TAMPER = const(0)
CREDIT_OUT = const(1)  # disable for lack of credit
CREDIT_BACK = const(2)  # credit above the threshold again, or credit mode
EMERGENCY_CREDIT = const(3)
LOAD_EXCEEDED = const(4)
LOAD_RESTORE = const(5)
RULE_OPEN = const(6)  # an automatic cause, see `open_for`
RULE_ARM = const(7)  # it is over: arm
RULE_CLOSE = const(8)  # it is over: close
_TRIGGERS = const(9)

REFUSED_LOCKED = const(14)  # beyond the door's own results
REFUSED_UNHEALTHY = const(15)  # a cause that would open it lasts, or the front end is down

_METER = const(6)  # the door's number for the meter's own rules
_VERSION = const(1)
_RECORD = const(4)


class SupplyControl:
    """switch: Switch of the contactor, whose face for the door this has: `command`, `arm`. cold: ColdStore; cold_id: of its
    record. log: Journal; number: 0 primary, 1 secondary, the extra of its events.

    locked, cause: see above; cause is that of the interruption, CAUSE_NONE while enabled. held: bits of what forbids a closing
    now, set by the automatic causes (app.supply.auto). posted: bits of the triggers that are not done; refused: they were
    refused for now, and are tried once a second.
    """

    __slots__ = (
        "switch",
        "locked",
        "cause",
        "held",
        "_cold",
        "_cold_id",
        "_log",
        "_number",
        "posted",
        "_rule_causes",
        "refused",
        "_told",
        "_record",
    )

    def __init__(self, switch, cold, cold_id, log, number=0):
        self.switch = switch
        self.locked = False
        self.cause = CAUSE_NONE
        self.held = 0
        self._cold = cold
        self._cold_id = cold_id
        self._log = log
        self._number = number
        self.posted = 0
        self._rule_causes = 0
        self.refused = False
        self._told = False
        self._record = bytearray(_RECORD)

    def state(self):
        """DISABLED, ENABLED, ARMED or LOCKED. allocates: no"""
        if self.locked:
            return LOCKED
        if self.switch.commanded:
            return ENABLED
        return ARMED if self.switch.armed else DISABLED

    def restore(self):
        """After the switch's own restore; boot only. What a cut has interrupted goes on from the stored cause."""
        record = self._record
        if self._cold.load_into(self._cold_id, record) == _RECORD and record[0] == _VERSION:
            self.locked = record[1] == 1
            self.cause = record[2]
        switch = self.switch
        if switch.commanded:
            if self.locked:
                self.posted |= 1 << TAMPER
            else:
                self.cause = CAUSE_NONE  # the cut came before the contactor was told: whoever it was decides anew
        elif self.cause == CAUSE_LOAD_LIMIT and not self.locked and not switch.armed:
            switch.arm()  # opened, and not yet armed

    # The face of a switch, for the door

    def arm(self):
        """Supplier's "arm". returns: as Switch.arm, or REFUSED_LOCKED. allocates: no"""
        return REFUSED_LOCKED if self.locked else self.switch.arm()

    def command(self, closed, now_ms, source):
        """Open or close by command. returns: as Switch.command, or REFUSED_LOCKED. allocates: no"""
        if closed:
            if self.locked:
                return REFUSED_LOCKED
            if self.held and not self.switch.commanded:
                return REFUSED_UNHEALTHY
            result = self.switch.command(True, now_ms, source)
            if result <= sw.ALREADY and self.cause:
                self._keep(False, CAUSE_NONE)
            return result
        if not self.switch.restored:
            return sw.REFUSED_NOT_READY
        if (self.locked or self.cause != CAUSE_COMMAND) and not self._keep(False, CAUSE_COMMAND):
            return sw.REFUSED_BUSY  # the store does not take it: nothing has changed
        return self.switch.command(False, now_ms, source)

    # The meter's own rules

    def post(self, trigger):
        """A rule wants this; done in the next poll. allocates: no"""
        self.posted |= 1 << trigger
        self.refused = False

    def open_for(self, cause):
        """An automatic cause wants the contactor open; of several in one pass the lowest number is noted. allocates: no"""
        self._rule_causes |= 1 << cause
        self.post(RULE_OPEN)

    def by_rule(self):
        """It was an automatic cause that has interrupted the supply."""
        return self.cause >= CAUSE_FREQUENCY

    def poll(self, now_ms, second):
        """Do what was posted, in order. allocates: no"""
        if not self.posted or not self.switch.restored or (self.refused and not second):
            return
        for trigger in range(_TRIGGERS):
            if self.posted >> trigger & 1 and self._do(trigger, now_ms):
                self.posted &= ~(1 << trigger)
        self.refused = self.posted != 0

    def _do(self, trigger, now_ms):
        """returns: True when it is done, or cannot be any more"""
        if trigger == TAMPER:
            return self._lock(now_ms)
        if self.locked:
            return True
        enabled = self.switch.commanded
        if trigger == CREDIT_OUT:
            return not enabled or self._interrupt(CAUSE_CREDIT, False, codes.CREDIT_BELOW_THRESHOLD, now_ms)
        if trigger == CREDIT_BACK:
            return self._rearm(CAUSE_CREDIT, codes.SUPPLY_ARMED)
        if trigger == EMERGENCY_CREDIT:
            return self._rearm(CAUSE_CREDIT, codes.ARMED_EMERGENCY_CREDIT)
        if trigger == LOAD_EXCEEDED:
            return not enabled or self._interrupt(CAUSE_LOAD_LIMIT, True, codes.LOAD_LIMIT_ARMED, now_ms)
        if trigger == LOAD_RESTORE:
            return self._close(CAUSE_LOAD_LIMIT, codes.LOAD_LIMIT_ENABLED, now_ms)
        if trigger == RULE_OPEN:
            return self._open_by_rule(enabled, now_ms)
        if not self.by_rule():
            return True
        if trigger == RULE_ARM:
            return self._rearm(self.cause, codes.SUPPLY_ARMED)
        return self._close(self.cause, codes.SUPPLY_CLOSED_BY_RULE, now_ms)

    def _lock(self, now_ms):
        if not self.locked and not self._told:
            # Before it is stored: a cut in between says it twice rather than never.
            self._log.append_now(codes.SUPPLY_LOCKED, self._number)
            self._told = True
        if not self._keep(True, CAUSE_TAMPER):
            return False
        self._told = False
        self.switch.command(False, now_ms, _METER)
        return True

    def _open_by_rule(self, enabled, now_ms):
        cause = CAUSE_FREQUENCY
        while not self._rule_causes >> cause & 1:
            cause += 1
        # A closing that came first and still waits for the relay is as good as done: it shall not close on this cause later.
        closing = self.posted >> LOAD_RESTORE & 1
        if enabled or closing:
            if not self._interrupt(cause, False, codes.SUPPLY_OPENED_BY_RULE, now_ms):
                return False
            self.posted &= ~(1 << LOAD_RESTORE)
        self._rule_causes = 0
        return True

    def _interrupt(self, cause, arm, code, now_ms):
        if not self._keep(False, cause):
            return False
        self.switch.command(False, now_ms, _METER)
        if arm:
            self.switch.arm()
        if code:
            self._log.append_now(code, self._extra(code, cause))
        return True

    def _extra(self, code, cause):
        by_rule = code in (codes.SUPPLY_OPENED_BY_RULE, codes.SUPPLY_CLOSED_BY_RULE)
        return cause * 2 + self._number if by_rule else self._number

    def _rearm(self, cause, code):
        if self.state() == DISABLED and self.cause == cause and self.switch.arm() == sw.ACCEPTED:
            self._log.append_now(code, self._number)
        return True

    def _close(self, cause, code, now_ms):
        """The interruption that this cause has made ends. Refused now (the relay rests): tried again in the next pass."""
        if self.switch.commanded or self.cause != cause:
            return True  # the consumer was faster, or somebody else has opened since
        if self.held:
            return False
        if not self.switch.armed:
            if self.cause == CAUSE_LOAD_LIMIT:
                return True  # disarmed by somebody: it stays open
            self.switch.arm()
        if self.switch.command(True, now_ms, _METER) > sw.ALREADY:
            return False
        self._keep(False, CAUSE_NONE)
        if code:
            self._log.append_now(code, self._extra(code, cause))
        return True

    def _keep(self, locked, cause):
        """Store, then believe. returns: False when the store does not take it (nothing has changed)"""
        record = self._record
        record[0] = _VERSION
        record[1] = 1 if locked else 0
        record[2] = cause
        record[3] = 0
        try:
            if not self._cold.save(self._cold_id, record):
                return False
        except OSError:
            return False
        self.locked = locked
        self.cause = cause
        return True
