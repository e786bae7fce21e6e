# SPDX-License-Identifier: MIT
"""What happens in the household's 47 months: outages and clock corrections by the seed, and the tariff as an oracle's plan.

All moments are whole seconds after the start of the recording, which is read here with csv alone, not as the bench does.
"""

import csv
import gzip
import random
import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path

from host_tools.bench.appliances import DATA
from tests_host import tariff_oracle

RECORDING = DATA / "household_fr" / "fr_sceaux_2006_2010_halfhour.csv.gz"
EXAMPLES = Path(__file__).parents[2] / "examples"
HALF_HOUR_S = 1800
DAY_MIN = 1440
ZERO = datetime(2000, 1, 1)
_APART_S = 3 * 3600  # between the end of one happening and the next


class Recording:
    """wh[k]: energy of half-hour k. first_minute: minute number of the first. seconds: length of it all."""

    def __init__(self, half_hours):
        with gzip.open(RECORDING, "rt", encoding="utf-8") as text:
            rows = [row for row, _ in zip(csv.DictReader(text), range(half_hours or 1 << 30), strict=False)]
        self.first_minute = (datetime.fromisoformat(rows[0]["start"]) - ZERO) // timedelta(minutes=1)
        self.wh = [int(row["E_Wmin"]) / 60 for row in rows]
        self.seconds = HALF_HOUR_S * len(rows)

    def power_w(self, k):
        return 2 * self.wh[k] if 0 <= k < len(self.wh) else 0.0


def read_tariff(name):
    """A file of examples/ as a plan of tests_host/tariff_oracle.py and {block group: thresholds}."""
    document = tomllib.loads((EXAMPLES / name).read_text(encoding="utf-8"))
    calendar = document["calendar"]

    def day_of(text):
        *year, month, day = [int(part) for part in text.split("-")]
        return year[0] if year else None, month, day

    def script(action):
        if action == "reset":
            return tariff_oracle.RESET
        family, number = action.split()
        return int(number) + {"tou": 0, "block": 100}[family]

    def minute(text):
        return int(text[:2]) * 60 + int(text[3:])

    plan = {
        "seasons": [(*day_of(season["start"]), season["week"]) for season in calendar["seasons"].values()],
        "weeks": calendar["weeks"],
        "days": {name: [(minute(at), script(to)) for at, to in acts] for name, acts in calendar["days"].items()},
        "specials": [(*day_of(at), day) for at, day in calendar.get("special", {}).items()],
    }
    return plan, {int(group) - 1: limits for group, limits in document.get("thresholds", {}).items()}


class Outage:
    """off, on: seconds after the start, when the mains go and come back."""

    def __init__(self, off, on):
        self.off = off
        self.on = on


class Correction:
    """At second `at` somebody sets the clock to the true second + ahead_s. moved_s: what it is corrected by."""

    def __init__(self, at, ahead_s, moved_s):
        self.at = at
        self.ahead_s = ahead_s
        self.moved_s = moved_s


class Happenings:
    """outages: list of Outage. corrections: list of Correction, in pairs: away from the truth, back to it. Both in order.

    Four pairs cross a boundary twice: a half-hour, a switch of the tariff, the end of a day and of a month.
    """

    def __init__(self, seed, recording, oracle, outages, pairs):
        self._rng = random.Random(f"{seed} happenings")
        self._taken = []
        self._end = recording.seconds
        self._boundaries = _boundaries(recording, oracle)
        self.corrections = []
        forth_first = self._rng.random() < 0.5
        for kind in ("month", "day", "switch", "half-hour"):
            self._cross(kind, forth_first)
            forth_first = not forth_first
        for _ in range(pairs):
            self._wander()
        self.outages = [self._outage() for _ in range(outages)]
        self.corrections.sort(key=lambda c: c.at)
        self.outages.sort(key=lambda o: o.off)

    def _place(self, draw, length=0):
        """A moment of draw() that leaves room around it."""
        for _ in range(10_000):
            at = draw()
            low, high = at - _APART_S, at + length + _APART_S
            if low < 0 or high > self._end or any(low < b and a < high for a, b in self._taken):
                continue
            self._taken.append((at, at + length))
            return at
        raise ValueError("no room for what is to happen")

    def _cross(self, kind, forth_first):
        rng = self._rng
        boundary = self._place(lambda: rng.choice(self._boundaries[kind]))
        ahead = rng.randint(6, 10)
        if forth_first:  # three seconds early over it, back over it, and over it in truth
            self._pair(boundary - rng.randint(3, ahead - 2), boundary - 1, ahead)
        else:  # over it, back over it, and forth once more
            after = rng.randint(1, 2)
            self._pair(boundary + after, boundary + after + 2, -ahead)

    def _wander(self):
        rng = self._rng
        at = HALF_HOUR_S * (self._place(lambda: rng.randrange(self._end)) // HALF_HOUR_S) + rng.randint(60, 1700)
        self._pair(at, at + rng.randint(30, 1500), rng.choice((-1, 1)) * rng.randint(2, 10))

    def _pair(self, at, back_at, ahead):
        self.corrections += [Correction(at, ahead, ahead), Correction(back_at, 0, -ahead)]

    def _outage(self):
        rng = self._rng
        kind = rng.random()
        if kind < 0.5:
            length = rng.randint(5, 120)
        elif kind < 0.9:
            length = int(120 * 60 ** rng.random())  # to two hours
        else:
            length = rng.randint(2, 20) * 3600
        if rng.random() < 0.3:  # over a boundary
            near = rng.choice(list(self._boundaries))
            off = self._place(lambda: rng.choice(self._boundaries[near]) - rng.randint(2, min(length, 60) - 1), length)
        else:
            off = self._place(lambda: rng.randrange(self._end), length)
        return Outage(off, off + length)


def _boundaries(recording, oracle):
    """{kind: [seconds after the start]}; each half-hour in the highest of its kinds only."""
    switches = set(oracle.force_times)
    found = {"month": [], "day": [], "switch": [], "half-hour": []}
    for k in range(1, len(recording.wh)):
        minute = recording.first_minute + 30 * k
        day = minute // DAY_MIN
        if minute % DAY_MIN:
            kind = "switch" if minute in switches else "half-hour"
        else:
            kind = "month" if (date(2000, 1, 1) + timedelta(days=day)).day == 1 else "day"
        found[kind].append(k * HALF_HOUR_S)
    return found


def oracle_of(plan, recording):
    first = date(2000, 1, 1) + timedelta(minutes=recording.first_minute)
    return tariff_oracle.Oracle(plan, first, first + timedelta(seconds=recording.seconds + 86_400))
