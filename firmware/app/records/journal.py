# SPDX-License-Identifier: MIT
"""The one way in for events: stamps them, decides by table and masks which log and which alerts they get, and stores them.

Nothing that goes wrong with a log comes back to the feature that had something to tell.
"""

from micropython import const

from app import ticks
from app.records import codes, masks, repeats
from app.records.event_log import CODE, DAY, EVENT_FIELDS, FLAG_COUNT, FLAG_LAST, FLAG_UNKNOWN, FLAGS, SECOND
from app.store import layout

# (name, minimum, maximum, default)
FIELDS = """events
security_repeats 1 100 3
security_window_s 60 86400 3600
# security_repeats: single entries of a code in the security log in one window
"""
_MOST = const(0x3FFFFFFF)
_LEAST = const(-0x40000000)
_RECENT = const(32)  # newest entries of the security log that are looked at at boot


class Journal:
    """logs: EventLogs; clock: app.clock.Clock; masks: Masks; config: the settings of FIELDS.

    alerts, han_alerts, sounded: events so far that were to be alerted to the remote party, to the home area network, by
    sound. counted: security events that were counted and not written singly. refused: appends that raised (the store is
    gone): counted, metering goes on. listener: callable(code, extra, bits) or None: told of every event, logged or not;
    bits as Masks.of. restless: poll() has something to do.
    """

    def __init__(self, logs, clock, masks, config):
        self.logs = logs
        self.clock = clock
        self.masks = masks
        self.config = config
        self.repeats = repeats.Repeats(config)
        self.alerts = 0
        self.han_alerts = 0
        self.sounded = 0
        self.counted = 0
        self.refused = 0
        self.listener = None
        self.restless = True
        self._fresh = True
        self._open = False  # a window runs
        self._ending = False  # it is over, its counts are being written
        self._began_ms = 0
        self._dropped = 0  # of the events that had to be given up, those told

    def append_now(self, code, extra):
        """Log `code` with the time now. extra: int, -2**30 <= extra < 2**30. returns: True when it is durable. allocates: no"""
        return self.append_at(self.clock.day, self.clock.second, code, extra)

    def append_at(self, day, second, code, extra):
        """Log `code` with a time of its own (when the supply went, for instance). returns, allocates: as `append_now`"""
        try:
            durable = self._append(day, second, code, extra)
        except Exception:  # noqa: BLE001
            self.refused += 1
            return False
        self.restless = self.restless or not durable or self.repeats.used > 0
        return durable

    def holds(self, day, second, code):
        """True when the newest events of the log of `code` have it with this stamp. Boot only: reads the store."""
        event = [0] * EVENT_FIELDS
        number = self.masks.of(code) & 7
        if number == masks.NO_LOG:
            return False
        for back in range(_RECENT):
            if self.logs.log[number].newest_into(back, event):
                if event[DAY] == day and event[SECOND] == second and event[CODE] == code:
                    return True
        return False

    def alert_of(self, code):
        """masks.ALERT | PAYLOAD | HAN | AUDIBLE as they hold for a code now. allocates: no"""
        return self.masks.of(code) & (masks.ALERT | masks.PAYLOAD | masks.HAN | masks.AUDIBLE)

    def clear(self, number):
        """Clear the standard or the load control log. returns: as EventLogs.clear"""
        done = self.logs.clear(number, self.clock.day, self.clock.second)
        self.restless = True
        return done

    def write_mask(self, mask, bits):
        """Change a mask. returns: as Masks.write"""
        result = self.masks.write(mask, bits)
        self.restless = True
        return result

    def poll(self, now_ms, second):
        """Costs one look at `restless` while nothing waits and no window of repeats runs. allocates: no"""
        if not self.restless:
            return
        if self._fresh:
            self._fresh = False
            self._begin()
        logs = self.logs
        more = (logs.queue.waiting > 0 or logs.clearing >= 0) and logs.poll()
        if self.masks.waiting:
            self.masks.poll()
        if logs.queue.dropped != self._dropped and not more:
            self._dropped = logs.queue.dropped
            self.append_now(codes.EVENTS_DROPPED, self._dropped)
        if second or self._ending:
            self._look_at_window(now_ms)
        self.restless = more or self.masks.waiting or self.repeats.used > 0 or logs.queue.waiting > 0

    def _append(self, day, second, code, extra):
        bits = self.masks.of(code)
        if bits & masks.ALERT:
            self.alerts += 1
        if bits & masks.HAN:
            self.han_alerts += 1
        if bits & masks.AUDIBLE:
            self.sounded += 1
        if self.listener is not None:
            self.listener(code, extra, bits)
        number = bits & 7
        if number == masks.NO_LOG:
            return True
        flags = FLAG_UNKNOWN if bits & masks.UNKNOWN else 0
        if number == layout.LOG_SECURITY:
            verdict = self.repeats.verdict(code)
            if verdict == repeats.COUNT:
                self.counted += 1
                return True
            if verdict == repeats.WRITE_LAST:
                flags |= FLAG_LAST
        # Beyond that a 32-bit port would box it.
        extra = _MOST if extra > _MOST else _LEAST if extra < _LEAST else extra
        return self.logs.put(number, day, second, code, extra, flags)

    def _look_at_window(self, now_ms):
        used = self.repeats.used > 0
        if not self._open:
            self._open = used
            self._began_ms = now_ms
            return
        if not self._ending:
            if ticks.diff(now_ms, self._began_ms) < self.config.security_window_s * 1000:
                return
            self._ending = True
            self.repeats.end()
        at = self.repeats.next_counted()  # one a pass
        if at < 0:
            self._ending = False
            self._open = False
            return
        clock = self.clock
        code = self.repeats.code(at)
        self.logs.put(layout.LOG_SECURITY, clock.day, clock.second, code, self.repeats.take(at), FLAG_COUNT)

    def _begin(self):
        """The first pass: what the store did not tell before, and what the last hour of the security log says."""
        self.masks.restore()
        self.logs.resume()
        event = [0] * EVENT_FIELDS
        ended = []  # codes whose count was written: what is older is not of this window
        for back in range(_RECENT):
            if not self.logs.log[layout.LOG_SECURITY].newest_into(back, event) or not self._is_recent(event):
                continue
            if event[FLAGS] & FLAG_COUNT:
                ended.append(event[CODE])
            elif event[CODE] not in ended:
                self.repeats.assume(event[CODE], event[FLAGS] & FLAG_LAST > 0)

    def _is_recent(self, event):
        days = self.clock.day - event[DAY]
        return 0 <= days <= 1 and 0 <= days * 86_400 + self.clock.second - event[SECOND] < self.config.security_window_s
