# SPDX-License-Identifier: MIT
"""Whole-set validation: a calendar or tariff set that breaks one rule is refused whole, with the reason and the place.

The same code judges in the meter and in the host tools, which have the texts of the reasons (host_tools/tariff_file.py).
A verdict is 0, or reason << 8 | index of the entry that is wrong. Limits: 4 seasons, 5 weeks (4 on the secondary element), 16
day profiles, 48 switches a day and 200 in all, 50 special days (SGM1400-B user manual, chapter 2).
"""

from micropython import const

from app.clock import days_in_month
from app.tariff import calendar as c
from app.tariff import tariff_set as t

PRIMARY = const(1)  # kinds of calendar: scripts 1..48, or 101..108; and 99
SECONDARY = const(2)  # scripts 201..204

LENGTH = const(1)  # shorter or longer than it says, or than allowed
VERSION = const(2)
KIND = const(3)  # a calendar of the other element
RESERVED = const(4)  # a byte that must be 0
SEASON_COUNT = const(5)
WEEK_COUNT = const(6)
PROFILE_COUNT = const(7)
SPECIAL_COUNT = const(8)
SWITCH_COUNT = const(9)
SEASON_DATE = const(10)
SEASON_TWICE = const(11)
SEASON_WEEK = const(12)  # names a week that is not there
WEEK_TWICE = const(13)
WEEK_DAY = const(14)  # names a day profile that is not there
WEEK_EMPTY = const(15)  # no day of it has a switch: days without entry and no predecessor
PROFILE_TWICE = const(16)
PROFILE_SWITCHES = const(17)  # too many, or not where the one before ends
SWITCH_TIME = const(18)
SWITCH_ORDER = const(19)
SWITCH_SCRIPT = const(20)
SCRIPT_MIX = const(21)  # time of use and blocks are alternatives
SPECIAL_DATE = const(22)
SPECIAL_ORDER = const(23)  # not ascending, or twice
SPECIAL_DAY = const(24)
THRESHOLD_ORDER = const(25)
PRICE_RANGE = const(26)
CHECKSUM = const(27)
REASONS = const(27)


def calendar(buf, at, end, kind):
    """Judge the calendar in buf[at:end], which it must fill. returns: verdict. allocates: no"""
    if end - at < c.HEAD:
        return LENGTH << 8
    if buf[at] != 1:
        return VERSION << 8
    if buf[at + 1] != kind:
        return KIND << 8
    if buf[at + 7]:
        return RESERVED << 8
    if not 1 <= buf[at + 2] <= 4:
        return SEASON_COUNT << 8
    if not 1 <= buf[at + 3] <= (5 if kind == PRIMARY else 4):
        return WEEK_COUNT << 8
    if not 1 <= buf[at + 4] <= 16:
        return PROFILE_COUNT << 8
    if buf[at + 5] > 50:
        return SPECIAL_COUNT << 8
    if not 1 <= buf[at + 6] <= 200:
        return SWITCH_COUNT << 8
    weeks = at + c.HEAD + c.SEASON * buf[at + 2]
    profiles = weeks + c.WEEK * buf[at + 3]
    specials = profiles + c.PROFILE * buf[at + 4]
    switches = specials + c.SPECIAL * buf[at + 5]
    if switches + c.SWITCH * buf[at + 6] != end:
        return LENGTH << 8
    return (
        _profiles(buf, profiles, specials, switches, end)
        or _scripts(buf, switches, end, kind)
        or _weeks(buf, weeks, profiles, specials, switches)
        or _seasons(buf, at + c.HEAD, weeks, profiles)
        or _specials(buf, specials, switches, profiles)
    )


def _has(buf, at, end, size, wanted):
    """Does a record of buf[at:end], `size` bytes each, start with the id `wanted`?"""
    while at < end:
        if buf[at] == wanted:
            return True
        at += size
    return False


def _profiles(buf, at, end, switches, switches_end):
    start = at
    used = 0
    index = 0
    while at < end:
        if _has(buf, start, at, c.PROFILE, buf[at]):
            return PROFILE_TWICE << 8 | index
        if buf[at + 1] != used or buf[at + 2] > 48:
            return PROFILE_SWITCHES << 8 | index
        if buf[at + 3]:
            return RESERVED << 8 | index
        last = -1
        for number in range(used, used + buf[at + 2]):
            place = switches + c.SWITCH * number
            if place >= switches_end:
                return PROFILE_SWITCHES << 8 | index
            minute = buf[place] | buf[place + 1] << 8
            if minute >= c.MINUTES_A_DAY:
                return SWITCH_TIME << 8 | number
            if minute <= last:
                return SWITCH_ORDER << 8 | number
            last = minute
        used += buf[at + 2]
        at += c.PROFILE
        index += 1
    return 0 if switches + c.SWITCH * used == switches_end else PROFILE_SWITCHES << 8 | index - 1


def _scripts(buf, at, end, kind):
    family = 0  # of the scripts before: 1 time of use, 2 blocks, 3 secondary
    index = 0
    while at < end:
        script = buf[at + 2]
        if kind == SECONDARY:
            found = 3 if 201 <= script <= 204 else 0
        elif script == c.RESET_COUNTERS:
            found = family
        else:
            found = 1 if 1 <= script <= 48 else 2 if 101 <= script <= 108 else 0
        if not found and (kind == SECONDARY or script != c.RESET_COUNTERS):
            return SWITCH_SCRIPT << 8 | index
        if family and found != family:
            return SCRIPT_MIX << 8 | index
        family = found
        at += c.SWITCH
        index += 1
    return 0


def _weeks(buf, at, end, profiles_end, switches):
    start = at
    index = 0
    while at < end:
        if _has(buf, start, at, c.WEEK, buf[at]):
            return WEEK_TWICE << 8 | index
        acts = False
        for day in range(1, 8):
            place = end  # the day profiles follow
            while place < profiles_end and buf[place] != buf[at + day]:
                place += c.PROFILE
            if place >= profiles_end:
                return WEEK_DAY << 8 | index
            acts = acts or _acts(buf, place, switches)
        if not acts:
            return WEEK_EMPTY << 8 | index
        at += c.WEEK
        index += 1
    return 0


def _acts(buf, profile, switches):
    # Script 99 alone puts no register in force.
    for number in range(buf[profile + 1], buf[profile + 1] + buf[profile + 2]):
        if buf[switches + c.SWITCH * number + 2] != c.RESET_COUNTERS:
            return True
    return False


def _bad_date(year, month, day):
    if year != c.ANY_YEAR and not 2000 <= year <= 2199:
        return True
    if not 1 <= month <= 12:
        return True
    return not 1 <= day <= days_in_month(2000 if year == c.ANY_YEAR else year, month)


def _seasons(buf, at, end, weeks_end):
    start = at
    index = 0
    while at < end:
        if buf[at + 5]:
            return RESERVED << 8 | index
        if _bad_date(buf[at] | buf[at + 1] << 8, buf[at + 2], buf[at + 3]):
            return SEASON_DATE << 8 | index
        before = start
        while before < at:
            if buf[before] == buf[at] and buf[before + 1] == buf[at + 1]:
                if buf[before + 2] == buf[at + 2] and buf[before + 3] == buf[at + 3]:
                    return SEASON_TWICE << 8 | index
            before += c.SEASON
        if not _has(buf, end, weeks_end, c.WEEK, buf[at + 4]):
            return SEASON_WEEK << 8 | index
        at += c.SEASON
        index += 1
    return 0


def _specials(buf, at, end, profiles):
    start = at
    index = 0
    last_key = last_year = -1
    while at < end:
        key = buf[at] << 5 | buf[at + 1]
        year = buf[at + 2] | buf[at + 3] << 8
        if _bad_date(year, buf[at], buf[at + 1]):
            return SPECIAL_DATE << 8 | index
        if key < last_key or (key == last_key and year <= last_year):
            return SPECIAL_ORDER << 8 | index
        last_key = key
        last_year = year
        if not _has(buf, profiles, start, c.PROFILE, buf[at + 4]):
            return SPECIAL_DAY << 8 | index
        at += c.SPECIAL
        index += 1
    return 0


def tariff_set(buf, n, crc):
    """Judge the tariff set buf[:n] with its checksum. crc: Checksum port. returns: verdict. allocates: no

    An index of the secondary calendar counts from 0 as one of the primary does.
    """
    if not t.FIXED + 4 < n <= t.MAX_BYTES or len(buf) < n or buf[2] | buf[3] << 8 != n:
        return LENGTH << 8
    if not crc.valid(buf, n - 4):
        return CHECKSUM << 8
    if buf[0] != t.VERSION:
        return VERSION << 8
    if buf[1]:
        return RESERVED << 8
    secondary = buf[14] | buf[15] << 8
    if buf[12] | buf[13] << 8 != t.FIXED or (secondary and not t.FIXED < secondary < n - 4):
        return LENGTH << 8
    for index in range(t.PRICES):
        # Small ints on every port: -2^30 .. 2^30 - 1.
        if 0x40 <= buf[t.PRICES_AT + 4 * index + 3] < 0xC0:
            return PRICE_RANGE << 8 | index
    verdict = _thresholds(buf)
    if verdict:
        return verdict
    verdict = calendar(buf, t.FIXED, secondary or n - 4, PRIMARY)
    if verdict or not secondary:
        return verdict
    return calendar(buf, secondary, n - 4, SECONDARY)


def _thresholds(buf):
    for group in range(8):
        at = t.THRESHOLDS_AT + 12 * group
        for index in range(1, 3):
            low = at + 4 * index - 4
            if not t.unused(buf, low + 4) and not _below(buf, low, low + 4):
                return THRESHOLD_ORDER << 8 | group
    return 0


def _below(buf, a, b):
    """u32 at a < u32 at b; in 16-bit halves, for an int of 2**30 is boxed on a 32-bit port."""
    high_a = buf[a + 2] | buf[a + 3] << 8
    high_b = buf[b + 2] | buf[b + 3] << 8
    if high_a != high_b:
        return high_a < high_b
    return buf[a] | buf[a + 1] << 8 < buf[b] | buf[b + 1] << 8
