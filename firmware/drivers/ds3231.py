# SPDX-License-Identifier: MIT
"""DS3231 / DS3231M real-time clock on I2C: UTC in, UTC out, and an honest answer whether it can be believed.

Source: Maxim DS3231 datasheet 19-5170 rev. 10, "Timekeeping Registers" (figure 1), "Control Register (0Eh)", "Status
Register (0Fh)", "Aging Offset (10h)", "Temperature Registers (11h-12h)". Writing the seconds resets the prescaler;
reads come from secondary registers copied at START, so a burst from 00h never straddles a carry. I2C has no check, so
every read is made twice. The driver always keeps 24-hour mode.

    rtc = DS3231(i2c)
    fields = [0] * 6                     # year, month, day, hour, minute, second
    if rtc.read_into(fields): ...
"""

from micropython import const

_REG_SECONDS = const(0x00)
_REG_ALARM = const(0x07)  # 07h-0Ah alarm 1, 0Bh-0Dh alarm 2
_REG_CONTROL = const(0x0E)
_REG_STATUS = const(0x0F)
_REG_AGING = const(0x10)
_REG_TEMPERATURE = const(0x11)

_CONTROL = const(0x04)  # oscillator on in battery mode, no square wave, INT mode, alarms off
_STATUS_OSF = const(0x80)
_STATUS_FIXED = const(0x70)  # unimplemented, read 0
_STATUS_EN32K = const(0x08)

ERROR_BUS = const(1)  # no acknowledge, or bus time-out
ERROR_NOT_DS3231 = const(2)  # bits that must read 0 do not
ERROR_WRITE = const(3)  # reads back differently
ERROR_STOPPED = const(4)  # OSF came back: the oscillator does not run
ERROR_FIELDS = const(5)  # asked to write an impossible date
ERROR_NOISE = const(6)  # no two equal reads in three

_DAYS = b"\x1f\x1d\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"


class DS3231Error(Exception):
    """code: one of ERROR_*."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class DS3231:
    """i2c: machine.I2C or alike. The constructor proves the part and sets its control register. raises: DS3231Error

    rejects: reads whose BCD was impossible.
    """

    __slots__ = ("_i2c", "_address", "_burst", "_again", "_time", "_check", "_one", "_two", "_mark", "rejects")

    def __init__(self, i2c, address=0x68):
        self._i2c = i2c
        self._address = address
        self._burst = bytearray(16)  # 00h..0Fh: time, alarms, control, status in one transaction
        self._again = bytearray(16)
        self._time = bytearray(7)
        self._check = bytearray(7)
        self._one = bytearray(1)
        self._two = bytearray(2)
        self._mark = bytearray(7)
        self.rejects = 0
        self.start()

    def start(self):
        """Prove the part, run the oscillator on battery too, outputs off. The validity flag is left alone."""
        self._read_burst()
        self._read(_REG_TEMPERATURE, self._two)
        # 12h holds two bits of temperature, 0Fh has three unused bits, seconds and minutes have bit 7 clear.
        if self._two[1] & 0x3F or self._burst[15] & _STATUS_FIXED or (self._burst[0] | self._burst[1]) & 0x80:
            raise DS3231Error(ERROR_NOT_DS3231)
        self._write_verified(_REG_CONTROL, _CONTROL, 0xDF)  # CONV (bit 5) clears itself
        # Written ones leave OSF and the alarm flags as they are; only the 32 kHz output goes off.
        self._write_verified(_REG_STATUS, _STATUS_OSF | 0x03, _STATUS_EN32K)

    def read_into(self, fields):
        """fields[0..5] = year, month, day, hour, minute, second (UTC). returns: True when they are to be believed.

        False: the oscillator had stopped (fields are what it shows) or the registers hold no date (fields untouched).
        raises: DS3231Error. allocates: no
        """
        self._read_burst()
        b = self._burst
        if not self._possible(b):
            self.rejects += 1
            return False
        fields[0] = 2000 + _binary(b[6]) + (100 if b[5] & 0x80 else 0)
        fields[1] = _binary(b[5] & 0x1F)
        fields[2] = _binary(b[4])
        fields[3] = _binary(b[2])
        fields[4] = _binary(b[1])
        fields[5] = _binary(b[0])
        return not b[15] & _STATUS_OSF

    def write(self, fields):
        """Set the clock (years 2000..2099); the new second starts now. raises: DS3231Error. allocates: no

        The time is written and read back before OSF is cleared: an interruption leaves it marked invalid.
        """
        t = self._time
        if not 2000 <= fields[0] <= 2099:
            raise DS3231Error(ERROR_FIELDS)
        t[0] = _bcd(fields[5])
        t[1] = _bcd(fields[4])
        t[2] = _bcd(fields[3])
        t[3] = 1  # day of the week: unused, but zero is illegal
        t[4] = _bcd(fields[2])
        t[5] = _bcd(fields[1])
        t[6] = _bcd(fields[0] - 2000)
        if not self._possible(t):
            raise DS3231Error(ERROR_FIELDS)
        # OSF can only be cleared: an old time that passed for valid stays so until this burst is through.
        self._write(_REG_SECONDS, t)
        # The prescaler was reset by the write: for one second the registers read back as written.
        self._read(_REG_SECONDS, self._check)
        if self._check != t:
            raise DS3231Error(ERROR_WRITE)
        self._one[0] = 0
        self._write(_REG_STATUS, self._one)
        self._read(_REG_STATUS, self._one)
        if self._one[0] & _STATUS_OSF:
            raise DS3231Error(ERROR_STOPPED)

    def write_mark(self, day, second):
        """Keep a time beside the clock: when the power was last there. day: 0..65535, second of day. Any time, no wear.

        It lies in the alarm registers 07h-0Dh, which the battery keeps and nobody here uses as alarms (that they take any bits
        is unverified on silicon). A write that the power ended is noticed by `mark_into`. raises: DS3231Error. allocates: no
        """
        m = self._mark
        m[0] = day & 0xFF
        m[1] = day >> 8 & 0xFF
        m[2] = second & 0xFF
        m[3] = second >> 8 & 0xFF
        m[4] = second >> 16 & 0xFF
        _seal(m)
        self._write(_REG_ALARM, m)

    def mark_into(self, fields):
        """fields[0..1] = day, second of the last mark. returns: False where there is none. raises: DS3231Error"""
        m = self._mark
        self._read(_REG_ALARM, m)
        low = m[5]
        high = m[6]
        _seal(m)
        if m[5] != low or m[6] != high:
            return False
        fields[0] = m[0] | m[1] << 8
        fields[1] = m[2] | m[3] << 8 | m[4] << 16
        return True

    def aging(self):
        """Aging offset, signed, about 0.1 ppm an LSB at 25 C; positive slows the clock."""
        self._read(_REG_AGING, self._one)
        value = self._one[0]
        return value - 256 if value & 0x80 else value

    def set_aging(self, value):
        """value: -128..127; takes effect with the next temperature conversion (64 s)."""
        if not -128 <= value <= 127:
            raise DS3231Error(ERROR_FIELDS)
        self._write_verified(_REG_AGING, value & 0xFF, 0xFF)

    def temperature_c_x4(self):
        """Die temperature in quarter degrees Celsius, signed, +-3 C."""
        self._read(_REG_TEMPERATURE, self._two)
        value = self._two[0] << 2 | self._two[1] >> 6
        return value - 1024 if value & 0x200 else value

    def _read_burst(self):
        """Two equal reads of 00h..0Fh in a row, of three pairs; a second may pass between two."""
        for _ in range(3):
            self._read(_REG_SECONDS, self._burst)
            self._read(_REG_SECONDS, self._again)
            if self._burst == self._again:
                return
        raise DS3231Error(ERROR_NOISE)

    def _read(self, register, buf):
        try:
            self._i2c.readfrom_mem_into(self._address, register, buf)
        except OSError:
            raise DS3231Error(ERROR_BUS)

    def _write(self, register, buf):
        try:
            self._i2c.writeto_mem(self._address, register, buf)
        except OSError:
            raise DS3231Error(ERROR_BUS)

    def _write_verified(self, register, value, mask):
        """mask: the bits that have to read back; for the status register those written as 0."""
        one = self._one
        one[0] = value
        self._write(register, one)
        self._read(register, one)
        if (one[0] ^ value) & mask:
            raise DS3231Error(ERROR_WRITE)

    @staticmethod
    def _possible(b):
        """True when the seven bytes are a date and time in 24-hour mode. allocates: no"""
        # Bits that do not exist, and bit 6 of the hours: 12-hour mode, which nobody here ever wrote.
        if b[0] & 0x80 or b[1] & 0x80 or b[2] & 0xC0 or b[3] & 0xF8 or b[4] & 0xC0 or b[5] & 0x60:
            return False
        for i in range(7):
            byte = b[i] & 0x1F if i == 5 else b[i]
            if byte & 0x0F > 9 or byte >> 4 > 9:
                return False
        month = _binary(b[5] & 0x1F)
        day = _binary(b[4])
        if b[0] > 0x59 or b[1] > 0x59 or b[2] > 0x23 or not b[3] or not 1 <= month <= 12:
            return False
        if not 1 <= day <= _DAYS[month - 1]:
            return False
        # The part itself takes every fourth year for a leap year.
        return not (month == 2 and day == 29 and _binary(b[6]) % 4)


def _seal(mark):
    """Two check bytes (Fletcher) behind the first five; no mark of equal bytes is a good one."""
    a = 0x5A
    b = 0xA5
    i = 0
    while i < 5:
        a = (a + mark[i]) % 255
        b = (b + a) % 255
        i += 1
    mark[5] = a
    mark[6] = b


def _binary(bcd):
    return (bcd >> 4) * 10 + (bcd & 0x0F)


def _bcd(value):
    # Out of range gives an impossible code, which the caller rejects.
    return ((value // 10) << 4 | value % 10) if 0 <= value <= 99 else 0xFF
