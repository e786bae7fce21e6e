# SPDX-License-Identifier: MIT
"""Tariff files: the examples, there and back, and one clear line for everything that is wrong."""

import random
from pathlib import Path

import pytest
from app.clock import days_from_civil
from app.store.crc32 import Crc32
from app.tariff import validate
from app.tariff.tariff_set import MAX_BYTES, TariffSet
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools import tariff_file, tariff_text
from host_tools.errors import BadInput
from tests_host import tariff_oracle, tariff_plans

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SINGLE = (EXAMPLES / "single_rate.toml").read_text()


def taken(path):
    blob = tariff_file.load(path)
    assert len(blob) <= MAX_BYTES
    found = TariffSet()
    found.grow(len(blob))
    found.buf[: len(blob)] = blob
    found.take()
    return found


def script(found, date, minute):
    return found.primary.script_at(days_from_civil(*date), minute)


def test_single_rate():
    found = taken(EXAMPLES / "single_rate.toml")
    assert script(found, (2026, 7, 1), 0) == 1 and found.price(0) == 24_670
    assert found.name == b"SINGLE  " and found.has_secondary
    assert found.secondary.script_at(9000, 0) == 201 and found.price(80) == 24_670


def test_gb_two_rate():
    # By hand. 2026: 1 January is a Thursday, 2 January a Friday, 3 January a Saturday; 1 July a Wednesday, 4 July a Saturday.
    found = taken(EXAMPLES / "gb_two_rate.toml")
    assert found.price(0) == 29_670 and found.price(1) == 13_920
    friday = (2026, 1, 2)
    assert [script(found, friday, m) for m in (0, 29, 30, 449, 450, 1439)] == [2, 2, 2, 2, 1, 1]  # the holiday goes on
    assert [script(found, (2026, 1, 3), m) for m in (29, 30, 509, 510)] == [1, 2, 2, 1]
    assert [script(found, (2026, 7, 1), m) for m in (389, 390, 1409, 1410)] == [2, 1, 1, 2]
    assert [script(found, (2026, 7, 4), m) for m in (479, 480, 1319, 1320)] == [2, 1, 1, 2]
    assert [script(found, (2026, 10, 31), m) for m in (479, 480, 1320)] == [1, 1, 2]  # autumn, Saturday
    assert [script(found, (2026, 12, 5), m) for m in (30, 510)] == [2, 1]  # winter, Saturday
    assert {script(found, (2031, 12, 25), m) for m in range(1440)} == {2}
    assert [script(found, (2026, 4, 3), m) for m in (480, 1320)] == [1, 2]  # Good Friday
    assert [script(found, (2029, 4, 3), m) for m in (480, 1320)] == [1, 1]


def test_gb_block():
    found = taken(EXAMPLES / "gb_block.toml")
    assert [script(found, (2026, 5, 2), m) for m in (29, 30, 450)] == [101, 102, 101]
    start = days_from_civil(2026, 5, 1) * 1440
    assert found.primary.last_reset_minute(start, start - 1) == start
    assert found.primary.last_reset_minute(start + 40_000, -1) == start
    assert list(found.thresholds[:6]) == [10_000, 40_000, 0x3FFFFFFF, 20_000, 0x3FFFFFFF, 0x3FFFFFFF]
    assert [found.price(48 + 8 * b) for b in range(4)] == [18_500, 24_670, 31_000, 0]


@pytest.mark.parametrize("name", ["single_rate", "gb_two_rate", "gb_block"])
def test_examples_there_and_back(name, tmp_path):
    blob = tariff_file.load(EXAMPLES / f"{name}.toml")
    again = tmp_path / "again.toml"
    again.write_text(tariff_text.to_toml(tariff_text.unpack(blob)))
    assert tariff_file.load(again) == blob


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32))
def test_any_set_there_and_back(seed):
    rng = random.Random(seed)
    blob = tariff_plans.random_set(rng)
    assert tariff_file.judge(blob) is None
    document = tariff_text.unpack(blob)
    assert tariff_file.pack(document) == blob


def with_line(old, new):
    assert old in SINGLE
    return SINGLE.replace(old, new, 1)


DAY = 'any = [["00:00", "tou 1"]]'
WRONG = [
    ("name = ", "not TOML"),
    (with_line('"SINGLE"', '"NINE CHAR"'), "name: at most eight ASCII characters"),
    (with_line("name =", "nmae ="), "the file: 'nmae' is not known"),
    (with_line("1 = 0.2467", "49 = 0.2467"), "prices.tou: '49' is not one of 1 to 48"),
    (with_line("1 = 0.2467", "1 = 0.246713"), "prices.tou 1: 0.246713 has more than five decimals"),
    (with_line("1 = 0.2467", "1 = 10737.41824"), "prices.tou 1: 10737.41824 is out of range"),
    (with_line("1 = 0.2467", "1 = nan"), "prices.tou 1: NaN is not a price"),
    (with_line("1 = 0.2467", "1 = '5'"), "prices.tou 1: '5' is not a price"),
    (with_line(DAY, 'any = [["24:00", "tou 1"]]'), "calendar.days.any: '24:00' is not a time of day"),
    (with_line(DAY, 'any = [["01:00", "tou 49"]]'), "calendar.days.any: tou: '49' is not one of 1 to 48"),
    (with_line(DAY, 'any = [["01:00", "rate 1"]]'), "calendar.days.any: 'rate 1' is not a script like"),
    (with_line(DAY, "any = []"), "calendar: 1 to 200 switches are allowed in all"),
    (with_line(DAY, 'any = [["00:00", "reset"]]'), "calendar: week 'any': no day of it has a switch"),
    (
        with_line(DAY, 'any = [["01:00", "tou 1"], ["00:30", "tou 2"]]'),
        "calendar: switch 2 of day 'any': the times are not ascending",
    ),
    (
        with_line(DAY, 'any = [["01:00", "tou 1"], ["02:00", "block 2"]]'),
        "calendar: switch 2 of day 'any': time of use and blocks are alternatives",
    ),
    (
        with_line(DAY, 'any = [["00:00", "secondary 1"]]'),
        "switch 1 of day 'any': this calendar cannot have that script",
    ),
    (with_line('start = "01-01"', 'start = "02-30"'), "calendar: season 'year': there is no such date"),
    (with_line('start = "01-01"', 'start = "1-1"'), "calendar.seasons.year: '1-1' is not a date like"),
    (with_line('week = "any"', 'week = "none"'), "calendar.seasons.year: there is no week 'none'"),
    (with_line('["any", "any",', '["any", "none",'), "calendar.weeks.any: there is no day 'none'"),
    (with_line('["any", "any",', '["any",'), "calendar.weeks.any: seven days are wanted"),
    (
        SINGLE.replace("[secondary.seasons]", '[calendar.special]\n"2027-02-29" = "any"\n[secondary.seasons]'),
        "2027-02-29",
    ),
    (SINGLE + "[thresholds]\n1 = [5, 5]\n", "block group 1: the thresholds are not ascending"),
    (SINGLE + "[thresholds]\n9 = [5]\n", "thresholds: '9' is not one of 1 to 8"),
    (SINGLE + "[thresholds]\n1 = [4294967295]\n", "thresholds 1: 4294967295 is not a whole number of Wh"),
    (SINGLE.replace("[calendar.", "[secondary.x"), "there is no [calendar]"),
]


@pytest.mark.parametrize(("text", "line"), WRONG)
def test_one_clear_line(text, line, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        tariff_file.load(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ") and line in said and "\n" not in said


def test_no_file():
    with pytest.raises(BadInput, match="No such file"):
        tariff_file.load("nowhere.toml")


def test_every_reason_has_a_text():
    codes = {value for name, value in vars(validate).items() if name.isupper() and isinstance(value, int)}
    assert set(range(1, validate.REASONS + 1)) == set(tariff_file.REASONS) <= codes


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(0, 1 << 20), st.integers(1, 255))
def test_any_damage_is_judged_without_an_error(seed, place, change):
    """Whatever the bytes: 0 or a reason with a text; what is taken is a set that can be used, never something in between."""
    rng = random.Random(seed)
    blob = bytearray(tariff_plans.random_set(rng))
    n = len(blob)
    at = 448 + place % (n - 452) if rng.random() < 0.8 else place % (n - 4)
    blob[at] ^= change
    if rng.random() < 0.9:
        Crc32().seal(blob, n - 4)
    verdict = validate.tariff_set(blob, n, Crc32())
    if verdict:
        assert tariff_file.explain(verdict) == tariff_file.judge(blob)
        assert verdict >> 8 in tariff_file.REASONS
    else:
        assert tariff_file.pack(tariff_text.unpack(blob)) == blob


@pytest.mark.parametrize("kind", tariff_plans.SPOILERS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_random_invalid_calendars_are_refused_whole(kind, seed):
    rng = tariff_oracle.rng_of(seed)
    plan = tariff_oracle.random_plan(rng)
    reasons = tariff_plans.SPOILERS[kind](plan, rng)
    packed = tariff_plans.pack_plan(plan)
    assert validate.calendar(packed, 0, len(packed), validate.PRIMARY) >> 8 in reasons
