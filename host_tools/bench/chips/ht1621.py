# SPDX-License-Identifier: MIT
"""HT1621 model: the edges of CS, WR and DATA in, lit elements and tone out.

Source: Holtek HT1621 datasheet, "System Architecture", "Command Format", "Timing Diagrams", "Command Summary", "A.C.
Characteristics". Wired with three wires: RD is open, so a read burst drives nobody and is ignored.
"""

from host_tools.bench.bus import Pin

SEGMENTS = 32
COMMONS = 4

# A.C. characteristics at 3 V of the later editions (unverified; the edition of 2000 is more lenient on WR, stricter
# on CS).
MIN_WR_PULSE_US = 3.34
MIN_CS_HIGH_US = 4

_ID_BITS = 3
_COMMAND_BITS = 9  # eight and one that does not matter
_ADDRESS_BITS = 6


class HT1621:
    """One chip on its pins `cs`, `wr`, `data`. clock: VirtualClock; rng: draws what is undefined (random.Random).

    ram: list of 32 nibbles, bit 3 = COM0. timing_violations: pulses shorter than the datasheet allows. bursts, bits:
    what the master sent since the model was made.
    """

    def __init__(self, clock, rng):
        self.clock = clock
        self.rng = rng
        self.cs = Pin(1, self._cs_edge)
        self.wr = Pin(1, self._wr_edge)
        self.data = Pin(1)
        self.timing_violations = 0
        self.bursts = 0
        self.bits = 0
        self.powered = False
        self.ram = [0] * SEGMENTS
        self._wr_edge_us = -1_000_000
        self._cs_edge_us = -1_000_000
        self.power(True)

    def power(self, on, clean_reset=True):
        """Supply comes or goes. clean_reset=False: the power-on reset failed, the control bits are random."""
        self.powered = on
        draw = self.rng.randrange
        self.ram = [draw(16) for _ in range(SEGMENTS)]
        random_bit = (lambda: False) if clean_reset else (lambda: bool(draw(2)))
        self.system_on = random_bit()
        self.lcd_on = random_bit()
        self.tone_on = random_bit()
        self.test_mode = False
        self.clock_source = "rc" if clean_reset else ("xtal", "rc", "ext")[draw(3)]
        self.bias = None  # (bias 2 or 3, commons); the command table names no default
        self.tone_hz = 4000 if draw(2) else 2000
        self._restart()

    @property
    def visible(self):
        """The glass shows what the RAM holds: running from its own RC (no crystal fitted), 1/3 bias, 4 commons."""
        return (
            self.powered
            and self.system_on
            and self.lcd_on
            and not self.test_mode
            and self.bias == (3, 4)
            and self.clock_source == "rc"
        )

    @property
    def sounding_hz(self):
        """Frequency between BZ and /BZ, 0 when silent."""
        return self.tone_hz if self.powered and self.system_on and self.tone_on else 0

    def frame(self):
        """RAM as bytes(16): byte n = SEG 2n in bits 7..4 (COM0 = bit 7), SEG 2n+1 in bits 3..0."""
        return bytes(self.ram[s] << 4 | self.ram[s + 1] for s in range(0, SEGMENTS, 2))

    def segments(self):
        """frozenset of (seg, com) that the eye sees; empty when not visible."""
        if not self.visible:
            return frozenset()
        return frozenset((s, c) for s in range(SEGMENTS) for c in range(COMMONS) if self.ram[s] & (8 >> c))

    def _restart(self):
        # What a high level on CS does to the serial interface.
        self._mode = None
        self._shift = 0
        self._count = 0
        self._address = None

    def _cs_edge(self, level):
        now = self.clock.now_us
        if not level:
            self.bursts += 1
            if now - self._cs_edge_us < MIN_CS_HIGH_US:
                self.timing_violations += 1
        self._cs_edge_us = now
        self._restart()

    def _wr_edge(self, level):
        now = self.clock.now_us
        if now - self._wr_edge_us < MIN_WR_PULSE_US and not self.cs.level:
            self.timing_violations += 1
        self._wr_edge_us = now
        if not level or self.cs.level or not self.powered:
            return
        self.bits += 1
        self._shift = self._shift << 1 | self.data.level
        self._count += 1
        if self._mode is None:
            if self._count == _ID_BITS:
                self._mode = self._take()
        elif self._mode == 0b100:
            if self._count == _COMMAND_BITS:
                self._command(self._take() >> 1)
        elif self._mode == 0b101:
            self._write_bit()

    def _take(self):
        value = self._shift
        self._shift = 0
        self._count = 0
        return value

    def _write_bit(self):
        if self._address is None:
            if self._count == _ADDRESS_BITS:
                self._address = self._take()
        elif self._count == COMMONS:
            nibble = self._take()
            if self._address < SEGMENTS:  # what A5 = 1 addresses does not exist
                self.ram[self._address] = nibble
            self._address = (self._address + 1) & 63  # wrap: unverified

    def _command(self, code):  # noqa: C901 - the command summary, line by line
        if code == 0x00:
            self.system_on = False
        elif code == 0x01:
            self.system_on = True
        elif code == 0x02:
            self.lcd_on = False
        elif code == 0x03:
            self.lcd_on = True
        elif code == 0x08:
            self.tone_on = False
        elif code == 0x09:
            self.tone_on = True
        elif code >> 4 == 0x1 and code >> 2 & 3:
            self.clock_source = (None, "xtal", "rc", "ext")[code >> 2 & 3]
        elif code >> 4 == 0x2:
            self.bias = (3 if code & 1 else 2, (2, 3, 4, None)[code >> 2 & 3])
        elif code >> 5 == 0b010:
            self.tone_hz = 4000
        elif code >> 5 == 0b011:
            self.tone_hz = 2000
        elif code == 0xE0:
            self.test_mode = True
        elif code == 0xE3:
            self.test_mode = False
        # The rest is timer, watchdog and IRQ: no effect on glass or tone.
