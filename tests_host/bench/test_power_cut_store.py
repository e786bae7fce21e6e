# SPDX-License-Identifier: MIT
"""The supply goes at every byte of every write: what is found again is the old state or the new one, whole.

Requirements: a restored register is never above the true one, no reader ever sees a fall, any stored bytes boot,
unchanged state costs no write. The real drivers run on the models of the parts.
"""

import random

import pytest
from app.metrology.registers import MODULUS_WH, Registers
from app.records.event_log import EVENT_FIELDS, PAYLOAD
from app.records.event_logs import EventLogs
from app.store import cold_ring, hot_record, layout
from app.store.byte_ring import ByteRing
from app.store.cold import ColdStore
from app.store.cold_ring import ColdRing
from app.store.hot import HotStore
from app.store.hot_ring import HotRing
from app.store.ring import Ring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storage_worlds import Counters, FramWorld, NorWorld, PartitionWorld, drain

PER_WH = 3200
ELEMENTS = 2


class Metered:
    """Registers and front end of one element, moved on by the seed; `state` is what must come back whole."""

    def __init__(self):
        self.registers = Registers(PER_WH)
        self.front_end = Counters()
        self.second = 0

    def step(self, rng, most_wh=3):
        r = self.registers
        for i in range(6):
            r.wh[i] += rng.randrange(most_wh)
            r.residue[i] = rng.randrange(PER_WH)
        r.pending_active = rng.randrange(-5000, 5000)
        r.pending_reactive = rng.randrange(-5000, 5000)
        r.pending_apparent = rng.randrange(5000)
        self.front_end.value = rng.getrandbits(128)
        self.second += 1

    @property
    def state(self):
        r = self.registers
        pending = (r.pending_active, r.pending_reactive, r.pending_apparent)
        return tuple(r.wh), tuple(r.residue), pending, self.front_end.value


def loaded_state(hot, element):
    found = Metered()
    if not hot.load(element, found.registers, found.front_end):
        return None
    return found.state


def check_hot(world, open_hot, save, rng, rounds):
    """Saves one after the other; before each, the same save is cut at each of its bytes on a copy of the storage."""
    metered = [Metered() for _ in range(ELEMENTS)]
    stored = [None] * ELEMENTS
    cuts = 0
    for number in range(rounds):
        element = rng.randrange(ELEMENTS)
        before = world.snapshot()
        metered[element].step(rng)
        new = metered[element].state

        def save_it(element=element):
            hot = open_hot()
            for e in range(ELEMENTS):
                loaded_state(hot, e)
            served = [list(wh) for wh in hot.served_wh]
            save(hot, element, metered[element])
            return served

        length = world.bytes_of(save_it)
        assert length >= hot_record.SIZE
        after = world.snapshot()
        for cut_at in range(1, length + 1):
            world.restore(before)
            seen = open_hot()
            for e in range(ELEMENTS):
                loaded_state(seen, e)
            assert world.interrupted(save_it, cut_at)
            cuts += 1
            again = open_hot()
            for e in range(ELEMENTS):
                found = loaded_state(again, e)
                allowed = (stored[e], new) if e == element else (stored[e],)
                assert found in allowed, (number, cut_at)
                assert all(a >= b for a, b in zip(again.served_wh[e], seen.served_wh[e], strict=True))
                if found is not None:
                    assert all(a <= b for a, b in zip(found[0], metered[e].registers.wh, strict=True))
        world.restore(after)
        stored[element] = new
    return cuts


def test_hot_store_cut_at_every_byte():
    world = FramWorld()

    def open_hot():
        return HotStore(world.boot(), layout.HOT_BASE, world.crc, ELEMENTS)

    def save(hot, element, metered):
        assert hot.save(element, metered.registers, metered.front_end, 13000, metered.second, 1, 0)

    assert check_hot(world, open_hot, save, random.Random(1), 10) >= 10 * hot_record.SIZE


@pytest.mark.parametrize("make", [NorWorld, PartitionWorld])
def test_hot_ring_cut_at_every_byte(make):
    world = make()

    def open_hot():
        store = world.boot()
        return HotRing([Ring(store, 4 * e, 4, hot_record.BODY, world.crc, layout.RING_HOT_0 + e) for e in range(2)])

    def save(hot, element, metered):
        if not hot.save(element, metered.registers, metered.front_end, 13000, metered.second, 1, 0):
            drain(world, hot)
        assert hot.served_wh[element] == metered.registers.wh

    rng = random.Random(2)
    hot = open_hot()
    drain(world, hot)
    first = Metered()
    for number in range(hot.rings[0].per_sector - 2):  # the cuts meet the end of the first sector
        first.step(rng)
        assert hot.save(0, first.registers, first.front_end, 13000, number, 0, 0)
    check_hot_ring_from(world, open_hot, save, rng, first)


def check_hot_ring_from(world, open_hot, save, rng, metered):
    stored = metered.state
    for _ in range(5):
        before = world.snapshot()
        metered.step(rng, 40)
        new = metered.state

        def save_it():
            hot = open_hot()
            loaded_state(hot, 0)
            save(hot, 0, metered)
            drain(world, hot)

        length = world.bytes_of(save_it)
        after = world.snapshot()
        for cut_at in range(1, length + 1):
            world.restore(before)
            assert world.interrupted(save_it, cut_at)
            again = open_hot()
            assert loaded_state(again, 0) in (stored, new)
            assert tuple(again.served_wh[0]) in (stored[0], new[0])
            # and the next life goes on from there
            drain(world, again)
            save(again, 0, metered)
            assert loaded_state(open_hot(), 0) == new
        world.restore(after)
        stored = new


def test_fram_signature_cut_at_every_byte():
    for cut_at in range(1, 17):  # a new part: the inverse of the signature, then the signature
        world = FramWorld()
        world.chip.storage.data[-8:] = bytes(8)
        before = bytes(world.chip.storage.data[:-8])
        assert world.interrupted(world.boot, cut_at)
        world.boot()
        assert bytes(world.chip.storage.data[:-8]) == before


def test_cold_store_cut_at_every_byte():
    world = FramWorld()
    rng = random.Random(3)
    stored = {}
    for _ in range(14):
        cold_id = rng.choice((layout.CALIBRATION_0, layout.CONFIG, layout.CONTACTOR))
        content = rng.randbytes(rng.choice((1, 12, 40)))
        before = world.snapshot()

        def save_it(cold_id=cold_id, content=content):
            assert ColdStore(world.boot(), layout.COLD_BASE, world.crc).save(cold_id, content)

        length = world.bytes_of(save_it)
        copies = 2 if cold_id == layout.CALIBRATION_0 else 1
        assert length == copies * (8 + len(content) + 4)
        after = world.snapshot()
        for cut_at in range(1, length + 1):
            world.restore(before)
            assert world.interrupted(save_it, cut_at)
            again = ColdStore(world.boot(), layout.COLD_BASE, world.crc)
            for known in (layout.CALIBRATION_0, layout.CONFIG, layout.CONTACTOR):
                found = cold_content(again, known)
                allowed = (stored.get(known, b""), content) if known == cold_id else (stored.get(known, b""),)
                assert found in allowed, cut_at
        world.restore(after)
        stored[cold_id] = content


def cold_content(cold, cold_id):
    buf = bytearray(layout.COLD_PAYLOAD_MAX)
    return bytes(buf[: cold.load_into(cold_id, buf)])


def test_cold_ring_cut_at_every_byte():
    world = NorWorld()
    rng = random.Random(4)

    def open_cold():
        return ColdRing(Ring(world.boot(), 0, 8, cold_ring.PAYLOAD, world.crc, layout.RING_COLD), id_count=4)

    drain(world, open_cold())
    stored = {}
    cold = open_cold()
    for number in range(14):  # the cuts meet the end of the first sector (16 records)
        assert cold.save(number % 3, b"%d" % number)
        stored[number % 3] = b"%d" % number
    for _ in range(4):
        cold_id = rng.randrange(3)
        content = rng.randbytes(20)
        before = world.snapshot()

        def save_it(cold_id=cold_id, content=content):
            cold = open_cold()
            while not cold.save(cold_id, content):
                cold.poll()
                world.clock.sleep_ms(1)
            drain(world, cold)

        length = world.bytes_of(save_it)
        after = world.snapshot()
        for cut_at in range(1, length + 1, 3):
            world.restore(before)
            assert world.interrupted(save_it, cut_at)
            again = open_cold()
            for known in range(3):
                allowed = (stored[known], content) if known == cold_id else (stored[known],)
                assert cold_content(again, known) in allowed, cut_at
        world.restore(after)
        stored[cold_id] = content


RING_PAYLOAD = 24
PER_SECTOR = 112  # 7 records of 32 bytes a page


def record_of(number):
    return number.to_bytes(4, "little") + bytes(RING_PAYLOAD - 4)


def numbers(ring):
    buf = bytearray(RING_PAYLOAD)
    return [int.from_bytes(buf[:4], "little") for index in range(ring.slots) if ring.read(index, buf)]


@pytest.mark.parametrize("make", [NorWorld, PartitionWorld])
@pytest.mark.parametrize("filled", [0, 2 * PER_SECTOR - 3])
def test_ring_cut_at_every_byte(make, filled):
    """filled 0: from a new chip on. Else: over the end of a sector, when the oldest sector is erased."""
    world = make()

    def open_ring():
        return Ring(world.boot(), 1, 4, RING_PAYLOAD, world.crc, 9)

    if filled:
        ring = open_ring()
        drain(world, ring)
        for number in range(filled):
            assert ring.append(record_of(number))
            drain(world, ring)
    erased = 0
    for number in range(filled, filled + 6):
        before = world.snapshot()
        old = numbers(open_ring())

        def append_it(number=number):
            ring = open_ring()
            assert ring.append(record_of(number))
            drain(world, ring)

        length = world.bytes_of(append_it)
        erased += length > RING_PAYLOAD + 8
        after = world.snapshot()
        new = numbers(open_ring())
        assert new[-1] == number and set(new) - {number} <= set(old)
        for cut_at in range(1, length + 1):
            world.restore(before)
            assert world.interrupted(append_it, cut_at)
            again = open_ring()
            found = numbers(again)
            assert set(new) - {number} <= set(found) <= set(old) | {number}, (number, cut_at)
            assert found == sorted(found)
            drain(world, again)
            assert again.append(record_of(9999)) and not again.staged
            assert numbers(open_ring())[-1] == 9999
        world.restore(after)
    assert erased == 1  # the sequence did meet an erase


def test_ring_power_goes_at_any_time_of_an_erase():
    for moment_ms in range(0, 46, 3):
        world = NorWorld(seed=moment_ms)
        ring = Ring(world.boot(), 0, 4, RING_PAYLOAD, world.crc, 9)
        drain(world, ring)
        for number in range(2 * PER_SECTOR):
            ring.append(record_of(number))
            drain(world, ring)
        assert ring.append(record_of(2 * PER_SECTOR))
        while not world.chip._is_busy():  # the erase of the oldest sector has been started
            ring.poll()
        world.clock.sleep_ms(moment_ms)
        world.cycle()
        again = Ring(world.boot(), 0, 4, RING_PAYLOAD, world.crc, 9)
        assert again.ahead >= 1
        drain(world, again)
        assert again.ahead == 2
        assert numbers(again) == list(range(PER_SECTOR, 2 * PER_SECTOR + 1))


class NoRing:
    slots = next_sequence = errors = 0
    staged = False

    def busy(self):
        return False

    def read(self, index, buf):
        return False


class StandardLog(EventLogs):
    """One of the four logs alone; all of them: test_power_cut_events.py."""

    def __init__(self, ring):
        super().__init__([NoRing(), ring, NoRing(), NoRing()])

    def append(self, day, second, code, extra):
        return self.put(layout.LOG_STANDARD, day, second, code, extra)

    @property
    def durable(self):
        return not self.queue.waiting

    def poll(self):
        more = super().poll()
        return self.log[layout.LOG_STANDARD].ring.poll() or more


def open_log(world, store):
    if isinstance(world, FramWorld):
        return StandardLog(ByteRing(store, layout.event_address(1), layout.EVENT_SLOTS, PAYLOAD, world.crc))
    return StandardLog(Ring(store, 0, 4, PAYLOAD, world.crc, layout.RING_EVENT + 1))


def events(log):
    log = log.log[layout.LOG_STANDARD]
    event = [0] * EVENT_FIELDS
    return [tuple(event[:4]) for i in range(log.count) if log.read_into(i, event)]


@pytest.mark.parametrize("make", [FramWorld, NorWorld])
@pytest.mark.parametrize("held", [0, 110, 384])  # 192 records a sector: 384 is the end of one
def test_event_log_cut_at_every_byte(make, held):
    world = make()
    log = open_log(world, world.boot())
    if held or make is NorWorld:
        drain(world, log)
    for number in range(held):
        log.append(13000, number, 0x8F32, number)
        drain(world, log)
    for number in range(held, held + 3):
        before = world.snapshot()
        old = events(open_log(world, world.boot()))
        event = (13001, number, 0x8F33, -number)

        def append_it(event=event):
            log = open_log(world, world.boot())
            log.append(*event)
            drain(world, log)
            assert log.durable

        length = world.bytes_of(append_it)
        after = world.snapshot()
        for cut_at in range(1, length + 1):
            world.restore(before)
            assert world.interrupted(append_it, cut_at)
            found = events(open_log(world, world.boot()))
            if found and found[-1] == event:
                found.pop()
            assert found == old[-len(found) :] if found else not old
            assert len(found) >= min(len(old), 99), cut_at
        world.restore(after)


def test_a_hundred_lives_in_a_row():
    """Cut after cut on the same storage, everything at once:

    the last durable state or the one being saved, life after life.
    """
    rng = random.Random(7)
    world = FramWorld()
    metered = Metered()
    stored = None
    last_event = 0
    served = [0] * 6
    for life in range(100):

        def live(life=life):
            nonlocal stored, last_event, served
            store = world.boot()
            hot = HotStore(store, layout.HOT_BASE, world.crc, 1)
            log = open_log(world, store)
            state = loaded_state(hot, 0)
            assert state in (stored, metered.state)
            assert all(a >= b for a, b in zip(hot.served_wh[0], served, strict=True))
            stored = state
            durable = [event[3] for event in events(log)]
            assert not last_event or last_event in durable
            while True:
                served = list(hot.served_wh[0])
                metered.step(rng)
                assert hot.save(0, metered.registers, metered.front_end, 1, life, 0, 0)
                stored = metered.state
                assert log.append(1, life, 0x8F32, last_event + 1)
                last_event += 1

        assert world.interrupted(live, rng.randrange(1, 600))
    assert last_event > 150


# Any bytes must boot


def boots_from_any_fram(world):
    store = world.boot()
    hot = HotStore(store, layout.HOT_BASE, world.crc, ELEMENTS)
    for e in range(ELEMENTS):
        metered = Metered()
        if hot.load(e, metered.registers, metered.front_end):
            assert all(0 <= wh < MODULUS_WH for wh in metered.registers.wh)
            assert all(0 <= rest < PER_WH for rest in metered.registers.residue)
        assert hot.restored[e]
        metered.step(random.Random(1))
        assert hot.save(e, metered.registers, metered.front_end, 1, 2, 3, 4)
        assert loaded_state(HotStore(store, layout.HOT_BASE, world.crc, ELEMENTS), e) == metered.state
    cold = ColdStore(store, layout.COLD_BASE, world.crc)
    for cold_id in (0, 2, layout.COLD_IDS - 1):
        cold_content(cold, cold_id)
        assert cold.save(cold_id, b"new")
        assert cold_content(ColdStore(store, layout.COLD_BASE, world.crc), cold_id) == b"new"
    log = open_log(world, store)
    assert log.append(1, 2, 3, 4)
    assert events(open_log(world, store))[-1] == (1, 2, 3, 4)


def boots_from_any_flash(world):
    ring = Ring(world.boot(), 0, 4, RING_PAYLOAD, world.crc, 9)
    numbers(ring)
    drain(world, ring)
    assert ring.ahead == 2
    assert ring.append(record_of(7)) and not ring.staged
    assert numbers(Ring(world.boot(), 0, 4, RING_PAYLOAD, world.crc, 9))[-1] == 7


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32 - 1))
def test_random_fram_boots(seed):
    world = FramWorld()
    world.chip.storage.data[:] = random.Random(seed).randbytes(32768)
    boots_from_any_fram(world)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 0x7FF0), st.binary(min_size=1, max_size=16)), max_size=40))
def test_fram_with_patches_over_good_records_boots(patches):
    world = FramWorld()
    boots_from_any_fram(world)
    for address, data in patches:
        # Aim half of them at the records themselves.
        at = address if address & 1 else layout.HOT_BASE + address % 0x180
        world.chip.storage.data[at : at + len(data)] = data
    boots_from_any_fram(world)


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32 - 1), st.sampled_from([NorWorld, PartitionWorld]))
def test_random_flash_boots(seed, make):
    world = make()
    world.chip.storage.data[: 4 * 4096] = random.Random(seed).randbytes(4 * 4096)
    boots_from_any_flash(world)


@pytest.mark.parametrize("fill", [0x00, 0xFF])
def test_blank_parts_boot(fill):
    fram = FramWorld()
    fram.chip.storage.data[:] = bytes([fill]) * 32768
    boots_from_any_fram(fram)
    nor = NorWorld()
    nor.chip.storage.data[: 4 * 4096] = bytes([fill]) * (4 * 4096)
    boots_from_any_flash(nor)
