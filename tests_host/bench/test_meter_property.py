# SPDX-License-Identifier: MIT
"""Any sequence of reads, faults of the chip, failing and torn saves, resets and power cuts: no reader ever sees a fall, no
count is invented, and what is in the registers is what was accepted, to the count.

The account is kept beside the meter in plain integers: every count that the scripted chip handed out with ENERGY.
"""

from app.metrology import sample as s
from fakes_meter import GOOD, PER_WH, FakeRtc, Rig, ScriptedFrontEnd
from fakes_store import FakeBytes, StoreFault
from hypothesis import given, settings
from hypothesis import strategies as st

FLAGS = [
    GOOD,
    GOOD,
    GOOD,
    s.ENERGY,
    s.ENERGY | s.NO_LOAD,
    s.SUSPECT,
    s.DOWN,
    s.DOWN | s.RESTARTED,
    GOOD | s.REPAIRED,
    0,
]

COUNTS = st.one_of(
    st.sampled_from([PER_WH, -PER_WH, 3 * PER_WH]), st.integers(-2 * PER_WH, 2 * PER_WH), st.integers(-100, 100)
)

STEP = st.one_of(
    st.tuples(
        st.just("read"), st.sampled_from([1000, 1, 5, 100, 400, 999, 2500, 60_000]), st.sampled_from(FLAGS), COUNTS
    ),
    st.tuples(st.just("second"), COUNTS),
    st.tuples(st.just("raises"), st.sampled_from([1, 100, 1000])),
    st.tuples(st.just("store"), st.booleans()),
    st.tuples(st.just("torn"), st.integers(0, 130), st.sampled_from(["reset", "cut"])),
    st.tuples(st.just("reset"), st.integers(0, 2)),
    st.tuples(st.just("supply"), st.booleans()),
)
STEPS = st.lists(STEP, min_size=1, max_size=60)


class Cut(BaseException):
    """The processor stops inside of a write; nothing in the firmware may catch it."""


class TornBytes(FakeBytes):
    """left: bytes that are still written before the end comes; None: no end."""

    def __init__(self):
        super().__init__()
        self.left = None

    def write(self, address, buf):
        if self.failing:
            raise StoreFault(1)
        if self.left is not None:
            if self.left < len(buf):
                FakeBytes.write(self, address, bytes(buf)[: self.left])
                self.left = None
                raise Cut
            self.left -= len(buf)
        FakeBytes.write(self, address, buf)


class World:
    """The meter over its lives, and the account beside it."""

    def __init__(self):
        self.memory = TornBytes()
        self.chip = ScriptedFrontEnd()
        self.accepted = 0  # counts handed out with ENERGY, in this line of lives
        self.durable = [
            (0, 0)
        ]  # (accepted, chip base) that a record may hold: the last verified one, then later attempts
        self.shown = [0] * 6
        self.boot(0)

    def boot(self, cause):
        self.memory.failing = False
        self.memory.left = None
        before = self.shown
        self.chip.base = 0  # what a new driver knows of the counters before it has loaded a snapshot
        self.rig = Rig(memory=self.memory, chips=[self.chip], rtc=FakeRtc(), reset_cause=cause)
        assert self.rig.store.restored
        held = self.held()
        # One of the records that may be there, and none other: nothing invented, nothing older than the last verified one.
        candidates = [accepted for accepted, base in self.durable if base == self.chip.base]
        assert held in candidates, (held, self.durable)
        self.accepted = held
        self.durable = [(held, self.chip.base)]
        self.check_shown(before)

    def held(self):
        """Signed net of active energy in registers, rests and the open second, in counts."""
        registers = self.rig.elements[0].registers
        net = (registers.wh[0] - registers.wh[1]) * PER_WH + registers.residue[0] - registers.residue[1]
        return net + registers.pending_active

    def check_shown(self, before):
        served = self.rig.store.served_wh[0]
        assert all(new >= old for old, new in zip(before, served, strict=True)), (before, served)
        registers = self.rig.elements[0].registers
        assert all(there >= told for told, there in zip(served, registers.wh, strict=True))
        self.shown = list(served)

    def one_pass(self, ms, flags, counts):
        chip = self.chip
        chip.flags = flags
        chip.total += counts
        takes = flags & s.ENERGY and chip.raises is None
        self.rig.now = (self.rig.now + ms) % (1 << 30)
        sequence = self.rig.store.hot.sequence[0]
        after = (self.accepted + (chip.total - chip.base), chip.total) if takes else (self.accepted, chip.base)
        self.durable.append(after)
        self.rig.meter.poll(self.rig.now)
        self.accepted = after[0]
        assert self.held() == self.accepted
        assert chip.base == after[1]
        if self.rig.store.hot.sequence[0] != sequence:
            self.durable = [after]  # verified: nothing older will ever come back
        self.check_shown(self.shown)


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_registers_never_fall_and_hold_what_was_accepted(steps):
    world = World()
    for step in steps:
        if step[0] == "read":
            world.one_pass(step[1], step[2], step[3])
        elif step[0] == "second":
            world.one_pass(1000, GOOD, step[1])
        elif step[0] == "raises":
            world.chip.raises = OSError(5)
            world.one_pass(step[1], GOOD, 77)
            world.chip.raises = None
        elif step[0] == "store":
            world.memory.failing = step[1]
        elif step[0] == "supply":
            world.rig.power_good = 0 if step[1] else 1
        elif step[0] == "reset":
            world.boot(step[1])
        else:
            world.memory.failing = False
            world.memory.left = step[1]
            try:
                world.one_pass(1000, GOOD, PER_WH)
            except Cut:
                world.boot(0 if step[2] == "cut" else 1)
            else:
                world.memory.left = None
    # Whatever happened: with a store that answers, one second later all of it is durable and shown.
    world.memory.failing = False
    world.memory.left = None
    world.rig.power_good = 1
    world.one_pass(1000, GOOD, 0)
    world.one_pass(1000, GOOD, 0)
    registers = world.rig.elements[0].registers
    assert world.rig.store.served_wh[0] == registers.wh and registers.pending_active == 0
    assert world.rig.meter.feature_off == [0] * len(world.rig.meter.feature_off)
