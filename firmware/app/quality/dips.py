# SPDX-License-Identifier: MIT
"""Dips and swells: from what the front end tells (half-cycle values and an interrupt), else from 1 s values.

Convention: an event begins with the first update of Urms(1/2) beyond the limit and ends with the first that is not; both are
stamped when the firmware learns of them, with the chip's interrupt within a pass. So a dip of n half cycles lasts
(n + 1) x 10 ms. IEC 61000-4-30 stamps a window earlier and adds a hysteresis of 2 %; class S allows a cycle at either end.
Without the interrupt both are as late as the wait between two passes is long; a dip that came and went within one is told by
the chip's registers, its duration is then a bound. From 1 s values (ATM90E26): begins at SagWarn or with the first value
beyond the limit, ends with the first that is not.
"""

from array import array

from micropython import const

from app import ticks
from app.metrology import sample as s
from app.quality import dip_log

_DIP = const(1)  # bits of FrontEnd.events_into
_SWELL = const(2)
_SAG = const(4)
_LONGEST_MS = const(1 << 28)  # three days: then the record is written and a new one begun
_HOUR_S = const(3600)
_FIELDS = const(5)  # of one that lasts: tick, day, second and millisecond of its beginning, extreme
_SINCE_MS = const(0)
_DAY = const(1)
_SECOND = const(2)
_MS = const(3)
_WORST = const(4)


class Dips:
    """elements: list of Element; clock: app.clock.Clock; log: DipLog; settings: Group of quality.settings.

    active[2 * element + (0 dip, 1 swell)]: it lasts. count[...]: how many. suppressed: records above the hourly allowance.
    """

    __slots__ = (
        "elements",
        "clock",
        "log",
        "settings",
        "active",
        "count",
        "suppressed",
        "_record",
        "_begun",
        "_kind",
        "_looked_ms",
        "_left",
        "_hour_s",
        "_open",
    )

    def __init__(self, elements, clock, log, settings, now_ms):
        n = 2 * len(elements)
        self.elements = elements
        self.clock = clock
        self.log = log
        self.settings = settings
        self.active = bytearray(n)
        self.count = array("H", [0] * n)
        self.suppressed = 0
        self._record = [0, 0, 0, 0]
        self._begun = array("i", [0] * (_FIELDS * n))
        self._kind = bytearray(n)
        self._looked_ms = now_ms
        self._left = settings.dip_records_per_hour
        self._hour_s = 0
        self._open = 0

    def poll(self, now_ms, second):
        """In a pass with flag EVENT, and each second. allocates: no"""
        if second:
            self._hour_s += self.clock.passed_s
            if self._hour_s >= _HOUR_S:
                self._hour_s = 0
                self._left = self.settings.dip_records_per_hour
        for i in range(len(self.elements)):
            element = self.elements[i]
            if element.down:
                # What the chip saw of its own start is no event; one under way ends unseen.
                if self._open:
                    self._drop(2 * i)
                    self._drop(2 * i + 1)
                continue
            # Asked whenever there is a look: the pass whose flag said so may be over, the front end keeps what it has seen.
            record = self._record
            element.front_end.events_into(record)
            half_cycle = element.front_end.half_cycle
            if half_cycle:
                if self._open or record[0] or record[1]:
                    self._follow(2 * i, now_ms, record[0] & _DIP, record[1] & _DIP, record[2], dip_log.DIP)
                    self._follow(2 * i + 1, now_ms, record[0] & _SWELL, record[1] & _SWELL, record[3], dip_log.SWELL)
            elif record[1] & _SAG:
                if not self.active[2 * i]:
                    self._begin(2 * i, now_ms, record[2], dip_log.DIP | dip_log.SECONDS | dip_log.BY_SAG)
                continue  # judged by the next reading
            if second and not half_cycle and element.flags & s.QUANTITIES:
                self._by_seconds(i, element.sample.rms_voltage_mv, now_ms)
        self._looked_ms = now_ms

    def _follow(self, at, now_ms, lasts, began, extreme_mv, kind):
        if self.active[at]:
            self._begun[_FIELDS * at + _WORST] = extreme_mv
            if not lasts or self._lasts_ms(at, now_ms) >= _LONGEST_MS:
                self._end(at, now_ms)
                if lasts:
                    self._begin(at, now_ms, extreme_mv, kind)
        elif lasts:
            self._begin(at, now_ms, extreme_mv, kind)
        elif began:
            self._begin(at, self._looked_ms, extreme_mv, kind | dip_log.AT_MOST)
            self._end(at, now_ms)

    def _by_seconds(self, i, volts_mv, now_ms):
        settings = self.settings
        at = 2 * i
        outside = volts_mv < settings.dip_0v1 * 100
        if self.active[at]:
            worst = _FIELDS * at + _WORST
            self._begun[worst] = min(self._begun[worst], volts_mv)
            if not outside or self._lasts_ms(at, now_ms) >= _LONGEST_MS:
                self._end(at, now_ms)
        elif outside:
            self._begin(at, now_ms, volts_mv, dip_log.DIP | dip_log.SECONDS)
        at += 1
        outside = volts_mv > settings.dip_swell_0v1 * 100
        if self.active[at]:
            worst = _FIELDS * at + _WORST
            self._begun[worst] = max(self._begun[worst], volts_mv)
            if not outside or self._lasts_ms(at, now_ms) >= _LONGEST_MS:
                self._end(at, now_ms)
        elif outside:
            self._begin(at, now_ms, volts_mv, dip_log.SWELL | dip_log.SECONDS)

    def _begin(self, at, now_ms, extreme_mv, kind):
        clock = self.clock
        self.active[at] = 1
        self._open += 1
        begun = self._begun
        field = _FIELDS * at
        begun[field + _SINCE_MS] = now_ms
        begun[field + _DAY] = clock.day
        begun[field + _SECOND] = clock.second
        ms = 1000 - clock.until_second_ms()
        begun[field + _MS] = ms if ms > 0 else 0
        begun[field + _WORST] = extreme_mv
        self._kind[at] = kind
        if self.count[at] < 0xFFFF:
            self.count[at] += 1

    def _end(self, at, now_ms):
        self._drop(at)
        begun = self._begun
        field = _FIELDS * at
        duration_ms = self._lasts_ms(at, now_ms)
        self.write(
            begun[field + _DAY],
            begun[field + _SECOND],
            begun[field + _MS],
            begun[field + _WORST],
            duration_ms if duration_ms > 0 else 0,
            self._kind[at],
            at >> 1,
        )

    def _lasts_ms(self, at, now_ms):
        return ticks.diff(now_ms, self._begun[_FIELDS * at + _SINCE_MS])

    def _drop(self, at):
        if self.active[at]:
            self.active[at] = 0
            self._open -= 1

    def write(self, day, second, ms, extreme_mv, duration_ms, kind, element):
        """One record, as far as the hour's allowance goes: a voltage that plays around a limit must not wear out the store."""
        if self._left:
            self._left -= 1
            self.log.append(day, second, ms, extreme_mv, duration_ms, kind, element)
        else:
            self.suppressed += 1
