# SPDX-License-Identifier: MIT
"""Tamper detection: holds, arming, what is stored before it is told, what an outage has hidden. Codes: GBCS alerts."""

from app.clock import Clock
from app.configuration.group import Group
from app.store import layout
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.supply import tamper as tm
from app.supply.tamper import Tamper
from fakes_hw import FakePin, without_heap
from fakes_meter import START
from fakes_store import FakeBytes

DAY = 9497


class Log:
    """events: [(day, second, code, extra)]; outlives the life, as a stored log does."""

    def __init__(self):
        self.events = []
        self.cut = False

    def append_at(self, day, second, code, extra):
        if self.cut:
            raise MemoryError
        self.events.append((day, second, code, extra))

    def holds(self, day, second, code):
        return (day, second, code) in [event[:3] for event in self.events]

    def codes(self):
        return [event[2] for event in self.events]


class Outage:
    settled = True
    back_day = DAY
    back_second = 1000
    away_s = 300


class Control:
    def __init__(self):
        self.locked = False
        self.posted = []

    def post(self, trigger):
        self.posted.append(trigger)


class Life:
    def __init__(self, before=None, power_on=True, **changes):
        self.memory = before.memory if before else FakeBytes()
        self.log = before.log if before else Log()
        self.pins = before.pins if before else [FakePin(0) for _ in range(4)] + [FakePin(1), FakePin(0)]
        self.config = before.config if before else Group(tm.FIELDS)
        for name, value in changes.items():
            assert hasattr(self.config, name)
            setattr(self.config, name, value)
        self.clock = Clock(START)
        self.clock.set(DAY, 1000)
        self.outage = Outage()
        self.control = Control()
        log = self.log
        clock = self.clock

        class Journal:
            append_at = log.append_at
            holds = log.holds

            def append_now(self, code, extra):
                log.append_at(clock.day, clock.second, code, extra)

        cold = ColdStore(self.memory, layout.COLD_BASE, Crc32())
        self.it = Tamper(
            self.pins, self.config, self.clock, Journal(), cold, layout.TAMPER, [self.control], self.outage
        )
        self.now = START
        self.it.start(power_on)

    def run(self, ms):
        for _ in range(ms // 100):
            self.now = (self.now + 100) % (1 << 30)
            second = self.clock.advance(self.now) > 0
            self.it.look(self.now)
            self.it.poll(self.now, second)

    def armed(self):
        self.run(1000)
        assert self.it.arm() == 0
        self.log.events.clear()
        return self


def test_covers_are_held_half_a_second():
    for i, begin, end in (
        (0, 0x8F74, 0x81B9),
        (1, 0x8F76, 0x81C1),
        (2, 0x8F77, 0),
        (3, 0x8F73, 0x81A1),
        (5, 0x8F78, 0),
    ):
        life = Life().armed()
        life.pins[i].level = 1
        life.run(400)
        life.pins[i].level = 0
        life.run(2000)
        assert life.log.codes() == []
        life.pins[i].level = 1
        life.run(700)
        assert life.log.codes() == [begin] and life.it.counts[i] == 1 and life.it.flags == 1 << i
        life.pins[i].level = 0
        life.run(700)
        assert life.log.codes() == ([begin, end] if end else [begin]) and life.it.flags == 1 << i
        assert life.it.disarm() == 0 and life.it.flags == 0


def test_magnet_two_seconds_and_ten():
    life = Life().armed()
    life.pins[4].level = 0
    life.run(1900)
    assert life.log.codes() == []
    life.run(300)
    assert life.log.codes() == [0x8F75]
    life.pins[4].level = 1
    life.run(9800)
    life.pins[4].level = 0
    life.run(200)
    life.pins[4].level = 1
    life.run(9800)
    assert life.log.codes() == [0x8F75]
    life.run(400)
    assert life.log.codes() == [0x8F75, 0x81BC] and life.it.counts[4] == 1


def test_arms_itself_when_all_covers_were_closed_for_a_minute():
    life = Life()
    life.pins[0].level = 1
    life.run(70_000)
    assert not life.it.armed and life.it.arm() == 1
    life.pins[0].level = 0
    life.run(59_000)
    assert not life.it.armed
    life.run(3000)
    assert life.it.armed and [event[2:] for event in life.log.events] == [(0x7F18, 16), (0x7F19, 1)]
    assert Life(life).it.armed


def test_disarmed_openings_are_service_events():
    life = Life(tamper_service_s=120).armed()
    assert life.it.disarm() == 0
    life.run(100_000)
    assert not life.it.armed  # nobody has opened yet
    life.run(30_000)
    assert life.it.armed  # nobody came
    life.it.disarm()
    life.log.events.clear()
    life.pins[1].level = 1
    life.run(1000)
    life.pins[1].level = 0
    life.run(1000)
    assert [event[2:] for event in life.log.events] == [(0x7F18, 1), (0x7F18, 17)]
    assert life.it.counts[1] == 0 and life.it.flags == 0
    life.run(62_000)
    assert life.it.armed


def test_opened_in_the_dark_has_the_window_of_the_outage():
    life = Life().armed()
    life.pins[0].level = 1
    life = Life(life)
    life.outage.settled = False  # the clock is not known yet
    life.run(5000)
    assert life.log.codes() == []
    life.outage.settled = True
    life.run(1000)
    assert life.log.events == [(DAY, 1000, 0x8F74, 300)] and life.it.counts[0] == 1
    life = Life(life)
    life.run(5000)
    assert len(life.log.events) == 1


def test_opened_in_the_dark_is_told_although_the_clock_stays_unknown():
    life = Life().armed()
    life.pins[0].level = 1
    life = Life(life)
    life.outage.settled = False
    life.run(63_000)
    assert life.log.codes() == [0x8F74] and life.log.events[0][3] == 0


def test_after_another_reset_it_is_told_as_now():
    life = Life().armed()
    life.pins[0].level = 1
    life = Life(life, power_on=False)
    life.run(1000)
    assert life.log.codes() == [0x8F74] and life.log.events[0][3] == 0


def test_a_cut_between_store_and_log_loses_and_doubles_nothing():
    life = Life().armed()
    life.pins[0].level = 1
    life.log.cut = True  # the supply goes in the very call
    try:
        life.run(1000)
    except MemoryError:
        pass
    life.log.cut = False
    life = Life(life)
    assert life.log.codes() == [0x8F74]
    life.run(1000)
    life = Life(life)
    life.run(1000)
    assert life.log.codes() == [0x8F74] and life.it.counts[0] == 1


def test_nothing_is_told_that_is_not_stored():
    life = Life().armed()
    life.memory.failing = True
    life.pins[0].level = 1
    life.run(1000)
    assert life.log.codes() == [] and life.it.open == 0
    life.memory.failing = False
    life.run(300)
    assert life.log.codes() == [0x8F74] and life.it.counts[0] == 1


def test_locks_where_configured_until_the_contactor_is():
    life = Life(tamper_locks=2).armed()
    life.pins[0].level = 1
    life.run(1000)
    assert life.control.posted == []
    life.pins[1].level = 1
    life.run(700)
    assert life.control.posted and set(life.control.posted) == {0}  # TAMPER
    life = Life(life)
    life.run(1000)
    assert life.control.posted
    life.control.locked = True
    life.run(2000)
    life = Life(life)
    life.run(2000)
    assert life.control.posted == []


def test_an_input_that_cannot_be_read_is_told_once_and_is_no_opening():
    life = Life().armed()
    life.pins[0].level = 2
    life.run(59_000)
    assert life.log.codes() == []
    life.run(10_000)
    assert life.log.codes() == [0x8F3F]
    life.pins[0].level = 0
    life.run(2000)
    life.pins[0].level = 2
    life.run(70_000)
    assert life.log.codes() == [0x8F3F] * 2 and life.it.open == 0


def test_a_meter_without_inputs_has_nothing_to_do():
    life = Life()
    life.it = Tamper([None] * 6, life.config, life.clock, None, None, layout.TAMPER, [], life.outage)
    life.it.poll(0, True)
    assert life.it.until_s() == 86_400 and not life.it.restless and not life.it.armed


def test_a_quiet_pass_allocates_nothing():
    life = Life().armed()
    life.run(1000)

    def passes(count):
        for _ in range(count):
            life.it.look(life.now)
            life.it.poll(life.now, True)
            life.it.until_s()

    without_heap(passes, 20)
