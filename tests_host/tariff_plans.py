# SPDX-License-Identifier: MIT
"""Plans (tests_host/tariff_oracle.py) in the packed form of docs/SPEC.md, whole sets by chance, and ways to spoil a plan."""

import struct

from app.store.crc32 import Crc32
from app.tariff import validate as v

from tests_host import tariff_oracle

ANY = 0xFFFF


def pack_plan(plan, kind=1):
    """bytes of a calendar, written from the specification."""
    switches = [switch for day in plan["days"].values() for switch in day]
    specials = sorted((month, day, ANY if year is None else year, to) for year, month, day, to in plan["specials"])
    counts = [len(plan["seasons"]), len(plan["weeks"]), len(plan["days"]), len(specials), len(switches)]
    out = bytearray([1, kind, *(count & 0xFF for count in counts), 0])
    for year, month, day, week in plan["seasons"]:
        out += struct.pack("<HBBBB", ANY if year is None else year, month, day, week, 0)
    for week, days in plan["weeks"].items():
        out += bytes([week, *days])
    number = 0
    for day, found in plan["days"].items():
        out += bytes([day, number & 0xFF, len(found), 0])
        number += len(found)
    for special in specials:
        out += struct.pack("<BBHB", *special)
    for switch in switches:
        out += struct.pack("<HB", *switch)
    return bytes(out)


def random_set(rng):
    """bytes of a valid tariff set."""
    primary = pack_plan(tariff_oracle.random_plan(rng))
    secondary = pack_plan(tariff_oracle.random_plan(rng, secondary=True), 2) if rng.random() < 0.7 else b""
    n = 448 + len(primary) + len(secondary) + 4
    name = rng.choice((b"        ", b"A       ", b"TARIFF 7"))
    out = bytearray(struct.pack("<BBH8sHH", 1, 0, n, name, 448, 448 + len(primary) if secondary else 0))
    for _ in range(84):
        out += struct.pack("<i", rng.choice((0, rng.randint(-(1 << 30), (1 << 30) - 1), rng.randint(0, 50_000))))
    for _ in range(8):
        limits = sorted(rng.sample(range(0, rng.choice((4, 50_000, 0xFFFFFFFF))), rng.randint(0, 3)))
        out += struct.pack("<3I", *(limits + [0xFFFFFFFF] * 3)[:3])
    out += primary + secondary + bytes(4)
    Crc32().seal(out, n - 4)
    return bytes(out)


# Each breaks one rule and returns the reasons that may be given for it.


def _some_day(plan, rng):
    return rng.choice([day for day, switches in plan["days"].items() if switches])


def _times(plan, rng):
    day = _some_day(plan, rng)
    plan["days"][day] = [(700, plan["days"][day][0][1]), (700, plan["days"][day][0][1])]
    return {v.SWITCH_ORDER, v.SWITCH_COUNT}


def _late(plan, rng):
    day = _some_day(plan, rng)
    plan["days"][day][-1] = (rng.randint(1440, 65_535), plan["days"][day][-1][1])
    return {v.SWITCH_TIME}


def _script(plan, rng):
    day = _some_day(plan, rng)
    wrong = rng.choice((0, 49, 98, 100, 109, 201, 255))
    plan["days"][day][0] = (plan["days"][day][0][0], wrong)
    return {v.SWITCH_SCRIPT}


def _mix(plan, rng):
    day = _some_day(plan, rng)
    first = next(script for switches in plan["days"].values() for _, script in switches if script != 99)
    other = 101 if first < 99 else 1
    plan["days"][day] = [(0, first), (1, other)]
    return {v.SCRIPT_MIX, v.SWITCH_COUNT}


def _week_gone(plan, rng):
    year, month, day, _ = plan["seasons"][-1]
    plan["seasons"][-1] = (year, month, day, next(k for k in range(256) if k not in plan["weeks"]))
    return {v.SEASON_WEEK}


def _unknown_day(plan):
    return next(k for k in range(256) if k not in plan["days"])


def _day_gone(plan, rng):
    rng.choice(list(plan["weeks"].values()))[rng.randrange(7)] = _unknown_day(plan)
    return {v.WEEK_DAY}


def _special_gone(plan, rng):
    plan["specials"] = [(None, 5, 5, _unknown_day(plan))]
    return {v.SPECIAL_DAY}


NO_DATES = ((None, 2, 30), (2025, 2, 29), (None, 13, 1), (None, 0, 1), (None, 6, 31), (1999, 1, 1))


def _season_date(plan, rng):
    plan["seasons"][0] = (*rng.choice(NO_DATES), plan["seasons"][0][3])
    return {v.SEASON_DATE}


def _special_date(plan, rng):
    plan["specials"] = [(*rng.choice(NO_DATES), next(iter(plan["days"])))]
    return {v.SPECIAL_DATE}


def _season_twice(plan, rng):
    plan["seasons"] = [plan["seasons"][0], plan["seasons"][0]]
    return {v.SEASON_TWICE}


def _special_twice(plan, rng):
    day = next(iter(plan["days"]))
    plan["specials"] = [(2030, 3, 3, day), (2030, 3, 3, day)]
    return {v.SPECIAL_ORDER}


def _seasons(plan, rng):
    plan["seasons"] = rng.choice(([], plan["seasons"] * 5))
    return {v.SEASON_COUNT}


def _switches(plan, rng):
    day = _some_day(plan, rng)
    script = next(script for switches in plan["days"].values() for _, script in switches if script != 99)
    plan["days"][day] = [(minute, script) for minute in range(49)]
    return {v.PROFILE_SWITCHES, v.SWITCH_COUNT}


def _specials(plan, rng):
    day = next(iter(plan["days"]))
    plan["specials"] = [(None, 1 + k // 28, 1 + k % 28, day) for k in range(rng.randint(51, 255))]
    return {v.SPECIAL_COUNT}


def _empty_week(plan, rng):
    spare = rng.choice(list(plan["days"]))
    plan["days"][spare] = []
    rng.choice(list(plan["weeks"].values()))[:] = [spare] * 7
    # Or the calendar has lost its only switch, or a day that others need.
    return {v.WEEK_EMPTY, v.SWITCH_COUNT}


SPOILERS = {
    "times": _times,
    "late": _late,
    "script": _script,
    "mix": _mix,
    "week gone": _week_gone,
    "day gone": _day_gone,
    "special gone": _special_gone,
    "season date": _season_date,
    "special date": _special_date,
    "season twice": _season_twice,
    "special twice": _special_twice,
    "seasons": _seasons,
    "switches": _switches,
    "specials": _specials,
    "empty week": _empty_week,
}
