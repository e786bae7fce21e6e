"""Registers: expected values by hand from the definition (1 Wh = counts_per_wh counts, net of a second by its sign)."""

from app.metrology.registers import (
    ACTIVE_EXPORT,
    ACTIVE_IMPORT,
    APPARENT_EXPORT,
    APPARENT_IMPORT,
    MODULUS_WH,
    REACTIVE_EXPORT,
    REACTIVE_IMPORT,
    Registers,
)


def test_whole_and_rest():
    r = Registers(10)
    r.fold(25, 0, 31)
    assert r.close_second() == 2
    assert r.wh[ACTIVE_IMPORT] == 2 and r.residue[ACTIVE_IMPORT] == 5
    assert r.wh[APPARENT_IMPORT] == 3 and r.residue[APPARENT_IMPORT] == 1
    r.fold(5, 0, 9)
    assert r.close_second() == 1
    assert r.wh[ACTIVE_IMPORT] == 3 and r.residue[ACTIVE_IMPORT] == 0
    assert r.wh[APPARENT_IMPORT] == 4 and r.residue[APPARENT_IMPORT] == 0


def test_net_of_a_second_goes_one_way():
    # +7 and -4 inside one second: +3 import, nothing exported; -5 and +2 in the next: 3 exported.
    r = Registers(1)
    r.fold(7, -2, 7)
    r.fold(-4, 1, 4)
    r.close_second()
    assert r.wh == [3, 0, 0, 1, 11, 0]
    r.fold(-5, 4, 5)
    r.fold(2, -4, 2)
    r.close_second()
    assert r.wh == [3, 3, 0, 1, 11, 7]
    assert (r.pending_active, r.pending_reactive, r.pending_apparent) == (0, 0, 0)


def test_read_rate_does_not_matter():
    flow = [((i * 7919) % 401) - 200 for i in range(1000)]
    fine = Registers(37)
    coarse = Registers(37)
    for second in range(100):
        part = flow[second * 10 : second * 10 + 10]
        for counts in part:
            fine.fold(counts, -counts, abs(counts))
        fine.close_second()
        coarse.fold(sum(part), -sum(part), sum(abs(c) for c in part))
        coarse.close_second()
    assert fine.wh == coarse.wh and fine.residue == coarse.residue
    net = (
        (fine.wh[ACTIVE_IMPORT] - fine.wh[ACTIVE_EXPORT]) * 37
        + fine.residue[ACTIVE_IMPORT]
        - fine.residue[ACTIVE_EXPORT]
    )
    assert net == sum(flow)
    assert fine.wh[REACTIVE_EXPORT] == fine.wh[ACTIVE_IMPORT] and fine.wh[REACTIVE_IMPORT] == fine.wh[ACTIVE_EXPORT]
    assert fine.wh[APPARENT_EXPORT] > 0


def test_roll_over_at_nine_digits():
    r = Registers(352704)
    r.wh[ACTIVE_IMPORT] = MODULUS_WH - 1
    r.residue[ACTIVE_IMPORT] = 352703
    r.fold(1, 0, 0)
    assert r.close_second() == 1
    assert r.wh[ACTIVE_IMPORT] == 0 and r.residue[ACTIVE_IMPORT] == 0


def test_a_minute_at_imax_stays_a_small_int():
    # 25.3 kW for 60 s at 352 704 counts/Wh: 148 723 520 counts = 421.66... Wh (25 300 / 60).
    r = Registers(352704)
    r.residue[ACTIVE_IMPORT] = 352703
    r.fold(148723520, 0, 148723520)
    assert r.close_second() == 422
    assert 148723520 + 352703 < 1 << 30
