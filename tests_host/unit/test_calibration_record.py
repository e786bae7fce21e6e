# SPDX-License-Identifier: MIT
"""Calibration: its record as bytes (docs/SPEC.md), and every way in which it may not be there. Never silent defaults.

81A0 with 20: integrity issue, calibration.
"""

from app.metrology.element import Element
from app.store import calibration, layout
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from fakes_meter import FakeRtc, Rig, ScriptedFrontEnd
from fakes_store import FakeBytes

ME = b"\x01\x02\x03\x04\x05\x06\x07\x08"
OTHER = b"\x01\x02\x03\x04\x05\x06\x07\x09"
NO_ID = bytes(8)


def cold_of(memory):
    return ColdStore(memory, layout.COLD_BASE, Crc32())


def boot(memory, chip_id=NO_ID, refuses=False, chips=1):
    """A whole boot of two seconds with what the memory holds. returns: Rig"""
    fronts = [ScriptedFrontEnd() for _ in range(chips)]
    for chip in fronts:
        chip.chip_id = chip_id
        chip.refuses = refuses
    rig = Rig(memory=memory, chips=fronts, rtc=FakeRtc())
    rig.run(2500)
    return rig


def assert_nominal(rig):
    """Nominal gains, flagged, told once, and metering."""
    assert rig.chips[0].configured[-1] is None
    assert rig.store.calibrated == [False] and rig.store.flagged
    assert rig.events().count((0x81A0, 20)) == 1
    assert rig.supervision.warning
    rig.chips[0].total += 36_000
    rig.run(2000)
    assert rig.store.served_wh[0][0] == 1


def test_record_as_bytes():
    assert calibration.pack(b"\xaa\xbb", ME, True) == b"\x01\x01\x02\x00" + ME + b"\xaa\xbb"
    assert calibration.pack(b"", NO_ID, False) == b"\x01\x00\x00\x00" + NO_ID


def test_stored_calibration_is_applied_and_nothing_is_said():
    memory = FakeBytes()
    assert calibration.store(cold_of(memory), 0, b"\xaa\xbb", ME, False)
    rig = boot(memory, ME)
    assert rig.chips[0].configured == [b"\xaa\xbb"]
    assert rig.store.calibrated == [True] and not rig.store.flagged and rig.events() == []


def test_each_element_has_its_own():
    memory = FakeBytes()
    cold = cold_of(memory)
    assert calibration.store(cold, 0, b"one", NO_ID, False) and calibration.store(cold, 1, b"two", NO_ID, False)
    rig = boot(memory, chips=2)
    assert [chip.configured for chip in rig.chips] == [[b"one"], [b"two"]] and rig.store.calibrated == [True, True]


def test_absent():
    assert_nominal(boot(FakeBytes()))


def test_both_copies_damaged():
    memory = FakeBytes()
    calibration.store(cold_of(memory), 0, b"\xaa\xbb", NO_ID, False)
    for copy in (0, 1):
        memory.data[0x4000 + 256 * copy + 8 + 12] ^= 1  # a bit of the payload
    assert_nominal(boot(memory))


def test_one_copy_damaged_costs_nothing():
    for copy in (0, 1):
        memory = FakeBytes()
        calibration.store(cold_of(memory), 0, b"\xaa\xbb", NO_ID, False)
        memory.data[0x4000 + 256 * copy + 8 + 12] ^= 1
        rig = boot(memory)
        assert rig.chips[0].configured == [b"\xaa\xbb"] and rig.store.calibrated == [True]


def test_payload_that_the_part_refuses():
    memory = FakeBytes()
    calibration.store(cold_of(memory), 0, b"\xaa\xbb", NO_ID, False)
    assert_nominal(boot(memory, refuses=True))


def test_unknown_version_or_length_that_does_not_fit():
    for record in (
        b"\x02\x00\x02\x00" + NO_ID + b"\xaa\xbb",
        b"\x01\x00\x03\x00" + NO_ID + b"\xaa\xbb",
        b"\x01\x00\x00\x00",
    ):
        memory = FakeBytes()
        cold_of(memory).save(layout.CALIBRATION_0, record)
        assert_nominal(boot(memory))


def test_calibration_of_another_chip():
    memory = FakeBytes()
    calibration.store(cold_of(memory), 0, b"\xaa\xbb", OTHER, True)
    assert_nominal(boot(memory, ME))


def test_no_identity_on_either_side_binds_nothing():
    for stored, chip in ((NO_ID, ME), (ME, NO_ID), (ME, ME)):
        memory = FakeBytes()
        calibration.store(cold_of(memory), 0, b"\xaa\xbb", stored, False)
        rig = boot(memory, chip)
        assert rig.store.calibrated == [True] and rig.events() == []


def test_locked_record_is_not_overwritten():
    memory = FakeBytes()
    cold = cold_of(memory)
    assert calibration.store(cold, 0, b"first", ME, False)
    assert calibration.store(cold, 0, b"again", ME, True)  # commissioned now
    before = bytes(memory.data)
    for locked in (False, True):
        assert not calibration.store(cold, 0, b"third", ME, locked)
        assert not calibration.store(cold_of(memory), 0, b"third", ME, locked)
    assert bytes(memory.data) == before
    assert calibration.store(cold, 1, b"third", ME, False)  # the other element's is not


def test_store_that_does_not_answer_is_no_empty_one():
    memory = FakeBytes()
    calibration.store(cold_of(memory), 0, b"first", ME, True)
    cold = cold_of(memory)
    memory.failing = True
    assert not calibration.store(cold, 0, b"other", ME, False)
    memory.failing = False
    assert not calibration.store(cold, 0, b"other", ME, False)
    chip = ScriptedFrontEnd()
    assert calibration.apply(cold, 0, chip) and Element(chip).front_end.configured == [b"first"]
