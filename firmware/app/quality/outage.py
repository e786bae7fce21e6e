# SPDX-License-Identifier: MIT
"""Supply outages: when the supply went, when it came back, and the two events that say so.

On return 8F57 with the time of the loss comes first, then exactly one of 8F35 (shorter than three minutes) and 8F36; what
comes after that (tamper) is the caller's. Loss and return within the same second are one event, 8F35; a clock that has gone
back does not know how long it was, but that it was. Both stamps are kept in a record and can be read.

When was it lost? With a power-fail warning, when the warning came. Else the last time that was stored: the hot record's (with
FRAM not older than a second), or the RTC's mark (drivers.ds3231: written every second into battery-backed registers that wear
out by nothing) where the hot record waits for energy. Without any of these the time is that of the last hot record, which at
low load may be hours old.

A return with a clock that is not valid is told when the clock has been set: the duration is not known before.
Source: GBCS alert codes 8F35, 8F36 and 8F57; the three minutes are theirs.
"""

from struct import pack_into, unpack_from

from micropython import const

from app.clock import SECONDS_A_DAY
from app.records import codes

RECORD = const(18)

_LONG_S = const(180)
_DAYS_MOST = const(10_000)

_VERSION = const(1)
_NONE = const(0)  # what the record is about
_LOST = const(1)  # supply failing, not known to have come back
_PENDING = const(2)  # it is back, the events are not known to be logged
_TOLD = const(3)


class Outage:
    """clock: app.clock.Clock; log: Journal; cold, cold_id: keep the record. mark: the RTC's (`write_mark(day, second)`,
    `mark_into(fields)`), or None where the hot record saves the time each second. logged: callable(day, second, code) -> bool:
    the log holds this event already; or None.

    lost_day, lost_second, back_day, back_second: of the last outage that was told (`count` > 0). short, long: outages so far.
    """

    __slots__ = (
        "clock",
        "log",
        "cold",
        "cold_id",
        "mark",
        "logged",
        "lost_day",
        "lost_second",
        "back_day",
        "back_second",
        "short",
        "long",
        "errors",
        "failing",
        "_warned_day",
        "_warned_second",
        "_state",
        "_waiting_s",
        "_fields",
        "_record",
        "_dirty",
    )

    def __init__(self, clock, log, cold, cold_id, mark=None, logged=None):
        self.clock = clock
        self.log = log
        self.cold = cold
        self.cold_id = cold_id
        self.mark = mark
        self.logged = logged
        self.lost_day = self.lost_second = 0
        self.back_day = self.back_second = 0
        self.short = 0
        self.long = 0
        self.errors = 0
        self.failing = False
        self._warned_day = self._warned_second = 0
        self._state = _NONE
        self._waiting_s = -1  # since the return, while the clock is not valid
        self._fields = [0, 0]
        self._record = bytearray(RECORD)
        self._dirty = False

    @property
    def count(self):
        return self.short + self.long

    @property
    def settled(self):
        """No return waits for the clock to be told of."""
        return self._waiting_s < 0

    @property
    def away_s(self):
        """Length of the last outage, seconds; 0 where the clock went back."""
        return _span_s(self.lost_day, self.lost_second, self.back_day, self.back_second)

    def restored(self, power_on, known, saved_day, saved_second, boot_ms):
        """Boot, once the registers have been restored and the clock was read. Allocates.

        power_on: the reset was a power-on: the supply had been away. known: saved_* (of the hot record) mean something.
        boot_ms: how long the supply has been good.
        """
        self._load()
        if self._state == _PENDING:
            self._tell()  # of the return before this one
        if not power_on:
            if self._state == _LOST:  # it failed and recovered, and something else reset the meter
                self._return(0)
            return
        if self._state != _LOST:
            if not known:
                return
            self.lost_day = saved_day
            self.lost_second = saved_second
            self._later_mark()
        self._return(boot_ms // 1000)

    def warn(self):
        """The supply is failing: every pass while it is. allocates: no"""
        clock = self.clock
        if not self.failing:
            self.failing = True
            self._warned_day = clock.day
            self._warned_second = clock.second
        elif self._state != _LOST and clock.valid and clock.second != self._warned_second:
            # It lasts: the hot records will have a later time. Shorter ones need no record of their own.
            self._lose()
            self._keep(_LOST)

    def poll(self, now_ms, second):
        """A feature: every second while the supply is good. allocates: no"""
        if self.failing:
            self.failing = False
            if self._state == _LOST or self.clock.second != self._warned_second or self.clock.day != self._warned_day:
                if self._state != _LOST:
                    self._lose()
                self._return(0)
        if not second:
            return
        if self._waiting_s >= 0:
            self._waiting_s = min(self._waiting_s + self.clock.passed_s, _DAYS_MOST * SECONDS_A_DAY)
            if self.clock.valid:
                waited_s = self._waiting_s
                self._waiting_s = -1
                self._return(waited_s)
        if self._dirty:
            self._keep(self._state)
        if self.mark is not None and self.clock.valid:
            try:
                self.mark.write_mark(self.clock.day, self.clock.second)
            except Exception:  # noqa: BLE001  the driver's own exception: the record's time is then used
                self.errors += 1

    # -- what happens on a return -------------------------------------------------------------------------------

    def _lose(self):
        self.lost_day = self._warned_day
        self.lost_second = self._warned_second

    def _return(self, ago_s):
        """The supply has come back `ago_s` seconds ago."""
        clock = self.clock
        if not clock.valid:
            self._waiting_s = ago_s
            self._keep(_LOST)
            return
        days = ago_s // SECONDS_A_DAY
        second = clock.second - (ago_s - days * SECONDS_A_DAY)
        if second < 0:
            second += SECONDS_A_DAY
            days += 1
        day = clock.day - days
        if day < self.lost_day or day == self.lost_day and second < self.lost_second:
            # Shorter than the start of the firmware takes, or the clock has gone back and does not know how long.
            day = clock.day
            second = clock.second
        self.back_day = day
        self.back_second = second
        if self.away_s >= _LONG_S:
            self.long += 1
        else:
            self.short += 1
        self._keep(_PENDING)
        self._tell()

    def _tell(self):
        away_s = self.away_s
        if self.lost_second != self.back_second or self.lost_day != self.back_day:
            self._log(self.lost_day, self.lost_second, codes.SUPPLY_INTERRUPTED, 0)
        code = codes.OUTAGE_RESTORED_LONG if away_s >= _LONG_S else codes.OUTAGE_RESTORED
        self._log(self.back_day, self.back_second, code, away_s)
        self._keep(_TOLD)

    def _log(self, day, second, code, extra):
        # A cut between the log and the record must not log it twice.
        if self.logged is None or not self.logged(day, second, code):
            self.log.append_at(day, second, code, extra)

    def _later_mark(self):
        """The RTC's mark, where it is newer than the hot record. One in the future is none."""
        if self.mark is None or not self.clock.valid:
            return
        fields = self._fields
        try:
            if not self.mark.mark_into(fields):
                return
        except Exception:  # noqa: BLE001
            self.errors += 1
            return
        day = fields[0]
        second = fields[1]
        clock = self.clock
        if day > clock.day or day == clock.day and second > clock.second:
            return
        if day > self.lost_day or day == self.lost_day and second > self.lost_second:
            self.lost_day = day
            self.lost_second = second

    # -- the record ---------------------------------------------------------------------------------------------

    def _keep(self, state):
        """Little-endian: u8 version 1, u8 state, u16 day and u32 second of the loss, the same of the return, u16 short, long.

        docs/SPEC.md, "Outage record".
        """
        self._state = state
        record = self._record
        pack_into("<BBHI", record, 0, _VERSION, state, self.lost_day, self.lost_second)
        pack_into("<HIHH", record, 8, self.back_day, self.back_second, self.short & 0xFFFF, self.long & 0xFFFF)
        try:
            self._dirty = not self.cold.save(self.cold_id, record)
        except OSError:
            self._dirty = True
            self.errors += 1

    def _load(self):
        record = self._record
        try:
            if self.cold.load_into(self.cold_id, record) != RECORD or record[0] != _VERSION:
                return
        except OSError:
            self.errors += 1
            return
        self._state = record[1]
        self.lost_day, self.lost_second = unpack_from("<HI", record, 2)
        self.back_day, self.back_second, self.short, self.long = unpack_from("<HIHH", record, 8)


def _span_s(day, second, later_day, later_second):
    """Seconds from one stamp to another, 0 when it is not later; a small int. allocates: no"""
    days = min(later_day - day, _DAYS_MOST)
    span_s = days * SECONDS_A_DAY + later_second - second
    return span_s if days >= 0 and span_s > 0 else 0
