# SPDX-License-Identifier: MIT
"""Maximum demand: the highest mean power of a demand interval, block or rolling, kept with the time of its end.

An interval is a number of sub-intervals aligned to UTC; with one it is a block, with several it rolls on by one of them. The
energy of a sub-interval is a difference of register totals. A sub-interval in which the meter was started, the clock corrected
or the time unknown is partial, and no interval with one in it sets a maximum.
Source: COSEM classes 4 and 5 (Blue Book: last average value, capture time; sliding and block demand); SMETS2 "maximum demand".
"""

from array import array
from struct import pack_into, unpack_from

from micropython import const

from app.configuration.group import Group
from app.metrology.registers import advance_wh

IMPORT = const(0)  # 1-0:1.6.0
EXPORT = const(1)  # 1-0:2.6.0
IMPORT_IN_PERIOD = const(2)  # 1-0:1.6.1: intervals that lie in the configured time of day
CHANNELS = const(3)

# name, minimum, maximum, default. Rolling intervals: 1 or 5 minutes to a step.
FIELDS = """demand
demand_interval_min 5 60 30
demand_step_min 1 60 30
demand_period_from_min 0 1440 960
demand_period_to_min 0 1440 1200
# demand_period_from_min: 16:00, unverified
# demand_period_to_min: 20:00, unverified
"""

_STEPS = const(60)
_PARTIAL = const(0xFFFF)  # among the steps: 65 kWh in an hour is no energy of this meter
_NOT_WHOLE = const(-1)
_VERSION = const(1)
_ENTRY = const(12)  # maximum W u32, end minute i32, reset minute i32
_RECORD = const(37)
_DAY_S = const(86_400)


def rule(group):
    """An hour holds a whole number of intervals, an interval a whole number of steps."""
    interval = group.demand_interval_min
    step = group.demand_step_min
    return (
        interval in (5, 10, 15, 20, 30, 60)
        and step in (1, 5, interval)
        and interval % step == 0
        and group.demand_period_from_min <= group.demand_period_to_min
    )


def settings():
    """The group of settings, with its defaults."""
    return Group(FIELDS, rule)


class Demand:
    """config: settings(). clock: Clock; served_wh: six persisted totals of the element; cold, cold_id: its record.

    maximum_w[channel], captured_minute[channel] (minute number of the interval's end, -1: none), reset_minute[channel].
    last_w[channel]: of the last whole interval, -1: it was partial. dirty: a maximum waits for its store.
    """

    by_boundary = True  # for Rounds

    __slots__ = (
        "config",
        "maximum_w",
        "captured_minute",
        "reset_minute",
        "last_w",
        "dirty",
        "_clock",
        "_served",
        "_cold",
        "_cold_id",
        "_record",
        "_ends",
        "_step",
        "_from",
        "_steps",
        "_at",
        "_tainted",
        "_adjusted",
        "_generation",
    )

    def __init__(self, config, clock, served_wh, cold, cold_id):
        self.config = config
        self.maximum_w = array("i", [0] * CHANNELS)
        self.captured_minute = array("i", [-1] * CHANNELS)
        self.reset_minute = array("i", [-1] * CHANNELS)
        self.last_w = array("i", [-1] * CHANNELS)
        self.dirty = False
        self._clock = clock
        self._served = served_wh
        self._cold = cold
        self._cold_id = cold_id
        self._record = bytearray(_RECORD)
        self._ends = -1  # minute number at which the open step ends; -1: none is open
        self._step = 0
        self._from = [0, 0]  # totals at its beginning
        self._steps = array("H", [_PARTIAL] * (2 * _STEPS))  # Wh of the last steps, import and export in turn
        self._at = 0
        self._tainted = True
        self._adjusted = 0
        self._generation = 0

    def restore(self):
        """Boot only."""
        record = self._record
        if self._cold.load_into(self._cold_id, record) != _RECORD or record[0] != _VERSION:
            return
        for channel in range(CHANNELS):
            watts, captured, reset = unpack_from("<iii", record, 1 + channel * _ENTRY)
            self.maximum_w[channel] = watts
            self.captured_minute[channel] = captured
            self.reset_minute[channel] = reset

    def poll(self, now_ms, second):
        """Close the step that has ended. allocates: no"""
        if not second:
            return
        if self.dirty:
            self._store()
        clock = self._clock
        if not clock.valid:
            self._ends = -1
            return
        changed = clock.adjusted != self._adjusted or clock.generation != self._generation
        if changed:
            self._adjusted = clock.adjusted
            self._generation = clock.generation
            self._tainted = True
        minute = clock.day * 1440 + clock.second // 60
        if self._ends < 0 or self._step != self.config.demand_step_min or self._ends - minute > self._step + 1:
            # Nothing is open, other settings, or the clock has gone back by more than a correction: begin anew, partial.
            self._begin(minute, True)
            self._forget()
        elif minute >= self._ends:
            self._close(minute)
            # The correction may have moved the boundary itself: what begins is as little whole as what has ended.
            self._begin(minute, changed)

    def until_s(self):
        """Seconds to the end of the open step, 1..86400. allocates: no"""
        if self.dirty:
            return 1
        if self._ends < 0:
            return _DAY_S
        clock = self._clock
        left = (self._ends - clock.day * 1440) * 60 - clock.second
        return left if left > 0 else 1

    def spoil(self):
        """What is being counted is no energy of this interval (test mode, preset registers): it sets no maximum."""
        self._tainted = True

    def reset(self, channel):
        """By command: the maximum starts anew, the time of it is kept. allocates: no"""
        clock = self._clock
        self.maximum_w[channel] = 0
        self.captured_minute[channel] = -1
        self.reset_minute[channel] = clock.day * 1440 + clock.second // 60
        self.dirty = True

    def pack_into(self, buf, at):
        """8 bytes a channel, maximum W u32 and end minute i32: for a billing set. allocates: no"""
        for channel in range(CHANNELS):
            pack_into("<ii", buf, at, self.maximum_w[channel], self.captured_minute[channel])
            at += 8

    def _begin(self, minute, tainted):
        step = self.config.demand_step_min
        self._step = step
        self._ends = minute - minute % step + step
        self._from[0] = self._served[0]
        self._from[1] = self._served[1]
        self._tainted = tainted

    def _forget(self):
        for i in range(2 * _STEPS):
            self._steps[i] = _PARTIAL
        for channel in range(CHANNELS):
            self.last_w[channel] = -1

    def _close(self, minute):
        """The open step has ended, or longer ago: then those in between are missing."""
        end = self._ends
        whole = not self._tainted and minute < end + self._step
        steps = self._steps
        at = self._at
        for k in (0, 1):
            steps[2 * at + k] = min(advance_wh(self._served[k], self._from[k]), _PARTIAL) if whole else _PARTIAL
        self._at = at + 1 if at + 1 < _STEPS else 0
        if minute >= end + self._step:
            self._forget()
        self._evaluate(end, self.config.demand_interval_min)
        if self.dirty:
            self._store()

    def _evaluate(self, end, interval):
        import_wh = self._sum(0, interval // self._step)
        export_wh = self._sum(1, interval // self._step)
        self._take(IMPORT, import_wh, end, interval)
        self._take(EXPORT, export_wh, end, interval)
        of_day = end % 1440 or 1440
        config = self.config
        if config.demand_period_from_min <= of_day - interval and of_day <= config.demand_period_to_min:
            self._take(IMPORT_IN_PERIOD, import_wh, end, interval)

    def _sum(self, k, count):
        """Wh of the last `count` steps, or _NOT_WHOLE. allocates: no"""
        total = 0
        at = self._at
        for _ in range(count):
            at = at - 1 if at else _STEPS - 1
            wh = self._steps[2 * at + k]
            if wh == _PARTIAL:
                return _NOT_WHOLE
            total += wh
        return total

    def _take(self, channel, wh, end, interval):
        if wh < 0:
            self.last_w[channel] = -1
            return
        watts = wh * 60 // interval
        self.last_w[channel] = watts
        if watts > self.maximum_w[channel]:
            self.maximum_w[channel] = watts
            self.captured_minute[channel] = end
            self.dirty = True

    def _store(self):
        record = self._record
        record[0] = _VERSION
        for channel in range(CHANNELS):
            pack_into(
                "<iii",
                record,
                1 + channel * _ENTRY,
                self.maximum_w[channel],
                self.captured_minute[channel],
                self.reset_minute[channel],
            )
        try:
            if self._cold.save(self._cold_id, record):
                self.dirty = False
        except OSError:
            pass  # tried again with the next second
