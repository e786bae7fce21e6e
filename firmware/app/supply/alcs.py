# SPDX-License-Identifier: MIT
"""The auxiliary load control switch: what the relay is to be, of boost, command and calendar, in this order.

A boost (15 to 60 minutes, by the consumer) is on; a command is on or off for some minutes or until the switch is given back to
its calendar. Times run on while the supply is away. A meter whose load control was never used leaves the relay alone; once
used, an empty calendar is off. What is wanted is stored, then the relay is told, then the log. The relay that cannot be changed
or kept says 811A (app.supply.switch), one that refuses for a minute does so here.
Sources: SMETS2 (auxiliary load control switch, boost); the priority and the steps of 15 minutes are unverified.
"""

from struct import pack_into, unpack_from

from micropython import const

from app.records import codes
from app.records.event_fields import alcs_extra
from app.supply import switch as sw
from app.supply.alcs_calendar import RECORD as CALENDAR_BYTES
from app.supply.alcs_calendar import Calendar

BY_CALENDAR = const(0)
BY_COMMAND = const(1)
BY_BOOST = const(2)
_NOBODY = const(-1)

STEP_MIN = const(15)
MOST_MIN = const(60)
MINUTES_MOST = const(0xFFFF)

REFUSED_ARGUMENT = const(12)  # as the door's

RECORD = const(16)

_VERSION = const(1)
_METER = const(6)  # the door's number for the meter's own rules
_NONE = const(0)  # command
_ON = const(1)
_OFF = const(2)
_DAY_S = const(86_400)
_SAVE_S = const(900)
_REFUSED_S = const(60)
_CODES = (codes.LOAD_BY_CALENDAR, codes.LOAD_BY_COMMAND, codes.LOAD_BY_BOOST)


class Alcs:
    """switch: Switch of the relay; clock: Clock; cold, cold_id, calendar_id: its records; log: Journal.

    wanted: 0 or 1; source: BY_CALENDAR, BY_COMMAND, BY_BOOST. calendar: Calendar.
    """

    __slots__ = (
        "switch",
        "calendar",
        "wanted",
        "source",
        "errors",
        "_clock",
        "_cold",
        "_cold_id",
        "_calendar_id",
        "_log",
        "_used",
        "_command",
        "_command_s",
        "_boost_s",
        "_by_calendar",
        "_due_day",
        "_due_minute",
        "_adjusted",
        "_generation",
        "_unsaved_s",
        "_refused_s",
        "_dirty",
        "_record",
    )

    def __init__(self, switch, clock, cold, cold_id, calendar_id, log):
        self.switch = switch
        self.calendar = Calendar()
        self.wanted = 0
        self.source = BY_CALENDAR
        self.errors = 0
        self._clock = clock
        self._cold = cold
        self._cold_id = cold_id
        self._calendar_id = calendar_id
        self._log = log
        self._used = False
        self._command = _NONE
        self._command_s = 0  # left; 0: until it is given back
        self._boost_s = 0
        self._by_calendar = 0
        self._due_day = -1  # the calendar is looked at again then
        self._due_minute = 0
        self._adjusted = 0
        self._generation = 0
        self._unsaved_s = 0
        self._refused_s = 0
        self._dirty = False
        self._record = bytearray(RECORD)

    def start(self):
        """After the switch has been restored. Boot only."""
        calendar = bytearray(CALENDAR_BYTES)
        self._cold.load_into(self._calendar_id, calendar)
        self._used = self.calendar.load(calendar)
        record = self._record
        if self._cold.load_into(self._cold_id, record) != RECORD or record[0] != _VERSION:
            return
        self._used = True
        self._command = record[1]
        self._by_calendar = record[2]
        self.source = record[4]
        self.wanted = record[5]
        boost_min = record[3]
        command_min, boost_end, command_end = unpack_from("<Hii", record, 6)
        self._boost_s = self._left_s(boost_min, boost_end)
        self._command_s = self._left_s(command_min, command_end)
        if command_min and not self._command_s:
            self._command = _NONE
        if not self.wanted and self.switch.commanded:
            self.switch.command(False, 0, _METER)  # stored here, not yet there

    def _left_s(self, minutes, end):
        """Of `minutes` that were left when it was stored."""
        clock = self._clock
        if not minutes or not clock.valid or end < 0:
            return minutes * 60
        left_min = end - self._minute()
        return 0 if left_min <= 0 else min(left_min, minutes) * 60

    # -- what is asked for: rights are the door's business ----------------------------------------------------------

    @property
    def boost_left_min(self):
        """Minutes left of the boost, begun ones count; 0: none. allocates: no"""
        return (self._boost_s + 59) // 60

    def boost(self, minutes, now_ms):
        """On for 15, 30, 45 or 60 minutes from now. returns: 0, or as Switch.command, or 12: no such length. allocates: no"""
        if not STEP_MIN <= minutes <= MOST_MIN or minutes % STEP_MIN:
            return REFUSED_ARGUMENT
        return self._ask(BY_BOOST, self._command, self._command_s, minutes * 60, now_ms)

    def cancel_boost(self, now_ms):
        """returns: 0; not 0: there is none, or as `boost`. allocates: no"""
        if not self._boost_s:
            return sw.ALREADY
        return self._ask(_NOBODY, self._command, self._command_s, 0, now_ms)

    def command(self, closed, minutes, now_ms):
        """On or off for `minutes`, 0: until given back. returns: as `boost`. allocates: no"""
        if not 0 <= minutes <= MINUTES_MOST:
            return REFUSED_ARGUMENT
        return self._ask(BY_COMMAND, _ON if closed else _OFF, minutes * 60, self._boost_s, now_ms)

    def give_back(self, now_ms):
        """To the calendar; a boost goes on. returns: as `boost`. allocates: no"""
        return self._ask(BY_CALENDAR, _NONE, 0, self._boost_s, now_ms)

    def set_calendar(self, entries, specials):
        """As Calendar.put. returns: as that, 4: the store does not take it; not 0: nothing has changed. Allocates."""
        calendar = Calendar()
        refused = calendar.put(entries, specials)
        if refused:
            return refused
        try:
            if not self._cold.save(self._calendar_id, calendar.record):
                return 4
        except OSError:
            return 4
        calendar.load(calendar.record)
        self.calendar = calendar
        self._used = True
        self._due_day = -1
        return 0

    def _ask(self, by, command, command_s, boost_s, now_ms):
        wanted = 1 if boost_s else self._of(command)
        switch = self.switch
        result = sw.ACCEPTED
        if switch.commanded != wanted:
            result = switch.command(wanted == 1, now_ms, _METER)
            if result > sw.ALREADY:
                return result
        self._used = True
        self._command = command
        self._command_s = command_s
        self._boost_s = boost_s
        self._dirty = not self._save(self._source(), wanted)
        self._tell(wanted, by)
        return sw.ACCEPTED

    def _of(self, command):
        return self._by_calendar if command == _NONE else 1 if command == _ON else 0

    def _source(self):
        return BY_BOOST if self._boost_s else BY_COMMAND if self._command else BY_CALENDAR

    # -- time ---------------------------------------------------------------------------------------------------------

    def poll(self, now_ms, second):
        """An engine. allocates: no"""
        if not second or not self._used:
            return
        passed_s = self._clock.passed_s
        if self._boost_s:
            self._boost_s = max(0, self._boost_s - passed_s)
            self._unsaved_s += passed_s
        if self._command_s:
            self._command_s = max(0, self._command_s - passed_s)
            self._unsaved_s += passed_s
            if not self._command_s:
                self._command = _NONE
        self._look()
        wanted = 1 if self._boost_s else self._of(self._command)
        if self._dirty or wanted != self.wanted or self._source() != self.source or self._unsaved_s >= _SAVE_S:
            self._dirty = not self._save(self._source(), wanted)
            if self._dirty:
                return
            self._tell(wanted, _NOBODY)
        self._drive(passed_s, now_ms)

    def until_s(self):
        """Seconds to the next change, 1..86400. allocates: no"""
        if not self._used:
            return _DAY_S
        if self._dirty or self.switch.commanded != self.wanted:
            return 1
        until_s = _DAY_S
        if self._boost_s:
            until_s = self._boost_s
        if self._command_s:
            until_s = min(until_s, self._command_s)
        if self._due_day >= 0 and self._clock.valid:
            until_s = min(until_s, self._due_minute * 60 - self._clock.second)
        return until_s if until_s > 1 else 1

    def _look(self):
        """What the calendar says; without a valid clock what it said last."""
        clock = self._clock
        if not clock.valid:
            return
        if clock.adjusted != self._adjusted or clock.generation != self._generation:
            if clock.generation != self._generation:
                self._dirty = True  # the ends are stored by the clock
            self._adjusted = clock.adjusted
            self._generation = clock.generation
            self._due_day = -1
        minute = clock.second // 60
        if clock.day == self._due_day and minute < self._due_minute:
            return
        self._by_calendar = self.calendar.state(clock.day, minute)
        self._due_day = clock.day
        self._due_minute = self.calendar.next_minute(minute)

    def _drive(self, passed_s, now_ms):
        switch = self.switch
        if switch.commanded == self.wanted:
            self._refused_s = 0
            return
        if switch.command(self.wanted == 1, now_ms, _METER) <= sw.ALREADY:
            self._refused_s = 0
            return
        before_s = self._refused_s
        self._refused_s = min(before_s + passed_s, _DAY_S)
        if before_s <= _REFUSED_S < self._refused_s:
            self._log.append_now(codes.ALCS_FAILURE, alcs_extra(switch.relay.position(), 0))

    def _tell(self, wanted, by):
        """Logged when it changes, and when `by` has its way again."""
        source = self._source()
        changed = source == by or wanted != self.wanted or source != self.source
        self.wanted = wanted
        self.source = source
        if changed:
            end = 0
            left_s = self._boost_s if source == BY_BOOST else self._command_s if source == BY_COMMAND else 0
            if left_s and self._clock.valid:
                end = self._minute() + (left_s + 59) // 60
            self._log.append_now(_CODES[source], alcs_extra(wanted, end))

    def _minute(self):
        return self._clock.day * 1440 + self._clock.second // 60

    def _save(self, source, wanted):
        record = self._record
        record[0] = _VERSION
        record[1] = self._command
        record[2] = self._by_calendar
        record[3] = self.boost_left_min
        record[4] = source
        record[5] = wanted
        command_min = (self._command_s + 59) // 60
        now = self._minute() if self._clock.valid else -1
        boost_end = now + self.boost_left_min if now >= 0 and self._boost_s else -1
        command_end = now + command_min if now >= 0 and command_min else -1
        pack_into("<Hii", record, 6, command_min, boost_end, command_end)
        try:
            if not self._cold.save(self._cold_id, record):
                return False
        except OSError:
            self.errors += 1
            return False
        self._unsaved_s = 0
        return True
