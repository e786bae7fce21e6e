# SPDX-License-Identifier: MIT
"""Load switch: boost before command before calendar, minutes that run on in the dark, and the calendar by hand.

Day 9497 is 2026-01-01, a Thursday. Results: 0 accepted, 1 already, 12 no such length.
"""

from app.clock import Clock
from app.store import layout
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.supply import switch as sw
from app.supply.alcs import BY_BOOST, BY_CALENDAR, BY_COMMAND, Alcs
from app.supply.alcs_calendar import Calendar
from fakes_hw import without_heap
from fakes_meter import Log
from fakes_store import FakeBytes
from test_supply_control import Relay

DAY = 9497
EVERY_DAY = 0x7F


class Life:
    def __init__(self, memory=None, relay=None, state=None, second=0, day=DAY, valid=True):
        self.memory = memory or FakeBytes()
        self.relay = relay or Relay(0)
        self.state = state or bytearray(1)
        self.switch = sw.Switch(self.relay, False)
        self.switch.unpack(self.state, 0)
        self.clock = Clock(0)
        self.clock.set(day, second)
        self.clock.valid = valid
        self.log = Log()
        cold = ColdStore(self.memory, layout.COLD_BASE, Crc32())
        self.it = Alcs(self.switch, self.clock, cold, layout.ALCS, layout.ALCS_CALENDAR, self.log)
        self.it.start()
        self.now = 0
        self.run(11)

    def run(self, seconds):
        for _ in range(seconds):
            self.now += 1000
            self.clock.advance(self.now)
            self.it.poll(self.now, True)
            for _ in range(3):
                self.switch.poll(self.now, True)
                if self.switch.dirty:
                    self.switch.pack_into(self.state, 0)
                    self.switch.saved()

    def again(self, seconds_later, valid=True):
        second = self.clock.second + seconds_later
        return Life(self.memory, self.relay, self.state, second % 86_400, self.clock.day + second // 86_400, valid)


def test_a_load_control_never_used_leaves_the_relay_alone():
    for at in (0, 1):
        life = Life(relay=Relay(at))
        life.run(100)
        assert life.relay.at == at and life.log.events == [] and life.it.until_s() == 86_400


def test_priority_and_the_way_back():
    life = Life()
    # Thursday: on from 00:01, off from 01:00.
    assert life.it.set_calendar([(1, EVERY_DAY, 0, 1, 0, 65_535), (60, EVERY_DAY, 0, 0, 0, 65_535)], []) == 0
    life.run(60)
    assert life.relay.at == 1 and life.it.source == BY_CALENDAR
    assert life.it.command(False, 30, life.now) == 0
    assert life.relay.at == 1  # told, not yet done
    life.run(1)
    assert life.relay.at == 0 and life.it.source == BY_COMMAND
    assert life.it.boost(15, life.now) == 0
    life.run(1)
    assert life.relay.at == 1 and life.it.source == BY_BOOST and life.it.boost_left_min == 15
    life.run(15 * 60)
    assert life.relay.at == 0 and life.it.source == BY_COMMAND and life.it.boost_left_min == 0
    life.run(15 * 60)
    assert life.relay.at == 1 and life.it.source == BY_CALENDAR
    life.run(30 * 60)
    assert life.relay.at == 0
    assert life.log.codes() == [0x7F20, 0x7F21, 0x7F22, 0x7F21, 0x7F20, 0x7F20]


def test_the_log_has_state_and_end():
    life = Life(second=3600)
    life.it.command(True, 90, life.now)
    minute = DAY * 1440 + 60
    assert life.log.events == [(0x7F21, 1 | (minute + 90) << 2)]
    life.it.command(False, 0, life.now)
    assert life.log.events[1] == (0x7F21, 0)


def test_boost_in_steps_of_15_minutes():
    life = Life()
    for minutes in (0, 1, 14, 16, 59, 61, 75, -15):
        assert life.it.boost(minutes, life.now) == 12
    for minutes in (15, 30, 45, 60):
        assert life.it.boost(minutes, life.now) == 0 and life.it.boost_left_min == minutes
    assert life.it.cancel_boost(life.now) == 0 and life.it.boost_left_min == 0
    assert life.it.cancel_boost(life.now) == 1
    assert life.it.command(True, 65_536, life.now) == 12


def test_time_runs_on_while_the_supply_is_away():
    life = Life()
    life.it.boost(60, life.now)
    life.run(10)
    life = life.again(20 * 60)
    assert 39 <= life.it.boost_left_min <= 40 and life.relay.at == 1
    life = life.again(41 * 60)
    assert life.it.boost_left_min == 0
    life.run(2)
    assert life.relay.at == 0


def test_without_a_valid_clock_the_minutes_of_the_store_hold():
    life = Life()
    life.it.command(True, 100, life.now)
    life.run(1)
    life = life.again(50 * 60, valid=False)
    assert life.relay.at == 1
    life.run(100 * 60 - 12)
    assert life.relay.at == 1
    life.run(3)
    assert life.relay.at == 0


def test_a_stored_command_that_the_relay_has_not_heard_is_done_at_boot():
    life = Life()
    life.it.command(True, 0, life.now)
    life.run(1)
    before = bytes(life.state)
    life.it.command(False, 0, life.now)
    life.state[:] = before  # the cut came before the contact's own record
    life = life.again(10)
    assert life.relay.at == 0


def test_nothing_is_believed_that_is_not_stored_but_the_relay_obeys():
    life = Life()
    life.memory.failing = True
    assert life.it.set_calendar([(1, EVERY_DAY, 0, 1, 0, 65_535)], []) == 4 and life.it.calendar.entries == 0


def test_a_relay_that_refuses_is_told_after_a_minute():
    life = Life()
    life.it.command(False, 0, life.now)
    life.it.set_calendar([(2, EVERY_DAY, 0, 1, DAY, 65_535)], [])
    life.it.give_back(life.now)
    life.relay.resting = 1
    life.run(160)
    assert life.log.codes().count(0x811A) == 0
    life.run(60)
    assert life.log.codes().count(0x811A) == 1
    life.relay.resting = 0
    life.run(2)
    assert life.relay.at == 1


def test_calendar_by_hand():
    it = Calendar()
    assert it.state(DAY, 0) == 0
    # On at 06:00 on workdays, off at 22:00 every day; on special days of kind 3 on at 12:00; 2026 only.
    first, last = DAY, DAY + 364
    entries = [
        (360, 0x1F, 0, 1, first, last),
        (1320, EVERY_DAY, 8, 0, first, last),
        (720, 0, 8, 1, first, last),
    ]
    assert it.put(entries, [(DAY + 1, 3), (DAY + 7, 0)]) == 0
    assert it.load(it.record) and it.entry(2) == entries[2]
    for day, minute, state in (
        (DAY - 1, 1000, 0),
        (DAY, 359, 0),
        (DAY, 360, 1),
        (DAY, 1319, 1),
        (DAY, 1320, 0),
        (DAY + 1, 400, 0),  # Friday, but special: not at six
        (DAY + 1, 720, 1),
        (DAY + 1, 1320, 0),
        (DAY + 2, 700, 0),  # Saturday
        (DAY + 4, 360, 1),  # Monday
        (DAY + 7, 600, 0),  # a special day of a kind that nobody names: Wednesday's state stays
        (DAY + 7, 1439, 0),
        (last, 1300, 1),  # Thursday 2026-12-31
        (last + 1000, 0, 0),  # switched off on the last evening
    ):
        assert it.state(day, minute) == state, (day - DAY, minute)
    assert it.next_minute(0) == 360 and it.next_minute(360) == 720 and it.next_minute(1320) == 1440


def test_a_bad_calendar_is_refused():
    life = Life()
    good = (0, 1, 0, 1, 0, 10)
    for entries, specials, why in (
        ([good] * 17, [], 1),
        ([good], [(1, 0)] * 9, 1),
        ([(1440, 1, 0, 1, 0, 10)], [], 2),
        ([(0, 0, 0, 1, 0, 10)], [], 2),
        ([(0, 1, 0, 2, 0, 10)], [], 2),
        ([(0, 1, 0, 1, 11, 10)], [], 2),
        ([good], [(5, 8)], 3),
        ([good], [(5, 0), (5, 1)], 3),
    ):
        assert life.it.set_calendar(entries, specials) == why
    assert life.it.calendar.entries == 0


def test_a_second_allocates_nothing():
    life = Life()
    life.it.set_calendar([(1, EVERY_DAY, 0, 1, 0, 65_535)], [])
    life.it.boost(60, life.now)
    life.run(70)

    def seconds(count):
        for _ in range(count):
            life.it.poll(0, True)
            life.it.until_s()

    without_heap(seconds, 20)
