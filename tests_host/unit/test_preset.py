# SPDX-License-Identifier: MIT
"""Authorised preset: bounds, all or nothing, durable before it is called done.

7F10 (project): register preset, extra = element << 4 | index.
"""

from app.clock import Clock
from app.metrology.element import Element
from app.store import hot_record, layout
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.store.hot import HotStore
from app.store.hot_ring import HotRing
from app.store.preset import Preset
from app.store.ring import Ring
from app.store.state import State
from fakes_meter import Log, ScriptedFrontEnd
from fakes_store import FakeBlocks, FakeBytes, drain

LAST = 999_999_999  # nine digits of Wh


class Bench:
    def __init__(self, count=1, memory=None):
        self.memory = memory or FakeBytes()
        crc = Crc32()
        self.elements = [Element(ScriptedFrontEnd()) for _ in range(count)]
        self.clock = Clock(0)
        self.log = Log()
        cold = ColdStore(self.memory, layout.COLD_BASE, crc)
        self.state = State(HotStore(self.memory, layout.HOT_BASE, crc, count), cold, count)
        self.state.restore(self.elements, self.clock, True)
        self.preset = Preset(self.elements, self.state, self.clock, self.log)

    def everything(self):
        found = []
        for i in range(len(self.elements)):
            registers = self.elements[i].registers
            found.append((list(registers.wh), list(registers.residue), list(self.state.served_wh[i])))
        return found


def test_preset_is_stored_served_and_logged():
    b = Bench(2)
    registers = b.elements[1].registers
    registers.wh[:] = [1, 2, 3, 4, 5, 6]
    registers.residue[:] = [11, 12, 13, 14, 15, 16]
    registers.pending_active = 7
    assert b.preset.apply([1, 3, 123_456_789]) == 0
    assert registers.wh == [1, 2, 3, 123_456_789, 5, 6]
    assert registers.residue == [11, 12, 13, 0, 15, 16] and registers.pending_active == 7
    assert b.state.served_wh[1] == [1, 2, 3, 123_456_789, 5, 6]
    assert b.log.events == [(0x7F10, 0x13)]
    again = Bench(2, b.memory)
    assert again.state.served_wh[1][3] == 123_456_789 and again.elements[1].registers.pending_active == 7


def test_bounds():
    b = Bench()
    for good in ([0, 0, 0], [0, 5, LAST]):
        assert b.preset.apply(good) == 0
    before = b.everything()
    writes = b.memory.writes
    for bad in (
        [1, 0, 5],
        [-1, 0, 5],
        [0, 6, 5],
        [0, -1, 5],
        [0, 0, -1],
        [0, 0, LAST + 1],
        [0, 0],
        [0, 0, 5, 5],
        [],
    ):
        assert b.preset.apply(bad) == 1, bad
    assert b.everything() == before and b.memory.writes == writes and len(b.log.events) == 2


def test_refused_by_the_store_nothing_has_changed():
    b = Bench()
    b.elements[0].registers.wh[0] = 40
    b.elements[0].registers.residue[0] = 77
    b.state.save(b.elements, b.clock)
    before = b.everything()
    b.memory.failing = True
    assert b.preset.apply([0, 0, 5]) == 1
    assert b.everything() == before and b.log.events == []
    b.memory.failing = False
    assert Bench(1, b.memory).state.served_wh[0][0] == 40


def test_other_elements_store_does_not_tear_a_preset():
    # The record of element 2 cannot be written: element 1 is not concerned, and 2 stays wholly as it was.
    b = Bench(2)
    for element in b.elements:
        element.registers.wh[0] = 40
    b.state.save(b.elements, b.clock)
    write_on = b.memory.write

    def write(address, buf):
        if 0x200 <= address < 0x300:  # hot records of element 2 (docs/SPEC.md)
            raise OSError(5)
        write_on(address, buf)

    b.memory.write = write
    b.elements[1].registers.residue[0] = 9  # it has something to write
    first = b.preset.apply([0, 0, 500])
    b.memory.write = write_on
    assert first == 0 and b.state.served_wh[0][0] == 500 and b.elements[0].registers.wh[0] == 500
    b.memory.write = write
    assert b.preset.apply([1, 0, 500]) == 1
    b.memory.write = write_on
    again = Bench(2, b.memory)
    assert [served[0] for served in again.state.served_wh] == [500, 40]
    assert b.elements[1].registers.wh[0] == 40 and b.log.events == [(0x7F10, 0)]


def test_not_before_the_registers_are_back():
    memory = FakeBytes()
    memory.failing = True
    b = Bench(1, memory)
    memory.failing = False
    assert not b.state.restored
    assert b.preset.apply([0, 0, 5]) == 1 and b.elements[0].registers.wh[0] == 0 and memory.writes == 0


class FlashBench(Bench):
    """The registers in raw erase blocks, as on a board without FRAM."""

    def __init__(self):
        crc = Crc32()
        self.blocks = FakeBlocks(8, erase_polls=5)
        self.ring = Ring(self.blocks, 0, 8, hot_record.BODY, crc, layout.RING_HOT_0)
        drain(self.ring)
        self.elements = [Element(ScriptedFrontEnd())]
        self.clock = Clock(0)
        self.log = Log()
        cold = ColdStore(FakeBytes(), layout.COLD_BASE, crc)
        self.state = State(HotRing([self.ring]), cold, 1, [self.ring])
        self.state.restore(self.elements, self.clock, True)
        self.preset = Preset(self.elements, self.state, self.clock, self.log)


def test_flash_that_erases_refuses_and_never_shows_the_refused_value():
    b = FlashBench()
    assert b.preset.apply([0, 0, 40]) == 0 and b.state.served_wh[0][0] == 40
    b.blocks.erase_start(7)
    assert b.preset.apply([0, 0, 500]) == 1
    seen = []
    for _ in range(40):
        b.ring.poll()
        b.state.hot.poll()
        seen.append(b.state.served_wh[0][0])
    assert seen == [40] * 40 and b.elements[0].registers.wh[0] == 40
    assert b.preset.apply([0, 0, 500]) == 0 and b.state.served_wh[0][0] == 500


def test_flash_with_a_record_waiting_refuses():
    b = FlashBench()
    b.blocks.erase_start(7)
    b.elements[0].registers.wh[0] = 60
    b.state.save(b.elements, b.clock)
    assert b.ring.staged
    assert b.preset.apply([0, 0, 5]) == 1 and b.elements[0].registers.wh[0] == 60
    drain(b.state.hot)
    assert b.state.served_wh[0][0] == 60
