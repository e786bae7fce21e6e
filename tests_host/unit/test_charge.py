# SPDX-License-Identifier: MIT
"""Money by hand. 1e-5 currency unit per kWh is 1e-8 unit per Wh, so everything is a product of whole numbers."""

from app.tariff.charge import Charge


def charged(*steps):
    charge = Charge()
    for wh, price in steps:
        charge.add(wh, price)
    return charge.units, charge.part


def test_by_hand():
    # 1 kWh at 0.17 a kWh.
    assert charged((1000, 17_000)) == (0, 17_000_000)
    # A Wh at the smallest price: 1e-8 unit is kept, a hundred million of them are a unit.
    assert charged((1, 1)) == (0, 1)
    assert charged((100_000_000, 1)) == (1, 0)
    # 12.345 kWh at 0.33333: 4.11495885.
    assert charged((12_345, 33_333)) == (4, 11_495_885)
    # In steps: the same.
    assert charged((12_000, 33_333), (344, 33_333), (1, 33_333)) == (4, 11_495_885)


def test_negative_prices_pay_back():
    # -0.5 for 1 kWh is unit -1 and half a unit: the part is never negative.
    assert charged((1000, -50_000)) == (-1, 50_000_000)
    assert charged((1000, -50_000), (1000, 50_000)) == (0, 0)
    assert charged((1, -1)) == (-1, 99_999_999)


def test_no_step_leaves_the_small_ints():
    # The highest price and 25 kWh: 25 x 10737.41823 = 268 435.45575; the lowest: 25 x -10737.41824.
    assert charged((25_000, (1 << 30) - 1)) == (268_435, 45_575_000)
    assert charged((25_000, -(1 << 30))) == (-268_436, 54_400_000)
    assert charged((9000, 99_999), (9000, 99_999)) == (17, 99_982_000)


def test_nothing_costs_nothing():
    assert charged((0, 50_000), (5, 0)) == (0, 0)
