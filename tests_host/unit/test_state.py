# SPDX-License-Identifier: MIT
"""What survives: loss and boots as bytes, readers served verified values only, two elements side by side."""

from app.clock import Clock
from app.metrology.element import Element
from app.store import layout
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.store.hot import HotStore
from app.store.state import State
from fakes_meter import Log, ScriptedFrontEnd
from fakes_store import FakeBytes


class Life:
    def __init__(self, memory, count=1, power_on=True):
        crc = Crc32()
        self.memory = memory
        self.elements = [Element(ScriptedFrontEnd()) for _ in range(count)]
        self.clock = Clock(0)
        self.cold = ColdStore(memory, layout.COLD_BASE, crc)
        self.state = State(HotStore(memory, layout.HOT_BASE, crc, count), self.cold, count)
        self.restored = self.state.restore(self.elements, self.clock, power_on)

    def stored(self, cold_id):
        buf = bytearray(224)
        return bytes(buf[: self.cold.load_into(cold_id, buf)])


def test_account_of_loss_as_bytes():
    # version 1, three zeros, then u32 a register, element after element; values are kept modulo 2^30.
    life = Life(FakeBytes(), 2)
    life.elements[0].lost_mwh[:] = [1, 2, 3, 4, 5, 6]
    life.elements[1].lost_mwh[:] = [0x01020304, 0, 0, 0, 0, (1 << 30) + 7]
    life.state.save_lost(life.elements)
    record = life.stored(layout.DECLARED_LOST)
    first = b"".join(bytes((n, 0, 0, 0)) for n in range(1, 7))
    assert record == b"\1\0\0\0" + first + b"\4\3\2\1" + bytes(16) + b"\7\0\0\0"
    again = Life(life.memory, 2)
    assert again.elements[0].lost_mwh == [1, 2, 3, 4, 5, 6]
    assert again.elements[1].lost_mwh == [0x01020304, 0, 0, 0, 0, 7]


def test_account_of_a_record_that_does_not_fit_is_not_taken():
    for record in (b"\2\0\0\0" + bytes([9]) * 24, b"\1\0\0\0" + bytes([9]) * 48, b"\1"):
        life = Life(FakeBytes())
        life.cold.save(layout.DECLARED_LOST, record)
        assert Life(life.memory).elements[0].lost_mwh == [0] * 6


def test_what_the_store_could_not_take_is_offered_again():
    life = Life(FakeBytes())
    life.elements[0].lost_mwh[0] = 5
    life.memory.failing = True
    life.state.save_lost(life.elements)
    life.state.poll(2)  # the boot too
    life.memory.failing = False
    life.state.poll(1)
    assert life.stored(layout.DECLARED_LOST)[4] == 5 and life.stored(layout.BOOT)[1] == 1


def test_boot_record_as_bytes():
    life = Life(FakeBytes())
    life.state.poll(1)
    assert life.stored(layout.BOOT) == b""
    life.state.poll(1)
    assert life.stored(layout.BOOT) == b"\1\1\0\0"
    life.state.poll(57)
    assert life.stored(layout.BOOT) == b"\1\1\0\0"
    life.state.poll(1)
    assert life.stored(layout.BOOT) == b"\1\0\0\0"


def test_long_step_goes_from_begun_to_good():
    life = Life(FakeBytes(), power_on=False)
    life.state.poll(60)
    assert life.stored(layout.BOOT) == b"\1\0\0\0"


def test_boot_after_a_reset_is_counted_at_once_and_the_count_ends_at_255():
    memory = FakeBytes()
    for n in range(1, 4):
        assert Life(memory, power_on=False).stored(layout.BOOT) == bytes((1, n, 0, 0))
    life = Life(memory)
    life.cold.save(layout.BOOT, b"\1\xff\0\0")
    assert Life(memory, power_on=False).stored(layout.BOOT) == b"\1\xff\0\0"


def test_unknown_version_of_the_boot_record_is_no_failed_boot():
    life = Life(FakeBytes())
    life.cold.save(layout.BOOT, b"\2\7\0\0")
    assert Life(life.memory).state.boots_failed == 0


def test_readers_see_verified_values_only():
    life = Life(FakeBytes())
    registers = life.elements[0].registers
    registers.wh[0] = 5
    assert life.state.served_wh == [[0] * 6]
    life.memory.failing = True
    assert not life.state.save(life.elements, life.clock)
    assert life.state.served_wh[0][0] == 0 and life.state.save_failures == 1
    life.memory.failing = False
    assert life.state.save(life.elements, life.clock)
    assert life.state.served_wh[0][0] == 5
    assert Life(life.memory).state.served_wh[0][0] == 5


def test_time_of_the_last_record_comes_back_but_is_not_believed():
    life = Life(FakeBytes())
    life.clock.set(9497, 43_201)
    life.elements[0].registers.wh[0] = 1
    life.state.save(life.elements, life.clock)
    again = Life(life.memory)
    assert (again.clock.day, again.clock.second, again.clock.valid) == (9497, 43_201, False)
    assert (again.state.saved_day, again.state.saved_second, again.state.known) == (9497, 43_201, True)
    assert not life.state.known  # its own first life found nothing


def test_second_element_that_was_never_saved_starts_at_zero():
    one = Life(FakeBytes())
    one.elements[0].registers.wh[0] = 9
    one.state.save(one.elements, one.clock)
    two = Life(one.memory, 2)
    assert two.restored and two.state.known
    assert two.state.served_wh == [[9, 0, 0, 0, 0, 0], [0] * 6]


def test_one_damaged_slot_is_told_and_serves_the_other():
    life = Life(FakeBytes())
    registers = life.elements[0].registers
    for wh in (1, 2):
        registers.wh[0] = wh
        life.state.save(life.elements, life.clock)
    life.memory.data[0x100 + 128 + 16] ^= 4  # the newer one: slot 1 (docs/SPEC.md)
    again = Life(life.memory)
    assert again.state.served_wh[0][0] == 1
    log = Log()
    again.state.calibrated[0] = True
    again.state.tell(log)
    assert log.events == [(0x81A0, 22)] and not again.state.flagged
