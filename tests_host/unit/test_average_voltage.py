# SPDX-License-Identifier: MIT
"""Average voltage: means by hand, missing seconds, periods aligned to UTC, thresholds on successive periods.

Rule: the first period above that follows one not above raises 8002, the first return 8085; below 8006 and 8089; the counters
count excursions. More than half missing: invalid, and nothing is raised.
"""

from app.quality.average_voltage import OVER, UNDER
from fakes_quality import DAY, NOON, Bench


def bench(period_s=30, elements=1, second=NOON, **changes):
    changes["extreme_over_s"] = changes["extreme_under_s"] = changes["sag_s"] = changes["swell_s"] = 0
    b = Bench(elements, average_s=period_s, **changes)
    b.clock.set(DAY, second)
    b.seconds(1)
    return b


def run(b, volts, seconds):
    b.elements[0].sample.rms_voltage_mv = round(volts * 1000)
    b.seconds(seconds)


def test_mean_of_a_whole_period():
    b = bench(30)
    average = b.quality.average
    run(b, 230, 28)
    assert not average.closed and b.quality.until_s() == 1
    run(b, 240, 1)
    assert average.closed and (average.end_day, average.end_second) == (DAY, NOON + 30)
    assert average.missing_s[0] == 0 and average.valid[0]
    assert average.average_mv[0] == (29 * 230_000 + 240_000) // 30
    b.seconds(1)
    assert not average.closed
    run(b, 231.3, 29)  # one second of 240, 29 of 231.3: 231.59
    assert average.closed and average.missing_s[0] == 0
    assert average.average_mv[0] == (240_000 + 29 * 231_300) // 30


def test_an_hour_at_the_highest_voltage_stays_exact():
    b = bench(3600)
    average = b.quality.average
    run(b, 399.999, 3599)
    run(b, 399.999, 3600)
    assert average.closed and average.average_mv[0] == 399_999 and average.missing_s[0] == 0


def test_missing_seconds_and_validity():
    b = bench(30)
    average = b.quality.average
    b.seconds(29)
    for present, valid in ((15, True), (14, False)):
        run(b, 230, present)
        b.elements[0].down = True
        b.seconds(30 - present)
        b.elements[0].down = False
        assert average.closed and average.missing_s[0] == 30 - present and bool(average.valid[0]) is valid
        assert average.average_mv[0] == 230_000


def test_threshold_events_and_counters():
    b = bench(10)
    average = b.quality.average
    b.seconds(9)
    codes = []
    for volts in (264, 264.1, 270, 264, 230, 265, 199.9, 200, 199, 150, 230):
        run(b, volts, 10)
        assert average.closed
        codes.append([(code, extra) for code, extra in b.events()])
    over, back, under, risen = (0x8002, 2641), (0x8085, 2640), (0x8006, 1999), (0x8089, 2000)
    assert codes[:4] == [[], [over], [], [back]]
    assert codes[4:] == [
        [],
        [(0x8002, 2650)],
        [(0x8085, 1999), under],
        [risen],
        [(0x8006, 1990)],
        [],
        [(0x8089, 2300)],
    ]
    assert average.count[OVER] == 2 and average.count[UNDER] == 2
    b.quality.reset_average(0, OVER)
    b.seconds(1)
    assert average.count[OVER] == 0 and average.count[UNDER] == 2 and not b.quality.dirty


def test_an_invalid_period_raises_nothing_and_changes_nothing():
    b = bench(10)
    b.seconds(9)
    run(b, 270, 10)
    assert [code for code, _ in b.events()] == [0x8002]
    b.elements[0].down = True
    b.seconds(10)
    b.elements[0].down = False
    assert b.events() == []
    run(b, 270, 10)
    assert b.events() == []
    run(b, 230, 10)
    assert [code for code, _ in b.events()] == [0x8085]


def test_second_element_has_its_own():
    b = bench(10, elements=2)
    b.elements[1].sample.rms_voltage_mv = 190_000
    b.seconds(9)  # 194 V: the first second was at 230 V
    assert b.events() == [(0x8006, 1940 | 1 << 16)]
    assert b.quality.average.average_mv[0] == 230_000


def test_off():
    b = bench(0)
    run(b, 280, 4000)
    assert b.events() == [] and not b.quality.average.closed and b.quality.until_s() == 86_400


def test_aligned_to_utc_and_the_last_period_of_a_day_is_shorter():
    b = bench(3500, second=86_400 - 2405 - 1)  # 24 x 3500 = 84 000: the last one has 2400 s
    average = b.quality.average
    ends = []
    for _ in range(2400 + 6):
        b.seconds(1)
        if average.closed:
            ends.append((average.end_day, average.end_second, average.missing_s[0]))
    assert [end[:2] for end in ends] == [(DAY, 84_000), (DAY, 86_400)]
    assert ends[1][2] == 0 and ends[0][2] > 3400
    assert b.quality.until_s() == 3500 - b.clock.second


def test_clock_set_over_an_end_closes_once():
    b = bench(30)
    average = b.quality.average
    b.seconds(28)
    b.clock.correct(b.clock.day, b.clock.second + 5)
    closings = 0
    b.seconds(1)
    closings += average.closed
    b.clock.correct(b.clock.day, b.clock.second - 9)  # back before it
    for _ in range(20):
        b.seconds(1)
        closings += average.closed
    assert closings == 1
    for _ in range(20):
        b.seconds(1)
        closings += average.closed
    assert closings == 2 and average.missing_s[0] == 0  # the period had more seconds than it is long


def test_no_period_ends_without_a_valid_clock_or_on_a_new_time_line():
    b = bench(10)
    b.clock.valid = False
    for _ in range(30):
        b.seconds(1)
        assert not b.quality.average.closed
    b.clock.correct(DAY + 100, 7)
    assert b.clock.generation == 1
    b.seconds(1)
    assert not b.quality.average.closed
    b.seconds(2)
    assert b.quality.average.closed and (b.quality.average.end_day, b.quality.average.end_second) == (DAY + 100, 10)


def test_a_pass_over_the_end_counts_each_second_where_it_belongs():
    b = bench(30)
    b.seconds(29)
    average = b.quality.average
    b.elements[0].sample.rms_voltage_mv = 240_000
    b.second(35)  # 34 s of 230 V and one of 240 V: 30 and 5 s
    assert average.closed and average.average_mv[0] == 230_000 and average.missing_s[0] == 0
    assert b.clock.second == NOON + 65
    b.seconds(25)
    assert average.closed and average.missing_s[0] == 0
