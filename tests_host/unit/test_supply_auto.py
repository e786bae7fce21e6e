# SPDX-License-Identifier: MIT
"""Automatic causes: each opens when it is switched on, holds the contactor open, and ends by its own rule.

Values in the sample's units; periods and limits set by the test. Numbers of causes: 5 frequency, 6 voltage, 7 current, 8 heat.
"""

from app.clock import Clock
from app.configuration.group import Group
from app.quality import rows as r
from app.store import layout
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.supply import auto
from app.supply import control as sc
from app.supply import switch as sw
from app.supply.auto import AutoCauses, Causes
from app.supply.control import SupplyControl
from app.supply.heat import Heat
from fakes_hw import without_heap
from fakes_meter import Log
from fakes_store import FakeBytes
from test_supply_control import ID, Relay, codes


class Sample:
    rms_voltage_mv = 230_000
    frequency_hz_x1000 = 50_000
    rms_current_ma = 1000


class Element:
    def __init__(self):
        self.sample = Sample()
        self.down = False


class Life:
    """memory outlives it; temperature in 0.1 degree C."""

    def __init__(self, before=None, **changes):
        self.memory = before.memory if before else FakeBytes()
        self.state = before.state if before else bytearray(1)
        self.relay = Relay(before.relay.at if before else 1)
        self.config = before.config if before else Group(auto.FIELDS)
        for name, value in changes.items():
            self.config.set_value(name, value)
        self.switch = sw.Switch(self.relay)
        self.switch.unpack(self.state, 0)
        self.log = Log()
        self.control = SupplyControl(self.switch, ColdStore(self.memory, layout.COLD_BASE, Crc32()), ID, self.log)
        self.control.restore()
        self.clock = Clock(0)
        self.clock.set(9497, 0)
        self.element = Element()
        self.active = bytearray(r.ROWS)
        self.temperature = 250
        heat = Heat(self.config, lambda: self.temperature, self.log)
        causes = Causes(self.control, self.element, 0, self.active, self.config, heat)
        self.auto = AutoCauses([causes], heat, self.clock)
        self.auto.start()
        self.now = 0
        self.run(11)
        if before is None:
            self.switch.command(True, self.now, 5)
            self.run(1)

    def run(self, seconds):
        for _ in range(seconds):
            self.now += 1000
            self.clock.advance(self.now)
            self.auto.poll(self.now, True)
            self.control.poll(self.now, True)
            for _ in range(3):
                self.switch.poll(self.now, True)
                if self.switch.dirty:
                    self.switch.pack_into(self.state, 0)
                    self.switch.saved()


def test_factory_settings_open_for_nothing():
    life = Life()
    for row in range(r.ROWS):
        life.active[row] = 1
    life.temperature = 1500
    life.run(200)
    assert life.control.state() == sc.ENABLED and codes(life.log) == [0x7F05]


def test_each_row_opens_and_arms_again():
    cases = (
        (r.UNDER_FREQUENCY, "under_frequency", "frequency_hz_x1000", 46_900, 47_400, 47_501, 5),
        (r.OVER_FREQUENCY, "over_frequency", "frequency_hz_x1000", 52_100, 51_500, 51_499, 5),
        (r.SAG, "sag", "rms_voltage_mv", 200_000, 220_000, 220_001, 6),
        (r.SWELL, "swell", "rms_voltage_mv", 260_000, 250_000, 249_999, 6),
        (r.UNDER_VOLTAGE, "under_voltage", "rms_voltage_mv", 200_000, 219_000, 221_000, 6),
        (r.OVER_VOLTAGE, "over_voltage", "rms_voltage_mv", 260_000, 251_000, 249_000, 6),
        (r.OVER_CURRENT, "over_current", "rms_current_ma", 110_000, 100_000, 0, 7),
    )
    for row, name, member, bad, nearly, well, cause in cases:
        life = Life(**{name + "_opens": 1})
        life.active[row] = 1
        setattr(life.element.sample, member, bad)
        life.run(1)
        assert life.control.state() == sc.DISABLED and life.relay.at == 0, name
        assert life.log.events == [(0x7F1A, cause * 2)]
        life.active[row] = 0  # inside the first limit, not yet the second
        setattr(life.element.sample, member, nearly)
        life.run(200)
        assert life.control.state() == sc.DISABLED
        assert life.control.command(True, life.now, 0) == sc.REFUSED_UNHEALTHY
        setattr(life.element.sample, member, well)
        life.run(60)
        assert life.control.state() == sc.DISABLED  # "longer than" 60 s
        life.run(1)
        assert life.control.state() == sc.ARMED and codes(life.log) == [0x7F1A, 0x8F32]


def test_rule_close_and_rule_stay():
    for rule, state, last in ((auto.CLOSE, sc.ENABLED, 0x7F1B), (auto.STAY, sc.DISABLED, 0x7F1A)):
        life = Life(sag_opens=1, sag_rule=rule, sag_back_s=20)
        life.active[r.SAG] = 1
        life.run(2)
        life.active[r.SAG] = 0
        life.run(40)
        assert life.control.state() == state and codes(life.log)[-1] == last


def test_of_several_causes_the_lowest_is_noted_and_the_most_careful_rule_holds():
    life = Life(sag_opens=1, sag_rule=auto.CLOSE, under_frequency_opens=1, under_frequency_back_s=5, sag_back_s=30)
    life.active[r.SAG] = life.active[r.UNDER_FREQUENCY] = 1
    life.run(2)
    assert life.control.cause == sc.CAUSE_FREQUENCY and life.log.events == [(0x7F1A, 10)]
    life.active[r.UNDER_FREQUENCY] = 0
    life.run(20)
    assert life.control.state() == sc.DISABLED  # the sag lasts
    life.active[r.SAG] = 0
    life.run(31)
    assert life.control.state() == sc.ARMED


def test_current_above_the_breaking_capacity_is_not_broken():
    life = Life(over_current_opens=1, breaking_capacity_0a01=12_000)
    life.active[r.OVER_CURRENT] = 1
    life.element.sample.rms_current_ma = 121_000
    life.run(100)
    assert life.control.state() == sc.ENABLED
    life.element.sample.rms_current_ma = 119_000
    life.run(1)
    assert life.control.state() == sc.DISABLED and life.control.cause == sc.CAUSE_CURRENT


def test_heat_warns_opens_and_arms_after_cooling():
    life = Life(heat_mode=2)
    life.temperature = 851
    life.run(60)
    assert codes(life.log) == []
    life.temperature = 850
    life.run(1)
    life.temperature = 1001
    life.run(60)
    assert codes(life.log) == []
    life.run(1)
    assert life.log.events == [(0x7F05, 1001), (0x7F1A, 16)] and life.control.state() == sc.DISABLED
    life.temperature = 749
    life.run(61)
    assert codes(life.log)[-1] == 0x7F06
    life.run(1800 - 61)
    assert life.control.state() == sc.DISABLED
    life.run(1)
    assert life.control.state() == sc.ARMED


def test_a_power_cut_does_not_close_and_does_not_forget():
    life = Life(sag_opens=1, sag_rule=auto.CLOSE, heat_mode=2)
    life.active[r.SAG] = 1
    life.run(2)
    life = Life(life)
    assert life.control.state() == sc.DISABLED and life.control.cause == sc.CAUSE_VOLTAGE
    life.run(48)
    assert life.control.state() == sc.DISABLED
    life.run(10)
    assert life.control.state() == sc.ENABLED
    life.temperature = 1100
    life.run(62)
    assert life.control.cause == sc.CAUSE_HEAT
    life = Life(life)
    assert life.control.state() == sc.DISABLED
    life.run(1801 - 11)
    assert life.control.state() == sc.ARMED


def test_nothing_closes_on_a_chip_that_is_down():
    life = Life()
    life.control.command(False, life.now, 1)
    life.run(11)
    assert life.control.arm() == sw.ACCEPTED
    life.element.down = True
    life.run(1)
    assert life.control.command(True, life.now, 0) == sc.REFUSED_UNHEALTHY
    life.element.down = False
    life.run(1)
    assert life.control.command(True, life.now, 0) == sw.ACCEPTED


def test_a_second_allocates_nothing():
    life = Life(sag_opens=1, heat_mode=2)
    life.active[r.SAG] = 1
    life.temperature = 900
    life.run(2)
    life.active[r.SAG] = 0

    def seconds(count):
        for _ in range(count):
            life.auto.poll(0, True)
            life.auto.until_s()

    without_heap(seconds, 20)


def test_the_packed_rows():
    expected = (
        (r.UNDER_FREQUENCY, sc.CAUSE_FREQUENCY, 1, 10, "under_frequency"),
        (r.OVER_FREQUENCY, sc.CAUSE_FREQUENCY, 0, 10, "over_frequency"),
        (r.SAG, sc.CAUSE_VOLTAGE, 1, 100, "sag"),
        (r.SWELL, sc.CAUSE_VOLTAGE, 0, 100, "swell"),
        (r.UNDER_VOLTAGE, sc.CAUSE_VOLTAGE, 1, 100, "under_voltage"),
        (r.OVER_VOLTAGE, sc.CAUSE_VOLTAGE, 0, 100, "over_voltage"),
        (r.OVER_CURRENT, sc.CAUSE_CURRENT, 0, 10, "over_current"),
    )
    names = Group(auto.FIELDS).field_names()
    for i in range(7):
        assert tuple(auto._TABLE[4 * i : 4 * i + 4]) == expected[i][:4]
        for name in names[4 * i : 4 * i + 4]:
            assert name.startswith(expected[i][4] + "_")
        assert names[4 * i].endswith("_opens") and names[4 * i + 1].endswith("_rule")
        assert "_back_" in names[4 * i + 2] and names[4 * i + 3].endswith("_back_s")
