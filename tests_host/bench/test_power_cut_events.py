# SPDX-License-Identifier: MIT
"""The four event logs and their masks, the supply going at any byte: nothing that was durable is lost, each log keeps its
order, a clearing or a change of masks happened or did not, the security log is never touched, and nothing goes unsaid.

The real FRAM and flash drivers on the models of the parts.
"""

import pytest
from app.configuration.group import Group
from app.records.event_log import EVENT_FIELDS, FLAG_COUNT, FLAG_LAST, PAYLOAD
from app.records.event_logs import EventLogs
from app.records.journal import FIELDS, Journal
from app.records.masks import MASKS, OPERATOR_LOG, STORED, Masks
from app.store import layout
from app.store.byte_ring import ByteRing
from app.store.cold import ColdStore
from app.store.ring import Ring
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_worlds import FramWorld, PartitionWorld, drain

SECURITY, STANDARD, POWER, ALCS = range(4)
CLEARED = 0x8F52
COLD_ID = 21
SLOTS = 24  # of a log here: it goes round often


def open_logs(world, store, slots=SLOTS):
    if isinstance(world, FramWorld):
        rings = [ByteRing(store, layout.event_address(n), slots, PAYLOAD, world.crc) for n in range(4)]
    else:
        rings = [Ring(store, 4 * n, 4, PAYLOAD, world.crc, layout.RING_EVENT + n) for n in range(4)]
    return EventLogs(rings)


def settle(world, logs):
    """Until everything is stored, as it is before the next event nearly always."""
    drain(world, logs)
    if not isinstance(world, FramWorld):
        for log in logs.log:
            drain(world, log.ring)
        drain(world, logs)
    assert not logs.queue.waiting and logs.clearing < 0


def events(logs, number):
    """[(code, extra)], oldest first."""
    log = logs.log[number]
    event = [0] * EVENT_FIELDS
    found = []
    for i in range(log.count):
        assert log.read_into(i, event)
        found.append((event[2], event[3]))
    return found


class Expected:
    """What was durable, and the one step that may have been under way."""

    def __init__(self, held):
        self.held = held  # events that a log keeps for sure
        self.sure = [[], [], [], []]
        self.step = None

    def done(self):
        kind, number, event = self.step
        if kind == "put":
            self.sure[number].append(event)
        else:
            self.sure[number] = []
            if number == STANDARD:
                self.sure[SECURITY].append(event)
        self.step = None

    def judge(self, logs):
        found = [events(logs, n) for n in range(4)]
        if self.step is not None:
            kind, number, event = self.step
            witness = SECURITY if kind == "clear" and number == STANDARD else number
            happened = found[number] == [] and self.sure[number] != [] if kind == "clear" else False
            if kind == "put" or witness == SECURITY:
                happened = bool(found[witness]) and found[witness][-1] == event
            if happened:
                self.done()
            self.step = None
        for number in range(4):
            sure = self.sure[number]
            count = len(found[number])
            assert found[number] == sure[len(sure) - count :], number
            assert count >= min(len(sure), self.held), number


def step_of(expected, logs, number, kind, serial):
    """One step; the note of it is made before and after, as the cut may come in between."""
    if kind == "clear":
        to = logs.log[number].ring.next_sequence
        if not logs.log[number].count or number in (SECURITY, POWER):
            assert number in (STANDARD, ALCS) or not logs.clear(number, 1, 2)
            return False
        expected.step = ("clear", number, (CLEARED, to))
        assert logs.clear(number, 9000, serial % 86_400)
    else:
        expected.step = ("put", number, (0x8F00, serial))
        logs.put(number, 9000 + serial // 1000, serial % 86_400, 0x8F00, serial)
    return True


STEPS = st.lists(
    st.tuples(st.sampled_from(("put",) * 9 + ("clear",)), st.integers(0, 3), st.integers(0, 60)),
    min_size=1,
    max_size=120,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, first=st.integers(0, 40))
def test_any_steps_with_cuts_lose_nothing_durable(steps, first):
    """Each step: a cut after so many bytes of it (0: none), then a new life."""
    world = FramWorld()
    expected = Expected(SLOTS - 2)  # one slot torn, one a clearing
    logs = open_logs(world, world.boot())
    for serial in range(first):
        step_of(expected, logs, serial % 4, "put", serial)
        expected.done()
    for serial, (kind, number, cut) in enumerate(steps, first):
        box = [logs]

        def live(box=box, kind=kind, number=number, serial=serial):
            if step_of(expected, box[0], number, kind, serial):
                settle(world, box[0])
                expected.done()

        if not cut:
            live()
            continue
        if world.interrupted(live, cut):
            logs = open_logs(world, world.boot())
            logs.resume()
            settle(world, logs)
        expected.judge(logs)
    expected.judge(logs)
    expected.judge(open_logs(world, world.boot()))


@pytest.mark.parametrize("make", [FramWorld, PartitionWorld])
@pytest.mark.parametrize("number", [STANDARD, ALCS])
def test_clearing_cut_at_every_byte(make, number):
    world = make()
    logs = open_logs(world, world.boot())
    settle(world, logs)
    expected = Expected(SLOTS - 2)
    for serial in range(30):
        step_of(expected, logs, serial % 4, "put", serial)
        settle(world, logs)
        expected.done()
    before = world.snapshot()
    sure = [list(part) for part in expected.sure]

    def clear():
        logs = open_logs(world, world.boot())
        step_of(expected, logs, number, "clear", 40)
        settle(world, logs)

    length = world.bytes_of(clear)
    outcomes = set()
    for cut in range(1, length + 1):
        for again in (0, 7):  # the boot after it is cut as well
            world.restore(before)
            expected.sure = [list(part) for part in sure]
            world.interrupted(clear, cut)

            def boot():
                logs = open_logs(world, world.boot())
                logs.resume()
                settle(world, logs)

            if again:
                world.interrupted(boot, again)
            boot()
            logs = open_logs(world, world.boot())
            outcomes.add(len(events(logs, number)))
            expected.judge(logs)
    assert outcomes == {0, len(sure[number])}


@pytest.mark.parametrize("make", [FramWorld])
def test_masks_cut_at_every_byte(make):
    world = make()

    def masks():
        return Masks(ColdStore(world.boot(), layout.COLD_BASE, world.crc), COLD_ID)

    def all_of(it):
        buf = bytearray(32)
        found = []
        for mask in range(MASKS):
            it.read_into(mask, buf)
            found.append(bytes(buf))
        return found

    first = bytearray(b"\xff" * 32 + b"\x55" * 32)
    assert masks().write(2, first) == STORED
    old = all_of(masks())
    before = world.snapshot()

    def change():
        assert masks().write(OPERATOR_LOG, bytearray(b"\xff" * 64)) == STORED

    length = world.bytes_of(change)
    new = all_of(masks())
    assert new != old and new[:OPERATOR_LOG] == old[:OPERATOR_LOG] and length > 193
    outcomes = set()
    for cut in range(1, length + 1):
        world.restore(before)
        world.interrupted(change, cut)
        found = all_of(masks())
        assert found in (old, new)
        outcomes.add(found == new)
    assert outcomes == {False, True}


class Now:
    day = 9497
    second = 0


CODES = (0x8F30, 0x8F0C, 0x8F74)
LIVES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 6), st.sampled_from((0, 1, 600, 4000)), st.integers(0, 90)),
    min_size=1,
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(lives=LIVES)
def test_what_is_not_written_singly_is_said(lives):
    """Bursts of a code, seconds after them, and a cut: every event of the security log is a single entry, or counted in one, or
    comes after an entry that says that further ones are only counted.
    """
    world = FramWorld()
    clock = Now()
    clock.second = 0

    def boot():
        store = world.boot()
        logs = open_logs(world, store, layout.EVENT_SLOTS)
        journal = Journal(logs, clock, Masks(ColdStore(store, layout.COLD_BASE, world.crc), COLD_ID), Group(FIELDS))
        journal.poll(clock.second * 1000, True)
        return journal

    journal = boot()
    raised = dict.fromkeys(CODES, 0)
    told = {}
    whole = True  # no count was lost with the supply so far
    for code_at, burst, wait_s, cut in lives:
        box = [journal]

        def live(box=box, code_at=code_at, burst=burst, wait_s=wait_s):
            journal = box[0]
            for _ in range(burst):
                if journal.append_now(CODES[code_at], 1):
                    raised[CODES[code_at]] += 1
            for _ in range(4):
                clock.second += wait_s // 4
                journal.poll(clock.second * 1000, True)

        interrupted = world.interrupted(live, cut) if cut else live()
        if interrupted or cut:
            whole = False
            journal = boot()
        told = said(journal.logs)
        for code in CODES:
            singles, counted, open_end = told[code]
            assert singles + counted >= raised[code] or open_end, (code, told, raised)
            if whole:
                assert singles + counted + waiting(journal.repeats, code) == raised[code], (code, told, raised)
    for code, (singles, _, _) in told.items():
        assert singles >= min(raised[code], 1)


def waiting(repeats, code):
    return sum(repeats._counted[at] for at in range(repeats.used) if repeats.code(at) == code)


def said(logs):
    """{code: (single entries, counted ones, the last hour was never summed up)}"""
    event = [0] * EVENT_FIELDS
    found = {code: [0, 0, False] for code in CODES}
    for i in range(logs.log[SECURITY].count):
        assert logs.log[SECURITY].read_into(i, event)
        row = found[event[2]]
        if event[4] & FLAG_COUNT:
            row[1] += event[3]
        else:
            row[0] += 1
            row[2] |= event[4] & FLAG_LAST > 0
    return found
