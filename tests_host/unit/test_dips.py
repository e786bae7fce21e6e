# SPDX-License-Identifier: MIT
"""The dip log and what fills it: half-cycle events of a chip, seconds of one that has none."""

from app.metrology import sample as s
from app.quality import dip_log
from app.quality.dip_log import DipLog
from app.store.byte_ring import ByteRing
from app.store.crc32 import Crc32
from fakes_quality import DAY, NOON, Bench
from fakes_store import FakeBytes

QUIET = {"over_voltage_s": 0, "under_voltage_s": 0, "sag_s": 0, "swell_s": 0, "extreme_under_s": 0}


def bench(half_cycle=True, **changes):
    settings = dict(QUIET)
    settings.update(changes)
    b = Bench(1, half_cycle, **settings)
    b.seconds(1)
    return b


def tell(b, after_ms, lasts, began=0, lowest=0, highest=0):
    b.elements[0].front_end.events = [lasts, began, lowest, highest]
    b.event(after_ms)


def test_dip_from_interrupt_to_interrupt():
    b = bench()
    tell(b, 250, 1, 1, 180_000)
    assert b.quality.dips.active[0] == 1 and b.dip_log.count == 0
    tell(b, 30, 0, 0, 92_040)
    assert b.dip_log.count == 1
    assert b.dip_log.read(0) == (DAY, NOON + 1, 250, 920, 30, dip_log.DIP, 0)
    assert b.quality.dips.count[0] == 1


def test_dip_over_seconds_is_one_record():
    b = bench()
    tell(b, 100, 1, 1, 190_000)
    b.seconds(7)
    tell(b, 500, 0, 0, 150_000)
    assert b.dip_log.count == 1
    assert b.dip_log.read(0) == (DAY, NOON + 1, 100, 1500, 7500, dip_log.DIP, 0)


def test_swell_and_dip_at_once_are_two_records():
    b = bench()
    tell(b, 100, 3, 3, 200_000, 254_000)
    tell(b, 100, 1, 0, 200_000, 260_000)
    tell(b, 100, 0, 0, 170_000, 260_000)
    kinds = [b.dip_log.read(k)[3:6] for k in range(b.dip_log.count)]
    assert kinds == [(2600, 100, dip_log.SWELL), (1700, 200, dip_log.DIP)]


def test_dip_between_two_looks_has_a_bound():
    b = bench()
    tell(b, 100, 0, 1, 120_000)
    assert b.dip_log.read(0)[3:6] == (1200, 100, dip_log.DIP | dip_log.AT_MOST)


def test_a_chip_that_goes_down_takes_its_dip_along():
    b = bench()
    tell(b, 100, 1, 1, 120_000)
    b.elements[0].down = True
    b.seconds(2)
    b.elements[0].down = False
    b.elements[0].front_end.events = [0, 0, 0, 0]
    b.seconds(70)
    assert b.dip_log.count == 0 and b.quality.dips.active[0] == 0


def test_end_that_nobody_told_is_found_within_a_second():
    b = bench()
    tell(b, 100, 1, 1, 120_000)
    b.elements[0].front_end.events = [0, 0, 110_000, 0]
    b.elements[0].flags = s.ENERGY
    b.seconds(1)
    assert b.dip_log.read(0)[3:6] == (1100, 1000, dip_log.DIP)


def test_sag_by_the_chip_and_its_end_by_seconds():
    b = bench(half_cycle=False)
    tell(b, 400, 0, 4, 179_400)
    assert b.quality.dips.active[0] == 1
    b.elements[0].sample.rms_voltage_mv = 160_000
    b.seconds(2)
    b.elements[0].sample.rms_voltage_mv = 207_000
    b.seconds(1)
    record = b.dip_log.read(0)
    assert record[2] == 400 and record[3:6] == (1600, 3000, dip_log.DIP | dip_log.SECONDS | dip_log.BY_SAG)


def test_short_sag_is_known_by_the_chip_alone():
    b = bench(half_cycle=False)
    tell(b, 400, 0, 4, 179_400)
    b.second()
    assert b.dip_log.read(0)[3:6] == (1794, 1000, dip_log.DIP | dip_log.SECONDS | dip_log.BY_SAG)


def test_dips_and_swells_of_seconds():
    b = bench(half_cycle=False)
    for volts_mv in (206_900, 150_000, 206_999):
        b.elements[0].sample.rms_voltage_mv = volts_mv
        b.seconds(1)
    for volts_mv in (253_001, 270_000, 253_000):
        b.elements[0].sample.rms_voltage_mv = volts_mv
        b.seconds(1)
    assert b.dip_log.read(0)[3:6] == (1500, 3000, dip_log.DIP | dip_log.SECONDS)
    assert b.dip_log.read(1)[3:6] == (2700, 2000, dip_log.SWELL | dip_log.SECONDS)


def test_a_voltage_that_plays_around_the_limit_is_bounded_by_the_hour():
    b = bench(dip_records_per_hour=10)
    for _ in range(50):
        tell(b, 10, 0, 1, 206_000)
    assert b.dip_log.count == 10 and b.quality.dips.suppressed == 40 and b.quality.dips.count[0] == 50
    b.second(3600)
    tell(b, 10, 0, 1, 206_000)
    assert b.dip_log.count == 11


def test_ram_keeps_the_last_32():
    log = DipLog()
    for k in range(40):
        log.append(DAY, k, 0, 100_000 + k, 20 + k, dip_log.DIP, 0)
    assert log.count == 32 and log.read(0)[1] == 8 and log.read(31)[1] == 39 and log.read(32) is None


def test_ring_keeps_them_over_a_boot():
    store = FakeBytes(1024)
    log = DipLog(ByteRing(store, 0, 20, dip_log.PAYLOAD, Crc32()))
    log.append(DAY, NOON, 999, 92_049, 30, dip_log.DIP, 1)
    again = DipLog(ByteRing(store, 0, 20, dip_log.PAYLOAD, Crc32()))
    assert again.count == 1 and again.read(0) == (DAY, NOON, 999, 920, 30, dip_log.DIP, 1)
