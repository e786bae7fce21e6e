# SPDX-License-Identifier: MIT
"""Outages: which events, in which order, with which stamps, told once. Rule: GBCS 8F57 at the loss, 8F35 below three minutes,
8F36 from three minutes on, never both.
"""

from app.clock import Clock
from app.quality.outage import Outage
from fakes_quality import DAY, NOON, Cold, Log

INTERRUPTED, RESTORED, LONG = 0x8F57, 0x8F35, 0x8F36


class Rtc:
    """The mark of a clock: battery-backed."""

    def __init__(self):
        self.mark = None
        self.broken = False

    def write_mark(self, day, second):
        if self.broken:
            raise ValueError
        self.mark = (day, second)

    def mark_into(self, fields):
        if self.broken:
            raise ValueError
        if self.mark is None:
            return False
        fields[0], fields[1] = self.mark
        return True


class World:
    """Memory that survives; `boot` makes a new meter in it."""

    def __init__(self, mark=None):
        self.cold = Cold()
        self.log = Log()
        self.mark = mark
        self.now_ms = 0

    def logged(self, day, second, code):
        for event in self.log.events:
            if event[:3] == (day, second, code):
                return True
        return False

    def boot(self, day, second, valid=True):
        self.now_ms = 0
        self.clock = Clock(0)
        if valid:
            self.clock.set(day, second)
        self.it = Outage(self.clock, self.log, self.cold, 23, self.mark, self.logged)
        return self.it

    def run(self, seconds, failing=False):
        for _ in range(seconds):
            self.now_ms += 1000
            self.clock.advance(self.now_ms)
            if failing:
                self.it.warn()
            else:
                self.it.poll(self.now_ms, True)

    def events(self):
        found = self.log.events
        self.log.events = []
        return found


def test_ten_seconds_are_short_and_two_hundred_long():
    for away, code in ((10, RESTORED), (179, RESTORED), (180, LONG), (200, LONG)):
        w = World()
        it = w.boot(DAY, NOON + away)
        it.restored(True, True, DAY, NOON, 0)
        assert w.events() == [(DAY, NOON, INTERRUPTED, 0), (DAY, NOON + away, code, away)]
        assert (it.lost_day, it.lost_second, it.back_day, it.back_second) == (DAY, NOON, DAY, NOON + away)
        assert it.count == 1 and it.long == (1 if code == LONG else 0)


def test_the_supply_was_back_before_the_firmware():
    w = World()
    w.boot(DAY, NOON + 182).restored(True, True, DAY, NOON, 3_000)
    assert w.events()[1] == (DAY, NOON + 179, RESTORED, 179)


def test_over_midnight_and_over_years():
    w = World()
    it = w.boot(DAY + 1, 5)
    it.restored(True, True, DAY, 86_395, 0)
    assert w.events()[1] == (DAY + 1, 5, RESTORED, 10)
    w.boot(DAY + 20_000, 5).restored(True, True, DAY, 86_395, 0)
    assert w.events()[1][2] == LONG


def test_both_stamps_can_be_read_after_another_boot():
    w = World()
    w.boot(DAY, NOON + 200).restored(True, True, DAY, NOON, 0)
    again = w.boot(DAY, NOON + 300)
    again.restored(False, True, DAY, NOON + 299, 0)
    assert (again.lost_second, again.back_second, again.away_s, again.long) == (NOON, NOON + 200, 200, 1)
    assert len(w.events()) == 2


def test_within_a_second_it_is_one_event():
    w = World()
    w.boot(DAY, NOON).restored(True, True, DAY, NOON, 0)
    assert w.events() == [(DAY, NOON, RESTORED, 0)]


def test_clock_that_has_gone_back_does_not_know_how_long():
    w = World()
    w.boot(DAY, NOON - 500).restored(True, True, DAY, NOON, 0)
    assert w.events() == [(DAY, NOON, INTERRUPTED, 0), (DAY, NOON - 500, RESTORED, 0)]


def test_new_meter_and_plain_resets_have_no_outage():
    w = World()
    w.boot(DAY, NOON).restored(True, False, 0, 0, 0)
    w.boot(DAY, NOON).restored(False, True, DAY, NOON - 5, 0)
    assert w.events() == [] and w.it.count == 0


def test_told_when_the_clock_has_been_set():
    w = World()
    it = w.boot(0, 0, valid=False)
    it.restored(True, True, DAY, NOON, 0)
    w.run(100)
    assert w.events() == []
    w.clock.correct(DAY, NOON + 400)
    w.run(1)  # it has been back for 101 s
    assert w.events() == [(DAY, NOON, INTERRUPTED, 0), (DAY, NOON + 300, LONG, 300)]


def test_mark_of_the_clock_is_newer_than_a_record_that_waited_for_energy():
    rtc = Rtc()
    w = World(rtc)
    w.boot(DAY, NOON).restored(True, False, 0, 0, 0)
    w.run(600)  # the last hot record is from the beginning
    w.boot(DAY, NOON + 610).restored(True, True, DAY, NOON, 0)
    assert w.events() == [(DAY, NOON + 600, INTERRUPTED, 0), (DAY, NOON + 610, RESTORED, 10)]
    w.run(5)
    w.boot(DAY, NOON + 815).restored(True, True, DAY, NOON, 0)
    assert w.events()[1] == (DAY, NOON + 815, LONG, 200)


def test_mark_of_the_future_and_a_broken_clock_are_left_alone():
    rtc = Rtc()
    w = World(rtc)
    rtc.mark = (DAY + 1, 0)
    w.boot(DAY, NOON + 100).restored(True, True, DAY, NOON, 0)
    assert w.events()[0] == (DAY, NOON, INTERRUPTED, 0)
    rtc.broken = True
    it = w.boot(DAY, NOON + 200)
    it.restored(True, True, DAY, NOON + 100, 0)
    w.run(3)
    assert it.errors == 4 and len(w.events()) == 2


def test_warning_stamps_the_loss():
    w = World()
    w.boot(DAY, NOON).restored(True, False, 0, 0, 0)
    w.run(10)
    w.run(30, failing=True)  # long: the record has to say when it began, the hot record goes on
    w.boot(DAY, NOON + 100).restored(True, True, DAY, NOON + 40, 0)
    assert w.events() == [(DAY, NOON + 11, INTERRUPTED, 0), (DAY, NOON + 100, RESTORED, 89)]


def test_supply_that_recovers_without_a_boot():
    w = World()
    it = w.boot(DAY, NOON)
    it.restored(True, False, 0, 0, 0)
    w.run(10)
    w.run(3, failing=True)
    w.run(1)
    assert w.events() == [(DAY, NOON + 11, INTERRUPTED, 0), (DAY, NOON + 14, RESTORED, 3)]
    assert it.count == 1
    it.warn()
    it.poll(w.now_ms, False)  # within the same second: nothing was lost
    w.run(5)
    assert w.events() == [] and (it.lost_second, it.back_second) == (NOON + 11, NOON + 14)


def test_cut_anywhere_in_the_telling_tells_once():
    # The record of the return is stored, then 0, 1 or 2 of its events, then nothing more.
    for told in range(3):
        w = World()
        w.boot(DAY, NOON + 200).restored(True, True, DAY, NOON, 0)
        expected = w.events()
        w.log.events = expected[:told]
        stored = w.cold.stored
        w.cold.stored = (stored[0], bytes([stored[1][0], 2]) + stored[1][2:])  # state: pending
        w.boot(DAY, NOON + 260).restored(True, True, DAY, NOON + 255, 0)
        assert w.events() == expected + [(DAY, NOON + 255, INTERRUPTED, 0), (DAY, NOON + 260, RESTORED, 5)], told


def test_store_that_does_not_answer_is_tried_again():
    w = World()
    w.cold.refuses = True
    it = w.boot(DAY, NOON + 200)
    it.restored(True, True, DAY, NOON, 0)
    assert len(w.events()) == 2
    w.cold.refuses = False
    w.run(1)
    assert w.cold.saves == 1 and w.cold.stored[1][1] == 3
