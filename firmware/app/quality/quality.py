# SPDX-License-Identifier: MIT
"""Power and voltage quality of every element: time-qualified limits, average voltage, dips, and what the events of them say.

A value that was measured holds until the next one; n seconds that end in one pass are n - 1 of the value before and one of the
new one. While the chip is down nothing is qualified and nothing is forgotten.

Extra of an event: bits 0-15 the value in the unit of its code (0.1 V, 0.01 A, 0.01 Hz, 0.001, W): the farthest of the
qualification at a start, the present one at an end; bit 16 the element; bits 17-29 seconds since the condition (or its end)
began: the stamp of the event is that of the decision, less these it is that of the beginning.
"""

from array import array

from micropython import const

from app.clock import SECONDS_A_DAY
from app.metrology import sample as s
from app.quality import band, dip_log, record
from app.quality import rows as r
from app.quality.average_voltage import AverageVoltage
from app.quality.qualifier import NOTHING, STARTED, Qualifier
from app.records import codes

LOW = const(0)
MEDIUM = const(1)
HIGH = const(2)

_POWER_MEDIUM_W = const(22)  # rows of the settings that are none of the supervision's
_POWER_HIGH_W = const(23)
_STARTING_MA = const(24)
_FREQUENCY_LEAST = const(25)
_FREQUENCY_MOST = const(26)

_MOST_VALUE = const(0xFFFF)
_MOST_S = const(0x1FFF)
_FACTOR_FULL = const(1000)
_DAYS_MOST = const(11)  # of a duration in ms that stays below 2**30


class Quality:
    """elements: list of Element; clock: app.clock.Clock; log: Journal; settings: Group of quality.settings; dips: Dips; cold,
    cold_id: keep counters and what lasts. polarity: callable, 1 while line and neutral are swapped, or None: not fitted.

    rows: Qualifier, `at` = ROWS x element + row (app.quality.rows). average: AverageVoltage. reverse[i]: it runs in reverse.
    dirty: a change waits for its store.
    """

    __slots__ = (
        "elements",
        "clock",
        "log",
        "settings",
        "dips",
        "cold",
        "cold_id",
        "polarity",
        "rows",
        "average",
        "reverse",
        "supervision",
        "dirty",
        "errors",
        "_period",
        "_values",
        "_volts",
        "_rest_s",
        "_known",
        "_calm",
        "_since",
        "_band",
        "_record",
    )

    def __init__(self, elements, clock, log, settings, dips, cold, cold_id, polarity=None):
        n = len(elements)
        self.elements = elements
        self.clock = clock
        self.log = log
        self.settings = settings
        self.dips = dips
        self.cold = cold
        self.cold_id = cold_id
        self.polarity = polarity
        self.rows = Qualifier(n, r.ROWS)
        self.average = AverageVoltage(n, clock, 0, 0, 0)
        self.reverse = [0] * n
        self.supervision = None  # app.supervision.Supervision, once it follows
        self.dirty = False
        self.errors = 0
        self._period = array("H", [0] * r.ROWS)
        self._values = array("i", [0] * (r.VALUES * n))
        self._volts = [0] * n
        self._rest_s = [0] * n
        self._band = array("i", [0] * band.SIZE)
        self._known = bytearray(n)  # there is a reading since the chip came up
        self._calm = bytearray(n)  # nothing is to be done as long as that reading holds
        self._since = array("i", [0] * (4 * n))  # day and second
        self._record = bytearray(record.size(n))
        self.reload()

    def start(self):
        """Counters and what lasted when they were last stored. Boot only. raises: OSError"""
        if self.cold.load_into(self.cold_id, self._record) == len(self._record):
            record.take(self._record, self.rows, self.average)
        self.reload()  # a row that has been switched off since

    def reload(self):
        """The settings have changed. A row that is switched off forgets what it had; the average begins a new period."""
        settings = self.settings
        for row in range(r.ROWS):
            self._period[row] = r.period_s(settings, row)
        if not settings.import_only:
            self._period[r.REVERSE] = 0
        if self.polarity is None:
            self._period[r.POLARITY] = 0
        rows = self.rows
        for i in range(len(self.elements)):
            for row in range(r.ROWS):
                if not self._period[row]:
                    rows.forget(r.ROWS * i + row)
            rows.look(i, self._period)
            self._note_reverse(i)
        self.average.set(settings.average_s, settings.average_over_0v1 * 100, settings.average_under_0v1 * 100)
        band.narrow(self._band, settings, self._period)
        for i in range(len(self._calm)):
            self._calm[i] = 0  # judged anew by the next reading

    def poll(self, now_ms, second):
        """Every pass in which a second ended or an element has flag EVENT. allocates: no"""
        self.dips.poll(now_ms, second)
        if not second:
            return
        passed_s = self.clock.passed_s
        average = self.average
        first_s = average.due(passed_s)
        for i in range(len(self.elements)):
            element = self.elements[i]
            if element.down:
                self._known[i] = 0  # nothing is measured; the next reading begins
                continue
            fresh_s = 1 if element.flags & s.QUANTITIES else 0
            held_s = passed_s - fresh_s if self._known[i] else 0
            if held_s and not self._calm[i]:
                self._qualify(i, held_s)
            volts_mv = self._volts[i]
            if first_s < 0:
                average.add(i, volts_mv, held_s)
            else:
                old_s = held_s if held_s < first_s else first_s
                average.add(i, volts_mv, old_s)
                self._rest_s[i] = held_s - old_s
            if fresh_s:
                self._measure(i, element.sample)
                if first_s < 0:
                    average.add(i, self._volts[i], 1)
        if first_s >= 0:
            self._end_period(first_s, passed_s)
        if self.dirty:
            self._save()

    def until_s(self):
        """Seconds until something could be decided if all values stay: 1..86 400. allocates: no"""
        until_s = self.average.until_s()
        rows = self.rows
        for i in range(len(self.elements)):
            if rows.waiting[i] and rows.until_s[i] < until_s:
                until_s = rows.until_s[i]
        return until_s

    # -- for readers ------------------------------------------------------------------------------------------

    def frequency_valid(self, element):
        """The reading is one of a mains: 45 to 55 Hz."""
        hertz = self.elements[element].sample.frequency_hz_x1000
        settings = self.settings.rows
        return settings[_FREQUENCY_LEAST] * 10 <= hertz <= settings[_FREQUENCY_MOST] * 10

    def power_factor_valid(self, element):
        """False below the starting current: shown as 1.000."""
        return self.elements[element].sample.rms_current_ma >= self.settings.rows[_STARTING_MA]

    def power_level(self, element):
        """LOW, MEDIUM or HIGH import power."""
        watts = self.elements[element].sample.active_power_mw // 1000
        if watts < self.settings.rows[_POWER_MEDIUM_W]:
            return LOW
        return MEDIUM if watts < self.settings.rows[_POWER_HIGH_W] else HIGH

    # -- a second -----------------------------------------------------------------------------------------------

    def _measure(self, i, sample):
        """A new reading: one second of it."""
        self._volts[i] = sample.rms_voltage_mv
        self._known[i] = 1
        calm = band.holds(self._band, sample) and not (self._period[r.POLARITY] and self.polarity())
        self._calm[i] = calm and not self.rows.waiting[i]
        if self._calm[i]:
            return
        values = self._values
        at = r.VALUES * i
        values[at + r.VOLTS] = sample.rms_voltage_mv
        values[at + r.HERTZ] = sample.frequency_hz_x1000
        values[at + r.AMPERES] = milliamperes = sample.rms_current_ma
        factor = sample.power_factor_x1000 if milliamperes > self._band[band.FACTOR_ABOVE_MA] else _FACTOR_FULL
        values[at + r.FACTOR] = factor if factor >= 0 else -factor
        values[at + r.EXPORT] = -sample.active_power_mw if not sample.flags & s.NO_LOAD else 0
        values[at + r.WRONG] = self.polarity() if self._period[r.POLARITY] else 0
        self._qualify(i, 1)

    def _qualify(self, i, passed_s):
        rows = self.rows
        for row in range(r.ROWS):
            period_s = self._period[row]
            if period_s:
                which = r.TABLE[r.EACH * row]
                value = self._values[r.VALUES * i + which]
                if which == r.HERTZ and not value:
                    continue  # not known
                limit = r.limit(self.settings, row)
                over = r.TABLE[r.EACH * row + r.UPWARDS]
                result = rows.step(r.ROWS * i + row, value, limit, over, period_s, passed_s)
                if result != NOTHING:
                    self._tell(i, row, result, value)
        rows.look(i, self._period)

    def _tell(self, i, row, result, value):
        rows = self.rows
        at = r.ROWS * i + row
        run_s = rows.run_s[at]
        rows.told(at)
        started = result == STARTED
        code = r.word(row, r.START if started else r.END)
        if code:
            value = (rows.worst[at] if started else value) // r.word(row, r.UNIT)
            self.log.append_now(code, _extra(value, i, run_s))
        elif r.OVER_VOLTAGE <= row <= r.UNDER_VOLTAGE:
            self._record_only(i, row, started, run_s)
        self._note_reverse(i)
        self.dirty = True

    def _note_reverse(self, i):
        now = self.rows.active[r.ROWS * i + r.REVERSE]
        if self.reverse[i] != now:
            self.reverse[i] = now
            if self.supervision is not None:
                self.supervision.look_again()

    def _record_only(self, i, row, started, run_s):
        """No event has a code for it: its beginning and its end go to the dip log."""
        clock = self.clock
        kind = (dip_log.OVER_VOLTAGE if row == r.OVER_VOLTAGE else dip_log.UNDER_VOLTAGE) | dip_log.SECONDS
        at = 2 * (2 * i + row - r.OVER_VOLTAGE)
        worst = self.rows.worst[r.ROWS * i + row]
        if started:
            day = clock.day
            second = clock.second - run_s
            if second < 0:
                second += SECONDS_A_DAY
                day -= 1
            self._since[at] = day
            self._since[at + 1] = second
            self.dips.write(day, second, 0, worst, 0, kind | dip_log.BEGINS, i)
            return
        day = self._since[at]
        second = self._since[at + 1]
        days = clock.day - day
        if not 0 <= days <= _DAYS_MOST:  # begun before the last boot, or another time: its beginning has its own record
            self.dips.write(clock.day, clock.second, 0, worst, 0, kind, i)
            return
        duration_s = days * SECONDS_A_DAY + clock.second - run_s - second
        self.dips.write(day, second, 0, worst, duration_s * 1000 if duration_s > 0 else 0, kind, i)

    def _end_period(self, first_s, passed_s):
        average = self.average
        for i in range(len(self.elements)):
            if self._known[i] and self.elements[i].flags & s.QUANTITIES and first_s == passed_s:
                average.add(i, self._volts[i], 1)
        average.close()
        changed = average.changed
        for i in range(len(self.elements)):
            # The value held may be a newer one by now: a second of it, at the most, is not the one that was measured.
            average.add(i, self._volts[i], self._rest_s[i])
            self._rest_s[i] = 0
            if self._known[i] and self.elements[i].flags & s.QUANTITIES and first_s < passed_s:
                average.add(i, self._volts[i], 1)
            for k in range(2):  # OVER, UNDER
                if changed >> (2 * i + k) & 1:
                    if average.beyond[2 * i + k]:
                        code = codes.AVERAGE_UNDER_VOLTAGE_START if k else codes.AVERAGE_OVER_VOLTAGE_START
                    else:
                        code = codes.AVERAGE_UNDER_VOLTAGE_END if k else codes.AVERAGE_OVER_VOLTAGE_END
                    self.log.append_now(code, _extra(average.average_mv[i] // 100, i, 0))
                    self.dirty = True

    # -- what is kept -------------------------------------------------------------------------------------------

    def _save(self):
        record.put(self._record, self.rows, self.average)
        try:
            self.dirty = not self.cold.save(self.cold_id, self._record)
        except OSError:
            self.errors += 1

    def reset_average(self, element, which):
        """Counter of excursions of the average (OVER, UNDER) to zero: method 1 of its object."""
        self.average.reset(element, which)
        self.dirty = True


def _extra(value, element, run_s):
    value = value if value > 0 else 0
    return min(value, _MOST_VALUE) | element << 16 | min(run_s, _MOST_S) << 17
