# SPDX-License-Identifier: MIT
"""The qualification rule against an oracle written from its words, for any sequence of values and spans.

An event is on at second t if, looking back from t, there is a stretch of more than `period` seconds beyond the limit that no
equally long stretch of seconds within has followed. The oracle keeps every second in a list and looks through all of it.
"""

from app.quality.qualifier import ENDED, NOTHING, STARTED, Qualifier
from hypothesis import given, settings
from hypothesis import strategies as st

LIMIT = 1000


def on_after(history, period):
    """Is the event on after these seconds (True: beyond)?"""
    for end in range(len(history), 0, -1):
        stretch = history[max(0, end - period - 1) : end]
        if len(stretch) == period + 1 and len(set(stretch)) == 1:
            return stretch[0]
    return False


@settings(max_examples=300, deadline=None)
@given(
    period=st.integers(1, 6),
    over=st.booleans(),
    spans=st.lists(st.tuples(st.sampled_from((990, 999, 1000, 1001, 1010)), st.integers(1, 9)), max_size=30),
)
def test_any_sequence(period, over, spans):
    q = Qualifier(1, 1)
    history = []
    before = False
    starts = 0
    for value, seconds in spans:
        beyond = value > LIMIT if over else value < LIMIT
        result = q.step(0, value, LIMIT, over, period, seconds)
        if result != NOTHING:
            q.told(0)
        history += [beyond] * seconds
        on = on_after(history, period)
        assert result == (STARTED if on and not before else ENDED if before and not on else NOTHING)
        assert bool(q.active[0]) is on
        starts += on and not before
        before = on
    assert q.count[0] == starts


@settings(max_examples=100, deadline=None)
@given(period=st.integers(1, 20), values=st.lists(st.integers(0, 2000), max_size=40), cut=st.lists(st.integers(1, 5)))
def test_a_second_at_a_time_or_many_at_once(period, values, cut):
    """However the seconds of a value are cut into passes, the same second of the same value decides."""
    whole, parts = Qualifier(1, 1), Qualifier(1, 1)
    cuts = iter(cut * 50)
    for value in values:
        seconds = 7
        one = whole.step(0, value, LIMIT, True, period, seconds)
        if one != NOTHING:
            whole.told(0)
        many = NOTHING
        while seconds:
            step = min(seconds, next(cuts, seconds))
            result = parts.step(0, value, LIMIT, True, period, step)
            if result != NOTHING:
                parts.told(0)
                many = result
            seconds -= step
        assert one == many and whole.active[0] == parts.active[0] and whole.count[0] == parts.count[0]
