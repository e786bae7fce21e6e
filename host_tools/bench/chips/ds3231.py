# SPDX-License-Identifier: MIT
"""DS3231 seen from the I2C bus, running on the virtual clock with an error in ppm.

Source: Maxim DS3231 datasheet 19-5170: register map figure 1; prescaler reset by a write to 00h; user copies taken at
START and when the pointer wraps to 00h; 0Eh control (1Ch at power-on), 0Fh status (OSF, A2F, A1F only written to 0),
10h aging (about 0.1 ppm an LSB, positive is slower), 11h/12h temperature in 0.25 C; first power-up 01/01/00 00:00:00,
day 1.
"""

from datetime import datetime, timedelta

REGISTERS = 0x13
CONTROL, STATUS, AGING, TEMPERATURE_MSB, TEMPERATURE_LSB = 0x0E, 0x0F, 0x10, 0x11, 0x12
EOSC = 0x80
OSF, EN32KHZ, BSY = 0x80, 0x08, 0x04


def _to_bcd(value):
    return value // 10 * 16 + value % 10


def _from_bcd(value):
    if value & 15 > 9 or value >> 4 > 9:
        raise ValueError
    return (value >> 4) * 10 + (value & 15)


class DS3231Model:
    """ppb: how fast the crystal runs, parts in 1e9 (2000 = 2 ppm fast). battery: time is kept without supply.

    temperature_c_x4: die temperature in quarter degrees.
    """

    def __init__(self, clock, ppb=0, battery=True):
        self.clock = clock
        self.battery = battery
        self.powered = True
        self.temperature_c_x4 = 25 * 4
        self.bus = None
        self._ppb = ppb
        self._pointer = 0
        self._power_on_reset()

    # World side

    def power(self, on):
        """Main supply. Without battery (or with EOSC set) the oscillator stops."""
        self._advance()
        if on == self.powered:
            return
        self.powered = on
        if on:
            if not self.battery:
                self._power_on_reset()
            self._running = True
        elif not self.battery or self.regs[CONTROL] & EOSC:
            self._running = False
            self.regs[STATUS] |= OSF
        self._fold()

    def rtc_loss(self):
        """The battery was out while the supply was off: everything forgotten, OSF set."""
        self._power_on_reset()

    def set_utc(self, moment):
        """moment: naive datetime in UTC, right by the hand of the test; clears OSF."""
        self._time = moment
        self._fraction_nus = 0
        self._fold()
        self._illogical = None
        self.regs[STATUS] &= ~OSF

    def utc(self):
        """datetime of the register contents, microseconds from the prescaler."""
        self._advance()
        return self._time + timedelta(microseconds=self._fraction_nus // 1_000_000_000)

    @property
    def valid(self):
        return not self.regs[STATUS] & OSF

    # Oscillator

    def _power_on_reset(self):
        self.regs = bytearray(REGISTERS)
        self.regs[CONTROL] = 0x1C
        self.regs[STATUS] = OSF | EN32KHZ
        self._time = datetime(2000, 1, 1)
        self._fraction_nus = 0  # 1e-9 microseconds
        self._day = 1
        self._twelve_hour = False
        self._illogical = None  # raw bytes after an impossible write: undefined, here frozen
        self._running = True
        self._fold()
        self._user = bytes(7)

    def _fold(self):
        self._last_us = self.clock.now_us

    def _advance(self):
        now = self.clock.now_us
        passed = now - self._last_us
        self._last_us = now
        if not self._running or not passed:
            return
        aging = self.regs[AGING] - 256 if self.regs[AGING] & 0x80 else self.regs[AGING]
        self._fraction_nus += passed * (1_000_000_000 + self._ppb - aging * 100)
        seconds, self._fraction_nus = divmod(self._fraction_nus, 10**15)
        if seconds:
            before = self._time
            self._time = before + timedelta(seconds=seconds)
            self._day = (self._day - 1 + (self._time.date() - before.date()).days) % 7 + 1

    # Bus side

    def start(self):
        if not self.powered:
            return False
        self._copy()
        return True

    def write(self, data):
        if not data:
            return 0
        self._advance()
        self._pointer = data[0] % REGISTERS
        time = bytearray(self._encode())
        touched = False
        seconds_written = False
        for value in data[1:]:
            register = self._pointer
            if register < 7:
                time[register] = value
                touched = True
                seconds_written = seconds_written or register == 0
            else:
                self._store(register, value)
            self._pointer = (register + 1) % REGISTERS
        if touched:
            self._decode(time)
            if seconds_written:
                self._fraction_nus = 0
        return len(data)

    def read(self, n):
        out = bytearray()
        for _ in range(n):
            register = self._pointer
            out.append(self._user[register] if register < 7 else self._load(register))
            self._pointer = (register + 1) % REGISTERS
            if self._pointer == 0:
                self._copy()
        return bytes(out)

    def _copy(self):
        self._advance()
        self._user = bytes(self._encode())

    def _load(self, register):
        if register == TEMPERATURE_MSB:
            return (self.temperature_c_x4 >> 2) & 0xFF
        if register == TEMPERATURE_LSB:
            return (self.temperature_c_x4 & 3) << 6
        return self.regs[register]

    def _store(self, register, value):
        if register == STATUS:
            old = self.regs[STATUS]
            # OSF and the alarm flags: a 1 leaves them, a 0 clears them. BSY is the part's own.
            self.regs[STATUS] = (old & value & 0x83) | (value & EN32KHZ) | (old & BSY)
            if not self._running:
                self.regs[STATUS] |= OSF
        elif register == CONTROL:
            self.regs[CONTROL] = value & 0xDF  # CONV done at once
        elif register < TEMPERATURE_MSB:
            self.regs[register] = value

    def _encode(self):
        if self._illogical is not None:
            return self._illogical
        t = self._time
        if self._twelve_hour:
            hours = 0x40 | (0x20 if t.hour >= 12 else 0) | _to_bcd((t.hour + 11) % 12 + 1)
        else:
            hours = _to_bcd(t.hour)
        century = 0x80 if t.year >= 2100 else 0
        return bytes(
            (
                _to_bcd(t.second),
                _to_bcd(t.minute),
                hours,
                self._day,
                _to_bcd(t.day),
                century | _to_bcd(t.month),
                _to_bcd(t.year % 100),
            )
        )

    def _decode(self, raw):
        self._twelve_hour = bool(raw[2] & 0x40)
        try:
            if self._twelve_hour:
                hour = _from_bcd(raw[2] & 0x1F) % 12 + (12 if raw[2] & 0x20 else 0)
            else:
                hour = _from_bcd(raw[2] & 0x3F)
            self._time = datetime(
                2000 + (100 if raw[5] & 0x80 else 0) + _from_bcd(raw[6]),
                _from_bcd(raw[5] & 0x1F),
                _from_bcd(raw[4] & 0x3F),
                hour,
                _from_bcd(raw[1] & 0x7F),
                _from_bcd(raw[0] & 0x7F),
            )
            self._day = raw[3] & 7
            self._illogical = None
        except ValueError:
            self._illogical = bytes(raw)
