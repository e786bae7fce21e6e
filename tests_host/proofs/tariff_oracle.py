"""The calendar against a small independent oracle: every half-hour of 20 years, and the minutes round every switch of one.

Random valid calendars (up to 4 seasons, 5 weeks, 16 day profiles, 200 switches, 50 special days, 29 February among the dates),
their packed bytes validated by the meter's own code; a random one of the same kind on the secondary element; the examples.
"""

import datetime as dt

from app.tariff import validate as v
from app.tariff.calendar import Calendar

from tests_host import tariff_oracle, tariff_plans
from tests_host.tariff_oracle import START

FIRST = dt.date(2024, 1, 1)
PARTS = 8


def days_since_start(date):
    return (date - START).days


def check_plan(plan, kind, last, where, first=FIRST):
    """Half-hours and switches checked. Raises AssertionError at the first difference."""
    packed = tariff_plans.pack_plan(plan, kind)
    verdict = v.calendar(packed, 0, len(packed), kind)
    assert verdict == 0, f"{where}: a valid calendar is refused: {verdict >> 8}, {verdict & 255}"
    calendar = Calendar()
    calendar.load(packed, 0)
    oracle = tariff_oracle.Oracle(plan, first, last)
    first_day = days_since_start(first)
    last_day = days_since_start(last)
    times = oracle.force_times
    scripts = oracle.force_scripts
    script_at = calendar.script_at
    place = 0
    most = len(times)
    checked = 0
    for day in range(first_day, last_day):
        start = day * 1440
        for minute in range(0, 1440, 30):
            while place < most and times[place] <= start + minute:
                place += 1
            expected = scripts[place - 1] if place else 0
            found = script_at(day, minute)
            assert found == expected, f"{where}: day {day} minute {minute}: script {found}, by the rules {expected}"
            checked += 1
    switches = check_switches(calendar, oracle, first_day, min(last_day, first_day + 366), where)
    return checked, switches


def check_switches(calendar, oracle, first_day, last_day, where):
    """The minute of every action, those beside it, the way to the next one, and resets."""
    at = first_day * 1440
    actions = 0
    last_reset = -1
    while at < last_day * 1440:
        found = calendar.next_switch_minute(at)
        expected = oracle.next_minute(at)
        quiet = (at // 1440 + 2) * 1440  # nothing today nor tomorrow: when to ask again
        if expected is None or expected > quiet:
            expected = quiet
        assert found == expected, f"{where}: after {at}: next at {found}, by the rules {expected}"
        for minute in (found - 1, found, found + 1):
            script = calendar.script_at(minute // 1440, minute % 1440)
            assert script == oracle.script(minute), f"{where}: minute {minute}: {script}, not {oracle.script(minute)}"
        reset = calendar.last_reset_minute(found, max(at, last_reset))
        assert reset == oracle.last_reset(found, max(at, last_reset)), f"{where}: reset by {found}: {reset}"
        last_reset = max(last_reset, reset)
        at = found
        actions += 1
    return actions


def count(full):
    return 16 if full else 4


def parts(full):
    return [(full, number) for number in range(PARTS)]


def part(full, number):
    """Every eighth of the seeds."""
    last = dt.date(FIRST.year + (20 if full else 1), 1, 1)
    half_hours = switches = 0
    for seed in range(number, count(full), PARTS):
        rng = tariff_oracle.rng_of(seed)
        secondary = seed % 4 == 3
        plan = tariff_oracle.random_plan(rng, range(FIRST.year - 1, last.year + 1), secondary)
        checked, actions = check_plan(plan, v.SECONDARY if secondary else v.PRIMARY, last, f"seed {seed}")
        half_hours += checked
        switches += actions
    return half_hours, switches


def conclude(full, found):
    half_hours = sum(entry[0] for entry in found)
    switches = sum(entry[1] for entry in found)
    assert half_hours == count(full) * ((7305 if full else 366) * 48), half_hours
    years = 20 if full else 1
    return (
        f"{count(full)} random calendars, every half-hour of {years} year{'s' if full else ''} ({half_hours} in all) and "
        f"{switches} boundaries to the minute: as the rules say"
    )


def prove(full):
    """Calendars against the oracle."""
    return conclude(full, [part(*arguments) for arguments in parts(full)])
