# SPDX-License-Identifier: MIT
"""Billing data: sets of all registers as they were at a boundary: 31 daily, 5 weekly, 13 monthly, and those asked for.

A set is three records in the ring of its kind, each with its own checksum; it counts when all three are there, and the newest
complete set is what tells which boundary was closed last: nothing else has to be kept. At a boundary everything is copied into
buffers at once; the records follow, one a pass, while the registers go on. Boundaries that passed while the meter was off are
closed once, with the registers as they are and the stamp of the last of them. A clock set back closes none twice.
Bytes: docs/SPEC.md, "Billing set". Source: SMETS2 "billing data log"; GBCS alert 8F0A.
"""

from struct import pack_into, unpack_from

from micropython import const

from app.clock import civil_from_day, days_from_civil, weekday
from app.configuration.group import Group
from app.records import codes

DAILY = const(0)
WEEKLY = const(1)
MONTHLY = const(2)
ASYNCHRONOUS = const(3)
KINDS = const(4)
CAPACITY = (31, 5, 13, 4)

# Why an asynchronous set was taken.
CAUSE_NONE = const(0)  # a boundary
CAUSE_COMMAND = const(1)
CAUSE_TARIFF = const(2)
CAUSE_PAYMENT_MODE = const(3)
CAUSE_TENANCY = const(4)
CAUSE_SUPPLIER = const(5)

PARTS = const(3)
_PART_BYTES = b"\x91\xd0\x90"  # of each part that is written, HEAD included; zeros follow in the record
PAYLOAD = const(232)
HEAD = const(16)  # version, kind, part, cause, set number u32, minute number i32, generation u16, 0

# name, minimum, maximum, default
FIELDS = """billing
billing_day 1 28 1
billing_minute_of_day 0 1439 0
billing_months 1 4095 4095
billing_resets_demand 0 1 0
billing_resets_blocks 0 1 0
# billing_months: bit 0 January
"""

_VERSION = const(1)
_DAY_MIN = const(1440)
_DAY_S = const(86_400)
_NONE = const(-1)
_TRUST_MIN = const(366 * 1440)  # a time of the last run that lies further back was none
_PATIENCE = const(60)  # polls with a second, then a set is taken with what there is
_SCAN = const(16)  # records looked back at boot for a complete set: four torn sets
_NUMBER_MASK = const(0x3FFFFFFF)


def settings():
    """The group of settings, with its defaults."""
    return Group(FIELDS)


class Billing:
    """rings: four rings of PAYLOAD bytes, by kind. source: fills the parts, `pack_part_into(part, buf, at)`, at most
    129, 192 and 128 bytes; `ready()`: the registers of the tariff are restored (before, no set is taken, for up to a minute).
    clock: Clock; log: Journal. after: callable(kind), once a set is complete, or None.

    since_minute: set before the first poll: when the last run was still there, -1: this is the first. A boundary that has
    passed since then, before there was a set of its kind, is closed too.
    last_minute[kind]: boundary of the newest set, -1: none. busy: records wait to be written. number[kind]: sets ever taken.
    """

    by_boundary = True  # for Rounds

    __slots__ = (
        "config",
        "rings",
        "last_minute",
        "number",
        "busy",
        "refused",
        "_source",
        "_clock",
        "_log",
        "_after",
        "_parts",
        "_read",
        "_pending",
        "_kind",
        "_part",
        "_waiting",
        "_next_minute",
        "_asked",
        "_generation",
        "_minute",
        "_stamp",
        "_fields",
        "since_minute",
        "_restored",
        "_patience",
    )

    def __init__(self, config, rings, source, clock, log, after=None):
        self.config = config
        self.rings = rings
        self.last_minute = [_NONE] * KINDS
        self.number = [0] * KINDS
        self.busy = False
        self.refused = 0  # boundaries and requests that found the last set still being written
        self._source = source
        self._clock = clock
        self._log = log
        self._after = after
        self._parts = [bytearray(size) for size in _PART_BYTES]
        self._read = bytearray(PAYLOAD)  # a whole record, on its way from a ring or to one
        self._pending = 0  # kinds whose set is in the buffers: bits
        self._kind = 0
        self._part = 0
        self._waiting = False  # the part just appended is not durable yet
        self._next_minute = [_NONE] * 3
        self._asked = CAUSE_NONE
        self._generation = 0
        self._minute = 0
        self._stamp = 0
        self._fields = [0, 0, 0]
        self.since_minute = _NONE
        self._restored = False
        self._patience = _PATIENCE

    def poll(self, now_ms, second):
        """Close what is due; write one record of what was closed. allocates: no"""
        if self.busy:
            self._write()
            return
        if not second:
            return
        if not self._restored and not self._restore():
            return
        clock = self._clock
        if not clock.valid:
            return
        if clock.generation != self._generation:
            self._begin_again()
        minute = clock.day * _DAY_MIN + clock.second // 60
        due = 0
        for kind in (DAILY, WEEKLY, MONTHLY):
            if minute >= self._next_minute[kind]:
                due |= 1 << kind
        if (due or self._asked) and self._patience and not self._source.ready():
            self._patience -= 1
        elif due:
            self._take(due, CAUSE_NONE, minute)
        elif self._asked:
            self._take(1 << ASYNCHRONOUS, self._asked, minute)

    @property
    def restless(self):
        return self.busy

    def request(self, cause):
        """An asynchronous set, as soon as may be. One is kept; a second one before it was taken counts as refused."""
        if self._asked:
            self.refused += 1
            return
        self._asked = cause

    def until_s(self):
        """Seconds to the next boundary, 1..86400. allocates: no"""
        if self._asked or not self._restored:
            return 1
        clock = self._clock
        nearest = _DAY_S
        for kind in (DAILY, WEEKLY, MONTHLY):
            left = (self._next_minute[kind] - clock.day * _DAY_MIN) if self._next_minute[kind] >= 0 else _DAY_MIN
            if left < 2 * _DAY_MIN:
                left = left * 60 - clock.second
                nearest = min(nearest, left)
        return nearest if nearest > 0 else 1

    def reload(self):
        """The settings have changed: what is due by them after the last set is closed, as at a boot."""
        if self._restored:
            self._plan()

    # Readers

    def count(self, kind):
        """Complete sets that can be read, at most the capacity of the kind. Reads the ring: not in a steady pass."""
        found = 0
        index = self.rings[kind].slots - 1
        while index >= PARTS - 1 and found < CAPACITY[kind]:
            if self._complete(kind, index):
                found += 1
                index -= PARTS
            else:
                index -= 1
        return found

    def read(self, kind, back, part, buf):
        """Part `part` of the set `back` before the newest (0: the newest) into buf. returns: False if there is none"""
        index = self.rings[kind].slots - 1
        while index >= PARTS - 1:
            if self._complete(kind, index):
                if back == 0:
                    return self.rings[kind].read(index - PARTS + 1 + part, buf)
                back -= 1
                index -= PARTS
            else:
                index -= 1
        return False

    # Taking a set

    def _take(self, kinds, cause, minute):
        """Everything as it is now, into the buffers."""
        self._minute = minute
        self._asked = CAUSE_NONE if kinds == 1 << ASYNCHRONOUS else self._asked
        for part in range(PARTS):
            buf = self._parts[part]
            for i in range(len(buf)):
                buf[i] = 0
            buf[0] = _VERSION
            buf[2] = part
            buf[3] = cause
            pack_into("<H", buf, 12, self._clock.generation & 0xFFFF)
            self._source.pack_part_into(part, buf, HEAD)
        self._pending = kinds
        self.busy = True
        self._next_kind()

    def _next_kind(self):
        """The lowest kind that waits, its stamp and number in the heads."""
        for kind in range(KINDS):
            if self._pending >> kind & 1:
                break
        else:
            self.busy = False
            return
        self._kind = kind
        self._part = 0
        stamp = self._minute if kind == ASYNCHRONOUS else self._last_boundary(kind, self._minute)
        number = self.number[kind]
        self._stamp = stamp
        for part in range(PARTS):
            buf = self._parts[part]
            buf[1] = kind
            pack_into("<ii", buf, 4, number, stamp)

    def _write(self):
        ring = self.rings[self._kind]
        try:
            if self._waiting:
                ring.poll()
                if ring.staged:
                    return
                self._waiting = False
                self._part += 1
            elif not ring.ready():
                ring.poll()
                return
            else:
                record = self._read
                part = self._parts[self._part]
                for i in range(PAYLOAD):
                    record[i] = part[i] if i < len(part) else 0
                ring.append(record)
                if ring.staged:
                    self._waiting = True
                    return
                self._part += 1
        except OSError:
            self.refused += 1
            return
        if self._part == PARTS:
            self._done()

    def _done(self):
        kind = self._kind
        self._pending &= ~(1 << kind)
        self.number[kind] = (self.number[kind] + 1) & _NUMBER_MASK
        self.last_minute[kind] = self._stamp
        if kind != ASYNCHRONOUS:
            self._next_minute[kind] = self._boundary_after(kind, self.last_minute[kind])
        if kind == MONTHLY:
            self._log.append_now(codes.BILLING_DATA_UPDATED, 0)
        if self._after is not None:
            self._after(kind)
        self._next_kind()

    # Boot

    def _restore(self):
        """The newest complete set of each kind tells what was closed. returns: False while a ring is not ready"""
        for ring in self.rings:
            if not ring.ready():
                ring.poll()
                return False
        for kind in range(KINDS):
            ring = self.rings[kind]
            last = ring.slots - 1
            # A set that a cut has left incomplete has used its number: the next one takes another.
            if last >= 0 and ring.read(last, self._read) and self._read[0] == _VERSION:
                self.number[kind] = (unpack_from("<i", self._read, 4)[0] + 1) & _NUMBER_MASK
            for index in range(last, max(PARTS - 2, last - _SCAN), -1):
                if self._complete(kind, index):
                    self.last_minute[kind] = unpack_from("<i", self._read, 8)[0]
                    number = unpack_from("<i", self._read, 4)[0]
                    if self.number[kind] <= number:
                        self.number[kind] = (number + 1) & _NUMBER_MASK
                    break
        self._restored = True
        self._plan()
        return True

    def _plan(self):
        """What comes next: after the last set, or after now where there is none yet."""
        clock = self._clock
        minute = clock.day * _DAY_MIN + clock.second // 60
        self._generation = clock.generation
        begun = minute  # no set yet: boundaries count from here on
        if 0 <= minute - self.since_minute < _TRUST_MIN:
            begun = self.since_minute
        self.since_minute = _NONE
        for kind in (DAILY, WEEKLY, MONTHLY):
            last = self.last_minute[kind]
            if last < 0:
                last = self._last_boundary(kind, begun)
            elif last > minute + 1:  # a correction may have taken us back across it
                last = self._last_boundary(kind, minute)
            self._next_minute[kind] = self._boundary_after(kind, last)

    def _begin_again(self):
        """Another time line: what was before it is closed no more."""
        clock = self._clock
        minute = clock.day * _DAY_MIN + clock.second // 60
        self._generation = clock.generation
        for kind in (DAILY, WEEKLY, MONTHLY):
            self._next_minute[kind] = self._boundary_after(kind, self._last_boundary(kind, minute))

    def _complete(self, kind, last_index):
        """True when the PARTS records up to last_index are one set; the newest part is then in _read."""
        ring = self.rings[kind]
        number = 0
        for part in range(PARTS):
            if not ring.read(last_index - PARTS + 1 + part, self._read):
                return False
            read = self._read
            if read[0] != _VERSION or read[1] != kind or read[2] != part:
                return False
            found = unpack_from("<i", read, 4)[0]
            if part and found != number:
                return False
            number = found
        return True

    # Boundaries, minute numbers

    def _last_boundary(self, kind, minute):
        """The newest boundary of a kind not after `minute`. allocates: no"""
        day = minute // _DAY_MIN
        if kind == DAILY:
            return day * _DAY_MIN
        if kind == WEEKLY:
            return (day - weekday(day) + 1) * _DAY_MIN
        boundary = self._monthly(day, 0)
        back = 0
        while boundary < 0 or boundary > minute:
            back += 1
            boundary = self._monthly(day, -back)
        return boundary

    def _boundary_after(self, kind, boundary):
        """The first boundary of a kind after a boundary of that kind. allocates: no"""
        if kind == DAILY:
            return boundary + _DAY_MIN
        if kind == WEEKLY:
            return boundary + 7 * _DAY_MIN
        day = boundary // _DAY_MIN
        months = 0
        after = self._monthly(day, 0)
        while after <= boundary:
            months += 1
            after = self._monthly(day, months)
        return after

    def _monthly(self, day, months):
        """Billing time of the month that lies `months` from that of `day`; -1: not a billing month, or before 2000."""
        fields = self._fields
        civil_from_day(day, fields)
        month = fields[0] * 12 + fields[1] - 1 + months
        year = month // 12
        month -= year * 12
        if year < 2000:
            return 0  # before time began: a boundary that is always past
        if not self.config.billing_months >> month & 1:
            return _NONE
        return days_from_civil(year, month + 1, self.config.billing_day) * _DAY_MIN + self.config.billing_minute_of_day
