# SPDX-License-Identifier: MIT
"""The rule of every supervision, from its words: longer than the period without a break, both ways, no hysteresis."""

from app.quality.qualifier import ENDED, NOTHING, STARTED, Qualifier

LIMIT = 253_000


def steps(qualifier, values, period=3, over=True, each=1):
    found = []
    for value in values:
        result = qualifier.step(0, value, LIMIT, over, period, each)
        if result != NOTHING:
            qualifier.told(0)
        found.append(result)
    return found


def test_starts_after_more_than_the_period_and_ends_after_more_than_the_period():
    q = Qualifier(1, 1)
    assert steps(q, [253_001] * 3) == [NOTHING] * 3  # as long as the period is not longer than it
    assert steps(q, [253_001]) == [STARTED] and q.active[0] == 1 and q.count[0] == 1
    assert steps(q, [260_000] * 9) == [NOTHING] * 9
    assert steps(q, [253_000] * 3) == [NOTHING] * 3  # the limit itself is not passed
    assert steps(q, [253_000]) == [ENDED] and q.active[0] == 0 and q.count[0] == 1


def test_a_break_begins_anew_either_way():
    q = Qualifier(1, 1)
    assert steps(q, [254_000] * 3 + [253_000] + [254_000] * 3) == [NOTHING] * 7
    assert steps(q, [254_000]) == [STARTED]
    assert steps(q, [250_000] * 3 + [254_000] + [250_000] * 3) == [NOTHING] * 7
    assert steps(q, [250_000]) == [ENDED]


def test_downwards():
    q = Qualifier(1, 1)
    assert steps(q, [252_999] * 4, over=False)[3] == STARTED
    assert steps(q, [253_000] * 4, over=False)[3] == ENDED


def test_worst_value_of_the_excursion():
    q = Qualifier(1, 1)
    steps(q, [270_000, 290_000, 260_000, 265_000])
    assert q.worst[0] == 290_000
    steps(q, [300_000])
    assert q.worst[0] == 300_000
    steps(q, [250_000] * 4 + [254_000] * 4)
    assert q.worst[0] == 254_000


def test_long_spans_count_as_so_many_seconds():
    q = Qualifier(1, 1)
    assert steps(q, [254_000], each=3) == [NOTHING]
    assert steps(q, [254_000], each=60) == [STARTED]
    assert steps(q, [253_000], each=3600) == [ENDED]


def test_when_it_could_be_decided():
    q = Qualifier(1, 2)
    q.look(0, [30, 5])
    assert not q.waiting[0] and q.until_s[0] == 86_400
    q.step(0, 254_000, LIMIT, True, 30, 10)
    q.look(0, [30, 5])
    assert q.waiting[0] and q.until_s[0] == 21
    q.step(1, 254_000, LIMIT, True, 5, 1)
    q.look(0, [30, 5])
    assert q.until_s[0] == 5


def test_counter_stays_at_its_end():
    q = Qualifier(1, 1)
    q.count[0] = 0xFFFF
    assert steps(q, [254_000] * 4)[3] == STARTED and q.count[0] == 0xFFFF


def test_switched_off_forgets():
    q = Qualifier(1, 1)
    steps(q, [254_000] * 4)
    q.forget(0)
    assert q.active[0] == 0 and steps(q, [254_000] * 3) == [NOTHING] * 3
