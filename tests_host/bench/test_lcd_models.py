# SPDX-License-Identifier: MIT
"""The LCD chip models against their datasheets, bit by bit, and the drivers against the models, element by
element.
"""

import random

import pytest
from app.panel import glass as firmware_glass
from drivers import ht1621 as ht1621_driver
from drivers import pcf85176 as pcf85176_driver
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.bench import glass
from host_tools.bench.bus import I2cBus
from host_tools.bench.chips import ht1621, pcf85176
from host_tools.bench.clock import VirtualClock

ALL = frozenset((seg, com) for seg in range(32) for com in range(4))


def frame_of(lit):
    frame = bytearray(16)
    for seg, com in lit:
        frame[seg // 2] |= (0x80 if seg % 2 == 0 else 0x08) >> com
    return frame


def make(part, seed=1, refresh_writes=20):
    """(driver, model, clock) of "ht1621" or "pcf85176", not started."""
    clock = VirtualClock()
    rng = random.Random(seed)
    if part == "ht1621":
        chip = ht1621.HT1621(clock, rng)
        return ht1621_driver.HT1621(clock, chip.cs, chip.wr, chip.data, refresh_writes=refresh_writes), chip, clock
    chip = pcf85176.PCF85176(clock, rng)
    bus = I2cBus(clock)
    bus.attach(0x38, chip)
    clock.charge(1000)
    return pcf85176_driver.PCF85176(bus, refresh_writes=refresh_writes), chip, clock


PARTS = pytest.mark.parametrize("part", ["ht1621", "pcf85176"])


# --- driver -> model
# ----------------------------------------------------------------------------------------------------


@PARTS
def test_every_single_element(part):
    lcd, chip, _ = make(part, refresh_writes=7)
    lcd.start()
    for element in sorted(ALL):
        lcd.write(frame_of({element}))
        assert chip.segments() == {element}
        assert chip.frame() == bytes(frame_of({element}))


@PARTS
def test_every_element_but_one(part):
    lcd, chip, _ = make(part, refresh_writes=1000)
    lcd.start()
    for element in sorted(ALL):
        lcd.write(frame_of(ALL - {element}))
        assert chip.segments() == ALL - {element}


@PARTS
@settings(max_examples=60, deadline=None)
@given(frames=st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=8), refresh=st.integers(1, 5))
def test_any_sequence_of_frames(part, frames, refresh):
    lcd, chip, _ = make(part, refresh_writes=refresh)
    lcd.start()
    for frame in frames:
        lcd.write(bytearray(frame))
        assert chip.frame() == frame
        assert chip.visible


@PARTS
def test_random_ram_is_never_seen(part):
    for seed in range(5):
        lcd, chip, _ = make(part, seed)
        assert any(chip.frame()), "the RAM is random after power-on"
        assert chip.segments() == frozenset()
        seen = []
        if part == "ht1621":
            inner = chip.cs.on_change
            chip.cs.on_change = lambda level, c=chip, s=seen, i=inner: (i(level), s.append(c.segments()))
        else:
            inner = chip._command
            chip._command = lambda code, c=chip, s=seen, i=inner: (i(code), s.append(c.segments()))
        lcd.start()
        assert len(seen) >= 6
        assert set(seen) == {frozenset()}
        assert chip.visible


@PARTS
def test_power_loss_heals_within_one_refresh(part):
    lcd, chip, clock = make(part, refresh_writes=5)
    lcd.start()
    picture = frame_of({(0, 0), (13, 2), (31, 1)})
    lcd.write(picture)
    chip.power(False)
    assert not chip.visible
    assert chip.segments() == frozenset()
    chip.power(True)
    clock.charge(2000)
    assert chip.segments() == frozenset()
    for _ in range(5):
        lcd.write(picture)
    assert chip.segments() == {(0, 0), (13, 2), (31, 1)}


def test_pcf85176_off_is_an_error_and_on_again_heals_at_once():
    lcd, chip, clock = make("pcf85176")
    lcd.start()
    picture = frame_of({(5, 1)})
    lcd.write(picture)
    chip.power(False)
    picture[15] = 0x80
    for _ in range(3):  # each write is tried, because none has arrived
        with pytest.raises(pcf85176_driver.PCF85176Error) as caught:
            lcd.write(picture)
        assert caught.value.code == pcf85176_driver.NOT_ANSWERING
    chip.power(True)
    clock.charge(1000)
    lcd.write(picture)
    assert chip.segments() == {(5, 1), (30, 0)}


def test_pcf85176_hung_bus():
    lcd, chip, _ = make("pcf85176")
    chip.bus.stuck = True
    with pytest.raises(pcf85176_driver.PCF85176Error) as caught:
        lcd.start()
    assert caught.value.code == pcf85176_driver.BUS_FAULT


def test_ht1621_heals_whatever_a_failed_reset_left():
    for seed in range(30):
        lcd, chip, _ = make("ht1621", seed, refresh_writes=2)
        chip.power(True, clean_reset=False)
        lcd.write(frame_of({(3, 3)}))
        lcd.write(frame_of({(3, 3)}))
        assert chip.segments() == {(3, 3)}
        assert chip.sounding_hz == 0


def test_ht1621_timing_and_cost():
    lcd, chip, clock = make("ht1621")
    lcd.start()
    assert chip.bits == 3 + 4 * 9 + 9 + 128 + 3 + 9
    assert chip.bursts == 3
    before = clock.now_us
    lcd.write(frame_of({(27, 0)}))
    assert chip.bits == 188 + 13
    assert clock.now_us - before == 13 * 8 + 4
    assert chip.timing_violations == 0
    fast = ht1621_driver.HT1621(clock, chip.cs, chip.wr, chip.data, half_us=3)  # 167 kHz
    fast.start()
    assert chip.timing_violations > 0


def test_ht1621_tone():
    lcd, chip, _ = make("ht1621")
    lcd.start()
    assert chip.sounding_hz == 0
    lcd.tone(True)
    assert chip.sounding_hz == 2000
    lcd.tone(False)
    assert chip.sounding_hz == 0
    assert chip.visible


# --- HT1621 model, driven by hand
# ---------------------------------------------------------------------------------------


class Hand:
    """Three wires moved by hand at leisure."""

    def __init__(self, seed=1):
        self.clock = VirtualClock()
        self.chip = ht1621.HT1621(self.clock, random.Random(seed))

    def burst(self, bits):
        self.clock.charge(10)
        self.chip.cs(0)
        for bit in bits.replace(" ", ""):
            self.chip.wr(0)
            self.chip.data(int(bit))
            self.clock.charge(5)
            self.chip.wr(1)
            self.clock.charge(5)
        self.chip.cs(1)

    def command(self, *codes):
        self.burst("100" + "".join(f"{code:08b}0" for code in codes))


READY = (0x01, 0x18, 0x29, 0x03)  # SYS EN, RC 256K, BIAS 1/3 with 4 commons, LCD ON


def test_ht1621_is_visible_only_when_everything_is_right():
    hand = Hand()
    for n in range(4):
        assert not hand.chip.visible
        hand.command(READY[n])
    assert hand.chip.visible
    for wrong, right in (
        (0x00, 0x01),  # SYS DIS
        (0x02, 0x03),  # LCD OFF
        (0x28, 0x29),  # 1/2 bias
        (0x21, 0x29),  # 2 commons
        (0x25, 0x29),  # 3 commons
        (0x14, 0x18),  # crystal that is not fitted
        (0x1C, 0x18),  # external clock that is not there
        (0xE0, 0xE3),  # test mode
    ):
        hand.command(wrong)
        assert not hand.chip.visible, hex(wrong)
        hand.command(right)
        assert hand.chip.visible, hex(right)


def test_ht1621_dont_care_bits_and_commands_without_effect():
    hand = Hand()
    hand.burst("100 00000001 1  00011011 1  00101011 0  00000011 1")
    assert hand.chip.visible
    hand.command(0x04, 0x05, 0x06, 0x07, 0x0C, 0x0E, 0x80, 0x88, 0xA0, 0xA7)
    assert hand.chip.visible
    assert hand.chip.sounding_hz == 0
    hand.command(0x09, 0x5F)
    assert hand.chip.sounding_hz == 4000
    hand.command(0x60)
    assert hand.chip.sounding_hz == 2000
    hand.command(0x00)
    assert hand.chip.sounding_hz == 0


def test_ht1621_data_burst():
    hand = Hand()
    hand.command(*READY)
    hand.burst("101 000000" + "0000" * 32)
    hand.burst("101 000101 1000 0100 0010 0001")  # address 5, D0 first
    assert hand.chip.segments() == {(5, 0), (6, 1), (7, 2), (8, 3)}
    hand.burst("101 011110 1111 1111 1111 1111")  # 30, 31, and two that do not exist
    assert hand.chip.segments() == {(5, 0), (6, 1), (7, 2), (8, 3)} | {(s, c) for s in (30, 31) for c in range(4)}


def test_ht1621_needs_its_chip_select_and_its_id():
    hand = Hand()
    hand.command(*READY)
    hand.burst("101 000000" + "0000" * 32)
    hand.burst("101 000000 111")  # nibble cut short: not stored
    hand.burst("110 000000 1111")  # read: RD is open, nothing happens
    hand.burst("111 000000 1111")  # no such mode
    hand.burst("100 0000000")  # command cut short (SYS DIS)
    assert hand.chip.visible
    assert hand.chip.segments() == frozenset()
    for bit in "101000000" + "1111":  # CS high: deaf
        hand.chip.wr(0)
        hand.chip.data(int(bit))
        hand.chip.wr(1)
    assert hand.chip.segments() == frozenset()


def test_ht1621_without_supply_is_deaf():
    hand = Hand()
    hand.chip.power(False)
    hand.command(*READY)
    assert not hand.chip.visible
    hand.chip.power(True)
    assert not hand.chip.visible


# --- PCF85176 model, driven by hand
# -------------------------------------------------------------------------------------


def pcf(seed=1):
    """A model that was initialised and cleared."""
    clock = VirtualClock()
    chip = pcf85176.PCF85176(clock, random.Random(seed))
    clock.charge(1000)
    chip.write(bytes([0xE0, 0xF8, 0xF0, 0xC8, 0x00]) + bytes(20))
    return chip, clock


def test_pcf85176_is_deaf_for_a_millisecond_and_when_off():
    clock = VirtualClock()
    chip = pcf85176.PCF85176(clock, random.Random(1))
    clock.charge(999)
    assert not chip.start()
    clock.charge(1)
    assert chip.start()
    chip.power(False)
    clock.charge(5000)
    assert not chip.start()


def test_pcf85176_power_on_state():
    chip = pcf85176.PCF85176(VirtualClock(), random.Random(1))
    assert (chip.enabled, chip.half_bias, chip.mode, chip.blink, chip.pointer) == (False, False, 0, 0, 0)
    assert len(set(chip.ram)) > 4


def test_pcf85176_column_order():
    chip, _ = pcf()
    chip.write(bytes([0xE0, 0x00, 0x84, 0x21]))
    assert chip.segments() == {(0, 0), (1, 1), (2, 2), (3, 3)}


def test_pcf85176_pointer_may_start_anywhere():
    chip, _ = pcf()
    chip.write(bytes([0xE0, 0x05, 0xF0]))
    assert chip.segments() == {(5, c) for c in range(4)}
    chip, _ = pcf()
    chip.write(bytes([0xE0, 0x1F, 0xFF]))  # column 31 and 32, which is not connected
    assert chip.segments() == {(31, c) for c in range(4)}
    assert chip.ram[32] == 15


def test_pcf85176_full_ram_moves_on_to_the_next_chip():
    chip, _ = pcf()
    assert (chip.pointer, chip.subaddress) == (0, 1)
    chip.write(bytes([0x00, 0xFF]))  # not for this chip
    assert chip.segments() == frozenset()
    chip.write(bytes([0xE0, 0x00, 0xFF]))
    assert len(chip.segments()) == 8


def test_pcf85176_other_subaddress_is_not_meant():
    chip, _ = pcf()
    chip.write(bytes([0xE3, 0x00, 0xFF]))
    assert chip.segments() == frozenset()


def test_pcf85176_pointer_is_unknown_after_an_early_end():
    places = set()
    for seed in range(8):
        chip, _ = pcf(seed)
        chip.write(bytes([0xE0, 0x00, 0x00]))
        assert chip.pointer is None
        chip.write(bytes([0x60]) + b"\x80")  # device-select and data, pointer not sent again
        places.add(tuple(n for n in range(40) if chip.ram[n]))
    assert len(places) > 3


def test_pcf85176_visible_only_in_the_mode_of_this_glass():
    chip, _ = pcf()
    assert chip.visible
    for mode in (0x40, 0x4C, 0x49, 0x4A, 0x4B):  # E = 0, 1/2 bias, static, 1:2, 1:3
        chip.write(bytes([mode]))
        assert not chip.visible, hex(mode)
        chip.write(bytes([0x48]))
        assert chip.visible


@pytest.mark.parametrize(
    ("mode", "step", "lit"),
    [
        (0x48, 2, {(0, 0), (1, 0)}),
        (0x49, 8, {(0, 0), (4, 0)}),
        (0x4A, 4, {(0, 0), (2, 0)}),
        (0x4B, 3, {(0, 0), (1, 1)}),
    ],
)
def test_pcf85176_fill_order_of_each_mode(mode, step, lit):
    # 0x88: bits 7 and 3 of one byte, and how far the pointer went (seen by where a second byte lands).
    chip, _ = pcf()
    chip.write(bytes([0x80 | mode, 0xE0, 0x00, 0x88, 0x80]))
    found = {(n, c) for n in range(40) for c in range(4) if chip.ram[n] & (8 >> c)}
    assert found == lit | {(step, 0)}


def test_pcf85176_blink():
    chip, clock = pcf()
    chip.write(bytes([0xE0, 0x00, 0x80]))
    for code, period_ms in ((0x71, 500), (0x72, 1000), (0x73, 2000)):
        chip.write(bytes([code]))
        states = []
        for _ in range(period_ms // 10 * 2):
            states.append(bool(chip.segments()))
            clock.charge(10_000)
        assert sum(states) == len(states) // 2
        assert sum(a != b for a, b in zip(states, states[1:], strict=False)) in (3, 4)
    chip.write(bytes([0x70]))
    assert chip.segments() == {(0, 0)}


# --- the glass's table and the firmware's, which know nothing of each other
# ---------------------------------------------

SAME = {
    "L1": "L1",
    "L2": "L2",
    "TEST": "TEST",
    "RATE": "RATE",
    "K": "k",
    "W": "W",
    "H": "h",
    "VAR": "var",
    "VAR_H": "varh",
    "A": "A",
    "V": "V",
    "HZ": "Hz",
    "PF": "PF",
    "POUND": "\u00a3",
    "PENCE": "p",
    "PREPAY": "PREPAY",
    "TAMPER": "TAMPER",
    "IMPORT": "IMP",
    "EXPORT": "EXP",
    "REVERSE": "REV",
    "WARNING": "WARN",
    "HAN": "HAN",
    "HAN_BAR_1": "BAR1",
    "HAN_BAR_2": "BAR2",
    "HAN_BAR_3": "BAR3",
    "HAN_BAR_4": "BAR4",
    "K1_OPEN": "K1 open",
    "K1_CLOSED": "K1 closed",
    "BATTERY": "BAT",
    "K2_OPEN": "K2 open",
    "K2_CLOSED": "K2 closed",
    "K3_OPEN": "K3 open",
    "K3_CLOSED": "K3 closed",
    "LOCK": "LOCK",
    "SUN": "SUN",
}


@PARTS
def test_firmware_lights_what_it_names(part):
    lcd, chip, _ = make(part)
    lcd.start()
    for constant, name in SAME.items():
        frame = bytearray(16)
        firmware_glass.light(frame, getattr(firmware_glass, constant))
        lcd.write(frame)
        assert glass.names(chip.segments()) == {name}


@PARTS
def test_each_digit_is_where_the_firmware_writes_it(part):
    lcd, chip, _ = make(part)
    lcd.start()
    for digit in range(8):
        frame = bytearray(16)
        firmware_glass.put(frame, digit, -1)
        lcd.write(frame)
        assert glass.names(chip.segments()) == {f"digit{digit + 1}.g"}
    for n in range(4):
        frame = bytearray(16)
        firmware_glass.descriptor(frame, b"    "[:n] + b"_" + b"   "[n:])
        lcd.write(frame)
        assert glass.names(chip.segments()) == {f"text{n + 1}.d"}


def test_the_table_is_complete():
    assert ALL - set(glass.ELEMENTS) == {(31, 3)}
    assert len(set(glass.ELEMENTS.values())) == 127
