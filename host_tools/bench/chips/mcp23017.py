# SPDX-License-Identifier: MIT
"""MCP23017 seen from the I2C bus.

Source: Microchip MCP23017 datasheet DS20001952: table 3-1 (addresses in both banks), table 3-5 (reset values), 3.2.1
(byte and sequential mode), 3.5 (registers); the warning about GPA7/GPB7 as inputs: revision D. Interrupt logic is
stored, not acted on.
"""

NAMES = ("IODIR", "IPOL", "GPINTEN", "DEFVAL", "INTCON", "IOCON", "GPPU", "INTF", "INTCAP", "GPIO", "OLAT")
BANK, SEQOP = 0x80, 0x20


class MCP23017Model:
    """regs: dict (name, port) -> byte, port 0 = A. Pins are numbered 0..15, GPA0..GPA7 GPB0..GPB7.

    misused: GPIO reads while GPA7 or GPB7 was an input. resets: times it lost its registers.
    """

    def __init__(self, clock):
        self.clock = clock
        self.bus = None
        self.powered = True
        self.pins = [None] * 16
        self.pull_outside = [None] * 16
        self.misused = 0
        self.resets = -1
        self._pointer = 0
        self.reset()

    # World side

    def connect(self, bit, pin, pull=None):
        """Wire a bench pin: read when the bit is an input, driven (`value(level)`) when it is an output.

        pull: level the line takes when the bit is an input and only a resistor holds it (then nobody else drives it).
        """
        self.pins[bit] = pin
        self.pull_outside[bit] = pull
        self._drive()

    def reset(self):
        """Power-on or a glitch on /RESET: all inputs, all zero."""
        self.resets += 1
        self.regs = {(name, port): 0 for name in NAMES for port in (0, 1)}
        self.regs["IODIR", 0] = self.regs["IODIR", 1] = 0xFF
        self._pointer = 0
        self._drive()

    def power(self, on):
        if on and not self.powered:
            self.reset()
        self.powered = on

    # Bus side

    def start(self):
        return self.powered

    def write(self, data):
        if not data:
            return 0
        self._pointer = data[0]
        for value in data[1:]:
            self._store(self._pointer, value)
            self._step()
        return len(data)

    def read(self, n):
        out = bytearray()
        for _ in range(n):
            out.append(self._load(self._pointer))
            self._step()
        return bytes(out)

    def _where(self, address):
        """(name, port) of a register address in the present bank, or None."""
        if self.regs["IOCON", 0] & BANK:
            port, index = address >> 4, address & 15
            return (NAMES[index], port) if port < 2 and index < len(NAMES) else None
        return (NAMES[address >> 1], address & 1) if address < 2 * len(NAMES) else None

    def _step(self):
        if self.regs["IOCON", 0] & SEQOP:
            if not self.regs["IOCON", 0] & BANK:
                self._pointer ^= 1
            return
        self._pointer += 1
        if self._pointer >= (0x1B if self.regs["IOCON", 0] & BANK else 2 * len(NAMES)):
            self._pointer = 0

    def _store(self, address, value):
        where = self._where(address)
        if where is None or where[0] in {"INTF", "INTCAP"}:
            return
        name, port = where
        if name == "IOCON":
            # One register at two addresses; bit 0 does not exist.
            self.regs["IOCON", 0] = self.regs["IOCON", 1] = value & 0xFE
            return
        self.regs["OLAT" if name == "GPIO" else name, port] = value
        self._drive()

    def _load(self, address):
        where = self._where(address)
        if where is None:
            return 0
        name, port = where
        if name == "GPIO":
            if self.regs["IODIR", port] & 0x80:
                self.misused += 1
            return self._levels(port) ^ self.regs["IPOL", port] & self.regs["IODIR", port]
        return self.regs[where]

    def _levels(self, port):
        levels = 0
        for bit in range(8):
            number = port * 8 + bit
            pin = self.pins[number]
            if not self.regs["IODIR", port] >> bit & 1:
                level = self.regs["OLAT", port] >> bit & 1
            elif pin is not None:
                level = pin.value()
            else:
                level = self.regs["GPPU", port] >> bit & 1  # a floating input without pull-up reads 0 here
            levels |= level << bit
        return levels

    def _drive(self):
        for number, pin in enumerate(self.pins):
            if pin is None:
                continue
            port, bit = number >> 3, number & 7
            if not self.regs["IODIR", port] >> bit & 1:
                pin.value(self.regs["OLAT", port] >> bit & 1)
            elif self.pull_outside[number] is not None:
                pin.value(self.pull_outside[number])
