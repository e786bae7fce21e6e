# SPDX-License-Identifier: MIT
"""PCF85176 model: I2C bytes in, lit elements out. Subaddress pins A2..A0 tied low.

Source: NXP PCF85176 datasheet, "Commands of PCF85176", "Display RAM", "Data pointer", "Subaddress counter",
"Blinking", and "Power-On Reset". The blink code order is that of PCF8576C (Philips, 1998, table 4); for PCF85176
unverified.
"""

COLUMNS = 40
COMMONS = 4
SEGMENTS = 32  # of the glass: columns 32..39 are not connected

START_UP_US = 1000  # no transfer in the first millisecond after power-on

# mode-set M1 M0 -> (rows in use, columns filled by one data byte)
_DRIVE = {0b00: (4, 2), 0b01: (1, 8), 0b10: (2, 4), 0b11: (3, 3)}
# The two columns of a data byte in 1:4, as tables for bytes.translate.
_UPPER = bytes(byte >> 4 for byte in range(256))
_LOWER = bytes(byte & 15 for byte in range(256))
_BLINK_PERIOD_US = {0b00: 0, 0b01: 500_000, 0b10: 1_000_000, 0b11: 2_000_000}


class PCF85176:
    """One chip. clock: VirtualClock; rng: draws what is undefined (random.Random).

    ram: list of 40 nibbles, bit 3 = BP0. pointer: 0..39, or None when the datasheet calls it unknown. transfers:
    those addressed.
    """

    def __init__(self, clock, rng):
        self.clock = clock
        self.rng = rng
        self.bus = None
        self.transfers = 0
        self.powered = False
        self.power(True)

    def power(self, on):
        """Supply comes or goes. On: reset state, random RAM, and a millisecond of deafness."""
        self.powered = on
        self.ready_us = self.clock.now_us + START_UP_US
        self.ram = [self.rng.randrange(16) for _ in range(COLUMNS)]
        self.enabled = False
        self.half_bias = False
        self.mode = 0b00
        self.blink = 0b00
        self.input_bank = 0
        self.output_bank = 0
        self.pointer = 0
        self.subaddress = 0

    @property
    def visible(self):
        """The glass shows what the RAM holds: powered, E set, 1:4 multiplex, 1/3 bias."""
        return self.powered and self.enabled and self.mode == 0b00 and not self.half_bias

    def frame(self):
        """RAM of columns 0..31 as bytes(16): byte n = SEG 2n in bits 7..4 (BP0 = bit 7), SEG 2n+1 in bits 3..0."""
        return bytes(self.ram[s] << 4 | self.ram[s + 1] for s in range(0, SEGMENTS, 2))

    def segments(self):
        """frozenset of (seg, com) that the eye sees now: empty when not visible or in the dark half of a blink."""
        period = _BLINK_PERIOD_US[self.blink]
        if not self.visible or (period and self.clock.now_us % period >= period // 2):
            return frozenset()
        return frozenset((s, c) for s in range(SEGMENTS) for c in range(COMMONS) if self.ram[s] & (8 >> c))

    def start(self):
        """Address match: acknowledged unless off or just powered."""
        if not self.powered or self.clock.now_us < self.ready_us:
            return False
        self.transfers += 1
        return True

    def read(self, n):
        """Write only: nobody drives SDA."""
        return b"\xff" * n

    def write(self, data):
        """One transfer: commands until one with C = 0, the rest is display data. Everything is acknowledged."""
        at = 0
        more = True
        while more and at < len(data):
            more = bool(data[at] & 0x80)
            self._command(data[at] & 0x7F)
            at += 1
        if at < len(data):
            self._display_data(bytes(data[at:]))
        return len(data)

    def _command(self, code):
        if code < 0x40:  # load-data-pointer; 40..63 do not exist
            self.pointer = code if code < COLUMNS else None
        elif code < 0x60:  # mode-set; bit 4 is LP on PCF8576C, no effect here
            self.enabled = bool(code & 0x08)
            self.half_bias = bool(code & 0x04)
            self.mode = code & 0x03
        elif code < 0x68:  # device-select
            self.subaddress = code & 0x07
        elif code < 0x70:
            pass  # not defined
        elif code < 0x78:  # blink-select; AB works in static and 1:2 only
            self.blink = code & 0x03
        elif code < 0x7C:  # bank-select; static and 1:2 only
            self.input_bank = code >> 1 & 1
            self.output_bank = code & 1

    def _display_data(self, data):
        rows, step = _DRIVE[self.mode]
        at = self.pointer
        if rows == 4 and at is not None and self.subaddress == 0 and at + 2 * len(data) <= COLUMNS:
            # What every frame is made of, said shortly: two whole columns a byte.
            end = at + 2 * len(data)
            self.ram[at:end:2] = data.translate(_UPPER)
            self.ram[at + 1 : end : 2] = data.translate(_LOWER)
            self.subaddress = 1 if end == COLUMNS else 0
            self.pointer = 0 if end == COLUMNS else None
            return
        for byte in data:
            if self.pointer is None:  # the datasheet promises nothing: it lands anywhere
                self.pointer = self.rng.randrange(COLUMNS)
            if self.subaddress == 0:
                self._store(byte, rows, step)
            self.pointer += step
            if self.pointer >= COLUMNS:  # on to the next chip of a cascade
                self.pointer -= COLUMNS
                self.subaddress = (self.subaddress + 1) & 7
        if self.pointer:  # ended inside the RAM: "early termination"
            self.pointer = None

    def _store(self, byte, rows, step):
        # MSB first, column by column, as many bits a column as there are rows in use.
        first_row = 2 * self.input_bank if rows < 3 else 0
        for bit in range(8):
            column = self.pointer + bit // rows
            mask = 8 >> (first_row + bit % rows)
            if column < COLUMNS and bit // rows < step:
                if byte & (0x80 >> bit):
                    self.ram[column] |= mask
                else:
                    self.ram[column] &= ~mask
