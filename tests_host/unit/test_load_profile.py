# SPDX-License-Identifier: MIT
"""Load profile: each interval of UTC once, whatever happens to the meter and its clock; sums as the registers."""

import micropython
from app.records import codes
from app.records.profile import (
    CLOCK_CHANGED,
    CONFIG_CHANGED,
    INVALID,
    MISSING,
    PARTIAL,
    POWER_FAIL,
    TEST_MODE,
    is_missing,
)
from fakes_profile import DAY, Life

WH = (2, 1, 0, 3)


def ends(life):
    return [entry[0] for entry in life.entries()]


def total(life):
    """Closed and open, four channels."""
    sums = [life.profile.open_wh(channel) for channel in range(4)]
    for entry in life.entries():
        for channel in range(4):
            sums[channel] += entry[4][channel]
    return sums


def test_bytes_of_a_record():
    life = Life()
    life.run(1800, WH)
    life.run(60, WH)
    # slot 1: day 9497 = 0x2519, minute 30, generation 0, status 0, 30 minutes, totals 60 30 0 90
    expected = bytes([0x19, 0x25, 30, 0, 0, 0, 0, 30, 60, 0, 0, 0, 30, 0, 0, 0, 0, 0, 0, 0, 90, 0, 0, 0])
    assert bytes(life.blocks.data[16 + 32 : 16 + 56]) == expected


def test_intervals_follow_each_other_over_midnight():
    life = Life(at=23 * 3600)
    life.run(2 * 3600, WH)
    profile = life.profile
    assert life.entries() == [
        (23 * 60 + 30, 30, 0, 0, (60, 30, 0, 90)),
        (1440, 30, 0, 0, (60, 30, 0, 90)),
        (1440 + 30, 30, 0, 0, (60, 30, 0, 90)),
        (1440 + 60, 30, 0, 0, (60, 30, 0, 90)),
    ]
    assert profile.read(1) and (profile.day, profile.minute) == (DAY, 1440)
    assert [profile.open_wh(channel) for channel in range(4)] == [0, 0, 0, 0]


def test_a_profile_that_begins_within_an_interval_says_so():
    life = Life(at=100)
    life.run(1700, WH)
    assert [entry[:3] for entry in life.entries()] == [(30, 30, PARTIAL)]


def test_an_interval_is_durable_when_the_pass_ends():
    life = Life()
    life.run(1799, WH)
    life.second(1, WH)
    again = Life(at=1800, blocks=life.blocks)
    assert ends(again) == [30]


def test_an_outage_within_an_interval():
    life = Life()
    life.run(600, WH)
    life.away(300)
    life.run(3000, WH)
    flags = [entry[2] for entry in life.entries()]
    assert flags[0] == POWER_FAIL | PARTIAL and flags[1] == 0
    assert total(life) == life.served[:4]


def test_an_outage_over_boundaries():
    life = Life()
    life.run(600, WH)
    before = life.served[0]
    life.away(2 * 3600)  # 0:10 to 2:10
    assert ends(life) == [30, 60, 90, 120]
    life.run(1200, WH)
    rows = life.entries()
    assert [row[2] for row in rows] == [POWER_FAIL | PARTIAL, MISSING, MISSING, MISSING, POWER_FAIL | PARTIAL]
    assert [row[4][0] for row in rows] == [before, 0, 0, 0, life.served[0] - before]
    assert [is_missing(row[2]) for row in rows] == [False, True, True, True, False]


def test_missing_intervals_come_one_a_pass():
    life = Life()
    life.run(600, WH)
    life.clock.set(life.clock.at + 10 * 86400)
    closed = []
    life.settle = lambda: closed.append(life.profile.closed)
    life.boot()
    for _ in range(2000):
        before = life.profile.closed
        life.ring.poll()
        life.profile.poll(0, False)
        assert life.profile.closed - before <= 1
        if not life.profile.restless:
            break
    assert life.profile.closed == 480


def test_an_absurd_outage_is_bounded_by_the_ring():
    life = Life(sectors=4, minutes=5)
    life.run(600, WH)
    life.away(3000 * 86400)
    depth = life.ring.depth
    rows = life.entries()
    assert len(rows) >= depth - 1 and life.profile.closed <= depth + 1
    assert rows[-1][0] == 10 // 5 * 5 + 3000 * 1440
    for row, after in zip(rows[-50:], rows[-49:]):
        assert after[0] - row[0] == 5 and is_missing(after[2])


def test_a_clock_that_steps_over_a_boundary_and_back_closes_it_once():
    for steps in ((-5, 5), (5, -5), (-9, -9, 9, 9), (8, -8, 8, -8)):
        for begin in (1796, 1800, 1803):
            life = Life()
            life.run(begin, WH, step=1)
            for step in steps:
                life.clock.adjusted += 1
                life.clock.set(life.clock.at + step)
                life.second(1, WH)
                life.second(1, WH)
            life.run(3700 - life.clock.at, WH)
            rows = life.entries()
            assert [row[0] for row in rows] == [30, 60], (steps, begin)
            assert (rows[0][2] | rows[1][2]) & CLOCK_CHANGED
            assert total(life) == life.served[:4]


def test_a_correction_flags_the_interval_it_falls_in():
    life = Life()
    life.run(600)
    life.clock.adjusted += 1
    life.clock.set(life.clock.at + 3)
    life.run(3600 - life.clock.at)
    assert [row[2] for row in life.entries()] == [CLOCK_CHANGED, 0]


def test_a_flag_outlives_a_cut():
    life = Life()
    life.run(600)
    life.profile.flag(INVALID)
    life.run(60)
    life.away(10)
    life.run(1800)
    assert life.entries()[0][2] == INVALID | POWER_FAIL | PARTIAL
    life.run(1800)
    assert life.entries()[1][2] == 0


def test_test_mode_marks_every_interval_it_lasts_into():
    life = Life()
    life.run(60)
    life.profile.standing = TEST_MODE
    life.run(3600)
    life.profile.standing = 0
    life.run(3600)
    assert [row[2] for row in life.entries()] == [TEST_MODE, TEST_MODE, TEST_MODE, 0]


def test_another_length_closes_the_open_interval():
    life = Life()
    life.run(2 * 1800 + 7 * 60, WH)
    life.config.interval_min = 5  # seen in the next pass, a minute later
    life.run(10 * 60, WH)
    rows = life.entries()
    assert [row[:4] for row in rows] == [
        (30, 30, 0, 0),
        (60, 30, 0, 0),
        (68, 30, PARTIAL | CONFIG_CHANGED, 0),
        (70, 5, PARTIAL | CONFIG_CHANGED, 1),
        (75, 5, 0, 1),
    ]
    assert total(life) == life.served[:4]


def test_a_length_changed_while_off_is_a_new_generation():
    life = Life()
    life.run(1800, WH)
    life.config.interval_min = 60
    life.away(600)
    life.run(3600, WH)
    assert [row[:4] for row in life.entries()] == [(30, 30, 0, 0), (60, 60, POWER_FAIL | PARTIAL, 1)]


def test_nothing_closes_while_the_clock_is_not_valid():
    life = Life()
    life.run(2000, WH)
    life.clock.valid = False
    life.boot()
    life.run(7200, WH)
    assert ends(life) == [30]
    counted = life.served[0]
    life.clock.valid = True
    life.clock.generation += 1
    life.clock.set(100 * 86400 + 17 * 60)
    life.run(13 * 60, WH)
    rows = life.entries()
    assert [row[:2] for row in rows[1:]] == [(100 * 1440 + 18, 0), (100 * 1440 + 30, 30)]
    assert rows[1][2] & CLOCK_CHANGED and rows[1][3] == 0x100 and rows[2][3] == 0x100
    assert rows[1][4][0] == counted - rows[0][4][0] + 2
    assert total(life) == life.served[:4]


def test_a_store_that_is_away_over_a_boundary_loses_no_interval():
    life = Life()
    life.run(1790, WH)
    life.settle = lambda: None
    life.blocks.failing = True
    life.run(20, WH, step=10)
    at_boundary = life.served[0] - WH[0]
    life.blocks.failing = False
    del life.settle
    life.run(60, WH)
    assert life.entries()[0][:3] == (30, 30, 0)
    assert life.entries()[0][4][0] == at_boundary


def test_the_first_wrap_is_told_once():
    life = Life(sectors=4, minutes=5)
    life.run(2 * 86400, step=300)
    assert life.log.events == [(codes.PROFILE_WRAPPED, 0)]
    life.boot()
    life.run(2 * 86400, step=300)
    assert life.log.events == [(codes.PROFILE_WRAPPED, 0)]
    assert life.ring.slots >= life.ring.depth


def test_a_preset_is_no_energy():
    life = Life()
    life.run(1800, WH)
    life.served[0] = 5_000_000
    life.profile.rebase()
    life.run(1800, WH)
    assert [row[4][0] for row in life.entries()] == [60, 0, 60]


def test_a_register_that_rolls_over():
    life = Life()
    life.served[0] = 999_999_990
    life.profile.rebase()
    life.run(1740, WH)
    life.served[0] -= 1_000_000_000
    life.run(60, WH)
    assert life.entries()[-1][4][0] == 60


def test_find_by_date_touches_few_slots():
    life = Life(sectors=40)
    life.run(50 * 86400, step=1800)
    profile = life.profile
    for day, minute in ((0, 0), (3, 17), (25, 30), (49, 1439), (20, 1440)):
        before = profile.page_reads
        index = profile.find((DAY + day) * 1440 + minute)
        assert profile.page_reads - before <= 2 * 12 + 4  # 2400 records: 12 halvings, twice
        assert profile.read(index)
        assert (profile.day - DAY) * 1440 + profile.minute == (day * 1440 + minute) // 30 * 30 + 30
    assert profile.find((DAY + 60) * 1440) == profile.count


def test_a_pass_that_closes_an_interval_allocates_nothing():
    life = Life()
    life.served[0] = 0x7FFFFFFF
    life.run(3600, WH)
    life.run(1799, WH)
    life.clock.set(life.clock.at + 1)
    profile = life.profile
    micropython.heap_lock()
    try:
        profile.poll(0, True)
        profile.poll(0, False)
        found = profile.read(1)
    finally:
        micropython.heap_unlock()
    assert found and profile.closed == 4
