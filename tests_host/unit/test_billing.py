# SPDX-License-Identifier: MIT
"""Billing sets: boundaries by the calendar (2026-01-01 is a Thursday), each closed once, complete or not there at all."""

from struct import pack_into, unpack_from

from app.clock import Clock, days_from_civil
from app.records import billing as bl
from app.records.billing import Billing
from app.store.crc32 import Crc32
from app.store.ring import Ring
from fakes_hw import without_heap
from fakes_meter import Log
from fakes_store import FakeBlocks

SECTORS = 4


def minute_of(year, month, day, hour=0, minute=0):
    return days_from_civil(year, month, day) * 1440 + hour * 60 + minute


class Source:
    """Registers of the test: one number, in each part."""

    def __init__(self):
        self.wh = 0
        self.restored = True

    def ready(self):
        return self.restored

    def pack_part_into(self, part, buf, at):
        pack_into("<I", buf, at, self.wh + part)


class Life:
    def __init__(self, minute, blocks=None, config=None):
        self.blocks = blocks or FakeBlocks(4 * SECTORS, erase_polls=0)
        crc = Crc32()
        self.rings = [Ring(self.blocks, i * SECTORS, SECTORS, bl.PAYLOAD, crc, 20 + i) for i in range(4)]
        for ring in self.rings:
            while ring.poll():
                pass
        self.clock = Clock(0)
        self.log = Log()
        self.source = Source()
        self.config = config or bl.settings()
        self.after = []
        self.billing = Billing(self.config, self.rings, self.source, self.clock, self.log, self.after.append)
        self.at(minute)

    def at(self, minute, second=0, passes=40):
        self.clock.set(minute // 1440, minute % 1440 * 60 + second)
        self.billing.poll(0, True)
        self.idle(passes)

    def idle(self, passes=40):
        for _ in range(passes):
            for ring in self.rings:
                ring.poll()
            self.billing.poll(0, False)

    def newest(self, kind, part=0, back=0):
        """(minute, value) of a set's part, or None."""
        buf = bytearray(bl.PAYLOAD)
        if not self.billing.read(kind, back, part, buf):
            return None
        return unpack_from("<i", buf, 8)[0], unpack_from("<I", buf, bl.HEAD)[0] - part


def test_a_new_meter_has_no_sets_and_closes_at_the_next_midnight():
    life = Life(minute_of(2026, 1, 1, 12))
    assert [life.billing.count(kind) for kind in range(4)] == [0, 0, 0, 0]
    life.source.wh = 100
    life.at(minute_of(2026, 1, 1, 23, 59), 59)
    assert life.billing.count(bl.DAILY) == 0
    life.at(minute_of(2026, 1, 2))
    assert life.newest(bl.DAILY) == (minute_of(2026, 1, 2), 100)
    assert [life.newest(bl.DAILY, part)[1] for part in range(3)] == [100, 100, 100]
    assert life.billing.count(bl.WEEKLY) == 0 and life.log.codes() == []


def test_monday_the_first_closes_all_three_with_the_same_registers():
    life = Life(minute_of(2026, 5, 31, 12))  # 2026-06-01 is a Monday
    life.source.wh = 4711
    life.clock.set(days_from_civil(2026, 6, 1), 0)
    life.billing.poll(0, True)
    life.source.wh = 9999  # the registers go on while the records are written
    life.idle()
    for kind in (bl.DAILY, bl.WEEKLY, bl.MONTHLY):
        assert life.newest(kind) == (minute_of(2026, 6, 1), 4711)
    assert life.log.codes() == [0x8F0A] and life.after == [0, 1, 2]


def test_boundaries_missed_while_off_are_closed_once():
    life = Life(minute_of(2026, 1, 1, 12))
    life.at(minute_of(2026, 1, 2))
    later = Life(minute_of(2026, 3, 20, 7), life.blocks)
    assert later.billing.count(bl.DAILY) == 2 and later.billing.count(bl.MONTHLY) == 0
    assert later.newest(bl.DAILY)[0] == minute_of(2026, 3, 20)


def test_a_month_missed_while_off():
    life = Life(minute_of(2026, 1, 31, 12))
    life.at(minute_of(2026, 2, 1))
    later = Life(minute_of(2026, 4, 20, 7), life.blocks)
    assert [later.newest(bl.MONTHLY, back=back)[0] for back in (0, 1)] == [minute_of(2026, 4, 1), minute_of(2026, 2, 1)]
    assert later.billing.count(bl.MONTHLY) == 2


def test_the_clock_stepping_over_midnight_and_back_closes_once():
    life = Life(minute_of(2026, 1, 1, 12))
    life.at(minute_of(2026, 1, 1, 23, 59), 55)
    life.at(minute_of(2026, 1, 2), 3)
    life.at(minute_of(2026, 1, 1, 23, 59), 56)
    life.at(minute_of(2026, 1, 2), 0)
    assert life.billing.count(bl.DAILY) == 1
    again = Life(minute_of(2026, 1, 1, 23, 59), life.blocks)  # restarted on the wrong side of midnight
    again.at(minute_of(2026, 1, 2))
    assert again.billing.count(bl.DAILY) == 1


def test_quarterly_at_seven_on_the_fifteenth():
    config = bl.settings()
    config.billing_day = 15
    config.billing_minute_of_day = 420
    config.billing_months = 0b001001001001
    life = Life(minute_of(2026, 2, 1), config=config)
    life.at(minute_of(2026, 4, 15, 6, 59))
    assert life.billing.count(bl.MONTHLY) == 0
    life.at(minute_of(2026, 4, 15, 7))
    life.at(minute_of(2026, 7, 15, 7))
    life.at(minute_of(2027, 1, 15, 7))  # October was missed
    minutes = [life.newest(bl.MONTHLY, back=back)[0] for back in (2, 1, 0)]
    assert minutes == [minute_of(2026, 4, 15, 7), minute_of(2026, 7, 15, 7), minute_of(2027, 1, 15, 7)]


def test_a_request_is_a_set_of_its_own_with_its_cause():
    life = Life(minute_of(2026, 1, 1, 12))
    life.source.wh = 5
    life.billing.request(bl.CAUSE_TARIFF)
    life.at(minute_of(2026, 1, 1, 12, 30))
    assert life.newest(bl.ASYNCHRONOUS) == (minute_of(2026, 1, 1, 12, 30), 5)
    buf = bytearray(bl.PAYLOAD)
    assert life.billing.read(bl.ASYNCHRONOUS, 0, 0, buf) and buf[3] == bl.CAUSE_TARIFF
    assert life.billing.count(bl.DAILY) == 0


def test_a_torn_set_does_not_count_and_is_taken_again():
    life = Life(minute_of(2026, 1, 1, 12))
    life.at(minute_of(2026, 1, 2))
    life.source.wh = 70
    life.clock.set(days_from_civil(2026, 1, 3), 0)
    life.billing.poll(0, True)
    life.billing.poll(0, False)
    life.billing.poll(0, False)  # two of three records, then the cut
    assert life.rings[0].slots == 5
    again = Life(minute_of(2026, 1, 3, 0, 5), life.blocks)
    assert again.billing.count(bl.DAILY) == 2
    assert again.newest(bl.DAILY)[0] == minute_of(2026, 1, 3)
    assert again.newest(bl.DAILY, back=1)[0] == minute_of(2026, 1, 2)


def test_no_more_than_the_capacity_and_the_oldest_go():
    life = Life(minute_of(2026, 1, 1, 12))
    for day in range(2, 30):
        life.at(minute_of(2026, 1, day))
    assert life.newest(bl.DAILY)[0] == minute_of(2026, 1, 29)
    assert life.billing.count(bl.WEEKLY) == 4  # 5, 12, 19, 26 January
    assert life.newest(bl.WEEKLY, back=3)[0] == minute_of(2026, 1, 5)


def test_without_a_valid_clock_nothing_closes_and_a_new_time_line_begins():
    life = Life(minute_of(2026, 1, 1, 12))
    life.clock.valid = False
    life.clock.day += 5
    life.billing.poll(0, True)
    assert not life.billing.busy
    life.clock.correct(days_from_civil(2026, 2, 10), 3600)
    life.billing.poll(0, True)
    life.idle()
    assert life.billing.count(bl.DAILY) == 0
    life.at(minute_of(2026, 2, 11))
    assert life.billing.count(bl.DAILY) == 1


def test_seconds_to_the_next_boundary():
    life = Life(minute_of(2026, 1, 1, 12))
    assert life.billing.until_s() == 43_200
    life.at(minute_of(2026, 1, 1, 23, 59), 50)
    assert life.billing.until_s() == 10


def test_closing_allocates_nothing():
    life = Life(minute_of(2026, 1, 1, 12))
    life.at(minute_of(2026, 1, 2))
    life.at(minute_of(2026, 1, 2, 23, 59), 59)
    life.clock.day += 1
    life.clock.second = 0
    life.billing._after = None  # the test's own list would grow

    def close(billing):
        billing.poll(0, True)
        for _ in range(4):
            billing.poll(0, False)

    without_heap(close, life.billing)
    assert life.billing.count(bl.DAILY) == 2


def test_after_a_boot_a_set_waits_for_the_registers_of_the_tariff():
    life = Life(minute_of(2026, 1, 1, 12))
    again = Life(minute_of(2026, 1, 1, 23), life.blocks)
    again.source.wh = 7
    again.source.restored = False
    for second in range(5):
        again.at(minute_of(2026, 1, 2), second)
    assert again.billing.count(bl.DAILY) == 0
    again.source.restored = True
    again.at(minute_of(2026, 1, 2), 5)
    assert again.newest(bl.DAILY) == (minute_of(2026, 1, 2), 7) and again.billing.count(bl.DAILY) == 1


def test_a_tariff_that_never_comes_keeps_no_set_back_for_ever():
    life = Life(minute_of(2026, 1, 1, 12))
    life.source.restored = False
    for second in range(59):
        life.at(minute_of(2026, 1, 2), second, 1)
    assert life.billing.count(bl.DAILY) == 0
    life.at(minute_of(2026, 1, 2, 0, 1))
    life.at(minute_of(2026, 1, 2, 0, 1), 1)
    assert life.billing.count(bl.DAILY) == 1


def test_a_first_boundary_that_passes_while_the_meter_is_off_is_closed_at_return():
    life = Life(minute_of(2026, 1, 30, 12))
    # Off from the 31st (a Saturday) to the 1st of February: a day and a month end, no week.
    billing = Billing(life.config, life.rings, life.source, life.clock, life.log)
    billing.since_minute = minute_of(2026, 1, 31, 23, 30)
    life.billing = billing
    life.source.wh = 9
    life.at(minute_of(2026, 2, 1, 0, 20))
    assert life.newest(bl.DAILY) == (minute_of(2026, 2, 1), 9) and life.newest(bl.MONTHLY) == (minute_of(2026, 2, 1), 9)
    assert [billing.count(kind) for kind in range(4)] == [1, 0, 1, 0]


def test_a_time_that_was_none_closes_nothing():
    life = Life(minute_of(2026, 1, 30, 12))
    billing = Billing(life.config, life.rings, life.source, life.clock, life.log)
    billing.since_minute = 5  # the clock of the last run stood at the beginning of 2000
    life.billing = billing
    life.at(minute_of(2026, 2, 1, 0, 20))
    assert [billing.count(kind) for kind in range(4)] == [0, 0, 0, 0]
