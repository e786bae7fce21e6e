# SPDX-License-Identifier: MIT
"""One broken rule at a time: the whole set is refused, with the reason and the place."""

from app.store.crc32 import Crc32
from app.tariff import validate as v
from fakes_tariff import ANY, FAR, one_script, pack_calendar, pack_set

SEASONS = [(ANY, 1, 1, 1), (2027, 2, 28, 2)]
WEEKS = {1: [1] * 7, 2: [1, 2, 1, 2, 1, 2, 1]}
PROFILES = {1: [(0, 1), (420, 2)], 2: [(60, 99)]}
SPECIALS = [(2, 29, 2028, 1), (2, 29, ANY, 2), (12, 25, ANY, 2)]


def verdict(seasons=SEASONS, weeks=WEEKS, profiles=PROFILES, specials=SPECIALS, kind=1):
    packed = pack_calendar(kind, seasons, weeks, profiles, specials)
    found = v.calendar(packed, 0, len(packed), kind)
    return found >> 8, found & 0xFF


def test_good_ones():
    assert verdict() == (0, 0)
    assert verdict(specials=[]) == (0, 0)
    assert verdict([(ANY, 2, 29, 1)], {1: [1] * 7}, {1: [(1439, 204)]}, [], 2) == (0, 0)


def test_counts():
    assert verdict(seasons=[]) == (v.SEASON_COUNT, 0)
    assert verdict(seasons=[(ANY, 1, d, 1) for d in range(1, 6)]) == (v.SEASON_COUNT, 0)
    assert verdict(weeks={k: [1] * 7 for k in range(1, 7)}) == (v.WEEK_COUNT, 0)
    assert verdict(weeks={k: [1] * 7 for k in range(1, 6)}) == (0, 0)
    five = {k: [1] * 7 for k in range(1, 6)}
    assert verdict([(ANY, 1, 1, 1)], five, {1: [(0, 201)]}, [], 2) == (v.WEEK_COUNT, 0)
    assert verdict(profiles={k: [(0, 1)] for k in range(1, 18)}) == (v.PROFILE_COUNT, 0)
    assert verdict(specials=[(1 + k // 28, 1 + k % 28, ANY, 1) for k in range(51)]) == (v.SPECIAL_COUNT, 0)
    assert verdict(profiles={1: [], 2: []}) == (v.SWITCH_COUNT, 0)
    many = {k: [(m, 1) for m in range(40)] for k in range(1, 6)}
    assert verdict(profiles=many) == (0, 0)
    many[1] = [(m, 1) for m in range(41)]
    assert verdict(profiles=many) == (v.SWITCH_COUNT, 0)
    assert verdict(profiles={1: [(m, 1) for m in range(49)], 2: []})[0] == v.PROFILE_SWITCHES


def test_dates():
    for date in ((ANY, 2, 30), (2027, 2, 29), (ANY, 0, 1), (ANY, 13, 1), (ANY, 4, 31), (ANY, 1, 0), (1999, 1, 1)):
        assert verdict(seasons=[SEASONS[0], date + (2,)]) == (v.SEASON_DATE, 1)
        assert verdict(specials=[(date[1], date[2], date[0], 1)]) == (v.SPECIAL_DATE, 0)
    assert verdict(seasons=[SEASONS[0], (ANY, 1, 1, 2)]) == (v.SEASON_TWICE, 1)
    assert verdict(specials=[SPECIALS[2], SPECIALS[1]]) == (v.SPECIAL_ORDER, 1)
    assert verdict(specials=[SPECIALS[1], SPECIALS[0]]) == (v.SPECIAL_ORDER, 1)
    assert verdict(specials=[SPECIALS[0], SPECIALS[0]]) == (v.SPECIAL_ORDER, 1)


def test_ids():
    assert verdict(seasons=[(ANY, 1, 1, 3)]) == (v.SEASON_WEEK, 0)
    assert verdict(weeks={1: [1] * 7, 2: [1, 1, 1, 1, 1, 1, 9]}) == (v.WEEK_DAY, 1)
    assert verdict(weeks={1: [1] * 7, 2: [2] * 7}) == (v.WEEK_EMPTY, 1)
    assert verdict(specials=[(1, 1, ANY, 9)]) == (v.SPECIAL_DAY, 0)
    for record, reason in ((8 + 12 + 8, v.WEEK_TWICE), (8 + 12 + 16 + 4, v.PROFILE_TWICE)):
        packed = bytearray(pack_calendar(1, SEASONS, WEEKS, PROFILES, []))
        packed[record] = 1
        assert v.calendar(packed, 0, len(packed), 1) == reason << 8 | 1


def test_switches():
    assert verdict(profiles={1: [(0, 1), (1440, 2)], 2: []}) == (v.SWITCH_TIME, 1)
    assert verdict(profiles={1: [(5, 1), (5, 2)], 2: []}) == (v.SWITCH_ORDER, 1)
    assert verdict(profiles={1: [(5, 1)], 2: [(9, 1), (8, 2)]}) == (v.SWITCH_ORDER, 2)
    for script in (0, 49, 98, 100, 109, 200, 201, 205):
        assert verdict(profiles={1: [(0, script)], 2: []}) == (v.SWITCH_SCRIPT, 0)
    for script in (1, 99, 101, 200, 205):
        assert verdict([(ANY, 1, 1, 1)], {1: [1] * 7}, {1: [(0, script)]}, [], 2) == (
            v.WEEK_EMPTY if script == 0 else v.SWITCH_SCRIPT,
            0,
        )
    assert verdict(profiles={1: [(0, 1), (9, 99), (10, 101)], 2: []}) == (v.SCRIPT_MIX, 2)


def test_form():
    packed = pack_calendar(1, SEASONS, WEEKS, PROFILES, SPECIALS)
    n = len(packed)
    assert v.calendar(packed, 0, n, 2) == v.KIND << 8
    assert v.calendar(packed, 0, 7, 1) == v.LENGTH << 8
    assert v.calendar(packed, 0, n - 1, 1) == v.LENGTH << 8
    assert v.calendar(packed + b"\0", 0, n + 1, 1) == v.LENGTH << 8
    for at, reason in ((0, v.VERSION), (7, v.RESERVED), (8 + 6 + 5, v.RESERVED), (8 + 12 + 16 + 3, v.RESERVED)):
        wrong = bytearray(packed)
        wrong[at] ^= 8
        assert v.calendar(wrong, 0, n, 1) >> 8 == reason
    wrong = bytearray(packed)
    wrong[8 + 12 + 16 + 5] += 1  # the second day profile starts where the first does not end
    assert v.calendar(wrong, 0, n, 1) == v.PROFILE_SWITCHES << 8 | 1


def test_sets():
    crc = Crc32()
    primary = one_script(1, 1)
    good = pack_set(primary, one_script(2, 201), {0: 17_000, 83: -(1 << 30)}, {0: (10_000, 40_000, FAR)})
    assert v.tariff_set(good, len(good), crc) == 0
    assert v.tariff_set(pack_set(primary), 448 + 29 + 4, crc) == 0
    assert v.tariff_set(good, len(good) - 1, crc) == v.LENGTH << 8
    assert v.tariff_set(bytes(100), 100, crc) == v.LENGTH << 8
    for at in (0, 20, 400, 460, 500, len(good) - 1):
        wrong = bytearray(good)
        wrong[at] ^= 1
        assert v.tariff_set(wrong, len(wrong), crc) == v.CHECKSUM << 8
    for at, reason in ((0, v.VERSION), (1, v.RESERVED), (12, v.LENGTH), (14, v.LENGTH), (448, v.VERSION)):
        wrong = bytearray(good)
        wrong[at] ^= 1
        crc.seal(wrong, len(wrong) - 4)
        assert v.tariff_set(wrong, len(wrong), crc) == reason << 8
    for price in (1 << 30, -(1 << 30) - 1):
        wrong = pack_set(primary, b"", {7: price})
        assert v.tariff_set(wrong, len(wrong), crc) == v.PRICE_RANGE << 8 | 7
    for thresholds in ((5, 5, FAR), (6, 5, FAR), (FAR, 7, FAR), (1, FAR, 3), (65_536, 65_535, FAR)):
        wrong = pack_set(primary, b"", {}, {3: thresholds})
        assert v.tariff_set(wrong, len(wrong), crc) == v.THRESHOLD_ORDER << 8 | 3
    for thresholds in ((65_535, 65_536, FAR), (1, 2, 3), (0, 0xFFFFFFFD, 0xFFFFFFFE)):
        right = pack_set(primary, b"", {}, {3: thresholds})
        assert v.tariff_set(right, len(right), crc) == 0
    wrong = pack_set(one_script(2, 201))
    assert v.tariff_set(wrong, len(wrong), crc) == v.KIND << 8
