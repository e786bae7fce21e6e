# SPDX-License-Identifier: MIT
"""HT1621 LCD driver, 32 SEG x 4 COM, on three pins: CS, WR, DATA (RD open: nothing can be read back).

Source: Holtek HT1621 datasheet, "Command Format", "Timing Diagrams" and "Command Summary". Data is taken on the
rising edge of WR; a data burst is 101, six address bits (MSB first), then nibbles D0 (= COM0) first with the address
counting up; a command burst is 100, then nine bits a command. A frame is therefore the bit stream of the chip
already, most significant bit first.

A burst is no multiple of eight bits, so it is bit-banged. Cost of the longest write (a refresh, 188 bits): 940 calls
of pins and sleep plus 188 clock periods; at the default 125 kHz and 15 us a call that is 16 ms, so a port must make a
call in less than 19 us to keep a write below 20 ms. A changed digit costs 17 bits. Context: main loop.

Nothing on this wiring can fail in a way that the master would notice, so this part has no exception: the dead or
confused driver is healed by the periodic refresh, which repeats the whole initialisation, and seen by the eye in the
start test.

    lcd = HT1621(time, cs, wr, data)
    lcd.start()
    lcd.write(frame)
"""

from micropython import const

_COMMAND = const(0b100)
_WRITE = const(0b101)

_SYS_EN = const(0x01)
_LCD_ON = const(0x03)
_TONE_OFF = const(0x08)
_TONE_ON = const(0x09)
_RC_256K = const(0x18)
_BIAS_THIRD_4COM = const(0x29)

# Tone frequencies, for the constructor.
TONE_4K = const(0x40)
TONE_2K = const(0x60)

_NIBBLES = const(32)
# A new burst costs nine bits, a nibble that has not changed four: up to two of them are cheaper sent than skipped.
# With this rule no pattern of changes costs more than a full write.
_BRIDGE = const(2)


class HT1621:
    """One chip. frame: bytearray(16), byte n = SEG 2n in bits 7..4 (COM0 = bit 7) and SEG 2n+1 in bits 3..0."""

    __slots__ = (
        "_sleep_us",
        "_half_us",
        "_cs",
        "_wr",
        "_data",
        "_sent",
        "_refresh_writes",
        "_left",
        "_tone",
        "_tone_code",
    )

    def __init__(self, clock, cs, wr, data, *, refresh_writes=20, half_us=4, tone_code=TONE_2K):
        """Pins are outputs; they are left idle (high). Does not touch the chip's state.

        clock: sleep_us(n). refresh_writes: every so many writes all is sent again, 1 = always. half_us: WR low and
        high time; 4 us = 125 kHz, safe for every edition (150 kHz at 3 V in the later ones; 300 kHz in that of 2000).
        """
        self._sleep_us = clock.sleep_us
        self._half_us = half_us
        self._cs = cs
        self._wr = wr
        self._data = data
        self._sent = bytearray(16)
        self._refresh_writes = refresh_writes
        self._left = refresh_writes
        self._tone = _TONE_OFF
        self._tone_code = tone_code
        cs(1)
        wr(1)
        data(1)

    def start(self):
        """Initialise and clear: the RAM is random after power-on, and the power-on reset is not to be relied on."""
        for i in range(16):
            self._sent[i] = 0
        self._refresh()

    def write(self, frame):
        """Show `frame`. allocates: no

        Sends the nibbles that changed, and everything at every `refresh_writes`-th call.
        """
        self._left -= 1
        sent = self._sent
        if self._left > 0:
            if frame != sent:
                self._write_changed(frame)
            return
        for i in range(16):
            sent[i] = frame[i]
        self._refresh()

    def refresh(self, frame):
        """Show `frame`: initialise again and send all, whatever the part has. allocates: no"""
        self._left = 0
        self.write(frame)

    def tone(self, on):
        """Switch the buzzer between BZ and /BZ. allocates: no"""
        self._tone = _TONE_ON if on else _TONE_OFF
        self._begin(_COMMAND, 3)
        self._bits(self._tone_code << 1, 9)
        self._bits(self._tone << 1, 9)
        self._end()

    def _refresh(self):
        # The order of a first start: the display comes on when the RAM is right.
        self._begin(_COMMAND, 3)
        self._bits(_SYS_EN << 1, 9)
        self._bits(_RC_256K << 1, 9)
        self._bits(_BIAS_THIRD_4COM << 1, 9)
        self._bits(self._tone << 1, 9)
        self._end()
        self._begin(_WRITE << 6, 9)
        for byte in self._sent:
            self._bits(byte, 8)
        self._end()
        self._begin(_COMMAND, 3)
        self._bits(_LCD_ON << 1, 9)
        self._end()
        self._left = self._refresh_writes

    def _write_changed(self, frame):
        sent = self._sent
        following = -1  # the address that the open burst would write next
        for at in range(_NIBBLES):
            i = at >> 1
            shift = 0 if at & 1 else 4
            nibble = (frame[i] >> shift) & 15
            if nibble == (sent[i] >> shift) & 15:
                continue
            if following < 0 or at - following > _BRIDGE:
                if following >= 0:
                    self._end()
                self._begin(_WRITE << 6 | at, 9)
            else:
                while following < at:
                    self._bits(frame[following >> 1] >> (0 if following & 1 else 4), 4)
                    following += 1
            self._bits(nibble, 4)
            following = at + 1
        self._end()
        for i in range(16):
            sent[i] = frame[i]

    def _begin(self, head, count):
        self._cs(0)
        self._bits(head, count)

    def _bits(self, value, count):
        # `count` bits of `value`, most significant first. DATA changes while WR is low and stands when it rises.
        wr = self._wr
        data = self._data
        sleep_us = self._sleep_us
        half_us = self._half_us
        mask = 1 << (count - 1)
        while mask:
            wr(0)
            data(1 if value & mask else 0)
            sleep_us(half_us)
            wr(1)
            sleep_us(half_us)
            mask >>= 1

    def _end(self):
        # CS high for at least 4 us (typical value of the edition of 2000) resets the serial interface.
        self._cs(1)
        self._sleep_us(4)
