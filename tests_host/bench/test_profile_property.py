# SPDX-License-Identifier: MIT
"""The load profile under anything that can happen, against an oracle that keeps the register at every second of the clock.

Rules: closed and open intervals are what the registers moved by, exactly. Within a time line every boundary closes once, in
order. An interval that nothing touched has no flag and the energy between its boundaries; one that was touched has a flag.
"""

import random

import pytest
from app.records.profile import INVALID, PARTIAL, is_missing
from fakes_profile import Life
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LENGTHS = (5, 10, 15, 20, 30, 60)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(1, 7000)),
        st.tuples(st.just("outage"), st.integers(1, 20000)),
        st.tuples(st.just("reset"), st.integers(0, 3)),
        st.tuples(st.just("correct"), st.sampled_from((-10, -5, -1, 1, 4, 10))),
        st.tuples(st.just("to the boundary"), st.integers(-12, 12)),
        st.tuples(st.just("length"), st.sampled_from(LENGTHS)),
        st.tuples(st.just("no clock"), st.integers(1, 9000)),
        st.tuples(st.just("busy flash"), st.integers(1, 200)),
    ),
    min_size=1,
    max_size=25,
)


class Bench:
    """A life of a profile, and what it should have recorded."""

    def __init__(self, minutes, at, seed):
        self.rng = random.Random(seed)
        self.life = Life(at=at, minutes=minutes, sectors=12)
        self.lines = [{}]  # each time line: clock second -> register when the clock first reached it
        self.touched = [[(at, at)]]  # each time line: spans of clock seconds in which something happened
        self.must = [[]]  # spans that must have left a flag
        self.note()

    def note(self):
        line = self.lines[-1]
        now = self.life.clock.at
        line.setdefault(now, self.life.served[0])

    def touch(self, since):
        now = self.life.clock.at
        self.touched[-1].append((min(since, now), max(since, now)))
        if since >= max(self.lines[-1]):  # else its interval may have been closed before
            self.must[-1].append((since, max(since, now)))

    def run(self, seconds):
        life = self.life
        while seconds > 0:
            n = min(self.rng.choice((1, 1, 7, 60, 600)), seconds, life.profile.until_s())
            life.served[0] += self.rng.randrange(4)
            life.served[3] += self.rng.randrange(2)
            life.clock.set(life.clock.at + n)
            self.note()
            life.profile.poll(0, True)
            for passes in range(300):  # the passes of the second; an erase is over before it ends
                life.ring.poll()
                life.profile.poll(0, False)
                life.state.poll()
                if passes >= 3 and not life.ring.staged:
                    break
            seconds -= n

    def do(self, action, n):
        life = self.life
        since = life.clock.at
        if action == "run":
            self.run(n)
        elif action == "outage":
            life.away(n)
            self.touch(since)
            self.note()
        elif action == "reset":
            life.clock.set(life.clock.at + n)
            life.boot(False, at_once=False)
            self.touch(since)
            self.note()
        elif action == "correct":
            life.clock.adjusted += 1
            life.clock.set(max(0, life.clock.at + n))
            self.touch(since)
            self.note()
            self.run(1)
            self.touch(since)
        elif action == "to the boundary":
            self.run(max(1, life.profile.until_s() + n))
        elif action == "length":
            life.config.interval_min = n
            self.run(1)
            self.touch(since)
        elif action == "no clock":
            life.clock.valid = False
            life.boot()
            self.lines.append({})
            self.touched.append([])
            self.must.append([])
            self.run(n)
            self.lines[-1].clear()
            life.clock.valid = True
            life.clock.generation += 1
            life.clock.set(life.clock.at + self.rng.randrange(-3000, 90000) if life.clock.at > 3000 else 5000)
            self.note()
            since = life.clock.at
            self.run(1)
            self.touch(since)
        else:
            life.blocks._left = n  # somebody else erases for so many looks at it
            self.run(30)

    def check(self):
        life = self.life
        self.run(3)
        life.settle()
        rows = life.entries()
        assert life.profile.count == len(rows)
        for channel in (0, 3):
            assert sum(row[4][channel] for row in rows) + life.profile.open_wh(channel) == life.served[channel]
        line = 0
        end = None
        for row in rows:
            assert row[3] >> 8 in (line, line + 1)
            if row[3] >> 8 != line:
                line += 1
                assert row[1] == 0
            elif row[1] and end is not None:
                boundary = end - end % row[1] + row[1]
                assert row[0] == boundary or (row[2] & PARTIAL and end <= row[0] < boundary), (
                    "each boundary once, in order"
                )
                if row[0] == boundary:
                    self.check_interval(line, end * 60, row)
            end = row[0]

    def check_interval(self, line, begin, row):
        end = row[0] * 60
        energy, status = row[4][0], row[2]
        touched = any(begin <= until and since <= end for since, until in self.touched[line])
        if is_missing(status):
            assert energy == 0 and touched
        if not touched:
            known = self.lines[line]
            assert status == 0 and energy == known[end] - known[begin], (row, "untouched")
        if any(begin < until and begin < since < end for since, until in self.must[line]):
            assert status, (row, "touched")
        assert not (status & INVALID and not touched)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(minutes=st.sampled_from(LENGTHS), at=st.integers(0, 90000), actions=ACTIONS, seed=st.integers(0, 1000))
def test_any_life(minutes, at, actions, seed):
    bench = Bench(minutes, at, seed)
    for action, n in actions:
        bench.do(action, n)
    bench.check()


@pytest.mark.parametrize("seed", range(3))
def test_a_long_life_with_many_outages(seed):
    rng = random.Random(seed)
    bench = Bench(30, 3 * 3600, seed)
    for _ in range(30):
        bench.run(rng.randrange(100, 9000))
        bench.do(*rng.choice((("outage", rng.randrange(5, 9000)), ("correct", rng.choice((-9, 9))), ("reset", 1))))
    bench.check()
