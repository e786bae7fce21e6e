# SPDX-License-Identifier: MIT
"""The supply goes at every byte that closing an interval or replacing a table writes: old or new afterwards, never a mixture.

The real driver on the model of the NOR; an erase that is cut leaves half-erased cells.
"""

import pytest
from app.records.load_profile import LoadProfile
from app.records.profile_state import ProfileState
from app.store.cold import ColdStore
from app.store.ring import Ring
from app.store.tables import MAX_BYTES, Tables
from fakes_profile import FakeClock, FakeLog, IntervalConfig
from fakes_store import FakeBytes
from storage_worlds import NorWorld, PartitionWorld, drain

SECTORS = 6
WH = (700, 3, 50, 1)


def at_rest(world, ring, profile):
    for _ in range(5000):
        ring.poll()
        profile.poll(0, False)
        if not ring.staged and not profile.restless:
            return
        world.clock.sleep_ms(1)
    raise AssertionError("never at rest")


def booted(world, served, at):
    """A meter that comes up at second `at` with these registers."""
    ring = Ring(world.boot(), 0, SECTORS, 24, world.crc, 8)
    state = ProfileState(ColdStore(FakeBytes(), 0x4000, world.crc), 12, FakeLog())
    state.restore()
    profile = LoadProfile(ring, FakeClock(at), served, IntervalConfig(30), state, 0)
    profile.start(True)
    at_rest(world, ring, profile)
    drain(world, ring)
    profile.poll(0, True)  # the first time it may have met an erase
    at_rest(world, ring, profile)
    return ring, profile


def closed(profile):
    rows = []
    for index in range(profile.count):
        if profile.read(index):
            rows.append(((profile.day, profile.minute), profile.length_read, tuple(profile.energy_wh)))
    return rows


@pytest.mark.parametrize("make", [NorWorld, PartitionWorld])
@pytest.mark.parametrize("before", [3, 111, 223])  # in a sector; its last slot; a sector to be erased ahead
def test_closing_an_interval(make, before):
    world = make(1)
    served = [0] * 6
    ring, profile = booted(world, served, 0)
    for number in range(before):
        served[0] += number
        profile.clock.set((number + 1) * 1800)
        profile.poll(0, True)
        at_rest(world, ring, profile)
    drain(world, ring)
    served[:4] = [a + b for a, b in zip(served, WH, strict=False)]
    image = world.snapshot()
    at = (before + 1) * 1800

    def close():
        ring, profile = booted(world, list(served), before * 1800 + 5)
        profile.clock.set(at)
        profile.poll(0, True)
        at_rest(world, ring, profile)
        drain(world, ring)

    total = world.bytes_of(close)
    assert total >= 32
    for cut in range(1, total + 2):
        world.restore(image)
        world.interrupted(close, cut)
        ring, profile = booted(world, served, at + 20)
        drain(world, ring)
        rows = closed(profile)
        ends = [row[0] for row in rows]
        assert len(set(ends)) == len(ends), f"cut {cut}: an interval twice"
        assert len(rows) == before + 1, f"cut {cut}: {len(rows)} intervals"
        assert rows[-1][2] == WH, f"cut {cut}: {rows[-1]}"
        assert sum(row[2][0] for row in rows) + profile.open_wh(0) == served[0]


def content(n, seed):
    return bytes((seed * 37 + i * 11 + (i >> 8)) & 0xFF for i in range(n))


def write(world, tables, data):
    while not tables.begin(1, len(data)):
        world.clock.sleep_ms(1)
    at = 0
    while at < len(data):
        if tables.put(at, data[at : at + 220]):
            at += 220
    while not tables.commit():
        world.clock.sleep_ms(1)


@pytest.mark.parametrize("make", [NorWorld, PartitionWorld])
@pytest.mark.parametrize("length", [100, 700])
def test_replacing_a_table(make, length):
    world = make(2)
    buf = bytearray(MAX_BYTES)
    write(world, Tables(world.boot(), 0, 1, world.crc), content(length, 1))
    write(world, Tables(world.boot(), 0, 1, world.crc), content(length + 5, 2))
    image = world.snapshot()
    old, new = content(length + 5, 2), content(length, 3)

    def replace():
        write(world, Tables(world.boot(), 0, 1, world.crc), new)

    total = world.bytes_of(replace)
    found_new = 0
    for cut in range(1, total + 2):
        world.restore(image)
        went = world.interrupted(replace, cut)
        n = Tables(world.boot(), 0, 1, world.crc).load_into(1, buf)
        assert bytes(buf[:n]) in (old, new), f"cut {cut}"
        if bytes(buf[:n]) == new:
            found_new += 1
        else:
            assert went
        if cut % 16 == 0:  # and it can be written afterwards
            replace()
            n = Tables(world.boot(), 0, 1, world.crc).load_into(1, buf)
            assert bytes(buf[:n]) == new
    assert 1 <= found_new <= 8, "new only from the end of its head on"
