# SPDX-License-Identifier: MIT
"""What a calendar says, worked out from the rules with datetime, sharing nothing with the firmware; and calendars by chance.

A calendar is a plain dict, and the oracle never sees the packed form:

    seasons  [(year or None, month, day, week)]     weeks  {week: [day id of Monday..Sunday]}
    days     {day id: [(minute, script)]}           specials  [(year or None, month, day, day id)]

Rules as docs/tariffs.md tells them. All actions of a stretch of days are put into one list, in order; the script in force is
the last action before, script 99 left out.
"""

import bisect
import calendar as months
import datetime as dt
import random

START = dt.date(2000, 1, 1)
ONE_DAY = dt.timedelta(days=1)
RESET = 99
LOOK_BACK = 400  # days


def season_starts(plan, year):
    """[(date, dated, week)] of the season starts that fall into a year."""
    found = []
    for at_year, month, day, week in plan["seasons"]:
        if at_year is not None:
            if at_year == year:
                found.append((dt.date(year, month, day), True, week))
        elif (month, day) == (2, 29) and not months.isleap(year):
            found.append((dt.date(year, 3, 1), None, week))  # gives way to another season that starts on this day
        else:
            found.append((dt.date(year, month, day), False, week))
    return found


def season_weeks(plan, first, last):
    """{date: week of the season in force, None before the first start}, both ends included."""
    dated = [season[0] for season in plan["seasons"] if season[0] is not None]
    begin = min([first.year - 1, *dated])
    starts = {}
    for year in range(begin, last.year + 1):
        rank = {None: 0, False: 1, True: 2}
        for date, _, week in sorted(season_starts(plan, year), key=lambda start: rank[start[1]]):
            starts[date] = week  # of two on one day, the higher rank comes last and stays
    order = sorted(starts)
    weeks = {}
    date = first
    while date <= last:
        place = bisect.bisect_right(order, date)
        weeks[date] = starts[order[place - 1]] if place else None
        date += ONE_DAY
    return weeks


def actions(plan, first, last):
    """([minute number], [script]) of all actions of these days, in order."""
    weeks = season_weeks(plan, first, last)
    dated = {(y, m, d): day for y, m, d, day in plan["specials"] if y is not None}
    yearly = {(m, d): day for y, m, d, day in plan["specials"] if y is None}
    times = []
    scripts = []
    date = first
    while date <= last:
        key = (date.month, date.day)
        if (date.year, *key) in dated:
            day = dated[(date.year, *key)]
        elif key in yearly:
            day = yearly[key]
        elif weeks[date] is None:
            day = None
        else:
            day = plan["weeks"][weeks[date]][date.weekday()]
        if day is not None:
            start = (date - START).days * 1440
            for minute, script in plan["days"][day]:
                times.append(start + minute)
                scripts.append(script)
        date += ONE_DAY
    return times, scripts


class Oracle:
    """Scripts of a plan between two dates."""

    def __init__(self, plan, first, last):
        self.times, self.scripts = actions(plan, max(START, first - LOOK_BACK * ONE_DAY), last + 3 * ONE_DAY)
        in_force = [k for k, script in enumerate(self.scripts) if script != RESET]
        self.force_times = [self.times[k] for k in in_force]
        self.force_scripts = [self.scripts[k] for k in in_force]

    def script(self, minute):
        """0: none yet"""
        place = bisect.bisect_right(self.force_times, minute)
        return self.force_scripts[place - 1] if place else 0

    def next_minute(self, minute):
        """Minute of the next action, or None"""
        place = bisect.bisect_right(self.times, minute)
        return self.times[place] if place < len(self.times) else None

    def last_reset(self, minute, after):
        """Minute of the last script 99 in (after, minute], or -1"""
        for k in range(bisect.bisect_right(self.times, minute) - 1, -1, -1):
            if self.times[k] <= after:
                break
            if self.scripts[k] == RESET:
                return self.times[k]
        return -1


# Blocks and money, a watt-hour at a time


class BlockOracle:
    """One group: consumption of the period, registers of the four blocks, money as a number of 1e-8 units."""

    def __init__(self, thresholds, prices):
        self.thresholds = [t for t in thresholds if t is not None]
        self.prices = prices
        self.consumed = 0
        self.registers = [0, 0, 0, 0]
        self.money = 0

    def step(self, wh):
        for _ in range(wh):
            block = sum(self.consumed >= t for t in self.thresholds)
            self.registers[block] += 1
            self.money += self.prices[block]
            self.consumed += 1

    def counters(self):
        edges = [0, *self.thresholds]
        found = [0, 0, 0, 0]
        for k, low in enumerate(edges):
            high = edges[k + 1] if k + 1 < len(edges) else self.consumed
            found[k] = max(0, min(high, self.consumed) - low)
        return found


# Plans by chance, all of them valid


def random_date(rng, years):
    year = None if rng.random() < 0.7 else rng.choice(years)
    month = rng.randint(1, 12)
    if rng.random() < 0.1:
        month = 2
    most = months.monthrange(2000 if year is None else year, month)[1]
    day = most if rng.random() < 0.1 else rng.randint(1, most)
    return year, month, day


def random_plan(rng, years=range(2020, 2046), secondary=False):
    """A valid calendar: any number of everything up to its limit, ids and dates as they fall."""
    scripts = list(range(201, 205)) if secondary else rng.choice((list(range(1, 49)), list(range(101, 109))))
    ids = rng.sample(range(256), rng.randint(1, 16))
    days = {}
    left = 200
    for number, day in enumerate(ids):
        most = max(0, min(48, left - (len(ids) - number)))
        count = rng.choice((0, 1, 2, 3, rng.randint(0, most))) if number else rng.randint(1, most)
        count = min(count, most)
        step = rng.choice((1, 5, 15, 30))
        slots = range(0, 1440, step)
        minutes = sorted(rng.sample(slots, min(count, len(slots))))
        days[day] = [(minute, rng.choice(scripts)) for minute in minutes]
        left -= len(minutes)
        if not secondary and number and days[day] and rng.random() < 0.2:
            place = rng.randrange(len(days[day]))
            days[day][place] = (days[day][place][0], RESET)
    acting = [day for day in ids if any(script != RESET for _, script in days[day])]
    weeks = {}
    for week in rng.sample(range(256), rng.randint(1, 4 if secondary else 5)):
        weeks[week] = [rng.choice(ids) for _ in range(7)]
        weeks[week][rng.randrange(7)] = rng.choice(acting)
    seasons = {}
    for _ in range(rng.randint(1, 4)):
        seasons[random_date(rng, years)] = rng.choice(list(weeks))
    specials = {}
    for _ in range(rng.choice((0, 3, rng.randint(0, 50)))):
        specials[random_date(rng, years)] = rng.choice(ids)
    return {
        "seasons": [(*date, week) for date, week in seasons.items()],
        "weeks": weeks,
        "days": days,
        "specials": [(*date, day) for date, day in specials.items()],
    }


def rng_of(seed):
    return random.Random(seed)
