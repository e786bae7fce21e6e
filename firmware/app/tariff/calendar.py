# SPDX-License-Identifier: MIT
"""Activity calendar: which script is in force at a minute of UTC. Reads the packed form where it lies; nothing is copied.

Seasons name weeks, weeks name day profiles, a day profile is a list of {minute of day, script}; special days override the
week. Rules:

* Season: the one with the latest start not after the day. A start without a year recurs, so the last one of a year runs on
  into the next; of two that start on one day the dated one counts. Before the first start of a calendar that has dated seasons
  only, no season is active and no day has a switch. A start on 29 February is 1 March in a common year, unless another season
  starts on that 1 March.
* Special day: with its year before the same without; 29 February without a year is a day of leap years only.
* A day's first switch may be later than 00:00, and a day may have none: the action before it continues.
* Script 99 is an extra action, it changes no register: the script that was in force stays in force.

Sources: DLMS UA Blue Book, classes 9, 11 and 20; SMETS2 technical specification, Tariff Switching Table. That recurring seasons
wrap at the year's end is unverified. Bytes: docs/SPEC.md, "Tariff set".
"""

from micropython import const

from app.clock import civil_from_day, weekday

ANY_YEAR = const(0xFFFF)
RESET_COUNTERS = const(99)
MINUTES_A_DAY = const(1440)

HEAD = const(8)  # <BBBBBBBB version, kind, seasons, weeks, day profiles, special days, switches, 0
SEASON = const(6)  # <HBBBB year, month, day, week id, 0
WEEK = const(8)  # week id, day ids of Monday..Sunday
PROFILE = const(4)  # day id, number of the first of its switches, how many, 0
SWITCH = const(3)  # <HB minute of day, script; ascending within a day profile
SPECIAL = const(5)  # <BBHB month, day, year, day id; ascending by month, day, year

# A calendar in which as many days in a row have no switch has none to be found (50 special days and 4 seasons cannot hide one
# for longer, unless they do so every year).
SEARCH_DAYS = const(400)


class Calendar:
    """load() a valid one (app.tariff.validate) first. resets: it has a script 99 somewhere."""

    __slots__ = (
        "resets",
        "_buf",
        "_season_at",
        "_week_at",
        "_profile_at",
        "_special_at",
        "_switch_at",
        "_end",
        "_specials",
        "_date",
    )

    def __init__(self):
        self._date = [0, 0, 0]
        self.load(b"\x01\x00\x00\x00\x00\x00\x00\x00", 0)

    def load(self, buf, at):
        """Read from buf[at:] from now on; buf must not change. returns: where it ends"""
        self._buf = buf
        self._season_at = at + HEAD
        self._week_at = self._season_at + SEASON * buf[at + 2]
        self._profile_at = self._week_at + WEEK * buf[at + 3]
        self._special_at = self._profile_at + PROFILE * buf[at + 4]
        self._specials = buf[at + 5]
        self._switch_at = self._special_at + SPECIAL * self._specials
        self._end = self._switch_at + SWITCH * buf[at + 6]
        self.resets = False
        for place in range(self._switch_at, self._end, SWITCH):
            if buf[place + 2] == RESET_COUNTERS:
                self.resets = True
        return self._end

    def script_at(self, day, minute):
        """Script in force, or 0: no action within the last 400 days. day: since 2000-01-01; minute: of day. allocates: no"""
        buf = self._buf
        for _ in range(SEARCH_DAYS):
            profile = self._profile(day)
            if profile:
                first = self._switch_at + SWITCH * buf[profile + 1]
                at = first + SWITCH * buf[profile + 2]
                while at > first:
                    at -= SWITCH
                    if buf[at] | buf[at + 1] << 8 <= minute and buf[at + 2] != RESET_COUNTERS:
                        return buf[at + 2]
            if not day:
                break
            day -= 1
            minute = MINUTES_A_DAY
        return 0

    def next_switch_minute(self, minute_number):
        """Minute number (day x 1440 + minute of day) of the first action after this one, script 99 included. When today and
        tomorrow have none: the start of the day after, when to ask again. allocates: no
        """
        buf = self._buf
        day = minute_number // MINUTES_A_DAY
        minute = minute_number - day * MINUTES_A_DAY
        for _ in range(2):
            profile = self._profile(day)
            if profile:
                at = self._switch_at + SWITCH * buf[profile + 1]
                end = at + SWITCH * buf[profile + 2]
                while at < end:
                    found = buf[at] | buf[at + 1] << 8
                    if found > minute:
                        return day * MINUTES_A_DAY + found
                    at += SWITCH
            day += 1
            minute = -1
        return day * MINUTES_A_DAY

    def last_reset_minute(self, minute_number, after):
        """Minute number of the last script 99 at or before minute_number and later than `after`, or -1. allocates: no"""
        if not self.resets:
            return -1
        buf = self._buf
        day = minute_number // MINUTES_A_DAY
        minute = minute_number - day * MINUTES_A_DAY
        for _ in range(SEARCH_DAYS):
            if day < 0 or day * MINUTES_A_DAY + MINUTES_A_DAY <= after:
                break
            profile = self._profile(day)
            if profile:
                first = self._switch_at + SWITCH * buf[profile + 1]
                at = first + SWITCH * buf[profile + 2]
                while at > first:
                    at -= SWITCH
                    found = buf[at] | buf[at + 1] << 8
                    if found <= minute and buf[at + 2] == RESET_COUNTERS:
                        found += day * MINUTES_A_DAY
                        return found if found > after else -1
            day -= 1
            minute = MINUTES_A_DAY
        return -1

    def _profile(self, day):
        """Where the day profile of a day lies, 0: it has none."""
        date = self._date
        civil_from_day(day, date)
        buf = self._buf
        found = self._special(date[0], date[1] << 5 | date[2])
        if found < 0:
            week = self._week(date[0], date[1] << 5 | date[2])
            if not week:
                return 0
            found = buf[week + weekday(day)]
        at = self._profile_at
        end = self._special_at
        while at < end:
            if buf[at] == found:
                return at
            at += PROFILE
        return 0

    def _special(self, year, key):
        """Day id of a special day, -1: it is none. key: month << 5 | day"""
        buf = self._buf
        start = self._special_at
        low = 0
        high = self._specials
        while low < high:  # the first whose key is not below
            middle = (low + high) >> 1
            at = start + SPECIAL * middle
            if buf[at] << 5 | buf[at + 1] < key:
                low = middle + 1
            else:
                high = middle
        at = start + SPECIAL * low
        end = self._switch_at
        while at < end and buf[at] << 5 | buf[at + 1] == key:
            found = (buf[at + 2] | buf[at + 3] << 8) - year
            if not found or found == ANY_YEAR - year:  # no year comes last
                return buf[at + 4]
            at += SPECIAL
        return -1

    def _week(self, year, key):
        """Where the week of the active season lies, 0: no season is active."""
        buf = self._buf
        best = -1
        week_id = 0
        at = self._season_at
        today = year << 10 | key << 1 | 1
        while at < self._week_at:
            start = buf[at] | buf[at + 1] << 8
            dated = 0
            if start == ANY_YEAR:
                start = year if buf[at + 2] << 5 | buf[at + 3] <= key else year - 1
            else:
                dated = 1
            start = start << 10 | buf[at + 2] << 6 | buf[at + 3] << 1 | dated
            if best < start <= today:
                best = start
                week_id = buf[at + 4]
            at += SEASON
        if best < 0:
            return 0
        at = self._week_at
        while at < self._profile_at:
            if buf[at] == week_id:
                return at
            at += WEEK
        return 0
