# SPDX-License-Identifier: MIT
"""What a boot does: restore before anything else, tell why it was away, count its failures, meter only after three of them.

Codes: GBCS/SMETS2, 8F57 supply interrupted, 8F35 outage restored, 8F36 the same after three minutes or more, 81B3
watchdog, 81B2 other reset, 81AE NVM. Events are (code, extra).
"""

from app.metrology import sample as s
from app.records.merged import merged
from app.store import layout
from fakes_meter import CALIBRATION, DAY_2026, PER_WH, START, FakeRtc, Feature, Rig, ScriptedFrontEnd
from fakes_store import FakeBytes

NOON = 43_200


def lived(seconds=5, wh=0, rtc=None, chips=1):
    """A meter that has run, and then was not polled any more. returns: Rig"""
    rig = Rig(rtc=rtc or FakeRtc(NOON), chips=chips)
    for chip in rig.chips:
        chip.total = wh * PER_WH
    rig.run(seconds * 1000)
    return rig


def again(rig, rtc=None, **how):
    """The next life of the same memory and the same chips."""
    for chip in rig.chips:
        chip.reads = 0
        del chip.configured[:]
    return Rig(memory=rig.memory, chips=rig.chips, rtc=rtc, **how)


def new_codes(rig, old):
    return rig.events()[len(old.events()) :]


# Restore


def test_new_meter_starts_at_zero_and_tells_nothing_of_outages():
    rig = Rig(rtc=FakeRtc(NOON))
    assert rig.events() == [] and rig.store.served_wh == [[0] * 6]
    assert rig.store.restored and not rig.store.flagged


def test_registers_and_account_of_loss_come_back():
    old = lived(5, wh=7)
    old.elements[0].lost_mwh[2] = 1234
    old.store.save_lost(old.elements)
    new = again(old, FakeRtc(NOON))
    assert new.store.served_wh[0][0] == 7 and new.counts() == 7 * PER_WH
    assert new.elements[0].lost_mwh == [0, 0, 1234, 0, 0, 0]


def test_counts_of_the_time_in_reset_are_read_from_the_chip():
    # The chip counts on over a reset of the processor: nothing is lost, nothing counted twice.
    old = lived(5, wh=7)
    chip = old.chips[0]
    chip.total += PER_WH
    new = Rig(memory=old.memory, chips=[chip], rtc=FakeRtc(NOON + 9), reset_cause=1)
    new.run(3000)
    assert new.counts() == 8 * PER_WH
    assert new.elements[0].lost_mwh == [0] * 6


def test_nothing_is_read_or_served_until_the_store_answers():
    old = lived(5, wh=7)
    parts = {"panel": Feature(), "supply": Feature()}
    old.memory.failing = True
    new = again(old, FakeRtc(NOON + 60), **parts)
    new.chips[0].total += 3 * PER_WH
    for passes in range(1, 101):
        assert 0 < new.step() <= 100
        assert new.chips[0].reads == 0 and not new.store.restored
        assert new.store.served_wh == [[0] * 6]
        assert parts["panel"].polls == [] and parts["supply"].polls == [] and parts["panel"].starts == 0
        assert new.watchdog.fed == passes  # waiting is no reason to bite
    old.memory.failing = False
    before = new.memory.writes
    new.step()
    assert new.store.restored and new.store.served_wh[0][0] == 7
    assert new.chips[0].reads == 1 and parts["panel"].starts == 1
    assert new.memory.writes > before  # the events
    new.run(2000)
    assert new.counts() == 10 * PER_WH


def test_store_that_answers_late_does_not_make_the_clock_fast():
    # 5 s without the store; when it answers the RTC says 12:01:00, and so does the meter, in its events too.
    old = lived(5)
    old.memory.failing = True
    rtc = FakeRtc(NOON + 60)
    new = again(old, rtc)
    new.run(5000)
    old.memory.failing = False
    new.step()
    assert (new.clock.day, new.clock.second) == (DAY_2026, NOON + 60)
    assert merged(new.log.logs)[-1][1] == NOON + 55  # when the supply came back, five seconds before the store did


def test_store_with_one_element_answering_restores_each_once():
    old = lived(5, wh=7, chips=2)
    memory = old.memory
    read_on = memory.read_into
    blocked = [True]

    def read_into(address, buf):
        if blocked[0] and 0x200 <= address < 0x300:  # hot records of element 2 (docs/SPEC.md)
            raise OSError(5)
        read_on(address, buf)

    memory.read_into = read_into
    new = again(old, FakeRtc(NOON))
    new.step()
    assert not new.store.restored and new.chips[0].reads == 0
    new.elements[0].registers.pending_active = 77  # would be overwritten by a second load
    blocked[0] = False
    new.step()
    assert new.store.served_wh[0][0] == 7 and new.store.served_wh[1][0] == 7
    assert new.elements[0].registers.pending_active == 77


def test_both_slots_damaged_is_told_and_flagged():
    old = lived(5, wh=7)
    for slot in (0, 1):
        old.memory.data[0x100 + 128 * slot + 20] ^= 1
    new = again(old, FakeRtc(NOON))
    assert (0x81AE, 0) in new.events() and new.store.flagged
    assert new.store.served_wh[0][0] == 0


def test_calibration_is_applied_when_the_store_answers():
    old = lived(5)
    old.memory.failing = True
    new = again(old, FakeRtc(NOON))
    new.run(500)
    assert new.chips[0].configured == []
    old.memory.failing = False
    new.run(2000)
    assert new.chips[0].configured == [CALIBRATION] and not new.store.flagged
    assert new.store.calibrated == [True]


# Why it was away


def test_outage_is_told_with_its_seconds():
    for away_s, code in ((20, 0x8F35), (170, 0x8F35), (190, 0x8F36), (7200, 0x8F36)):
        old = lived(5)
        new = again(old, FakeRtc(NOON + away_s))
        events = new_codes(new, old)
        assert [event[0] for event in events] == [0x8F57, code]
        day, went, _, _ = merged(new.log.logs)[-2]
        assert day == DAY_2026 and NOON <= went <= NOON + 6
        assert events[1][1] == NOON + away_s - went
        assert merged(new.log.logs)[-1][1] == NOON + away_s


def test_outage_of_exactly_the_limit():
    for away_s, code in ((179, 0x8F35), (180, 0x8F36)):
        old = lived(5)
        new = again(old, None, started=False)
        new.rtc = new.timekeeper.rtc = FakeRtc(0)
        new.rtc.day_second = old.clock.second + away_s
        # The last record is that of the last whole second.
        new.start()
        assert new_codes(new, old)[1] == (code, away_s)


def test_outage_over_midnight_and_years():
    old = lived(5)
    old.clock.set(DAY_2026 - 1, 86_390)
    old.run(1500)
    new = again(old, FakeRtc(5))
    code, seconds = new_codes(new, old)[1]
    assert code == 0x8F35 and 13 <= seconds <= 15
    old = lived(5)
    old.clock.set(0, 0)  # 26 years before
    old.run(1500)
    new = again(old, FakeRtc(0))
    code, seconds = new_codes(new, old)[1]
    assert code == 0x8F36 and 9490 * 86_400 < seconds < 1 << 30


def test_clock_that_went_back_makes_no_long_outage():
    for behind_s in (10, 3600):
        old = lived(5)
        new = again(old, FakeRtc(NOON - behind_s))
        assert new_codes(new, old)[1] == (0x8F35, 0)
    old = lived(5)
    old.clock.set(DAY_2026 + 3, 100)
    old.run(1500)
    new = again(old, FakeRtc(NOON))
    assert new_codes(new, old)[1] == (0x8F35, 0)


def test_no_outage_is_told_of_a_reset():
    for cause, code in ((1, 0x81B3), (2, 0x81B2)):
        old = lived(5)
        new = again(old, FakeRtc(NOON + 10), reset_cause=cause)
        assert [event[0] for event in new_codes(new, old)] == [code]


def test_without_a_time_the_clock_goes_on_from_the_record_and_says_so():
    old = lived(5)
    new = again(old)
    assert not new.clock.valid and new.clock.day == DAY_2026
    assert new_codes(new, old)[0] == (0x7F13, 0)
    assert 0x8F35 not in new.codes() and 0x8F36 not in new.codes()


def test_boot_time_after_a_power_on_is_declared_lost():
    # 1500 ms of supply before the firmware ran, 500 ms of start at 3600 W: 2 s are 2 Wh. After a reset nothing is.
    for cause, lost in ((0, 2000), (1, 500)):
        chip = ScriptedFrontEnd()
        chip.flags = s.DOWN | s.RESTARTED
        rig = Rig(chips=[chip], boot_ms=1500, reset_cause=cause)
        rig.wait(500)
        rig.poll()
        chip.show(3600)
        chip.flags = s.ENERGY | s.QUANTITIES
        rig.poll()
        assert rig.elements[0].lost_mwh[0] == lost, cause


# Boots that fail


def boots(rig):
    buf = bytearray(4)
    return buf[1] if rig.cold.load_into(layout.BOOT, buf) == 4 else None


def test_boot_is_counted_after_two_seconds_and_good_after_a_minute():
    rig = Rig(rtc=FakeRtc(NOON))
    rig.run(1900)
    assert boots(rig) is None
    rig.run(2000)
    assert boots(rig) == 1
    rig.run(55_000)
    assert boots(rig) == 1
    rig.run(3000)
    assert boots(rig) == 0
    writes = [0]
    rig.cold.save = lambda cold_id, buf: writes.append(1)
    rig.run(120_000)
    assert writes == [0]


def test_decaying_supply_that_boots_ten_times_writes_no_boot_record():
    memory = FakeBytes()
    for _ in range(10):
        rig = Rig(memory=memory, rtc=FakeRtc(NOON), reset_cause=0)
        rig.run(1500)
        assert boots(rig) is None


def test_three_failed_boots_meter_only():
    memory = FakeBytes()
    for boot in range(3):
        rig = Rig(memory=memory, rtc=FakeRtc(NOON), reset_cause=1)
        assert not rig.meter.safe, boot
        rig.run(3000)
    parts = {"panel": Feature(), "supply": Feature(), "expander": Feature()}
    rig = Rig(memory=memory, rtc=FakeRtc(NOON), reset_cause=1, **parts)
    assert rig.meter.safe and (0x81A0, 23) in rig.events()
    rig.chips[0].total = 5 * PER_WH
    rig.run(3000)
    rig.power_good = 0
    rig.run(50)
    rig.power_good = 1
    assert parts["panel"].polls == [] and parts["supply"].polls == [] and parts["expander"].polls == []
    assert parts["panel"].starts == 0
    assert rig.store.served_wh[0][0] == 5
    # A minute of it is a good run: the next boot is whole again.
    rig.run(60_000)
    assert not Rig(memory=memory, rtc=FakeRtc(NOON), reset_cause=1).meter.safe


def test_boots_that_die_of_their_own_fault_within_two_seconds_count_too():
    # A hang in the first pass ends in the watchdog; nobody may be locked out of safe mode by being quick.
    memory = FakeBytes()
    for _ in range(4):
        rig = Rig(memory=memory, rtc=FakeRtc(NOON), reset_cause=1)
        rig.step()
    assert rig.meter.safe


def test_grid_that_comes_and_goes_is_no_failed_boot():
    memory = FakeBytes()
    for _ in range(12):
        rig = Rig(memory=memory, rtc=FakeRtc(NOON))
        assert not rig.meter.safe
        rig.run(10_000)


def test_tick_wraps_in_these_tests():
    assert START + 1000 > 1 << 30
