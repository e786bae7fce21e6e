"""Registers against exact rational arithmetic: any flow, any read schedule, over more than any meter's life."""

from fractions import Fraction

from app.metrology.registers import MODULUS_WH, Registers
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(max_examples=100)
@given(
    st.sampled_from([10, 352704, 37]),
    st.lists(st.lists(st.integers(-150_000_000, 150_000_000), min_size=0, max_size=4), max_size=60),
)
def test_equal_to_fractions(per, seconds):
    registers = Registers(per)
    exact = [Fraction(0)] * 2
    for reads in seconds:
        for counts in reads:
            registers.fold(counts, 0, 0)
        net = sum(reads)
        exact[net < 0] += Fraction(abs(net), per)
        registers.close_second()
        for i in (0, 1):
            assert registers.wh[i] + Fraction(registers.residue[i], per) == exact[i] % MODULUS_WH


def test_twenty_years_at_23_kw():
    # 20 years of one-minute reads at 23 kW = 4 030 488 kWh: past the roll-over four times, to the last count.
    per = 352704
    registers = Registers(per)
    exact = 0
    minute = 23_000 * per // 60 + 1
    for i in range(200_000):
        registers.fold(minute, 0, 0)
        registers.close_second()
        exact += minute
        if i % 50_000 == 0:
            registers.wh[0] = (registers.wh[0] + 800_000_000) % MODULUS_WH
            exact += 800_000_000 * per
    assert registers.wh[0] * per + registers.residue[0] == exact % (MODULUS_WH * per)
