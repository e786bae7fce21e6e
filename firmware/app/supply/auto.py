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

from app.quality import rows as r
from app.supply import control as sc
from app.supply import heat

STAY = const(0)
ARM = const(1)
CLOSE = const(2)

_ROWS = const(7)
_ROW = const(0)
_CAUSE = const(1)
_UPWARDS = const(2)
_UNIT = const(3)
_OPENS = const(4)
_RULE = const(5)
_BACK = const(6)
_BACK_S = const(7)
# row of the supervision, cause, well is above the second limit, reading in one unit of it, names of its four settings
_TABLE = (
    (
        r.UNDER_FREQUENCY,
        sc.CAUSE_FREQUENCY,
        True,
        10,
        "under_frequency_opens",
        "under_frequency_rule",
        "under_frequency_back_0hz01",
        "under_frequency_back_s",
    ),
    (
        r.OVER_FREQUENCY,
        sc.CAUSE_FREQUENCY,
        False,
        10,
        "over_frequency_opens",
        "over_frequency_rule",
        "over_frequency_back_0hz01",
        "over_frequency_back_s",
    ),
    (r.SAG, sc.CAUSE_VOLTAGE, True, 100, "sag_opens", "sag_rule", "sag_back_0v1", "sag_back_s"),
    (r.SWELL, sc.CAUSE_VOLTAGE, False, 100, "swell_opens", "swell_rule", "swell_back_0v1", "swell_back_s"),
    (
        r.UNDER_VOLTAGE,
        sc.CAUSE_VOLTAGE,
        True,
        100,
        "under_voltage_opens",
        "under_voltage_rule",
        "under_voltage_back_0v1",
        "under_voltage_back_s",
    ),
    (
        r.OVER_VOLTAGE,
        sc.CAUSE_VOLTAGE,
        False,
        100,
        "over_voltage_opens",
        "over_voltage_rule",
        "over_voltage_back_0v1",
        "over_voltage_back_s",
    ),
    (
        r.OVER_CURRENT,
        sc.CAUSE_CURRENT,
        False,
        10,
        "over_current_opens",
        "over_current_rule",
        "over_current_back_0a01",
        "over_current_back_s",
    ),
)
_CAUSES = tuple([row[1] for row in _TABLE])  # by row; the table has names as well
_HEAT = const(7)  # place of heat among them
_DAY_S = const(86_400)
_MOST_S = const(0x7FFF)
_DOWN = const(1)  # bit of `held`: the front end is down

# name, minimum, maximum, default: opens 0 or 1; rule STAY, ARM, CLOSE; limit of the way back; its period
FIELDS = (
    ("under_frequency_opens", 0, 1, 0),
    ("under_frequency_rule", STAY, CLOSE, ARM),
    ("under_frequency_back_0hz01", 4000, 6500, 4750),
    ("under_frequency_back_s", 0, 3600, 60),
    ("over_frequency_opens", 0, 1, 0),
    ("over_frequency_rule", STAY, CLOSE, ARM),
    ("over_frequency_back_0hz01", 4500, 6500, 5150),
    ("over_frequency_back_s", 0, 3600, 60),
    ("sag_opens", 0, 1, 0),
    ("sag_rule", STAY, CLOSE, ARM),
    ("sag_back_0v1", 0, 4000, 2200),
    ("sag_back_s", 0, 3600, 60),
    ("swell_opens", 0, 1, 0),
    ("swell_rule", STAY, CLOSE, ARM),
    ("swell_back_0v1", 1000, 4000, 2500),
    ("swell_back_s", 0, 3600, 60),
    ("under_voltage_opens", 0, 1, 0),
    ("under_voltage_rule", STAY, CLOSE, ARM),
    ("under_voltage_back_0v1", 0, 4000, 2200),
    ("under_voltage_back_s", 0, 3600, 60),
    ("over_voltage_opens", 0, 1, 0),
    ("over_voltage_rule", STAY, CLOSE, ARM),
    ("over_voltage_back_0v1", 1000, 4000, 2500),
    ("over_voltage_back_s", 0, 3600, 60),
    ("over_current_opens", 0, 1, 0),
    ("over_current_rule", STAY, CLOSE, ARM),
    ("over_current_back_0a01", 0, 20_000, 10_000),
    ("over_current_back_s", 0, 3600, 60),
    ("breaking_capacity_0a01", 1, 40_000, 12_000),
) + heat.FIELDS


class Causes:
    """Of one contactor. control: SupplyControl; element: Element whose values count, `active`: its rows of the supervision
    (Qualifier.active). config: Group of FIELDS; heat: Heat, already told of this second.

    lasting: bits by place (0.. as the settings, 7 heat).
    """

    __slots__ = ("control", "element", "config", "heat", "lasting", "_active", "_well_s", "_rule", "_asked")

    def __init__(self, control, element, active, config, heat):
        self.control = control
        self.element = element
        self.config = config
        self.heat = heat
        self.lasting = 0
        self._active = active
        self._well_s = array("H", [0] * _ROWS)
        self._rule = CLOSE  # the most careful one of what has lasted since it was closed
        self._asked = False

    def start(self):
        """The control has been restored. Boot only."""
        control = self.control
        if not control.by_rule or control.commanded:
            return
        if control.cause == sc.CAUSE_HEAT:
            self.heat.assume()
        for i in range(_ROWS):
            if _CAUSES[i] == control.cause and self._set(i, _OPENS):
                self._hold(i)

    def see(self, passed_s):
        """`passed_s` more seconds. allocates: no"""
        held = _DOWN if self.element.down else 0
        wanted = 0
        for i in range(_ROWS):
            if not self._set(i, _OPENS):
                self.lasting &= ~(1 << i)
                continue
            if self._active[_TABLE[i][_ROW]]:
                self._hold(i)
                wanted |= 1 << _CAUSES[i]
            elif self.lasting >> i & 1:
                self._recover(i, passed_s)
            if self.lasting >> i & 1:
                held |= 1 << _CAUSES[i]
        if self.heat.beyond:
            self.lasting |= 1 << _HEAT
            self._rule = min(self._rule, ARM)
            wanted |= 1 << sc.CAUSE_HEAT
            held |= 1 << sc.CAUSE_HEAT
        else:
            self.lasting &= ~(1 << _HEAT)
        control = self.control
        control.held = held
        if control.commanded:
            self._asked = False
            if not self.lasting:
                self._rule = CLOSE
            self._open(wanted)
        elif control.by_rule and not held and not self._asked:
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
        entry = _TABLE[i]
        limit = self._set(i, _BACK) * entry[_UNIT]
        value = self._value(entry[_CAUSE])
        if (
            self.element.down
            or not value
            and entry[_CAUSE] == sc.CAUSE_FREQUENCY
            or not (value > limit if entry[_UPWARDS] else value < limit)
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
        return getattr(self.config, _TABLE[i][what])


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
