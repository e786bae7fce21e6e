# SPDX-License-Identifier: MIT
"""One pass of the meter on fakes: its order, when it saves, how long it waits, and that it allocates nothing.

Policy of these tests: 0.2 Wh unsaved, 0.6 Wh in one wait, the time once a second. The fake chip makes 36 000 counts a
Wh; at 3600 W that is 1 mWh a millisecond.
"""

from app.config import Config
from app.metrology import sample as s
from app.records import codes
from fakes_hw import after, without_heap
from fakes_meter import PER_WH, SAVE_MWH, FakeRtc, Feature, Rig


class Writes:
    """Stands before a FakeBytes: notes every write to the hot records in a trace, and the tick of it."""

    def __init__(self, rig):
        self.rig = rig
        self.at = []
        self.trace = None
        self.write_on = rig.memory.write
        rig.memory.write = self.write

    def write(self, address, buf):
        self.write_on(address, buf)
        if 0x100 <= address < 0x300:  # a hot record, whole
            self.at.append(self.rig.ms)
            if self.trace is not None:
                self.trace.append("save")


def features():
    return {name: Feature(name) for name in ("timekeeper", "supervision", "supply", "panel", "log", "expander")}


class QuietLog(Feature):
    restless = True

    def append_now(self, code, extra):
        return None


def test_order_of_a_pass():
    trace = []
    parts = features()
    parts["log"] = QuietLog("log")
    for part in parts.values():
        part.trace = trace

    class Expander:
        def poll(self):
            trace.append("expander")

    parts["expander"] = Expander()
    rig = Rig(**parts)
    rig.chips[0].trace = trace
    rig.watchdog.trace = trace
    Writes(rig).trace = trace
    rig.wait(1000)
    rig.poll()
    assert trace == ["read", "save", "expander", "supervision", "timekeeper", "supply", "panel", "log", "feed"]
    # Within a second: nothing to save or to supervise, and no time to compare.
    del trace[:]
    rig.wait(100)
    rig.poll()
    assert trace == ["read", "expander", "supply", "panel", "log", "feed"]
    # While the turn of the RTC's second is sought every pass looks for it.
    del trace[:]
    parts["timekeeper"].aligning = True
    rig.wait(100)
    rig.poll()
    assert trace == ["read", "expander", "timekeeper", "supply", "panel", "log", "feed"]
    parts["timekeeper"].aligning = False
    # Something wrong with the chip is looked at in the same pass.
    del trace[:]
    rig.chips[0].flags = s.DOWN
    rig.wait(100)
    rig.poll()
    assert trace[:3] == ["read", "expander", "supervision"]


def test_two_elements_are_read_in_one_pass_and_booked_on_their_own():
    rig = Rig(chips=2)
    rig.chips[0].total = 2 * PER_WH
    rig.chips[1].total = -PER_WH
    rig.wait(1000)
    rig.poll()
    assert rig.elements[0].registers.wh[0] == 2 and rig.elements[1].registers.wh[1] == 1
    assert rig.store.served_wh[0][0] == 2 and rig.store.served_wh[1][1] == 1


def test_a_second_books_the_net_of_what_was_read_in_it():
    # +3 Wh and -1 Wh inside one second: 2 Wh imported, nothing exported.
    rig = Rig()
    rig.wait(400)
    rig.chips[0].total = 3 * PER_WH
    rig.poll()
    assert rig.elements[0].registers.wh[0] == 0
    rig.wait(600)
    rig.chips[0].total = 2 * PER_WH
    rig.poll()
    assert rig.elements[0].registers.wh[:2] == [2, 0]


def test_power_is_asked_for_once_a_second():
    rig = Rig()
    asked = []
    while rig.ms < 20_000:
        rig.step()
        if rig.chips[0].asked:
            asked.append(rig.ms - rig.gaps[-1])
    assert len(asked) >= 19
    for at in asked:
        assert at % 1000 == 0


# When it saves


def test_own_policy_loses_less_than_a_wh():
    # Budget: at most 1 Wh lost by a cut with FRAM, so what may be unsaved and what may flow in a wait stay below it.
    config = Config()
    assert config.save_mwh + config.wait_mwh < 1000 and config.save_seconds == 1


def test_time_is_saved_once_a_second_with_no_load():
    rig = Rig(rtc=FakeRtc(43_200))
    writes = Writes(rig)
    rig.run(10_000)
    assert 9 <= len(writes.at) <= 10
    for i in range(1, len(writes.at)):
        assert 990 <= writes.at[i] - writes.at[i - 1] <= 1010


def test_energy_is_saved_when_a_fifth_of_a_wh_is_unsaved():
    # 3600 W: 200 mWh every 200 ms.
    rig = Rig()
    rig.run(1000)
    writes = Writes(rig)
    rig.power_w = 3600
    rig.run(10_000)
    for i in range(1, len(writes.at)):
        assert writes.at[i] - writes.at[i - 1] <= SAVE_MWH + 100  # one wait late at the most
    assert len(writes.at) >= 30


def test_export_and_the_second_element_count_as_unsaved_too():
    for signs in ((-1, -1), (1, -1)):
        rig = Rig(chips=2)
        rig.poll()
        writes = Writes(rig)
        rig.wait(10)
        for i in range(2):
            rig.chips[i].total = signs[i] * (PER_WH // 10 - 1)  # 0.1 Wh less a count, in each
        rig.poll()
        assert writes.at == []
        rig.wait(10)
        rig.chips[0].total += signs[0] * 2
        rig.poll()
        assert len(writes.at) == 2  # one record an element


def test_failed_save_is_tried_again_in_the_next_pass_and_serves_nothing():
    rig = Rig()
    rig.run(2000)
    rig.wait(1000)
    rig.chips[0].total += 5 * PER_WH
    rig.memory.failing = True
    for failures in range(1, 6):
        rig.poll()
        assert rig.store.save_failures == failures
        assert rig.elements[0].registers.wh[0] == 5 and rig.store.served_wh[0][0] == 0
        rig.wait(10)
    rig.memory.failing = False
    writes = Writes(rig)
    rig.poll()
    assert writes.at == [rig.ms] and rig.store.served_wh[0][0] == 5
    rig.wait(10)
    rig.poll()
    assert len(writes.at) == 1  # saved is saved


def test_unsaved_energy_of_one_element_keeps_the_other_waiting():
    # The record of element 1 fails: nothing is counted as saved.
    rig = Rig(chips=2)
    rig.run(1000)
    second = 0x100 + 2 * 128  # hot records of element 2 (docs/SPEC.md)
    write_on = rig.memory.write
    failing = [True]

    def write(address, buf):
        if failing[0] and address >= second:
            raise OSError(5)
        write_on(address, buf)

    rig.memory.write = write
    rig.wait(1000)
    for chip in rig.chips:
        chip.total = PER_WH
    rig.poll()
    assert rig.store.served_wh[0][0] == 1 and rig.store.served_wh[1][0] == 0
    failing[0] = False
    rig.wait(10)
    rig.poll()
    assert rig.store.served_wh[1][0] == 1


def test_store_that_fails_for_ten_minutes_leaves_the_small_ints_alone():
    # 25.3 kW for 600 s are 4217 Wh: 151 800 000 counts here, 1.5e9 in an ADE9153A. Nothing may add them up.
    rig = Rig()
    rig.chips[0].counts_per_wh = 352_704
    rig.run(1000)
    rig.memory.failing = True
    for _ in range(60):
        rig.wait(10_000)
        rig.chips[0].total += 24_787_253  # 25.3 kW x 10 s x 352 704 / 3600 / 1000
        rig.poll()
    assert rig.meter._unsaved < 1 << 30


# How long it waits


def test_waits_are_the_configured_ones_without_load():
    rig = Rig()
    rig.run(3000)
    rig.gaps.clear()
    rig.run(10_000)
    assert max(rig.gaps) <= 100 and len(rig.gaps) <= 12 * 10


def test_no_more_than_the_allowed_energy_flows_in_a_wait():
    # At W watts 0.6 Wh take 2 160 000 / W ms.
    for watts in (25_300, 21_600, 10_800, 3_600, 100, -25_300):
        rig = Rig()
        rig.meter.set_longest_wait(1000)
        rig.power_w = watts
        rig.run(2000)
        rig.gaps.clear()
        rig.run(5000)
        most = 2_160_000 // abs(watts)
        assert max(rig.gaps) <= most, (watts, max(rig.gaps))
        assert max(rig.gaps) * 10 >= min(most, 1000) * 9, watts  # and it does not poll for nothing


def test_two_elements_each_have_their_wait():
    rig = Rig(chips=2)
    rig.meter.set_longest_wait(1000)
    rig.run(1000)
    rig.wait(100)
    rig.chips[1].total += 1000 * 216  # 21.6 kW for 100 ms
    assert rig.poll() <= 100


def test_a_wait_ends_on_the_second():
    for longest in (1, 7, 100, 300, 999, 1000):
        rig = Rig()
        rig.meter.set_longest_wait(longest)
        rig.wait(137)
        rig.poll()
        # Seconds are counted from the first tick: no wait passes over one.
        while rig.ms < 3000:
            before = rig.ms
            assert rig.step() <= longest
            assert rig.ms // 1000 == before // 1000 or rig.ms % 1000 == 0


def test_long_waits_end_on_a_second():
    for longest, ms in ((1500, 1000), (2000, 2000), (60_000, 60_000), (900_000, 900_000)):
        rig = Rig()
        rig.meter.set_longest_wait(longest)
        rig.power_w = 25_300
        rig.wait(137)
        assert rig.step() == ms - 137
        for _ in range(3):
            assert rig.step() == ms
            assert rig.ms % 1000 == 0


def test_a_wait_above_a_second_is_the_save_policy():
    rig = Rig()
    rig.meter.set_longest_wait(60_000)
    writes = Writes(rig)
    rig.run(600_000)
    rig.power_w = 2300
    rig.run(600_000)
    assert rig.gaps == [60_000] * 20  # no energy limit on the wait
    assert writes.at == [60_000 * i for i in range(1, 20)]


def test_a_long_wait_that_ends_sooner_saves_too():
    rig = Rig()
    rig.meter.set_longest_wait(60_000)
    rig.power_w = 1  # too little to be saved for its own sake
    rig.run(120_000)
    rig.poll()
    writes = Writes(rig)
    # Something wakes the meter on a second, well before the wait is over: what an engine closes then is not a minute old.
    rig.wait(7000)
    rig.poll()
    assert len(writes.at) == 1


def test_going_back_to_short_waits_brings_the_bounds_back():
    rig = Rig()
    rig.meter.set_longest_wait(60_000)
    rig.run(120_000)
    rig.meter.set_longest_wait(1000)
    writes = Writes(rig)
    rig.power_w = 21_600
    rig.run(2000)
    rig.gaps.clear()
    rig.run(5000)
    assert max(rig.gaps) <= 100  # 0.6 Wh at 21.6 kW
    rig.power_w = 0
    rig.run(2000)
    del writes.at[:]
    rig.run(10_000)
    assert 9 <= len(writes.at) <= 10


def test_longest_wait_has_bounds():
    rig = Rig()
    for bad in (0, -1, 3_600_001):
        try:
            rig.meter.set_longest_wait(bad)
        except ValueError:
            continue
        raise AssertionError(bad)
    rig.meter.set_longest_wait(3_600_000)
    rig.meter.set_longest_wait(1)
    assert rig.poll() == 1


def test_chip_that_is_down_is_looked_after_soon():
    rig = Rig()
    rig.meter.set_longest_wait(60_000)
    rig.poll()
    rig.chips[0].flags = s.DOWN | s.RESTARTED
    rig.wait(1000)
    assert rig.poll() <= 10


def test_coils_keys_and_the_search_for_the_second_shorten_the_wait():
    parts = features()
    parts["log"] = QuietLog("log")
    del parts["expander"]
    rig = Rig(**parts)
    rig.wait(500)
    assert rig.poll() == 100
    parts["panel"].keys_down = True
    assert rig.poll() == 20
    parts["supply"].busy = True
    assert rig.poll() == 10
    parts["timekeeper"].aligning = True
    assert rig.poll() == 2


# Allocation


class Script:
    """Passes 250 ms apart; a closure of as many variables would itself allocate."""

    def __init__(self, rig, totals, flags):
        self.chip = rig.chips[0]
        self.meter = rig.meter
        self.ticks = [after(rig.now, 250 * i) for i in range(len(totals))]
        self.totals = totals
        self.flags = flags

    def play(self, _):
        for i in range(len(self.totals)):
            self.chip.total = self.totals[i]
            self.chip.flags = self.flags[i]
            self.meter.poll(self.ticks[i])


def test_a_pass_allocates_nothing():
    """Seconds, saves, whole Wh, export seconds, faults of the chip with their events: with the heap locked, dated 2035."""
    rig = Rig(rtc=FakeRtc(43_200))
    rig.run(5_000)
    rig.clock.set(12_784 + 365, 86_390)
    chip = rig.chips[0]
    # Once with the heap free: the first record of a length makes its views.
    chip.flags = s.DOWN | s.RESTARTED
    rig.step()
    chip.flags = s.ENERGY | s.QUANTITIES
    rig.run(3000)
    totals = [chip.total + 12_000 * (i if i < 24 else 48 - i) for i in range(48)]
    flags = [s.ENERGY | s.QUANTITIES] * 48
    flags[10] = s.DOWN | s.RESTARTED
    flags[11] = s.DOWN
    flags[30] |= s.REPAIRED
    flags[31] = s.SUSPECT
    script = Script(rig, totals, flags)
    before = len(rig.events())
    wh = list(rig.elements[0].registers.wh)
    sequence = rig.store.hot.sequence[0]
    without_heap(script.play, None)
    registers = rig.elements[0].registers
    assert registers.wh[0] > wh[0] and registers.wh[1] > wh[1]
    assert rig.store.hot.sequence[0] - sequence >= 12
    logged = rig.codes()[before:]
    assert codes.MEASUREMENT_FAULT in logged and codes.ENERGY_LOST in logged and codes.INTEGRITY_ISSUE in logged
    assert rig.clock.day == 12_784 + 366 and rig.meter.feature_off == [0] * len(rig.meter.feature_off)
    assert rig.store.save_failures == 0 and rig.elements[0].failures == 0
