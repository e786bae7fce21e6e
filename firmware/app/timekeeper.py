# SPDX-License-Identifier: MIT
"""Keeps the clock true to the RTC: aligned to its second at boot, compared with it once a minute.

The RTC gives whole seconds only. At boot the pass polls it until its second turns; that is as exact as a pass is long. Then,
second by second, the end of the metering second is moved by halving steps until it lies within two milliseconds after the
RTC's: metering seconds are UTC seconds, however long a pass takes on this board. Drift between the processor's crystal and
the RTC is corrected in whole seconds and logged. A time that came by command is written to the RTC at the next second.
"""

from micropython import const

from app import ticks
from app.clock import days_from_civil, plausible
from app.records import codes

_ALIGN_LIMIT_MS = const(1500)
_CHECK_S = const(60)
_FIRST_STEP_MS = const(16)  # the seek is off by less than 32 ms: two passes with all quantities
_READ_MS = const(1)  # an RTC read takes up to this from the start of the pass to the latch
_REFINE_LIMIT_S = const(20)


class Timekeeper:
    """rtc: RTC port or None; clock: app.clock.Clock; log: event log.

    aligning: the turn of the RTC's second is being sought, poll often. refining: the end of the second is being moved, have a
    pass at each second and call `refine` first in it.
    """

    def __init__(self, rtc, clock, log):
        self.rtc = rtc
        self.clock = clock
        self.log = log
        self.aligning = False
        self.refining = False
        self.errors = 0
        self._fields = [0, 0, 0, 0, 0, 0]
        self._second = 0
        self._since_ms = 0
        self._step_ms = 0
        self._left_s = 0
        self._countdown_s = _CHECK_S
        self._told = False  # that the difference is too large to be followed

    def start(self, now_ms):
        """Take the time from the RTC, or say that there is none."""
        if self._read():
            self._set()
            self._second = self._fields[5]
            self._since_ms = now_ms
            self.aligning = True
        else:
            self.log.append_now(codes.CLOCK_INVALID, 0)

    def poll(self, now_ms, second):
        if self.clock.corrected and self.rtc is not None:
            self.aligning = False
            self.refining = False
            if second:
                self._write()
        elif self.aligning:
            self._align(now_ms)
        elif second:
            self._countdown_s -= 1
            if self._countdown_s <= 0:
                self._countdown_s = _CHECK_S
                self._compare()

    def refine(self):
        """Before anything else in a pass that a second has brought: has the RTC's second turned too? allocates: no"""
        self._left_s -= 1
        if self._left_s <= 0 or not self._read():
            self.refining = False
            return
        clock = self.clock
        if clock.until_second_ms() != 1000:
            return  # this pass came late: it says nothing about the end of the second
        turned = self._fields[5] == clock.second % 60
        step = self._step_ms
        if step:
            clock.lengthen_second(-step if turned else step)
            self._step_ms = step >> 1
        else:
            # Within a millisecond either way. Better late: what turns with the second is then seen on its own side of it.
            clock.lengthen_second(_READ_MS if turned else _READ_MS + 1)
            self.refining = False

    def _read(self):
        if self.rtc is None:
            return False
        try:
            return self.rtc.read_into(self._fields) and plausible(self._fields)
        except Exception:  # noqa: BLE001  a dead RTC is a clock fault, not a metering fault
            self.errors += 1
            return False

    def _write(self):
        # Until the RTC has taken it, it is not compared with: it would win.
        self.clock.utc_into(self._fields)
        try:
            self.rtc.write(self._fields)
            self.clock.corrected = False
            self._countdown_s = _CHECK_S
        except Exception:  # noqa: BLE001
            self.errors += 1

    def _set(self):
        f = self._fields
        self.clock.set(days_from_civil(f[0], f[1], f[2]), f[3] * 3600 + f[4] * 60 + f[5])

    def _align(self, now_ms):
        if self._read() and self._fields[5] != self._second:
            self._set()
            self.aligning = False
            self.refining = True
            self._step_ms = _FIRST_STEP_MS
            self._left_s = _REFINE_LIMIT_S
        elif ticks.diff(now_ms, self._since_ms) > _ALIGN_LIMIT_MS:
            self.aligning = False  # an RTC that stands still is caught by the comparison

    def _compare(self):
        if self._read():
            code = self.clock.follow(self._fields)
            told = self._told
            self._told = code == codes.CLOCK_NOT_ADJUSTED
            if code and not (told and self._told):
                self.log.append_now(code, self.clock.error_s & 0xFFFF)
