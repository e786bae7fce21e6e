# SPDX-License-Identifier: MIT
"""MCP23017 16-bit I/O expander on I2C: slow inputs polled into one int, outputs written through and read back.

Bit n of every 16-bit value is GPA n for 0..7 and GPB n-8 for 8..15. Bits 7 and 15 are outputs only: as inputs they
may corrupt SDA. `poll` compares the configuration now and then and rewrites it when the part was reset behind the
firmware's back; while the part does not answer, `poll` tries to start it again at a bounded rate and never raises.

Source: Microchip MCP23017 datasheet DS20001952, table 3-1 and 3-5 (registers, IOCON.BANK = 0), 3.2.1 (sequential mode),
3.5 (register descriptions); GPA7/GPB7: revision D (2022), pin description.

    x = MCP23017(i2c)
    button_b = x.input(0, pull_up=True)
    buzzer = x.output(7)
    x.start()
    x.poll(); button_b()
"""

from micropython import const

_REG_IODIR = const(0x00)
_REG_IOCON_BANK1 = const(0x05)  # IOCON when BANK = 1; GPINTENB when BANK = 0, where zero is right as well
_REG_IOCON = const(0x0A)
_REG_GPPU = const(0x0C)
_REG_GPIO = const(0x12)
_REG_OLAT = const(0x14)
_COUNT = const(22)

_OUTPUT_ONLY = const(0x8080)
_CHECK_EVERY = const(8)  # polls between two looks at the configuration
_RETRY_EVERY = const(16)  # polls between two attempts on a part that is down

ERROR_BUS = const(1)
ERROR_WRITE = const(2)  # reads back differently: not an MCP23017, or a bad bus
ERROR_OUTPUT_ONLY = const(3)  # bit 7 or 15 asked for as an input


class MCP23017Error(Exception):
    """code: one of ERROR_*."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class MCP23017:
    """i2c: machine.I2C or alike. Ask for pins, then `start`.

    inputs: 16 bits of the last good poll. down: True while the part does not answer. restarts: times it was found
    reset or came back; errors: failed transfers and writes.
    """

    __slots__ = (
        "_i2c",
        "_address",
        "_direction",
        "_pull_ups",
        "_latch",
        "_all",
        "_two",
        "_back",
        "_one",
        "_polls",
        "inputs",
        "down",
        "restarts",
        "errors",
    )

    def __init__(self, i2c, address=0x20):
        self._i2c = i2c
        self._address = address
        self._direction = 0xFFFF & ~_OUTPUT_ONLY  # 1 = input, as at power-on
        self._pull_ups = 0
        self._latch = 0
        self._all = bytearray(_COUNT)
        self._two = bytearray(2)
        self._back = bytearray(2)
        self._one = bytearray(1)
        self._polls = 0
        self.inputs = 0
        self.down = True
        self.restarts = 0
        self.errors = 0

    def input(self, bit, pull_up=False, when_down=-1):
        """An input as a Pin. when_down: what it reads while the part does not answer; -1: the last known level."""
        if _OUTPUT_ONLY >> bit & 1:
            raise MCP23017Error(ERROR_OUTPUT_ONLY)
        if pull_up:
            self._pull_ups |= 1 << bit
        return ExpanderPin(self, bit, False, when_down)

    def output(self, bit, level=0, open_drain=False):
        """An output as a Pin. open_drain: level 1 releases the line (not on bits 7 and 15)."""
        if open_drain:
            if _OUTPUT_ONLY >> bit & 1:
                raise MCP23017Error(ERROR_OUTPUT_ONLY)
        else:
            self._direction &= ~(1 << bit)
        pin = ExpanderPin(self, bit, open_drain, -1)
        pin.drives = True
        self._shadow(bit, level, open_drain)
        return pin

    def start(self):
        """Write everything, latches before directions, and read it back. Bounded. raises: MCP23017Error"""
        self.down = True
        try:
            # Whatever BANK was, after these two it is 0 with sequential addresses.
            self._one[0] = 0
            self._i2c.writeto_mem(self._address, _REG_IOCON_BANK1, self._one)
            self._i2c.writeto_mem(self._address, _REG_IOCON, self._one)
            a = self._all
            for i in range(_REG_IODIR + 2, _REG_GPPU):
                a[i] = 0  # no inversion, no interrupts, IOCON 0
            self._put(_REG_OLAT, self._latch)
            a[0] = self._direction & 0xFF
            a[1] = self._direction >> 8
            a[12] = self._pull_ups & 0xFF
            a[13] = self._pull_ups >> 8
            self._burst_out()
            self._i2c.readfrom_mem_into(self._address, 0, a)
        except OSError:
            self.errors += 1
            raise MCP23017Error(ERROR_BUS)
        if not self._intact():
            self.errors += 1
            raise MCP23017Error(ERROR_WRITE)
        self.inputs = a[_REG_GPIO] | a[_REG_GPIO + 1] << 8
        self.down = False

    def poll(self):
        """Read the inputs. returns: True when `inputs` is fresh. allocates: no (while the part answers)"""
        self._polls += 1
        if self.down:
            return self._polls % _RETRY_EVERY == 0 and self._revive()
        try:
            if self._polls % _CHECK_EVERY:
                self._i2c.readfrom_mem_into(self._address, _REG_GPIO, self._two)
                self.inputs = self._two[0] | self._two[1] << 8
                return True
            self._i2c.readfrom_mem_into(self._address, 0, self._all)
        except OSError:
            self.errors += 1
            self.down = True
            return False
        if not self._intact():
            return self._revive()
        self.inputs = self._all[_REG_GPIO] | self._all[_REG_GPIO + 1] << 8
        return True

    def set_output(self, bit, level, open_drain):
        """Drive one pin and verify; a failure marks the part down, and `poll` brings it back with the new level."""
        self._shadow(bit, level, open_drain)
        if self.down:
            return
        try:
            if open_drain:
                good = self._put(_REG_IODIR, self._direction)
            else:
                good = self._put(_REG_OLAT, self._latch)
        except OSError:
            good = False
        if not good:
            self.errors += 1
            self.down = True

    def get_output(self, bit, open_drain):
        """The level last asked for."""
        return (self._direction if open_drain else self._latch) >> bit & 1

    def _shadow(self, bit, level, open_drain):
        mask = 1 << bit
        if open_drain:
            # The latch stays 0; releasing the line is turning the pin into an input.
            self._latch &= ~mask
            self._direction = self._direction | mask if level else self._direction & ~mask
        else:
            self._latch = self._latch | mask if level else self._latch & ~mask

    def _put(self, register, value):
        """Write a register pair and read it back. returns: True when it holds. allocates: no"""
        two = self._two
        two[0] = value & 0xFF
        two[1] = value >> 8
        self._i2c.writeto_mem(self._address, register, two)
        self._i2c.readfrom_mem_into(self._address, register, self._back)
        return self._back == two

    def _burst_out(self):
        # The pairs from 00h to 0Dh one by one: two buffers fewer than a burst, and only at a start.
        for register in range(0, _REG_GPPU + 2, 2):
            self._two[0] = self._all[register]
            self._two[1] = self._all[register + 1]
            self._i2c.writeto_mem(self._address, register, self._two)

    def _intact(self):
        """The 22 registers in `_all` hold the configuration. A reset shows in IODIR: bits 7 and 15 are inputs again."""
        a = self._all
        for i in range(2, _REG_GPPU):
            if a[i]:
                return False
        return (
            a[0] | a[1] << 8 == self._direction
            and a[12] | a[13] << 8 == self._pull_ups
            and a[20] | a[21] << 8 == self._latch
        )

    def _revive(self):
        try:
            self.start()
        except MCP23017Error:
            return False
        self.restarts += 1
        return True


class ExpanderPin:
    """A bit of the expander in the shape of machine.Pin: value(), value(level) and the call form."""

    __slots__ = ("_expander", "_bit", "_open_drain", "_when_down", "drives")

    def __init__(self, expander, bit, open_drain, when_down):
        self._expander = expander
        self._bit = bit
        self._open_drain = open_drain
        self._when_down = when_down
        self.drives = False

    def value(self, level=None):
        """Input: the level of the last poll. Output: what was asked for, or drive it. allocates: no"""
        x = self._expander
        if level is not None:
            if self.drives:
                x.set_output(self._bit, level, self._open_drain)
            return None
        if self.drives:
            return x.get_output(self._bit, self._open_drain)
        if x.down and self._when_down >= 0:
            return self._when_down
        return x.inputs >> self._bit & 1

    __call__ = value
