# SPDX-License-Identifier: MIT
"""drivers.ht1621 against the bursts of the Holtek datasheet ("Command Summary", "Timing Diagrams"), written out as
bits.
"""

from drivers.ht1621 import HT1621, TONE_4K
from micropython import heap_lock, heap_unlock


class Wires:
    """Records what a chip would latch: DATA at each rising edge of WR while CS is low, one string of bits a burst."""

    def __init__(self):
        self.bursts = []
        self.level = [1, 1, 1]
        self.slept_us = 0

    def pin(self, which):
        def write(level):
            rising = level and not self.level[which]
            falling = self.level[which] and not level
            self.level[which] = level
            if which == 0 and falling:
                self.bursts.append("")
            if which == 1 and rising and not self.level[0]:
                self.bursts[-1] += str(self.level[2])

        return write

    def sleep_us(self, us):
        self.slept_us += us

    def driver(self, **options):
        return HT1621(self, self.pin(0), self.pin(1), self.pin(2), **options)

    def take(self):
        bursts = self.bursts
        self.bursts = []
        return bursts


# ID 100, then eight bits and one that does not matter (sent as 0) a command.
SYS_EN = "000000010"
RC_256K = "000110000"
BIAS_29 = "001010010"
TONE_OFF = "000010000"
TONE_ON = "000010010"
LCD_ON = "000000110"
TONE_2K = "011000000"
TONE_4K_BITS = "010000000"
CONFIGURE = "100" + SYS_EN + RC_256K + BIAS_29 + TONE_OFF
ON = "100" + LCD_ON


def frame_of(**byte_values):
    frame = bytearray(16)
    for name, value in byte_values.items():
        frame[int(name[1:])] = value
    return frame


def test_pins_idle_high_and_nothing_sent_by_the_constructor():
    wires = Wires()
    wires.level = [0, 0, 0]
    wires.driver()
    assert wires.level == [1, 1, 1]
    assert wires.bursts == []


def test_start_configures_clears_and_switches_on():
    wires = Wires()
    wires.driver().start()
    assert wires.take() == [CONFIGURE, "101" + "000000" + "0" * 128, ON]
    # 39 + 137 + 12 bits at 8 us, and 4 us of CS high after each burst.
    assert wires.slept_us == 188 * 8 + 3 * 4


def test_unchanged_frame_sends_nothing():
    wires = Wires()
    lcd = wires.driver()
    lcd.start()
    wires.take()
    lcd.write(bytearray(16))
    assert wires.take() == []


def test_one_nibble_costs_one_short_burst():
    wires = Wires()
    lcd = wires.driver()
    lcd.start()
    wires.take()
    lcd.write(frame_of(b13=0x08))  # SEG 27, COM0 alone: address 27 = 011011, D0 first
    assert wires.take() == ["101" + "011011" + "1000"]
    lcd.write(frame_of(b13=0x48))  # SEG 26, COM1
    assert wires.take() == ["101" + "011010" + "0100"]


def test_a_digit_is_one_burst_of_two_nibbles():
    wires = Wires()
    lcd = wires.driver()
    lcd.start()
    wires.take()
    lcd.write(frame_of(b2=0xA7))
    assert wires.take() == ["101" + "000100" + "10100111"]


def test_gaps_up_to_two_nibbles_are_bridged():
    wires = Wires()
    lcd = wires.driver()
    lcd.start()
    wires.take()
    lcd.write(frame_of(b0=0x10, b1=0x01))  # SEG 0 and SEG 3
    assert wires.take() == ["101" + "000000" + "0001" + "0000" + "0000" + "0001"]
    lcd.write(frame_of(b0=0x20, b1=0x01, b2=0x10))  # SEG 0 and SEG 4: three between
    assert wires.take() == ["101" + "000000" + "0010", "101" + "000100" + "0001"]


def test_no_change_costs_more_than_a_full_write():
    # Every choice of changed nibbles among the first twelve, the widest patterns included.
    for pattern in range(1, 1 << 12, 5):
        wires = Wires()
        lcd = wires.driver()
        frame = bytearray(16)
        for at in range(12):
            if pattern >> at & 1:
                frame[at >> 1] |= 0x01 if at & 1 else 0x10
        lcd.write(frame)
        sent = wires.take()
        assert sum([len(b) for b in sent]) <= 9 + 4 * 12
        ram = [0] * 32
        for burst in sent:
            assert burst[:3] == "101"
            address = int(burst[3:9], 2)
            for n in range(9, len(burst), 4):
                ram[address] = int(burst[n : n + 4], 2)
                address += 1
        assert bytes([ram[2 * n] << 4 | ram[2 * n + 1] for n in range(16)]) == bytes(frame)


def test_refresh_repeats_the_initialisation_with_the_frame():
    wires = Wires()
    lcd = wires.driver(refresh_writes=3)
    lcd.start()
    frame = frame_of(b0=0xED, b15=0xC0)
    lcd.write(frame)
    wires.take()
    lcd.write(frame)
    assert wires.take() == []
    lcd.write(frame)
    assert wires.take() == [CONFIGURE, "101" + "000000" + "11101101" + "0" * 112 + "11000000", ON]
    lcd.write(frame)
    lcd.write(frame)
    assert wires.take() == []


def test_refresh_sends_all_at_once():
    wires = Wires()
    lcd = wires.driver()
    lcd.start()
    frame = frame_of(b0=0xED, b15=0xC0)
    lcd.write(frame)
    wires.take()
    lcd.refresh(frame)
    assert wires.take() == [CONFIGURE, "101" + "000000" + "11101101" + "0" * 112 + "11000000", ON]
    lcd.write(frame)
    assert wires.take() == []


def test_the_callers_frame_is_not_kept():
    wires = Wires()
    lcd = wires.driver()
    lcd.start()
    frame = bytearray(16)
    lcd.write(frame)
    frame[0] = 0x80
    wires.take()
    lcd.write(frame)
    assert wires.take() == ["101" + "000000" + "1000"]


def test_tone():
    wires = Wires()
    lcd = wires.driver(refresh_writes=1)
    lcd.tone(True)
    assert wires.take() == ["100" + TONE_2K + TONE_ON]
    lcd.write(bytearray(16))  # a refresh does not silence it
    assert wires.take()[0] == "100" + SYS_EN + RC_256K + BIAS_29 + TONE_ON
    lcd.tone(False)
    assert wires.take() == ["100" + TONE_2K + TONE_OFF]
    wires.driver(tone_code=TONE_4K).tone(True)
    assert wires.take() == ["100" + TONE_4K_BITS + TONE_ON]


class Deaf:
    def __call__(self, level):
        pass

    def sleep_us(self, us):
        pass


def test_writing_allocates_nothing():
    deaf = Deaf()
    lcd = HT1621(deaf, deaf, deaf, deaf, refresh_writes=4)
    lcd.start()
    frame = bytearray(16)
    heap_lock()
    for n in range(10):
        frame[n] = 0xFF
        frame[15 - n] = n
        lcd.write(frame)
        lcd.write(frame)
    lcd.tone(True)
    lcd.tone(False)
    heap_unlock()
