# SPDX-License-Identifier: MIT
"""Rounds: when engines run, in which order, and what one that raises does to the others."""

from app.clock import Clock
from app.rounds import Rounds
from fakes_hw import without_heap


class Engine:
    def __init__(self, name, trace, until=86_400, clock=None):
        self.name = name
        self.trace = trace
        self.until = until
        self.restless = False
        self.raises = None
        self.clock = clock

    def poll(self, now_ms, second):
        if self.raises is not None:
            raise self.raises
        self.trace.append((self.name, second, self.clock.passed_s))

    def until_s(self):
        return self.until


class Plain:
    """No boundary, never restless."""

    def __init__(self):
        self.polls = 0

    def poll(self, now_ms, second):
        self.polls += 1


class Rig:
    def __init__(self, until=86_400):
        self.trace = []
        self.clock = Clock(0)
        self.clock.set(9497, 0)
        self.a = Engine("a", self.trace, until, self.clock)
        self.b = Engine("b", self.trace, 86_400, self.clock)
        self.failed = []
        self.rounds = Rounds(self.clock, [(6, self.a), (7, self.b)])
        self.rounds.fail = self.fail
        self.now = 0

    def fail(self, number, error):
        self.failed.append(number)

    def second(self, fresh=False, seconds=1):
        self.now += 1000 * seconds
        self.clock.advance(self.now)
        self.rounds.fresh = fresh
        self.trace.clear()
        self.rounds.poll(self.now, True)
        return [entry[0] for entry in self.trace]


def test_the_first_second_then_only_what_is_due():
    rig = Rig(until=3)
    assert rig.second() == ["a", "b"]
    rig.a.until = 5
    assert [rig.second() for _ in range(3)] == [[], [], ["a", "b"]]
    assert rig.trace[0] == ("a", True, 3)  # the seconds since the round before
    assert [rig.second() for _ in range(5)] == [[], [], [], [], ["a", "b"]]


def test_fresh_readings_make_a_round():
    rig = Rig()
    rig.second()
    assert rig.second() == [] and rig.second(fresh=True) == ["a", "b"]
    assert rig.trace[1][2] == 2


def test_a_clock_that_was_set_makes_a_round_at_once():
    rig = Rig()
    rig.second()
    rig.clock.correct(9497, 8)
    assert rig.second() == ["a", "b"]
    assert rig.second() == []
    rig.clock.correct(9500, 8, commissioning=True)
    assert rig.second() == ["a", "b"]


def test_who_is_restless_is_polled_in_every_pass_until_it_is_not():
    rig = Rig()
    rig.second()
    rig.a.restless = True
    rig.second(fresh=True)
    assert rig.rounds.restless
    rig.trace.clear()
    rig.rounds.poll(rig.now, False)
    assert [entry[:2] for entry in rig.trace] == [("a", False), ("b", False)]
    rig.a.restless = False
    rig.rounds.poll(rig.now, False)
    rig.trace.clear()
    rig.rounds.poll(rig.now, False)
    assert rig.trace == []


def test_one_that_raises_is_switched_off_and_told_once():
    rig = Rig()
    rig.a.raises = ValueError("x")
    assert rig.second() == ["b"] and rig.failed == [6]
    assert rig.second(fresh=True) == ["b"] and rig.failed == [6]
    assert rig.rounds.off(6) and not rig.rounds.off(7)


def test_an_engine_may_have_neither_boundary_nor_haste_and_a_quiet_second_allocates_nothing():
    clock = Clock(0)
    clock.set(9497, 0)
    plain = Plain()
    rounds = Rounds(clock, [(6, plain)])
    clock.advance(1000)
    rounds.poll(1000, True)

    def seconds(count):
        for i in range(count):
            clock.advance(2000 + i * 1000)
            rounds.fresh = i == 3
            rounds.poll(2000 + i * 1000, True)

    without_heap(seconds, 20)
    assert plain.polls == 2


class Cold:
    saves = 0


def test_an_engine_that_stores_ends_the_pass_and_the_round_goes_on():
    rig = Rig()
    cold = Cold()
    rig.rounds.cold = cold

    class Writer(Engine):
        def poll(self, now_ms, second):
            cold.saves += 1
            self.trace.append((self.name, second, self.clock.passed_s))

    rig.rounds.engines[0] = Writer("w", rig.trace, 86_400, rig.clock)
    assert rig.second(seconds=4) == ["w"] and rig.rounds.restless
    rig.clock.advance(rig.now + 10)
    rig.rounds.poll(rig.now + 10, False)
    assert rig.trace == [("w", True, 4), ("b", True, 4)] and not rig.rounds.restless
    rig.rounds.poll(rig.now + 20, False)
    assert len(rig.trace) == 2


def test_who_has_only_boundaries_is_left_out_of_rounds_for_readings():
    rig = Rig()
    lasting = Engine("c", rig.trace, 40, rig.clock)
    lasting.by_boundary = True
    rig.rounds.add(7, lasting)
    assert rig.second() == ["a", "b", "c"]
    rig.trace.clear()
    assert rig.second(fresh=True, seconds=10) == ["a", "b"]
    assert rig.rounds.due_s == 30  # what it has said still holds
    rig.trace.clear()
    rig.second(seconds=30)
    assert rig.trace == [("a", True, 30), ("b", True, 30), ("c", True, 40)]  # nobody misses a second


def test_nobody_is_left_out_for_more_than_a_minute():
    rig = Rig()
    lasting = Engine("c", rig.trace, 86_400, rig.clock)
    lasting.by_boundary = True
    rig.rounds.add(7, lasting)
    rig.second()
    ran = [rig.second(fresh=True, seconds=10) for _ in range(6)]
    assert ran == [["a", "b"]] * 5 + [["a", "b", "c"]]


def test_what_was_asked_for_is_seen_by_all_in_the_next_second():
    rig = Rig()
    lasting = Engine("c", rig.trace, 86_400, rig.clock)
    lasting.by_boundary = True
    rig.rounds.add(7, lasting)
    rig.second()
    rig.rounds.soon()
    assert rig.second() == ["a", "b", "c"]
