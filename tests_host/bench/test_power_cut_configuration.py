# SPDX-License-Identifier: MIT
"""The supply goes at every byte of a change of the configuration: afterwards the old one or the new one is in force, whole, and
the change is in the log of one life or the other. The real FRAM and flash drivers on the models of the parts.
"""

import pytest
from app.configuration import record as r
from app.configuration.configuration import Configuration
from app.configuration.settings import Settings
from app.records import codes
from app.store import cold_ring, layout
from app.store.cold import ColdStore
from app.store.cold_ring import ColdRing
from app.store.ring import Ring
from app.store.tables import Tables
from drivers.fram_i2c import FramI2C
from storage_worlds import FramWorld, NorWorld, drain

from host_tools.bench.bus import I2cBus
from host_tools.bench.chips.fram import Fram

TABLES = 6  # as many as fit before the end of what NorWorld keeps


class BothWorld(NorWorld):
    """FRAM and NOR on one supply."""

    def __init__(self):
        super().__init__()
        self.fram = Fram(cut=self.cut)
        self.i2c = I2cBus(self.clock)
        self.i2c.attach(0x50, self.fram)
        FramI2C(self.i2c)

    def snapshot(self):
        return super().snapshot(), bytes(self.fram.storage.data)

    def restore(self, snapshot):
        super().restore(snapshot[0])
        self.fram.storage.data[:] = snapshot[1]

    def cycle(self):
        super().cycle()
        self.fram.power(False)
        self.fram.power(True)

    def stores(self):
        return ColdStore(FramI2C(self.i2c), layout.COLD_BASE, self.crc), Tables(self.boot(), 0, TABLES, self.crc)


class InlineWorld(FramWorld):
    """FRAM alone: the configuration is a cold record."""

    def stores(self):
        return ColdStore(self.boot(), layout.COLD_BASE, self.crc), None


class FlashWorld(NorWorld):
    """No FRAM: cold records and tables in the same flash."""

    def stores(self):
        store = self.boot()
        cold = ColdRing(Ring(store, 8, 8, cold_ring.PAYLOAD, self.crc, layout.RING_COLD), id_count=20)
        drain(self, cold)
        return cold, Tables(store, 0, 4, self.crc)


class Life:
    def __init__(self, world):
        self.world = world
        self.boot()

    def boot(self):
        self.cold, tables = self.world.stores()
        self.settings = Settings()
        self.told = []
        self.flagged = False
        self.configuration = Configuration(self.settings, self.cold, tables, self.world.crc)
        assert self.configuration.load()
        self.configuration.connect(self, self, None)

    def append_now(self, code, extra):
        self.told.append((code, extra))
        return True

    def settle(self):
        for n in range(2000):
            if not self.configuration.restless:
                return
            self.configuration.poll(0, n & 1 > 0)
            if isinstance(self.cold, ColdRing):
                drain(self.world, self.cold)
            self.world.clock.sleep_ms(5)
        raise AssertionError("the change never ends")

    def values(self):
        return [tuple(group.values()) for group in self.settings.groups]


def changed(**values):
    """A whole record with these values in group.name form."""
    settings = Settings()
    for name, value in values.items():
        group, _, field = name.partition("__")
        getattr(settings, group).set_value(field, value)
    return settings


OLD = changed(load_profile__interval_min=15, quality__sag_s=20)
NEW = changed(load_profile__interval_min=15, quality__sag_s=25, billing__billing_day=3)
EVENTS = {(codes.CONFIG_CHANGED, OLD.groups.index(OLD.billing)), (codes.CONFIG_CHANGED, OLD.groups.index(OLD.quality))}


@pytest.mark.parametrize("kind, every", [(BothWorld, 1), (InlineWorld, 1), (FlashWorld, 23)])
@pytest.mark.parametrize("first", [False, True])
def test_cut_anywhere(kind, every, first):
    """first: nothing was ever stored before."""
    world = kind()
    life = Life(world)
    life.settle()
    if not first:
        assert life.configuration.change(bytes(r.pack(OLD.groups, world.crc))) == 0
        life.settle()
    before = world.snapshot()
    old = life.values()
    told = []

    def run():
        life.boot()
        told.append(life.told)
        life.settle()
        assert life.configuration.change(bytes(r.pack(NEW.groups, world.crc))) == 0
        life.settle()

    length = world.bytes_of(run)
    new = life.values()
    expected = set(life.told)
    assert length > 100 and new != old and expected >= EVENTS
    seen = set()
    for cut_at in range(1, length + 1, every):
        world.restore(before)
        told.clear()
        assert world.interrupted(run, cut_at), cut_at
        life.boot()
        told.append(life.told)
        values = life.values()
        assert values in (old, new), cut_at
        life.settle()
        assert life.values() == values and not life.flagged and not life.configuration.lost, cut_at
        seen.add(values == new)
        events = {event for lives in told for event in lives}
        assert events == (expected if values == new else set()), cut_at
        told.clear()
        life.boot()
        life.settle()
        assert life.values() == values and life.told == [], f"{cut_at}: told once more"
        run()
        assert life.values() == new
    assert seen == {False, True}
