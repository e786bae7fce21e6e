# SPDX-License-Identifier: MIT
"""Maximum demand. Every figure by hand: 500 Wh in half an hour are 1000 W."""

from app.clock import Clock
from app.metrology.registers import MODULUS_WH
from app.records import demand as dm
from app.records.demand import Demand
from app.store import layout
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from fakes_hw import without_heap
from fakes_store import FakeBytes

ID = 11
DAY = 9497
MIDNIGHT = DAY * 1440


class Life:
    def __init__(self, memory=None, minute=MIDNIGHT, interval=30, step=30, wh=0):
        self.memory = memory or FakeBytes()
        self.clock = Clock(0)
        self.served = [wh, 0, 0, 0, 0, 0]
        self.config = dm.settings()
        self.config.demand_interval_min = interval
        self.config.demand_step_min = step
        self.cold = ColdStore(self.memory, layout.COLD_BASE, Crc32())
        self.demand = Demand(self.config, self.clock, self.served, self.cold, ID)
        self.demand.restore()
        self.at(minute)

    def at(self, minute, second=0):
        """The clock has come there by itself."""
        self.clock.set(minute // 1440, minute % 1440 * 60 + second)
        self.demand.poll(0, True)

    def half_hour(self, minute, wh):
        """`wh` until `minute`, when the interval ends."""
        self.served[0] = (self.served[0] + wh) % MODULUS_WH
        self.at(minute)


def test_a_block_interval_and_its_time():
    life = Life()
    life.half_hour(MIDNIGHT + 30, 777)  # begun by the start of the meter: partial
    assert life.demand.maximum_w[dm.IMPORT] == 0
    life.half_hour(MIDNIGHT + 60, 500)
    life.half_hour(MIDNIGHT + 90, 400)
    assert life.demand.maximum_w[dm.IMPORT] == 1000
    assert life.demand.captured_minute[dm.IMPORT] == MIDNIGHT + 60
    assert life.demand.last_w[dm.IMPORT] == 800


def test_export_has_its_own():
    life = Life()
    life.at(MIDNIGHT + 30)
    life.served[1] += 250
    life.at(MIDNIGHT + 60)
    assert life.demand.maximum_w[dm.EXPORT] == 500 and life.demand.maximum_w[dm.IMPORT] == 0


def test_rolling_by_five_minutes():
    life = Life(step=5)
    minute = MIDNIGHT + 5
    life.at(minute)
    # 100 Wh a step but for 300 in two of them, across the half-hour: 4 x 100 + 2 x 300 = 1000 Wh in 30 min.
    for wh in (100, 100, 100, 100, 300, 300, 100, 100, 100, 100, 100, 100):
        minute += 5
        life.half_hour(minute, wh)
    assert life.demand.maximum_w[dm.IMPORT] == 2000
    assert life.demand.captured_minute[dm.IMPORT] == MIDNIGHT + 5 + 30


def test_a_correction_of_the_clock_spoils_both_sides():
    life = Life()
    life.half_hour(MIDNIGHT + 30, 0)
    life.served[0] += 5000
    life.clock.adjusted += 1
    life.half_hour(MIDNIGHT + 60, 0)
    life.half_hour(MIDNIGHT + 90, 5000)
    assert life.demand.maximum_w[dm.IMPORT] == 0
    life.half_hour(MIDNIGHT + 120, 500)
    assert life.demand.maximum_w[dm.IMPORT] == 1000


def test_the_clock_steps_back_over_the_boundary_and_it_ends_once():
    life = Life()
    life.half_hour(MIDNIGHT + 30, 0)
    life.half_hour(MIDNIGHT + 60, 500)
    life.clock.adjusted += 1
    life.at(MIDNIGHT + 59, 55)
    life.half_hour(MIDNIGHT + 60, 3)
    life.half_hour(MIDNIGHT + 90, 5000)
    assert life.demand.maximum_w[dm.IMPORT] == 1000
    life.half_hour(MIDNIGHT + 120, 600)
    assert life.demand.maximum_w[dm.IMPORT] == 1200


def test_a_missed_interval_sets_nothing():
    life = Life()
    life.half_hour(MIDNIGHT + 30, 0)
    life.half_hour(MIDNIGHT + 120, 9000)
    assert life.demand.maximum_w[dm.IMPORT] == 0


def test_only_intervals_within_the_period():
    life = Life(minute=MIDNIGHT + 900)
    life.half_hour(MIDNIGHT + 930, 0)
    for end, wh in ((960, 5000), (990, 100), (1200, 0), (1230, 5000)):
        life.at(MIDNIGHT + end - 30)
        life.half_hour(MIDNIGHT + end, wh)
    assert life.demand.maximum_w[dm.IMPORT_IN_PERIOD] == 200
    assert life.demand.maximum_w[dm.IMPORT] == 10_000


def test_the_maximum_and_its_reset_survive_and_the_roll_over_is_no_demand():
    life = Life(wh=MODULUS_WH - 200)
    life.half_hour(MIDNIGHT + 30, 0)
    life.half_hour(MIDNIGHT + 60, 500)
    assert life.demand.maximum_w[dm.IMPORT] == 1000
    again = Life(life.memory, MIDNIGHT + 75)
    assert again.demand.maximum_w[dm.IMPORT] == 1000
    assert again.demand.captured_minute[dm.IMPORT] == MIDNIGHT + 60
    again.demand.reset(dm.IMPORT)
    again.at(MIDNIGHT + 76)
    last = Life(life.memory, MIDNIGHT + 77)
    assert last.demand.maximum_w[dm.IMPORT] == 0 and last.demand.reset_minute[dm.IMPORT] == MIDNIGHT + 75


def test_settings_that_do_not_go_together():
    config = dm.settings()
    assert config.fault() is None
    config.demand_step_min = 7
    assert config.fault() == 255


def test_closing_allocates_nothing():
    life = Life()
    life.half_hour(MIDNIGHT + 30, 0)
    life.half_hour(MIDNIGHT + 60, 500)  # the record's length has been seen
    life.served[0] += 600
    clock = life.clock
    clock.second += 1800

    def close(demand):
        demand.poll(0, True)

    without_heap(close, life.demand)
    assert life.demand.maximum_w[dm.IMPORT] == 1200
