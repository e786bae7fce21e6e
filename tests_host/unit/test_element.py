# SPDX-License-Identifier: MIT
"""One element on a scripted chip: what goes to the registers, what is declared lost, VAh integrated here.

Values by hand: 1 W for 1 ms is 1 / 3600 mWh; at 3600 W that is 1 mWh a millisecond.
"""

from app.metrology import sample as s
from app.metrology.element import Element
from fakes_hw import after, without_heap
from fakes_meter import GOOD, PER_WH, START, ScriptedFrontEnd

RESET = s.RESTARTED | s.DOWN


class Bench:
    def __init__(self, counts_per_wh=PER_WH, apparent_counted=True, boot_ms=0):
        self.chip = ScriptedFrontEnd(counts_per_wh, apparent_counted)
        self.element = Element(self.chip)
        self.now = START
        self.element.begin(START, boot_ms)

    def read(self, ms, flags=GOOD, quantities=True):
        self.now = after(self.now, ms)
        self.chip.flags = flags
        return self.element.read(self.now, quantities)


def test_good_counts_go_to_the_open_second():
    b = Bench()
    b.chip.total = 700
    b.chip.reactive_counts = -30
    b.chip.apparent_counts = 800
    assert b.read(100, s.ENERGY, False) == s.ENERGY
    r = b.element.registers
    assert (r.pending_active, r.pending_reactive, r.pending_apparent) == (700, -30, 800)
    b.chip.total = 200
    b.read(100, s.ENERGY | s.NO_LOAD, False)
    assert (r.pending_active, r.pending_reactive, r.pending_apparent) == (200, -60, 1600)
    assert b.element.lost_mwh == [0] * 6


def test_counts_without_the_energy_flag_are_not_taken():
    b = Bench()
    b.chip.total = 700
    for flags in (s.SUSPECT, s.DOWN, RESET, s.QUANTITIES, 0):
        b.read(100, flags)
        assert b.element.registers.pending_active == 0
    b.read(100, GOOD)
    assert b.element.registers.pending_active == 700


def test_driver_that_raises_is_counted_and_metering_goes_on():
    b = Bench()
    b.read(100)
    b.chip.flow(3600, 300)  # 10 800 counts in 300 ms
    for error in (OSError(5), ValueError("x"), ZeroDivisionError()):
        b.chip.raises = error
        assert b.read(100) == s.SUSPECT
    assert b.element.failures == 3 and b.element.registers.pending_active == 0
    b.chip.raises = None
    assert b.read(1) == GOOD
    assert b.element.registers.pending_active == 10_800
    assert b.element.lost_mwh == [0] * 6 and not b.element.down


def test_loss_is_declared_half_at_the_power_before_and_half_after():
    # 144 s, longer than the 30 s in which it is summed up: 72 s at 3600 W and 72 s at 1800 W.
    b = Bench()
    b.chip.show(3600, 1800)
    b.read(100)
    for i in range(144):
        b.read(1000, s.DOWN if i else RESET)
        assert b.element.down and not b.element.lost_changed
    b.chip.show(1800, 900)
    assert b.read(0, GOOD) & s.ENERGY
    assert b.element.lost_mwh == [108_000, 0, 54_000, 0, 108_000, 0]
    assert b.element.lost_changed and not b.element.down
    b.element.lost_changed = False
    b.read(1000)
    assert b.element.lost_mwh[0] == 108_000 and not b.element.lost_changed


def test_each_half_is_lost_in_its_own_direction():
    # 20 s exporting 3600 W before, 20 s importing 1800 W after; VAh go with the active energy of their half.
    b = Bench()
    b.chip.show(-3600, -1800)
    b.read(100)
    b.read(40_000, RESET)
    b.chip.show(1800, 3600)
    b.read(0)
    assert b.element.lost_mwh == [10_000, 20_000, 20_000, 10_000, 10_000, 20_000]


def test_power_before_the_gap_not_known():
    b = Bench()
    b.read(36_000, RESET)
    b.chip.show(-3600)
    b.read(0)
    assert b.element.lost_mwh == [0, 36_000, 0, 0, 0, 36_000]  # 3600 W x 36 s = 36 Wh exported


def test_after_a_gap_the_power_is_asked_for_at_once():
    b = Bench()
    b.read(100)
    b.read(100, RESET, False)
    assert b.chip.asked is False
    b.read(100, s.DOWN, False)
    assert b.chip.asked is True


def test_loss_is_declared_only_with_a_power_to_declare_it_at():
    b = Bench()
    b.chip.show(3600)
    b.read(100)
    b.read(1000, RESET)
    b.read(500, s.ENERGY)
    assert b.element.down and b.element.lost_mwh[0] == 0
    b.read(500, GOOD)
    assert not b.element.down and b.element.lost_mwh[0] == 1000  # the second the chip was down, not what it counted


def test_silent_chip_that_counted_on_has_lost_nothing():
    b = Bench()
    b.chip.show(3600)
    b.read(100)
    for _ in range(10):
        b.read(1000, s.DOWN)
    b.chip.flow(3600, 10_000)
    b.read(0)
    assert b.element.registers.pending_active == 360_000
    assert b.element.lost_mwh == [0] * 6 and not b.element.lost_changed
    # What was not lost then is not added to the next loss.
    b.read(1000, RESET)
    b.read(0)
    assert b.element.lost_mwh[0] == 1000


def test_boot_after_a_power_on_is_declared_and_is_no_fault():
    # Supply good 500 ms before the firmware, then 1500 ms of start: 2 s at 3600 W.
    b = Bench(boot_ms=500)
    assert not b.read(500, RESET) & s.RESTARTED
    assert b.element.flags & s.DOWN
    b.read(1000, s.DOWN)
    b.chip.show(3600)
    b.read(0)
    assert b.element.lost_mwh[0] == 2000
    # From now on a reset is one.
    assert b.read(10, RESET) & s.RESTARTED


def test_chip_that_was_up_before_the_firmware_lost_nothing_now_or_later():
    b = Bench(boot_ms=5000)
    b.chip.show(3600)
    b.read(100)
    assert b.element.lost_mwh[0] == 0
    b.read(1000, RESET)
    b.read(0)
    assert b.element.lost_mwh[0] == 1000


def vah(splits, mva=2_300_000):
    """Counts that a constant apparent power makes when the time is split like this. 10 counts a VAh: 360 VAs each."""
    b = Bench(10, apparent_counted=False)
    b.chip.apparent_power_mva = mva
    for ms in splits:
        b.read(ms)
    return b.element.registers.pending_apparent


def test_apparent_energy_is_exact_however_the_time_is_split():
    # 2300 VA for 3600 s = 2300 VAh = 23 000 counts, to the count.
    assert vah([3_600_000]) == 23_000
    assert vah([60_000] * 60) == 23_000
    assert vah([31_000, 29_000] * 60) == 23_000
    assert vah([1000] * 3600) == 23_000
    assert vah([1, 99, 900, 47_123, 11_877] * 60) == 23_000
    assert vah([700] * 5142 + [600]) == 23_000
    # One millisecond short of the last count, and it is not there: 360 VAs at 360 VA are 1000 ms.
    assert vah([999], 360_000) == 0 and vah([999, 1], 360_000) == 1


def test_apparent_energy_keeps_the_part_of_a_volt_ampere():
    # 2300.5 VA for an hour, second by second: 23 005 counts.
    assert vah([1000] * 3600, 2_300_500) == 23_005


def test_apparent_energy_is_a_trapezoid_between_two_power_readings():
    # 3600 VA, then 7200 VA a second later: 5400 VAs in that second = 15 counts of 360 VAs.
    b = Bench(10, apparent_counted=False)
    b.chip.apparent_power_mva = 3_600_000
    b.read(1000)
    assert b.element.registers.pending_apparent == 10
    b.read(400, s.ENERGY, False)
    b.chip.apparent_power_mva = 7_200_000
    b.read(600)
    assert b.element.registers.pending_apparent == 25


def test_apparent_energy_over_a_driver_that_raised():
    b = Bench(10, apparent_counted=False)
    b.chip.apparent_power_mva = 3_600_000
    b.read(1000)
    b.chip.raises = OSError(5)
    b.read(1000)
    b.chip.raises = None
    b.read(1000)
    assert b.element.registers.pending_apparent == 30  # 3600 VA x 3 s


def test_power_comes_from_the_counts_between_two_readings():
    # 352 704 counts a Wh (ADE9153A) make 97.97 counts a joule: shown up to 1.1 % high, never low.
    for per, counts_per_kj in ((PER_WH, 10_000), (352_704, 97_973), (3600, 1000)):
        for watts in (25_300, 2_300, 100):
            for ms in (100, 1000, 60_000):
                b = Bench(per)
                b.chip.total = -(watts * ms // 1000) * counts_per_kj // 1000
                b.read(ms, s.ENERGY, False)
                assert watts * 98 // 100 <= b.element.power_w <= watts * 102 // 100 + 1, (per, watts, ms)


def test_short_read_without_a_count_does_not_forget_the_power():
    # 0.1 Wh a count (ATM90E26): at 25.3 kW a count takes 14 ms, so a 10 ms read may bring none.
    b = Bench(10)
    b.chip.show(25_300)
    b.chip.total = 70
    b.read(1000)
    b.read(10, s.ENERGY, False)
    assert b.element.power_w >= 25_300


def test_reading_allocates_nothing():
    # A minute at 25.3 kW on an ADE9153A, and VAh of an ATM90E26 over the same minute: near the top of the small ints.
    for per, counted, counts in ((352_704, True, 148_723_520), (10, False, 4216)):
        b = Bench(per, counted)
        b.chip.show(25_300)
        b.read(1)

        b.now = after(b.now, 60_000)
        b.chip.total = counts

        def read(now, b=b):
            return b.element.read(now, True)

        assert without_heap(read, b.now) == GOOD
        assert b.element.registers.pending_active == counts


def test_power_before_a_gap_is_that_of_the_last_second():
    # RMS values 3 s old say 3600 W; since then 360 W were counted. 2 s away, 1 s of it at 360 W: 0.1 Wh.
    b = Bench()
    b.chip.show(3600)
    b.read(100)
    for _ in range(3):
        b.chip.flow(360, 1000)
        b.read(1000, s.ENERGY, False)
    b.read(1000, RESET)
    b.read(1000, s.DOWN)
    b.chip.show(0)
    b.read(0, GOOD)
    assert 98 <= b.element.lost_mwh[0] <= 102
