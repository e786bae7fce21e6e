# SPDX-License-Identifier: MIT
"""The metering second is aligned to the RTC's, to a millisecond or two, however long a pass takes."""

from app.clock import Clock
from app.records import codes
from app.timekeeper import Timekeeper


class Rtc:
    """Seconds turn where the tick is `phase_ms` modulo 1000; a read latches `read_ms` after the start of its pass."""

    def __init__(self, phase_ms, read_ms):
        self.phase_ms = phase_ms
        self.read_ms = read_ms
        self.now_ms = 0
        self.dead = False

    def read_into(self, fields):
        if self.dead:
            raise OSError(19)
        second = (self.now_ms + self.read_ms - self.phase_ms + 1_000_000) // 1000
        fields[0], fields[1], fields[2] = 2026, 1, 1
        fields[3], fields[4], fields[5] = 0, second // 60 % 60, second % 60
        return True


class Log:
    def __init__(self):
        self.codes = []

    def append_now(self, code, detail):
        self.codes.append(code)


def run(phase_ms, pass_ms, read_ms=1, passes=2000, die_after=None):
    """The meter's loop as far as time goes: a pass, then a wait. returns: (clock, keeper, tick of the last whole second)"""
    rtc = Rtc(phase_ms, read_ms)
    clock = Clock(0)
    keeper = Timekeeper(rtc, clock, Log())
    keeper.start(0)
    now = 0
    turned = None
    for n in range(passes):
        if n == die_after:
            rtc.dead = True
        rtc.now_ms = now
        second = clock.advance(now) > 0
        if second:
            turned = now
        if second and keeper.refining:
            keeper.refine()
        rtc.now_ms = now + (pass_ms if keeper.aligning else 0)  # the slow half of a pass comes before it
        keeper.poll(now, second)
        wait = 2 if keeper.aligning else clock.until_second_ms()
        now += max(wait, pass_ms)
        if turned is not None and not keeper.refining and not keeper.aligning and turned > 30_000:
            break
    return clock, keeper, turned


def test_second_ends_with_the_rtcs_or_just_after():
    for phase_ms in (0, 1, 17, 250, 499, 731, 985, 998, 999):
        for pass_ms in (1, 3, 14, 26):
            clock, keeper, turned = run(phase_ms, pass_ms)
            assert not keeper.aligning and not keeper.refining
            late = (turned - phase_ms) % 1000
            assert late <= 2, (phase_ms, pass_ms, late)
            assert clock.second == (turned - phase_ms + 1_000_000) // 1000


def test_dead_rtc_leaves_the_clock_running():
    clock, keeper, turned = run(250, 3, die_after=400)
    assert not keeper.refining
    assert turned > 30_000


def test_no_rtc_is_said_once():
    keeper = Timekeeper(None, Clock(0), Log())
    keeper.start(0)
    assert not keeper.aligning and not keeper.refining
    assert keeper.log.codes == [codes.CLOCK_INVALID]
