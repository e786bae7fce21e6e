# SPDX-License-Identifier: MIT
"""Actions at a date and time: open or arm a contactor, switch the auxiliary relay, once each, through the door.

One that fell due while the meter was off is done at its return if it is less than 24 h late and the action after it is not
due yet; else it is failed, and says so (8F67). An action that is done says 8F66. Without a valid clock nothing is due.
"""

from struct import pack_into, unpack_from

from micropython import const

from app.records import codes

ACTIONS = const(8)

_LATE_MIN = const(1440)
_DAY_S = const(86_400)
_VERSION = const(1)
_ENTRY = const(8)  # minute number i32, command u8, source u8, state u8, 0
_HEAD = const(1)
_RECORD = const(65)

_EMPTY = const(0)
_WAITING = const(1)
_DONE = const(2)
_FAILED = const(3)

_GOOD = (0, 1, 8)  # door results: accepted, already, armed


class Schedule:
    """door: Door; clock: Clock; cold, cold_id: its record; log: Journal.

    Entries are kept in the order of their time. dirty: what has been done waits for its store.
    """

    __slots__ = ("dirty", "_door", "_clock", "_cold", "_cold_id", "_log", "_record", "_next")

    def __init__(self, door, clock, cold, cold_id, log):
        self.dirty = False
        self._door = door
        self._clock = clock
        self._cold = cold
        self._cold_id = cold_id
        self._log = log
        self._record = bytearray()  # until there are actions
        self._next = -1  # minute of the next waiting action, -1: none

    def restore(self):
        """Boot only."""
        record = bytearray(_RECORD)
        if self._cold.load_into(self._cold_id, record) == _RECORD and record[0] == _VERSION:
            self._record = record
            self._find_next()

    def set(self, actions):
        """Replace the list: [(minute number, door command, door source)], ascending, at most 8. returns: 0, or why not:
        1 too many, 2 not ascending or not in time, 3 no such command, 4 the store does not take it (nothing has changed)
        """
        if len(actions) > ACTIONS:
            return 1
        record = bytearray(_RECORD)
        record[0] = _VERSION
        before = -1
        for i in range(len(actions)):
            minute, command, source = actions[i]
            if not before < minute < 1 << 29:
                return 2
            if not 1 <= command <= 8 or not 0 <= source <= 6:
                return 3
            before = minute
            pack_into("<iBBBB", record, _HEAD + i * _ENTRY, minute, command, source, _WAITING, 0)
        try:
            if not self._cold.save(self._cold_id, record):
                return 4
        except OSError:
            return 4
        self._record = record
        self.dirty = False
        self._find_next()
        return 0

    def entry(self, i):
        """(minute number, command, source, state 0 empty 1 waiting 2 done 3 failed) of action i. allocates"""
        if not self._record:
            return 0, 0, 0, _EMPTY
        return unpack_from("<iBBB", self._record, _HEAD + i * _ENTRY)

    def poll(self, now_ms, second):
        """At most one action a pass. allocates: no, while nothing is due"""
        if not second:
            return
        if self.dirty:
            self._store()
        clock = self._clock
        if self._next < 0 or not clock.valid:
            return
        minute = clock.day * 1440 + clock.second // 60
        if minute >= self._next:
            self._do(minute, now_ms)

    def until_s(self):
        """Seconds to the next action, 1..86400. allocates: no"""
        if self._next < 0:
            return _DAY_S
        clock = self._clock
        minutes = self._next - clock.day * 1440
        if minutes > 2880:
            return _DAY_S
        left = minutes * 60 - clock.second
        return 1 if left < 1 else left if left < _DAY_S else _DAY_S

    def _do(self, minute, now_ms):
        record = self._record
        for i in range(ACTIONS):
            at = _HEAD + i * _ENTRY
            if record[at + 6] != _WAITING:
                continue
            due = unpack_from("<i", record, at)[0]
            overtaken = i + 1 < ACTIONS and record[at + _ENTRY + 6] == _WAITING
            if overtaken:
                overtaken = unpack_from("<i", record, at + _ENTRY)[0] <= minute
            command = record[at + 4]
            good = False
            if minute - due < _LATE_MIN and not overtaken:
                result = self._door.submit(record[at + 5], command, 0, now_ms)
                good = result in _GOOD
            record[at + 6] = _DONE if good else _FAILED
            self._log.append_now(codes.FUTURE_COMMAND_DONE if good else codes.FUTURE_COMMAND_FAILED, command)
            self.dirty = True
            self._store()
            self._find_next()
            return

    def _find_next(self):
        record = self._record
        self._next = -1
        for i in range(ACTIONS):
            at = _HEAD + i * _ENTRY
            if record[at + 6] == _WAITING:
                self._next = unpack_from("<i", record, at)[0]
                return

    def _store(self):
        try:
            if self._cold.save(self._cold_id, self._record):
                self.dirty = False
        except OSError:
            pass  # tried again with the next second
