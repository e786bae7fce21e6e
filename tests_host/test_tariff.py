# SPDX-License-Identifier: MIT
"""Calendar, registers, blocks and money against the oracle that was written from the rules, by chance."""

import datetime as dt
import random
from fractions import Fraction

from app.tariff.charge import Charge
from app.tariff.tariff import DAILY
from fakes_tariff import Site, pack_set
from hypothesis import given, settings
from hypothesis import strategies as st

from tests_host import tariff_oracle, tariff_plans
from tests_host.proofs import tariff_oracle as proof

SEEDS = st.integers(0, 1 << 32)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.dates(dt.date(2001, 2, 1), dt.date(2098, 1, 1)), st.booleans())
def test_any_calendar_for_fifty_days(seed, first, secondary):
    rng = random.Random(seed)
    plan = tariff_oracle.random_plan(rng, range(first.year - 1, first.year + 2), secondary)
    proof.check_plan(plan, 2 if secondary else 1, first + dt.timedelta(50), f"seed {seed} {first}", first)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30_000), st.integers(-(1 << 30), (1 << 30) - 1)), max_size=20))
def test_money_is_exact(steps):
    charge = Charge()
    exact = Fraction(0)
    for wh, price in steps:
        charge.add(wh, price)
        exact += Fraction(wh, 1000) * Fraction(price, 100_000)
        assert charge.units + Fraction(charge.part, 10**8) == exact
        shown = charge.units * 100_000 + charge.part // 1000  # in 1e-5 unit
        assert 0 <= exact * 100_000 - shown < 1


class Model:
    """What registers, counters and money must be: a watt-hour at a time, by the oracle."""

    def __init__(self, plan, prices, thresholds, first, last, daily):
        self.oracle = tariff_oracle.Oracle(plan, first, last)
        self.prices = prices
        self.tou = [0] * 48
        self.daily = daily
        self.money = 0
        self.groups = [
            tariff_oracle.BlockOracle(thresholds[g], [prices.get(48 + 8 * b + g, 0) for b in range(4)])
            for g in range(8)
        ]
        self.script = 1
        self.minute = None

    def step(self, minute, wh):
        """So many Wh up to this minute; what is due at it comes after them."""
        if self.script < 99:
            self.tou[self.script - 1] += wh
            self.money += wh * self.prices.get(self.script - 1, 0)
        else:
            self.groups[self.script - 101].step(wh)
        before = self.minute
        if before is not None:
            reset = self.oracle.last_reset(minute, before) >= 0
            if reset or (self.daily and minute // 1440 > before // 1440):
                for group in self.groups:
                    group.consumed = 0
        self.script = self.oracle.script(minute) or 1
        self.minute = minute

    def check(self, tariff):
        assert tariff.active_script == self.script
        assert [tariff.tou_wh(k) for k in range(48)] == self.tou
        for g, group in enumerate(self.groups):
            assert [tariff.block_wh(b, g) for b in range(4)] == group.registers
            assert [tariff.block_counter(b, g) for b in range(4)] == group.counters()
        money = tariff.money()
        assert money.units * 10**8 + money.part == self.money + sum(group.money for group in self.groups)
        if self.script < 99:
            assert tariff.price() == self.prices.get(self.script - 1, 0)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_any_tariff_at_work(seed):
    """Random steps of time and energy, resets of the meter among them; small corrections of the clock change nothing."""
    rng = random.Random(seed)
    first = dt.date(2026, rng.randint(1, 12), rng.randint(1, 28))
    plan = tariff_oracle.random_plan(rng, range(2025, 2028))
    prices = {k: rng.choice((rng.randint(-9000, 60_000), rng.randint(-(1 << 30), (1 << 30) - 1))) for k in range(80)}
    limits = [sorted(rng.sample(range(1, 3000), rng.randint(0, 3))) for _ in range(8)]
    daily = rng.random() < 0.3
    model = Model(plan, prices, limits, first, first + dt.timedelta(40), daily)
    minute = (first - tariff_oracle.START).days * 1440 + rng.randrange(1440)
    blob = pack_set(
        tariff_plans.pack_plan(plan),
        b"",
        prices,
        {g: (limit + [0xFFFFFFFF] * 3)[:3] for g, limit in enumerate(limits)},
    )
    made = Site(minute)
    made.config.block_reset = DAILY if daily else 0
    made.install(blob)
    model.step(minute, 0)
    model.check(made.tariff)
    for _ in range(60):
        boundary = made.tariff._next
        choice = rng.random()
        if choice < 0.35 and boundary < minute + 3000:
            minute = boundary
        elif choice < 0.6:
            minute += rng.choice((1, 7, 30))
        else:
            minute += rng.randrange(400)
        wh = rng.choice((0, 1, 17, rng.randrange(700), rng.randrange(12_000)))
        made.at(minute, wh, rng.randrange(60))
        model.step(minute, wh)
        model.check(made.tariff)
        if rng.random() < 0.2:
            made.boot()
            made.flow(0)
            model.check(made.tariff)
        if rng.random() < 0.3:  # seconds back over the minute and forth again
            made.at(minute - 1, 0, 55)
            made.at(minute, 0, 3)
            model.check(made.tariff)
        made.check()
