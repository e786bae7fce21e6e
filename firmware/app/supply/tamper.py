# SPDX-License-Identifier: MIT
"""Tamper detection: covers, magnet and what else can be tampered with; armed and disarmed; nothing forgotten over an outage.

Armed, an input that begins is a tamper: its event, its counter, a flag that stays until a service command, and where the
configuration says so the supply is locked. Disarmed, beginnings and ends are service events. Detection arms itself when all
covers have been closed for a minute; after a disarming by command not before a cover was opened, or an hour has passed.

A cover that was closed when the supply went and is open when it comes back was opened in between: told after the events of the
outage, with the stamp of the return and as extra the seconds before it in which it happened. One that was opened and closed
again without supply leaves no trace.

What has happened is stored before it is logged, and that it was logged afterwards; a boot in between looks whether the log has
it. Codes: GBCS alerts 8F73..8F78, 8F3F, 81A1, 81B9, 81BC, 81C1. Arming, holds and windows are this project's, unverified.
"""

from array import array
from struct import pack_into, unpack_from

from micropython import const

from app import ticks
from app.records import codes
from app.supply import control as sc

METER_COVER = const(0)
TERMINAL_COVER = const(1)
SECOND_TERMINAL_COVER = const(2)
BATTERY_COVER = const(3)
MAGNET = const(4)
OTHER = const(5)
INPUTS = const(6)

# name, minimum, maximum, default
FIELDS = """tamper
tamper_arm_s 0 86400 60
tamper_service_s 60 86400 3600
tamper_locks 0 63 0
# tamper_arm_s: 0: by command only
# tamper_locks: bit n: input n locks the supply
"""

RECORD = const(28)
_COUNTS = const(16)

_VERSION = const(1)
_COVERS = const(0x0F)
_MAGNET_BIT = const(0x10)
_HOLD_MS = const(500)
_MAGNET_BEGIN_MS = const(2_000)
_MAGNET_END_MS = const(10_000)
_UNREADABLE_S = const(60)
_PATIENCE_S = const(60)  # for the stamps of the outage
_DAY_S = const(86_400)
_COUNT_MOST = const(0xFFFF)
_BUILT = const(0)  # how far it has come: not started
_BLANK = const(1)  # started, nothing was stored; the inputs are looked at for the first time next
_STORED = const(2)  # the same, and something was
_LOOKING = const(3)
_WELL = const(16)  # added to the input in a service event that tells of an end

_BEGINS = (
    codes.METER_COVER_REMOVED,
    codes.TERMINAL_COVER_REMOVED,
    codes.SECOND_TERMINAL_COVER_REMOVED,
    codes.BATTERY_COVER_REMOVED,
    codes.MAGNETIC_FIELD,
    codes.OTHER_TAMPER,
)
_ENDS = (codes.METER_COVER_CLOSED, codes.TERMINAL_COVER_CLOSED, 0, codes.BATTERY_COVER_CLOSED, codes.MAGNET_REMOVED, 0)

_ARMED = const(1)
_SERVICE = const(2)
_LOCKING = const(4)


class Tamper:
    """pins: INPUTS of Pin or callable, None: not fitted; 1 = open or tampered with (magnet: 0 = present), more: not known.
    config: Group of FIELDS; clock: Clock; log: Journal; cold, cold_id: its record; controls: list of SupplyControl, to lock.
    outage: Outage. logged: callable(day, second, code) -> bool, the log has it, or None. wake: callable, there is something to
    do. signs: what the panel shows of it (app.panel.signs), or None.

    armed. open: bits by input that are open, or present. flags: bits of what was a tamper since the last service command.
    counts: tampers by input. restless: something is being held or told.
    """

    __slots__ = (
        "config",
        "armed",
        "open",
        "flags",
        "counts",
        "restless",
        "wake",
        "signs",
        "errors",
        "_clock",
        "_log",
        "_cold",
        "_cold_id",
        "_controls",
        "_outage",
        "_fitted",
        "_inputs",
        "_levels",
        "_raw",
        "_since_ms",
        "_unknown",
        "_unknown_s",
        "_unknown_told",
        "_away",
        "_up_s",
        "_closed_s",
        "_service",
        "_service_s",
        "_locking",
        "_telling",
        "_day",
        "_second",
        "_extra",
        "_record",
        "_next",
        "_dirty",
        "_stage",
    )

    def __init__(self, pins, config, clock, log, cold, cold_id, controls, outage):
        self.config = config
        self.armed = False
        self.open = 0
        self.flags = 0
        self.counts = array("H", [0] * INPUTS)
        self.restless = False
        self.wake = None
        self.signs = None
        self.errors = 0
        self._clock = clock
        self._log = log
        self._cold = cold
        self._cold_id = cold_id
        self._controls = controls
        self._outage = outage
        self._fitted = [i for i in range(INPUTS) if pins[i] is not None]
        self._inputs = [pins[i] for i in self._fitted]
        self._levels = -1  # of them as last seen, three bits each
        self._raw = 0
        self._since_ms = [0] * INPUTS
        self._unknown = 0
        self._unknown_s = 0
        self._unknown_told = 0
        self._away = 0
        self._up_s = 0
        self._closed_s = 0
        self._service = False
        self._service_s = 0
        self._locking = False
        self._telling = 0
        self._day = 0
        self._second = 0
        self._extra = 0
        self._record = bytearray(RECORD)  # as it is stored
        self._next = bytearray(RECORD)
        self._dirty = False
        self._stage = _BUILT

    def start(self, power_on):
        """Boot, after the outage has been told of. power_on: the supply had been away. The first pass reads the inputs."""
        record = self._record
        known = self._cold.load_into(self._cold_id, record) == RECORD and record[0] == _VERSION
        if known:
            self._unpack()
        else:
            pack_into("28s", record, 0, b"")
        self._raw = self.open
        self._away = ~_MAGNET_BIT if power_on and known else 0
        self._stage = _STORED if known else _BLANK
        if self._telling:
            self._tell(True)
        self._show()

    def connect(self, wake):
        """wake: callable, when there is something to do between two rounds."""
        self.wake = wake

    def show_on(self, signs):
        """signs: Signs of the panel."""
        self.signs = signs
        self._show()

    # -- commands, whose rights are the door's business -----------------------------------------------------------

    def arm(self):
        """returns: 0; 1: a cover is open; 2: the store does not take it. allocates: no"""
        if self.open & _COVERS:
            return 1
        return self._switch(True, False, 0)

    def disarm(self):
        """Let somebody in; what was flagged is settled. returns: 0, or 2 as `arm`. allocates: no"""
        return self._switch(False, True, 0)

    # -- every pass -------------------------------------------------------------------------------------------------

    def look(self, now_ms):
        """Read the inputs; a change is noted and held later, in `poll`. Every pass. allocates: no"""
        levels = 0
        for pin in self._inputs:
            levels = levels << 3 | pin()
        if levels == self._levels and self._stage == _LOOKING:
            return
        self._levels = levels
        raw = 0
        unknown = 0
        at = len(self._fitted)
        while at:
            at -= 1
            i = self._fitted[at]
            level = levels & 7
            levels >>= 3
            if level > 1:
                unknown |= 1 << i
            elif level != (i == MAGNET):
                raw |= 1 << i
        if unknown:
            raw |= self._raw & unknown  # stays what it was
        self._unknown = unknown
        changed = raw ^ self._raw
        if self._stage != _LOOKING:
            if self._stage != _BUILT:
                self._first(raw, now_ms)
            return
        if not changed:
            return
        self._raw = raw
        self._away &= ~changed
        for i in self._fitted:
            if changed >> i & 1:
                self._since_ms[i] = now_ms
        self.restless = True
        if self.wake is not None:
            self.wake()

    def _first(self, raw, now_ms):
        blank = self._stage == _BLANK
        self._stage = _LOOKING
        self._raw = raw
        for i in self._fitted:
            self._since_ms[i] = now_ms
        if blank:
            self.open = raw  # as the factory has left them
            self._dirty = True
            self._show()
        if not self._fitted:
            return
        self._away &= raw ^ self.open
        self.restless = True
        if self.wake is not None:
            self.wake()

    def poll(self, now_ms, second):
        """An engine. allocates: no"""
        if not self._fitted:
            return
        self.look(now_ms)
        if self._dirty:
            self._dirty = not self._save()
        if self._raw != self.open:
            self._hold(now_ms)
        self.restless = self._dirty or (self._raw ^ self.open) & ~self._away != 0
        if second:
            self._each_second(self._clock.passed_s)

    def until_s(self):
        """Seconds until something may come due. allocates: no"""
        if not self._fitted:
            return _DAY_S
        if self._away or self._locking or self._unknown & ~self._unknown_told:
            return 1
        if self.armed or self.open & _COVERS or not self.config.tamper_arm_s:
            return _DAY_S
        left_s = self.config.tamper_arm_s - self._closed_s
        if self._service:
            left_s = max(left_s, self.config.tamper_service_s - self._service_s)
        return left_s if left_s > 1 else 1

    # -- what changes -------------------------------------------------------------------------------------------------

    def _hold(self, now_ms):
        """Changes that have lasted are taken; those of the outage with its stamps, when it has them."""
        lasting = 0
        for i in self._fitted:
            if (self._raw ^ self.open) >> i & 1:
                hold_ms = _HOLD_MS
                if i == MAGNET:
                    hold_ms = _MAGNET_BEGIN_MS if self._raw & _MAGNET_BIT else _MAGNET_END_MS
                if ticks.diff(now_ms, self._since_ms[i]) >= hold_ms:
                    lasting |= 1 << i
        away = lasting & self._away
        if lasting & ~away:
            self._take(lasting & ~away, self._clock.day, self._clock.second, 0)
        elif away:
            outage = self._outage
            if outage.settled:
                if self._take(away, outage.back_day, outage.back_second, outage.away_s):
                    self._away = 0
            elif self._up_s >= _PATIENCE_S:
                if self._take(away, self._clock.day, self._clock.second, 0):
                    self._away = 0

    def _take(self, changed, day, second, extra):
        """Stored, then logged, then stored that it is logged. returns: False: not yet, nothing has changed"""
        self.open ^= changed
        self._telling = changed
        self._day = day
        self._second = second
        self._extra = extra
        begun = changed & self.open
        if self.armed:
            self.flags |= begun
            for i in range(INPUTS):
                if begun >> i & 1 and self.counts[i] < _COUNT_MOST:
                    self.counts[i] += 1
            if begun & self.config.tamper_locks:
                self._locking = True
        elif begun & _COVERS:
            self._service = False  # whoever was let in is at work; armed when all is closed again
        self._closed_s = 0
        if not self._save():
            self._unpack()  # as it was
            return False
        self._tell(False)
        self._show()
        return True

    def _tell(self, again):
        telling = self._telling
        for i in range(INPUTS):
            if telling >> i & 1:
                begins = self.open >> i & 1
                code = codes.COVER_IN_SERVICE
                extra = i if begins else i + _WELL
                if self.armed:
                    code = _BEGINS[i] if begins else _ENDS[i]
                    extra = self._extra if begins else 0
                if code and not (again and self._log.holds(self._day, self._second, code)):
                    self._log.append_at(self._day, self._second, code, extra)
        self._telling = 0
        self._dirty = not self._save()
        if self._locking:
            self._lock()

    def _lock(self):
        locked = True
        for control in self._controls:
            if not control.locked:
                control.post(sc.TAMPER)
                locked = False
        if locked:
            self._locking = False
            self._dirty = True

    def _switch(self, armed, service, flags):
        if self._stage == _BUILT:
            return 2
        changed = self.armed is not armed
        self.armed = armed
        self.flags = flags
        self._service = service
        if not self._save():
            self._unpack()
            return 2
        self._service_s = 0
        self._closed_s = 0
        if changed:
            self._log.append_now(codes.TAMPER_DETECTION, 1 if armed else 0)
        self._show()
        return 0

    def _each_second(self, passed_s):
        if self._up_s < _PATIENCE_S:
            self._up_s += passed_s
        if self._locking:
            self._lock()
        if not self.armed and self.config.tamper_arm_s and not self.open & _COVERS:
            self._closed_s = min(self._closed_s + passed_s, _DAY_S)
            if self._service:
                self._service_s = min(self._service_s + passed_s, _DAY_S)
            ready = not self._service or self._service_s >= self.config.tamper_service_s
            if ready and self._closed_s >= self.config.tamper_arm_s:
                self._switch(True, False, self.flags)
        unknown = self._unknown & ~self._unknown_told
        self._unknown_told &= self._unknown
        if not unknown or not self.armed:
            self._unknown_s = 0
            return
        self._unknown_s += passed_s
        if self._unknown_s > _UNREADABLE_S:
            self._unknown_told |= unknown
            self._unknown_s = 0
            for i in range(INPUTS):
                if unknown >> i & 1:
                    self._log.append_now(codes.TAMPER, i)

    def _show(self):
        signs = self.signs
        if signs is not None:
            signs.tamper = 1 if self.flags else 0
            signs.terminal_open = self.open >> TERMINAL_COVER & 1

    # -- what is kept: version, bits, open, flags, telling, 0, day u16, second i32, extra i32, six counts u16 -----------

    def _save(self):
        bits = _ARMED if self.armed else 0
        if self._service:
            bits |= _SERVICE
        if self._locking:
            bits |= _LOCKING
        record = self._next
        pack_into(
            "<BBBBBBHii",
            record,
            0,
            _VERSION,
            bits,
            self.open,
            self.flags,
            self._telling,
            0,
            self._day,
            self._second,
            self._extra,
        )
        for i in range(INPUTS):
            record[_COUNTS + 2 * i] = self.counts[i] & 0xFF
            record[_COUNTS + 2 * i + 1] = self.counts[i] >> 8
        try:
            if not self._cold.save(self._cold_id, record):
                return False
        except OSError:
            self.errors += 1
            return False
        self._next = self._record
        self._record = record
        return True

    def _unpack(self):
        """Everything as it was last stored."""
        record = self._record
        bits = record[1]
        self.armed = bits & _ARMED != 0
        self._service = bits & _SERVICE != 0
        self._locking = bits & _LOCKING != 0
        self.open = record[2]
        self.flags = record[3]
        self._telling = record[4]
        _, self._day, self._second, self._extra = unpack_from("<HHii", record, 4)
        for i in range(INPUTS):
            self.counts[i] = record[_COUNTS + 2 * i] | record[_COUNTS + 2 * i + 1] << 8
