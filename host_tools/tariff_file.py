# SPDX-License-Identifier: MIT
"""Tariff sets as TOML files (docs/tariffs.md) and as the bytes that a meter stores (docs/SPEC.md, "Tariff set").

What is packed is judged by the meter's own code (app.tariff.validate): a file that this module takes, every meter takes.
"""

import re
import struct
import tomllib
from decimal import Decimal, DecimalException
from pathlib import Path

from app.store.crc32 import Crc32
from app.tariff import calendar as c
from app.tariff import tariff_set as t
from app.tariff import validate as v

from host_tools.errors import BadInput

UNUSED = 0xFFFFFFFF
FAMILIES = {"tou": (1, 48), "block": (101, 8), "secondary": (201, 4)}  # first script, how many
_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

REASONS = {
    v.LENGTH: "the length is wrong",
    v.VERSION: "the version is not known",
    v.KIND: "a calendar of the other element",
    v.RESERVED: "a byte that must be 0 is not",
    v.SEASON_COUNT: "1 to 4 seasons are allowed",
    v.WEEK_COUNT: "1 to 5 weeks are allowed, on the secondary element 4",
    v.PROFILE_COUNT: "1 to 16 day profiles are allowed",
    v.SPECIAL_COUNT: "at most 50 special days are allowed",
    v.SWITCH_COUNT: "1 to 200 switches are allowed in all",
    v.SEASON_DATE: "there is no such date",
    v.SEASON_TWICE: "another season starts on the same day",
    v.SEASON_WEEK: "there is no such week",
    v.WEEK_TWICE: "the week is there twice",
    v.WEEK_DAY: "a day of it is not there",
    v.WEEK_EMPTY: "no day of it has a switch",
    v.PROFILE_TWICE: "the day profile is there twice",
    v.PROFILE_SWITCHES: "at most 48 switches a day are allowed",
    v.SWITCH_TIME: "the time is not one of a day",
    v.SWITCH_ORDER: "the times are not ascending",
    v.SWITCH_SCRIPT: "this calendar cannot have that script",
    v.SCRIPT_MIX: "time of use and blocks are alternatives, a calendar has one of them",
    v.SPECIAL_DATE: "there is no such date",
    v.SPECIAL_ORDER: "the dates are not ascending, or one is there twice",
    v.SPECIAL_DAY: "there is no such day profile",
    v.THRESHOLD_ORDER: "the thresholds are not ascending",
    v.PRICE_RANGE: "the price is out of range",
    v.CHECKSUM: "the checksum is wrong",
}
_OF = {
    "season": (v.SEASON_DATE, v.SEASON_TWICE, v.SEASON_WEEK),
    "week": (v.WEEK_TWICE, v.WEEK_DAY, v.WEEK_EMPTY),
    "day profile": (v.PROFILE_TWICE, v.PROFILE_SWITCHES),
    "switch": (v.SWITCH_TIME, v.SWITCH_ORDER, v.SWITCH_SCRIPT, v.SCRIPT_MIX),
    "special day": (v.SPECIAL_DATE, v.SPECIAL_ORDER, v.SPECIAL_DAY),
    "block group": (v.THRESHOLD_ORDER,),
    "price": (v.PRICE_RANGE,),
}


def explain(verdict):
    """One line for a verdict of app.tariff.validate that is not 0."""
    reason, index = verdict >> 8, verdict & 0xFF
    place = next((f"{kind} {index + 1}: " for kind, reasons in _OF.items() if reason in reasons), "")
    return place + REASONS.get(reason, f"reason {reason}")


def judge(blob):
    """None, or one line that says why the meter refuses this set."""
    verdict = v.tariff_set(blob, len(blob), Crc32())
    return explain(verdict) if verdict else None


def load(path):
    """bytes of the tariff set in a TOML file. raises: BadInput with one line"""
    try:
        document = tomllib.loads(Path(path).read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path}: not TOML: {error}")
    try:
        return pack(document)
    except BadInput as error:
        raise BadInput(f"{path}: {error}")


def pack(document):
    """bytes of a tariff set; document: what tomllib makes of the file. raises: BadInput"""
    _only(document, "the file", ("name", "prices", "thresholds", "calendar", "secondary"))
    out = bytearray(t.FIXED)
    struct.pack_into("<BBH8sH", out, 0, t.VERSION, 0, 0, _name(document), t.FIXED)
    prices = _table(document, "prices")
    _only(prices, "prices", FAMILIES)
    for index, price in _prices(prices):
        struct.pack_into("<i", out, t.PRICES_AT + 4 * index, price)
    for group, limits in enumerate(_thresholds(_table(document, "thresholds"))):
        struct.pack_into("<3I", out, t.THRESHOLDS_AT + 12 * group, *limits)
    if "calendar" not in document:
        raise BadInput("there is no [calendar]")
    out += _Plan(_table(document, "calendar"), "calendar").packed(v.PRIMARY)
    if "secondary" in document:
        struct.pack_into("<H", out, 14, len(out))
        out += _Plan(_table(document, "secondary"), "secondary").packed(v.SECONDARY)
    struct.pack_into("<H", out, 2, len(out) + 4)
    out += bytes(4)
    Crc32().seal(out, len(out) - 4)
    wrong = judge(out)
    if wrong:
        raise BadInput(wrong)
    return bytes(out)


# Reading a document


def _only(table, title, names):
    for name in table:
        if name not in names:
            raise BadInput(f"{title}: {name!r} is not known")


def _table(parent, name):
    found = parent.get(name, {})
    if not isinstance(found, dict):
        raise BadInput(f"{name}: a table is wanted")
    return found


def _name(document):
    name = document.get("name", "")
    if not isinstance(name, str) or not name.isascii() or len(name) > 8:
        raise BadInput("name: at most eight ASCII characters")
    return name.encode().ljust(8)


def _number(text, most, what):
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise BadInput(f"{what}: {text!r} is not one of 1 to {most}")
    return int(text)


def _price(value, what):
    """1e-5 currency unit per kWh"""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise BadInput(f"{what}: {value!r} is not a price")
    try:
        scaled = Decimal(str(value)).scaleb(5)
        whole = int(scaled)
    except (DecimalException, OverflowError, ValueError):
        raise BadInput(f"{what}: {value} is not a price")
    if scaled != whole:
        raise BadInput(f"{what}: {value} has more than five decimals")
    if not -(1 << 30) <= whole < 1 << 30:
        raise BadInput(f"{what}: {value} is out of range")
    return whole


def _prices(prices):
    """(number, price in 1e-5) of every price that is given."""
    for key, value in _table(prices, "tou").items():
        yield _number(key, 48, "prices.tou") - 1, _price(value, f"prices.tou {key}")
    for key, value in _table(prices, "secondary").items():
        yield t.SECONDARY_PRICES + _number(key, 4, "prices.secondary") - 1, _price(value, f"prices.secondary {key}")
    for key, values in _table(prices, "block").items():
        group = _number(key, 8, "prices.block") - 1
        if not isinstance(values, list) or not 1 <= len(values) <= 4:
            raise BadInput(f"prices.block {key}: a list of one to four prices is wanted")
        for block, value in enumerate(values):
            yield t.BLOCK_PRICES + 8 * block + group, _price(value, f"prices.block {key}, block {block + 1}")


def _thresholds(table):
    """Eight lists of three thresholds in Wh."""
    found = [[UNUSED] * 3 for _ in range(8)]
    for key, values in table.items():
        group = _number(key, 8, "thresholds") - 1
        if not isinstance(values, list) or not 1 <= len(values) <= 3:
            raise BadInput(f"thresholds {key}: a list of one to three numbers of Wh is wanted")
        for k, value in enumerate(values):
            if type(value) is not int or not 0 <= value < UNUSED:
                raise BadInput(f"thresholds {key}: {value!r} is not a whole number of Wh")
            found[group][k] = value
    return found


def _ids(names, what):
    """{name: id}: the number itself where all are numbers, else 1, 2, 3 ... in their order."""
    if len(names) > 256:
        raise BadInput(f"{what}: too many")
    if all(re.fullmatch(r"0|[1-9]\d{0,2}", name) and int(name) < 256 for name in names):
        return {name: int(name) for name in names}
    return {name: number for number, name in enumerate(names, 1)}


def _date(text, what):
    """(year or ANY_YEAR, month, day) of "2026-12-25" or "12-25"."""
    found = re.fullmatch(r"(?:(\d{4})-)?(\d\d)-(\d\d)", text) if isinstance(text, str) else None
    if not found:
        raise BadInput(f'{what}: {text!r} is not a date like "12-25" or "2026-12-25"')
    return int(found[1]) if found[1] else c.ANY_YEAR, int(found[2]), int(found[3])


class _Plan:
    """A calendar table of a document, its names kept for the messages."""

    def __init__(self, table, title):
        _only(table, title, ("seasons", "weeks", "days", "special"))
        self.title = title
        days = _table(table, "days")
        weeks = _table(table, "weeks")
        self.day_names = list(days)
        self.week_names = list(weeks)
        self.day_ids = _ids(self.day_names, f"{title}.days")
        self.week_ids = _ids(self.week_names, f"{title}.weeks")
        self.days = [self._switches(name, switches) for name, switches in days.items()]
        self.switch_names = [f"switch {k + 1} of day {name!r}" for name, d in days.items() for k in range(len(d))]
        self.weeks = [self._week(name, week) for name, week in weeks.items()]
        self.season_names = list(_table(table, "seasons"))
        self.seasons = [self._season(name, season) for name, season in _table(table, "seasons").items()]
        special = sorted(
            (_date(date, f"{title}.special"), date, day)
            for date, day in _table(table, "special").items()
            if self._said(day)
        )
        special.sort(key=lambda entry: (entry[0][1], entry[0][2], entry[0][0]))
        self.special_names = [date for _, date, _ in special]
        self.specials = [(*date, self._day(day, f"{title}.special {text}")) for date, text, day in special]

    def _said(self, day):
        if not isinstance(day, str):
            raise BadInput(f"{self.title}.special: {day!r} is not the name of a day")
        return True

    def _day(self, name, what):
        if not isinstance(name, str) or name not in self.day_ids:
            raise BadInput(f"{what}: there is no day {name!r}")
        return self.day_ids[name]

    def _switches(self, name, switches):
        what = f"{self.title}.days.{name}"
        if not isinstance(switches, list):
            raise BadInput(f"{what}: a list of [time, script] is wanted")
        found = []
        for switch in switches:
            if not isinstance(switch, list) or len(switch) != 2 or not all(isinstance(part, str) for part in switch):
                raise BadInput(f'{what}: {switch!r} is not a [time, script] like ["00:30", "tou 2"]')
            time = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", switch[0])
            if not time:
                raise BadInput(f"{what}: {switch[0]!r} is not a time of day")
            found.append((60 * int(time[1]) + int(time[2]), self._script(switch[1], what)))
        return found

    def _script(self, text, what):
        if text == "reset":
            return c.RESET_COUNTERS
        family, _, number = text.partition(" ")
        if family not in FAMILIES:
            raise BadInput(f'{what}: {text!r} is not a script like "tou 1", "block 1", "secondary 1", "reset"')
        first, count = FAMILIES[family]
        return first - 1 + _number(number, count, f"{what}: {family}")

    def _week(self, name, week):
        what = f"{self.title}.weeks.{name}"
        if not isinstance(week, list) or len(week) != 7:
            raise BadInput(f"{what}: seven days are wanted, {_WEEK[0]} to {_WEEK[6]}")
        return [self.week_ids[name], *(self._day(day, what) for day in week)]

    def _season(self, name, season):
        what = f"{self.title}.seasons.{name}"
        if not isinstance(season, dict) or set(season) != {"start", "week"}:
            raise BadInput(f"{what}: start and week are wanted")
        if not isinstance(season["week"], str) or season["week"] not in self.week_ids:
            raise BadInput(f"{what}: there is no week {season['week']!r}")
        return (*_date(season["start"], what), self.week_ids[season["week"]])

    def packed(self, kind):
        """bytes. raises: BadInput, with the name of what is wrong"""
        count = sum(len(switches) for switches in self.days)
        counts = [len(self.seasons), len(self.weeks), len(self.days), len(self.specials), count]
        reasons = (v.SEASON_COUNT, v.WEEK_COUNT, v.PROFILE_COUNT, v.SPECIAL_COUNT, v.SWITCH_COUNT)
        for n, reason in zip(counts, reasons, strict=True):
            if n > 255:  # does not fit its byte
                raise BadInput(f"{self.title}: {REASONS[reason]}")
        out = bytearray(struct.pack("<8B", 1, kind, *counts, 0))
        for year, month, day, week in self.seasons:
            out += struct.pack("<HBBBB", year, month, day, week, 0)
        for week in self.weeks:
            out += bytes(week)
        at = 0
        for day, switches in zip(self.day_ids.values(), self.days, strict=True):
            out += struct.pack("<BBBB", day, at, len(switches), 0)
            at += len(switches)
        for year, month, day, profile in self.specials:
            out += struct.pack("<BBHB", month, day, year, profile)
        for switches in self.days:
            for minute, script in switches:
                out += struct.pack("<HB", minute, script)
        verdict = v.calendar(out, 0, len(out), kind)
        if verdict:
            raise BadInput(f"{self.title}: {self._explain(verdict >> 8, verdict & 0xFF)}")
        return out

    def _explain(self, reason, index):
        named = {
            "season": self.season_names,
            "week": self.week_names,
            "day profile": self.day_names,
            "special day": self.special_names,
        }
        for kind, reasons in _OF.items():
            if reason not in reasons:
                continue
            if kind == "switch":
                return f"{self.switch_names[index]}: {REASONS[reason]}"
            return f"{kind} {named[kind][index]!r}: {REASONS[reason]}"
        return REASONS[reason]
