# SPDX-License-Identifier: MIT
"""The four event logs of the meter: security, standard, power, load control. One place to put an event in, one to clear.

The security and the power log are never cleared. Clearing the standard log leaves 8F52 in the security log; that record
is the decision: it carries the sequence number up to which entries go. A power cut before the standard log's own record
of it (app.records.event_log) is made good at the next boot. Source: SMETS2, event logs; AS302P operating instructions
(100 entries, who may be cleared).
"""

from micropython import const

from app.records import codes
from app.records.event_log import CODE, DAY, EVENT_FIELDS, EXTRA, FLAG_CLEAR, SECOND, SERIAL, EventLog
from app.records.event_queue import EventQueue
from app.store import layout

_LOGS = const(4)
_RECENT = const(16)  # newest entries of the security log among which an unfinished clearing is
_TORN = const(3)  # slots looked at for a log's newest event


class EventLogs:
    """log: the four EventLog, by layout.LOG_SECURITY...; queue: what waits for them."""

    def __init__(self, rings):
        """rings: four Ring or ByteRing with payload_size 12, by log"""
        self.queue = EventQueue()
        cleared = (layout.LOG_STANDARD, layout.LOG_ALCS)
        self.log = tuple([EventLog(rings[n], self.queue, n, n in cleared) for n in range(_LOGS)])
        self.clearing = -1  # log whose clearing waits for the security log
        self._clear_to = 0
        self._day = 0
        self._second = 0
        self._serial = 0
        self._find_serial()

    def put(self, number, day, second, code, extra, flags=0):
        """Add an event to a log. returns: True when everything is durable. allocates: no"""
        self._serial = self._serial + 1 & 0xFF
        self.queue.put(number, day, code, second, second >> 16 | flags, self._serial, extra)
        log = self.log[number]
        log.total += 1
        log.flush()
        return not self.queue.waiting

    def poll(self):
        """One step of every log that has something waiting. returns: True while there is more to do. allocates: no"""
        for log in self.log:
            if log.ring.staged:
                log.ring.poll()
            log.flush()
        if self.clearing >= 0:
            self._clear()
        return self.queue.waiting > 0 or self.clearing >= 0

    def clear(self, number, day, second):
        """Clear a log. returns: True: done, or as soon as the stores take it, and sure to be once the security log has it;
        False: this log is never cleared, is empty, or something waits to be stored: not now
        """
        log = self.log[number]
        if not log.may_clear or self.clearing >= 0 or self.queue.waiting or not log.ring.slots:
            return False
        self.clearing = number
        self._clear_to = log.ring.next_sequence
        self._day = day
        self._second = second
        if number == layout.LOG_STANDARD:
            self.put(layout.LOG_SECURITY, day, second, codes.EVENT_LOG_CLEARED, self._clear_to)
        self._clear()
        return True

    def resume(self):
        """Finish a clearing that a power cut has interrupted. Boot only"""
        event = [0] * EVENT_FIELDS
        security = self.log[layout.LOG_SECURITY]
        standard = self.log[layout.LOG_STANDARD]
        for back in range(_RECENT):
            if security.newest_into(back, event) and event[CODE] == codes.EVENT_LOG_CLEARED:
                if self.clearing < 0 and standard.lacks_clearing(event[EXTRA]):
                    self.clearing = layout.LOG_STANDARD
                    self._clear_to = event[EXTRA]
                    self._day = event[DAY]
                    self._second = event[SECOND]
                return

    def _clear(self):
        if self.queue.count(layout.LOG_SECURITY):
            return
        number = self.clearing
        self.clearing = -1
        high = self._second >> 16 | FLAG_CLEAR
        self.queue.put(number, self._day, codes.EVENT_LOG_CLEARED, self._second, high, self._serial, self._clear_to)
        self.log[number].flush()

    def _find_serial(self):
        # Goes on where the newest event of the last life ended.
        event = [0] * EVENT_FIELDS
        newest = (-1, 0, 0)
        for log in self.log:
            for back in range(_TORN):
                if log.newest_into(back, event):
                    newest = max(newest, (event[DAY], event[SECOND], event[SERIAL]))
                    break
        self._serial = newest[2]
