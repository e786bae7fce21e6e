# SPDX-License-Identifier: MIT
"""The supply goes at every byte of a switch, a fold, a counter reset, an exchange of sets, a preset: afterwards the tariff is
in the old state or the new one, registers and money are the same either way, and the next life comes to the same end.
"""

import pytest
from app.clock import days_from_civil
from app.configuration.group import Group
from app.store import cold_ring, layout
from app.store.cold import ColdStore
from app.store.cold_ring import ColdRing
from app.store.ring import Ring
from app.tariff import tariff as engine
from app.tariff.tariff import Tariff
from fakes_tariff import ANY, FakeClock, FakeTables, Log, pack_calendar, pack_set
from storage_worlds import FramWorld, NorWorld, drain

START = days_from_civil(2026, 5, 1) * 1440
WEEK = ([(ANY, 1, 1, 1)], {1: [1] * 7})
PRICES = {number: 1000 + 7 * number for number in range(84)}
LIMITS = {0: (100, 200, 300), 1: (50, 0xFFFFFFFF, 0xFFFFFFFF)}
DAY_NIGHT = pack_set(pack_calendar(1, *WEEK, {1: [(0, 2), (420, 1)]}), b"", PRICES)
BLOCKS = pack_set(pack_calendar(1, *WEEK, {1: [(0, 101), (420, 102), (421, 99)]}), b"", PRICES, LIMITS)
SECONDARY = pack_calendar(2, *WEEK, {1: [(0, 203), (420, 201)]})
BOTH = pack_set(pack_calendar(1, *WEEK, {1: [(0, 105), (420, 101)]}), SECONDARY, {k: 9 * k for k in range(84)}, LIMITS)


class Life:
    """A storage world and what is in it; `tariff` is the one of the present life."""

    def __init__(self, world):
        self.world = world
        self.tables = FakeTables()
        self.clock = FakeClock(START)
        self.served_wh = [[0] * 6, [0] * 6]
        self.config = Group(engine.FIELDS, engine.rule)
        self.boot()

    def boot(self):
        store = self.world.boot()
        if isinstance(self.world, FramWorld):
            self.cold = ColdStore(store, layout.COLD_BASE, self.world.crc)
        else:
            ring = Ring(store, 0, 8, cold_ring.PAYLOAD, self.world.crc, layout.RING_COLD)
            self.cold = ColdRing(ring, id_count=16)
            drain(self.world, self.cold)
        self.tariff = Tariff(
            self.served_wh, self.clock, self.cold, self.tables, self.world.crc, self.config, Log(), elements=2
        )
        for _ in range(12):
            if not self.tariff.ready:
                self.second()

    def second(self):
        self.tariff.poll(0, True)
        if isinstance(self.cold, ColdRing):
            drain(self.world, self.cold)

    def settle(self, seconds=8):
        """Seconds of the same minute in which nothing flows: whatever is due is done."""
        for _ in range(seconds):
            self.second()
            for _ in range(30):
                self.tariff.poll(0, False)
                if isinstance(self.cold, ColdRing):
                    drain(self.world, self.cold)

    def at(self, minute, wh, second_wh=0):
        self.clock.set(START + minute)
        self.served_wh[0][0] += wh
        self.served_wh[1][0] += second_wh

    def values(self):
        """Everything that a power cut may not change by itself: registers and money."""
        t = self.tariff
        found = [t.tou_wh(k) for k in range(48)] + [t.block_wh(b, g) for b in range(4) for g in range(8)]
        found += [t.secondary_tou_wh(k) for k in range(4)]
        money = [(m.units, m.part) for m in (t.primary.money(), t.secondary.money())]
        return found, money, t.primary.ledger.base

    def state(self):
        """What the change is about."""
        t = self.tariff
        counters = [t.block_counter(b, g) for b in range(4) for g in range(8)]
        return t.active_script, t.secondary_script, counters, t.sets.active, t.sets.swaps, t.sets.passive

    def sum_holds(self):
        primary, secondary = self.tariff.primary.ledger, self.tariff.secondary.ledger
        assert primary.sum_wh() == (self.served_wh[0][0] - primary.base) % 10**9
        assert secondary.sum_wh() == (self.served_wh[1][0] - secondary.base) % 10**9


def switch_tou(life):
    life.at(420, 33, 44)


def switch_block(life):
    life.at(420, 150, 5)


def reset_counters(life):
    life.at(421, 333, 5)


def fold(life):
    life.at(419, 10_500, 10_001)


def day_end(life):
    life.at(1440, 120, 3)


def exchange(life):
    life.at(430, 77, 78)  # the passive set's minute


CASES = [
    ("tou", DAY_NIGHT, 410, switch_tou),
    ("tou fold", DAY_NIGHT, 410, fold),
    ("tou day", DAY_NIGHT, 1430, day_end),
    ("block", BLOCKS, 410, switch_block),
    ("block fold", BLOCKS, 410, fold),
    ("block reset", BLOCKS, 420, reset_counters),
    ("both", BOTH, 410, switch_block),
    ("exchange tou", DAY_NIGHT, 425, exchange),
    ("exchange block", BLOCKS, 425, exchange),
]
PASSIVE = {"exchange tou": BOTH, "exchange block": BOTH}


def prepared(world, blob, minute, passive):
    life = Life(world)
    assert life.tariff.ready
    assert life.tariff.sets.install(blob, 0) == 0
    life.settle(10)
    life.at(minute - 5, 90, 80)
    life.settle(2)
    life.at(minute, 70, 60)
    life.settle(2)
    if passive:
        assert life.tariff.sets.install(passive, START + 430) == 0
        life.settle(3)
        assert life.tariff.sets.passive
    return life


def check_cuts(world, case, every=1):
    name, blob, minute, act = case
    life = prepared(world, blob, minute, PASSIVE.get(name))
    before = world.snapshot()
    tables = dict(life.tables.data)
    served = [list(wh) for wh in life.served_wh]
    old_minute = life.clock.day * 1440 + life.clock.second // 60
    life.boot()
    old_state = life.state()

    def restore():
        world.restore(before)
        life.tables.data = dict(tables)
        for wh, was in zip(life.served_wh, served, strict=True):
            wh[:] = was
        life.clock.set(old_minute)

    def run():
        life.boot()
        act(life)
        life.settle()

    length = world.bytes_of(run)
    assert length > 100
    new_state, new_values = life.state(), life.values()
    life.sum_holds()
    restore()
    life.boot()
    act(life)
    totals = [list(wh) for wh in life.served_wh]  # the hot record comes first: that much is stored
    cuts = 0
    for cut_at in range(1, length + 1, every):
        restore()
        assert world.interrupted(run, cut_at), cut_at
        cuts += 1
        for wh, now in zip(life.served_wh, totals, strict=True):
            wh[:] = now
        life.clock.set(old_minute)  # a life in which nothing is due yet: what was found, before anything is done
        life.clock.valid = False
        life.boot()
        seen = life.state()
        values = life.values()
        life.sum_holds()
        check_found(name, seen, old_state, new_state, values, new_values, cut_at)
        run_on(life, act, totals)
        assert life.state() == new_state, cut_at
        assert life.values() == new_values, cut_at
        life.sum_holds()
    return cuts


def check_found(name, seen, old, new, values, new_values, cut_at):
    """Script by script old or new; and the watt-hours are where they will be, whichever it is."""
    assert seen[0] in (old[0], new[0]) and seen[1] in (old[1], new[1]), (name, cut_at)
    assert seen[3:] in (old[3:], new[3:]), (name, cut_at)
    # A record only says where what is open went: registers and money are the same with it and without.
    assert values == new_values, (name, cut_at)


def run_on(life, act, totals):
    before = [list(wh) for wh in life.served_wh]
    assert before == totals
    life.clock.valid = True
    act(life)  # sets the minute
    for wh, now in zip(life.served_wh, totals, strict=True):
        wh[:] = now
    life.settle()


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_fram_cut_at_every_byte(case):
    assert check_cuts(FramWorld(), case, 1) > 100


@pytest.mark.parametrize("case", CASES[::2], ids=[case[0] for case in CASES[::2]])
def test_ring_cut_here_and_there(case):
    assert check_cuts(NorWorld(), case, 23) > 10


@pytest.mark.parametrize("new", [5_000_000, 12, 0])
def test_preset_cut_at_every_byte(new):
    """The preset's own hot record comes between: the total that is found is the old one or the new one."""
    world = FramWorld()
    life = prepared(world, DAY_NIGHT, 410, None)
    before = world.snapshot()
    old = life.served_wh[0][0]
    values = life.values()[:2]

    def preset():
        life.boot()
        assert life.tariff.rebase(0, new)

    def preset_and_on():
        preset()
        life.served_wh[0][0] = new
        life.settle()

    announced = world.bytes_of(preset)
    world.restore(before)
    life.served_wh[0][0] = old
    length = world.bytes_of(preset_and_on)
    assert length > announced > 50
    for cut_at in range(1, length + 2):
        # Cut after the announcement's last byte: the hot record is still the old one, or the new one already.
        for total in (old, new) if cut_at == announced + 1 else (old if cut_at <= announced else new,):
            world.restore(before)
            life.served_wh[0][0] = old
            assert world.interrupted(preset_and_on, cut_at) == (cut_at <= length)
            life.served_wh[0][0] = total
            life.boot()
            assert life.values()[:2] == values, cut_at
            life.served_wh[0][0] += 3
            life.settle()
            assert life.tariff.tou_wh(1) == values[0][1] + 3, cut_at
            life.sum_holds()
