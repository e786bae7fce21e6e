# SPDX-License-Identifier: MIT
"""Clock against RTC: what is compared when, what is followed, told and written. (How the second is found: test_timekeeper.)

Codes: GBCS 8145 clock adjusted, 8F0C not adjusted (outside of 10 s); project 7F13 no valid time at boot. Extra: RTC minus
clock.
"""

from app.clock import Clock
from app.supply import door
from app.timekeeper import Timekeeper
from fakes_hw import without_heap
from fakes_meter import DAY_2026, FakeRtc, Log

NOON = 43_200


class Bench:
    """A pass a second; the RTC keeps step unless a test moves it."""

    def __init__(self, rtc, start=True):
        self.rtc = rtc
        self.log = Log()
        self.now = (1 << 30) - 5000
        self.clock = Clock(self.now)
        self.it = Timekeeper(rtc, self.clock, self.log)
        if start:
            self.it.start(self.now)
            self.it.aligning = False

    def seconds(self, count):
        for _ in range(count):
            self.now = (self.now + 1000) % (1 << 30)
            if self.rtc is not None:
                self.rtc.day_second += 1
            second = self.clock.advance(self.now) > 0
            self.it.poll(self.now, second)


def test_boot_takes_the_time_of_a_valid_rtc():
    b = Bench(FakeRtc(NOON + 5))
    assert (b.clock.day, b.clock.second, b.clock.valid) == (DAY_2026, NOON + 5, True)
    assert b.log.events == []


def test_boot_with_no_valid_rtc_says_so_and_goes_on():
    absent = Bench(None)
    stopped = FakeRtc(NOON)
    stopped.valid = False
    stopped = Bench(stopped)
    dead = FakeRtc(NOON)
    dead.raises = OSError(19)
    dead = Bench(dead)
    for b in (absent, stopped, dead):
        assert b.log.events == [(0x7F13, 0)] and not b.clock.valid
        b.seconds(130)
        assert b.clock.second == 130 and b.log.events == [(0x7F13, 0)]
    assert dead.it.errors >= 3


def test_rtc_that_becomes_valid_is_taken_at_the_next_comparison():
    rtc = FakeRtc(NOON)
    rtc.valid = False
    b = Bench(rtc)
    rtc.valid = True
    b.seconds(60)
    assert b.clock.valid and b.clock.second == NOON + 60 and b.log.codes() == [0x7F13, 0x8145]


def test_compared_once_a_minute():
    rtc = FakeRtc(NOON)
    b = Bench(rtc)
    reads = rtc.reads
    b.seconds(59)
    assert rtc.reads == reads
    b.seconds(1)
    assert rtc.reads == reads + 1
    b.seconds(600)
    assert rtc.reads == reads + 11 and b.log.events == []


def test_second_either_way_is_none():
    for error in (-1, 1):
        rtc = FakeRtc(NOON)
        b = Bench(rtc)
        rtc.day_second += error
        b.seconds(180)
        assert b.log.events == [] and b.clock.second == NOON + 180


def test_drift_up_to_ten_seconds_is_followed_and_told():
    for error, extra in ((2, 2), (10, 10), (-2, 0xFFFE), (-10, 0xFFF6)):
        rtc = FakeRtc(NOON)
        b = Bench(rtc)
        rtc.day_second += error
        b.seconds(60)
        assert b.log.events == [(0x8145, extra)] and b.clock.second == NOON + 60 + error
        b.seconds(120)
        assert len(b.log.events) == 1


def test_difference_beyond_is_told_once_and_not_followed():
    rtc = FakeRtc(NOON)
    b = Bench(rtc)
    rtc.day_second += 11
    b.seconds(600)
    assert b.log.events == [(0x8F0C, 11)] and b.clock.second == NOON + 600
    rtc.day_second -= 11
    b.seconds(60)
    rtc.day_second += 3600
    b.seconds(120)
    assert b.log.events == [(0x8F0C, 11), (0x8F0C, 3600)]  # a new one is a new one


def test_rtc_that_raises_or_lies_leaves_the_clock_alone():
    rtc = FakeRtc(NOON)
    b = Bench(rtc)
    rtc.raises = OSError(110)
    b.seconds(120)
    rtc.raises = None
    rtc.valid = False
    b.seconds(120)
    assert b.log.events == [] and b.clock.second == NOON + 240 and b.clock.valid
    rtc.valid = True
    rtc.day_second = 90_000  # 25 o'clock
    b.seconds(60)
    assert b.clock.second == NOON + 300 and b.log.events == []


def commanded(bench, second, source):
    it = door.Door(None, None, None, bench.clock, preset=None, log=bench.log.append_now)
    return it.submit(source, door.SET_CLOCK, [DAY_2026, second], bench.now)


def test_clock_set_by_command_is_written_to_the_rtc():
    # Else the next comparison would take it back, and the next boot forget it.
    for source, second in ((door.WAN, NOON + 2 + 5), (door.SERVICE, NOON - 7200)):
        rtc = FakeRtc(NOON)
        b = Bench(rtc)
        b.seconds(2)
        assert commanded(b, second, source) == 0
        b.seconds(1)
        assert len(rtc.written) == 1 and rtc.day_second == second + 1 == b.clock.second
        told = len(b.log.events)
        b.seconds(300)
        assert b.clock.second == second + 301 and len(rtc.written) == 1 and len(b.log.events) == told


def test_clock_set_by_command_makes_a_stopped_rtc_valid():
    rtc = FakeRtc(NOON)
    rtc.valid = False
    b = Bench(rtc)
    assert commanded(b, 1000, door.WAN) == 0
    b.seconds(1)
    assert rtc.valid and rtc.day_second == 1001 and rtc.written[0] == [2026, 1, 1, 0, 16, 41]


def test_rtc_that_does_not_take_the_time_is_asked_again_and_not_followed():
    rtc = FakeRtc(NOON)
    b = Bench(rtc)
    rtc.raises = OSError(5)
    assert commanded(b, NOON + 9, door.WAN) == 0
    b.seconds(130)
    assert rtc.written == [] and b.clock.second == NOON + 9 + 130
    rtc.raises = None
    b.seconds(1)
    assert len(rtc.written) == 1
    b.seconds(60)
    assert b.clock.second == NOON + 9 + 191


def test_refused_command_writes_nothing():
    rtc = FakeRtc(NOON)
    b = Bench(rtc)
    assert commanded(b, NOON + 11, door.WAN) != 0
    b.seconds(2)
    assert rtc.written == []


def test_command_while_the_second_is_sought_wins():
    rtc = FakeRtc(NOON)
    b = Bench(rtc)
    b.it.start(b.now)
    assert b.it.aligning
    assert commanded(b, NOON + 8, door.WAN) == 0
    b.seconds(2)
    assert not b.it.aligning and b.clock.second == NOON + 10 == rtc.day_second


def test_meter_without_rtc_takes_a_command_too():
    b = Bench(None)
    assert commanded(b, 1000, door.WAN) == 0
    b.seconds(120)
    assert b.clock.valid and b.clock.second == 1120


def test_comparison_allocates_nothing():
    rtc = FakeRtc(NOON)
    b = Bench(rtc)
    b.seconds(59)
    rtc.day_second += 1
    now = (b.now + 1000) % (1 << 30)
    b.clock.advance(now)

    def poll(now):
        b.it.poll(now, True)
        return rtc.reads

    assert without_heap(poll, now) == 2
