# SPDX-License-Identifier: MIT
"""Average RMS voltage of each period of UTC: the mean of the readings of its seconds.

A reading stands for the seconds since the one before (on a board there is one a second). Seconds without a chip that measures,
or without a meter, are missing, not guessed; a period with more than half of its seconds missing is invalid. A period that
nobody was there for has no record. Bytes: docs/SPEC.md, "Voltage record".
"""

from struct import pack_into

from micropython import const

from app.metrology import sample as s

PARTIAL = const(4)  # bits as in app.records.profile
INVALID = const(8)
_SECOND_16 = const(128)  # bit 16 of the second, in the status byte

FIELDS = """voltage_log
period_s 0 3600 1800
# period_s: 0: no log; else 10..3600, from midnight UTC on
"""


def rule(group):
    """For the configuration group."""
    return group.period_s == 0 or group.period_s >= 10


class VoltageLog:
    """day, second, period_s, mean_dv (0.1 V), valid_percent, status: of the record read last; second is the end, 1..86400.

    closed: periods closed since boot; closed_dv, closed_valid: mean (0.1 V) and validity of the newest one, for who
    watches it. errors: faults of the store.
    """

    def __init__(self, ring, clock, sample, config, state, state_at):
        """ring: payload 10 bytes, or None: averages without a log. config: with period_s."""
        self.ring = ring
        self.clock = clock
        self.sample = sample
        self.config = config
        self.day = 0
        self.second = 0
        self.period_s = 0
        self.mean_dv = 0
        self.valid_percent = 0
        self.status = 0
        self.closed = 0
        self.closed_dv = 0
        self.closed_valid = False
        self.errors = 0
        self._state = state
        self._state_at = state_at
        self._sum = 0
        self._weight = 0  # seconds in the sum
        self._seconds = 0  # of the open period, in which the chip measured
        self._since = 0  # seconds since the last reading
        self._period = config.period_s
        self._open_day = -1
        self._open = 0  # number of the open period in its day
        self._waits = False  # a record is to be appended
        self._record = bytearray(10)
        self._read = bytearray(10)

    @property
    def count(self):
        return self.ring.slots if self.ring is not None else 0

    def until_s(self):
        """Seconds to the end of the open period, 1..86400."""
        period = self._period
        if not period or not self.clock.valid:
            return 86400
        second = self.clock.second
        return min(period - second % period, 86400 - second)

    def poll(self, now_ms, second):
        """Every pass. allocates: no"""
        if self._waits:
            self._append()
        if not second:
            return
        clock = self.clock
        period = self._period
        if not clock.valid or not period or self.config.period_s != period:
            self._period = self.config.period_s
            self._open_day = -1
            self._begin()
            return
        self._count_second(clock.passed_s)
        number = clock.second // period
        if self._open_day < 0:
            self._open_day = clock.day
            self._open = number
            self._begin()
        elif clock.day > self._open_day or (clock.day == self._open_day and number > self._open):
            # A clock that steps back goes on in the period that is open: each one ends once.
            self._close()
            self._open_day = clock.day
            self._open = number
            self._begin()

    def read(self, index):
        """Record `index` (0 = oldest) into the attributes. returns: False: torn, or none such. raises: OSError"""
        buf = self._read
        if self.ring is None or not self.ring.read(index, buf):
            return False
        self.day = buf[0] | buf[1] << 8
        self.second = buf[2] | buf[3] << 8 | (0x10000 if buf[8] & _SECOND_16 else 0)
        self.period_s = buf[4] | buf[5] << 8
        self.mean_dv = buf[6] | buf[7] << 8
        self.status = buf[8] & ~_SECOND_16
        self.valid_percent = buf[9]
        return True

    def _begin(self):
        self._sum = 0
        self._weight = 0
        self._seconds = 0
        self._since = 0

    def _count_second(self, passed_s):
        flags = self.sample.flags
        if flags & (s.DOWN | s.RESTARTED):
            self._since = 0
            return
        self._seconds += passed_s
        self._since += passed_s
        if flags & s.QUANTITIES:
            weight = min(self._since, 3600)  # 3600 s of 300.0 V, twice, are far below 2**30
            self._weight += weight
            self._sum += self.sample.rms_voltage_mv // 100 * weight
            self._since = 0

    def _close(self):
        period = self._period
        end = min((self._open + 1) * period, 86400)
        length = end - self._open * period
        mean = self._sum // self._weight if self._weight else 0
        seconds = min(self._seconds, length) if self._weight else 0
        valid = seconds * 2 >= length and seconds > 0
        status = 0 if valid else INVALID
        if seconds < length - 1:
            status |= PARTIAL  # one second may be where the first one began
        self.closed += 1
        self.closed_dv = mean
        self.closed_valid = valid
        if self.ring is None:
            return
        low = end & 0xFFFF
        status |= _SECOND_16 if end > 0xFFFF else 0
        percent = seconds * 100 // length
        pack_into("<HHHHBB", self._record, 0, self._open_day, low, period, min(mean, 0xFFFF), status, percent)
        self._waits = True
        self._append()

    def _append(self):
        """The record waits while the flash erases, at most a period long."""
        ring = self.ring
        try:
            if not ring.scanned or ring.staged or not ring.append(self._record):
                return
        except OSError:
            self.errors += 1
            return
        self._waits = False
        if ring.slots < ring.next_sequence:
            self._state.tell_wrapped(self._state_at)
