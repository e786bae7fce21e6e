# SPDX-License-Identifier: MIT
"""Automatic causes: frequency, voltage, current and heat that interrupt the supply, each when it is switched on.

A cause begins with the qualified event of the power quality supervision (its limit and period are set there) and is over when
the value has been beyond a second limit for a period of its own. As long as one lasts, the contactor is not closed by anybody;
when the last one is over, the supply stays as it is, is armed or is closed: of several causes the most careful rule holds. What
was on before a boot is not stored: if the supply is open for such a cause, all of its kind are taken to last until they have
been well for their time. Over current opens only below the breaking capacity of the contactor. Power factor only alarms.
All limits of the way back are this project's, unverified.
"""

from array import array

from micropython import const

from app.quality.rows import ROWS
from app.supply import control as sc

STAY = const(0)
ARM = const(1)
CLOSE = const(2)

_ROWS = const(7)
# Four bytes a row, in the order of the settings: row of the supervision (app.quality.rows), cause, 1: well is above the second
# limit, reading in one unit of it.
_TABLE = (
    b"\x07\x05\x01\x0a"  # under frequency
    b"\x06\x05\x00\x0a"  # over frequency
    b"\x02\x06\x01\x64"  # sag
    b"\x03\x06\x00\x64"  # swell
    b"\x05\x06\x01\x64"  # under voltage
    b"\x04\x06\x00\x64"  # over voltage
    b"\x08\x07\x00\x0a"  # over current
)
_EACH = const(4)
_CAUSE = const(1)
_UPWARDS = const(2)
_UNIT = const(3)
_OPENS = const(0)  # of the four settings of a row
_RULE = const(1)
_BACK = const(2)
_BACK_S = const(3)
_HEAT = const(7)  # place of heat among them
_DAY_S = const(86_400)
_MOST_S = const(0x7FFF)
_DOWN = const(1)  # bit of `held`: the front end is down

# name, minimum, maximum, default: opens 0 or 1; rule STAY, ARM, CLOSE; limit of the way back; its period
FIELDS = """causes
.under_frequency_opens 0 1 0
.under_frequency_rule 0 2 1
.under_frequency_back_0hz01 4000 6500 4750
.under_frequency_back_s 0 3600 60
.over_frequency_opens 0 1 0
.over_frequency_rule 0 2 1
.over_frequency_back_0hz01 4500 6500 5150
.over_frequency_back_s 0 3600 60
.sag_opens 0 1 0
.sag_rule 0 2 1
.sag_back_0v1 0 4000 2200
.sag_back_s 0 3600 60
.swell_opens 0 1 0
.swell_rule 0 2 1
.swell_back_0v1 1000 4000 2500
.swell_back_s 0 3600 60
.under_voltage_opens 0 1 0
.under_voltage_rule 0 2 1
.under_voltage_back_0v1 0 4000 2200
.under_voltage_back_s 0 3600 60
.over_voltage_opens 0 1 0
.over_voltage_rule 0 2 1
.over_voltage_back_0v1 1000 4000 2500
.over_voltage_back_s 0 3600 60
.over_current_opens 0 1 0
.over_current_rule 0 2 1
.over_current_back_0a01 0 20000 10000
.over_current_back_s 0 3600 60
breaking_capacity_0a01 1 40000 12000
heat_mode 0 2 1
heat_warn_0c1 0 2000 850
heat_open_0c1 0 2000 1000
heat_hysteresis_0c1 0 500 100
heat_filter_s 0 3600 60
heat_cool_s 0 86400 1800
"""


class Causes:
    """Of one contactor. control: SupplyControl; element: Element whose values count, number `number` of those in `active`:
    rows of the supervision (Qualifier.active). config: Group of FIELDS; heat: Heat, already told of this second.

    lasting: bits by place (0.. as the settings, 7 heat).
    """

    __slots__ = ("control", "element", "config", "heat", "lasting", "_active", "_first", "_well_s", "_rule", "_asked")

    def __init__(self, control, element, number, active, config, heat):
        self.control = control
        self.element = element
        self.config = config
        self.heat = heat
        self.lasting = 0
        self._active = active
        self._first = number * ROWS
        self._well_s = array("H", [0] * _ROWS)
        self._rule = CLOSE  # the most careful one of what has lasted since it was closed
        self._asked = False

    def start(self):
        """The control has been restored. Boot only."""
        control = self.control
        if not control.by_rule() or control.switch.commanded:
            return
        if control.cause == sc.CAUSE_HEAT:
            self.heat.assume()
        for i in range(_ROWS):
            if _TABLE[_EACH * i + _CAUSE] == control.cause and self._set(i, _OPENS):
                self._hold(i)

    def see(self, passed_s):
        """`passed_s` more seconds. allocates: no"""
        held = _DOWN if self.element.down else 0
        wanted = 0
        for i in range(_ROWS):
            if not self._set(i, _OPENS):
                self.lasting &= ~(1 << i)
                continue
            if self._active[self._first + _TABLE[_EACH * i]]:
                self._hold(i)
                wanted |= 1 << _TABLE[_EACH * i + _CAUSE]
            elif self.lasting >> i & 1:
                self._recover(i, passed_s)
            if self.lasting >> i & 1:
                held |= 1 << _TABLE[_EACH * i + _CAUSE]
        if self.heat.beyond:
            self.lasting |= 1 << _HEAT
            self._rule = min(self._rule, ARM)
            wanted |= 1 << sc.CAUSE_HEAT
            held |= 1 << sc.CAUSE_HEAT
        else:
            self.lasting &= ~(1 << _HEAT)
        control = self.control
        control.held = held
        if control.switch.commanded:
            self._asked = False
            if not self.lasting:
                self._rule = CLOSE
            self._open(wanted)
        elif control.by_rule() and not held and not self._asked:
            self._asked = True
            if self._rule != STAY:
                control.post(sc.RULE_ARM if self._rule == ARM else sc.RULE_CLOSE)

    def until_s(self):
        """Seconds until something could be decided if all values stay. allocates: no"""
        until_s = _DAY_S
        for i in range(_ROWS):
            if self.lasting >> i & 1 and self._well_s[i]:
                left_s = self._set(i, _BACK_S) + 1 - self._well_s[i]
                until_s = min(until_s, left_s)
        return until_s if until_s > 1 else 1

    def _open(self, wanted):
        if wanted >> sc.CAUSE_CURRENT & 1:
            if self.element.sample.rms_current_ma > self.config.breaking_capacity_0a01 * 10:
                wanted &= ~(1 << sc.CAUSE_CURRENT)  # more than it can break: told by its event only, until it is less
        for cause in range(sc.CAUSE_FREQUENCY, sc.CAUSE_HEAT + 1):
            if wanted >> cause & 1:
                self.control.open_for(cause)

    def _hold(self, i):
        self.lasting |= 1 << i
        self._well_s[i] = 0
        self._rule = min(self._rule, self._set(i, _RULE))

    def _recover(self, i, passed_s):
        at = _EACH * i
        limit = self._set(i, _BACK) * _TABLE[at + _UNIT]
        value = self._value(_TABLE[at + _CAUSE])
        if (
            self.element.down
            or not value
            and _TABLE[at + _CAUSE] == sc.CAUSE_FREQUENCY
            or not (value > limit if _TABLE[at + _UPWARDS] else value < limit)
        ):
            self._well_s[i] = 0
            return
        self._well_s[i] = min(self._well_s[i] + passed_s, _MOST_S)
        if self._well_s[i] > self._set(i, _BACK_S):
            self.lasting &= ~(1 << i)

    def _value(self, cause):
        sample = self.element.sample
        if cause == sc.CAUSE_FREQUENCY:
            return sample.frequency_hz_x1000
        return sample.rms_voltage_mv if cause == sc.CAUSE_VOLTAGE else sample.rms_current_ma

    def _set(self, i, what):
        return self.config.rows[_EACH * i + what]


class AutoCauses:
    """All contactors, as an engine after the supervision and before the supply rules. causes: list of Causes; heat: Heat."""

    __slots__ = ("causes", "heat", "_clock")

    def __init__(self, causes, heat, clock):
        self.causes = causes
        self.heat = heat
        self._clock = clock

    def start(self):
        """The controls have been restored. Boot only."""
        for causes in self.causes:
            causes.start()

    def poll(self, now_ms, second):
        """allocates: no"""
        if not second:
            return
        passed_s = self._clock.passed_s
        self.heat.see(passed_s)
        for causes in self.causes:
            causes.see(passed_s)

    def until_s(self):
        """Seconds to the next decision, 1..86400. allocates: no"""
        until_s = self.heat.until_s()
        for causes in self.causes:
            until_s = min(until_s, causes.until_s())
        return until_s
