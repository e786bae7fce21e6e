# SPDX-License-Identifier: MIT
"""The tariff at work: who gets which watt-hour, what it costs, and what is still true after a reset. All values by hand."""

import micropython
from app.clock import days_from_civil
from app.records import codes
from app.store.crc32 import Crc32
from app.store.tables import Tables
from app.tariff import tariff as engine
from fakes_store import FakeBlocks
from fakes_tariff import ANY, FAR, Site, one_script, pack_calendar, pack_set

THURSDAY = days_from_civil(2026, 1, 1) * 1440
EVERY_DAY = ([(ANY, 1, 1, 1)], {1: [1] * 7})
DAY_NIGHT = pack_calendar(1, *EVERY_DAY, {1: [(0, 2), (420, 1)]})
BLOCKS = pack_calendar(1, *EVERY_DAY, {1: [(0, 101), (720, 102)]})
PRICES = {0: 30_000, 1: 10_000, 48: 10_000, 56: 20_000, 64: 40_000, 72: 80_000, 49: 5000}
THRESHOLDS = {0: (100, 250, FAR), 1: (50, FAR, FAR)}
SECOND = pack_calendar(2, *EVERY_DAY, {1: [(0, 204), (60, 202)]})


def site(blob, minute=THURSDAY, elements=1, **config):
    made = Site(minute, elements)
    for name, value in config.items():
        setattr(made.config, name, value)
    made.install(blob)
    assert made.tariff.sets.active and made.tariff.changed
    return made


def money(made):
    charge = made.tariff.money()
    return charge.units, charge.part


def blocks(made, group):
    return [made.tariff.block_wh(b, group) for b in range(4)]


def counters(made, group):
    return [made.tariff.block_counter(b, group) for b in range(4)]


def test_a_new_meter_has_one_rate():
    made = Site(THURSDAY)
    made.at(THURSDAY + 5, 1234)
    tariff = made.tariff
    assert tariff.ready and tariff.active_script == 1 and tariff.price() == 0
    assert tariff.tou_wh(0) == 1234 and tariff.primary.ledger.base == 0
    assert money(made) == (0, 0)
    made.check()


def test_what_was_counted_before_the_first_tariff_is_nobodys():
    made = Site(THURSDAY, 1, 777)
    made.flow(3)
    assert made.tariff.primary.ledger.base == 777 and made.tariff.tou_wh(0) == 3
    made.check()


def test_day_and_night():
    made = site(pack_set(DAY_NIGHT, b"", PRICES))
    tariff = made.tariff
    assert tariff.active_script == 2 and tariff.price() == 10_000
    made.at(THURSDAY + 419, 400)
    assert tariff.active_script == 2
    made.at(THURSDAY + 420, 20)  # the watt-hours that were complete when the switch was due
    assert tariff.active_script == 1 and tariff.price() == 30_000
    made.at(THURSDAY + 600, 1000)
    assert tariff.tou_wh(1) == 420 and tariff.tou_wh(0) == 1000
    # 0.42 kWh at 0.1 and 1 kWh at 0.3
    assert money(made) == (0, 34_200_000)
    made.boot()
    assert made.tariff.tou_wh(1) == 420 and made.tariff.tou_wh(0) == 1000 and money(made) == (0, 34_200_000)
    made.at(THURSDAY + 1440, 5)
    assert made.tariff.active_script == 2 and made.tariff.tou_wh(0) == 1005
    made.check()


def test_readers_see_what_flowed_since_the_last_round():
    made = site(pack_set(BLOCKS, b"", PRICES, THRESHOLDS))
    made.served_wh[0][0] += 120  # and no poll
    assert blocks(made, 0) == [100, 20, 0, 0] and counters(made, 0) == [100, 20, 0, 0]
    assert made.tariff.price() == 20_000
    made.flow(0)
    assert blocks(made, 0) == [100, 20, 0, 0]
    made.check()


def test_until_the_next_boundary():
    made = site(pack_set(DAY_NIGHT))
    made.at(THURSDAY + 10, 0, 30)
    assert made.tariff.until_s() == 410 * 60 - 30
    made.at(THURSDAY + 420)
    assert made.tariff.until_s() == 1020 * 60
    made.tariff.sets.install(pack_set(DAY_NIGHT), THURSDAY + 500)
    assert made.tariff.until_s() == 1  # it is being stored
    made.passes()
    assert made.tariff.until_s() == 80 * 60


def test_a_clock_corrected_back_over_a_switch_does_not_switch_again():
    made = site(pack_set(DAY_NIGHT))
    made.at(THURSDAY + 420, 10)
    switches = made.tariff.switches
    made.at(THURSDAY + 419, 1, 55)
    assert made.tariff.active_script == 1
    made.boot()  # nor after a reset
    made.flow(1)
    assert made.tariff.active_script == 1 and made.tariff.switches == 0
    made.at(THURSDAY + 420, 1)
    assert made.tariff.active_script == 1
    assert made.tariff.tou_wh(0) == 3 and made.tariff.tou_wh(1) == 10
    assert switches == 1 + 1  # into night when the set came, into day
    # Forth over one: once.
    made.at(THURSDAY + 1439, 1, 55)
    made.at(THURSDAY + 1440, 1, 5)
    made.at(THURSDAY + 1439, 1, 57)
    made.at(THURSDAY + 1440, 1, 0)
    assert made.tariff.switches == 1 and made.tariff.active_script == 2
    made.check()


def test_another_time_line_is_another_matter():
    made = site(pack_set(DAY_NIGHT))
    made.at(THURSDAY + 420, 10)
    made.at(THURSDAY + 400, 1)  # twenty minutes back: no correction
    assert made.tariff.active_script == 2
    made.at(THURSDAY + 420, 1)
    assert made.tariff.active_script == 1
    made.clock.generation += 1
    made.at(THURSDAY + 419, 1)
    assert made.tariff.active_script == 2
    made.check()


def test_without_a_valid_time_the_default_is_charged():
    made = site(pack_set(DAY_NIGHT, b"", PRICES))
    made.at(THURSDAY + 60, 100)
    made.clock.valid = False
    made.boot()
    for _ in range(4):  # the RTC gets its time to answer
        made.flow(10)
        assert made.tariff.active_script == 2
    made.flow(10)
    made.flow(10)
    assert made.tariff.active_script == 1
    assert made.tariff.until_s() == 86_400
    made.flow(1000)
    assert made.tariff.tou_wh(0) + made.tariff.tou_wh(1) == 1160
    made.clock.generation += 1
    made.at(THURSDAY + 90, 5)
    assert made.tariff.active_script == 2
    made.check()


def test_blocks_are_split_exactly():
    made = site(pack_set(BLOCKS, b"", PRICES, THRESHOLDS))
    tariff = made.tariff
    assert tariff.active_script == 101 and tariff.primary.block() == 0
    made.at(THURSDAY + 1, 99)
    assert blocks(made, 0) == [99, 0, 0, 0] and tariff.price() == 10_000
    made.at(THURSDAY + 2, 1)
    assert blocks(made, 0) == [100, 0, 0, 0] and tariff.price() == 20_000
    made.at(THURSDAY + 3, 200)  # over 250: 150 in the second, 50 in the third; the third has no end
    assert blocks(made, 0) == [100, 150, 50, 0] and counters(made, 0) == [100, 150, 50, 0]
    assert tariff.price() == 40_000
    # 100 x 0.0001 + 150 x 0.0002 + 50 x 0.0004
    assert money(made) == (0, 6_000_000)
    made.boot()
    assert blocks(made, 0) == [100, 150, 50, 0] and money(made) == (0, 6_000_000)
    made.at(THURSDAY + 720, 10)
    made.at(THURSDAY + 730, 60)
    assert blocks(made, 0) == [100, 150, 60, 0]
    assert blocks(made, 1) == [50, 10, 0, 0] and counters(made, 1) == [50, 10, 0, 0]
    assert [made.tariff.tou_wh(k) for k in range(48)] == [0] * 48
    made.check()


def test_a_step_over_all_blocks():
    made = site(pack_set(one_script(1, 108), b"", {}, {7: (1, 2, 3)}))
    made.at(THURSDAY + 1, 10)
    assert blocks(made, 7) == [1, 1, 1, 7] and made.tariff.primary.block() == 3


def test_counters_start_again_registers_do_not():
    monthly = pack_calendar(1, *EVERY_DAY, {1: [(0, 101)], 2: [(30, 99)]}, [(1, 2, ANY, 2)])
    made = site(pack_set(monthly, b"", PRICES, THRESHOLDS))
    made.at(THURSDAY + 5, 120)
    made.at(THURSDAY + 1440 + 29, 10)
    assert counters(made, 0) == [100, 30, 0, 0]
    made.at(THURSDAY + 1440 + 30, 10)  # these ten belong to the period that ends
    assert counters(made, 0) == [0, 0, 0, 0] and blocks(made, 0) == [100, 40, 0, 0]
    made.at(THURSDAY + 1440 + 31, 7)
    made.at(THURSDAY + 1440 + 29, 1, 58)  # back over it
    made.at(THURSDAY + 1440 + 30, 1)
    assert counters(made, 0) == [9, 0, 0, 0] and blocks(made, 0) == [109, 40, 0, 0]
    made.boot()
    made.flow(1)
    assert counters(made, 0) == [10, 0, 0, 0]
    # Off over the next one, a year later.
    made.boot()
    made.at(THURSDAY + 366 * 1440 + 100, 0)
    assert counters(made, 0) == [0, 0, 0, 0] and blocks(made, 0) == [110, 40, 0, 0]
    made.check()


def test_counters_by_the_day():
    made = site(pack_set(one_script(1, 101), b"", {}, THRESHOLDS), block_reset=engine.DAILY)
    made.at(THURSDAY + 5, 120)
    made.at(THURSDAY + 1440, 10)
    assert counters(made, 0) == [0] * 4 and blocks(made, 0) == [100, 30, 0, 0]
    made.at(THURSDAY + 1445, 10)
    made.at(THURSDAY + 1439, 1, 59)
    made.at(THURSDAY + 1440, 1)
    assert counters(made, 0) == [12, 0, 0, 0]


def test_counters_by_billing():
    made = site(pack_set(one_script(1, 101), b"", {}, THRESHOLDS), block_reset=engine.BILLING)
    made.at(THURSDAY + 5, 120)
    assert made.tariff.reset_block_counters(THURSDAY + 5)
    assert counters(made, 0) == [0] * 4
    made.at(THURSDAY + 6, 7)
    assert made.tariff.reset_block_counters(THURSDAY + 5)  # asked again: done before
    made.boot()
    assert made.tariff.reset_block_counters(THURSDAY + 5)
    assert counters(made, 0) == [7, 0, 0, 0] and blocks(made, 0) == [107, 20, 0, 0]
    made.check()


def test_a_reset_while_time_of_use_is_in_force():
    made = site(pack_set(BLOCKS, b"", {}, THRESHOLDS), block_reset=engine.BILLING)
    made.at(THURSDAY + 5, 30)
    made.install(pack_set(DAY_NIGHT))
    made.at(THURSDAY + 6, 5)
    assert made.tariff.active_script == 2
    assert made.tariff.reset_block_counters(THURSDAY + 6)
    assert counters(made, 0) == [0] * 4 and blocks(made, 0) == [30, 0, 0, 0] and made.tariff.tou_wh(1) == 5
    made.check()
    made.boot()
    made.check()


def test_two_elements():
    made = site(pack_set(DAY_NIGHT, SECOND, {80: 1000, 81: 2000, 83: 4000}), THURSDAY, 2)
    tariff = made.tariff
    assert tariff.secondary_script == 204
    made.at(THURSDAY + 60, 5, 0, 1000)
    made.at(THURSDAY + 70, 5, 0, 500)
    assert [tariff.secondary_tou_wh(k) for k in range(4)] == [0, 500, 0, 1000]
    assert tariff.secondary_script == 202 and tariff.secondary.price() == 2000
    charge = tariff.secondary.money()
    assert (charge.units, charge.part) == (0, 5_000_000)  # 1 kWh at 0.04, half at 0.02
    assert tariff.tou_wh(1) == 10
    # A set without a calendar for it: the first register.
    made.install(pack_set(DAY_NIGHT))
    made.flow(0, 3)
    assert made.tariff.secondary_script == 201 and made.tariff.secondary_tou_wh(0) == 3


def test_sets_change_places_at_their_minute():
    made = site(pack_set(DAY_NIGHT, b"", PRICES))
    made.at(THURSDAY + 500, 1000)
    assert made.tariff.sets.install(pack_set(BLOCKS, b"", PRICES, THRESHOLDS), THURSDAY + 720) == 0
    made.passes()
    made.boot()
    made.at(THURSDAY + 719, 100)
    assert made.tariff.active_script == 1 and not made.tariff.changed
    made.at(THURSDAY + 720, 11)  # at the old price
    assert made.tariff.active_script == 102 and made.tariff.changed
    charged = 1000 * 10_000 + 111 * 30_000  # the thousand was complete when day began
    assert money(made) == (0, charged)
    made.at(THURSDAY + 721, 60)
    assert blocks(made, 1) == [50, 10, 0, 0]
    assert money(made) == (0, charged + 50 * 5000)
    assert made.log.events == [(codes.FUTURE_COMMAND_DONE, 2)] and made.tariff.sets.swaps == 2
    made.at(THURSDAY + 719, 1, 59)  # back: it is not exchanged again
    made.boot()
    assert made.tariff.sets.swaps == 2 and made.tariff.sets.passive == 0
    made.check()


def test_sets_in_real_tables():
    blocks = FakeBlocks(6)
    made = Site(THURSDAY)
    made.tables = Tables(blocks, 0, 3, Crc32())
    made.boot()
    for blob, script in ((pack_set(DAY_NIGHT, SECOND, PRICES), 2), (pack_set(BLOCKS, b"", PRICES, THRESHOLDS), 101)):
        assert made.tariff.sets.install(blob, 0) == 0
        made.passes(200)
        made.flow(1)
        made.passes()
        made.flow(1)
        assert made.tariff.active_script == script
        made.tables = Tables(blocks, 0, 3, Crc32())
        made.boot()
        made.flow(1)
        assert made.tariff.active_script == script and not made.tariff.sets.lost
    made.check()


def test_never_and_a_new_minute():
    made = site(pack_set(DAY_NIGHT))
    sets = made.tariff.sets
    assert not sets.set_activation(THURSDAY)  # nothing passive
    assert sets.install(pack_set(one_script(1, 9)), -1) == 0
    assert sets.install(pack_set(one_script(1, 9)), -1) == 0xFF << 8  # one after the other
    made.passes()
    made.at(THURSDAY + 2000)
    assert made.tariff.active_script == 1 and sets.passive
    assert sets.install(pack_set(one_script(1, 8)), -1) == 0  # takes the place of the passive one
    made.passes()
    assert sets.set_activation(THURSDAY + 2001)
    made.passes()
    made.at(THURSDAY + 2001)
    assert made.tariff.active_script == 8


def test_a_bad_set_changes_nothing():
    made = site(pack_set(DAY_NIGHT))
    wrong = pack_set(pack_calendar(1, *EVERY_DAY, {1: [(0, 2), (0, 1)]}))
    assert made.tariff.sets.install(wrong, 0) == 19 << 8 | 1
    made.passes()
    made.flow(1)
    assert made.tariff.active_script == 2 and made.tariff.sets.passive == 0
    made.tariff.sets._tables = None
    assert made.tariff.sets.install(pack_set(DAY_NIGHT), 0) == 0xFE << 8


def test_a_table_that_answers_slowly():
    made = site(pack_set(DAY_NIGHT))
    made.tables.refusals = 40
    assert made.tariff.sets.install(pack_set(one_script(1, 9)), 0) == 0
    made.passes(100)
    made.tables.down = True
    made.flow(5)
    for _ in range(5):
        made.flow(1)
    assert made.tariff.sets.swapping and made.tariff.tou_wh(1) == 5  # what flows now waits for its price
    made.tables.down = False
    made.flow(1)
    made.flow(1)
    assert made.tariff.active_script == 9 and made.tariff.tou_wh(8) == 7
    made.check()


def test_a_passive_set_that_cannot_be_read():
    made = site(pack_set(DAY_NIGHT))
    assert made.tariff.sets.install(pack_set(one_script(1, 9)), THURSDAY + 60) == 0
    made.passes()
    made.tables.data[made.tariff.sets.passive] = b""
    made.at(THURSDAY + 60, 3)
    made.passes()
    made.flow(1)
    assert made.tariff.active_script == 2 and made.log.events[-1] == (codes.FUTURE_COMMAND_FAILED, 1)
    assert made.tariff.sets.passive == 0 and not made.tariff.sets.lost
    made.check()


def test_an_active_set_that_is_lost():
    made = site(pack_set(DAY_NIGHT))
    made.tables.data.clear()
    made.boot()
    assert made.tariff.sets.lost and (codes.INTEGRITY_ISSUE, engine.SUB_TARIFF_LOST) in made.log.events
    made.at(THURSDAY + 10, 4)
    assert made.tariff.active_script == 1 and made.tariff.price() == 0
    made.check()


def test_a_store_that_refuses_for_a_while():
    made = site(pack_set(DAY_NIGHT))
    made.at(THURSDAY + 1, 10)
    made.store.failing = True
    made.at(THURSDAY + 420, 5)
    made.at(THURSDAY + 421, 100)
    assert made.tariff.active_script == 2 and made.tariff.tou_wh(1) == 15  # stands still: it could only fall later
    made.store.failing = False
    made.at(THURSDAY + 422, 1)
    assert made.tariff.active_script == 1 and made.tariff.tou_wh(1) == 15 and made.tariff.tou_wh(0) == 101
    made.check()


def test_a_store_that_is_silent_at_boot_is_not_an_empty_one():
    made = site(pack_set(DAY_NIGHT, b"", PRICES))
    made.at(THURSDAY + 1, 10)
    made.at(THURSDAY + 420, 5)
    made.store.failing = True
    made.boot(1)
    assert not made.tariff.ready
    made.store.failing = False
    for _ in range(3):
        made.tariff.poll(0, True)
    assert made.tariff.ready and made.tariff.tou_wh(1) == 15 and made.tariff.price() == 30_000


def test_a_preset_keeps_the_registers():
    for new in (5000, 0, 999_999_999):
        made = site(pack_set(DAY_NIGHT, b"", PRICES))
        made.at(THURSDAY + 5, 1000)
        assert made.tariff.rebase(0, new)
        made.served_wh[0][0] = new
        assert made.tariff.tou_wh(1) == 1000
        made.flow(7)
        assert made.tariff.tou_wh(1) == 1007
        made.check()
        made.boot()
        made.flow(1)
        assert made.tariff.tou_wh(1) == 1008 and made.tariff.falls == 0
        made.check()


def test_a_preset_that_did_not_come_to_be():
    for reset in (False, True):
        made = site(pack_set(DAY_NIGHT))
        made.at(THURSDAY + 5, 1000)
        assert made.tariff.rebase(0, 5000)
        assert made.tariff.tou_wh(1) == 1000
        if reset:
            made.boot()
            assert made.tariff.tou_wh(1) == 1000
        made.flow(7)
        assert made.tariff.tou_wh(1) == 1007 and made.tariff.primary.ledger.base == 0
        made.check()


def test_a_total_that_fell_takes_nothing_from_a_register():
    made = site(pack_set(DAY_NIGHT))
    made.at(THURSDAY + 420, 1000)
    made.served_wh[0][0] -= 3  # an older hot record was found
    made.boot()
    made.flow(0)
    assert made.tariff.tou_wh(1) == 1000 and made.tariff.falls == 1
    made.flow(5)
    assert made.tariff.tou_wh(0) == 5
    made.check()


def test_the_total_goes_over_the_end_of_its_range():
    made = site(pack_set(DAY_NIGHT))
    made.tariff.rebase(0, 999_999_990)
    made.served_wh[0][0] = 999_999_990
    made.flow(0)
    made.at(THURSDAY + 10, 25)
    assert made.served_wh[0][0] == 15 and made.tariff.tou_wh(1) == 25
    made.at(THURSDAY + 420, 5)
    assert made.tariff.tou_wh(1) == 30
    made.check()


def test_what_is_open_is_bounded():
    made = site(pack_set(DAY_NIGHT))
    made.at(THURSDAY + 10, 10_000)
    noted = made.tariff.primary.ledger.noted
    made.at(THURSDAY + 11, 1)
    assert made.tariff.primary.ledger.noted == noted + 10_001
    made.at(THURSDAY + 430, 9)
    made.at(THURSDAY + 1440 + 430, 4)  # a day later, the same script
    assert made.tariff.primary.ledger.open_wh() == 0


def test_a_lost_page_is_told_and_the_sum_still_holds():
    made = site(pack_set(BLOCKS, b"", {}, THRESHOLDS))
    made.at(THURSDAY + 5, 300)
    made.at(THURSDAY + 720, 1)
    for copy in (0, 1):
        made.store.data[0x4000 + 7 * 512 + copy * 256 + 40] ^= 1
    made.boot()
    assert made.tariff.primary.ledger.lost and (codes.INTEGRITY_ISSUE, engine.SUB_TARIFF_LOST) in made.log.events
    made.flow(3)
    made.check()


def test_no_pass_allocates():
    made = site(pack_set(BLOCKS, SECOND, PRICES, THRESHOLDS), THURSDAY, 2, block_reset=engine.DAILY)
    made.served_wh[0][0] = made.served_wh[1][0] = 0
    made.tariff.rebase(0, 999_999_000)
    made.served_wh[0][0] = 999_999_000
    made.flow(0)
    made.tariff.sets.install(pack_set(DAY_NIGHT, SECOND, PRICES), THURSDAY + 3 * 1440)
    made.passes()
    made.tables.load_into = made.tables.load_into  # bound before the heap is locked
    made.tariff._log = Quiet()
    steps = []
    for number in range(1, 9000, 30):
        steps.append((THURSDAY + number) // 1440)
        steps.append((THURSDAY + number) % 1440 * 60)
    tariff = made.tariff
    served = made.served_wh
    clock = made.clock
    micropython.heap_lock()
    try:
        for k in range(0, len(steps), 2):
            clock.day = steps[k]
            clock.second = steps[k + 1]
            wh = served[0][0] + 17
            served[0][0] = wh - 1_000_000_000 if wh >= 1_000_000_000 else wh
            served[1][0] += 5
            tariff.poll(0, True)
            tariff.poll(0, False)
            tariff.block_wh(1, 0)
            tariff.block_counter(1, 0)
            tariff.tou_wh(1)
            tariff.price()
            tariff.money()
            tariff.until_s()
    finally:
        micropython.heap_unlock()
    assert tariff.sets.swaps == 2 and tariff.switches > 15
    made.check()


class Quiet:
    def append_now(self, code, extra):
        pass


def test_room_for_a_set_is_there_before_it_comes_into_force():
    made = Site(THURSDAY)
    made.flow(1)
    blob = pack_set(DAY_NIGHT, SECOND, PRICES)
    assert len(made.tariff.sets.set.buf) < len(blob)
    assert made.tariff.sets.install(blob, -1) == 0
    room = made.tariff.sets.set.buf
    assert len(room) == len(blob)
    made.passes()
    made.boot()
    made.flow(1)
    room = made.tariff.sets.set.buf
    assert made.tariff.sets.passive and made.tariff.active_script == 1 and len(room) == len(blob)
    assert made.tariff.sets.set_activation(0)
    made.passes()
    made.flow(1)
    made.flow(1)
    assert made.tariff.active_script == 2 and made.tariff.sets.set.buf is room
    made.check()
