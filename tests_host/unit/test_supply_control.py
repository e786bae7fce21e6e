# SPDX-License-Identifier: MIT
"""Supply states and load limiting, rule by rule; codes are those of the GBCS alert table, limits 6900 W for 300 s."""

from app.clock import Clock
from app.configuration.group import Group
from app.store import layout
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.supply import control as sc
from app.supply import limiter as lm
from app.supply import switch as sw
from app.supply.control import SupplyControl
from app.supply.limiter import Limiter
from app.supply.schedule import Schedule
from fakes_hw import without_heap
from fakes_meter import Log
from fakes_store import FakeBytes

ID = 14
COUNTER_ID = 23
SCHEDULE_ID = 18


class Relay:
    """Moves at once."""

    fault = 0

    def __init__(self, at):
        self.at = at
        self.resting = 0

    def position(self):
        return self.at

    def refusal(self, closed, now_ms):
        return self.resting if closed else 0

    def start(self, closed, now_ms, tries=3):
        self.at = 1 if closed else 0
        return 0

    def poll(self, now_ms):
        return False

    def idle(self):
        pass


class Life:
    """One life of a contactor with its control; `memory` outlives it."""

    def __init__(self, memory=None, at=1, mode=lm.DISABLE, state=None, fresh=True):
        self.memory = memory or FakeBytes()
        self.cold = ColdStore(self.memory, layout.COLD_BASE, Crc32())
        self.relay = Relay(at)
        self.switch = sw.Switch(self.relay)
        self.state = state or bytearray(1)
        self.switch.unpack(self.state, 0)
        self.log = Log()
        self.control = SupplyControl(self.switch, self.cold, ID, self.log)
        self.control.restore()
        self.clock = Clock(0)
        self.clock.set(9497, 0)
        self.config = Group(lm.FIELDS)
        self.config.load_limit_mode = mode
        self.limiter = Limiter(self.config, self.control, self.cold, COUNTER_ID, self.clock, self.log)
        self.limiter.restore()
        self.now = 0
        self.run(11)
        if at and fresh:
            self.switch.command(True, self.now, 5)
            self.run(1)

    def run(self, seconds, watts=0):
        for _ in range(seconds):
            self.now += 1000
            self.clock.advance(self.now)
            self.limiter.see(watts)
            self.control.poll(self.now, True)
            for _ in range(3):
                self.switch.poll(self.now, True)
                if self.switch.dirty:
                    self.switch.pack_into(self.state, 0)
                    self.switch.saved()

    def again(self):
        """The supply goes and comes."""
        return Life(self.memory, self.relay.at, self.config.load_limit_mode, self.state)

    def again_as_it_is(self):
        """As `again`, and nobody gives a command afterwards."""
        return Life(self.memory, self.relay.at, self.config.load_limit_mode, self.state, fresh=False)


def codes(log):
    return [event[0] for event in log.events]


def test_load_limit_opens_arms_and_closes_again():
    life = Life()
    life.run(300, 6901)
    assert life.control.state() == sc.ENABLED and codes(life.log) == []  # "longer than" the period
    life.run(1, 6901)
    assert life.control.state() == sc.ARMED and life.relay.at == 0 and life.limiter.count == 1
    assert codes(life.log) == [0x8F01, 0x8F33]
    life.run(29)
    assert life.control.state() == sc.ARMED
    life.run(2)
    assert life.control.state() == sc.ENABLED and life.relay.at == 1
    assert codes(life.log) == [0x8F01, 0x8F33, 0x8F34]


def test_a_second_at_the_threshold_starts_the_period_anew():
    life = Life()
    life.run(300, 6901)
    life.run(1, 6900)
    life.run(300, 6901)
    assert life.limiter.count == 0
    life.run(1, 6901)
    assert life.limiter.count == 1


def test_mode_unchanged_only_tells_and_once_per_excess():
    life = Life(mode=lm.UNCHANGED)
    life.run(1000, 7000)
    assert codes(life.log) == [0x8F01] and life.control.state() == sc.ENABLED
    life.run(1, 0)
    life.run(301, 7000)
    assert life.limiter.count == 2


def test_the_consumer_may_close_before_the_restoration():
    life = Life()
    life.run(301, 7000)
    life.run(12)
    assert life.control.command(True, life.now, 0) == sw.ACCEPTED
    life.run(40)
    assert life.control.state() == sc.ENABLED and 0x8F34 not in codes(life.log)


def test_tamper_locks_first_and_only_the_supplier_disables():
    life = Life()
    life.control.post(sc.LOAD_EXCEEDED)
    life.control.post(sc.TAMPER)
    life.run(1)
    assert life.control.state() == sc.LOCKED and life.relay.at == 0 and codes(life.log) == [0x81BE]
    assert life.control.arm() == sc.REFUSED_LOCKED
    assert life.control.command(True, life.now, 1) == sc.REFUSED_LOCKED
    life = life.again()
    assert life.control.state() == sc.LOCKED
    assert life.control.command(False, life.now, 1) == sw.ACCEPTED or life.control.state() == sc.DISABLED
    assert life.control.state() == sc.DISABLED
    assert life.control.arm() == sw.ACCEPTED and life.control.state() == sc.ARMED


def test_credit_disables_and_arms_never_enables():
    life = Life()
    life.control.post(sc.CREDIT_OUT)
    life.run(1)
    assert life.control.state() == sc.DISABLED and codes(life.log) == [0x8F0F]
    life.control.post(sc.CREDIT_BACK)
    life.run(1)
    assert life.control.state() == sc.ARMED and codes(life.log) == [0x8F0F, 0x8F32]


def test_armed_for_credit_only_when_disabled_for_credit():
    life = Life()
    life.control.command(False, life.now, 1)
    life.run(1)
    life.control.post(sc.CREDIT_BACK)
    life.run(1)
    assert life.control.state() == sc.DISABLED and codes(life.log) == []


def test_nothing_is_believed_that_is_not_stored():
    life = Life()
    life.memory.failing = True
    life.control.post(sc.TAMPER)
    life.run(1)
    assert life.control.state() == sc.ENABLED and life.relay.at == 1
    life.memory.failing = False
    life.run(1)
    assert life.control.state() == sc.LOCKED


def test_a_cut_between_opening_and_arming_is_finished():
    life = Life()
    life.control._keep(False, sc.CAUSE_LOAD_LIMIT)
    life.switch.command(False, life.now, 6)
    life.switch.pack_into(life.state, 0)
    life.relay.at = 0
    life = life.again()
    assert life.control.state() == sc.ARMED
    life.run(60)
    assert life.control.state() == sc.ENABLED and codes(life.log)[-1] == 0x8F34


def test_the_counter_survives():
    life = Life(mode=lm.UNCHANGED)
    life.run(301, 7000)
    assert life.again().limiter.count == 1


def test_a_quiet_second_allocates_nothing():
    life = Life()
    life.run(1, 100)

    def seconds(count):
        for _ in range(count):
            life.limiter.see(100)
            life.control.poll(0, True)

    without_heap(seconds, 20)


class Door:
    def __init__(self):
        self.asked = []
        self.result = 0

    def submit(self, source, code, argument, now_ms):
        self.asked.append((source, code))
        return self.result


def a_schedule(memory=None, minute=0):
    cold = ColdStore(memory or FakeBytes(), layout.COLD_BASE, Crc32())
    clock = Clock(0)
    clock.set(minute // 1440, minute % 1440 * 60)
    door = Door()
    log = Log()
    schedule = Schedule(door, clock, cold, SCHEDULE_ID, log)
    schedule.restore()
    return schedule, clock, door, log


def test_an_action_is_done_once_at_its_minute():
    schedule, clock, door, log = a_schedule(minute=14_000_000)
    assert schedule.set([(14_000_010, 1, 2), (14_000_020, 2, 2)]) == 0
    assert schedule.until_s() == 600
    clock.set(14_000_009 // 1440, 14_000_009 % 1440 * 60 + 59)
    schedule.poll(0, True)
    assert door.asked == []
    clock.set(14_000_010 // 1440, 14_000_010 % 1440 * 60)
    for _ in range(3):
        schedule.poll(0, True)
    assert door.asked == [(2, 1)] and codes(log) == [0x8F66]
    clock.set(14_000_009 // 1440, 14_000_009 % 1440 * 60)  # stepped back
    schedule.poll(0, True)
    clock.set(14_000_010 // 1440, 14_000_010 % 1440 * 60 + 5)
    schedule.poll(0, True)
    assert door.asked == [(2, 1)]


def test_missed_actions_late_by_less_than_a_day_and_not_overtaken():
    memory = FakeBytes()
    schedule, clock, door, log = a_schedule(memory, 14_000_000)
    schedule.set([(14_000_010, 1, 2), (14_000_020, 2, 2), (14_002_000, 1, 2)])
    schedule, clock, door, log = a_schedule(memory, 14_000_500)
    for _ in range(4):
        schedule.poll(0, True)
    assert door.asked == [(2, 2)] and codes(log) == [0x8F67, 0x8F66]
    schedule, clock, door, log = a_schedule(memory, 14_002_000 + 1440)
    schedule.poll(0, True)
    assert door.asked == [] and codes(log) == [0x8F67]
    assert schedule.until_s() == 86_400


def test_a_bad_list_is_refused_whole():
    schedule, _, _, _ = a_schedule(minute=14_000_000)
    assert schedule.set([(14_000_010, 1, 2)]) == 0
    assert schedule.set([(14_000_020, 1, 2), (14_000_020, 2, 2)]) == 2
    assert schedule.set([(14_000_020, 9, 2)]) == 3
    assert schedule.set([(14_000_020 + i, 1, 2) for i in range(9)]) == 1
    assert schedule.entry(0)[0] == 14_000_010


def test_a_cause_that_comes_while_a_closing_waits_for_the_relay_keeps_it_open():
    life = Life(mode=lm.OFF)
    life.control.post(sc.LOAD_EXCEEDED)
    life.control.post(sc.LOAD_RESTORE)  # refused in this pass: the relay is under way
    life.control.open_for(sc.CAUSE_FREQUENCY)
    life.run(3)
    assert life.control.state() == sc.DISABLED and life.control.cause == sc.CAUSE_FREQUENCY and life.relay.at == 0
