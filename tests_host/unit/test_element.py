# SPDX-License-Identifier: MIT
"""One metering element: what it declares lost, and how it integrates apparent energy. Expected values by hand."""

from app.metrology import sample as s
from app.metrology.element import Element


class FrontEnd:
    """Answers with what the test has put into `next`: (flags, active_counts, active_mw, apparent_mva)."""

    counts_per_wh = 10
    apparent_counted = False

    def __init__(self):
        self.next = (s.ENERGY, 0, 0, 0)

    def read_into(self, sample, now_ms, quantities):
        sample.flags, sample.active_counts, power, apparent = self.next
        if sample.flags & s.QUANTITIES:
            sample.active_power_mw = power
            sample.reactive_power_mvar = 0
            sample.apparent_power_mva = apparent


def element(boot_ms=0):
    e = Element(FrontEnd())
    e.begin(0, boot_ms)
    return e


def read(e, now_ms, flags, counts=0, power_w=0, apparent_va=0):
    e.front_end.next = (flags, counts, power_w * 1000, apparent_va * 1000)
    return e.read(now_ms, True)


GOOD = s.ENERGY | s.QUANTITIES


def test_a_chip_that_counted_on_has_lost_nothing():
    e = element()
    read(e, 1000, GOOD, 3, 1000, 1000)
    read(e, 2000, s.DOWN)
    read(e, 3000, GOOD, 6, 1000, 1000)
    assert e.lost_mwh == [0, 0, 0, 0, 0, 0] and not e.lost_changed and not e.down


def test_lost_half_at_the_power_before_and_half_after():
    # 4 s away: 2 s at 3600 W import = 2 Wh; 2 s at 1800 W export = 1 Wh. A mean would say 0.5 Wh import.
    e = element()
    read(e, 1000, GOOD, 10, 3600, 3600)
    read(e, 2000, s.RESTARTED | s.DOWN)
    assert e.down
    read(e, 5000, s.DOWN)
    read(e, 5000, GOOD, 0, -1800, 1800)
    assert e.lost_mwh == [2000, 1000, 0, 0, 2000, 1000] and e.lost_changed and not e.down


def test_a_chip_found_in_reset_at_power_on_is_no_fault_but_a_loss():
    # 300 ms of boot and 700 ms of start at 3600 W: 1 Wh.
    e = element(boot_ms=300)
    assert read(e, 100, s.RESTARTED | s.DOWN) == s.DOWN
    read(e, 700, s.DOWN)
    read(e, 700, GOOD, 0, 3600, 3600)
    assert e.lost_mwh[0] == 1000
    # From then on a reset is one.
    assert read(e, 1000, s.RESTARTED | s.DOWN) & s.RESTARTED


def test_apparent_energy_is_a_trapezoid():
    # 1 h in seconds, 300.5 VA; then ramps of a step load: on at one reading, off at the next, err to neither side.
    e = element()
    now = 0
    for _ in range(3600):
        now += 1000
        read(e, now, GOOD, 0, 0, 0)
    e.front_end.next = (GOOD, 0, 0, 300_500)
    for _ in range(3600):
        now += 1000
        e.read(now, True)
    e.registers.close_second()
    assert e.registers.wh[4] * 10 + e.registers.residue[4] == 3004  # 300.458 VAh: 0.042 less in the first second's ramp
    read(e, now + 1000, GOOD, 0, 0, 0)
    e.registers.close_second()
    assert e.registers.wh[4] * 10 + e.registers.residue[4] == 3005  # 300.5


def test_apparent_energy_between_power_readings_is_not_integrated_twice():
    # 3600 VA for 10 s are 10 VAh, however often energy alone was read in between.
    e = element()
    now = 0
    read(e, 0, GOOD, 0, 0, 3600)
    for _ in range(10):
        for _ in range(3):
            now += 250
            read(e, now, s.ENERGY)
        now += 250
        read(e, now, GOOD, 0, 0, 3600)
    e.registers.close_second()
    assert e.registers.wh[4] == 10 and e.registers.residue[4] == 0
