# SPDX-License-Identifier: MIT
"""Instrumentation profile, voltage log and daily consumption: values by hand."""

import micropython
from app.metrology import sample as s
from app.metrology.sample import Sample
from app.records.instrumentation import NO_TEMPERATURE, Instrumentation
from app.records.load_profile import LoadProfile
from app.records.profile import INVALID, PARTIAL, POWER_FAIL
from app.records.profile_state import ProfileState
from app.records.voltage_log import VoltageLog
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.store.ring import Ring
from fakes_profile import DAY, FakeClock, FakeLog, IntervalConfig
from fakes_store import FakeBlocks, FakeBytes


class PeriodConfig:
    def __init__(self, period_s):
        self.period_s = period_s


class Bench:
    def __init__(self, make, payload, at=0):
        self.crc = Crc32()
        self.blocks = FakeBlocks(6, erase_polls=1)
        self.fram = FakeBytes()
        self.make = make
        self.payload = payload
        self.sample = Sample()
        self.sample.flags = s.ENERGY | s.QUANTITIES
        self.clock = FakeClock(at)
        self.clock.passed_s = 0
        self.boot()

    def boot(self):
        self.ring = Ring(self.blocks, 0, 6, self.payload, self.crc, 10)
        while self.ring.poll():
            pass
        state = ProfileState(ColdStore(self.fram, 0x4000, self.crc), 12, FakeLog())
        state.restore()
        self.part = self.make(self, state)
        if hasattr(self.part, "start"):
            self.part.start(True)

    def second(self, seconds=1, **values):
        for name, value in values.items():
            setattr(self.sample, name, value)
        self.clock.set(self.clock.at + seconds)
        self.clock.passed_s = seconds
        self.part.poll(0, True)
        for _ in range(40):
            self.ring.poll()
            self.part.poll(0, False)

    def away(self, seconds):
        self.clock.set(self.clock.at + seconds)
        self.boot()


def instrumentation(at=0):
    def make(bench, state):
        return Instrumentation(bench.ring, bench.clock, bench.sample, IntervalConfig(5), state, 1)

    return Bench(make, 24, at)


def voltage(period_s, at=0):
    def make(bench, state):
        return VoltageLog(bench.ring, bench.clock, bench.sample, PeriodConfig(period_s), state, 2)

    return Bench(make, 10, at)


def test_mean_least_and_most_of_an_interval():
    bench = instrumentation()
    bench.second(1)  # the profile begins
    for i in range(299):
        volts = 229_000 if i < 100 else 232_300
        bench.second(
            rms_voltage_mv=volts,
            rms_current_ma=4_350 if i == 7 else 1_000,
            frequency_hz_x1000=49_980,
            power_factor_x1000=-950,
        )
    part = bench.part
    part.temperature_x10 = 215
    for _ in range(300):
        bench.second()
    assert part.count == 2 and part.read(0)
    # 100 s at 229.0 V (99 of them: the first second set nothing), 199 s at 232.3 V; mean 231.1 V rounded down
    assert part.values[1:3] == [2290, 2323] and 2311 <= part.values[0] <= 2312
    # 1.00 A and one second of 4.35 A in 299: 1.011 A
    assert part.values[3:] == [101, 435, 4998, -950, NO_TEMPERATURE]
    assert part.read(1) and part.values[:3] == [2323, 2323, 2323] and part.values[7] == 215


def test_an_interval_without_readings_is_invalid_and_one_away_is_missing():
    bench = instrumentation()
    bench.second()
    bench.sample.flags = s.DOWN
    for _ in range(30):
        bench.second(10)
    bench.away(900)
    bench.second()
    part = bench.part
    rows = []
    for index in range(part.count):
        assert part.read(index)
        rows.append((part.day - DAY, part.minute, part.status_read, sum(part.values)))
    assert rows[0] == (0, 5, PARTIAL | INVALID, 0)
    assert rows[1] == (0, 10, POWER_FAIL | PARTIAL | INVALID, 0)
    assert rows[2] == (0, 15, POWER_FAIL | INVALID, 0)


def test_daily_consumption():
    served = [0] * 6

    def make(bench, state):
        return LoadProfile(bench.ring, bench.clock, served, None, state, 3)

    bench = Bench(make, 16)
    bench.second(1)
    served[0] = 7_000
    served[1] = 40
    bench.second(86_399)
    served[0] = 12_500
    bench.second(86_400)
    part = bench.part
    assert part.count == 2
    assert part.read(0) and (part.day, part.minute, part.length_read) == (DAY, 1440, 1440)
    assert part.energy_wh == [7_000, 40]
    assert part.read(1) and (part.day, part.energy_wh, part.status_read) == (DAY + 1, [5_500, 0], 0)


def rows_of(part):
    found = []
    for index in range(part.count):
        assert part.read(index)
        found.append((part.day - DAY, part.second, part.period_s, part.mean_dv, part.status, part.valid_percent))
    return found


def test_voltage_log_means_and_ends():
    bench = voltage(10, at=86_400 - 21)
    bench.second(rms_voltage_mv=100_000)  # begins the period at its first second
    for volts in (230_000,) * 5 + (240_000,) * 5 + (220_000,) * 10 + (0,):
        bench.second(rms_voltage_mv=volts)
    assert rows_of(bench.part)[0] == (0, 86_390, 10, 2350, 0, 100)
    assert rows_of(bench.part)[1] == (0, 86_400, 10, 2200, 0, 100)
    assert (bench.part.closed, bench.part.closed_dv, bench.part.closed_valid) == (2, 2200, True)


def test_voltage_log_more_than_half_missing_is_invalid():
    bench = voltage(10)
    bench.second()
    for missing in (5, 6):
        bench.sample.flags = s.DOWN
        for _ in range(missing):
            bench.second()
        bench.sample.flags = s.ENERGY | s.QUANTITIES
        for _ in range(10 - missing):
            bench.second(rms_voltage_mv=230_000)
    rows = rows_of(bench.part)
    assert rows[0][4] & INVALID == 0 or rows[0][5] < 50
    bench.sample.flags = s.DOWN
    for _ in range(20):
        bench.second()
    assert rows_of(bench.part)[-1][3:] == (0, INVALID | PARTIAL, 0) and not bench.part.closed_valid


def test_voltage_log_one_reading_for_many_seconds():
    bench = voltage(1800)
    bench.second(60)
    for step in range(60):
        bench.sample.flags = s.ENERGY | (s.QUANTITIES if step % 10 == 9 else 0)
        bench.second(60, rms_voltage_mv=231_500)
    assert rows_of(bench.part)[1] == (0, 3600, 1800, 2315, 0, 100)


def test_voltage_log_ends_each_period_once_when_the_clock_steps():
    bench = voltage(10)
    for _ in range(12):
        bench.second(rms_voltage_mv=230_000)
    bench.clock.set(bench.clock.at - 5)
    for _ in range(30):
        bench.second()
    assert [row[1] for row in rows_of(bench.part)] == [10, 20, 30]


def test_voltage_log_can_be_off():
    bench = voltage(0)
    for _ in range(30):
        bench.second(60)
    assert bench.part.count == 0 and bench.part.until_s() == 86400


def test_closing_passes_allocate_nothing():
    for bench, seconds in ((instrumentation(), 300), (voltage(10), 10)):
        bench.second()
        for _ in range(2 * seconds - 2):
            bench.second(rms_voltage_mv=230_000)
        bench.clock.set(bench.clock.at + 1)
        bench.clock.passed_s = 1
        part = bench.part
        closed = part.closed
        micropython.heap_lock()
        try:
            part.poll(0, True)
        finally:
            micropython.heap_unlock()
        assert part.closed == closed + 1
